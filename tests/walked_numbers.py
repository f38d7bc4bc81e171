"""Walks over every number of a view of a forecast, each held to the variable of the file that it shows.

A view is flattened to paths (``parties/0/share/3``) with their numbers; a map of patterns says which variable
stands there, and its named groups at which place of which dimension. A path that no pattern knows is a fault.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from forecast.variables import COUNTED, EVERY, QUANTILES, Variable, error_of
from forecast.words.rounding import as_written

ENDS = {
    "low95": 0.025,
    "low80": 0.1,
    "low50": 0.25,
    "median": 0.5,
    "high50": 0.75,
    "high80": 0.9,
    "high95": 0.975,
}
Number = float | int | None
BLANK = "blank"
"""In the place of a variable: nothing may stand there."""


@dataclass(frozen=True)
class Shows:
    """What stands at a path: a variable, or ``@name`` of an attribute; where it is rounded, to how much."""

    variable: str
    decimals: int | None = None
    at: Mapping[str, float | str] = field(default_factory=dict)
    """Labels that every such path has."""
    of: Callable[[float, Mapping[str, Any]], float] = lambda value, attrs: value
    """What stands there of the value and the attributes of the file."""


@dataclass
class Walk:
    """A walk over one view; ``seen`` are the variables met, ``counted`` the numbers compared."""

    data: xr.Dataset
    shows: Mapping[str, Shows | str]
    places: Mapping[str, Callable[[str], dict[str, int]]]
    seen: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    counted: int = 0

    def __post_init__(self) -> None:
        self._values = {str(name): variable.values for name, variable in self.data.variables.items()}
        self._dims = {str(name): variable.dims for name, variable in self.data.variables.items()}

    def compare(self, path: str, found: Number) -> None:
        """``AssertionError`` where a number is not that of the file, or nothing is known of the path."""
        for pattern, shows in self.shows.items():
            match = re.fullmatch(pattern, path)
            if match is None:
                continue
            shown = Shows(shows) if isinstance(shows, str) else shows
            wanted = self._wanted(shown, match.groupdict())
            if wanted is not None:
                wanted = as_written(wanted) if shown.decimals is None else round(wanted, shown.decimals)
            assert found == wanted, f"{path}: {found}, in the file {wanted} ({shown.variable})"
            self.seen.add(shown.variable)
            self.used.add(pattern)
            self.counted += 1
            return
        msg = f"{path}: no variable is known for it"
        raise AssertionError(msg)

    def _wanted(self, shown: Shows, groups: Mapping[str, str]) -> Number:
        if shown.variable == BLANK:
            return None
        if shown.variable.startswith("@"):
            return shown.of(float(self.data.attrs[shown.variable[1:]]), self.data.attrs)
        at: dict[str, int] = {dim: label_place(self.data, dim, label) for dim, label in shown.at.items()}
        for group, text in groups.items():
            at |= self.places[group](text) if group in self.places else {group: int(text)}
        dims = self._dims[shown.variable]
        assert set(dims) == set(at), f"{shown.variable} has the dimensions {dims}, not {set(at)}"
        value = float(self._values[shown.variable][tuple(at[str(dim)] for dim in dims)])
        return None if math.isnan(value) else shown.of(value, self.data.attrs)

    def finish(self) -> None:
        """``AssertionError`` for patterns that no path had: they would hold nothing."""
        assert not set(self.shows) - self.used, set(self.shows) - self.used


def label_place(data: xr.Dataset, dim: str, label: float | str) -> int:
    """Where a label stands along its dimension."""
    labels = data.variables[dim].values
    if labels.dtype.kind in "fi":
        return int(np.flatnonzero(np.isclose(labels.astype(float), float(label), rtol=0, atol=1e-9))[0])
    return [str(known) for known in labels].index(str(label))


def numbers(node: Any, path: str = "") -> Iterator[tuple[str, Number]]:
    """Every number, and every null, of parsed JSON with its path."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from numbers(child, f"{path}/{key}" if path else str(key))
    elif isinstance(node, list):
        for k, child in enumerate(node):
            yield from numbers(child, f"{path}/{k}" if path else str(k))
    elif node is None or (isinstance(node, int | float) and not isinstance(node, bool)):
        yield path, node


