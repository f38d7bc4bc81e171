"""``forecast run --scenarios``: forecasts of several cases side by side, and their mixture."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.cli.main import main
from forecast.storage import load

Captured = pytest.CaptureFixture[str]
OUT = Path("outputs/kazakhstan-2023/scenarios")
TWO = """
[[scenarios]]
id = "plain"
weight = 0.5
[[scenarios]]
id = "other"
name = "Another law"
weight = "50%"
estimate.shift.osdp = "+2%"
rule.seats = 98
rule.allocation.method = "sainte-lague"
"""
THREE = """
[[scenarios]]
id = "plain"
weight = "1/2"
[[scenarios]]
id = "without"
weight = "1/3"
estimate.withdrawal.osdp = {auyl = "40%"}
[[scenarios]]
id = "swing"
weight = "1/6"
estimate.shift.osdp = "+2%"
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(config: Path, *options: str) -> int:
    return main(["run", str(config), "--draws", "8192", "-q", "--as-of", "2023-03-15", *options])


def weighed(config: Path, text: str, *options: str) -> int:
    Path("cases.toml").write_text(text, encoding="utf-8")
    return run(config, "--scenarios", "cases.toml", *options)


def test_every_scenario_is_the_run_with_its_settings(kazakhstan: Path, capsys: Captured) -> None:
    assert weighed(kazakhstan, TWO, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in record["scenarios"]] == ["plain", "other", "mixture"]
    settings = [one["settings"] for one in record["scenarios"]]
    assert settings[0] == settings[2] == []
    # A divisor method knows no remainders: what the quota method was told goes, as in a sweep.
    assert "rule.allocation.method=sainte-lague" in settings[1]
    for one in record["scenarios"][:2]:
        assert run(kazakhstan, "--json", *(part for key in one["settings"] for part in ("--set", key))) == 0
        single = json.loads(capsys.readouterr().out)
        for key in ("parties", "coalitions", "events", "void", "warnings"):
            assert one[key] == single[key]
    assert record == load(OUT).record()


def test_one_scenario_twice_is_that_scenario(kazakhstan: Path) -> None:
    one = 'estimate.shift.osdp = "+2%"\n'
    twice = f'[[scenarios]]\nid = "a"\nweight = 0.25\n{one}[[scenarios]]\nid = "b"\nweight = 0.75\n{one}'
    assert weighed(kazakhstan, twice) == 0
    data = load(OUT).dataset
    compared = 0
    for name, variable in data.data_vars.items():
        values = variable.values
        if values.dtype.kind in "if" and not np.isnan(np.asarray(values[2], float)).all():
            np.testing.assert_allclose(values[2], values[0], rtol=1e-12, atol=1e-15, err_msg=str(name))
            compared += 1
    assert compared > 15


def test_the_mixture_is_the_weighted_sum_and_its_distributions_are_whole(kazakhstan: Path) -> None:
    assert weighed(kazakhstan, THREE) == 0
    data = load(OUT).dataset
    weights = np.array([1 / 2, 1 / 3, 1 / 6])
    np.testing.assert_allclose(data["weight"].values[:3], weights)
    chances = data["pass_probability"].sel(party="osdp").values
    assert np.isnan(chances[1])
    assert chances[3] == pytest.approx(weights[0] * chances[0] + weights[2] * chances[2])
    majorities = data["majority_probability"].values
    np.testing.assert_allclose(majorities[3], weights @ majorities[:3])
    errors = data["majority_mc_error"].values
    np.testing.assert_allclose(errors[3], weights @ errors[:3])
    np.testing.assert_allclose(data["seat_probability"].values[3].sum(-1), 1.0)
    np.testing.assert_allclose(data["coalition_seat_probability"].values[3].sum(-1), 1.0)
    assert float(data["share_mean"].values[3].sum()) == pytest.approx(1.0)
    assert float(data["seat_mean"].values[3].sum()) == pytest.approx(69.0)
    none = data["seat_probability"].sel(party="osdp", seats=0).values
    assert none[3] == pytest.approx(weights[0] * none[0] + weights[1] + weights[2] * none[2])
    assert np.isnan(data["representative_seats"].values[3]).all()


