"""The error law: how far shares of the vote fall from a centre that is made of polls.

    x_k = l_k + e_k,   share = softmax(x),   e ~ multivariate t_nu(0, diag V), one chi2 a draw for all
    l_k = c_k + max(0, b_0 + b_1 ln T) z_k + b_2 g_k ln T,   T = (h + age) / 30
    V_k = exp(c_k)**(-2 gamma) A2 o_k**2 + 1 / (N_eff exp(c_k))
    A2  = [d**2 T**(2 kappa) + s**2 / F] exp(2 (c_M M + c_phi phi + c_R R + c_N N + c_E E)) context**2

V is the squared scale of the t, not its variance. c is the logarithm of the centre, z and g are those of
``forecast.estimation.centre``. The laws of the weighted average and of the trend alone have no b, c_R, c_N
and c_E: these are 0 where a file of constants, as ``forecast fit`` writes it, does not give them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from forecast.door import is_whole
from forecast.door.trees import read_json
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.estimation.average import FLOOR, Floats
from forecast.estimation.trend import TrendConstants

EXIT_ERROR = 0.02
"""A of exit polls: from seven Kazakh exit polls that track the official count.

Likeliest is .011, with an interval of 95 % that ends at .025; the cautious figure stands (docs/method.md).
"""
REFERENCE_DAYS = 30.0
LEAST_DAYS = 0.5
"""The logarithm of the days between polls and vote stops here."""
METHODS = ("default", "average", "trend")
"""Methods of estimation that have a law of their own."""
SCHEMA = 2
_WITHOUT_DEFAULT = 1
"""Schema of files of 0.3.0: they have the laws of the average and of the trend only."""
_SHIPPED = "constants.json"


class LawConstants(NamedTuple):
    """The fitted numbers of the law, by the symbols of its formula."""

    drift: float
    """d"""
    drift_exponent: float
    """kappa"""
    share_exponent: float
    """gamma"""
    firm_error: float
    """s"""
    other_factor: float
    """o of Other; 1 for parties"""
    degrees_of_freedom: float
    """nu"""
    movement_weight: float
    """c_M"""
    disagreement_weight: float
    """c_phi"""
    last_result_weight: float = 0.0
    """b_0: how far the centre goes back to the last result 30 days ahead"""
    last_result_growth: float = 0.0
    """b_1: how much further when days are e times as many"""
    size_growth: float = 0.0
    """b_2: how much large parties gain when days are e times as many; below 0 they lose"""
    record_weight: float = 0.0
    """c_R"""
    newcomer_weight: float = 0.0
    """c_N"""
    european_weight: float = 0.0
    """c_E"""

    def last_result(self, log_months: Any) -> Any:
        """How far the centre goes back to the last result, by ln T (a number or an array); never away."""
        return np.maximum(0.0, self.last_result_weight + self.last_result_growth * log_months)


class Situation(NamedTuple):
    """What the law reads off the polls and the election.

    Days to the election, mean age, effective sizes, the two signals; the country's own record R, the polled
    share N of parties without a last result, and whether this is a European election (E: 1, else 0).
    """

    horizon: float
    age: float
    n_eff: float
    firms_eff: float
    movement: float
    disagreement: float
    exit_polls: bool = False
    record: float = 0.0
    newcomers: float = 0.0
    european: float = 0.0

    @property
    def months(self) -> float:
        """T: days from the polls to the election, in units of 30."""
        return (self.horizon + self.age) / REFERENCE_DAYS

    @property
    def log_months(self) -> float:
        """ln T, as if the polls were at least half a day old."""
        return float(np.log(max(self.months, LEAST_DAYS / REFERENCE_DAYS)))


def squared_error(constants: LawConstants, situation: Situation, context: float = 1.0) -> float:
    """A2: the squared scale that all parties share. Exit polls have their own, which no context widens."""
    if situation.exit_polls:
        return EXIT_ERROR**2
    return float(polled_error(constants, situation)) * context**2


def polled_error(constants: LawConstants, seen: Any) -> Any:
    """A2 of polls, without the context: of one ``Situation``, or of many whose numbers are arrays."""
    drifted = constants.drift**2 * seen.months ** (2.0 * constants.drift_exponent)
    of_firms = constants.firm_error**2 / seen.firms_eff
    told = (
        constants.movement_weight * seen.movement
        + constants.disagreement_weight * seen.disagreement
        + constants.record_weight * seen.record
        + constants.newcomer_weight * seen.newcomers
        + constants.european_weight * seen.european
    )
    return (drifted + of_firms) * np.exp(2.0 * told)


def squared_scales(
    mean: Floats, constants: LawConstants, situation: Situation, *, context: float = 1.0, other: bool = True
) -> Floats:
    """(U,) V of every unit; ``other``: the last one is Other. Shares below the floor count as the floor."""
    shares = np.maximum(mean, FLOOR)
    factor = np.ones(len(mean))
    if other:
        factor[-1] = constants.other_factor
    common = squared_error(constants, situation, context)
    return shares ** (-2.0 * constants.share_exponent) * common * factor**2 + 1.0 / (situation.n_eff * shares)


FIRST_TERMS = LawConstants._fields[:8]
"""Constants that every law has."""
_FURTHER_TERMS = LawConstants._fields[8:]
"""Constants that are 0 where a law does not have them."""
_PLAIN_NUMBERS = ("share_exponent", "other_factor", "degrees_of_freedom")


@dataclass(frozen=True)
class Basis:
    """Which elections a set of constants was fitted on, and when."""

    elections: int
    countries: int
    years: tuple[int, ...]
    date: str
    note: str = ""
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.elections:
            return self.note
        return (
            f"{self.elections} elections in {self.countries} countries, {min(self.years)}-{max(self.years)}, "
            f"fitted on {self.date}"
        )


class PlainConstants(NamedTuple):
    """The law of a plain average of polls: one error for each horizon in days, and what they share."""

    errors: Mapping[int, float]
    share_exponent: float
    other_factor: float
    degrees_of_freedom: float

    def error_at(self, horizon: float) -> float:
        """Error at any horizon: linear in its logarithm between the fitted ones."""
        days = sorted(self.errors)
        logs = np.log(np.maximum(days, 1))
        return float(np.interp(np.log(max(horizon, 1.0)), logs, [self.errors[day] for day in days]))

    def record(self) -> dict[str, Any]:
        """As it is written to a file."""
        errors = {str(horizon): error for horizon, error in self.errors.items()}
        return {"errors": errors, **{name: getattr(self, name) for name in _PLAIN_NUMBERS}}


@dataclass(frozen=True)
class Constants:
    """Laws of the default method, of average, trend and plain average; the trend's own model of polls."""

    average: LawConstants
    trend: LawConstants
    trend_model: TrendConstants
    rests_on: Basis
    plain_average: PlainConstants
    default: LawConstants | None = None
    """``None`` in files of 0.3.0."""
    yardstick: LawConstants | None = None
    """The law of the average in whose units records of countries are measured, fitted with ``default``."""
    named_rest_on: Basis | None = None
    """What ``average`` and ``trend`` rest on, where they were kept from an earlier fit."""
    intervals: Mapping[str, Any] = field(default_factory=dict)
    place: str = _SHIPPED

    def law(self, method: str) -> LawConstants:
        """The law of ``default``, ``average`` or ``trend``; ``ConfigurationError`` where there is none."""
        if method != "default":
            return self.trend if method == "trend" else self.average
        if self.default is None:
            remedy = (
                "missing: this file is of 0.3.0 and has the laws of average and trend only; write a new one "
                'with `forecast fit`, or name one of them (estimate.method = "average")'
            )
            raise ConfigurationError(Fault(self.place, "default", ABSENT, remedy))
        return self.default

    @property
    def measure(self) -> LawConstants:
        """The law in whose units records of countries are measured."""
        return self.yardstick or self.average

    def basis(self, method: str) -> Basis:
        """What the law of a method rests on."""
        return self.rests_on if method == "default" else (self.named_rest_on or self.rests_on)

    def record(self) -> dict[str, Any]:
        """As it is written to a file."""
        found: dict[str, Any] = {"schema": SCHEMA, "rests_on": asdict(self.rests_on)}
        if self.named_rest_on is not None:
            found["named_rest_on"] = asdict(self.named_rest_on)
        for name in ("default", "yardstick"):
            law = getattr(self, name)
            if law is not None:
                found[name] = law._asdict()
        return {
            **found,
            "average": _first_terms(self.average),
            "trend": _first_terms(self.trend),
            "trend_model": self.trend_model._asdict(),
            "plain_average": self.plain_average.record(),
            "intervals": dict(self.intervals),
        }


