"""The last seat of the country: who holds it, who is next, and the votes between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, Rule, load_election
from forecast.estimation import Estimate
from forecast.rules.counts import read_count
from forecast.rules.reference import next_seats
from forecast.simulation.forecasting import simulate
from forecast.simulation.inputs import Units
from forecast.simulation.last_seat import NOBODY, fewest_votes, last_seats, rule_of_the_country, valid_votes
from forecast.tables import table_of
from forecast.words.rounding import points
from tests.forecasts import in_districts
from tests.swept import estimate_of

PLAIN = {"seats": 20, "allocation": {"method": "dhondt"}}


@pytest.fixture(scope="module")
def election(root: Path) -> Election:
    return load_election(root / "configs" / "kazakhstan-2023.toml")


@pytest.fixture(scope="module")
def estimate(election: Election) -> Estimate:
    return estimate_of(election)


def with_rule(election: Election, **rule: object) -> Election:
    return election.model_copy(update={"rule": Rule.model_validate(rule)})


def test_the_last_seat_of_drawn_votes_is_that_of_the_exact_count(election: Election) -> None:
    """Drawn ballots through the core against ``next_seats``; and the official count of 2023."""
    count = read_count(election).ballot
    ids = [party.id for party in election.parties]
    units = Units.of(election, ids)
    parties = [election.by_id[unit] for unit in units.ids[: units.lists]]
    official = [next(entry.votes for entry in count.entries if entry.id == unit) for unit in units.ids]
    generator = np.random.default_rng(5)
    drawn = np.round(np.array(official) * np.exp(generator.normal(0.0, 0.25, (12, len(ids))))).astype(
        np.int64
    )
    ballots = np.vstack([official, drawn])
    votes, gains, loses, _ = fewest_votes(election, election.rule, units, parties, ballots)
    assert (votes[0], units.ids[gains[0]], units.ids[loses[0]]) == (19_156, "respublica", "amanat")
    for row, found in zip(ballots, zip(votes, gains, loses, strict=True), strict=True):
        by_unit = dict(zip(units.ids, row.tolist(), strict=True))
        entries = tuple(entry._replace(votes=by_unit[entry.id]) for entry in count.entries)
        closest = next(
            iter(next_seats(election.rule, replace(count, entries=entries, valid_votes=None)).values())
        )
        assert (found[0], units.ids[found[1]]) == (closest.votes, closest.list)
        assert units.ids[found[2]] in closest.losers


def test_a_draw_in_which_nobody_can_gain_has_no_last_seat(election: Election) -> None:
    rule = election.rule.model_copy(update={"seats": 3})
    units = Units.of(election, [party.id for party in election.parties])
    parties = [election.by_id[unit] for unit in units.ids[: units.lists]]
    ballots = np.zeros((1, len(units.ids)), np.int64)
    ballots[0, 0] = 1000
    votes, gains, loses, _ = fewest_votes(election, rule, units, parties, ballots)
    # One list has all votes: any other can still win a seat from it with enough votes of its own.
    assert gains[0] != NOBODY
    assert loses[0] == 0
    assert votes[0] > 0


def test_valid_votes_are_stated_or_follow_from_turnout(election: Election) -> None:
    assert valid_votes(election) == (6_366_441, True)
    facts = election.election.model_copy(update={"valid_votes": None})
    votes, stated = valid_votes(election.model_copy(update={"election": facts}))
    assert stated
    assert votes == pytest.approx(12_035_578 * 0.542 * 0.976, abs=1)
    facts = facts.model_copy(update={"registered": None})
    assert valid_votes(election.model_copy(update={"election": facts})) == (10_000_000, False)


def shares_of(units: Units, number: int) -> np.ndarray:
    """(N, U) shares drawn around an uneven vote."""
    drawn = np.random.default_rng(3).dirichlet(np.linspace(40.0, 4.0, len(units.ids)), number)
    return np.asarray(drawn)


def test_the_votes_between_the_last_two_are_those_of_their_quotients(election: Election) -> None:
    """By D'Hondt without a threshold they follow from the quotients, list by list."""
    here = with_rule(election.of_lists, **PLAIN)
    units = Units.of(here, [party.id for party in here.parties])
    parties = [here.by_id[unit] for unit in units.ids[: units.lists]]
    shares, lists = shares_of(units, 300), len(parties)
    found = last_seats(here, here.rule, shares, units, parties, given=True)
    for n in range(len(shares)):
        votes = shares[n, :lists]
        quotients = votes[:, None] / np.arange(1, 22)
        seats = (quotients >= np.sort(quotients.ravel())[-20]).sum(axis=1)
        lasts = np.where(seats > 0, votes / np.maximum(seats, 1), np.inf)
        rivals = [np.delete(lasts, k).min() for k in range(lists)]
        needed = np.array(rivals) * (seats + 1) - votes
        closest = int(np.argmin(needed))
        assert found.shares[n] == pytest.approx(needed[closest], abs=1e-6)
        assert found.gains[n] == closest
        others = np.where(np.arange(lists) == closest, np.inf, lasts)
        assert found.loses[n] == int(np.argmin(others))
        assert found.enters[n] == (seats[closest] == 0)


