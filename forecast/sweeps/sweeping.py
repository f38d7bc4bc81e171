"""Many rules on the same draws: Estimate x Grid -> Forecast with the axes of the grid as leading
dimensions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Kernel, prepare
from forecast.door.arguments import made_by
from forecast.election.notes import beliefs_of, of_the_lists_alone, warnings_on
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.kernels.draw import take_drawn
from forecast.result import Forecast, forecast_of
from forecast.rules.compiled import compile_rules, course_of
from forecast.rules.compiled_clauses import largest_house
from forecast.simulation.chamber import chamber_of
from forecast.simulation.forecasting import How, ballot_of, central_shares, identity_of, labelled
from forecast.simulation.given import OfVotes
from forecast.simulation.grounds import lost_to_alliances, refuse_without_the_largest
from forecast.simulation.inputs import SAMPLER_GIVEN, Units, compile_questions, draws_of, multiples_of, needs
from forecast.simulation.last_seat import last_seat_values, last_seats, rule_of_the_country
from forecast.simulation.local import local_of
from forecast.simulation.numbers import Ballot, Run, Values, numbers_of
from forecast.simulation.numbers_of_places import (
    OF_KEPT_DRAWS,
    chamber_values_by_rule,
    events_of_chamber,
    labels_of_the_whole,
)
from forecast.simulation.running import KEPT_DRAWS, Progress, run_draws
from forecast.simulation.stages import Forms
from forecast.sweeps.comparison import (
    differences,
    draws_looked_at,
    flips_of,
    flips_values,
    indices_by_variant,
    look,
    look_at,
    rules_at_once,
    squared_differences,
    votes_by_draw,
    who_passes,
)
from forecast.sweeps.decomposition import decompose, decomposition_values
from forecast.sweeps.grid import MOST_VARIANTS, Grid, axes_of, refuse_small_houses
from forecast.variables import BASE_RULE, described, error_of

if TYPE_CHECKING:
    from forecast.election import Election, Party
    from forecast.estimation import Estimate
    from forecast.kernels.count import Questions
    from forecast.rules.compiled import Rules
    from forecast.rules.compiled_clauses import SeatTable
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.inputs import Draws

MOST_BYTES = 2**28
"""Bound on what the tallies and kept draws of a batch of rules take (256 MB); larger grids run in batches."""

MOST_CELLS = 2**24
"""Numbers in the table of seat probabilities at most: variants x (lists + coalitions) x (seats + 1)."""

_COPIES = 16
"""Arrays of the size of a rule's tallies that live at once: totals, squares, spans under way, scratch."""


@dataclass(frozen=True)
class _Task:
    """What all batches share."""

    election: Election
    attrs: Mapping[str, Any]
    """Where the draws are from."""
    units: Units
    parties: list[Party]
    inputs: Draws
    questions: Questions
    how: How
    house: int
    """Seats of the largest house that some rule may hand out."""
    whole: Election
    """The election with the tiers of its chamber; of its lists alone where these cannot be drawn."""
    chamber: Chamber | None = None

    @property
    def ends(self) -> int:
        """One more than the most seats of the whole chamber."""
        return self.house + (self.chamber.seats if self.chamber is not None else 0) + 1

    @property
    def coalitions(self) -> list[list[int]]:
        starts, members = self.questions.coalition_starts, self.questions.coalition_members
        return [members[a:b].tolist() for a, b in pairwise(starts)]

    @property
    def ballot(self) -> Ballot:
        return ballot_of(self.election, self.units)

    @property
    def against_all(self) -> NDArray[np.bool_]:
        return np.array([kind == "none-of-the-above" for kind in self.units.kinds])


