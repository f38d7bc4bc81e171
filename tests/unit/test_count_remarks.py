"""What a count leaves aside, and where the rule as written is not obeyed: said with the votes concerned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forecast.cli.main import main
from forecast.election import Election, parse_election
from forecast.election.notes import warnings_on
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.case_files import verify
from forecast.rules.reference import apply_rule
from forecast.rules.remarks import remarks_on
from forecast.sweeps.grid import Grid, parse_axes
from forecast.sweeps.sweep_of_votes import sweep_votes

Capsys = pytest.CaptureFixture[str]


def an_election(votes: dict[str, int], allied: dict[str, str] | None = None, **rule: Any) -> Election:
    known = allied or {}
    alliances = {name: {"alliance": alliance} for name, alliance in known.items()}
    parties = [{"id": name, "name": name.upper()} | alliances.get(name, {}) for name in votes]
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": "2030-01-01"},
            "parties": parties,
            "rule": {"seats": 10, "allocation": {"method": "hare"}} | rule,
        }
    )


def said(votes: dict[str, int], allied: dict[str, str] | None = None, **rule: Any) -> list[str]:
    election = an_election(votes, allied, **rule)
    entries = tuple(Entry(name, number, alliance=(allied or {}).get(name)) for name, number in votes.items())
    ballot = Ballot(entries)
    return warnings_on(election, remarks_on(election, ballot, apply_rule(election.rule, ballot)))


TIED = {"a": 5, "b": 15, "c": 30, "d": 5, "e": 45}


@pytest.mark.parametrize("ties", ["lot", "registration", ["votes", "lot"], ["fewest-votes"]])
def test_a_tie_goes_by_the_rule_and_needs_no_remark(ties: str | list[str]) -> None:
    assert said(TIED, seats=50, ties=ties) == []


def test_a_tie_between_equal_votes_is_decided_as_the_rule_says() -> None:
    assert said({"a": 100, "b": 100, "c": 50}, seats=4, ties="lot") == []


IN_ALLIANCE = {"a": "left", "b": "left"}


def test_a_list_below_its_own_level_in_an_alliance_is_said_with_its_votes() -> None:
    rule: dict[str, Any] = {"threshold": {"level": "3%"}, "alliances": {"method": "hare"}}
    (remark,) = said({"a": 480, "b": 20, "c": 500}, IN_ALLIANCE, **rule)
    assert remark == (
        "B is below its own level: its 20 votes do not count for its alliance 'left' either; where the law "
        "counts them there, say so by rule.threshold.alliances"
    )
    assert said({"a": 470, "b": 30, "c": 500}, IN_ALLIANCE, **rule) == []
    # Nobody of the alliance is inside: nothing is lost to it.
    assert said({"a": 20, "b": 20, "c": 960}, IN_ALLIANCE, **rule) == []


def test_alliances_without_a_rule_for_them_are_said() -> None:
    remarks = said({"a": 480, "b": 20, "c": 500}, IN_ALLIANCE)
    assert [remark.split(":")[0] for remark in remarks] == [
        "parties.a.alliance changes nothing",
        "parties.b.alliance changes nothing",
    ]


def test_divisors_that_go_on_beyond_those_given_are_said() -> None:
    allocation = {"method": "sequence", "divisors": [1, 2, 4, 8]}
    (remark,) = said({"a": 900, "b": 100}, allocation=allocation)
    assert remark.endswith("gives 4 divisors; beyond them they went on by the last ratio: 16, 32, ...")
    assert said({"a": 50, "b": 50, "c": 50}, seats=6, allocation=allocation) == []


def counted(capsys: Capsys, *arguments: str) -> tuple[dict[str, int], list[str], str]:
    """Seats by party and warnings of ``forecast count``; what it says is on stderr and in the table too."""
    assert main(["count", *arguments, "--json"]) == 0
    printed = capsys.readouterr()
    data = json.loads(printed.out)
    assert printed.err.splitlines() == [f"warning: {text}" for text in data["warnings"]]
    assert main(["count", *arguments]) == 0
    table = " ".join(capsys.readouterr().out.split())
    assert all(f"Mind: {' '.join(text.split())}" in table for text in data["warnings"])
    return {party["id"]: party["seats"] for party in data["parties"]}, data["warnings"], table


BULGARIA = {"gerb": 69, "ppdb": 37, "revival": 35, "dps-nn": 30, "bsp": 20, "aps": 19, "itn": 18, "mech": 12}


def test_bulgaria_2024_is_counted_on_its_valid_votes_however_the_votes_are_named(
    shared: Path, capsys: Capsys, tmp_path: Path
) -> None:
    folder = shared / "cases" / "counts" / "bulgaria-2024-10"
    config, votes = str(folder / "election.toml"), str(folder / "votes.csv")
    copied = tmp_path / "copied.csv"
    copied.write_bytes((folder / "votes.csv").read_bytes())
    typed = ("--set", "election.valid_votes=2512509")
    for arguments in (
        (),
        ("--votes", votes),
        ("--votes", votes, *typed),
        ("--votes", str(copied), *typed),
        typed,
    ):
        seats, warnings, _ = counted(capsys, config, *arguments)
        assert {name: number for name, number in seats.items() if number} == BULGARIA
        assert warnings == []
    seats, (warning,), table = counted(capsys, config, "--votes", str(copied))
    assert {name: number for name, number in seats.items() if number} == BULGARIA
    assert "the total is election.valid_votes = 2,512,509" in warning
    assert "not listed 73,352" in table
    seats, warnings, _ = counted(capsys, config, "--set", "election.valid_votes=")
    assert seats["velichie"] == 10
    assert "72,743 votes for others Velichie would not reach 4%" in warnings[0]
    assert (
        "the column of seats in the table of votes says otherwise: GERB-SDS 69 there, 66 here" in warnings[1]
    )


def test_a_sweep_of_bulgarian_votes_counts_their_total_and_says_what_was_said(
    shared: Path, capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shared / "cases" / "counts" / "bulgaria-2024-10"
    monkeypatch.chdir(tmp_path)
    copied = Path("copied.csv")
    copied.write_bytes((folder / "votes.csv").read_bytes())
    arguments = ["sweep", str(folder / "election.toml"), "--votes", "copied.csv", "--threshold", "4%", "-q"]
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    (record,) = json.loads(printed.out)
    assert {party["id"]: party["seats"] for party in record["parties"] if party["seats"]} == BULGARIA
    (warning,) = record["sweep"]["warnings"]
    assert "the total is election.valid_votes = 2,512,509" in warning
    run = json.loads(Path("outputs/bulgaria-2024-10/sweep-of-votes/run.json").read_text(encoding="utf-8"))
    assert run["warnings"] == [warning]
    assert f"warning: {warning}" in printed.err
    assert main([*arguments, "--set", "simulation.draws=7"]) == 0
    assert "Mind: --set simulation.draws=7: this does not count here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tie-lot", []),
        ("lot-among-three", []),
        (
            "italy-2022-list",
            [
                "nm is below its own level: its 91 votes",
                "piue",
                "ic",
                "says otherwise: fdi 69 there, 72 here",
            ],
        ),
        ("geometric-divisors", ["went on by the last ratio: 16, 32"]),
        ("korea-2024-list", ["says otherwise: pfp 18 there, 19 here"]),
        ("majority-clause", ["says otherwise: a 8 there, 7 here"]),
        ("north-rhine-westphalia-2022", ["says otherwise: gruene 39 there, 38 here"]),
        ("alliance", []),
        ("no-alliance", []),
        ("eighty-per-cent-of-quota", []),
    ],
)
def test_counts_that_the_program_cannot_say_yet_are_not_passed_over(
    shared: Path, capsys: Capsys, name: str, expected: list[str]
) -> None:
    _, warnings, _ = counted(capsys, str(shared / "cases" / "counts" / name / "election.toml"))
    assert len(warnings) == len(expected)
    for text, warning in zip(expected, warnings, strict=True):
        assert text.casefold() in warning.casefold()


def test_check_says_in_the_rule_what_becomes_of_alliances_and_ties(shared: Path, capsys: Capsys) -> None:
    assert main(["check", str(shared / "cases" / "counts" / "italy-2022-list" / "election.toml")]) == 0
    out = capsys.readouterr().out
    assert (
        "A list below its own level takes no part, and its votes do not count for its alliance either." in out
    )
    assert "Equal claims go first to the list with more votes, then by a lot among all that are equal" in out


def a_case(**more: Any) -> dict[str, Any]:
    parties = [{"name": name, "votes": votes, "official_seats": 5} for name, votes in (("A", 50), ("B", 50))]
    rule = {"threshold": {"level": "5%"}, "allocation": {"method": "hare"}}
    return {"id": "case", "seats": 10, "rule": rule, "parties": parties} | more


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"valid_vote": 100}, "valid_vote: no such key; did you mean 'valid_votes'?"),
        ({"registred": 100}, "registred: no such key; did you mean 'registered'?"),
        (
            {"parties": [{"name": "A", "votes": 1, "official_seats": 1, "min_seats": 11}]},
            "more seats than the 10",
        ),
        (
            {"districts": [{"name": "n", "votes": {"A": 1}, "seat": 3}]},
            "districts.n.seat: no such key; did you mean 'seats'?",
        ),
    ],
    ids=str,
)
def test_what_would_be_passed_over_in_a_case_is_unsupported(more: dict[str, Any], reason: str) -> None:
    ((_, said_of_it),) = verify([a_case(**more)]).unsupported
    assert reason in said_of_it


def test_a_case_whose_votes_and_total_do_not_fit_is_counted_and_noted() -> None:
    found = verify([a_case(valid_votes=90), a_case(valid_votes=100), a_case(source_kind="page", iso3="XXX")])
    assert len(found.reproduced) == 3
    ((_, note),) = found.notes
    assert note.startswith("the votes of its parties add up to 100, more than its valid_votes, 90")


def test_votes_for_nobody_listed_are_a_part_of_the_base_of_votes_for_lists() -> None:
    """As in a count: 50 of 1,100 votes are below 5 %."""
    rule = {"threshold": {"level": "5%", "base": "lists"}, "allocation": {"method": "hare"}}
    parties = [
        {"name": name, "votes": v, "official_seats": s} for name, v, s in (("A", 950, 10), ("B", 50, 0))
    ]
    found = verify([a_case(rule=rule, parties=parties, valid_votes=1100)])
    assert found.reproduced == ("case",)
    assert found.notes[0][1].startswith("100 of its valid_votes are for nobody listed")


def test_verify_shows_its_notes_everywhere(tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([a_case(valid_votes=90)]), encoding="utf-8")
    assert main(["verify", str(path), "--json"]) == 0
    printed = capsys.readouterr()
    (note,) = json.loads(printed.out)["notes"]
    assert note["case"] == "case"
    assert f"note: case: {note['note']}" in printed.err
    assert main(["verify", str(path)]) == 0
    assert "Mind: case: the votes of its parties add up to 100" in " ".join(capsys.readouterr().out.split())


def test_a_sweep_of_votes_names_parties_and_what_decided(tmp_path: Path) -> None:
    votes = {"a": 480, "b": 20, "c": 500}
    rule: dict[str, Any] = {"threshold": {"level": "3%"}, "alliances": {"method": "hare"}}
    election = an_election(votes, IN_ALLIANCE, **rule)
    ballot = Ballot(
        tuple(Entry(name, number, alliance=IN_ALLIANCE.get(name)) for name, number in votes.items())
    )
    found = sweep_votes(election, ballot, Grid.of(election.rule, parse_axes(threshold="1%,3%")))
    (warning,) = found.dataset.attrs["warnings"]
    assert warning.startswith("B is below its own level: its 20 votes do not count for its alliance 'left'")


@pytest.mark.parametrize(("clause", "told"), [("all", 1), ("single-member", 1), (None, 0)])
def test_a_strongest_list_without_seats_enough_for_its_districts_is_said(
    clause: str | None, told: int
) -> None:
    rule: dict[str, Any] = {
        "seats": 5,
        "allocation": {"method": "sainte-lague"},
        "districts": {
            "method": "sainte-lague",
            "national_totals": "biproportional",
            "voters": True,
            "table": "x.csv",
            **({"strongest_list": clause} if clause else {}),
        },
    }
    votes = {"a": [30, 40, 900], "b": [20, 30, 9000]}
    election = an_election({name: sum(row) for name, row in votes.items()}, **rule)
    places = tuple(
        District(f"d{d}", {name: row[d] for name, row in votes.items()}, seats=size)
        for d, size in enumerate((1, 1, 3))
    )
    ballot = Ballot(tuple(Entry(name, sum(row)) for name, row in votes.items()), districts=places)
    remarks = remarks_on(election, ballot, apply_rule(election.rule, ballot))
    expected = (
        "A has most votes in d1 and no seat there: its 1 of the whole do not suffice for all districts in "
        "which it is first"
    )
    assert remarks == [expected] * told


def test_a_sum_of_independents_is_told_from_one_candidate() -> None:
    rule: dict[str, Any] = {
        "districts": {"method": "hare", "leftover": "dhondt", "table": "x.csv"},
        "allocation": None,
    }
    election = an_election({"a": 5, "b": 5}, **rule)
    told = []
    for facts in ({}, {"stands_in": ("d1",)}, {"max_seats": 0}):
        parties = (
            election.parties[0].model_copy(update={"kind": "independent", **facts}),
            election.parties[1],
        )
        changed = election.model_copy(update={"parties": parties})
        told.append([line for line in warnings_on(changed) if "of kind independent" in line])
    assert [len(lines) for lines in told] == [1, 0, 0]
    assert told[0][0].startswith("A of kind independent is taken for one candidate, who has a seat")
