"""``forecast night`` as it is called: once, for a night that is played, and for a feed that is watched."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from forecast.cli.main import main
from forecast.night.counted import KINDS, Remark
from forecast.night.evening import EARLY, remarks_said
from forecast.night.feed import CUT_SHORT
from forecast.record_schema import Run
from forecast.report import page
from forecast.storage import load
from forecast.tables import tables_of
from forecast.words import languages, speaking, texts_of, translated
from forecast.words.facts import Facts
from forecast.writing import digest_of
from tests.nights import (
    LISTS,
    counted_rows,
    made_night,
    of_a_night,
    write_counted,
    write_election,
    write_units,
)

NIGHT = made_night()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_election(tmp_path)
    write_units(tmp_path / "units.csv", NIGHT)
    deliver(tmp_path, 1.0)
    return tmp_path


def deliver(folder: Path, share: float) -> None:
    """A feed with some of the units, put in place whole."""
    write_counted(folder / "new.csv", counted_rows(NIGHT, NIGHT.first(share)))
    (folder / "new.csv").replace(folder / "counted.csv")


def command(folder: Path, *more: str) -> list[str]:
    files = ["--units", str(folder / "units.csv"), "--counted", str(folder / "counted.csv")]
    few = ["--draws", "400", "--threads", "1", "-o", str(folder / "out")]
    return ["night", str(folder / "woods.toml"), *files, *few, *more]


def called(folder: Path, *more: str) -> tuple[int, str, str]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(command(folder, *more))
    return code, out.getvalue(), err.getvalue()


def test_one_estimate_is_a_forecast_like_any_other(folder: Path) -> None:
    code, out, err = called(folder, "--as-of", "21:15")
    assert code == 0
    counted = NIGHT.votes[NIGHT.minutes <= 75]
    assert out.startswith("Election night")
    assert (
        f"{(NIGHT.minutes <= 75).sum()} of {len(NIGHT.units)} units finished; {counted.sum():,} votes" in out
    )
    assert "What is counted and what is out, by kind of vote" in out
    assert "Parties" in out
    assert "next: forecast report" in err
    kept = load(folder / "out")
    np.testing.assert_array_equal(kept.array("night/counted_votes"), counted.sum(axis=0))
    record = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))
    for name in ("units", "counted"):
        file = folder / f"{name}.csv"
        assert record["files"][name] == {"path": str(file), "sha256": digest_of(file)}
    tables = {file.stem for file in (folder / "out" / "tables").glob("*.csv")}
    assert {"night", "night-out", "night-districts", "evening", "parties", "seats"} <= tables
    for table in tables_of(kept):
        assert table.length or table.name not in ("night", "night-out")


def test_estimates_one_after_the_other_are_one_evening(folder: Path) -> None:
    for time_, out in (("20:40", "out"), ("21:10", "out"), ("21:40", "out")):
        assert called(folder, "--as-of", time_)[0] == 0
        assert (folder / out).is_dir()
    with (folder / "out" / "tables" / "evening.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["party"] == "coast"]
    assert [row["moment"] for row in rows] == ["1", "2", "3"]
    shares = [float(row["votes_share"]) for row in rows]
    assert shares == sorted(shares)


def test_json_of_a_night_is_that_of_a_forecast(folder: Path) -> None:
    code, out, _ = called(folder, "--as-of", "21:15", "--json", "-q")
    assert code == 0
    record = json.loads(out)
    assert [party["id"] for party in record["parties"]] == list(LISTS)
    night, counted = record["night"], NIGHT.votes[NIGHT.minutes <= 75].sum(axis=0)
    assert [party["counted_votes"] for party in night["parties"]] == counted.tolist()
    assert sum(kind["counted_votes"] for kind in night["kinds"]) == counted.sum()
    assert night["units_final"] == (NIGHT.minutes <= 75).sum()
    assert night["left"]["quantiles"]["0.1"] < night["left"]["median"]
    assert night["source_time"].startswith("2024-06-09T21:1")
    Run.model_validate(record)


def test_all_faults_of_both_tables_are_said_in_one_round(folder: Path) -> None:
    units = (folder / "units.csv").read_text(encoding="utf-8")
    (folder / "units.csv").write_text(units.replace("last_green", "last_gren"), encoding="utf-8")
    (folder / "counted.csv").unlink()
    code, out, err = called(folder)
    assert code == 3
    assert out == ""
    assert "column last_green: missing: the last votes of Greens; did you mean 'gren'?" in err
    assert "counted.csv: no such file" in err
    assert not (folder / "out").exists()


def test_a_broken_feed_is_refused_with_its_line(folder: Path) -> None:
    feed = (folder / "counted.csv").read_text(encoding="utf-8").replace(",final,", ",done,", 1)
    (folder / "counted.csv").write_text(feed, encoding="utf-8")
    code, out, err = called(folder)
    assert (code, out) == (3, "")
    assert 'counted.csv: row 2, column status = "done": part or final is expected' in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--watch", "--replay", "10"], "--replay: a feed is watched as it is now"),
        (["--watch", "--as-of", "22:00"], "--as-of: a feed is watched as it is now"),
        (["--every", "5"], "--every: it goes with --watch or --replay"),
        (["--as-of", "late"], '--as-of = "late": a time is expected'),
        (["--accept", "nowhere"], '--accept = "nowhere": no such unit'),
        (["--draws", "2000000"], "2000000 is out of bounds; 1 to 1 000 000 is expected"),
    ],
)
def test_options_that_cannot_be(folder: Path, options: list[str], said: str) -> None:
    code, out, err = called(folder, *options)
    assert (code, out) == (2, "")
    assert said in err


def test_nothing_counted_is_the_ordinary_forecast(folder: Path) -> None:
    deliver(folder, 0.0)
    code, out, _ = called(folder)
    assert code == 0
    assert f"0 of {len(NIGHT.units)} units finished" in out
    assert "nothing is called" in out


def test_a_night_is_played_once_more(folder: Path) -> None:
    code, out, _ = called(folder, "--replay", "1e9", "--every", "1800")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) > 4
    assert lines[-1].split("  ")[1].startswith("100.0 % of units, 100.0 % of votes")
    kept = load(folder / "out")
    assert kept.attrs["night_rehearsal"] == "1"
    assert len(kept.array("evening/moment")) == len(lines)
    middle = kept.array("share_quantile")[:, 3]
    assert middle.tolist() == pytest.approx((NIGHT.votes.sum(axis=0) / NIGHT.votes.sum()).tolist(), abs=1e-4)


def test_the_page_is_written_anew_with_every_estimate(folder: Path) -> None:
    code, _, _ = called(folder, "--as-of", "21:15", "--page", "-q")
    assert code == 0
    text = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "What is counted and what is out" in text
    assert "Last report: 2024-06-09 21:1" in text


# The page.


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("districts", [False, True])
def test_the_page_of_a_night_tells_what_is_in_and_what_is_out(language: str, *, districts: bool) -> None:
    forecast = of_a_night(districts=districts)
    html = page(forecast, language)
    told = texts_of(language)
    for key in (
        "night_out",
        "night_kind_shares",
        "evening",
        "evening_chances",
        "night_feed",
        "night_parties",
    ):
        assert told[key] in html
    assert 'id="evening_chances"' in html
    assert 'id="night-districts"' in html
    assert "0.00 %" not in html.partition("<script")[0]
    assert "-0" not in html.partition("<main")[2].partition("<script")[0]


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_what_a_night_minds_is_told_in_every_language(language: str) -> None:
    """Warnings, kinds of remarks, titles, the caption: each has its words, with its figures."""
    forecast = of_a_night()
    remarks = [Remark(kind, "u", 1, "row 1, u: 5 votes") for kind in KINDS if kind != "columns"]
    said = [*remarks_said("feed.csv", remarks), *remarks_said("feed.csv", [*remarks, *remarks])]
    early = EARLY.format(units=7, votes=0.0123)
    stands = "feed.csv: row 9: 3 cells under 9 headings; the estimate of 22:10 stands"
    still = "feed.csv: the feed stands still: unchanged since 21:43; the estimate of 22:10 stands"
    back = "withdrawn: that Greens enters was called at 20:00, and is not any more since 20:20"
    back += "; its chance is 97.0 % now"
    with speaking(language):
        told = [*forecast.attrs["warnings"], *said, *KINDS.values(), early, stands, still, back]
        told += [f"feed.csv: {CUT_SHORT}", str(forecast.attrs["track_record"]), Facts(forecast).caption]
        told += [table.title for table in tables_of(forecast)]
        assert [sentence for sentence in told if translated(sentence) is None] == []
        assert "97,0" in (translated(back) or "")


def test_parts_of_the_night_stand_alone() -> None:
    html = page(of_a_night(), panel="evening")
    assert 'id="evening_seats"' in html
    assert 'id="night-kinds"' not in html
    assert 'id="night-kinds"' in page(of_a_night(), panel="night")


# A feed that is watched.


def _started(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    pipe = subprocess.PIPE
    words = [sys.executable, "-m", "forecast", *command(folder, "--watch", "--every", "0.1")]
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment)


def _until(reached, seconds: float = 90.0) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, "nothing happens"
        time.sleep(0.05)


def _moments(folder: Path) -> int:
    file = folder / "out" / "tables" / "evening.csv"
    if not file.exists():
        return 0
    rows = file.read_text(encoding="utf-8").splitlines()[1:]
    return len({row.partition(",")[0] for row in rows})


def test_a_watched_feed_ends_by_ctrl_c_with_all_that_was_made(folder: Path) -> None:
    """A change, a broken file and another change; then an interrupt."""
    deliver(folder, 0.3)
    with _started(folder) as process:
        _until(lambda: _moments(folder) == 1)
        good = (folder / "counted.csv").read_text(encoding="utf-8")
        (folder / "counted.csv").write_text(good[: len(good) // 2] + "\n", encoding="utf-8")
        run = folder / "out" / "run.json"
        _until(lambda: "stands" in run.read_text(encoding="utf-8"))
        deliver(folder, 0.6)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
    assert out == ""
    assert all(" % of units, " in line for line in lines)
    assert "the estimate of " in err
    assert "interrupted; nothing was written by halves" in err
    kept = load(folder / "out")
    assert "night_trouble" not in kept.attrs
    assert kept.array("night/units_final").sum() == len(NIGHT.first(0.6))
