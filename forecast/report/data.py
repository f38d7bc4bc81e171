"""What the script of the page reads: numbers of the tables, and those of other rules."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.colours import EMPTY, on_white
from forecast.charts.facts import poll_day
from forecast.election.methods import METHODS

if TYPE_CHECKING:
    from forecast.charts.facts import Facts

_ENDS = ("low95", "low80", "low50", "median", "high50", "high80", "high95")
_SHOWN_FROM = 1e-6
_TREND_DECIMALS = 5
"""A thousandth of a point: less than a pixel of the panel."""


def payload(facts: Facts) -> dict[str, Any]:
    """Plain data for JSON; parties in the order of the page."""
    ids = [row["party"] for row in facts.parties]
    return {
        "house": facts.house,
        "majority": facts.majority,
        "level": facts.level,
        "draws": facts.forecast.draws,
        "parties": [_party(facts, row) for row in facts.parties],
        "coalitions": [
            {
                "name": row["coalition_name"],
                "parties": [ids.index(party) for party in str(row["parties"]).split("+") if party in ids],
                "majority": row["majority_probability"],
                "error": row["majority_mc_error"],
                "seats": [row[f"seat_{end}"] for end in _ENDS],
            }
            for row in facts.coalitions
        ],
        "polls": [
            {
                "day": poll_day(row).isoformat(),
                "pollster": row["pollster"],
                "kind": row["kind"],
                "weight": row["weight"],
                "shares": [row.get(f"share_{party}") for party in ids],
            }
            for row in facts.polls_used
        ],
        "together": facts.polls_together,
        "trend": _trend(facts, ids),
        "election_date": str(facts.forecast.dataset.attrs["election_date"]),
        "grid": _grid(facts, ids),
    }


def _trend(facts: Facts, ids: list[str]) -> dict[str, Any] | None:
    """The trend of the polls and its 80 % band, blank for parties without; ``None`` without a trend."""
    trend = facts.trend
    if trend is None:
        return None
    found = [trend.of(party) or ([], [], []) for party in ids]
    ends = [
        [[round(share, _TREND_DECIMALS) for share in end] for end in ends]
        for ends in zip(*found, strict=True)
    ]
    return {
        "days": [day.isoformat() for day in trend.days],
        **dict(zip(("low80", "share", "high80"), ends, strict=True)),
    }


def _party(facts: Facts, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["party_name"],
        "colour": EMPTY if row["seatless"] else on_white(row["colour"]),
        "seatless": row["seatless"],
        "told": row["told"],
        "share": [row[f"share_{end}"] for end in _ENDS],
        "passes": row["pass_probability"],
        "error": row["pass_mc_error"],
        "seats": [row[f"seat_{end}"] for end in _ENDS],
        "mean": row["seat_mean"],
        "drawn": row["representative_seats"],
        "chances": _sparse(facts.seat_chances[row["party"]]) if row["told"] else [0],
    }


def _grid(facts: Facts, ids: list[str]) -> dict[str, Any] | None:
    """Other thresholds and methods; ``None`` where the forecast does not hold them."""
    data = facts.forecast.dataset
    if "explorer_threshold" not in data.dims:
        return None
    order = [facts.forecast.parties.index(party) for party in ids]
    values = {
        str(name): variable.values
        for name, variable in data.variables.items()
        if str(name).startswith("explorer_")
    }
    draws = int(data.attrs["explorer_draws"])
    levels, methods = values["explorer_threshold"], [str(name) for name in values["explorer_method"]]
    cells = [
        [
            {
                "seats": values["explorer_seat_quantile"][t, m][order].astype(int).tolist(),
                "mean": np.round(values["explorer_seat_mean"][t, m][order], 4).tolist(),
                "counts": [_sparse(values["explorer_seat_count"][t, m, k]) for k in order],
                "drawn": values["explorer_representative_seats"][t, m][order].tolist(),
                "majority": values["explorer_majority_probability"][t, m].tolist(),
                "coalition_seats": values["explorer_coalition_seat_quantile"][t, m].astype(int).tolist(),
                "subsets": _packed(
                    values["explorer_subset_majority"][t, m], values["explorer_subset_draws"][t, m]
                ),
                "subset_draws": int(values["explorer_subset_draws"][t, m]),
            }
            for m in range(len(methods))
        ]
        for t in range(len(levels))
    ]
    law = rule_method(facts)
    return {
        "draws": draws,
        "levels": levels.tolist(),
        "law": int(np.argmin(np.abs(levels - float(data.attrs["explorer_law_threshold"])))),
        "methods": [law if name == "law" else title_of(name) for name in methods],
        "passes": values["explorer_pass_probability"][:, order].tolist(),
        "subset_parties": [
            ids.index(party) for party in str(data.attrs["explorer_parties"]).split("\n") if party
        ],
        "cells": cells,
    }


def rule_method(facts: Facts) -> str:
    """Title of the method of the law."""
    return title_of(str(facts.rule["allocation"]["method"]))


def title_of(name: str) -> str:
    """A method's title as people read it, without its divisors."""
    return METHODS[name].title.partition(":")[0]


def _sparse(chances: np.ndarray) -> list[Any]:
    """The first number of seats that has a chance, then the chances from there to the last."""
    held = np.flatnonzero(chances > (0 if chances.dtype.kind == "i" else _SHOWN_FROM / 10))
    if not len(held):
        return [0]
    return [int(held[0]), *chances[held[0] : held[-1] + 1].tolist()]


def _packed(chances: np.ndarray, draws: int) -> str:
    """Counts of draws as little-endian 16-bit numbers, in base 64."""
    return base64.b64encode(np.round(chances * draws).astype("<u2").tobytes()).decode()
