"""What stands beside the draws in a Forecast: the estimate and its polls, the trend, the record of such
forecasts, and the last election.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.estimation.calibration import Bin, Calibration

_OF_POLLS = (
    ("row", "row", "line of the poll in its table", "1"),
    ("pollster", "pollster", "pollster", ""),
    ("start", "fieldwork_start", "first day of fieldwork", ""),
    ("end", "fieldwork_end", "last day of fieldwork", ""),
    ("published", "published", "day of publication", ""),
    ("size", "sample_size", "respondents", "1"),
    ("kind", "kind", "kind of poll", ""),
    ("source", "source", "where the poll is published", ""),
    ("age", "age", "days from the end of fieldwork to the forecast date", "days"),
    ("weight", "weight", "weight in the mean; weights sum to 1", "1"),
    ("undecided", "undecided", "share of undecided and unreported, taken out before the mean", "1"),
)

_OF_ESTIMATE = (
    ("respondents", "n_eff", "effective number of respondents behind the mean", "1"),
    ("pollsters", "pollsters_eff", "effective number of pollsters behind the mean", "1"),
    ("age", "mean_age", "mean age of the polls, weighted", "days"),
    ("undecided", "undecided", "share of undecided and unreported, weighted over the polls", "1"),
    ("undecided_spread", "undecided_spread", "spread of how they split, on log shares", "1"),
    ("disagreement", "disagreement", "half the log of how much more polls disagree than is usual", "1"),
    ("movement", "movement", "half the log of how much more shares moved than is usual", "1"),
    ("degrees_of_freedom", "degrees_of_freedom", "degrees of freedom of the error", "1"),
    ("context", "context", "what the error of pre-election polls is multiplied by", "1"),
)

Z80 = 1.2816
"""Half the width of a central 80 % interval, in standard deviations."""

_BINS = 10
_LEVELS = (0.5, 0.8, 0.95)


def account_of(estimate: Estimate, ids: Sequence[str]) -> dict[str, Any]:
    """What the estimate did: scalars, and over ``party`` its centre and the scale of its error."""
    variables: dict[str, Any] = {
        f"estimate_{name}": ((), np.float64(getattr(estimate, field)), _about(long_name, units))
        for name, field, long_name, units in _OF_ESTIMATE
    }
    scale = np.sqrt(np.diag(estimate.scale))
    about = _about("scale of the error of the logarithm of the share", "1")
    variables["estimate_scale"] = ("party", _by_party(scale, estimate.units, ids), about)
    return variables


def texts_of(estimate: Estimate) -> dict[str, str]:
    """Attributes: how the estimate was made, and how often such forecasts were right."""
    return {
        "estimate_method": estimate.method,
        "estimate_kind": estimate.kind,
        "estimate_constants": estimate.constants_from,
        "estimate_absorbed": "\n".join(estimate.absorbed),
        "track_record": "\n".join(estimate.track_record),
    }


def trend_of_polls(estimate: Estimate, ids: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables and labels over ``day`` and ``pollster``: the trend with its 80 % band, and house effects."""
    trend = estimate.trend
    if trend is None:
        return {}, {}
    firms = list(dict.fromkeys(trend.houses["pollster"]))
    shape = (len(firms), len(trend.units))
    effect = trend.houses["effect"].to_numpy(np.float64).reshape(shape)
    error = trend.houses["standard_error"].to_numpy(np.float64).reshape(shape)
    number = trend.houses["polls"].to_numpy(np.int64).reshape(shape)
    effect = np.where(number > 0, effect, np.nan)
    over_days, over_firms = ("day", "party"), ("pollster", "party")
    house = "share that a pollster adds to a party, "
    parts = (
        ("trend_share", over_days, trend.mean, "trend of the polls"),
        ("trend_low80", over_days, trend.low, "lower end of the 80 % band of the trend"),
        ("trend_high80", over_days, trend.high, "upper end of the 80 % band of the trend"),
        ("house_effect", over_firms, effect, house + "at the last day's level"),
        ("house_effect_low80", over_firms, effect - Z80 * error, house + "lower end of the 80 % interval"),
        ("house_effect_high80", over_firms, effect + Z80 * error, house + "upper end of the 80 % interval"),
    )
    variables: dict[str, Any] = {
        name: (dims, _by_party(values.T, trend.units, ids).T, _about(long_name, "1"))
        for name, dims, values, long_name in parts
    }
    variables["pollster_polls"] = ("pollster", number.max(1), _about("polls of a pollster in the trend", "1"))
    labels = {
        "day": ("day", trend.days.to_numpy(), _about("day of the trend")),
        "pollster": ("pollster", firms, _about("pollster in the trend")),
    }
    return variables, labels


