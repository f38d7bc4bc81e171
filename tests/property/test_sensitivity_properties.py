"""What holds for every sweep: ranges, exact flips, seats that move, the last seat."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Party, parse_election
from forecast.election.values import percent
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.reference import apply_rule, next_seats
from forecast.simulation.inputs import Units
from forecast.simulation.last_seat import NOBODY, fewest_votes
from forecast.sweeps.comparison import indices_of, seats_moved
from forecast.sweeps.grid import LEVEL, Grid, parse_axes
from forecast.sweeps.sweep_of_votes import sweep_votes
from tests.swept import flat

permilles = st.integers(0, 1000)
seat_vectors = st.lists(st.integers(0, 50), min_size=4, max_size=4).map(
    lambda seats: np.array(seats)[:, None]
)


def election(lists: int, **rule: Any) -> Any:
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": "2030-01-01"},
            "parties": [{"id": f"p{k}", "name": f"P{k}"} for k in range(lists)],
            "rule": {"seats": 20, "ties": "registration", "allocation": {"method": "hare"}} | rule,
        }
    )


@given(first=permilles, length=permilles, step=st.integers(1, 300))
def test_a_range_holds_its_first_level_and_steps_exactly_to_its_last(
    first: int, length: int, step: int
) -> None:
    last = min(first + length, 1000)
    low, high, width = (Fraction(n, 1000) for n in (first, last, step))
    (axis,) = parse_axes(threshold=f"{percent(low)}:{percent(high)}:{percent(width)}")
    levels = [Fraction(str(change[LEVEL])) for change in axis.changes]
    assert levels == [low + k * width for k in range(len(levels))]
    assert levels[-1] <= high < levels[-1] + width


@settings(max_examples=40)
@given(votes=st.lists(st.integers(0, 1000), min_size=2, max_size=7).filter(any))
def test_a_party_passes_up_to_the_level_at_which_it_flips(votes: list[int]) -> None:
    file = election(len(votes), threshold={"level": "5%"})
    ballot = Ballot(tuple(Entry(f"p{k}", number) for k, number in enumerate(votes)))
    data = flat(sweep_votes(file, ballot, Grid.of(file.rule, parse_axes(threshold="0%:60%:20%"))))
    flips = zip(data["flips/subject"].values.tolist(), data["flips/level"].values.tolist(), strict=True)
    for subject, level in flips:
        share = Fraction(votes[int(subject[1:])], sum(votes))
        assert level == float(share)
        for at, passes in ((share, True), (share + Fraction(1, 10**9), False)):
            rule = Grid.of(file.rule, parse_axes(threshold=f"{at.numerator}/{at.denominator}")).rules[0]
            assert apply_rule(rule, ballot).admissions[subject].admitted == passes


@given(seats=seat_vectors, other=seat_vectors, third=seat_vectors)
def test_seats_moved_are_a_distance(seats: Any, other: Any, third: Any) -> None:
    assert seats_moved(seats, seats)[0] == 0
    assert seats_moved(seats, other)[0] == seats_moved(other, seats)[0]
    assert seats_moved(seats, third)[0] <= seats_moved(seats, other)[0] + seats_moved(other, third)[0]


@given(
    votes=st.lists(st.integers(1, 1000), min_size=3, max_size=3),
    seats=st.lists(st.integers(0, 20), min_size=3, max_size=3).filter(any),
)
def test_indices_stay_within_their_bounds(votes: list[int], seats: list[int]) -> None:
    shares = np.array(votes, float)[:, None] / sum(votes)
    found = indices_of(shares, np.array(seats)[:, None], np.zeros(3, np.bool_))
    assert 0.0 <= found.gallagher[0] <= found.loosemore_hanby[0] + 1e-12 <= 1.0 + 1e-12
    assert 1.0 <= found.effective_seats[0] <= 3.0 + 1e-12
    assert 0.0 <= found.wasted[0] <= found.unrepresented[0] <= found.loosemore_hanby[0] + 1e-12


METHODS = ("hare", "droop", "dhondt", "sainte-lague")


@settings(max_examples=25)
@given(
    votes=st.lists(st.integers(1, 5000), min_size=2, max_size=5),
    method=st.sampled_from(METHODS),
    level=st.sampled_from(("0%", "5%", "20%")),
)
def test_the_last_seat_of_the_core_is_that_of_the_exact_count(
    votes: list[int], method: str, level: str
) -> None:
    file = election(len(votes), threshold={"level": level}, allocation={"method": method})
    ids = [party.id for party in file.parties]
    parties: list[Party] = list(file.parties)
    units = Units.of(file, ids)
    found = fewest_votes(file, file.rule, units, parties, np.array([votes]))
    ballot = Ballot(tuple(Entry(name, number) for name, number in zip(ids, votes, strict=True)))
    closest = next(iter(next_seats(file.rule, ballot).values()), None)
    if closest is None:
        assert found[1][0] == NOBODY
        return
    assert found[0][0] == closest.votes
    exact = next_seats(file.rule, ballot)[ids[found[1][0]]]
    assert exact.votes == closest.votes
    assert ids[found[2][0]] in exact.losers if exact.losers else found[2][0] == NOBODY
