"""Many rules on the votes of one real count: exact counterfactuals, nothing drawn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election import Rule
from forecast.election.notes import of_the_lists_alone, warnings_on
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.result import Forecast, forecast_of
from forecast.rules.outcome import Outcome, Tie
from forecast.rules.reference import apply_rule, next_seats
from forecast.rules.remarks import remarks_on
from forecast.rules.thresholds import base_votes, missing_totals
from forecast.simulation.forecasting import identity_of
from forecast.simulation.grounds import labels_of
from forecast.simulation.inputs import Units
from forecast.simulation.numbers import Ballot, Values
from forecast.simulation.numbers_of_places import labels_of_the_whole
from forecast.sweeps.comparison import (
    Flip,
    effective_number,
    flips_values,
    indices_of,
    seat_shares,
    seats_moved,
)
from forecast.sweeps.grid import LEVEL, Grid, refuse_small_houses, tables_of, with_keys
from forecast.sweeps.sweeping import axes_as_labels, variants_of
from forecast.variables import BASE_RULE

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.rules.ballot import Ballot as Votes

Floats = NDArray[np.float64]


def sweep_votes(
    election: Election,
    ballot: Votes,
    grid: Grid,
    source: str = "",
    *,
    warnings: Sequence[str] = (),
    official: Mapping[str, int] | None = None,
    won: Mapping[str, Mapping[str, int]] | None = None,
) -> Forecast:
    """Seats of ``ballot`` under every rule of ``grid``, by the exact count; ``source`` says whose votes.

    ``warnings`` are what a reader must know about how the votes were read, ``official`` the seats that their
    table names, ``won`` the seats of the tiers beside the lists, by tier: where they are apart and all known,
    the whole chamber is counted under every rule too.

    ``ConfigurationError`` where a rule needs a total that the ballot lacks, or hands out fewer seats than
    parties hold.
    """
    whole, beside = election, _beside(election, won or {})
    told = of_the_lists_alone(election, beside=beside is not None)
    warnings, election = (*warnings, *told), election.of_lists
    faults = {
        Fault(election.place, f"election.{name}", ABSENT, f"rule.{remedy}")
        for rule in (grid.base, *grid.rules)
        for name, remedy in missing_totals(rule, ballot)
    }
    if faults:
        raise ConfigurationError(*sorted(faults, key=str))
    refuse_small_houses(grid, ballot.entries)
    ids = tuple(entry.id for entry in ballot.entries)
    options = Ballot(ids, Units.of(election, ids))
    outcomes = [apply_rule(rule, ballot) for rule in grid.rules]
    base = apply_rule(grid.base, ballot)
    values = grid.placed(variants_of(grid) | _outcomes(election, options, outcomes, base, ballot))
    values |= _of_the_votes(options, ballot) | _next_seats(grid.base, ballot, ids)
    values[f"{BASE_RULE}/seats_won"] = np.array([base.seats[party] for party in ids])
    labels = axes_as_labels(grid) | labels_of(election, ids)
    if beside is not None:
        eligible = (party for party in election.parties if party.eligible)
        holders = [one.id for one in (*eligible, *whole.groups)]
        numbers = _chambers(whole, holders, beside, outcomes)
        values |= grid.placed(numbers)
        labels |= labels_of_the_whole(whole, holders, int(numbers["chamber/size"].max()) + 1)
    values |= flips_values(list(_flips(_Asked(whole, beside), ballot, grid, outcomes)), exact=True)
    attrs = {
        **identity_of(whole if beside is not None else election),
        "house_size": grid.base.seats,
        "votes": source,
        "valid_votes": ballot.valid,
        "warnings": warnings_on(
            election,
            warnings,
            remarks_on(election, ballot, base, official),
            (_told(tie, election) for tie in base.ties if tie.decided_by != "votes"),
        ),
    }
    leading = {axis.dim: ", ".join(axis.keys) for axis in grid.axes}
    return forecast_of(values, labels, attrs, leading=leading)


_BY = {
    "votes": "more votes",
    "fewest-votes": "fewer votes",
    "no-seat": "having no seat",
    "precincts": "the precincts won, which are not known here",
    "registration": "the order of registration",
    "list-number": "the number of the list on the ballot",
    "lot": "a lot",
}


def _told(tie: Tie, election: Election) -> str:
    names = {party.id: party.name for party in election.parties}
    tied, won = (", ".join(names.get(name, name) for name in lists) for lists in (tie.lists, tie.won))
    seats = "1 seat" if tie.seats == 1 else f"{tie.seats} seats"
    return (
        f"under the base rule {tied} have an equal {tie.claim} for {seats}; won by {won}, decided by "
        f"{_BY[tie.decided_by]}"
    )


def _outcomes(
    election: Election, options: Ballot, outcomes: Sequence[Outcome], base: Outcome, ballot: Votes
) -> Values:
    """What every rule (V, ...) makes of the votes: seats, who is admitted, majorities, indices."""
    units, ids = options.units, options.ids
    won = np.array([[outcome.seats[party] for party in ids] for outcome in outcomes])
    of_coalitions = np.array(
        [[sum(o.seats.get(p, 0) for p in c.parties) for c in election.coalitions] for o in outcomes], np.int64
    ).reshape(len(outcomes), len(election.coalitions))
    house = np.array([outcome.house for outcome in outcomes])
    seats, before = (
        np.array([[outcome.seats[unit] for outcome in some] for unit in units.ids[: units.lists]])
        for some in (outcomes, [base])
    )
    shares = _shares(units.ids, ballot)[:, None]
    against_all = np.array([kind == "none-of-the-above" for kind in units.kinds])
    indices = indices_of(np.repeat(shares, len(outcomes), axis=1), seats, against_all)
    with np.errstate(invalid="ignore", divide="ignore"):
        per_vote = (seat_shares(seats) / shares[: units.lists]).T
    return {
        "seats_won": won,
        "admitted": np.array([[o.admissions[party].admitted for party in ids] for o in outcomes]),
        "void": np.array([outcome.void for outcome in outcomes]),
        "coalition_seats_won": of_coalitions,
        "majority": 2 * of_coalitions > house[:, None],
        "tied_claims": np.array([json.dumps([tie._asdict() for tie in o.ties]) for o in outcomes]),
        "rules/seats_difference": won - np.array([base.seats[party] for party in ids]),
        "rules/moved_seats": seats_moved(seats, before),
        **{f"rules/{name}": values for name, values in indices._asdict().items()},
        "rules/effective_votes": np.repeat(effective_number(shares), len(outcomes)),
        "rules/seats_per_vote": options.spread(per_vote, 1, 0.0),
    }


def _shares(ids: Sequence[str], ballot: Votes) -> Floats:
    votes = {entry.id: entry.votes for entry in ballot.entries}
    return np.array([votes[party] / max(ballot.valid, 1) for party in ids])


def _of_the_votes(options: Ballot, ballot: Votes) -> Values:
    votes = {entry.id: entry.votes for entry in ballot.entries}
    return {"votes": np.array([votes[party] for party in options.ids]), "share": _shares(options.ids, ballot)}


def _beside(election: Election, won: Mapping[str, Mapping[str, int]]) -> Counter[str] | None:
    """Seats of the tiers beside the lists by holder; ``None`` where there are none, where they hang on the
    rule of the lists, or where who won some of them is not known.
    """
    if not election.tiers_do_not_hang_on_rules:
        return None
    found = Counter[str]()
    for tier in election.tiers:
        own = won.get(tier.id, {})
        if sum(own.values()) != tier.seats:
            return None
        found.update(own)
    return found


def _chambers(
    election: Election, holders: Sequence[str], beside: Counter[str], outcomes: Sequence[Outcome]
) -> Values:
    """The whole chamber under every rule (V, ...); in a void election nobody holds a seat."""
    of_tiers = np.array([beside[holder] for holder in holders])
    seats = np.array(
        [
            0 * of_tiers if one.void else np.array([one.seats.get(h, 0) for h in holders]) + of_tiers
            for one in outcomes
        ]
    )
    member = np.array([[h in one.parties for h in holders] for one in election.coalitions], np.int64)
    held, size = seats @ member.reshape(-1, len(holders)).T, seats.sum(1)
    return {
        "chamber/size": size,
        "chamber/seats_won": seats,
        "chamber/coalition_seats_won": held,
        "chamber/majority": 2 * held > size[:, None],
        "chamber/two_thirds": (3 * held >= 2 * size[:, None]) & (held > 0),
    }


@dataclass(frozen=True)
class _Asked:
    """Whose majorities flip: those of the lists, and of the whole chamber where its other seats are known."""

    election: Election
    beside: Counter[str] | None

    def held(self, outcome: Outcome) -> Held:
        """What holds of an outcome."""
        held: Held = {("passes", name): found.admitted for name, found in outcome.admissions.items()}
        for coalition in self.election.coalitions:
            seats = sum(outcome.seats.get(party, 0) for party in coalition.parties)
            if set(coalition.parties) & set(outcome.seats):
                held["majority", coalition.id] = 2 * seats > outcome.house
            if self.beside is not None:
                seats += sum(self.beside[party] for party in coalition.parties)
                size = outcome.house + self.beside.total()
                held["majority of the chamber", coalition.id] = not outcome.void and 2 * seats > size
        return held


Held = dict[tuple[str, str], bool]
"""Who passes and which coalition has a majority, by (what, id); what is that of ``Flip.about``."""


def _flips(asked: _Asked, ballot: Votes, grid: Grid, outcomes: Sequence[Outcome]) -> Iterator[Flip]:
    """Exact levels at which a party drops out or a majority changes, between the levels of the sweep."""
    axis = next((axis for axis in grid.axes if axis.dim == "threshold"), None)
    if axis is None or any(isinstance(label, str) for label in axis.labels):
        return
    along = grid.dims.index("threshold")
    numbers = np.moveaxis(np.arange(len(grid)).reshape(grid.shape), along, 0)
    others = [other for other in grid.axes if other.dim != "threshold"]
    for at in product(*(range(len(other)) for other in others)):
        where = {other.dim: other.labels[i] for other, i in zip(others, at, strict=True)}
        row = [int(v) for v in numbers[(slice(None), *at)]]
        for low, high in pairwise(row):
            before, after = asked.held(outcomes[low]), asked.held(outcomes[high])
            if before != after:
                yield from _between(asked, ballot, grid.rules[low], grid.rules[high], where)


def _between(asked: _Asked, ballot: Votes, low: Rule, high: Rule, where: dict[str, Any]) -> Iterator[Flip]:
    """Who is admitted changes only where the level passes the share of a list."""
    assert low.threshold is not None
    assert high.threshold is not None
    start, end = low.general_level, high.general_level
    total = base_votes(low.threshold, ballot)
    shares = {Fraction(entry.votes, total) for entry in ballot.entries} if total else set()
    steps = sorted(share for share in shares if start <= share < end)
    count = _counter(asked, ballot, high)
    now = asked.held(apply_rule(low, ballot))
    for step, following in zip(steps, [*steps[1:], end], strict=True):
        then = count((step + following) / 2)
        for (about, subject), held in now.items():
            if then[about, subject] != held:
                yield Flip(about, subject, "lost" if held else "won", float(step), where)
        now = then


def _counter(asked: _Asked, ballot: Votes, rule: Rule) -> Callable[[Fraction], Held]:
    tables = tables_of(rule)

    def count(level: Fraction) -> Held:
        return asked.held(apply_rule(Rule.model_validate(with_keys(tables, {LEVEL: level})), ballot))

    return count


def _next_seats(rule: Rule, ballot: Votes, ids: Sequence[str]) -> Values:
    """The fewest votes more that win each list its next seat under the base rule, and who gives it up."""
    found = next_seats(rule, ballot)
    votes = np.array([float(found[party].votes) if party in found else np.nan for party in ids])
    losers = ["+".join(found[party].losers) if party in found else "" for party in ids]
    return {"last_seat/next_votes": votes, "last_seat/next_from": np.array(losers)}
