"""``forecast run``: what it prints, what it leaves, and how it refuses."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from forecast.cli.main import main, multiply_on_one_thread
from tests.forecasts import tables_of_kazakhstan

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs go to a folder of the test."""
    monkeypatch.chdir(tmp_path)


def run(config: Path, *options: str, draws: int = 5_000) -> int:
    return main(["run", str(config), "--draws", str(draws), *options])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_run_leaves_the_forecast_its_tables_and_a_record(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan) == 0
    out = Path("outputs/kazakhstan-2023")
    assert set(contents(out)) == {
        "forecast.nc",
        "run.json",
        *(f"tables/{name}.csv" for name in tables_of_kazakhstan()),
    }
    with xr.open_dataset(out / "forecast.nc") as data:
        in_file = data["pass_probability"].sel(party="osdp").item()
    in_table = pd.read_csv(out / "tables" / "parties.csv").set_index("party")["pass_probability"]["osdp"]
    assert in_file == in_table
    record = json.loads((out / "run.json").read_text())
    assert record["draws"] == 5_000
    assert record["seed"] == 1
    assert record["files"]["configuration"] == {
        "path": str(kazakhstan),
        "sha256": hashlib.sha256(kazakhstan.read_bytes()).hexdigest(),
    }
    assert record["versions"]["numpy"]
    printed = capsys.readouterr()
    assert "Social Democrats" in printed.out
    assert "Against all" in printed.out
    assert printed.err.splitlines()[-1].startswith("wrote outputs/kazakhstan-2023; next: ")


def test_json_is_all_that_stdout_carries_and_the_keys_stay(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert list(record)[:3] == ["schema", "election", "draws"]
    assert [party["id"] for party in record["parties"]] == [
        "amanat", "auyl", "respublica", "aqjol", "qhp", "osdp", "baytaq", "against-all",
    ]  # fmt: skip
    osdp = record["parties"][5]
    assert set(osdp) >= {"id", "share", "passes", "seats"}
    assert set(osdp["share"]) >= {"mean", "median", "quantiles"}
    assert set(osdp["passes"]) == {"probability", "mc_error"}
    assert 0 < osdp["passes"]["mc_error"] < osdp["passes"]["probability"] < 1
    assert set(osdp["seats"]) >= {"mean", "median", "quantiles", "distribution"}
    assert sum(osdp["seats"]["distribution"].values()) == pytest.approx(1.0)
    against = record["parties"][7]
    assert against["passes"]["probability"] == 0
    assert against["seats"]["distribution"] == {"0": 1.0}
    assert set(record["coalitions"][0]["majority"]) == {"probability", "mc_error"}


def test_one_thread_and_two_give_the_same_bytes(kazakhstan: Path, capsys: Captured) -> None:
    printed, left = [], []
    for threads in ("1", "2"):
        assert run(kazakhstan, "--threads", threads, "--json", "-o", f"out{threads}", draws=300_001) == 0
        printed.append(capsys.readouterr().out)
        left.append(
            {name: data for name, data in contents(Path(f"out{threads}")).items() if name != "run.json"}
        )
    assert printed[0] == printed[1]
    assert left[0] == left[1]


def test_the_seed_comes_from_the_option_then_the_environment_then_the_file(
    kazakhstan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seed(*options: str) -> int:
        assert run(kazakhstan, "-q", "-o", "out", *options, draws=100) == 0
        return int(json.loads(Path("out/run.json").read_text())["seed"])

    assert seed() == 1
    monkeypatch.setenv("FORECAST_SEED", "7")
    assert seed() == 7
    assert seed("--seed", "8") == 8


def test_what_was_changed_is_said_with_the_numbers(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "--set", "rule.threshold.level=3%", "--as-of", "2023-03-15", "-o", "out") == 0
    printed = capsys.readouterr()
    assert "changed: rule.threshold.level=3%" in " ".join(printed.out.split())
    assert "polls known by 2023-03-15" in " ".join(printed.out.split())
    assert json.loads(Path("out/run.json").read_text())["settings"] == ["rule.threshold.level=3%"]


def test_quiet_says_warnings_only(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "-q") == 0
    assert all(line.startswith("warning: ") for line in capsys.readouterr().err.splitlines())


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--draws", "0"], 2, "0 is out of bounds"),
        (["--draws", "-5"], 2, "-5 is out of bounds"),
        (["--draws", "1000000000000"], 2, "out of bounds"),
        (["--draws", "many"], 2, "'many' is no whole number"),
        (["--threads", "0"], 2, "--threads"),
        (["--sampler", "halton"], 2, "halton"),
        (["--seed", "x"], 2, "'x' is no whole number"),
        (["--set", "rule.threshold.levle=3%"], 2, "did you mean 'rule.threshold.level'"),
        (["--set", "rule.threshold.level=5"], 2, 'did you mean "5%"?'),
        (["--set", "election.polls="], 2, "a forecast needs polls"),
        (["--as-of", "2001-01-01"], 3, "no poll is known by 2001-01-01"),
        (["--set", "rule.threshold.level=99%"], 4, "nobody is admitted in any draw"),
        (["-o", "file"], 2, "this is a file"),
        (["-o", "file/sub"], 2, "file is a file"),
    ],
)
def test_what_cannot_be_forecast_is_one_line_and_leaves_earlier_outputs(
    options: list[str], code: int, said: str, kazakhstan: Path, capsys: Captured
) -> None:
    out = Path("outputs/kazakhstan-2023")
    out.mkdir(parents=True)
    (out / "run.json").write_text("earlier")
    Path("file").write_text("mine")
    assert main(["run", str(kazakhstan), "--draws", "100", *options]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert contents(Path()) == {"file": b"mine", "outputs/kazakhstan-2023/run.json": b"earlier"}


def test_a_missing_election_file_is_code_2(capsys: Captured) -> None:
    assert main(["run", "nowhere.toml"]) == 2
    assert capsys.readouterr().err.startswith("nowhere.toml: no such file")


def test_faulty_polls_are_code_3(kazakhstan: Path, capsys: Captured) -> None:
    Path("polls.csv").write_text("pollster,fieldwork_end,amanat,nobody\nA,2023-03-01,50,50\n")
    assert main(["run", str(kazakhstan), "--set", f"election.polls={Path('polls.csv').absolute()}"]) == 3
    assert "nobody" in capsys.readouterr().err


def test_an_interrupt_is_code_130_and_writes_nothing(kazakhstan: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "forecast", "run", str(kazakhstan), "--draws", "1e11", "-v"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        # A shell starts what runs in its background deaf to Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("estimate as of")
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err == "interrupted; nothing was written by halves\n"
    assert not list(tmp_path.iterdir())


def test_a_command_multiplies_on_one_thread_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = "import sys, forecast.cli.main; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert "numpy" not in told.stdout.split(), "a BLAS looks there when it is loaded, which is later"
    environ = {"MKL_NUM_THREADS": "4"}
    monkeypatch.setattr(os, "environ", environ)
    multiply_on_one_thread()
    assert (environ["OPENBLAS_NUM_THREADS"], environ["MKL_NUM_THREADS"]) == ("1", "4")
