"""What may be wrong with a poll table that can be read: doublets, sums, slips of a share, and facts of polls
(names of pollsters, samples, days), each compared with the others of its kind.

A poll is compared with those around it; what is far from all of them is said with row and figure, and nothing
is changed. The bounds were chosen so that honest tables are left in peace (docs/poll-table.md has figures): a
doubt about a share needs a distance that sampling and the lean of a pollster hardly ever reach together.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.election.values import normalised
from forecast.polls.columns import OTHER, UNDECIDED
from forecast.polls.poll_table import Doubt, PollTable

if TYPE_CHECKING:
    from forecast.election import Election

Floats = NDArray[np.float64]
AROUND_DAYS = 60
"""Polls that a poll is compared with end within so many days of it."""
MOST_AROUND = 8
LOOKS_BACK_DAYS = 300
"""Polls that end so long before the newest have no weight, and are not looked at."""
FAR, FAR_EXCHANGED = 5.0, 3.0
"""Standard deviations of sampling and lean together from which a share is far from those around it; of two
that are each where the other should be.
"""
LEAN = (0.01, 0.06)
"""Standard deviation of a pollster's lean: so much, and so much of the share."""
LEAST_DISTANCE = 0.03
SURE_AROUND = 4
"""Where fewer polls stand around one, something else must speak for a slip too."""
FAR_SUM, LIKE_SUMS = 0.05, 0.03
FEW_OPTIONS = 5
SAME_DAYS, SAME_FIGURES_DAYS = 5, 14
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


def doubted(table: PollTable, election: Election, read: Sequence[Doubt] = ()) -> PollTable:
    """The table of polls of an election with its doubts, after those that came up while it was ``read``."""
    names = {party.id: party.name for party in election.parties}
    closed = election.election.closed_ballot or OTHER in names
    polls = _Looked.at(table, names)
    found = [*read, *doubts_of_facts(table), *_same_poll(polls)]
    slips = list(_slips(polls))
    found += slips
    if not closed:
        slipped = {
            row for doubt in (*slips, *read) if doubt.kind in ("slip", "undecided") for row in doubt.rows
        }
        found += [doubt for doubt in _sums(polls) if not slipped & set(doubt.rows)]
        found += _unreported(polls)
    return replace(table, doubts=tuple(found))


