"""Counterfactuals on real votes, and the indices of disproportionality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import Election, Rule, load_election, parse_election
from forecast.errors import ConfigurationError
from forecast.result import Forecast
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.counts import read_count
from forecast.sweeps.comparison import effective_number, indices_of, seats_moved
from forecast.sweeps.grid import Grid, parse_axes
from forecast.sweeps.scenarios import read_scenarios
from forecast.sweeps.sweep_of_votes import sweep_votes
from forecast.tables import tables_of
from forecast.words.rounding import as_written
from tests.swept import flat


@pytest.fixture(scope="module")
def of_2021(root: Path) -> Election:
    return load_election(root / "configs" / "kazakhstan-2021.toml")


@pytest.fixture(scope="module")
def of_2023(root: Path) -> Election:
    return load_election(root / "configs" / "kazakhstan-2023.toml")


def swept(election: Election, **asked: Any) -> Forecast:
    return sweep_votes(election, read_count(election).ballot, Grid.of(election.rule, parse_axes(**asked)))


def seats(sweep: Forecast) -> list[list[int]]:
    return flat(sweep)["seats_won"].values.tolist()


def test_the_published_counterfactuals_of_2021(of_2021: Election) -> None:
    """Published at https://qazaq-stan.press/skolko-mandatov-polychat-proshedshie-v-majilis-partii.html."""
    assert seats(swept(of_2021, threshold="3%,5%,7%")) == [
        [70, 11, 9, 5, 3],
        [72, 11, 9, 6, 0],
        [76, 12, 10, 0, 0],
    ]


def test_under_the_level_of_2021_two_of_six_lists_of_2023_stay_out(of_2023: Election) -> None:
    sweep = swept(of_2023, threshold="5%,7%")
    assert seats(sweep) == [[40, 8, 6, 6, 5, 4, 0, 0], [46, 9, 7, 7, 0, 0, 0, 0]]
    assert flat(sweep)["rules/seats_difference"].values[1].tolist() == [6, 1, 1, 1, -5, -4, 0, 0]
    assert flat(sweep)["rules/moved_seats"].values.tolist() == [0, 9]
    assert flat(sweep)["rules/is_base_rule"].values.tolist() == [1, 0]


def test_a_list_drops_out_above_its_share_exactly(of_2023: Election) -> None:
    data = flat(swept(of_2023, threshold="0%:10%:5%"))
    flips = dict(zip(data["flips/subject"].values.tolist(), data["flips/level"].values.tolist(), strict=True))
    assert flips["osdp"] == 331_058 / 6_366_441
    assert flips["qhp"] == 432_920 / 6_366_441
    assert list(flips) == ["baytaq", "osdp", "qhp", "aqjol", "respublica"]
    assert set(data["flips/change"].values.tolist()) == {"lost"}


def test_a_majority_is_lost_above_the_share_of_the_list_that_it_needs() -> None:
    election = parse_election(
        {
            "election": {"id": "x", "name": "X", "date": "2030-01-01"},
            "parties": [{"id": name, "name": name.upper()} for name in "abc"],
            "rule": {"seats": 20, "threshold": {"level": "5%"}, "allocation": {"method": "hare"}},
            "coalitions": [{"id": "rest", "parties": ["b", "c"]}],
        }
    )
    ballot = Ballot((Entry("a", 40), Entry("b", 35), Entry("c", 25)))
    data = flat(sweep_votes(election, ballot, Grid.of(election.rule, parse_axes(threshold="0%,30%"))))
    flips = [
        tuple(str(data[f"flips/{name}"].values[i]) for name in ("about", "subject", "change", "level"))
        for i in (0, 1)
    ]
    assert flips == [("passes", "c", "lost", "0.25"), ("majority", "rest", "lost", "0.25")]
    assert data["majority"].values.tolist() == [[1], [0]]


def test_ties_of_every_variant_are_reported_with_who_won_and_by_what() -> None:
    election = parse_election(
        {
            "election": {"id": "x", "name": "X", "date": "2030-01-01"},
            "parties": [{"id": name, "name": name.upper()} for name in "abc"],
            "rule": {"seats": 4, "ties": "lot", "allocation": {"method": "hare"}},
        }
    )
    ballot = Ballot((Entry("a", 100), Entry("b", 100), Entry("c", 50)))
    axes = parse_axes(vary=["rule.seats=4,5", "rule.ties=lot,registration"])
    sweep = sweep_votes(election, ballot, Grid.of(election.rule, axes))
    tie = {"lists": ["a", "b"], "seats": 1, "won": ["a"], "decided_by": "lot"}
    records = sweep.record()
    assert [len(record["ties"]) for record in records] == [1, 1, 0, 0]
    assert records[0]["ties"][0] == tie | {"claim": "remainder", "place": ""}
    assert records[1]["ties"][0]["decided_by"] == "registration"
    assert flat(sweep).attrs["warnings"] == [
        "under the base rule A, B have an equal remainder for 1 seat; won by A, decided by a lot"
    ]
    (table,) = tables_of(sweep, ["ties"])
    assert table.texts() == [
        ["4", "lot", "A, B", "remainder", "1", "A", "lot"],
        ["4", "registration", "A, B", "remainder", "1", "A", "registration"],
    ]
    assert table.notes[0].startswith("By lot: the lot is not ours to draw")


