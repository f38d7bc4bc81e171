"""Single-member districts of the chamber: the last votes in them, and what this election's national votes for
lists become there.

Votes for candidates follow those for lists by the split: a party's share of the former over that of the
latter at the last election, with an error. They are then carried to the districts as votes for lists are
(``forecast.geography.pattern``), each candidate with an error besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election.district_votes import SAME
from forecast.election.schema import Party
from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError
from forecast.geography.known_districts import (
    Places,
    carried_over,
    handed_on,
    noted,
    regions_of,
    standing,
)
from forecast.geography.pattern import Base, Flags, Floats, Pattern, pattern_of
from forecast.geography.projection import (
    Centre,
    error_law,
    local_polls_of,
    national_sd,
    said_of_polls,
    sight_of,
)
from forecast.last_election import LastResult, Move, heritage, read_borders, read_last_result
from forecast.rules.ballot import District

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.district_votes import DistrictVotes
    from forecast.election.tiers_and_groups import ChamberTier

REST = "candidates of others"
"""The unit of all candidates who are those of no holder of seats."""
SPLIT_AT, SPLIT_POWER, SPLIT_MOST = 0.25, -0.4, 2.5
"""The share at which the error of a split is the one stated; the power by which it falls with the share, and
its largest factor.
"""
CANDIDATES_AT, CANDIDATES_POWER, CANDIDATES_MOST = 0.2, -0.3, 3.0
"""The same of the errors of candidates."""
SHARED = 0.77
"""Factor on the errors that districts share, against those of votes for lists: who is first hangs on the
large parties, whose shared errors are smaller than the law for lists of all sizes has them
(``forecast.verification.fitting_districts``).
"""
REACH_POWER = 0.5
"""Power by which the split of a party changes with the share of the voters who may vote for its candidates: a
list has more votes where it has candidates, so that twice as many are not twice the votes.
"""
UNKNOWN_SPLIT = 2.0
"""Factor on the error of a split that nothing is known of."""
GROUP_ERROR = 0.4
"""Standard deviation of the log of the votes of a group that no poll names, from one election to the next:
about that of lists. Not fitted.
"""
_LARGE = 0.01
"""National share from which on an unknown split is said."""
_LEAST = 1e-9


@dataclass(frozen=True)
class TierVotes:
    """The last votes in the districts of a tier, in this election's parties and groups: D districts, P of
    these.
    """

    tier: ChamberTier
    places: Places
    names: tuple[str, ...]
    """Ids of the P parties and groups that may have candidates."""
    weights: Floats
    """(D,) share of the valid votes; sum 1."""
    last: Floats
    """(D, P) last shares in the districts."""
    national: Floats
    """(P,) last national shares of the same."""
    stands: Flags
    """(D, P)"""
    ratio: Floats
    """(P,) votes for candidates over votes for the list, of the whole country as it is now; NaN where nothing
    is known of it.
    """
    rest_ratio: float
    """The same of all others; NaN where not known."""
    per_list: float
    """Votes for candidates of all parties over those for all lists; 1 where not known."""
    regional: Floats
    """(R, P) votes for the list over those for its candidates in each region; 1 where not known."""
    matched: tuple[str, ...]
    """What was found, in words."""

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the R regions; districts without one are one together."""
        return _regions(self.places)

    @property
    def region_of(self) -> NDArray[np.int64]:
        """(D,) number of the region of each district."""
        return np.array([self.regions.index(place.region) for place in self.places.places], np.int64)


