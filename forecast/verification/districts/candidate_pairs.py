"""Pairs of elections in single-member districts: votes for candidates that follow each other, of an archive.

A table ``NAME-smd.csv`` beside ``NAME.csv`` has the votes for candidates of that election, a row each (party,
district, district_name, votes); what follows ``-smd`` is a remark. Districts of two elections are the same
where their names are, but for dashes, case and spaces; others are left out. What a party continues is said by
``transitions.csv`` for the lists of the two elections, else the party of its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.election.values import normalised
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.geography.candidates import REACH_POWER, had_candidates, moved_by_reach
from forecast.geography.pattern import Floats, reach_of
from forecast.verification.archive import ArchiveRow, read_archive_rows
from forecast.verification.districts.pairs import (
    NEW,
    TRANSITIONS,
    DistrictResult,
    Pair,
    pair_of,
    read_result,
)

CANDIDATES = "-smd"
_YEAR = re.compile(r"(?P<country>[a-z]+)-(?P<year>\d{4}(?:-\d{2})?)")
_LEAST_DISTRICTS = 20


@dataclass(frozen=True)
class LastSplit:
    """Votes for candidates by the earlier election's ratio of these to those for lists, of U units."""

    shares: Floats
    """(U,) of the later election, with the ratio as it was; the last unit holds the rest."""
    reach: Floats
    """(U,) share of the voters where each has candidates; as the last where no ratio is known."""
    last_reach: Floats
    least_rest: float

    def candidates(self, power: float = REACH_POWER) -> Floats:
        """(U,) with the ratio moved by the ``power`` of how far candidates reach."""
        found = self.shares * moved_by_reach(self.reach, self.last_reach, power)
        found[-1] = max(1.0 - found[:-1].sum(), self.least_rest)
        return found / found.sum()


@dataclass(frozen=True)
class Contested:
    """A pair of elections in D single-member districts, with U units of which the last is ``other``."""

    pair: Pair
    winners: NDArray[np.int64]
    """(D,) unit with most votes in the later election; -1 where that is one of ``other``."""
    last_winners: NDArray[np.int64]
    """(D,) unit that continues who had most votes in the earlier one; -1 where none does."""
    split: LastSplit | None
    """``None`` where votes for lists are not known in these districts."""

    @property
    def by_split(self) -> Floats | None:
        """(U,) national shares of the votes for candidates that follow from the later election's votes for
        lists by the last split.
        """
        return None if self.split is None else self.split.candidates()

    @property
    def name(self) -> str:
        """Both elections."""
        return self.pair.name


@dataclass(frozen=True)
class ContestedArchive:
    """Pairs in the order of their names, and why others are none."""

    pairs: tuple[Contested, ...]
    left_out: tuple[str, ...]


def read_contested(folder: str | Path) -> ContestedArchive:
    """The pairs of an archive. ``PollDataError`` with every fault of its tables."""
    root = Path(folder)
    faults: list[Fault] = []
    needed = ("country", "from_file", "to_file", "to_party", "from_party")
    rows = read_archive_rows(root, TRANSITIONS, needed, faults)
    tables = {path.stem.split(CANDIDATES)[0]: path.stem for path in sorted(root.glob(f"*{CANDIDATES}*.csv"))}
    candidates = {
        name: _by_name(read_result(root, stem, faults, by_candidate=True)) for name, stem in tables.items()
    }
    lists = {
        name: _by_name(read_result(root, name, faults)) for name in tables if (root / f"{name}.csv").exists()
    }
    if faults:
        raise PollDataError(*dict.fromkeys(faults))
    if not tables:
        remedy = f"no votes for candidates: tables called NAME{CANDIDATES}.csv are expected"
        raise PollDataError(Fault(str(folder), "", ABSENT, remedy))
    found: list[Contested] = []
    left_out: list[str] = []
    for country, before, after in _consecutive(list(tables)):
        own = [row for row in rows if (row.text("from_file"), row.text("to_file")) == (before, after)]
        common = set(candidates[before].districts) & set(candidates[after].districts)
        if len(common) < _LEAST_DISTRICTS:
            left_out.append(f"{before} to {after}: only {len(common)} districts are in both")
            continue
        heirs = _heirs(own, candidates[before], candidates[after])
        pair = pair_of(country, heirs, _only(candidates[before], common), _only(candidates[after], common))
        pair = replace(pair, before=before, after=after)
        split = _last_split(pair, heirs, candidates[before], lists.get(before), lists.get(after), common)
        if split is None:
            left_out.append(
                f"{before} to {after}: no votes for lists in these districts: without the last split"
            )
        found.append(
            Contested(
                pair, _winners(pair), _last_winners(pair, heirs, _only(candidates[before], common)), split
            )
        )
    return ContestedArchive(tuple(found), tuple(left_out))


