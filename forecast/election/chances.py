"""Chances of districts in a table (CSV) that an election file names, which become a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forecast.door.sheets import Line, read_sheet
from forecast.election.exact_numbers import parse_share
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

COLUMNS = ("district", "party", "chance")
_REMARKS = ("name", "note", "source")
"""Columns that say something to a reader."""


def read_chances(data: dict[str, Any], folder: Path) -> list[Fault]:
    """Put the tables that ``tiers.belief.chances`` names, relative to ``folder``, into their place; what is
    wrong with them.
    """
    faults: list[Fault] = []
    tiers = data.get("tiers")
    for tier in tiers if isinstance(tiers, list) else ():
        belief = tier.get("belief") if isinstance(tier, dict) else None
        named = belief.get("chances") if isinstance(belief, dict) else None
        if isinstance(belief, dict) and isinstance(named, str) and named.strip():
            try:
                belief["chances"] = _table(folder / named.strip())
            except ConfigurationError as error:
                faults += error.faults
    return faults


def _table(path: Path) -> dict[str, dict[str, str]]:
    sheet = read_sheet(path, refusal=ConfigurationError)
    faults = [*sheet.faults, *_heading(sheet.place, sheet.heading)]
    if faults:
        raise ConfigurationError(*faults)
    at = [sheet.heading.index(name) for name in COLUMNS]
    found: dict[str, dict[str, str]] = {}
    for line in sheet.lines:
        district, party, chance = (line.cells[k].strip() for k in at)
        wrong = list(_row(sheet.place, line, (district, party, chance), found))
        faults += wrong
        if not wrong:
            found.setdefault(district, {})[party] = chance
    if faults:
        raise ConfigurationError(*faults)
    return found


def _heading(place: str, heading: tuple[str, ...]) -> Iterator[Fault]:
    for name in COLUMNS:
        if name not in heading:
            yield Fault(place, "row 1", ABSENT, f"the column {name} is missing; needed: {', '.join(COLUMNS)}")
    for name in heading:
        if name and name not in (*COLUMNS, *_REMARKS):
            remedy = f"no such column; {suggest(name, (*COLUMNS, *_REMARKS))}"
            yield Fault(place, "row 1", name, remedy)


def _row(
    place: str, line: Line, cells: tuple[str, str, str], found: dict[str, dict[str, str]]
) -> Iterator[Fault]:
    for name, cell in zip(COLUMNS, cells, strict=True):
        if not cell:
            yield Fault(place, f"row {line.number}, column {name}", ABSENT, "every row needs one")
    district, party, chance = cells
    if party in found.get(district, {}):
        yield Fault(
            place, f"row {line.number}", party, f"'{party}' has a chance in {district} already; keep one"
        )
    if chance:
        try:
            parse_share(chance)
        except ValueError as error:
            yield Fault(place, f"row {line.number}, column chance", chance, str(error))
