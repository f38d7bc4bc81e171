"""Other thresholds and methods on the draws of a saved forecast, and every coalition: what the page lets a
reader try. Computed when a page or a chart asks, from the forecast alone, which holds what it was drawn from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election.methods import Allocation
from forecast.election.rule import AdmitLargest, Threshold
from forecast.election.schema import Election
from forecast.result import Forecast, forecast_of
from forecast.rules.compiled import compile_rules
from forecast.simulation.chamber import chamber_of
from forecast.simulation.forecasting import ballot_of, central_shares
from forecast.simulation.inputs import Units, compile_questions, draws_of
from forecast.simulation.numbers import Run, Values, numbers_of
from forecast.simulation.numbers_of_places import chamber_values_by_rule, labels_of_the_whole
from forecast.simulation.running import run_draws
from forecast.variables import described

if TYPE_CHECKING:
    from forecast.election import Rule
    from forecast.rules.compiled import Rules
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.inputs import Draws
    from forecast.simulation.pieces import KeptDraws
    from forecast.simulation.run_counts import RunCounts

MOST_DRAWS, LEAST_DRAWS = 65_536, 8_192
"""Draws for 8 parties or fewer, and for many: the work grows with their number, the time should not."""
METHODS = ("hare", "dhondt", "sainte-lague")
LEVELS = tuple(Fraction(k, 200) for k in range(21))
MOST_SUBSET_PARTIES = 12
"""Coalitions are counted among so many parties at most, those with the most seats on average."""

_KEPT = 8_192
_KEPT_BYTES = 64 * 2**20
_SUBSET_CELLS = 2**19
"""Draws times coalitions that one rule is worth; the rule of the law eight times that."""
_FOR_PICTURES = 512


@dataclass(frozen=True)
class DrawnFrom:
    """The estimate that a forecast was drawn from, as far as drawing needs it."""

    units: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    degrees_of_freedom: float
    undecided: float
    undecided_spread: float

    @classmethod
    def of(cls, forecast: Forecast) -> DrawnFrom:
        """As the file has it."""
        numbers = ("degrees_of_freedom", "undecided", "undecided_spread")
        return cls(
            tuple(forecast.names("estimate/unit")),
            forecast.array("estimate/mean"),
            forecast.array("estimate/squared_scale"),
            *(float(forecast.array(f"estimate/{name}")) for name in numbers),
        )


def may_slide(forecast: Forecast) -> bool:
    """Whether a forecast holds what other rules on its draws take: an estimate, one rule, and no districts,
    whose tables it does not hold.
    """
    in_districts = "districts/house" in forecast
    return "estimate/squared_scale" in forecast and not forecast.leading and not in_districts


def slide(forecast: Forecast, *, draws: int | None = None, threads: int = 1) -> Forecast:
    """The forecast with its rule at other levels (0 to 10 %, and that of the law) and by other methods (that
    of the law first), on draws of the same seed, over ``threshold`` and ``method``.

    What is not the general level or the method of a rule stays as it is. ``draws``: default 65,536 for up to
    8 parties, fewer for more. The group ``unsaved`` holds every coalition of the larger parties.
    """
    whole = Election.model_validate(json.loads(forecast.attrs["definition"]))
    election, estimate = whole.of_lists, DrawnFrom.of(forecast)
    units = Units.of(election, estimate.units)
    lists = [election.by_id[unit] for unit in units.ids[: units.lists]]
    if draws is None:
        draws = min(MOST_DRAWS, max(LEAST_DRAWS, MOST_DRAWS * 8 // max(8, len(lists))), forecast.draws)
    rule = election.rule
    levels, methods = sorted({*LEVELS, rule.general_level}), _methods(rule)
    variants = [_variant(rule, level, method) for level in levels for _, method in methods]
    inputs = draws_of(election, estimate, units, int(forecast.attrs["seed"]), str(forecast.attrs["sampler"]))
    keep = max(1, min(_KEPT, draws, _KEPT_BYTES // (8 * len(variants) * max(1, len(lists)))))
    rules = compile_rules(variants, lists, election.place)
    chamber = _chamber(whole, units, inputs, rules)
    counts, kept = run_draws(
        inputs._replace(chamber=chamber),
        rules,
        compile_questions(election.coalitions, [], units),
        draws,
        threads=threads,
        keep=keep,
    )
    found = _Counted(counts, kept, (len(levels), len(methods)), levels.index(rule.general_level))
    values, rests_on = _numbers(whole, units, found, variants)
    members = _largest(found)
    values |= _subsets(found, members)
    values["rules/is_base_rule"] = found.is_law
    values["rules/seats_to_hand_out"] = np.full(found.shape, rule.seats)
    # Where a house may grow, another rule may hand out more seats than any draw of the law did.
    ends = max(len(forecast.array("seats")), _most_seats(counts) + 1)
    for path in ("seat_probability", "seat_mc_error", "coalition_seat_probability"):
        values[path] = values[path][..., :ends]
    coords = forecast.dataset.coords.items()
    labels: Values = {str(name): one.values for name, one in coords if one.dims != ("event",)}
    if chamber is not None:
        assert counts.chamber is not None
        labels = labels_of_the_whole(whole, chamber.holders, _most_seats(counts.chamber) + 1) | labels
    labels |= {
        "threshold": np.array([float(level) for level in levels]),
        "method": [name for name, _ in methods],
        "seats": np.arange(ends),
        "unsaved/member": [(units.ids if chamber is None else chamber.holders)[k] for k in members],
    }
    leading = {"threshold": "rule.threshold.level", "method": "rule.allocation.method"}
    attrs = {**forecast.attrs, "draws": draws}
    return forecast_of(values, labels, attrs, leading=leading, rests_on=rests_on)


class _Counted(NamedTuple):
    """What was counted under every rule, level by level and method by method."""

    counts: RunCounts
    kept: KeptDraws
    shape: tuple[int, int]
    """Levels and methods."""
    law: int
    """The level of the law; its method is the first."""

    @property
    def is_law(self) -> NDArray[np.bool_]:
        found = np.zeros(self.shape, np.bool_)
        found[self.law, 0] = True
        return found

    @property
    def seated(self) -> KeptDraws:
        """The draws that are kept, of the whole chamber where there is more than the lists."""
        return self.kept if self.counts.chamber is None else self.kept.of_chamber


def _numbers(
    election: Election, units: Units, found: _Counted, variants: Sequence[Rule]
) -> tuple[Values, dict[str, int]]:
    """Numbers over levels and methods, and the draws that some of them rest on."""
    pictured = found.kept.first(_FOR_PICTURES)
    run = Run(found.counts, pictured, units.lists, rules=variants)
    numbers, rests_on = numbers_of(run, ballot_of(election.of_lists, units))
    if found.counts.chamber is not None:
        most = _most_seats(found.counts.chamber)
        numbers |= chamber_values_by_rule(election, found.counts, pictured, most + 1)
    values: Values = {
        path: array if described(path).of_votes else array.reshape(*found.shape, *array.shape[1:])
        for path, array in numbers.items()
        if not path.startswith("event_")
    }
    return values, rests_on


def _most_seats(counts: RunCounts) -> int:
    """The most seats that anyone holds under some rule in some draw."""
    return int(np.flatnonzero(counts.totals.seats.any(axis=(0, 1))).max(initial=0))


def _largest(found: _Counted) -> list[int]:
    """Those among whom coalitions are counted: who holds the most seats on average under the law."""
    asked = found.counts if found.counts.chamber is None else found.counts.chamber
    means = asked.seat_means().value[found.law * found.shape[1], : found.seated.outcomes.shape[-1]]
    return sorted(np.argsort(-means, kind="stable")[:MOST_SUBSET_PARTIES].tolist())


def _chamber(election: Election, units: Units, inputs: Draws, rules: Rules) -> Chamber | None:
    """The chamber of an election where its tiers are the same under every rule and need no tables, which a
    saved forecast does not hold; else ``None``.
    """
    by_votes = any(tier.seats and tier.votes is not None for tier in election.tiers)
    if not election.tiers or by_votes or not election.tiers_do_not_hang_on_rules:
        return None
    return chamber_of(election, units, central_shares(inputs, rules, units), int(inputs.seed))


def _methods(rule: Rule) -> list[tuple[str, Allocation]]:
    """The allocation of the law first, as ``law`` where it is none of the national methods as they stand."""
    plain = {name: Allocation.model_validate({"method": name}) for name in METHODS}
    law = rule.allocation
    assert law is not None
    name = next((name for name, method in plain.items() if method == law), "law")
    return [(name, law), *((other, method) for other, method in plain.items() if other != name)]


def _variant(rule: Rule, level: Fraction, allocation: Allocation) -> Rule:
    threshold = rule.threshold if rule.threshold is not None else Threshold(nobody=AdmitLargest(admit=1))
    kept_level = threshold.level if level == rule.general_level else level
    return rule.model_copy(
        update={"threshold": threshold.model_copy(update={"level": kept_level}), "allocation": allocation}
    )


def _subsets(found: _Counted, chosen: list[int]) -> Values:
    """Share of draws in which a coalition of ``chosen`` lists holds more than half of the seats handed out,
    over levels and methods.
    """
    kept, (levels, methods), parties = found.seated, found.shape, len(chosen)
    is_law = found.is_law
    majority = np.zeros((*found.shape, 2**parties), np.float32)
    number = np.zeros(found.shape, np.int32)
    by_list = np.empty((kept.outcomes.shape[-1], kept.draws), np.int64)
    for m in range(methods):
        for t, (at, seats) in enumerate(kept.changes(range(m, levels * methods, methods))):
            by_list[:, at] = seats
            held = by_list[chosen].astype(np.int16)
            seated = np.flatnonzero(held.any(1))
            cells = _SUBSET_CELLS * (8 if is_law[t, m] else 1)
            most = max(64, cells >> len(seated))
            half = (by_list[:, :most].sum(axis=0) // 2).astype(np.int16)
            counted = count_majorities(held[seated, :most], half)
            number[t, m] = min(kept.draws, most)
            majority[t, m] = (counted / number[t, m])[_among(seated, parties)]
    return {"unsaved/coalition_majority": majority, "unsaved/coalition_draws": number}


def count_majorities(seats: NDArray[np.int16], half: NDArray[np.int16]) -> NDArray[np.int32]:
    """(2**P,) draws in which coalition s holds more than ``half`` (draws,) seats, from seats (P, draws)."""
    sums = np.zeros((2 ** len(seats), seats.shape[1]), np.int16)
    for k, row in enumerate(seats):
        np.add(sums[: 2**k], row, out=sums[2**k : 2 ** (k + 1)])
    return (sums > half).sum(axis=1, dtype=np.int32)  # twice as quick as np.count_nonzero along an axis


def _among(seated: NDArray[np.int64], parties: int) -> NDArray[np.int64]:
    """For every coalition of all parties the number of its coalition among those with seats."""
    every = np.arange(2**parties)
    number = np.zeros_like(every)
    for k, party in enumerate(seated.tolist()):
        number |= ((every >> party) & 1) << k
    return number