@dataclass(frozen=True)
class _Looked:
    """National polls of the last months as arrays: P polls in file order, K options that some report."""

    frame: pd.DataFrame
    names: tuple[str, ...]
    shares: Floats
    other: Floats
    undecided: Floats
    """Those that are a part of the 100 percent; 0 where they stand beside."""
    days: Floats
    """Days from the newest poll."""

    @classmethod
    def at(cls, table: PollTable, names: Mapping[str, str]) -> _Looked:
        national = table.national
        frame = national.polls
        ended = frame["fieldwork_end"].fillna(frame["published"])
        days = (ended.max() - ended).dt.days.to_numpy(np.float64) if len(frame) else np.zeros(0)
        recent = np.flatnonzero(days <= LOOKS_BACK_DAYS)
        shares = national.shares.iloc[recent]
        options = [
            name for name in shares.columns if name not in (OTHER, UNDECIDED) and shares[name].notna().any()
        ]
        return cls(
            frame.iloc[recent],
            tuple(names.get(name, name) for name in options),
            shares[options].to_numpy(np.float64),
            shares[OTHER].to_numpy(np.float64),
            np.where(frame.iloc[recent]["undecided_beside"], 0.0, shares[UNDECIDED]).astype(np.float64),
            days[recent],
        )

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def named(self) -> Floats:
        """(P,) what the shares of the options add up to."""
        return np.nansum(self.shares, axis=1)

    @cached_property
    def decided(self) -> Floats:
        """(P, K) shares of those who told a party, as far as the poll gives the undecided."""
        return self.shares / (1.0 - np.minimum(np.nan_to_num(self.undecided), 0.9))[:, None]

    @cached_property
    def totals(self) -> Floats:
        """(P,) everything that the poll reports, added up."""
        return self.named + np.nan_to_num(self.other) + np.nan_to_num(self.undecided)

    @cached_property
    def reported(self) -> list[bytes]:
        """What each poll reports, to tell whether two report the same."""
        told = np.column_stack([~np.isnan(self.shares), ~np.isnan(self.other)])
        return [row.tobytes() for row in told]

    @cached_property
    def steps(self) -> Floats:
        """(P,) to what each poll rounds its shares: 0.01 for whole percent, 0.001, or less."""
        percent = np.nan_to_num(100 * self.shares)
        found = np.full(len(self), 1e-4)
        for step in (0.1, 1.0):
            found[(np.abs(percent / step - np.rint(percent / step)) < 1e-6).all(1)] = step / 100
        return found

    def around(self, among: NDArray[np.int64]) -> NDArray[np.int64]:
        """(N, 8) the nearest in time of each of N polls among them, the nearest first; -1 where there are
        fewer within ``AROUND_DAYS``.
        """
        order = among[np.argsort(self.days[among], kind="stable")]
        steps = np.array([*range(-MOST_AROUND, 0), *range(1, MOST_AROUND + 1)])
        at = np.arange(len(order))[:, None] + steps
        inside = (at >= 0) & (at < len(order))
        near = order[np.clip(at, 0, len(order) - 1)]
        apart = np.where(inside, np.abs(self.days[near] - self.days[order][:, None]), np.inf)
        apart[apart > AROUND_DAYS] = np.inf
        nearest = np.argsort(apart, axis=1, kind="stable")[:, :MOST_AROUND]
        found = np.where(
            np.isinf(np.take_along_axis(apart, nearest, 1)), -1, np.take_along_axis(near, nearest, 1)
        )
        back = np.empty_like(found)
        back[np.searchsorted(among, order)] = found
        return back

    def row(self, i: int) -> int:
        return int(self.frame["row"].iloc[i])

    @cached_property
    def worth(self) -> Floats:
        """(P,) respondents that a poll is worth: designs that halve a sample are usual."""
        sizes = self.frame["sample_size"].to_numpy(np.float64)
        return np.maximum(np.nan_to_num(sizes, nan=500.0) / 2.0, 200.0)

    def label(self, i: int) -> str:
        """How a doubt names a poll."""
        day = self.frame["fieldwork_end"].iloc[i]
        day = self.frame["published"].iloc[i] if pd.isna(day) else day
        return f"row {self.row(i)} ({self.frame['pollster'].iloc[i]}, {day.date()})"


def _shown(share: float) -> str:
    return f"{100 * share:.4g} %"


def _range(shares: Floats) -> str:
    low, high = f"{100 * float(shares.min()):.4g}", f"{100 * float(shares.max()):.4g}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def _slips(polls: _Looked) -> Iterator[Doubt]:
    """A share far from those of all polls around it."""
    found = [
        (i, k, near, distance)
        for k in range(len(polls.names))
        for i, near, distance in _far(polls, k)
        if _is_a_slip(polls, i, k, near, distance)
    ]
    for i, k, near, _ in sorted(found, key=lambda slip: slip[:2]):
        text = (
            f"{polls.label(i)}: {polls.names[k]} at {_shown(polls.shares[i, k])}, in the "
            f"{len(near)} polls around it at {_range(polls.shares[near, k])}; is it a slip?"
        )
        yield Doubt("slip", (polls.row(i),), text)


