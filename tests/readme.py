"""The README shows real output: ``python -m tests.readme`` runs its commands and writes what they print."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
_BLOCK = re.compile(r"(```console\n\$ (?P<command>forecast [^\n]*)\n)(?P<output>.*?)(```)", re.DOTALL)


def printed_by(command: str) -> str:
    """What a command of the README prints, run from the top of the project with its results elsewhere."""
    words = command.split()[1:]
    with tempfile.TemporaryDirectory() as folder:
        if words[0] == "run":
            words += ["--output", folder + "/out"]
        done = subprocess.run(
            [sys.executable, "-m", "forecast", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "COLUMNS": "120", "HOME": str(Path.home())},
        )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return "\n".join(lines).strip() + "\n"


def refreshed(text: str) -> str:
    """The README with the output of every command as it is today."""

    def fill(match: re.Match[str]) -> str:
        return match.group(1) + printed_by(match.group("command")) + match.group(4)

    return _BLOCK.sub(fill, text)


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
