"""The estimate of an election: what it makes of thin, odd and missing polls, and what it says about them."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import Election, load_election, parse_election
from forecast.errors import ConfigurationError, PollDataError
from forecast.estimation import Estimate, estimate, shipped_constants
from forecast.estimation.estimate import UNDECIDED_SPREAD
from forecast.polls import polls_of, read_polls
from forecast.rules.counts import read_count

DAY = datetime.date(2030, 6, 9)
CONFIGS = Path(__file__).parents[2] / "configs"
KAZAKHSTAN = CONFIGS / "kazakhstan-2023.toml"


def an_election(closed: bool = False, **settings: Any) -> Election:
    return parse_election(
        {
            "election": {"id": "x-2030", "name": "X", "date": DAY, "closed_ballot": closed},
            "parties": [{"id": name, "name": name} for name in ("red", "blue", "green")],
            "rule": {"seats": 100, "threshold": {"level": "5%"}, "allocation": {"method": "dhondt"}},
            "estimate": settings,
        }
    )


def estimated(
    tmp_path: Path,
    *rows: str,
    heading: str = "pollster,fieldwork_end,sample_size,red,blue,green,undecided",
    as_of: datetime.date | None = None,
    closed: bool = False,
    **settings: Any,
) -> Estimate:
    file = tmp_path / "polls.csv"
    file.write_text("\n".join([heading, *rows]))
    election = an_election(closed, **settings)
    return estimate(election, read_polls(file, election), as_of)


def test_constants_of_ones_own_take_the_place_of_the_shipped_ones(tmp_path: Path) -> None:
    record = shipped_constants().record()
    record["default"]["degrees_of_freedom"] = 77.0
    file = tmp_path / "constants.json"
    file.write_text(json.dumps(record))
    assert estimated(tmp_path, *FOUR, constants=str(file)).degrees_of_freedom == pytest.approx(77.0)
    with pytest.raises(ConfigurationError, match="no such file; `forecast fit` writes one"):
        estimated(tmp_path, *FOUR, constants=str(tmp_path / "other.json"))


def half_width(result: Estimate, unit: str) -> float:
    """The scale of a unit's log share."""
    i = result.units.index(unit)
    return float(np.sqrt(result.scale[i, i]))


FOUR = (
    "A,2030-06-01,1000,45,30,20,",
    "B,2030-06-02,1000,44,31,20,",
    "C,2030-06-03,,43,32,19,",
    "D,2030-05-20,900,45,31,18,",
)


def test_an_estimate_has_shares_that_sum_to_1_and_a_positive_scale(tmp_path: Path) -> None:
    result = estimated(tmp_path, *FOUR)
    assert result.units == ("red", "blue", "green", "other")
    assert result.mean.sum() == pytest.approx(1.0)
    assert np.linalg.eigvalsh(result.scale).min() > 0
    assert result.warnings == ()
    assert float(result.polls["weight"].to_numpy().sum()) == pytest.approx(1.0)
    assert (result.as_of, result.election_date) == (datetime.date(2030, 6, 3), DAY)


def test_fewer_than_three_polls_give_an_estimate_with_a_warning(tmp_path: Path) -> None:
    assert "the mean rests on one poll" in estimated(tmp_path, FOUR[0]).warnings
    assert "the mean rests on 2 polls" in estimated(tmp_path, *FOUR[:2]).warnings


def test_polls_without_sample_sizes_are_taken_as_1000_respondents_with_a_warning(tmp_path: Path) -> None:
    rows = [row.replace(",1000,", ",,").replace(",900,", ",,") for row in FOUR]
    result = estimated(tmp_path, *rows)
    assert "no poll gives its sample size: 1000 respondents are assumed" in result.warnings
    assert 1000 < result.n_eff <= 4000


def test_one_pollster_is_said_and_makes_the_estimate_wider(tmp_path: Path) -> None:
    several = estimated(tmp_path, *FOUR)
    alone = estimated(tmp_path, *["A" + row[1:] for row in FOUR])
    assert "all polls are from one pollster: its own lean cannot be told from the truth" in alone.warnings
    assert alone.pollsters_eff == pytest.approx(1.0)
    assert half_width(alone, "green") > half_width(several, "green")


