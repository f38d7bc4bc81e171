"""An archive of results by district, read as pairs of elections of which the later continues the earlier.

A folder with a table for each election (district, party, votes; region, seats and more where known) and
``transitions.csv``, which says of each list what it continues: country, from_file, to_file, to_party,
from_party; ``NEW`` for a list that continues none. Nothing of an archive is kept in the program.

In single-member districts a table ``NAME-smd.csv`` beside ``NAME.csv`` has the votes for candidates of that
election, a row each (party, district, district_name, votes); what follows ``-smd`` is a remark. Districts of
two elections are the same where their names are, but for dashes, case and spaces; others are left out. What
a party continues is said by ``transitions.csv`` for the lists of the two elections, else the party of its
name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.election.texts import normalised
from forecast.errors import ABSENT, Fault, PollDataError, suggest
from forecast.geography.candidates import REACH_POWER, had_candidates, moved_by_reach
from forecast.geography.known_districts import regions_of
from forecast.geography.pattern import Base, Flags, Floats, reach_of
from forecast.rules.ballot import District
from forecast.verification.past_elections import ArchiveRow, read_archive_rows

TRANSITIONS = "transitions.csv"
NEW = "NEW"
"""What a list continues that continues none."""
OTHER = "other"
"""All lists that are not told apart; no list itself."""

_NO_LIST = "@"
"""Begins the names of votes that are for no list: against all, for an alliance as a whole."""
_LEAST_NATIONAL, _LEAST_LOCAL = 0.003, 0.03
"""Lists with a smaller share of all votes are told apart only where they have this share in some district."""
_BEHIND = "@behind"
_LEVELLING = "levelling="
_MOST_VOTES, _MOST_SEATS = 1e9, 1e4
_LEAST_COVERED = 0.9
"""Share of the later election's votes that must be cast in districts which the earlier one has."""
_LEAST_DISTRICTS = 2


@dataclass(frozen=True)
class DistrictResult:
    """One election by district: votes ``(D, L)`` of its lists, and what else its table says of districts."""

    name: str
    places: tuple[District, ...]
    """Without their votes."""
    lists: tuple[str, ...]
    votes: Floats

    @cached_property
    def districts(self) -> tuple[str, ...]:
        """Ids."""
        return tuple(place.name for place in self.places)


@dataclass(frozen=True)
class Pair:
    """Two elections of a country that follow each other, in the districts that both have.

    The last unit is ``other``, all votes that are not for a list told apart. Lists that stand in the later
    election are those that got votes there.
    """

    country: str
    before: str
    after: str
    base: Base
    """Weights, standing and units are those of the later election."""
    later: DistrictResult
    """The later election as it was, with the districts that the earlier one lacks."""
    votes: Floats
    """(D, U) of it."""
    last_weights: Floats
    """(D,) share of the earlier election's votes; sum 1."""

    @property
    def name(self) -> str:
        """Both elections."""
        return f"{self.before} to {self.after}"

    @cached_property
    def shares(self) -> Floats:
        """(D, U) of the later election, rows add up to 1."""
        return self.votes / self.votes.sum(1, keepdims=True)

    @cached_property
    def national(self) -> Floats:
        """(U,) of the later election in these districts."""
        return self.votes.sum(0) / self.votes.sum()

    @property
    def lists(self) -> int:
        """Units that are lists; ``other`` comes after them."""
        return len(self.base.units) - 1


@dataclass(frozen=True)
class PairArchive:
    """Pairs in the order of ``transitions.csv``, and why others are none."""

    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...]


