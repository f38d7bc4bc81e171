"""Units of a night and feeds of counted votes: read whole, and every fault handled in its one way."""

from __future__ import annotations

import datetime
import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.election import Election, load_election
from forecast.errors import ForecastError, PollDataError
from forecast.night.counted import FINAL, NOTHING, PART, Counted, counted_of, read_counted
from forecast.night.feed import as_of_moment, deliver, known_by, read_feed
from forecast.night.units import NONE, POOL, SAME, Units, read_units
from tests.nights import LISTS, Night, counted_rows, made_night, write_counted, write_election, write_units

Rows = list[dict[str, str]]


class Made:
    """A clean night in a folder: half of its units are counted."""

    def __init__(self, folder: Path, *, districts: bool = False) -> None:
        self.folder = folder
        self.night: Night = made_night()
        self.election: Election = write_election(folder, districts=districts)
        self.units: Units = read_units(write_units(folder / "units.csv", self.night), self.election)
        self.first = self.night.first(0.5)
        self.rows: Rows = counted_rows(self.night, self.first)

    def at(self, kind: str, *, counted: bool = True) -> int:
        """The row of the largest unit of a kind."""
        among = [k for k, u in enumerate(self.first) if self.night.kind[u] == kind]
        return max(among, key=lambda k: self.night.votes[self.first[k]].sum())

    def read(self, rows: Rows, **options: object) -> Counted:
        """What a feed of these rows says is counted."""
        return read_counted(write_counted(self.folder / "counted.csv", rows), self.units, self.election,
                            **options)  # pyrefly: ignore[bad-argument-type]  # fmt: skip

    def unit(self, row: int) -> int:
        """The number of the unit of a row."""
        return self.first[row]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ForecastError) as error:
        call()
    return str(error.value)


def kinds(counted: Counted) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for remark in counted.remarks:
        found.setdefault(remark.kind, []).append(remark.text)
    return found


# Units.


def test_units_are_read_as_they_are_written(made: Made) -> None:
    units, night = made.units, made.night
    assert units.parties == LISTS
    assert units.names == night.units
    assert [units.districts[d] for d in units.district] == list(night.district)
    assert [units.regions[r] for r in units.region] == list(night.region)
    assert [units.kinds[k] for k in units.kind] == list(night.kind)
    np.testing.assert_array_equal(units.last, night.last)
    known = night.electorate > 0
    np.testing.assert_array_equal(units.electorate[known], night.electorate[known])
    assert np.isnan(units.electorate[~known]).all()
    assert (units.match == SAME).all()
    assert units.remarks == ()


@pytest.mark.parametrize("form", ["last_", "", "gz", "xlsx", "utf-16"])
def test_units_come_with_or_without_the_prefix_packed_and_in_a_spreadsheet(made: Made, form: str) -> None:
    path = write_units(made.folder / "other.csv", made.night, prefix="" if form == "" else "last_")
    if form == "gz":
        path = path.with_suffix(".csv.gz")
        path.write_bytes(gzip.compress((made.folder / "other.csv").read_bytes()))
    elif form == "utf-16":
        path.write_text((made.folder / "other.csv").read_text(encoding="utf-8"), encoding="utf-16")
    elif form == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        for line in (made.folder / "other.csv").read_text(encoding="utf-8").splitlines():
            sheet.append([int(cell) if cell.isdigit() else cell for cell in line.split(",")])
        path = path.with_suffix(".xlsx")
        book.save(path)
        book.close()
    found = read_units(path, made.election)
    np.testing.assert_array_equal(found.last, made.units.last)
    np.testing.assert_array_equal(found.district, made.units.district)


def test_all_faults_of_units_are_said_at_once(made: Made) -> None:
    table = (
        "unit,district,kind,electorate,match,last_red,last_blu,last_green,last_other\n"
        "a,Alder,ordinary,100,same,10,20,30,x\n"
        "a,Alder,ordinary,-5,almost,10,20,30,1\n"
        ",Alder,ordinary,100,same,10,20,30,1\n"
    )
    (made.folder / "bad.csv").write_text(table, encoding="utf-8")
    said = refused(lambda: read_units(made.folder / "bad.csv", made.election))
    assert "column last_blue: missing: the last votes of Blue Alliance; did you mean 'blu'?" in said
    assert 'row 2, column last_other = "x"' in said
    assert 'row 3, column unit = "a": this unit has row 2 already' in said
    assert 'row 3, column electorate = "-5"' in said
    assert "no such match; known: same, pool, none" in said
    assert "row 4, column unit: the key of a unit is expected" in said


