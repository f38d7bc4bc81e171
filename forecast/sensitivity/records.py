"""A variant as plain numbers and strings, in the form of ``forecast run --json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.result import outcome_record, plain_number
from forecast.sensitivity.placing import error_of

if TYPE_CHECKING:
    from forecast.sensitivity.result import Sweep

_INDICES = (
    ("wasted_mean", "wasted_votes"),
    ("unrepresented_mean", "unrepresented_votes"),
    ("effective_votes_mean", "effective_parties_votes"),
    ("effective_seats_mean", "effective_parties_seats"),
    ("gallagher_mean", "gallagher"),
    ("loosemore_hanby_mean", "loosemore_hanby"),
    ("manufactured_probability", "majority_on_a_minority_of_votes"),
)


def drawn_record(sweep: Sweep, at: tuple[int, ...]) -> dict[str, Any]:
    """One variant over the draws: its keys, the outcome as in ``run``, differences from the base rule."""
    values = sweep.values(at)
    attrs = sweep.dataset.attrs
    record = _identity(sweep, at, values) | outcome_record(values)
    for k, party in enumerate(record["parties"]):
        party["seats_per_vote"] = plain_number(values["seats_per_vote"][k])
        party["seats_per_vote_mc_error"] = plain_number(values["seats_per_vote_mc_error"][k])
        party["share_where_seats_change"] = plain_number(values["changed_share_mean"][k])
        party["difference"] = {
            "passes": _pair(values, "pass_difference", k),
            "seats": _pair(values, "seat_mean_difference", k),
        }
    for k, coalition in enumerate(record["coalitions"]):
        coalition["difference"] = {
            "majority": _pair(values, "majority_difference", k),
            "seats": _pair(values, "coalition_seat_mean_difference", k),
        }
    moved = values["moved_seats_probability"].tolist()
    record["changed"] = {
        "probability": plain_number(values["changed_probability"]),
        "mc_error": plain_number(values["changed_mc_error"]),
        "seats_mean": plain_number(values["moved_seats_mean"]),
        "seats_mean_mc_error": plain_number(values["moved_seats_mean_mc_error"]),
        "seats": {str(n): p for n, p in enumerate(moved) if p > 0},
    }
    record["indices"] = {name: plain_number(values[variable]) for variable, name in _INDICES}
    record["indices_mc_error"] = {
        name: plain_number(values[error_of(variable)]) for variable, name in _INDICES
    }
    return record | {name: attrs[name] for name in ("draws", "seed", "sampler", "as_of")}


def count_record(sweep: Sweep, at: tuple[int, ...]) -> dict[str, Any]:
    """One variant on the votes of a real count."""
    values = sweep.values(at)
    record = _identity(sweep, at, values)
    record["parties"] = [
        {
            "id": str(party),
            "votes": plain_number(values["votes"][k]),
            "share": plain_number(values["share"][k]),
            "admitted": bool(values["admitted"][k]),
            "seats": plain_number(values["seats_won"][k]),
            "difference": plain_number(values["seats_difference"][k]),
            "seats_per_vote": plain_number(values["seats_per_vote"][k]),
        }
        for k, party in enumerate(values["party"])
    ]
    record["coalitions"] = [
        {
            "id": str(coalition),
            "majority": bool(values["majority"][k]),
            "seats": plain_number(values["coalition_seats_won"][k]),
        }
        for k, coalition in enumerate(values["coalition"])
    ]
    record["void"] = bool(values["void"])
    record["ties"] = json.loads(str(values["tied_claims"]))
    record["moved_seats"] = plain_number(values["moved_seats"])
    names = {variable.removesuffix("_mean").removesuffix("_probability"): name for variable, name in _INDICES}
    record["indices"] = {
        name: bool(values[variable]) if variable == "manufactured" else plain_number(values[variable])
        for variable, name in names.items()
    }
    return record


def whole_record(sweep: Sweep) -> dict[str, Any]:
    """What belongs to no single variant: flips, the decomposition of the variance, the last seat."""
    data = sweep.dataset
    record: dict[str, Any] = {"flips": _flips(sweep), "warnings": list(data.attrs["warnings"])}
    if not sweep.simulated:
        record["next_seats"] = [
            {"id": str(party), "votes": int(votes), "from": str(rivals).split("+") if rivals else []}
            for party, votes, rivals in zip(
                data["party"].values,
                data["next_seat_votes"].values,
                data["next_seat_from"].values,
                strict=True,
            )
            if votes == votes
        ]
        return record
    if "seat_first_order" in data:
        record["decomposition"] = {
            "seats": _shares_of_variance(sweep, "seat", "party"),
            "majorities": _shares_of_variance(sweep, "majority", "coalition"),
        }
    if "last_seat_probability" in data:
        record["last_seat"] = _last_seat(sweep)
    return record


def _flips(sweep: Sweep) -> list[dict[str, Any]]:
    """A record a flip: what and whose, where (labels on the other axes), the level and its intervals."""
    data = sweep.dataset
    others = [dim for dim in sweep.dims if dim != "threshold"]
    numbers = ("level", "low", "high", "gone_from", "gone_to") if sweep.simulated else ("level",)
    return [
        {name: str(data[f"flip_{name}"].values[f]) for name in ("about", "subject", "change", *others)}
        | {name: plain_number(data[f"flip_{name}"].values[f]) for name in numbers}
        for f in range(data.sizes["flip"])
    ]


def _shares_of_variance(sweep: Sweep, about: str, over: str) -> list[dict[str, Any]]:
    data = sweep.dataset
    values = {str(name): variable.values for name, variable in data.data_vars.items()}
    factors = [str(factor) for factor in data["factor"].values]

    def by_factor(name: str, k: int) -> dict[str, Any]:
        return {factor: _pair(values, name, (k, f)) for f, factor in enumerate(factors)}

    return [
        {
            "id": str(subject),
            "variance": plain_number(values[f"{about}_variance"][k]),
            "first_order": by_factor(f"{about}_first_order", k),
            "total_order": by_factor(f"{about}_total_order", k),
            "interactions": _pair(values, f"{about}_interactions", k),
        }
        for k, subject in enumerate(data[over].values)
    ]


def _last_seat(sweep: Sweep) -> dict[str, Any]:
    data = sweep.dataset
    chances, errors = data["last_seat_probability"].values, data["last_seat_mc_error"].values
    ids = [str(party) for party in data["party"].values]
    pairs = [
        {
            "gains": ids[a],
            "loses": ids[b],
            "probability": plain_number(chances[a, b]),
            "mc_error": plain_number(errors[a, b]),
        }
        for a, b in np.argwhere(chances > 0).tolist()
    ]
    quantiles = {
        f"{unit}_quantiles": {
            f"{float(at):g}": plain_number(value)
            for at, value in zip(
                data["quantile"].values, data[f"last_seat_{unit}_quantile"].values, strict=True
            )
        }
        for unit in ("share", "votes")
        if f"last_seat_{unit}_quantile" in data
    }
    return quantiles | {"pairs": sorted(pairs, key=lambda pair: -pair["probability"])}


def _identity(sweep: Sweep, at: tuple[int, ...], values: dict[str, Any]) -> dict[str, Any]:
    """Rule keys first, then which variant this is."""
    scenario = {"scenario": sweep.labels(at)["scenario"]} if "scenario" in sweep.dims else {}
    return {
        **scenario,
        **sweep.keys(at),
        "base_rule": bool(values["is_base_rule"]),
        "election": sweep.election,
        "house": int(values["seats_to_hand_out"]),
    }


def _pair(values: dict[str, Any], name: str, k: int | tuple[int, int]) -> dict[str, Any]:
    return {"value": plain_number(values[name][k]), "mc_error": plain_number(values[f"{name}_mc_error"][k])}
