"""The package from Python: what is wrong is said, what is right gives the same as the command line."""

from __future__ import annotations

import datetime
import json
import pydoc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecast
from tests.forecasts import kazakhstan as small
from tests.notebook_page import NOTEBOOK, executed, written
from tests.swept import estimate_of

ELECTION = forecast.load_election(Path(__file__).parents[2] / "configs" / "kazakhstan-2023.toml")
POLLS = forecast.read_polls(str(ELECTION.election.polls), ELECTION)
ESTIMATE = forecast.estimate(ELECTION, POLLS)
RESULT = small(500)

Wrong = Callable[[], Any]
WRONG: dict[str, tuple[Wrong, str]] = {
    "no draws": (lambda: forecast.simulate(ELECTION, ESTIMATE, draws=0), "from 1 to"),
    "draws as a float": (lambda: forecast.simulate(ELECTION, ESTIMATE, draws=_any(1e5)), "such as 100000"),
    "draws as a truth": (lambda: forecast.simulate(ELECTION, ESTIMATE, draws=_any(True)), "a whole number"),
    "a negative seed": (lambda: forecast.simulate(ELECTION, ESTIMATE, seed=-1), "from 0 to"),
    "no threads": (lambda: forecast.simulate(ELECTION, ESTIMATE, threads=0), "from 1 to"),
    "no such sampler": (
        lambda: forecast.simulate(ELECTION, ESTIMATE, sampler="sobel"),
        "did you mean 'sobol'",
    ),
    "arguments in the wrong order": (
        lambda: forecast.simulate(_any(ESTIMATE), _any(ELECTION)),
        "what forecast.load_election gives is expected",
    ),
    "no election": (lambda: forecast.estimate(_any("kazakhstan"), POLLS), "forecast.load_election"),
    "a path as polls": (lambda: forecast.estimate(ELECTION, _any("polls.csv")), "forecast.read_polls"),
    "a day as text": (lambda: forecast.estimate(ELECTION, POLLS, _any("2023-03-15")), "datetime.date"),
    "a day after the vote": (
        lambda: forecast.estimate(ELECTION, POLLS, datetime.date(2024, 1, 1)),
        "type as_of=2023-03-19",
    ),
    "too many draws to keep": (lambda: forecast.draws(ELECTION, ESTIMATE, 10**7), "from 1 to 1,000,000"),
    "no such party": (lambda: RESULT.passes("ospd"), "did you mean 'osdp'"),
    "no such coalition": (lambda: RESULT.majority("amanat-aloen"), "did you mean 'amanat-alone'"),
    "no such number": (lambda: RESULT["seat_means"], "did you mean 'seat_mean'"),
    "no such dimension": (lambda: RESULT.sel(threshold=0.05), "no such leading dimension"),
    "no such chart": (lambda: RESULT.plot("seat"), "did you mean 'seats'"),
    "no such form of a chart": (lambda: RESULT.plot("seats").save("x.jpg"), "no such format"),
    "nothing that varies": (lambda: forecast.sweep(ELECTION, ESTIMATE), r"threshold=\[0.03, 0.05\]"),
    "one level": (lambda: forecast.sweep(ELECTION, ESTIMATE, threshold=_any(0.05)), "a list of values"),
    "levels in percent": (lambda: forecast.sweep(ELECTION, ESTIMATE, threshold=[3, 5]), "did you mean"),
    "no such method": (lambda: forecast.sweep(ELECTION, ESTIMATE, method=["hondt"]), "did you mean 'dhondt'"),
    "no such key": (lambda: forecast.sweep(ELECTION, ESTIMATE, vary={"rule.sets": [3]}), "'rule.seats'"),
    "votes of nobody": (lambda: forecast.count(ELECTION, {"amant": 5}), "did you mean 'amanat'"),
    "votes that are none": (lambda: forecast.count(ELECTION, {"amanat": -5}), "from 0 to"),
    "no file": (lambda: forecast.load_election("none.toml"), "no such file"),
    "overrides as one text": (
        lambda: forecast.load_election("configs/kazakhstan-2023.toml", "rule.seats=3"),
        "a list is expected",
    ),
    "tables that are none": (lambda: forecast.parse_election(_any([1])), "a dictionary"),
    "polls that are none": (lambda: forecast.read_polls(_any(3), ELECTION), "a pandas DataFrame is expected"),
    "no archive": (lambda: forecast.backtest("none"), "no such folder"),
    "no such law": (lambda: forecast.backtest("none", methods=["averge"]), "no such methods"),
    "something else to save": (lambda: forecast.save(_any(3), "x.nc"), "a Forecast is expected"),
    "no place to load": (lambda: forecast.load(_any(None)), "a path"),
    "no such party of an election": (lambda: ELECTION.party("ospd"), "did you mean 'osdp'"),
}


def _any(value: Any) -> Any:
    return value


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_argument_is_a_forecast_error_that_says_what_would_be_right(wrong: Wrong, said: str) -> None:
    with pytest.raises(forecast.ForecastError, match=said):
        wrong()


