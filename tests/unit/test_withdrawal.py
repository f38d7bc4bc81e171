"""A party that withdraws: where its votes go, in the estimate, in the draws and in draws from elsewhere."""

from __future__ import annotations

import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.charts import chart_of
from forecast.election import load_election, parse_election
from forecast.errors import ConfigurationError, PollDataError
from forecast.estimation import Estimate, estimate
from forecast.estimation.centre import handed_on
from forecast.estimation.share_draws import read_share_draws
from forecast.polls import polls_of, read_polls
from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.forecasting import How, simulate_and_keep
from forecast.simulation.given import simulate_given
from forecast.storage import with_sources
from forecast.words.facts import Facts

CONFIG = Path(__file__).parents[2] / "configs" / "kazakhstan-2023.toml"
BEFORE = datetime.date(2023, 3, 15)
DRAWS = 2**18


def kazakh(*settings: str, as_of: datetime.date | None = None) -> Estimate:
    election = load_election(CONFIG, settings)
    return estimate(election, polls_of(election), as_of)


def drawn(*settings: str, as_of: datetime.date | None) -> tuple[list[str], np.ndarray]:
    """Ids and shares (N, U) of draws, one by one."""
    election = load_election(CONFIG, settings)
    estimated = estimate(election, polls_of(election), as_of)
    _, kept = simulate_and_keep(election, estimated, How.of(election, DRAWS, None, "random"), DRAWS)
    return [str(party) for party in kept["party"].values], kept["share"].values


def by_hand(ids: list[str], shares: np.ndarray, party: str, to: dict[str, float]) -> dict[str, np.ndarray]:
    """The transfer in every draw, written out."""
    votes = {name: shares[:, k].copy() for k, name in enumerate(ids)}
    lost = votes.pop(party)
    for name, share in to.items():
        votes[name] += share * lost
    total = np.sum(list(votes.values()), axis=0)
    return {name: votes[name] / total for name in votes}


@pytest.mark.parametrize(
    ("party", "to"),
    [
        ("baytaq", {"auyl": 1.0}),
        ("osdp", {"baytaq": 0.6, "qhp": 0.3}),
        ("aqjol", {}),
    ],
)
@pytest.mark.parametrize("as_of", [None, BEFORE], ids=["exit polls", "wide errors"])
def test_the_draws_are_those_of_a_transfer_made_in_every_draw(
    party: str, to: dict[str, float], as_of: datetime.date | None
) -> None:
    """Means within five standard errors (two in a million each), standard deviations within 5 percent.

    A standard deviation of so many draws, with heavy tails, is itself off by half a percent; theirs is 4
    percent smaller at the most, by two million draws.
    """
    exact = by_hand(*drawn(as_of=as_of), party, to)
    voters = "{" + ", ".join(f"{name} = {share}" for name, share in to.items()) + "}"
    ids, shares = drawn(f"estimate.withdrawal.{party}={voters}", as_of=as_of)
    assert ids == list(exact)
    for k, name in enumerate(ids):
        wanted, found = exact[name], shares[:, k]
        standard_error = float(np.hypot(wanted.std(), found.std())) / DRAWS**0.5
        assert abs(found.mean() - wanted.mean()) < 5 * standard_error, name
        assert found.std() == pytest.approx(wanted.std(), rel=0.05), name


def test_errors_that_receivers_have_in_common_stay_in_common() -> None:
    """Two parties share the voters of one that is larger than both: its errors become theirs.

    Their correlation, which is not matched on shares, comes out within 0.2.
    """
    exact = by_hand(*drawn(as_of=BEFORE), "amanat", {"baytaq": 0.5, "osdp": 0.5})
    ids, shares = drawn("estimate.withdrawal.amanat={baytaq = 0.5, osdp = 0.5}", as_of=BEFORE)
    found = np.corrcoef(shares[:, ids.index("baytaq")], shares[:, ids.index("osdp")])[0, 1]
    wanted = np.corrcoef(exact["baytaq"], exact["osdp"])[0, 1]
    own = np.corrcoef(by_hand(*drawn(as_of=BEFORE), "amanat", {})["baytaq"], exact["osdp"])[0, 1]
    assert own < 0.0
    assert wanted > 0.3
    assert found == pytest.approx(wanted, abs=0.2)