def _first_terms(law: LawConstants) -> dict[str, float]:
    """The constants of a law without those terms that only the default has."""
    return {name: value for name, value in law._asdict().items() if value or name in FIRST_TERMS}


_LIMITS = {
    "drift": (0.0, 3.0),
    "drift_exponent": (-1.0, 2.0),
    "share_exponent": (-50.0, 50.0),
    "firm_error": (0.0, 3.0),
    "other_factor": (0.01, 20.0),
    "degrees_of_freedom": (2.0, 10_000.0),
    "movement_weight": (-5.0, 5.0),
    "disagreement_weight": (-5.0, 5.0),
    "last_result_weight": (-2.0, 2.0),
    "last_result_growth": (-2.0, 2.0),
    "size_growth": (-2.0, 2.0),
    "record_weight": (-5.0, 5.0),
    "newcomer_weight": (-5.0, 5.0),
    "european_weight": (-5.0, 5.0),
    "walk": (0.0, 100.0),
    "house": (0.0, 100.0),
    "noise": (0.0, 100.0),
}
"""What a constant can be at all, far beyond any fit; the error of a plain average as ``drift``."""
_FURTHEST_HORIZON = 10_000
_TABLES = {
    "default": LawConstants,
    "yardstick": LawConstants,
    "average": LawConstants,
    "trend": LawConstants,
    "trend_model": TrendConstants,
    "plain_average": PlainConstants,
}


