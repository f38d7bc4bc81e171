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
from forecast.estimation.share_draws import ShareDraws
from forecast.polls import polls_of
from forecast.report import page
from forecast.result import Forecast
from forecast.rules.counts import count, read_count
from forecast.simulation.chamber import believed_chances
from forecast.simulation.forecasting import How, draws, simulate, simulate_and_keep
from forecast.simulation.given import simulate_given
from forecast.storage import load, save
from forecast.sweeps.grid import Grid, parse_axes
from forecast.sweeps.slider import slide
from forecast.sweeps.sweep_of_votes import sweep_votes
from forecast.sweeps.sweeping import sweep
from forecast.tables import table_of
from tests.forecasts import CONFIG
from tests.page_data import given, rows_of

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


def test_events_and_coalitions_are_counted_in_each_tier_too() -> None:
    """A majority of the tier is the event of so many seats; a coalition of one has what its party has."""
    setting = "events.amanat-two-thirds-of-chamber"
    found = forecast_of(
        changed(f"{setting}.of=districts", f"{setting}.all=[{{ seats = ['amanat'], at_least = 15 }}]"), 20_000
    )
    events = dict(zip(found.names("event"), found.array("event_probability"), strict=True))
    alone = found.names("coalition").index("amanat-alone")
    most = events["amanat-two-thirds-of-chamber"]
    assert most == found.array("chamber/tier_majority_probability")[1, alone]
    assert 0.5 < most < 1.0
    amanat = found.names("chamber/holder").index("amanat")
    for what in ("seat_quantile", "seat_mean"):
        of_party = found.array(f"chamber/tier_{what}")[:, amanat]
        np.testing.assert_array_equal(found.array(f"chamber/tier_coalition_{what}")[:, alone], of_party)
    rows = table_of(found, "tiers-coalitions").rows
    assert [row["tier"] for row in rows] == ["lists"] * 3 + ["districts"] * 3


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
    "events.osdp-enters.of=districts": "lists enter by their votes",
    "events.auyl-second.all=[{ seats = ['independents'], at_least = 3 }]": 'write of = "chamber"',
}


@pytest.mark.parametrize(("setting", "said"), FAULTS.items())
def test_what_is_wrong_with_a_tier_is_said(setting: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace("(", r"\(")):
        changed(setting)


def test_an_id_of_a_group_that_is_no_text_is_refused() -> None:
    tables = read_tables(CONFIG)
    tables["groups"][0]["id"] = [1]
    with pytest.raises(ConfigurationError, match="groups"):
        parse_election(tables)


def test_an_event_of_a_chamber_that_there_is_not_is_refused() -> None:
    tables = read_tables(CONFIG)
    del tables["tiers"]
    with pytest.raises(ConfigurationError, match="the file has no"):
        parse_election(tables)


# Districts whose chances are given.

NEW_ZEALAND = CONFIG.with_name("new-zealand-2023.toml")


def in_new_zealand(chances: dict[str, dict[str, str]], **more: Any) -> Election:
    tables = read_tables(NEW_ZEALAND)
    (tier,) = tables["tiers"]
    tier |= {"seats": len(chances)} | {key: value for key, value in more.items() if key == "how"}
    tier["belief"] = {"chances": chances} | {key: value for key, value in more.items() if key != "how"}
    return parse_election(tables, "made", (), CONFIG.parent)


def certain(**won: int) -> dict[str, dict[str, str]]:
    return {
        f"{party} {k}": {party.replace("_", "-"): "1"} for party, seats in won.items() for k in range(seats)
    }


def test_winners_that_are_certain_are_direct_seats_to_the_bit() -> None:
    """The core with drawn winners, and with seats of the file, which tests hold to the exact count."""
    election = in_new_zealand(certain(national=43, labour=17, green=3, act=2, maori=6))
    drawn, given = forecast_of(election, 20_000), forecast_of(election.of_lists, 20_000)
    assert election.of_lists.by_id["maori"].direct_seats == 6
    for name, variable in given.dataset.data_vars.items():
        if variable.dtype.kind in "if":
            assert np.array_equal(variable.values, drawn.array(str(name)), equal_nan=True), name
    seats = drawn.array("seat_probability")[drawn.parties.index("maori")]
    assert seats[:6].sum() == 0.0
    assert drawn.passes("maori") == 1.0


