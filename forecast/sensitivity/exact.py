"""Many rules on the votes of one real count: exact counterfactuals, nothing drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election import Rule
from forecast.election.notes import warnings_on
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.result import dataset_of
from forecast.rules.margins import next_seats
from forecast.rules.outcome import Outcome, Tie
from forecast.rules.reference import apply_rule
from forecast.rules.remarks import remarks_on
from forecast.rules.thresholds import base_votes, missing_totals
from forecast.sensitivity.axes import LEVEL
from forecast.sensitivity.flips import Flip
from forecast.sensitivity.grid import Grid, refuse_small_houses
from forecast.sensitivity.identity import identity_of
from forecast.sensitivity.indices import NAMES, effective_number, indices_of, seat_shares, seats_moved
from forecast.sensitivity.keys import tables_of, with_keys
from forecast.sensitivity.labelling_causes import add_flips
from forecast.sensitivity.placing import (
    SWEEP_SCHEMA_VERSION,
    Labeller,
    add_variants,
    axes_as_coords,
    axes_as_text,
)
from forecast.sensitivity.result import Sweep
from forecast.simulation.inputs import Units
from forecast.simulation.labelling import of_the_ballot

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.rules.ballot import Ballot

Floats = NDArray[np.float64]


def sweep_votes(
    election: Election,
    ballot: Ballot,
    grid: Grid,
    source: str = "",
    *,
    warnings: Sequence[str] = (),
    official: Mapping[str, int] | None = None,
) -> Sweep:
    """Seats of ``ballot`` under every rule of ``grid``, by the exact count; ``source`` says whose votes.

    ``warnings`` are what a reader must know about how the votes were read, ``official`` the seats that their
    table names.

    ``ConfigurationError`` where a rule needs a total that the ballot lacks, or hands out fewer seats than
    parties hold.
    """
    faults = {
        Fault(election.place, f"election.{name}", ABSENT, f"rule.{remedy}")
        for rule in (grid.base, *grid.rules)
        for name, remedy in missing_totals(rule, ballot)
    }
    if faults:
        raise ConfigurationError(*sorted(faults, key=str))
    refuse_small_houses(grid, ballot.entries)
    ids = [entry.id for entry in ballot.entries]
    units = Units.of(election, ids)
    outcomes = [apply_rule(rule, ballot) for rule in grid.rules]
    base = apply_rule(grid.base, ballot)
    to = Labeller(units, grid, ids)
    _add_seats(to, units, outcomes, base)
    _add_coalitions(to, election, outcomes)
    _add_votes(to, units, ballot, outcomes)
    add_variants(to)
    add_flips(to, list(_flips(election, ballot, grid, outcomes)), exact=True)
    _add_last_seats(to, grid.base, ballot)
    attrs = {
        **identity_of(election),
        "house": grid.base.seats,
        "votes": source,
        "valid_votes": ballot.valid,
        "warnings": warnings_on(
            election,
            warnings,
            remarks_on(election, ballot, base, official),
            (_told(tie, election) for tie in base.ties if tie.decided_by != "votes"),
        ),
        "sweep_schema_version": SWEEP_SCHEMA_VERSION,
        "variants": len(grid),
        "axes": axes_as_text(grid),
    }
    coords = {
        "party": ("party", ids, {"long_name": "id of the option on the ballot"}),
        "coalition": ("coalition", [c.id for c in election.coalitions], {"long_name": "id of the coalition"}),
    }
    coords |= axes_as_coords(grid) | of_the_ballot(election, ids)
    return Sweep(dataset_of(to.variables, coords, attrs))


def _told(tie: Tie, election: Election) -> str:
    names = {party.id: party.name for party in election.parties}
    tied, won = (", ".join(names.get(name, name) for name in lists) for lists in (tie.lists, tie.won))
    seats = "1 seat" if tie.seats == 1 else f"{tie.seats} seats"
    return (
        f"under the base rule {tied} have an equal {tie.claim} for {seats}; won by {won}, decided by "
        f"{'the order of ' if tie.decided_by == 'registration' else 'a '}{tie.decided_by}"
    )


def _add_seats(to: Labeller, units: Units, outcomes: Sequence[Outcome], base: Outcome) -> None:
    won = np.array([[outcome.seats[party] for party in to.ids] for outcome in outcomes])
    before = np.array([base.seats[party] for party in to.ids])
    admitted = np.array([[outcome.admissions[party].admitted for party in to.ids] for outcome in outcomes])
    to.put("seats_won", won, "seats", "seats", "party")
    to.put("seats_difference", won - before, "seats less those of the base rule", "seats", "party")
    to.put("admitted", admitted, "whether the party takes part in the allocation", "1", "party")
    to.put("void", [outcome.void for outcome in outcomes], "whether no list with votes is admitted", "1")
    to.put("base_rule_seats_won", before, "seats under the base rule", "seats", "party", varies=False)
    ties = [[asdict(tie) for tie in outcome.ties] for outcome in outcomes]
    to.put("tied_claims", [json.dumps(found) for found in ties], "equal claims, and who won them (JSON)", "")
    moved = seats_moved(_of_lists(units, outcomes), _of_lists(units, [base]))
    to.put("moved_seats", moved, "seats that others hold than under the base rule", "seats")


def _of_lists(units: Units, outcomes: Sequence[Outcome]) -> NDArray[np.int64]:
    """(K, V) seats of the lists in the order of the core."""
    return np.array([[outcome.seats[unit] for outcome in outcomes] for unit in units.ids[: units.lists]])


def _add_coalitions(to: Labeller, election: Election, outcomes: Sequence[Outcome]) -> None:
    sums = np.array(
        [[sum(o.seats.get(p, 0) for p in c.parties) for c in election.coalitions] for o in outcomes], np.int64
    ).reshape(len(outcomes), len(election.coalitions))
    house = np.array([outcome.house for outcome in outcomes])
    to.put("coalition_seats_won", sums, "seats of a coalition", "seats", "coalition")
    to.put(
        "majority",
        2 * sums > house[:, None],
        "whether it holds more than half of the seats",
        "1",
        "coalition",
    )


def _add_votes(to: Labeller, units: Units, ballot: Ballot, outcomes: Sequence[Outcome]) -> None:
    votes = {entry.id: entry.votes for entry in ballot.entries}
    valid = max(ballot.valid, 1)
    to.put("votes", [votes[party] for party in to.ids], "votes", "votes", "party", varies=False)
    share = np.array([votes[party] / valid for party in to.ids])
    to.put("share", share, "share of the valid votes", "1", "party", varies=False)
    shares = np.array([[votes[unit] / valid] for unit in units.ids])
    against_all = np.array([kind == "none-of-the-above" for kind in units.kinds])
    seats = _of_lists(units, outcomes)
    indices = indices_of(np.repeat(shares, len(outcomes), axis=1), seats, against_all)
    for name, (what, unit) in NAMES.items():
        values = getattr(indices, name)
        if name == "manufactured":
            what, values = (
                "whether one list has a majority of seats on a minority of votes",
                values.astype(bool),
            )
        to.put(name, values, what, unit)
    number = effective_number(shares)[0]
    what = "effective number of parties by votes (Laakso and Taagepera)"
    to.put("effective_votes", number, what, "parties", varies=False)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (seat_shares(seats) / shares[: units.lists]).T
    what = "share of seats for one share of votes: 1 is proportional"
    to.put("seats_per_vote", to.of_lists(ratio, 0.0), what, "1", "party")


Held = dict[tuple[str, str], bool]
"""Who passes and which coalition has a majority, by (``passes`` or ``majority``, id)."""


def _flips(election: Election, ballot: Ballot, grid: Grid, outcomes: Sequence[Outcome]) -> Iterator[Flip]:
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
            before, after = _held(election, outcomes[low]), _held(election, outcomes[high])
            if before != after:
                yield from _between(election, ballot, grid.rules[low], grid.rules[high], where)


def _held(election: Election, outcome: Outcome) -> Held:
    held: Held = {("passes", name): found.admitted for name, found in outcome.admissions.items()}
    for coalition in election.coalitions:
        seats = sum(outcome.seats.get(party, 0) for party in coalition.parties)
        held["majority", coalition.id] = 2 * seats > outcome.house
    return held


def _between(
    election: Election, ballot: Ballot, low: Rule, high: Rule, where: dict[str, Any]
) -> Iterator[Flip]:
    """Who is admitted changes only where the level passes the share of a list."""
    assert low.threshold is not None
    assert high.threshold is not None
    start, end = _as_share(low), _as_share(high)
    total = base_votes(low.threshold, ballot)
    shares = {Fraction(entry.votes, total) for entry in ballot.entries} if total else set()
    steps = sorted(share for share in shares if start <= share < end)
    count = _counter(election, ballot, high)
    now = _held(election, apply_rule(low, ballot))
    for step, following in zip(steps, [*steps[1:], end], strict=True):
        then = count((step + following) / 2)
        for (about, subject), held in now.items():
            if then[about, subject] != held:
                yield Flip(about, subject, "lost" if held else "won", float(step), where)
        now = then


def _as_share(rule: Rule) -> Fraction:
    level = rule.threshold.level if rule.threshold is not None else Fraction(0)
    return Fraction(1, max(rule.seats, 1)) if isinstance(level, str) else level


def _counter(election: Election, ballot: Ballot, rule: Rule) -> Callable[[Fraction], Held]:
    tables = tables_of(rule)

    def count(level: Fraction) -> Held:
        return _held(election, apply_rule(Rule.model_validate(with_keys(tables, {LEVEL: level})), ballot))

    return count


def _add_last_seats(to: Labeller, rule: Rule, ballot: Ballot) -> None:
    """The fewest votes more that win each list its next seat under the base rule, and who gives it up."""
    found = next_seats(rule, ballot)
    votes = np.array([float(found[party].votes) if party in found else np.nan for party in to.ids])
    losers = ["+".join(found[party].losers) if party in found else "" for party in to.ids]
    what = "fewest votes more that win the list its next seat; the others' votes stay and the base grows"
    to.put("next_seat_votes", votes, what, "votes", "party", varies=False)
    to.put(
        "next_seat_from",
        losers,
        "ids of the lists that would give it up, joined by +",
        "",
        "party",
        varies=False,
    )
