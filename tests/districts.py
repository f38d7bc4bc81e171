"""Elections by district outside the project, as election files with their laws, for official seats to check.

Each table of ``../shared/data/districts`` is written out under ids as a user would write it, and read back by
the program; the laws are those of its index and of ``../shared/design/districts.md``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from forecast.election import Election

Law = Mapping[str, Any]

DHONDT = {"method": "dhondt"}
POLAND: Law = {
    "seats": 460,
    "threshold": {"level": "5%", "by_kind": {"coalition": "8%", "minority": 0}},
    "districts": DHONDT,
}
NORWAY: Law = {
    "seats": 169,
    "threshold": {"level": "4%"},
    "districts": {"method": "sainte-lague-1.4", "threshold": False},
    "levelling": {
        "mode": "redistribute",
        "placing": [{"where": "district", "method": "sainte-lague", "compare": "quotas", "capacity": 1}],
    },
}
ICELAND: Law = {
    "seats": 63,
    "threshold": {"level": "5%"},
    "districts": {"method": "dhondt", "threshold": False},
    "levelling": {
        "mode": "start",
        "method": "dhondt",
        "placing": [
            {
                "where": "district",
                "method": "dhondt",
                "compare": "share",
                "order": "national",
                "capacity": "table",
            }
        ],
    },
}


def sweden(mode: str, method: str) -> Law:
    return {
        "seats": 349,
        "threshold": {"level": "4%"},
        "districts": {
            "method": method,
            "local_threshold": {"level": "12%", "waives_national": True},
        },
        "levelling": {"mode": mode, "placing": [{"where": "district", "method": "sainte-lague"}]},
    }


def denmark(hovedstaden: int, south: int, north: int) -> Law:
    regions = {"Hovedstaden": hovedstaden, "Sjælland-Syddanmark": south, "Midtjylland-Nordjylland": north}
    return {
        "seats": 175,
        "threshold": {"level": "2%", "or_district_seats": 1, "or_regions_at_quota": 2},
        "districts": {"method": "dhondt", "threshold": False},
        "levelling": {
            "mode": "redistribute",
            "method": "hare",
            "placing": [
                {"where": "region", "method": "sainte-lague", "capacity": regions},
                {"where": "district", "method": "danish"},
            ],
        },
    }


SPAIN: Law = {"seats": 350, "districts": {**DHONDT, "local_threshold": {"level": "3%"}}}
BULGARIA: Law = {
    "seats": 240,
    "threshold": {"level": "4%", "base": "lists"},
    "allocation": {"method": "hare"},
    "districts": {"method": "hare", "national_totals": "smallest-remainders"},
}
SCOTLAND: Law = {"seats": 129, "districts": {**DHONDT, "direct": "start"}}
SRI_LANKA: Law = {
    "seats": 225,
    "allocation": {"method": "hare-rounded-up"},
    "districts": {
        "method": "hare-rounded-up",
        "local_threshold": {"level": "5%"},
        "bonus": {"type": "fixed", "seats": 1},
    },
    "levelling": {"mode": "apart"},
}


def czechia(levels: Mapping[str, str], districts: Law) -> Law:
    threshold = {"level": "5%", "by_members": levels}
    return {"seats": 200, "threshold": threshold, "districts": {**districts, "seats": "by-votes"}}


def turkey(level: str, *, alliances_first: bool) -> Law:
    law = {
        "seats": 600,
        "threshold": {"level": level, "alliances": {"level": level}},
        "districts": {**DHONDT, "seatless": "shared"},
    }
    return {**law, "alliances": DHONDT} if alliances_first else law


UNTIL_2017 = {"2": "10%", "3": "15%", "4": "20%"}
LAWS: dict[str, Law] = {
    **{f"poland-{year}": POLAND for year in (2011, 2015, 2019, 2023)},
    **{f"norway-{year}": NORWAY for year in (2009, 2013, 2017, 2021)},
    **{f"iceland-{year}": ICELAND for year in (2003, 2007, 2009, 2013, 2016, 2017, 2021)},
    "sweden-2014": sweden("redistribute", "sainte-lague-1.4"),
    "sweden-2018": sweden("return", "sainte-lague-1.2"),
    "sweden-2022": sweden("return", "sainte-lague-1.2"),
    "denmark-2011": denmark(10, 16, 14),
    "denmark-2015": denmark(11, 15, 14),
    "denmark-2019": denmark(11, 15, 14),
    "denmark-2026": denmark(12, 14, 14),
    **{f"finland-{year}": {"seats": 200, "districts": DHONDT} for year in (2015, 2019)},
    **{f"czechia-{year}": czechia(UNTIL_2017, DHONDT) for year in (2006, 2010, 2013, 2017)},
    "czechia-2021": czechia(
        {"2": "8%", "3": "11%"}, {"method": "imperiali", "leftover": "national-remainders"}
    ),
    **{f"spain-{day}": SPAIN for day in (2000, 2004, 2008, 2011, 2015, 2016, "2019-04")},
    **{f"portugal-{year}": {"seats": 230, "districts": DHONDT} for year in (2015, 2019, 2022)},
    "croatia-2020": {"seats": 143, "districts": {**DHONDT, "local_threshold": {"level": "5%"}}},
    **{f"bulgaria-{day}": BULGARIA for day in ("2021-04", "2021-07", "2021-11", "2022-10", "2023-04")},
    "indonesia-2024": {
        "seats": 580,
        "threshold": {"level": "4%"},
        "districts": {"method": "sainte-lague"},
    },
    "turkey-2018": turkey("10%", alliances_first=True),
    "turkey-2023": turkey("7%", alliances_first=False),
    **{f"scotland-{year}": SCOTLAND for year in (2007, 2011)},
    **{f"srilanka-{year}": SRI_LANKA for year in (2015, 2020)},
}
COALITIONS = {
    "poland-2015": {"ZL": 2},
    "poland-2019": {"KO": 2},
    "poland-2023": {"KO": 2, "TD": 2},
    "czechia-2021": {"SPOLU": 3, "Piráti+STAN": 2},
}
MINORITIES = ("MN",)
NOT_A_LIST = {"other", "independents"}
ALLIANCES_2018 = {"AKP": "CUMHUR", "MHP": "CUMHUR", "CHP": "MİLLET", "IYI": "MİLLET"}


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
    members = alliances_of(name, rows)
    parties = [_party(name, label, ids[label], members) for label in labels]
    facts = {"id": name, "name": name, "date": "2020-01-01"}
    return Election.model_validate(
        {"election": facts, "parties": parties, "rule": law}, context={"place": f"{name}.toml"}
    )


def _of_alliance(name: str, label: str) -> bool:
    return name.startswith("turkey") and label.startswith("@")


def alliances_of(name: str, rows: list[dict[str, str]]) -> dict[str, str]:
    """The alliance of each list that has one: named beside it in Turkey 2023."""
    if name == "turkey-2018":
        return ALLIANCES_2018
    marked = (row for row in rows if "[alliance " in row["party_name"])
    return {row["party"]: row["party_name"].partition("[alliance ")[2].rstrip("]") for row in marked}


def _party(name: str, label: str, own: str, alliances: Mapping[str, str]) -> dict[str, Any]:
    party: dict[str, Any] = {"id": own, "name": f"{label} ({own})", "alliance": alliances.get(label, "")}
    if label in COALITIONS.get(name, {}):
        party |= {"kind": "coalition", "members": COALITIONS[name][label]}
    if name.startswith("poland") and label in MINORITIES:
        party["kind"] = "minority"
    if label.startswith("@"):
        party["kind"] = "none-of-the-above"
    if label in NOT_A_LIST:
        party["kind"] = "residual"
    return party


def _as_written(name: str, rows: list[dict[str, str]], ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The rows as a user would write them: ids, seats abroad 0, levelling seats in a column of their own."""
    scotland = name.startswith("scotland")
    for row in rows:
        region, _, levelling = row["region"].partition("levelling=")
        label = row["party"]
        seats = row["seats"]
        if name.startswith("bulgaria"):
            seats = seats or "0"
        if name.startswith("czechia"):
            seats = ""
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


def party_totals(official: Mapping[str, int], election: Election) -> dict[str, int]:
    """Official seats by id of the election; lists that the authority does not name have none."""
    label = {party.id: party.name.rpartition(" (")[0] for party in election.parties}
    seats = Counter({name: official.get(shown, 0) for name, shown in label.items()})
    return dict(seats)
