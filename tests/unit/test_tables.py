"""Tables: one definition, the same numbers in every form, and no name that breaks out of its cell."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from forecast.election import load_election
from forecast.errors import ConfigurationError
from forecast.result import Forecast
from forecast.tables import Column, Table, table_of, tables_of
from forecast.tables.definitions import number, typed
from forecast.tables.exporting import SUFFIXES, as_csv, as_json, exported
from forecast.words import rounding
from forecast.words.rounding import DASH, as_written, percent, points
from tests.forecasts import CONFIG, in_districts, kazakhstan, tables_of_kazakhstan
from tests.made import made_forecast
from tests.nights import of_a_night
from tests.swept import estimate_of, swept

KAZAKHSTAN = load_election(CONFIG)
NASTY = '"A|B" <script>alert(1)</script> & Ақ жол_100% {x} \\y $z$ `c` *d* 🗳️'
NAMES = {"auyl": NASTY, "aqjol": "=1+1"}


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return kazakhstan()


@pytest.fixture(scope="module")
def nasty() -> Forecast:
    return kazakhstan(500, NAMES)


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Forecast:
    """Forecast from pre-election polls: those were tested on past elections, exit polls were not."""
    return made_forecast(tmp_path_factory.mktemp("tested"), 6, draws=4_096)


EVERY_KIND = {
    "a run": kazakhstan,
    "districts": in_districts,
    "a night": of_a_night,
    "rules": lambda: swept(KAZAKHSTAN, estimate_of(KAZAKHSTAN), {"threshold": "3%,5%,9%"}, draws=2_048),
}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_table_shows_a_chance_without_its_monte_carlo_error(kind: str) -> None:
    """Machines have a column of it, people one beside the chance, or the largest of them in a note."""
    told = 0
    for table in tables_of(EVERY_KIND[kind]()):
        names = [column.name for column in table.columns if "probability" in column.name]
        chances = {name: re.sub(r"probability(?=_|$)", "mc_error", name) for name in names}
        if table.name == "calibration":  # counts of past elections: nothing is drawn
            continue
        assert set(chances.values()) <= set(table.values), table.name
        texts = table.texts()
        for k, shown in enumerate(table.shown):
            cells = [(row, cell[k]) for row, cell in zip(table.rows_shown(), texts, strict=True)]
            cells = [(row, cell) for row, cell in cells if cell not in ("", DASH)]
            for name, error in chances.items():
                pairs = [((number(row[name]), number(row[error])), cell) for row, cell in cells]
                if not pairs or any(None in pair for pair, _ in pairs):
                    continue
                bare = all(cell == percent(pair[0]) for pair, cell in pairs)
                if all(cell == rounding.probability(*pair) for pair, cell in pairs):
                    beside = [cell[k + 1 : k + 2] for cell in texts if cell[k] not in ("", DASH)]
                    errors = [[points(pair[1])] for pair, _ in pairs]
                    largest = any("points at most" in note for note in table.notes)
                    assert beside == errors or largest, (table.name, shown.title)
                    told += 1
                else:
                    assert not bare, (table.name, shown.title)
    assert told > 4


@pytest.mark.parametrize("name", tables_of_kazakhstan())
def test_every_table_has_the_columns_that_it_documents(
    name: str, forecast: Forecast, tested: Forecast
) -> None:
    table = table_of(tested if name in ("calibration", "record-by-kind") else forecast, name)
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert all(column.meaning for column in table.columns)
    assert table.rows
    assert all(list(row) == names for row in table.rows)
    assert all(len(texts) == len(table.shown) for texts in table.texts())


@pytest.mark.parametrize("name", tables_of_kazakhstan())
def test_pandas_reads_back_the_numbers_of_csv_json_excel_and_parquet(
    name: str, forecast: Forecast, tested: Forecast
) -> None:
    table = table_of(tested if name in ("calibration", "record-by-kind") else forecast, name)
    numbers = [column.name for column in table.columns if column.type in ("number", "integer")]
    wanted = pd.DataFrame([dict(row) for row in table.rows])[numbers].astype(float).to_numpy()
    read = {
        "csv": pd.read_csv(io.BytesIO(exported([table], "csv"))),
        "xlsx": pd.read_excel(engine="openpyxl", io=io.BytesIO(exported([table], "xlsx")), sheet_name=name),
        "parquet": pd.read_parquet(io.BytesIO(exported([table], "parquet"))),
        "json": pd.DataFrame(json.loads(exported([table], "json"))["tables"][name]["rows"]),
    }
    for form, frame in read.items():
        assert list(frame.columns) == [column.name for column in table.columns], form
        found = frame[numbers].astype(float).to_numpy()
        # A workbook holds 15 digits, as Excel does; the others hold every bit.
        np.testing.assert_allclose(found, wanted, rtol=1e-14 if form == "xlsx" else 0, equal_nan=True)


def test_the_numbers_of_the_tables_are_those_of_the_record(forecast: Forecast) -> None:
    record = forecast.record()
    rows = {row["party"]: row for row in table_of(forecast, "parties").rows}
    for party in record["parties"]:
        row = rows[party["id"]]
        assert row["pass_probability"] == party["passes"]["probability"]
        assert row["pass_mc_error"] == party["passes"]["mc_error"]
        assert row["share_mean"] == party["share"]["mean"]
        assert row["share_high80"] == party["share"]["quantiles"]["0.9"]
        assert row["seat_median"] == party["seats"]["median"]
        assert row["seat_mean"] == party["seats"]["mean"]
    chances = {
        (row["party"], str(row["seats"])): row["probability"] for row in table_of(forecast, "seats").rows
    }
    for party in record["parties"][:-1]:
        for seats, probability in party["seats"]["distribution"].items():
            assert chances[party["id"], seats] == probability
    majorities = {row["coalition"]: row for row in table_of(forecast, "coalitions").rows}
    for coalition in record["coalitions"]:
        assert majorities[coalition["id"]]["majority_probability"] == coalition["majority"]["probability"]


def test_an_option_without_seats_has_its_row_with_dashes(forecast: Forecast) -> None:
    table = table_of(forecast, "parties")
    cells = dict(zip([shown.title for shown in table.shown], table.texts()[-1], strict=True))
    assert cells["Party"] == "Against all"
    assert cells["Share"].endswith(" %")
    assert cells["Passes"] == cells["Seats"] == cells["Mean"] == "–"
    assert table.rows[-1]["pass_probability"] == 0.0
    assert table.rows[-1]["seat_mean"] == 0.0


def test_finite_draws_are_printed_as_bounds(forecast: Forecast) -> None:
    passes = _column(table_of(forecast, "parties"), "Passes")
    assert passes[0] == ">99 %"  # 2,000 of 2,000 draws: three in two thousand may be missed
    assert "<1 %" in passes
    assert not {"0 %", "0.0 %", "100 %", "100.0 %"} & set(passes)


def test_one_draw_tells_nothing() -> None:
    table = table_of(kazakhstan(1), "parties")
    assert set(_column(table, "Passes")) == {"?", "–"}


def _column(table: Table, title: str) -> list[str]:
    at = [shown.title for shown in table.shown].index(title)
    return [cells[at] for cells in table.texts()]


def test_polls_travel_with_their_weights(forecast: Forecast) -> None:
    rows = table_of(forecast, "polls").rows
    assert [row["pollster"] for row in rows] == [
        "Institute of Eurasian Integration",
        "SOCIS-A",
        "Institute of Democracy",
    ]
    assert sum(float(row["weight"] or 0) for row in rows) == pytest.approx(1.0)
    assert rows[0]["end"] == "2023-03-19"
    assert rows[1]["share_osdp"] == pytest.approx(0.0491, abs=1e-4)


def test_the_last_election_stands_beside_where_it_is_given(forecast: Forecast) -> None:
    rows = {row["party"]: row for row in table_of(forecast, "parties").rows}
    assert (rows["aqjol"]["last_share"], rows["aqjol"]["last_seats"]) == (0.1095, 12)
    assert rows["respublica"]["last_share"] is None


def test_house_effects_are_those_of_the_result_and_only_of_parties_that_a_pollster_reports(
    forecast: Forecast,
) -> None:
    effects = forecast["trend/effect"]
    rows = table_of(forecast, "houses").rows
    assert len(rows) == int(np.isfinite(effects.values).sum()) < effects.size
    for row in rows:
        assert row["effect"] == as_written(float(effects.sel(pollster=row["pollster"], party=row["party"])))
        assert (
            float(row["effect_low80"] or 0) <= float(row["effect"] or 0) <= float(row["effect_high80"] or 0)
        )


def test_calibration_is_that_of_the_result(tested: Forecast) -> None:
    data, rows = tested, table_of(tested, "calibration").rows
    held = [row["observed_frequency"] for row in rows if row["statement"] == "interval"]
    assert held == data["record/coverage"].values.tolist()
    for kind, stem in (("crossing", "pass"), ("majority", "majority")):
        values = data[f"record/{stem}_observed_frequency"].values
        assert [row["observed_frequency"] for row in rows if row["statement"] == kind] == [
            as_written(value) for value in values[np.isfinite(values)].tolist()
        ]
        assert all(
            float(row["low"] or 0) <= float(row["forecast_probability"] or 0) <= float(row["high"] or 0)
            for row in rows
        )


def test_a_forecast_of_a_kind_that_was_not_tested_has_no_calibration_but_the_reason(
    forecast: Forecast,
) -> None:
    table = table_of(forecast, "calibration")
    assert not table.rows
    assert any("exit poll" in note for note in table.notes)


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_shows_a_name_as_it_is_and_runs_nothing(nasty: Forecast) -> None:
    page = _Page()
    page.feed(exported(tables_of(nasty), "html").decode())
    assert "script" not in page.tags
    assert NASTY in page.texts
    assert "http" not in " ".join(page.tags)


def test_markdown_keeps_a_name_in_its_cell(nasty: Forecast) -> None:
    lines = [
        line for line in exported([table_of(nasty, "parties")], "md").decode().splitlines() if line[:1] == "|"
    ]
    cells = [len(re.split(r"(?<!\\)\|", line)) for line in lines]
    assert len(lines) == 2 + 8
    assert len(set(cells)) == 1
    assert r"&lt;script\>" in lines[3]
    assert "Ақ жол\\_100%" in lines[3]


def test_markdown_leaves_a_bound_as_it_is(nasty: Forecast) -> None:
    text = exported([table_of(nasty, "parties")], "md").decode()
    assert "| <" in text
    assert "\\<" not in text  # Python-Markdown would show the backslash


def test_latex_keeps_a_name_in_its_cell(nasty: Forecast) -> None:
    text = exported([table_of(nasty, "parties")], "latex").decode()
    row = next(line for line in text.splitlines() if "script" in line)
    assert r"\_100\%" in row
    assert r"\textbackslash{}y" in row
    assert r"\$z\$" in row
    assert r"\{x\}" in row
    assert len(re.findall(r"(?<!\\)&", row)) == len(table_of(nasty, "parties").shown) - 1


def test_excel_shows_a_name_that_looks_like_a_formula(nasty: Forecast) -> None:
    frame = pd.read_excel(
        engine="openpyxl", io=io.BytesIO(exported([table_of(nasty, "parties")], "xlsx")), sheet_name="parties"
    )
    assert list(frame["party_name"][[1, 3]]) == [NASTY, "=1+1"]


@pytest.mark.parametrize(
    "name", ["=1+1", "@SUM(A1)", "+cmd", "-cmd", "-1+cmd|' /C calc'!A0", "=HYPERLINK(1)"]
)
def test_no_spreadsheet_runs_a_name_unless_it_is_asked_for_as_it_is(name: str) -> None:
    table = table_of(kazakhstan(500, {"auyl": name}), "parties")
    cells = [row["party_name"] for row in csv.DictReader(io.StringIO(exported([table], "csv").decode()))]
    raw = [
        row["party_name"] for row in csv.DictReader(io.StringIO(exported([table], "csv", raw=True).decode()))
    ]
    assert cells[1] == f"'{name}"
    assert raw[1] == name
    assert cells[2:] == raw[2:]


def test_numbers_with_a_sign_stay_numbers(forecast: Forecast) -> None:
    table = table_of(forecast, "coalitions")
    margins = [row["margin"] for row in csv.DictReader(io.StringIO(exported([table], "csv").decode()))]
    assert [float(margin) for margin in margins] == [row["margin"] for row in table.rows]
    assert min(map(float, margins)) < 0


def test_csv_and_parquet_hold_a_name_to_the_letter(nasty: Forecast) -> None:
    table = table_of(nasty, "parties")
    from_csv = pd.read_csv(io.BytesIO(exported([table], "csv", raw=True)))
    from_parquet = pd.read_parquet(io.BytesIO(exported([table], "parquet")))
    for name in NAMES.values():
        assert name in set(from_csv["party_name"])
        assert name in set(from_parquet["party_name"])


@pytest.mark.parametrize("form", [form for form in SUFFIXES if form not in ("csv", "parquet", "xlsx")])
def test_text_forms_carry_the_provenance(form: str, forecast: Forecast) -> None:
    text = exported(tables_of(forecast), form).decode()
    assert "2,000 draws" in text
    assert "seed 1" in text
    assert "polls known by 2023-03-19" in text


def test_an_unknown_table_is_refused_with_the_nearest(forecast: Forecast) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'parties'"):
        table_of(forecast, "partys")


def test_a_form_of_one_table_refuses_several(forecast: Forecast) -> None:
    with pytest.raises(ConfigurationError, match="one table"):
        exported(tables_of(forecast), "csv")


def test_tables_of_no_rows_are_tables(forecast: Forecast) -> None:
    columns = table_of(forecast, "events").columns
    empty = Table("none", "None", columns, {column.name: [] for column in columns}, (), "")
    assert exported([empty], "csv").decode().startswith("event,event_name")


def test_no_exported_number_has_digits_that_only_a_computer_sees() -> None:
    """0.1 + 0.2 is 0.3 in every format that other programs read."""
    column = Column("x", "1", "number", "a number")
    values = [0.1 + 0.2, 0.07400000000000001, 1 / 3, 1e-9 / 3, 123456.7]
    held = {"x": typed(values, "number")}
    table = Table("t", "T", (column,), held, (), "provenance")
    texts = as_csv(table).splitlines()[1:]
    assert texts == ["0.3", "0.074", "0.333333333333", "3.33333333333e-10", "123456.7"]
    for value, text in zip(values, texts, strict=True):
        assert float(text) == pytest.approx(value, rel=1e-11)
    for written in (as_json([table]), exported([table], "json").decode()):
        assert [row["x"] for row in json.loads(written)["tables"]["t"]["rows"]] == [
            float(one) for one in texts
        ]
