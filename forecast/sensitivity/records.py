"""A variant as plain numbers and strings, in the form of ``forecast run --json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast.result import outcome_record, plain_number

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
        party["difference"] = {
            "passes": _pair(values, "pass_difference", k),
            "seats": _pair(values, "seat_mean_difference", k),
        }
    for k, coalition in enumerate(record["coalitions"]):
        coalition["difference"] = {
            "majority": _pair(values, "majority_difference", k),
            "seats": _pair(values, "coalition_seat_mean_difference", k),
        }
    record["changed"] = {
        "probability": plain_number(values["changed_probability"]),
        "mc_error": plain_number(values["changed_mc_error"]),
        "seats_mean": plain_number(values["moved_seats_mean"]),
    }
    record["indices"] = {name: plain_number(values[variable]) for variable, name in _INDICES}
    return record | {name: attrs[name] for name in ("draws", "seed", "sampler", "as_of")}


def count_record(sweep: Sweep, at: tuple[int, ...]) -> dict[str, Any]:
    """One variant on the votes of a real count."""
    values = sweep.values(at)
    record = _identity(sweep, at, values)
    record["parties"] = [
        {
            "id": str(party),
            "votes": plain_number(values["votes"][k]),
            "admitted": bool(values["admitted"][k]),
            "seats": plain_number(values["seats_won"][k]),
            "difference": plain_number(values["seats_difference"][k]),
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
    names = {variable.removesuffix("_mean").removesuffix("_probability"): name for variable, name in _INDICES}
    record["indices"] = {
        name: bool(values[variable]) if variable == "manufactured" else plain_number(values[variable])
        for variable, name in names.items()
    }
    return record


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


def _pair(values: dict[str, Any], name: str, k: int) -> dict[str, Any]:
    return {"value": plain_number(values[name][k]), "mc_error": plain_number(values[f"{name}_mc_error"][k])}
