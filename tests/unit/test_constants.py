"""Files of constants: what cannot be is refused by name, what was written is read."""

from __future__ import annotations

import copy
import json

import pytest

from forecast.errors import ConfigurationError
from forecast.estimation import shipped_constants
from forecast.estimation.law import parse_constants


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("average", "drift"), float("inf"), "average.drift = inf: a number from 0 to 3 is expected"),
        (("average", "degrees_of_freedom"), -1, "average.degrees_of_freedom = -1: a number from 2 to 10000"),
        (("trend_model", "walk"), "x", 'trend_model.walk = "x": a number from 0 to 100 is expected'),
        (("plain_average", "errors"), {"²": 0.1}, "plain_average.errors: errors by days"),
        (("plain_average", "errors"), {"7": -0.1}, "plain_average.errors: errors by days"),
        (("rests_on", "years"), 2020, "rests_on.years = 2020: a list of years is expected"),
        (("rests_on", "years"), [], "rests_on.years = []: a list of years is expected"),
        (("rests_on", "elections"), "DK-2015", 'rests_on.elections = "DK-2015": a whole number is expected'),
        (("rests_on", "names"), None, "rests_on.names: a list of texts is expected"),
        (("rests_on", "note"), None, "rests_on.note: a text is expected"),
        (("rests_on",), "x", 'rests_on = "x": a table is expected'),
        (("intervals", "average"), "x", "intervals: pairs of numbers by method and constant are expected"),
        (("intervals", "average", "drift"), [1], "intervals: pairs of numbers"),
    ],
)
def test_constants_that_cannot_be_are_refused_by_name(
    where: tuple[str, ...], value: object, said: str
) -> None:
    record = copy.deepcopy(shipped_constants().record())
    *way, last = where
    table = record
    for key in way:
        table = table[key]
    table[last] = value
    with pytest.raises(ConfigurationError) as caught:
        parse_constants(record, "c.json")
    assert str(caught.value).startswith(f"c.json: {said}")


def test_constants_as_they_are_written_are_read() -> None:
    record = shipped_constants().record()
    assert parse_constants(json.loads(json.dumps(record)), "c.json").record() == record