def test_polls_of_a_data_frame_are_those_of_its_file(root: Path) -> None:
    file = root / "configs" / "kazakhstan-2023-polls.csv"
    frame = pd.read_csv(file, comment="#")
    again = forecast.read_polls(frame, ELECTION)
    pd.testing.assert_frame_equal(again.shares, POLLS.shares)
    kept = [name for name in POLLS.polls if name != "row"]
    pd.testing.assert_frame_equal(pd.DataFrame(again.polls[kept]), pd.DataFrame(POLLS.polls[kept]))


def test_a_fault_of_a_data_frame_names_its_row_and_column() -> None:
    frame = pd.DataFrame(
        {"pollster": ["A", "B"], "fieldwork_end": [pd.Timestamp("2023-03-01"), None], "amanat": [54.0, 640.0]}
    )
    with pytest.raises(forecast.PollDataError, match='polls: row 3, column amanat = "640"'):
        forecast.read_polls(frame, ELECTION)


def test_draws_one_by_one_are_those_of_the_forecast() -> None:
    drawn = forecast.draws(ELECTION, ESTIMATE, 4_096, seed=5)
    result = forecast.simulate(ELECTION, ESTIMATE, draws=4_096, seed=5)
    assert drawn["seats"].dims == ("draw", "party")
    np.testing.assert_allclose(drawn["share"].sum("party"), 1.0)
    mean = drawn["seats"].mean("draw").sel(party=list(result.parties)).values
    np.testing.assert_allclose(mean, result["seat_mean"].values)


def test_levels_as_numbers_are_those_of_the_command_line() -> None:
    made = estimate_of(ELECTION)
    swept = forecast.sweep(ELECTION, made, threshold=[0.07, 0.05, 0.051], method=["hare"], draws=1_024)
    assert swept.ticks == {"threshold": [0.05, 0.051, 0.07], "method": ["hare"]}
    alone = forecast.simulate(ELECTION, made, draws=1_024)
    at_law = swept.sel(threshold=0.05, method="hare")
    assert not at_law.leading
    assert at_law.passes("osdp") == alone.passes("osdp")
    assert np.all(np.asarray(swept.passes("osdp"))[0] == alone.passes("osdp"))


def test_a_count_from_python_is_that_of_its_table_with_what_to_mind() -> None:
    seats = dict(forecast.count(ELECTION).seats)
    assert [seats[party] for party in ("amanat", "auyl", "osdp")] == [40, 8, 4]
    few = forecast.count(ELECTION, {"amanat": 500, "auyl": 300})
    assert sum(few.seats.values()) == 69
    assert any("counted with 0 votes" in warning for warning in few.warnings)


def test_what_the_help_of_the_package_says_fits_two_screens() -> None:
    shown = pydoc.plain(pydoc.render_doc(forecast))
    told = shown.partition("PACKAGE CONTENTS")[0]
    assert len(told.splitlines()) <= 48
    for name in forecast.NAMES:
        assert name in told or name == "parse_election", name


@pytest.mark.parametrize("name", [name for name in forecast.NAMES if name.islower()])
def test_every_function_says_what_it_takes_and_gives_and_how_it_refuses(name: str) -> None:
    function = getattr(forecast, name)
    text = function.__doc__
    for heading in ("Parameters", "Raises", *([] if name == "save" else ["Returns"])):
        assert f"\n    {heading}\n    {'-' * len(heading)}\n" in text, heading
    parameters = function.__code__.co_varnames[
        : function.__code__.co_argcount + function.__code__.co_kwonlyargcount
    ]
    for parameter in parameters:
        assert f"{parameter}" in text.partition("Parameters")[2].partition("Returns")[0], parameter


def test_a_notebook_shows_elections_estimates_forecasts_and_charts() -> None:
    for value in (ELECTION, ESTIMATE, RESULT):
        shown = value._repr_html_()
        assert "<table" in shown
        assert "Amanat" in shown or "amanat" in shown
    assert RESULT.plot("seats")._repr_mimebundle_()["image/svg+xml"].startswith("<svg")


def test_the_notebook_of_the_documentation_shows_what_its_cells_give() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert written(executed(json.loads(text))) == text, "run `python -m tests.notebook_page`"


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "xarray", "pydantic")
    program = f"import sys, forecast; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_type_checker_of_somebody_else_sees_the_types(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import forecast\n"
        'election = forecast.load_election("x.toml")\n'
        'polls = forecast.read_polls("x.csv", election)\n'
        "result = forecast.simulate(election, forecast.estimate(election, polls))\n"
        "reveal_type(result)\n"
        'forecast.simulate(election, polls, draws="many")\n',
        encoding="utf-8",
    )
    (tmp_path / "pyrefly.toml").write_text("", encoding="utf-8")
    checker = Path(sys.executable).with_name("pyrefly")
    if not checker.exists():
        pytest.skip("pyrefly is not installed here")
    how = ["--python-interpreter-path", sys.executable, "--output-format", "json", "--min-severity", "info"]
    done = subprocess.run(
        [str(checker), "check", *how, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    told = [one["description"] for one in json.loads(done.stdout)["errors"]]
    assert any("revealed type: Forecast" in message for message in told)
    assert any("`PollTable`" in message and "`Estimate`" in message for message in told)
    assert any("`draws`" in message for message in told)
