"""The estimate: where vote shares are expected on election day, how far off that may be, and what a reader
must know about the ground that it stands on.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from forecast.door.arguments import day, made_by
from forecast.election.loading import day_of_forecast
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.estimation.average import (
    LARGE_UNDECIDED,
    LOOKS_BACK_DAYS,
    MOST_AGE,
    OTHER,
    Average,
    Floats,
    Prepared,
    Reports,
    average,
    disagreement,
    movement,
    prepare,
)
from forecast.estimation.centre import Centre, adjusted, centre_of, without_withdrawn
from forecast.estimation.law import (
    Constants,
    LawConstants,
    Situation,
    load_constants,
    shipped_constants,
    squared_scales,
)
from forecast.estimation.records import Calibration, shipped_calibration
from forecast.estimation.share_draws import with_outside
from forecast.estimation.trend import Trend, trend_of

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable

UNDECIDED_SPREAD = 0.5
"""Prior on how the undecided split, where over 10 % are: a standard deviation on log shares.

With 0.5 a party's share among them lies within 0.6 and 1.65 times its share among the decided in two of three
elections. Nothing was fitted: few polls publish the undecided. In Kazakhstan 2023, the one election with over
20 % of them, the leading list fared 2.7 times worse among them than among the decided, two such spreads.
"""
FEW_POLLS = 3
_MOST_LISTED = 5


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
    """Day of the vote that is forecast."""
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
    method: str = "default"
    """``default``, ``average`` or ``trend``."""
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
    """(U,) the average, with what-ifs as in ``mean``; ``None`` where it is ``mean``."""
    record: float = 0.0
    """R: half the log of how much more (or less) polls missed in this country's earlier elections."""
    newcomers: float = 0.0
    """N: polled share of parties without a last result."""
    of_places: PollTable | None = field(default=None, repr=False)
    """Polls of parts of the country, which are not in the mean (``forecast.geography.projection``)."""
    unreported: tuple[str, ...] = ()
    """Listed options that no poll reports: at the floor on a closed ballot, else inside ``other``."""

    def _repr_html_(self) -> str:
        return import_module("forecast.tables.exporting").estimate_html(self)


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
    estimated = _estimated(election, polls, as_of, constants or load_constants(election.estimate.constants))
    return without_withdrawn(estimated, election)


def _estimated(election: Election, polls: PollTable, as_of: datetime.date, constants: Constants) -> Estimate:
    """The estimate before anybody withdraws."""
    national = _known(polls, as_of)
    exit_polls = len(national.exit_polls) > 0
    known = national.exit_polls if exit_polls else national
    settings = election.estimate
    context = 1.0 if exit_polls else float(settings.context)
    reports = reports_of(known, as_of, election)
    prepared = prepare(reports, _is_closed(election))
    centre = average(prepared)
    vote = election.election.vote or as_of
    horizon = max(0, (vote - as_of).days)
    stands = centre_of(
        election, prepared, centre, situation_of(prepared, centre, horizon, exit_polls), constants, vote
    )
    situation = stands.situation
    law = constants.law(settings.method)
    mean, scale, pooled = _drawn_around(election, prepared, stands, law, context)
    tested, record = _tested(constants, settings.method, horizon, exit_polls, context)
    undecided = float(centre.weights @ prepared.undecided)
    spread = _undecided_spread(settings.undecided_spread, undecided)
    ground = ground_of(election, prepared, centre, reports, Ground(exit_polls, context, undecided, spread))
    beside = (*supposed(election, vote), *left_out(polls, as_of))
    warnings = (*beside, *prepared.warnings, *stands.warnings, *pooled, *ground)
    return Estimate(
        units=prepared.units,
        absorbed=prepared.absorbed,
        mean=mean,
        scale=scale,
        degrees_of_freedom=law.degrees_of_freedom,
        undecided=undecided,
        undecided_spread=spread,
        as_of=as_of,
        election_date=vote,
        n_eff=centre.n_eff,
        pollsters_eff=centre.firms_eff,
        mean_age=centre.age,
        disagreement=situation.disagreement,
        movement=situation.movement,
        polls=_frame(known, prepared, centre),
        warnings=tuple(dict.fromkeys(warnings)),
        kind="exit" if exit_polls else "pre-election",
        method=settings.method,
        constants_from=str(constants.basis(settings.method)),
        context=context,
        trend=_trend(election, national, as_of, constants),
        calibration=tested,
        track_record=(*record, *stands.account),
        average=_average_shown(stands.mean, centre.mean, mean),
        record=situation.record,
        newcomers=situation.newcomers,
        of_places=polls.partial,
        unreported=prepared.unreported,
    )