def read_pairs(folder: str | Path) -> PairArchive:
    """The pairs of an archive. ``PollDataError`` with every fault of its tables."""
    root = Path(folder)
    if not root.is_dir():
        remedy = "no such folder; an archive of results by district is expected"
        raise PollDataError(Fault(str(folder), "", ABSENT, remedy))
    faults: list[Fault] = []
    needed = ("country", "from_file", "to_file", "to_party", "from_party")
    rows = read_archive_rows(root, TRANSITIONS, needed, faults)
    groups: dict[tuple[str, str], list[ArchiveRow]] = {}
    for row in rows:
        groups.setdefault((row.text("from_file"), row.text("to_file")), []).append(row)
    results: dict[str, DistrictResult] = {}
    for name in dict.fromkeys(name for pair in groups for name in pair):
        try:
            results[name] = read_result(root, name, faults)
        except PollDataError as error:
            faults += error.faults
    known = {pair: own for pair, own in groups.items() if pair[0] in results and pair[1] in results}
    for (before, after), own in known.items():
        _check_names(own, results[before], results[after])
    faults += [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*dict.fromkeys(faults))
    pairs: list[Pair] = []
    left_out: list[str] = []
    for (before, after), own in known.items():
        why = _why_not(results[before], results[after])
        if why:
            left_out.append(f"{before} to {after}: {why}")
        else:
            country = own[0].text("country")
            pairs.append(pair_of(country, _heirs(own), results[before], results[after]))
    return PairArchive(tuple(pairs), tuple(left_out))


def read_result(root: Path, name: str, faults: list[Fault], *, by_candidate: bool = False) -> DistrictResult:
    """The table of one election; what is wrong with single rows goes to ``faults``.

    Rows of one list in a district are added up; ``by_candidate`` they are several candidates of one label,
    for which the first by votes stands, the others being no list. ``PollDataError`` where there is no such
    table or it lacks a column. Rows without votes are passed over.
    """
    rows = read_archive_rows(root, f"{name}.csv", ("district", "party", "votes"), faults)
    cells: dict[tuple[str, str], float] = {}
    direct: dict[str, dict[str, int]] = {}
    heads: dict[str, ArchiveRow] = {}
    for row in rows:
        district = row.needed("district", "the id of a district is expected")
        party = row.needed("party", "the name of a list is expected")
        votes = row.number_in("votes", 0, _MOST_VOTES, "a number of votes")
        if votes == votes:
            so_far = cells.get((district, party), 0.0)
            cells[district, party] = max(so_far, votes) if by_candidate else so_far + votes
            if by_candidate and so_far:
                behind = (district, _BEHIND)
                cells[behind] = cells.get(behind, 0.0) + min(so_far, votes)
        direct.setdefault(district, {})[party] = _whole(row, "official_fixed", _MOST_SEATS) or 0
        heads.setdefault(district, row)
    places = {district: _place(district, row, direct[district]) for district, row in heads.items()}
    faults += [fault for row in rows for fault in row.faults]
    districts = tuple(dict.fromkeys(district for district, _ in cells))
    lists = tuple(dict.fromkeys(party for _, party in cells))
    at = {name: number for number, name in enumerate(districts)}
    of = {name: number for number, name in enumerate(lists)}
    votes = np.zeros((len(districts), len(lists)))
    for (district, party), number in cells.items():
        votes[at[district], of[party]] = number
    some = votes.sum(1) > 0.0
    kept = [places[district] for district, cast in zip(districts, some, strict=True) if cast]
    if not kept:
        faults.append(Fault(f"{root / name}.csv", "column votes", ABSENT, "nobody has a vote in this table"))
    return DistrictResult(name, tuple(kept), lists, votes[some])


def _place(district: str, row: ArchiveRow, direct: Mapping[str, int]) -> District:
    """What a table says of a district; ``levelling=3`` stands for a region in some."""
    region = row.text("region")
    levelling = region.removeprefix(_LEVELLING) if region.startswith(_LEVELLING) else ""
    return District(
        district,
        {},
        seats=_whole(row, "seats", _MOST_SEATS),
        direct=direct,
        region="" if levelling else region,
        levelling=int(levelling) if levelling.isdecimal() else None,
        valid_votes=_whole(row, "valid_votes", _MOST_VOTES),
        registered=_whole(row, "electorate", _MOST_VOTES),
        title=row.text("district_name"),
    )


def _whole(row: ArchiveRow, column: str, most: float) -> int | None:
    number = row.number_in(column, 0, most, "a whole number")
    return int(number) if number == number else None


