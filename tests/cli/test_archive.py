"""``forecast backtest`` and ``forecast fit`` on an invented archive."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from forecast.cli.main import main
from tests.archives import write_archive

Printed = pytest.CaptureFixture[str]
KEYS = ["method", "horizon", "elections", "metric", "value", "standard_error", "subset", "against"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive") / "elections")


def backtested(archive: Path, folder: Path, *options: str) -> int:
    return main(["backtest", str(archive), "--horizons", "1,30", "-o", str(folder), *options])


def test_backtest_prints_one_json_list_of_rows(archive: Path, tmp_path: Path, capsys: Printed) -> None:
    assert backtested(archive, tmp_path / "out", "--json") == 0
    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert all(list(row) == KEYS for row in rows)
    assert rows[0]["method"] == "default"
    assert {row["horizon"] for row in rows} == {None, 1, 30}
    note = "note: no last results are known (last_results.csv): the default method leaves them out\n"
    assert printed.err == f"{note}wrote {tmp_path / 'out'}\n"


def test_backtest_leaves_the_table_the_chart_and_the_summary(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert backtested(archive, folder, "-q") == 0
    assert sorted(file.name for file in folder.iterdir()) == [
        "backtest.csv",
        "calibration.json",
        "calibration.png",
        "calibration.svg",
    ]
    with (folder / "backtest.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == KEYS
    assert (folder / "calibration.svg").read_text(encoding="utf-8").startswith("<svg")


def test_backtest_prints_methods_horizons_and_calibration(
    archive: Path, tmp_path: Path, capsys: Printed
) -> None:
    assert backtested(archive, tmp_path / "out", "--method", "default", "--method", "plain-average") == 0
    printed = capsys.readouterr().out
    assert "8 elections, all horizons" in printed
    assert "plain-average" in printed
    assert "pooled-dirichlet" not in printed
    assert "default below plain-average by (* over two standard errors)" in printed
    assert "country=A" in printed
    assert "chance given" in printed


def test_backtest_can_refit_without_each_country(archive: Path, tmp_path: Path, capsys: Printed) -> None:
    options = ("--json", "-q", "--method", "default")
    assert backtested(archive, tmp_path / "a", *options) == 0
    with_all = json.loads(capsys.readouterr().out)
    assert backtested(archive, tmp_path / "b", "--leave-out", "country", *options) == 0
    without = json.loads(capsys.readouterr().out)
    assert [row["metric"] for row in with_all] == [row["metric"] for row in without]
    assert with_all != without
    assert json.loads((tmp_path / "b" / "calibration.json").read_text())["left_out"] == "country"


def test_fit_writes_constants_that_backtest_reads(archive: Path, tmp_path: Path, capsys: Printed) -> None:
    file = tmp_path / "constants.json"
    assert main(["fit", str(archive), "-o", str(file), "--bootstrap", "3"]) == 0
    printed = capsys.readouterr()
    assert "drift exponent" in printed.out
    assert "8 elections in 4 countries, 2001-2005" in printed.out
    assert f"wrote {file}; next: forecast backtest {archive} --constants {file}" in printed.err
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["rests_on"]["names"][0] == "A-2001"
    assert set(record["intervals"]["average"]) == set(record["average"])
    assert set(record["intervals"]["default"]) == set(record["default"])
    assert backtested(archive, tmp_path / "out", "-q", "--method", "default", "--constants", str(file)) == 0


def test_fit_prints_json(archive: Path, tmp_path: Path, capsys: Printed) -> None:
    arguments = ["fit", str(archive), "-o", str(tmp_path / "c.json"), "--bootstrap", "0", "--json", "-q"]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["schema"] == 2
    assert printed.err == ""


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--method", "defualt"], 2, "did you mean 'default'?"),
        (["--horizons", "1,week"], 2, "no list of days before the election"),
        (["--leave-out", "party"], 2, "country"),
        (["--constants", "nowhere.json"], 2, "`forecast fit` writes one"),
    ],
)
def test_wrong_options_are_answered(
    archive: Path, tmp_path: Path, capsys: Printed, options: list[str], code: int, said: str
) -> None:
    arguments = ["backtest", str(archive), "-o", str(tmp_path / "out"), *options]
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert not (tmp_path / "out").exists()


def test_a_folder_without_an_archive_is_answered(tmp_path: Path, capsys: Printed) -> None:
    assert main(["backtest", str(tmp_path / "nowhere")]) == 3
    assert "no such folder" in capsys.readouterr().err
    assert main(["fit", str(tmp_path), "-o", str(tmp_path / "c.json")]) == 3
    assert capsys.readouterr().err.count("an archive needs it") == 3
    assert not (tmp_path / "c.json").exists()


def test_a_file_where_a_folder_is_meant_is_answered_before_the_work(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    assert backtested(archive, tmp_path / "out") == 2
    assert (tmp_path / "out").read_text() == "mine"
