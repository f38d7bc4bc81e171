"""What holds for any polls: sums, order, scale, exact repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.estimation.average import Reports, average, disagreement, movement, prepare


@st.composite
def any_reports(draw: st.DrawFn) -> Reports:
    """Up to 12 polls over up to 6 options, some cells empty, ages up to two years."""
    polls, options = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    full = rng.dirichlet(np.full(options + 2, draw(st.sampled_from([0.3, 1.0, 8.0]))), size=polls)
    shares = np.where(
        rng.random((polls, options)) < draw(st.sampled_from([0.0, 0.4])), np.nan, full[:, :options]
    )
    if np.isnan(shares).all():
        shares[0, 0] = full[0, 0]
    empty = np.isnan(shares).all(1)
    shares[empty, 0] = full[empty, 0]
    missing = np.full(polls, np.nan)
    return Reports(
        ids=tuple(f"p{k}" for k in range(options)),
        shares=shares,
        other=full[:, -2] if draw(st.booleans()) else missing,
        undecided=full[:, -1] if draw(st.booleans()) else missing,
        ages=rng.permutation(draw(st.sampled_from([40, 300, 700])))[:polls].astype(float),
        sizes=np.where(rng.random(polls) < 0.3, np.nan, rng.integers(20, 20_000, polls).astype(float)),
        firms=tuple(f"f{i}" for i in rng.integers(0, 4, polls)),
        labels=tuple(f"poll {i}" for i in range(polls)),
    )


@given(any_reports(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_prepared_shares_and_means_sum_to_1_and_are_positive(reports: Reports, closed: bool) -> None:
    prepared = prepare(reports, closed)
    centre = average(prepared)
    assert np.allclose(prepared.shares.sum(1), 1.0)
    assert (prepared.shares > 0.001).all()
    assert np.isclose(centre.mean.sum(), 1.0)
    assert (centre.mean > 0).all()
    assert np.isclose(centre.weights.sum(), 1.0)
    assert prepared.undecided.min() >= 0
    assert prepared.undecided.max() <= 1
    assert 1.0 - 1e-9 <= centre.firms_eff <= len(set(prepared.firms)) + 1e-9
    assert np.isfinite([disagreement(prepared), movement(prepared)]).all()


@given(any_reports())
@settings(max_examples=100, deadline=None)
def test_the_order_of_rows_does_not_matter(reports: Reports) -> None:
    """Ages are all different here: among equal ages of one firm the order of the file decides."""
    order = np.random.default_rng(1).permutation(len(reports))
    shuffled = replace(
        reports,
        shares=reports.shares[order],
        other=reports.other[order],
        undecided=reports.undecided[order],
        ages=reports.ages[order],
        sizes=reports.sizes[order],
        firms=tuple(reports.firms[i] for i in order),
        labels=tuple(reports.labels[i] for i in order),
    )
    first, second = prepare(reports), prepare(shuffled)
    assert first.units == second.units
    assert np.allclose(average(first).mean, average(second).mean)
    assert np.isclose(disagreement(first), disagreement(second))
    assert np.isclose(movement(first), movement(second))


@given(any_reports(), st.floats(0.5, 1.0))
@settings(max_examples=100, deadline=None)
def test_taking_respondents_out_as_undecided_leaves_the_decided_as_they_were(
    reports: Reports, decided: float
) -> None:
    whole = replace(reports, other=1.0 - np.nansum(reports.shares, axis=1), undecided=np.zeros(len(reports)))
    part = replace(
        whole,
        shares=whole.shares * decided,
        other=whole.other * decided,
        undecided=np.full(len(reports), 1.0 - decided),
    )
    first, second = prepare(whole), prepare(part)
    assert np.allclose(first.shares, second.shares)
    assert np.allclose(second.undecided, 1.0 - decided)


@given(any_reports())
@settings(max_examples=100, deadline=None)
def test_a_constant_set_of_polls_is_its_own_mean(reports: Reports) -> None:
    row = np.full(len(reports.ids), 0.8 / len(reports.ids))
    same = replace(
        reports,
        shares=np.tile(row, (len(reports), 1)),
        other=np.full(len(reports), 0.2),
        undecided=np.full(len(reports), np.nan),
    )
    assert np.allclose(average(prepare(same)).mean, [*row, 0.2])
