"""The shares of polls as arrays: read by column from wide and long tables, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ABSENT
from forecast.polls.cells import Figure, named_figures, parse_figure, share_fault
from forecast.polls.columns import Layout, Names, Target
from forecast.polls.known_words import OTHER, UNDECIDED
from forecast.polls.rows import Rows
from forecast.polls.table import Doubt

if TYPE_CHECKING:
    from forecast.polls.poll_facts import Facts

Floats = NDArray[np.float64]
_SLACK = 0.5
_STEPS = (1.0, 0.5, 0.1, 0.01)
"""To what shares are rounded, in percent."""
_TOO_MUCH = "shares add up to 100 percent at most; is a decimal point missing, or a party twice?"
_SEATS = ' Seats are read with unit = "seats" and their house, such as house = {:.0f}, in [polls]'


@dataclass
class Figures:
    """Figures of P polls by target, in percent; NaN where a poll does not say.

    ``halves`` is how far from the figure the truth may lie by what is written (``<1``, ``1-2``, seats), 0
    where that is its rounding. ``together`` are figures of several options in one column.
    """

    size: int
    values: dict[Target, Floats] = field(default_factory=dict)
    halves: dict[Target, Floats] = field(default_factory=dict)
    together: dict[tuple[str, ...], Floats] = field(default_factory=dict)
    unlisted: dict[str, Floats] = field(default_factory=dict)
    """Of those that are counted under other, by name."""

    def add(self, target: Target, values: Floats, halves: Floats | None = None) -> None:
        """Add figures of a target to those that it has."""
        before = self.values.get(target)
        self.values[target] = values if before is None else _sum(before, values)
        halves = np.zeros(self.size) if halves is None else halves
        self.halves[target] = halves if before is None else self.halves[target] + halves

    def keep(self, index: NDArray[np.int64]) -> None:
        """Let the other polls go."""
        self.size = len(index)
        for part in (self.values, self.halves, self.together, self.unlisted):
            for key in part:
                part[key] = part[key][index]  # pyright: ignore[reportArgumentType]

    def of_unit(self, unit: str) -> Floats:
        """(P,) what is reported of a unit, NaN where nothing is."""
        found = np.full(self.size, np.nan)
        for target, values in self.values.items():
            if target.unit == unit:
                found = _sum(found, values)
        return found

    def total(self, *, without: Sequence[str] = (UNDECIDED,)) -> Floats:
        """(P,) what a poll reports, added up, but for some units."""
        parts = [values for target, values in self.values.items() if target.unit not in without]
        parts += list(self.together.values())
        return np.nansum(np.array(parts), axis=0) if parts else np.zeros(self.size)


def _sum(one: Floats, two: Floats) -> Floats:
    """Sums where either is known; NaN where neither is."""
    both = np.nan_to_num(one) + np.nan_to_num(two)
    both[np.isnan(one) & np.isnan(two)] = np.nan
    return both


@dataclass(frozen=True)
class Scale:
    """In what figures stand: percent, fractions of 1, or seats of a house; below which share no seat is
    won.
    """

    house: int = 0
    least: float = 0.0


def read_figures(
    rows: Rows, layout: Layout, names: Names, facts: Facts, scale: Scale
) -> tuple[Figures, list[int]]:
    """The figures of all polls, and of each the index of its first row."""
    if layout.long:
        return _long(rows, layout, names, facts, scale)
    figures = Figures(len(rows))
    units = np.array(facts.unit)
    for at, target in layout.options.items():
        values, halves = _column(rows, at, target, names, units, scale, figures)
        figures.add(target, values, halves)
    for at, ids in layout.together.items():
        values, _ = _column(rows, at, Target(OTHER), names, units, scale, figures)
        figures.together[ids] = _sum(figures.together[ids], values) if ids in figures.together else values
    for at, name in layout.unlisted.items():
        values, halves = _column(rows, at, Target(OTHER), names, units, scale, figures)
        figures.unlisted[name] = values
        figures.add(Target(OTHER), values, halves)
    return figures, list(range(len(rows)))


def _parsed(text: str) -> Figure | list[tuple[str, Figure]] | str | None:
    """A cell: a figure, several with their names, or why it is none."""
    try:
        return parse_figure(text)
    except ValueError as error:
        return named_figures(text) or str(error)


def _column(
    rows: Rows, at: int, target: Target, names: Names, units: NDArray[np.str_], scale: Scale, figures: Figures
) -> tuple[Floats, Floats]:
    """Figures of a column in percent, and how wide they are; cells of several parties are taken apart."""
    cells = rows.columns[at]
    distinct = {text: _parsed(text) for text in dict.fromkeys(cells)}
    number = {text: found.value if isinstance(found, Figure) else np.nan for text, found in distinct.items()}
    values = np.array([number[text] for text in cells])
    halves = np.zeros(len(cells))
    odd = {text for text, found in distinct.items() if not _is_plain(found)}
    if odd:
        for i, text in enumerate(cells):
            if text in odd:
                found = distinct[text]
                if isinstance(found, list):
                    values[i] = _taken_apart(rows, i, at, found, target, names, figures)
                elif isinstance(found, str):
                    rows.fault(rows.numbers[i], rows.heading[at], text, found)
                elif isinstance(found, Figure):
                    halves[i] = found.half
    _refuse_shares(rows, at, values, distinct, units)
    return _in_percent(values, halves, distinct, cells, units, scale)


def _is_plain(found: object) -> bool:
    return found is None or (isinstance(found, Figure) and found.half == 0.0)


def _taken_apart(
    rows: Rows,
    i: int,
    at: int,
    found: list[tuple[str, Figure]],
    target: Target,
    names: Names,
    figures: Figures,
) -> float:
    """The share of a column's own option in a cell of several; what others have goes to them."""
    own = 0.0
    said: list[str] = []
    for name, figure in found:
        meant = names.find(name) or Target(OTHER)
        said.append(f"{name} {figure.value:g}")
        if meant == target:
            own += figure.value
        else:
            alone = np.full(figures.size, np.nan)
            alone[i] = figure.value
            figures.add(meant, alone)
    rows.understood.append(
        f"row {rows.numbers[i]}, column {rows.heading[at]}: several in one cell, {', '.join(said)}"
    )
    return own or np.nan


