"""Forecasts that were published: over time, what changed and why, frozen, and scored after the vote."""

from __future__ import annotations

import datetime
import gzip
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from forecast.cli.main import main
from forecast.errors import ConfigurationError
from forecast.published.archive_of_forecasts import (
    FROZEN,
    Archive,
    a_week_before,
    freeze,
    read_archive,
    since,
)
from forecast.published.scored import LABELS, Record, Statement, by_label, record_of
from forecast.report import page
from forecast.result import Forecast
from forecast.storage import load
from forecast.words.facts import Facts
from tests.made import write_made_election
from tests.page_data import given, rows_of

DAYS = ("2024-04-01", "2024-04-15", "2024-04-25", "2024-04-30")
KEPT = Path(__file__).parents[1] / "kept" / "version_0_3"
SHARES = {"p0": 30.0, "p1": 24.0, "p2": 20.0, "p3": 14.0, "p4": 6.0, "p5": 3.9, "against": 2.1}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = write_made_election(tmp_path_factory.mktemp("made"), 6, odd=False, coalitions=2, polls=8)
    with file.open("a", encoding="utf-8") as opened:
        opened.write('[[events]]\nid = "in"\nname = "Party 5 enters"\nall = [{ enters = "p4" }]\n')
    return file


@pytest.fixture(scope="module")
def kept(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of four days; on the last the threshold is another."""
    folder = tmp_path_factory.mktemp("archive")
    for day in DAYS:
        more = ["--set", "rule.threshold.level=3%"] if day == DAYS[-1] else []
        run = ["run", str(config), "--as-of", day, "-n", "4096", "-q", "-o", str(folder / day), *more]
        assert main(run) == 0
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path / "archive")


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    lines = [f"{party},{int(10_000 * share)}" for party, share in SHARES.items()]
    (tmp_path / "votes.csv").write_text("\n".join(["party,votes", *lines]) + "\n", encoding="utf-8")
    return tmp_path / "votes.csv"


def test_an_archive_holds_every_forecast_as_it_was_said_in_the_order_of_days(folder: Path) -> None:
    shutil.copy(folder / DAYS[0] / "forecast.nc", folder / "again.nc")
    archive = read_archive(folder)
    assert [one.as_of.isoformat() for one in archive.past] == list(DAYS)
    for past in archive.past:
        whole = load(folder / past.file)
        for path in ("share_quantile", "seat_quantile", "pass_probability", "majority_mc_error"):
            np.testing.assert_array_equal(past.forecast.array(path), whole.array(path))
        assert Facts(past.forecast).question == Facts(whole).question
        assert past.sealed
        assert past.version
    now = load(folder / DAYS[2])
    assert [one.as_of.isoformat() for one in archive.before(now)] == list(DAYS[:2])
    week = a_week_before(archive.before(now), now)
    assert week is not None
    assert week.as_of == datetime.date(2024, 4, 15)


def test_what_is_frozen_and_then_changed_or_gone_is_an_error(folder: Path) -> None:
    archive = read_archive(folder)
    assert len(archive.not_frozen) == len(DAYS)
    assert sorted(freeze(archive)) == sorted(archive.not_frozen)
    assert read_archive(folder).not_frozen == []
    shutil.copy(folder / DAYS[1] / "forecast.nc", folder / DAYS[0] / "forecast.nc")
    (folder / DAYS[3] / "forecast.nc").unlink()
    with pytest.raises(ConfigurationError) as caught:
        read_archive(folder)
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == 2
    assert "this forecast is frozen and is another now" in said[0]
    assert "is gone" in said[1]


def test_a_damaged_file_is_refused_with_every_other_fault(folder: Path) -> None:
    for day in DAYS[:2]:
        file = folder / day / "forecast.nc"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_archive(folder)
    assert len(caught.value.faults) == 2
    assert all("damaged" in str(fault) for fault in caught.value.faults)


def test_forecasts_of_0_3_0_are_read_as_they_were_said_and_their_sweeps_passed_over(tmp_path: Path) -> None:
    for name in ("forecast", "sweep", "series"):
        (tmp_path / f"{name}.nc").write_bytes(gzip.decompress((KEPT / f"{name}.nc.gz").read_bytes()))
    archive = read_archive(tmp_path)
    (past,) = archive.past
    assert past.version == "0.3.0"
    assert not past.sealed
    assert past.as_of == datetime.date(2022, 9, 10)
    said = "\n".join(archive.said)
    assert "sweep.nc: passed over" in said
    assert "series.nc: passed over" in said
    assert "not sealed" in said
    facts = Facts(past.forecast)
    assert [row["name"] for row in facts.lists] == ["Reds", "Blues", "Greens"]
    assert facts.lists[0]["share_median"] == pytest.approx(0.4076, abs=1e-4)
    assert since(past.forecast, past.forecast).why == ("no new poll",)
    votes = tmp_path / "votes.csv"
    votes.write_text("party,votes\nred,42000\nblue,37000\ngreen,5000\nother,16000\n", encoding="utf-8")
    record = record_of(archive, votes)
    assert record.official[0].house == 25
    assert {one.of: one.happened for one in record.statements} == {
        "red": True,
        "blue": True,
        "green": True,
        "left": True,
    }


def test_why_a_forecast_is_another_names_polls_time_and_rule(folder: Path) -> None:
    archive = read_archive(folder)
    first, second, third, last = (one.forecast for one in archive.past)
    known = [len(one.values["polls/pollster"]) for one in archive.past]
    assert known[1] > known[0]
    found = since(first, second).why
    assert found[0].startswith(f"new polls: {known[1] - known[0]} (")
    assert found[1] == "days nearer to the vote: 14"
    assert len(found) == 2
    (rule,) = [why for why in since(third, last).why if why.startswith("the rule is another")]
    assert re.search(r"at least 4%.* → .*at least 3%", rule)
    assert since(last, last).why == ("no new poll",)


def test_the_page_shows_every_day_of_the_archive_with_the_numbers_of_its_forecast(folder: Path) -> None:
    archive = read_archive(folder)
    now = load(folder / DAYS[-1])
    text = page(now, archive=archive)
    data = given(text)
    for figure, path, field in (
        ("over-shares", "share_quantile", "share"),
        ("over-seats", "seat_quantile", "seats"),
    ):
        panels = data["figures"][figure]
        assert len(panels) == 6
        for panel in panels:
            rows = rows_of(data, panel["data"]["days"])
            assert [row["day"] for row in rows] == list(DAYS)
            for row, past in zip(rows, archive.past, strict=True):
                k = past.forecast.names("party_name").index(panel["name"])
                low, middle, high = past.values[path][k, [1, 3, 5]]
                assert (row["low"], row[field], row["high"]) == pytest.approx((low, middle, high), rel=1e-5)
    assert data["figures"]["over-majorities"]
    assert "What is new since the forecast of 25 April 2024: " in text
    assert "What is new since the forecast of 15 April 2024: " in text
    finding = re.search(r'class="finding"[^>]*>(.*?)</p>', text)
    assert finding is not None
    assert "Since the forecast of 25 April 2024 the chance of a majority " in finding.group(1)
    for past in archive.past[:-1]:
        assert past.digest[:12] in text
    assert archive.past[-1].digest[:12] not in text


def test_changes_on_the_page_are_the_differences_of_the_forecasts(folder: Path) -> None:
    archive = read_archive(folder)
    now, last = Facts(archive.past[-1].forecast), Facts(archive.past[-2].forecast)
    text = page(load(folder / DAYS[-1]), archive=archive)
    table = re.search(r'<table id="moves">(.*?)</table>', text, re.DOTALL)
    assert table is not None
    rows = re.findall(r"<tr><th[^>]*>([^<]*)</th>(.*?)</tr>", table.group(1))[1:]
    before = {row["name"]: row for row in last.lists}
    assert len(rows) == len(now.lists)
    for (name, cells), row in zip(rows, now.lists, strict=True):
        shown = re.findall(r"<td>([^<]*)</td>", cells)
        assert name == row["name"]
        moved = round(100 * (row["share_median"] - before[name]["share_median"]), 1)
        assert float(shown[1].replace("\N{MINUS SIGN}", "-")) == pytest.approx(moved, abs=0.051)
        seats = row["seat_median"] - before[name]["seat_median"]
        assert float(shown[7].replace("\N{MINUS SIGN}", "-")) == seats


def test_what_a_later_version_adds_to_a_forecast_does_not_stop_the_page(folder: Path) -> None:
    now = load(folder / DAYS[-1])
    more = Forecast(
        {**now.groups, "": now.dataset.assign(of_a_later_version=("party", now.array("seat_mean")))}
    )
    assert given(page(more, archive=read_archive(folder)))["figures"]["over-shares"]


def test_a_page_of_the_first_forecast_says_so(folder: Path) -> None:
    text = page(load(folder / DAYS[0]), archive=read_archive(folder))
    assert "This is the first forecast on record." in text
    assert 'id="over-shares"' not in text


def test_forecasts_are_scored_by_the_seats_of_the_votes(folder: Path, votes: Path) -> None:
    record = record_of(read_archive(folder), votes)
    (official,) = record.official
    # The last forecast knew a threshold of 3 %: all enter; 120 seats by Sainte-Lague.
    assert official.house == 120
    assert official.admitted["p5"]
    assert official.shares["p0"] == pytest.approx(0.30)
    assert official.seats["p0"] == pytest.approx(120 * 30 / 97.9, abs=1)
    for one in record.statements:
        if one.kind == "enters":
            assert one.happened == (official.seats[one.of] > 0)
        if one.kind == "majority":
            members = {"c0": ("p0", "p2", "p4"), "c1": ("p1", "p3", "p5")}[one.of]
            assert one.happened == (2 * sum(official.seats[party] for party in members) > 120)
        if one.kind == "event":
            assert one.happened == official.admitted["p4"]
    assert len(record.statements) == len(DAYS) * (6 + 2 + 1)
    first = next(past for past in read_archive(folder).past if past.as_of.isoformat() == DAYS[0])
    for one in record.intervals:
        if one.file == first.file and one.quantity == "share" and one.level == 0.8:
            low, high = first.values["share_quantile"][first.forecast.parties.index(one.party), [1, 5]]
            assert one.held == (low <= official.shares[one.party] <= high)


def test_labels_count_what_was_likelier_and_what_should_have_been_right() -> None:
    def said(chance: float, happened: bool) -> Statement:
        day = datetime.date(2024, 4, 1)
        return Statement("e", "f", day, 30, "enters", "p", "P", chance, 0.001, happened)

    statements = [
        *(said(0.99, True), said(0.02, False), said(0.97, False)),
        *(said(0.85, True), said(0.15, True)),
        *(said(0.7, True), said(0.35, False), said(0.55, False), said(0.5, True)),
    ]
    found = {one.label: one for one in by_label(statements)}
    assert list(found) == [*(label for label, _ in LABELS), "all"]
    assert [(one.statements, one.right) for one in found.values()] == [(3, 2), (2, 1), (2, 2), (2, 1), (9, 6)]
    assert found["safe"].expected == pytest.approx(0.99 + 0.98 + 0.97)
    assert found["open"].expected == pytest.approx(0.55 + 0.5)
    assert found["likely"].brier == pytest.approx((0.15**2 + 0.85**2) / 2)


def test_a_forecast_made_after_the_vote_is_not_scored_and_no_vote_foretold_is_refused(
    folder: Path, votes: Path
) -> None:
    archive = read_archive(folder)
    later = [_held_on(archive, day) for day in ("2024-04-20", "2024-03-01")]
    record = record_of(later[0], votes)
    assert {one.as_of.isoformat() for one in record.statements} == set(DAYS[:2])
    assert "2 forecasts made after the vote are not scored" in record.said
    # Of days before the vote, but made today.
    assert "2 of 2 forecasts were made after the vote, of what was known on their day" in record.said
    with pytest.raises(ConfigurationError, match="none foretold it"):
        record_of(later[1], votes)


def _held_on(archive: Archive, day: str) -> Archive:
    from dataclasses import replace

    return replace(
        archive, past=tuple(replace(one, attrs={**one.attrs, "election_date": day}) for one in archive.past)
    )


def test_the_command_freezes_and_scores_and_the_page_tells_it(
    folder: Path, votes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", str(folder)]) == 0
    printed = capsys.readouterr()
    assert "4 forecasts, 4 newly frozen" in printed.err
    assert "yes" in printed.out
    assert json.loads((folder / FROZEN).read_text())["outputs"].keys() == {
        f"{day}/forecast.nc" for day in DAYS
    }
    assert main(["record", str(folder), "--result", str(votes), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    record: Record = record_of(read_archive(folder), votes)
    assert len(found["statements"]) == len(record.statements)
    whole = next(row for row in found["labels"] if (row["forecasts"], row["label"]) == ("all", "all"))
    assert whole["right"] == sum(one.right for one in record.statements)
    out = tmp_path / "page.html"
    wanted = ["report", str(folder / DAYS[-1]), "--archive", str(folder), "-o", str(out), "-q"]
    assert main([*wanted, "--result", str(votes)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "How did these forecasts come out?" in text
    assert "safe (95 % and more)" in text
    assert "record-statements.csv" in text
    capsys.readouterr()
    assert main(["report", str(folder / DAYS[-1]), "--result", str(votes)]) == 2
    assert "--archive" in capsys.readouterr().err


def test_a_folder_of_two_elections_one_of_none_and_none_at_all_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.nc").write_bytes(gzip.decompress((KEPT / "forecast.nc.gz").read_bytes()))
    assert main(["record", str(folder)]) == 2
    assert "forecasts of several elections" in capsys.readouterr().err
    assert len(read_archive(folder, "made").past) == len(DAYS)
    (tmp_path / "empty").mkdir()
    assert main(["record", str(tmp_path / "empty")]) == 2
    assert "no forecast in this folder" in capsys.readouterr().err
    assert main(["record", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err