def by_label(data: xr.Dataset, dim: str) -> Callable[[str], dict[str, int]]:
    """A group of a path that is a label of a dimension."""
    return lambda text: {dim: label_place(data, dim, text)}


def by_order(dim: str, order: Sequence[int]) -> Callable[[str], dict[str, int]]:
    """A group of a path that counts along an order of its own."""
    return lambda text: {dim: int(order[int(text)])}


def _chamber_seats(attrs: Mapping[str, Any]) -> int:
    """Seats of the whole chamber by the election file, of which no house grows."""
    said = json.loads(attrs["definition"])
    return said["rule"]["seats"] + sum(tier["seats"] for tier in said["tiers"] if tier["how"] == "apart")


def _least_majority(attrs: Mapping[str, Any]) -> int:
    return int(attrs["house_size"]) // 2 + 1


_MAJORITY = Shows("@house_size", of=lambda house, attrs: _least_majority(attrs))
_P, _C, _E = r"parties/(?P<party>\d+)", r"coalitions/(?P<coalition>\d+)", r"events/(?P<event>\d+)"

_H, _CC = r"chamber/holders/(?P<holder>\d+)", r"chamber/coalitions/(?P<coalition>\d+)"
_T = r"chamber/tiers/(?P<tier>\d+)"
_TH, _TC = rf"{_T}/holders/(?P<holder>\d+)", rf"{_T}/coalitions/(?P<coalition>\d+)"


def _held(path: str, prefix: str) -> dict[str, Shows | str]:
    """A distribution of seats as JSON has it."""
    return {
        rf"{path}/mean": f"{prefix}_mean",
        rf"{path}/mean_mc_error": f"{prefix}_mean_mc_error",
        rf"{path}/median": Shows(f"{prefix}_quantile", at={"quantile_level": 0.5}),
        rf"{path}/quantiles/(?P<q>[\d.]+)": f"{prefix}_quantile",
        rf"{path}/distribution/(?P<seats>\d+)": f"{prefix}_probability",
    }


def _seats_of_chamber(path: str, prefix: str) -> dict[str, Shows | str]:
    """As ``_held``, with numbers of seats of the whole chamber."""
    return {key.replace("<seats>", "<chamber_seats>"): shows for key, shows in _held(path, prefix).items()}


