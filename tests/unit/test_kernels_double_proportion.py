"""Double proportion in the core against the exact count of the same whole votes, ties among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Party, Rule
from forecast.election.methods import divisors_of
from forecast.errors import NoValidOutcome
from forecast.kernels.given_districts import GivenDistricts
from forecast.rules.allocation import Plan, divide
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.compiled import compile_rules
from forecast.rules.compiled_clauses import SeatTable
from forecast.rules.districts import Tier, divide_districts
from forecast.rules.outcome import Division
from forecast.rules.thresholds import admit, entitled
from forecast.rules.totals_first import place_doubly, voters
from forecast.simulation.inputs import NO_DIRECTIONS, SAMPLER_GIVEN, Draws
from forecast.simulation.running import run_draws
from tests.unit.test_kernels_districts import NO_QUESTIONS

METHODS = ("sainte-lague", "dhondt", "sainte-lague-1.4", "danish")
THRESHOLDS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"level": "10%"},
    {"level": "100%", "or_district_share": "20%"},
    {"level": "15%", "or_district_share": "25%", "strict": True},
)


@dataclass(frozen=True)
class Case:
    """A rule, and N ballots with votes (N, D, U); the last unit is no list."""

    rule: Rule
    sizes: np.ndarray
    votes: np.ndarray
    stands: np.ndarray
    facts: tuple[Mapping[str, Any], ...] = ()
    """(K,) what is known of the lists besides their names."""
    invalid: float = 0.0
    turnout: float = 1.0

    @property
    def lists(self) -> list[str]:
        return [f"l{k}" for k in range(self.votes.shape[2] - 1)]


def random_case(seed: int, number: int) -> Case:
    random = np.random.default_rng(seed)
    lists, places = int(random.integers(2, 7)), int(random.integers(2, 6))
    sizes = random.integers(1, 9, places)
    stands = random.random((places, lists + 1)) > random.choice([0.0, 0.25, 0.5])
    stands[:, random.integers(0, lists)] = stands[:, -1] = True
    most = random.choice([12, 60, 5000])
    votes = random.integers(0, most, (number, places, lists + 1)) * stands
    votes[..., 0] += 1
    stands[:, 0] = True
    parts: dict[str, Any] = {
        "seats": int(sizes.sum()),
        "allocation": {"method": "sainte-lague"},
        "districts": {
            "method": str(random.choice(METHODS)),
            "national_totals": "biproportional",
            "voters": [False, True, "fractions"][random.integers(0, 3)],
            "strongest_list": [None, None, "all", "single-member"][random.integers(0, 4)],
        },
    }
    threshold = THRESHOLDS[random.integers(0, len(THRESHOLDS))]
    if threshold is not None:
        parts["threshold"] = threshold
    return Case(Rule.model_validate(parts), sizes, votes, stands)


def in_the_core(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Seats of lists (N, K), and by district (N, D, K)."""
    number, places, units = case.votes.shape
    names = tuple(f"d{d}" for d in range(places))
    table = SeatTable(names, case.sizes, ("",) * places, np.full(places, -1))
    draws = Draws(
        seed=np.uint64(7),
        sampler=SAMPLER_GIVEN,
        location=np.zeros(units),
        spread=np.zeros(units),
        factor=np.zeros((0, 0)),
        tail=np.zeros(0, np.float32),
        undecided=0.0,
        undecided_spread=0.0,
        not_lists=np.arange(units) == units - 1,
        invalid=np.full(2, case.invalid),
        turnout=np.full(2, case.turnout),
        directions=NO_DIRECTIONS,
        given=case.votes.sum(1).astype(np.float64),
        valid_votes=1e6,
        pattern=GivenDistricts(case.votes.astype(np.float32), case.stands),
        table=table,
    )
    facts = case.facts or ({},) * len(case.lists)
    parties = [
        Party.model_validate({"id": name, "name": name, **known})
        for name, known in zip(case.lists, facts, strict=True)
    ]
    rules = compile_rules([case.rule], parties, table=table)
    _, kept = run_draws(draws, rules, NO_QUESTIONS, number, keep=number)
    assert kept.districts is not None
    return kept.seats[0], kept.districts.seats[0].astype(np.int64)


def ballot_of(case: Case, votes: np.ndarray) -> Ballot:
    names = [*case.lists, "nobody"]
    kinds = ["party"] * len(case.lists) + ["none-of-the-above"]
    total = votes.sum(0)
    entries = [Entry(name, int(total[u]), kinds[u]) for u, name in enumerate(names)]  # pyrefly: ignore[bad-argument-type]
    districts = [
        District(f"d{d}", dict(zip(names, row.tolist(), strict=True)), seats=int(case.sizes[d]))
        for d, row in enumerate(votes)
    ]
    return Ballot(tuple(entries), districts=tuple(districts))


