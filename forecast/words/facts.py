"""A forecast as readers look at it: rows in the order in which people look for them, and what is
asked first.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.variables import ENDS, LEAST_CONDITION_DRAWS, SEATLESS_KINDS
from forecast.words.rounding import probability

if TYPE_CHECKING:
    from forecast.result import Forecast

_NO_LIST = "-"
_FEW_DAYS = 3


@dataclass(frozen=True)
class Facts:
    """One forecast, of one rule and day, as its charts, headlines and page tell it."""

    forecast: Forecast

    @cached_property
    def parties(self) -> list[dict[str, Any]]:
        """Options on the ballot, the largest first; then those that hold no seats, then untold ones."""
        found = self.forecast.rows("party")
        for row in found:
            row["seatless"] = row["kind"] in SEATLESS_KINDS
            row["told"] = row["share_median"] is not None
            row["chance"] = (
                "holds no seats" if row["seatless"] else said(row["pass_probability"], row["pass_mc_error"])
            )
        return sorted(
            found, key=lambda row: (not row["told"], row["seatless"], -(row["share_median"] or 0.0))
        )

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """Those that may hold seats and that the polls tell apart."""
        return [row for row in self.parties if row["told"] and not row["seatless"]]

    @cached_property
    def coalitions(self) -> list[dict[str, Any]]:
        """Coalitions in the order of the election file."""
        return self.forecast.rows("coalition")

    @property
    def of_chamber(self) -> bool:
        """Whether the whole chamber is told of, and is more than its lists."""
        return "chamber/seat_mean" in self.forecast and self.forecast.has_tiers

    @cached_property
    def holders(self) -> list[dict[str, Any]]:
        """Parties and groups of the whole chamber, those with most seats first; none where lists are all."""
        if "chamber/seat_mean" not in self.forecast:
            return []
        labels = {
            name: self.forecast.names(f"chamber/holder{name and '_'}{name}")
            for name in ("", "name", "short", "colour")
        }
        numbers = {
            name: self.forecast.array(f"chamber/{name}").tolist()
            for name in ("seat_quantile", "seat_mean", "seat_mean_mc_error", "representative_seats")
        }
        found: list[dict[str, Any]] = []
        for h, holder in enumerate(labels[""]):
            row: dict[str, Any] = {name: texts[h] for name, texts in labels.items() if name}
            row |= {name: values[h] for name, values in numbers.items() if name != "seat_quantile"}
            ends = dict(zip(ENDS, numbers["seat_quantile"][h], strict=True))
            found.append({"holder": holder, **row, **{f"seat_{end}": n for end, n in ends.items()}})
        return sorted(found, key=lambda row: -row["seat_mean"])

    @cached_property
    def polls_used(self) -> list[dict[str, Any]]:
        """Polls that have a weight, each with its day (the last of its fieldwork, else of publication) and
        its shares by party.
        """
        if "polls/share" not in self.forecast:
            return []
        names = ("pollster", "kind", "weight", "start", "end", "published")
        columns = {name: self.forecast.array(f"polls/{name}").tolist() for name in names}
        days = [self.forecast.array(f"polls/{name}").astype("datetime64[D]") for name in ("end", "published")]
        columns["day"] = np.where(np.isnat(days[0]), days[1], days[0]).astype("datetime64[D]").tolist()
        found = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for row, shares in zip(found, self.forecast.array("polls/share").tolist(), strict=True):
            known = zip(self.forecast.parties, shares, strict=True)
            row["shares"] = {party: None if share != share else share for party, share in known}
        return [row for row in found if row["weight"]]

    @property
    def polls_together(self) -> bool:
        """Whether all polls used were taken within days, so that there is no trend to see."""
        days = [row["day"] for row in self.polls_used]
        return bool(days) and (max(days) - min(days)).days < _FEW_DAYS

    @cached_property
    def trend_days(self) -> list[datetime.date]:
        """Days of the trend of the polls from the first poll used on; none without one over several days."""
        if "trend/share" not in self.forecast or not self.polls_used or self.polls_together:
            return []
        first = min(row["day"] for row in self.polls_used)
        days = self.forecast.array("trend/day").astype("datetime64[D]").tolist()
        shown = [day for day in days if day >= first]
        return shown if len(shown) >= _FEW_DAYS else []

    def trend_of(self, party: str) -> list[dict[str, Any]]:
        """The trend of one party by day, with its 80 % band; none where the polls do not tell it."""
        k, days = self.forecast.parties.index(party), self.trend_days
        if not days:
            return []
        columns = [
            self.forecast.array(f"trend/{name}")[-len(days) :, k]
            for name in ("share_low80", "share", "share_high80")
        ]
        if not np.isfinite(columns).all():
            return []
        rows = zip(days, *(column.tolist() for column in columns), strict=True)
        return [
            {"day": day.isoformat(), "low": low, "share": share, "high": high}
            for day, low, share, high in rows
        ]

    @property
    def too_few(self) -> str:
        """What to say in place of a finding where there are too few draws for one; else an empty text."""
        number = self.forecast.draws
        if number >= LEAST_CONDITION_DRAWS:
            return ""
        return f"{number} simulated election{'' if number == 1 else 's'}: too few to tell"

    @property
    def house(self) -> int:
        """Seats that the rule hands out."""
        return self.forecast.house

    @property
    def seats_called(self) -> str:
        """What the seats of the rule are called: list seats, where the chamber has others too."""
        return "list seats" if self.forecast.has_tiers else "seats"

    @property
    def majority(self) -> int:
        """Least seats of a majority."""
        return self.forecast.majority_seats

    @cached_property
    def level(self) -> float | None:
        """The share that an ordinary list needs; ``None`` where there is no threshold."""
        level = self.forecast.labels_here.get("threshold")
        return (level_of(self.forecast.rule, self.house) if level is None else float(level)) or None

    @property
    def rule_method(self) -> str:
        """The method of allocation of the rule, by its name in the election file."""
        return str(self.forecast.rule["allocation"]["method"])

    @cached_property
    def seat_chances(self) -> dict[str, np.ndarray]:
        """Probabilities of 0, 1, 2, ... seats by party."""
        return dict(zip(self.forecast.parties, self.forecast.array("seat_probability"), strict=True))

    @property
    def leading_question(self) -> tuple[str, float, float] | None:
        """A majority that people ask for first, its probability and Monte Carlo error.

        The first coalition of the election file; without one, the largest party alone.
        """
        if self.coalitions and self.of_chamber:
            first, name = self.coalitions[0], "chamber_majority"
            of = f" of all {self.forecast.chamber_size} seats"
            chance, error = (float(first[f"{name}_{what}"]) for what in ("probability", "mc_error"))
            return f"{first['name']}: a majority{of}", chance, error
        if self.coalitions:
            first = self.coalitions[0]
            chance = first["majority_probability"]
            of = " of the list seats" if self.forecast.has_tiers else ""
            return f"{first['name']}: a majority{of}", float(chance), float(first["majority_mc_error"])
        if not self.lists:
            return None
        largest = self.lists[0]
        chance = float(self.seat_chances[largest["party"]][self.majority :].sum())
        error = (chance * (1 - chance) / self.forecast.draws) ** 0.5
        of = " of the list seats" if self.forecast.has_tiers else ""
        return f"{largest['name']} alone: a majority{of}", chance, max(error, 1 / self.forecast.draws)

    @property
    def caption(self) -> str:
        """Where the numbers come from, for the foot of every chart."""
        attrs = self.forecast.attrs
        pollsters = list(dict.fromkeys(str(row["pollster"]) for row in self.polls_used))
        named = "; ".join(pollsters[:6]) + (f" and {len(pollsters) - 6} more" if len(pollsters) > 6 else "")
        polls = f"Polls: {named}, known by {attrs['as_of']}. " if pollsters else ""
        drawn = f"{attrs['sampler']} draws, seed {attrs['seed']}"
        if "share_draws" in attrs:
            drawn = "votes drawn elsewhere"
        number = self.forecast.draws
        return (
            f"{attrs['election_name']}. {polls}{number:,} simulated election{'' if number == 1 else 's'} "
            f"({drawn}).{changed_for_this_run(attrs)}"
        )


def changed_for_this_run(attrs: dict[str, Any]) -> str:
    """The keys of the election file that were changed, as a sentence; empty where none were."""
    settings = str(attrs.get("settings", "")).replace("\n", ", ")
    return f" Changed for this run: {settings}." if settings else ""


def level_of(rule: dict[str, Any], house: int | None = None) -> float | None:
    """The share that an ordinary list needs under a rule as data, 0 without a threshold.

    ``None`` for a quota of a house that is not given.
    """
    level = (rule.get("threshold") or {}).get("level", 0)
    if level == "quota":
        return None if house is None else 1 / house
    return float(Fraction(str(level)))


def said(value: float | None, error: float | None) -> str:
    """A probability as people read it, a dash where there is none."""
    return probability(value, error) or _NO_LIST