def _refuse_shares(
    rows: Rows,
    at: int,
    values: Floats,
    distinct: dict[str, Figure | list[tuple[str, Figure]] | str | None],
    units: NDArray[np.str_],
) -> None:
    """Note shares that none can be, and take them out."""
    suspect = np.flatnonzero((values < 0) | (values > 100) | (units != "percent"))
    for i in suspect.tolist():
        text = rows.columns[at][i]
        found = distinct[text]
        said = share_fault(found, text, str(units[i])) if isinstance(found, Figure) else ""
        if said:
            rows.fault(rows.numbers[i], rows.heading[at], text, said)
            values[i] = np.nan


def _in_percent(
    values: Floats,
    halves: Floats,
    distinct: dict[str, Figure | list[tuple[str, Figure]] | str | None],
    cells: Sequence[str],
    units: NDArray[np.str_],
    scale: Scale,
) -> tuple[Floats, Floats]:
    for i in np.flatnonzero(units != "percent").tolist():
        found = distinct[cells[i]]
        if not isinstance(found, Figure) or found.percent or np.isnan(values[i]):
            continue
        if units[i] == "fraction":
            values[i], halves[i] = round(100 * values[i], 10), 100 * halves[i]
        elif found.bracketed:
            continue  # a share below the threshold, in percent
        elif values[i] == 0:  # below the threshold, wherever there
            values[i] = halves[i] = 50 * (scale.least or 0.5 / scale.house)
        else:
            values[i], halves[i] = 100 * values[i] / scale.house, 50 / scale.house
    return values, halves


