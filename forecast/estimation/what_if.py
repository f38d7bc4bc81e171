"""What if: swings and fixed shares on top of a mean, and a party that withdraws, with where its voters go.

A draw of shares s becomes s'_j ~ s_j + sum over withdrawn w of T_wj s_w; voters that no party gets stay at
home, and what is left is scaled to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from forecast.election.exact_numbers import percent
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.estimation.preparation import Floats, Prepared

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation.estimate import Estimate

LEAST = 1e-9
"""A share fixed at 0 stands here, as good as absent: the law lives on logarithms."""


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


_PAIRS = 2**14
"""Draws of the error, each with its opposite, from which centre and scale are read."""
_SEED = 5
_LEAST_DEGREES = 4.5
"""The spread of heavier tails than these is lost in a sample; they are matched as if they were these."""

Transfers = Mapping[str, Mapping[str, Fraction]]


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
