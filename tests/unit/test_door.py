"""The door: what comes in, and what is refused there in one line, for every room behind it."""

from __future__ import annotations

import gzip
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from forecast.door import files, is_moderate, is_whole, ungrouped
from forecast.door.sheets import open_sheet, read_sheet
from forecast.door.trees import json_of, read_toml, toml_of, toml_value
from forecast.errors import ConfigurationError, PollDataError


def toml_faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        toml_of(text, "x.toml")
    return [str(fault) for fault in caught.value.faults]


def json_faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        json_of(text, "x.json", ConfigurationError)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 500 + "]" * 500, "more than 24 deep"),
        ("x = " + "{a = " * 30 + "1" + "}" * 30, "more than 24 deep"),
        ("a" + ".a" * 100_000 + " = 1", "line 1"),
        ("[" + "a." * 30 + "a]", "more than 24 deep"),
        ("x = 1\ny = " + "9" * 5_000, 'line 2 = "9999'),
        ("y = " + "9" * 50, "over 40 digits"),
        ("y = 0x" + "f" * 10_000, "over 40 digits"),
        ("y = 1e999", "over 40 digits"),
        ("y = 1e9999999999999999999999", "over 40 digits"),
        ("[rule]\nlaw = '\u202ex'", 'rule.law = "<U+202E>x": this text holds the character U+202E'),
        ('[[a]]\n[[a]]\nb = "\\u0000"', "a[1].b"),
        ("x = '" + "a" * 30_000 + "'", "a text of 30,000 letters"),
        ("x = [" + "1," * 30_000 + "]", "x: 30,000 entries"),
        ("a = 1\na = 2", "not TOML"),
    ],
)  # fmt: skip
def test_toml_out_of_bounds_is_refused_by_name_within_a_second(text: str, said: str) -> None:
    began = time.perf_counter()
    faults = toml_faults(text)
    assert time.perf_counter() - began < 1
    assert said in faults[0]
    assert all(len(fault) < 1_000 for fault in faults)


def test_everything_that_a_tree_may_not_hold_is_said_at_once() -> None:
    faults = toml_faults(f'a = "\\u001b"\nb = {"9" * 50}\n[c]\nd = ["\\u0007"]')
    assert [fault.split(" ")[1].rstrip(":") for fault in faults] == ["a", "b", "c.d[0]"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 10_000, "more than 24 deep"),
        ("[" + "9" * 5_000 + "]", "over 40 digits"),
        ("[1e9999999999999999999999]", "over 40 digits"),
        ('{"a": 1, "a": 2}', '"a": this key comes twice'),
        ("[NaN]", '"NaN": this is no number that JSON has'),
        ('["\\ud800"]', "[0] = "),
        ('{"a": ', "line 1, column 7: not JSON"),
    ],
)
def test_json_out_of_bounds_is_refused_by_name(text: str, said: str) -> None:
    assert said in json_faults(text)[0]


def test_what_people_write_comes_in_exactly() -> None:
    assert toml_of("x = 0.05\ny = 1_000\nz = '''a\n\tb'''", "x.toml") == {
        "x": Decimal("0.05"),
        "y": 1000,
        "z": "a\n\tb",
    }
    assert json_of('{"x": 0.1, "y": ["Ж"]}', "x.json", ConfigurationError) == {
        "x": Decimal("0.1"),
        "y": ["Ж"],
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", Decimal("0.05")),
        ("3%", "3%"),
        ('["a", "b"]', ["a", "b"]),
        ("{admit = 2}", {"admit": 2}),
        ("", ""),
    ],
)
def test_a_value_of_an_option_is_toml_or_a_text(text: str, value: Any) -> None:
    assert toml_value(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500,
        "9" * 5_000,
        "1e99999999999999999999",
        "\x1b",
        "1\nx = 2",
        "a" * 30_000,
        "{" + "a." * 99 + "a=1}",
    ],
)
def test_a_value_of_an_option_out_of_bounds_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"deep|digits|character|line|letters"):
        toml_value(text)


