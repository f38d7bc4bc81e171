"""Many rules on the same draws: Estimate x Grid -> Sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election.notes import warnings_on
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.compiled import compile_rules
from forecast.rules.compiled_around import largest_house
from forecast.sensitivity.axes import MOST_VARIANTS
from forecast.sensitivity.counting import Answers, batches, chances_and_seats, differences
from forecast.sensitivity.decomposition import Decomposition, decompose
from forecast.sensitivity.detail import (
    Arrays,
    draws_looked_at,
    indices_by_variant,
    look,
    rules_at_once,
    squared_differences,
    votes_by_draw,
    who_passes,
)
from forecast.sensitivity.grid import refuse_small_houses
from forecast.sensitivity.identity import identity_of
from forecast.sensitivity.labelling import label_sweep
from forecast.sensitivity.last_seat import LastSeats, last_seats
from forecast.sensitivity.result import Sweep
from forecast.simulation.alliances import lost_to_alliances
from forecast.simulation.inputs import Units, draws_of, needs
from forecast.simulation.labelling import label
from forecast.simulation.questions import compile_questions
from forecast.simulation.running import KEPT_DRAWS, Progress, run_draws
from forecast.simulation.unpolled import refuse_without_the_largest

if TYPE_CHECKING:
    from forecast.election import Election, Party
    from forecast.estimation import Estimate
    from forecast.kernels.count import Questions
    from forecast.result import Forecast
    from forecast.sensitivity.grid import Grid
    from forecast.simulation.inputs import Draws

MOST_BYTES = 2**28
"""Bound on what the tallies and kept draws of a batch of rules take (256 MB); larger grids run in batches."""

MOST_CELLS = 2**24
"""Numbers in the table of seat probabilities at most: variants x (lists + coalitions) x (seats + 1)."""

_COPIES = 16
"""Arrays of the size of a rule's tallies that live at once: totals, squares, spans under way, scratch."""


@dataclass(frozen=True)
class _Run:
    """What all batches share."""

    election: Election
    units: Units
    parties: list[Party]
    inputs: Draws
    questions: Questions
    draws: int
    threads: int
    house: int
    """Seats of the largest house that some rule may hand out."""

    @property
    def coalitions(self) -> list[list[int]]:
        starts, members = self.questions.coalition_starts, self.questions.coalition_members
        return [members[a:b].tolist() for a, b in pairwise(starts)]


