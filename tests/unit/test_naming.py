"""Names beside curves: none on another, at the ends in the order of the ends."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from forecast.charts.drawing import places

SIZE = (540.0, 340.0)
LINE, LETTER = 13.0, 6.6
ACROSS = np.linspace(0.0, 1.0, 101)


def falling(centre: float, width: float) -> np.ndarray:
    return 1.0 / (1.0 + np.exp((ACROSS - centre) / width))


curves = st.lists(
    st.tuples(st.floats(-0.2, 1.5), st.floats(0.005, 0.3)).map(lambda shape: falling(*shape)),
    min_size=1,
    max_size=12,
)


@given(drawn=curves)
def test_no_name_stands_on_another(drawn: list[np.ndarray]) -> None:
    names = [f"Party number {k}" for k in range(len(drawn))]
    found = places(np.array(drawn), names, ACROSS, SIZE, [0.5])
    for (name, one), (_, two) in combinations(zip(names, found, strict=True), 2):
        wide = LETTER * len(name)
        assert abs(one.y - two.y) >= LINE - 1e-6 or abs(one.x - two.x) >= min(wide, LETTER * 14)


@given(drawn=curves)
@example(drawn=[falling(-0.1875, 0.015625), falling(-0.125, 0.015625)])  # a hair apart at the foot
def test_names_at_the_ends_stand_in_the_order_of_the_ends(drawn: list[np.ndarray]) -> None:
    found = places(np.array(drawn), ["name"] * len(drawn), ACROSS, SIZE)
    outside = [(curve[-1], place.y) for curve, place in zip(drawn, found, strict=True) if place.x > SIZE[0]]
    for (end, y), (other_end, other_y) in combinations(outside, 2):
        assert end == other_end or (end > other_end) == (y < other_y)


def test_names_of_curves_that_end_apart_stand_at_their_ends() -> None:
    drawn = np.array([0.9 - 0.2 * k * ACROSS for k in range(4)])
    found = places(drawn, ["a", "b", "c", "d"], ACROSS, SIZE)
    assert [round(place.y) for place in found] == [34, 102, 170, 238]
    assert all(place.x > SIZE[0] for place in found)


def test_names_of_curves_that_all_end_at_the_foot_stand_beside_them() -> None:
    drawn = np.array([falling(centre, 0.01) for centre in (0.2, 0.5, 0.8)])
    found = places(drawn, ["first", "second", "third"], ACROSS, SIZE)
    for centre, place in zip((0.2, 0.5, 0.8), found, strict=True):
        assert abs(place.x - centre * SIZE[0]) < 60
        assert 0 < place.y < SIZE[1]
