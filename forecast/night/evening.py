"""What a forecast tells of its night: what is counted and what is out, and the evening as it went, every
estimate after the other, what was called, and what was taken back. It stands in the forecast itself, so that
one file tells the whole of it and is whole or not there.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election.rule import level_of
from forecast.geography.known_districts import OTHER
from forecast.night.counted import KINDS, Counted, Remark
from forecast.result import Forecast, forecast_of
from forecast.variables import QUANTILES, error_of
from forecast.words.rounding import probability

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.night.night_forecast import NightEstimate
    from forecast.night.units import Units

CERTAIN = 0.995
"""Chance from which on an entry or a majority is called."""
LEAST_UNITS, LEAST_VOTES = 30, 0.003
"""Finished units, and share of the votes, below which a night says nothing yet."""
SURPRISE = 6.0
"""Standard deviations beyond which a unit is listed as one to look at."""
EARLY = (
    "the polls carry this: {units:,} finished units with {votes:.2%} of the votes say little yet; nothing is "
    "called"
)
_MOST_OF_A_KIND = 3
_EVENING, _FEED = "evening", "feed"
_CHANCES = ("pass_probability", "majority_probability")


def with_night(forecast: Forecast, units: Units, estimate: NightEstimate) -> Forecast:
    """The forecast with the group ``night``: what is counted, what is out, and shares by district."""
    final = estimate.final_by_kind
    votes = estimate.counted
    shares = estimate.votes / np.maximum(estimate.votes.sum(axis=2, keepdims=True), 1.0)
    by_district = np.moveaxis(np.quantile(shares, QUANTILES, axis=0), 0, -2)
    out = estimate.votes.sum(axis=(1, 2)) - votes.sum()
    values: dict[str, Any] = {
        "counted_votes": _of_parties(forecast, units, votes.sum(axis=0)),
        "counted_share": _of_parties(forecast, units, _shares(votes.sum(axis=0)), np.nan),
        "forecast_share": _of_parties(forecast, units, estimate.shares.mean(axis=0), np.nan),
        "units": estimate.units_by_kind,
        "units_final": final,
        "counted_by_kind": estimate.counted_by_kind,
        "left": estimate.left,
        "left_quantile": np.quantile(out, QUANTILES),
        "district_counted_votes": _of_parties(forecast, units, votes),
        "district_counted_share": _of_parties(forecast, units, _shares(votes), np.nan),
        "district_share_quantile": np.moveaxis(_of_parties(forecast, units, by_district, np.nan), -1, 1),
    }
    labels = {
        "party": forecast.array("party"),
        "quantile_level": np.array(QUANTILES),
        "night/kind": np.array(units.kinds),
        "night/district": np.array(units.districts or ("",)),
    }
    made = forecast_of({f"night/{name}": value for name, value in values.items()}, labels, {})
    return Forecast({**forecast.groups, "night": made.groups["night"]})


def _shares(votes: NDArray[np.int64]) -> NDArray[np.float64]:
    total = votes.sum(axis=-1, keepdims=True).astype(np.float64)
    return np.where(total > 0.0, votes / np.maximum(total, 1.0), np.nan)


def _of_parties(forecast: Forecast, units: Units, values: NDArray[Any], blank: float = 0) -> NDArray[Any]:
    """Values of the lists of the units, the last axis, in the order of the parties of the forecast."""
    at = [units.parties.index(party) if party in units.parties else -1 for party in forecast.parties]
    return np.where(np.array(at) >= 0, values[..., at], np.array(blank, values.dtype))


@dataclass(frozen=True)
class Now:
    """One estimate of a night: what it rests on, and when it was made."""

    units: Units
    counted: Counted
    estimate: NightEstimate
    time: datetime.datetime


def with_evening(
    forecast: Forecast, election: Election, now: Now, before: Forecast | None = None
) -> Forecast:
    """A forecast of a night with the evening up to it, its calls, and what to mind of the feed.

    ``before`` is the last forecast of the same evening, as it was kept; its estimates stay, and what was
    called then and is not any more is said.
    """
    earlier = _evening_of(before, forecast)
    called = _standing(calls(forecast, election, now), forecast, earlier)
    values = _appended(_moment(forecast, now, called), earlier)
    remarks = [*now.counted.remarks, *_surprises(now)]
    labels = {name: forecast.array(name) for name in ("party", "coalition", "quantile_level")}
    labels[f"{_EVENING}/moment"] = np.arange(1, len(values[f"{_EVENING}/estimate_time"]) + 1)
    if remarks:
        labels[f"{_FEED}/remark"] = np.arange(1, len(remarks) + 1)
        values |= {
            f"{_FEED}/kind": [remark.kind for remark in remarks],
            f"{_FEED}/unit": [remark.unit for remark in remarks],
            f"{_FEED}/row": np.array([remark.row for remark in remarks], np.int64),
            f"{_FEED}/said": [remark.text for remark in remarks],
        }
    labels["night/kind"] = forecast.array("night/kind")
    values["night/kind_votes"] = _by_kind(forecast, now)
    made = forecast_of(values, labels, {})
    groups = {name: data for name, data in made.groups.items() if name in (_EVENING, _FEED)}
    groups["night"] = forecast.groups["night"].assign(kind_votes=made["night/kind_votes"])
    found = Forecast({**forecast.groups, **groups})
    warnings = [
        *found.attrs["warnings"],
        *now.units.remarks,
        *remarks_said(now.counted.place, remarks),
        *filter(None, [too_early_said(found)]),
        *withdrawn(found),
        *_back_in_time(found),
    ]
    return found.with_attrs(
        warnings=list(dict.fromkeys(warnings)),
        night_source_time=_iso(now.counted.time),
        night_estimate_time=_iso(now.time),
    )


# Calls.


@dataclass(frozen=True)
class Calls:
    """What can be called at one time: (P,) entries of parties, (C,) majorities of coalitions."""

    entries: NDArray[np.bool_]
    majorities: NDArray[np.bool_]


def calls(forecast: Forecast, election: Election, now: Now) -> Calls:
    """Entries and majorities that are certain enough to be called.

    From a chance of ``CERTAIN`` on, where enough is counted, and where every kind of vote has been seen or
    what is still out of those that have not is less than the distance to the threshold, or to the majority.
    """
    ready = not too_early(now)
    unseen = unseen_share(now)
    entries = _at_least(forecast, "pass_probability") & ready
    majorities = _at_least(forecast, "majority_probability") & ready
    if unseen > 0.0:
        entries &= _distance_to_threshold(forecast, election) > unseen
        majorities &= _distance_to_majority(forecast) > unseen
    listed = {party.id for party in election.parties if party.eligible}
    entries &= np.array([party in listed and party != OTHER for party in forecast.parties])
    return Calls(entries, majorities)


def _standing(called: Calls, forecast: Forecast, earlier: dict[str, Any]) -> Calls:
    """What is called now: what can be, and what was called before and is as certain as then."""
    if not earlier:
        return called
    before = (earlier[f"{_EVENING}/called_{what}"][-1] > 0 for what in ("entry", "majority"))
    certain = (_at_least(forecast, f"{what}_probability") for what in ("pass", "majority"))
    now = (called.entries, called.majorities)
    return Calls(*(one | (was & sure) for one, was, sure in zip(now, before, certain, strict=True)))


def too_early(now: Now) -> bool:
    """Whether so little is counted that the polls carry the forecast."""
    return _early(now.estimate.final_units, votes_share(now.estimate))


def votes_share(estimate: NightEstimate) -> float:
    """Votes counted, of those that are expected in the end."""
    counted = float(estimate.counted.sum())
    return counted / max(counted + float(estimate.left.sum()), 1.0)


def unseen_share(now: Now) -> float:
    """Expected votes of kinds of which no unit is finished, as a share of all expected."""
    left = now.estimate.left.sum(axis=1)
    whole = float(now.estimate.counted.sum() + left.sum())
    return float(left[~now.estimate.seen].sum()) / max(whole, 1.0)


def _at_least(forecast: Forecast, path: str) -> NDArray[np.bool_]:
    return np.nan_to_num(forecast.array(path)) >= CERTAIN


def _distance_to_threshold(forecast: Forecast, election: Election) -> NDArray[np.float64]:
    """(P,) by how much the middle of each share is above the level of the list, as a share of all votes; 0
    where the rule has no level for the country.
    """
    middle = np.nan_to_num(forecast.array("share_quantile")[:, list(QUANTILES).index(0.5)])
    threshold, seats = election.rule.threshold, election.rule.seats
    if threshold is None:
        return np.zeros(len(middle))
    levels = {
        party.id: float(level_of(threshold, kind=party.kind, members=party.members, seats=seats))
        for party in election.parties
        if party.eligible
    }
    return np.maximum(middle - np.array([levels.get(party, 1.0) for party in forecast.parties]), 0.0)


def _distance_to_majority(forecast: Forecast) -> NDArray[np.float64]:
    """(C,) by how much the middle of a coalition's seats is above half of them, as a share of all."""
    middle = forecast.array("coalition_seat_quantile")[:, list(QUANTILES).index(0.5)]
    return np.maximum(np.nan_to_num(middle) / max(forecast.house, 1) - 0.5, 0.0)


