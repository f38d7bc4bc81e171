"""Where a forecast stands before its errors: the average, the trend, or the default between them; and what
if: swings and fixed shares on top of it, and a party that withdraws.

The default is half way between the two, and moved from there: polls of a party that is far above its last
result tend to overstate it, and those of a large party, the more the further ahead the vote is. ``law`` has
the formula, ``docs/method.md`` what each term is worth.

A draw of shares s becomes s'_j ~ s_j + sum over withdrawn w of T_wj s_w; voters that no party gets stay at
home, and what is left is scaled to 1.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.election.values import percent
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.estimation.average import OTHER, Average, Flags, Floats, Prepared
from forecast.estimation.law import Constants, LawConstants, Situation
from forecast.estimation.records import CountryRecord, country_record, read_records, shipped_records, together
from forecast.estimation.trend import trend_mean
from forecast.last_election import LastShares, last_shares

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation.estimate import Estimate

FURTHEST_BACK = 1.2
"""Log ratios of last result and average count up to this: a factor of 3.3."""
LEAST_LAST = 0.004
"""Smaller last results say nothing."""
USUAL_SIZE = 0.08
"""Share at which the size of a party moves nothing."""
ENOUGH_KNOWN = 0.55
"""Where the last results that are known add up to less, new parties are not told from unknown ones."""
Transfers = Mapping[str, Mapping[str, Fraction]]
LEAST = 1e-9
"""A share fixed at 0 stands here, as good as absent: the law lives on logarithms."""
_SAID_POINTS = 0.0005
_MOST_LISTED = 4
_PAIRS = 2**14
"""Draws of the error, each with its opposite, from which centre and scale are read."""
_SEED = 5
_LEAST_DEGREES = 4.5
"""The spread of heavier tails than these is lost in a sample; they are matched as if they were these."""


class Correction(NamedTuple):
    """What the default law reads off average, trend and last result, over units (U,).

    ``centre`` sums to 1; ``back`` is z, the log ratio of last result and average; ``size`` is g, that of the
    average and a party of 8 %; both are 0 for Other. ``newcomers`` is the polled share of parties without a
    last result.
    """

    centre: Floats
    back: Floats
    size: Floats
    newcomers: float

    def moved(self, law: LawConstants, situation: Situation) -> Floats:
        """(U,) the centre of the draws, sum 1."""
        days = situation.log_months
        weight = float(law.last_result(days))
        logs = np.log(self.centre) + weight * self.back + law.size_growth * days * self.size
        shares = np.exp(logs - logs.max())
        return shares / shares.sum()


def correction_of(average: Floats, trend: Floats, last: Floats, named: Flags) -> Correction:
    """Average, trend and last results (U,) as the default law reads them.

    ``last`` is NaN where no last result is known; ``named`` are all units but Other.
    """
    centre = np.sqrt(average * trend)
    known = named & ~np.isnan(last) & (np.nan_to_num(last) > LEAST_LAST)
    ratio = np.log(np.where(known, last, 1.0)) - np.log(np.where(known, average, 1.0))
    enough = float(np.where(known, last, 0.0).sum()) >= ENOUGH_KNOWN
    return Correction(
        centre=centre / centre.sum(),
        back=np.clip(ratio, -FURTHEST_BACK, FURTHEST_BACK),
        size=np.where(named, np.log(average / USUAL_SIZE), 0.0),
        newcomers=float(average[named & ~known].sum()) if enough else 0.0,
    )


class Centre(NamedTuple):
    """Shares (U,) that draws are around, shares that their scales are those of, and what the law reads.

    ``account`` says in plain words what beside the polls of this election went into it.
    """

    mean: Floats
    sized: Floats
    situation: Situation
    account: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def centre_of(
    election: Election,
    prepared: Prepared,
    average: Average,
    situation: Situation,
    constants: Constants,
    vote: datetime.date,
) -> Centre:
    """The centre by the method of the election file; exit polls stand by themselves whatever it is.

    Raises what ``last_shares`` and ``read_records`` raise.
    """
    method = election.estimate.method
    if situation.exit_polls or method == "average":
        return Centre(average.mean, average.mean, situation)
    trend = trend_mean(prepared, constants.trend_model)
    if method == "trend":
        return Centre(trend, trend, situation)
    known = last_shares(election)
    seen = _correction(prepared, average, trend, known)
    record = record_of(election, vote)
    situation = situation._replace(record=record.value, newcomers=seen.newcomers)
    law = constants.law(method)
    mean = seen.moved(law, situation)
    without = seen._replace(back=np.zeros(len(mean))).moved(law, situation)
    wider = float(np.exp(law.record_weight * record.value))
    said = (
        record.sentence(election.election.country, wider),
        _of_last_results(election, prepared, known, float(np.abs(mean - without).max())),
    )
    return Centre(mean, seen.centre, situation, tuple(filter(None, said)), known.warnings)


def record_of(election: Election, vote: datetime.date) -> CountryRecord:
    """The record of the election's country: that which ships, and that of the file it names."""
    settings, facts = election.estimate, election.election
    if settings.record is not None and settings.own_record is None:
        return CountryRecord()
    own = () if settings.own_record is None else read_records(settings.own_record)
    return country_record(together(shipped_records(), own), facts.country, vote, facts.id)