BIN = 1 / 8192


def test_quantiles_of_the_mixture_are_those_of_all_draws_together(kazakhstan: Path) -> None:
    """Of 2 x 8192 draws; a share is read off bins of 1/8192."""
    assert weighed(kazakhstan, TWO) == 0
    data = load(OUT).dataset
    settings = str(data["scenario_settings"].values[1]).split("\n")
    drawn = []
    for folder, own in (("one", []), ("two", settings)):
        options = [part for key in own for part in ("--set", key)]
        assert run(kazakhstan, "--save-draws", "8192", "-o", folder, *options) == 0
        with xr.open_dataset(f"{folder}/draws.nc") as opened:
            drawn.append(opened.load())
    both = xr.concat(drawn, "draw")
    assert isinstance(both, xr.Dataset)
    for party in ("osdp", "amanat"):
        shares, seats = (np.asarray(both[name].sel(party=party), float) for name in ("share", "seats"))
        own = data["share_quantile"].sel(party=party).values[2]
        # Between the draws on either side of the quantile, which are far apart in the tails.
        below, above = (
            np.quantile(shares, data["quantile_level"].values, method=side) for side in ("lower", "higher")
        )
        assert np.all((own >= below - BIN) & (own <= above + BIN))
        median = data["seat_quantile"].sel(party=party, quantile_level=0.5).values[2]
        assert median == np.quantile(seats, 0.5, method="inverted_cdf")
    halves = data["seat_quantile"].sel(party="amanat", quantile_level=0.9).values
    assert halves[2] != (halves[0] + halves[1]) / 2


def test_an_event_given_another_is_mixed_by_its_draws(kazakhstan: Path) -> None:
    assert weighed(kazakhstan, THREE) == 0
    data = load(OUT).dataset.sel(event="amanat-majority-if-osdp")
    weights = np.array([1 / 2, 1 / 3, 1 / 6])
    given = data["event_condition_draws"].values
    assert given[1] == 0
    both = np.nan_to_num(data["event_probability"].values[:3]) * given[:3]
    assert float(data["event_probability"][3]) == pytest.approx((weights @ both) / (weights @ given[:3]))
    assert given[3] == round(float(weights @ given[:3]))


def test_tables_and_the_record_say_what_was_weighed(kazakhstan: Path, capsys: Captured) -> None:
    assert weighed(kazakhstan, THREE) == 0
    shown = capsys.readouterr()
    assert "Mixture" in shown.out
    assert "scenarios of cases.toml" in shown.out
    assert "without: withdrawal of Social Democrats" in shown.err
    table = pd.read_csv(OUT / "tables" / "passes.csv").set_index("scenario")
    assert table.loc["without", "settings"] == "estimate.withdrawal.osdp.auyl=40%"
    values = load(OUT)["pass_probability"].sel(party="osdp").values
    np.testing.assert_allclose(table["pass_probability_osdp"].to_numpy(float), values, rtol=0, atol=1e-12)
    assert main(["tables", str(OUT), "-t", "events", "-f", "csv"]) == 0
    assert capsys.readouterr().out == (OUT / "tables" / "events.csv").read_text()
    record: dict[str, Any] = json.loads((OUT / "run.json").read_text())
    assert record["leading"] == {"scenario": ["plain", "without", "swing", "mixture"]}
    assert record["as_of"] == "2023-03-15"
    digest = hashlib.sha256(Path("cases.toml").read_bytes()).hexdigest()
    assert record["files"]["scenarios"] == {"path": "cases.toml", "sha256": digest}


def test_threads_change_nothing_in_a_series_of_scenarios(kazakhstan: Path) -> None:
    for threads in ("1", "2"):
        assert weighed(kazakhstan, THREE, "--threads", threads, "-o", threads) == 0
    assert Path("1/forecast.nc").read_bytes() == Path("2/forecast.nc").read_bytes()


