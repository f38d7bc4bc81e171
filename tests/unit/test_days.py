"""The day at whose end a forecast is made: none after the vote, wherever a day comes in."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.cli.main import main
from forecast.election import Election, load_election
from forecast.election.loading import day_of_forecast, days_of_forecasts
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.simulation.forecasting import How
from forecast.simulation.side_by_side import simulate_over_time, simulate_scenarios
from forecast.tables import table_of
from forecast.verification.past_elections import case_of

VOTE = datetime.date(2023, 3, 19)
LATE = VOTE + datetime.timedelta(1)
SCENARIOS = "configs/scenarios/kazakhstan-votes.toml"


@pytest.fixture(scope="module")
def election(kazakhstan: Path) -> Election:
    return load_election(kazakhstan)


def test_a_day_is_taken_as_a_date_a_time_or_a_text(election: Election) -> None:
    for day in (VOTE, datetime.datetime(2023, 3, 19, 23, 5), pd.Timestamp("2023-03-19 12:00"), "2023-03-19"):
        assert day_of_forecast(election, day) == VOTE


@pytest.mark.parametrize("day", ["monday", 20230319, None, 1.5], ids=str)
def test_what_is_no_day_is_refused_by_name(election: Election, day: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^as_of.*a day is written year-month-day"):
        day_of_forecast(election, day)


def test_a_later_day_is_refused_with_what_to_type(election: Election) -> None:
    with pytest.raises(ConfigurationError) as caught:
        day_of_forecast(election, LATE, "--as-of")
    assert str(caught.value) == (
        '--as-of = "2023-03-20": after the election of 2023-03-19, where a forecast of it stops; type '
        "--as-of 2023-03-19, or --as-of 2023-03-18 for its eve"
    )


def test_of_several_days_all_later_ones_are_named(election: Election) -> None:
    days = [VOTE + datetime.timedelta(number) for number in range(-2, 5)]
    with pytest.raises(ConfigurationError) as caught:
        days_of_forecasts(election, days)
    assert '"2023-03-20 to 2023-03-23"' in str(caught.value)
    assert "a range ends on 2023-03-19 at the latest" in str(caught.value)
    assert days_of_forecasts(election, days[:3]) == days[:3]


def test_days_side_by_side_have_the_last_seat_of_each(election: Election) -> None:
    days, how = [VOTE - datetime.timedelta(4), VOTE], How(500, 1, "sobol", 1)
    several = simulate_over_time(election, polls_of(election), days, how)
    for name in ("last-seat", "last-seat-pairs", "last-seat-votes"):
        rows = table_of(several, name).rows
        for day in days:
            alone = simulate_over_time(election, polls_of(election), [day], how).at(as_of=0)
            here = [{k: v for k, v in row.items() if k in table_of(alone, name).values}
                    for row in rows if row["as_of"] == str(day)]  # fmt: skip
            assert here == list(table_of(alone, name).rows)
            assert here


ONE = How(1, 1, "sobol", 1)
From = Callable[[Election, Any], object]
WAYS: dict[str, From] = {
    "estimate": lambda election, day: estimate(election, polls_of(election), day),
    "several days": lambda election, day: simulate_over_time(election, polls_of(election), [VOTE, day], ONE),
    "scenarios": lambda election, day: simulate_scenarios(election, [], ONE, day),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_from_python_a_later_day_is_refused(election: Election, way: From) -> None:
    with pytest.raises(ConfigurationError, match="type as_of=2023-03-19, or as_of=2023-03-18 for its eve"):
        way(election, LATE)
    with pytest.raises(ConfigurationError, match=r"year-month-day|datetime\.date"):
        way(election, "soon")


def test_from_python_a_day_is_a_day_and_no_text(election: Election) -> None:
    day: Any = "2023-03-15"
    with pytest.raises(ConfigurationError, match=r"a day \(datetime.date\) is expected"):
        estimate(election, polls_of(election), day)
    days: list[Any] = [datetime.date(2023, 3, 15), pd.Timestamp("2023-03-15 12:00")]
    for known in days:
        assert estimate(election, polls_of(election), known).as_of == datetime.date(2023, 3, 15)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "{}", "--as-of", "2023-03-20"),
        ("run", "{}", "--as-of", "2024-03-19"),
        ("run", "{}", "--as-of", "2023-03-01:2023-04-01:7d"),
        ("run", "{}", "--as-of", "2023-03-01", "--as-of", "2023-03-20"),
        ("run", "{}", "--as-of", "2023-03-20", "--scenarios", SCENARIOS),
        ("sweep", "{}", "--threshold", "3%,5%", "--as-of", "2023-03-20"),
        ("check", "{}", "--as-of", "2023-03-20"),
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_later_day(
    kazakhstan: Path,
    root: Path,
    arguments: Sequence[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = [str(kazakhstan) if a == "{}" else str(root / a) if a == SCENARIOS else a for a in arguments]
    assert main(typed) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "type --as-of 2023-03-19, or --as-of 2023-03-18 for its eve" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_backtest_stops_at_election_day_too() -> None:
    election: Any = None
    with pytest.raises(ConfigurationError, match="days before an election"):
        case_of(election, -1)
