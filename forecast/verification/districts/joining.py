"""Elections of two archives that are one: polls of the one, districts of the other.

Archives call lists by names of their own. A list of the one is that of the other that has its name, or,
in the same election, its share of the votes.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecast.election.texts import normalised
from forecast.errors import Fault, PollDataError
from forecast.verification.archive import PastElection, read_archive_rows
from forecast.verification.districts.pairs import Pair

INDEX = "index.csv"
"""Says of each table of results by district which election it is: file, country, date."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[\W_]+")
_RATIO, _LEAST = 0.035, 0.0005
"""Two shares of one list differ by rounding and by what counts as valid: by less than this part, or this."""
_SAME_NAME = 0.35
"""Two lists of one name whose shares differ by more are two, or one is a part of the other."""
_MOST_PARTS = 4
_LARGE = 0.03
"""Share from which on a party is looked for among several lists that stand in different districts."""
_AGREE = 0.1
"""Shares of most parties differ by less than this part, else it is another election of that day."""


@dataclass(frozen=True)
class Joined:
    """An election with polls, whose later result by district is that of a pair."""

    past: PastElection
    pair: Pair
    lists: Mapping[str, tuple[str, ...]]
    """Of the parties of the polls, which list of the pair each is, or which lists of different districts."""
    unknown: tuple[str, ...]
    """Parties of the polls that are no list there; they count among all others."""


def country_names(folder: str | Path, pairs: Sequence[Pair]) -> dict[str, str]:
    """By country of the pairs, its name as the index has it; its own where there is no index."""
    if not (Path(folder) / INDEX).exists():
        return {pair.country: pair.country for pair in pairs}
    days = read_days(folder)
    return {pair.country: days[pair.after][0] if pair.after in days else pair.country for pair in pairs}


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
        found[name] = row.text("country"), datetime.date.fromisoformat(day.group())
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
        country, day = days.get(pair.after, ("", datetime.date.min))
        past = known.get((normalised(country), day))
        if past is None or not len(past.polls.labels):
            continue
        lists = same_lists(past, pair)
        if _agree(past, pair, lists):
            unknown = tuple(name for name in past.polls.ids if name not in lists)
            found.append(Joined(past, pair, lists, unknown))
    return found


def same_lists(past: PastElection, pair: Pair) -> dict[str, tuple[str, ...]]:
    """By party of the polls, the list of the pair that it is: by name, by share, or several that nowhere
    stand against each other and have its share together.
    """
    free = {name: float(share) for name, share in zip(pair.base.units[:-1], pair.national, strict=False)}
    left = dict(sorted(zip(past.polls.ids, past.result.tolist(), strict=True), key=lambda item: -item[1]))
    found: dict[str, tuple[str, ...]] = {}

    def take(party: str, *names: str) -> None:
        found[party] = names
        del left[party]
        for name in names:
            del free[name]

    for of in (_same_name, _same_word):
        for party, official in list(left.items()):
            named = [n for n, share in free.items() if of(party, n) and _about(share, official, _SAME_NAME)]
            if len(named) == 1:
                take(party, named[0])
    for party, official in list(left.items()):
        if free:
            nearest = min(free, key=lambda name: abs(free[name] - official))
            back = min(left, key=lambda other: abs(left[other] - free[nearest]))
            if back == party and _about(free[nearest], official, _RATIO):
                take(party, nearest)
    for party, official in list(left.items()):
        parts = _parts(pair, free, official) if official >= _LARGE else ()
        if parts:
            take(party, *parts)
    return found


def _same_name(party: str, name: str) -> bool:
    return normalised(party) == normalised(name)


def _same_word(party: str, name: str) -> bool:
    return normalised(party) in (normalised(word) for word in _WORD.split(name))


def _about(share: float, official: float, part: float) -> bool:
    return abs(share - official) <= max(part * official, _LEAST)


def _parts(pair: Pair, free: Mapping[str, float], official: float) -> tuple[str, ...]:
    """The lists that nowhere stand against each other and have this share together; the nearest such."""
    stands = {name: pair.base.stands[:, pair.base.units.index(name)] for name in free}
    names = sorted(free, key=lambda name: -free[name])
    best: tuple[float, tuple[str, ...]] = (1.0, ())
    for size in range(2, _MOST_PARTS + 1):
        for chosen in itertools.combinations(names, size):
            total = sum(free[name] for name in chosen)
            if not _about(total, official, _RATIO) or abs(total - official) >= best[0]:
                continue
            if np.sum([stands[name] for name in chosen], axis=0).max() == 1:
                best = abs(total - official), chosen
    return best[1]


def _agree(past: PastElection, pair: Pair, lists: Mapping[str, Sequence[str]]) -> bool:
    """Whether the two are one election: on one day there may be another, of a part of the country."""
    official = dict(zip(past.polls.ids, past.result.tolist(), strict=True))
    national = dict(zip(pair.base.units, pair.national.tolist(), strict=True))
    near = [
        _about(sum(national[name] for name in names), official[party], _AGREE)
        for party, names in lists.items()
    ]
    return bool(near) and sum(near) > len(near) / 2
