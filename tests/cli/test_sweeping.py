"""``forecast sweep``: grids on draws and on real votes, what it prints and leaves, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xarray as xr

from forecast.cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs go to a folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def of_2021(root: Path) -> tuple[str, ...]:
    """Election file and votes of 2021."""
    configs = root / "configs"
    return str(configs / "kazakhstan-2021.toml"), "--votes", str(configs / "kazakhstan-2021-result.csv")


def drawn(config: Path, *options: str, draws: int = 3_000) -> int:
    return main(["sweep", str(config), "--draws", str(draws), *options])


def records(capsys: Captured) -> list[dict[str, Any]]:
    return json.loads(capsys.readouterr().out)


def nothing_written() -> bool:
    return not list(Path().iterdir())


def test_the_published_counterfactuals_of_2021(of_2021: tuple[str, ...], capsys: Captured) -> None:
    assert main(["sweep", *of_2021, "--threshold", "3%,5%,7%", "--json"]) == 0
    found = {
        record["rule.threshold.level"]: [party["seats"] for party in record["parties"]]
        for record in records(capsys)
    }
    assert found == {0.03: [70, 11, 9, 5, 3], 0.05: [72, 11, 9, 6, 0], 0.07: [76, 12, 10, 0, 0]}


def test_a_count_is_printed_with_its_flips_and_written(of_2021: tuple[str, ...], capsys: Captured) -> None:
    assert main(["sweep", *of_2021, "--threshold", "0%:10%:1%"]) == 0
    printed = capsys.readouterr()
    assert "Auyl passes lost 5.29 %" in " ".join(printed.out.split())
    assert "counted exactly" in printed.out
    out = Path("outputs/kazakhstan-2021/sweep-of-votes")
    assert printed.err == f"wrote {out}; next: forecast tables {out}\n"
    with xr.open_dataset(out / "forecast.nc") as data:
        assert data["seats_won"].sel(threshold=0.05).values.tolist() == [72, 11, 9, 6, 0]
    seats = pd.read_csv(out / "tables" / "seats.csv").set_index("threshold")
    assert seats.loc[0.03, "seats_adal"] == 3
    record = json.loads((out / "run.json").read_text())
    assert len(record["leading"]["threshold"]) == 11
    assert set(record["files"]) == {"configuration", "votes"}


def test_json_of_draws_is_one_array_with_a_record_a_variant(kazakhstan: Path, capsys: Captured) -> None:
    options = ("--threshold", "5%,7%", "--method", "hare,dhondt", "--as-of", "2023-03-15", "-q")
    assert drawn(kazakhstan, *options, "--json") == 0
    found = records(capsys)
    assert len(found) == 4
    assert list(found[0])[:2] == ["rule.threshold.level", "rule.allocation.method"]
    assert [record["base_rule"] for record in found] == [True, False, False, False]
    assert main(["run", str(kazakhstan), "--draws", "3000", "--as-of", "2023-03-15", "-q", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    for name in ("parties", "coalitions"):
        for mine, theirs in zip(found[0][name], alone[name], strict=True):
            shared = {key: value for key, value in theirs.items() if key != "largest"}  # of a run alone
            assert {key: mine[key] for key in shared} == shared
    assert found[0]["events"] == alone["events"]
    assert found[2]["parties"][0]["difference"]["seats"]["value"] > 0


def test_a_sweep_of_draws_leaves_a_dataset_tables_and_a_record(kazakhstan: Path, capsys: Captured) -> None:
    assert (
        drawn(kazakhstan, "--threshold", "4%:6%:0.5%", "--base", "valid,cast", "--vary", "rule.seats=69,98")
        == 0
    )
    printed = capsys.readouterr()
    for title in (
        "Chance to cross the threshold",
        "Median seats",
        "Flip points",
        "Where the spread comes from",
    ):
        assert title in printed.out
    assert "*: the base rule." in printed.out
    out = Path("outputs/kazakhstan-2023/sweep")
    with xr.open_dataset(out / "forecast.nc") as data:
        assert data["pass_probability"].dims == ("threshold", "base", "house_size", "party")
        assert data["seat_probability"].sizes["seats"] == 99
    with xr.open_dataset(out / "forecast.nc", group="rules") as data:
        assert int(data["is_base_rule"].sum()) == 1
    names = {file.stem for file in (out / "tables").iterdir()}
    assert names >= {
        "passes",
        "seats",
        "majorities",
        "variants",
        "flips",
        "decomposition",
        "last-seat",
        "parties",
    }
    record = json.loads((out / "run.json").read_text())
    assert record["draws"] == 3_000
    assert record["leading"]["house_size"] == [69, 98]


def test_of_many_variants_people_see_flips_and_not_every_row(kazakhstan: Path, capsys: Captured) -> None:
    assert drawn(kazakhstan, "--threshold", "0%:10%:0.2%", "-q", draws=500) == 0
    shown = capsys.readouterr().out
    assert "Flip points" in shown
    assert "Median seats" not in shown
    assert len(pd.read_csv("outputs/kazakhstan-2023/sweep/tables/seats.csv")) == 51


def test_scenarios_stand_beside_the_rule_as_configured(
    root: Path, kazakhstan: Path, capsys: Captured
) -> None:
    file = str(root / "configs" / "scenarios" / "kazakhstan.toml")
    assert drawn(kazakhstan, "--scenarios", file, "--json", "-q") == 0
    found = {record["scenario"]: record for record in records(capsys)}
    assert found["as-configured"]["base_rule"]
    assert found["rule-of-2021"]["house"] == 98
    assert found["rule-of-2021"]["rule.threshold.level"] == 0.07
    assert found["slovak-gates"]["rule.threshold.by_members"] == {"2": 0.07, "4": 0.1}
    assert found["no-threshold"]["rule.threshold.level"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "sweep: nothing varies"),
        (("--threshold", "0%:10%:0.00001%"), "1,000,001 variants are asked for"),
        (("--threshold", "10%:0%:1%"), "the range runs backwards; write 0%:10%:1%"),
        (("--threshold", "0%:10%:0%"), "a step of 0 never arrives"),
        (("--vary", "rule.sets=5"), "--vary: rule.sets: no such key; did you mean 'rule.seats'?"),
        (("--method", "hondt"), "did you mean 'dhondt'?"),
        (("--scenarios", "none.toml"), "none.toml: no such file"),
        (("--threshold", "0%:5%:0.1%", "--vary", "rule.seats=100000"), "at most 7 of this size are allowed"),
        (("--base", "valid,registered", "--set", "election.turnout="), "election.turnout"),
        (("--threshold", "5%", "-o", "file"), "is a file; a folder is expected"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    options: tuple[str, ...], said: str, kazakhstan: Path, capsys: Captured
) -> None:
    if "file" in options:
        Path("file").write_text("mine", encoding="utf-8")
    assert drawn(kazakhstan, *options) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert nothing_written() or Path("file").read_text(encoding="utf-8") == "mine"


def test_options_of_draws_are_refused_with_votes(of_2021: tuple[str, ...], capsys: Captured) -> None:
    assert main(["sweep", *of_2021, "--threshold", "5%", "--draws", "10", "--as-of", "2021-01-01"]) == 2
    assert capsys.readouterr().err.count("with --votes nothing is drawn: leave this out, or --votes") == 2
    assert nothing_written()


def test_the_same_seed_gives_the_same_bytes_on_any_threads(kazakhstan: Path, capsys: Captured) -> None:
    options = ("--threshold", "4%,5%,6%", "--json", "-q")
    assert drawn(kazakhstan, *options, "--threads", "1") == 0
    one = capsys.readouterr().out
    assert drawn(kazakhstan, *options, "--threads", "2") == 0
    assert capsys.readouterr().out == one


def test_the_tables_of_a_sweep_are_exported_like_those_of_a_forecast(
    kazakhstan: Path, capsys: Captured
) -> None:
    assert drawn(kazakhstan, "--threshold", "4%,5%,6%", "-q") == 0
    shown = capsys.readouterr().out
    out = "outputs/kazakhstan-2023/sweep"
    assert main(["tables", out]) == 0
    assert "Flip points along the threshold" in capsys.readouterr().out
    assert main(["tables", f"{out}/forecast.nc", "-t", "seats", "-f", "md"]) == 0
    assert "| Level |" in capsys.readouterr().out
    assert main(["tables", out, "-t", "seets"]) == 2
    assert "did you mean 'seats'?" in capsys.readouterr().err
    assert main(["tables", out, "-o", "all", "-f", "latex", "-q"]) == 0
    assert Path("all/decomposition.tex").exists()
    assert "Median seats" in shown


def test_a_page_shows_one_rule_and_no_sweep(kazakhstan: Path, capsys: Captured) -> None:
    assert drawn(kazakhstan, "--threshold", "4%,5%", "-q") == 0
    capsys.readouterr()
    assert main(["report", "outputs/kazakhstan-2023/sweep"]) == 2
    assert "this one has several, along threshold" in capsys.readouterr().err