def _far(polls: _Looked, k: int) -> Iterator[tuple[int, NDArray[np.int64], float]]:
    """Polls whose share of an option lies far from those around them, with these, and how far: in standard
    deviations of sampling and lean; not where those around lie as far apart themselves.
    """
    among = np.flatnonzero(~np.isnan(polls.shares[:, k]))
    if len(among) < 3:
        return
    near = polls.around(among)
    shares = np.where(near >= 0, polls.decided[near, k], np.nan)
    enough = (near >= 0).sum(axis=1) >= 2
    among, near, shares = among[enough], near[enough], shares[enough]
    if not len(among):
        return
    middle = np.nanmedian(shares, axis=1)
    off = np.abs(polls.decided[among, k] - middle)
    spread = np.nanmax(np.abs(shares - middle[:, None]), axis=1)
    sampling = middle * (1.0 - middle) / polls.worth[among]
    distance = off / np.sqrt(sampling + (LEAN[0] + LEAN[1] * middle) ** 2)
    for at in np.flatnonzero(
        (off >= LEAST_DISTANCE) & (off > 2.5 * spread) & (distance > FAR_EXCHANGED)
    ).tolist():
        yield int(among[at]), near[at][near[at] >= 0], float(distance[at])


def _is_a_slip(polls: _Looked, i: int, k: int, near: NDArray[np.int64], distance: float) -> bool:
    """Far from all polls around it, and many of these, or a sum that is off by the same, or a point moved;
    or two options exchanged.
    """
    middles = np.array([_median(polls.decided[near, j]) for j in range(polls.decided.shape[1])])
    own = polls.decided[i]
    off = own[k] - middles[k]
    close = 0.25 * abs(off)
    if bool(((np.abs(own - middles[k]) < close) & (np.abs(middles - own[k]) < close)).any()):
        return True
    alike = [j for j in near.tolist() if polls.reported[j] == polls.reported[i]]
    if alike and abs((polls.totals[i] - _median(polls.totals[alike])) - off) < 0.35 * abs(off):
        return True
    if distance <= FAR:
        return False
    if len(near) >= SURE_AROUND:
        return True
    return any(abs(own[k] * factor - middles[k]) < 0.15 * middles[k] for factor in (10.0, 0.1))


