"""Writes docs/gallery.md and the pictures beside it from real runs: ``python docs/gallery.py``."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

from forecast.charts import CHARTS
from forecast.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "gallery"
FORECAST = "kazakhstan-2023"
COUNTED = ("germany-2025", "new-zealand-2023")
TABLES = ("parties", "coalitions", "events")

HEAD = """# Gallery

Everything here is written by `python docs/gallery.py` from files that come with the program.

## Kazakhstan 2023: a forecast

`forecast run configs/kazakhstan-2023.toml`, a million draws. [The page](gallery/kazakhstan-2023.html) is
what `forecast report` writes: one file that asks nothing of the network.

"""
COUNT = """
## {title}: official votes, and what decided the last seat

No polls of this election come with the program, so that there is no forecast: this is `forecast count
configs/{name}.toml`, the same rule applied to a count.

```text
{text}
```
"""


def spoken(*arguments: str) -> str:
    """What a command prints; ``RuntimeError`` where it fails."""
    held = io.BytesIO()
    out = io.TextIOWrapper(held, encoding="utf-8")
    with contextlib.redirect_stdout(out):
        code = main(list(arguments))
    if code != 0:
        msg = f"forecast {' '.join(arguments)} ended with {code}"
        raise RuntimeError(msg)
    out.flush()
    return held.getvalue().decode().rstrip()


def write_gallery() -> None:
    """Run, draw and write."""
    page = HEAD
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        spoken("run", f"configs/{FORECAST}.toml", "-o", name, "-q")
        spoken("charts", name, "-o", str(FOLDER), "-q")
        spoken("report", name, "-o", str(FOLDER / f"{FORECAST}.html"), "-q")
        for table in TABLES:
            page += spoken("tables", name, "-t", table, "-f", "md") + "\n\n"
    for chart in CHARTS:
        if (FOLDER / f"{chart}.svg").exists():
            page += f"![{chart}](gallery/{chart}.svg)\n\n"
    for name in COUNTED:
        from forecast.election import load_election

        title = load_election(Path(f"configs/{name}.toml")).election.name
        page += COUNT.format(title=title, name=name, text=spoken("count", f"configs/{name}.toml"))
    (ROOT / "docs" / "gallery.md").write_text(page.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    with contextlib.chdir(ROOT):
        write_gallery()
