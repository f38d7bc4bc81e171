"""What the charts read: the rows of the tables, in the order in which people look for them."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forecast.result import LEAST_CONDITION_DRAWS
from forecast.tables import table_of
from forecast.tables.rounding import probability

if TYPE_CHECKING:
    import numpy as np

    from forecast.estimation.calibration import Calibration
    from forecast.result import Forecast

_NO_LIST = "-"
_FEW_DAYS = 3
SEATLESS_KINDS = frozenset({"none-of-the-above", "residual"})
"""Options that hold no seats by their kind."""


@dataclass(frozen=True)
class Trend:
    """Shares (party, day) in the polls as they moved, each with its 80 % interval; NaN where not polled."""

    days: list[datetime.date]
    parties: tuple[str, ...]
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray

    def of(self, party: str) -> tuple[list[float], list[float], list[float]] | None:
        """Lower end, middle and upper end by day; ``None`` for a party that the trend does not hold."""
        k = self.parties.index(party)
        if not all(math.isfinite(value) for value in (*self.low[k], *self.middle[k], *self.high[k])):
            return None
        return self.low[k].tolist(), self.middle[k].tolist(), self.high[k].tolist()


@dataclass(frozen=True)
class Facts:
    """One forecast as its tables tell it."""

    forecast: Forecast

    @cached_property
    def parties(self) -> list[dict[str, Any]]:
        """Rows of the party table, the largest first; then options that hold no seats, then untold ones."""
        listed: list[dict[str, Any]] = [dict(row) for row in table_of(self.forecast, "parties").rows]
        for row in listed:
            row["seatless"] = row["kind"] in SEATLESS_KINDS
            row["told"] = row["share_median"] is not None
            row["chance"] = (
                "holds no seats" if row["seatless"] else said(row["pass_probability"], row["pass_mc_error"])
            )
        return sorted(
            listed, key=lambda row: (not row["told"], row["seatless"], -(row["share_median"] or 0.0))
        )

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """The rows of those that may hold seats and that the polls tell apart."""
        return [row for row in self.parties if row["told"] and not row["seatless"]]

    @cached_property
    def coalitions(self) -> list[dict[str, Any]]:
        """Rows of the table of coalitions, in the order of the election file."""
        return [dict(row) for row in table_of(self.forecast, "coalitions").rows]

    @cached_property
    def polls(self) -> list[dict[str, Any]]:
        """Rows of the table of polls."""
        return [dict(row) for row in table_of(self.forecast, "polls").rows]

    @cached_property
    def polls_used(self) -> list[dict[str, Any]]:
        """Rows of polls that have a weight."""
        return [row for row in self.polls if row["weight"]]

    @property
    def polls_together(self) -> bool:
        """Whether all polls used were taken within days, so that there is no trend to see."""
        days = [poll_day(row) for row in self.polls_used]
        return bool(days) and (max(days) - min(days)).days < _FEW_DAYS

    @cached_property
    def trend(self) -> Trend | None:
        """The trend of the polls from the first poll used on; ``None`` without one over several days."""
        data = self.forecast.dataset
        if "day" not in data.dims or not self.polls_used or self.polls_together:
            return None
        first = min(poll_day(row) for row in self.polls_used)
        days = [datetime.date.fromisoformat(str(day)[:10]) for day in data["day"].values]
        shown = [k for k, day in enumerate(days) if day >= first]
        if len(shown) < _FEW_DAYS:
            return None
        low, middle, high = (data[f"trend_{name}"].values[shown].T for name in ("low80", "share", "high80"))
        return Trend([days[k] for k in shown], self.forecast.parties, low, middle, high)

    @property
    def too_few(self) -> str:
        """What to say in place of a finding where there are too few draws for one; else an empty text."""
        number = self.forecast.draws
        if number >= LEAST_CONDITION_DRAWS:
            return ""
        return f"{number} simulated election{'' if number == 1 else 's'}: too few to tell"

    @property
    def house(self) -> int:
        """Seats that the rule hands out; the median over draws where the house may grow."""
        return int(self.forecast.dataset.attrs["house"])

    @property
    def majority(self) -> int:
        """Least seats of a majority."""
        return self.house // 2 + 1

    @cached_property
    def rule(self) -> dict[str, Any]:
        """The rule as the election file gives it."""
        import json

        return json.loads(self.forecast.dataset.attrs["rule"])

    @cached_property
    def level(self) -> float | None:
        """The share that an ordinary list needs; ``None`` where there is no threshold."""
        return level_of(self.rule, int(self.rule["seats"])) or None

    @cached_property
    def seat_chances(self) -> dict[str, np.ndarray]:
        """Probabilities of 0, 1, 2, ... seats by party."""
        return dict(zip(self.forecast.parties, self.forecast.dataset["seat_probability"].values, strict=True))

    @property
    def leading_question(self) -> tuple[str, float, float] | None:
        """A majority that people ask for first, its probability and Monte Carlo error.

        The first coalition of the election file; without one, the largest party alone.
        """
        if self.coalitions:
            first = self.coalitions[0]
            name, chance = str(first["coalition_name"]), first["majority_probability"]
            return f"{name}: a majority", float(chance), float(first["majority_mc_error"])
        if not self.lists:
            return None
        largest = self.lists[0]
        chance = float(self.seat_chances[largest["party"]][self.majority :].sum())
        error = (chance * (1 - chance) / self.forecast.draws) ** 0.5
        return f"{largest['party_name']} alone: a majority", chance, max(error, 1 / self.forecast.draws)

    @property
    def caption(self) -> str:
        """Where the numbers come from, for the foot of every chart."""
        attrs = self.forecast.dataset.attrs
        pollsters = list(dict.fromkeys(str(row["pollster"]) for row in self.polls if row["weight"]))
        named = "; ".join(pollsters[:6]) + (f" and {len(pollsters) - 6} more" if len(pollsters) > 6 else "")
        polls = f"Polls: {named}, known by {attrs['as_of']}. " if pollsters else ""
        changed = (
            f" Changed for this run: {str(attrs['settings']).replace(chr(10), ', ')}."
            if attrs.get("settings")
            else ""
        )
        drawn = f"{attrs['sampler']} draws, seed {attrs['seed']}"
        if "share_draws" in attrs:
            drawn = "votes drawn elsewhere"
        number = self.forecast.draws
        return (
            f"{attrs['election_name']}. {polls}{number:,} simulated election{'' if number == 1 else 's'} "
            f"({drawn}).{changed}"
        )


def level_of(rule: dict[str, Any], house: int | None = None) -> float | None:
    """The share that an ordinary list needs under a rule as data, 0 without a threshold.

    ``None`` for a quota of a house that is not given.
    """
    from fractions import Fraction

    level = (rule.get("threshold") or {}).get("level", 0)
    if level == "quota":
        return None if house is None else 1 / house
    return float(Fraction(str(level)))


def poll_day(row: dict[str, Any]) -> datetime.date:
    """The day that a poll stands at: the last of its fieldwork, else that of its publication."""
    return datetime.date.fromisoformat(str(row["end"] or row["published"])[:10])


def said(value: float | None, error: float | None) -> str:
    """A probability as people read it, a dash where there is none."""
    return probability(value, error) or _NO_LIST


def known_calibration() -> Calibration | None:
    """The record of past elections that comes with the program, if any."""
    from importlib.resources import files

    if not files("forecast.estimation").joinpath("calibration.json").is_file():
        return None
    from forecast.estimation.calibration import shipped_calibration

    return shipped_calibration()
