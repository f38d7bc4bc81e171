"""A forecast as plain numbers and strings, as ``--json`` prints it (docs/json.md).

Where each number stands is said by its entry in the registry (``key``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.variables import EVERY, about, described, error_of
from forecast.words.rounding import as_written

if TYPE_CHECKING:
    import xarray as xr

    from forecast.result import Forecast
    from forecast.variables import Variable

SCHEMA = "forecast-run-1"
"""Name and version of the schema (``record_schema``): the number rises when a key goes or changes its
meaning, not when one is added.
"""

_LISTS = {"party": "parties", "coalition": "coalitions", "event": "events"}
_LABELS = {"party": ("name", "short", "colour", "kind"), "coalition": ("name",), "event": ("name",)}


def record(forecast: Forecast) -> Any:
    """One object; of a sweep a list, a record a rule, the first of which ends with what belongs to none."""
    if "rules/keys" in forecast:
        found = [_of_rule(forecast, place) for place in forecast.places()]
        found[0]["sweep"] = _of_sweep(forecast)
        return found
    attrs = forecast.attrs
    drawn = {"election": forecast.election, "draws": forecast.draws, "seed": int(attrs["seed"])}
    how = {"sampler": attrs["sampler"], "house": forecast.house}
    warnings = list(attrs["warnings"])
    supposed = {"supposed_vote": attrs["supposed_vote"]} if "supposed_vote" in attrs else {}
    if not forecast.leading:
        values = _values(forecast, ())
        more = _night(forecast) | _chamber(forecast) | _districts(forecast)
        more |= _last_seat_of_the_country(forecast) | {"track_record": _track_record(forecast)}
        return {
            "schema": SCHEMA,
            **drawn,
            "as_of": attrs["as_of"],
            **supposed,
            **how,
            **_outcome(values),
            **more,
            "warnings": warnings,
        }
    along = next(iter(forecast.leading))
    each = [_of_place(forecast, place) for place in forecast.places()]
    if along == "as_of":
        return {**drawn, **supposed, **how, "as_of": each, "warnings": warnings}
    one = {"as_of": attrs["as_of"], **supposed}
    return {**drawn, **how, **one, f"{along}s": each, "warnings": warnings}


def draws_record(kept: xr.Dataset) -> dict[str, Any]:
    """The draws that a run kept, a row a draw, to the last digit: what stands in draws.csv."""
    found = {
        "parties": [str(one) for one in kept["party"].values],
        "share": kept["share"].values.tolist(),
        "seats": kept["seats"].values.tolist(),
    }
    if "chamber_seats" in kept:
        found["holders"] = [str(one) for one in kept["holder"].values]
        found["chamber_seats"] = kept["chamber_seats"].values.tolist()
    return {"kept_draws": found}


def _districts(forecast: Forecast) -> dict[str, Any]:
    """A record a district, and in it one a party; nothing where the rule has no districts."""
    if "districts/house" not in forecast:
        return {}
    data = forecast.groups["districts"]
    values = {
        f"districts/{name}": variable.values
        for name, variable in data.variables.items()
        if variable.dims[:1] == ("district",)
    }
    known = [one for one in EVERY if one.group == "districts" and one.key and one.path in values]
    known += [described(error_of(one.path)) for one in known if one.estimated]
    found: list[dict[str, Any]] = []
    for d, name in enumerate(forecast.names("districts/district")):
        here = {path: array[d] for path, array in values.items()}
        here |= {"quantile_level": forecast.array("quantile_level")}
        own, of_parties = (
            [one._replace(dims=one.dims[1:]) for one in known if ("party" in one.dims) == by_party]
            for by_party in (False, True)
        )
        labels = {key: str(here[f"districts/{key}"]) for key in ("district_name", "region")}
        district = _filled(
            {"id": name, "name": labels["district_name"], "region": labels["region"]}, own, here, ()
        )
        district["parties"] = [
            _filled({"id": party}, of_parties, here, k) for k, party in enumerate(forecast.parties)
        ]
        found.append(district)
    return {"districts": found}


def _night(forecast: Forecast) -> dict[str, Any]:
    """Of an election night: when it was estimated, what is counted and out, by kind of vote and by party, and
    what is called; nothing of another forecast.
    """
    if "evening/moment" not in forecast:
        return {}
    values = {f"night/{name}": data.values for name, data in forecast.groups["night"].variables.items()}
    values |= {"quantile_level": forecast.array("quantile_level")}
    known = [one for one in EVERY if one.group == "night" and one.key and one.path in values]
    attrs, found = forecast.attrs, {}
    for name in ("source", "estimate"):
        found[f"{name}_time"] = attrs.get(f"night_{name}_time", "")
    found |= {
        "units": int(forecast.array("night/units").sum()),
        "units_final": int(forecast.array("night/units_final").sum()),
        "votes_share": plain_number(forecast.array("evening/votes_share")[-1]),
    }
    _filled(found, [one for one in known if one.dims[:1] == ("quantile_level",)], values, ())
    for over, name, labels in (
        ("kind", "kinds", forecast.names("night/kind")),
        ("party", "parties", forecast.parties),
    ):
        of = [one._replace(dims=one.dims[1:]) for one in known if one.dims == (over,)]
        found[name] = [_filled({"id": label}, of, values, k) for k, label in enumerate(labels)]
    for k, kind in enumerate(found["kinds"]):
        kind["left"] = plain_number(forecast.array("night/left")[k].sum())
    for what, over in (("entry", "party"), ("majority", "coalition")):
        called = forecast.array(f"evening/called_{what}")[-1] > 0
        ids = forecast.names(over)
        found[f"called_{what}"] = [ids[k] for k in np.flatnonzero(called).tolist()]
    return {"night": found | {"trouble": attrs.get("night_trouble", "")}}


def _chamber(forecast: Forecast, place: tuple[int, ...] = ()) -> dict[str, Any]:
    """The whole chamber: its size, holders of seats, coalitions, tiers; nothing where it is its lists."""
    if "chamber/size" not in forecast:
        return {}
    data, depth = forecast.groups["chamber"], len(forecast.leading)
    values = {
        f"chamber/{name}": one.values[place] if one.dims[:depth] == tuple(forecast.leading) else one.values
        for name, one in data.variables.items()
    }
    if "quantile_level" in forecast:  # a count has none
        values |= {"quantile_level": forecast.array("quantile_level")}
    size = plain_number(values["chamber/size"])
    found: dict[str, Any] = {"size": size, "majority_seats": None if size is None else int(size) // 2 + 1}
    holders, coalitions = forecast.names("chamber/holder"), forecast.names("coalition")
    found["holders"] = _each(holders, ("holder",), values, ())
    found["coalitions"] = _each(coalitions, ("coalition",), values, ())
    found["tiers"] = [
        {
            "id": tier,
            **{key: str(values[f"chamber/tier_{key}"][t]) for key in ("name", "kind", "basis")},
            "seats": plain_number(values["chamber/tier_size"][t]),
            "holders": _each(holders, ("tier", "holder"), values, (t,)),
            "coalitions": _each(coalitions, ("tier", "coalition"), values, (t,)),
        }
        for t, tier in enumerate(forecast.names("chamber/tier") if "chamber/tier" in forecast else ())
    ]
    if "chamber/win_probability" in values:
        tiers = forecast.names("chamber/contest_tier")
        found["districts"] = [
            {"id": name, "tier": tiers[d], "holders": _each(holders, ("contest", "holder"), values, (d,))}
            for d, name in enumerate(forecast.names("chamber/contest"))
        ]
    if "chamber/all_uncovered_mean" in values:
        _filled(found, _known("chamber/all_uncovered", values), values, ())
        for d, district in enumerate(found["districts"]):
            _filled(district, _known("chamber/uncovered_probability", values, along=1), values, (d,))
    if "districts" in found:
        surest = values["chamber/win_probability"].max(axis=1)
        found["districts"] = [found["districts"][d] for d in np.argsort(surest, kind="stable")]
    return {"chamber": found}


def _known(path: str, values: Mapping[str, Any], along: int = 0) -> list[Variable]:
    """Variables whose paths begin so, with their errors, of one place of their first dimensions."""
    known = [one for one in EVERY if one.path.startswith(path) and one.key and one.path in values]
    known += [described(error_of(one.path)) for one in known if one.estimated]
    return [one._replace(dims=one.dims[along:]) for one in known]


def _each(
    ids: Iterable[str], over: tuple[str, ...], values: Mapping[str, Any], at: tuple[int, ...]
) -> list[dict[str, Any]]:
    """A record for each holder or coalition: numbers of the chamber over the dimensions ``over``."""
    known = [
        one
        for one in EVERY
        if one.group == "chamber" and one.key and one.path in values and one.dims[: len(over)] == over
    ]
    known += [described(error_of(one.path)) for one in known if one.estimated]
    behind = [one._replace(dims=one.dims[len(over) :]) for one in known]
    return [_filled({"id": label}, behind, values, (*at, k)) for k, label in enumerate(ids)]


def _of_place(forecast: Forecast, place: tuple[int, ...]) -> dict[str, Any]:
    values = _values(forecast, place)
    if "as_of" in forecast.leading:
        which: dict[str, Any] = {
            "as_of": forecast.labels(place)["as_of"],
            "polls": plain_number(values["polls_used"]),
        }
    else:
        which = {
            "id": forecast.labels(place)["scenario"],
            "name": str(values["scenario_name"]),
            "weight": plain_number(values["weight"]),
            "settings": _lines(values["scenario_settings"]),
        }
    return {
        **which,
        **_outcome(values),
        **_chamber(forecast, place),
        "warnings": _lines(values["warnings"]),
    }


def _values(forecast: Forecast, place: tuple[int, ...]) -> dict[str, Any]:
    """Every variable and label of the forecast and of its rules at a place, as arrays by path."""
    leading, found = tuple(forecast.leading), {}
    for group in ("", "places", "rules"):
        for name, variable in forecast.groups[group].variables.items() if group in forecast.groups else ():
            here = tuple(
                place[leading.index(str(dim))] for dim in variable.dims[: len(leading)] if dim in leading
            )
            found[f"{group}/{name}".lstrip("/")] = variable.values[here]
    return found


def _outcome(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parties, coalitions and events of one rule, and what is of none of them: the void, the indices."""
    found: dict[str, Any] = {}
    for subject, name in _LISTS.items():
        known = [one for one in about(subject) if one.key and one.path in values]
        if known or subject != "event":
            found[name] = [
                _filled(_called(subject, values, k), known, values, k)
                for k in range(len(values.get(subject, ())))
            ]
    return _filled(found, [one for one in about("") if one.key and one.path in values], values, ())


