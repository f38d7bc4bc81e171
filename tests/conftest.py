"""What all tests share: deterministic examples, and the folder of development data where there is one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from forecast.cli.main import multiply_on_one_thread

ROOT = Path(__file__).parent.parent

# As the command line has it, before NumPy is loaded: on several threads of a BLAS small matrices take four
# times the processor, most of it waiting.
multiply_on_one_thread()

# In the background of a shell the tests ignore Ctrl-C, and so does every command that they start:
# those that are interrupted on purpose would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time: a test that failed fails again. FORECAST_EXPLORE=1 looks for new ones.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("explore" if os.environ.get("FORECAST_EXPLORE") else "same")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in ("FORECAST_SEED", "FORECAST_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def kazakhstan() -> Path:
    """The election file of Kazakhstan 2023."""
    return ROOT / "configs" / "kazakhstan-2023.toml"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development data that is not part of the project; skips where there is none."""
    folder = Path(os.environ.get("FORECAST_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no development data at {folder} (FORECAST_SHARED names another folder)")
    return folder