_CHAMBER: dict[str, Shows | str] = {
    "chamber/size": "chamber/size",
    "chamber/majority_seats": Shows("chamber/size", of=lambda size, attrs: size // 2 + 1),
    **_seats_of_chamber(rf"{_H}/seats", "chamber/seat"),
    rf"{_H}/representative_seats": "chamber/representative_seats",
    rf"{_H}/largest/probability": "chamber/largest_probability",
    rf"{_H}/largest/mc_error": "chamber/largest_mc_error",
    **_seats_of_chamber(rf"{_CC}/seats", "chamber/coalition_seat"),
    rf"{_CC}/majority/probability": "chamber/majority_probability",
    rf"{_CC}/majority/mc_error": "chamber/majority_mc_error",
    rf"{_CC}/two_thirds/probability": "chamber/two_thirds_probability",
    rf"{_CC}/two_thirds/mc_error": "chamber/two_thirds_mc_error",
    rf"{_T}/seats": "chamber/tier_size",
    **{
        key: shows
        for key, shows in _held(rf"{_TH}/seats", "chamber/tier_seat").items()
        if "distribution" not in key
    },
    **{
        key: shows
        for key, shows in _held(rf"{_TC}/seats", "chamber/tier_coalition_seat").items()
        if "distribution" not in key
    },
    rf"{_TC}/majority/probability": "chamber/tier_majority_probability",
    rf"{_TC}/majority/mc_error": "chamber/tier_majority_mc_error",
}


_LAST_SEAT: dict[str, Shows | str] = {
    **{
        rf"last_seat/{unit}_quantiles/(?P<q>[\d.]+)": f"last_seat/{unit}_quantile"
        for unit in ("share", "votes")
    },
    **{
        f"last_seat/{path}{name}": f"last_seat/{prefix}{name}"
        for path, prefix in (
            (r"pairs/(?P<pair>\d+)/", ""),
            (r"parties/(?P<party>\d+)/holds/", "holder_"),
            (r"parties/(?P<party>\d+)/next/", "next_"),
            ("enters/", "entry_"),
        )
        for name in ("probability", "mc_error")
    },
    "last_seat/draws": Shows("@draws", of=lambda draws, attrs: min(draws, 4096.0)),
}


def _told() -> Iterator[Variable]:
    """Numbers of a forecast of one rule and day about a party, coalition, event, or the whole."""
    for variable in EVERY:
        of_one = variable.group in ("", "places", "last_election", "estimate") and variable not in COUNTED
        if of_one and not variable.label:
            yield variable


def _keys() -> dict[str, Shows | str]:
    """Where numbers stand in JSON, as the registry has it."""
    found: dict[str, Shows | str] = {}
    for variable in _told():
        path = "/".join(filter(None, (_SUBJECTS[variable.subject], *variable.key.split("."))))
        behind = variable.dims[1:] if variable.subject else variable.dims
        if not variable.key or variable.group not in ("", "places"):
            continue
        if behind == ("quantile_level",):
            found[f"{path}/median"] = Shows(variable.path, at={"quantile_level": 0.5})
            found[rf"{path}/quantiles/(?P<q>[\d.]+)"] = variable.path
        elif behind == ("seats",):
            found[rf"{path}/(?P<seats>\d+)"] = variable.path
        elif behind == ("place",):
            found[rf"{path}/(?P<rank>\d+)"] = variable.path
            found[rf"{path.rpartition('/')[0]}/mc_error/(?P<rank>\d+)"] = error_of(variable.path)
        else:
            found[path] = variable.path
            if variable.estimated:
                error = "mc_error" if path.endswith("/probability") else f"{path.rpartition('/')[2]}_mc_error"
                found[f"{path.rpartition('/')[0]}/{error}"] = error_of(variable.path)
    return found


_SUBJECTS = {"party": _P, "coalition": _C, "event": _E, "": ""}
RECORD: dict[str, Shows | str] = {
    "draws": "@draws",
    "seed": "@seed",
    "house": "@house_size",
    **_keys(),
    **_CHAMBER,
    **_LAST_SEAT,
}
"""What ``forecast run --json`` prints."""

TESTED: dict[str, Shows | str] = {
    "track_record/horizon": "record/horizon",
    "track_record/elections": "record/elections",
    r"track_record/coverage/(?P<l>[\d.]+)": "record/coverage",
    r"track_record/coverage80_by_kind/(?P<w>[a-z]+)/(?P<d>[\d.]+)": "record/coverage80_by_kind",
}
"""The same where a backtest speaks for the forecast; else they are null."""


def _ends(path: str, prefix: str, variable: str) -> dict[str, Shows | str]:
    return {f"{path}/{prefix}_{end}": Shows(variable, at={"quantile_level": q}) for end, q in ENDS.items()}


def _same(path: str, *names: str, prefix: str = "") -> dict[str, Shows | str]:
    return {f"{path}/{name}": f"{prefix}{name}" for name in names}


def _columns(table: str, subject: str) -> dict[str, Shows | str]:
    """Columns of a table of parties, coalitions or events, as the registry has them."""
    found: dict[str, Shows | str] = {}
    for variable in _told():
        if variable.subject == subject and variable.dims[1:] in ((), ("quantile_level",)):
            path = f"{table}/(?P<{subject[0]}>[^/]+)"
            for name, (k, _) in variable.columns.items():
                at = {} if k is None else {"quantile_level": QUANTILES[k]}
                found[f"{path}/{name}"] = Shows(variable.path, at=at)
            if variable.estimated:
                found[f"{path}/{error_of(variable.stem)}"] = error_of(variable.path)
    return found


_TABLES: dict[str, tuple[tuple[str, ...], dict[str, Shows | str]]] = {
    "parties": (("party",), _columns("parties", "party")),
    "thresholds": (
        ("party",),
        {
            "thresholds/(?P<p>[^/]+)/poll_average": "estimate/average",
            **_same("thresholds/(?P<p>[^/]+)", "pass_probability", "pass_mc_error"),
            **_ends("thresholds/(?P<p>[^/]+)", "share", "share_quantile"),
        },
    ),
    "seats": (
        ("party", "seats"),
        {
            r"seats/(?P<p>[^/]+)/(?P<seats>\d+)/probability": "seat_probability",
            r"seats/(?P<p>[^/]+)/(?P<seats>\d+)/mc_error": "seat_mc_error",
            r"seats/[^/]+/(?P<seats>\d+)/seats": "seats",
        },
    ),
    "places": (
        ("party", "place"),
        {
            r"places/(?P<p>[^/]+)/(?P<rank>\d+)/probability": "places/probability",
            r"places/(?P<p>[^/]+)/(?P<rank>\d+)/mc_error": "places/mc_error",
            r"places/[^/]+/(?P<rank>\d+)/place": "place",
        },
    ),
    "coalitions": (
        ("coalition",),
        {
            **_columns("coalitions", "coalition"),
            "coalitions/[^/]+/majority_seats": _MAJORITY,
            "coalitions/(?P<c>[^/]+)/margin": Shows(
                "coalition_seat_quantile",
                at={"quantile_level": 0.5},
                of=lambda median, attrs: median - _least_majority(attrs),
            ),
        },
    ),
    "events": (
        ("event",),
        _same("events/(?P<e>[^/]+)", "probability", "mc_error", "condition_draws", prefix="event_"),
    ),
    "chamber": (
        ("holder",),
        {
            **_ends("chamber/(?P<h>[^/]+)", "seat", "chamber/seat_quantile"),
            **_same("chamber/(?P<h>[^/]+)", "seat_mean", "seat_mean_mc_error", prefix="chamber/"),
            **_same("chamber/(?P<h>[^/]+)", "representative_seats", prefix="chamber/"),
            **_same("chamber/(?P<h>[^/]+)", "largest_probability", "largest_mc_error", prefix="chamber/"),
        },
    ),
    "chamber-coalitions": (
        ("coalition",),
        {
            **{
                f"chamber-coalitions/(?P<c>[^/]+)/chamber_{name}": f"chamber/{name}"
                for what in ("majority", "two_thirds")
                for name in (f"{what}_probability", f"{what}_mc_error")
            },
            **_ends("chamber-coalitions/(?P<c>[^/]+)", "chamber_seat", "chamber/coalition_seat_quantile"),
            "chamber-coalitions/[^/]+/chamber_majority_seats": Shows(
                "chamber/size", of=lambda size, attrs: size // 2 + 1
            ),
            "chamber-coalitions/(?P<c>[^/]+)/margin": Shows(
                "chamber/coalition_seat_quantile",
                at={"quantile_level": 0.5},
                of=lambda median, attrs: median - (_chamber_seats(attrs) // 2 + 1),
            ),
            **{
                f"chamber-coalitions/(?P<c>[^/]+)/chamber_{name}": f"chamber/coalition_{name}"
                for name in ("seat_mean", "seat_mean_mc_error")
            },
        },
    ),
    "tiers": (
        ("tier", "holder"),
        {
            **_ends("tiers/(?P<t>[^/]+)/(?P<h>[^/]+)", "tier_seat", "chamber/tier_seat_quantile"),
            **_same(
                "tiers/(?P<t>[^/]+)/(?P<h>[^/]+)",
                "tier_seat_mean",
                "tier_seat_mean_mc_error",
                prefix="chamber/",
            ),
        },
    ),
    "tiers-coalitions": (
        ("tier", "coalition"),
        {
            **_ends(
                "tiers-coalitions/(?P<t>[^/]+)/(?P<c>[^/]+)",
                "tier_coalition_seat",
                "chamber/tier_coalition_seat_quantile",
            ),
            **_same(
                "tiers-coalitions/(?P<t>[^/]+)/(?P<c>[^/]+)",
                *("tier_coalition_seat_mean", "tier_coalition_seat_mean_mc_error"),
                *("tier_majority_probability", "tier_majority_mc_error"),
                prefix="chamber/",
            ),
        },
    ),
    "chamber-seats": (
        ("holder", "seats"),
        {
            r"chamber-seats/(?P<h>[^/]+)/(?P<chamber_seats>\d+)/probability": "chamber/seat_probability",
            r"chamber-seats/(?P<h>[^/]+)/(?P<chamber_seats>\d+)/mc_error": "chamber/seat_mc_error",
            r"chamber-seats/[^/]+/(?P<chamber_seats>\d+)/seats": "chamber_seats",
        },
    ),
    "last-seat": (
        ("party",),
        {
            f"last-seat/(?P<p>[^/]+)/{name}": f"last_seat/{name}"
            for of in ("holder", "next")
            for name in (f"{of}_probability", f"{of}_mc_error")
        },
    ),
    "last-seat-pairs": (
        ("party", "rival"),
        {
            f"last-seat-pairs/(?P<p>[^/]+)/(?P<rival>[^/]+)/{name}": f"last_seat/{name}"
            for name in ("probability", "mc_error")
        },
    ),
    "last-seat-votes": (
        ("quantile",),
        {
            "last-seat-votes/(?P<q>[^/]+)/quantile": "quantile_level",
            **{
                f"last-seat-votes/(?P<q>[^/]+)/{unit}": f"last_seat/{unit}_quantile"
                for unit in ("share", "votes")
            },
        },
    ),
    "polls": (
        (),
        {
            **_same(r"polls/(?P<poll>\d+)", "row", "size", "age", "weight", "undecided", prefix="polls/"),
            r"polls/(?P<poll>\d+)/share_(?P<p>.+)": "polls/share",
        },
    ),
    "houses": (
        ("pollster", "party"),
        {
            r"houses/(?P<f>[^/]+)/[^/]+/polls": "trend/polls",
            **{
                f"houses/(?P<f>[^/]+)/(?P<p>[^/]+)/{name}": f"trend/{name}"
                for name in ("effect", "effect_low80", "effect_high80")
            },
        },
    ),
}
"""Of every table the columns that name a row (none: its place), and what stands in the others."""

_STATED = {name: name for name in ("forecast_probability", "observed_frequency", "statements")}

CALIBRATION: dict[str, Shows | str] = {
    r"record-by-kind/[^/]+/(?P<d>[^/]+)/days_before": "days_before",
    r"record-by-kind/(?P<w>[^/]+)/(?P<d>[^/]+)/coverage80": "record/coverage80_by_kind",
    r"record-by-kind/(?P<w>[^/]+)/(?P<d>[^/]+)/elections": "record/elections_by_kind",
    **{
        f"calibration/interval/(?P<l>[^/]+)/{name}": variable
        for name, variable in {
            **dict.fromkeys(("low", "high", "forecast_probability"), "interval"),
            "observed_frequency": "record/coverage",
        }.items()
    },
    "calibration/interval/[^/]+/elections": "record/elections",
    "calibration/interval/[^/]+/horizon": "record/horizon",
    "calibration/interval/[^/]+/statements": BLANK,
    "calibration/(crossing|majority)/[^/]+/(elections|horizon)": BLANK,
    "calibration/(crossing|majority)/(?P<o>[^/]+)/low": Shows(
        "probability_bin", 9, of=lambda at, _: at - 0.05
    ),
    "calibration/(crossing|majority)/(?P<o>[^/]+)/high": Shows(
        "probability_bin", 9, of=lambda at, _: at + 0.05
    ),
    **{
        f"calibration/{kind}/(?P<o>[^/]+)/{name}": f"record/{stem}_{variable}"
        for kind, stem in (("crossing", "pass"), ("majority", "majority"))
        for name, variable in _STATED.items()
    },
}
"""The table of calibration, where a backtest speaks for the forecast."""

TABLES: dict[str, Shows | str] = {
    pattern: shows for _, patterns in _TABLES.values() for pattern, shows in patterns.items()
}
"""Every other table of numbers."""


def key_of(table: str, place: int, row: Mapping[str, Any]) -> str:
    """What names a row of a table in a path."""
    if table == "calibration":
        middle = 0.5 * (float(row["low"]) + float(row["high"]))
        return f"{row['statement']}/{middle:.9g}"
    if table == "record-by-kind":
        return f"{row['election_kind']}/{row['days_before']}"
    keys = _TABLES[table][0]
    return "/".join(str(row[key]) for key in keys) if keys else str(place)