@pytest.mark.parametrize("method", ["hare", "dhondt", "sainte-lague"])
def test_drawn_votes_are_counted_as_given_ones_are(election: Election, method: str) -> None:
    """Whole votes up to 2**24 are whole in single precision: both forms of the core say the same."""
    level = {"level": "5%"}
    here = with_rule(election.of_lists, seats=69, threshold=level, allocation={"method": method})
    units = Units.of(here, [party.id for party in here.parties])
    parties = [here.by_id[unit] for unit in units.ids[: units.lists]]
    ballots = np.round(shares_of(units, 600) * 2**23).astype(np.int64)
    drawn, given = (
        fewest_votes(here, here.rule, units, parties, ballots, given=way) for way in (False, True)
    )
    for one, other in zip(drawn, given, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_tells_who_holds_the_last_seat_and_who_is_next(election: Election, estimate: Estimate) -> None:
    found = simulate(election, estimate, draws=6_000)
    pairs = found.array("last_seat/probability")
    np.testing.assert_allclose(found.array("last_seat/holder_probability"), pairs.sum(axis=0))
    np.testing.assert_allclose(found.array("last_seat/next_probability"), pairs.sum(axis=1))
    assert pairs.sum() == pytest.approx(1.0)
    assert not np.diag(pairs).any()
    assert found["last_seat/holder_probability"].attrs["draws"] == 4_096
    np.testing.assert_allclose(
        found.array("last_seat/votes_quantile"), 6_366_441 * found.array("last_seat/share_quantile")
    )
    table = table_of(found, "last-seat")
    assert [row["holder_probability"] for row in table.rows] == pytest.approx(pairs.sum(axis=0).tolist())
    holder = found.names("party_name")[int(pairs.sum(axis=0).argmax())]
    assert table.notes[0].startswith(f"Most likely to hold the last of the 69 list seats: {holder} (")
    holds = np.sqrt(pairs.sum(axis=0) * (1.0 - pairs.sum(axis=0)) / 4_096)
    assert found.array("last_seat/holder_mc_error") == pytest.approx(np.maximum(holds, 1 / 4_096))
    # .8 points for chances of a third: beside each, as in the other tables of chances.
    assert [column.title for column in table.shown] == [
        *("Party", "Holds the last seat", "± points", "Is next", "± points"),
    ]
    assert table.texts()[0][2] == points(holds[0])
    record = found.record()["last_seat"]
    assert [one["holds"]["probability"] for one in record["parties"]] == pytest.approx(
        pairs.sum(axis=0).tolist()
    )
    assert sum(one["probability"] for one in record["pairs"]) == pytest.approx(1.0)


def test_threads_do_not_change_the_last_seat(election: Election, estimate: Estimate) -> None:
    one, two = (simulate(election, estimate, draws=6_000, threads=threads) for threads in (1, 2))
    assert one.groups["last_seat"].identical(two.groups["last_seat"])


OWN = {"method": "dhondt", "seats": "given"}
BY_VOTERS = {"national_totals": "biproportional", "voters": True}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"seats": 20, "districts": OWN}, "each of which has a last seat of its own"),
        (PLAIN | {"levelling": {"mode": "level"}}, "no seat is the last"),
        (
            PLAIN | {"districts": OWN, "levelling": {"mode": "redistribute"}},
            "the districts where they are cast",
        ),
        (
            PLAIN | {"districts": OWN | {"national_totals": "biproportional", "voters": True}},
            "where they are cast",
        ),
    ],
)
def test_a_rule_without_a_last_seat_of_the_country_says_why(
    election: Election, rule: dict[str, object], why: str
) -> None:
    nationally, said = rule_of_the_country(with_rule(election.of_lists, **rule))
    assert nationally is None
    assert said.endswith(why)


def test_districts_that_only_place_seats_change_nothing_about_the_last(election: Election) -> None:
    placed = PLAIN | {"districts": OWN | {"national_totals": "own-votes"}}
    nationally, said = rule_of_the_country(with_rule(election.of_lists, **placed))
    assert (nationally, said) == (Rule.model_validate(PLAIN), "")


def test_lists_whose_seats_hang_on_winners_of_districts_have_no_last_seat(root: Path) -> None:
    nationally, said = rule_of_the_country(load_election(root / "configs" / "new-zealand-2017.toml"))
    assert nationally is None
    assert said == "the seats of lists hang on who wins the districts"


def test_where_there_is_no_last_seat_every_view_says_so() -> None:
    found = in_districts()
    reason = found.attrs["last_seat"]
    assert reason
    assert "last_seat/share_quantile" not in found
    assert found.record()["last_seat"] == {"none": reason}
    table = table_of(found, "last-seat")
    assert (table.length, table.notes) == (0, (f"No seat of the country is the last: {reason}.",))