def _drawn_around(
    election: Election, prepared: Prepared, stands: Centre, law: LawConstants, context: float
) -> tuple[Floats, Floats, list[str]]:
    """Centre (U,) and squared scale (U, U) of the draws, and what is said of forecasts that are pooled in.

    What-ifs come last; where nothing is pooled in, scales are those of the shares that they make.
    """
    other, situation = prepared.open_ballot, stands.situation
    mean, pooled = stands.mean, []
    spread = np.zeros(0)
    if election.estimate.outside and not situation.exit_polls:
        own = np.diag(squared_scales(stands.sized, law, situation, context=context, other=other))
        nu = law.degrees_of_freedom
        mean, spread, pooled = with_outside(election, prepared.units, mean, own, nu)
    wanted = adjusted(mean, prepared, election)
    if not pooled:
        sized = stands.sized * wanted / mean
        spread = np.diag(squared_scales(sized, law, situation, context=context, other=other))
    return wanted, spread, pooled


def _average_shown(stands: Floats, average: Floats, mean: Floats) -> Floats | None:
    """The average with the what-ifs of the mean; ``None`` where the mean is made of it alone."""
    if np.array_equal(stands, average):
        return None
    shown = average * mean / stands
    return shown / shown.sum()


def _day(election: Election, polls: PollTable, as_of: datetime.date | None) -> datetime.date:
    """The day asked for, else that of the newest poll."""
    if as_of is None and election.election.on is not None:
        as_of = election.election.on
    elif as_of is None:
        as_of = polls.default_as_of() if len(polls) else election.election.date or datetime.date.max
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
    if method != "default":
        said.append(
            f"That is the record of the default method, not of the {method}; docs/method.md has both."
        )
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
        stated=stated_shares(election),
    )


def stated_shares(election: Election) -> dict[str, float]:
    """Shares at which options stand where no poll reports them: as the file fixes them (``estimate.share``),
    and of independents, whom no national poll names, that of the last election, or 0 where none is known.
    """
    last = {p.id: float(p.last_result or 0) for p in election.parties if p.kind == "independent"}
    return last | {name: float(share) for name, share in election.estimate.share.items()}


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


class Ground(NamedTuple):
    """What the mean rests on: exit polls alone or others; the factor on their error; the undecided."""

    exit_polls: bool
    context: float
    undecided: float
    spread: float


def supposed(election: Election, vote: datetime.date) -> list[str]:
    """What is forecast where that is no vote that is held."""
    facts = election.election
    if not facts.supposed:
        return []
    if facts.date is None:
        return [f"the day of the election is not known (election.date): a vote held on {vote} is forecast"]
    return [f"a vote held on {vote} is forecast (election.on), not that of {facts.date}"]


def left_out(polls: PollTable, as_of: datetime.date) -> list[str]:
    """What the table of polls itself is doubted for, and polls known by a date that enter no mean."""
    known = polls.known_at(as_of)
    said = known.doubted
    if len(known.partial):
        of = "of a part of the country or of some parties only: not in the mean"
        said.append(f"{_polls(len(known.partial))} {of} ({_listed(known.partial)})")
    vote = polls.election_date
    never = polls.national.known_after(vote) if vote is not None else None
    if never is not None and len(never):
        said.append(f"{_polls(len(never))} published after the vote: not in the mean ({_listed(never)})")
    national = known.national
    if len(national.exit_polls) and len(national.pre_election):
        before = f"{_polls(len(national.pre_election))} held before the vote"
        said.append(f"{before}: not in the mean, which is of exit polls")
    return said


