"""Districts in the core against the exact count of the same votes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Party, Rule
from forecast.election.tiers_and_groups import ChamberTier
from forecast.errors import ConfigurationError, NoValidOutcome
from forecast.geography.known_districts import Places
from forecast.geography.pattern import LAWS, Base, compiled, drawn, pattern_of
from forecast.kernels import contests, whole_chamber
from forecast.kernels.count import Questions
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.compiled import compile_rules, one_by_one
from forecast.rules.compiled_clauses import SeatTable
from forecast.rules.reference import apply_rule
from forecast.simulation.chamber import Chamber
from forecast.simulation.inputs import NO_DIRECTIONS, SAMPLER_GIVEN, SAMPLER_RANDOM, Draws
from forecast.simulation.local import DrawnDistricts
from forecast.simulation.numbers_of_places import last_and_next
from forecast.simulation.running import run_draws

NO_QUESTIONS = Questions(
    *(np.zeros(1, np.int64), np.zeros(0, np.int64)),
    *(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64)),
    *(np.zeros(0, np.int32), np.zeros(0, np.int32)),
)
SCALE = 2**60
"""A vote of the core times this is a whole number: its mantissa has 24 bits, and it is no smaller than
2**-36.
"""

PLACING_BY_REGION = [
    {"where": "region", "method": "sainte-lague", "capacity": {"north": 4, "south": 5}},
    {"where": "district", "method": "danish"},
]
RULES: dict[str, dict[str, Any]] = {
    "national threshold": {"threshold": {"level": "5%"}, "districts": {"method": "dhondt"}},
    "quota": {"threshold": {"level": "4%"}, "districts": {"method": "hare"}},
    "rounded quota": {"threshold": {"level": "3%"}, "districts": {"method": "droop"}},
    "modified": {"districts": {"method": "sainte-lague-1.4"}},
    "local threshold": {"districts": {"method": "dhondt", "local_threshold": {"level": "3%"}}},
    "both thresholds": {
        "threshold": {"level": "5%"},
        "districts": {"method": "sainte-lague", "local_threshold": {"level": "8%", "of": "region"}},
    },
    "one of the thresholds": {
        "threshold": {"level": "4%"},
        "allocation": {"method": "sainte-lague-1.2"},
        "levelling": {
            "mode": "return",
            "placing": [{"where": "district", "method": "sainte-lague"}],
        },
        "districts": {
            "method": "sainte-lague-1.2",
            "local_threshold": {"level": "12%", "waives_national": True},
        },
    },
    "levelling by quotas": {
        "threshold": {"level": "4%"},
        "allocation": {"method": "sainte-lague-1.4"},
        "levelling": {
            "mode": "redistribute",
            "placing": [
                {"where": "district", "method": "sainte-lague", "compare": "quotas", "capacity": "table"}
            ],
        },
        "districts": {"method": "sainte-lague-1.4", "threshold": False},
    },
    "levelling in national order": {
        "threshold": {"level": "5%"},
        "allocation": {"method": "dhondt"},
        "levelling": {
            "mode": "start",
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
        "districts": {"method": "dhondt", "threshold": False},
    },
    "levelling by region": {
        "threshold": {"level": "2%"},
        "allocation": {"method": "hare"},
        "levelling": {"mode": "redistribute", "placing": PLACING_BY_REGION},
        "districts": {"method": "dhondt", "threshold": False},
    },
    "a bonus in every district": {
        "districts": {
            "method": "hare-rounded-up",
            "bonus": {"type": "fixed", "seats": 1},
            "local_threshold": {"level": "5%"},
        },
    },
    "alliances": {
        "threshold": {"level": "2%"},
        "alliances": {"method": "dhondt"},
        "districts": {"method": "dhondt"},
    },
    "sizes by votes": {
        "threshold": {"level": "5%"},
        "districts": {"method": "dhondt", "seats": "by-votes"},
    },
    "seats left over": {
        "threshold": {"level": "5%"},
        "districts": {
            "method": "imperiali-rounded",
            "seats": "by-votes",
            "leftover": "hagenbach-bischoff-rounded",
        },
    },
    "seats left over by divisors": {
        "threshold": {"level": "5%"},
        "districts": {"method": "hare-rounded-down", "leftover": "dhondt"},
    },
    "seats left over of all valid votes": {
        "threshold": {"level": "5%"},
        "districts": {"method": "hare", "quota_of": "valid", "leftover": "hare"},
    },
    "a level for the last of the seats left over": {
        "threshold": {"level": "4%"},
        "districts": {
            "method": "hare-rounded-down",
            "quota_of": "valid",
            "threshold": False,
            "leftover": "hare-rounded-down",
            "last_seats_from": "12%",
        },
    },
    "the same of lists admitted": {
        "threshold": {"level": "7%", "base": "lists"},
        "districts": {"method": "droop", "leftover": "imperiali", "last_seats_from": "1/6"},
    },
    "quotas rounded, then compensation": {
        "threshold": {"level": "5%"},
        "allocation": {"method": "power", "power": "0.9"},
        "levelling": {"mode": "start"},
        "districts": {
            "method": "hare",
            "quota_of": "valid",
            "remainder": "rounded",
            "remainder_from": "75%",
            "leftover": "levelled",
        },
    },
    "whole quotas, then the country": {
        "threshold": {"level": "4%", "or_district_seats": 1},
        "allocation": {"method": "dhondt"},
        "levelling": {"mode": "redistribute"},
        "districts": {"method": "hare", "threshold": False, "leftover": "levelled"},
    },
    "votes from abroad shared": {
        "threshold": {"level": "7%"},
        "districts": {"method": "dhondt", "seatless": "shared"},
    },
    "totals first": {
        "threshold": {"level": "4%"},
        "allocation": {"method": "hare"},
        "districts": {"method": "hare", "national_totals": "smallest-remainders"},
    },
    "double proportion": {
        "threshold": {"level": "9%", "or_district_share": "14%"},
        "allocation": {"method": "sainte-lague"},
        "districts": {"method": "sainte-lague", "national_totals": "biproportional"},
    },
    "double proportion of voters": {
        "allocation": {"method": "sainte-lague"},
        "districts": {
            "method": "dhondt",
            "national_totals": "biproportional",
            "voters": True,
            "strongest_list": "all",
        },
    },
    "let in by one district": {
        "threshold": {"level": "12%", "or_district_share": "20%"},
        "allocation": {"method": "sainte-lague-1.4"},
        "levelling": {"mode": "redistribute"},
        "districts": {"method": "sainte-lague-1.4", "threshold": False},
    },
    "waivers": {
        "threshold": {"level": "9%", "or_district_seats": 1, "or_regions_at_quota": 1},
        "allocation": {"method": "hare"},
        "levelling": {"mode": "redistribute", "placing": PLACING_BY_REGION},
        "districts": {"method": "dhondt", "threshold": False},
    },
    "apart": {
        "threshold": {"level": "5%"},
        "allocation": {"method": "hare"},
        "levelling": {"mode": "apart"},
        "districts": {"method": "dhondt"},
    },
}
ALLIANCES = {"l0": "a", "l2": "a", "l3": "b", "l4": "b", "l5": "b"}
SIZES = np.array([3, 5, 8, 2, 11, 4, 1, 7])
REGIONS = ("north", "north", "north", "south", "south", "south", "south", "south")
LEVELLING = np.array([1, 1, 2, 1, 1, 1, 1, 1])
NAMES = tuple(f"d{number}" for number in range(len(SIZES)))


def table_of(name: str) -> SeatTable:
    """The districts; where votes from abroad are shared, one of them has no seats."""
    sizes = SIZES * (np.arange(len(SIZES)) != 6) if name == "votes from abroad shared" else SIZES
    return SeatTable(NAMES, sizes, REGIONS, LEVELLING)


def geography(seed: int, lists: int) -> Base:
    """A last result at random, with lists that are new, and some that do not stand everywhere."""
    random = np.random.default_rng(seed)
    number = len(SIZES)
    national = random.dirichlet(np.full(lists + 1, 1.5)) * 0.97 + 0.03 / (lists + 1)
    last = national * np.exp(random.normal(0.0, 0.4, (number, lists + 1)))
    last /= last.sum(1, keepdims=True)
    weights = SIZES * random.uniform(0.7, 1.3, number)
    weights = weights / weights.sum()
    stands = random.random((number, lists + 1)) > 0.1
    stands[:, 0] = stands[:, -1] = True
    national = weights @ last
    national[1] = 0.0  # new
    return Base(NAMES, tuple(f"l{k}" for k in range(lists + 1)), weights, last, national, stands, None)


def draws_on(base: Base, seed: int) -> Draws:
    random = np.random.default_rng(seed)
    units = len(base.units)
    central = random.dirichlet(np.full(units, 2.0)) * 0.9 + 0.1 / units
    return Draws(
        seed=np.uint64(seed),
        sampler=SAMPLER_RANDOM,
        location=np.log2(central),
        spread=np.full(units, 0.3),
        factor=np.zeros((0, 0)),
        tail=np.zeros(0, np.float32),
        undecided=0.0,
        undecided_spread=0.0,
        not_lists=np.arange(units) == units - 1,
        invalid=np.zeros(2),
        turnout=np.ones(2),
        directions=NO_DIRECTIONS,
        given=np.zeros((0, units)),
        valid_votes=1e7,
        pattern=compiled(pattern_of(base, central), seed, range(len(central))),
    )


def parties_of(base: Base) -> list[Party]:
    return [
        Party.model_validate({"id": name, "name": name, "alliance": ALLIANCES.get(name)})
        for name in base.units[:-1]
    ]


def ballot_of(
    base: Base, table: SeatTable, national: np.ndarray, local: np.ndarray, *, voters: bool = False
) -> Ballot:
    """The votes of a draw as whole numbers; those of ``voters``, who have one for every seat there."""
    entries = [
        Entry(
            name,
            int(votes * SCALE),
            "none-of-the-above" if k == len(base.units) - 1 else "party",
            alliance=ALLIANCES.get(name),
        )
        for k, (name, votes) in enumerate(zip(base.units, national.tolist(), strict=True))
    ]
    each = [int(seats) if voters else 1 for seats in table.seats]
    districts = [
        District(
            name,
            {
                unit: int(votes * SCALE) * each[d]
                for unit, votes in zip(base.units, row.tolist(), strict=True)
            },
            seats=int(table.seats[d]),
            region=REGIONS[d],
            levelling=int(LEVELLING[d]),
        )
        for d, (name, row) in enumerate(zip(base.districts, local, strict=True))
    ]
    return Ballot(tuple(entries), districts=tuple(districts))


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lists=st.integers(2, 9))
def test_districts_are_divided_as_the_exact_count_divides_the_same_votes(
    name: str, seed: int, lists: int
) -> None:
    base = geography(seed, lists)
    extra = 9 if "levelling" in RULES[name] else 0
    table = table_of(name)
    rule = Rule.model_validate({"seats": int(table.seats.sum()) + extra, **RULES[name]})
    _as_the_exact_count(base, table, rule, draws_on(base, seed))


@pytest.mark.parametrize("name", RULES)
def test_the_seats_handed_out_are_those_that_lists_have(name: str) -> None:
    """A majority is one of them: events ask whether there are as many as the house has, and more."""
    base, table = geography(1, 7), table_of(name)
    house = int(table.seats.sum()) + (9 if "levelling" in RULES[name] else 0)
    rules = compile_rules(
        [Rule.model_validate({"seats": house, **RULES[name]})], parties_of(base), table=table
    )
    starts, handed_out = np.arange(3), np.full(2, 2 * rules.lists)
    asked = NO_QUESTIONS._replace(
        event_starts=starts,
        term_starts=starts,
        terms=handed_out,
        weights=np.ones(2, np.int32),
        bounds=np.array([house, house + 1], np.int32),
    )
    counts, kept = run_draws(draws_on(base, 1), rules, asked, 1000, keep=1000)
    assert (kept.seats[0].sum(1) == house).all()
    assert counts.totals.events.sum(0).tolist() == [1000, 0]


@pytest.mark.parametrize(
    "name",
    [
        "levelling in national order",
        "waivers",
        "totals first",
        "return",
        "a level for the last of the seats left over",
    ],
)
def test_districts_of_given_votes_are_divided_as_the_exact_count_divides_them(name: str) -> None:
    name = "one of the thresholds" if name == "return" else name
    base = geography(9, 7)
    extra = 9 if "levelling" in RULES[name] else 0
    table = table_of(name)
    rule = Rule.model_validate({"seats": int(table.seats.sum()) + extra, **RULES[name]})
    drawn_ones = draws_on(base, 9)
    random = np.random.default_rng(9)
    given = random.dirichlet(np.full(len(base.units), 2.0), 40) * drawn_ones.valid_votes
    _as_the_exact_count(base, table, rule, drawn_ones._replace(sampler=SAMPLER_GIVEN, given=np.round(given)))


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if "threshold" in rule])
def test_where_no_list_reaches_the_level_of_the_country_the_districts_seats_are_those_of_the_exact_count(
    name: str,
) -> None:
    base, table, clauses = geography(3, 7), table_of(name), RULES[name]
    extra = 9 if "levelling" in clauses else 0
    threshold = clauses["threshold"] | {"level": "80%"}
    rule = Rule.model_validate(
        {"seats": int(table.seats.sum()) + extra, **clauses, "threshold": threshold},
    )
    _as_the_exact_count(base, table, rule, draws_on(base, 3))


def _as_the_exact_count(base: Base, table: SeatTable, rule: Rule, draws: Draws, number: int = 40) -> None:
    rules = compile_rules([rule], parties_of(base), table=table)
    _, kept = run_draws(draws, rules, NO_QUESTIONS, number, keep=number)
    assert kept.districts is not None
    for i in range(number):
        local = kept.districts.votes[i].astype(np.float64)
        national = kept.shares[i]
        voters = rule.districts is not None and bool(rule.districts.voters)
        try:
            outcome = apply_rule(rule, ballot_of(base, table, national, local, voters=voters))
        except NoValidOutcome:
            assert not kept.seats[0, i].any()
            continue
        won = [outcome.seats[name] for name in base.units[:-1]]
        assert kept.seats[0, i].tolist() == won
        if outcome.void:
            assert not kept.districts.seats[0, i].any()
            continue
        by_district = [[district.of(name) for name in base.units[:-1]] for district in outcome.districts]
        assert kept.districts.seats[0, i].tolist() == by_district


def test_laws_of_districts_that_differ_in_one_clause_are_swept_as_each_is_alone() -> None:
    """Clauses about what districts leave over among them: a grid takes laws with different ones apart."""
    base, table = geography(3, 7), table_of("votes from abroad shared")
    clauses: list[dict[str, Any]] = [
        *({"method": "hare", "leftover": leftover} for leftover in ("dhondt", "hare", "sainte-lague")),
        {"method": "hare", "leftover": "hare", "remainder": "rounded", "remainder_from": "75%"},
        {"method": "hare", "leftover": "hare", "last_seats_from": "15%"},
        {"method": "hare", "leftover": "hare", "last_seats_from": "15%", "threshold": False},
        *({"method": "dhondt", **more} for more in ({}, {"seats": "by-votes"}, {"seatless": "shared"})),
    ]
    rules = [
        Rule.model_validate(
            {"seats": int(table.seats.sum()), "threshold": {"level": level}, "districts": districts}
        )
        for districts in clauses
        for level in ("2%", "4%", "6%", "8%")
    ]
    compiled_rules = compile_rules(rules, parties_of(base), table=table)
    assert len(compiled_rules.grids) > 0
    together, _ = run_draws(draws_on(base, 3), compiled_rules, NO_QUESTIONS, 1000)
    alone, _ = run_draws(draws_on(base, 3), one_by_one(compiled_rules), NO_QUESTIONS, 1000)
    np.testing.assert_array_equal(together.totals.seats, alone.totals.seats)
    by_clause = alone.totals.seats.reshape(len(clauses), -1)
    assert len(np.unique(by_clause, axis=0)) == len(clauses)


@pytest.mark.parametrize(
    ("method", "leftover", "drawn"),
    [
        ("hare", "droop", False),
        ("hagenbach-bischoff", "hare-rounded-up", False),
        ("droop", "droop", True),
        ("hare", "hagenbach-bischoff", True),
        ("imperiali", "dhondt", True),
    ],
)
def test_rounded_quotas_of_remainders_that_are_fractions_are_refused_in_draws(
    method: str, leftover: str, drawn: bool
) -> None:
    base, table = geography(3, 7), table_of("votes from abroad shared")
    districts = {"method": method, "leftover": leftover}
    rule = Rule.model_validate({"seats": int(table.seats.sum()), "districts": districts})
    if drawn:
        compile_rules([rule], parties_of(base), table=table)
    else:
        with pytest.raises(ConfigurationError, match="drawn where the quota of the districts is rounded too"):
            compile_rules([rule], parties_of(base), table=table)


def test_votes_of_districts_add_up_to_those_of_the_nation() -> None:
    base = geography(1, 6)
    rule = Rule.model_validate({"seats": int(SIZES.sum()), **RULES["national threshold"]})
    _, kept = run_draws(
        draws_on(base, 1),
        compile_rules([rule], parties_of(base), table=table_of("")),
        NO_QUESTIONS,
        600,
        keep=600,
    )
    assert kept.districts is not None
    votes = kept.districts.votes.astype(np.float64)
    shares = votes.sum(1) / votes.sum((1, 2))[:, None]
    np.testing.assert_allclose(shares, kept.shares, atol=2e-6)
    assert not votes[:, ~base.stands].any()


@pytest.mark.parametrize("regional", [False, True])
@pytest.mark.parametrize("swing", LAWS)
def test_district_shares_have_the_means_and_spreads_of_the_model_in_plain_numpy(
    swing: str, regional: bool
) -> None:
    """Error probability of the z tests: 48 cells of means at 5 standard errors, under 1 in 30,000."""
    base = geography(5, 5)
    if regional:
        base = replace(base, regions=np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    draws = draws_on(base, 5)
    central = 2.0**draws.location
    pattern = pattern_of(base, central / central.sum(), swing=swing)
    shared = np.linspace(0.5, 1.0, pattern.shares.size).reshape(pattern.shares.shape)
    pattern = replace(pattern, common=shared)
    draws = draws._replace(pattern=compiled(pattern, 5, range(len(central))))
    rule = Rule.model_validate({"seats": int(SIZES.sum()), **RULES["national threshold"]})
    rules = compile_rules([rule], parties_of(base), table=table_of(""))
    _, kept = run_draws(draws, rules, NO_QUESTIONS, 1024, keep=1024)
    assert kept.districts is not None
    votes = kept.districts.votes.astype(np.float64)
    ours = votes / votes.sum(2, keepdims=True)
    national = np.repeat(kept.shares, 8, axis=0)
    twin = drawn(pattern, national, np.random.default_rng(6))
    twin /= twin.sum(2, keepdims=True)
    # The national draws are common to both: what is compared is the error around them.
    ours = ours - twin.reshape(1024, 8, *twin.shape[1:]).mean(1)
    spread = np.sqrt(twin.reshape(1024, 8, *twin.shape[1:]).var(1, ddof=1).mean(0))
    stands = base.stands
    z = ours.mean(0)[stands] / (spread[stands] * np.sqrt(9.0 / 8.0 / 1024))
    assert np.abs(z).max() < 5.0
    ratio = ours.std(0)[stands] / (spread[stands] * np.sqrt(9.0 / 8.0))
    assert np.abs(ratio - 1.0).max() < 0.17
    assert abs(float(np.median(ratio)) - 1.0) < 0.04


@pytest.mark.parametrize("method", ["dhondt", "sainte-lague", "sainte-lague-1.4"])
def test_the_margin_of_the_last_seat_is_what_moves_it(method: str) -> None:
    base = geography(2, 6)
    rule = Rule.model_validate(
        {"seats": int(SIZES.sum()), "threshold": {"level": "5%"}, "districts": {"method": method}}
    )
    rules = compile_rules([rule], parties_of(base), table=table_of(""))
    _, kept = run_draws(draws_on(base, 2), rules, NO_QUESTIONS, 50, keep=50)
    assert kept.districts is not None
    found = last_and_next(kept.districts, rules, 0)
    assert found is not None
    last, following, margin = found
    divisors = rules.divisors[int(rules.tiers[0].record["divisor_row"][0])]  # pyrefly: ignore[missing-attribute]
    votes, seats = kept.districts.votes.astype(np.float64), kept.districts.seats[0].astype(int)
    for i, d in np.ndindex(margin.shape):
        loses, gains = last[i, d], following[i, d]
        assert seats[i, d, loses] > 0
        price = votes[i, d, loses] / divisors[seats[i, d, loses] - 1]
        for more, wins in ((0.999, False), (1.001, True)):
            extra = more * margin[i, d] * votes[i, d].sum()
            quotient = (votes[i, d, gains] + extra) / divisors[seats[i, d, gains]]
            assert (quotient > price) == wins


@pytest.mark.parametrize("draws", [1, 511, 513, 700, 1000])
@pytest.mark.parametrize("seed", range(12))
def test_histograms_of_districts_count_every_draw_once(draws: int, seed: int) -> None:
    base = geography(seed, 9)
    large = SeatTable(
        NAMES, 12 * SIZES, REGIONS, LEVELLING
    )  # seats of a list spread too far to count by value
    rule = Rule.model_validate({"seats": int(large.seats.sum()), **RULES["national threshold"]})
    rules = compile_rules([rule], parties_of(base), table=large)
    counts, kept = run_draws(draws_on(base, seed), rules, NO_QUESTIONS, draws, keep=draws)
    assert kept.districts is not None
    found = counts.district_seats[0]
    expected = np.stack([(kept.districts.seats[0] == s).sum(0) for s in range(found.shape[-1])], axis=-1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(4))
def test_divisors_begin_after_winners_as_the_exact_count_has_it(seed: int) -> None:
    """Twenty single-member districts, each nearly all for one list, so that who wins them is known."""
    lists = 5
    base, table = geography(seed, lists), table_of("start")
    random = np.random.default_rng(seed)
    where, winner = random.integers(0, len(SIZES), 20), random.integers(0, lists, 20)
    draws = draws_on(base, seed)._replace(chamber=chamber_with(base, where, winner, seed))
    rule = Rule.model_validate(
        {"seats": int(SIZES.sum()) + 20, "districts": {"method": "dhondt", "direct": "start"}}
    )
    rules = compile_rules([rule], parties_of(base), table=table, held=20)
    counts, kept = run_draws(draws, rules, NO_QUESTIONS, 40, keep=40)
    assert kept.districts is not None
    assert counts.districts_won[0][np.arange(20), winner].tolist() == [40] * 20
    for i in range(40):
        ballot = ballot_of(base, table, kept.shares[i], kept.districts.votes[i].astype(np.float64))
        districts = [
            replace(
                district, direct={f"l{k}": int(((where == d) & (winner == k)).sum()) for k in range(lists)}
            )
            for d, district in enumerate(ballot.districts)
        ]
        outcome = apply_rule(rule, replace(ballot, districts=tuple(districts)))
        names = base.units[:-1]
        assert kept.seats[0, i].tolist() == [outcome.seats[name] for name in names]
        by_district = [[district.of(name) for name in names] for district in outcome.districts]
        assert kept.districts.seats[0, i].tolist() == by_district
        assert kept.seats[0, i].sum() == SIZES.sum() + 20


def chamber_with(base: Base, where: np.ndarray, winner: np.ndarray, seed: int) -> Chamber:
    """A chamber whose one tier are single-member districts of certain winners, in districts of the rule."""
    lists, number = len(base.units) - 1, len(where)
    last = np.full((number, lists + 1), 0.02 / lists)
    last[np.arange(number), winner] = 0.98
    last /= last.sum(1, keepdims=True)
    weights = np.full(number, 1.0 / number)
    names = tuple(f"c{number}" for number in range(number))
    of = Base(names, base.units, weights, last, weights @ last, np.ones(last.shape, bool), None)
    about = np.zeros(1, contests.SPLIT)
    about["seed"] = seed
    units = np.arange(lists + 1)
    nothing = np.zeros(lists + 1, np.float32)
    # Candidates have the votes of last time, whatever lists have.
    split = contests.Split(about, units, nothing, (weights @ last).astype(np.float32), nothing)
    pattern = compiled(pattern_of(of, weights @ last), seed, range(lists + 1))
    tier = ChamberTier.model_validate(
        {
            "id": "smd",
            "name": "districts",
            "seats": number,
            "how": "levelled",
            "votes": {"last": "none.csv", "split": "same"},
        }
    )
    stands = np.ones((number, lists), bool)
    record = np.zeros(1, whole_chamber.TIER)
    record["seed"], record["way"], record["rounds"], record["ahead"] = seed, whole_chamber.BY_VOTES, 1, True
    transfers = np.full((lists + 1, lists), whole_chamber.UNNAMED, np.float32)
    of_tier = whole_chamber.Contests(
        record,
        np.arange(number + 1, dtype=np.int64) * lists,
        np.tile(np.arange(lists, dtype=np.int64), number),
        np.zeros(number * lists, np.float32),
        *(np.zeros(lists, np.int64), np.zeros(lists, np.float32), np.zeros(lists, np.int64)),
        transfers,
    )
    places = Places(tuple(District(name, {}, seats=1) for name in names), "made")
    found = DrawnDistricts(places, split, pattern, stands, transfers, None, 0.0, (), where.astype(np.int64))
    return Chamber(base.units[:-1], (tier,), (of_tier,), NO_QUESTIONS, 0, (found,))