def withdrawn(forecast: Forecast) -> list[str]:
    """Calls of the evening that do not stand any more, each with when it was made and when taken back."""
    return [
        f"withdrawn: that {what} was called at {since}, and is not any more since {until}; its chance is "
        f"{chance} now"
        for what, since, until, chance in _withdrawn(forecast)
    ]


def errors_of_evening(forecast: Forecast, path: str) -> NDArray[np.float64]:
    """Monte Carlo errors of the chances of an evening, estimate by estimate; of a file that does not hold
    them those of as many plain draws as its last estimate has.
    """
    if error_of(path) in forecast:
        return forecast.array(error_of(path))
    chances, draws = forecast.array(path), max(forecast.draws, 1)
    return np.maximum(np.sqrt(chances * (1.0 - chances) / draws), 1.0 / draws)


def standing_calls(forecast: Forecast) -> list[tuple[str, str, str]]:
    """What is called now: entry or majority, of whom (id), since when (of the estimates in a row)."""
    found = []
    times = shown_times(forecast)
    for what, over in (("entry", "party"), ("majority", "coalition")):
        called = forecast.array(f"{_EVENING}/called_{what}") > 0
        for k, name in enumerate(forecast.names(over)):
            if called[-1, k]:
                first = len(called) - int(np.argmin(np.append(called[::-1, k], False)))
                found.append((what, name, times[first]))
    return found


