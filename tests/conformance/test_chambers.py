"""Whole chambers as they were elected: lists by the rule, districts by the votes for their candidates."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from forecast.election import parse_election
from forecast.rules.counted_chamber import with_tiers
from forecast.rules.counts import read_count
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

APART = {
    "georgia-2012": {
        "rule": {
            "seats": 77,
            "threshold": {"level": "5%"},
            "allocation": {"method": "hare"},
        },
        "districts": 73,
    },
    "nepal-2017": {
        "rule": {
            "seats": 110,
            "threshold": {"level": "3%"},
            "allocation": {"method": "sainte-lague"},
        },
        "districts": 165,
    },
}
NEW_ZEALAND = {
    "seats": 120,
    "threshold": {"level": "5%", "or_direct_seats": 1},
    "allocation": {"method": "sainte-lague"},
    "levelling": {"mode": "keep", "deduct_unadmitted": True},
}
ELECTORATES = {"newzealand-2011": 70, "newzealand-2014": 71, "newzealand-2017": 71}


def rows_of(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "data" / "districts" / f"{name}.csv").open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def counted(shared: Path, name: str, folder: Path, rule: dict[str, Any], tier: dict[str, Any]) -> Outcome:
    """The count of lists and districts; ids of parties are numbers, their names those of the tables."""
    lists, candidates = rows_of(shared, name), rows_of(shared, f"{name}-smd")
    votes = Counter[str]()
    for row in lists:
        votes[row["party"]] += int(row["votes"] or 0)
    winners = {row["party"] for row in candidates if row["official_seats"] == "1"}
    names = list(dict.fromkeys([*(n for n in votes if not n.startswith("@")), *sorted(winners)]))
    written(folder / "result.csv", ["party", "votes"], [[n, votes[n]] for n in names])
    written(
        folder / "districts.csv",
        ["district", "party", "votes"],
        [[row["district"], row["party"], row["votes"]] for row in candidates],
    )
    election = parse_election(
        {
            "election": {"id": name, "name": name, "date": "2017-01-01", "result": "result.csv"},
            "parties": [{"id": f"p{k}", "name": n} for k, n in enumerate(names)],
            "rule": rule,
            "tiers": [
                {"id": "districts", "name": "districts", "table": "districts.csv", **tier},
            ],
        },
        folder=folder,
    )
    ready = read_count(election)
    said = [line for line in ready.warnings if "district" in line and "count for their lists" not in line]
    assert not said
    outcome = with_tiers(election, apply_rule(election.rule, ready.ballot), ready.won)
    assert {names[int(id[1:])]: n for id, n in ready.won["districts"].seats.items() if n} == dict(
        Counter(row["party"] for row in candidates if row["official_seats"] == "1")
    )
    return outcome


def written(path: Path, heading: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([heading, *rows])


def official(shared: Path, name: str) -> list[int]:
    with (shared / "data" / "districts" / "national.csv").open(newline="", encoding="utf-8") as opened:
        rows = list(csv.reader(opened))
    return sorted((int(row[2]) for row in rows if row[0] == name), reverse=True)


def held(seats: Any) -> list[int]:
    return sorted((n for n in seats.values() if n), reverse=True)


@pytest.mark.parametrize("name", APART)
def test_lists_and_districts_that_stand_apart_make_the_chamber(
    shared: Path, tmp_path: Path, name: str
) -> None:
    law = APART[name]
    tier = {"seats": law["districts"], "how": "apart"}
    outcome = counted(shared, name, tmp_path, law["rule"], tier)
    assert held(outcome.seats) == official(shared, f"{name}-list")
    assert sum(outcome.chamber.values()) == law["rule"]["seats"] + law["districts"]


@pytest.mark.parametrize(("name", "seats"), ELECTORATES.items())
def test_new_zealand_keeps_the_electorates_above_the_share(
    shared: Path, tmp_path: Path, name: str, seats: int
) -> None:
    tier = {"seats": seats, "how": "levelled"}
    outcome = counted(shared, name, tmp_path, NEW_ZEALAND, tier)
    assert held(outcome.seats) == official(shared, name)


HUNGARY = {
    "seats": 93,
    "threshold": {"level": "5%"},
    "allocation": {"method": "dhondt"},
}


def test_hungary_counts_the_votes_of_losers_and_beyond_need_for_the_lists(
    shared: Path, tmp_path: Path
) -> None:
    tier = {"seats": 106, "how": "compensated"}
    outcome = counted(shared, "hungary-2014", tmp_path, HUNGARY, tier)
    assert held(outcome.chamber) == official(shared, "hungary-2014")
    (apart := tmp_path / "apart").mkdir()
    without = counted(shared, "hungary-2014", apart, HUNGARY, tier | {"how": "apart"})
    assert held(without.chamber) != official(shared, "hungary-2014")


def test_a_tie_in_a_district_is_said(tmp_path: Path) -> None:
    written(tmp_path / "result.csv", ["party", "votes"], [["a", 60], ["b", 40]])
    rows = [["North", "b", 10], ["North", "a", 10], ["South", "a", 3], ["South", "Someone", 2]]
    written(tmp_path / "districts.csv", ["district", "party", "votes"], rows)
    tables = {
        "election": {"id": "made", "name": "made", "date": "2030-01-06", "result": "result.csv"},
        "parties": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
        "rule": {"seats": 10, "allocation": {"method": "hare"}},
        "tiers": [{"id": "smd", "name": "districts", "seats": 2, "table": "districts.csv"}],
    }
    ready = read_count(parse_election(tables, folder=tmp_path))
    assert dict(ready.won["smd"].seats) == {"a": 1, "b": 1}
    assert any("North: b and a have 10 votes each" in line for line in ready.warnings)
    tables["tiers"][0]["seats"] = 3
    assert any(
        "has 2 of its 3 seats" in line
        for line in read_count(parse_election(tables, folder=tmp_path)).warnings
    )