def _median(values: Floats) -> float:
    """Median of what is known; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _sums(polls: _Looked) -> Iterator[Doubt]:
    """A poll whose shares add up to far less, or more, than in those around it that report the same."""
    alike: dict[bytes, list[int]] = {}
    for i, told in enumerate(polls.reported):
        alike.setdefault(told, []).append(i)
    found: list[tuple[int, Floats]] = []
    for group in alike.values():
        if len(group) >= 3:
            found += _far_sums(polls, np.array(group))
    for i, others in sorted(found, key=lambda doubt: doubt[0]):
        rest = 1.0 - float(polls.totals[i])
        why = (
            f"{_shown(rest)} is then read as votes for others; were undecided respondents left out?"
            if polls.totals[i] < np.median(others)
            else "do the others leave undecided respondents out, or is a party counted twice here?"
        )
        sums = f"{_shown(polls.totals[i])}, in the {len(others)} polls around it to {_range(others)}"
        yield Doubt("sum", (polls.row(i),), f"{polls.label(i)}: its shares add up to {sums}; {why}")


def _far_sums(polls: _Looked, group: NDArray[np.int64]) -> Iterator[tuple[int, Floats]]:
    """Of polls that report the same, those whose sums are far from the sums around them, with these."""
    near = polls.around(group)
    enough = (near >= 0).sum(axis=1) >= 2
    group, near = group[enough], near[enough]
    if not len(group):
        return
    sums = np.where(near >= 0, polls.totals[near], np.nan)
    middle = np.nanmedian(sums, axis=1)
    spread = np.nanmax(np.abs(sums - middle[:, None]), axis=1)
    sampling = np.sqrt(np.maximum(middle * (1.0 - middle), 0.0) / polls.worth[group])
    off = np.abs(polls.totals[group] - middle)
    far = (spread <= LIKE_SUMS) & (
        off > np.maximum.reduce([np.full(len(off), FAR_SUM), 3.0 * spread, FAR * sampling])
    )
    for at in np.flatnonzero(far).tolist():
        yield int(group[at]), sums[at][~np.isnan(sums[at])]


def _unreported(polls: _Looked) -> Iterator[Doubt]:
    """A poll with others whose shares lack what those around it give to options that it leaves out."""
    told = ~np.isnan(polls.shares)
    lacking = 1.0 - polls.totals
    for i in np.flatnonzero(~np.isnan(polls.other) & (lacking > FAR_SUM)).tolist():
        missing = np.flatnonzero(~told[i] & told.any(axis=0))
        near = np.flatnonzero(np.abs(polls.days - polls.days[i]) <= AROUND_DAYS)
        elsewhere = sum(_median(polls.shares[near, k]) for k in missing if told[near, k].any())
        if elsewhere > 0.5 * lacking[i]:
            names = ", ".join(polls.names[k] for k in missing)
            text = (
                f"{polls.label(i)}: its shares add up to {_shown(polls.totals[i])} with others, and {names} "
                f"({_shown(elsewhere)} in the polls around it) not reported; are these among the others?"
            )
            yield Doubt("unreported", (polls.row(i),), text)


def _same_poll(polls: _Looked) -> Iterator[Doubt]:
    """Polls with the same figures: of one pollster in the same days, or too many figures for chance."""
    groups: dict[tuple[bytes, bytes], list[int]] = {}
    for i in range(len(polls)):
        key = (polls.reported[i], np.rint(1e6 * np.nan_to_num(polls.shares[i])).tobytes())
        groups.setdefault(key, []).append(i)
    for group in groups.values():
        for second, j in enumerate(group):
            first = next((i for i in group[:second] if _one_and_the_same(polls, i, j)), None)
            if first is not None:
                text = (
                    f"{polls.label(j)}: the figures are those of {polls.label(first)}; is it the same "
                    "poll twice?"
                )
                yield Doubt("twice", (polls.row(first), polls.row(j)), text)


def _one_and_the_same(polls: _Looked, i: int, j: int) -> bool:
    """Trackers repeat their figures from one week to the next; two polls of one pollster end on two days."""
    apart = abs(float(polls.days[i] - polls.days[j]))
    frame = polls.frame.iloc[[i, j]]
    told = int((~np.isnan(polls.shares[i])).sum())
    one, other = (normalised(str(firm)) for firm in frame["pollster"])
    if one == other or _within(one, other) or _within(other, one):
        one_undated = int(frame["fieldwork_end"].isna().sum()) == 1
        sizes = frame["sample_size"]
        same_size = sizes.isna().any() or sizes.nunique() == 1
        return told >= 2 and bool(same_size) and apart <= (SAME_DAYS if one_undated else 0)
    too_many_for_chance = told >= FEW_OPTIONS and polls.steps[i] < 0.01
    return too_many_for_chance and apart <= SAME_FIGURES_DAYS


def _within(one: str, other: str) -> bool:
    """Whether a name is part of another, as a pollster's is of "Novus/SVT"."""
    return bool(one) and re.search(rf"(?<!\w){re.escape(one)}(?!\w)", other) is not None


def doubts_of_facts(table: PollTable) -> Iterator[Doubt]:
    """Every doubt about a pollster, a sample or a day of the table."""
    for doubts in (_garbled, _one_pollster_each, _sizes, _out_of_order, _long_fieldwork):
        yield from doubts(table)


def _garbled(table: PollTable) -> Iterator[Doubt]:
    """Pollsters whose letters were lost between two encodings."""
    first = table.polls.drop_duplicates("pollster")
    for firm, row in zip(first["pollster"], first["row"], strict=True):
        why = garbled(str(firm))
        if why:
            text = f"row {row}, column pollster: {_visible(str(firm))} {why}; save the table as UTF-8"
            yield Doubt("garbled", (int(row),), text)


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


def _visible(text: str) -> str:
    return '"' + "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text) + '"'


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