def test_forty_percent_undecided_widen_the_estimate_with_a_warning(tmp_path: Path) -> None:
    rows = ("A,2030-06-01,1000,27,18,12,40", "B,2030-06-02,1000,26,19,12,40", "C,2030-06-03,900,26,19,12,40")
    result = estimated(tmp_path, *rows)
    assert result.undecided == pytest.approx(0.4)
    assert result.undecided_spread == UNDECIDED_SPREAD
    assert any("40% of the respondents are undecided or unreported" in warning for warning in result.warnings)
    assert result.mean[0] == pytest.approx(0.44, abs=0.01)


def test_few_undecided_split_like_the_decided_unless_a_spread_is_configured(tmp_path: Path) -> None:
    rows = ("A,2030-06-01,1000,42,29,19,5", "B,2030-06-02,1000,42,29,19,5", "C,2030-06-03,900,42,29,19,5")
    assert estimated(tmp_path, *rows).undecided_spread == 0.0
    assert estimated(tmp_path, *rows, undecided_spread=0.3).undecided_spread == 0.3


def test_a_party_in_one_poll_only_stands_on_a_closed_ballot_and_is_said(tmp_path: Path) -> None:
    rows = (
        "A,2030-06-01,1000,50,30,20,",
        "B,2030-06-02,1000,50,30,,",
        "C,2030-06-02,1000,50,30,,",
        "D,2030-06-02,1000,50,30,,",
    )
    closed = estimated(tmp_path, *rows, closed=True)
    assert closed.average == pytest.approx([0.5, 0.3, 0.2])
    assert "'green' is reported by one poll only" in closed.warnings
    opened = estimated(tmp_path, *rows)
    assert (opened.units, opened.absorbed) == (("red", "blue", "other"), ("green",))
    assert "too rarely polled to stand alone, counted under other: green" in opened.warnings


def test_polls_after_the_date_asked_are_refused_with_the_earliest_date(tmp_path: Path) -> None:
    with pytest.raises(
        PollDataError, match="no poll is known by 2030-05-01; the earliest is known from 2030-05-20"
    ):
        estimated(tmp_path, *FOUR, as_of=datetime.date(2030, 5, 1))


def test_a_table_of_city_polls_only_is_refused(tmp_path: Path) -> None:
    heading = "pollster,fieldwork_end,scope,red,blue,green"
    with pytest.raises(PollDataError, match="no national poll"):
        estimated(tmp_path, "A,2030-06-01,city:X,40,30,20", heading=heading)


def test_only_what_was_known_by_the_date_is_used(tmp_path: Path) -> None:
    before = estimated(tmp_path, *FOUR, as_of=datetime.date(2030, 6, 1))
    alone = estimated(tmp_path, FOUR[0], FOUR[3], as_of=datetime.date(2030, 6, 1))
    assert before.mean == pytest.approx(alone.mean)
    assert before.polls["pollster"].tolist() == ["A", "D"]


def test_the_estimate_widens_with_the_distance_to_the_election(tmp_path: Path) -> None:
    rows = [row.replace("2030-06", "2030-01").replace("2030-05", "2029-12") for row in FOUR]
    assert half_width(estimated(tmp_path, *rows), "red") > half_width(estimated(tmp_path, *FOUR), "red")


def test_context_multiplies_the_error_of_pre_election_polls_with_a_warning(tmp_path: Path) -> None:
    usual, managed = estimated(tmp_path, *FOUR), estimated(tmp_path, *FOUR, context=2)
    assert 1.7 < half_width(managed, "blue") / half_width(usual, "blue") < 2
    assert any("multiplied by 2 (estimate.context)" in warning for warning in managed.warnings)