def _called(subject: str, values: Mapping[str, Any], k: int) -> dict[str, Any]:
    """Id of a party, coalition or event, and what else it is called and is."""
    found: dict[str, Any] = {"id": str(values[subject][k])}
    found |= {key: str(values[f"{subject}_{key}"][k]) for key in _LABELS[subject]}
    if subject == "coalition":
        found["parties"] = str(values["coalition_parties"][k]).split("\n")
    return found


def _filled(
    target: dict[str, Any], known: Iterable[Variable], values: Mapping[str, Any], k: int | tuple[int, ...]
) -> dict[str, Any]:
    """Put numbers where the registry says that they stand."""
    for variable in known:
        value = values[variable.path][k]
        *way, last = variable.key.split(".")
        place = target
        for part in way:
            place = place.setdefault(part, {})
        behind = variable.dims[1:] if variable.subject else variable.dims
        if behind == ("quantile_level",):
            quantiles = _by_label(values["quantile_level"], value)
            place.setdefault(last, {}).update(median=quantiles["0.5"], quantiles=quantiles)
        elif behind == ("place",):
            place[last] = {str(k + 1): plain_number(one) for k, one in enumerate(value)}
        elif behind in (("seats",), ("district_seats",), ("chamber_seats",), ("uncovered_winners",)):
            known_at_all = not math.isnan(value[0])
            some = {str(n): as_written(p) for n, p in enumerate(value.tolist()) if p > 0}
            if "mc_error" not in last:
                place[last] = some if known_at_all else None
        elif variable.kind == "truth":
            place[last] = bool(value)
        else:
            place[last] = plain_number(value)
    return target