def test_what_belongs_to_no_variant_stands_in_the_first_record(of_2023: Election) -> None:
    first, second = swept(of_2023, threshold="5%,7%").record()
    assert "sweep" not in second
    assert [(flip["subject"], flip["level"]) for flip in first["sweep"]["flips"]] == [
        ("osdp", as_written(331_058 / 6_366_441)),
        ("qhp", as_written(432_920 / 6_366_441)),
    ]
    assert first["sweep"]["next_seats"][2] == {"id": "respublica", "votes": 19_156, "from": ["amanat"]}
    assert second["moved_seats"] == 9
    assert second["parties"][0]["seats_per_vote"] == pytest.approx(46 / 69 / (3_431_510 / 6_366_441))


def test_the_fewest_votes_that_move_a_seat_are_those_of_the_count(of_2023: Election) -> None:
    data = flat(swept(of_2023, threshold="5%,7%")).sel(party="respublica")
    assert data["last_seat/next_votes"] == 19_156
    assert str(data["last_seat/next_from"].values) == "amanat"


def test_a_total_that_a_base_needs_is_asked_for(of_2021: Election) -> None:
    with pytest.raises(
        ConfigurationError, match=r"election\.invalid_votes: .*needs the number of invalid ballots"
    ):
        swept(of_2021, base="valid,cast")


def test_records_have_the_rule_keys_first_and_the_parties_in_order(of_2021: Election) -> None:
    records = swept(of_2021, threshold="3%,5%", method="hare,dhondt").record()
    assert len(records) == 4
    assert list(records[0])[:2] == ["rule.threshold.level", "rule.allocation.method"]
    assert records[0]["rule.threshold.level"] == 0.03
    assert [party["seats"] for party in records[2]["parties"]] == [72, 11, 9, 6, 0]
    assert records[2]["parties"][4] == {
        "id": "adal",
        "name": "Adal",
        "short": "",
        "colour": "",
        "kind": "party",
        "votes": 258618,
        "share": as_written(258_618 / 7_241_562),
        "admitted": False,
        "seats": 0,
        "difference": 0,
        "seats_per_vote": 0.0,
    }


def test_the_scenarios_of_kazakhstan_count(root: Path, of_2023: Election) -> None:
    axis = read_scenarios(root / "configs" / "scenarios" / "kazakhstan.toml")
    sweep = sweep_votes(
        of_2023, read_count(of_2023).ballot, Grid.of(of_2023.rule, parse_axes(scenarios=axis))
    )
    by_scenario = dict(zip(axis.labels, seats(sweep), strict=True))
    assert by_scenario["as-configured"] == [40, 8, 6, 6, 5, 4, 0, 0]
    assert sum(by_scenario["rule-of-2021"]) == 98
    assert by_scenario["rule-of-2021"][4:6] == [0, 0]
    assert sum(by_scenario["kurultai"]) == 145


def test_a_void_count_has_no_seats_and_no_index_of_seats(of_2023: Election) -> None:
    data = flat(swept(of_2023, threshold="5%,60%"))
    assert data["void"].values.tolist() == [0, 1]
    assert data["seats_won"].values[1].sum() == 0
    assert np.isnan(data["rules/gallagher"].values[1])


def test_indices_are_those_of_their_formulas() -> None:
    shares = np.array([[0.5], [0.3], [0.15], [0.05]])
    indices = indices_of(shares, np.array([[6], [4], [0]]), np.array([False, False, False, True]))
    assert indices.wasted[0] == pytest.approx(0.15)
    assert indices.unrepresented[0] == pytest.approx(0.2)
    assert indices.effective_seats[0] == pytest.approx(1 / (0.36 + 0.16))
    assert indices.gallagher[0] == pytest.approx(np.sqrt((0.01 + 0.01 + 0.15**2 + 0.05**2) / 2))
    assert indices.loosemore_hanby[0] == pytest.approx(0.2)
    assert indices.manufactured[0] == 0.0


def test_a_majority_on_a_minority_of_votes_is_one() -> None:
    shares = np.array([[0.49, 0.5], [0.3, 0.3], [0.21, 0.2]])
    seats = np.array([[6, 6], [4, 4], [0, 0]])
    assert indices_of(shares, seats, np.zeros(3, np.bool_)).manufactured.tolist() == [1.0, 0.0]


def test_equal_parties_count_as_many_and_none_as_unknown() -> None:
    assert effective_number(np.full((4, 1), 0.25)).tolist() == [4.0]
    assert np.isnan(effective_number(np.zeros((3, 1)))).all()


def test_seats_moved_are_what_the_others_gain_or_lose() -> None:
    moved = seats_moved(np.array([[5, 5], [3, 2], [2, 0]]), np.array([[5, 6], [5, 2], [0, 0]]))
    assert moved.tolist() == [2, 1]


def test_no_index_of_a_rule_that_gives_everyone_their_share() -> None:
    rule = Rule.model_validate({"seats": 10, "allocation": {"method": "hare"}})
    assert rule.threshold is None
    indices = indices_of(np.array([[0.6], [0.4]]), np.array([[6], [4]]), np.zeros(2, np.bool_))
    assert (indices.gallagher[0], indices.loosemore_hanby[0]) == pytest.approx((0.0, 0.0))