def read_tier_votes(election: Election, tier: ChamberTier) -> TierVotes:
    """The tables that ``[tiers.votes]`` names, matched with the election file.

    ``PollDataError`` for what is wrong with the tables, ``ConfigurationError`` where they do not fit the
    file: a party or a district that matches nothing, another number of districts than the tier has seats.
    """
    settings = tier.votes
    assert settings is not None
    last, lists, moves = _tables(election, tier, settings)
    places = _places(last, moves)
    candidates = _of_candidates(election, tier, settings)
    carried, faults = carried_over(last, places, moves, str(settings.borders))
    inherited, unknown = heritage(candidates, last)
    heirs = handed_on(candidates, inherited)
    valid = carried.T @ last.valid
    shares = (carried.T @ last.votes) / np.where(valid > 0.0, valid, 1.0)[:, None]
    stands, strangers = standing(candidates, places, shares @ heirs)
    here = f"tiers.{tier.id}"
    faults += [_in_tier(fault, election, here) for fault in (*unknown, *strangers)]
    if len(places.places) != tier.open_seats:
        remedy = f"{last.place} has {len(places.places)} districts, not the {tier.open_seats} that are open"
        faults.append(Fault(election.place, f"{here}.votes.last", str(settings.last), remedy))
    names = tuple(party.id for party in candidates.parties)
    splits = _Splits.of(election, settings, last, heirs, lists)
    stands &= ~(splits.given == 0.0)
    for d in np.flatnonzero(~stands[:, [party.eligible for party in candidates.parties]].any(1)):
        remedy = "no party or group of the file has a candidate there; see continues and stands_in"
        faults.append(Fault(election.place, f"{here}.votes", places.names[d], remedy))
    if faults:
        raise ConfigurationError(*faults)
    weights, mine = valid / valid.sum(), shares @ heirs
    found = TierVotes(
        tier,
        places,
        names,
        weights,
        mine,
        (last.votes.sum(0) / last.valid.sum()) @ heirs,
        stands,
        splits.now(weights @ stands, had_candidates(mine, weights)),
        splits.rest,
        splits.in_all(last),
        splits.by_region(last, places, carried, heirs),
        (),
    )
    return replace(found, matched=tuple(_matched(found, settings, last)))


def _tables(
    election: Election, tier: ChamberTier, settings: DistrictVotes
) -> tuple[LastResult, LastResult | None, Sequence[Move]]:
    faults: list[Fault] = []
    by_candidate = settings.cast == "candidates"
    last = noted(faults, lambda path: read_last_result(path, by_candidate=by_candidate), settings.last)
    named = settings.lists
    if named is None and by_candidate and election.geography is not None:
        named = election.geography.last_result
    lists = noted(faults, lambda path: read_last_result(path, 1), named) if settings.split != SAME else None
    moves = noted(faults, read_borders, settings.borders)
    if faults or last is None:
        raise PollDataError(*faults)
    if lists is None and settings.split is None:
        remedy = (
            "say how votes for candidates follow from those for lists, which polls ask for: by the votes for "
            "lists of that election (lists) or by ratios of parties (split); "
            'split = "same" where polls ask for the votes in the districts'
        )
        raise ConfigurationError(Fault(election.place, f"tiers.{tier.id}.votes.split", ABSENT, remedy))
    return last, lists, moves or ()


def _places(last: LastResult, moves: Sequence[Move]) -> Places:
    """The districts: those of the last time, but for moved borders."""
    regions = last.regions or ("",) * len(last.districts)
    region_of = {normalised(name): region for name, region in zip(last.districts, regions, strict=True)}
    new: dict[str, tuple[str, str]] = {}
    gone = {normalised(move.old) for move in moves}
    for name in last.districts:
        if normalised(name) not in gone:
            new[normalised(name)] = (name, region_of[normalised(name)])
    for move in sorted(moves, key=lambda move: -move.share):
        new.setdefault(normalised(move.new), (move.new, region_of.get(normalised(move.old), "")))
    return Places(
        tuple(District(name, {}, region=region, seats=1) for name, region in new.values()), last.place
    )


def _regions(places: Places) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.region for place in places.places))