def test_once_an_exit_poll_is_known_only_exit_polls_count(tmp_path: Path) -> None:
    heading = "pollster,fieldwork_end,kind,red,blue,green"
    rows = ("A,2030-06-01,,30,30,39", "B,2030-06-09,exit,50,30,20", "C,2030-06-09,exit,48,30,21")
    result = estimated(tmp_path, *rows, heading=heading, context=2)
    assert result.kind == "exit"
    assert result.polls["pollster"].tolist() == ["B", "C"]
    assert result.mean[0] == pytest.approx(0.49, abs=0.005)
    assert not any("multiplied" in warning for warning in result.warnings)
    assert any("exit polls only" in warning for warning in result.warnings)
    eve = estimated(tmp_path, *rows, heading=heading, as_of=DAY - datetime.timedelta(1))
    assert eve.polls["pollster"].tolist() == ["A"]


def test_a_swing_moves_a_party_by_its_points_and_scales_the_others(tmp_path: Path) -> None:
    plain, moved = estimated(tmp_path, *FOUR), estimated(tmp_path, *FOUR, shift={"green": "+1%"})
    assert moved.mean[2] == pytest.approx(plain.mean[2] + 0.01)
    assert moved.mean.sum() == pytest.approx(1.0)
    assert moved.mean[0] / moved.mean[1] == pytest.approx(plain.mean[0] / plain.mean[1])


def test_a_fixed_share_stands_and_a_share_of_0_is_as_good_as_absent(tmp_path: Path) -> None:
    moved = estimated(tmp_path, *FOUR, share={"green": "6%", "blue": 0})
    assert moved.mean[2] == pytest.approx(0.06)
    assert 0 < moved.mean[1] < 1e-8
    assert np.isfinite(moved.scale).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shift": {"green": "-30%"}}, 'estimate.shift.green = "-30.00%": the polls have this party at'),
        ({"shift": {"green": "+50%"}, "share": {"red": "60%"}}, "would hold 12"),
    ],
)
def test_swings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        estimated(tmp_path, *FOUR, **settings)
    assert said in str(caught.value)


def test_a_party_under_other_cannot_be_moved(tmp_path: Path) -> None:
    rows = [
        f"{name},2030-06-01,1000,50,30,{share},"
        for name, share in zip("ABCD", ("5", "", "", ""), strict=True)
    ]
    with pytest.raises(ConfigurationError, match="too rarely polled to stand alone"):
        estimated(tmp_path, *rows, shift={"green": "+1%"})


def chance_over(result: Estimate, unit: str, level: float) -> float:
    rng = np.random.default_rng(11)
    z = rng.standard_normal((100_000, len(result.units))) * np.sqrt(np.diag(result.scale))
    tail = np.sqrt(result.degrees_of_freedom / rng.chisquare(result.degrees_of_freedom, 100_000))
    votes = np.exp(np.log(result.mean) + z * tail[:, None])
    votes /= votes.sum(1, keepdims=True)
    return float((votes[:, result.units.index(unit)] >= level).mean())


@pytest.mark.parametrize("as_of", [None, datetime.date(2023, 3, 15)])
def test_whether_the_kazakh_social_democrats_enter_is_open(as_of: datetime.date | None) -> None:
    election = load_election(KAZAKHSTAN)
    result = estimate(election, polls_of(election), as_of)
    assert result.kind == ("exit" if as_of is None else "pre-election")
    # Far from 0 and 1: with 100,000 draws a chance of 0.1 is off by 0.01 once in 10**24.
    assert 0.1 < chance_over(result, "osdp", 0.05) < 0.9


def test_the_exit_polls_of_kazakhstan_2023_give_their_mean() -> None:
    election = load_election(KAZAKHSTAN)
    result = estimate(election, polls_of(election))
    assert result.mean[result.units.index("osdp")] == pytest.approx((5.31 + 4.91 + 5.12) / 300, abs=1e-6)
    assert result.n_eff == pytest.approx(18_000)


@pytest.mark.parametrize("year", [2016, 2021, 2023])
def test_exit_polls_of_kazakhstan_track_the_official_count(year: int) -> None:
    election = load_election(CONFIGS / f"kazakhstan-{year}.toml")
    made = estimate(election, polls_of(election))
    assert made.kind == "exit"
    votes = {entry.id: float(entry.votes) for entry in read_count(election).ballot.entries}
    official = np.array([votes[unit] for unit in made.units]) / sum(votes.values())
    assert np.abs(made.mean - official).max() < 0.012