def _check_names(rows: Sequence[ArchiveRow], before: DistrictResult, after: DistrictResult) -> None:
    """Note lists that no table has: they would be taken for new ones."""
    for row in rows:
        for column, result in (("from_party", before), ("to_party", after)):
            name = row.text(column)
            if name not in result.lists and not (column == "from_party" and name == NEW):
                row.note(
                    column, name or ABSENT, f"no such list in {result.name}; {suggest(name, result.lists)}"
                )


def _why_not(before: DistrictResult, after: DistrictResult) -> str:
    """Why two elections are no pair; empty where they are."""
    known = set(before.districts)
    common = np.array([district in known for district in after.districts], bool)
    covered = after.votes[common].sum() / after.votes.sum()
    if covered < _LEAST_COVERED:
        return f"only {covered:.0%} of the votes are cast in districts that both have"
    if common.sum() < _LEAST_DISTRICTS:
        return "one district only"
    return ""


def pair_of(
    country: str, heirs: Mapping[str, Sequence[str]], before: DistrictResult, after: DistrictResult
) -> Pair:
    """The pair of two results; ``heirs`` says of later lists which earlier ones they continue."""
    at = {name: number for number, name in enumerate(before.districts)}
    here = [number for number, name in enumerate(after.districts) if name in at]
    there = [at[after.districts[number]] for number in here]
    votes, last = after.votes[here], before.votes[there]
    told = _told_apart(after.lists, votes)
    weights = np.zeros((len(before.lists), len(told) + 1))
    for column, number in enumerate(told):
        for name in heirs.get(after.lists[number], ()):
            weights[before.lists.index(name), column] = 1.0
    weights /= np.maximum(weights.sum(1, keepdims=True), 1.0)  # a list that splits is shared out evenly
    weights[:, -1] = 1.0 - weights.sum(1)
    now = np.column_stack([votes[:, told], votes.sum(1) - votes[:, told].sum(1)])
    cast = last.sum(1)
    inherited = (last @ weights) / cast[:, None]
    found = [after.places[number] for number in here]
    base = Base(
        tuple(place.name for place in found),
        (*(after.lists[number] for number in told), OTHER),
        now.sum(1) / now.sum(),
        inherited,
        (cast / cast.sum()) @ inherited,
        now > 0.0,
        regions_of([place.region for place in found]),
    )
    return Pair(country, before.name, after.name, base, after, now, cast / cast.sum())


def _told_apart(lists: Sequence[str], votes: Floats) -> list[int]:
    """Numbers of the lists that are not too small to tell apart, the largest first."""
    national = votes.sum(0) / votes.sum()
    local = (votes / votes.sum(1, keepdims=True)).max(0)
    order: list[int] = [int(number) for number in np.argsort(-national, kind="stable")]
    large = (national > _LEAST_NATIONAL) | (local > _LEAST_LOCAL)
    return [number for number in order if large[number] and not lists[number].startswith(_NO_LIST)]


def _heirs(rows: Sequence[ArchiveRow]) -> Mapping[str, list[str]]:
    """What each list continues."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.text("from_party") != NEW:
            found.setdefault(row.text("to_party"), []).append(row.text("from_party"))
    return found


def by_country(pairs: Sequence[Pair]) -> Iterator[tuple[str, list[Pair]]]:
    """Pairs of each country, in the order in which countries come."""
    for country in dict.fromkeys(pair.country for pair in pairs):
        yield country, [pair for pair in pairs if pair.country == country]


def standing(pair: Pair) -> Flags:
    """(D, U) cells of lists (not of ``other``) that got votes."""
    found = pair.base.stands.copy()
    found[:, -1] = False
    return found


# Votes for candidates.

CANDIDATES = "-smd"
_YEAR = re.compile(r"(?P<country>[a-z]+)-(?P<year>\d{4}(?:-\d{2})?)")
_LEAST_CONTESTED = 20
_MOSTLY = 0.9
"""Share of a country's districts from which on its votes for lists stand for those of the districts."""


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
        if len(common) < _LEAST_CONTESTED:
            left_out.append(f"{before} to {after}: only {len(common)} districts are in both")
            continue
        heirs = _heirs_of_candidates(own, candidates[before], candidates[after])
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


def _heirs_of_candidates(
    rows: Sequence[ArchiveRow], before: DistrictResult, after: DistrictResult
) -> dict[str, list[str]]:
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