def sweep_election(
    election: Election,
    estimate: Estimate,
    grid: Grid,
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    explained: bool = True,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Sweep:
    """Count the draws of one election under every rule of ``grid`` and its base rule, on the same draws.

    Each variant's tallies are those of ``simulate_election`` with its rule and the same seed. Memory is
    bounded by ``MOST_BYTES`` for what is being counted and by ``MOST_CELLS`` for what is kept. ``progress``
    is told draws x rules; without ``explained`` the decomposition of the variance and the last seats are left
    out. ``ConfigurationError`` where a rule needs more than national shares, or the grid is too large.
    """
    settings = election.simulation
    draws = settings.draws if draws is None else draws
    seed = settings.seed if seed is None else seed
    sampler = settings.sampler if sampler is None else sampler
    units = Units.of(election, estimate.units)
    refuse_without_the_largest(election, estimate)
    parties = [election.by_id[unit] for unit in units.ids[: units.lists]]
    refuse_what_cannot_be_swept(election, grid, parties)
    run = _Run(
        election,
        units,
        parties,
        draws_of(election, estimate, units, seed, sampler),
        compile_questions(election.coalitions, election.events, units),
        draws,
        threads,
        largest_of(grid, parties),
    )
    say(f"{len(grid):,} variants of the rule on {draws:,} draws")
    answers, base = _count(run, grid, estimate, _attrs(election, estimate, draws, seed, sampler), progress)
    looked_at = draws_looked_at(draws, len(grid))
    parts: Decomposition | None = None
    last: LastSeats | None = None
    if explained:
        say("what explains it: the decomposition and the last seats")
        parts = decompose(run.inputs, grid, run.parties, run.coalitions, threads=threads)
        last = last_seats(
            election, run.inputs, units, run.parties, draws=min(draws, KEPT_DRAWS), threads=threads
        )
    return Sweep(label_sweep(election, units, grid, answers, base, looked_at, parts, last))


def refuse_what_cannot_be_swept(election: Election, grid: Grid, parties: Sequence[Party]) -> None:
    """Refuse a base that the draws do not know, a house smaller than the seats that parties hold of it, and a
    table of answers that would not fit.
    """
    rules = (grid.base, *grid.rules)
    refuse_small_houses(grid, parties)
    for base in {rule.threshold.base for rule in rules if rule.threshold is not None}:
        needs(election, base, election.place)
    seats = largest_of(grid, parties)
    cells = (len(parties) + len(election.coalitions)) * (seats + 1)
    allowed = min(MOST_VARIANTS, MOST_CELLS // cells)
    if len(grid) > allowed:
        remedy = (
            f"{len(grid):,} variants of up to {seats:,} seats; at most {allowed:,} of this size are allowed: "
            "take larger steps or fewer values"
        )
        raise ConfigurationError(Fault("sweep", "", ABSENT, remedy))


def largest_of(grid: Grid, parties: Sequence[Party]) -> int:
    """Seats of the largest house that some rule of the grid may hand out."""
    return max(largest_house(rule, parties) for rule in (grid.base, *grid.rules))


def _count(
    run: _Run, grid: Grid, estimate: Estimate, attrs: dict[str, Any], progress: Progress | None
) -> tuple[Answers, Forecast]:
    """Answers by variant, and the forecast of the base rule."""
    answers = Answers(len(grid), run.house)
    base: Forecast | None = None
    size = _batch_size(run, grid)
    for at in batches(grid.in_rows(), size):
        rules = [grid.base, *(grid.rules[v] for v in at)]
        compiled = compile_rules(rules, run.parties, run.election.place)
        told = None if progress is None else _times(progress, len(at))
        counts, kept = run_draws(
            run.inputs, compiled, run.questions, run.draws, threads=run.threads, progress=told
        )
        if base is None:
            attrs["replicates"] = counts.replicates
            base = label(run.election, run.units, counts, kept, attrs, estimate=estimate)
            attrs["warnings"] += lost_to_alliances(run.election, base)
        houses = [largest_house(rule, run.parties) for rule in rules[1:]]
        answers.put(at, chances_and_seats(counts, kept, houses))
        squares = _look(run, grid, at, answers, plain=counts.replicates == 1)
        answers.put(at, differences(counts, grid.is_base[at], squares))
    assert base is not None
    return answers, base


def _look(run: _Run, grid: Grid, at: NDArray[np.int64], answers: Answers, *, plain: bool) -> Arrays | None:
    """Indices of a batch from single draws; for plain draws the squared differences too."""
    number = draws_looked_at(run.draws, len(grid))
    against_all = np.array([kind == "none-of-the-above" for kind in run.units.kinds])
    squares: list[Arrays] = []
    for part in batches(at, rules_at_once(number, len(run.parties))):
        rules = [grid.base, *(grid.rules[v] for v in part)]
        looked = look(run.inputs, rules, run.parties, number, run.threads)
        answers.put(part, indices_by_variant(looked, against_all, run.house))
        if "effective_votes" not in answers.arrays:
            answers.arrays["effective_votes"] = np.array(votes_by_draw(looked))
        if plain:
            admitted = who_passes(run.inputs, rules, run.parties, number, run.threads)
            squares.append(squared_differences(looked, admitted, run.coalitions))
    if not squares:
        return None
    return {name: np.concatenate([part[name] for part in squares]) for name in squares[0]}


def _batch_size(run: _Run, grid: Grid) -> int:
    lists, blocs = len(run.parties), len(run.parties) + len(run.coalitions)
    tallies = 8 * blocs * (run.house + 1) * (_COPIES + 2 * run.threads)
    kept = 2 * 8 * min(run.draws, KEPT_DRAWS) * lists
    return max(1, MOST_BYTES // (tallies + kept))


def _times(progress: Progress, rules: int) -> Progress:
    """Progress in draws x rules."""
    return lambda done: progress(done * rules)


def _attrs(election: Election, estimate: Estimate, draws: int, seed: int, sampler: str) -> dict[str, Any]:
    return {
        **identity_of(election),
        "draws": draws,
        "seed": seed,
        "sampler": sampler,
        "as_of": estimate.as_of.isoformat(),
        "warnings": warnings_on(election, estimate.warnings),
    }
