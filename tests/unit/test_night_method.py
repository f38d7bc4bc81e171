"""The method of the night: its algebra against a dense reference, nothing and all counted, then the law."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, load_election
from forecast.errors import ConfigurationError
from forecast.estimation import Estimate, estimate
from forecast.night.counted import FINAL, NOTHING, PART, Counted
from forecast.night.night_forecast import (
    NightLaw,
    PollDraws,
    draw_votes,
    estimate_night,
    night_forecast,
    night_law,
    night_sweep,
    poll_draws,
    rest_of_units,
)
from forecast.night.past_nights import (
    FITTED,
    country_of,
    fit_night,
    log_score,
    nights_digest,
    read_archive,
    whole_units,
)
from forecast.night.regression import (
    DESIGNED,
    METHOD,
    SHIPPED,
    design_of,
    fit,
    load_night_constants,
    noise_of,
    responses_of,
    shipped_night_constants,
)
from forecast.night.units import POOL, SAME, Units, read_units
from forecast.polls import polls_of
from forecast.rules.counts import outcome_of, read_count
from forecast.simulation.forecasting import How, simulate_and_keep
from forecast.simulation.given import VoteDraws, simulate_votes
from forecast.sweeps.grid import Grid, axes_of
from tests.nights import DISTRICTS, LISTS, made_night, write_election, write_units


class Evening:
    """A made-up night, its election and units, and the polls before it."""

    def __init__(self, folder: Path, *, districts: bool = False) -> None:
        self.folder, self.night = folder, made_night()
        self.election: Election = write_election(folder, districts=districts)
        self.units: Units = read_units(write_units(folder / "units.csv", self.night), self.election)

    def first(self, share: float) -> Counted:
        status = np.full(len(self.night.units), NOTHING, np.int8)
        status[self.night.first(share)] = FINAL
        return whole_units(self.units, self.night.votes, status)

    @property
    def polled(self) -> Estimate:
        return estimate(self.election, polls_of(self.election))

    def law(self, share: float) -> NightLaw:
        return night_law(design_of(self.units, SHIPPED), self.first(share), SHIPPED)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    return Evening(tmp_path_factory.mktemp("evening"))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    return Evening(tmp_path_factory.mktemp("local"), districts=True)


def drawn(law: NightLaw, number: int = 4_000, polls: PollDraws | None = None, seed: int = 3) -> np.ndarray:
    return np.concatenate(list(draw_votes(law, polls, number, seed)))


def national(votes: np.ndarray) -> np.ndarray:
    return votes.sum(axis=1) / votes.sum(axis=(1, 2))[:, None]


# Algebra.


def test_the_fit_is_that_of_dense_algebra_with_weights_for_those_that_do_not_fit(evening: Evening) -> None:
    design, counted = design_of(evening.units, SHIPPED), evening.first(0.4)
    final = counted.status == FINAL
    counted.votes[np.flatnonzero(final)[3], 1] *= 8
    found = fit(design, counted.votes.astype(float), final, SHIPPED)
    x = np.hstack([design.dense, design.groups.toarray()])[final]
    votes = counted.votes[final].astype(float)
    z = responses_of(design, counted.votes.astype(float))[final]
    start = 1.0 / noise_of(design, counted.votes.sum(axis=1).astype(float), SHIPPED)[final]
    prior = design.prior(SHIPPED)

    def effects_of(weights: np.ndarray) -> np.ndarray:
        columns = [
            np.linalg.solve(
                x.T @ (weights[:, None] * x) + np.diag(1.0 / prior[:, r]), x.T @ (weights * z[:, r])
            )
            for r in range(z.shape[1])
        ]
        return np.stack(columns, axis=1)

    off = (z - x @ effects_of(start)) ** 2 * start[:, None]
    off_mean = off.mean(axis=0)
    q = (off / off_mean).mean(axis=1)
    weights = start / np.maximum(1.0, q / SHIPPED.robust**2)
    assert (weights < start).any()
    np.testing.assert_allclose(found.weights[final], weights, rtol=1e-6)
    effects = effects_of(weights)
    np.testing.assert_allclose(found.effects[1:], effects[1:], rtol=1e-5, atol=1e-9)
    for r in range(z.shape[1]):
        precision = x.T @ (weights[:, None] * x) + np.diag(1.0 / prior[:, r])
        np.testing.assert_allclose(found.factors[r] @ found.factors[r].T, precision, rtol=1e-6, atol=1e-9)
    off = z - x @ effects
    shares = np.maximum(design.national, 0.02)
    shares /= max(shares.sum(), 1.0)
    before = np.zeros((6, 6))
    before[:5, :5] = SHIPPED.residual**2 * (np.diag(shares) - np.outer(shares, shares))
    before[5, 5] = SHIPPED.volume**2
    scatter = off.T @ (weights[:, None] * off) + (effects / prior**0.5).T @ (effects / prior**0.5)
    number, nu = len(votes), SHIPPED.prior_degrees
    np.testing.assert_allclose(found.covariance, (nu * before + scatter) / (nu + number), rtol=1e-6)
    # What is left over in the mean of votes goes to all: bounded, and without what the volume explains.
    q = ((z - x @ effects_of(start)) ** 2 * start[:, None]) / off_mean
    bound = np.minimum(1.0, 4.0 / np.sqrt(q.mean(axis=1)))[:, None]
    explained = np.minimum(1.0 / start, 0.1 / found.covariance[-1, -1])[:, None] * found.covariance[-1]
    total = votes.sum(axis=1)
    left = (total[:, None] * (bound * off - explained)).sum(axis=0) / (total.sum() + 40.0 * total.mean())
    np.testing.assert_allclose((found.effects - effects)[0, :-1], left[:-1], rtol=1e-4, atol=1e-9)
    assert found.effects[0, -1] == pytest.approx(effects[0, -1])


def test_draws_have_the_mean_and_the_spread_of_the_closed_form(evening: Evening) -> None:
    law = replace(evening.law(0.5), degrees_of_freedom=np.inf)
    shares = national(drawn(law, 20_000))
    scale = np.sqrt(np.diag(law.scale))
    np.testing.assert_allclose(shares.mean(axis=0), law.mean, atol=0.1 * scale.max())
    np.testing.assert_allclose(shares.std(axis=0), scale, rtol=0.06)


def test_tails_are_those_of_a_t_distribution(evening: Evening) -> None:
    law = evening.law(0.5)
    wide = national(drawn(replace(law, degrees_of_freedom=4.0), 20_000)).std(axis=0)
    normal = national(drawn(replace(law, degrees_of_freedom=np.inf), 20_000)).std(axis=0)
    # A t of 4 degrees of freedom has twice the variance; its own variance has none, so the bounds are wide.
    assert (np.abs(wide / normal - np.sqrt(2.0)) < 0.15).all()


def test_a_unit_with_the_votes_of_two_lists_exchanged_weighs_less_and_is_found(evening: Evening) -> None:
    design, counted = design_of(evening.units, SHIPPED), evening.first(0.6)
    final = counted.status == FINAL
    clean = fit(design, counted.votes.astype(float), final, SHIPPED)
    unit = int(np.argmax(np.where(final, counted.votes.sum(axis=1), 0)))
    votes = counted.votes.astype(float)
    votes[unit, 1] *= 10
    wrong = fit(design, votes, final, SHIPPED)
    assert wrong.weights[unit] < 0.3 * clean.weights[unit]
    assert wrong.surprise[unit] > 6.0
    assert np.argmax(wrong.surprise) == unit
    assert (wrong.surprise[~final] == 0.0).all()


def test_what_looks_less_like_what_is_counted_is_less_certain(evening: Evening) -> None:
    size = evening.night.last.sum(axis=1)
    small, mixed = (np.full(len(size), NOTHING, np.int8) for _ in range(2))
    small[np.argsort(size, kind="stable")[:60]] = FINAL
    mixed[np.random.Generator(np.random.PCG64(1)).permutation(len(size))[:60]] = FINAL
    design = design_of(evening.units, SHIPPED)
    of_small, of_mixed = (
        night_law(design, whole_units(evening.units, evening.night.votes, status), SHIPPED)
        for status in (small, mixed)
    )
    assert np.trace(of_small.scale) > 2.0 * np.trace(of_mixed.scale)


def test_a_list_that_stands_in_one_district_is_judged_by_its_units_alone(local: Evening) -> None:
    units = replace(local.units, stood=local.units.stood.copy())
    units.stood[:, 3] = False
    units.stood[2, 3] = True
    votes = np.where(units.stood[units.district], local.night.votes, 0)
    design = design_of(units, SHIPPED)
    elsewhere = np.where(units.district == 2, NOTHING, FINAL).astype(np.int8)
    law = night_law(design, whole_units(units, votes, elsewhere), SHIPPED)
    there = drawn(law)[:, 2]
    spread = (there[:, 3] / there.sum(axis=1)).std()
    assert spread > 0.03  # 600 units without the list say nothing of it
    assert (drawn(law)[:, [0, 1, 3, 4, 5], 3] == 0.0).all()


# Votes.


@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_no_draw_has_fewer_votes_than_are_counted_and_all_are_whole(local: Evening, share: float) -> None:
    law = local.law(share)
    votes = drawn(law, 2_000)
    assert (votes >= law.counted).all()
    assert (votes == np.rint(votes)).all()


def test_all_counted_is_the_count(local: Evening) -> None:
    counted = local.first(1.0)
    found = estimate_night(local.units, counted, None, SHIPPED, draws=50, seed=1)
    expected = np.zeros(found.counted.shape)
    np.add.at(expected, local.units.district, local.night.votes)
    assert (found.votes == expected).all()
    assert found.left.sum() == 0.0
    assert found.complete


def test_nothing_counted_is_what_the_polls_say(evening: Evening) -> None:
    polls = PollDraws(np.random.Generator(np.random.PCG64(2)).dirichlet([37, 41, 7, 8, 7], 3_000))
    found = estimate_night(evening.units, evening.first(0.0), polls, SHIPPED, draws=3_000, seed=1)
    # Where a draw of a small list falls to nothing in some district, the whole is off a little.
    assert np.abs(found.shares - polls.shares).mean() < 0.001
    np.testing.assert_allclose(found.shares.std(axis=0), polls.shares.std(axis=0), rtol=0.02)
    assert not found.complete


def test_polls_enter_by_precision(evening: Evening) -> None:
    law = replace(evening.law(0.1), degrees_of_freedom=np.inf)
    mean, scale = law.mean, law.scale
    before, error = mean + np.array([0.02, -0.02, 0.01, -0.01, 0.0]), 0.0003 * (np.eye(5) - 0.2)
    random = np.random.Generator(np.random.PCG64(4))
    polls = PollDraws(random.multivariate_normal(before, error, 20_000, method="eigh"))
    gain = scale[:4, :4] @ np.linalg.inv(scale[:4, :4] + error[:4, :4])
    shares = national(drawn(law, 20_000, polls))[:, :4]
    np.testing.assert_allclose(shares.mean(axis=0), mean[:4] + gain @ (before - mean)[:4], atol=0.002)
    np.testing.assert_allclose(
        shares.std(axis=0), np.sqrt(np.diag(scale[:4, :4] - gain @ scale[:4, :4])), rtol=0.1
    )


def test_polls_that_do_not_tell_a_list_apart_leave_it_to_the_count(evening: Evening) -> None:
    law = evening.law(0.3)
    told = PollDraws(np.tile([0.5, 0.3, 0.1, np.nan, 0.1], (100, 1)))
    assert told.told.tolist() == [0, 1, 2]
    moved, alone = national(drawn(law, 2_000, told)).mean(axis=0), national(drawn(law, 2_000)).mean(axis=0)
    assert moved[0] > alone[0]
    assert moved[3] > 0.0
    assert np.isfinite(moved).all()


def test_a_unit_in_part_keeps_its_votes_and_awaits_the_rest_by_what_it_shows(evening: Evening) -> None:
    counted = evening.first(0.3)
    unit = int(np.argmax(np.where(counted.status == NOTHING, evening.night.votes.sum(axis=1), 0)))
    status, votes = counted.status.copy(), counted.votes.copy()
    status[unit], votes[unit] = PART, [0, 150, 50, 0, 0]
    design = design_of(evening.units, SHIPPED)
    part = night_law(design, replace(counted, status=status, votes=votes), SHIPPED)
    without = night_law(design, counted, SHIPPED)
    assert part.counted.sum() == without.counted.sum() + 200
    assert part.outstanding.shares[unit, 1] > without.outstanding.shares[unit, 1]
    expected = without.outstanding.votes[unit] - 200.0
    assert expected - 1e-6 <= part.outstanding.votes[unit] < without.outstanding.votes[unit]
    others = np.arange(len(status)) != unit
    assert without.regression.weights[unit] == 0.0 < part.regression.weights[unit]
    # How many vote in a unit in part is not known: the volume is that of the others.
    volume = part.regression.covariance[-1, -1] / without.regression.covariance[-1, -1]
    assert abs(volume - 1.0) < 0.05
    assert part.regression.weights[others].sum() > 0.0


def test_what_the_counted_units_of_a_pool_are_off_the_others_make_up_for(evening: Evening) -> None:
    """The last votes of a region are known together: where its counted units have more of a list than the
    region had, the others had less.
    """
    counted = evening.first(0.5)
    final = counted.status == FINAL
    regions = np.bincount(evening.units.region[final & evening.units.ordinary], minlength=1)
    region = int(regions.argmax())
    here = (evening.units.region == region) & evening.units.ordinary
    match = np.where(here, POOL, SAME).astype(np.int8)
    last = evening.units.last.copy()
    last[here] = last[here].sum(axis=0) * (last[here].sum(axis=1) / last[here].sum())[:, None]
    units = replace(evening.units, match=match, last=last)
    votes = counted.votes.copy()
    moved = votes[:, 0] // 3 * (here & final)
    votes[:, 0], votes[:, 1] = votes[:, 0] - moved, votes[:, 1] + moved
    laws = {}
    for balance in (1e-6, 1.0):
        constants = replace(SHIPPED, balance=balance)
        laws[balance] = night_law(design_of(units, constants), replace(counted, votes=votes), constants)
    missing = here & ~final
    assert missing.any()
    of_list = {balance: law.outstanding.shares[missing, 1].mean() for balance, law in laws.items()}
    assert of_list[1.0] < of_list[1e-6] - 0.001


def test_a_pool_is_of_one_kind_in_one_region(evening: Evening) -> None:
    units = replace(evening.units, match=np.full(len(evening.units.names), POOL, np.int8))
    pool = design_of(units, SHIPPED).pool
    pairs = set(zip(units.region.tolist(), units.kind.tolist(), strict=True))
    assert len(set(pool.tolist())) == len(pairs)
    assert len(set(zip(pool.tolist(), units.region.tolist(), units.kind.tolist(), strict=True))) == len(pairs)
    assert (design_of(replace(units, match=np.zeros_like(units.match)), SHIPPED).pool == -1).all()


def test_sizes_are_compared_within_a_kind(evening: Evening) -> None:
    """Early votes of a town are no small place: ten times as many change no column but that of the region."""
    early = evening.units.kind == evening.units.kinds.index("early")
    last = np.where(early[:, None], 10.0, 1.0) * evening.units.last
    lists = evening.units.last.shape[1] - 1
    design, more = (
        design_of(replace(evening.units, last=some), SHIPPED) for some in (evening.units.last, last)
    )
    column = 1 + int((~design.new[:-1]).sum()) + int(not design.new[-1])
    assert lists
    for one in (design, more):
        of_early = one.dense[early, column] @ one.size[early] / one.size[early].sum()
        assert abs(of_early) < 0.05


def test_units_in_part_tell_how_others_vote(evening: Evening) -> None:
    """Half of the votes of the next units, at random: the estimate comes nearer to the count."""
    truth = evening.night.votes.sum(axis=0) / evening.night.votes.sum()
    order = np.asarray(evening.night.first(1.0))
    errors = {}
    for share in (0.0, 0.5):
        status = np.full(len(order), NOTHING, np.int8)
        status[order[:30]], status[order[30:150]] = FINAL, PART if share else NOTHING
        random = np.random.Generator(np.random.PCG64(4))
        votes = evening.night.votes.copy()
        votes[order[30:150]] = random.binomial(votes[order[30:150]], share)
        law = night_law(design_of(evening.units, SHIPPED), whole_units(evening.units, votes, status), SHIPPED)
        errors[share] = np.abs(law.mean - truth).mean()
    assert errors[0.5] < 0.7 * errors[0.0]


def test_what_is_left_of_a_unit_is_the_mean_of_a_log_normal_beyond_what_is_counted() -> None:
    random = np.random.Generator(np.random.PCG64(6))
    whole, so_far, sd = np.array([1_000.0, 800.0]), np.array([400.0, 1_000.0]), np.array([0.3, 0.2])
    sample = whole * np.exp(sd * random.standard_normal((400_000, 2)))
    mean = np.maximum(sample - so_far, 0.0).mean(axis=0)
    # Six standard errors of 400,000 draws.
    np.testing.assert_allclose(rest_of_units(whole, so_far, sd), mean, atol=6.0 * 320.0 / 632.0)


def test_units_that_are_set_aside_are_neither_fitted_nor_counted(evening: Evening) -> None:
    counted = evening.first(0.3)
    aside = np.zeros(len(counted.status), bool)
    aside[np.flatnonzero(counted.status == FINAL)[:5]] = True
    found = estimate_night(evening.units, replace(counted, set_aside=aside), None, SHIPPED, draws=20, seed=1)
    assert found.counted.sum() == counted.votes[~aside].sum()
    assert (found.surprise[aside] == 0.0).all()
    assert found.final_units == int((counted.status == FINAL).sum()) - 5


def test_votes_without_a_baseline_count_in_full(evening: Evening) -> None:
    districts = len(evening.units.districts)
    outside = np.zeros((districts, 5), np.int64)
    outside[2] = [10_000, 0, 0, 0, 0]
    with_them = estimate_night(
        evening.units, replace(evening.first(0.3), outside=outside), None, SHIPPED, draws=20, seed=1
    )
    assert with_them.counted[2, 0] >= 10_000
    assert (with_them.votes[:, 2, 0] >= 10_000).all()


def test_the_same_seed_gives_the_same_votes_whatever_the_threads_of_linear_algebra(tmp_path: Path) -> None:
    program = (
        "import hashlib, sys; import numpy as np; from pathlib import Path;"
        "from tests.unit.test_night_method import Evening;"
        "from forecast.night.night_forecast import *; from forecast.night.regression import *;"
        "e = Evening(Path(sys.argv[1]), districts=True);"
        "polls = PollDraws(np.random.Generator(np.random.PCG64(2)).dirichlet([37, 41, 7, 8, 7], 3_000));"
        "v = estimate_night(e.units, e.first(0.3), polls, SHIPPED, draws=3_000, seed=5).votes;"
        "print(hashlib.sha256(v.tobytes()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(said) == 1


# Through the law.


def test_votes_by_district_go_through_the_law_as_the_count_does(local: Evening, tmp_path: Path) -> None:
    """Every one of some draws, and one with ties, against exact arithmetic."""
    votes = drawn(local.law(0.2), 20)
    votes[0] = np.array([300, 300, 150, 75, 75])  # ties in every district
    places = known_places(local)
    forecast, kept = simulate_votes(
        local.election, VoteDraws(LISTS, votes, local.units.stood, places), {"warnings": []}, keep=20
    )
    assert forecast.attrs["draws"] == 20
    for number in range(1, 20):
        outcome = counted_exactly(local, votes[number].astype(int), tmp_path)
        assert not outcome.ties
        assert [outcome.seats.get(name, 0) for name in LISTS] == kept["seats"].values[number].tolist()
    tied = counted_exactly(local, votes[0].astype(int), tmp_path)
    assert tied.ties
    assert kept["seats"].values[0].sum() == 45


def test_votes_of_voters_go_through_a_double_proportion_as_the_count_does(
    local: Evening, tmp_path: Path
) -> None:
    """Voters have as many votes as their district has seats; what they have together is whole voters."""
    settings = [
        "rule.threshold.level=100%",
        "rule.threshold.or_district_share=6%",
        "rule.allocation.method=sainte-lague",
        "rule.districts.method=sainte-lague",
        "rule.districts.national_totals=biproportional",
        "rule.districts.voters=true",
    ]
    election = load_election(local.folder / "woods.toml", settings)
    votes = drawn(local.law(0.2), 20)
    found, kept = simulate_votes(
        election, VoteDraws(LISTS, votes, local.units.stood, known_places(local)), {"warnings": []}, keep=20
    )
    for number in range(20):
        outcome = counted_exactly(local, votes[number].astype(int), tmp_path, election)
        assert [outcome.seats.get(name, 0) for name in LISTS] == kept["seats"].values[number].tolist()
    assert any("polls before the vote" in said for said in found.attrs["warnings"])


def test_ties_in_districts_are_drawn_by_lot(local: Evening) -> None:
    votes = np.broadcast_to(np.array([400, 400, 0, 0, 0], float), (2_000, 6, 5))
    drawn_votes = VoteDraws(LISTS, votes, local.units.stood, known_places(local))
    election = load_election(local.folder / "woods.toml", ["rule.ties=lot"])
    _, kept = simulate_votes(election, drawn_votes, {"warnings": []}, keep=2_000)
    seats = kept["seats"].values[:, 0]
    # Odd houses are those of 9, 7 and 11 seats: 3 lots of one seat each; six standard errors of the mean.
    assert seats.min() < seats.max()
    assert abs(seats.mean() - 22.5) < 6.0 * np.sqrt(0.75 / 2_000)


def test_levelling_seats_with_equal_claims_are_placed_by_lot(local: Evening) -> None:
    """Two lists with the same votes in every district, and three levelling seats: which district
    gets one is drawn.
    """
    rule = [
        "rule.seats=48",
        "rule.allocation.method=sainte-lague",
        "rule.levelling.mode=redistribute",
        'rule.levelling.placing=[{where="district", method="sainte-lague"}]',
    ]
    votes = np.broadcast_to(np.array([500, 300, 0, 0, 0], float), (600, 6, 5))
    election = load_election(local.folder / "woods.toml", rule)
    given = VoteDraws(LISTS, votes, local.units.stood, known_places(local))
    forecast, _ = simulate_votes(election, given, {"warnings": []})
    means = forecast.groups["districts"]["seat_mean"].sel(party="blue").values
    # One goes to Fir, and two of the next to two of Birch, Cedar and Fir, each of which has 2 of blue then.
    drawn_for = [list(DISTRICTS).index(name) for name in ("Birch", "Cedar", "Fir")]
    # Six standard errors of a mean of 600 draws with chance 2/3.
    assert (np.abs(means[drawn_for] - 8.0 / 3.0) < 6.0 * np.sqrt(2.0 / 9.0 / 600)).all()
    others = [d for d in range(6) if d not in drawn_for]
    np.testing.assert_array_equal(means[others], np.round(means[others]))
    assert means.sum() == pytest.approx(18.0)


def known_places(evening: Evening):
    from forecast.geography.known_districts import places_of

    return places_of(evening.election, None)


def counted_exactly(evening: Evening, votes: np.ndarray, folder: Path, election: Election | None = None):
    election = election or evening.election
    lines = ["district,seats,party,votes,valid_votes"]
    for place, row in zip(known_places(evening).places, votes, strict=True):
        for p, name in enumerate(LISTS[:-1]):
            lines.append(f"{place.name},{place.seats},{name},{row[p]},{row.sum()}")
    table = folder / "votes.csv"
    table.write_text("\n".join(lines) + "\n", "utf-8")
    districts = election.rule.districts
    assert districts is not None
    rule = election.rule.model_copy(update={"districts": districts.model_copy(update={"table": table})})
    election = election.model_copy(update={"rule": rule})
    return outcome_of(election, read_count(election))


@pytest.mark.parametrize("where", ["evening", "local"])
def test_before_the_first_unit_the_forecast_is_the_ordinary_one(
    where: str, request: pytest.FixtureRequest
) -> None:
    night: Evening = request.getfixturevalue(where)
    how = How(4_096, 1, "sobol", 1)
    polled = night.polled
    found = night_forecast(night.election, night.units, night.first(0.0), polled, how).forecast
    ordinary = simulate_and_keep(night.election, polled, how, 0)[0]
    for name in ("share_mean", "seat_mean", "pass_probability", "seat_probability"):
        np.testing.assert_array_equal(found.array(name), ordinary.array(name))


@pytest.mark.parametrize("where", ["evening", "local"])
def test_after_the_last_unit_every_draw_is_the_count(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    night: Evening = request.getfixturevalue(where)
    how = How(600, 1, "sobol", 1)
    found = night_forecast(night.election, night.units, night.first(1.0), night.polled, how).forecast
    if where == "local":
        votes = np.zeros((6, 5), int)
        np.add.at(votes, night.units.district, night.night.votes)
        outcome = counted_exactly(night, votes, tmp_path)
    else:
        table = tmp_path / "count.csv"
        total = night.night.votes.sum(axis=0)
        rows = [f"{name},{total[p]}" for p, name in enumerate(LISTS[:-1])]
        table.write_text("\n".join(["party,votes", *rows]) + "\n", "utf-8")
        facts = night.election.election.model_copy(update={"valid_votes": int(total.sum()), "result": table})
        election = night.election.model_copy(update={"election": facts})
        outcome = outcome_of(election, read_count(election))
    seats = [outcome.seats.get(party, 0) for party in found.parties]
    assert (found.array("seat_quantile") == np.array(seats)[:, None]).all()
    assert found.array("seat_mean").tolist() == seats
    exact = night.night.votes.sum(axis=0) / night.night.votes.sum()
    np.testing.assert_allclose(found.array("share_mean"), exact, rtol=1e-6)
    assert found.array("night/left_quantile").tolist() == [0.0] * 7


def test_a_night_says_what_is_counted_and_what_is_out(evening: Evening) -> None:
    how = How(1_000, 1, "sobol", 1)
    counted = evening.first(0.5)
    result = night_forecast(evening.election, evening.units, counted, evening.polled, how, keep=10)
    forecast = result.forecast
    total = counted.votes.sum(axis=0)
    assert forecast.array("night/counted_votes").tolist() == total.tolist()
    np.testing.assert_allclose(forecast.array("night/counted_share"), total / total.sum())
    kinds = forecast.names("night/kind")
    assert dict(zip(kinds, forecast.array("night/units"), strict=True)) == {
        kind: evening.night.kind.count(kind) for kind in kinds
    }
    assert forecast.array("night/counted_by_kind").sum() == total.sum()
    left = forecast.array("night/left")
    assert left.shape == (3, 6)
    low, high = forecast.array("night/left_quantile")[[0, -1]]
    assert low < left.sum() < high
    assert forecast.array("night/district_share_quantile").shape == (6, 5, 7)
    assert len(result.kept["draw"]) == 10
    assert "estimate/average" in forecast
    assert "estimate/squared_scale" not in forecast


def test_a_night_without_polls_and_votes_is_refused_and_more_draws_than_are_held(evening: Evening) -> None:
    with pytest.raises(ConfigurationError, match="nothing is counted, and there are no polls"):
        night_forecast(evening.election, evening.units, evening.first(0.0), None, How(100, 1, "sobol", 1))
    with pytest.raises(ConfigurationError, match="at most 1,000,000 draws of a night"):
        night_forecast(
            evening.election, evening.units, evening.first(0.5), None, How(2_000_000, 1, "sobol", 1)
        )


def test_rules_are_swept_on_the_draws_of_the_night(local: Evening) -> None:
    how = How(2_000, 1, "sobol", 1)
    grid = Grid.of(local.election.rule, axes_of(threshold=[0.0, 0.05, 0.1]))
    counted, polled = local.first(0.4), local.polled
    swept = night_sweep(local.election, local.units, counted, polled, grid, how)
    single = night_forecast(local.election, local.units, counted, polled, how).forecast
    at_law = swept.sel(threshold=0.05)
    np.testing.assert_array_equal(at_law.array("seat_mean"), single.array("seat_mean"))
    assert (swept.array("pass_probability")[2] <= swept.array("pass_probability")[1]).all()


def test_draws_of_polls_stand_in_the_order_of_the_units(evening: Evening) -> None:
    kept = simulate_and_keep(evening.election, evening.polled, How(100, 1, "sobol", 1), 100)[1]
    found = poll_draws(evening.units, kept.isel(party=[4, 0, 2, 1]))
    assert np.isnan(found.shares[:, 3]).all()
    np.testing.assert_array_equal(found.shares[:, 0], kept["share"].sel(party="red").values)
    assert found.told.tolist() == [0, 1, 2]


# Nights of the past, where they are at hand.


def nights(shared: Path) -> Path:
    folder = shared / "data" / "night"
    if not folder.is_dir():
        pytest.skip(f"no archive of nights at {folder}")
    return folder


def test_sweden_in_the_order_of_reporting_is_within_the_marks(shared: Path) -> None:
    (night,) = (one for one in read_archive(nights(shared)) if one.name == "se2022")
    design, order = design_of(night.units, SHIPPED), night.order("true")
    errors = []
    for stage in (0.05, 0.1, 0.25, 0.5):
        law = night_law(design, night.at(order, stage), SHIPPED)
        errors.append(100.0 * np.abs(law.mean - night.truth).mean())
    assert (np.array(errors) < [0.26, 0.24, 0.125, 0.065]).all(), errors


def test_a_fit_begins_with_what_it_is_given_and_leaves_countries_out(shared: Path) -> None:
    with pytest.raises(ConfigurationError, match="se"):
        fit_night(nights(shared), ["sweden"])


def test_the_shipped_constants_are_those_of_a_fit_that_the_file_names(shared: Path) -> None:
    """What one run wrote, from the start that the program has and by its steps; of these very nights."""
    basis = shipped_night_constants()
    assert basis.method == METHOD
    assert basis.note == "forecast night-fit ARCHIVE --leave-out no --without-each"
    assert sorted(basis.without) == sorted({country_of(name) for name in basis.nights})
    for constants in (basis.constants, *basis.without.values()):
        for field in fields(constants):
            steps = np.log2(getattr(constants, field.name) / getattr(DESIGNED, field.name))
            assert steps == round(steps) if field.name in FITTED else steps == 0.0, field.name
    folders = [nights(shared) / name for name in basis.nights]
    assert basis.nights_sha256 == nights_digest(folders)


def test_a_fit_is_a_search_from_the_design_and_keeps_what_it_rests_on(shared: Path, tmp_path: Path) -> None:
    """Of a country that is fitted and one that is left out and scored."""
    for name in ("no2013", "nz2005"):
        (tmp_path / name).symlink_to(nights(shared) / name, target_is_directory=True)
    found = fit_night(tmp_path, ["nz"], names=["robust"])
    basis = found.basis
    assert basis.nights == ("no2013",)
    assert basis.nights_sha256 == nights_digest([nights(shared) / "no2013"])
    assert found.search.score <= found.search.before
    assert replace(basis.constants, robust=DESIGNED.robust) == DESIGNED
    assert set(found.by_country) == {"no"}
    assert set(found.scored) == {"nz"}


def test_constants_of_another_version_of_the_method_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "constants.json"
    path.write_text(json.dumps(shipped_night_constants().record() | {"method": METHOD - 1}), "utf-8")
    with pytest.raises(ConfigurationError, match="another version of the method"):
        load_night_constants(path)


def test_the_score_is_the_density_of_a_t_distribution(evening: Evening) -> None:
    from scipy.stats import t

    law = evening.law(0.3)
    truth = evening.night.votes.sum(axis=0) / evening.night.votes.sum()
    scale = 100.0 * np.sqrt(np.diag(law.scale))
    expected = -t.logpdf(100.0 * truth, 8, loc=100.0 * law.mean, scale=scale).mean()
    assert log_score(law, truth) == pytest.approx(expected, rel=1e-4)


def test_a_single_unit_and_a_closed_station_are_enough_to_go_by(evening: Evening) -> None:
    counted = evening.first(0.0)
    status, votes = counted.status.copy(), counted.votes.copy()
    first, closed = evening.night.first(1.0)[:2]
    status[[first, closed]] = FINAL
    votes[first] = evening.night.votes[first]
    one = replace(counted, status=status, votes=votes)
    found = estimate_night(evening.units, one, None, SHIPPED, draws=500, seed=1)
    assert np.isfinite(found.votes).all()
    assert (found.votes >= found.counted).all()
    assert found.final_units == 2
    assert found.shares.std(axis=0)[0] > 0.02
