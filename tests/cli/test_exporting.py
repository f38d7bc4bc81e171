"""``forecast tables``: printing and exporting from a saved forecast."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from forecast import storage
from forecast.cli.main import main
from tests.forecasts import kazakhstan, tables_of_kazakhstan

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    storage.save(kazakhstan(), folder / "forecast.nc")
    return folder


def test_the_terminal_shows_every_table_with_the_provenance(saved: Path, capsys: Captured) -> None:
    assert main(["tables", str(saved)]) == 0
    shown = capsys.readouterr().out
    for title in ("Parties", "Crossing the threshold", "Coalitions", "Events", "Polls and their weights"):
        assert title in shown
    assert "2,000 draws (sobol, seed 1)" in shown


def test_a_folder_and_its_file_are_the_same(saved: Path, capsys: Captured) -> None:
    assert main(["tables", str(saved), "-f", "json"]) == 0
    of_folder = capsys.readouterr().out
    assert main(["tables", str(saved / "forecast.nc"), "-f", "json"]) == 0
    assert capsys.readouterr().out == of_folder
    assert list(json.loads(of_folder)["tables"]) == tables_of_kazakhstan()


def test_one_table_as_csv_goes_to_stdout(saved: Path, capsys: Captured) -> None:
    assert main(["tables", str(saved), "--table", "parties", "--format", "csv"]) == 0
    printed = capsys.readouterr()
    assert len(pd.read_csv(io.StringIO(printed.out))) == 8
    assert printed.err == ""


@pytest.mark.parametrize("name", ["all.html", "all.md", "all.tex", "all.json", "all.xlsx"])
def test_the_name_of_the_file_says_the_form(name: str, saved: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["tables", str(saved), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).stat().st_size > 1_000
    assert capsys.readouterr().err == f"wrote {tmp_path / name}\n"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_folder_gets_a_file_for_each_table(form: str, saved: Path, tmp_path: Path) -> None:
    assert main(["tables", str(saved), "-f", form, "-o", str(tmp_path / "out"), "-q"]) == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        f"{name}.{form}" for name in tables_of_kazakhstan()
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-t", "partys"], "did you mean 'parties'?"),
        (["-f", "csv"], "csv holds one table"),
        (["-f", "terminal", "-o", "x"], "the terminal's form is for the terminal"),
        (["-f", "md", "-o", "x.csv"], "a file whose name ends in .md"),
        (["-f", "word"], "word"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_code_2(
    options: list[str], said: str, saved: Path, capsys: Captured
) -> None:
    assert main(["tables", str(saved), *options]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_what_is_no_forecast_is_code_2(tmp_path: Path, capsys: Captured) -> None:
    assert main(["tables", str(tmp_path)]) == 2
    assert "no forecast.nc in this folder" in capsys.readouterr().err


def test_a_narrow_terminal_leaves_columns_out_and_cuts_no_number(
    saved: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from forecast.tables import exporting, table_of

    table = table_of(storage.load(saved), "parties")
    for width in (40, 60, 80, 100, 140):
        exporting.print_tables([table], Console(width=width))
        shown = capsys.readouterr().out
        assert "…" not in shown
        assert "> 99" not in shown
        assert ">99 %" in shown
        assert max(len(line) for line in shown.splitlines()) <= width