def sweep(
    election: Election,
    estimate: Estimate,
    *,
    threshold: Sequence[Any] | None = None,
    method: Sequence[str] | None = None,
    base: Sequence[str] | None = None,
    vary: Mapping[str, Sequence[Any]] | None = None,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    explained: bool = True,
) -> Forecast:
    """Count the same draws under many rules: every combination of the values that are given.

    Parameters
    ----------
    election, estimate
        As ``load_election`` and ``estimate`` give them.
    threshold
        Levels as shares, such as ``[0.03, 0.05]``; ``"quota"`` is one seat's worth.
    method, base
        Methods of allocation and bases of the threshold, such as ``["hare", "dhondt"]``.
    vary
        Values of any other key of the rule, such as ``{"rule.seats": [69, 98]}``.
    draws, seed, sampler, threads
        As in ``simulate``.
    explained
        Whether to find what explains the outcome too: the decomposition of the variance and the last seats.

    Returns
    -------
    Forecast
        With a leading dimension for everything that varies (``threshold``, ``method``, ``base``,
        ``house_size``, or the key with ``_``); group ``rules`` holds differences from the rule of the
        election, on the same draws.

    Raises
    ------
    ConfigurationError
        For values that a rule cannot have, nothing that varies, and more than 10,000 rules.
    PollDataError, NoValidOutcome
        As ``simulate``.

    Examples
    --------
    >>> sweep(election, estimate, threshold=[0.03, 0.05, 0.07])["pass_probability"].sel(party="osdp")
    """
    made_by("load_election", election=election)
    made_by("estimate", estimate=estimate)
    grid = Grid.of(election.rule, axes_of(threshold=threshold, method=method, base=base, vary=vary))
    how = How.of(election, draws, seed, sampler, threads)
    return sweep_grid(election, estimate, grid, how, explained=explained)


