"""Rows of a backtest: every metric by method and horizon, with standard errors clustered by election."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.door.arguments import one_of, path_of, whole
from forecast.estimation import load_constants
from forecast.estimation.calibration import Bin, Calibration, HorizonRecord
from forecast.estimation.preparation import Flags, Floats
from forecast.estimation.records import shipped_records
from forecast.verification import Do, each_done, one_by_one
from forecast.verification.backtest import Backtest, Scored, run_backtest
from forecast.verification.past_elections import HORIZONS, KINDS, PastElection, read_archives
from forecast.verification.predictive_laws import METHODS, PLAIN, REFERENCE
from forecast.verification.scores import (
    BINS,
    bin_of,
    brier,
    calibration_curve,
    calibration_error,
    calibration_resamples,
    clustered_error,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_HORIZON = 5_000
"""Days before a vote at most."""

COMPARED_WITH = (REFERENCE, PLAIN)
"""Methods that the others are compared with, all of them."""

COMPARED = ("crps", "energy", "crossing_brier", "majority_brier")
"""Metrics that are also told as a reduction below another method: 0.16 is 16 % lower."""

BY_SUBSET = (
    *("crps", "mae", "coverage_50", "coverage_80", "coverage_95", "crossing_brier", "majority_brier"),
    *("seats_rps", "seats_mae", "seats_coverage_80", "crossing_calibration_error"),
    "crossing_calibration_floor",
)
"""Metrics that are also told of subsets: archives, kinds of elections, countries."""

SEEN_ERRORS = 2.8
"""A gain of so many standard errors is found over two of them in four of five such tests."""

_RESAMPLES = 200
_SEED = 7
_PERFECT = 1000
"""Outcomes drawn for a forecaster whose chances are right."""


ALL = "all"
"""The subset of all elections that are not shown apart."""


@dataclass(frozen=True)
class Row:
    """One number of a backtest; ``horizon`` is ``None`` for all pooled, coverage and errors are fractions.

    ``subset`` says of which elections (``subsets_of``), ``against`` which method a reduction is below.
    """

    method: str
    horizon: int | None
    elections: int
    metric: str
    value: float
    standard_error: float | None
    subset: str = ALL
    against: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether a difference is over two standard errors."""
        return self.standard_error is not None and abs(self.value) > 2.0 * self.standard_error

    @property
    def could_be_seen(self) -> float | None:
        """How large a difference four of five such tests would have found over two standard errors."""
        return None if self.standard_error is None else SEEN_ERRORS * self.standard_error

    def record(self) -> dict[str, Any]:
        """As ``forecast backtest --json`` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class _Terms:
    """Values whose weighted mean is a metric, with the election of each."""

    values: Floats
    weights: Floats
    elections: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.weights @ self.values / self.weights.sum())


def backtest(
    archive: str | Path | Sequence[str | Path],
    *,
    horizons: Sequence[int] = HORIZONS,
    methods: Sequence[str] = METHODS,
    constants: str | Path | None = None,
) -> pd.DataFrame:
    """Forecast past elections from what was known before them, and score the forecasts.

    Parameters
    ----------
    archive
        Folder with ``elections.csv``, ``polls.csv`` and ``results.csv`` (docs/poll-table.md), or several.
    horizons
        Days before the vote.
    methods
        Laws to score: ``"default"``, ``"average"`` and ``"trend"`` are those of this program, the others are
        to compare with.
    constants
        Of the error law, as ``forecast fit`` wrote them. Default: those that come with the program.

    Returns
    -------
    pandas.DataFrame
        ``method``, ``horizon`` (missing: all pooled), ``elections``, ``metric``, ``value``,
        ``standard_error``, clustered by election, ``subset`` (of the elections) and ``against`` (of a
        reduction: below which method); what could not be scored in ``attrs["notes"]``.

    Raises
    ------
    PollDataError
        With every fault of the archives.
    ConfigurationError
        For a method or a horizon that there is not.
    """
    import pandas as pd

    several = [archive] if isinstance(archive, str | Path) else list(archive)
    folders = [path_of("archive", one) for one in several]
    days = [whole("horizons", horizon, 0, MOST_HORIZON) for horizon in horizons]
    ways = [one_of("methods", method, METHODS) for method in methods]
    known = load_constants(constants)
    found = run_backtest(
        read_archives(folders), lambda country: known, records=shipped_records(), horizons=days, methods=ways
    )
    frame = pd.DataFrame([row.record() for row in rows_of(found)])
    frame.attrs["notes"] = list(found.notes)
    return frame


def rows_of(backtest: Backtest, do: Do = one_by_one) -> list[Row]:
    """Methods in the order of the backtest; for each, all horizons pooled and then one by one.

    Then how far each is below those it is compared with, and every subset of the elections. ``do`` says who
    does the work, by method.
    """
    by_method: dict[str, list[Scored]] = {}
    for one in backtest.scored:
        by_method.setdefault(one.method, []).append(one)
    compared_with = {name: by_method[name] for name in COMPARED_WITH if name in by_method}
    told: list[tuple[Place, list[Row]]] = []
    methods = each_done(do, _rows_of_method, [(held, compared_with) for held in by_method.values()])
    for at, found in enumerate(methods):
        told += [((*place, at), rows) for place, rows in found]
    return [row for _, rows in sorted(told, key=itemgetter(0)) for row in rows]


Place = tuple[int, ...]
"""Where rows stand among those of a backtest: which table, which part of it, which method."""


def _rows_of_method(
    method: tuple[list[Scored], Mapping[str, list[Scored]]],
) -> list[tuple[Place, list[Row]]]:
    """The rows of a method, with their places, from its forecasts and those that it is compared with."""
    held, compared_with = method
    name = held[0].method
    days = (None, *sorted({one.horizon for one in held}))
    found: list[tuple[Place, list[Row]]] = [
        ((0, 0), [row for day in days for row in _rows(name, day, _at(held, day))])
    ]
    for number, (reference, theirs) in enumerate(compared_with.items()):
        if reference != name:
            found.append(((1, number), reductions(held, theirs)))
    plain = subsets_of(compared_with[PLAIN]) if PLAIN in compared_with and name != PLAIN else {}
    for number, (subset, chosen) in enumerate(subsets_of(held).items()):
        rows = list(_rows_of_subset(subset, name, chosen))
        if plain:
            rows += [replace(row, subset=subset) for row in _reductions(name, None, chosen, plain[subset])]
        found.append(((2, number), rows))
    return found


def _rows_of_subset(subset: str, method: str, held: list[Scored]) -> Iterator[Row]:
    """What is told of a subset: pooled, and of archives and kinds of elections also by horizon."""
    days: tuple[int | None, ...] = (None,)
    if subset.startswith(("kind=", "archive=")):
        days = (None, *sorted({one.horizon for one in held}))
    for horizon in days:
        for row in _rows(method, horizon, _at(held, horizon), BY_SUBSET):
            yield replace(row, subset=subset)


def subsets_of(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """Parts of the elections that are told by themselves, where there is more than one of a sort.

    ``archive=NAME``, ``kind=national``, ``regional`` or ``european``, both together, ``record=none`` (of a
    country without an earlier election) and ``country=NAME``.
    """
    found: dict[str, list[Scored]] = {}
    crossed = ("archive", "kind")
    several = all(len({getattr(one, name) for one in scored}) > 1 for name in crossed)
    both = [crossed] if several else []
    for names in (("archive",), ("kind",), *both, ("record",), ("country",)):
        parts: dict[str, list[Scored]] = {}
        for one in scored:
            values = {**vars(one), "record": "some" if one.earlier else "none"}
            parts.setdefault(" ".join(f"{name}={values[name]}" for name in names), []).append(one)
        if len(parts) > 1:
            found |= {name: part for name, part in sorted(parts.items()) if name not in found}
    return found


def crossing_curve(backtest: Backtest, method: str) -> list[Bin]:
    """The calibration curve of threshold crossings, all horizons pooled."""
    said, happened, _ = _crossings(_of(backtest, method))
    return calibration_curve(said, happened)


def majority_curve(backtest: Backtest, method: str) -> list[Bin]:
    """The calibration curve of majorities, all horizons pooled; every coalition counts once."""
    chosen = _of(backtest, method)
    said = np.concatenate([one.majority_said for one in chosen])
    return calibration_curve(said, np.concatenate([one.won for one in chosen]))


def _of(backtest: Backtest, method: str) -> list[Scored]:
    return [one for one in backtest.scored if one.method == method]


def _at(scored: Sequence[Scored], horizon: int | None) -> list[Scored]:
    return [one for one in scored if horizon in (None, one.horizon)]


def _rows(
    method: str, horizon: int | None, chosen: list[Scored], only: Sequence[str] | None = None
) -> Iterator[Row]:
    metrics = dict.fromkeys(name for one in chosen for name in one.values)
    terms: dict[str, Callable[[list[Scored]], _Terms]] = {name: _value_terms(name) for name in metrics}
    terms |= _TERMS
    for name, of in terms.items():
        if only is not None and name not in only:
            continue
        found = of(chosen)
        if len(found.values):
            yield _row(method, horizon, name, found)
    said, happened, elections = _crossings(chosen)
    if len(said) and (only is None or "crossing_calibration_error" in only):
        error = _bootstrapped(said, happened, elections)
        number = len(np.unique(elections))
        value = calibration_error(said, happened)
        yield Row(method, horizon, number, "crossing_calibration_error", value, error)
        floor = _perfect(said, chosen)
        yield Row(method, horizon, number, "crossing_calibration_floor", float(floor.mean()), None)


def _perfect(said: Floats, chosen: list[Scored]) -> Floats:
    """Calibration errors of a forecaster whose chances are right, from drawn outcomes.

    A party that is asked for on several days crosses on all of them or on none: the same draw decides.
    """
    names = [(one.election, party) for one in chosen for party in one.crossing]
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    column = np.array([number[name] for name in names])
    luck = np.random.default_rng(_SEED).random((_PERFECT, len(number)))
    happened = (luck[:, column] < said).astype(np.float32)  # whole numbers, of which it holds 2**24
    in_bin = bin_of(said)[:, None] == np.arange(BINS)
    return np.abs(happened @ in_bin.astype(np.float32) - said @ in_bin).sum(1) / len(said)


def reductions(ours: Sequence[Scored], theirs: Sequence[Scored]) -> list[Row]:
    """How far a method scores below another one: all horizons pooled, then one by one.

    Paired by forecast; standard errors clustered by election.
    """
    return [
        row
        for day in (None, *sorted({one.horizon for one in ours}))
        for row in _reductions(ours[0].method, day, _at(ours, day), _at(theirs, day))
    ]


def _reductions(
    method: str, horizon: int | None, chosen: list[Scored], reference: list[Scored]
) -> Iterator[Row]:
    for name in COMPARED:
        terms = _TERMS.get(name) or _value_terms(name)
        ours, theirs = terms(chosen), terms(reference)
        if len(ours.values) and theirs.mean > 0.0:
            yield _reduction(method, horizon, name, ours, theirs, reference[0].method)


def _row(method: str, horizon: int | None, metric: str, terms: _Terms) -> Row:
    number = len(np.unique(terms.elections))
    error = clustered_error(terms.values, terms.elections, terms.weights)
    return Row(method, horizon, number, metric, terms.mean, _finite(error))


def _reduction(
    method: str, horizon: int | None, metric: str, ours: _Terms, theirs: _Terms, reference: str
) -> Row:
    """1 - ours/theirs with its linearised standard error: both are scored on the same statements."""
    ratio = ours.mean / theirs.mean
    error = clustered_error((ours.values - ratio * theirs.values) / theirs.mean, ours.elections, ours.weights)
    number = len(np.unique(ours.elections))
    name = f"{metric}_reduction"
    return Row(method, horizon, number, name, 1.0 - ratio, _finite(error), against=reference)


def _finite(error: float) -> float | None:
    return error if np.isfinite(error) else None


def _value_terms(name: str) -> Callable[[list[Scored]], _Terms]:
    def terms(chosen: list[Scored]) -> _Terms:
        having = [one for one in chosen if name in one.values]
        values = np.array([one.values[name] for one in having])
        return _Terms(values, np.ones(len(values)), _numbers([one.election for one in having]))

    return terms


def _crossing_terms(chosen: list[Scored]) -> _Terms:
    said, happened, elections = _crossings(chosen)
    return _Terms(brier(said, happened), np.ones(len(said)), elections)


def _majority_terms(chosen: list[Scored]) -> _Terms:
    """Mean over coalitions in a case, then over the cases of an election, then over elections."""
    having = [one for one in chosen if len(one.majority_said)]
    if not having:
        return _Terms(np.zeros(0), np.zeros(0), np.zeros(0, int))
    said = np.concatenate([one.majority_said for one in having])
    squares = brier(said, np.concatenate([one.won for one in having]))
    asked = np.array([len(one.majority_said) for one in having])
    values = np.add.reduceat(squares, np.cumsum(asked) - asked) / asked
    elections = _numbers([one.election for one in having])
    return _Terms(values, 1.0 / np.bincount(elections)[elections], elections)


_TERMS: dict[str, Callable[[list[Scored]], _Terms]] = {
    "crossing_brier": _crossing_terms,
    "majority_brier": _majority_terms,
}
"""Metrics of statements; others are one value a forecast."""


def _crossings(chosen: list[Scored]) -> tuple[Floats, Flags, np.ndarray]:
    """What was said, what happened, and in which election, one entry a statement."""
    names = [one.election for one in chosen for _ in one.crossing_said]
    said = [one.crossing_said for one in chosen]
    happened = [one.crossed for one in chosen]
    if not names:
        return np.zeros(0), np.zeros(0, bool), np.zeros(0, int)
    return np.concatenate(said), np.concatenate(happened), _numbers(names)


def _numbers(names: Sequence[str]) -> np.ndarray:
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], int)


def _bootstrapped(said: Floats, happened: Flags, elections: np.ndarray) -> float | None:
    """Standard error of the calibration error from elections drawn with replacement."""
    number = int(elections.max(initial=0)) + 1
    if number < 2:
        return None
    drawn = np.random.default_rng(_SEED).integers(0, number, (_RESAMPLES, number))
    return float(np.std(calibration_resamples(said, happened, elections, drawn), ddof=1))


METHOD = "default"


def calibration_of(
    backtest: Backtest, rows: Sequence[Row], elections: Sequence[PastElection], left_out: str
) -> Calibration:
    """What the default method was worth; ``left_out`` is "country" or empty."""
    scored = {one.election for one in backtest.scored}
    used = [election for election in elections if election.id in scored]
    ours = [row for row in rows if row.method == METHOD and not row.against]
    whole = [row for row in ours if row.subset == ALL]
    horizons = dict.fromkeys(row.horizon for row in whole)
    kinds = {
        kind: [row for row in ours if row.subset == f"kind={kind}"]
        for kind in KINDS
        if any(row.subset == f"kind={kind}" for row in ours)
    }
    return Calibration(
        elections=len(used),
        countries=len({election.country for election in used}),
        years=tuple(sorted({election.date.year for election in used})),
        date=datetime.date.today().isoformat(),
        left_out=left_out,
        horizons=tuple(_record(whole, horizon) for horizon in horizons),
        crossings=tuple(crossing_curve(backtest, METHOD)),
        majorities=tuple(majority_curve(backtest, METHOD)),
        kinds=tuple(
            _record(held, horizon, kind)
            for kind, held in kinds.items()
            for horizon in dict.fromkeys(row.horizon for row in held)
        ),
    )


def _record(rows: Sequence[Row], horizon: int | None, kind: str = "") -> HorizonRecord:
    found = {row.metric: row for row in rows if row.horizon == horizon}

    def value(metric: str) -> float | None:
        return round(found[metric].value, 4) if metric in found else None

    return HorizonRecord(
        horizon=horizon,
        elections=found["crps"].elections,
        coverage_50=round(found["coverage_50"].value, 4),
        coverage_80=round(found["coverage_80"].value, 4),
        coverage_95=round(found["coverage_95"].value, 4),
        crps=round(found["crps"].value, 4),
        crossing_brier=value("crossing_brier"),
        majority_brier=value("majority_brier"),
        mae=value("mae"),
        kind=kind,
    )
