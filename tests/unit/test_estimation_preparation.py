"""From published shares to rows that sum to 1: undecided, Other, imputation, floors, and who stands alone."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.estimation.average import FLOOR, Reports, prepare, ranks_of, sample_sizes

NAN = float("nan")


def reports(
    *rows: tuple[float, ...],
    ages: tuple[float, ...] | None = None,
    other: tuple[float, ...] | None = None,
    undecided: tuple[float, ...] | None = None,
    sizes: tuple[float, ...] | None = None,
    firms: tuple[str, ...] | None = None,
) -> Reports:
    """Polls with shares by option; by default ten days old, of 1000 people, each of its own firm."""
    n = len(rows)
    return Reports(
        ids=tuple("abcdef"[: len(rows[0])]),
        shares=np.array(rows, float),
        other=np.array(other or (NAN,) * n),
        undecided=np.array(undecided or (NAN,) * n),
        ages=np.array(ages or (10.0,) * n),
        sizes=np.array(sizes or (1000.0,) * n),
        firms=firms or tuple(f"firm {i}" for i in range(n)),
        labels=tuple(f"poll {i}" for i in range(n)),
    )


def test_undecided_are_taken_out_and_remembered() -> None:
    prepared = prepare(reports((0.4, 0.32), undecided=(0.2,)))
    assert prepared.shares[0] == pytest.approx([0.5, 0.4, 0.1])
    assert prepared.undecided[0] == 0.2
    assert prepared.units == ("a", "b", "other")


def test_a_reported_other_closes_the_poll() -> None:
    prepared = prepare(reports((0.4, 0.32), other=(0.08,), undecided=(0.1,)))
    assert prepared.shares[0] == pytest.approx([0.5, 0.4, 0.1])


def test_shares_over_100_percent_are_scaled_down() -> None:
    prepared = prepare(reports((0.6, 0.42)))
    named = 0.995 * np.array([0.6, 0.42]) / 1.02
    assert prepared.shares[0] == pytest.approx([*named, 0.005])


def test_a_rarely_polled_party_joins_other() -> None:
    rows = [(0.5, 0.3, NAN)] * 3 + [(0.5, 0.3, 0.05)]
    prepared = prepare(reports(*rows))
    assert (prepared.units, prepared.absorbed) == (("a", "b", "other"), ("c",))
    assert prepared.shares[3] == pytest.approx([0.5, 0.3, 0.2])


def test_only_polls_of_the_last_45_days_decide_who_stands() -> None:
    rows = [(0.5, 0.3, 0.05)] * 3 + [(0.5, 0.3, NAN)]
    prepared = prepare(reports(*rows, ages=(100.0, 90.0, 46.0, 45.0)))
    assert prepared.absorbed == ("c",)


def test_without_a_recent_poll_those_near_the_newest_decide_and_it_is_said() -> None:
    rows = [(0.5, 0.3, 0.05), (0.5, 0.3, 0.05), (0.5, 0.3, NAN)]
    prepared = prepare(reports(*rows, ages=(60.0, 90.0, 91.0)))
    assert prepared.units == ("a", "b", "c", "other")
    assert prepared.warnings == ("no poll in the last 45 days: the newest is 60 days old",)


def test_a_party_left_out_is_imputed_from_polls_near_in_time() -> None:
    rows = [(0.5, 0.3, NAN), (0.5, 0.3, 0.04), (0.5, 0.3, 0.10)]
    prepared = prepare(reports(*rows, ages=(10.0, 20.0, 40.0)))
    near, far = np.exp(-10 / 20), np.exp(-30 / 20)
    imputed = (0.04 * near + 0.10 * far) / (near + far)
    assert prepared.shares[0] == pytest.approx([0.5, 0.3, imputed, 0.2 - imputed])
    assert prepared.reported[0].tolist() == [True, True, False, False]


def test_imputation_does_not_vanish_between_polls_far_apart() -> None:
    rows = [(0.5, 0.3, 0.07), (0.5, 0.3, NAN)]
    prepared = prepare(reports(*rows, ages=(0.0, 239.0)))
    assert prepared.shares[1] == pytest.approx([0.5, 0.3, 0.07, 0.13])


def test_shares_are_floored_and_closed_again() -> None:
    prepared = prepare(reports((0.6, 0.39, 0.0)))
    expected = np.array([0.6, 0.39, FLOOR, 0.01])
    assert prepared.shares[0] == pytest.approx(expected / expected.sum())


def test_a_poll_of_under_half_of_the_parties_is_left_out_by_name() -> None:
    rows = [(0.4, 0.3, 0.1, 0.1, 0.05)] * 3 + [(0.9, NAN, NAN, NAN, 0.05)]
    prepared = prepare(reports(*rows))
    assert prepared.rows.tolist() == [0, 1, 2]
    assert prepared.warnings == ("poll 3 reports under half of the parties and is left out",)


def test_polls_over_240_days_old_are_not_looked_at_unless_all_are() -> None:
    assert prepare(reports((0.5, 0.4), (0.6, 0.3), ages=(10.0, 241.0))).rows.tolist() == [0]
    assert prepare(reports((0.5, 0.4), (0.6, 0.3), ages=(300.0, 260.0))).rows.tolist() == [1]


def test_a_closed_ballot_has_no_other_and_what_is_unreported_is_undecided() -> None:
    prepared = prepare(reports((0.6, 0.2), undecided=(0.05,)), closed_ballot=True)
    assert prepared.units == ("a", "b")
    assert prepared.shares[0] == pytest.approx([0.75, 0.25])
    assert prepared.undecided[0] == pytest.approx(0.2)


def test_an_option_left_out_of_a_closed_ballot_is_no_part_of_the_undecided() -> None:
    prepared = prepare(reports((0.5, 0.3, 0.1), (0.5, 0.22, NAN), undecided=(0.1, NAN)), closed_ballot=True)
    imputed = 0.1 / 0.9
    assert prepared.shares[1, 2] == pytest.approx(imputed)
    assert prepared.shares[1, 0] / prepared.shares[1, 1] == pytest.approx(0.5 / 0.22)
    assert prepared.undecided[1] == pytest.approx(1 - 0.72 / (1 - imputed))


def test_every_option_of_a_closed_ballot_stands_alone() -> None:
    prepared = prepare(reports((0.6, 0.4, NAN), (0.6, 0.4, NAN)), closed_ballot=True)
    assert prepared.units == ("a", "b", "c")
    assert prepared.shares[0, 2] == pytest.approx(FLOOR, rel=0.01)
    assert "no poll reports 'c': it is set to the floor of 0.2%" in prepared.warnings


def test_rounding_of_a_closed_ballot_is_not_taken_for_undecided_voters() -> None:
    assert prepare(reports((0.597, 0.4)), closed_ballot=True).undecided[0] == 0.0


def test_a_party_in_one_poll_only_is_said() -> None:
    prepared = prepare(reports((0.5, 0.4, 0.05), (0.5, 0.4, NAN)))
    assert prepared.units == ("a", "b", "c", "other")
    assert "'c' is reported by one poll only" in prepared.warnings


def test_partial_polls_are_used_where_there_is_nothing_else() -> None:
    rows = [(0.5, NAN, NAN), (NAN, 0.3, NAN), (NAN, NAN, 0.1)]
    prepared = prepare(reports(*rows))
    assert len(prepared.rows) == 3
    assert any("the estimate rests on partial polls" in warning for warning in prepared.warnings)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((NAN, NAN), (1000, 1000)),
        ((NAN, 800, 900), (850, 800, 900)),
        ((NAN, 3000, 5000), (1200, 3000, 5000)),
        ((50, 800), (800, 800)),
        ((100, 150_000), (200, 6000)),
    ],
)
def test_unknown_sample_sizes_are_filled_and_all_are_clipped(
    sizes: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert sample_sizes(np.array(sizes, float)).tolist() == list(expected)


def test_ranks_count_within_the_firm_from_the_newest_in_file_order() -> None:
    ages = np.array([5.0, 3.0, 3.0, 9.0, 1.0])
    assert ranks_of(ages, ("x", "x", "x", "y", "y")).tolist() == [2, 0, 1, 1, 0]
