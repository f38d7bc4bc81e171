"""Polls of a region or district, and regional swings: they move districts and never the nation."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import ConfigurationError, PollDataError
from forecast.estimation import estimate
from forecast.geography.pattern import Pattern, drawn, pattern_of, shipped
from forecast.geography.projection import (
    LocalPoll,
    Projection,
    error_law,
    error_law_in_words,
    local_polls_of,
    projection_of,
    share_in,
    with_local_polls,
    with_regional_swings,
)
from forecast.polls import PollTable, read_polls
from tests.geographies import DISTRICTS, GEOGRAPHY, HEAD, known, woods, write_polls, write_rows

POLLED = HEAD + 'polls = "polls.csv"\nclosed_ballot = true\n'
NORTH, FIR = np.array([0, 1, 2]), np.array([5])


def pattern(folder: Path) -> Pattern:
    """With errors of a known scale, else a poll that agrees would narrow all districts."""
    geography = known(woods(folder))
    base = geography.base(("red", "blue", "green", "coast"))
    law = replace(shipped(), scale_sd=0.0, list_scale_sd=0.0)
    return pattern_of(base, np.array([0.40, 0.38, 0.16, 0.06]), law)


def poll(
    pattern: Pattern, where: np.ndarray, factor: float, size: float = 1_000.0, **more: float
) -> LocalPoll:
    """The first list so many times its central share there, the others in proportion."""
    shares = share_in(pattern, where)
    shares[0] *= factor
    return LocalPoll("there", where, shares / shares.sum(), size, **more)


def in_north(found: Pattern) -> float:
    return float(share_in(found, NORTH)[0])


def test_a_poll_moves_its_region_part_of_the_way_and_the_rest_against_it(tmp_path: Path):
    before = pattern(tmp_path)
    seen = poll(before, NORTH, 1.2)
    after = with_local_polls(before, [seen])
    assert in_north(before) < in_north(after) < seen.shares[0]
    np.testing.assert_allclose(after.base.weights @ after.shares, before.central, atol=1e-9)
    np.testing.assert_allclose(after.shares.sum(1), 1.0)
    south = np.array([3, 4, 5])
    assert share_in(after, south)[0] < share_in(before, south)[0]
    assert (after.central == before.central).all()


def test_a_larger_a_younger_and_a_second_poll_move_more(tmp_path: Path):
    before = pattern(tmp_path)
    usual = in_north(with_local_polls(before, [poll(before, NORTH, 1.2)]))
    for polls in (
        [poll(before, NORTH, 1.2, size=4_000)],
        [poll(before, NORTH, 1.2), poll(before, NORTH, 1.2)],
    ):
        assert in_north(with_local_polls(before, polls)) > usual
    assert in_north(with_local_polls(before, [poll(before, NORTH, 1.2, age=100.0)])) < usual
    assert in_north(with_local_polls(before, [poll(before, NORTH, 1.2, size=float("nan"))])) < usual


def test_a_poll_ahead_of_the_nation_says_less_where_the_nation_is_not_known(tmp_path: Path):
    before = pattern(tmp_path)
    seen = poll(before, NORTH, 1.2)
    sure = in_north(with_local_polls(before, [seen]))
    unsure = in_north(with_local_polls(before, [seen], national_sd=np.full(4, 0.2)))
    assert in_north(before) < unsure < sure


def test_a_poll_of_a_district_narrows_it(tmp_path: Path):
    before = pattern(tmp_path)
    after = with_local_polls(before, [poll(before, FIR, 1.0, size=5_000)])
    national = np.tile(before.central, (4000, 1))
    wide, narrow = (drawn(p, national, np.random.default_rng(1)).std(0) for p in (before, after))
    assert (narrow[5, :3] < 0.9 * wide[5, :3]).all()
    np.testing.assert_allclose(narrow[:5, 0], wide[:5, 0], rtol=0.25)


def test_polls_that_report_nothing_which_stands_there_change_nothing(tmp_path: Path):
    before = pattern(tmp_path)
    shares = np.array([np.nan, np.nan, np.nan, 0.1])
    assert with_local_polls(before, [LocalPoll("North", NORTH, shares, 1000.0)]) is before
    assert with_local_polls(before, []) is before


def projected(folder: Path, *more, **parts) -> Projection:
    election = woods(folder, head=POLLED, **parts)
    write_polls(folder / "polls.csv", more)
    assert election.election.polls is not None
    polls = read_polls(election.election.polls, election)
    return projection_of(election, known(election), estimate(election, polls, None))


def test_polls_of_parts_of_the_country_are_found_in_the_table_of_polls(tmp_path: Path):
    usual = projected(tmp_path)
    found = projected(
        tmp_path,
        ("House C", "2024-06-02", "region:North", 800, (50, 30, 13, 2)),
        ("House C", "2024-06-02", "district:Elm", 500, (30, 45, 12, 8)),
    )
    assert [(one.place, one.districts.tolist(), one.size, one.age) for one in found.local_polls] == [
        ("North", [0, 1, 2], 800.0, 4.0),
        ("Elm", [4], 500.0, 4.0),
    ]
    np.testing.assert_array_equal(found.pattern.central, usual.pattern.central)
    assert in_north(found.pattern) > in_north(usual.pattern)
    said = "2 polls of regions or districts move the projection there, not the national shares: North, Elm"
    assert any(said in warning for warning in found.warnings)


def test_polls_that_came_later_are_not_known(tmp_path: Path):
    election = woods(tmp_path, head=POLLED)
    write_polls(tmp_path / "polls.csv", [("House C", "2024-06-05", "region:North", 800, (50, 30, 13, 2))])
    assert election.election.polls is not None
    polls = read_polls(election.election.polls, election)
    places = known(election).places
    units = ("red", "blue", "green", "coast")
    assert local_polls_of(polls, places, units, datetime.date(2024, 6, 4)) == ()
    assert len(local_polls_of(polls, places, units, datetime.date(2024, 6, 5))) == 1


def test_a_poll_of_no_region_is_refused_with_its_row(tmp_path: Path):
    with pytest.raises(PollDataError) as caught:
        projected(tmp_path, ("House C", "2024-06-02", "region:Nrth", 800, (50, 30, 13, 2)))
    assert 'polls.csv: row 5, region = "Nrth": no such region in' in str(caught.value)
    assert "did you mean 'North'?" in str(caught.value)


def read_with_places(
    folder: Path,
    rows: Sequence[tuple[str, ...]],
    kinds: tuple[str, ...] = ("region", "district"),
    text: str = "",
) -> PollTable:
    """Polls of a table with columns of places, each row the scope, the places, and a day."""
    election = woods(folder, head=POLLED, geography=GEOGRAPHY + text)
    heading = ["pollster", "scope", *kinds, "fieldwork_end", "red", "blue", "green", "coast"]
    shares = (40, 38, 14, 3)
    write_rows(folder / "polls.csv", heading, [["House A", *row, *shares] for row in rows])
    return read_polls(folder / "polls.csv", election)


def test_columns_of_regions_and_districts_are_scopes(tmp_path: Path):
    table = read_with_places(
        tmp_path,
        [
            ("", "", "", "2024-05-01"),
            ("", "North", "", "2024-05-02"),
            ("national", "", "Elm", "2024-05-03"),
            ("region:South", "South", "-", "2024-05-04"),
            ("national", "National", "", "2024-05-05"),
            ("exit", "", "Elm", "2024-06-09"),
        ],
    )
    scopes = ["national", "region:North", "district:Elm", "region:South", "national", "district:Elm"]
    assert table.polls["scope"].tolist() == scopes
    assert table.polls["kind"].tolist() == [*["pre-election"] * 5, "exit"]
    assert len(table.national) == 2
    assert not {"region", "district"} & set(table.polls.columns)


@pytest.mark.parametrize(
    ("heading", "scope"),
    [
        ("Región", "region:North"),
        ("Bundesland", "region:North"),
        ("Регион", "region:North"),
        ("Constituency", "district:North"),
        ("Wahlkreis", "district:North"),
        ("Vaalipiiri", "district:North"),
        ("Избирательный округ", "district:North"),
    ],
)
def test_columns_of_places_are_known_in_other_languages(tmp_path: Path, heading: str, scope: str):
    table = read_with_places(tmp_path, [("", "", "2024-05-01"), ("", "North", "2024-05-02")], (heading,))
    assert table.polls["scope"].tolist() == ["national", scope]


def test_polls_names_a_column_of_places_that_goes_by_another_name(tmp_path: Path):
    rows = [("", "North", "2024-05-01")]
    table = read_with_places(tmp_path, rows, ("Woodland",), '[polls]\nregion = "Woodland"\n')
    assert table.polls["scope"].tolist() == ["region:North"]


def test_rows_chosen_by_their_region_are_polls_of_this_election(tmp_path: Path):
    rows = [("", "North", "2024-05-01"), ("", "South", "2024-05-02"), ("", "", "2024-05-03")]
    table = read_with_places(tmp_path, rows, ("region",), '[polls]\nrows = { region = "North" }\n')
    assert table.polls["scope"].tolist() == ["national"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            ("", "North", "Elm", "2024-05-01"),
            'column region = "North": district Elm is given too; a poll is of one of them: keep one',
        ),
        (
            ("district:Elm", "North", "", "2024-05-01"),
            'column region = "North": the scope of this poll is district:Elm; keep one of them',
        ),
    ],
)
def test_a_poll_of_two_places_is_refused(tmp_path: Path, row: tuple[str, ...], said: str):
    with pytest.raises(PollDataError) as caught:
        read_with_places(tmp_path, [row])
    assert len(caught.value.faults) == 1
    assert f"polls.csv: row 2, {said}" in str(caught.value)


def test_a_region_called_as_one_of_its_districts_is_polled_as_a_whole(tmp_path: Path):
    districts = {
        name: ("Elm" if region == "South" else region, *facts) for name, (region, *facts) in DISTRICTS.items()
    }
    found = projected(
        tmp_path,
        ("House C", "2024-06-02", "region:Elm", 800, (50, 30, 13, 2)),
        ("House C", "2024-06-03", "district:Elm", 800, (50, 30, 13, 2)),
        districts=districts,
    )
    assert [one.districts.tolist() for one in found.local_polls] == [[3, 4, 5], [4]]
    after = swung(tmp_path, 'party = "red"\nregion = "Elm"\nshare = "45%"', districts=districts)
    assert float(share_in(after, np.array([3, 4, 5]))[0]) == pytest.approx(0.45, abs=1e-6)


# Regional swings


def swung(folder: Path, text: str, **parts) -> Pattern:
    election = woods(folder, geography=GEOGRAPHY + f"[[geography.swings]]\n{text}\n", **parts)
    geography = known(election)
    base = geography.base(("red", "blue", "green", "coast"))
    return with_regional_swings(
        pattern_of(base, np.array([0.40, 0.38, 0.16, 0.06])), election, geography.places
    )


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ('points = "+4%"', lambda before: before + 0.04),
        ("factor = 0.9", lambda before: 0.9 * before),
        ('share = "45%"', lambda before: 0.45),
    ],
)
def test_a_regional_swing_gives_the_region_its_share_and_the_nation_its_own(tmp_path: Path, text: str, share):
    before = pattern(tmp_path)
    after = swung(tmp_path, f'party = "red"\nregion = "North"\n{text}')
    assert in_north(after) == pytest.approx(share(in_north(before)), abs=1e-6)
    np.testing.assert_allclose(after.base.weights @ after.shares, before.central, atol=1e-6)
    np.testing.assert_allclose(after.shares.sum(1), 1.0, atol=1e-6)


def test_a_district_inside_a_region_has_the_last_word(tmp_path: Path):
    more = '[[geography.swings]]\nparty = "red"\ndistrict = "Alder"\nshare = "60%"'
    after = swung(tmp_path, f'party = "red"\nregion = "North"\nshare = "45%"\n{more}')
    assert after.shares[0, 0] == pytest.approx(0.60, abs=1e-6)
    assert in_north(after) == pytest.approx(0.45, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('party = "red"\nregion = "North"\npoints = "-90%"', "its share in North would be -"),
        ('party = "coast"\nregion = "North"\nshare = "5%"', "its share in North would be 5.0%; it is 0.0%"),
        (
            'party = "red"\nregion = "North"\nshare = "99%"',
            "no shares of the other districts keep the lists at",
        ),
    ],
)
def test_a_regional_swing_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str):
    with pytest.raises(ConfigurationError) as caught:
        swung(tmp_path, text)
    assert "geography.swings[0]" in str(caught.value)
    assert said in str(caught.value)


# Size of the errors


def test_the_error_scale_and_the_history_of_a_country_multiply_the_errors(tmp_path: Path):
    plain = error_law(woods(tmp_path))
    assert plain[1] == 1.0
    assert error_law(woods(tmp_path, geography=GEOGRAPHY + "error_scale = 1.5\n"))[1] == 1.5
    history = "history = { pairs = 3, scale = 0.5 }\n"
    law, scale = error_law(woods(tmp_path, geography=GEOGRAPHY + history))
    assert 0.5 < scale < 1.0
    assert law.scale_sd < plain[0].scale_sd
    turkish = HEAD.replace('country = "Woods"', 'country = "Turkey"')
    assert error_law(woods(tmp_path, head=turkish))[1] > 1.2
    assert error_law(woods(tmp_path, head=turkish, geography=GEOGRAPHY + 'history = "none"\n')) == plain


def test_check_says_how_large_errors_are_and_why(tmp_path: Path):
    more = 'error_scale = 2\nswing = "additive"\nhistory = { pairs = 1, scale = 2 }\n'
    said = " ".join(error_law_in_words(woods(tmp_path, geography=GEOGRAPHY + more)))
    assert "swing: additive (every district changes by the nation's points)" in said
    assert "1 earlier pair of elections of this country, with errors x 2" in said
    assert "geography.error_scale = 2" in said


def test_an_unusual_error_scale_is_a_warning(tmp_path: Path):
    found = projected(tmp_path, geography=GEOGRAPHY + "error_scale = 4\n")
    assert any("geography.error_scale = 4 is a factor" in warning for warning in found.warnings)
    assert found.pattern.scale == pytest.approx(4.0)


def test_the_projection_is_centred_on_the_estimate(tmp_path: Path):
    found = projected(tmp_path)
    pattern = found.pattern
    np.testing.assert_allclose(pattern.base.weights @ pattern.shares, pattern.central, atol=1e-9)
    assert pattern.base.units == ("red", "blue", "green", "coast")
    assert pattern.scale == 1.0