def test_voters_who_stay_at_home_are_as_if_the_party_had_never_stood() -> None:
    before, after = kazakh(as_of=BEFORE), kazakh("estimate.withdrawal.osdp={}", as_of=BEFORE)
    left = [k for k, unit in enumerate(before.units) if unit != "osdp"]
    assert after.units == tuple(before.units[k] for k in left)
    assert after.mean == pytest.approx(before.mean[left] / before.mean[left].sum(), rel=1e-9)
    assert before.average is not None
    assert after.average == pytest.approx(before.average[left] / before.average[left].sum(), rel=1e-9)
    assert after.scale == pytest.approx(before.scale[np.ix_(left, left)], abs=1e-9)


def test_all_voters_to_one_party_are_a_merger_in_the_mean(tmp_path: Path) -> None:
    rows = ("A,2030-06-01,1000,41,31,20,8", "B,2030-06-02,1200,42,32,18,8", "C,2030-05-20,900,44,28,21,7")
    file = tmp_path / "polls.csv"
    file.write_text("\n".join(["pollster,fieldwork_end,sample_size,red,blue,green,grey", *rows]))
    facts = {"id": "x", "name": "X", "date": datetime.date(2030, 6, 9), "closed_ballot": True}
    rule = {"seats": 100, "allocation": {"method": "dhondt"}}

    def averaged(parties: list[dict[str, Any]], **settings: Any) -> Estimate:
        election = parse_election({"election": facts, "rule": rule, "parties": parties, "estimate": settings})
        return estimate(election, read_polls(file, election))

    red, blue, grey, green = ({"id": name, "name": name} for name in ("red", "blue", "grey", "green"))
    moved = averaged([red, blue, grey, green], withdrawal={"green": {"blue": 1}})
    union = {"id": "union", "name": "union", "merged_from": ["blue", "green"]}
    together = averaged([red, union, grey])
    assert moved.units == ("red", "blue", "grey")
    assert moved.average == pytest.approx(together.average, rel=1e-9)


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True),
    st.integers(0, 2**32 - 1),
)
def test_no_vote_is_lost_that_is_handed_on(withdrawn: list[int], seed: int) -> None:
    stream = np.random.default_rng(seed)
    units = [f"p{k}" for k in range(6)]
    standing = [k for k in range(6) if k not in withdrawn]
    parts = {k: stream.multinomial(20, stream.dirichlet(np.ones(len(standing) + 1))) for k in withdrawn}
    transfers = {
        units[k]: {units[to]: Fraction(int(part), 20) for to, part in zip(standing, parts[k], strict=False)}
        for k in withdrawn
    }
    shares = stream.dirichlet(np.ones(6), 4)
    left, votes = handed_on(shares, units, transfers)
    home = sum(shares[:, k] * int(parts[k][-1]) / 20 for k in withdrawn)
    assert left == tuple(units[k] for k in standing)
    assert votes.sum(axis=1) == pytest.approx(1.0 - home)
    assert (votes >= shares[:, standing] - 1e-12).all()


@pytest.fixture(scope="module")
def without_osdp() -> Forecast:
    settings = ("estimate.withdrawal.osdp.auyl=40%",)
    election = load_election(CONFIG, settings)
    estimated = estimate(election, polls_of(election), BEFORE)
    found, _ = simulate_and_keep(election, estimated, How.of(election, 8_192, None, None), 0)
    return with_sources(found, election, CONFIG, settings)


def test_a_party_that_withdraws_is_not_in_the_result_and_the_result_says_why(without_osdp: Forecast) -> None:
    data = without_osdp.dataset
    assert "osdp" not in without_osdp.parties
    assert float(data["share_mean"].sum()) == pytest.approx(1.0)
    assert not np.isnan(data["pass_probability"].values).any()
    assert np.allclose(data["seat_mean"].sum(), 69)
    entering = data["event_probability"].sel(event="osdp-enters")
    assert float(entering) == 0.0
    said = (
        "withdrawal of Social Democrats: of its voters 40% to Auyl, 60% stay at home; the average has it at"
    )
    assert any(said in warning for warning in data.attrs["warnings"])


def test_pictures_and_the_page_show_a_ballot_without_the_party(without_osdp: Forecast) -> None:
    assert "osdp" not in {row["party"] for row in Facts(without_osdp).lists}
    assert chart_of(without_osdp, "seats").spec
    assert chart_of(without_osdp, "polls").spec
    assert "withdrawal of Social Democrats" in page(without_osdp)


