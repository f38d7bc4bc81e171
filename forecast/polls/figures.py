"""The shares of polls as arrays: read by column from wide and long tables, what is wrong with them, and what
they mean by what they leave unsaid (undecided beside or inside, votes against all, parties together).

A table keeps one convention. Rows that tell it are asked first (what adds up to 100 with the undecided, or
without them); where none can tell, the undecided are taken for a part of the 100, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ABSENT
from forecast.polls.columns import (
    OTHER,
    UNDECIDED,
    Figure,
    Layout,
    Names,
    Target,
    named_figures,
    parse_figure,
    share_fault,
)
from forecast.polls.poll_table import Doubt, Rows

if TYPE_CHECKING:
    from forecast.polls.poll_facts import Facts

Floats = NDArray[np.float64]
_SLACK = 0.5
_STEPS = (1.0, 0.5, 0.1, 0.01)
"""To what shares are rounded, in percent."""
_TOO_MUCH = "shares add up to 100 percent at most; is a decimal point missing, or a party twice?"
_SEATS = ' Seats are read with unit = "seats" and their house, such as house = {:.0f}, in [polls]'
Flags = NDArray[np.bool_]
Place = Literal["inside", "beside"]
ROUNDING_SDS = 3.4
"""Standard deviations of rounding beyond which a sum is none of rounding."""
_LEAST_TOLD = 0.6
"""Percent of undecided from which a sum with them differs from one without."""
_MOST_UNLISTED = 25.0
_LEAST_ALIKE, _LEAST_APART, _STEADIER = 3, 3.0, 0.7
_MATTERS = 0.5
"""Percent points by which the largest share must depend on it to be said."""


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
        self.values = {target: values[index] for target, values in self.values.items()}
        self.halves = {target: values[index] for target, values in self.halves.items()}
        self.together = {ids: values[index] for ids, values in self.together.items()}
        self.unlisted = {name: values[index] for name, values in self.unlisted.items()}

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


def rounding_of(figures: Figures) -> dict[Target, Floats]:
    """How far from each figure the truth may lie, in percent: half a step, or what the cell itself says."""
    half = steps_of(figures) / 2
    return {
        target: np.where(
            np.isnan(values), np.nan, np.where(figures.halves[target] > 0, figures.halves[target], half)
        )
        for target, values in figures.values.items()
    }


class Scale(NamedTuple):
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
        column, wide = np.full(found.size, np.nan), np.zeros(found.size)
        column[where[chosen]], wide[where[chosen]] = values[chosen], halves[chosen]
        if not _took_option(layout, names, found, text, column, wide):
            rows.fault(rows.numbers[int(chosen[0])], rows.heading[layout.party], text, names.remedy(text))
    _refuse_twice(rows, layout, names, texts, poll_of)
    return found, first


def _took_option(
    layout: Layout, names: Names, found: Figures, text: str, column: Floats, wide: Floats
) -> bool:
    """Put the figures of one option, named ``text``, under it; whether there is such an option."""
    target, ids = names.find(text), names.together(text)
    if target is not None:
        found.add(target, column, wide)
    elif ids:
        found.together[ids] = _sum(found.together[ids], column) if ids in found.together else column
    elif layout.fold:
        found.unlisted[text] = column
        found.add(Target(OTHER), column, wide)
    else:
        return False
    return True


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


class Asked(NamedTuple):
    """Figures of polls in percent, the election's ballot, and how a doubt names a poll."""

    figures: Figures
    closed: bool
    label: Callable[[int], str]
    rows: Sequence[int]
    names: dict[str, str]