def _correction(prepared: Prepared, average: Average, trend: Floats, known: LastShares) -> Correction:
    last = np.array([known.shares.get(unit, np.nan) for unit in prepared.units])
    named = np.array([unit != OTHER for unit in prepared.units])
    return correction_of(average.mean, trend, last, named)


def _of_last_results(election: Election, prepared: Prepared, known: LastShares, moved: float) -> str:
    """How far last results move the centre, and of whom none is known."""
    have = [unit for unit in prepared.units if unit in known.shares]
    if not have:
        return "No last result is known (parties.ID.last_result): the centre is of the polls alone."
    parties = "one party" if len(have) == 1 else f"{len(have)} parties"
    far = f"by up to {100 * moved:.1f} points" if moved >= _SAID_POINTS else "by less than 0.1 points"
    said = f"Last results of {parties} move the centre {far}"
    missing = [election.by_id[unit].name for unit in prepared.units if unit in known.unknown]
    if not missing:
        return f"{said}."
    more = f" and {len(missing) - _MOST_LISTED} more" if len(missing) > _MOST_LISTED else ""
    return f"{said}; none is known of {', '.join(missing[:_MOST_LISTED])}{more}."


def adjusted(mean: Floats, prepared: Prepared, election: Election) -> Floats:
    """The mean with units exactly where ``estimate.shift`` and ``estimate.share`` want them, or where they
    are known to stand without polls, and the others scaled to the rest.

    Where all units are wanted somewhere, all are scaled to sum to 1. ``ConfigurationError`` for a unit that
    does not stand alone, or a share that would leave 0 to 1.
    """
    place = election.place
    shifts = {unit: float(swing) for unit, swing in election.estimate.shift.items()}
    shares = {**prepared.stated, **{unit: float(one) for unit, one in election.estimate.share.items()}}
    if not shifts and not shares:
        return mean
    position = {unit: i for i, unit in enumerate(prepared.units)}
    faults = [
        Fault(place, f"estimate.{key}.{unit}", value, not_a_unit(unit, prepared.units, prepared.absorbed))
        for key, values in (("shift", shifts), ("share", shares))
        for unit, value in values.items()
        if unit not in position
    ]
    if faults:
        raise ConfigurationError(*faults)
    result = mean.copy()
    for unit, share in shares.items():
        result[position[unit]] = share
    for unit, swing in shifts.items():
        result[position[unit]] += swing
        if not 0.0 <= result[position[unit]] <= 1.0:
            remedy = (
                f"the polls have this party at {mean[position[unit]]:.2%}: it would leave 0 to 100 percent"
            )
            faults.append(Fault(place, f"estimate.shift.{unit}", f"{swing:+.2%}", remedy))
    moved = np.isin(np.array(prepared.units), [*shares, *shifts])
    if result[moved].sum() > 1.0 + 1e-9 and not moved.all():
        remedy = f"the parties moved would hold {result[moved].sum():.1%} together"
        faults.append(Fault(place, "estimate", f"{result[moved].sum():.1%}", remedy))
    if faults:
        raise ConfigurationError(*faults)
    return _closed(result, mean, moved)


def _closed(result: Floats, mean: Floats, moved: np.ndarray) -> Floats:
    if not moved.all():
        result[~moved] = mean[~moved] * (1.0 - result[moved].sum()) / mean[~moved].sum()
    result = np.maximum(result, LEAST)
    return result / result.sum()


def handed_on(shares: Floats, units: Sequence[str], transfers: Transfers) -> tuple[tuple[str, ...], Floats]:
    """Votes (N, U) of every draw after the transfers, not scaled, and the units that are left.

    Parties that are no unit hand nothing on; every party that is handed votes must be a unit.
    """
    left = tuple(unit for unit in units if unit not in transfers)
    matrix = np.zeros((len(units), len(left)))
    for i, unit in enumerate(units):
        if unit in transfers:
            for to, share in transfers[unit].items():
                matrix[i, left.index(to)] = float(share)
        else:
            matrix[i, left.index(unit)] = 1.0
    return left, shares @ matrix


