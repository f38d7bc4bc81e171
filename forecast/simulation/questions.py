"""Coalitions and events of the election file as constraints on the seats of a draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.kernels.count import Questions

if TYPE_CHECKING:
    from forecast.election import Coalition, Condition, Event
    from forecast.simulation.inputs import Units

Constraint = tuple[dict[int, int], int]
"""Weights of terms (seats of list k: k; admission of list k: K + k; the house: 2 K) and the least sum."""

NO_QUESTIONS = Questions(
    coalition_starts=np.zeros(1, np.int64),
    coalition_members=np.zeros(0, np.int64),
    event_starts=np.zeros(1, np.int64),
    term_starts=np.zeros(1, np.int64),
    terms=np.zeros(0, np.int64),
    weights=np.zeros(0, np.int32),
    bounds=np.zeros(0, np.int32),
)
"""Nothing is asked: seats alone are wanted."""


def compile_questions(coalitions: Sequence[Coalition], events: Sequence[Event], units: Units) -> Questions:
    """The core's questions. Events count twice: the condition that is given, then event and condition
    together.

    Parties without a unit of their own hold no seats and are never admitted.
    """
    return _compiled(
        coalitions, constraints_of_events(events, units.ids[: units.lists]), units.ids[: units.lists]
    )


def compile_chamber_questions(
    coalitions: Sequence[Coalition], events: Sequence[Event], holders: Sequence[str]
) -> Questions:
    """The core's questions about the chamber, whose H ``holders`` are the lists and then the groups; behind
    the events stand two thirds of all seats for each coalition, under no condition.
    """
    counted = constraints_of_events(events, holders)
    for members in _members(coalitions, holders):
        counted += [[], _two_thirds(members, 2 * len(holders))]
    return _compiled(coalitions, counted, holders)


def constraints_of_events(events: Iterable[Event], holders: Sequence[str]) -> list[list[Constraint]]:
    """Of every event its condition, then event and condition together."""
    index, number = {holder: k for k, holder in enumerate(holders)}, len(holders)
    counted: list[list[Constraint]] = []
    for event in events:
        given = [c for condition in event.given for c in constraints_of(condition, index, number)]
        wanted = [c for condition in event.all for c in constraints_of(condition, index, number)]
        counted += [given, given + wanted]
    return counted


def _members(coalitions: Sequence[Coalition], holders: Sequence[str]) -> list[list[int]]:
    index = {holder: k for k, holder in enumerate(holders)}
    return [[index[party] for party in coalition.parties if party in index] for coalition in coalitions]


def _two_thirds(members: Sequence[int], house: int) -> list[Constraint]:
    """At least two thirds of the seats, of which there are some: a void election has no majorities."""
    return [({**dict.fromkeys(members, 3), house: -2}, 0), (dict.fromkeys(members, 1), 1)]


def _compiled(
    coalitions: Sequence[Coalition], counted: Sequence[Sequence[Constraint]], holders: Sequence[str]
) -> Questions:
    members = _members(coalitions, holders)
    flat = [constraint for constraints in counted for constraint in constraints]
    terms = [list(weights.items()) for weights, _ in flat]
    return Questions(
        coalition_starts=_starts(members),
        coalition_members=np.array([m for group in members for m in group], np.int64),
        event_starts=_starts(counted),
        term_starts=_starts(terms),
        terms=np.array([term for group in terms for term, _ in group], np.int64),
        weights=np.array([weight for group in terms for _, weight in group], np.int32),
        bounds=np.array([bound for _, bound in flat], np.int32),
    )


def constraints_of(condition: Condition, index: dict[str, int], lists: int) -> list[Constraint]:
    """One condition of an event as constraints; ``index`` gives the number of each list, K = ``lists``."""
    house = 2 * lists
    kind = condition.kind
    if kind == "enters":
        return [({lists + index[condition.enters]: 1}, 1)] if condition.enters in index else [({}, 1)]
    if kind == "stays_out":
        return [({lists + index[condition.stays_out]: -1}, 0)] if condition.stays_out in index else []
    if kind == "majority":
        return [_majority(condition.majority, index, house)]
    if kind == "no_majority":
        return [_no_majority(condition.no_majority, index, house)]
    if kind == "minimal_winning":
        parties = condition.minimal_winning
        without = [[other for other in parties if other != party] for party in parties]
        return [_majority(parties, index, house), *(_no_majority(rest, index, house) for rest in without)]
    if kind == "largest":
        return _more_than_all_others(condition.largest, index)
    if kind == "order":
        ahead = list(zip(condition.order, condition.order[1:], strict=False))
        return [_more_seats(first, second, index) for first, second in ahead]
    weights = {index[party]: 1 for party in condition.seats if party in index}
    constraints: list[Constraint] = []
    if condition.at_least is not None:
        constraints.append((weights, condition.at_least))
    if condition.at_most is not None:
        constraints.append((dict.fromkeys(weights, -1), -condition.at_most))
    return constraints


def _majority(parties: Sequence[str], index: dict[str, int], house: int) -> Constraint:
    return {**{index[party]: 2 for party in parties if party in index}, house: -1}, 1


def _no_majority(parties: Sequence[str], index: dict[str, int], house: int) -> Constraint:
    return {**{index[party]: -2 for party in parties if party in index}, house: 1}, 0


def _more_than_all_others(party: str, index: dict[str, int]) -> list[Constraint]:
    others = [other for other in index if other != party]
    return [_more_seats(party, other, index) for other in others] or [_more_seats(party, party, index)]


def _more_seats(first: str, second: str, index: dict[str, int]) -> Constraint:
    weights: dict[int, int] = {}
    if first in index:
        weights[index[first]] = 1
    if second in index and second != first:
        weights[index[second]] = -1
    return weights, 1


def _starts(groups: Sequence[Sequence[object]]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.int64)
