"""What polls mean by what they leave unsaid: undecided beside or inside, votes against all, parties together.

A table keeps one convention. Rows that tell it are asked first (what adds up to 100 with the undecided, or
without them); where none can tell, the undecided are taken for a part of the 100, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.polls.columns import Target
from forecast.polls.figures import Figures, Floats, steps_of
from forecast.polls.known_words import OTHER, UNDECIDED
from forecast.polls.table import Doubt

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


@dataclass(frozen=True)
class Asked:
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
    return given, [
        (
            f"votes against all stand beside the 100 percent: {int(over.sum())} of {int(given.sum())} polls "
            f"tell it"
        )
    ]


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


def rounding_of(figures: Figures) -> dict[Target, Floats]:
    """How far from each figure the truth may lie, in percent: half a step, or what the cell itself says."""
    half = steps_of(figures) / 2
    return {
        target: np.where(
            np.isnan(values), np.nan, np.where(figures.halves[target] > 0, figures.halves[target], half)
        )
        for target, values in figures.values.items()
    }
