"""Elections of two archives that are one: polls of the one, districts of the other.

Archives call lists by names of their own. A list of the one is that of the other that has its name, or,
in the same election, its share of the votes.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.election.texts import normalised
from forecast.errors import Fault, PollDataError
from forecast.verification.archive import PastElection
from forecast.verification.districts.pairs import Pair
from forecast.verification.rows import read_archive_rows

INDEX = "index.csv"
"""Says of each table of results by district which election it is: file, country, date."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NEAR, _RATIO = 0.004, 0.03
"""Two shares of one list differ by rounding and by what counts as valid: by less than this, and this part."""


@dataclass(frozen=True)
class Joined:
    """An election with polls, whose later result by district is that of a pair."""

    past: PastElection
    pair: Pair
    lists: Mapping[str, str]
    """Of the parties of the polls, which list of the pair each is."""
    unknown: tuple[str, ...]
    """Parties of the polls that are no list there; they count among all others."""


def read_days(folder: str | Path) -> dict[str, tuple[str, datetime.date]]:
    """By table, country and day of its election. ``PollDataError`` with every fault of the index."""
    faults: list[Fault] = []
    rows = read_archive_rows(Path(folder), INDEX, ("file", "country", "date"), faults)
    found: dict[str, tuple[str, datetime.date]] = {}
    for row in rows:
        day = _DAY.match(row.text("date"))
        if day is None:
            row.note("date", row.text("date"), "a day such as 2021-09-26 is expected")
            continue
        name = row.text("file").removesuffix(".csv")
        found[name] = normalised(row.text("country")), datetime.date.fromisoformat(day.group())
    faults += [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return found


def joined(
    elections: Sequence[PastElection],
    pairs: Sequence[Pair],
    days: Mapping[str, tuple[str, datetime.date]],
) -> list[Joined]:
    """Elections that both archives have, in the order of the pairs."""
    known = {(normalised(past.country), past.date): past for past in elections}
    found: list[Joined] = []
    for pair in pairs:
        past = known.get(days[pair.after]) if pair.after in days else None
        if past is not None and len(past.polls.labels):
            lists = same_lists(past, pair)
            unknown = tuple(name for name in past.polls.ids if name not in lists)
            found.append(Joined(past, pair, lists, unknown))
    return found


def same_lists(past: PastElection, pair: Pair) -> dict[str, str]:
    """By party of the polls, the list of the pair that it is."""
    names = {normalised(name): name for name in pair.base.units[: pair.lists]}
    share = dict(zip(pair.base.units[: pair.lists], pair.national.tolist(), strict=False))
    free = dict(share)
    found: dict[str, str] = {}
    parties = sorted(zip(past.polls.ids, past.result.tolist(), strict=True), key=lambda item: -item[1])
    for party, _ in parties:
        name = names.get(normalised(party))
        if name in free:
            found[party] = name
            del free[name]
    for party, official in parties:
        if party in found or not free:
            continue
        nearest = min(free, key=lambda name: abs(free[name] - official))
        if abs(free[nearest] - official) <= min(_NEAR, max(_RATIO * official, 0.0005)):
            found[party] = nearest
            del free[nearest]
    return found
