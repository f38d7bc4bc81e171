"""Coalitions and events that the core counts, against the same draws asked one by one in plain Python."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from forecast.election import Election, parse_election
from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import Units, compile_questions, given_draws
from forecast.simulation.running import run_draws

PARTIES: tuple[str, ...] = ("red", "blue", "green", "grey")
DRAWS = 2_000
Seats = dict[str, int]


def holds(seats: Seats, parties: Sequence[str]) -> bool:
    """Whether parties hold more than half of the seats handed out."""
    return 2 * sum(seats[party] for party in parties) > sum(seats.values())


PLAIN: dict[str, Callable[[Seats, set[str]], bool]] = {
    '{enters = "grey"}': lambda seats, inside: "grey" in inside,
    '{stays_out = "grey"}': lambda seats, inside: "grey" not in inside,
    '{majority = ["red", "green"]}': lambda seats, inside: holds(seats, ["red", "green"]),
    '{no_majority = ["red", "green"]}': lambda seats, inside: not holds(seats, ["red", "green"]),
    '{minimal_winning = ["red", "green", "grey"]}': lambda seats, inside: (
        holds(seats, ["red", "green", "grey"])
        and not any(holds(seats, rest) for rest in (["red", "green"], ["red", "grey"], ["green", "grey"]))
    ),
    '{minimal_winning = ["red"]}': lambda seats, inside: holds(seats, ["red"]),
    '{largest = "blue"}': lambda seats, inside: all(
        seats["blue"] > seats[other] for other in PARTIES if other != "blue"
    ),
    '{seats = ["green", "grey"], at_least = 9, at_most = 12}': lambda seats, inside: (
        9 <= seats["green"] + seats["grey"] <= 12
    ),
    '{order = ["red", "blue", "green"]}': lambda seats, inside: seats["red"] > seats["blue"] > seats["green"],
}


def election() -> Election:
    events = [
        {"id": f"event-{number}", "all": tomllib.loads(f"x = [{condition}]")["x"]}
        for number, condition in enumerate(PLAIN)
    ]
    events.append(
        {
            "id": "given",
            "all": [{"majority": ["red", "green"]}],
            "given": [{"enters": "grey"}, {"largest": "red"}],
        }
    )
    return parse_election(
        {
            "election": {"id": "x-2030", "name": "X", "date": "2030-06-09", "closed_ballot": True},
            "parties": [{"id": party, "name": party} for party in PARTIES],
            "rule": {"seats": 31, "threshold": {"level": "10%"}, "allocation": {"method": "sainte-lague"}},
            "events": events,
        }
    )


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, list[Seats], list[set[str]]]:
    """Counts of every event (condition, event and condition), and each draw's seats and lists inside."""
    file = election()
    rng = np.random.default_rng(3)
    votes = np.floor(rng.dirichlet([8.0, 7.0, 4.0, 2.5], DRAWS) * 1e6)
    units = Units.of(file, PARTIES)
    questions = compile_questions(file.coalitions, file.events, units)
    rules = compile_rules([file.rule], file.parties)
    counts, kept = run_draws(given_draws(file, votes, units), rules, questions, DRAWS, keep=DRAWS)
    seats: list[Seats] = [dict(zip(PARTIES, row, strict=True)) for row in kept.seats[0].tolist()]
    inside = [
        {party for party, number in zip(PARTIES, row, strict=True) if number * 10 >= row.sum()}
        for row in votes
    ]
    return counts.totals.events[0], seats, inside


@pytest.mark.parametrize("number", range(len(PLAIN)), ids=list(PLAIN))
def test_an_event_is_counted_in_the_draws_in_which_it_holds(
    drawn: tuple[np.ndarray, list[Seats], list[set[str]]], number: int
) -> None:
    counts, seats, inside = drawn
    plain = list(PLAIN.values())[number]
    expected = sum(plain(*draw) for draw in zip(seats, inside, strict=True))
    assert 0 < expected < DRAWS
    assert counts[2 * number : 2 * number + 2].tolist() == [DRAWS, expected]


def test_a_conditional_event_is_counted_among_the_draws_of_its_condition(
    drawn: tuple[np.ndarray, list[Seats], list[set[str]]],
) -> None:
    counts, seats, inside = drawn
    given = [
        draw
        for draw, lists in zip(seats, inside, strict=True)
        if "grey" in lists and all(draw["red"] > draw[other] for other in PARTIES if other != "red")
    ]
    both = sum(holds(draw, ["red", "green"]) for draw in given)
    assert 0 < both < len(given)
    assert counts[-2:].tolist() == [len(given), both]