def test_districts_of_units_are_those_of_the_rule(tmp_path: Path) -> None:
    made = Made(tmp_path, districts=True)
    text = (tmp_path / "units.csv").read_text(encoding="utf-8")
    (tmp_path / "units.csv").write_text(text.replace(",Alder,", ",Aldr,").replace(",Fir,", ",Elm,"))
    said = refused(lambda: read_units(tmp_path / "units.csv", made.election))
    assert '"Aldr": no such district' in said
    assert "did you mean 'Alder'?" in said
    assert "no unit in Alder, Fir: no vote is expected there" in said


def test_earlier_lists_are_handed_on_by_the_election_file(made: Made) -> None:
    file = made.folder / "woods.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace(
            'short = "Red"\n',
            'short = "Red"\ncontinues = { "Rose" = 1.0, "Poppy" = 0.25 }\n',
        ),
        encoding="utf-8",
    )
    table = "unit,last_Rose,last_Poppy,last_blue,last_green,last_Thistle\na,100,40,50,10,5\nb,10,0,5,1,0\n"
    (made.folder / "units.csv").write_text(table, encoding="utf-8")
    units = read_units(made.folder / "units.csv", load_election(file))
    assert dict(zip(units.parties, units.last[0].tolist(), strict=True)) == {
        "red": 110.0,
        "blue": 50.0,
        "green": 10.0,
        "coast": 0.0,
        "other": 35.0,  # the rest of Poppy, and Thistle, which nobody continues
    }


def test_a_large_list_without_an_heir_is_said(made: Made) -> None:
    table = "unit,last_red,last_blue,last_green,last_Thistle\na,100,40,10,50\n"
    (made.folder / "units.csv").write_text(table, encoding="utf-8")
    assert "Thistle had 25.0% of the votes" in "\n".join(
        read_units(made.folder / "units.csv", made.election).remarks
    )


def test_parts_of_votes_are_read_and_thousands_that_may_be_parts_are_refused(made: Made) -> None:
    path = made.folder / "units.csv"
    path.write_text("unit,match,red,blue,green,other\na,pool,12.5,1 234,3,1\nb,,,,,\n", encoding="utf-8")
    units = read_units(path, made.election)
    assert units.last[0, :2].tolist() == [12.5, 1234.0]
    assert units.match.tolist() == [POOL, NONE]
    path.write_text("unit,red,blue,green,other\na,1.234,2.345,3,1\n", encoding="utf-8")
    assert "this may be a thousand and some" in refused(lambda: read_units(path, made.election))


# A clean feed.


def test_a_clean_feed_is_counted_exactly_and_without_a_remark(made: Made) -> None:
    counted = made.read(made.rows)
    expected = np.zeros_like(made.night.votes)
    expected[made.first] = made.night.votes[made.first]
    np.testing.assert_array_equal(counted.votes, expected)
    assert (counted.status[made.first] == FINAL).all()
    assert (counted.status == FINAL).sum() == len(made.first)
    assert not counted.set_aside.any()
    assert counted.remarks == ()
    assert counted.time is not None
    assert counted.time.isoformat(timespec="minutes") == max(row["time"] for row in made.rows)


def test_a_feed_is_read_as_of_a_time(made: Made) -> None:
    write_counted(made.folder / "counted.csv", counted_rows(made.night, made.night.first(1.0)))
    moment = as_of_moment("21:00", made.election)
    counted = read_counted(made.folder / "counted.csv", made.units, made.election, as_of=moment)
    known = made.night.minutes <= 60
    np.testing.assert_array_equal(counted.status == FINAL, known)
    after = as_of_moment("01:30", made.election)
    assert after == datetime.datetime(2024, 6, 10, 1, 30)
    assert "a time is expected" in refused(lambda: as_of_moment("half past ten", made.election))


def test_as_of_needs_times(made: Made) -> None:
    made.rows[3]["time"] = ""
    said = refused(lambda: made.read(made.rows, as_of=as_of_moment("23:00", made.election)))
    assert "row 5, column time: --as-of needs the time of every report" in said


