"""Titles that say in words what a chart shows, in terms that the numbers bear out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecast.words.facts import said
from forecast.words.rounding import interval, percent, probability, whole
from forecast.words.speaking import decimal_sign, text

if TYPE_CHECKING:
    from forecast.words.facts import Facts, Question

SURE, SLIM = 0.95, 0.05
"""Chances from and up to which words stand for numbers."""
_NAMED = 3


def entering(facts: Facts) -> str:
    """Who crosses the threshold."""
    if facts.too_few:
        return facts.too_few
    lists = facts.lists
    if not lists:
        return "No party may hold seats"
    sure = [row for row in lists if row["pass_probability"] >= SURE]
    slim = [row for row in lists if row["pass_probability"] <= SLIM]
    open_ = [row for row in lists if row not in sure and row not in slim]
    parts = []
    if sure:
        parts.append(_count(sure, lists))
    if open_:
        told = [f"{row['name']} ({row['chance']})" for row in open_]
        parts.append(f"open: {names(told, 'parties')}")
    if slim:
        parts.append(f"hardly a chance: {_named(slim)}")
    found = "; ".join(parts)
    return found[:1].upper() + found[1:]


def shares(facts: Facts) -> str:
    """Who leads, and who stands about the threshold."""
    lists = facts.lists
    if not lists:
        return "Shares of the vote"
    leader = lists[0]
    found = f"{leader['name']} ahead with about {percent(leader['share_median'], 0)}"
    level = facts.level
    if level is None:
        return found
    near = [row for row in lists if row["share_low80"] < level < row["share_high80"]]
    if not near:
        return f"{found}; no party's 80 % interval holds the threshold of {level_text(level)}"
    return f"{found}; close to the threshold of {level_text(level)}: {_named(near)}"


def seats(facts: Facts) -> str:
    """How many seats the largest hold, and who may end with none or several."""
    if facts.too_few:
        return facts.too_few
    lists = facts.lists
    if not lists:
        return "Seats"
    leader = lists[0]
    held = interval(leader["seat_low80"], leader["seat_high80"])
    found = f"{leader['name']}: {held} of {facts.house} {facts.seats_called} in four of five simulations"
    torn = [row for row in lists if SLIM < float(facts.seat_chances[row["party"]][0]) < SURE]
    if not torn:
        return found
    return f"{found}; {_named(torn)} may win none or several"


def first(facts: Facts) -> str:
    """What is asked first, and how likely it is."""
    if facts.too_few:
        return facts.too_few
    if facts.question is None:
        return text("nobody")
    name, chance, error = facts.answer(facts.question)
    key = f"headline_{facts.question.kind}{_of(facts, facts.question)}"
    return text(key, likely=likely(chance), name=name, chance=said(chance, error), house=_house(facts))


def hundred(facts: Facts) -> str:
    """What is asked first in simulations out of a hundred; empty where nothing is."""
    if facts.too_few:
        return facts.too_few
    if facts.question is None:
        return ""
    name, chance, error = facts.answer(facts.question)
    key = f"dots_{facts.question.kind}{_of(facts, facts.question)}"
    return text(key, name=name, number=of_hundred(chance, error))


def _of(facts: Facts, question: Question) -> str:
    """Whose majority a question is about, where there is more than the lists."""
    if question.kind == "enters" or not facts.forecast.has_tiers:
        return ""
    return "_chamber" if question.kind == "majority" and facts.of_chamber else "_lists"


def _house(facts: Facts) -> int:
    return facts.forecast.chamber_size if facts.of_chamber else facts.house


def polls(facts: Facts) -> str:
    """What the estimate rests on."""
    used = facts.polls_used
    houses = len({row["pollster"] for row in used})
    kind = "exit poll" if all(row["kind"] == "exit" for row in used) else "poll"
    number = f"{len(used)} {kind}{'' if len(used) == 1 else 's'}"
    return f"The estimate rests on {number} of {houses} pollster{'' if houses == 1 else 's'}"


def names(of: Sequence[str], noun: str) -> str:
    """A few names joined, or their number."""
    if len(of) > _NAMED:
        return f"{len(of)} {noun}"
    return of[0] if len(of) == 1 else f"{', '.join(of[:-1])} and {of[-1]}"


def likely(chance: float) -> str:
    """Words for a chance."""
    steps = ((0.99, "all"), (0.8, "very"), (0.6, "more"), (0.4, "half"), (0.2, "less"), (0.01, "little"))
    return text("likely_" + next((words for least, words in steps if chance >= least), "none"))


def of_hundred(chance: float, error: float) -> str:
    """Simulations out of a hundred, never all or none where that is not so."""
    number = round(100 * chance)
    if number == 100 and (chance < 1.0 or error > 0.0):
        return text("over_99")
    if number == 0 and (chance > 0.0 or error > 0.0):
        return text("under_1")
    return whole(number)


def of_hundred_short(chance: float, error: float) -> str:
    """A chance in whole percent without its sign, for a cell of a map."""
    return probability(chance, error, 0).removesuffix(" %")


def whole_percent(level: float) -> bool:
    """Whether a level is a whole number of percent."""
    return abs(100 * level - round(100 * level)) < 1e-9


def level_text(level: float) -> str:
    """A threshold in percent, with the digits that it has."""
    return f"{100 * level:.3g} %".replace(".", decimal_sign())


def _count(some: list[dict[str, Any]], every: list[dict[str, Any]]) -> str:
    if len(some) == len(every) and len(every) > 1:
        return f"all {len(every)} parties are almost sure to enter"
    if len(some) <= _NAMED:
        return f"almost sure to enter: {_named(some)}"
    return f"{len(some)} of {len(every)} parties are almost sure to enter"


def _named(some: Sequence[dict[str, Any]]) -> str:
    return names([row["name"] for row in some], "parties")
