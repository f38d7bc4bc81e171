"""What stands beside the draws in a forecast: the estimate and its polls, the trend, the record,
the ballot.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.simulation.numbers import Values
from forecast.variables import EVERY

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.estimation.records import HorizonRecord

_COLUMNS_OF_POLLS = {"start": "fieldwork_start", "end": "fieldwork_end", "size": "sample_size"}
"""Columns of the frame of polls that have another name in the forecast."""
_FIELDS_OF_ESTIMATE = {"respondents": "n_eff", "pollsters": "pollsters_eff", "age": "mean_age"}

_Z80 = 1.2816
"""Half the width of a central 80 % interval, in standard deviations."""
_BINS = 10
_INTERVALS = (0.5, 0.8, 0.95)
_KINDS = ("national", "regional", "european")
_DAYS_BEFORE = (1.0, 7.0, 30.0, 90.0, 180.0)


def grounds_of(estimate: Estimate, ids: Sequence[str]) -> tuple[Values, Values, dict[str, str]]:
    """Values, labels and attributes: what the estimate did and rests on, enough to draw from it again."""
    values = _account(estimate, ids) | _polls(estimate, ids)
    labels: Values = {"estimate/unit": list(estimate.units)}
    for more, along in (_trend(estimate, ids), _record(estimate)):
        values |= more
        labels |= along
    attrs = {
        "estimate_method": estimate.method,
        "estimate_kind": estimate.kind,
        "estimate_constants": estimate.constants_from,
        "estimate_absorbed": "\n".join(estimate.absorbed),
        "track_record": "\n".join(estimate.track_record),
    }
    return values, labels, attrs


def _account(estimate: Estimate, ids: Sequence[str]) -> Values:
    shares = estimate.mean if estimate.average is None else estimate.average
    scalars = [one.name for one in EVERY if one.group == "estimate" and not one.dims]
    return {
        "estimate/average": _by_party(np.asarray(shares, np.float64), estimate.units, ids),
        "estimate/mean": np.asarray(estimate.mean, np.float64),
        "estimate/squared_scale": np.asarray(estimate.scale, np.float64),
        **{
            f"estimate/{name}": np.float64(getattr(estimate, _FIELDS_OF_ESTIMATE.get(name, name)))
            for name in scalars
        },
    }


def _polls(estimate: Estimate, ids: Sequence[str]) -> Values:
    """The polls that the estimate looked at, their weights and shares by party."""
    frame = estimate.polls
    values: Values = {}
    for variable in EVERY:
        if variable.group == "polls" and variable.dims == ("poll",):
            column = frame[_COLUMNS_OF_POLLS.get(variable.name, variable.name)]
            told = column.dtype.kind in "fiM"
            values[variable.path] = (
                column.to_numpy() if told else column.fillna("").to_numpy(object).astype(str)
            )
    shares = np.full((len(frame), len(ids)), np.nan)
    for k, party in enumerate(ids):
        if f"share_{party}" in frame:
            shares[:, k] = frame[f"share_{party}"]
    return values | {"polls/share": shares}


def _trend(estimate: Estimate, ids: Sequence[str]) -> tuple[Values, Values]:
    """The trend over days with its 80 % band, and house effects over pollsters."""
    trend = estimate.trend
    if trend is None:
        return {}, {}
    firms = list(dict.fromkeys(trend.houses["pollster"]))
    shape = (len(firms), len(trend.units))
    effect = trend.houses["effect"].to_numpy(np.float64).reshape(shape)
    error = trend.houses["standard_error"].to_numpy(np.float64).reshape(shape)
    number = trend.houses["polls"].to_numpy(np.int64).reshape(shape)
    effect = np.where(number > 0, effect, np.nan)
    found = {"share": trend.mean, "share_low80": trend.low, "share_high80": trend.high}
    found |= {"effect": effect, "effect_low80": effect - _Z80 * error, "effect_high80": effect + _Z80 * error}
    values = {f"trend/{name}": _by_party(array.T, trend.units, ids).T for name, array in found.items()}
    return values | {"trend/polls": number.max(1)}, {
        "trend/day": trend.days.to_numpy(),
        "trend/pollster": firms,
    }


def _record(estimate: Estimate) -> tuple[Values, Values]:
    """The backtest at the horizon nearest to that of the forecast; NaN where such forecasts were
    not tested.
    """
    calibration = estimate.calibration
    days = (estimate.election_date - estimate.as_of).days
    near = calibration.near(days) if calibration else None
    nothing = float("nan")
    held = (near.coverage_50, near.coverage_80, near.coverage_95) if near else (nothing,) * len(_INTERVALS)
    values: Values = {
        "record/horizon": np.float64(near.horizon if near and near.horizon is not None else nothing),
        "record/elections": np.float64(near.elections if near else nothing),
        "record/coverage": np.array(held),
    }
    for name, bins in (
        ("pass", calibration.crossings if calibration else ()),
        ("majority", calibration.majorities if calibration else ()),
    ):
        found = np.full((3, _BINS), np.nan)
        for bin in bins:
            found[:, round(bin.low * _BINS)] = bin.said, bin.happened, bin.statements
        for part, row in zip(
            ("forecast_probability", "observed_frequency", "statements"), found, strict=True
        ):
            values[f"record/{name}_{part}"] = row
    values |= _by_kind(calibration.kinds if calibration else ())
    middles = (np.arange(_BINS) + 0.5) / _BINS
    return values, {
        "record/interval": np.array(_INTERVALS),
        "record/probability_bin": middles,
        "record/election_kind": list(_KINDS),
        "record/days_before": np.array(_DAYS_BEFORE),
    }


def _by_kind(kinds: Sequence[HorizonRecord]) -> Values:
    """Coverage of 80 % intervals and numbers of elections by kind and horizon; NaN where not tested."""
    held, number = np.full((2, len(_KINDS), len(_DAYS_BEFORE)), np.nan)
    for one in kinds:
        if one.kind in _KINDS and one.horizon in _DAYS_BEFORE:
            place = _KINDS.index(one.kind), _DAYS_BEFORE.index(one.horizon)
            held[place], number[place] = one.coverage_80, one.elections
    return {"record/coverage80_by_kind": held, "record/elections_by_kind": number}


def _by_party(values: np.ndarray, units: Sequence[str], ids: Sequence[str]) -> np.ndarray:
    """Values (U, ...) by unit -> (K, ...) by option of the ballot, NaN for those that are no unit.

    A party that withdrew is a unit of the trend and no option of the ballot.
    """
    spread = np.full((len(ids), *values.shape[1:]), np.nan)
    for unit, value in zip(units, values, strict=True):
        if unit in ids:
            spread[ids.index(unit)] = value
    return spread


def last_election(election: Election, ids: Sequence[str]) -> Values:
    """Share and seats of every option at the last election, NaN where the file gives none."""
    known = [election.by_id.get(party) for party in ids]
    shares = [one.last_result if one is not None else None for one in known]
    seats = [one.last_seats if one is not None else None for one in known]
    return {
        "last_election/share": np.array([np.nan if one is None else float(one) for one in shares]),
        "last_election/seats_won": np.array([np.nan if one is None else float(one) for one in seats]),
    }


def labels_of(election: Election, ids: Sequence[str]) -> Values:
    """What parties (``ids``), coalitions and events are called and are."""
    known = [election.by_id.get(party) for party in ids]
    coalitions, events = election.coalitions, election.events
    definitions = [event.model_dump(mode="json", exclude_none=True) for event in events]
    return {
        "party": list(ids),
        "party_name": [one.name if one is not None else "Other" for one in known],
        "party_short": [one.short if one is not None else "" for one in known],
        "party_colour": [(one.colour if one is not None else None) or "" for one in known],
        "party_kind": [one.kind if one is not None else "residual" for one in known],
        "coalition": [one.id for one in coalitions],
        "coalition_name": [election.coalition_name(one) for one in coalitions],
        "coalition_parties": ["\n".join(one.parties) for one in coalitions],
        "event": [one.id for one in events],
        "event_name": [one.name for one in events],
        "event_definition": [json.dumps(one, ensure_ascii=False) for one in definitions],
    }
