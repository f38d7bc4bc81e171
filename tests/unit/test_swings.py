"""What if: swings and fixed shares mean what they say, in the estimate and in the draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.election import load_election
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate

CONFIG = Path(__file__).parents[2] / "configs" / "kazakhstan-2023.toml"


def drawn(*settings: str) -> Forecast:
    election = load_election(CONFIG, settings)
    return simulate(election, estimate(election, polls_of(election)), draws=2**15)


def average(forecast: Forecast) -> dict[str, float]:
    values = forecast["estimate/average"].values.tolist()
    return dict(zip(forecast.parties, values, strict=True))


@pytest.fixture(scope="module")
def plain() -> Forecast:
    return drawn()


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (("shift.osdp=+1%",), {"osdp": 0.01}),
        (("shift.osdp=-2.5%",), {"osdp": -0.025}),
        (("shift.osdp=+1%", "shift.amanat=-3%"), {"osdp": 0.01, "amanat": -0.03}),
        (("shift.against-all=0.5%",), {"against-all": 0.005}),
    ],
)
def test_a_swing_moves_its_party_by_so_many_points_and_the_others_pro_rata(
    plain: Forecast, settings: tuple[str, ...], wanted: dict[str, float]
) -> None:
    before, after = average(plain), average(drawn(*(f"estimate.{one}" for one in settings)))
    for party, swing in wanted.items():
        assert after[party] - before[party] == pytest.approx(swing, abs=1e-12)
    assert sum(after.values()) == pytest.approx(1.0, abs=1e-12)
    others = [party for party in before if party not in wanted]
    factor = (1 - sum(after[party] for party in wanted)) / sum(before[party] for party in others)
    assert [after[party] / before[party] for party in others] == pytest.approx([factor] * len(others))


def test_fixed_shares_stand_beside_a_swing_and_the_rest_keep_their_proportions(plain: Forecast) -> None:
    before = average(plain)
    after = average(drawn("estimate.share.osdp=6%", "estimate.share.baytaq=1/80", "estimate.shift.auyl=+2%"))
    assert after["osdp"] == pytest.approx(0.06, abs=1e-12)
    assert after["baytaq"] == pytest.approx(0.0125, abs=1e-12)
    assert after["auyl"] == pytest.approx(before["auyl"] + 0.02, abs=1e-12)
    assert sum(after.values()) == pytest.approx(1.0, abs=1e-12)
    others = [party for party in before if party not in ("osdp", "baytaq", "auyl")]
    ratios = [after[party] / before[party] for party in others]
    assert ratios == pytest.approx([ratios[0]] * len(others))


def test_the_draws_follow_the_swing(plain: Forecast) -> None:
    """Of 32,768 draws with a standard deviation of 0.4 points a mean is off by 0.002 points; 0.02 is ten."""
    moved = drawn("estimate.shift.osdp=+1%")
    k = plain.parties.index("osdp")
    shares = [one.dataset["share_mean"].values for one in (plain, moved)]
    assert shares[1][k] - shares[0][k] == pytest.approx(0.01, abs=2e-4)
    assert shares[1].sum() == pytest.approx(1.0, abs=1e-6)
    others = np.delete(shares[1] / shares[0], k)
    assert others == pytest.approx(np.full(len(others), others[0]), rel=2e-3)
    assert moved.passes("osdp") > plain.passes("osdp") + 0.2


def test_a_swing_of_nothing_changes_nothing(plain: Forecast) -> None:
    assert average(drawn("estimate.shift.osdp=0")) == pytest.approx(average(plain), abs=1e-15)
