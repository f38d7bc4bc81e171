"""The estimate: where vote shares are expected on election day, and how far off that may be."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.door.arguments import day, made_by
from forecast.election.forecastable import day_of_forecast
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.estimation.average import Average, average
from forecast.estimation.calibration import Calibration, shipped_calibration
from forecast.estimation.constants import Constants, load_constants, shipped_constants
from forecast.estimation.ground import Ground, ground_of, left_out
from forecast.estimation.law import Situation, squared_scales
from forecast.estimation.preparation import LARGE_UNDECIDED, Prepared, prepare
from forecast.estimation.reports import OTHER, Floats, Reports
from forecast.estimation.signals import disagreement, movement
from forecast.estimation.swings import Adjustment, adjusted
from forecast.estimation.trend import Trend, trend_mean, trend_of
from forecast.estimation.withdrawal import without_withdrawn

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable

UNDECIDED_SPREAD = 0.5
"""Prior on how the undecided split, where over 10 % are: a standard deviation on log shares.

With 0.5 a party's share among them lies within 0.6 and 1.65 times its share among the decided in two of three
elections. Nothing was fitted: few polls publish the undecided. In Kazakhstan 2023, the one election with over
20 % of them, the leading list fared 2.7 times worse among them than among the decided, two such spreads.
"""


@dataclass(frozen=True)
class Estimate:
    """Centre, scale and tails of the distribution of vote shares, and what it was made of.

    A draw: x_k = ln mean_k + t_k with t a multivariate t of ``degrees_of_freedom`` and squared scale
    ``scale``; share = softmax(x). The undecided split like the decided, times exp(undecided_spread z_k).
    """

    units: tuple[str, ...]
    """Ids in the order of the election file; ``other`` is last where the ballot is open."""
    absorbed: tuple[str, ...]
    """Listed options too rarely polled to stand alone: they are inside ``other``."""
    mean: Floats
    """(U,) shares, sum 1: the centre of the draws."""
    scale: Floats
    """(U, U) squared scale of the t on log shares (not its variance)."""
    degrees_of_freedom: float
    undecided: float
    """Share taken out of the polls, averaged with their weights."""
    undecided_spread: float
    as_of: datetime.date
    election_date: datetime.date
    n_eff: float
    """Effective number of respondents."""
    pollsters_eff: float
    """Effective number of pollsters."""
    mean_age: float
    """Mean age of the polls in days, weighted."""
    disagreement: float
    """phi: half the log of how much more (or less) polls disagree than is usual."""
    movement: float
    """M: half the log of how much more (or less) shares moved than is usual."""
    polls: pd.DataFrame = field(repr=False)
    """Polls looked at: row, pollster, days, size, age, rank, weight, undecided, share_<unit> and more."""
    warnings: tuple[str, ...]
    kind: str = "pre-election"
    """Which polls the mean rests on: ``pre-election`` or ``exit``."""
    method: str = "average"
    constants_from: str = ""
    """What the constants of the error law rest on."""
    context: float = 1.0
    """What the error of pre-election polls was multiplied by."""
    trend: Trend | None = field(default=None, repr=False)
    """The trend of the pre-election polls (of the exit polls where there are no others)."""
    calibration: Calibration | None = field(default=None, repr=False)
    """The backtest that tells how often such forecasts were right; ``None`` where they were not tested."""
    track_record: tuple[str, ...] = ()
    """What a reader should know of that, in plain words."""
    average: Floats | None = field(default=None, repr=False)
    """(U,) the average with the votes of withdrawn parties handed on; ``None`` where it is ``mean``."""
    of_places: PollTable | None = field(default=None, repr=False)
    """Polls of parts of the country, which are not in the mean (``forecast.geography.local_polls``)."""
    unreported: tuple[str, ...] = ()
    """Listed options that no poll reports: at the floor on a closed ballot, else inside ``other``."""

    def _repr_html_(self) -> str:
        return import_module("forecast.tables.notebook").estimate_html(self)


def estimate(
    election: Election,
    polls: PollTable,
    as_of: datetime.date | None = None,
    constants: Constants | None = None,
) -> Estimate:
    """Where vote shares are expected on election day, and how far off that may be.

    Parameters
    ----------
    election, polls
        As ``load_election`` and ``read_polls`` give them.
    as_of
        Only what was known by the end of this day is used. Default: election day if there is an exit poll,
        else the day on which the newest poll became known.
    constants
        Of the error law, as ``forecast fit`` wrote them. Default: those that the election file names, else
        those that come with the program.

    Returns
    -------
    Estimate

    Raises
    ------
    PollDataError
        Where no national poll is known by then.
    ConfigurationError
        For a day after the election, and for swings and withdrawals that cannot be.
    """
    made_by("load_election", election=election)
    made_by("read_polls", polls=polls)
    as_of = _day(election, polls, as_of)
    constants = constants or load_constants(election.estimate.constants)
    national = _known(polls, as_of)
    exit_polls = len(national.exit_polls) > 0
    known = national.exit_polls if exit_polls else national
    settings = election.estimate
    context = 1.0 if exit_polls else float(settings.context)
    reports = reports_of(known, as_of, election)
    prepared = prepare(reports, _is_closed(election))
    centre = average(prepared)
    by_trend = settings.method == "trend" and not exit_polls
    mean = trend_mean(prepared, constants.trend_model) if by_trend else centre.mean
    mean = adjusted(mean, prepared, _adjustment(election), election.place)
    horizon = max(0, (election.election.date - as_of).days)
    situation = situation_of(prepared, centre, horizon, exit_polls)
    law = constants.law(settings.method)
    scale = squared_scales(mean, law, situation, context=context, other=prepared.open_ballot)
    tested, record = _tested(constants, settings.method, horizon, exit_polls, context)
    undecided = float(centre.weights @ prepared.undecided)
    spread = _undecided_spread(settings.undecided_spread, undecided)
    ground = ground_of(election, prepared, centre, reports, Ground(exit_polls, context, undecided, spread))
    warnings = [*left_out(polls, as_of), *prepared.warnings, *ground]
    estimated = Estimate(
        units=prepared.units,
        absorbed=prepared.absorbed,
        mean=mean,
        scale=np.diag(scale),
        degrees_of_freedom=law.degrees_of_freedom,
        undecided=undecided,
        undecided_spread=spread,
        as_of=as_of,
        election_date=election.election.date,
        n_eff=centre.n_eff,
        pollsters_eff=centre.firms_eff,
        mean_age=centre.age,
        disagreement=situation.disagreement,
        movement=situation.movement,
        polls=_frame(known, prepared, centre),
        warnings=tuple(dict.fromkeys(warnings)),
        kind="exit" if exit_polls else "pre-election",
        method=settings.method,
        constants_from=str(constants.rests_on),
        context=context,
        trend=_trend(election, national, as_of, constants),
        calibration=tested,
        track_record=record,
        of_places=polls.partial,
        unreported=prepared.unreported,
    )
    return without_withdrawn(estimated, election)


def _day(election: Election, polls: PollTable, as_of: datetime.date | None) -> datetime.date:
    """The day asked for, else that of the newest poll."""
    if as_of is None:
        as_of = polls.default_as_of() if len(polls) else election.election.date
    return day_of_forecast(election, day("as_of", as_of))


def _trend(election: Election, national: PollTable, as_of: datetime.date, constants: Constants) -> Trend:
    """The trend of the polls held before the vote, also where the mean rests on exit polls."""
    before = national.pre_election if len(national.pre_election) else national
    prepared = prepare(reports_of(before, as_of, election), _is_closed(election))
    names = {str(name).casefold(): str(name) for name in reversed(before.polls["pollster"].tolist())}
    return trend_of(prepared, constants.trend_model, as_of, names)


def _tested(
    constants: Constants, method: str, horizon: float, exit_polls: bool, context: float
) -> tuple[Calibration | None, tuple[str, ...]]:
    """The backtest that speaks for an estimate, and what it says; ``None`` where none does."""
    if exit_polls:
        said = "No backtest holds exit polls: their error rests on seven of them, all of Kazakhstan."
        return None, (said,)
    if constants != shipped_constants():
        said = "These constants are not those that were tested; `forecast backtest --constants` tests them."
        return None, (said,)
    calibration = shipped_calibration()
    said = list(calibration.sentences(horizon))
    if method == "trend":
        said.append("That is the record of the weighted average, not of the trend; docs/method.md has both.")
    if context != 1.0:
        said.append(
            f"None of these elections was managed: the error times {context:g} has no such record behind it."
        )
    return calibration, tuple(said)


def _is_closed(election: Election) -> bool:
    """Whether there is nobody beside the options listed: a listed residual stands for all others."""
    return election.election.closed_ballot or any(party.id == OTHER for party in election.parties)


def situation_of(prepared: Prepared, centre: Average, horizon: float, exit_polls: bool = False) -> Situation:
    """What the error law needs to know about a set of polls."""
    return Situation(
        horizon=horizon,
        age=centre.age,
        n_eff=centre.n_eff,
        firms_eff=centre.firms_eff,
        movement=movement(prepared),
        disagreement=disagreement(prepared),
        exit_polls=exit_polls,
    )


def reports_of(polls: PollTable, as_of: datetime.date, election: Election) -> Reports:
    """Polls of a table as plain arrays; options in the order of the election file."""
    frame, shares = polls.polls, polls.of_all_asked
    listed = [party.id for party in election.parties]
    day = frame["fieldwork_end"].fillna(frame["published"])
    ages = (pd.Timestamp(as_of) - day).dt.days.to_numpy(np.float64)
    residual = OTHER in listed
    blank = np.full(len(frame), np.nan)
    labels = tuple(
        f"the poll of {pollster} ({when.date()}, row {row})"
        for pollster, when, row in zip(frame["pollster"], day, frame["row"], strict=True)
    )
    return Reports(
        ids=tuple(listed),
        shares=shares[listed].to_numpy(np.float64),
        other=blank if residual else shares[OTHER].to_numpy(np.float64),
        undecided=shares["undecided"].to_numpy(np.float64),
        ages=np.maximum(ages, 0.0),
        sizes=frame["sample_size"].to_numpy(np.float64),
        firms=tuple(str(pollster).casefold() for pollster in frame["pollster"]),
        labels=labels,
        names=tuple(party.name for party in election.parties),
    )


def _known(polls: PollTable, as_of: datetime.date) -> PollTable:
    """National polls known at a date."""
    known = polls.national.known_at(as_of)
    if not len(known):
        raise PollDataError(Fault(polls.place, "", ABSENT, _nothing_known(polls, as_of)))
    return known


def _nothing_known(polls: PollTable, as_of: datetime.date) -> str:
    if not len(polls.national):
        return "the table holds no national poll; those of one city or of some parties only make no estimate"
    first = polls.national.polls["known"].min().date()
    return f"no poll is known by {as_of}; the earliest is known from {first}: choose that day or a later one"


def _adjustment(election: Election) -> Adjustment:
    settings = election.estimate
    return Adjustment(
        {unit: float(swing) for unit, swing in settings.shift.items()},
        {unit: float(share) for unit, share in settings.share.items()},
    )


def _undecided_spread(configured: Fraction | None, undecided: float) -> float:
    if undecided <= 0.0:
        return 0.0
    if configured is not None:
        return float(configured)
    return UNDECIDED_SPREAD if undecided > LARGE_UNDECIDED else 0.0


def _frame(polls: PollTable, prepared: Prepared, centre: Average) -> pd.DataFrame:
    """Polls looked at, in file order, with what became of them; weights sum to 1."""
    frame = polls.polls.iloc[prepared.rows].reset_index(drop=True)
    added = pd.DataFrame(
        {
            "age": prepared.ages,
            "rank": prepared.ranks,
            "weight": centre.weights,
            "undecided": prepared.undecided,
        }
    )
    shown = np.where(prepared.reported, prepared.shares, np.nan)
    if prepared.open_ballot:
        shown[:, -1] = prepared.shares[:, -1]
    shares = pd.DataFrame(shown, columns=[f"share_{unit}" for unit in prepared.units])
    kept = [
        "row",
        "pollster",
        "fieldwork_start",
        "fieldwork_end",
        "published",
        "sample_size",
        "kind",
        "source",
    ]
    return pd.concat([frame[kept], added, shares], axis=1)
