"""What is known of districts before the draws: lists and districts matched, and every way that fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.cli.main import main
from forecast.errors import ConfigurationError, PollDataError
from forecast.geography.known_districts import read_geography, regions_of
from tests.geographies import (
    DISTRICTS,
    DOUBLY,
    GEOGRAPHY,
    HEAD,
    LAST,
    PARTIES,
    RULE,
    known,
    woods,
    write_rows,
)

UNITS = ("red", "blue", "green", "coast", "other")
NO_OTHER = UNITS[:4]


def refused(folder: Path, kind: type[Exception] = ConfigurationError, **parts) -> str:
    with pytest.raises(kind) as caught:
        read_geography(woods(folder, **parts))
    return str(caught.value)


def shares_of(name: str) -> list[float]:
    votes = LAST[name]
    return [votes.get(party, 0) / sum(votes.values()) for party in ("Red", "Blue", "Green", "Coast")]


def test_the_last_shares_of_each_party_are_those_of_the_list_of_its_name(tmp_path: Path):
    base = known(woods(tmp_path)).base(UNITS)
    assert base.districts == tuple(DISTRICTS)
    assert base.units == UNITS
    np.testing.assert_allclose(base.last[:, :4], [shares_of(name) for name in DISTRICTS])
    votes = np.array([sum(found.values()) for found in LAST.values()])
    np.testing.assert_allclose(base.national[:4], votes @ base.last[:, :4] / votes.sum())
    assert base.national[4] == 0.0
    np.testing.assert_allclose(base.weights, votes / votes.sum())
    assert base.weights.sum() == pytest.approx(1.0)


def test_regions_are_a_level_where_there_are_some_and_districts_in_them():
    names = ["North", "North", "East", "East", "South", "South", "", ""]
    found = regions_of(names)
    assert found is not None
    assert found.tolist() == [0, 0, 1, 1, 2, 2, 3, 3], "districts without a region are one together"
    assert regions_of(names[:6]) is None, "three are too few"
    assert regions_of(list("abcdef")) is None, "each has one district"


def test_weights_follow_the_electorate_where_both_elections_know_it(tmp_path: Path):
    election = woods(tmp_path)
    rows = [
        [name, party, votes, 2 * DISTRICTS[name][2] if name == "Fir" else DISTRICTS[name][2]]
        for name, found in LAST.items()
        for party, votes in found.items()
    ]
    write_rows(tmp_path / "last.csv", ["district", "list", "votes", "electorate"], rows)
    votes = np.array([sum(found.values()) for found in LAST.values()], float)
    votes[-1] /= 2.0
    np.testing.assert_allclose(known(election).weights, votes / votes.sum())


def test_districts_weigh_by_voters_where_a_voter_has_as_many_votes_as_there_are_seats(tmp_path: Path):
    found = known(woods(tmp_path, rule=DOUBLY))
    voters = np.array([sum(LAST[name].values()) / seats for name, (_, seats, _) in DISTRICTS.items()])
    np.testing.assert_allclose(found.weights, voters / voters.sum())
    red = sum(LAST[name]["Red"] / seats for name, (_, seats, _) in DISTRICTS.items())
    assert found.national[found.lists.index("Red")] == pytest.approx(red / voters.sum())
    assert found.matched[0].endswith(f"{voters.sum():,.0f} voters (votes by seats)")


def test_a_last_result_in_votes_of_which_voters_have_several_needs_the_seats_of_every_district(
    tmp_path: Path,
):
    last = {**{name: LAST[name] for name in LAST if name != "Fir"}, "Glade": LAST["Fir"]}
    election = woods(tmp_path, rule=DOUBLY, last=last)
    with pytest.raises(PollDataError, match=r"district Glade, seats.*as many votes as"):
        known(election)


def test_a_list_that_stood_in_some_districts_stands_there_again(tmp_path: Path):
    found = known(woods(tmp_path))
    coast = found.parties.index("coast")
    assert found.stands[:, coast].tolist() == [False, False, False, True, True, False]
    assert found.stands[:, :coast].all()
    assert (
        'coast stands in 2 of 6 districts (Dogwood, Elm), as last time; stands_in = "everywhere" is otherwise'
        in found.matched
    )


@pytest.mark.parametrize(
    ("where", "stands"),
    [
        ('"everywhere"', [True] * 6),
        ('["South"]', [False, False, False, True, True, True]),
        ('["north", "Fir"]', [True, True, True, False, False, True]),
        ('"Elm"', [False, False, False, False, True, False]),
    ],
)
def test_a_list_stands_in_the_districts_and_regions_that_it_names(
    tmp_path: Path, where: str, stands: list[bool]
):
    found = known(woods(tmp_path, parties=f"{PARTIES}stands_in = {where}\n"))
    assert found.stands[:, found.parties.index("coast")].tolist() == stands


def test_merged_split_renamed_and_new_lists_inherit_what_they_say(tmp_path: Path):
    parties = """