def _withdrawn(forecast: Forecast) -> Iterator[tuple[str, str, str, str]]:
    times = shown_times(forecast)
    of = (("entry", "party", "pass", "{} enters"), ("majority", "coalition", "majority", "{} has a majority"))
    for what, over, chance, text in of:
        called = forecast.array(f"{_EVENING}/called_{what}") > 0
        path = f"{_EVENING}/{chance}_probability"
        chances, errors = forecast.array(path)[-1], errors_of_evening(forecast, path)[-1]
        for k, name in enumerate(forecast.names(f"{over}_name")):
            before = np.flatnonzero(called[:, k])
            if len(before) and not called[-1, k]:
                last = int(before[-1])
                start = last
                while start and called[start - 1, k]:
                    start -= 1
                now = probability(float(chances[k]), float(errors[k]))
                yield text.format(name), times[start], times[last + 1], now


def shown_times(forecast: Forecast) -> list[str]:
    """Of each estimate of the evening the time of its source, else its own, as people say it: 22:10."""
    sources, own = (forecast.names(f"{_EVENING}/{name}_time") for name in ("source", "estimate"))
    return [clock(source or time) for source, time in zip(sources, own, strict=True)]


def clock(time: str) -> str:
    """Hours and minutes of a time; the whole text where it is none."""
    try:
        return datetime.datetime.fromisoformat(time).strftime("%H:%M")
    except ValueError:
        return time


# The store.


def _moment(forecast: Forecast, now: Now, called: Calls) -> dict[str, Any]:
    """One estimate, as the arrays of the evening have it."""
    estimate = now.estimate
    values = {
        "source_time": np.array([_iso(now.counted.time)]),
        "estimate_time": np.array([_iso(now.time)]),
        "units_share": np.array([estimate.final_units / max(estimate.units, 1)]),
        "votes_share": np.array([votes_share(estimate)]),
        "called_entry": called.entries[None].astype(np.int8),
        "called_majority": called.majorities[None].astype(np.int8),
    }
    for name in ("share_quantile", "seat_quantile", *_CHANCES, *map(error_of, _CHANCES)):
        values[name] = forecast.array(name)[None]
    return {f"{_EVENING}/{name}": value for name, value in values.items()}