def undecided_beside(asked: Asked, setting: Place | None) -> tuple[Flags, list[str], list[Doubt]]:
    """(P,) whether the undecided stand beside the shares of 100 percent; how that was read, and doubts."""
    figures = asked.figures
    undecided = np.nan_to_num(figures.of_unit(UNDECIDED))
    given = undecided > 0
    if not given.any():
        return np.zeros(figures.size, bool), [], []
    if setting is not None:
        return given & (setting == "beside"), [f"undecided stand {setting}, as [polls] says"], []
    beside, inside = _tell(figures, undecided, asked.closed)
    votes = int(beside.sum()), int(inside.sum())
    if votes == (0, 0):
        doubts = list(_untold(asked, undecided, given))
        return np.zeros(figures.size, bool), ["undecided are read as a part of the 100 percent"], doubts
    is_beside = votes[0] > votes[1]
    way: Place = "beside" if is_beside else "inside"
    said = (
        f"undecided stand {way} the 100 percent: {max(votes)} of {int(given.sum())} polls with undecided "
        f"tell it"
    )
    against = inside if is_beside else beside
    doubts = [_other_way(asked, i, undecided, way) for i in np.flatnonzero(against).tolist()]
    return given & is_beside, [said], doubts


def _tell(figures: Figures, undecided: Floats, closed: bool) -> tuple[Flags, Flags]:
    """(P,) which polls tell that their undecided stand beside the 100, and which that they are inside."""
    named = figures.total()
    told = np.sum([~np.isnan(values) for values in figures.values.values()], axis=0)
    rounding = np.maximum(steps_of(figures) * np.sqrt(np.maximum(told, 1) / 12.0), 0.03)
    slack = np.maximum(ROUNDING_SDS * rounding, 0.25)
    whole = np.abs(named - 100.0) <= slack
    with_them = np.abs(named + undecided - 100.0) <= slack
    matters = undecided > np.maximum(_LEAST_TOLD, 2.0 * slack)
    over = named + undecided - 100.0 > slack
    has_other = ~np.isnan(figures.of_unit(OTHER)) | closed
    beside = over | (whole & matters & (has_other | (undecided > 2.0)))
    inside = with_them & ~over & matters & ~whole
    return beside & (undecided > 0), inside & (undecided > 0)


def _untold(asked: Asked, undecided: Floats, given: Flags) -> list[Doubt]:
    """Polls of a table of which none tells where its undecided stand, as far as it matters."""
    figures = asked.figures
    named = figures.total()
    has_other = ~np.isnan(figures.of_unit(OTHER))
    doubts: list[Doubt] = []
    for i in np.flatnonzero(given & ~has_other).tolist():
        if asked.closed or 100.0 - named[i] > _MOST_UNLISTED or _stand_inside(figures, undecided, i):
            continue
        target, share = _largest(figures, i)
        inside, beside = (
            share / of for of in (max(1 - undecided[i] / 100, named[i] / 100), max(1.0, named[i] / 100))
        )
        if inside - beside < _MATTERS:
            continue
        name = asked.names.get(target.unit, target.unit)
        text = (
            f"{asked.label(i)}: undecided {undecided[i]:.4g} % are read as a part of the 100 %, though the "
            f"poll does not say so (without them all comes to {named[i]:.4g} %): {name} is then at "
            f"{inside:.4g} % of the "
            f'decided, else at {beside:.4g} %; undecided = "beside" or "inside" in [polls] settles it'
        )
        doubts.append(Doubt("undecided", (asked.rows[i],), text))
    return doubts


def _largest(figures: Figures, i: int) -> tuple[Target, float]:
    known = {
        target: float(values[i])
        for target, values in figures.values.items()
        if target.unit not in (OTHER, UNDECIDED) and not np.isnan(values[i])
    }
    if not known:
        return Target(OTHER), 0.0
    largest = max(known, key=lambda target: known[target])
    return largest, known[largest]


def _stand_inside(figures: Figures, undecided: Floats, i: int) -> bool:
    """Whether polls that report the same, with more and with fewer undecided, make this reading the likelier.

    Where the undecided are a part of the 100, the share of the decided stays as they come and go.
    """
    told = np.array(
        [~np.isnan(values) for target, values in figures.values.items() if target.unit != UNDECIDED]
    )
    alike = np.flatnonzero((told == told[:, [i]]).all(axis=0))
    if len(alike) < _LEAST_ALIKE or float(np.ptp(undecided[alike])) < _LEAST_APART:
        return False
    named = figures.total()[alike]
    return float(np.std(named / (1.0 - undecided[alike] / 100.0))) < _STEADIER * float(np.std(named))