def test_one_electorate_in_half_the_draws_admits_in_half_the_draws() -> None:
    """0.008 is five standard errors of 100,000 draws."""
    chances = {"Ilam": {"top": "50%", "national": "50%"}}
    found = forecast_of(in_new_zealand(chances, slope=0, spread=0), DRAWS)
    wins = float(found.array("chamber/win_probability")[0, found.names("chamber/holder").index("top")])
    assert abs(wins - 0.5) < 0.008
    assert 0.0 <= found.passes("top") - wins < 0.005  # and now and then it has 5 %


def test_winners_of_two_levelled_tiers_are_held_as_those_of_one() -> None:
    tables = read_tables(NEW_ZEALAND)
    (tier,) = tables["tiers"]
    won = {
        "general": certain(national=43, labour=16, green=3, act=2),
        "maori-seats": certain(maori=6, labour=1),
    }
    tables["tiers"] = [
        {**tier, "id": name, "name": name, "seats": len(chances), "belief": {"chances": chances}}
        for name, chances in won.items()
    ]
    two = parse_election(tables, "made", (), CONFIG.parent)
    one = in_new_zealand(certain(national=43, labour=17, green=3, act=2, maori=6))
    drawn, together = forecast_of(two, 20_000), forecast_of(one, 20_000)
    for name, variable in together.dataset.data_vars.items():
        if variable.dtype.kind in "if":
            assert np.array_equal(variable.values, drawn.array(str(name)), equal_nan=True), name


def test_chances_are_those_of_the_table_where_nothing_moves_them() -> None:
    """Nine districts of three parties; 0.006 is over four standard errors of 100,000 draws."""
    chances = {
        f"d{k}": {"national": f"{10 * k}%", "labour": f"{90 - 10 * k}%", "act": "10%"} for k in range(1, 9)
    }
    found = forecast_of(in_new_zealand(chances, slope=0, spread=0), DRAWS)
    won = found.array("chamber/win_probability")
    at = [found.names("chamber/holder").index(name) for name in ("national", "labour", "act")]
    wanted = [[float(share[:-1]) / 100 for share in here.values()] for here in chances.values()]
    assert np.abs(won[:, at] - np.array(wanted)).max() < 0.007
    assert won.sum(axis=1) == pytest.approx(1.0)
    table = table_of(found, "contests")
    likeliest = [float(str(row["likeliest_probability"])) for row in table.rows]
    assert likeliest == sorted(likeliest)  # the most open first


def test_districts_move_together() -> None:
    """Ten even districts: independent ones have a variance of 2.5, common errors more than twice that."""
    chances = {f"d{k}": {"national": "50%", "labour": "50%"} for k in range(10)}
    for spread, least, most in ((0, 2.4, 2.6), (0.88, 6.0, 20.0)):
        election = in_new_zealand(chances, slope=0, spread=spread, how="apart")
        kept = draws(election, estimate(election, polls_of(election)), 50_000)
        won = kept["chamber_seats"].sel(holder="national") - kept["seats"].sel(party="national")
        assert least < float(won.var()) < most


def test_the_six_electorates_of_te_pati_maori_are_inside_its_interval() -> None:
    election = load_election(NEW_ZEALAND)
    found = forecast_of(election, 20_000)
    ends = found.array("seat_quantile")[found.parties.index("maori")]
    assert ends[0] <= 6 <= ends[-1]
    assert found.house >= 120
    assert any("71 of the 120 seats (the house may grow) rest on" in line for line in found.attrs["warnings"])
    record = found.record()["chamber"]["districts"]
    assert {len(record), sum(one["id"] == "Epsom" for one in record)} == {71, 1}