def test_numbers_have_moderate_size() -> None:
    assert is_whole("331058")
    assert not any(map(is_whole, ("", "-1", "１２", "²", "9" * 41, "1_0")))
    assert not any(map(is_moderate, (10**40, -(10**40), Decimal("1e50"), Decimal("1." + "1" * 50))))
    assert all(map(is_moderate, (10**39, 0.5, float("nan"), Decimal("NaN"), Decimal("0.05"))))
    assert [ungrouped(text) for text in ("3 431 510", "3.431.510", "3.431,510", "34,31")] == [
        "3431510",
        "3431510",
        "",
        "",
    ]


def refused(path: Path, **asked: Any) -> list[str]:
    with pytest.raises(PollDataError) as caught:
        read_sheet(path, **asked)
    return [str(fault).removeprefix(f"{path}: ") for fault in caught.value.faults]


def sheet_faults(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(fault).removeprefix(f"{path}: ") for fault in read_sheet(path).faults]


def test_a_row_with_more_or_fewer_cells_than_headings_is_a_fault(tmp_path: Path) -> None:
    faults = sheet_faults(tmp_path, "a,b,c,\n1,2,3\n1,2,3,\n1,2\n# remark\n\n1,2,3,4,5\n1,2,3,,,\n")
    assert faults == [
        "row 4: 2 cells under 3 headings; write every separator, of empty cells too",
        "row 7: 5 cells under 3 headings; put cells that hold a separator in quotes, or name the column",
    ]


def test_a_heading_that_comes_twice_is_a_fault(tmp_path: Path) -> None:
    assert sheet_faults(tmp_path, "a,B, b ,a\n") == [
        "column a: this column comes twice",
        "column B: this column comes twice",
    ]


@pytest.mark.parametrize("cell", ["\x1b[2J", "\x07", "a\x0bb", "\u2028y", "\x9b", "\ufeffx"])
def test_a_cell_with_what_nobody_sees_is_a_fault(tmp_path: Path, cell: str) -> None:
    [fault] = sheet_faults(tmp_path, f"a,b\n1,2\n3,x{cell}\n")
    assert fault.startswith('row 3, column b = "x')
    assert "which nobody sees" in fault


@pytest.mark.parametrize(
    "row", ['1,"open', '1,"open\n2,"x"\n3,4', '1,"a"b', f'1,"{"x" * 200_000}"', '1,"' + "2,3\n" * 60_000]
)
def test_a_quoted_cell_that_does_not_end_never_swallows_the_rows_below(tmp_path: Path, row: str) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n{row}\n")
    assert refused(tmp_path / "t.csv")[0].startswith("row 2: a quoted cell that does not end")


def test_a_cell_may_hold_quotes_separators_and_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'# "remark\r\na,b\r\n"x, ""y""\r\nz",2\r\n')
    [line] = read_sheet(tmp_path / "t.csv").lines
    assert (line.number, line.cells) == (3, ('x, "y"\nz', "2"))


def test_a_table_beyond_all_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a," * 3_000 + "a\n")
    assert refused(path) == ["row 1: 3,001 columns; at most 2,000 are expected"]
    path.write_text("a,b\n" + "1\n" * 20_000)
    sheet = read_sheet(path)
    assert len(sheet.faults) == 10_001
    assert sheet.faults[-1].remedy == "not read beyond row 10001"
    with pytest.raises(PollDataError, match="larger than 10 bytes"):
        open_sheet(path, most=10)
    assert refused(tmp_path / "none.csv", missing="nobody is here") == ["nobody is here"]
    assert refused(tmp_path)[0].startswith("this is a folder")
    assert refused(Path("/dev/zero"))[0].startswith("larger than")


def test_a_few_packed_bytes_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"\0" * (files.MOST_OF_A_TABLE + 10)))
    assert path.stat().st_size < 200_000
    assert refused(path)[0].startswith("larger than")
    path.write_bytes(gzip.compress(b"a,b\n1,2\n")[:-9])
    assert refused(path) == ["not packed by gzip, or cut short"]
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert len(read_sheet(path).lines) == 1


@pytest.mark.parametrize("name", ["a\x1bb.csv", "a\nb.csv", "a\udcffb.csv", "a\u202eb.csv"])
def test_a_name_of_a_file_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path / name)[0].endswith("give it another name")
    with pytest.raises(ConfigurationError, match="give it another name"):
        read_toml(tmp_path / name, missing="", folder="")