def _long(rows: Rows, layout: Layout, names: Names, facts: Facts, scale: Scale) -> tuple[Figures, list[int]]:
    """One poll for each id, or where there is none for each set of equal facts."""
    keys = _poll_keys(rows, layout, facts)
    polls: dict[object, int] = {}
    poll_of = [polls.setdefault(key, len(polls)) for key in keys]
    first = [0] * len(polls)
    for i in range(len(rows) - 1, -1, -1):
        first[poll_of[i]] = i
    figures = Figures(len(rows))
    values, halves = _column(rows, layout.share, Target(OTHER), names, np.array(facts.unit), scale, figures)
    found = Figures(len(polls))
    texts = rows.columns[layout.party]
    where = np.array(poll_of, dtype=np.int64)
    codes, distinct = pd.factorize(np.array(texts, object))
    for code, text in enumerate(distinct.tolist()):
        chosen = np.flatnonzero(codes == code)
        _take_option(rows, layout, names, found, text, where[chosen], chosen, values, halves)
    _refuse_twice(rows, layout, names, texts, poll_of)
    return found, first


def _take_option(
    rows: Rows,
    layout: Layout,
    names: Names,
    found: Figures,
    text: str,
    polls: NDArray[np.int64],
    chosen: NDArray[np.int64],
    values: Floats,
    halves: Floats,
) -> None:
    """Put the figures of one option, named ``text``, under it."""
    target, ids = names.find(text), names.together(text)
    column, wide = np.full(found.size, np.nan), np.zeros(found.size)
    column[polls], wide[polls] = values[chosen], halves[chosen]
    if target is not None:
        found.add(target, column, wide)
    elif ids:
        found.together[ids] = _sum(found.together[ids], column) if ids in found.together else column
    elif layout.fold:
        found.unlisted[text] = column
        found.add(Target(OTHER), column, wide)
    else:
        at = rows.heading[layout.party]
        rows.fault(rows.numbers[int(chosen[0])], at, text, names.remedy(text))


def _refuse_twice(
    rows: Rows, layout: Layout, names: Names, texts: Sequence[str], poll_of: Sequence[int]
) -> None:
    """Note options that a poll reports twice."""
    targets = {text: names.find(text) for text in dict.fromkeys(texts)}
    seen: dict[tuple[int, Target], int] = {}
    for i, text in enumerate(texts):
        target = targets[text]
        if target is None or target.unit == UNDECIDED:
            continue
        before = seen.setdefault((poll_of[i], target), i)
        if before != i:
            remedy = f"this poll reports it in row {rows.numbers[before]} already; keep one"
            rows.fault(rows.numbers[i], rows.heading[layout.party], text, remedy)


def _poll_keys(rows: Rows, layout: Layout, facts: Facts) -> list[object]:
    """What rows of one poll have in common."""
    at = layout.facts.get("poll_id", ())
    own = [rows.columns[i] for name in ("poll_id", "question_id") for i in layout.facts.get(name, ())]
    if at and all(rows.columns[at[0]]):
        return list(zip(*own, facts.sample, strict=True))
    columns = [i for ats in layout.facts.values() for i in ats]
    if not columns:  # nothing says which rows are of one poll
        return [()] * len(rows)
    return list(zip(*(rows.columns[i] for i in columns), strict=True))


def steps_of(figures: Figures) -> Floats:
    """(P,) to what each poll rounds its shares, in percent: by what it says, not by the digits written."""
    every = [
        *figures.values.items(),
        *(((Target("+".join(ids))), values) for ids, values in figures.together.items()),
    ]
    exact = [
        np.nan_to_num(values) * (figures.halves.get(target, np.zeros(figures.size)) == 0)
        for target, values in every
    ]
    stacked = np.array(exact) if exact else np.zeros((1, figures.size))
    found = np.full(figures.size, _STEPS[-1])
    for step in reversed(_STEPS):
        whole = np.abs(stacked / step - np.rint(stacked / step)) < 1e-6
        found[whole.all(axis=0)] = step
    return found


