"""``--save-draws`` and ``--share-draws``: draws out, and anyone's draws in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.cli.main import main
from forecast.record_schema import Run
from forecast.storage import load
from tests.made import write_made_election

Captured = pytest.CaptureFixture[str]
IDS = ("amanat", "auyl", "respublica", "aqjol", "qhp", "osdp", "baytaq", "against-all")
FAIR = (0.54, 0.11, 0.09, 0.08, 0.06, 0.05, 0.03, 0.04)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(config: Path, *options: str) -> int:
    return main(["run", str(config), "-q", *options])


def written(rows: list[tuple[object, ...]], names: tuple[str, ...] = IDS, file: str = "mine.csv") -> str:
    lines = [",".join(names), *(",".join(str(value) for value in row) for row in rows)]
    Path(file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_saved_draws_read_again_give_the_same_seats(kazakhstan: Path) -> None:
    assert run(kazakhstan, "--draws", "6000", "--save-draws", "5000", "-o", "ours") == 0
    for end in ("csv", "nc"):
        given = ("--share-draws", f"ours/draws.{end}", "--save-draws", "5000", "-o", end)
        assert run(kazakhstan, *given) == 0
        with xr.open_dataset("ours/draws.nc") as ours, xr.open_dataset(f"{end}/draws.nc") as again:
            assert ours["share"].shape == (5000, 8)
            np.testing.assert_array_equal(ours["seats"].values, again["seats"].values)
            np.testing.assert_allclose(ours["share"].values, again["share"].values, atol=1e-15)
            assert set(again["seats"].sum("party").values.tolist()) == {69}


def test_the_chance_to_pass_is_that_of_the_draws_saved(kazakhstan: Path) -> None:
    assert run(kazakhstan, "--draws", "6000", "--save-draws", "6000", "-o", "ours") == 0
    with xr.open_dataset("ours/draws.nc") as draws, xr.open_dataset("ours/forecast.nc") as forecast:
        passing = (draws["share"] >= 0.05).mean("draw").sel(party="osdp").item()
        assert forecast["pass_probability"].sel(party="osdp").item() == passing
        mean = draws["seats"].mean("draw").sel(party="auyl").item()
        assert forecast["seat_mean"].sel(party="auyl").item() == pytest.approx(mean, abs=1e-12)


def test_saving_draws_changes_nothing_else_and_depends_on_the_seed_alone(kazakhstan: Path) -> None:
    assert run(kazakhstan, "--draws", "6000", "-o", "plain") == 0
    assert run(kazakhstan, "--draws", "6000", "-o", "saved", "--save-draws", "5000", "--threads", "1") == 0
    assert run(kazakhstan, "--draws", "6000", "-o", "again", "--save-draws", "5000", "--threads", "2") == 0
    assert Path("plain/forecast.nc").read_bytes() == Path("saved/forecast.nc").read_bytes()
    for name in ("draws.nc", "draws.csv"):
        assert Path("saved", name).read_bytes() == Path("again", name).read_bytes()


def test_errors_are_those_of_the_number_of_draws_given(kazakhstan: Path, capsys: Captured) -> None:
    passing = [0.05 if k % 4 else 0.04 for k in range(400)]
    file = written([(*FAIR[:5], share, FAIR[6], 0.09 - share) for share in passing])
    assert run(kazakhstan, "--share-draws", file, "--json") == 0
    printed = capsys.readouterr()
    record = json.loads(printed.out)
    assert record["sampler"] == "given"
    assert record["draws"] == 400
    osdp = record["parties"][5]["passes"]
    assert osdp == {"probability": 0.75, "mc_error": pytest.approx((0.75 * 0.25 / 400) ** 0.5)}
    assert "take the draws as independent" in printed.err
    files = json.loads(Path("outputs/kazakhstan-2023/run.json").read_text())["files"]
    assert set(files) == {"configuration", "share_draws"}


def test_given_draws_go_through_tables_charts_and_the_page(kazakhstan: Path, capsys: Captured) -> None:
    file = written([FAIR] * 200)
    assert run(kazakhstan, "--share-draws", file, "-o", "out") == 0
    assert "200 draws of shares from mine.csv" in capsys.readouterr().out
    assert main(["report", "out", "-o", "page.html"]) == 0
    assert main(["charts", "out", "--chart", "seats"]) == 0


def test_an_open_ballot_leaves_the_rest_to_other(tmp_path: Path) -> None:
    config = write_made_election(tmp_path / "made", 3, odd=False, coalitions=1, polls=3)
    config.write_text(config.read_text().replace("closed_ballot = true", "closed_ballot = false"))
    file = written([(0.4, 0.3, 0.1), (0.5, 0.3, 0.2)], ("p0", "p1", "p2"))
    assert run(config, "--share-draws", file, "-o", "out", "--save-draws", "2") == 0
    table = pd.read_csv("out/draws.csv")
    assert table["other"].tolist() == pytest.approx([0.2, 0.0])
    assert table["seats_other"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("names", "rows", "said"),
    [
        (("amanat", "osdpp"), [(0.5, 0.5)], "column osdpp: no party of .*did you mean 'osdp'?"),
        (IDS, [], "no draw in this file"),
        (IDS, [(*FAIR[:6], -0.03, 0.1)], "draw 1, column baytaq = -0.03: a share cannot be below 0"),
        (IDS, [FAIR, (*FAIR[:7], "")], "row 3, column against-all: no share"),
        (IDS, [FAIR, (*FAIR[:7], "x")], "row 3, column against-all = .*x"),
        (IDS, [(*FAIR[:7], 0.2)], "draw 1 = .*a sum of 1.16"),
        (IDS, [(*FAIR[:7], 0.0)], "a sum of 0.96"),
        (IDS, [tuple(100 * share for share in FAIR)], "divide them by 100"),
        (("osdp", "osdp"), [(0.5, 0.5)], "column osdp: this column comes twice"),
        (("draw",), [(1,)], "no column names a party"),
        (IDS, [FAIR, (*FAIR, 0.1)], "row 3: 9 cells under 8 headings; .*quotes, or name the column"),
        (IDS, [FAIR, FAIR[1:]], "row 3: 7 cells under 8 headings; write every separator"),
        ((*IDS, ""), [(*FAIR, 0.5)], "a column without a name"),
        (IDS, [FAIR, (0,) * 8], "draw 2: no party has a share"),
        (IDS, [(*FAIR[:7], "1_0")], "column against-all = .1_0"),
        (IDS, [(*FAIR[:7], "nan")], "column against-all = .nan"),
        (IDS, [(*FAIR[:7], "1e999")], "column against-all = inf"),
        (IDS, [(*FAIR[:7], "\x1b[2J")], "column against-all = .<U.001B>"),
    ],
)  # fmt: skip
def test_draws_that_are_wrong_are_refused_in_one_line(
    kazakhstan: Path,
    capsys: Captured,
    names: tuple[str, ...],
    rows: list[tuple[object, ...]],
    said: str,
) -> None:
    assert run(kazakhstan, "--share-draws", written(rows, names), "-o", "out") == 3
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert error[0].startswith("mine.csv")
    assert pd.Series(error).str.contains(said.removesuffix("?")).all()
    assert not Path("out").exists()


def test_all_faults_of_a_file_of_draws_are_said_at_once(kazakhstan: Path, capsys: Captured) -> None:
    rows: list[tuple[object, ...]] = [(*FAIR[:7], "x"), *[(*FAIR, 0.1)] * 5, FAIR[:4]]
    assert run(kazakhstan, "--share-draws", written(rows, (*IDS[:7], "osdpp")), "-o", "out") == 3
    said = [line.removeprefix("mine.csv: ").split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert said[:6] == [
        "column osdpp",
        'row 2, column osdpp = "x"',
        "row 3",
        "row 4",
        "row 5",
        "and 2 more like the last",
    ]
    assert said[6:] == ["row 8"]


def test_a_column_that_is_left_out_of_an_open_ballot_is_said(tmp_path: Path, capsys: Captured) -> None:
    config = write_made_election(tmp_path / "made", 3, odd=False, coalitions=1, polls=3)
    config.write_text(config.read_text().replace("closed_ballot = true", "closed_ballot = false"))
    file = written([(0.004, 0.003, 0.001)] * 3, ("p0", "p1", "p2"))
    assert run(config, "--share-draws", file, "-o", "out") == 0
    assert "99% of the votes go to options without a column of their own" in capsys.readouterr().err


def test_files_that_hold_no_draws_are_refused(kazakhstan: Path, capsys: Captured) -> None:
    Path("empty.csv").write_text("")
    Path("no.nc").write_bytes(b"no netcdf")
    xr.Dataset({"votes": ("draw", [1.0])}).to_netcdf("other.nc", engine="h5netcdf")
    for file, said in (
        ("none.csv", "no such file"),
        ("empty.csv", "the file is empty"),
        ("no.nc", "no netCDF-4 file"),
        ("other.nc", "a variable 'share' over the dimensions draw and party"),
    ):
        assert run(kazakhstan, "--share-draws", file) == 3
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("valid", []),
        ("cast", ["election.invalid_share: every draw takes the middle of its range, 3%;"]),
        (
            "registered",
            [
                "election.invalid_share: every draw takes the middle of its range, 3%;",
                "election.turnout: every draw takes the middle of its range, 55%;",
            ],
        ),
    ],
)
def test_a_range_that_given_draws_do_not_vary_is_said(kazakhstan: Path, base: str, said: list[str]) -> None:
    """And the middle is what counts: of 1000 ballots 970 are valid, of which 5.15 percent are 5 of all."""
    ranges = ("--set", 'election.invalid_share=["2%", "4%"]', "--set", 'election.turnout=["50%", "60%"]')
    rows: list[tuple[object, ...]] = [(*FAIR[:5], one, FAIR[6], 0.09 - one) for one in (0.0516, 0.0515)]
    given = ("--share-draws", written(rows), "--set", f"rule.threshold.base={base}", *ranges, "-o", "out")
    assert run(kazakhstan, *given) == 0
    forecast = load("out")
    warnings = forecast.dataset.attrs["warnings"]
    assert [line for line in warnings if "middle" in line] == [
        f"{line} its uncertainty is not in these numbers" for line in said
    ]
    assert forecast.passes("osdp") == {"valid": 1.0, "cast": 0.5, "registered": 0.0}[base]


def test_swings_are_said_not_to_move_given_draws(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "--share-draws", written([FAIR]), "--set", "estimate.shift.osdp=+1%") == 0
    assert "not applied to draws from elsewhere: estimate.shift" in capsys.readouterr().err


def test_options_of_drawing_mean_nothing_beside_given_draws(kazakhstan: Path, capsys: Captured) -> None:
    file = written([FAIR])
    for option, value in (("--draws", "10"), ("--seed", "2"), ("--as-of", "2023-03-15")):
        assert run(kazakhstan, "--share-draws", file, option, value) == 2
        assert f"{option}: with --share-draws nothing is drawn" in capsys.readouterr().err
    assert run(kazakhstan, "--share-draws", file, "--save-draws", "2") == 2
    assert "only 1 are drawn" in capsys.readouterr().err
    assert run(kazakhstan, "--draws", "10", "--save-draws", "11") == 2


def test_draws_stand_in_the_json_on_request_and_are_those_of_the_files(
    kazakhstan: Path, capsys: Captured
) -> None:
    assert run(kazakhstan, "--draws", "600", "--json", "-o", "plain") == 0
    plain = json.loads(capsys.readouterr().out)
    assert "kept_draws" not in plain
    assert run(kazakhstan, "--draws", "600", "--json", "-o", "saved", "--save-draws", "500") == 0
    record = json.loads(capsys.readouterr().out)
    kept = record.pop("kept_draws")
    assert record == plain
    Run.model_validate(record | {"kept_draws": kept})
    with xr.open_dataset("saved/draws.nc") as draws:
        assert kept["parties"] == draws["party"].values.tolist()
        assert kept["holders"] == draws["holder"].values.tolist()
        for key, name in (("share", "share"), ("seats", "seats"), ("chamber_seats", "chamber_seats")):
            np.testing.assert_array_equal(np.array(kept[key]), draws[name].values)