def _of_candidates(election: Election, tier: ChamberTier, settings: DistrictVotes) -> Election:
    """The election with those who may have candidates as its parties: where each stands, and what it
    continues, is said by the tier.
    """
    none = (
        {name for name, ratio in settings.split.items() if not ratio}
        if isinstance(settings.split, dict)
        else {}
    )
    changed: list[Party] = []
    for party in election.parties:
        own: dict[str, Any] = {"stands_in": settings.stands_in.get(party.id)}
        if party.id in settings.continues:
            own["continues"] = settings.continues[party.id]
        elif party.id in none:
            own["continues"] = {}
        changed.append(party.model_copy(update=own))
    if tier.how in ("apart", "compensated"):
        changed += [
            Party(
                id=group.id,
                name=group.name,
                short=group.short,
                names=group.names,
                aliases=group.aliases,
                kind="independent",
                continues=settings.continues.get(group.id),
                stands_in=settings.stands_in.get(group.id),
            )
            for group in election.groups
        ]
    return election.model_copy(update={"parties": tuple(changed)})


def _in_tier(fault: Fault, election: Election, here: str) -> Fault:
    """A fault of ``[[parties]]`` that is one of the tier."""
    _, _, way = fault.path.partition("parties.")
    if fault.place != election.place or not way:
        return fault
    name, _, key = way.partition(".")
    return replace(fault, path=f"{here}.votes.{key or 'continues'}.{name}")


@dataclass(frozen=True)
class _Splits:
    """Votes for candidates over votes for lists."""

    given: Floats
    """(P,) NaN where the election file does not say."""
    last: Floats
    """(P,) at the last election; NaN where not known."""
    rest: float
    lists: LastResult | None
    of_lists: Floats
    """(L, P) what each inherits of the votes for lists."""

    @classmethod
    def of(
        cls,
        election: Election,
        settings: DistrictVotes,
        last: LastResult,
        heirs: Floats,
        lists: LastResult | None,
    ) -> _Splits:
        parties, number = election.parties, heirs.shape[1]
        given, ratio = np.full((2, number), np.nan)
        rest, of_lists = np.nan, np.zeros((0, number))
        if settings.split == SAME:
            given[: len(parties)], rest = 1.0, 1.0
        if lists is not None:
            inherited, faults = heritage(election, lists)
            if faults:
                raise ConfigurationError(*faults)
            of_lists = np.pad(handed_on(election, inherited), [(0, 0), (0, number - len(parties))])
            mine = (last.votes.sum(0) / last.valid.sum()) @ heirs
            theirs = (lists.votes.sum(0) / lists.valid.sum()) @ of_lists
            known = (mine > 0.0) & (theirs > 0.0)
            ratio[known] = mine[known] / theirs[known]
            left = 1.0 - mine.sum(), 1.0 - theirs.sum()
            rest = left[0] / left[1] if min(left) > _LEAST else np.nan
        if isinstance(settings.split, dict):
            for p, party in enumerate(parties):
                if party.id in settings.split:
                    given[p] = float(settings.split[party.id])
        return cls(given, ratio, float(rest), lists, of_lists)

    def now(self, reach: Floats, last_reach: Floats) -> Floats:
        """(P,) as given; else the last ones, for where they have candidates now."""
        return np.where(np.isnan(self.given), self.last * moved_by_reach(reach, last_reach), self.given)

    def in_all(self, last: LastResult) -> float:
        """Votes for candidates over votes for lists, of all parties; 1 where not known."""
        return float(last.valid.sum() / self.lists.valid.sum()) if self.lists is not None else 1.0

    def by_region(self, last: LastResult, places: Places, carried: Floats, heirs: Floats) -> Floats:
        """(R, P) votes for lists over those for candidates, by region; those of the country where votes for
        lists are known of it alone.
        """
        regions = _regions(places)
        found = np.ones((len(regions), heirs.shape[1]))
        if self.lists is None or not self.lists.regions:
            return found
        theirs = self.lists.votes @ self.of_lists
        mine = carried.T @ last.votes @ heirs
        for r, region in enumerate(regions):
            inside = [normalised(name) == normalised(region) for name in self.lists.regions]
            ours = [normalised(place.region) == normalised(region) for place in places.places]
            above, below = theirs[inside].sum(0), mine[ours].sum(0)
            known = (above > 0.0) & (below > 0.0)
            found[r, known] = above[known] / below[known]
        return found


