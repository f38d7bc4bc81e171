"""Titles that say in words what a chart shows, in terms that the numbers bear out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecast.words.facts import said
from forecast.words.rounding import interval, percent, whole

if TYPE_CHECKING:
    from forecast.words.facts import Facts

SURE, SLIM = 0.95, 0.05
"""Chances from and up to which words stand for numbers."""
_NAMED = 3
_ALIKE = 0.001


def entering(facts: Facts) -> str:
    """Who crosses the threshold."""
    if facts.too_few:
        return f"{facts.too_few} who enters"
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
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def shares(facts: Facts) -> str:
    """Who leads, and who stands about the threshold."""
    lists = facts.lists
    if not lists:
        return "Shares of the vote"
    first = lists[0]
    text = f"{first['name']} ahead with about {percent(first['share_median'], 0)}"
    level = facts.level
    if level is None:
        return text
    near = [row for row in lists if row["share_low80"] < level < row["share_high80"]]
    if not near:
        return f"{text}; no party's 80 % interval holds the threshold of {level_text(level)}"
    return f"{text}; close to the threshold of {level_text(level)}: {_named(near)}"


def seats(facts: Facts) -> str:
    """How many seats the largest hold, and who may end with none or several."""
    if facts.too_few:
        return f"{facts.too_few} the seats"
    lists = facts.lists
    if not lists:
        return "Seats"
    first = lists[0]
    held = interval(first["seat_low80"], first["seat_high80"])
    text = f"{first['name']}: {held} of {facts.house} {facts.seats_called} in four of five simulations"
    torn = [row for row in lists if SLIM < float(facts.seat_chances[row["party"]][0]) < SURE]
    if not torn:
        return text
    return f"{text}; {_named(torn)} may win none or several"


def coalitions(facts: Facts) -> str:
    """Which coalition has a majority."""
    if facts.too_few:
        return f"{facts.too_few} who holds a majority"
    if not facts.coalitions:
        return "No coalitions are named"
    most = max(row["majority_probability"] for row in facts.coalitions)
    # Of several that are as sure, the one that the election file names first.
    best = next(row for row in facts.coalitions if row["majority_probability"] >= most - _ALIKE)
    chance = said(best["majority_probability"], best["majority_mc_error"])
    of = f" of the {facts.house} list seats" if facts.forecast.has_tiers else ""
    return f"{best['name']}: {likely(best['majority_probability'])} a majority{of} ({chance})"


def chamber(facts: Facts) -> str:
    """Whether the first coalition of the election file has a majority of the whole chamber; empty where that
    is its lists alone.
    """
    if "chamber/size" not in facts.forecast or not facts.forecast.has_tiers or not facts.coalitions:
        return ""
    if facts.too_few:
        return f"{facts.too_few} who holds a majority"
    size, name = facts.forecast.chamber_size, "chamber_majority_probability"
    first = facts.coalitions[0]
    chance = said(first[name], first["chamber_majority_mc_error"])
    return f"{first['name']}: {likely(first[name])} a majority of all {size} seats ({chance})"


def outcome(facts: Facts) -> str:
    """The leading question in simulations out of a hundred."""
    if facts.too_few:
        return f"{facts.too_few} what happens"
    question = facts.leading_question
    if question is None:
        return "One simulated parliament"
    text, chance, error = question
    return f"{text} in {of_hundred(chance, error)} of 100 simulations"


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
    steps = (
        (0.99, "almost surely"),
        (0.8, "very likely"),
        (0.6, "likely"),
        (0.4, "as likely as not"),
        (0.2, "unlikely"),
    )
    return next(
        (words for least, words in steps if chance >= least), "very unlikely" if chance > 0.01 else "hardly"
    )


def of_hundred(chance: float, error: float) -> str:
    """Simulations out of a hundred, never all or none where that is not so."""
    number = round(100 * chance)
    if number == 100 and (chance < 1.0 or error > 0.0):
        return "more than 99"
    if number == 0 and (chance > 0.0 or error > 0.0):
        return "fewer than 1"
    return whole(number)


def of_hundred_short(chance: float) -> str:
    """A chance in percent without its sign, for a cell of a map; only none and all are written as such."""
    if 0.0 < chance < 0.005:
        return "<1"
    return ">99" if 0.995 <= chance < 1.0 else f"{100 * chance:.0f}"


def whole_percent(level: float) -> bool:
    """Whether a level is a whole number of percent."""
    return abs(100 * level - round(100 * level)) < 1e-9


def level_text(level: float) -> str:
    """A threshold in percent, with the digits that it has."""
    return f"{100 * level:.3g} %"


def _count(some: list[dict[str, Any]], every: list[dict[str, Any]]) -> str:
    if len(some) == len(every) and len(every) > 1:
        return f"all {len(every)} parties are almost sure to enter"
    if len(some) <= _NAMED:
        return f"almost sure to enter: {_named(some)}"
    return f"{len(some)} of {len(every)} parties are almost sure to enter"


def _named(some: Sequence[dict[str, Any]]) -> str:
    return names([row["name"] for row in some], "parties")
