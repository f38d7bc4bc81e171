"""A made-up country of six districts in two regions: election file, districts, last result, polls."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast.election import Election, load_election
from forecast.geography.known_districts import Geography, read_geography

DISTRICTS = {
    "Alder": ("North", 4, 40_000),
    "Birch": ("North", 3, 30_000),
    "Cedar": ("North", 3, 30_000),
    "Dogwood": ("South", 5, 50_000),
    "Elm": ("South", 4, 40_000),
    "Fir": ("South", 1, 10_000),
}
"""Region, seats and registered voters of each."""
LAST = {
    "Alder": {"Red": 12_000, "Blue": 8_000, "Green": 3_000},
    "Birch": {"Red": 6_000, "Blue": 8_000, "Green": 2_000},
    "Cedar": {"Red": 5_000, "Blue": 9_000, "Green": 2_000},
    "Dogwood": {"Red": 15_000, "Blue": 10_000, "Green": 4_000, "Coast": 1_000},
    "Elm": {"Red": 9_000, "Blue": 11_000, "Green": 3_000, "Coast": 2_000},
    "Fir": {"Red": 2_000, "Blue": 3_000, "Green": 1_000},
}
"""Votes of the last election by district and list; Coast stood in two of them."""

HEAD = """
[election]
id = "woods"
name = "Election of the Woods"
country = "Woods"
date = 2024-06-09
"""
PARTIES = """
[[parties]]
id = "red"
name = "Red"
[[parties]]
id = "blue"
name = "Blue"
[[parties]]
id = "green"
name = "Green"
[[parties]]
id = "coast"
name = "Coast"
"""
RULE = """
[rule]
seats = 20
law = "Woods Act, s. 1"
[rule.threshold]
level = "3%"
[rule.districts]
method = "dhondt"
table = "districts.csv"
"""
DOUBLY = """
[rule]
seats = 20
law = "Woods Act, s. 1"
ties = "lot"
[rule.threshold]
level = "100%"
or_district_share = "5%"
[rule.allocation]
method = "sainte-lague"
[rule.districts]
method = "sainte-lague"
national_totals = "biproportional"
voters = true
table = "districts.csv"
"""
"""By double proportion, as in Zurich."""
GEOGRAPHY = """
[geography]
last_result = "last.csv"
"""
POLLS = (
    ("House A", "2024-06-01", "national", 1_000, (40, 38, 14, 3)),
    ("House B", "2024-06-03", "national", 1_200, (39, 39, 15, 2)),
    ("House A", "2024-06-06", "national", 1_000, (41, 37, 14, 3)),
)
"""Pollster, last day, scope, respondents, and shares of the four parties in percent."""


def write_districts(path: Path, districts: Mapping[str, tuple[str, int, int]] = DISTRICTS) -> None:
    """The districts of the coming election."""
    rows = [[name, *facts] for name, facts in districts.items()]
    write_rows(path, ["district", "region", "seats", "registered"], rows)


def write_last(path: Path, last: Mapping[str, Mapping[str, int]] = LAST) -> None:
    """The last result, a row for each list in each district."""
    rows = [[name, party, votes] for name, found in last.items() for party, votes in found.items()]
    write_rows(path, ["district", "list", "votes"], rows)


def write_polls(path: Path, more: Sequence[tuple[str, str, str, int, Sequence[float]]] = ()) -> None:
    """Three national polls, and ``more``."""
    heading = ["pollster", "fieldwork_end", "scope", "sample_size", "red", "blue", "green", "coast"]
    write_rows(path, heading, [[*poll[:4], *poll[4]] for poll in (*POLLS, *more)])


def write_rows(path: Path, heading: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)


def woods(
    folder: Path,
    *,
    head: str = HEAD,
    parties: str = PARTIES,
    rule: str = RULE,
    geography: str = GEOGRAPHY,
    districts: Mapping[str, tuple[str, int, int]] = DISTRICTS,
    last: Mapping[str, Mapping[str, int]] = LAST,
) -> Election:
    """The election, with its tables written into ``folder``."""
    write_districts(folder / "districts.csv", districts)
    write_last(folder / "last.csv", last)
    file = folder / "woods.toml"
    file.write_text(head + parties + rule + geography, encoding="utf-8")
    return load_election(file)


def _square(x: float, y: float, *, clockwise: bool) -> list[list[float]]:
    ring = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]
    return ring[::-1] if clockwise else ring


def outlines(names: list[str]) -> dict[str, Any]:
    """Squares side by side, every other one drawn the other way round, the last in two parts."""
    features = []
    for k, name in enumerate(names):
        ring = _square(10 + k % 3, 50 + k // 3, clockwise=k % 2 == 0)
        geometry: dict[str, Any] = {"type": "Polygon", "coordinates": [ring]}
        if k == len(names) - 1:
            island = _square(20, 50, clockwise=True)
            geometry = {"type": "MultiPolygon", "coordinates": [[ring], [island]]}
        features.append(
            {"type": "Feature", "properties": {"NAME": name.upper(), "n": k}, "geometry": geometry}
        )
    return {"type": "FeatureCollection", "features": features}


def known(election: Election) -> Geography:
    """Its geography."""
    found = read_geography(election)
    assert found is not None
    return found