ONE = '[[scenarios]]\nid = "a"\nweight = 1\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[scenarios]]\nid = "a"\n', "scenarios.a.weight: missing; the probability of this scenario"),
        ('[[scenarios]]\nid = "a"\nweight = 0\n', "scenarios.a.weight = 0: a weight is above 0"),
        ('[[scenarios]]\nid = "a"\nweight = 60\n', 'did you mean "60%"?'),
        (ONE.replace("= 1", "= 0.7"), "the weights add up to 70% (70%), not to 100%"),
        (ONE.replace("a", "mixture", 1).replace('"a"', '"mixture"'), "[[scenarios]] is expected"),
        (ONE.replace('"a"', '"mixture"'), "this id is taken"),
        (ONE + 'estimate.shift.ospd = "1%"\n', "scenarios.a.estimate.shift.ospd: no party has this id"),
        (ONE + 'estimate.shift.osdp = "-30%"\n', "scenarios.a.estimate.shift.osdp"),
        (ONE + "estimate.context = 0\n", "scenarios.a.estimate: context must be above 0"),
        (ONE + 'estimate.withdrawal.osdp = {osdp = "1%"}\n', "a party that withdraws keeps no voters"),
        (ONE + "rule.seets = 3\n", "did you mean 'rule.seats'?"),
        (ONE + 'rule.allocation.method = "hondt"\n', "cases.toml: scenarios.a.rule.allocation.method"),
        (ONE + "simulation.draws = 3\n", "of simulation tails may differ"),
        (ONE + 'election.date = "2023-03-20"\n', "of election invalid_share and turnout may differ"),
        (ONE + "coalitions = []\n", "every scenario is asked the same"),
        (ONE + "wieght = 1\n", "did you mean 'weight'?"),
        (ONE + "estimate = 3\n", "keys are expected"),
    ],
)  # fmt: skip
def test_what_cannot_be_weighed_is_refused_where_it_is_written(
    kazakhstan: Path, capsys: Captured, text: str, said: str
) -> None:
    assert weighed(kazakhstan, text) == 2
    error = capsys.readouterr().err
    assert all(line.startswith("cases.toml") for line in error.splitlines())
    assert said in error
    assert not OUT.exists()


def test_a_sweep_reads_the_same_file_but_for_what_is_no_rule(kazakhstan: Path, capsys: Captured) -> None:
    Path("cases.toml").write_text(ONE + "rule.seats = 98\n", encoding="utf-8")
    sweep = ["sweep", str(kazakhstan), "--draws", "512", "-q", "-o", "swept", "--scenarios", "cases.toml"]
    assert main(sweep) == 0
    digest = hashlib.sha256(Path("cases.toml").read_bytes()).hexdigest()
    files = json.loads(Path("swept/run.json").read_text())["files"]
    assert files["scenarios"] == {"path": "cases.toml", "sha256": digest}
    Path("cases.toml").write_text(ONE + "estimate.context = 2\n", encoding="utf-8")
    capsys.readouterr()
    assert main(sweep) == 2
    assert "`forecast run --scenarios` takes this" in capsys.readouterr().err


def test_what_means_nothing_for_scenarios_is_refused(kazakhstan: Path, capsys: Captured) -> None:
    for option, value in (("--target-error", "0.01"), ("--save-draws", "5"), ("--as-of", "2023-03-01")):
        assert weighed(kazakhstan, THREE, option, value) == 2
        assert f"{option}: scenarios" in capsys.readouterr().err


def test_the_scenarios_that_come_with_the_project_can_be_weighed(kazakhstan: Path, root: Path) -> None:
    file = root / "configs" / "scenarios" / "kazakhstan-votes.toml"
    assert run(kazakhstan, "--scenarios", str(file)) == 0
    assert load(OUT).ticks["scenario"] == ["as-polled", "late-swing", "baytaq-withdraws", "mixture"]