def _of_rule(forecast: Forecast, place: tuple[int, ...]) -> dict[str, Any]:
    """One rule of a sweep: its keys first, then which it is, and the outcome with what differs from
    the base.
    """
    values, attrs = _values(forecast, place), forecast.attrs
    scenario = {"scenario": forecast.labels(place)["scenario"]} if "scenario" in forecast.leading else {}
    found = {
        **scenario,
        **json.loads(str(values["rules/keys"])),
        "base_rule": bool(values["rules/is_base_rule"]),
        "election": forecast.election,
        "house": int(values["rules/seats_to_hand_out"]),
        **_outcome(values),
    }
    # Tiers and districts are the same under every rule, but for the lists, which are told above.
    chamber = _chamber(forecast, place).get("chamber", {})
    if chamber:
        found["chamber"] = {key: chamber[key] for key in chamber if key not in ("tiers", "districts")}
    if forecast.draws:
        return found | {name: attrs[name] for name in ("draws", "seed", "sampler", "as_of")}
    return found | {"ties": json.loads(str(values["tied_claims"]))}


def _of_sweep(forecast: Forecast) -> dict[str, Any]:
    """What belongs to no single rule: flips, the decomposition of the variance, the last seat."""
    found: dict[str, Any] = {"flips": _flips(forecast), "warnings": list(forecast.attrs["warnings"])}
    if not forecast.draws:
        rows = zip(
            forecast.parties,
            forecast.array("last_seat/next_votes").tolist(),
            forecast.names("last_seat/next_from"),
            strict=True,
        )
        next_seats = [
            {"id": party, "votes": int(votes), "from": rivals.split("+") if rivals else []}
            for party, votes, rivals in rows
            if votes == votes
        ]
        return found | {"next_seats": next_seats}
    if "decomposition/seat_first_order" in forecast:
        found["decomposition"] = {
            "seats": _shares_of_variance(forecast, "seat", "party"),
            "majorities": _shares_of_variance(forecast, "majority", "coalition"),
        }
    if "last_seat/probability" in forecast:
        found["last_seat"] = _last_seat(forecast)
    return found


