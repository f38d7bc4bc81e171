"""Counts of draws -> the numbers of the whole chamber and by district: groups ``chamber`` and ``districts``
of a forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels import laws
from forecast.kernels.count_places import EVERYONE, LOCAL, NATIONAL
from forecast.simulation.numbers import (
    Ballot,
    Run,
    Values,
    largest,
    median_houses,
    representative_draws,
    seat_quantiles,
)
from forecast.simulation.run_counts import Proportion
from forecast.variables import QUANTILES, error_of
from forecast.words.law_in_words import LISTS, basis_of

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.kernels.contests import CoverCounts
    from forecast.rules.compiled import Rules
    from forecast.rules.compiled_clauses import Tier
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.local import KeptDistricts, Local
    from forecast.simulation.pieces import KeptDraws
    from forecast.simulation.run_counts import RunCounts


_GROUP = "chamber"
_LISTS_AND_WINNERS = "Lists, with the winners of districts"


def chamber_values(
    election: Election, chamber: Chamber, counts: RunCounts, kept: KeptDraws
) -> tuple[Values, dict[str, Any], dict[str, int]]:
    """Values and labels of the group by path; and the draws behind what rests on fewer than all."""
    assert counts.chamber is not None
    assert kept.chamber is not None
    holders, asked = len(chamber.holders), len(election.events)
    run = Run(counts.chamber, kept.of_chamber, holders)
    lists = Run(counts, kept, kept.outcomes.shape[-1])
    means = run.means
    most = int(np.flatnonzero(run.counts.totals.seats[0].any(axis=0)).max(initial=0))
    ends = max(election.chamber_seats, most) + 1
    found: dict[str, Any] = {
        **{name: _part(number, np.s_[0]) for name, number in _of_the_whole(run, asked, ends).items()},
        "tier_seat_quantile": _by_tier(lists.quantiles[:, : lists.lists], run.quantiles[1:, :holders]),
        "tier_seat_mean": _tiers(
            _part(lists.means, np.s_[:, : lists.lists]), _part(means, np.s_[1:, :holders])
        ),
        "tier_coalition_seat_quantile": _by_tier(
            lists.quantiles[:, lists.lists :], run.quantiles[1:, holders:]
        ),
        "tier_coalition_seat_mean": _tiers(
            _part(lists.means, np.s_[:, lists.lists :]), _part(means, np.s_[1:, holders:])
        ),
        "tier_majority_probability": _tiers(
            lists.counts.proportion("majorities"), _part(run.counts.proportion("majorities"), np.s_[1:])
        ),
    }
    values = _by_path(found)
    names = _names(election, chamber)
    values["chamber/tier_basis"] = np.array(
        ["votes for lists, drawn from the polls", *(basis_of(tier, names) for tier in chamber.tiers)]
    )
    values["chamber/tier_size"] = np.array([election.rule.seats, *(tier.seats for tier in chamber.tiers)])
    values |= _contests(chamber, counts)
    labels = chamber_labels(election, chamber, ends)
    if counts.uncovered is not None:
        values |= _uncovered(chamber, counts.uncovered, counts.draws)
        labels["chamber/uncovered_winners"] = np.arange(len(values["chamber/all_uncovered_probability"]))
    return values, labels, dict.fromkeys(OF_KEPT_DRAWS, kept.draws)


OF_KEPT_DRAWS = tuple(
    f"{_GROUP}/{name}"
    for name in ("representative_seats", "largest_probability", error_of("largest_probability"))
)
"""What rests on the draws that are kept one by one."""


def chamber_values_by_rule(election: Election, counts: RunCounts, kept: KeptDraws, ends: int) -> Values:
    """Values of the whole chamber by path over (rules, ...), with numbers of seats below ``ends``; of the
    tiers beside the lists, which are the same under every rule, nothing.
    """
    assert counts.chamber is not None
    assert kept.chamber is not None
    run = Run(counts.chamber, kept.of_chamber, kept.chamber.shape[-1])
    return _by_path(_of_the_whole(run, len(election.events), ends))


def _of_the_whole(run: Run, asked: int, ends: int) -> dict[str, Any]:
    """Numbers of the whole chamber over what was counted; ``asked`` events stand before two thirds of the
    seats for each coalition.
    """
    seats, means, (events, _) = run.seats, run.means, run.events
    number = run.lists
    return {
        "size": median_houses(run.kept),
        "seat_quantile": run.quantiles[:, :number],
        "seat_mean": _part(means, np.s_[:, :number]),
        "seat_probability": _part(seats, np.s_[:, :number, :ends]),
        "representative_seats": representative_draws(run.kept).astype(np.float64),
        "largest_probability": largest(run.kept),
        "majority_probability": run.counts.proportion("majorities"),
        "two_thirds_probability": _part(events, np.s_[:, asked:]),
        "coalition_seat_quantile": run.quantiles[:, number:],
        "coalition_seat_mean": _part(means, np.s_[:, number:]),
        "coalition_seat_probability": seats.value[:, number:, :ends],
    }


def _by_path(numbers: Mapping[str, Any]) -> Values:
    """Numbers by path, errors beside what has them."""
    values: Values = {}
    for name, number in numbers.items():
        parts = (name, error_of(name)) if isinstance(number, Proportion) else (name,)
        arrays = number if isinstance(number, Proportion) else (number,)
        values |= {f"{_GROUP}/{part}": array for part, array in zip(parts, arrays, strict=True)}
    return values


def events_of_chamber(election: Election, counts: RunCounts, kept: KeptDraws, of_lists: Values) -> Values:
    """Chances of all events, of lists over (events,) or (rules, events): of those on the chamber, and without
    several rules on its tiers, in place of those that its lists alone would have.
    """
    assert counts.chamber is not None
    found, drawn = Run(counts.chamber, kept, 0).events
    names = ("event_probability", error_of("event_probability"), "event_condition_draws")
    values: Values = {}
    for name, array in zip(names, (*found, drawn), strict=True):
        by_rule = of_lists[name].ndim > 1
        numbers = {"chamber": array if by_rule else array[0]}
        if not by_rule:
            numbers |= {tier.id: array[1 + t] for t, tier in enumerate(election.tiers)}
        values[name] = of_lists[name].copy()
        for e, event in enumerate(election.events):
            if event.of in numbers:
                values[name][..., e] = numbers[event.of][..., e]
    return values


def _contests(chamber: Chamber, counts: RunCounts) -> Values:
    """Chances in the districts that are told apart; errors as of independent draws."""
    named = [won for number, won in enumerate(counts.districts_won) if chamber.contests_of(number)]
    if not named:
        return {}
    chance, error = _independent(np.concatenate(named) / counts.draws, counts.draws)
    return {"chamber/win_probability": chance, f"chamber/{error_of('win_probability')}": error}


def _uncovered(chamber: Chamber, counts: CoverCounts, draws: int) -> Values:
    """Winners without a seat: of each holder, of all, and district by district; errors as of independent
    draws.
    """
    numbers = np.arange(counts.number.shape[1])
    shares = counts.number / draws
    mean = shares @ numbers
    error = np.sqrt(np.maximum(shares @ numbers**2 - mean**2, 0.0) / draws)
    quantiles = seat_quantiles(counts.number[None], np.array(QUANTILES))[0]
    every = shares[-1, : int(np.flatnonzero(counts.number[-1]).max(initial=0)) + 1]
    chance = np.concatenate(
        [
            counts.seatless.sum(1) / draws if tier.how == "covered" else np.zeros(len(chamber.contests_of(n)))
            for n, tier in enumerate(chamber.tiers)
        ]
    )
    found = {
        "uncovered_quantile": quantiles[:-1],
        "uncovered_mean": Proportion(mean[:-1], error[:-1]),
        "all_uncovered_quantile": quantiles[-1],
        "all_uncovered_mean": Proportion(mean[-1], error[-1]),
        "all_uncovered_probability": _independent(every, draws),
        "uncovered_probability": _independent(chance, draws),
    }
    return _by_path(found)


def _independent(chance: NDArray[np.float64], draws: int) -> Proportion:
    """A chance with the error of independent draws."""
    return Proportion(chance, np.maximum(np.sqrt(chance * (1.0 - chance) / draws), 1.0 / draws))


def _part(number: Any, at: Any) -> Any:
    """What stands at a place of a number, and of its error."""
    return Proportion(number.value[at], number.mc_error[at]) if isinstance(number, Proportion) else number[at]


def _by_tier(lists: NDArray[Any], tiers: NDArray[Any]) -> NDArray[Any]:
    """Numbers (1, K, ...) of the lists, then those of the tiers beside them (T, H, ...): groups, which stand
    on no list, hold no seats there.
    """
    missing = tiers.shape[1] - lists.shape[1]
    padded = np.pad(lists, [(0, 0), (0, missing), *[(0, 0)] * (lists.ndim - 2)])
    return np.concatenate([padded, tiers])


def _tiers(lists: Proportion, tiers: Proportion) -> Proportion:
    return Proportion(*(_by_tier(*parts) for parts in zip(lists, tiers, strict=True)))


def _names(election: Election, chamber: Chamber) -> dict[str, str]:
    known = {one.id: one.name for one in (*election.parties, *election.groups)}
    return {holder: known[holder] for holder in chamber.holders}


def chamber_labels(election: Election, chamber: Chamber, ends: int) -> dict[str, Any]:
    """Labels of the group by path; the chamber has fewer than ``ends`` seats."""
    labels = {
        "tier": [LISTS, *(tier.id for tier in chamber.tiers)],
        "tier_name": [
            _LISTS_AND_WINNERS if election.levelled else "Lists",
            *(tier.name for tier in chamber.tiers),
        ],
        "tier_kind": [LISTS, *(tier.kind for tier in chamber.tiers)],
    }
    districts = [
        (district, tier.id)
        for number, tier in enumerate(chamber.tiers)
        for district in chamber.contests_of(number)
    ]
    if districts:
        labels |= {"contest": [name for name, _ in districts], "contest_tier": [of for _, of in districts]}
    by_path = {f"{_GROUP}/{name}": np.array(label) for name, label in labels.items()}
    return labels_of_the_whole(election, chamber.holders, ends) | by_path


def labels_of_the_whole(election: Election, holders: Sequence[str], ends: int) -> dict[str, Any]:
    """Labels by path of what numbers of the whole chamber are about: its ``holders``, and numbers of seats
    below ``ends``.
    """
    groups = {group.id: group for group in election.groups}
    known = [election.by_id.get(holder) or groups[holder] for holder in holders]
    labels = {
        "holder": list(holders),
        "holder_name": [one.name for one in known],
        "holder_short": [one.short for one in known],
        "holder_colour": [one.colour or "" for one in known],
        "holder_kind": [getattr(one, "kind", "group") for one in known],
        "chamber_seats": np.arange(ends),
    }
    return {f"{_GROUP}/{name}": np.array(label) for name, label in labels.items()}


Floats = NDArray[np.float64]

_DISTRICTS = "districts"
_SAFE = QUANTILES.index(0.1)
"""Seats that a list has in nine draws of ten at least are not in play."""
_SIMPLE_BASES = (laws.BASE_VALID, laws.BASE_LISTS)
_NOBODY = -1


def district_values(
    counts: RunCounts, kept: KeptDistricts, rules: Rules, local: Local, ballot: Ballot
) -> tuple[Values, dict[str, Any], dict[str, int]]:
    """Values and labels of the group by path, and how many draws those rest on that rest on fewer than all.

    Monte Carlo errors are those of independent draws: of quasi-random ones an upper bound.
    """
    histogram = counts.district_seats[0]
    most = int(np.flatnonzero(histogram.any(axis=(0, 1))).max(initial=0))
    histogram, seats = histogram[..., : most + 1].astype(np.float64), np.arange(most + 1)
    draws, places = float(counts.draws), len(kept.votes)
    chance = histogram / draws
    mean = chance @ seats
    spread = np.sqrt(np.maximum(chance @ seats**2 - mean**2, 0.0) / draws)
    quantiles = seat_quantiles(histogram, np.array(QUANTILES))
    house = np.median(kept.seats[0].sum(axis=2), axis=0)
    shares = kept.votes / np.maximum(kept.votes.sum(axis=2, keepdims=True), 1e-30)
    of_lists: Values = {
        "seat_mean": mean,
        error_of("seat_mean"): spread,
        "seat_quantile": quantiles,
        "seat_probability": chance,
        error_of("seat_probability"): np.maximum(np.sqrt(chance * (1.0 - chance) / draws), 1.0 / draws),
    }
    values: Values = {
        "house": house,
        "seats_in_play": np.maximum(house - quantiles[..., _SAFE].sum(axis=1), 0.0),
        "share_quantile": ballot.spread(
            np.moveaxis(np.quantile(shares, QUANTILES, axis=0), 0, -1).astype(np.float64), 1, None
        ),
    }
    of_few = ["share_quantile", "house"]
    found = last_and_next(kept, rules, 0)
    if found is not None:
        last, following, margin = found
        for name, who in (("last_probability", last), ("next_probability", following)):
            here = (who[..., None] == np.arange(rules.lists)).mean(axis=0)
            error = np.maximum(np.sqrt(here * (1.0 - here) / places), 1.0 / places)
            of_lists |= {name: here, error_of(name): error}
            of_few += [name, error_of(name)]
        with np.errstate(invalid="ignore"):
            values["margin_quantile"] = _quantiles_known(margin)
        of_few.append("margin_quantile")
    for name, array in of_lists.items():
        certain = name == "seat_probability"
        values[name] = ballot.spread(array, 1, 0.0, certain=certain)
    labels = {
        "district": np.array(local.places.names),
        "district_name": np.array([place.label for place in local.places.places]),
        "region": np.array([place.region for place in local.places.places]),
        "district_seats": seats,
    }
    rests_on = {f"{_DISTRICTS}/{name}": places for name in of_few}
    return _in_group(values), _in_group(labels), rests_on


def _in_group(values: Values) -> Values:
    return {f"{_DISTRICTS}/{name}": value for name, value in values.items()}


def _quantiles_known(margin: Floats) -> Floats:
    """(D, Q) quantiles of margins (N, D) over the draws that have one; NaN where none has."""
    found = np.full((margin.shape[1], len(QUANTILES)), np.nan)
    for d, row in enumerate(margin.T):
        known = row[~np.isnan(row)]
        if len(known):
            found[d] = np.quantile(known, QUANTILES)
    return found


def last_and_next(
    kept: KeptDistricts, rules: Rules, r: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats] | None:
    """Who won the last seat of each district (N, D), who would win one more, and the votes between their
    claims as a share of the district's; ``None`` where more than votes and one division decide who holds
    seats there.

    -1 where a draw has no such list, as where whole quotas take every seat.
    """
    tier = rules.tiers[r]
    if tier is None or not _divides_alone(tier) or (tier.who == NATIONAL and not _tells(rules, r)):
        return None
    votes = kept.votes[..., : rules.lists].astype(np.float64)
    seats = kept.seats[r].astype(np.int64)
    total = kept.votes.sum(axis=2, dtype=np.float64)
    inside = _admitted(kept, rules, r, votes, total) & (votes > 0.0)
    record = tier.record[0]
    if record["family"] == laws.FAMILY_DIVISOR:
        divisors = rules.divisors[int(record["divisor_row"])]
        ends = np.minimum(seats, len(divisors) - 1)
        claim_last = np.where(seats > 0, votes / divisors[np.maximum(ends - 1, 0)], np.inf)
        claim_next = np.where(inside, votes / divisors[ends], -np.inf)
        between = (claim_last, claim_next, divisors[ends])
    else:
        quota = _quota(record, np.where(inside, votes, 0.0).sum(axis=2), tier.houses)
        whole = np.floor(votes / np.maximum(quota, 1e-30)[..., None] + 1e-6)
        rest = votes - whole * quota[..., None]
        claim_last = np.where(inside & (seats > whole), rest, np.inf)
        claim_next = np.where(inside & (seats <= whole), rest, -np.inf)
        between = (claim_last, claim_next, np.ones_like(votes))
    last, following = claim_last.argmin(axis=2), claim_next.argmax(axis=2)
    least, most = claim_last.min(axis=2), claim_next.max(axis=2)
    known = np.isfinite(least) & np.isfinite(most) & (total > 0.0)
    per = np.take_along_axis(between[2], following[..., None], 2)[..., 0]
    margin = np.where(known, (least - np.where(known, most, 0.0)) * per / np.maximum(total, 1e-30), np.nan)
    return (
        np.where(np.isfinite(least), last, _NOBODY),
        np.where(np.isfinite(most), following, _NOBODY),
        np.where(np.isfinite(margin), np.maximum(margin, 0.0), np.nan),
    )


def _divides_alone(tier: Tier) -> bool:
    elsewhere = tier.returns or tier.placing or tier.totals_first or tier.leftover is not None
    moved = tier.by_votes is not None or tier.shares_abroad or tier.constraints is not None
    quota = tier.record[0]["family"] != laws.FAMILY_DIVISOR
    other = quota and (
        tier.record[0]["remainder"] != laws.REMAINDER_LARGEST
        or tier.record[0]["quota_of_valid"]
        or tier.record[0]["quota"] not in (laws.QUOTA_HARE, laws.QUOTA_HAGENBACH_BISCHOFF)
    )
    locally = tier.local is not None and tier.local.places < len(tier.houses)
    waived = any(tier.waivers)
    return not (elsewhere or moved or other or locally or waived) and tier.who in (EVERYONE, NATIONAL, LOCAL)


def _tells(rules: Rules, r: int) -> bool:
    """Whether shares alone tell who is above the national level."""
    return int(rules.records[r]["base"]) in _SIMPLE_BASES and not bool(rules.records[r]["corrected"])


def _admitted(kept: KeptDistricts, rules: Rules, r: int, votes: Floats, total: Floats) -> NDArray[np.bool_]:
    """(N, D, K) who takes part."""
    tier = rules.tiers[r]
    assert tier is not None
    if tier.who == EVERYONE:
        return np.ones(votes.shape, np.bool_)
    if tier.who == LOCAL:
        assert tier.local is not None
        level = tier.local.numerators / tier.local.denominators
        return votes >= level * total[..., None]
    national = votes.sum(axis=1)
    on_lists = int(rules.records[r]["base"]) == laws.BASE_LISTS
    base = national.sum(axis=1) if on_lists else total.sum(axis=1)
    level = rules.numerators[r] / rules.denominators[r]
    admitted = national >= level * base[:, None]
    if tier.waived_share is not None:
        top, bottom, strict, least = tier.waived_share
        claim, needed = votes * bottom, top * total[..., None]
        met = (votes > 0.0) & ((claim >= needed) if strict == 0.0 else (claim > needed))
        admitted |= met.sum(axis=1) >= least
    # Where nobody reaches it, the rule lets others in: those with seats are.
    admitted |= kept.seats[r].sum(axis=1) > 0
    return np.broadcast_to(admitted[:, None, :], votes.shape)


def _quota(record: np.void, votes: Floats, houses: NDArray[np.int64]) -> Floats:
    parts = houses + (1 if record["quota"] == laws.QUOTA_HAGENBACH_BISCHOFF else 0)
    return votes / np.maximum(parts, 1)
