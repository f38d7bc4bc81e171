"""Counts of draws -> the numbers of the whole chamber: group ``chamber`` of a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.simulation.counts import Proportion
from forecast.simulation.numbers import Run, Values, largest, representative_draw
from forecast.variables import error_of
from forecast.words.chamber import LISTS, basis_of

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.counts import RunCounts
    from forecast.simulation.pieces import KeptDraws

_GROUP = "chamber"
_LISTS_AND_WINNERS = "Lists, with the winners of districts"


def chamber_values(
    election: Election, chamber: Chamber, counts: RunCounts, kept: KeptDraws
) -> tuple[Values, dict[str, Any], dict[str, int]]:
    """Values and labels of the group by path; and the draws behind what rests on fewer than all."""
    assert counts.chamber is not None
    assert kept.chamber is not None
    holders, asked = len(chamber.holders), len(election.events)
    run = Run(counts.chamber, kept._replace(seats=kept.chamber[None]), holders)
    lists = Run(counts, kept, kept.seats.shape[-1])
    seats, means, (events, _) = run.seats, run.means, run.events
    most = int(np.flatnonzero(run.counts.totals.seats[0].any(axis=0)).max(initial=0))
    ends = max(election.chamber_seats, most) + 1
    found: dict[str, Any] = {
        "size": np.int64(np.median(kept.chamber.sum(axis=1))),
        "seat_quantile": run.quantiles[0, :holders],
        "seat_mean": _part(means, np.s_[0, :holders]),
        "seat_probability": _part(seats, np.s_[0, :holders, :ends]),
        "representative_seats": kept.chamber[representative_draw(kept.chamber)].astype(np.float64),
        "largest_probability": largest(kept.chamber),
        "majority_probability": _part(run.counts.proportion("majorities"), np.s_[0]),
        "two_thirds_probability": _part(events, np.s_[0, asked:]),
        "coalition_seat_quantile": run.quantiles[0, holders:],
        "coalition_seat_mean": _part(means, np.s_[0, holders:]),
        "coalition_seat_probability": seats.value[0, holders:, :ends],
        "tier_seat_quantile": _by_tier(lists.quantiles[:, : lists.lists], run.quantiles[1:, :holders]),
        "tier_seat_mean": _tiers(
            _part(lists.means, np.s_[:, : lists.lists]), _part(means, np.s_[1:, :holders])
        ),
        "tier_majority_probability": _tiers(
            lists.counts.proportion("majorities"), _part(run.counts.proportion("majorities"), np.s_[1:])
        ),
    }
    values: Values = {}
    for name, number in found.items():
        parts = (name, error_of(name)) if isinstance(number, Proportion) else (name,)
        arrays = number if isinstance(number, Proportion) else (number,)
        values |= {f"{_GROUP}/{part}": array for part, array in zip(parts, arrays, strict=True)}
    names = _names(election, chamber)
    values["chamber/tier_basis"] = np.array(
        ["votes for lists, drawn from the polls", *(basis_of(tier, names) for tier in chamber.tiers)]
    )
    values["chamber/tier_size"] = np.array([election.rule.seats, *(tier.seats for tier in chamber.tiers)])
    values |= _contests(chamber, counts)
    few = ("representative_seats", "largest_probability", error_of("largest_probability"))
    rests_on = dict.fromkeys((f"{_GROUP}/{name}" for name in few), len(kept.chamber))
    return values, _labels(election, chamber, ends), rests_on


def events_of_chamber(election: Election, counts: RunCounts, kept: KeptDraws, of_lists: Values) -> Values:
    """Chances of all events: of those on the chamber in place of those that its lists alone would have."""
    assert counts.chamber is not None
    asked = np.array([event.of == "chamber" for event in election.events], np.bool_)
    found, drawn = Run(counts.chamber, kept, 0).events
    names = ("event_probability", error_of("event_probability"), "event_condition_draws")
    return {
        name: np.where(asked, array[0, : len(asked)], of_lists[name])
        for name, array in zip(names, (*found, drawn), strict=True)
    }


def _contests(chamber: Chamber, counts: RunCounts) -> Values:
    """Chances in the districts that are told apart; errors as of independent draws."""
    named = [won for number, won in enumerate(counts.districts_won) if chamber.contests_of(number)]
    if not named:
        return {}
    chance = np.concatenate(named) / counts.draws
    error = np.maximum(np.sqrt(chance * (1.0 - chance) / counts.draws), 1.0 / counts.draws)
    return {"chamber/win_probability": chance, f"chamber/{error_of('win_probability')}": error}


def _part(number: Proportion, at: Any) -> Proportion:
    return Proportion(number.value[at], number.mc_error[at])


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


def _labels(election: Election, chamber: Chamber, ends: int) -> dict[str, Any]:
    groups = {group.id: group for group in election.groups}
    known = [election.by_id.get(holder) or groups[holder] for holder in chamber.holders]
    kinds = [getattr(one, "kind", "group") for one in known]
    labels = {
        "holder": list(chamber.holders),
        "holder_name": [one.name for one in known],
        "holder_short": [one.short for one in known],
        "holder_colour": [one.colour or "" for one in known],
        "holder_kind": kinds,
        "tier": [LISTS, *(tier.id for tier in chamber.tiers)],
        "tier_name": [
            _LISTS_AND_WINNERS if election.levelled else "Lists",
            *(tier.name for tier in chamber.tiers),
        ],
        "tier_kind": [LISTS, *(tier.kind for tier in chamber.tiers)],
        "chamber_seats": np.arange(ends),
    }
    districts = [
        (district, tier.id)
        for number, tier in enumerate(chamber.tiers)
        for district in chamber.contests_of(number)
    ]
    if districts:
        labels |= {"contest": [name for name, _ in districts], "contest_tier": [of for _, of in districts]}
    return {f"{_GROUP}/{name}": np.array(label) for name, label in labels.items()}