def _matched(found: TierVotes, settings: DistrictVotes, last: LastResult) -> Iterator[str]:
    """What ``forecast check`` says of the tables."""
    what = "candidates" if settings.cast == "candidates" else "lists"
    yield (
        f"{last.place}: {len(last.districts)} districts, {last.valid.sum():,.0f} valid votes for {what}, "
        f"{found.national.sum():.1%} of them with an heir"
    )
    order = np.argsort(-found.national, kind="stable")
    known = [f"{found.names[p]} {found.ratio[p]:.2f}" for p in order if found.ratio[p] == found.ratio[p]]
    yield f"votes for candidates over votes for lists: {', '.join(known)}"


@dataclass(frozen=True)
class TierPattern:
    """What the draws of a tier need: V units on the ballots of its districts, holders first, REST last."""

    votes: TierVotes
    units: tuple[str, ...]
    unit_of: NDArray[np.int64]
    """(U,) unit of each national one."""
    ratio: Floats
    """(V,)"""
    own: Floats
    """(V,) share of those who stand on no list."""
    sd: Floats
    """(V,) of the log of the two."""
    pattern: Pattern
    warnings: tuple[str, ...]


def tier_pattern(
    election: Election,
    votes: TierVotes,
    holders: Sequence[str],
    national: Mapping[str, float],
    estimate: Centre | None = None,
) -> TierPattern:
    """The pattern of the districts around the central ``national`` shares of the polls' units; ``holders``
    are ids of those who may win, lists first. Polls of its districts that an ``estimate`` knows are taken for
    polls of the votes for candidates; they move the projection there by their precision against its own, and
    the split, but never the national votes for lists.
    """
    settings = votes.tier.votes
    assert settings is not None
    units = (*holders, REST)
    at = [votes.names.index(name) if name in votes.names else -1 for name in holders]
    unit_of = np.array(
        [holders.index(unit) if unit in holders else len(holders) for unit in national], np.int64
    )
    polled = np.zeros(len(units))
    np.add.at(polled, unit_of, list(national.values()))
    ratio, own, sd, said = _splits_of(votes, settings, units, at, polled)
    central = polled * ratio + own
    central /= central.sum()
    if settings.split != SAME:
        sd = np.where(own > 0.0, sd, split_sd(central, sd))
    base = _base(votes, units, at, np.where(polled > 0.0, ratio, 1.0) if settings.cast == "lists" else None)
    law, scale = error_law(election)
    swing = election.geography.swing if election.geography is not None else "model"
    error = float(settings.error_of_candidates)
    pattern = with_candidates(pattern_of(base, central, law, swing=swing, scale=scale), error)
    if estimate is not None and estimate.of_places is not None:
        polls = local_polls_of(estimate.of_places, votes.places, units, estimate.as_of, ("district",))
        polled_sd = dict(zip(estimate.units, national_sd(estimate).tolist(), strict=True))
        of_nation = np.array([polled_sd.get(unit, 0.0) for unit in units])
        sight = sight_of(pattern, polls, np.hypot(of_nation, sd))
        if sight is not None:
            moved, sd = sight.of_nation(sd)
            ratio, own = ratio * np.exp(moved), own * np.exp(moved)
            central = polled * ratio + own
            around = pattern_of(base, central / central.sum(), law, swing=swing, scale=scale)
            pattern = sight.into(with_candidates(around, error))
        said = (*said, *said_of_polls(polls))
    return TierPattern(votes, units, unit_of, ratio, own, sd, pattern, said)


