"""What stands around the division, in the core against the exact count: zeros, ties, thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Party, Rule
from forecast.errors import ConfigurationError, NoValidOutcome
from forecast.kernels.count import Questions
from forecast.rules import levelling as exact_levelling
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.compiled import compile_rules
from forecast.rules.compiled_clauses import GROWTH, seats_to_share
from forecast.rules.reference import apply_rule
from forecast.simulation.inputs import SAMPLER_GIVEN, SAMPLER_RANDOM, Draws, tail_table
from forecast.simulation.running import run_draws
from tests.unit.test_kernels_against_exact import METHODS, THRESHOLDS

DIVISOR = METHODS[8:]
BONUSES: list[dict[str, Any]] = [
    {"type": "fixed", "seats": 2},
    {"type": "graded", "from": "25%", "base": 2, "step": "0.5%", "max": 9},
    {"type": "graded", "from": "10%", "base": 0, "step": "7%", "max": 4},
]
CAPS: list[dict[str, Any]] = [
    {"seats": 3},
    {"seats": 9},
    {"share_factor": "1.25", "house": 20},
    {"share_factor": "0.9", "house": 30, "seats": 12},
]


GIVEN = Draws(
    seed=np.uint64(1),
    sampler=SAMPLER_GIVEN,
    location=np.zeros(0),
    spread=np.zeros(0),
    factor=np.zeros((0, 0)),
    tail=tail_table(np.inf),
    undecided=0.0,
    undecided_spread=0.0,
    not_lists=np.zeros(0, np.bool_),
    invalid=np.zeros(2),
    turnout=np.ones(2),
    directions=np.zeros((0, 32), np.uint32),
    given=np.zeros((0, 0)),
    valid_votes=1.0,
)
_NONE, _EMPTY, _SMALL = np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32)
NO_QUESTIONS = Questions(_NONE, _EMPTY, _NONE, _NONE, _EMPTY, _SMALL, _SMALL)


def core_seats(rule: Rule, parties: Sequence[Party], votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seats (N, K) of given votes (N, U) as the core counts them, and their histograms (K, S + 1)."""
    units = votes.shape[1]
    lists = [party for party in parties if party.eligible]
    draws = GIVEN._replace(
        location=np.zeros(units),
        spread=np.zeros(units),
        not_lists=np.array([party.kind == "none-of-the-above" for party in parties]),
        given=np.ascontiguousarray(votes, np.float64),
    )
    rules = compile_rules([rule], lists)
    counts, kept = run_draws(draws, rules, NO_QUESTIONS, len(votes), keep=len(votes))
    return kept.seats[0], counts.totals.seats[0]


def ballot_of(parties: Sequence[Party], votes: Sequence[int], *, limits: bool = True) -> Ballot:
    entries = tuple(
        Entry(
            party.id,
            count,
            party.kind,
            alliance=party.alliance or None,
            sub_alliance=party.sub_alliance or None,
            direct_seats=party.direct_seats,
            min_seats=party.min_seats,
            max_seats=party.max_seats if limits else None,
            extra_seats=party.extra_seats,
        )
        for party, count in zip(parties, votes, strict=True)
    )
    return Ballot(entries)


def exact_seats(rule: Rule, parties: Sequence[Party], votes: Sequence[int]) -> list[int]:
    outcome = apply_rule(rule, ballot_of(parties, votes))
    return [outcome.seats[party.id] for party in parties if party.eligible]


def grows_too_large(rule: Rule, parties: Sequence[Party], votes: Sequence[int]) -> bool:
    """Whether a house that grows would be larger than the core counts."""
    if rule.levelling is None or rule.levelling.mode != "level":
        return False
    with mock.patch.object(exact_levelling, "MOST_SEATS", GROWTH * seats_to_share(rule)):
        try:
            apply_rule(rule, ballot_of(parties, votes, limits=False))
        except NoValidOutcome:
            return True
    return False


def assert_same(rule: Rule, parties: Sequence[Party], ballots: Sequence[Sequence[int]]) -> None:
    within = [votes for votes in ballots if not grows_too_large(rule, parties, votes)]
    if len(within) < len(ballots):
        with pytest.raises(NoValidOutcome, match="grow beyond reason"):
            core_seats(rule, parties, np.array(ballots, np.float64))
    if not within:
        return
    core, counted = core_seats(rule, parties, np.array(within, np.float64))
    exact = [exact_seats(rule, parties, votes) for votes in within]
    for votes, row, wanted in zip(within, core.tolist(), exact, strict=True):
        assert row == wanted, f"{votes}: the core gives {row}, the exact count {wanted}"
    np.testing.assert_array_equal(counted @ np.arange(counted.shape[1]), np.sum(exact, axis=0))


