"""Draws until a wanted precision is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.election import load_election
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.simulation.forecasting import How, largest_error, simulate, simulate_to_error

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "kazakhstan-2023.toml"
ELECTION = load_election(str(CONFIG))
POLLS = CONFIG.with_name("kazakhstan-2023-polls.csv")
ESTIMATE = estimate(ELECTION, read_polls(POLLS, ELECTION))
SOBOL, RANDOM = (How.of(ELECTION, None, None, sampler) for sampler in ("sobol", "random"))


def test_no_published_probability_is_less_precise_than_wanted() -> None:
    loose = simulate_to_error(ELECTION, ESTIMATE, 0.002, SOBOL)
    tight = simulate_to_error(ELECTION, ESTIMATE, 0.0005, SOBOL)
    assert largest_error(loose) <= 0.002
    assert largest_error(tight) <= 0.0005
    assert loose.draws < tight.draws


def test_the_result_is_that_of_a_run_with_as_many_draws() -> None:
    reached = simulate_to_error(ELECTION, ESTIMATE, 0.001, RANDOM)
    again = simulate(ELECTION, ESTIMATE, draws=reached.draws, sampler="random")
    assert reached.record() == again.record()


def test_a_maximum_that_does_not_suffice_is_said() -> None:
    stopped = simulate_to_error(ELECTION, ESTIMATE, 0.0001, RANDOM, most_draws=20_000)
    assert stopped.draws == 20_000
    assert any("above the 0.0001 wanted" in warning for warning in stopped.dataset.attrs["warnings"])


@pytest.mark.parametrize("target", [0.0, -1.0, 1.0, 5.0, 1e-12])
def test_a_target_that_cannot_be_is_refused(target: float) -> None:
    with pytest.raises(ConfigurationError, match="an error lies between"):
        simulate_to_error(ELECTION, ESTIMATE, target, SOBOL)


def test_gaussian_tails_are_narrower_than_those_of_t() -> None:
    gaussian = load_election(str(CONFIG), ["simulation.tails=gaussian"])
    narrow = simulate(gaussian, ESTIMATE, draws=50_000).dataset["share_quantile"].sel(party="amanat")
    wide = simulate(ELECTION, ESTIMATE, draws=50_000).dataset["share_quantile"].sel(party="amanat")
    assert float(narrow.sel(quantile_level=0.975)) < float(wide.sel(quantile_level=0.975))
    assert float(narrow.sel(quantile_level=0.025)) > float(wide.sel(quantile_level=0.025))