def _consecutive(names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Country, earlier and later election of each pair."""
    by_country: dict[str, list[str]] = {}
    for name in sorted(names):
        match = _YEAR.fullmatch(name)
        if match:
            by_country.setdefault(match["country"], []).append(name)
    for country, own in by_country.items():
        for before, after in pairwise(own):
            yield country, before, after


def _by_name(result: DistrictResult) -> DistrictResult:
    """The result with districts called by their names, where these tell all apart."""
    keys = [re.sub(r"[\W_]+", " ", normalised(place.title or place.name)).strip() for place in result.places]
    if len(set(keys)) < len(keys):
        return result
    return replace(
        result,
        places=tuple(replace(place, name=key) for place, key in zip(result.places, keys, strict=True)),
    )


def _only(result: DistrictResult, names: set[str]) -> DistrictResult:
    """The result in some districts."""
    kept = [number for number, name in enumerate(result.districts) if name in names]
    return replace(result, places=tuple(result.places[number] for number in kept), votes=result.votes[kept])


def _heirs(rows: Sequence[ArchiveRow], before: DistrictResult, after: DistrictResult) -> dict[str, list[str]]:
    """What the candidates of each party continue."""
    found: dict[str, list[str]] = {}
    said = {row.text("to_party") for row in rows}
    for row in rows:
        if row.text("from_party") != NEW and row.text("from_party") in before.lists:
            found.setdefault(row.text("to_party"), []).append(row.text("from_party"))
    taken = {name for names in found.values() for name in names}
    for name in after.lists:
        if name not in said and name in before.lists and name not in taken:
            found[name] = [name]
    return found


def _winners(pair: Pair) -> NDArray[np.int64]:
    first = pair.votes.argmax(1)
    return np.where(first < pair.lists, first, -1)


def _last_winners(pair: Pair, heirs: dict[str, list[str]], before: DistrictResult) -> NDArray[np.int64]:
    at = {name: number for number, name in enumerate(before.districts)}
    order = [at[name] for name in pair.base.districts]
    heir_of = {old: new for new, names in heirs.items() for old in names}
    first = [before.lists[k] for k in before.votes[order].argmax(1)]
    units = {name: number for number, name in enumerate(pair.base.units[: pair.lists])}
    return np.array([units.get(heir_of.get(name, ""), -1) for name in first])


def _last_split(
    pair: Pair,
    heirs: dict[str, list[str]],
    candidates: DistrictResult,
    before: DistrictResult | None,
    after: DistrictResult | None,
    common: set[str],
) -> LastSplit | None:
    """By the last ratio where a party had candidates; those without a ratio, new ones among them, have as
    many votes for candidates there as for their list; those without a list what they had last time.
    """
    if before is None or after is None:
        return None
    cast = []
    for result in (before, after):
        if common <= set(result.districts):
            cast.append(_only(result, common))
        elif len(common) >= _MOSTLY * len(candidates.districts):
            cast.append(result)  # of the country: these are nearly all districts
        else:
            return None
    shares = [
        dict(zip(one.lists, (one.votes.sum(0) / one.votes.sum()).tolist(), strict=True)) for one in cast
    ]
    last, now = shares
    reach = reach_of(pair.base)
    last_reach = reach.copy()
    had_reach = had_candidates(pair.base.last, pair.last_weights)
    found = np.zeros(len(pair.base.units))
    for unit, name in enumerate(pair.base.units[: pair.lists]):
        theirs = sum(last.get(old, 0.0) for old in heirs.get(name, ()))
        had = pair.base.national[unit]
        if name not in now:
            found[unit] = had
        elif theirs > 0.0 and had > 0.0:
            found[unit], last_reach[unit] = now[name] * had / theirs, had_reach[unit]
        else:
            found[unit] = now[name] * reach[unit]
    return LastSplit(found, reach, last_reach, pair.base.national[-1] / 2.0)


_MOSTLY = 0.9
