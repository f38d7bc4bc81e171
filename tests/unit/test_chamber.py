"""The chamber of tiers: seats beside the lists, drawn by a stated belief, and majorities of all of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import Election, load_election, parse_election
from forecast.election.loading import read_tables
from forecast.errors import ConfigurationError, PollDataError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.rules.counts import count
from forecast.simulation.chamber import believed_chances
from forecast.simulation.forecasting import How, draws, simulate, simulate_and_keep
from forecast.simulation.given import ShareDraws, simulate_given
from forecast.storage import load, save
from forecast.tables import table_of
from tests.forecasts import CONFIG

DRAWS = 100_000


def changed(*settings: str) -> Election:
    return load_election(CONFIG, settings)


def forecast_of(election: Election, number: int = DRAWS, threads: int = 1) -> Forecast:
    return simulate(election, estimate(election, polls_of(election)), draws=number, threads=threads)


@pytest.fixture(scope="module")
def chamber() -> Forecast:
    return forecast_of(changed())


def holder(forecast: Forecast, path: str, name: str) -> Any:
    return forecast.array(f"chamber/{path}")[forecast.names("chamber/holder").index(name)]


def test_the_numbers_of_the_lists_are_those_without_the_chamber(chamber: Forecast) -> None:
    alone = forecast_of(changed().of_lists)
    for name, variable in alone.dataset.data_vars.items():
        if variable.dtype.kind in "if" and "event" not in variable.dims:
            assert np.array_equal(variable.values, chamber.array(str(name)), equal_nan=True), name
    for path in ("event_probability", "event_condition_draws"):
        assert np.array_equal(alone.array(path), chamber.array(path)[: len(alone.names("event"))])


def test_the_same_bits_come_from_any_number_of_threads(chamber: Forecast) -> None:
    other = forecast_of(changed(), threads=3)
    for name, variable in chamber.groups["chamber"].data_vars.items():
        assert (variable.values == other.array(f"chamber/{name}")).all(), name


def test_draws_are_those_of_the_seed_wherever_a_run_ends() -> None:
    """With plain draws the first of a long run are those of a short one: pieces change nothing."""
    election = changed("simulation.sampler=random")
    estimated = estimate(election, polls_of(election))
    short, long = (draws(election, estimated, number)["chamber_seats"].values for number in (700, 40_000))
    assert (short == long[:700]).all()
    kept = simulate_and_keep(election, estimated, How(700, 1, "random", 2), 700)[1]
    assert (kept["chamber_seats"].values == short).all()
    other = draws(election, estimated, 700, seed=2)["chamber_seats"].values
    assert (other != short).any()


def test_22_of_29_at_the_centre_are_14_to_27_in_four_draws_of_five(chamber: Forecast) -> None:
    seats = chamber.array("chamber/tier_seat_quantile")[1, chamber.names("chamber/holder").index("amanat")]
    assert seats[1:6].tolist()[::2] == [14, 22, 27]


def test_seats_of_a_believed_tier_have_the_stated_law() -> None:
    """Without following the vote and without a common error they are binomial; the largest distance of the
    distributions of 100,000 draws is above 0.0062 with a probability of 0.001 at most (Kolmogorov, discrete).
    """
    found = forecast_of(changed("tiers.districts.belief.slope=0", "tiers.districts.belief.spread=0"))
    p = 22.5 / 30
    chances = np.array([_binomial(29, k, p) for k in range(30)])
    lists = found.array("seat_probability")[found.parties.index("amanat")]
    expected = np.convolve(lists, chances)
    seats = holder(found, "seat_probability", "amanat")
    assert np.abs(np.cumsum(seats) - np.cumsum(expected)[: len(seats)]).max() < 0.0062


def _binomial(n: int, k: int, p: float) -> float:
    from math import comb

    return comb(n, k) * p**k * (1 - p) ** (n - k)


def test_districts_follow_the_national_share_of_the_party_that_they_are_tied_to() -> None:
    """By the slope on log odds, without a common error; 0.01 is six standard errors of the means."""
    settings = ("tiers.districts.belief.spread=0", "estimate.context=0.5")
    election = changed(*settings)
    kept = draws(election, estimate(election, polls_of(election)), 100_000)
    share = kept["share"].sel(party="amanat").values
    won = (kept["chamber_seats"].sel(holder="amanat").values - kept["seats"].sel(party="amanat").values) / 29
    odds = np.log(share / (1 - share))
    wanted = np.log(22.5 / 7.5) + 1.9 * (odds - np.log(0.537 / 0.463))
    for half in (odds < np.median(odds), odds >= np.median(odds)):
        assert abs(won[half].mean() - (1 / (1 + np.exp(-wanted[half]))).mean()) < 0.002


def test_all_seats_of_every_draw_are_held() -> None:
    election = changed()
    kept = draws(election, estimate(election, polls_of(election)), 5_000)
    assert (kept["chamber_seats"].sum("holder") == 98).all()
    assert (kept["seats"].sum("party") == 69).all()


def test_majorities_and_two_thirds_are_counted_of_the_draws() -> None:
    election = changed()
    estimated = estimate(election, polls_of(election))
    found, kept = simulate_and_keep(election, estimated, How(4_096, 1, "sobol", 1), 4_096)
    seats = kept["chamber_seats"]
    for k, parties in enumerate(text.split("\n") for text in found.names("coalition_parties")):
        held = seats.sel(holder=parties).sum("holder")
        assert found.array("chamber/majority_probability")[k] == (held >= 50).mean()
        assert found.array("chamber/two_thirds_probability")[k] == (held >= 66).mean()
        assert found.array("chamber/coalition_seat_mean")[k] == pytest.approx(held.mean())
    event = found.names("event").index("amanat-two-thirds-of-chamber")
    held = seats.sel(holder="amanat")
    assert found.array("event_probability")[event] == (held >= 66).mean()
    assert holder(found, "largest_probability", "amanat") == 1.0


def test_given_draws_have_a_chamber_too() -> None:
    election = changed()
    shares = np.tile([0.54, 0.11, 0.085, 0.085, 0.07, 0.052, 0.02, 0.038], (2_000, 1))
    ids = [party.id for party in election.parties]
    found, kept = simulate_given(election, ShareDraws("shares", tuple(ids), shares, ()), keep=2_000)
    assert (kept["chamber_seats"].sum("holder") == 98).all()
    assert 20 < found.array("chamber/tier_seat_mean")[1, 0] < 22


def test_a_void_election_gives_nobody_a_seat() -> None:
    election = changed("rule.threshold.level=99%", "rule.threshold.min_lists=")
    found = forecast_of(election, 2_000)
    assert float(found.array("void_probability")) == 1.0
    assert found.array("chamber/seat_mean").max() == 0.0
    assert found.array("chamber/majority_probability").max() == 0.0
    assert found.array("chamber/two_thirds_probability").max() == 0.0


def test_seats_that_are_held_whoever_votes_are_held_in_every_draw() -> None:
    tables = read_tables(CONFIG)
    (tier,) = tables["tiers"]
    del tier["belief"], tier["official"]
    tier |= {"held": {"amanat": 20, "independents": 9}, "kind": "appointed"}
    found = forecast_of(parse_election(tables, "made", (), CONFIG.parent), 2_000)
    assert found.array("chamber/tier_seat_mean")[1].tolist() == [20, 0, 0, 0, 0, 0, 0, 9]
    assert not any("belief" in line for line in found.attrs["warnings"])


def test_a_tier_without_seats_is_left_out() -> None:
    found = forecast_of(changed("tiers.districts.seats=0", "rule.seats=98"), 2_000)
    assert found.chamber_size == 98
    assert holder(found, "seat_mean", "independents") == 0.0
    assert not any("belief" in line for line in found.attrs["warnings"])


def test_a_belief_that_is_certain_stays_open_by_half_a_seat() -> None:
    tier = changed("tiers.districts.belief.seats={amanat = 28, independents = 1}").tiers[0]
    assert believed_chances(tier) == {"amanat": Fraction(57, 60), "independents": Fraction(3, 60)}
    tier = changed("tiers.districts.belief.seats={amanat = 29}").tiers[0]
    assert believed_chances(tier) == {"amanat": Fraction(1)}


def test_every_view_says_that_the_districts_are_a_belief(chamber: Forecast, tmp_path: Path) -> None:
    (warning,) = [line for line in chamber.attrs["warnings"] if "belief" in line]
    assert "29 of the 98 seats rest on a stated belief, not on polls or results" in warning
    assert any("a belief, not polls or results" in note for note in table_of(chamber, "tiers").notes)
    record = chamber.record()
    assert "a belief, not polls or results" in record["chamber"]["tiers"][1]["basis"]
    assert (record["chamber"]["size"], record["chamber"]["majority_seats"]) == (98, 50)
    save(chamber, tmp_path / "forecast.nc")
    assert load(tmp_path / "forecast.nc").record() == record


def test_the_official_chamber_of_2023_is_counted() -> None:
    outcome = count(changed())
    assert {name: seats for name, seats in outcome.chamber.items() if seats} == {
        "amanat": 62,
        "auyl": 8,
        "respublica": 6,
        "aqjol": 6,
        "qhp": 5,
        "osdp": 4,
        "independents": 7,
    }
    assert (outcome.house, outcome.warnings) == (69, ())
    other = count(changed(), {"amanat": 100, "auyl": 50})
    assert any("those of the official result" in line for line in other.warnings)
    unknown = count(changed("tiers.districts.official="))
    assert any("29 of the 98 seats of the chamber are not counted here" in line for line in unknown.warnings)


def test_polls_must_tell_apart_who_holds_seats_of_a_tier() -> None:
    tables = read_tables(CONFIG)
    tables["parties"].append({"id": "adal", "name": "Adal"})
    tables["tiers"][0]["belief"]["seats"] = {"amanat": 22, "adal": 7}
    tables["election"]["closed_ballot"] = False
    election = parse_election(tables, "made", (), CONFIG.parent)
    with pytest.raises(PollDataError, match="the polls do not tell it apart"):
        forecast_of(election, 100)


FAULTS = {
    "tiers.districts.belief.seats={amanat = 20, independents = 7}": "adds up to 27, not to the 29",
    "tiers.districts.belief.seats={amanat = 22, independent = 7}": "did you mean 'independents'",
    "tiers.districts.belief.seats={amanat = 22, against-all = 7}": "wins no seats",
    "tiers.districts.belief.slope=-1": "slope lies between 0",
    "tiers.districts.belief.spread=9": "spread is a standard deviation",
    "tiers.districts.belief.at={independents = '5%'}": "no party or group has this id",
    "tiers.districts.belief=": "nothing says who wins 29 of its 29 seats",
    "tiers.districts.official={amanat = 22}": "official adds up to 22",
    "tiers.districts.kind=single": "did you mean 'single-member'",
    "tiers.districts.held={amanat = 30}": "more than the 29 of the tier",
    "tiers.district.seats=30": "did you mean 'tiers.districts.seats'",
    "tiers.districts.id=lists": "this is the tier of the rule",
    "groups.independents.id=amanat": "this id is taken",
    "events.osdp-enters.of=house": "no such assembly",
    "events.auyl-second.all=[{ seats = ['independents'], at_least = 3 }]": 'write of = "chamber"',
}


@pytest.mark.parametrize(("setting", "said"), FAULTS.items())
def test_what_is_wrong_with_a_tier_is_said(setting: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace("(", r"\(")):
        changed(setting)


def test_an_event_of_a_chamber_that_there_is_not_is_refused() -> None:
    tables = read_tables(CONFIG)
    del tables["tiers"]
    with pytest.raises(ConfigurationError, match="the file has no"):
        parse_election(tables)
