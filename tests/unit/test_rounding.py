"""Numbers for people: digits as the error allows, and no certainty from finite draws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.words import rounding
from forecast.words.headlines import of_hundred_short


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.5921, 0.0001, "59.2 %"),
        (0.5921, 0.004, "59.2 %"),
        (0.5921, 0.016, "59 %"),
        (0.5921, 0.16, "59 %"),
        (0.0006, 0.00002, "0.1 %"),
        (0.9994, 0.00002, "99.9 %"),
        (0.0004, 0.00002, "<0.1 %"),
        (0.9996, 0.00002, ">99.9 %"),
        (0.0, 1e-6, "<0.1 %"),
        (1.0, 1e-6, ">99.9 %"),
        (0.0, 1e-3, "<1 %"),
        (1.0, 1e-3, ">99 %"),
        (0.0, 0.01, "<5 %"),
        (1.0, 0.1, ">50 %"),
        (1.0, 1.0, "?"),
        (0.0, 0.5, "?"),
        (math.nan, math.nan, ""),
        (None, None, ""),
    ],
)
def test_a_probability_has_the_digits_that_its_error_allows(
    value: float | None, error: float | None, text: str
) -> None:
    assert rounding.probability(value, error) == text


@given(count=st.integers(0, 10**6), draws=st.integers(1, 10**6))
def test_finite_draws_never_print_certainty(count: int, draws: int) -> None:
    value = min(count, draws) / draws
    error = max(math.sqrt(value * (1 - value) / draws), 1 / draws)
    text = rounding.probability(value, error)
    assert text not in ("0 %", "0.0 %", "100 %", "100.0 %", "<0 %", ">100 %", "")


@given(value=st.floats(0, 1), error=st.floats(1e-9, 0.02))
def test_a_printed_bound_holds_and_a_printed_number_is_near(value: float, error: float) -> None:
    text = rounding.probability(value, error)
    if text == "?":
        return
    number = float(text.strip("<>% ")) / 100
    if text.startswith("<"):
        assert value <= number
    elif text.startswith(">"):
        assert value >= number
    else:
        assert abs(value - number) <= 0.5 * 10.0 ** (-2 - rounding.percent_decimals(error)) + 1e-12


@pytest.mark.parametrize(
    ("error", "text"),
    [(1e-6, "<0.01"), (0.00011, "0.011"), (0.0002, "0.02"), (0.016, "1.6"), (0.16, "16"), (0.3, "30")],
)
def test_an_error_in_points_has_its_first_digit_and_a_second_behind_a_one(error: float, text: str) -> None:
    assert rounding.points(error) == text


@pytest.mark.parametrize(
    ("chance", "error", "text"),
    [(0.0, 1e-4, "<1"), (1.0, 1e-4, ">99"), (0.004, 1e-3, "<1"), (0.234, 1e-4, "23"), (0.0, 1 / 50, "<10")],
)
def test_a_cell_of_a_map_has_whole_percents_and_never_certainty(
    chance: float, error: float, text: str
) -> None:
    assert of_hundred_short(chance, error) == text


def test_counts_ranges_and_signs_are_legible() -> None:
    assert rounding.whole(1_000_000) == "1,000,000"
    assert rounding.whole(9_999) == "9999"
    assert rounding.interval(38, 44) == "38–44"
    assert rounding.interval(0, 0) == "0"
    assert rounding.percent_interval(0.048, 0.056) == "4.8–5.6 %"
    assert [rounding.signed(value) for value in (5, 0, -6)] == ["+5", "0", "\N{MINUS SIGN}6"]


def test_mean_seats_are_never_none_by_rounding() -> None:
    assert rounding.mean_seats(0.003, 0.001) == "<0.1"
    assert rounding.mean_seats(40.596, 0.0004) == "40.6"
    assert rounding.mean_seats(40.596, 2.0) == "41"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123, "+1.2"),
        (-0.0123, "\N{MINUS SIGN}1.2"),
        (0.0004, "0.0"),
        (-0.0004, "0.0"),
        (None, ""),
        (math.nan, ""),
    ],
)
def test_differences_of_shares_have_a_sign_and_are_points(value: float | None, text: str) -> None:
    assert rounding.signed_points(value) == text