def new_rule(seats: int, method: dict[str, Any], **parts: Any) -> Rule:
    given_parts = {name: part for name, part in parts.items() if part is not None}
    ties = ["votes", "registration"]
    return Rule.model_validate({"seats": seats, "ties": ties, "allocation": method, **given_parts})


@st.composite
def many_parties(draw: st.DrawFn, *, alliances: bool, limits: bool) -> list[Party]:
    parties: list[Party] = []
    for k in range(draw(st.integers(1, 9), "lists")):
        kind = draw(st.sampled_from(["party", "party", "party", "minority"]))
        data: dict[str, Any] = {"id": f"p{k}", "name": f"P{k}", "kind": kind}
        if alliances:
            data["alliance"] = draw(st.sampled_from(["", "", "x", "x", "y"]))
        data["direct_seats"] = draw(st.sampled_from([0, 0, 0, 1, 2, 5]))
        data["min_seats"] = draw(st.sampled_from([0, 0, 0, 1, 3]))
        if limits and draw(st.booleans()):
            least = max(data["direct_seats"], data["min_seats"])
            data["max_seats"] = least + draw(st.sampled_from([0, 1, 2, 5]))
        data["extra_seats"] = draw(st.sampled_from([0, 0, 0, 2]))
        parties.append(Party(**data))
    if draw(st.booleans(), "against all"):
        parties.append(Party(id="against", name="Against all", kind="none-of-the-above"))
    if draw(st.booleans(), "others"):
        parties.append(Party(id="others", name="Others", kind="residual"))
    return parties


def many_ballots(units: int, largest: int = 10**7) -> st.SearchStrategy[list[list[int]]]:
    """Small numbers make ties and votes at exactly the threshold common; zeros are lists nobody chose."""
    count = st.one_of(
        st.integers(0, 20), st.integers(0, 100).map(lambda n: 5 * n), st.integers(0, largest), st.just(0)
    )
    return st.lists(st.lists(count, min_size=units, max_size=units), min_size=1, max_size=12)


def a_threshold(data: st.DataObject, seats: int) -> dict[str, Any] | None:
    threshold = data.draw(st.sampled_from(THRESHOLDS), "threshold")
    if threshold is None or threshold.get("min_lists", 0) > seats:
        return None
    return {**threshold, "or_direct_seats": 2} if data.draw(st.booleans(), "waiver") else threshold


def some_weights(data: st.DataObject) -> dict[str, str] | None:
    return data.draw(st.sampled_from([None, {"minority": "1.35"}]), "weights")


@pytest.mark.parametrize("levelling", [None, "deduct", "keep", "redistribute"])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_what_stands_around_any_method_is_the_exact_count_s(
    levelling: str | None, data: st.DataObject
) -> None:
    method = data.draw(st.sampled_from(METHODS), "method")
    inside = data.draw(st.sampled_from([None, *METHODS]), "alliances")
    limits = data.draw(st.booleans(), "limits")
    parties = data.draw(many_parties(alliances=inside is not None, limits=limits))
    seats = data.draw(st.integers(2, 40), "seats")
    bonus = data.draw(st.sampled_from([None, *BONUSES]), "bonus")
    if bonus is not None and max(int(bonus.get("seats") or 0), int(bonus.get("max") or 0)) > seats:
        bonus = None
    parts: dict[str, Any] | None = None
    if levelling == "deduct":
        parts = {"deduct_unadmitted": True}
    elif levelling is not None:
        parts = {"mode": levelling, "deduct_unadmitted": data.draw(st.booleans(), "deduct")}
    rule = new_rule(
        seats,
        method,
        alliances=inside,
        threshold=a_threshold(data, seats),
        weights=some_weights(data),
        bonus=bonus,
        cap=data.draw(st.sampled_from([None, *CAPS]), "cap"),
        levelling=parts,
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties)), "ballots"))


@pytest.mark.parametrize("mode", ["start", "level"])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_seats_held_meet_the_divisors_as_in_the_exact_count(mode: str, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(DIVISOR), "method")
    parties = data.draw(many_parties(alliances=False, limits=data.draw(st.booleans(), "limits")))
    seats = data.draw(st.integers(1, 40), "seats")
    levelling: dict[str, Any] = {"mode": mode, "deduct_unadmitted": data.draw(st.booleans(), "deduct")}
    if mode == "level" and data.draw(st.booleans()):
        levelling["start_seats"] = data.draw(st.integers(1, 60), "start")
    rule = new_rule(
        seats, method, threshold=a_threshold(data, seats), weights=some_weights(data), levelling=levelling
    )
    assert_same(rule, parties, data.draw(many_ballots(len(parties), 2_000), "ballots"))


def test_a_rule_with_district_tables_is_refused() -> None:
    rule = Rule.model_validate({"seats": 9, "districts": {"method": "dhondt"}})
    with pytest.raises(ConfigurationError, match="divides seats by district"):
        compile_rules([rule], [Party(id="a", name="A")])


