"""The browser that the tests of the page run in: one that is there, or Debian's where it may be installed.

Run as a script it looks, installs where it can, and says what it found; it never fails, since the tests skip
with the same reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
VARIABLE = "FORECAST_CHROMIUM"
"""Environment variable that names another browser."""

MISSING = f"no chromium found ({', '.join(NAMES)}; or name one in {VARIABLE})"


def find_chromium() -> str | None:
    """Path of a chromium, ``None`` where there is none."""
    named = os.environ.get(VARIABLE)
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


def install_chromium() -> str:
    """Install Debian's chromium where that is possible; the reason where it is not, else an empty text."""
    if shutil.which("apt-get") is None:
        return "no apt-get to install it with"
    if os.geteuid() != 0:
        return "only root may install it; try: sudo apt-get install chromium"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    for command in (["apt-get", "update"], install):
        try:
            done = subprocess.run(
                command,
                env=environment,
                timeout=600,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{' '.join(command)} did not come through: {error}"
        if done.returncode != 0:
            return f"{' '.join(command)} failed"
    return ""


def main() -> None:
    """Say which browser the tests of the page will use."""
    reason = ""
    if find_chromium() is None and not os.environ.get(VARIABLE):
        print("no chromium here; trying to install Debian's ...", file=sys.stderr)
        reason = install_chromium()
    found = find_chromium()
    if found is not None:
        print(f"browser tests run in {found}", file=sys.stderr)
    else:
        print(f"browser tests are SKIPPED: {MISSING}{f'; {reason}' if reason else ''}", file=sys.stderr)


if __name__ == "__main__":
    main()
