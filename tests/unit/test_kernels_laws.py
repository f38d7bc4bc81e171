"""Clauses of laws in the core against the exact count, on random whole votes: ties, levels of alliances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.cli.main import main
from forecast.election import Party, Rule
from forecast.rules.compiled import undrawn
from forecast.simulation.pieces import _LOTS
from tests.twins import M64, mix
from tests.unit.test_kernels_against_exact import METHODS
from tests.unit.test_kernels_around import (
    a_threshold,
    assert_same,
    core_seats,
    exact_seats,
    many_ballots,
    many_parties,
    new_rule,
    random_ballots,
)

TIES = [
    ["registration"],
    ["votes", "registration"],
    ["fewest-votes", "registration"],
    ["no-seat", "registration"],
    ["no-seat", "votes", "registration"],
    ["no-seat", "fewest-votes", "registration"],
]


@pytest.mark.parametrize("ties", TIES, ids="-".join)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_ties_are_decided_step_by_step_as_in_the_exact_count(ties: list[str], data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(METHODS), "method")
    parties = data.draw(many_parties(alliances=False, limits=False))
    levelling = data.draw(st.sampled_from([None, {"mode": "keep"}]), "levelling")
    rule = new_rule(data.draw(st.integers(1, 30), "seats"), method, levelling=levelling, ties=ties)
    assert_same(rule, parties, data.draw(many_ballots(len(parties), 60), "ballots"))


def lot_number(draw: int, k: int, steps: int) -> int:
    """The number that list ``k`` draws; the seed of the draws is 1."""
    lot = mix(1 ^ _LOTS, 0, draw) & ~15 | steps
    z = lot ^ ((k + 1) * 0x9E3779B97F4A7C15 & M64)
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M64
    return z ^ (z >> 31)


@pytest.mark.parametrize(
    ("ties", "steps"), [(["lot"], 3), (["votes", "lot"], 1), (["fewest-votes", "lot"], 5)]
)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_lot_is_drawn_among_all_that_the_exact_count_ties(
    ties: list[str], steps: int, data: st.DataObject
) -> None:
    """The exact count with the lists in the order of their lots is what the core draws."""
    method = data.draw(st.sampled_from(METHODS), "method")
    lists = data.draw(st.integers(1, 8), "lists")
    parties = [Party(id=f"p{k}", name=f"P{k}") for k in range(lists)]
    seats = data.draw(st.integers(1, 20), "seats")
    ballots = data.draw(many_ballots(lists, 40), "ballots")
    core, _ = core_seats(new_rule(seats, method, ties=ties), parties, np.array(ballots, np.float64))
    by_order = new_rule(seats, method, ties=[*ties[:-1], "registration"])
    for draw, votes in enumerate(ballots):
        order = sorted(range(lists), key=lambda k, draw=draw: lot_number(draw, k, steps))
        exact = exact_seats(by_order, [parties[k] for k in order], [votes[k] for k in order])
        assert core[draw][order].tolist() == exact


ALLIANCE_LEVELS: list[dict[str, Any]] = [
    {"level": "10%", "votes_from": "1%", "seats_from": "3%"},
    {"level": "20%", "votes_from": "5%", "seats_from": "10%"},
    {"level": "7%"},
    {"level": "30%", "seats_from": "10%"},
]


@pytest.mark.parametrize("levels", ALLIANCE_LEVELS, ids=lambda levels: "-".join(levels.values()))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_levels_inside_alliances_are_the_exact_count_s(levels: dict[str, Any], data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(METHODS), "method")
    inside = data.draw(st.sampled_from([None, *METHODS]), "alliances")
    parties = data.draw(many_parties(alliances=True, limits=data.draw(st.booleans(), "limits")))
    seats = data.draw(st.integers(2, 40), "seats")
    threshold: dict[str, Any] = {"level": "10%", "strict": data.draw(st.booleans(), "strict")}
    if data.draw(st.booleans(), "exempt"):
        threshold["by_kind"] = {"minority": 0}
    more = data.draw(st.sampled_from([{}, {"min_lists": 2, "runner_up_factor": "0.7"}, {"nobody": "void"}]))
    rule = new_rule(
        seats,
        method,
        alliances=inside,
        threshold={**threshold, **more, "alliances": levels},
        levelling=data.draw(st.sampled_from([None, {"mode": "keep"}, {"mode": "redistribute"}]), "levelling"),
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


def test_what_the_core_cannot_draw_of_alliances_is_named() -> None:
    parts: dict[str, Any] = {
        "seats": 9,
        "districts": {"method": "dhondt"},
        "alliances": {"method": "dhondt"},
        "threshold": {"level": "3%", "alliances": {"level": "10%", "seats_from": "3%"}},
    }
    assert [key for key, _ in undrawn(Rule.model_validate(parts))] == ["rule.threshold.alliances"]
    del parts["alliances"]
    assert not list(undrawn(Rule.model_validate(parts)))


REMAINDERS: list[dict[str, Any]] = [
    {"remainder": "highest-average"},
    {"remainder": "highest-average", "remainder_from": "80%"},
    {"remainder": "largest-then-highest-average", "remainder_from": "75%"},
    {"remainder": "largest-then-highest-average"},
    {"remainder": "largest", "remainder_from": "50%"},
    {"remainder": "largest-then-average", "remainder_seats": 1, "remainder_from": "30%"},
]
QUOTAS = ["hare", "droop", "hagenbach-bischoff", "hagenbach-bischoff-rounded", "imperiali", "hare-rounded-up"]


@pytest.mark.parametrize(
    "remainder", REMAINDERS, ids=lambda remainder: "-".join(map(str, remainder.values()))
)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_seats_left_over_go_as_in_the_exact_count(remainder: dict[str, Any], data: st.DataObject) -> None:
    method = {"method": data.draw(st.sampled_from(QUOTAS), "quota"), **remainder}
    method["quota_of"] = data.draw(st.sampled_from(["admitted", "valid"]), "quota of")
    parties = data.draw(many_parties(alliances=False, limits=False))
    seats = data.draw(st.integers(1, 40), "seats")
    rule = new_rule(seats, method, threshold=data.draw(st.sampled_from([None, {"level": "5%"}]), "threshold"))
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


@pytest.mark.parametrize("seat", ["moved", "added"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_majority_of_votes_gives_one_of_seats_as_in_the_exact_count(seat: str, data: st.DataObject) -> None:
    plain = [method for method in METHODS if method.get("remainder", "largest") == "largest"]
    highest = {"method": "hare", "quota_of": "valid", **REMAINDERS[2]}
    method = data.draw(st.sampled_from([*plain, highest]), "method")
    of = data.draw(st.sampled_from(["valid", "admitted"]), "of")
    lists = data.draw(st.integers(2, 9), "lists")
    parties = [Party(id=f"p{k}", name=f"P{k}") for k in range(lists)]
    small = data.draw(many_ballots(lists, 1000), "ballots")
    ballots = [
        [
            sum(votes) + data.draw(st.integers(-2, 9), "more") if k == 0 and sum(votes) > 2 else n
            for k, n in enumerate(votes)
        ]
        for votes in small
    ]
    threshold = data.draw(st.sampled_from([None, {"level": "5%"}]), "threshold")
    rule = new_rule(
        data.draw(st.integers(2, 40), "seats"), method, threshold=threshold, majority={"of": of, "seat": seat}
    )
    assert_same(rule, parties, ballots)


@pytest.mark.parametrize("parity", ["odd", "even"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_house_of_a_parity_grows_as_in_the_exact_count(parity: str, data: st.DataObject) -> None:
    parties = data.draw(many_parties(alliances=False, limits=False))
    rule = new_rule(
        data.draw(st.integers(1, 40), "seats"),
        {"method": data.draw(st.sampled_from(["dhondt", "sainte-lague"]), "method")},
        threshold=data.draw(st.sampled_from([None, {"level": "5%"}]), "threshold"),
        levelling={
            "mode": "level",
            "parity": parity,
            "deduct_unadmitted": data.draw(st.booleans(), "deduct"),
        },
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties), 2_000), "ballots"))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_alliances_inside_alliances_are_the_exact_count_s(data: st.DataObject) -> None:
    parties = [
        party.model_copy(update={"sub_alliance": data.draw(st.sampled_from(["", "s", "s", "t"]), "sub")})
        if party.alliance
        else party
        for party in data.draw(many_parties(alliances=True, limits=data.draw(st.booleans(), "limits")))
    ]
    rule = new_rule(
        data.draw(st.integers(1, 40), "seats"),
        data.draw(st.sampled_from(METHODS), "method"),
        alliances=data.draw(st.sampled_from(METHODS), "inside"),
        threshold=data.draw(st.sampled_from([None, {"level": "5%"}]), "threshold"),
    )
    parties = [party.model_copy(update={"min_seats": 0}) for party in parties]
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_part_of_what_lists_lack_is_the_exact_count_s(data: st.DataObject) -> None:
    parties = data.draw(many_parties(alliances=False, limits=False))
    seats = data.draw(st.integers(1, 40), "seats")
    levelling = {
        "mode": "part",
        "part": data.draw(st.sampled_from(["1/2", "1/3", "90%"]), "part"),
        "house": data.draw(st.sampled_from([30, 60, 300]), "house"),
    }
    rule = new_rule(
        seats,
        data.draw(st.sampled_from(METHODS), "method"),
        threshold=a_threshold(data, seats),
        levelling=levelling,
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_largest_has_its_seats_at_least_as_in_the_exact_count(data: st.DataObject) -> None:
    parties = data.draw(many_parties(alliances=True, limits=data.draw(st.booleans(), "limits")))
    seats = data.draw(st.integers(2, 40), "seats")
    bonus: dict[str, Any] = {"type": "at-least", "seats": data.draw(st.integers(1, seats), "bonus")}
    if data.draw(st.booleans(), "from"):
        bonus["from"] = "40%"
    inside = data.draw(st.sampled_from([None, *METHODS]), "inside")
    bonus["others"] = data.draw(st.sampled_from(["alliances", "lists"]), "others")
    if data.draw(st.booleans(), "second round"):
        names = [party.alliance if inside and party.alliance else party.id for party in parties]
        bonus["winner"] = data.draw(st.sampled_from(names), "winner")
    allied: dict[str, Any] = {"level": "5%", "alliances": {"level": "10%", "votes_from": "2%"}}
    rule = new_rule(
        seats,
        data.draw(st.sampled_from(METHODS), "method"),
        alliances=inside,
        threshold=data.draw(st.sampled_from([None, {"level": "5%"}, allied]), "threshold"),
        bonus=bonus,
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_cap_some_points_above_the_share_is_the_exact_count_s(data: st.DataObject) -> None:
    parties = data.draw(many_parties(alliances=False, limits=data.draw(st.booleans(), "limits")))
    cap: dict[str, Any] = {
        "share_plus": data.draw(st.sampled_from(["8%", "1/7", 0]), "plus"),
        "share_of": data.draw(st.sampled_from(["lists", "admitted"]), "of"),
        "house": data.draw(st.sampled_from([10, 30, 50]), "house"),
    }
    if data.draw(st.booleans(), "factor"):
        cap["share_factor"] = "1.1"
    rule = new_rule(
        data.draw(st.integers(2, 40), "seats"),
        data.draw(st.sampled_from(METHODS), "method"),
        threshold=data.draw(st.sampled_from([None, {"level": "5%"}]), "threshold"),
        cap=cap,
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


def left_over(data: st.DataObject) -> dict[str, Any]:
    """A quota method that leaves what exceeds a cap over."""
    return {
        "method": data.draw(st.sampled_from(QUOTAS), "quota"),
        "remainder": data.draw(st.sampled_from(["largest", "largest-lists", "without-quota"]), "remainder"),
        "quota_of": data.draw(st.sampled_from(["admitted", "valid"]), "quota of"),
    }


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_guaranteed_seats_and_what_exceeds_a_cap_are_the_exact_count_s(data: st.DataObject) -> None:
    parties = [
        party.model_copy(update={"direct_seats": 0, "min_seats": 0})
        for party in data.draw(many_parties(alliances=False, limits=data.draw(st.booleans(), "limits")))
    ]
    excess = data.draw(st.sampled_from(["divided", "left-over"]), "excess")
    cap = data.draw(st.sampled_from([None, {"seats": 3, "excess": excess}, {"seats": 7, "excess": excess}]))
    share = data.draw(st.sampled_from(["10%", "1/7", "30%"]), "from")
    guaranteed: dict[str, Any] = {"seats": data.draw(st.integers(1, 2), "guaranteed"), "from": share}
    base = data.draw(st.sampled_from(["valid", "lists"]), "base")
    rule = new_rule(
        data.draw(st.integers(20, 50), "seats"),
        left_over(data),
        threshold=data.draw(st.sampled_from([None, {"level": "5%", "base": base}]), "threshold"),
        cap=cap,
        guaranteed=data.draw(st.sampled_from([None, guaranteed]), "guarantee"),
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_share_of_the_house_for_a_majority_and_its_bound_are_the_exact_count_s(data: st.DataObject) -> None:
    lists = data.draw(st.integers(1, 7), "lists")
    parties = [
        Party(id=f"p{k}", name=f"P{k}", extra_seats=data.draw(st.sampled_from([0, 0, 1, 3]), "extra"))
        for k in range(lists)
    ]
    majority: dict[str, Any] = {
        "of": data.draw(st.sampled_from(["valid", "admitted", "seats"]), "of"),
        "seat": "added",
        "to": data.draw(st.sampled_from(["54%", "3/5"]), "to"),
    }
    if data.draw(st.booleans(), "bound"):
        majority["at_most"] = data.draw(st.sampled_from(["2/3", "61%", "9/10"]), "at most")
        if data.draw(st.booleans(), "alone"):
            del majority["to"]
    rule = new_rule(
        data.draw(st.integers(2, 60), "seats"),
        data.draw(st.sampled_from(METHODS), "method"),
        threshold=data.draw(st.sampled_from([None, {"level": "5%"}, {"level": "20%", "min_lists": 2}])),
        majority=majority,
    )
    ballots = data.draw(many_ballots(lists, data.draw(st.sampled_from([60, 10_000]), "most")), "ballots")
    assert_same(rule, parties, ballots)


CLAUSES: dict[str, dict[str, Any]] = {
    "lot-by-order": {"ties": ["registration"]},
    "fewest-votes": {"ties": ["fewest-votes", "registration"]},
    "no-seat": {"ties": ["no-seat", "registration"]},
    "levels-of-alliances": {
        "threshold": {"level": "10%", "alliances": ALLIANCE_LEVELS[0]},
        "alliances": {"method": "hare"},
    },
    "sub-alliances": {"alliances": {"method": "dhondt"}},
    "highest-average": {"allocation": {"method": "hare", **REMAINDERS[1]}},
    "last-round": {"allocation": {"method": "hare", "quota_of": "valid", **REMAINDERS[2]}},
    "majority-moved": {"majority": {"seat": "moved"}},
    "majority-added": {"majority": {"seat": "added", "of": "admitted"}},
    "odd": {"levelling": {"mode": "level", "parity": "odd"}},
    "part": {"levelling": {"mode": "part", "part": "1/2", "house": 300}},
    "at-least": {"bonus": {"type": "at-least", "seats": 12}, "alliances": {"method": "hare"}},
    "others-as-lists": {
        "bonus": {"type": "at-least", "seats": 12, "others": "lists"},
        "alliances": {"method": "dhondt"},
    },
    "second-round": {
        "bonus": {"type": "at-least", "seats": 12, "others": "lists", "winner": "p0"},
        "alliances": {"method": "dhondt"},
    },
    "guaranteed": {
        "allocation": {"method": "hare", "quota_of": "valid", "remainder": "without-quota"},
        "cap": {"seats": 3, "excess": "left-over"},
        "guaranteed": {"from": "10%"},
    },
    "two-thirds": {"majority": {"of": "seats", "seat": "added", "to": "54%", "at_most": "2/3"}},
    "points": {"cap": {"share_plus": "8%", "share_of": "admitted", "house": 60}},
}


@pytest.mark.slow
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_hundred_thousand_allocations_under_a_clause_are_the_exact_count_s(clause: str) -> None:
    generator = np.random.default_rng(20261127)
    for _ in range(20):
        units = int(generator.integers(2, 10))
        parties = [
            Party(
                id=f"p{k}",
                name=f"P{k}",
                alliance=str(generator.choice(["", "x", "y"])),
                direct_seats=int(generator.choice([0, 0, 1, 3])),
            )
            for k in range(units)
        ]
        if clause == "second-round":
            parties[0] = parties[0].model_copy(update={"alliance": ""})
        if clause == "sub-alliances":
            inner = generator.choice(["", "s", "t"], units)
            parties = [
                party.model_copy(update={"sub_alliance": str(sub) if party.alliance else ""})
                for party, sub in zip(parties, inner, strict=True)
            ]
        parts = {"threshold": {"level": "5%"}, **CLAUSES[clause]}
        method = parts.pop("allocation", {"method": "sainte-lague"})
        rule = new_rule(int(generator.integers(12, 60)), method, **parts)
        assert_same(rule, parties, random_ballots(generator, 5_000, units))


def test_a_file_with_polls_whose_clause_is_not_drawn_is_refused_by_check(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / "configs" / "zurich-2018.toml").read_text(encoding="utf-8")
    text = text.replace('"biproportional"\nvoters = true\n', '"own-votes"\n', 1)
    for name in ("zurich-2018-result.csv", "zurich-2018-districts.csv", "zurich-2014-districts.csv"):
        (tmp_path / name).write_bytes((root / "configs" / name).read_bytes())
    file = tmp_path / "zurich.toml"
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) == 0
    told = "Counted, not drawn: a forecast would refuse rule.threshold.or_district_share."
    assert told in capsys.readouterr().out
    (tmp_path / "polls.csv").write_text(
        "pollster,start,end,n,SP,SVP,FDP,Grüne,glp,AL,EVP/BDP\nA,2018-02-01,2018-02-03,1000,33,13,16,12,11,8,3\n",
        encoding="utf-8",
    )
    file.write_text(text.replace("[election]\n", '[election]\npolls = "polls.csv"\n', 1), encoding="utf-8")
    assert main(["check", str(file)]) == 2
    told = capsys.readouterr().err
    assert "rule.threshold.or_district_share" in told
    assert "`forecast count` knows this clause" in told