def _flips(forecast: Forecast) -> list[dict[str, Any]]:
    """A record a flip: what and whose, where (labels on the other axes), the level and its intervals."""
    numbers = ("level", "low", "high", "gone_from", "gone_to") if forecast.draws else ("level",)
    elsewhere = [json.loads(text) for text in forecast.names("flips/elsewhere")]
    return [
        {name: str(forecast.array(f"flips/{name}")[f]) for name in ("about", "subject", "change")}
        | {dim: str(label) for dim, label in where.items()}
        | {name: plain_number(forecast.array(f"flips/{name}")[f]) for name in numbers}
        for f, where in enumerate(elsewhere)
    ]


def _shares_of_variance(forecast: Forecast, what: str, over: str) -> list[dict[str, Any]]:
    factors = forecast.names("decomposition/factor")

    def pair(name: str, k: int | tuple[int, int]) -> dict[str, Any]:
        value, error = (forecast.array(f"decomposition/{what}_{name}{end}")[k] for end in ("", "_mc_error"))
        return {"value": plain_number(value), "mc_error": plain_number(error)}

    return [
        {
            "id": subject,
            "variance": plain_number(forecast.array(f"decomposition/{what}_variance")[k]),
            "first_order": {factor: pair("first_order", (k, f)) for f, factor in enumerate(factors)},
            "total_order": {factor: pair("total_order", (k, f)) for f, factor in enumerate(factors)},
            "interactions": pair("interactions", k),
        }
        for k, subject in enumerate(forecast.names(over))
    ]


