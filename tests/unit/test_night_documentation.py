"""The files that docs/night.md is rehearsed with, and the evening of the gallery."""

from __future__ import annotations

import re
from pathlib import Path

from docs.gallery import NIGHT, NIGHT_TITLE
from forecast.night.counted import KINDS
from tests.nights import FOLDER, write_rehearsal


def test_the_files_of_the_rehearsal_are_those_that_are_made(tmp_path: Path) -> None:
    write_rehearsal(tmp_path)
    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()} == made, (
        "run `python -m tests.nights`"
    )


def test_the_evening_of_the_gallery_shows_results_and_no_unit(root: Path) -> None:
    """The table by unit may not be copied: neither its keys nor figures of single units stand in the page."""
    text = (root / "docs" / "gallery.md").read_text(encoding="utf-8").partition(f"## {NIGHT_TITLE}")[2]
    page = (root / "docs" / "gallery" / f"{NIGHT}.html").read_text(encoding="utf-8")
    told = page.partition("<script")[0]
    for part in (text, told):
        assert part
        assert not re.search(r"\b\d{8}\b", part), "keys of polling districts have eight digits"
        assert not any(what in part for what in KINDS.values() if what != "columns")
    rows = re.findall(r"^\| (\S+) \| (\S+) % \| (\S+) % \|", text.replace("\N{NO-BREAK SPACE}", " "), re.M)
    assert len(rows) == 9
    assert [float(row[2]) for row in rows] == sorted(float(row[2]) for row in rows)
    assert rows[-1][1:] == ("100.0", "100.0")