def ground_of(
    election: Election, prepared: Prepared, centre: Average, reports: Reports, ground: Ground
) -> list[str]:
    """What the polls of the mean are, few or old or of one pollster, and whom they do not tell apart."""
    return [
        *_too_old(prepared, centre, reports),
        *_few(centre, reports, ground),
        *_under_other(election, prepared),
        *_errors(ground),
    ]


def _too_old(prepared: Prepared, centre: Average, reports: Reports) -> Iterator[str]:
    counted = np.zeros(len(reports), bool)
    counted[prepared.rows] = centre.weights > 0
    old = int((~counted & (reports.ages > min(MOST_AGE, LOOKS_BACK_DAYS))).sum())
    if old:
        yield f"{_polls(old)} over {MOST_AGE} days old: without weight in the mean"


def _few(centre: Average, reports: Reports, ground: Ground) -> Iterator[str]:
    used = int((centre.weights > 0).sum())
    if ground.exit_polls:
        yield (
            "exit polls only: their error rests on seven exit polls in Kazakhstan that track the official "
            "count; not to be carried elsewhere"
        )
    if used < FEW_POLLS:
        yield f"the mean rests on {'one poll' if used == 1 else f'{used} polls'}"
    elif centre.firms_eff < 1.0 + 1e-9:
        yield "all polls are from one pollster: its own lean cannot be told from the truth"
    if np.isnan(reports.sizes).all():
        yield "no poll gives its sample size: 1000 respondents are assumed"


def _under_other(election: Election, prepared: Prepared) -> Iterator[str]:
    """Options that stand under other by name: their votes win no seats there; and where others stand that no
    poll reports.
    """
    apart = (*prepared.units, *prepared.absorbed)
    for name in prepared.unreported:
        party, share = election.by_id[name], prepared.stated.get(name)
        if share is not None and name in election.estimate.share:
            yield f"no poll reports {party.name}: it stands at {share:.2%}, as estimate.share fixes it"
        elif share:
            yield f"no poll reports {party.name}, of kind independent: taken at the last result, {share:.2%}"
        elif party.kind == "independent":
            yield (
                f"no poll reports {party.name}, of kind independent, and nothing says how many vote so: no "
                f"seat goes there in any draw; the party's last_result or estimate.share.{name} says it"
            )
    folded = [
        name
        for name in prepared.unreported
        if name not in apart and election.by_id[name].kind != "independent"
    ]
    for why, ids in (
        ("too rarely polled to stand alone", prepared.absorbed),
        ("reported by no poll", folded),
    ):
        if ids:
            names = ", ".join(election.by_id[name].name for name in ids)
            yield f"{why}, counted under other: {names}"


def _errors(ground: Ground) -> Iterator[str]:
    if ground.undecided > LARGE_UNDECIDED:
        spread = ground.spread
        split = f"drawn with a spread of {spread:g}" if spread else "taken to split like the decided"
        yield f"{ground.undecided:.0%} of the respondents are undecided or unreported: their split is {split}"
    if ground.context != 1.0:
        yield (
            f"the error of pre-election polls is multiplied by {ground.context:g} (estimate.context); the "
            "2 for managed elections rests on two of them, Kazakhstan 2012 and 2023"
        )


def _polls(number: int) -> str:
    return "1 poll" if number == 1 else f"{number} polls"


def _listed(polls: PollTable) -> str:
    """Polls by pollster and row, the first of many."""
    frame = polls.polls
    named = [f"{who}, row {row}" for who, row in zip(frame["pollster"], frame["row"], strict=True)]
    more = f"; and {len(named) - _MOST_LISTED} more" if len(named) > _MOST_LISTED else ""
    return "; ".join(named[:_MOST_LISTED]) + more
