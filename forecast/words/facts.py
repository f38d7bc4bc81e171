"""A forecast as readers look at it: rows in the order in which people look for them, and what is
asked first.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.variables import ENDS, LEAST_CONDITION_DRAWS, SEATLESS_KINDS, VARIABLES, error_of
from forecast.words import DEFAULT, day_text, language, text
from forecast.words.rounding import probability, whole

if TYPE_CHECKING:
    from forecast.result import Forecast

_NO_LIST = "-"
_COLOURS = (
    *("#4E79A7", "#C8553D", "#59A14F", "#B8860B", "#8E5EA2", "#2E8B8B", "#9C755F", "#D37295", "#6B7A8F"),
    *("#7A9A01", "#A23B72", "#3D5A80"),
)
"""Of parties to which the election file gives none, by their place on the ballot."""
_FEW_DAYS = 3


@dataclass(frozen=True)
class Question:
    """Something that people ask of a forecast and that has a chance."""

    kind: Literal["majority", "alone", "enters"]
    of: str
    """Id of the coalition, or of the party."""


@dataclass(frozen=True)
class Facts:
    """One forecast, of one rule and day, as its charts, headlines and page tell it."""

    forecast: Forecast
    asked: Question | None = None
    """What is asked first, where another forecast has decided that: under other rules it is what is asked
    under the law.
    """

    @cached_property
    def parties(self) -> list[dict[str, Any]]:
        """Options on the ballot, the largest first; then those that hold no seats, then untold ones."""
        found = self.forecast.rows("party")
        names = self._names("parties")
        for k, row in enumerate(found):
            if row["party"] in names:
                row["short"] = row["short"] or row["name"]
                row["name"] = names[row["party"]]
            row["colour"] = row["colour"] or _COLOURS[k % len(_COLOURS)]
            row["seatless"] = row["kind"] in SEATLESS_KINDS
            row["told"] = row["share_median"] is not None
            row["chance"] = (
                text("no_seats") if row["seatless"] else said(row["pass_probability"], row["pass_mc_error"])
            )
            row["enters"], row["enters_mc_error"] = self._entry(k)
            row["entry"] = said(row["enters"], row["enters_mc_error"])
        return sorted(
            found, key=lambda row: (not row["told"], row["seatless"], -(row["share_median"] or 0.0))
        )

    @property
    def chances_error(self) -> float:
        """The largest Monte Carlo error of the chances of parties and coalitions that rest on all draws."""
        errors = [
            self.forecast.array(error_of(one.path)).ravel()
            for one in VARIABLES.values()
            if one.estimated
            and one.name.endswith("probability")
            and one.group in ("", "chamber")
            and one.dims[:1] != ("event",)
            and one.path in self.forecast
            and "draws" not in self.forecast[one.path].attrs
        ]
        return float(np.nanmax(np.concatenate(errors)))

    def _entry(self, k: int) -> tuple[float | None, float | None]:
        """The chance that the ``k``-th party holds a seat, and its error: it may cross the threshold of a
        small house and win none, or win one in a district and not cross it.
        """
        none, error = (self.forecast.array(path)[k, 0] for path in ("seat_probability", "seat_mc_error"))
        return (None, None) if np.isnan(none) else (round(1.0 - float(none), 12), float(error))

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """Those that may hold seats and that the polls tell apart."""
        return [row for row in self.parties if row["told"] and not row["seatless"]]

    @cached_property
    def coalitions(self) -> list[dict[str, Any]]:
        """Coalitions in the order of the election file."""
        names = self._names("coalitions")
        return [
            row | {"name": names.get(row["coalition"], row["name"])}
            for row in self.forecast.rows("coalition")
        ]

    @cached_property
    def events(self) -> dict[str, str]:
        """Names of the events by id."""
        known = zip(self.forecast.names("event"), self.forecast.names("event_name"), strict=True)
        return dict(known) | self._names("events")

    @property
    def title(self) -> str:
        """The name of the election."""
        names = self.definition.get("election", {}).get("names", {})
        said = None if language() == DEFAULT else names.get(language())
        return said or str(self.forecast.attrs["election_name"])

    def _names(self, what: str) -> dict[str, str]:
        """What parties, coalitions, events or groups are called in the language of the readers, where the
        election file says it; in English they have their names.
        """
        if language() == DEFAULT:
            return {}
        every = {one["id"]: one.get("names", {}).get(language()) for one in self.definition.get(what, ())}
        return {id_: name for id_, name in every.items() if name}

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
        parties, groups = {row["party"]: row for row in self.parties}, self._names("groups")
        for h, holder in enumerate(labels[""]):
            row: dict[str, Any] = {name: texts[h] for name, texts in labels.items() if name}
            row |= {name: values[h] for name, values in numbers.items() if name != "seat_quantile"}
            ends = dict(zip(ENDS, numbers["seat_quantile"][h], strict=True))
            row |= {"holder": holder, "party": holder, **{f"seat_{end}": n for end, n in ends.items()}}
            known = parties.get(holder, {"colour": row["colour"] or _COLOURS[-1], "seatless": False})
            if holder in groups:
                row["short"], row["name"] = row["short"] or row["name"], groups[holder]
            told = ("name", "short", "colour", "seatless")
            found.append(row | {key: known[key] for key in told if key in known})
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
        return text("too_few_one" if number == 1 else "too_few", number=whole(number))

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

    def level_of(self, row: dict[str, Any]) -> float | None:
        """The share that a list needs by its kind and number of members; ``None`` where it needs none."""
        if self.level is None or row["seatless"]:
            return None
        threshold = self.forecast.rule.get("threshold") or {}
        here = next((one for one in self.definition.get("parties", ()) if one["id"] == row["party"]), {})
        reached = [int(n) for n in threshold.get("by_members") or {} if int(n) <= here.get("members", 1)]
        if reached:
            return _share(threshold["by_members"][str(max(reached))])
        by_kind = threshold.get("by_kind") or {}
        return _share(by_kind[row["kind"]]) if row["kind"] in by_kind else self.level

    @cached_property
    def positions(self) -> dict[str, float]:
        """Where parties stand from left to right, by the election file; empty unless it says so of every
        list.
        """
        known = {one["id"]: one.get("position") for one in self.definition.get("parties", ())}
        found = {row["party"]: known.get(row["party"]) for row in self.lists}
        given = {party: float(Fraction(str(place))) for party, place in found.items() if place is not None}
        return given if len(given) == len(found) else {}

    @property
    def rule_method(self) -> str:
        """The method of allocation of the rule, by its name in the election file."""
        return str(self.forecast.rule["allocation"]["method"])

    @cached_property
    def seat_chances(self) -> dict[str, np.ndarray]:
        """Probabilities of 0, 1, 2, ... seats by party."""
        return dict(zip(self.forecast.parties, self.forecast.array("seat_probability"), strict=True))

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The election file as data; empty where the forecast does not hold it."""
        return json.loads(self.forecast.attrs.get("definition", "{}"))

    @cached_property
    def question(self) -> Question | None:
        """What is asked first; ``None`` where nobody may hold seats.

        The first coalition that the election file gives a name; where it names none, the coalition whose
        majority is nearest one half; without coalitions, whether the largest party has a majority alone or
        one of the others enters, whichever is nearest one half.
        """
        if self.asked is not None:
            return self.asked
        given = {one["id"]: one.get("name", one["id"]) for one in self.definition.get("coalitions", ())}
        for row in self.coalitions:
            if given.get(row["coalition"], row["name"]) != row["coalition"]:
                return Question("majority", row["coalition"])
        asked = [Question("majority", row["coalition"]) for row in self.coalitions]
        if not asked and self.lists:
            asked = [Question("alone", self.lists[0]["party"])]
            asked += [Question("enters", row["party"]) for row in self.lists]
        return min(asked, key=lambda one: abs(self.answer(one)[1] - 0.5), default=None)

    def answer(self, question: Question) -> tuple[str, float, float]:
        """Who a question is about, how likely the answer is yes, and the Monte Carlo error of that.

        Of a coalition in a chamber with other tiers it is a majority of the whole chamber.
        """
        if question.kind == "majority":
            row = next(row for row in self.coalitions if row["coalition"] == question.of)
            of = "chamber_majority" if self.of_chamber else "majority"
            return row["name"], float(row[f"{of}_probability"]), float(row[f"{of}_mc_error"])
        row = next(row for row in self.parties if row["party"] == question.of)
        if question.kind == "enters":
            return row["name"], float(row["enters"]), float(row["enters_mc_error"])
        chance = float(self.seat_chances[question.of][self.majority :].sum())
        error = (chance * (1 - chance) / self.forecast.draws) ** 0.5
        return row["name"], chance, max(error, 1 / self.forecast.draws)

    @property
    def caption(self) -> str:
        """Where the numbers come from, for the foot of every chart."""
        attrs = self.forecast.attrs
        pollsters = list(dict.fromkeys(str(row["pollster"]) for row in self.polls_used))
        named = "; ".join(pollsters[:6]) + (f" and {len(pollsters) - 6} more" if len(pollsters) > 6 else "")
        polls = f"Polls: {named}, known by {day_text(attrs['as_of'])}. " if pollsters else ""
        drawn = f"{attrs['sampler']} draws, seed {attrs['seed']}"
        if "share_draws" in attrs:
            drawn = "votes drawn elsewhere"
        number = self.forecast.draws
        return (
            f"{self.title}. {polls}{number:,} simulated election{'' if number == 1 else 's'} "
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


def _share(level: Any) -> float | None:
    return float(Fraction(str(level))) or None


def said(value: float | None, error: float | None) -> str:
    """A probability as people read it, a dash where there is none."""
    return probability(value, error) or _NO_LIST