def exactly(rule: Rule, ballot: Ballot) -> tuple[Division, Tier]:
    """The national division and the districts as they divide by themselves."""
    assert rule.districts is not None
    assert rule.allocation is not None
    admissions, _ = admit(rule, ballot)
    tier = divide_districts(rule, ballot, admissions)
    units = entitled(rule, ballot, admissions)
    units = voters(rule, units, ballot, tier) if rule.districts.voters else units
    return divide(Plan(rule.allocation, rule.ties), units, rule.seats), tier


def assert_as_exactly(case: Case) -> tuple[int, int]:
    """Every draw of the core has the totals and the table of the exact count; where claims are equal, totals
    that a lot may give, and a table as good as any. How many ballots had no table, and how many a tie.
    """
    won, placed = in_the_core(case)
    void = tied = 0
    for i, votes in enumerate(case.votes):
        division, tier = exactly(case.rule, ballot_of(case, votes))
        possible = totals_of(division, case.lists)
        seats = dict(zip(case.lists, won[i].tolist(), strict=True))
        table = {
            place: dict(zip(case.lists, row.tolist(), strict=True))
            for place, row in zip(tier.sizes, placed[i], strict=True)
        }
        if not any(seats.values()):
            assert None in [table_of(case.rule, tier, totals) for totals in possible]
            assert not placed[i].any()
            void += 1
            continue
        assert seats in possible
        assert placed[i].sum(1).tolist() == case.sizes.tolist()
        assert placed[i].sum(0).tolist() == won[i].tolist()
        found = table_of(case.rule, tier, seats)
        assert found is not None
        tied += bool(found.ties) or len(possible) > 1
        if found.ties:
            assert worth(case.rule, tier, table) == worth(case.rule, tier, found.seats)
        else:
            assert table == {d: {k: row.get(k, 0) for k in case.lists} for d, row in found.seats.items()}
    return void, tied


def totals_of(division: Division, lists: list[str]) -> list[dict[str, int]]:
    """The totals of lists that a lot among equal claims may give."""
    given = Counter({name: division.seats.get(name, 0) for name in lists})
    if not division.ties:
        return [dict(given)]
    (tie,) = division.ties
    given.subtract(tie.won)
    return [
        {name: given[name] + (name in lucky) for name in lists}
        for lucky in combinations(tie.lists, tie.seats)
    ]


def table_of(rule: Rule, tier: Tier, totals: Mapping[str, int]) -> Tier | None:
    """The table of the exact count with these totals, if there is one."""
    try:
        return place_doubly(rule, tier, totals) if any(totals.values()) else None
    except NoValidOutcome:
        return None


def worth(rule: Rule, tier: Tier, table: Mapping[str, Mapping[str, int]]) -> Fraction:
    """The product of the quotients of all seats, which no table with the same sums exceeds."""
    assert rule.districts is not None
    divisor = divisors_of(rule.districts).divisor
    quotients = (
        unit.votes / divisor(n)
        for place, units in tier.units.items()
        for unit in units
        for n in range(1, table[place].get(unit.id, 0) + 1)
    )
    return prod(quotients, start=Fraction(1))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whole_votes_have_the_double_proportion_of_the_exact_count(seed: int) -> None:
    assert_as_exactly(random_case(seed, 12))


@pytest.mark.slow
def test_a_hundred_thousand_random_ballots_have_the_double_proportion_of_the_exact_count() -> None:
    void, tied = np.sum([assert_as_exactly(random_case(seed, 200)) for seed in range(500)], axis=0)
    assert void > 100
    assert tied > 1000


def test_ties_are_settled_by_lot_and_every_table_comes_up() -> None:
    """Two lists with equal votes in two districts of one seat each: either table, by a fair lot (400 draws; a
    share outside 0.4 to 0.6 has a probability under 1 in 10,000 of a fair one).
    """
    rule = Rule.model_validate(
        {
            "seats": 2,
            "allocation": {"method": "sainte-lague"},
            "districts": {"method": "sainte-lague", "national_totals": "biproportional"},
        }
    )
    votes = np.broadcast_to(np.array([[10, 10, 0], [10, 10, 0]]), (400, 2, 3)).copy()
    case = Case(rule, np.array([1, 1]), votes, np.ones((2, 3), bool))
    won, placed = in_the_core(case)
    assert (won == 1).all()
    first = placed[:, 0, 0]
    assert ((placed[:, 0] + placed[:, 1]) == 1).all()
    assert 0.4 < first.mean() < 0.6
