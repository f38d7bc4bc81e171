"""Whole chambers as they were elected: lists by the rule, districts by the votes for their candidates."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import load_election, parse_election
from forecast.rules.case_files import read_cases
from forecast.rules.counts import outcome_of, read_count
from forecast.rules.outcome import Outcome
from forecast.simulation.given import ShareDraws, simulate_given

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


def counted(
    shared: Path,
    name: str,
    folder: Path,
    rule: dict[str, Any],
    tier: dict[str, Any],
    places: list[list[Any]] | None = None,
) -> Outcome:
    """The count of lists and districts; ids of parties are numbers, their names those of the tables.

    ``places``: the table of the rule's districts, a heading and rows, with names of parties.
    """
    lists, candidates = rows_of(shared, name), rows_of(shared, f"{name}-smd")
    votes = Counter[str]()
    for row in lists:
        votes[row["party"]] += int(row["votes"] or 0)
    winners = {row["party"] for row in candidates if row["official_seats"] == "1"}
    names = list(dict.fromkeys([*(n for n in votes if not n.startswith("@")), *sorted(winners)]))
    written(folder / "result.csv", ["party", "votes"], [[n, votes[n]] for n in names])
    written(
        folder / "districts.csv",
        ["district", "region", "party", "votes"],
        [[row["district"], row["region"], row["party"], row["votes"] or 0] for row in candidates],
    )
    if places is not None:
        written(folder / "places.csv", *(places[0], places[1:]))
        rule = rule | {"districts": {**rule["districts"], "table": "places.csv"}}
    election = parse_election(
        {
            "election": {"id": name, "name": name, "date": "2017-01-01", "result": "result.csv"},
            "parties": [{"id": f"p{k}", "name": n, **KINDS.get(n, {})} for k, n in enumerate(names)],
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
    outcome = outcome_of(election, ready)
    assert {names[int(id[1:])]: n for id, n in ready.won["districts"].seats.items() if n} == dict(
        Counter(row["party"] for row in candidates if row["official_seats"] == "1")
    )
    return outcome


KINDS = {"SSW": {"kind": "minority"}}


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


def by_region(shared: Path, name: str) -> dict[str, Counter[str]]:
    """Votes for lists by region and party."""
    votes: dict[str, Counter[str]] = {}
    for row in rows_of(shared, name):
        votes.setdefault(row["region"] or row["district"], Counter())[row["party"]] += int(row["votes"] or 0)
    return votes


def populations(shared: Path, name: str) -> dict[str, int]:
    """Germans by Land."""
    return {row["land"]: int(row["german_population"]) for row in rows_of(shared, f"{name}-population")}


SCOTLAND = {"seats": 129, "law": "Scotland Act 1998, s. 7 and 8", "ties": "lot"}


@pytest.mark.parametrize("name", ["scotland-2007", "scotland-2011"])
def test_scotlands_regions_compensate_for_the_constituencies_won_there(
    shared: Path, tmp_path: Path, name: str
) -> None:
    """Divisors of a list begin after its constituencies there, which the votes for candidates give."""
    valid = {row["district"]: row["valid_votes"] for row in rows_of(shared, name)}
    rows = [
        [region, 7, party, number, valid[region]]
        for region, votes in by_region(shared, name).items()
        for party, number in votes.items()
    ]
    rule = SCOTLAND | {"districts": {"method": "dhondt", "direct": "start"}}
    tier = {"seats": 73, "how": "levelled"}
    places = [["district", "seats", "party", "votes", "valid_votes"], *rows]
    outcome = counted(shared, name, tmp_path, rule, tier, places)
    assert held(outcome.seats) == official(shared, name)
    parties = list(dict.fromkeys(row["party"] for row in rows_of(shared, name)))
    by_list = {
        (row["district"], row["party"]): int(row["official_seats"] or 0) for row in rows_of(shared, name)
    }
    for place in outcome.districts:
        ours = {party: place.of(f"p{k}") for k, party in enumerate(parties)}
        assert ours == {party: by_list.get((place.name, party), 0) for party in parties}


GERMANY = {
    "seats": 598,
    "threshold": {"level": "5%", "or_direct_seats": 3, "by_kind": {"minority": 0}},
}
OLDER_LAWS = {
    "germany-2013": ("plurality", 0),
    "germany-2017": ("plurality", 0),
    "germany-2021": ("mean", 3),
}


@pytest.mark.parametrize(("name", "law"), OLDER_LAWS.items())
def test_the_bundestag_grows_until_shares_cover_the_constituencies(
    shared: Path, tmp_path: Path, name: str, law: tuple[str, int]
) -> None:
    """BWahlG § 6 as amended on 3 May 2013, and on 14 November 2020: 631, 709 and 735 seats."""
    direct, unbalanced = law
    population = populations(shared, name)
    rows = [
        [land, population[land], party, number]
        for land, votes in by_region(shared, name).items()
        for party, number in votes.items()
    ]
    districts = {"method": "sainte-lague", "seats": "by-population", "start_seats": 598, "direct": direct}
    levelling = {
        "mode": "level",
        "method": "sainte-lague",
        "start_seats": 598,
        "unbalanced": unbalanced,
    }
    rule = GERMANY | {"districts": districts, "levelling": levelling}
    places = [["district", "population", "party", "votes"], *rows]
    tier = {"seats": 299, "how": "levelled"}
    outcome = counted(shared, name, tmp_path, rule, tier, places)
    assert held(outcome.seats) == official(shared, name)
    if direct == "mean":
        (older := tmp_path / "older").mkdir()
        before = GERMANY | {
            "districts": {**districts, "direct": "plurality"},
            "levelling": {**levelling, "unbalanced": 0},
        }
        assert counted(shared, name, older, before, tier, places).house > 735


def test_the_bundestag_of_2025_covers_winners_by_the_seats_of_their_lists(
    shared: Path, tmp_path: Path
) -> None:
    """BWahlG §§ 1, 4 to 6 as amended on 8 June 2023: 630 seats, 23 winners without one; official seats of
    every list in every Land, and the 23 constituencies one by one.
    """
    name = "germany-2025"
    rows = [
        [land, party, number]
        for land, votes in by_region(shared, name).items()
        for party, number in votes.items()
    ]
    rule = GERMANY | {
        "seats": 630,
        "allocation": {"method": "sainte-lague"},
        "districts": {"method": "sainte-lague", "national_totals": "own-votes"},
    }
    places = [["district", "party", "votes"], *rows]
    outcome = counted(shared, name, tmp_path, rule, {"seats": 299, "how": "covered"}, places)
    assert held(outcome.seats) == official(shared, name)
    titles = {row["district"]: row["district_name"] for row in rows_of(shared, f"{name}-smd")}
    uncovered = {(titles[winner.district], winner.votes) for winner in outcome.uncovered}
    known = {(row["district_name"], int(row["first_votes"])) for row in rows_of(shared, f"{name}-uncovered")}
    assert uncovered == known
    assert len(outcome.uncovered) == 23
    by_land = {
        (row["district"], row["party"]): int(row["official_seats"] or 0)
        for row in rows_of(shared, f"{name}-land")
    }
    parties = list(dict.fromkeys(row["party"] for row in rows_of(shared, name)))
    ours = {
        (place.name, party): place.of(f"p{k}")
        for place in outcome.districts
        for k, party in enumerate(parties)
    }
    assert {key: seats for key, seats in ours.items() if seats} == {
        key: seats for key, seats in by_land.items() if seats
    }


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


LITHUANIA = {
    "seats": 70,
    "law": "Seimas election law of 9 July 1992, art. 89",
    "threshold": {
        "level": "5%",
        "base": "cast",
        "by_kind": {"coalition": "7%"},
        "min_joint_share": "60%",
    },
    "allocation": {"method": "hare"},
}
TOOK_PART = {"lithuania-2016": (48_427, {"PUTKA"}), "lithuania-2020": (41_465, set[str]())}
"""Invalid ballots, and joint lists: 6.32 % of the votes of 2016 were too few for one."""


@pytest.mark.parametrize(("name", "known"), TOOK_PART.items())
def test_lithuania_divides_its_list_seats_and_says_that_the_districts_are_not_counted(
    shared: Path, tmp_path: Path, name: str, known: tuple[int, set[str]]
) -> None:
    """The table of candidates is of the first round; winners of the second are not at hand."""
    invalid, joint = known
    votes = Counter[str]()
    for row in rows_of(shared, name):
        votes[row["party"]] += int(row["votes"] or 0)
    names = list(votes)
    written(tmp_path / "result.csv", ["party", "votes"], [[f"p{k}", votes[n]] for k, n in enumerate(names)])
    election = parse_election(
        {
            "election": {
                "id": name,
                "name": name,
                "date": "2020-10-11",
                "result": "result.csv",
                "invalid_votes": invalid,
            },
            "parties": [
                {"id": f"p{k}", "name": n, "kind": "coalition" if n in joint else "party"}
                for k, n in enumerate(names)
            ],
            "rule": LITHUANIA,
            "tiers": [{"id": "districts", "name": "districts", "seats": 71, "belief": BELIEF}],
        },
        folder=tmp_path,
    )
    ready = read_count(election)
    outcome = outcome_of(election, ready)
    assert held(outcome.seats) == official(shared, f"{name}-list")
    assert any("71 of the 141 seats of the chamber are not counted here" in line for line in ready.warnings)


BELIEF = {"seats": {"p0": 40, "p1": 31}}
NEPAL_2022 = {
    "CPN-UML": "नेपाल कम्युनिष्ट पार्टी (एमाले)",
    "Congress": "नेपाली काँग्रेस",
    "Maoist Centre": "नेपाल कम्युनिष्ट पार्टी (माओवादी केन्द्र)(एकल चुनाव चिन्ह)",
    "RSP": "राष्ट्रिय स्वतन्त्र पार्टी",
    "RPP": "राष्ट्रिय प्रजातन्त्र पार्टी",
    "PSP-N": "जनता समाजवादी पार्टी, नेपाल",
    "Janamat": "जनमत पार्टी",
    "Unified Socialist": "नेपाल कम्युनिष्ट पार्टी (एकिकृत समाजबादी)",
}
"""Lists of Nepal 2022 as the record of them is written, and as the table of candidates has them."""


def test_nepal_2022_has_165_members_of_districts_and_110_of_lists(shared: Path, tmp_path: Path) -> None:
    """Lists as the record of the proportional tier has them; the winners are those that the table marks."""
    record = next(
        case for case in read_cases(shared / "conformance" / "cases.json") if case["id"] == "np-2022-list"
    )
    candidates = rows_of(shared, "nepal-2022-smd")
    winners = Counter(row["party"].strip() for row in candidates if row["official_seats"] == "1")
    others = [name for name in winners if name not in NEPAL_2022.values()]
    lists = {party["name"]: party["votes"] for party in record["parties"]}
    ids = {name: f"p{k}" for k, name in enumerate(lists)} | {"(other lists)": "other"}
    written(tmp_path / "result.csv", ["party", "votes"], [[ids[n], v] for n, v in lists.items()])
    written(
        tmp_path / "districts.csv",
        ["district", "party", "votes"],
        [[row["district"], row["party"], row["votes"]] for row in candidates],
    )
    election = parse_election(
        {
            "election": {"id": "nepal", "name": "Nepal", "date": "2022-11-20", "result": "result.csv"},
            "parties": [
                {"id": ids[party["name"]], "name": party["name"], "kind": party["kind"]}
                | ({"aliases": [NEPAL_2022[party["name"]]]} if party["name"] in NEPAL_2022 else {})
                for party in record["parties"]
            ],
            "groups": [{"id": f"g{k}", "name": name} for k, name in enumerate(others)],
            "rule": {"seats": 110, **record["rule"]},
            "tiers": [{"id": "districts", "name": "districts", "seats": 165, "table": "districts.csv"}],
        },
        folder=tmp_path,
    )
    ready = read_count(election)
    outcome = outcome_of(election, ready)
    assert held(outcome.seats) == sorted(
        (n for p in record["parties"] if (n := p["official_seats"])), reverse=True
    )
    assert held(ready.won["districts"].seats) == sorted(winners.values(), reverse=True)
    assert sum(outcome.chamber.values()) == 275


def test_kazakhstans_mazhilis_of_2023_has_98_members(kazakhstan: Path) -> None:
    """69 by lists, counted; 29 of districts as the official result gives them."""
    election = load_election(kazakhstan)
    outcome = outcome_of(election, read_count(election))
    assert {holder: seats for holder, seats in outcome.chamber.items() if seats} == {
        "amanat": 62,
        "auyl": 8,
        "respublica": 6,
        "aqjol": 6,
        "qhp": 5,
        "osdp": 4,
        "independents": 7,
    }


def test_draws_of_hungary_around_its_own_votes_give_its_own_chamber(shared: Path, tmp_path: Path) -> None:
    """Votes for candidates drawn with hardly an error around those of the day, on the votes of the day: the
    medians are the official 133, 38, 23 and 5, and the votes that elected nobody have moved seats of lists.
    """
    name = "hungary-2014"
    lists, candidates = rows_of(shared, name), rows_of(shared, f"{name}-smd")
    votes = Counter[str]()
    for row in lists:
        votes[row["party"]] += int(row["votes"] or 0)
    names = [n for n, _ in votes.most_common(4)]
    written(
        tmp_path / "last.csv",
        ["district", "party", "votes"],
        [[row["district"], row["party"], row["votes"]] for row in candidates],
    )
    written(
        tmp_path / "lists.csv",
        ["district", "party", "votes"],
        [[row["district"], row["party"], row["votes"]] for row in lists],
    )

    def drawn(how: str) -> list[int]:
        election = parse_election(
            {
                "election": {"id": name, "name": name, "date": "2014-04-06"},
                "parties": [{"id": f"p{k}", "name": n} for k, n in enumerate(names)],
                "rule": HUNGARY,
                "geography": {"error_scale": "0.1", "swing": "proportional"},
                "tiers": [
                    {
                        "id": "districts",
                        "name": "districts",
                        "seats": 106,
                        "how": how,
                        "votes": {
                            "last": "last.csv",
                            "lists": "lists.csv",
                            "split_error": 0,
                            "candidate_error": 0,
                        },
                    }
                ],
            },
            folder=tmp_path,
        )
        shares = np.array([votes[n] for n in names]) / sum(votes.values())
        given = np.tile([*shares, 1.0 - shares.sum()], (1_000, 1))
        ids = (*(party.id for party in election.parties), "other")
        found, _ = simulate_given(election, ShareDraws("votes", ids, given, ()))
        return sorted(found.array("chamber/seat_quantile")[:, 3].astype(int).tolist(), reverse=True)

    assert [n for n in drawn("compensated") if n] == official(shared, name)
    assert [n for n in drawn("apart") if n] != official(shared, name)