def without_withdrawn(estimate: Estimate, election: Election) -> Estimate:
    """The estimate with the votes of the parties in ``estimate.withdrawal`` handed on.

    Draws are made on log shares, where a sum of votes has no law of its own. Mean and covariance of the log
    shares after the transfer, which ``_matched`` reads off draws of the error, become centre and squared
    scale, so that errors that the parties had in common stay in common. That is exact for whoever is handed
    nothing, and so for a party whose voters all stay at home. For the others it is an approximation: against
    the transfer made draw by draw, mean shares are off by under 0.1 points and their standard deviations by
    under 5 % even where errors are as wide as those of Kazakhstan in March 2023. ``ConfigurationError`` for
    a party that does not stand alone.
    """
    transfers = election.estimate.withdrawal
    if not transfers:
        return estimate
    _refuse_those_under_other(estimate, transfers, election.place)
    left, average = handed_on(_average(estimate)[None, :], estimate.units, transfers)
    gaussian = election.simulation.tails == "gaussian"
    degrees = np.inf if gaussian else max(estimate.degrees_of_freedom, _LEAST_DEGREES)
    mean, scale = _matched(estimate, transfers, degrees)
    said = [_assumed(estimate, election, party, to) for party, to in transfers.items()]
    return replace(
        estimate,
        units=left,
        mean=mean,
        average=average[0] / average[0].sum(),
        scale=scale,
        warnings=(*estimate.warnings, *said),
    )


def _matched(estimate: Estimate, transfers: Transfers, degrees: float) -> tuple[Floats, Floats]:
    """Centre (U',) and squared scale (U', U') whose t has the log shares of the draws after the transfer.

    The draws come in opposite pairs and are stretched until their covariance is that of the law, so that
    nothing is lost where nothing is handed on.
    """
    stream = np.random.default_rng(_SEED)
    size = len(estimate.units)
    normals = stream.standard_normal((_PAIRS, size))
    widening = 1.0
    if np.isfinite(degrees):
        normals *= np.sqrt(degrees / stream.chisquare(degrees, (_PAIRS, 1)))
        widening = degrees / (degrees - 2.0)
    found = np.linalg.cholesky(normals.T @ normals / _PAIRS)
    errors = np.linalg.solve(found, normals.T).T @ np.linalg.cholesky(widening * estimate.scale).T
    errors = np.concatenate([errors, -errors])
    _, votes = handed_on(estimate.mean * np.exp(errors), estimate.units, transfers)
    logs = np.log(votes)
    centre = logs.mean(axis=0)
    off = logs - centre
    mean = np.exp(centre - centre.max())
    return mean / mean.sum(), off.T @ off / len(off) / widening


def _average(estimate: Estimate) -> Floats:
    return estimate.mean if estimate.average is None else estimate.average


def _refuse_those_under_other(estimate: Estimate, transfers: Transfers, place: str) -> None:
    named = [(party, party) for party in transfers]
    named += [(f"{party}.{to}", to) for party, parties in transfers.items() for to in parties]
    faults = [
        Fault(
            place, f"estimate.withdrawal.{path}", ABSENT, not_a_unit(name, estimate.units, estimate.absorbed)
        )
        for path, name in named
        if name not in estimate.units
    ]
    if faults:
        raise ConfigurationError(*faults)


def not_a_unit(unit: str, units: Sequence[str], absorbed: Sequence[str]) -> str:
    """Why the votes of this option cannot be moved."""
    if unit in absorbed:
        return "too rarely polled to stand alone (it is counted under other), so it cannot be moved"
    return f"no unit of the estimate; {suggest(unit, units)}"


def _assumed(estimate: Estimate, election: Election, party: str, to: Mapping[str, Fraction]) -> str:
    held = _average(estimate)[estimate.units.index(party)]
    said = withdrawal_in_words(election, party, to)
    return f"{said}; the average has it at {held:.1%}. Assumed, not polled"


def withdrawal_in_words(election: Election, party: str, to: Mapping[str, Fraction]) -> str:
    """What is assumed of the voters of a party that withdraws."""
    name = election.by_id[party].name
    given = {other: share for other, share in to.items() if share}
    home = 1 - sum(given.values(), Fraction(0))
    if home == 1:
        return f"withdrawal of {name}: its voters stay at home"
    parts = [f"{percent(share)} to {election.by_id[other].name}" for other, share in given.items()]
    parts += [f"{percent(home)} stay at home"] if home else []
    return f"withdrawal of {name}: of its voters {', '.join(parts)}"
