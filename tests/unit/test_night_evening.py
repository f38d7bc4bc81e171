"""The evening of a night: estimates kept one after the other, what is called and when, what is taken back;
and the room in which a feed is followed.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.cli.night import HISTORY, Room
from forecast.cli.shared import Asked
from forecast.election import Election
from forecast.errors import Fault, PollDataError
from forecast.estimation import estimate
from forecast.night.counted import FINAL, Counted, counted_of, read_counted
from forecast.night.evening import (
    CERTAIN,
    Now,
    calls,
    errors_of_evening,
    remarks_said,
    shown_times,
    standing_calls,
    too_early_said,
    unseen_share,
    with_evening,
    withdrawn,
)
from forecast.night.feed import Arrived, Broken, Event, Still, deliver, read_feed
from forecast.night.night_forecast import NightEstimate, NightForecast, night_forecast
from forecast.night.units import Units, read_units
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import How
from forecast.storage import load, save
from tests.nights import (
    Night,
    counted_rows,
    made_night,
    of_a_night,
    write_counted,
    write_election,
    write_units,
)

EIGHT = datetime.datetime(2024, 6, 9, 20, 0, tzinfo=datetime.UTC)


class Made:
    """A night in a folder, and its estimate from some of its units."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.night: Night = made_night()
        self.election: Election = write_election(folder)
        self.units: Units = read_units(write_units(folder / "units.csv", self.night), self.election)
        self.polled = estimate(self.election, polls_of(self.election))

    def counted(self, share: float) -> Counted:
        rows = counted_rows(self.night, self.night.first(share))
        return read_counted(write_counted(self.folder / "counted.csv", rows), self.units, self.election)

    def estimate(self, share: float) -> tuple[NightForecast, Now]:
        counted = self.counted(share)
        found = night_forecast(self.election, self.units, counted, self.polled, How(400, 1, "sobol", 1))
        return found, Now(self.units, counted, found.estimate, EIGHT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def half(made: Made) -> tuple[NightForecast, Now]:
    return made.estimate(0.5)


def changed(forecast: Forecast, **values: object) -> Forecast:
    """The forecast with other numbers at its root."""
    root = forecast.dataset.copy()
    for name, value in values.items():
        root[name] = (root[name].dims, np.asarray(value, root[name].dtype))
    return Forecast({**forecast.groups, "": root})


def every_kind_seen(now: Now) -> NightEstimate:
    """The estimate as if a unit of every kind were finished."""
    return replace(now.estimate, final_by_kind=np.maximum(now.estimate.final_by_kind, 1))


# Calls.


def test_what_is_certain_is_called_and_nothing_else(made: Made, half: tuple[NightForecast, Now]) -> None:
    found, now = half
    seen = every_kind_seen(now)
    chances = [CERTAIN, CERTAIN - 1e-6, 1.0, 0.5, 1.0]
    forecast = changed(found.forecast, pass_probability=chances, majority_probability=[CERTAIN, 0.99])
    called = calls(forecast, made.election, replace(now, estimate=seen))
    assert called.entries.tolist() == [True, False, True, False, False], "others enter nowhere"
    assert called.majorities.tolist() == [True, False]


def test_nothing_is_called_before_thirty_units_and_three_votes_in_a_thousand(
    made: Made, half: tuple[NightForecast, Now]
) -> None:
    found, now = half
    forecast = changed(found.forecast, pass_probability=[1.0] * 5, majority_probability=[1.0, 1.0])
    seen = every_kind_seen(now)
    few = replace(seen, final_by_kind=np.array([27, 1, 1]))
    assert not calls(forecast, made.election, replace(now, estimate=few)).entries.any()
    enough = replace(seen, final_by_kind=np.array([28, 1, 1]))
    small = replace(seen, counted=(0.001 * seen.counted).astype(np.int64))
    assert not calls(forecast, made.election, replace(now, estimate=small)).entries.any()
    assert calls(forecast, made.election, replace(now, estimate=enough)).entries.any()


def test_a_kind_that_nobody_has_seen_keeps_back_what_it_could_change(
    made: Made, half: tuple[NightForecast, Now]
) -> None:
    """The post is unseen: it could sink whoever is nearer to the threshold than it is large."""
    found, now = half
    unseen = unseen_share(now)
    assert 0.01 < unseen < 0.08
    middle = found.forecast.array("share_quantile").copy()
    middle[:, 3] = [0.3, 0.05 + unseen + 1e-4, 0.05 + unseen - 1e-4, 0.2, 0.4]
    forecast = changed(found.forecast, share_quantile=middle, pass_probability=[1.0] * 5)
    assert calls(forecast, made.election, now).entries.tolist() == [True, True, False, True, False]


def test_a_call_that_does_not_stand_any_more_is_said_with_its_times(
    made: Made, half: tuple[NightForecast, Now]
) -> None:
    found, now = half
    seen = every_kind_seen(now)
    sure = changed(
        found.forecast, pass_probability=[1.0, 1.0, 1.0, 0.2, 0.0], majority_probability=[1.0, 0.0]
    )
    less = changed(
        found.forecast, pass_probability=[1.0, 1.0, 0.97, 0.2, 0.0], majority_probability=[0.9, 0.0]
    )

    def at(minutes: int, forecast: Forecast, before: Forecast | None) -> Forecast:
        time = EIGHT + datetime.timedelta(minutes=minutes)
        counted = replace(now.counted, time=time)
        return with_evening(
            forecast, made.election, replace(now, estimate=seen, counted=counted, time=time), before
        )

    first = at(0, sure, None)
    second = at(10, sure, first)
    assert withdrawn(second) == []
    assert ("entry", "green", "20:00") in standing_calls(second)
    third = at(20, less, second)
    assert [line.partition(";")[0] for line in withdrawn(third)] == [
        "withdrawn: that Greens enters was called at 20:00, and is not any more since 20:20",
        "withdrawn: that Red + Greens has a majority was called at 20:00, and is not any more since 20:20",
    ]
    assert "its chance is 97.0 % now" in withdrawn(third)[0]
    path = "evening/pass_probability"
    kept = errors_of_evening(third, path)
    assert kept[2] == pytest.approx(less.array("pass_mc_error"))
    # A file of 0.4.0 has no errors there: they are those of plain draws, and the evening goes on.
    old = Forecast({**third.groups, "evening": third.groups["evening"].drop_vars("pass_mc_error")})
    plain = errors_of_evening(old, path)
    assert plain[2, 2] == pytest.approx((0.97 * 0.03 / third.draws) ** 0.5)
    assert plain[2, 0] == 1 / third.draws
    assert errors_of_evening(at(30, less, old), path)[:3] == pytest.approx(plain)
    assert set(withdrawn(third)) <= set(third.attrs["warnings"])
    fourth = at(30, less, third)
    assert set(withdrawn(third)) <= set(fourth.attrs["warnings"]), "for the rest of the night"
    fifth = at(40, sure, fourth)
    assert withdrawn(fifth) == []
    assert ("entry", "green", "20:40") in standing_calls(fifth)
    assert shown_times(fifth) == ["20:00", "20:10", "20:20", "20:30", "20:40"]


def test_a_call_stands_as_long_as_it_is_as_certain(made: Made, half: tuple[NightForecast, Now]) -> None:
    """Nearer to the threshold than the unseen post is large none would be made any more; those made stand."""
    found, now = half
    unseen, near = unseen_share(now), found.forecast.array("share_quantile").copy()
    near[:, 3] = 0.05 + unseen - 1e-4
    far = near.copy()
    far[:, 3] = 0.05 + unseen + 1e-4
    sure = [1.0, 1.0, 1.0, 1.0, 0.0]
    first = changed(found.forecast, share_quantile=far, pass_probability=sure)
    then = changed(found.forecast, share_quantile=near, pass_probability=sure)
    assert not calls(then, made.election, now).entries.any()
    begun = with_evening(first, made.election, now)
    assert len([what for what, *_ in standing_calls(begun) if what == "entry"]) == 4
    later = replace(now, counted=replace(now.counted, time=EIGHT + datetime.timedelta(hours=1)))
    gone_on = with_evening(then, made.election, later, begun)
    assert standing_calls(gone_on) == standing_calls(begun)
    assert withdrawn(gone_on) == []


# The store.


def test_the_evening_is_kept_in_the_file_of_the_forecast(made: Made, tmp_path: Path) -> None:
    first, at_first = made.estimate(0.3)
    second, at_second = made.estimate(0.5)
    begun = with_evening(first.forecast, made.election, at_first)
    save(begun, tmp_path / "a.nc")
    later = replace(at_second, time=EIGHT + datetime.timedelta(minutes=9))
    whole = with_evening(second.forecast, made.election, later, load(tmp_path / "a.nc"))
    assert whole.array("evening/moment").tolist() == [1, 2]
    np.testing.assert_array_equal(
        whole.array("evening/pass_probability")[0], first.forecast.array("pass_probability")
    )
    np.testing.assert_array_equal(
        whole.array("evening/seat_quantile")[1], second.forecast.array("seat_quantile")
    )
    units = whole.array("evening/units_share")
    assert units.tolist() == pytest.approx(
        [len(made.night.first(s)) / len(made.night.units) for s in (0.3, 0.5)]
    )
    assert (np.diff(whole.array("evening/votes_share")) > 0).all()


def test_the_same_reports_estimated_again_are_one_estimate(
    made: Made, half: tuple[NightForecast, Now]
) -> None:
    found, now = half
    first = with_evening(found.forecast, made.election, now)
    later = replace(now, time=EIGHT + datetime.timedelta(minutes=5))
    again = with_evening(found.forecast, made.election, later, first)
    assert again.array("evening/moment").tolist() == [1]
    assert again.names("evening/estimate_time") == ["2024-06-09T20:05:00+00:00"]


def test_an_evening_of_other_lists_is_not_gone_on_with(made: Made, half: tuple[NightForecast, Now]) -> None:
    found, now = half
    other = of_a_night()
    root = other.dataset.assign_coords(party=["a", "b", "c", "d", "e"])
    stranger = Forecast({**other.groups, "": root})
    assert with_evening(found.forecast, made.election, now, stranger).array("evening/moment").tolist() == [1]


def test_a_clock_that_went_back_is_said(made: Made, half: tuple[NightForecast, Now]) -> None:
    first, at_first = made.estimate(0.3)
    found, now = half
    begun = with_evening(first.forecast, made.election, at_first)
    earlier = replace(now, time=EIGHT - datetime.timedelta(hours=1))
    whole = with_evening(found.forecast, made.election, earlier, begun)
    assert any("went back, from 20:00:00 to 19:00:00" in line for line in whole.attrs["warnings"])
    assert len(whole.array("evening/moment")) == 2


def test_an_early_count_says_that_the_polls_carry_it(made: Made) -> None:
    found, now = made.estimate(0.05)
    forecast = with_evening(found.forecast, made.election, now)
    assert too_early_said(forecast).startswith("the polls carry this: 7 finished units")
    assert too_early_said(forecast) in forecast.attrs["warnings"]
    assert standing_calls(forecast) == []


def test_votes_by_kind_are_those_counted(made: Made, half: tuple[NightForecast, Now]) -> None:
    found, now = half
    forecast = with_evening(found.forecast, made.election, now)
    votes = forecast.array("night/kind_votes")
    for k, kind in enumerate(forecast.names("night/kind")):
        of_kind = [u for u in made.night.first(0.5) if made.night.kind[u] == kind]
        np.testing.assert_array_equal(votes[k], made.night.votes[of_kind].sum(axis=0))


def test_units_unlike_the_others_are_listed_and_counted(made: Made, half: tuple[NightForecast, Now]) -> None:
    found, now = half
    far = np.zeros(len(made.units.names))
    far[made.night.first(0.5)[3]] = 7.5
    odd = replace(now, estimate=replace(now.estimate, surprise=far))
    forecast = with_evening(found.forecast, made.election, odd)
    assert forecast.names("feed/kind") == ["unlike"]
    assert "7.5 standard deviations off" in forecast.names("feed/said")[0]
    assert forecast.array("night/units_final").sum() == (now.counted.status == FINAL).sum()


def test_of_many_remarks_of_a_kind_a_few_are_said_and_all_are_kept() -> None:
    forecast = of_a_night()
    assert forecast.names("feed/kind") == ["sum"]
    from forecast.night.counted import Remark

    some = [Remark("fell", f"u{k}", k, f"row {k}, u{k}: votes fell") for k in range(7)]
    (said,) = remarks_said("feed.csv", some)
    assert said.startswith("feed.csv: 7 units, votes fell: row 0, u0: votes fell; ")
    assert said.endswith("(and 4 more)")


# The room.


class Watched:
    """A room with a feed that is followed by events, one by one."""

    def __init__(self, made: Made, folder: Path) -> None:
        self.made, self.out = made, folder / "out"
        asked = Asked(
            made.folder / "woods.toml",
            (),
            400,
            1,
            None,
            1,
            self.out,
            False,
            True,
        )
        self.path = folder / "counted.csv"
        self.path.touch()
        self.room = Room(
            asked=asked, election=made.election, units=made.units, counted=self.path, folder=self.out,
            polled=made.polled, constants=None, add_unknown=False, accepted=(), page=False,
        )  # fmt: skip

    def feed(
        self, share: float, minutes: int, change: Callable[[list[dict[str, str]]], None] | None = None
    ) -> Event:
        rows = counted_rows(self.made.night, self.made.night.first(share))
        if change is not None:
            change(rows)
        delivery = deliver(write_counted(self.path, rows))
        feed = read_feed(delivery, self.made.election)
        return Arrived(feed, delivery.digest, EIGHT + datetime.timedelta(minutes=minutes))

    def broken(self, minutes: int) -> Event:
        return Broken(
            "counted.csv: row 9: 3 cells under 9 headings", EIGHT + datetime.timedelta(minutes=minutes)
        )

    @property
    def kept(self) -> Forecast:
        return load(self.out)


@pytest.fixture
def watched(made: Made, tmp_path: Path) -> Watched:
    return Watched(made, tmp_path)


def test_a_followed_feed_leaves_its_evening_and_its_reports(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.room.follow([watched.feed(0.3, 0), watched.feed(0.5, 5), watched.feed(0.5, 6)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2, "what tells nothing new is no estimate"
    assert lines[0].startswith("21:0") or lines[0][:2].isdigit()
    assert "Coast" in lines[1]
    kept = watched.kept
    assert len(kept.array("evening/moment")) == 2
    assert kept.attrs["counted"] == str(watched.path)
    assert len(kept.attrs["counted_sha256"]) == 64
    history = (watched.out / HISTORY).read_text(encoding="utf-8").splitlines()
    assert len(history) == 1 + len(watched.made.night.first(0.5))
    assert (watched.out / "tables" / "evening.csv").exists()


def test_a_broken_feed_leaves_the_last_good_estimate_with_its_time(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.room.follow([watched.feed(0.3, 0), watched.broken(7), watched.broken(8)])
    kept = watched.kept
    said = "counted.csv: row 9: 3 cells under 9 headings; the estimate of 20:00 stands"
    assert kept.attrs["night_trouble"] == said
    assert kept.attrs["warnings"][0] == said
    assert len(kept.array("evening/moment")) == 1
    assert capsys.readouterr().err.count(said) == 1
    good = kept.array("share_quantile")
    watched.room.follow([watched.feed(0.3, 9)])
    np.testing.assert_array_equal(watched.kept.array("share_quantile"), good)
    assert "night_trouble" not in watched.kept.attrs
    assert "nothing new in it" in capsys.readouterr().err


def test_an_estimate_that_fails_leaves_the_last_good_one_and_the_night_goes_on(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, fails = night_forecast, [False, True, False]

    def sometimes(*given: object, **more: object) -> NightForecast:
        if fails.pop(0):
            msg = "singular"
            raise np.linalg.LinAlgError(msg)
        return real(*given, **more)  # pyrefly: ignore[bad-argument-type]

    monkeypatch.setattr("forecast.night.night_forecast.night_forecast", sometimes)
    first, second = watched.feed(0.3, 0), watched.feed(0.4, 5)
    watched.room.follow([first, second])
    said = "no estimate as of 20:05: LinAlgError: singular; the estimate of 20:00 stands"
    assert said in capsys.readouterr().err
    assert watched.kept.attrs["night_trouble"] == said
    assert watched.kept.array("night/units_final").sum() == len(watched.made.night.first(0.3))
    watched.room.follow([watched.feed(0.5, 10)])
    assert "night_trouble" not in watched.kept.attrs
    assert len(watched.kept.array("evening/moment")) == 2


def test_a_feed_that_stands_still_is_marked(watched: Watched) -> None:
    still = Still(EIGHT, EIGHT + datetime.timedelta(minutes=20))
    watched.room.follow([watched.feed(0.3, 0), still])
    assert (
        "the feed stands still: unchanged since 20:00; the estimate of 20:00 stands"
        in (watched.kept.attrs["night_trouble"])
    )


def test_a_feed_cut_short_leaves_the_last_good_estimate(watched: Watched) -> None:
    watched.room.follow([watched.feed(0.5, 0), watched.feed(0.2, 5)])
    assert "cut short" in watched.kept.attrs["night_trouble"]
    assert watched.kept.array("night/units_final").sum() == len(watched.made.night.first(0.5))


def test_a_feed_with_unknown_units_leaves_the_last_good_estimate(watched: Watched) -> None:
    def stranger(rows: list[dict[str, str]]) -> None:
        rows.append({**rows[0], "unit": "stranger"})

    watched.room.follow([watched.feed(0.3, 0), watched.feed(0.4, 5, stranger)])
    assert "stranger" in watched.kept.attrs["night_trouble"]
    assert watched.kept.array("night/units_final").sum() == len(watched.made.night.first(0.3))


def test_a_trouble_before_the_first_estimate_is_said(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.room.follow([watched.broken(0)])
    assert "there is no estimate yet" in capsys.readouterr().err
    assert not watched.out.exists()


def test_an_evening_goes_on_after_a_restart(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second watch holds the feed to what the first has read, though it was overwritten since."""
    watched.room.follow([watched.feed(0.4, 0)])
    again = Watched(watched.made, tmp_path)

    def taken_back(rows: list[dict[str, str]]) -> None:
        rows[0] |= {"status": "part", "red": "1", "valid": "", "time": "2024-06-09T23:00"}

    again.room.follow([again.feed(0.5, 5, taken_back)])
    assert "the evening goes on" in capsys.readouterr().err
    kept = again.kept
    assert len(kept.array("evening/moment")) == 2
    assert "held" in kept.names("feed/kind")
    assert kept.array("night/units_final").sum() == len(watched.made.night.first(0.5))


def test_another_table_of_units_begins_another_evening(watched: Watched, tmp_path: Path) -> None:
    watched.room.follow([watched.feed(0.3, 0)])
    again = Watched(watched.made, tmp_path)
    again.room.units = replace(again.room.units, digest="other")
    again.room.follow([again.feed(0.5, 5)])
    assert len(again.kept.array("evening/moment")) == 1


def test_counted_reports_are_read_back_as_they_were(watched: Watched) -> None:
    watched.room.follow([watched.feed(0.5, 0)])
    kept = read_feed(deliver(watched.out / HISTORY), watched.made.election)
    now = read_feed(deliver(watched.path), watched.made.election)
    assert [(report.unit, *report.said) for report in kept.reports] == [
        (report.unit, *report.said) for report in now.reports
    ]
    counted = counted_of(now, watched.made.units, earlier=kept.reports)
    assert counted.remarks == ()
    assert len(counted.history) == len(kept.reports)


def test_faults_of_feed_errors_are_said_in_one_line() -> None:
    from forecast.night.feed import reason_of

    error = PollDataError(Fault("a.csv", "row 1", 3, "no"), Fault("a.csv", "row 2", 4, "neither"))
    assert reason_of(error) == "a.csv: row 1 = 3: no; a.csv: row 2 = 4: neither"
