"""Elections by district outside the project, as election files with their laws, for official seats to check.

Each table of ``../shared/data/districts`` is written out under ids as a user would write it, and read back by
the program; the laws are those that the program has of past elections.
"""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from forecast.election import Election
from forecast.verification.exact_law import SHIPPED

Law = Mapping[str, Any]

FILE: Mapping[str, Any] = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
LAWS: dict[str, Law] = {
    name: {key: value for key, value in law.items() if key != "elections"}
    for law in FILE["laws"]
    if "districts" in law
    for name in law["elections"]
}
LISTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = FILE["lists"]
NOT_A_LIST = {"other", "independents"}


def rows_of(shared: Path, name: str) -> list[dict[str, str]]:
    """The rows of one table outside the project."""
    with (shared / "data" / "districts" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def official_nationally(shared: Path, name: str) -> dict[str, int]:
    """Official seats by party; the file names only those that have some."""
    with (shared / "data" / "districts" / "national.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["party"]: int(row["official_seats"])
            for row in csv.DictReader(file)
            if row["election"] == name
        }


def election_of(shared: Path, name: str, folder: Path, rule: Law | None = None) -> Election:
    """The election of a table under its law; the table under ids is written into ``folder``."""
    rows = rows_of(shared, name)
    labels = list(dict.fromkeys(row["party"] for row in rows if not _of_alliance(name, row["party"])))
    ids = {label: "other" if label in NOT_A_LIST else f"p{n}" for n, label in enumerate(labels, 1)}
    table = folder / f"{name}-districts.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        written = list(_as_written(name, rows, ids))
        writer = csv.DictWriter(file, dict.fromkeys(key for row in written for key in row))
        writer.writeheader()
        writer.writerows(written)
    law = dict(rule or LAWS[name])
    law["districts"] = {**law["districts"], "table": str(table)}
    parties = [_party(name, label, ids[label]) for label in labels]
    facts = {"id": name, "name": name, "date": "2020-01-01"}
    return Election.model_validate(
        {"election": facts, "parties": parties, "rule": law}, context={"place": f"{name}.toml"}
    )


def _of_alliance(name: str, label: str) -> bool:
    return name.startswith("turkey") and label.startswith("@")


def _party(name: str, label: str, own: str) -> dict[str, Any]:
    facts = LISTS.get(name, {}).get(label, {})
    party: dict[str, Any] = {"id": own, "name": f"{label} ({own})", **facts}
    if label.startswith("@"):
        party["kind"] = "none-of-the-above"
    if label in NOT_A_LIST:
        party["kind"] = "residual"
    return party


def _as_written(name: str, rows: list[dict[str, str]], ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The rows as a user would write them: ids, seats abroad 0, levelling seats in a column of their own."""
    scotland = name.startswith("scotland")
    austria = _austrian_seats(rows) if name.startswith("austria") else {}
    for row in rows:
        region, _, levelling = row["region"].partition("levelling=")
        label = row["party"]
        seats = row["seats"]
        if name.startswith("bulgaria"):
            seats = seats or "0"
        if name.startswith("czechia"):
            seats = ""
        if austria:
            seats = austria[row["district"]]
        yield {
            "district": row["district"],
            "district_name": row["district_name"],
            "party": ids.get(label, label),
            "votes": row["votes"],
            "seats": seats,
            "region": region,
            "levelling": levelling,
            "direct": row["official_fixed"] if scotland else "",
            "valid_votes": row["valid_votes"],
            "official_seats": row["official_seats"],
            **{key: "" if scotland else row[key] for key in ("official_fixed", "official_levelling")},
        }


LAND_SEATS = {
    "Burgenland": 7,
    "Kärnten": 13,
    "Niederösterreich": 37,
    "Oberösterreich": 32,
    "Salzburg": 11,
    "Steiermark": 27,
    "Tirol": 15,
    "Vorarlberg": 8,
    "Wien": 33,
}
"""Of Austria, by the census of 2011; recalled."""


def _austrian_seats(rows: list[dict[str, str]]) -> dict[str, str]:
    """Seats by constituency that add up to those of each Land, which alone matter; the data have none."""
    lands = {row["district"]: row["region"] for row in rows}
    seats: dict[str, str] = {}
    for land, total in LAND_SEATS.items():
        inside = [district for district, own in lands.items() if own == land]
        seats |= {d: str(total // len(inside) + (n < total % len(inside))) for n, d in enumerate(inside)}
    return seats


def party_totals(official: Mapping[str, int], election: Election) -> dict[str, int]:
    """Official seats by id of the election; lists that the authority does not name have none."""
    label = {party.id: party.name.rpartition(" (")[0] for party in election.parties}
    seats = Counter({name: official.get(shown, 0) for name, shown in label.items()})
    return dict(seats)