def _evening_of(before: Forecast | None, forecast: Forecast) -> dict[str, Any]:
    """The arrays of an earlier forecast of the same evening; none where it is of another."""
    if before is None or f"{_EVENING}/estimate_time" not in before:
        return {}
    if any(before.names(name) != forecast.names(name) for name in ("party", "coalition")):
        return {}
    group = before.groups[_EVENING]
    paths = [f"{_EVENING}/{name}" for name in _CHANCES]
    errors = {error_of(path): errors_of_evening(before, path) for path in paths}
    return {f"{_EVENING}/{name}": group[name].values for name in group.data_vars} | errors


def _appended(one: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """The evening with one estimate more; made of the same reports as the last it takes its place."""
    if not earlier:
        return one
    same = all(
        np.array_equal(one[path][0], earlier[path][-1], equal_nan=one[path].dtype.kind == "f")
        for path in one
        if path != f"{_EVENING}/estimate_time"
    )
    return {
        path: np.concatenate([earlier[path][: -1 if same else None], value]) for path, value in one.items()
    }


def _iso(time: datetime.datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time is not None else ""


def _by_kind(forecast: Forecast, now: Now) -> NDArray[np.int64]:
    """(K, P) votes of each kind that are counted, in the order of the parties of the forecast."""
    counted, units = now.counted, now.units
    votes = np.zeros((len(units.kinds), len(units.parties)), np.int64)
    np.add.at(votes, units.kind, np.where(counted.set_aside[:, None], 0, counted.votes))
    return _of_parties(forecast, units, votes)


# What to mind.


def remarks_said(place: str, remarks: Sequence[Remark]) -> list[str]:
    """Remarks as warnings: of each kind the first few, and how many there are."""
    often = Counter(remark.kind for remark in remarks)
    found = []
    for kind, number in often.items():
        texts = [remark.text for remark in remarks if remark.kind == kind]
        if kind == "columns":
            found += texts
            continue
        more = f" (and {number - _MOST_OF_A_KIND:,} more)" if number > _MOST_OF_A_KIND else ""
        some = "; ".join(texts[:_MOST_OF_A_KIND])
        found.append(f"{place}: {number:,} {_units(number)}, {KINDS[kind]}: {some}{more}")
    return found


def _units(number: int) -> str:
    return "unit" if number == 1 else "units"


def _surprises(now: Now) -> Iterator[Remark]:
    """Units whose votes are far from what the others make expect, the farthest first."""
    far = now.estimate.surprise
    for u in np.argsort(-far, kind="stable"):
        if far[u] <= SURPRISE:
            return
        total = int(now.counted.votes[u].sum())
        name = now.units.names[u]
        yield Remark("unlike", name, 0, f"{name}: {total:,} votes, {far[u]:.1f} standard deviations off")


def too_early_said(forecast: Forecast) -> str:
    """That the polls carry a forecast, where so little is counted that they do; else an empty text."""
    final = int(forecast.array("night/units_final").sum())
    votes = float(forecast.array(f"{_EVENING}/votes_share")[-1])
    return EARLY.format(units=final, votes=votes) if _early(final, votes) else ""


def _early(final: int, votes: float) -> bool:
    return final < LEAST_UNITS or votes < LEAST_VOTES


def _back_in_time(forecast: Forecast) -> list[str]:
    """Estimates whose clock is before that of an earlier one."""
    times = [datetime.datetime.fromisoformat(time) for time in forecast.names(f"{_EVENING}/estimate_time")]
    if len(times) < 2 or (times[-1].tzinfo is None) != (times[-2].tzinfo is None) or times[-1] >= times[-2]:
        return []
    moved = f"from {times[-2]:%H:%M:%S} to {times[-1]:%H:%M:%S}"
    return [f"the clock of this machine went back, {moved}; estimates stand in the order they were made in"]
