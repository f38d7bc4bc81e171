"""What stands in the cells of a poll table: figures, numbers of respondents, kinds and scopes, as people
write them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from forecast.door import is_whole, ungrouped
from forecast.errors import suggest
from forecast.polls.known_words import without_notes

NOT_REPORTED = frozenset(
    {
        "", "-", "–", "—", "−", "‑", "‒", "―", "--", "n/a", "na", "nan", "?", "??", ".", "..", "...", "…",
        "*",
        "none", "null", "nil", "not available", "not reported", "#n/a", "n.a.", "n. a.", "k.a.", "k. a.",
        "nd",
        "n.d.", "s/d", "tba", "x", "•", "·", "did not exist", "not provided", "unknown", "н/д", "нд", "ei",
        "b.d.",
    }
)  # fmt: skip
"""What stands in a cell where the poll does not say."""
KINDS = {"": "pre-election", "pre-election": "pre-election", "exit": "exit", "exit poll": "exit"}
SCOPES = ("national", "national-partial", "exit")
OTHER_ELECTION = "another election"
_SCOPE_CODES = {
    "": "national", "n": "national", "ne": "national", "en": "national", "national": "national",
    "nat": "national",
    "e": OTHER_ELECTION, "european": OTHER_ELECTION, "p1": OTHER_ELECTION, "presidential": OTHER_ELECTION,
}  # fmt: skip
"""Scopes as the collections of Europe's polls name them: N national, E European, P1 presidential."""
LEAST_SAMPLE, LARGEST_SAMPLE = 10, 10_000_000

_DIGITS = r"(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)"
_NUMBER = re.compile(rf"([+-]?{_DIGITS})\s*([½¼¾])?\s*(%?)")
_RANGE = re.compile(rf"({_DIGITS})\s*%?\s*[-–—‒]\s*({_DIGITS})\s*%?")
_UNDER = re.compile(
    rf"(?:<|‹|≤|＜|&lt;|under|below|less than|unter|mindre enn|under:)\s*({_DIGITS})\s*%?", re.IGNORECASE
)
_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]")
_WITH = re.compile(r"(?:w\.|w/|with|in|mit|con|avec|com|med|z|together with)\s+[^\d%]{1,60}", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:~|≈|≃|c\.|ca\.?|circa|about|approx\.?|≥|>=|>|n\s*=|±)\s*", re.IGNORECASE)
_MODE = re.compile(r"^[^\W\d_]{1,6}\s*[•·:]\s*")
_NAMED = re.compile(rf"\s*([^\W\d_][^%\d]*?)[\s:]+({_DIGITS})\s*%?\s*[,;/]?")
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_PART_OF_COUNTRY = re.compile(r"[a-z-]+:\s*\S.*", re.IGNORECASE)
_A_SHARE = "a share in percent is expected, such as 5.3; leave the cell empty where the poll does not say"


class Figure(NamedTuple):
    """A number as it stands in a cell: its value, and how far from it the truth may lie by what is written
    (0 where that is its rounding alone); whether a percent sign follows, and whether it stands in brackets.
    """

    value: float
    half: float = 0.0
    percent: bool = False
    bracketed: bool = False


def is_reported(text: str) -> bool:
    """Whether a cell says something."""
    return text.casefold() not in NOT_REPORTED


def parse_figure(text: str) -> Figure | None:
    """53.46, "53,46", "53.46 %", "<1", "1-2", "(1.8)", "31.2" over a number of seats; ``None`` where nothing
    is reported. ``ValueError`` for what is none of these.
    """
    text = text.split("\n", 1)[0].strip()
    if not is_reported(text):
        return None
    plain = _NUMBER.fullmatch(text)
    if plain is None:
        text = without_notes(text).rstrip("*").strip()
        if not is_reported(text) or _WITH.fullmatch(text):
            return None
        brackets = _BRACKETS.fullmatch(text)
        if brackets:
            inner = parse_figure(brackets[1])
            return None if inner is None else inner._replace(bracketed=True)
        bounds = _bounds(text)
        if bounds is not None:
            low, high = bounds
            return Figure((low + high) / 2, (high - low) / 2, "%" in text)
        plain = _NUMBER.fullmatch(re.sub(r"^[~≈]\s*", "", text.replace("\u2212", "-")))
    if plain is None:
        raise ValueError(_A_SHARE)
    value = float(plain[1].replace(",", ".")) + _FRACTIONS.get(plain[2] or "", 0.0)
    return Figure(value, 0.0, bool(plain[3]))