def check_shares(rows: Rows, figures: Figures, first: Sequence[int], against: Sequence[str] = ()) -> None:
    """Sums, parts of merged parties given twice, shares that look like fractions, polls that say nothing.

    Votes ``against`` all may stand beside others that come to 100 percent.
    """
    numbers = [rows.numbers[i] for i in first]
    named = [target for target in figures.values if target.unit not in (OTHER, UNDECIDED)]
    told = np.zeros(figures.size, np.int64)
    largest = np.zeros(figures.size)
    for target, values in figures.values.items():
        told += ~np.isnan(values) & (target.unit not in (OTHER, UNDECIDED))
        largest = np.fmax(largest, values)
    for values in figures.together.values():
        told += ~np.isnan(values)
    for i in np.flatnonzero(told == 0).tolist():
        if not rows.faults.get(numbers[i]):
            rows.fault(numbers[i], "", ABSENT, "no share is given; fill in the shares or take the row out")
    _refuse_parts(rows, figures, named, numbers)
    total, most = figures.total(), _most(figures)
    without = figures.total(without=(UNDECIDED, *against))
    beside = (np.abs(without - 100) <= most - 100) & (total > without)
    over = (total > most) & ~beside
    seats = 2 * int(over.sum()) > figures.size and bool((np.mod(total[over], 1) == 0).all())
    for i in np.flatnonzero(over).tolist():
        remedy = _TOO_MUCH + (_SEATS.format(total[i]) if seats else "")
        rows.fault(numbers[i], "", f"shares of {total[i]:.6g}", remedy)
    small = (total + np.nan_to_num(figures.of_unit(UNDECIDED)) <= 1.05) & (told > 1) & (largest <= 1)
    for i in np.flatnonzero(small).tolist():
        remedy = (
            "these look like fractions; write percent (53.46), a column unit with the word fraction, or "
            'unit = "fraction" '
            "in [polls]"
        )
        rows.fault(numbers[i], "", f"shares of {total[i]:.6g}", remedy)


def _most(figures: Figures) -> Floats:
    """(P,) what shares may add up to at most, by their rounding."""
    steps = steps_of(figures)
    most = np.full(figures.size, 100 + _SLACK)
    for target, values in figures.values.items():
        if target.unit != UNDECIDED:
            wide = figures.halves[target]
            most += np.where(np.isnan(values), 0.0, np.where(wide > 0, wide, steps / 2))
    for values in figures.together.values():
        most += np.where(np.isnan(values), 0.0, steps / 2)
    return most


def settle_seats(rows: Rows, facts: Facts, figures: Figures, first: Sequence[int], house: int) -> None:
    """Seats as shares of all votes: those of lists below the threshold, where a poll gives them, win none.

    Seats of a poll that are more than the house has are a fault; fewer are a doubt.
    """
    won, below = np.zeros(figures.size), np.zeros(figures.size)
    in_seats = np.array([facts.unit[k] == "seats" for k in first])
    seats_of = {
        target: in_seats & (np.abs(halves - 50 / house) < 1e-9) for target, halves in figures.halves.items()
    }
    for target, values in figures.values.items():
        counted, unknown = seats_of[target], values == figures.halves[target]
        below += np.where(in_seats & ~counted & ~unknown, np.nan_to_num(values), 0.0)
        won += np.where(counted, np.nan_to_num(values) * house / 100, 0.0)
    for i, k in enumerate(first):
        seats, row = round(float(won[i])), rows.numbers[k]
        if facts.unit[k] != "seats" or seats == house:
            continue
        if seats > house:
            remedy = "more seats than the house has; is polls.house right, or a party there twice?"
            rows.fault(row, "", f"{seats} seats of {house}", remedy)
        else:
            day = facts.end[k] or facts.published[k]
            text = f"row {row} ({facts.pollster[k]}, {day}): its seats add up to {seats} of {house}"
            rows.doubts.append(Doubt("seats", (row,), text))
    above = 1.0 - np.minimum(below, 99.0) / 100
    for target, counted in seats_of.items():
        for part in (figures.values, figures.halves):
            part[target] = np.where(counted, part[target] * above, part[target])


def _refuse_parts(rows: Rows, figures: Figures, named: Sequence[Target], numbers: Sequence[int]) -> None:
    for target in named:
        if not target.part or Target(target.unit) not in figures.values:
            continue
        both = ~np.isnan(figures.values[target]) & ~np.isnan(figures.values[Target(target.unit)])
        for i in np.flatnonzero(both).tolist():
            remedy = f"the poll reports both '{target.unit}' and this part of it; keep one of the two"
            rows.fault(numbers[i], "", target.part, remedy)
