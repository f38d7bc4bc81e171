"""The benchmarks run, count right, and write down what they measured."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks import checking, libraries, records, report, speed
from benchmarks.__main__ import main
from benchmarks.cases import CASES, KAZAKHSTAN
from benchmarks.measuring import Spread, Timed, Timing, interleave
from benchmarks.subjects import SUBJECTS
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.reference import apply_rule


def test_a_smoke_run_measures_every_part_and_saves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "benchmarks.json"
    assert main(["--smoke", "--output", str(output)]) == 0
    assert "Case A: Kazakhstan 2023" in capsys.readouterr().out
    saved = json.loads(output.read_text(encoding="utf-8"))
    assert saved["sizes"] == "smoke"
    assert {record["case"] for record in saved["records"]} == {"A", "B", "C"}
    assert {row["table"] for row in saved["rows"]} >= {
        "variance",
        "rules",
        "draws",
        "lists",
        "seats",
        "polls",
        "threads",
    }
    for record in saved["records"]:
        assert record["ns_per_draw"]["median"] > 0
        assert set(record["ratios"]) == set(speed.YARDSTICKS)
    assert {check["drawn_wrong"] + check["at_threshold_wrong"] for check in saved["checks"]} == {0}


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    results = records.Results(notes=["nothing"])
    results.rows.append(records.Row("rules", "A", "200 rules", "ns", Spread(1.0, 0.5, 2.0)))
    results.records.append(
        records.Record("A", "core", 1, 64, 2, Spread(1.0, 1.0, 1.0), {"numpy": Spread(0.5, 0.4, 0.6)})
    )
    results.checks.append(checking.Check("A", "core", 200, 0, 20, 1))
    path = tmp_path / "results.json"
    records.save(results, path)
    assert records.load(path) == results


def test_the_page_gets_the_tables_between_its_markers_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n\n{report.BEGIN}\n\nold\n\n{report.END}\n\nafter\n", encoding="utf-8")
    results = records.Results()
    results.rows.append(records.Row("rules", "A", "200 rules", "ns a draw", Spread(1234.5, 1200.0, 1300.0)))
    report.write_page(results, page)
    report.write_page(results, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert text.count("| A | 200 rules | 1,234 (1,200-1,300) |") == 1


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("a page of something else\n", encoding="utf-8")
    with pytest.raises(ValueError, match="markers"):
        report.write_page(records.Results(), page)


def test_the_published_page_has_its_markers() -> None:
    page = Path(__file__).parents[2] / "docs" / "benchmarks.md"
    text = page.read_text(encoding="utf-8")
    assert text.count(report.BEGIN) == text.count(report.END) == 1


def test_ratios_are_taken_within_rounds() -> None:
    ours, theirs = Timing(1, (1.0, 20.0, 3.0)), Timing(1, (2.0, 40.0, 6.0))
    assert ours.over(theirs) == Spread(0.5, 0.5, 0.5)


def test_rounds_are_interleaved() -> None:
    order: list[str] = []
    timed = {name: Timed(lambda _, name=name: order.append(name), 1, 1) for name in "ab"}
    interleave(timed, rounds=3)
    assert order[-6:] == ["a", "b", "a", "b", "a", "b"]


@pytest.mark.parametrize("key", CASES)
def test_ballots_at_the_threshold_have_a_list_exactly_there(key: str) -> None:
    case = CASES[key]
    votes = checking.ballots_at_threshold(case, 5)
    shares = votes * case.threshold.denominator
    assert len(votes) == 5
    assert np.all((shares == votes.sum(1, keepdims=True) * case.threshold.numerator).any(1))


def test_case_a_gives_the_official_seats_of_the_official_votes() -> None:
    votes = (3_431_510, 693_938, 547_154, 535_139, 432_920, 331_058, 146_431, 248_291)
    entries = tuple(
        Entry(unit, number, KAZAKHSTAN.kind(unit))
        for unit, number in zip(KAZAKHSTAN.units, votes, strict=True)
    )
    seats = apply_rule(KAZAKHSTAN.rule(), Ballot(entries)).seats
    assert [seats[unit] for unit in KAZAKHSTAN.units] == [40, 8, 6, 6, 5, 4, 0, 0]


@pytest.mark.parametrize(
    ("name", "module", "at_threshold_wrong"),
    [
        (libraries.VOTELIB, "votelib", {"A": 5, "B": 5, "C": 5}),
        (libraries.APPORTIONMENT, "apportionment", {"A": 0, "B": 0, "C": 0}),
        # Its threshold is strict; where units without seats count in the base, it is not used.
        pytest.param(
            libraries.POLI_SCI_KIT, "poli_sci_kit", {"A": 0, "B": 0, "C": 5}, marks=pytest.mark.slow
        ),
    ],
)
def test_libraries_count_as_the_exact_count_but_for_lists_at_the_threshold(
    name: str, module: str, at_threshold_wrong: dict[str, int]
) -> None:
    if find_spec(module) is None:
        pytest.skip(f"{name} is not installed; it is in requirements/bench.txt")
    subject = SUBJECTS[name]
    for key, case in CASES.items():
        found = checking.check(case, subject, subject.prepare(case), drawn=10, edges=5)
        assert found is not None
        assert (found.drawn_wrong, found.at_threshold_wrong) == (0, at_threshold_wrong[key])


def test_a_subject_that_is_not_installed_is_left_out_with_a_note() -> None:
    name = libraries.VOTELIB
    results = records.Results()
    known = SUBJECTS[name]
    SUBJECTS[name] = replace(known, needs="votelib-of-nowhere")
    try:
        usable = speed.usable(KAZAKHSTAN, results, quick=False)
    finally:
        SUBJECTS[name] = known
    assert name not in [subject.name for subject in usable]
    assert (
        "votelib left out: votelib-of-nowhere is not installed (it is in requirements/bench.txt)"
        in results.notes
    )
