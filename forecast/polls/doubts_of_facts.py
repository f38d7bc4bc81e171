"""What may be wrong with the facts of polls: names of pollsters, samples, days; each compared with the others
of its kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.polls.table import Doubt, PollTable

Floats = NDArray[np.float64]

FROM_POLLS, MANY_POLLS = 3, 10
FROM_SIZES = 4
"""So many polls of a pollster tell its usual size."""
LIKE_A_DIGIT, BEYOND_DIGITS = 0.06, 1.5
"""How near to one digit more or fewer (log 10), and how much in any case."""
MOSTLY = 0.8
LONG_FIELDWORK, MANY_TIMES, FROM_LENGTHS = (35, 92), 5, 8
"""Days of fieldwork that are long among shorter ones, and in any case; how many times the usual; polls that
tell the usual."""
IN_ORDER_FROM, NEAR_IN_ORDER, FAR_IN_ORDER = 8, 21, 45
"""Polls from which a table may be in order; days by which it may be out of it, and from which it is
doubted.
"""


def doubts_of_facts(table: PollTable) -> Iterator[Doubt]:
    """Every doubt about a pollster, a sample or a day of the table."""
    for doubts in (_garbled, _one_pollster_each, _sizes, _out_of_order, _long_fieldwork):
        yield from doubts(table)


def _sizes(table: PollTable) -> Iterator[Doubt]:
    """A sample that is many times larger, or smaller, than the others of its pollster."""
    frame = table.polls
    every = frame["sample_size"].to_numpy(np.float64)
    by_firm: dict[str, list[int]] = {}
    for at, firm in enumerate(frame["pollster"].tolist()):
        if not np.isnan(every[at]):
            by_firm.setdefault(str(firm).casefold(), []).append(at)
    for group in by_firm.values():
        sizes = every[group]
        if len(sizes) < FROM_SIZES:
            continue
        middle = float(np.median(sizes))
        alike = (sizes > middle / 2) & (sizes < middle * 2)
        if alike.mean() < MOSTLY:
            continue
        for at in np.flatnonzero(_off_by_digits(sizes / middle)).tolist():
            row = frame.iloc[group[at]]
            day = row["published"] if pd.isna(row["fieldwork_end"]) else row["fieldwork_end"]
            text = (
                f"row {row['row']} ({row['pollster']}, {day.date()}): {sizes[at]:,.0f} respondents, in the "
                f"other polls of this pollster {sizes[alike].min():,.0f} to {sizes[alike].max():,.0f}"
            )
            yield Doubt("size", (int(row["row"]),), text)


def _long_fieldwork(table: PollTable) -> Iterator[Doubt]:
    """Fieldwork of a quarter; or of more than a month where others take days, and its pollster too."""
    frame = table.polls
    lasted = (frame["fieldwork_end"] - frame["fieldwork_start"]).dt.days.to_numpy(np.float64)
    known = lasted[~np.isnan(lasted)]
    usual = float(np.median(known)) if len(known) >= FROM_LENGTHS else LONG_FIELDWORK[1]
    firms = frame["pollster"].str.casefold().to_numpy()
    for at in np.flatnonzero(lasted > LONG_FIELDWORK[0]).tolist():
        own = lasted[(firms == firms[at]) & (np.arange(len(firms)) != at)]
        alike = bool((own > lasted[at] / 2).any())
        if lasted[at] > LONG_FIELDWORK[1] or (lasted[at] > MANY_TIMES * max(usual, 1.0) and not alike):
            row = frame.iloc[at]
            text = (
                f"row {row['row']} ({row['pollster']}, {row['fieldwork_end'].date()}): {lasted[at]:.0f} "
                f"days of fieldwork, from {row['fieldwork_start'].date()}; is a day wrong?"
            )
            yield Doubt("fieldwork", (int(row["row"]),), text)


def _off_by_digits(ratio: Floats) -> NDArray[np.bool_]:
    """Whether a size is about ten times another, or a tenth: a digit too many or too few; or beyond all
    size.
    """
    digits = np.log10(ratio)
    return (np.abs(digits) > BEYOND_DIGITS) | ((np.abs(np.abs(digits) - 1.0) < LIKE_A_DIGIT) & (ratio > 0))


def _out_of_order(table: PollTable) -> Iterator[Doubt]:
    """In a table in the order of days, one that is far from those above and below: a slip of day, month or
    year.
    """
    frame = table.polls
    day = frame["published"].fillna(frame["fieldwork_end"])
    if len(day) < IN_ORDER_FROM:
        return
    ordinal = (day - day.min()).dt.days.to_numpy(np.float64)
    steps = np.diff(ordinal)
    rising, falling = (steps >= -NEAR_IN_ORDER).mean(), (steps <= NEAR_IN_ORDER).mean()
    if max(rising, falling) < MOSTLY or min(rising, falling) == 1.0:
        return
    sign = 1.0 if rising > falling else -1.0
    strange = [
        at for at in range(1, len(ordinal) - 1) if _is_out_of_order(*(sign * ordinal[at - 1 : at + 2]))
    ]
    rest = np.delete(sign * ordinal, strange)
    if 10 * len(strange) > len(ordinal) or (np.diff(rest) < -NEAR_IN_ORDER).any():
        return
    for at in strange:
        row = frame.iloc[at]
        text = (
            f"row {row['row']} ({row['pollster']}, {day.iloc[at].date()}): far from the days above and "
            f"below it ({day.iloc[at - 1].date()}, {day.iloc[at + 1].date()}) in a table that is in their "
            "order; is the day right?"
        )
        yield Doubt("order", (int(row["row"]),), text)


def _is_out_of_order(above: float, own: float, below: float) -> bool:
    """Whether a day is far from two that are in order."""
    return above - NEAR_IN_ORDER <= below and not above - FAR_IN_ORDER <= own <= below + FAR_IN_ORDER


def _one_pollster_each(table: PollTable) -> Iterator[Doubt]:
    """Names that are those of polls, not of pollsters: then nobody leans, and no poll replaces another."""
    frame = table.polls
    firms = [str(firm).casefold() for firm in frame["pollster"]]
    if len(firms) < FROM_POLLS:
        return
    stems = Counter(_stem(firm) for firm in dict.fromkeys(firms))
    several = {stem for stem, number in stems.items() if stem and number >= FROM_POLLS}
    distinct = len(set(firms))
    if several and 2 * sum(stems[stem] for stem in several) > distinct:
        numbered = [str(firm) for firm in frame["pollster"] if _stem(firm) in several]
        example = f'"{numbered[0]}" and "{next(firm for firm in numbered if firm != numbered[0])}"'
        said = f"names such as {example} differ by numbers only"
    elif distinct == len(firms) >= MANY_POLLS:
        said = "every poll has a pollster of its own"
    else:
        return
    rows = tuple(int(row) for row in frame["row"][:1])
    text = (
        f"column pollster: {distinct} pollsters for {len(firms)} polls, and {said}; if they are not the "
        "pollsters, house effects mean nothing and older polls of one pollster count in full"
    )
    yield Doubt("pollsters", rows, text)


def _stem(firm: object) -> str:
    return re.sub(r"[\W\d_]+", " ", str(firm).casefold()).strip()


def _garbled(table: PollTable) -> Iterator[Doubt]:
    """Pollsters whose letters were lost between two encodings."""
    first = table.polls.drop_duplicates("pollster")
    for firm, row in zip(first["pollster"], first["row"], strict=True):
        why = garbled(str(firm))
        if why:
            text = f"row {row}, column pollster: {_visible(str(firm))} {why}; save the table as UTF-8"
            yield Doubt("garbled", (int(row),), text)


def _visible(text: str) -> str:
    return '"' + "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text) + '"'


def garbled(text: str) -> str:
    """Why a name looks garbled; empty where it does not.

    Control characters, the sign for a lost letter, a question mark inside a word, letters of two scripts
    in one word, and UTF-8 that was read as another encoding.
    """
    if any(unicodedata.category(sign) in ("Cc", "Co", "Cs") for sign in text):
        return "holds a control character"
    if "\N{REPLACEMENT CHARACTER}" in text or re.search(r"\w\?\w", text):
        return "has lost a letter"
    if _of_two_scripts(text):
        return "mixes letters of two scripts in one word"
    return "looks like UTF-8 read as another encoding" if _misread(text) else ""


def _of_two_scripts(text: str) -> bool:
    scripts = ("LATIN", "CYRILLIC", "GREEK")
    for word in re.findall(r"[^\W\d_]+", text):
        found = {
            script for script in scripts for sign in word if unicodedata.name(sign, "").startswith(script)
        }
        if len(found) > 1:
            return True
    return False


def _misread(text: str) -> bool:
    if text.isascii():
        return False
    for encoding in ("cp1252", "latin-1", "cp1251", "cp1250"):
        try:
            return text.encode(encoding).decode("utf-8") != text
        except UnicodeError:
            continue
    return False