def _other_way(asked: Asked, i: int, undecided: Floats, way: Place) -> Doubt:
    """A poll that tells the other convention than its table."""
    named = float(asked.figures.total()[i])
    text = (
        f"{asked.label(i)}: undecided {undecided[i]:.4g} % are read {way} the 100 % as in the rest of the "
        f"table, "
        f"though this poll comes to {named:.4g} % without them and to {named + undecided[i]:.4g} % with them"
    )
    return Doubt("undecided", (asked.rows[i],), text)


def against_beside(
    asked: Asked, unit: str, setting: Literal["inside", "beside", "not-asked"] | None
) -> tuple[Flags, list[str]]:
    """(P,) whether votes against all stand beside shares of parties that come to 100 without them."""
    figures = asked.figures
    values = np.nan_to_num(figures.of_unit(unit))
    given = values > 0
    if setting == "not-asked":
        for target in figures.values:
            if target.unit == unit:
                figures.values[target] = np.full(figures.size, np.nan)
        return np.zeros(figures.size, bool), ["votes against all are passed over, as [polls] says"]
    if setting is not None or not given.any():
        return given & (setting == "beside"), [f"votes against all stand {setting}"] if setting else []
    without = figures.total(without=(UNDECIDED, unit))
    slack = np.maximum(ROUNDING_SDS * steps_of(figures) * np.sqrt(len(figures.values) / 12.0), 0.3)
    over = given & (without + values - 100.0 > slack) & (np.abs(without - 100.0) <= slack)
    if 2 * int(over.sum()) <= int(given.sum()):
        return np.zeros(figures.size, bool), []
    told = f"{int(over.sum())} of {int(given.sum())} polls tell it"
    return given, [f"votes against all stand beside the 100 percent: {told}"]


def settle_together(asked: Asked) -> tuple[list[str], list[Doubt]]:
    """Columns of several parties against those of each: a subtotal goes, what one part leaves is the
    other's.
    """
    figures = asked.figures
    said: list[str] = []
    doubts: list[Doubt] = []
    for ids, values in list(figures.together.items()):
        parts = np.array([figures.of_unit(unit) for unit in ids])
        known = ~np.isnan(parts)
        alone = ~np.isnan(values) & (known.sum(axis=0) == len(ids) - 1)
        for k, unit in enumerate(ids):
            rest = alone & ~known[k] & (values >= np.nansum(parts, axis=0))
            if rest.any():
                column = np.where(rest, values - np.nansum(parts, axis=0), np.nan)
                figures.add(Target(unit), column)
        told = ~np.isnan(values) & known.any(axis=0)
        values[told] = np.nan
        left = ~np.isnan(values)
        name = " and ".join(asked.names.get(unit, unit) for unit in ids)
        if told.any():
            said.append(f"{name} together: passed over in {int(told.sum())} polls that report them apart")
        if left.any() and not (known.all(axis=0)).any():
            doubts.append(_never_apart(asked, name, values, np.flatnonzero(left).tolist()))
        elif left.any():
            said.append(
                f"{name} together in {int(left.sum())} polls: split as in the polls that tell them apart"
            )
        if not left.any():
            del figures.together[ids]
    return said, doubts


def _never_apart(asked: Asked, name: str, values: Floats, polls: Sequence[int]) -> Doubt:
    i = polls[0]
    more = f", and {len(polls) - 1} more polls" if len(polls) > 1 else ""
    text = (
        f"{asked.label(i)}{more}: {name} are reported together, {values[i]:.4g} %, and apart by no poll; "
        f"their joint share is split evenly"
    )
    return Doubt("together", tuple(asked.rows[k] for k in polls), text)