def shipped_constants() -> Constants:
    """The constants that come with the program."""
    text = files("forecast.estimation").joinpath(_SHIPPED).read_text(encoding="utf-8")
    return parse_constants(json.loads(text), _SHIPPED)


def load_constants(path: str | Path | None = None) -> Constants:
    """Constants from a file that ``forecast fit`` wrote; the shipped ones if no path is given.

    ``ConfigurationError`` where the file is not one of these.
    """
    if path is None:
        return shipped_constants()
    place = str(path)
    missing = "no such file; `forecast fit` writes one"
    data = read_json(Path(path), ConfigurationError, missing=missing, decimals=False)
    return parse_constants(data, place)


def parse_constants(data: Any, place: str) -> Constants:
    """Constants from a record; ``ConfigurationError`` with every fault."""
    known = (_WITHOUT_DEFAULT, SCHEMA)
    if not isinstance(data, Mapping) or data.get("schema") not in known:
        found = data.get("schema", ABSENT) if isinstance(data, Mapping) else ABSENT
        remedy = f"a file of constants with schema {SCHEMA} is expected; write a new one with `forecast fit`"
        raise ConfigurationError(Fault(place, "schema", found, remedy))
    of_default = ("default", "yardstick") if data["schema"] == SCHEMA else ()
    tables = {name: kind for name, kind in _TABLES.items() if name in of_default or kind is not LawConstants}
    tables |= dict.fromkeys(("average", "trend"), LawConstants)
    faults = [
        fault
        for table, kind in tables.items()
        for fault in _table_faults(data.get(table), place, table, kind)
    ]
    for name in ("rests_on", "named_rest_on"):
        faults += _basis_faults(data.get(name, {}), place, name)
    faults += _interval_faults(data.get("intervals", {}), place)
    if faults:
        raise ConfigurationError(*faults)
    laws = {
        name: LawConstants(**{key: float(value) for key, value in data[name].items()})
        for name in (*of_default, "average", "trend")
    }
    return Constants(
        **laws,
        trend_model=TrendConstants(**{name: float(value) for name, value in data["trend_model"].items()}),
        rests_on=_basis(data.get("rests_on", {})),
        named_rest_on=_basis(data["named_rest_on"]) if "named_rest_on" in data else None,
        plain_average=_plain(data["plain_average"]),
        intervals=data.get("intervals", {}),
        place=place,
    )


