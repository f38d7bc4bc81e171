"""What stands beside the draws in a forecast: the estimate and its polls, the trend, the record, the ballot;
and what the draws leave out: a parliament without its largest party is refused, votes lost to alliances and
draws without a table of seats are said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ABSENT, Fault, ForecastError, NoValidOutcome, PollDataError
from forecast.rules.tables import rows_of_parties
from forecast.simulation.numbers import Values
from forecast.variables import EVERY

if TYPE_CHECKING:
    from forecast.election import Election, Party, Rule
    from forecast.estimation import Estimate
    from forecast.estimation.records import HorizonRecord
    from forecast.result import Forecast


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


_NO_TABLE = "no table of seats has the totals of lists and the seats of districts"
_SELDOM = 0.001
"""What happens less often than this is not worth a line."""


def refuse_void(election: Election, forecast: Forecast) -> None:
    """``NoValidOutcome`` where every draw is void: nobody is admitted in any of them."""
    if float(forecast.array("void_probability")) >= 1.0:
        key = "rule.threshold"
        remedy = "nobody is admitted in any draw, and the rule says that this voids the election"
        if meets_both_sums(election.rule):
            key, without = "rule.districts.national_totals", "see where lists stand"
            remedy = f"in every draw nobody is admitted, or {_NO_TABLE}; {without}"
        raise NoValidOutcome(Fault(election.place, key, ABSENT, remedy))


def refuse_without_the_largest(election: Election, estimate: Estimate) -> None:
    """``PollDataError`` where the polls do not tell apart the party that was, or became, the largest.

    On a closed ballot such a party stands at the floor of a share, on an open one it is a part of ``other``:
    all other parties then share its seats. The largest is that of the last election (``last_result``), and
    for a past election that of the official result, where the file names it. A share that the file fixes
    (``estimate.share``) stands in for polls, as that of the last election does for an independent.
    """
    untold = {
        party.id
        for party in election.standing
        if party.id in estimate.unreported or party.id not in estimate.units
    } - election.estimate.share.keys()
    faults = [
        Fault(
            str(election.election.polls or "polls"),
            f"column {party.name}",
            ABSENT,
            f"{_why(party, estimate)}, but {known}: without it every other party is too large; add its "
            "shares",
        )
        for party, known in (_known_largest(election) if untold else ())
        if party.id in untold
    ]
    if faults:
        raise PollDataError(*faults[:1])


def _why(party: Party, estimate: Estimate) -> str:
    number = "no poll" if party.id in estimate.unreported else "too few of the polls"
    return f"{number} known by {estimate.as_of} reports this party"


def _known_largest(election: Election) -> Iterator[tuple[Party, str]]:
    """The largest party as far as it is known, and from where."""
    told = [
        party
        for party in election.parties
        if party.last_result is not None and party.eligible and party.kind != "independent"
    ]
    if told:
        largest = max(told, key=lambda party: party.last_result or 0)
        yield largest, f"it was the largest at the last election ({float(largest.last_result or 0):.1%})"
    if election.election.result is None:
        return
    try:
        entries = rows_of_parties(election, election.election.result).entries.values()
    except ForecastError:  # a result that cannot be read is no business of a forecast
        return
    most = max(entries, key=lambda entry: entry.votes if entry.eligible else -1)
    if most.id in election.by_id:
        yield election.by_id[most.id], f"it is the largest in {election.election.result}"


def not_placed(election: Election) -> list[str]:
    """Seats of lists by district that draws leave out, where these change no total; covered winners are found
    by region all the same.
    """
    covered = any(tier.how == "covered" and tier.votes is not None for tier in election.tiers)
    if not election.rule.only_places or covered:
        return []
    return ["in which districts lists place their seats (rule.districts) is counted and not drawn"]


def meets_both_sums(rule: Rule) -> bool:
    """Whether districts place the seats by double proportion, for which there may be no table."""
    return rule.districts is not None and rule.districts.national_totals == "biproportional"


def without_a_table(election: Election, forecast: Forecast) -> list[str]:
    """Draws in which double proportion has no table, or nobody takes part."""
    void = float(forecast.array("void_probability"))
    if not meets_both_sums(election.rule) or void <= 0.0:
        return []
    share = f"{void:.2%}" if void >= _SELDOM / 10 else "<0.01%"
    return [f"in {share} of the draws nobody takes part, or {_NO_TABLE}; these draws are void"]


def lost_to_alliances(election: Election, forecast: Forecast) -> list[str]:
    """Members of alliances that may fall below their own level: how often, and with how many votes."""
    if election.rule.alliances is None or election.rule.threshold is None:
        return []
    if election.rule.threshold.alliances is not None:
        return []  # the file says what counts for an alliance
    passes, shares = (
        dict(zip(forecast.parties, forecast.array(name).tolist(), strict=True))
        for name in ("pass_probability", "share_mean")
    )
    told = [
        party for party in election.standing if passes.get(party.id) == passes.get(party.id, float("nan"))
    ]
    said: list[str] = []
    for party in told:
        allies = [ally for ally in told if ally.alliance == party.alliance and ally is not party]
        fails = 1.0 - passes[party.id]
        if party.alliance and fails >= _SELDOM and any(passes[ally.id] >= _SELDOM for ally in allies):
            said.append(
                f"{party.name} is below its own level in {_often(fails)} of the draws: there its votes "
                f"({shares[party.id]:.1%} on average) do not count for its alliance '{party.alliance}' "
                "either; where the law counts them there, say so by rule.threshold.alliances"
            )
    return said


def _often(share: float) -> str:
    """A share of draws in whole percent, never none and never all."""
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else f"{share:.0%}"
