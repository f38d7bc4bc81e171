"""The chance of every party to be the largest: a plain count of drawn parliaments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.numbers import largest, median_houses, places, representative_draws
from forecast.simulation.pieces import KeptDraws
from forecast.variables import MOST_PLACES
from tests.forecasts import kazakhstan

_SEATS = arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=st.integers(0, 6))


@given(_SEATS)
def test_it_is_the_share_of_draws_with_more_seats_than_any_other(seats: np.ndarray) -> None:
    kept = KeptDraws(np.ones((len(seats), 1)), seats[None], np.zeros((1, len(seats)), np.uint16))
    (often,), (error,) = largest(kept)
    for k in range(seats.shape[1]):
        others = np.delete(seats, k, axis=1)
        won = [
            row[k] > max(rest, default=-1) for row, rest in zip(seats.tolist(), others.tolist(), strict=True)
        ]
        assert often[k] == pytest.approx(sum(won) / len(won))
    assert (error >= 1 / len(seats)).all()


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99))
def test_numbers_of_single_draws_are_those_of_each_rule_by_itself(
    draws: int, lists: int, outcomes: int, rules: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    seats = random.integers(0, 6, (outcomes, draws, lists))
    which = random.integers(0, outcomes, (rules, draws)).astype(np.uint16)
    kept = KeptDraws(np.ones((draws, 1)), seats, which)
    chosen, houses, had = representative_draws(kept), median_houses(kept), places(kept).value
    first = largest(kept).value
    for rule, own in enumerate(kept.seats):
        np.testing.assert_array_equal(own, [seats[which[rule, n], n] for n in range(draws)])
        distance = np.abs(own[:, None] - own).sum(axis=(1, 2))
        np.testing.assert_array_equal(chosen[rule], own[np.argmin(distance)])
        assert houses[rule] == int(np.median(own.sum(axis=1)))
        place = (own[:, None, :] > own[:, :, None]).sum(axis=2)
        shares = [((place == p) & (own > 0)).mean(axis=0) for p in range(MOST_PLACES)]
        np.testing.assert_allclose(had[rule], np.array(shares).T)
        alone = (place == 0) & ((own == own.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True) == 1)
        np.testing.assert_allclose(first[rule], alone.mean(axis=0))


def test_it_agrees_with_an_event_that_asks_the_same() -> None:
    # Five standard errors of 4,096 independent draws; quasi-random ones err less. Both look at the same first
    # draws where there are no more, so here they are equal.
    asked = (
        "events=[{id='x', name='x', all=[{largest='auyl'}]}]",
        "estimate.shift.amanat=-43%",
        "estimate.shift.auyl=+7%",
    )
    swung = kazakhstan(4_096, None, *asked)
    chance = float(swung.dataset["event_probability"].values[0])
    assert 0.2 < chance < 0.99
    auyl = swung.dataset["largest_probability"].values[swung.parties.index("auyl")]
    assert float(auyl) == chance


def test_nobody_without_seats_is_the_largest_and_the_page_says_who_may_be() -> None:
    forecast: Forecast = kazakhstan()
    data = forecast.dataset
    assert data["largest_probability"].values[-1] == 0.0
    assert data["largest_mc_error"].values[-1] == 0.0
    assert data["largest_probability"].values[0] == 1.0
    assert '<th scope="row">Amanat</th><td>&gt;99 %</td>' in page(forecast)
    assert data["largest_probability"].attrs["draws"] == 2_000
