"""Votes as authorities publish them: with a row of their total, or as shares only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from forecast.errors import PollDataError
from forecast.rules.tables import Row, is_total, parse_percent, parse_votes


def votes_of(
    rows: list[Row], place: str, names: Mapping[str, str], valid: int | None
) -> tuple[list[Row], list[str]]:
    """The rows of lists, without that of their total, and what to mind; where only shares are published,
    votes are made of them.

    ``names`` are those of parties, one of which may be called as totals are (SPOLU of Czechia); ``valid`` the
    valid votes of the election file.
    """
    said: list[str] = []
    if any(row.cells.get("votes", "").endswith("%") for row in rows):
        rows = [replace(row, cells={**row.cells, "share": row.cells["votes"], "votes": ""}) for row in rows]
    if any(row.cells.get("share") for row in rows) and not any(row.cells.get("votes") for row in rows):
        rows, said = _from_shares(rows, place, valid)
    lists = [row for row in rows if not is_total(row, names)]
    for row in rows:
        if is_total(row, names) and row.cells.get("votes"):
            total = row.read("votes", parse_votes, 0)
            added = sum(
                Row(place, other.number, other.cells).read("votes", parse_votes, 0) for other in lists
            )
            if total != added:
                difference = f"{total:,}, the rows of lists add up to {added:,}"
                said.append(f"{place}: row {row.number}, {row.cells['party']}: {difference}")
    return lists, said


def _from_shares(rows: list[Row], place: str, valid: int | None) -> tuple[list[Row], list[str]]:
    """Rows whose votes are made of published shares: no exact count, and said to be none."""
    shares = [row.read("share", parse_percent, Fraction(0)) for row in rows]
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    decimals = max((share.denominator for share in shares), default=1)
    whole = valid if valid is not None else 100 * max(100, 10 ** len(str(decimals)))
    made = [
        replace(row, cells={**row.cells, "votes": str(round(share * whole / 100))})
        for row, share in zip(rows, shares, strict=True)
    ]
    of = f"{whole:,} valid votes" if valid is not None else f"{whole:,} votes that stand for all"
    said = (
        f"{place}: only shares are published: votes are made of them, of {of}; seats that hang on fewer "
        "votes than their rounding may be others"
    )
    return made, [said]