def _basis(basis: Mapping[str, Any]) -> Basis:
    return Basis(
        int(basis.get("elections", 0)),
        int(basis.get("countries", 0)),
        tuple(int(year) for year in basis.get("years", ())),
        str(basis.get("date", "")),
        str(basis.get("note", "")),
        tuple(str(name) for name in basis.get("names", ())),
    )


def _plain(table: Mapping[str, Any]) -> PlainConstants:
    errors = {int(horizon): float(error) for horizon, error in table["errors"].items()}
    return PlainConstants(errors, *(float(table[name]) for name in _PLAIN_NUMBERS))


def _table_faults(
    table: Any, place: str, name: str, kind: type[LawConstants | TrendConstants | PlainConstants]
) -> list[Fault]:
    """What is wrong with one table of numbers."""
    wanted = kind._fields
    if not isinstance(table, Mapping):
        return [Fault(place, name, ABSENT, f"a table with {', '.join(wanted)} is expected")]
    faults = [
        Fault(
            place, f"{name}.{key}", table.get(key, ABSENT), f"a number from {low:g} to {high:g} is expected"
        )
        for key, (low, high) in _LIMITS.items()
        if key in wanted
        and not (key not in table and key in _FURTHER_TERMS)
        and not (_is_number(table.get(key)) and low <= table[key] <= high)
    ]
    if "errors" in wanted:
        errors = table.get("errors")
        if (
            not isinstance(errors, Mapping)
            or not errors
            or not all(_is_error(*item) for item in errors.items())
        ):
            faults.append(
                Fault(place, f"{name}.errors", ABSENT, "errors by days before the election are expected")
            )
    unknown = [key for key in table if key not in wanted]
    return faults + [
        Fault(place, f"{name}.{key}", ABSENT, f"no such key; {suggest(key, wanted)}") for key in unknown
    ]


def _basis_faults(basis: Any, place: str, name: str = "rests_on") -> Iterator[Fault]:
    """What is wrong with the account of what the constants rest on."""
    if not isinstance(basis, Mapping):
        yield Fault(place, name, basis, "a table is expected")
        return
    for key, what, is_one in (
        ("elections", "a whole number", _is_whole_number),
        ("countries", "a whole number", _is_whole_number),
        ("date", "a text", _is_text),
        ("note", "a text", _is_text),
        ("years", "a list of years", lambda found: _is_list(found, _is_whole_number)),
        ("names", "a list of texts", lambda found: _is_list(found, _is_text)),
    ):
        found = basis.get(key)
        needed = key == "years" and bool(basis.get("elections"))
        if (key not in basis and not needed) or (is_one(found) and (found or not needed)):
            continue
        shown = ABSENT if found is None or isinstance(found, Mapping) else found
        yield Fault(place, f"{name}.{key}", shown, f"{what} is expected")


def _is_whole_number(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, (list, tuple)) and all(map(of, value))


def _interval_faults(intervals: Any, place: str) -> Iterator[Fault]:
    """What is wrong with the intervals: pairs of numbers by method and constant."""
    methods = intervals.values() if isinstance(intervals, Mapping) else [None]
    for of_method in methods:
        pairs = of_method.values() if isinstance(of_method, Mapping) else [None]
        if not all(
            isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(_is_number, pair))
            for pair in pairs
        ):
            yield Fault(place, "intervals", ABSENT, "pairs of numbers by method and constant are expected")
            return


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_error(horizon: Any, error: Any) -> bool:
    days = int(horizon) if is_whole(str(horizon)) else -1
    return 0 <= days <= _FURTHEST_HORIZON and _is_number(error) and 0 < error <= _LIMITS["drift"][1]
