"""Forecast: what a run leaves, as one labelled ``xarray.Dataset``.

Dimensions: ``party`` (every option on the ballot, seatless ones too), ``seats`` (0 to the size of the house),
``coalition``, ``event``, ``quantile``. Every variable carries ``long_name`` and ``units``; standard errors of the
Monte Carlo stand beside what they belong to, as ``<name>_mc_error``. Where the numbers come from is in ``attrs``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

SCHEMA_VERSION = 1
"""Of the Dataset; raised whenever a name or a meaning changes."""

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Ends of the 95, 80 and 50 % intervals, and the median."""

LEAST_CONDITION_DRAWS = 100
"""A conditional probability is left blank under so many draws of its condition."""


@dataclass(frozen=True)
class Forecast:
    """A forecast and its provenance; everything a reader sees is a view of ``dataset``."""

    dataset: xr.Dataset

    @property
    def election(self) -> str:
        """Id of the election."""
        return str(self.dataset.attrs["election"])

    @property
    def draws(self) -> int:
        """Number of elections drawn."""
        return int(self.dataset.attrs["draws"])

    @property
    def parties(self) -> tuple[str, ...]:
        """Ids of every option on the ballot, in the order of the election file."""
        return tuple(str(party) for party in self.dataset["party"].values)

    def passes(self, party: str) -> float:
        """Probability that a party crosses the threshold, by whatever way the rule gives it."""
        return float(self.dataset["pass_probability"].sel(party=party))

    def majority(self, coalition: str) -> float:
        """Probability that a coalition holds more than half of the seats that the rule hands out."""
        return float(self.dataset["majority_probability"].sel(coalition=coalition))

    def seats(self, party: str) -> np.ndarray:
        """Probability of 0, 1, 2, ... seats of a party."""
        return self.dataset["seat_probability"].sel(party=party).values

    def record(self) -> dict[str, Any]:
        """The forecast as plain numbers and strings: what ``forecast run --json`` prints (see docs/json.md)."""
        data = self.dataset
        return {
            "election": self.election,
            "draws": self.draws,
            "seed": int(data.attrs["seed"]),
            "as_of": data.attrs["as_of"],
            "sampler": data.attrs["sampler"],
            "house": int(data.attrs["house"]),
            "parties": [self._party_record(party) for party in self.parties],
            "coalitions": [
                {
                    "id": str(coalition),
                    "majority": self._probability("majority", coalition=coalition),
                    "seats": self._seats_record("coalition_seat", coalition=coalition),
                }
                for coalition in data["coalition"].values
            ],
            "events": [
                {
                    "id": str(event),
                    **self._probability("event", event=event),
                    "condition_draws": int(data["event_condition_draws"].sel(event=event)),
                }
                for event in data["event"].values
            ],
            "void": self._probability("void"),
            "warnings": list(data.attrs["warnings"]),
        }

    def _party_record(self, party: str) -> dict[str, Any]:
        data = self.dataset.sel(party=party)
        quantiles = data["quantile"].values
        shares = data["share_quantile"].values
        return {
            "id": party,
            "share": {
                "mean": _plain(data["share_mean"]),
                "median": _plain(data["share_quantile"].sel(quantile=0.5)),
                "quantiles": _by_label(quantiles, shares),
            },
            "passes": self._probability("pass", party=party),
            "seats": self._seats_record("seat", party=party),
            "representative_seats": _plain(data["representative_seats"]),
        }

    def _seats_record(self, prefix: str, **where: Any) -> dict[str, Any]:
        data = self.dataset.sel(**where)
        probabilities = data[f"{prefix}_probability"].values
        known = not math.isnan(float(probabilities[0]))
        return {
            "mean": _plain(data[f"{prefix}_mean"]),
            "mean_mc_error": _plain(data[f"{prefix}_mean_mc_error"]),
            "median": _plain(data[f"{prefix}_quantile"].sel(quantile=0.5)),
            "quantiles": _by_label(data["quantile"].values, data[f"{prefix}_quantile"].values),
            "distribution": {str(n): float(p) for n, p in enumerate(probabilities) if p > 0} if known else None,
        }

    def _probability(self, prefix: str, **where: Any) -> dict[str, float | int | None]:
        data = self.dataset.sel(**where) if where else self.dataset
        return {
            "probability": _plain(data[f"{prefix}_probability"]),
            "mc_error": _plain(data[f"{prefix}_mc_error"]),
        }


def _plain(value: Any) -> float | int | None:
    """A number for JSON: whole numbers as integers, NaN as null."""
    number = float(value)
    if math.isnan(number):
        return None
    return int(number) if getattr(value, "dtype", None) is not None and value.dtype.kind in "iu" else number


def _by_label(labels: Iterable[float], values: Iterable[Any]) -> dict[str, float | int | None]:
    return {f"{float(label):g}": _plain(value) for label, value in zip(labels, values, strict=True)}
