"""What a forecast says in words that the numbers bear out: headline, a story in four sentences (who leads,
who has a majority, who stands at the threshold, what changed), and titles of charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.words import day_text, decimal_sign, listed, text
from forecast.words.facts import said
from forecast.words.rounding import interval, percent, percent_interval, probability, signed_points, whole

if TYPE_CHECKING:
    from forecast.result import Forecast
    from forecast.words.facts import Facts, Question


SURE, SLIM = 0.95, 0.05
"""Chances from and up to which words stand for numbers."""
_NAMED = 3
"""Names that stand in one sentence; of more their number."""
_OPEN = 4
"""Names of those whose entry is open that stand in one sentence; of more their number."""
_SEEN = 0.0005
"""Changes of shares that do not round to nothing."""
_Row = dict[str, Any]


# What is asked first.


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


# A forecast in four sentences.


def sentences(facts: Facts, changed: str) -> list[str]:
    """The sentences, the last of them what ``change`` says; none where there are too few draws to say
    anything, or nobody who may hold seats.
    """
    if facts.too_few or not facts.lists:
        return []
    return [one for one in (leader(facts), majority(facts), entering(facts), changed) if one]


def leader(facts: Facts) -> str:
    """The largest party by votes; the next where their intervals meet, and how likely the first has most
    seats.
    """
    first, *others = facts.lists
    parts = {
        "name": first["name"],
        "share": percent(first["share_median"]),
        "interval": percent_interval(first["share_low80"], first["share_high80"]),
    }
    if not others:
        return text("sole", **parts)
    if others[0]["share_high80"] < first["share_low80"]:
        return text("leads", **parts)
    other = {"other": others[0]["name"], "other_share": percent(others[0]["share_median"])}
    most = ""
    if first.get("largest_probability") is not None:
        chance = said(first["largest_probability"], first["largest_mc_error"])
        most = " " + text("most_seats", name=first["name"], chance=chance)
    return text("level" if other["other_share"] == parts["share"] else "close", **parts, **other, most=most)


def majority(facts: Facts) -> str:
    """Seats of a majority, and of those whose majority is asked for, else of the largest party; of the whole
    chamber where it is told of.
    """
    question, whole_chamber = facts.question, facts.of_chamber
    if question is not None and question.kind == "majority":
        row = next(one for one in facts.coalitions if one["coalition"] == question.of)
        stem = "chamber_seat" if whole_chamber else "seat"
    else:
        first = facts.lists[0]
        row = next((one for one in facts.holders if one["holder"] == first["party"] and whole_chamber), first)
        stem = "seat"
    size = facts.forecast.chamber_size if whole_chamber else facts.house
    return text(
        "needs_lists" if facts.forecast.has_tiers and not whole_chamber else "needs",
        needed=size // 2 + 1,
        house=size,
        name=row["name"],
        seats=interval(row[f"{stem}_low80"], row[f"{stem}_high80"]),
    )


def entering(facts: Facts) -> str:
    """Who is sure to enter, who may, who hardly."""
    lists = facts.lists
    sure = [row for row in lists if row["enters"] >= SURE]
    slim = [row for row in lists if row["enters"] <= SLIM]
    open_ = [row for row in lists if row not in sure and row not in slim]
    if len(sure) == len(lists) > _NAMED:
        return text("all_enter", number=len(lists))
    parts = []
    if sure:
        many = len(sure) > _NAMED
        parts.append(
            text("count_enter", number=len(sure), all=len(lists))
            if many
            else text("parts_enter", names=_named(sure))
        )
    if open_:
        # Of many those that are most in doubt, and how many more.
        nearest = sorted(open_, key=lambda row: abs(row["enters"] - 0.5))[
            : _OPEN if len(open_) <= _OPEN else _OPEN - 1
        ]
        told = [text("one_open", name=row["name"], chance=row["entry"]) for row in open_ if row in nearest]
        more = [text("more_open", number=len(open_) - len(told))] if len(told) < len(open_) else []
        parts.append(text("parts_open", names=listed([*told, *more])))
    if slim:
        parts.append(text("parts_slim", names=_named(slim)))
    found = "; ".join(parts)
    return f"{found[:1].upper()}{found[1:]}."


def _named(some: Sequence[_Row]) -> str:
    return _listed([row["name"] for row in some])


def _listed(names: Sequence[str], most: int = _NAMED) -> str:
    return listed(names) if len(names) <= most else text("some_parties", number=len(names))


# What changed, the last of them.


@dataclass(frozen=True)
class Earlier:
    """What an earlier forecast of the election said: the day, the answer to the question, and shares."""

    day: str
    answer: tuple[float, float] | None
    shares: dict[str, float]


def earlier_of(before: Facts, now: Facts) -> Earlier:
    """What the sentence about the change takes of an earlier forecast."""
    question, answer = now.question, None
    known = {row["coalition"] for row in before.coalitions} | {row["party"] for row in before.lists}
    if question is not None and question.of in known and before.of_chamber == now.of_chamber:
        answer = before.answer(question)[1:]
    shares = {row["party"]: row["share_median"] for row in before.lists}
    return Earlier(str(before.forecast.attrs["as_of"]), answer, shares)


def change(facts: Facts, before: Earlier | None) -> str:
    """What changed since an earlier forecast; without one how much is counted, of a night; else against the
    last election; else the last poll.
    """
    return _since(facts, before) or _counted(facts) or _against_the_last(facts) or _newest(facts)


def _since(facts: Facts, before: Earlier | None) -> str:
    if before is None or before.answer is None or facts.question is None:
        return ""
    moved = [
        (row, row["share_median"] - before.shares[row["party"]])
        for row in facts.lists
        if before.shares.get(row["party"]) is not None
    ]
    if not moved:
        return ""
    row, points = max(moved, key=lambda pair: abs(pair[1]))
    name, chance, error = facts.answer(facts.question)
    asked = "changed_enters" if facts.question.kind == "enters" else "changed_asked"
    chances = said(*before.answer), said(chance, error)
    key = "changed_same" if chances[0] == chances[1] else "changed_to"
    return text(
        "changed",
        day=day_text(before.day),
        question=text(asked, name=name),
        moved=text(key, before=chances[0], after=chances[1]),
        name=row["name"],
        points=signed_points(points),
    )


def _counted(facts: Facts) -> str:
    """How much of the vote is counted; empty where no night is told of."""
    forecast = facts.forecast
    return counted_so_far(forecast) if "evening/moment" in forecast else ""


def counted_so_far(forecast: Forecast) -> str:
    """How much of the vote is counted on an election night: never all before all is, never nothing where
    something is.
    """
    units, final = (int(forecast.array(f"night/{name}").sum()) for name in ("units", "units_final"))
    share = float(forecast.array("evening/votes_share")[-1])
    if final < units and share > 0.0:
        share = min(max(share, 0.001), 0.999)
    counted = whole(forecast.array("night/counted_votes").sum())
    parts = {"final": whole(final), "units": whole(units), "counted": counted, "share": percent(share)}
    return text("night_units", **parts)


def _against_the_last(facts: Facts) -> str:
    known = [row for row in facts.lists if row.get("last_share") is not None]
    moved = [(row["share_median"] - row["last_share"], row["name"]) for row in known]
    gain, gainer = max(moved, default=(0.0, ""))
    loss, loser = min(moved, default=(0.0, ""))
    if gain < _SEEN or loss > -_SEEN:
        return ""
    # A party that is new, or was not on its own, may have gained more.
    others = any(row["share_median"] > gain for row in facts.lists if row not in known)
    key = "against_known" if others else "against"
    return text(key, gainer=gainer, gain=signed_points(gain), loser=loser, loss=signed_points(loss))


def _newest(facts: Facts) -> str:
    used = facts.polls_used
    if not used:
        return text("unpolled")
    day = day_text(max(row["day"] for row in used))
    return text("newest_one" if len(used) == 1 else "newest", number=whole(len(used)), day=day)


# Titles of charts.


def crossing(facts: Facts) -> str:
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
        parts.append(f"hardly a chance: {_names_of(slim)}")
    found = "; ".join(parts)
    return found[:1].upper() + found[1:]


def _count(some: list[dict[str, Any]], every: list[dict[str, Any]]) -> str:
    if len(some) == len(every) and len(every) > 1:
        return f"all {len(every)} parties are almost sure to enter"
    if len(some) <= _NAMED:
        return f"almost sure to enter: {_names_of(some)}"
    return f"{len(some)} of {len(every)} parties are almost sure to enter"


def _names_of(some: Sequence[dict[str, Any]]) -> str:
    return names([row["name"] for row in some], "parties")


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
    return f"{found}; close to the threshold of {level_text(level)}: {_names_of(near)}"


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
    return f"{found}; {_names_of(torn)} may win none or several"


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


def of_hundred_short(chance: float, error: float) -> str:
    """A chance in whole percent without its sign, for a cell of a map."""
    return probability(chance, error, 0).removesuffix(" %")


def whole_percent(level: float) -> bool:
    """Whether a level is a whole number of percent."""
    return abs(100 * level - round(100 * level)) < 1e-9


def level_text(level: float) -> str:
    """A threshold in percent, with the digits that it has."""
    return f"{100 * level:.3g} %".replace(".", decimal_sign())