[[parties]]
id = "union"
name = "Union"
continues = { Blue = 1.0, Green = 0.5 }
[[parties]]
id = "moss"
name = "Moss"
continues = { Green = 0.5 }
[[parties]]
id = "scarlet"
name = "Scarlet"
continues = { Red = 1.0 }
[[parties]]
id = "dawn"
name = "Dawn"
continues = {}
"""
    found = known(woods(tmp_path, parties=parties))
    base = found.base(("union", "moss", "scarlet", "dawn", "other"))
    red, blue, green, coast = np.array([shares_of(name) for name in DISTRICTS]).T
    np.testing.assert_allclose(base.last.T, [blue + green / 2, green / 2, red, 0 * red, coast], atol=1e-12)
    assert base.new.tolist() == [False, False, False, True, False]
    said = "\n".join(found.matched)
    assert "new: dawn" in said
    assert "union: Blue " in said
    assert "(of which 50%)" in said
    assert "without an heir: Coast 2.6%" in said


def test_how_much_of_the_last_vote_found_an_heir_is_said(tmp_path: Path):
    first = known(woods(tmp_path)).matched
    assert first[0].endswith("last.csv: 6 districts, 4 lists, 116,000 valid votes")
    assert "all 6 found among the 6 of this election" in first
    assert "100.0% of the last vote found an heir:" in first


def test_a_large_list_without_an_heir_is_a_warning(tmp_path: Path):
    parties = PARTIES.replace('id = "green"\nname = "Green"', 'id = "moss"\nname = "Moss"\ncontinues = {}')
    found = known(woods(tmp_path, parties=parties))
    lost = 15_000 / sum(sum(votes.values()) for votes in LAST.values())
    (said,) = [warning for warning in found.warnings if "Green had" in warning]
    assert f"last.csv: Green had {lost:.1%} of the votes, and no party on the ballot continues it" in said


def test_votes_of_lists_without_an_heir_are_those_of_all_others(tmp_path: Path):
    parties = PARTIES.replace('id = "green"\nname = "Green"', 'id = "moss"\nname = "Moss"\ncontinues = {}')
    base = known(woods(tmp_path, parties=parties)).base(("red", "blue", "moss", "coast", "other"))
    np.testing.assert_allclose(base.last.sum(1), 1.0)
    np.testing.assert_allclose(base.last[:, -1], [shares_of(name)[2] for name in DISTRICTS])


def test_a_party_that_withdraws_hands_on_its_districts_with_its_voters(tmp_path: Path):
    more = '[estimate.withdrawal]\ngreen = { blue = "60%" }\n'
    base = known(woods(tmp_path, geography=GEOGRAPHY + more)).base(("red", "blue", "coast", "other"))
    red, blue, green, _ = np.array([shares_of(name) for name in DISTRICTS]).T
    np.testing.assert_allclose(base.last[:, 1], blue + 0.6 * green)
    np.testing.assert_allclose(base.last[:, 0], red)
    np.testing.assert_allclose(base.last.sum(1), 1.0 - 0.4 * green, err_msg="the rest stays at home")


def test_moved_borders_carry_votes_over(tmp_path: Path):
    last = {**LAST, "Grove": {"Red": 300, "Blue": 500, "Green": 200}}
    write_rows(
        tmp_path / "borders.csv", ["from", "to", "share"], [["Grove", "Fir", "0.4"], ["grove", "Elm", "60%"]]
    )
    geography = GEOGRAPHY + 'borders = "borders.csv"\n'
    found = known(woods(tmp_path, last=last, geography=geography))
    elm = np.array([9_000 + 180, 11_000 + 300, 3_000 + 120, 2_000])
    np.testing.assert_allclose(found.last[4], elm / elm.sum())
    assert "all 7 found among the 6 of this election, 1 by moved borders" in found.matched


def test_districts_without_their_own_table_are_those_of_the_last_result(tmp_path: Path):
    election = woods(tmp_path, rule=RULE.replace('table = "districts.csv"\n', ""))
    rows = [
        [name, party, votes, DISTRICTS[name][1], DISTRICTS[name][0]]
        for name, found in LAST.items()
        for party, votes in found.items()
    ]
    write_rows(tmp_path / "last.csv", ["district", "list", "votes", "seats", "region"], rows)
    found = known(election)
    assert [place.seats for place in found.places.places] == [facts[1] for facts in DISTRICTS.values()]
    assert found.places.regions == ("North", "South")
    assert any("their seats are those of the last election" in warning for warning in found.warnings)


def test_without_a_last_result_every_list_has_its_national_share_and_this_is_said(tmp_path: Path):
    found = known(woods(tmp_path, geography=""))
    assert not found.has_last_result
    base = found.base(UNITS)
    assert base.new.all()
    voters = np.array([facts[2] for facts in DISTRICTS.values()])
    np.testing.assert_allclose(base.weights, voters / voters.sum())
    assert "no last result by district (geography.last_result): every list is drawn around its national" in (
        " ".join(found.warnings)
    )


def test_a_rule_without_districts_has_no_geography(tmp_path: Path):
    rule = '[rule]\nseats = 20\n[rule.allocation]\nmethod = "dhondt"\n'
    assert read_geography(woods(tmp_path, rule=rule, geography="")) is None


# Refusals: districts


def test_a_district_of_the_last_result_that_matches_nothing_is_refused_with_the_nearest(tmp_path: Path):
    last = {("Alders" if name == "Alder" else name): votes for name, votes in LAST.items()}
    said = refused(tmp_path, last=last)
    assert 'last.csv: column district = "Alders": no such district in ' in said
    assert "did you mean 'Alder'?" in said
    assert 'districts.csv: column district = "Alder": ' in said, "and the one that has no past, at once"
    assert "has no such district; did you mean 'Alders'?" in said


def test_a_district_missing_in_the_table_of_seats_is_refused(tmp_path: Path):
    districts = {name: facts for name, facts in DISTRICTS.items() if name != "Fir"}
    said = refused(tmp_path, districts=districts, rule=RULE.replace("seats = 20", "seats = 19"))
    assert 'column district = "Fir": no such district' in said
    assert "geography.borders" in said


def test_a_district_missing_in_the_last_result_is_refused(tmp_path: Path):
    last = {name: votes for name, votes in LAST.items() if name != "Cedar"}
    said = refused(tmp_path, last=last)
    assert 'districts.csv: column district = "Cedar"' in said
    assert "say of which it was made (geography.borders)" in said


def test_seats_that_do_not_add_up_to_the_house_are_refused(tmp_path: Path):
    said = refused(tmp_path, PollDataError, rule=RULE.replace("seats = 20", "seats = 21"))
    assert "they add up to 20, and rule.seats = 21; correct one of the two" in said


def test_faults_of_all_tables_are_said_in_one_round(tmp_path: Path):
    election = woods(tmp_path, geography=GEOGRAPHY + 'borders = "borders.csv"\n')
    write_rows(tmp_path / "last.csv", ["district", "list", "votes"], [["A", "Red", "many"]])
    write_rows(tmp_path / "borders.csv", ["from", "to", "share"], [["A", "B", "0.5"]])
    write_rows(tmp_path / "districts.csv", ["district", "seats"], [["Alder", "x"]])
    with pytest.raises(PollDataError) as caught:
        read_geography(election)
    for said in ('column votes = "many"', "add up to 0.5", 'column seats = "x"'):
        assert said in str(caught.value)


def test_a_moved_border_of_no_district_is_refused(tmp_path: Path):
    write_rows(
        tmp_path / "borders.csv", ["from", "to", "share"], [["Aldr", "Birch", "1"], ["Elm", "Elms", "1"]]
    )
    said = refused(tmp_path, geography=GEOGRAPHY + 'borders = "borders.csv"\n')
    assert 'borders.csv: row 2, column from = "Aldr": no such district in' in said
    assert "did you mean 'Alder'?" in said
    assert 'borders.csv: row 3, column to = "Elms"' in said
    assert "did you mean 'Elm'?" in said


def test_districts_without_a_table_or_a_last_result_are_refused(tmp_path: Path):
    rule = RULE.replace('table = "districts.csv"\n', "")
    said = refused(tmp_path, rule=rule, geography="")
    assert "rule.districts.table: districts with their seats are needed for a forecast" in said


def test_without_a_last_result_districts_need_a_size(tmp_path: Path):
    election = woods(
        tmp_path,
        geography="",
        rule=RULE.replace('method = "dhondt"', 'method = "dhondt"\nseats = "by-votes"'),
    )
    write_rows(tmp_path / "districts.csv", ["district"], [["Alder"], ["Birch"]])
    with pytest.raises(ConfigurationError, match="the size of districts is needed"):
        read_geography(election)


# Refusals: lists


def test_a_party_that_no_earlier_list_has_the_name_of_must_say_what_it_continues(tmp_path: Path):
    parties = PARTIES.replace('name = "Green"', 'name = "Greens"').replace('id = "green"', 'id = "gr"')
    said = refused(tmp_path, parties=parties)
    assert "parties.gr: no list of " in said
    assert "did you mean 'Green'?" in said
    assert "or continues = {} for a new list" in said


def test_an_heir_of_no_list_is_refused_with_the_nearest(tmp_path: Path):
    said = refused(tmp_path, parties=PARTIES + "continues = { Cost = 1.0 }\n")
    assert 'parties.coast.continues = "Cost": no such list in' in said
    assert "did you mean 'Coast'?" in said


def test_votes_inherited_twice_are_refused(tmp_path: Path):
    parties = PARTIES + '[[parties]]\nid = "sand"\nname = "Sand"\ncontinues = { Coast = 0.5 }\n'
    said = refused(tmp_path, parties=parties)
    assert "its votes are inherited by coast and sand, more than once in all" in said


def test_a_place_where_a_list_stands_that_is_none_is_refused(tmp_path: Path):
    said = refused(tmp_path, parties=PARTIES + 'stands_in = ["Soth", "Elm"]\n')
    assert 'parties.coast.stands_in = "Soth": no such district or region in' in said
    assert "did you mean 'South'?" in said


def test_faults_of_lists_districts_and_swings_are_said_in_one_round(tmp_path: Path):
    last = {("Alders" if name == "Alder" else name): votes for name, votes in LAST.items()}
    parties = PARTIES.replace('name = "Green"', 'name = "Moss"').replace('id = "green"', 'id = "moss"')
    swing = '[[geography.swings]]\nparty = "red"\nregion = "Nord"\npoints = "2%"\n'
    said = refused(
        tmp_path,
        last=last,
        parties=parties + 'stands_in = ["Soth"]\n',
        geography=GEOGRAPHY + swing,
    )
    for fault in (
        'column district = "Alders"',
        "parties.moss: no list",
        'stands_in = "Soth"',
        'geography.swings[0].region = "Nord"',
    ):
        assert fault in said


@pytest.mark.parametrize(
    ("geography", "said"),
    [
        ('swing = "linear"', "geography.swing"),
        ("error_scale = 0", "a factor on the errors of districts lies between 0.1 and 10"),
        ('history = "poland"', 'write "country"'),
        ('borders = "b.csv"', "borders are those of the last result: name it (last_result)"),
        ('swings = "red"', "write a table [[geography.swings]] for each of them"),
        (
            '[[geography.swings]]\nparty = "red"\nregion = "North"\ndistrict = "Elm"\npoints = "1%"',
            "name a region or a district",
        ),
        ('[[geography.swings]]\nparty = "red"\nregion = "North"', "a swing has exactly one of points"),
        ('[[geography.swings]]\nparty = "rad"\nregion = "North"\nfactor = 2', "did you mean 'red'?"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, geography: str, said: str):
    with pytest.raises(ConfigurationError) as caught:
        woods(tmp_path, geography=f"[geography]\n{geography}\n")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("party", "said"),
    [
        ("continues = { Coast = 1.5 }", "lies above 0 and is 1 at most"),
        ('continues = "Coast"', "earlier lists are expected with the share of their votes"),
        ("stands_in = []", "a list that stands nowhere is none"),
        ('stands_in = ["everywhere", "Elm"]', '"everywhere" stands alone'),
    ],
)
def test_what_a_party_says_of_its_past_and_its_places_is_checked(tmp_path: Path, party: str, said: str):
    with pytest.raises(ConfigurationError) as caught:
        woods(tmp_path, head=HEAD, parties=f"{PARTIES}{party}\n")
    assert said in str(caught.value)


def test_a_base_of_the_local_threshold_that_districts_do_not_give_is_refused(tmp_path: Path):
    rule = RULE + 'local_threshold = { level = "5%", base = "registered" }\n'
    election = woods(tmp_path, rule=rule)
    write_rows(
        tmp_path / "districts.csv",
        ["district", "region", "seats"],
        [[name, region, seats] for name, (region, seats, _) in DISTRICTS.items()],
    )
    with pytest.raises(PollDataError) as caught:
        read_geography(election)
    assert "column registered: no district has it, and local_threshold.base = " in str(caught.value)


# The command line


def test_check_prints_what_was_found_of_the_last_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    woods(tmp_path)
    assert main(["check", str(tmp_path / "woods.toml")]) == 0
    said = capsys.readouterr().out
    assert "geography  " in said
    assert "6 districts, 4 lists, 116,000 valid votes" in said
    assert "100.0% of the last vote found an heir:" in said
    assert "red: Red 42.2%" in said
    assert "coast stands in 2 of 6 districts (Dogwood, Elm)" in said
    assert "swing: model (districts keep their pattern, which evens out for lists that rise)" in said


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"last": {**LAST, "Grove": {"Red": 5}}}, 2, 'column district = "Grove": no such district'),
        ({"last": {**LAST, "Fir": {"Red": 0}}}, 3, "column votes = 0: nobody has a vote in Fir"),
        ({"rule": RULE.replace("seats = 20", "seats = 19")}, 3, "they add up to 20, and rule.seats = 19"),
    ],
)
def test_check_refuses_with_the_code_of_the_kind_of_fault(
    tmp_path: Path, change: dict, code: int, said: str, capsys: pytest.CaptureFixture[str]
):
    woods(tmp_path, **change)
    assert main(["check", str(tmp_path / "woods.toml")]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