def _bounds(text: str) -> tuple[float, float] | None:
    """What ``<1`` and ``1-2`` lie between."""
    under = _UNDER.fullmatch(text)
    if under:
        return 0.0, float(under[1].replace(",", "."))
    between = _RANGE.fullmatch(text)
    if between:
        low, high = (float(number.replace(",", ".")) for number in between.groups())
        return (low, high) if low < high else None
    return None


def named_figures(text: str) -> list[tuple[str, Figure]]:
    """Several parties in one cell: "FW 1,5 % Sonst. 4,5 %"; empty where a cell is nothing of the kind."""
    found: list[tuple[str, Figure]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _NAMED.match(text, at)
        if match is None:
            return []
        found.append((match[1].strip(), Figure(float(match[2].replace(",", ".")))))
        at = match.end()
    return found


def share_fault(figure: Figure, text: str, unit: str) -> str:
    """Why a figure is no share; empty where it is one."""
    if figure.value < 0:
        return "a share cannot be below 0"
    if unit == "fraction" and not figure.percent and figure.value > 1:
        return "the unit of this row is fraction: a share of 5.3 % is 0.053"
    if unit != "seats" and figure.value > 100:
        return f"a share lies between 0 and 100 percent{_without_point(text)}"
    if unit == "seats" and not (figure.bracketed or figure.percent) and figure.value != int(figure.value):
        return "a number of seats is expected, such as 16; a share below the threshold stands in brackets"
    return ""


def _without_point(text: str) -> str:
    digits = text.strip().rstrip("% ")
    if digits.isdigit() and len(digits) in (3, 4):
        return f"; is a decimal point missing ({digits[:-2]}.{digits[-2:]})?"
    return ""


def parse_sample_size(text: str) -> float:
    """Number of respondents as people write it: 30 000, "1,000[a]", "TOM • 1.  000", "(874)", "~1000",
    "600-700"; NaN where it is not said.
    """
    text = without_notes(text.strip())
    if not is_reported(text):
        return float("nan")
    if not text.isdigit():
        text = _MODE.sub("", text)
        brackets = _BRACKETS.fullmatch(text)
        text = _ABOUT.sub("", brackets[1] if brackets else text).rstrip("*+").strip()
        if not is_reported(text):
            return float("nan")
    between = re.fullmatch(r"([\d.,  ]+?)\s*[-–]\s*([\d.,  ]+)", text)
    if between:
        low, high = (_respondents(half) for half in between.groups())
        return (low + high) // 2
    return _respondents(text)


def _respondents(text: str) -> float:
    digits = text if text.isdigit() else ungrouped(re.sub(r"(?<=[.,])\s+", "", " ".join(text.split())))
    digits = digits or re.sub(r"[.,]0+$", "", text.strip())
    if not is_whole(digits):
        msg = "a number of respondents is expected, such as 1200; leave the cell empty where it is not known"
        raise ValueError(msg)
    if not LEAST_SAMPLE <= int(digits) <= LARGEST_SAMPLE:
        msg = f"{LEAST_SAMPLE} to {LARGEST_SAMPLE:,} respondents are expected; leave it empty where unknown"
        raise ValueError(msg)
    return float(digits)


def parse_kind(text: str) -> str:
    """``pre-election`` (also for an empty cell) or ``exit``."""
    kind = KINDS.get(text.strip().lower().replace("_", "-") if is_reported(text) else "")
    if kind is None:
        msg = f"a kind of poll is expected; {suggest(text, ['pre-election', 'exit'])}"
        raise ValueError(msg)
    return kind


def parse_scope(text: str) -> str:
    """``national`` (also for an empty cell), ``national-partial``, ``exit``, a part (city:Almaty), or
    ``OTHER_ELECTION`` for polls of another one.
    """
    scope = text.strip() if is_reported(text.strip()) else ""
    if scope.lower() in SCOPES:
        return scope.lower()
    if scope.lower() in _SCOPE_CODES:
        return _SCOPE_CODES[scope.lower()]
    if _PART_OF_COUNTRY.fullmatch(scope):
        return scope
    msg = f"national, national-partial, or a part such as city:Almaty is expected; {suggest(scope, SCOPES)}"
    raise ValueError(msg)


def parse_unit(text: str) -> str:
    """``percent`` (also for an empty cell), ``fraction`` of 1, or ``seats``."""
    unit = text.strip().lower()
    if unit in ("", "%", "percent", "per cent"):
        return "percent"
    if unit in ("fraction", "share", "1"):
        return "fraction"
    if unit in ("seats", "seat", "mandates"):
        return "seats"
    msg = "percent, fraction or seats is expected"
    raise ValueError(msg)