def tested(estimate: Estimate) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables and labels of the backtest, at the horizon nearest to that of the forecast.

    NaN where forecasts of this kind were not tested; ``track_record`` among the attributes says why.
    """
    calibration = estimate.calibration
    days = (estimate.election_date - estimate.as_of).days
    near = calibration.near(days) if calibration else None
    nothing = float("nan")
    coverage = [near.coverage_50, near.coverage_80, near.coverage_95] if near else [nothing] * len(_LEVELS)
    variables: dict[str, Any] = {
        "tested_horizon": (
            (),
            np.float64(near.horizon if near and near.horizon is not None else nothing),
            _about("days before the vote at which the backtest forecast", "days"),
        ),
        "tested_elections": (
            (),
            np.float64(near.elections if near else nothing),
            _about("elections of the backtest at that horizon", "1"),
        ),
        "tested_coverage": (
            "level",
            np.array(coverage),
            _about("how many results the intervals of the share held there", "1"),
        ),
        **_curves("crossing", "crossings of the threshold", calibration, "crossings"),
        **_curves("majority", "majorities", calibration, "majorities"),
    }
    labels = {
        "level": ("level", np.array(_LEVELS), _about("what an interval promises to hold", "1")),
        "chance": (
            "chance",
            (np.arange(_BINS) + 0.5) / _BINS,
            _about("middle of a tenth of the chances that were given", "1"),
        ),
    }
    return variables, labels


def _curves(name: str, what: str, calibration: Calibration | None, field: str) -> dict[str, Any]:
    bins: Sequence[Bin] = getattr(calibration, field) if calibration else ()
    values = np.full((3, _BINS), np.nan)
    for bin in bins:
        values[:, round(bin.low * _BINS)] = bin.said, bin.happened, bin.statements
    parts = (
        ("said", f"{what}, all horizons: mean chance given"),
        ("happened", f"{what}, all horizons: how often it came true"),
        ("statements", f"{what}, all horizons: number of such statements"),
    )
    return {
        f"tested_{name}_{part}": ("chance", values[k], _about(long_name, "1"))
        for k, (part, long_name) in enumerate(parts)
    }


def _about(long_name: str, units: str = "") -> dict[str, str]:
    return {"long_name": long_name, **({"units": units} if units else {})}


def _by_party(values: np.ndarray, units: Sequence[str], ids: Sequence[str]) -> np.ndarray:
    """Values (U, ...) by unit -> (K, ...) by option of the ballot, NaN for those that are no unit.

    A party that withdrew is a unit of the trend and no option of the ballot.
    """
    spread = np.full((len(ids), *values.shape[1:]), np.nan)
    places = {party: k for k, party in enumerate(ids)}
    for unit, value in zip(units, values, strict=True):
        if unit in places:
            spread[places[unit]] = value
    return spread


def polls_used(estimate: Estimate, ids: Sequence[str]) -> dict[str, Any]:
    """Variables over ``poll``: the polls that the estimate looked at, their weights and shares by party."""
    frame = estimate.polls
    variables: dict[str, Any] = {}
    for name, column, long_name, units in _OF_POLLS:
        attrs = {"long_name": long_name, **({"units": units} if units else {})}
        values = frame[column]
        if values.dtype.kind not in "fiM":
            variables[f"poll_{name}"] = ("poll", values.fillna("").to_numpy(object).astype(str), attrs)
        else:
            variables[f"poll_{name}"] = ("poll", values.to_numpy(), attrs)
    shares = np.full((len(frame), len(ids)), np.nan)
    for k, party in enumerate(ids):
        if f"share_{party}" in frame:
            shares[:, k] = frame[f"share_{party}"]
    attrs = {
        "long_name": "share of a party in a poll, undecided taken out; NaN where not reported",
        "units": "1",
    }
    variables["poll_share"] = (("poll", "party"), shares, attrs)
    return variables


def last_election(election: Election, ids: Sequence[str]) -> dict[str, Any]:
    """Variables over ``party``: share and seats at the last election, NaN where the file gives none."""
    shares = np.full(len(ids), np.nan)
    seats = np.full(len(ids), np.nan)
    for k, party_id in enumerate(ids):
        party = next((party for party in election.parties if party.id == party_id), None)
        if party is not None and party.last_result is not None:
            shares[k] = float(party.last_result)
        if party is not None and party.last_seats is not None:
            seats[k] = party.last_seats
    return {
        "last_share": ("party", shares, {"long_name": "share at the last election", "units": "1"}),
        "last_seats": ("party", seats, {"long_name": "seats at the last election", "units": "seats"}),
    }