def had_candidates(last: Floats, weights: Floats) -> Floats:
    """(U,) share of the voters who live where each unit had candidates, by its last shares (D, U)."""
    return weights @ (last > 0.0)


def moved_by_reach(reach: Floats, last_reach: Floats, power: float = REACH_POWER) -> Floats:
    """(U,) factor on splits of parties that have candidates for other shares of the voters than last time."""
    return (reach / np.where(last_reach > 0.0, last_reach, 1.0)) ** power


def split_sd(share: Floats, error: Floats | float) -> Floats:
    """Sds of the logs of splits at these national shares, of so much at a quarter of the votes."""
    return error * np.clip((np.maximum(share, _LEAST) / SPLIT_AT) ** SPLIT_POWER, 1.0, SPLIT_MOST)


def with_candidates(pattern: Pattern, error: float, shared: float = SHARED) -> Pattern:
    """The pattern with an error of each candidate, of so much at a share of 20 %, besides those of cells, and
    with the errors that districts share times ``shared``.
    """
    share = np.maximum(pattern.shares, _LEAST)
    factor = np.minimum((share / CANDIDATES_AT) ** CANDIDATES_POWER, CANDIDATES_MOST)
    own = np.hypot(pattern.cell_sd, error * factor)
    return replace(pattern, cell_sd=own, common=pattern.common * shared)


def _splits_of(
    votes: TierVotes, settings: DistrictVotes, units: Sequence[str], at: Sequence[int], polled: Floats
) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    """(V,) ratios, shares of those without a list, and errors of both before they grow for small parties."""
    error = float(settings.split_error) if settings.split != SAME else 0.0
    ratio, own, sd = np.ones(len(units)), np.zeros(len(units)), np.full(len(units), error)
    unknown: list[str] = []
    for v, p in enumerate(at):
        if polled[v] <= 0.0:
            # A group: it is on no list, and no poll names it.
            ratio[v], own[v], sd[v] = 0.0, votes.national[p] if p >= 0 else 0.0, GROUP_ERROR
        elif p < 0 or votes.ratio[p] != votes.ratio[p]:
            ratio[v] = votes.weights @ votes.stands[:, p] if p >= 0 else 0.0
            sd[v] *= UNKNOWN_SPLIT
            if polled[v] >= _LARGE:
                unknown.append(units[v])
        else:
            ratio[v] = votes.ratio[p]
    if polled[-1] > 0.0 and votes.rest_ratio == votes.rest_ratio:
        ratio[-1] = votes.rest_ratio
    else:
        rest = 1.0 - sum(votes.national[p] for p in at if p >= 0)
        ratio[-1], own[-1], sd[-1] = 0.0, max(rest, 0.0), GROUP_ERROR
    said = (
        f"{votes.tier.name}: how votes for candidates compare with those for the list is not known of "
        f"{', '.join(unknown)}; as many are expected where it has candidates, with twice the error "
        f"(tiers.{votes.tier.id}.votes.split)"
    )
    return ratio, own, sd, (said,) if unknown else ()


def _base(votes: TierVotes, units: Sequence[str], at: Sequence[int], ratio: Floats | None) -> Base:
    """The last shares of the units; of votes for lists times their ``ratio``."""
    number = len(votes.weights)
    last, national = np.zeros((number, len(units))), np.zeros(len(units))
    stands = np.ones((number, len(units)), bool)
    for v, p in enumerate(at):
        if p >= 0:
            last[:, v], national[v], stands[:, v] = votes.last[:, p], votes.national[p], votes.stands[:, p]
        else:
            stands[:, v] = False
    last[:, -1] = np.maximum(1.0 - last.sum(1), 0.0)
    national[-1] = max(1.0 - national.sum(), 0.0)
    if ratio is not None:
        last, national = last * ratio, national * ratio
    regions = regions_of([place.region for place in votes.places.places])
    return Base(votes.places.names, tuple(units), votes.weights, last, national, stands, regions)