def test_draws_from_elsewhere_hand_on_votes_draw_by_draw(tmp_path: Path) -> None:
    election = load_election(CONFIG, ["estimate.withdrawal.osdp={auyl = 0.5, aqjol = 0.25}"])
    stream = np.random.default_rng(3)
    ids = [party.id for party in election.parties]
    shares = stream.dirichlet(np.full(8, 6.0), 300)
    file = tmp_path / "mine.csv"
    rows = [",".join(ids), *(",".join(map(repr, row.tolist())) for row in shares)]
    file.write_text("\n".join(rows))
    found, kept = simulate_given(election, read_share_draws(file, election), keep=300)
    wanted = by_hand(ids, shares, "osdp", {"auyl": 0.5, "aqjol": 0.25})
    assert [str(party) for party in kept["party"].values] == list(wanted)
    assert kept["share"].values == pytest.approx(np.stack(list(wanted.values()), axis=1))
    assert any("withdrawal of Social Democrats" in warning for warning in found.dataset.attrs["warnings"])


def test_a_draw_without_a_vote_for_anyone_who_stands_is_refused(tmp_path: Path) -> None:
    election = load_election(CONFIG, ["estimate.withdrawal.osdp={}"])
    file = tmp_path / "mine.csv"
    file.write_text("amanat,osdp\n0.5,0.5\n0,1\n")
    with pytest.raises(PollDataError, match="draw 2: all its votes are for parties that withdraw"):
        simulate_given(election, read_share_draws(file, election))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("osdp.auyll=50%", "estimate.withdrawal.osdp.auyll: no party has this id; did you mean 'auyl'?"),
        ("ospd.auyl=50%", "estimate.withdrawal.ospd: no party has this id; did you mean 'osdp'?"),
        ("osdp={auyl = 0.7, qhp = 0.4}", 'estimate.withdrawal.osdp = "110%": its voters are handed on more'),
        (
            "osdp.auyl=70",
            'estimate.withdrawal.osdp.auyl = 70: a share lies between 0 and 1; did you mean "70%"',
        ),
        ("osdp.osdp=10%", 'estimate.withdrawal.osdp.osdp = "10%": a party that withdraws keeps no voters'),
        ("osdp={auyl = 0.7}", "estimate.withdrawal.auyl.osdp = 0.1: 'osdp' withdraws too"),
        ("osdp=all", "estimate.withdrawal.osdp"),
    ],
)
def test_transfers_that_cannot_be_are_refused_by_key_and_value(setting: str, said: str) -> None:
    settings = [f"estimate.withdrawal.{setting}"]
    if "withdraws too" in said:
        settings.append("estimate.withdrawal.auyl={osdp = 0.1}")
    with pytest.raises(ConfigurationError) as caught:
        load_election(CONFIG, settings)
    assert said in str(caught.value)


def test_somebody_must_stand_and_seats_kept_must_be_given_up() -> None:
    everyone = [f"estimate.withdrawal.{party}={{}}" for party in load_election(CONFIG).by_id]
    with pytest.raises(ConfigurationError, match="at least one must stand"):
        load_election(CONFIG, everyone)
    with pytest.raises(ConfigurationError, match=r"set parties\.osdp\.extra_seats to 0"):
        load_election(CONFIG, ["parties.osdp.extra_seats=2", "estimate.withdrawal.osdp={}"])


def test_a_party_under_other_cannot_withdraw_nor_be_handed_votes(tmp_path: Path) -> None:
    file = tmp_path / "polls.csv"
    rows = [f"{name},2030-06-01,50,30,{share}" for name, share in zip("ABCD", ("5", "", "", ""), strict=True)]
    file.write_text("\n".join(["pollster,fieldwork_end,red,blue,green", *rows]))
    tables = {
        "election": {"id": "x", "name": "X", "date": datetime.date(2030, 6, 9)},
        "parties": [{"id": name, "name": name} for name in ("red", "blue", "green")],
        "rule": {"seats": 100, "allocation": {"method": "dhondt"}},
    }
    for transfers, path in (({"green": {}}, "green"), ({"blue": {"green": "50%"}}, "blue.green")):
        election = parse_election({**tables, "estimate": {"withdrawal": transfers}})
        with pytest.raises(ConfigurationError, match="too rarely polled to stand alone") as caught:
            estimate(election, read_polls(file, election))
        assert f"estimate.withdrawal.{path}:" in str(caught.value)
