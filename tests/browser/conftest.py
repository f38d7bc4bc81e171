"""What tests in a browser share."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

from tests.browser.chromium import MISSING, find_chromium


@pytest.fixture(scope="module")
def browser() -> Generator[Any]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(MISSING)
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        # A page is shown for a second: what makes a script quick in the long run costs more than it brings.
        options = ["--js-flags=--no-opt --no-maglev --single-threaded"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def _only_tab(browser: Any) -> Any:
    """One for all tests of a file: in a new one every page begins with a cold process of its own."""
    return browser.new_page()


@pytest.fixture
def tab(_only_tab: Any) -> Generator[Any]:
    """An empty tab; what its pages complain of and ask for, in ``tab.complaints`` and ``tab.requests``."""
    _only_tab.goto("about:blank")
    _only_tab.emulate_media(media="null")
    complaints, requests = _only_tab.complaints, _only_tab.requests = [], []
    listeners = {
        "console": lambda message: complaints.append(message.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "request": lambda request: requests.append(request.url),
    }
    for event, listener in listeners.items():
        _only_tab.on(event, listener)
    yield _only_tab
    for event, listener in listeners.items():
        _only_tab.remove_listener(event, listener)
