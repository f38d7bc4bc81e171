"""Threads that take the calls of a run: in whose hands a call is, nobody sees."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any

import pytest

from forecast.errors import Fault, NoValidOutcome
from forecast.simulation.pieces import Span
from forecast.simulation.running import _AHEAD, Call, _Crew

CALLS: list[Call] = [[Span(number, 0, 1, number)] for number in range(60)]


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_results_come_in_the_order_of_the_calls(threads: int) -> None:
    def run(call: Call) -> Any:
        time.sleep(0.003 if call[0].number % 3 == 0 else 0.0)
        return call[0].number

    found = list(_Crew(run, iter(CALLS), threads).results())
    assert found == [(call, call[0].number) for call in CALLS]


def test_few_calls_are_ahead_of_the_one_whose_result_is_not_yet_taken() -> None:
    begun: list[int] = []

    def run(call: Call) -> Any:
        begun.append(call[0].number)
        time.sleep(0.001)

    with closing(_Crew(run, iter(CALLS), 3).results()) as results:
        next(results)
        before = -1
        while len(begun) > before:  # whoever asks for results is away
            before = len(begun)
            time.sleep(0.1)
        assert len(begun) == _AHEAD * 3
    assert len(begun) == _AHEAD * 3, "who has no more use for results, has them counted no more"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_a_call_raises_is_raised_at_its_place_and_nobody_goes_on(threads: int) -> None:
    def run(call: Call) -> Any:
        if call[0].number == 7:
            raise NoValidOutcome(Fault("the seventh", "", "", "it fails"))
        time.sleep(0.001)
        return call[0].number

    found: list[Any] = []
    before = threading.active_count()
    with (
        pytest.raises(NoValidOutcome, match="it fails"),
        closing(_Crew(run, iter(CALLS), threads).results()) as results,
    ):
        found.extend(number for _, number in results)
    assert found == list(range(7))
    assert threading.active_count() == before
