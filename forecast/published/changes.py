"""What changed from one published forecast to a later one, and why: new polls, time, the rule."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.election.rule import Rule
from forecast.words import listed, text
from forecast.words.law_in_words import rule_in_words
from forecast.words.rounding import DASH, whole

if TYPE_CHECKING:
    from forecast.result import Forecast

_MOST_NAMED = 4


@dataclass(frozen=True)
class Since:
    """An earlier forecast that a later one is compared with: its day, and why the later one is another."""

    forecast: Forecast
    day: datetime.date
    why: tuple[str, ...]


def since(before: Forecast, now: Forecast) -> Since:
    """What a reader must know to compare two forecasts of one election."""
    day = datetime.date.fromisoformat(str(before.attrs["as_of"]))
    return Since(before, day, tuple(_reasons(before, now)))


def _reasons(before: Forecast, now: Forecast) -> Iterator[str]:
    """Polls, time, the rule and the rest of the election file, the program and its draws."""
    first, second = _polls(before), _polls(now)
    new = [firm for key, firm in second.items() if key not in first]
    gone = [firm for key, firm in first.items() if key not in second]
    if new:
        yield text("why_polls", number=whole(len(new)), names=_firms(new))
    if gone:
        yield text("why_polls_gone", number=whole(len(gone)), names=_firms(gone))
    if not new and not gone:
        yield text("why_no_polls")
    days = (_day(now) - _day(before)).days
    if days:
        yield text("why_time", number=whole(days))
    yield from _of_the_file(before, now)
    told = [json.loads(one.attrs.get("versions", "{}")).get("forecast", "") for one in (before, now)]
    if told[0] != told[1]:
        yield text("why_program", before=told[0], after=told[1])
    elif before.attrs.get("estimate_constants") != now.attrs.get("estimate_constants"):
        yield text("why_constants")


def _of_the_file(before: Forecast, now: Forecast) -> Iterator[str]:
    """What of the rule is another, in the sentences that tell it; else that the election file is."""
    # Read anew, so that what 0.3.0 wrote otherwise is no change.
    rules = [Rule.model_validate(one.rule) for one in (before, now)]
    files = [
        [one.attrs.get(name, "") for name in ("configuration_sha256", "settings")] for one in (before, now)
    ]
    first, second = (rule_in_words(rule) for rule in rules)
    old = [line.rstrip(".") for line in first if line not in second]
    new = [line.rstrip(".") for line in second if line not in first]
    if old or new:
        yield text("why_rule", before="; ".join(old) or DASH, after="; ".join(new) or DASH)
    elif rules[0] != rules[1] or files[0] != files[1]:
        yield text("why_file")


def _polls(forecast: Forecast) -> dict[tuple[str, ...], str]:
    """Pollsters of the polls that count, by what tells a poll from others."""
    if "polls/pollster" not in forecast:
        return {}
    names = ("pollster", "kind", "start", "end", "published")
    columns = [
        [str(one)[:10] if name != "pollster" else str(one) for one in forecast.array(f"polls/{name}")]
        for name in names
    ]
    used = [weight > 0.0 for weight in forecast.array("polls/weight").tolist()]
    rows = zip(*columns, strict=True)
    return {row: row[0] for row, counts in zip(rows, used, strict=True) if counts}


def _firms(firms: list[str]) -> str:
    names = list(dict.fromkeys(firms))
    return listed(names) if len(names) <= _MOST_NAMED else text("some_pollsters", number=whole(len(names)))


def _day(forecast: Forecast) -> datetime.date:
    return datetime.date.fromisoformat(str(forecast.attrs["as_of"]))
