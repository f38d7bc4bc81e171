"""Where polls come from: encodings, pages, spreadsheets, DataFrames, collections by name."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.cli.main import main
from forecast.door.files import written
from forecast.election import Election, parse_election
from forecast.errors import PollDataError
from forecast.polls import PollTable, read_polls

DAY = datetime.date(2026, 9, 13)


def an_election(names: tuple[str, ...] = ("Red", "Blue"), **polls: Any) -> Election:
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": DAY},
            "parties": [{"id": f"p{i}", "name": name} for i, name in enumerate(names)],
            "rule": {"seats": 100, "allocation": {"method": "dhondt"}},
            "polls": polls,
        }
    )


def percent(table: PollTable, row: int = 0) -> list[float]:
    return [round(100 * float(value), 6) for value in table.shares.filter(like="p").iloc[row]]


def saved(tmp_path: Path, data: bytes | str, name: str = "polls.csv") -> Path:
    file = tmp_path / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return file


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1252", ("Høyre", "Rødt")),
        ("cp1252", ("Grüne", "Freie Wähler")),
        ("cp1250", ("ĽSNS", "Sme Rodina – Petícia")),
        ("iso8859-2", ("KSČM", "Příšaha")),
        ("cp1251", ("Справедливая Россия", "Яблоко")),
        ("cp1253", ("ΠΑΣΟΚ", "Ελληνική Λύση")),
        ("cp1254", ("İYİ", "Yeşil Sol")),
        ("cp1257", ("Tėvynės sąjunga", "Darbo partija")),
        ("utf-8-sig", ("Høyre", "Rødt")),
        ("utf-16", ("Høyre", "Яблоко")),
        ("utf-16-le", ("Høyre", "Rødt")),
    ],
)
def test_an_encoding_is_found_by_the_names_of_parties(
    tmp_path: Path, encoding: str, names: tuple[str, ...]
) -> None:
    text = f"pollster;end;n;{names[0]};{names[1]}\nNovus;17.08.2026;1600;34;40\n"
    table = read_polls(saved(tmp_path, text.encode(encoding)), an_election(names))
    assert percent(table) == [34, 40]


def test_letters_that_two_usual_encodings_read_equally_well_are_said(tmp_path: Path) -> None:
    """One letter in one name, of which no party helps: è in Windows-1252, č in Windows-1250."""
    data = b"pollster;end;n;Red;Blue\nVra\xe8i;17.08.2026;1600;34;40\n"
    (said,) = read_polls(saved(tmp_path, data), an_election()).doubted
    assert '"Vraèi"' in said
    assert '"Vrači"' in said
    assert "encoding =" in said
    table = read_polls(saved(tmp_path, data), an_election(encoding="cp1250"))
    assert table.polls["pollster"].tolist() == ["Vrači"]
    assert table.doubted == []


def test_an_encoding_that_is_asked_for_and_does_not_fit_is_a_fault(tmp_path: Path) -> None:
    data = "pollster,end,n,Red,Blue\nRambøll,2026-08-17,1600,34,40\n".encode("cp1252")
    with pytest.raises(PollDataError, match=r"UTF-8|utf-8"):
        read_polls(saved(tmp_path, data), an_election(encoding="utf-8"))


def test_utf8_that_was_written_twice_is_read_once() -> None:
    twice = "Rambøll".encode().decode("cp1252").encode("utf-8")
    found = written(twice, "x", PollDataError)
    assert found.text == "Rambøll"


PAGE = """<!DOCTYPE html><html><body><h2>Parties</h2>
<table><tr><th>Party</th><th>Leader</th></tr><tr><td>Red</td><td>A. B.</td></tr></table>
<h3>2026</h3><table class="wikitable"><tbody>
<tr><th rowspan="2">Fieldwork date</th><th rowspan="2">Polling firm</th><th rowspan="2">Sample<br>size</th>
<th>Red</th><th>Blue</th><th rowspan="2">Lead</th></tr><tr><th style="background:red"></th><th></th></tr>
<tr><td><span style="display:none">0815</span>12–15 Aug</td><td>Novus<sup>[1]</sup></td><td>1,000</td>
<td><b>41.5</b><br><small>42</small></td><td>30</td><td>11.5</td></tr>
<tr><td colspan="6">The government resigns</td></tr>
<tr><td>1–3 Aug</td><td rowspan="2">Sifo</td><td>?</td><td>40</td><td>31</td><td>9</td></tr>
<tr><td>10–13 Jul</td><td>900</td><td colspan="2">–</td><td></td></tr>
</tbody></table>
<h3>2025</h3><table class="wikitable">
<tr><th>Fieldwork date</th><th>Polling firm</th><th>Sample size</th><th>Red</th><th>Blue</th></tr>
<tr><td>20 Dec</td><td>Novus</td><td>1,100</td><td>39</td><td>33</td></tr></table></body></html>"""


def test_a_saved_page_is_read_table_below_table_with_the_years_of_its_headings(tmp_path: Path) -> None:
    page = PAGE.replace('<tr><td>10–13 Jul</td><td>900</td><td colspan="2">–</td><td></td></tr>',
                        "<tr><td>10–13 Jul</td><td>900</td><td>38</td><td>32</td><td></td></tr>")  # fmt: skip
    table = read_polls(saved(tmp_path, page, "polls.html"), an_election())
    assert [str(day.date()) for day in table.polls["fieldwork_end"]] == [
        *("2026-08-15", "2026-08-03", "2026-07-13", "2025-12-20")
    ]
    assert table.polls["pollster"].tolist() == ["Novus", "Sifo", "Sifo", "Novus"]
    assert percent(table) == [41.5, 30]
    assert any("tables 2, 3 of 3" in said for said in table.understood)


def test_a_page_without_a_table_of_polls_says_which_tables_it_has(tmp_path: Path) -> None:
    page = PAGE[: PAGE.index("<h3>2026</h3>")]
    with pytest.raises(
        PollDataError, match=r"no table in it looks like polls; tables: 1 under Parties \(1 rows\)"
    ):
        read_polls(saved(tmp_path, page, "polls.html"), an_election())


def a_book(tmp_path: Path) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    notes = book.active
    assert notes is not None
    notes.title = "Notes"
    notes.append(["what", "who"])
    sheet = book.create_sheet("Polls 2026")
    sheet.append(["Polls of Ruritania"])
    sheet.append(["Institute", "Fieldwork end", "Sample size", "Red", "Blue"])
    sheet.append(["Novus", datetime.datetime(2026, 8, 17), 1600, 34.5, 40])
    sheet.append(["Sifo", datetime.date(2026, 8, 10), 1500, 35, 41.25])
    file = tmp_path / "polls.xlsx"
    book.save(file)
    return file


def test_a_spreadsheet_is_read_where_its_table_stands(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    pytest.importorskip("openpyxl")
    table = read_polls(a_book(tmp_path), an_election())
    assert table.polls["pollster"].tolist() == ["Novus", "Sifo"]
    assert [str(day.date()) for day in table.polls["fieldwork_end"]] == ["2026-08-17", "2026-08-10"]
    assert table.polls["row"].tolist() == [3, 4]
    assert percent(table, 1) == [35, 41.25]


ODS = """<?xml version="1.0"?><office:document-content
xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table
table:name="Polls">{rows}</table:table></office:spreadsheet></office:body> </office:document-content>"""


def an_ods(tmp_path: Path, *rows: tuple[str, ...], tail: str = "") -> Path:
    lines = ""
    for row in rows:
        cells = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        lines += f"<table:table-row>{cells}</table:table-row>"
    file = tmp_path / "polls.ods"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", ODS.format(rows=lines + tail))
        packed.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest:manifest '
                        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')  # fmt: skip
    return file


def test_an_opendocument_table_is_read_and_a_sheet_filled_to_its_end_is_no_disk_full(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    tail = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    file = an_ods(
        tmp_path,
        ("pollster", "end", "n", "Red", "Blue"),
        ("Novus", "17 Aug 2026", "1 600", "34", "40"),
        tail=tail,
    )
    assert percent(read_polls(file, an_election())) == [34, 40]


def test_a_damaged_spreadsheet_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("xl/workbook.xml", "no book")
    with pytest.raises(PollDataError, match=r"save it as CSV|damaged"):
        read_polls(saved(tmp_path, packed.getvalue(), "polls.xlsx"), an_election())


def test_a_spreadsheet_without_its_reader_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    pytest.importorskip("openpyxl")
    file = a_book(tmp_path)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(PollDataError, match=r"forecast\[excel\] is installed"):
        read_polls(file, an_election())


def test_a_data_frame_is_read_as_its_file_would_be() -> None:
    frame = pd.DataFrame(
        {"Company": ["Novus", "Sifo"], "PublDate": pd.to_datetime(["2026-08-17", "2026-08-10"]),
         "n": [1600, None],
         "Red": [34.5, 35], "Blue": [40, float("nan")]}
    )  # fmt: skip
    table = read_polls(frame, an_election())
    assert table.polls["sample_size"].fillna(0).tolist() == [1600, 0]
    assert percent(table) == [34.5, 40]
    assert table.place == "polls"


ROPF = (
    "•PF: ACME •PD: 2026-08-17 •FS: 2026-08-12 •FE: 2026-08-15 •SC: N •SS: 1000 A: 55.0 B: 43.0 •O: 2.0\n"
    "& •SC: E A: 50.0 B: 40.0\n"
    "•PF: BETA •PD: 2026-08-10 •SC: N •SS: 800 A: 52 B+C: 44\n"
    "A: AA001 •A:Red\nB: AA002 •A:Blue\nC: AA003 •A:Green\n"
)


def test_a_rich_opinion_poll_file_is_read_by_its_description(tmp_path: Path) -> None:
    table = read_polls(saved(tmp_path, ROPF, "polls.ropf"), an_election(("Red", "Blue", "Green")))
    assert table.polls["pollster"].tolist() == ["ACME", "BETA"]
    assert percent(table)[:2] == [55, 43]
    assert table.shares["other"].iloc[0] == pytest.approx(0.02)
    assert table.together["p1+p2"].iloc[1] == pytest.approx(0.44)


def test_rows_are_chosen_and_several_columns_make_one_day(tmp_path: Path) -> None:
    text = "year,month,day,land,Company,Red,Blue\n2026,8,17,sn,Novus,34,40\n2026,8,3,th,Novus,30,45\n"
    settings = {"end": ["year", "month", "day"], "rows": {"land": "sn"}}
    table = read_polls(saved(tmp_path, text), an_election(**settings))
    assert [str(day.date()) for day in table.polls["fieldwork_end"]] == ["2026-08-17"]
    with pytest.raises(PollDataError, match="no row has this value; the column holds sn, th"):
        read_polls(saved(tmp_path, text), an_election(**{**settings, "rows": {"land": "xx"}}))


def test_a_column_that_polls_names_and_the_table_lacks_is_a_fault(tmp_path: Path) -> None:
    text = "Company,date,Red,Blue\nNovus,2026-08-17,34,40\n"
    with pytest.raises(PollDataError, match=r"polls.sample_size names it, and the table has no such column"):
        read_polls(saved(tmp_path, text), an_election(sample_size="persons"))


def test_votes_against_all_stand_beside_where_the_rest_comes_to_a_hundred(tmp_path: Path) -> None:
    election = parse_election(
        {
            "election": {"id": "x", "name": "X", "date": DAY},
            "parties": [
                {"id": "p0", "name": "Red"}, {"id": "p1", "name": "Blue"},
                {"id": "none", "name": "Against all", "kind": "none-of-the-above"},
            ],
            "rule": {"seats": 100, "allocation": {"method": "dhondt"}},
        }
    )  # fmt: skip
    text = "pollster,end,Red,Blue,Against all\nNovus,2026-08-17,60,40,10\nSifo,2026-08-10,58,42,8\n"
    table = read_polls(saved(tmp_path, text), election)
    assert table.polls["against_beside"].tolist() == [True, True]
    assert table.of_all_asked["none"].iloc[0] == pytest.approx(0.10, abs=0.011)
    assert table.of_all_asked.sum(axis=1).iloc[0] == pytest.approx(1.0)


SEATS = "pollster,end,Red,Blue,Green\nNovus,2026-08-17,60,40,{}\n"


def in_seats(tmp_path: Path, cell: str) -> tuple[float, float]:
    election = parse_election(
        {
            "election": {"id": "x", "name": "X", "date": DAY},
            "parties": [{"id": f"p{i}", "name": name} for i, name in enumerate(("Red", "Blue", "Green"))],
            "rule": {"seats": 100, "threshold": {"level": "4%"}, "allocation": {"method": "dhondt"}},
            "polls": {"unit": "seats"},
        }
    )
    table = read_polls(saved(tmp_path, SEATS.format(cell)), election)
    assert table.shares[["p0", "p1"]].iloc[0].tolist() == pytest.approx([0.60, 0.40], abs=0.03)
    assert table.rounding["p0"].iloc[0] == pytest.approx(0.005, rel=0.1)
    return float(table.shares["p2"].iloc[0]), float(table.rounding["p2"].iloc[0])


def test_no_seats_are_a_share_below_the_threshold(tmp_path: Path) -> None:
    share, half = in_seats(tmp_path, "0")
    assert share - half >= 0
    assert share + half == pytest.approx(0.04, abs=0.002)


def test_a_list_below_the_threshold_stands_in_brackets_with_its_share(tmp_path: Path) -> None:
    share, _ = in_seats(tmp_path, "(1.8)")
    assert share == pytest.approx(0.018)
    table = read_polls(tmp_path / "polls.csv", an_election(("Red", "Blue", "Green"), unit="seats"))
    assert table.shares["p0"].iloc[0] == pytest.approx(0.60 * (1 - 0.018))
    assert in_seats(tmp_path, "1.8 %")[0] == pytest.approx(0.018)


def test_a_long_table_of_which_nothing_says_what_is_one_poll_is_refused_by_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "polls.csv"
    file.write_text("party,share\nRed,40\nBlue,60\nRed,41\n", encoding="utf-8")
    assert main(["polls", str(file)]) == 3
    assert "this poll reports it in row 2 already" in capsys.readouterr().err