def test_a_house_that_would_grow_beyond_what_is_counted_stops_the_run() -> None:
    rule = new_rule(10, {"method": "sainte-lague"}, levelling={"mode": "level"})
    parties = [Party(id="a", name="A"), Party(id="b", name="B", direct_seats=3)]
    seats, _ = core_seats(rule, parties, np.array([[90.0, 10.0], [50.0, 50.0]]))
    assert seats.tolist() == [[23, 3], [5, 5]]
    with pytest.raises(NoValidOutcome, match="grow beyond reason"):
        core_seats(rule, parties, np.array([[90.0, 10.0], [1e9, 1.0]]))


def random_ballots(generator: np.random.Generator, number: int, units: int) -> list[list[int]]:
    """Whole votes that often tie, stand at exactly a twentieth of all, or are nothing; and ordinary ones."""
    small = generator.integers(0, 21, (number, units))
    rounded = 5 * generator.integers(0, 101, (number, units))
    ordinary = np.exp(generator.normal(11.0, 2.0, (number, units))).astype(np.int64)
    boundary = 19 * generator.integers(0, 200, (number, units))
    boundary[:, 0] = boundary[:, 1:].sum(1) // 19
    which = generator.integers(0, 4, number)
    votes = np.choose(which[:, None], [small, rounded, ordinary, boundary])
    votes[generator.random((number, units)) < 0.05] = 0
    return votes.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(map(str, method.values())))
def test_a_hundred_thousand_allocations_are_the_exact_count_s(method: dict[str, Any]) -> None:
    generator = np.random.default_rng(20230319)
    for _ in range(50):
        units = int(generator.integers(1, 13))
        seats = int(np.exp(generator.uniform(np.log(2.0), np.log(150.0))))
        threshold = THRESHOLDS[generator.integers(0, len(THRESHOLDS))]
        parties = [Party(id=f"p{k}", name=f"P{k}") for k in range(units)]
        rule = new_rule(seats, method, threshold=threshold)
        assert_same(rule, parties, random_ballots(generator, 2_000, units))


DRAWN: dict[str, dict[str, Any]] = {
    "bonus": {"bonus": {"type": "graded", "from": "25%", "base": 20, "step": "0.5%", "max": 50}},
    "cap": {"cap": {"share_factor": "1.25", "house": 120, "seats": 40}},
    "alliances": {"alliances": {"method": "droop"}},
    "keep": {"levelling": {"mode": "keep"}},
    "redistribute": {"levelling": {"mode": "redistribute"}, "alliances": {"method": "dhondt"}},
    "start": {"levelling": {"mode": "start"}},
    "level": {"levelling": {"mode": "level"}},
    "deduct": {"levelling": {"deduct_unadmitted": True}},
    "runner-up": {"threshold": {"level": "35%", "min_lists": 2, "runner_up_factor": "0.3"}},
}


@pytest.mark.parametrize(
    ("part", "method"),
    [
        (part, method)
        for part in DRAWN
        for method in ("hare", "droop", "sainte-lague", "huntington-hill")
        if part not in ("start", "level") or method not in ("hare", "droop")
    ],
)
def test_drawn_elections_get_the_seats_of_the_exact_count(part: str, method: str) -> None:
    """600 draws, counted again by their shares in units of 10**-13.

    Draws are no whole numbers, and take ways through the core that given votes do not. The probability that
    rounding to those units swaps two claims of some draw is below 10**-6 over all cases.
    """
    shares = np.array([0.37, 0.24, 0.14, 0.08, 0.06, 0.05, 0.04, 0.02])
    alliances = ["", "x", "y", "x", "y", "x", ""]
    parties = [Party(id=f"p{k}", name=f"P{k}", alliance=name) for k, name in enumerate(alliances)]
    parties[0] = parties[0].model_copy(update={"direct_seats": 41})
    parties[3] = parties[3].model_copy(update={"min_seats": 3, "max_seats": 12})
    parties[6] = parties[6].model_copy(update={"direct_seats": 2, "extra_seats": 1})
    rule = new_rule(100, {"method": method}, **{"threshold": {"level": "5%"}, **DRAWN[part]})
    inputs = GIVEN._replace(
        sampler=SAMPLER_RANDOM,
        location=np.log2(shares),
        spread=np.full(8, 0.3),
        not_lists=np.arange(8) == 7,
        given=np.zeros((0, 8)),
        valid_votes=1e13,
    )
    rules = compile_rules([rule], parties)
    _, kept = run_draws(inputs, rules, NO_QUESTIONS, 600)
    against = Party(id="against", name="Against all", kind="none-of-the-above")
    for votes, row in zip(
        np.rint(kept.shares * 1e13).astype(np.int64).tolist(), kept.seats[0].tolist(), strict=True
    ):
        assert row == exact_seats(rule, [*parties, against], votes)