def _last_seat_of_the_country(forecast: Forecast) -> dict[str, Any]:
    """Who holds the last seat and who is next, or why there is none; nothing of files that do not know."""
    if "last_seat/holder_probability" in forecast:
        return {"last_seat": _last_seat(forecast)}
    reason = str(forecast.attrs.get("last_seat", ""))
    return {"last_seat": {"none": reason}} if reason else {}


def _last_seat(forecast: Forecast) -> dict[str, Any]:
    chances, errors = forecast.array("last_seat/probability"), forecast.array("last_seat/mc_error")
    ids = forecast.parties
    pairs: list[dict[str, Any]] = [
        {
            "gains": ids[a],
            "loses": ids[b],
            "probability": plain_number(chances[a, b]),
            "mc_error": plain_number(errors[a, b]),
        }
        for a, b in np.argwhere(chances > 0).tolist()
    ]
    quantiles = {
        f"{unit}_quantiles": _by_label(forecast.array("quantile_level"), forecast.array(path))
        for unit in ("share", "votes")
        if (path := f"last_seat/{unit}_quantile") in forecast
    }
    found: dict[str, Any] = quantiles | {
        "pairs": sorted(pairs, key=lambda pair: pair["probability"], reverse=True)
    }
    values = {f"last_seat/{name}": one.values for name, one in forecast.groups["last_seat"].variables.items()}
    known = [one for one in EVERY if one.group == "last_seat" and one.key and one.path in values]
    known += [described(error_of(one.path)) for one in known]
    of_parties = [one._replace(dims=()) for one in known if one.dims == ("party",)]
    found["parties"] = [_filled({"id": party}, of_parties, values, k) for k, party in enumerate(ids)]
    _filled(found, [one for one in known if not one.dims], values, ())
    return found | {"draws": int(forecast["last_seat/probability"].attrs["draws"])}


def _track_record(forecast: Forecast) -> dict[str, Any]:
    """How often such forecasts were right in the backtest; null where none speaks for this one."""
    tested = "record/coverage" in forecast and not math.isnan(forecast.array("record/elections"))
    return {
        "said": _lines(forecast.attrs.get("track_record", "")),
        "horizon": plain_number(forecast.array("record/horizon")) if tested else None,
        "elections": int(forecast.array("record/elections")) if tested else None,
        "coverage": _by_label(forecast.array("record/interval"), forecast.array("record/coverage"))
        if tested
        else None,
        "coverage80_by_kind": _by_kind(forecast) if tested else None,
    }


def _by_kind(forecast: Forecast) -> dict[str, dict[str, float | int | None]]:
    """By kind of election and days before the vote, as far as it was tested."""
    kinds, days = forecast.names("record/election_kind"), forecast.array("record/days_before")
    held = forecast.array("record/coverage80_by_kind")
    return {kind: _by_label(days, row) for kind, row in zip(kinds, held, strict=True) if (row == row).any()}


def plain_number(value: Any) -> float | int | None:
    """A number for JSON: whole numbers as integers, NaN as null, others of twelve digits."""
    number = float(value)
    if math.isnan(number):
        return None
    return (
        int(number)
        if getattr(value, "dtype", None) is not None and value.dtype.kind in "iu"
        else as_written(number)
    )


def _by_label(labels: Iterable[float], values: Iterable[Any]) -> dict[str, float | int | None]:
    return {f"{float(label):g}": plain_number(value) for label, value in zip(labels, values, strict=True)}


def _lines(text: object) -> list[str]:
    return [line for line in str(text).split("\n") if line]
