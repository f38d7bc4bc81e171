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
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()