def test_part_and_history_of_a_unit(made: Made) -> None:
    unit = made.rows[0]
    half = {**unit, **{name: str(int(unit[name]) // 2) for name in LISTS}, "status": "part",
            "time": "2024-06-09T20:01", "valid": ""}  # fmt: skip
    last = {**unit, "time": "2024-06-09T23:59"}
    only = made.read([half, *made.rows[1:]])
    assert only.status[made.unit(0)] == PART
    whole = made.read([last, half, *made.rows[1:]])
    assert whole.status[made.unit(0)] == FINAL
    np.testing.assert_array_equal(whole.votes[made.unit(0)], made.night.votes[made.unit(0)])
    assert not kinds(whole)


# Faults, one by one, each planted in the clean night.


def test_unknown_units_are_refused_all_by_name_with_the_nearest(made: Made) -> None:
    made.rows[0]["unit"] = made.rows[0]["unit"].replace("early", "erly")
    strangers = [{**made.rows[1], "unit": f"abroad {k}"} for k in range(60)]
    said = refused(lambda: made.read([*made.rows, *strangers]))
    assert f"did you mean '{made.night.units[made.first[0]]}'?" in said
    assert all(f"abroad {k}" in said for k in range(60))
    assert "--unknown add" in said


def test_keys_that_lost_their_zeros_are_recognised(made: Made) -> None:
    units = replace(made.units, names=tuple(f"0{u}" for u in range(len(made.units.names))))
    rows = [{**row, "unit": str(u)} for u, row in zip(made.first, made.rows, strict=True)]
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", rows)), made.election)
    assert f"zeros at the beginning of {len(rows)} keys were lost" in refused(lambda: counted_of(feed, units))


def test_unknown_units_can_be_counted_in_their_district(made: Made) -> None:
    new = {**made.rows[0], "unit": "tent", "district": "Elm"}
    counted = made.read([*made.rows, new], add_unknown=True)
    d = made.units.districts.index("Elm")
    assert counted.outside[d].tolist() == [int(new[name]) for name in LISTS]
    assert counted.outside.sum() == counted.outside[d].sum()
    assert counted.units_outside == 1
    assert kinds(counted)["unknown"][0].startswith(f"row {len(made.rows) + 2}, tent: no such unit before")
    assert "column district: of tent: missing" in refused(
        lambda: made.read([*made.rows, {**new, "district": ""}], add_unknown=True)
    )
    assert "did you mean 'Elm'?" in refused(
        lambda: made.read([*made.rows, {**new, "district": "Elms"}], add_unknown=True)
    )


def test_a_unit_twice_at_one_time_counts_once_or_is_refused(made: Made) -> None:
    clean = made.read(made.rows)
    twice = made.read([*made.rows, made.rows[4]])
    np.testing.assert_array_equal(twice.votes, clean.votes)
    when = datetime.datetime.fromisoformat(made.rows[4]["time"])
    said = f"row {len(made.rows) + 2}, {made.rows[4]['unit']}: the same votes stand in row 6 (at {when})"
    assert kinds(twice)["twice"] == [f"{said}; counted once"]
    other = {**made.rows[4], "red": "1", "valid": ""}
    said = refused(lambda: made.read([*made.rows, other]))
    assert f"rows 6 and {len(made.rows) + 2} say different things of this unit" in said
    assert f"red {int(made.rows[4]['red']):,} and 1" in said


def test_votes_that_fall_are_accepted_and_listed(made: Made) -> None:
    row = made.rows[2]
    lower = {**row, "time": "2024-06-09T23:50", "red": str(int(row["red"]) - 7), "valid": ""}
    counted = made.read([*made.rows, lower])
    assert counted.votes[made.unit(2), 0] == int(row["red"]) - 7
    said = kinds(counted)["fell"][0]
    assert f"row {len(made.rows) + 2}, {row['unit']}: votes fell: red {int(row['red']):,} -> " in said


@pytest.mark.parametrize("how", ["part", "zero"])
def test_a_final_unit_that_is_taken_back_is_held(made: Made, how: str) -> None:
    row = made.rows[2]
    back = {**row, "time": "2024-06-09T23:50", "valid": ""}
    back |= {"status": "part", "red": "3"} if how == "part" else dict.fromkeys(LISTS, "0")
    counted = made.read([*made.rows, back])
    np.testing.assert_array_equal(counted.votes[made.unit(2)], made.night.votes[made.unit(2)])
    assert counted.status[made.unit(2)] == FINAL
    assert "the earlier one is held" in kinds(counted)["held"][0]


def test_a_sum_that_differs_leaves_the_unit_uncounted_and_the_rest_as_it_is(made: Made) -> None:
    clean = made.read(made.rows)
    made.rows[5]["blue"] = str(int(made.rows[5]["blue"]) + 100)
    counted = made.read(made.rows)
    u = made.unit(5)
    assert counted.status[u] == NOTHING
    assert not counted.votes[u].any()
    others = np.arange(len(made.units.names)) != u
    np.testing.assert_array_equal(counted.votes[others], clean.votes[others])
    (said,) = kinds(counted)["sum"]
    assert said.startswith(f"row 7, {made.rows[5]['unit']}: its lists have ")
    assert "it counts as not counted" in said


def test_a_wrong_sum_after_a_final_report_holds_that_report(made: Made) -> None:
    wrong = {**made.rows[5], "time": "2024-06-09T23:50", "blue": "99999"}
    counted = made.read([*made.rows, wrong])
    np.testing.assert_array_equal(counted.votes[made.unit(5)], made.night.votes[made.unit(5)])
    assert "the earlier report is held" in kinds(counted)["sum"][0]


def test_more_valid_votes_than_ballots_are_a_wrong_sum(made: Made) -> None:
    made.rows[5]["ballots"] = "10"
    counted = made.read(made.rows)
    assert counted.status[made.unit(5)] == NOTHING
    assert "valid votes on 10 ballots" in kinds(counted)["sum"][0]


def test_votes_above_the_electorate_are_set_aside_and_may_be_accepted(made: Made) -> None:
    k = made.at("ordinary")
    made.rows[k]["blue"] = str(10 * int(made.rows[k]["blue"]))
    made.rows[k]["valid"] = ""
    counted = made.read(made.rows)
    u = made.unit(k)
    assert counted.set_aside[u]
    assert counted.set_aside.sum() == 1
    (said,) = kinds(counted)["set-aside"]
    assert f"{made.night.electorate[u]:,} voters" in said
    accepted = made.read(made.rows, accepted=[made.units.names[u]])
    assert not accepted.set_aside.any()
    assert accepted.votes[u, 1] == int(made.rows[k]["blue"])  # never capped
    assert "did you mean" in refused(lambda: made.read(made.rows, accepted=[made.units.names[u] + "x"]))


def test_early_votes_above_any_register_are_counted_with_a_warning(made: Made) -> None:
    k = made.at("early")
    for name in LISTS:
        made.rows[k][name] = str(4 * int(made.rows[k][name]))
    made.rows[k]["valid"] = ""
    counted = made.read(made.rows, accepted=[made.rows[k]["unit"]])
    assert not counted.set_aside.any()
    assert counted.votes[made.unit(k)].sum() == 4 * made.night.votes[made.unit(k)].sum()
    assert "last time; counted" in kinds(counted)["size"][0]


def test_early_votes_are_held_to_the_voters_of_their_region(made: Made) -> None:
    k = made.at("early")
    u = made.unit(k)
    place = made.night.region[u]
    voters = sum(int(e) for e, r in zip(made.night.electorate, made.night.region, strict=True) if r == place)
    made.rows[k] |= {"red": str(voters + 1), "valid": ""}
    counted = made.read(made.rows, accepted=[made.rows[k]["unit"]])
    assert not counted.set_aside.any()
    (said,) = kinds(counted)["above"]
    assert f"votes in {place} together, {voters:,} voters there" in said
    assert said.startswith(f"row {k + 2}, {made.rows[k]['unit']}: ")


def test_a_unit_that_always_exceeds_its_register_is_counted_with_a_warning(made: Made) -> None:
    u = made.unit(made.at("ordinary"))
    electorate = made.units.electorate.copy()
    electorate[u] = made.night.votes[u].sum() - 1
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", made.rows)), made.election)
    counted = counted_of(feed, replace(made.units, electorate=electorate))
    assert not counted.set_aside.any()
    assert "voters" in kinds(counted)["above"][0]


def test_a_missing_list_is_refused_and_an_extra_one_goes_to_others(made: Made) -> None:
    path = write_counted(made.folder / "counted.csv", made.rows, leave_out=["green"])
    said = refused(lambda: read_counted(path, made.units, made.election))
    assert "column green: missing: the votes of Greens" in said
    extra = [{**row, "Thistle": "3", "valid": ""} for row in made.rows]
    counted = made.read(extra)
    assert counted.votes[:, 4].sum() == made.night.votes[made.first, 4].sum() + 3 * len(extra)
    assert kinds(counted)["columns"][0].endswith(
        "Thistle: no list of the election file; counted as votes for others"
    )
    slip = [{("gren" if key == "green" else key): cell for key, cell in row.items()} for row in made.rows]
    path = write_counted(made.folder / "counted.csv", slip, leave_out=["green"])
    assert "did you mean 'gren'?" in refused(lambda: read_counted(path, made.units, made.election))


def test_a_column_of_totals_is_no_list(made: Made) -> None:
    rows = [{**row, "all lists": row["valid"], "valid": ""} for row in made.rows]
    assert "this is the sum of the lists: head it valid" in refused(lambda: made.read(rows))


def test_a_row_that_lacks_a_cell_is_refused_with_its_line(made: Made) -> None:
    write_counted(made.folder / "counted.csv", made.rows)
    lines = (made.folder / "counted.csv").read_text(encoding="utf-8").splitlines()
    lines[8] = lines[8].replace(",", "", 1)
    (made.folder / "counted.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = refused(lambda: read_counted(made.folder / "counted.csv", made.units, made.election))
    assert "row 9: 8 cells under 9 headings" in said


def test_a_final_unit_without_a_vote_is_allowed_and_said(made: Made) -> None:
    made.rows[2] |= {**dict.fromkeys(LISTS, "0"), "valid": "0"}
    counted = made.read(made.rows)
    assert counted.status[made.unit(2)] == FINAL
    assert "final without a vote" in kinds(counted)["empty"][0]


def test_early_and_day_votes_in_one_report_wait_for_the_other_kind(tmp_path: Path) -> None:
    """One place with one station and one unit of early votes; the station reports both."""
    made = Made(tmp_path)
    night = made.night
    places = {name: [u for u, other in enumerate(night.region) if other == name] for name in night.region}
    region, members = next((r, m) for r, m in places.items() if len(m) > 2 and night.kind[m[-1]] == "early")
    one, early = members[0], members[-1]
    elsewhere = [name == region and u not in (one, early) for u, name in enumerate(night.region)]
    regions = np.where(elsewhere, -1, made.units.region)
    units = replace(made.units, region=regions)
    order = [u for u in night.first(1.0) if u != early]
    rows = counted_rows(night, order)
    k = order.index(one)
    merged = night.votes[one] + night.votes[early]
    rows[k] |= {**{name: str(v) for name, v in zip(LISTS, merged, strict=True)}, "valid": str(merged.sum())}
    units = replace(units, electorate=np.full(len(units.names), np.nan))

    def read(these: Rows) -> Counted:
        feed = read_feed(deliver(write_counted(tmp_path / "c.csv", these)), made.election)
        return counted_of(feed, units)

    waiting = read(rows)
    assert waiting.set_aside[one]
    assert waiting.set_aside.sum() == 1
    assert f"until {night.units[early]} is reported" in kinds(waiting)["merged"][0]
    nothing = {**rows[k], **dict.fromkeys(LISTS, "0"), "unit": night.units[early], "valid": "0"}
    both = read([*rows, nothing])
    assert not both.set_aside.any()
    clean = read(counted_rows(night, order))
    assert not clean.set_aside.any()


@pytest.mark.parametrize("how", ["one", "all"])
def test_early_votes_in_reports_of_a_place_with_many_stations_wait_for_the_early_unit(
    made: Made, how: str
) -> None:
    """All stations of a place report its early votes with their own, or one of them does."""
    night = made.night
    of_place: dict[str, list[int]] = {}
    for u, name in enumerate(night.region):
        of_place.setdefault(name, []).append(u)
    place, members = next(
        (name, some)
        for name, some in of_place.items()
        if [night.kind[u] for u in some].count("early") == 1
        and 3 <= len(some) <= 6
        and all(made.units.match[u] == SAME for u in some)
    )
    (early,) = [u for u in members if night.kind[u] == "early"]
    stations = [u for u in members if u != early]
    order = [u for u in night.first(1.0) if u != early]
    rows = counted_rows(night, order)
    total = night.votes[stations].sum()
    holding = stations if how == "all" else [min(stations, key=lambda u: night.votes[u].sum())]
    for u in holding:
        part = night.votes[u].sum() / total if how == "all" else 1.0
        merged = night.votes[u] + np.round(2.0 * part * night.votes[early]).astype(int)
        rows[order.index(u)] |= {name: str(v) for name, v in zip(LISTS, merged, strict=True)}
        rows[order.index(u)]["valid"] = str(merged.sum())
    last = made.units.last.copy()
    last[early] *= 2.0 * night.votes[early].sum() / last[early].sum()
    units = replace(made.units, last=last, electorate=np.full(len(order) + 1, np.nan))
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", rows)), made.election)
    waiting = counted_of(feed, units)
    assert sorted(np.flatnonzero(waiting.set_aside).tolist()) == sorted(holding), place
    assert f"until {night.units[early]} is reported" in kinds(waiting)["merged"][0]
    nothing = {**rows[0], **dict.fromkeys(LISTS, "0"), "unit": night.units[early], "valid": "0"}
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", [*rows, nothing])), made.election)
    assert not counted_of(feed, units).set_aside.any()


def test_another_units_votes_are_listed_and_counted(made: Made) -> None:
    for name in (*LISTS, "valid"):
        made.rows[7][name] = made.rows[8][name]
    counted = made.read(made.rows)
    assert f"exactly the {int(made.rows[8]['valid']):,} votes of " in kinds(counted)["same-votes"][0]
    assert counted.status[made.unit(7)] == FINAL


def test_votes_where_a_list_does_not_stand(made: Made) -> None:
    stood = made.units.stood.copy()
    d = int(made.units.district[made.first[0]])
    stood[d, 2] = False
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", made.rows)), made.election)
    said = refused(lambda: counted_of(feed, replace(made.units, stood=stood)))
    assert "1 districts where it does not stand" in said
    assert 'parties.green.stands_in = "everywhere"' in said


def test_cells_that_are_no_votes_are_refused_all_at_once(made: Made) -> None:
    made.rows[0]["red"] = "-4"
    made.rows[1]["blue"] = "12.5"
    made.rows[2]["status"] = "done"
    made.rows[3]["time"] = "yesterday"
    said = refused(lambda: made.read(made.rows))
    for part in ('row 2, column red = "-4"', 'row 3, column blue = "12.5"', 'row 4, column status = "done"',
                 'row 5, column time = "yesterday"'):  # fmt: skip
        assert part in said


def test_times_with_and_without_a_zone_are_not_mixed(made: Made) -> None:
    made.rows[0]["time"] += "+02:00"
    assert "some times say how far they are from UTC" in refused(lambda: made.read(made.rows))


# Earlier readings of a feed that is overwritten.


def test_a_feed_that_is_overwritten_is_held_against_earlier_readings(made: Made) -> None:
    first = made.read(made.rows)
    row = made.rows[2]
    now = [{**r} for r in made.rows]
    now[2] |= {"status": "part", **dict.fromkeys(LISTS, "1"), "valid": "", "time": "2024-06-09T23:50"}
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", now)), made.election)
    counted = counted_of(feed, made.units, earlier=first.history)
    assert counted.status[made.unit(2)] == FINAL
    assert "held" in kinds(counted)
    again = counted_of(feed, made.units, earlier=counted.history)
    assert len(again.history) == len(counted.history)
    np.testing.assert_array_equal(again.votes, counted.votes)
    late = [{**r} for r in made.rows]
    late[2] |= {"red": str(int(row["red"]) + 5), "valid": "", "time": "2024-06-09T19:00"}
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", late)), made.election)
    counted = counted_of(feed, made.units, earlier=first.history)
    assert counted.votes[made.unit(2), 0] == int(row["red"])
    assert "the later time stands" in kinds(counted)["clock"][0]


def test_a_shorter_feed_is_held_to_what_was_there(made: Made) -> None:
    first = made.read(made.rows)
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", made.rows[:10])), made.election)
    counted = counted_of(feed, made.units, earlier=first.history)
    np.testing.assert_array_equal(counted.votes, first.votes)


def test_a_feed_that_stamps_all_its_rows_anew_leaves_no_longer_a_history(made: Made) -> None:
    first = made.read(made.rows)
    stamped = [{**row, "time": "2024-06-09T23:50"} for row in made.rows]
    stamped[3] |= {"red": str(int(stamped[3]["red"]) + 1), "valid": ""}
    feed = read_feed(deliver(write_counted(made.folder / "c.csv", stamped)), made.election)
    counted = counted_of(feed, made.units, earlier=first.history)
    assert len(counted.history) == len(first.history) + 1
    assert counted.votes.sum() == first.votes.sum() + 1
    assert counted.time == datetime.datetime(2024, 6, 9, 23, 50)
    assert not kinds(counted)


# Whatever comes.


WORDS = (
    *(
        "",
        "0",
        "x",
        "-1",
        "1e9",
        "999999999999999999999",
        "1.234",
        "1,5",
        "part",
        "final",
        "٣",
        "'",
        "\u200b",
    ),
    *("2024-06-09T22:00", "22:00", "2024-06-09T22:00Z"),
)


@given(data=st.data())
def test_a_damaged_feed_is_counted_or_refused_and_never_counts_more_than_it_says(data: st.DataObject) -> None:
    """Cells of a clean feed are replaced by others: all is read, or refused with a place; no other error."""
    made = _shared()
    rows = [{**row} for row in made.rows]
    words = st.sampled_from(WORDS)
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.integers(0, len(rows) - 1))
        column = data.draw(st.sampled_from(list(rows[0])))
        rows[row][column] = data.draw(words)
    try:
        counted = made.read(rows)
    except PollDataError:
        return
    used = counted.status != NOTHING
    assert (counted.votes[~used] == 0).all()
    assert (counted.votes >= 0).all()
    for u in np.flatnonzero(used).tolist():
        said = {
            int(row["valid"])
            for row in rows
            if row["unit"] == made.units.names[u] and row["valid"].isdecimal()
        }
        assert not said or int(counted.votes[u].sum()) in said


_MADE: list[Made] = []


def _shared() -> Made:
    import tempfile

    if not _MADE:
        _MADE.append(Made(Path(tempfile.mkdtemp())))
    return _MADE[0]


# Real nights.


@pytest.mark.parametrize("name", ["se2022", "no2013", "bg202111", "es201606", "nz2011"])
def test_nights_of_the_past_are_read_whole(shared: Path, tmp_path: Path, name: str) -> None:
    """Every vote of a complete count is counted, but for the few units with more votes than voters."""
    folder = shared / "data" / "night" / name
    if not folder.is_dir():
        pytest.skip(f"no night of {name}")
    with gzip.open(folder / "units.csv.gz", "rt", encoding="utf-8") as file:
        lists = [one[5:] for one in file.readline().strip().split(",") if one.startswith("last_")]
    lists = [one for one in lists if one not in ("other", "electorate")]
    parties = "".join(
        f'[[parties]]\nid = "{one.replace("ø", "o")}"\nname = "{one}"\nstands_in = "everywhere"\n'
        for one in lists
    )
    (tmp_path / "e.toml").write_text(
        f'[election]\nid = "past"\nname = "Past"\ndate = 2022-09-11\n{parties}'
        '[rule]\nseats = 100\n[rule.allocation]\nmethod = "sainte-lague"\n',
        encoding="utf-8",
    )
    election = load_election(tmp_path / "e.toml")
    units = read_units(folder / "units.csv.gz", election)
    counted = read_counted(folder / "counted.csv.gz", units, election)
    assert (counted.status == FINAL).all()
    aside = counted.votes[counted.set_aside].sum() / counted.votes.sum()
    assert aside < 0.004
    if name == "se2022":
        feed = read_feed(deliver(folder / "counted.csv.gz"), election)
        assert 1_000 < len(known_by(feed, as_of_moment("22:00", election)).reports) < 3_000