TABLE_FAULTS = {
    "district,party,chance\nEpsom,act,60%\n": "the chances add up to 60%, not to 100%",
    "district,party,chance\nEpsom,acd,100%\n": "did you mean 'act'",
    "district,party,chance\nEpsom,act,lots\n": "row 2, column chance",
    "district,party,chance\nEpsom,act,50%\nEpsom,act,50%\n": "has a chance in Epsom already",
    "district,party\nEpsom,act\n": "the column chance is missing",
    "district,party,chanc\nEpsom,act,100%\n": "did you mean 'chance'",
    "district,party,chance\nEpsom,act,100%\n": "has 1 districts, not the 71",
    "district,party,chance\nEpsom,,100%\n": "every row needs one",
}


@pytest.mark.parametrize(("text", "said"), TABLE_FAULTS.items())
def test_what_is_wrong_with_a_table_of_chances_is_said(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "chances.csv").write_text(text, encoding="utf-8")
    file = tmp_path / "nz.toml"
    written = NEW_ZEALAND.read_text(encoding="utf-8")
    file.write_text(written.replace("new-zealand-2023-electorates.csv", "chances.csv"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_election(file)


LEVELLED_FAULTS = {
    "rule.levelling.mode=start": "rule.levelling.mode",
    "parties.act.direct_seats=1": "leave out direct_seats of the parties",
    "tiers.electorates.how=overhang": "no such way in which tiers meet",
}


@pytest.mark.parametrize(("setting", "said"), LEVELLED_FAULTS.items())
def test_what_is_wrong_with_a_levelled_tier_is_said(setting: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_election(NEW_ZEALAND, [setting])


def test_a_saved_forecast_keeps_the_chances_that_its_page_explores(tmp_path: Path) -> None:
    """The file is not needed again: the slider takes every electorate as it is believed to fall."""
    found = forecast_of(load_election(NEW_ZEALAND), 5_000)
    save(found, tmp_path / "forecast.nc")
    slid = slide(load(tmp_path / "forecast.nc"), draws=2_048)
    assert slid.sel(threshold=0.05, method="sainte-lague").passes("maori") == 1.0


def test_seats_of_a_party_that_withdraws_go_to_the_others_of_the_district() -> None:
    found = forecast_of(changed("estimate.withdrawal.amanat={auyl='100%'}"), 2_000)
    at = found.names("chamber/holder").index("independents")
    assert found.array("chamber/tier_seat_mean")[1, at] == 29
    with pytest.raises(ConfigurationError, match="nobody is left who might win"):
        forecast_of(
            changed("tiers.districts.belief.seats={amanat=29}", "estimate.withdrawal.amanat={auyl='100%'}")
        )


def test_winners_beyond_the_seats_of_their_list_in_the_region_are_uncovered(tmp_path: Path) -> None:
    """a wins three districts of the north, where its list has two seats: the smallest share stays without; an
    independent keeps a seat, and lists divide one less.
    """
    election = covered(tmp_path)
    outcome = count(election)
    assert {winner.district: winner.holder for winner in outcome.uncovered} == {"n3": "a"}
    assert dict(outcome.seats) == {"a": 3, "b": 2}
    assert {place.name: place.of("a") for place in outcome.districts} == {"north": 2, "south": 1}
    assert outcome.tiers == {"constituencies": {"independents": 1}}
    assert sum(outcome.chamber.values()) == 6


def covered(folder: Path, *candidates: str) -> Election:
    rows = candidates or (
        *(
            "n1,north,a,30",
            "n1,north,b,10",
            "n2,north,a,40",
            "n2,north,b,35",
            "n3,north,a,20",
            "n3,north,b,19",
        ),
        *("s1,south,Someone,30", "s1,south,a,29"),
    )
    (folder / "candidates.csv").write_text(
        "\n".join(["district,region,party,votes", *rows]), encoding="utf-8"
    )
    places = ("north,a,60", "north,b,40", "south,a,40", "south,b,35")
    (folder / "states.csv").write_text("\n".join(["district,party,votes", *places]), encoding="utf-8")
    return parse_election(
        {
            "election": {"id": "made", "name": "made", "date": "2030-01-06"},
            "parties": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
            "groups": [{"id": "independents", "name": "Independents", "aliases": ["Someone"]}],
            "rule": {
                "seats": 6,
                "allocation": {"method": "sainte-lague"},
                "districts": {
                    "method": "sainte-lague",
                    "national_totals": "own-votes",
                    "table": "states.csv",
                },
            },
            "tiers": [
                {
                    "id": "constituencies",
                    "name": "constituencies",
                    "seats": 4,
                    "how": "covered",
                    "table": "candidates.csv",
                }
            ],
        },
        folder=folder,
    )


def test_a_constituency_in_no_district_of_the_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PollDataError, match="the district of the rule that this one lies in"):
        count(covered(tmp_path, "n1,norht,a,30", "n1,norht,b,10"))


@pytest.fixture(scope="module", params=["sobol", "random"])
def swept(request: pytest.FixtureRequest) -> tuple[str, Forecast]:
    """Levels at which all lists, some and hardly any take part, by two methods; void where nobody passes."""
    election = changed(f"simulation.sampler={request.param}", *VOID)
    levels, methods = [0.0, 0.05, 0.6], ["hare", "dhondt"]
    estimated = estimate(election, polls_of(election))
    return request.param, sweep(
        election, estimated, threshold=levels, method=methods, draws=20_000, explained=False
    )


VOID = ("rule.threshold.min_lists=1", "rule.threshold.nobody=void")


@pytest.mark.parametrize("level", ["0%", "5%", "60%"])
@pytest.mark.parametrize("method", ["hare", "dhondt"])
def test_the_chamber_of_a_sweep_is_that_of_separate_runs_to_the_bit(
    swept: tuple[str, Forecast], level: str, method: str
) -> None:
    sampler, forecast = swept
    election = changed(
        *(f"simulation.sampler={sampler}", *VOID),
        *(f"rule.threshold.level={level}", f"rule.allocation.method={method}"),
    )
    alone = forecast_of(election, 20_000)
    here = forecast.sel(threshold=float(level.removesuffix("%")) / 100, method=method)
    compared = [name for name in alone.groups["chamber"].data_vars if f"chamber/{name}" in here]
    assert {"seat_probability", "majority_mc_error", "two_thirds_probability"} <= set(compared)
    for path in (*(f"chamber/{name}" for name in compared), "event_probability", "event_mc_error"):
        ours, theirs = here.array(path), alone.array(path)
        assert np.array_equal(ours[..., : theirs.shape[-1]] if ours.ndim else ours, theirs, equal_nan=True), (
            path
        )


def test_majorities_of_the_chamber_flip_along_the_threshold(chamber: Forecast) -> None:
    """Two districts of three to the others: under a high level the lists of Amanat outweigh them."""
    election = changed(
        "tiers.districts.belief.seats={amanat = 2, independents = 27}", "tiers.districts.belief.spread=0.1"
    )
    found = sweep(
        election, estimate(election, polls_of(election)), threshold=[0.0, 0.05, 0.1, 0.3], draws=4_000
    )
    about = set(zip(found.names("flips/about"), found.names("flips/subject"), strict=True))
    assert ("majority of the chamber", "amanat-alone") in about
    assert any("numbers of the chamber are of all its 98 seats" in line for line in found.attrs["warnings"])
    assert table_of(found, "majorities-of-chamber").title.endswith("of 98")


def test_a_sweep_leaves_out_tiers_whose_winners_count_for_their_lists() -> None:
    election = load_election(CONFIG.with_name("new-zealand-2023.toml"))
    found = sweep(election, estimate(election, polls_of(election)), threshold=[0.04, 0.05], draws=500)
    assert "chamber/size" not in found
    assert any("each is taken to fall to whom" in line for line in found.attrs["warnings"])


def counted_under(threshold: str, *settings: str, won: dict[str, int] | None = None) -> Forecast:
    election = changed(*settings)
    grid = Grid.of(election.rule, parse_axes(threshold=threshold))
    ready = read_count(election)
    known = (
        {tier: dict(found.seats) for tier, found in ready.won.items()} if won is None else {"districts": won}
    )
    return sweep_votes(election, ready.ballot, grid, warnings=ready.warnings, won=known)


def test_real_votes_make_the_whole_chamber_under_every_rule() -> None:
    """Lists under each level by the count, and 22 and 7 beside them; two thirds of 98, 66, from 7 % on."""
    found = counted_under("5%,7%")
    holders = found.names("chamber/holder")
    seats = found.array("chamber/seats_won")
    assert dict(zip(holders, seats[0].tolist(), strict=True)) == {
        "amanat": 62,
        "auyl": 8,
        "respublica": 6,
        "aqjol": 6,
        "qhp": 5,
        "osdp": 4,
        "baytaq": 0,
        "independents": 7,
    }
    assert (seats.sum(1) == 98).all()
    assert (seats[:, : len(holders) - 1] - found.array("seats_won")[:, :-1]).tolist() == [[22, *[0] * 6]] * 2
    alone = found.names("coalition").index("amanat-alone")
    assert found.array("chamber/two_thirds")[:, alone].tolist() == [False, True]
    assert found.array("chamber/majority")[:, alone].all()
    rows = table_of(found, "seats-of-chamber").rows
    assert [row["seats_independents"] for row in rows] == [7, 7]
    of_law, of_seven = (one["chamber"] for one in found.record())
    assert of_law["size"] == 98
    assert {one["id"]: one["seats"] for one in of_seven["holders"]}["amanat"] == 68
    assert of_seven["coalitions"][alone]["two_thirds"] is True


def test_a_majority_of_the_chamber_flips_where_the_count_has_it() -> None:
    """With 9 of 29 districts Amanat has 49 of 98 under 5 %, and 51 where the Social Democrats are out."""
    won = {"amanat": 9, "independents": 20}
    found = counted_under("5%,6%", won=won)
    flips = list(zip(found.names("flips/about"), found.names("flips/subject"), strict=True))
    assert ("majority of the chamber", "amanat-alone") in flips
    at = flips.index(("majority of the chamber", "amanat-alone"))
    assert found.array("flips/level")[at] == pytest.approx(331_058 / 6_366_441)


def test_a_tier_of_which_nobody_knows_who_won_is_left_out_of_the_count() -> None:
    found = counted_under("5%,7%", "tiers.districts.official=")
    assert "chamber/size" not in found
    assert any("in no number here" in line for line in found.attrs["warnings"])


def test_events_of_a_tier_are_left_out_of_a_sweep_with_a_word() -> None:
    setting = "events.amanat-two-thirds-of-chamber"
    election = changed(f"{setting}.of=districts", f"{setting}.all=[{{ seats = ['amanat'], at_least = 15 }}]")
    found = sweep(election, estimate(election, polls_of(election)), threshold=[0.03, 0.05], draws=4_096)
    assert "amanat-two-thirds-of-chamber" not in found.names("event")
    assert any("the same under every rule" in line for line in found.attrs["warnings"])


def test_the_page_tells_of_the_whole_chamber_under_every_rule(chamber: Forecast) -> None:
    """Hemicycle, tables and coalitions are of all 98 seats, and move with the threshold."""
    shown = page(chamber)
    data = given(shown)
    assert data["asked"] == "chamber_coalitions"
    assert "98 seats" in shown
    for width in data["law"]["charts"]["parliament"]["data"]:
        seats, labels = (rows_of(data, width[name]) for name in ("seats", "labels"))
        assert len(seats) == 98
        assert any("98" in str(row["text"]) for row in labels)
    moved = [place["cells"]["holders"] for place in data["places"] if "holders" in place.get("cells", {})]
    assert len(moved) > 10
    assert "Independents" in data["names"]
    assert all(len(cells) == len(moved[0]) for cells in moved)


def test_the_slider_has_the_chamber_of_separate_runs(chamber: Forecast) -> None:
    found = slide(chamber, draws=4_096).sel(threshold=0.07, method="dhondt")
    alone = forecast_of(changed("rule.threshold.level=7%", "rule.allocation.method=dhondt"), 4_096)
    for name in ("seat_quantile", "seat_mean", "majority_probability", "two_thirds_mc_error"):
        assert np.array_equal(found.array(f"chamber/{name}"), alone.array(f"chamber/{name}")), name


def test_winners_that_count_for_their_lists_stay_as_they_are_on_the_slider() -> None:
    found = forecast_of(load_election(NEW_ZEALAND), 2_000)
    shown = page(found)
    data = given(shown)
    assert data["asked"] == "coalitions"
    assert "of_chamber" not in data["law"]
    assert 'id="contests"' in shown