def sweep_grid(
    election: Election,
    estimate: Estimate,
    grid: Grid,
    how: How,
    *,
    explained: bool = True,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Forecast:
    """Count the draws of one election under every rule of ``grid`` and its base rule, on the same draws.

    Each variant's tallies are those of ``simulate`` with its rule and the same seed. Memory is bounded by
    ``MOST_BYTES`` for what is being counted and by ``MOST_CELLS`` for what is kept. ``progress`` is told
    draws x rules. ``ConfigurationError`` where a rule needs more than national shares, or the grid is too
    large.
    """
    lists = election.of_lists
    units = Units.of(lists, estimate.units)
    refuse_without_the_largest(lists, estimate)
    local = local_of(lists, estimate, units, how.seed)
    inputs = draws_of(lists, estimate, units, how.seed, how.sampler)
    drawn = OfVotes(units, inputs, local)
    attrs = {
        "seed": how.seed,
        "sampler": how.sampler,
        "as_of": estimate.as_of.isoformat(),
        "warnings": estimate.warnings,
    }
    return sweep_draws(
        election, drawn, grid, how, attrs, estimate=estimate, explained=explained, progress=progress, say=say
    )


def sweep_draws(
    election: Election,
    drawn: OfVotes,
    grid: Grid,
    how: How,
    attrs: Mapping[str, Any],
    *,
    estimate: Estimate | None = None,
    explained: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Forecast:
    """As ``sweep_grid``, on draws from anywhere: of an ``estimate``, which alone can be ``explained``, or of
    votes. ``attrs`` say where they are from.
    """
    whole = election.without_events_of_tiers if election.tiers_do_not_hang_on_rules else election.of_lists
    told, election = of_the_lists_alone(election, beside=True), election.of_lists
    units, local = drawn.units, drawn.local
    parties = [election.by_id[unit] for unit in units.ids[: units.lists]]
    table = None if local is None else local.table
    inputs = drawn.inputs.in_districts(local)
    chamber = None
    if whole.tiers:
        centre = central_shares(inputs, compile_rules([grid.base], parties, election.place, table), units)
        chamber = chamber_of(whole, units, centre, how.seed, local=local, estimate=estimate)
    refuse_what_cannot_be_swept(election, grid, parties, table, chamber)
    task = _Task(
        election,
        attrs,
        units,
        parties,
        inputs,
        compile_questions(whole.coalitions, whole.events, units),
        how,
        largest_of(grid, parties, table),
        whole,
        chamber,
    )
    say(f"{len(grid):,} variants of the rule on {how.draws:,} draws")
    later = _explaining(task) if explained else []
    found, forecast = _count(task, grid, estimate, progress, later)
    forecast.attrs["warnings"] += told
    values = found.placed(grid)
    labels: Values = {} if chamber is None else labels_of_the_whole(whole, chamber.holders, task.ends)
    names = [coalition.id for coalition in whole.coalitions]
    values |= flips_values(flips_of(grid, values, task.ballot.ids, names))
    rests_on = dict(found.rests_on)
    if explained:
        say("what explains it: the decomposition and the last seats")
        for more, along, number in _explained(task, grid):
            values, labels = values | more, labels | along
            rests_on |= dict.fromkeys(more, number)
    return _labelled(grid, forecast, values, labels, rests_on)


def _explaining(task: _Task) -> list[Kernel]:
    """What is called behind the counts, to explain them: compiled while these are drawn."""
    nationally, _ = rule_of_the_country(task.election)
    if nationally is None:
        return [take_drawn]
    return [take_drawn, *Forms(task.inputs, compile_rules([nationally], task.parties)).needed()]


def _explained(task: _Task, grid: Grid) -> Iterator[tuple[Values, Values, int]]:
    """What explains a sweep: numbers, their labels, and the draws that they rest on."""
    parts = decompose(task.inputs, grid, task.parties, task.coalitions, threads=task.how.threads)
    yield *decomposition_values(parts, task.ballot), parts.draws
    nationally, _ = rule_of_the_country(task.election)
    if nationally is not None:
        number = min(task.how.draws, KEPT_DRAWS)
        shares = look(task.inputs, [nationally], task.parties, number, task.how.threads).kept.shares
        given = task.inputs.sampler == SAMPLER_GIVEN
        last = last_seats(task.election, nationally, shares, task.units, task.parties, given=given)
        yield *last_seat_values(last, task.ballot), number


def _labelled(
    grid: Grid, base: Forecast, values: Values, labels: Values, rests_on: dict[str, int]
) -> Forecast:
    """The Forecast of a sweep: its own numbers, those of the base rule, and what that one rests on."""
    own: Values = {}
    for group, data in base.groups.items():
        for name, variable in data.data_vars.items():
            path = f"{group}/{name}".lstrip("/")
            swept = not group and path in values
            own[f"{BASE_RULE}/{path}" if swept else path] = variable.values
        for name, coordinate in data.coords.items():
            if name not in ("seats",) and (not group or coordinate.dims != ("party",)):
                labels.setdefault(f"{group}/{name}".lstrip("/"), coordinate.values)
    seats = values["seat_probability"].shape[-1]
    for path in (f"{BASE_RULE}/{name}" for name in values if "seats" in described(name).dims):
        if path in own:
            more = seats - own[path].shape[-1]
            own[path] = np.pad(own[path], [*[(0, 0)] * (own[path].ndim - 1), (0, more)])
    labels |= axes_as_labels(grid) | {"seats": np.arange(seats)}
    leading = {axis.dim: ", ".join(axis.keys) for axis in grid.axes}
    return forecast_of(own | values, labels, base.attrs, leading=leading, rests_on=rests_on)


def axes_as_labels(grid: Grid) -> Values:
    """Labels of every axis, and names for readers where an axis has them."""
    named = {f"{axis.dim}_name": np.array(axis.names) for axis in grid.axes if axis.names}
    return {axis.dim: np.array(axis.labels) for axis in grid.axes} | named


def variants_of(grid: Grid) -> Values:
    """What every rule of a grid is, (V,)."""
    return {
        "rules/keys": np.array([json.dumps(grid.values(rule), ensure_ascii=False) for rule in grid.rules]),
        "rules/is_base_rule": grid.is_base,
        "rules/seats_to_hand_out": np.array([rule.seats for rule in grid.rules]),
    }


def refuse_what_cannot_be_swept(
    election: Election,
    grid: Grid,
    parties: Sequence[Party],
    table: SeatTable | None = None,
    chamber: Chamber | None = None,
) -> None:
    """Refuse a base that the draws do not know, a house smaller than the seats that parties hold of it, and a
    table of answers that would not fit.
    """
    rules = (grid.base, *grid.rules)
    refuse_small_houses(grid, parties)
    for base in {rule.threshold.base for rule in rules if rule.threshold is not None}:
        needs(election, base, election.place)
    seats = largest_of(grid, parties, table)
    cells = (len(parties) + len(election.coalitions)) * (seats + 1)
    if chamber is not None:
        blocs = len(chamber.holders) + len(chamber.questions.coalition_starts) - 1
        cells += blocs * (seats + chamber.seats + 1)
    allowed = min(MOST_VARIANTS, MOST_CELLS // cells)
    if len(grid) > allowed:
        remedy = (
            f"{len(grid):,} variants of up to {seats:,} seats; at most {allowed:,} of this size are allowed: "
            "take larger steps or fewer values"
        )
        raise ConfigurationError(Fault("sweep", "", ABSENT, remedy))


def largest_of(grid: Grid, parties: Sequence[Party], table: SeatTable | None = None) -> int:
    """Seats of the largest house that some rule of the grid may hand out."""
    return max(largest_house(rule, parties, table) for rule in (grid.base, *grid.rules))


class _Found:
    """Arrays by path, (V, ...), filled batch by batch; missing numbers of seats stay 0."""

    def __init__(self, variants: int, seats: int) -> None:
        """``seats``: the most that a rule hands out."""
        self._variants, self._seats = variants, seats
        self.arrays: Values = {}
        self.rests_on: dict[str, int] = {}

    def put(self, at: NDArray[np.int64], found: Mapping[str, NDArray[Any]]) -> None:
        """Write what was found about the variants ``at``."""
        for path, values in found.items():
            by_seats = described(path).dims[-1:] == ("seats",)
            shape = (*values.shape[1:-1], self._seats + 1) if by_seats else values.shape[1:]
            if path not in self.arrays:
                self.arrays[path] = np.zeros((self._variants, *shape), values.dtype)
            if by_seats:
                self.arrays[path][at, ..., : values.shape[-1]] = values
            else:
                self.arrays[path][at] = values

    def placed(self, grid: Grid) -> Values:
        """The arrays over the axes of the grid, what its rules are among them."""
        return grid.placed(variants_of(grid) | self.arrays)


def _count(
    task: _Task, grid: Grid, estimate: Estimate | None, progress: Progress | None, later: Sequence[Kernel]
) -> tuple[_Found, Forecast]:
    """Numbers by variant, and the forecast of the base rule; kernels for ``later`` are compiled meanwhile."""
    found = _Found(len(grid), task.house)
    base: Forecast | None = None
    looked_at = draws_looked_at(task.how.draws, len(grid))
    inputs = task.inputs._replace(chamber=task.chamber)
    every = _compiled(task, grid, grid.in_rows())
    for at in batches(grid.in_rows(), _batch_size(task, every), grid.length_of_rows):
        rules = [grid.base, *(grid.rules[v] for v in at)]
        compiled = every if len(at) == len(grid) else _compiled(task, grid, at)
        prepare(Forms(inputs, compiled).needed(), later)
        told = None if progress is None else _times(progress, len(at))
        counts, kept = run_draws(
            inputs,
            compiled,
            task.questions,
            task.how.draws,
            threads=task.how.threads,
            progress=told,
            runner=task.how.runner,
        )
        houses = [largest_house(rule, task.parties, task.inputs.table) for rule in rules]
        numbers, rests_on = numbers_of(Run(counts, kept, task.units.lists, houses, rules), task.ballot)
        if base is None:
            attrs = _attrs(task) | {"replicates": counts.replicates}
            alone = counts.of_lists_under(0), kept._replace(which=kept.which[:1])
            base = labelled(task.whole, task.units, *alone, attrs, estimate)
            base.attrs["warnings"] += lost_to_alliances(task.election, base)
            found.rests_on |= rests_on
        if task.chamber is not None:
            numbers |= events_of_chamber(task.whole, counts, kept, numbers)
            numbers |= chamber_values_by_rule(task.whole, counts, kept, task.ends)
            found.rests_on |= dict.fromkeys(OF_KEPT_DRAWS, kept.draws)
        of_rules = {path: values[1:] for path, values in numbers.items() if not described(path).of_votes}
        found.put(at, of_rules)
        squares = _look(task, grid, at, compiled, found, looked_at, plain=counts.replicates == 1)
        found.put(at, _spread(task, differences(counts, grid.is_base[at], squares)))
    assert base is not None
    found.rests_on |= dict.fromkeys(_OF_SINGLE_DRAWS, looked_at)
    return found, base


_OF_SINGLE_DRAWS = tuple(
    f"rules/{name}"
    for name in (
        *("wasted", "unrepresented", "effective_votes", "effective_seats", "gallagher", "loosemore_hanby"),
        *("manufactured", "seats_per_vote", "changed_share_mean", "changed_probability", "moved_seats_mean"),
        "moved_seats_probability",
    )
)


def _spread(task: _Task, found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Numbers over the core's lists, and coalitions behind them -> under the names of the registry."""
    placed: dict[str, NDArray[Any]] = {}
    lists, ballot = task.units.lists, task.ballot
    for path, values in found.items():
        if described(path).subject != "party":
            placed[path] = values
            continue
        placed[path] = ballot.spread(values[:, :lists], 1, 0.0)
        if values.shape[1] > lists:  # seats of coalitions stand behind those of lists
            placed[path.replace("/", "/coalition_")] = values[:, lists:]
    return placed


def _look(
    task: _Task,
    grid: Grid,
    at: NDArray[np.int64],
    compiled: Rules,
    found: _Found,
    number: int,
    *,
    plain: bool,
) -> Values | None:
    """Indices of a batch from single draws; for plain draws the squared differences too."""
    squares: list[Values] = []
    how, lists, ballot = task.how, task.units.lists, task.ballot
    for part in batches(at, rules_at_once(task.inputs, compiled, number)):
        rules = [grid.base, *(grid.rules[v] for v in part)]
        these = compiled if len(part) == len(at) else _compiled(task, grid, part)
        looked = look_at(task.inputs, these, number, how.threads)
        values = indices_by_variant(looked, task.against_all, task.house, how.threads)
        for path in ("rules/seats_per_vote", "rules/changed_share_mean"):
            for name in (path, error_of(path)):
                seatless = 0.0 if "per_vote" in path else None
                units = values[name][:, :lists] if "per_vote" in path else values[name]
                values[name] = ballot.spread(units, 1, seatless)
        votes = votes_by_draw(looked)
        values["rules/effective_votes"] = np.full(len(part), votes.value)
        values[error_of("rules/effective_votes")] = np.full(len(part), votes.mc_error)
        found.put(part, values)
        if plain:
            admitted = who_passes(task.inputs, rules, task.parties, number, how.threads)
            squares.append(squared_differences(looked, admitted, task.coalitions))
    if not squares:
        return None
    return {name: np.concatenate([part[name] for part in squares]) for name in squares[0]}


def _compiled(task: _Task, grid: Grid, at: NDArray[np.int64]) -> Rules:
    """The base rule, and the variants ``at``."""
    rules = [grid.base, *(grid.rules[v] for v in at)]
    return compile_rules(rules, task.parties, task.election.place, task.inputs.table)


def batches(order: NDArray[np.int64], size: int, row: int = 1) -> list[NDArray[np.int64]]:
    """Variants in batches of at most ``size``, as even as they can be; rows of so many stay together where
    they fit.
    """
    size = max(size, 1)
    row = row if row <= size else 1
    rows, at_once = -(-len(order) // row), size // row
    each = -(-rows // -(-rows // at_once)) * row
    return [order[start : start + each] for start in range(0, len(order), each)]


def _batch_size(task: _Task, rules: Rules) -> int:
    """How many of the rules, that of the file among them, fit into the bound on memory."""
    lists, blocs = len(task.parties), len(task.parties) + len(task.coalitions)
    tallies, holders = 8 * blocs * (task.house + 1), lists
    if task.chamber is not None:
        holders += len(task.chamber.holders)
        tallies += 8 * (len(task.chamber.holders) + len(task.whole.coalitions)) * task.ends
    number = len(rules.records)
    outcomes = course_of(rules, multiples_of(task.inputs)).outcomes / number
    kept = min(task.how.draws, KEPT_DRAWS) * (2 * 8 * holders * outcomes + 2)
    return int(MOST_BYTES // (tallies * (_COPIES + 2 * task.how.threads) + kept))


def _times(progress: Progress, rules: int) -> Progress:
    """Progress in draws x rules."""
    return lambda done: progress(done * rules)


def _attrs(task: _Task) -> dict[str, Any]:
    return {
        **identity_of(task.whole),
        "draws": task.how.draws,
        **task.attrs,
        "warnings": warnings_on(
            task.whole,
            task.attrs["warnings"],
            beliefs_of(task.whole),
            task.chamber.warnings if task.chamber is not None else (),
        ),
    }
