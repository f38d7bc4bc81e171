"""Election files: what is read, and what is said about everything that is wrong."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from forecast.election import Election, load_election, parse_election
from forecast.errors import ConfigurationError

SMALL = """
[election]
id = "land"
name = "Land"
date = 2030-01-06

[[parties]]
id = "reds"
name = "Reds"

[[parties]]
id = "blues"
name = "Blues"

[[parties]]
id = "nobody"
name = "None of the above"
kind = "none-of-the-above"

[rule]
seats = 10

[rule.threshold]
level = "5%"

[rule.allocation]
method = "hare"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file and stands in its folder, so that messages name it as a user would."""
    monkeypatch.chdir(tmp_path)

    def writer(text: str) -> Path:
        Path("land.toml").write_text(textwrap.dedent(text), encoding="utf-8")
        return Path("land.toml")

    return writer


def faults(path: Path | str, *overrides: str) -> list[str]:
    """What is said about a file, one line a fault."""
    with pytest.raises(ConfigurationError) as caught:
        load_election(path, overrides)
    assert caught.value.exit_code == 2
    return [str(fault) for fault in caught.value.faults]


def test_the_kazakh_election_is_read_exactly(kazakhstan: Path) -> None:
    election = load_election(kazakhstan)
    assert [party.id for party in election.parties] == [
        "amanat", "auyl", "respublica", "aqjol", "qhp", "osdp", "baytaq", "against-all",
    ]  # fmt: skip
    assert election.rule.seats == 69
    assert election.rule.ties == ("registration",)
    assert election.rule.threshold is not None
    assert election.rule.threshold.level == Fraction(1, 20)
    assert election.rule.threshold.nobody == "void"
    assert election.rule.threshold.min_lists == 2
    assert election.election.date == datetime.date(2023, 3, 19)
    assert election.election.closed_ballot
    assert election.estimate.context == 2
    assert not election.party("against-all").eligible
    assert election.party("amanat").last_result == Fraction(7109, 10000)
    assert all(set(party.names) == {"kk", "ru", "en"} for party in election.parties)
    assert all(party.colour for party in election.parties)


def test_official_totals_of_the_kazakh_file_add_up(kazakhstan: Path) -> None:
    facts = load_election(kazakhstan).election
    assert facts.valid_votes is not None
    assert facts.invalid_votes is not None
    assert facts.valid_votes + facts.invalid_votes == 6_521_860


def test_a_decimal_share_is_exact(write: Write) -> None:
    election = load_election(write(SMALL.replace('"5%"', "0.05")))
    assert election.rule.threshold is not None
    assert election.rule.threshold.level == Fraction(1, 20)


def test_files_named_in_an_election_file_lie_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "land.toml"
    path.write_text(SMALL.replace("date =", 'polls = "polls.csv"\ndate ='), encoding="utf-8")
    assert load_election(path).election.polls == tmp_path / "polls.csv"
    assert load_election(path, ["election.result=count.csv"]).election.result == tmp_path / "count.csv"


def test_messages_name_the_file_as_it_was_typed(write: Write) -> None:
    assert load_election(write(SMALL)).place == "land.toml"


def test_a_byte_order_mark_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "land.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_election(path).election.id == "land"


def test_names_of_coalitions_and_events_default_to_their_ids(write: Write) -> None:
    more = '[[coalitions]]\nid="a"\nparties=["reds"]\n[[events]]\nid="b"\nall=[{enters="reds"}]\n'
    election = load_election(write(SMALL + more))
    assert election.coalitions[0].name == "a"
    assert election.events[0].name == "b"


def test_every_kind_of_condition_knows_its_kind_and_parties(write: Write) -> None:
    conditions = [
        ('{enters = "reds"}', "enters", ("reds",)),
        ('{stays_out = "reds"}', "stays_out", ("reds",)),
        ('{majority = ["reds", "blues"]}', "majority", ("reds", "blues")),
        ('{no_majority = "reds"}', "no_majority", ("reds",)),
        ('{minimal_winning = ["reds", "blues"]}', "minimal_winning", ("reds", "blues")),
        ('{largest = "blues"}', "largest", ("blues",)),
        ('{seats = ["reds"], at_least = 4, at_most = 6}', "seats", ("reds",)),
        ('{order = ["reds", "blues"]}', "order", ("reds", "blues")),
    ]
    listed = ", ".join(text for text, _, _ in conditions)
    event = load_election(write(f'{SMALL}[[events]]\nid="e"\nall=[{listed}]\n')).events[0]
    assert [(condition.kind, condition.parties) for condition in event.all] == [
        (kind, parties) for _, kind, parties in conditions
    ]
    assert event.all[0].model_dump() == {"enters": "reds"}


def test_all_faults_are_reported_at_once(write: Write) -> None:
    text = SMALL.replace('"5%"', "5").replace('"hare"', '"hair"').replace("seats = 10", "seets = 10")
    text = text.replace('name = "Blues"', 'colour = "1F5FBF"') + '[[coalitions]]\nid="a"\nparties=["rads"]\n'
    assert faults(write(text)) == [
        "land.toml: parties.blues.name: missing; name that readers see",
        (
            'land.toml: parties.blues.colour = "1F5FBF": a colour is written "#RRGGBB", such as "#00AFCA"; '
            'did you mean "#1F5FBF"?'
        ),
        "land.toml: rule.seats: missing; seats that the rule hands out",
        'land.toml: rule.threshold.level = 5: a share lies between 0 and 1; did you mean "5%"?',
        "land.toml: rule.allocation.method = \"hair\": no such method; did you mean 'hare'?",
        "land.toml: rule.seets = 10: no such key; did you mean 'seats'?",
        "land.toml: coalitions.a.parties = \"rads\": no party has this id; did you mean 'reds'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('id = "reds"', 'id = "The Reds"', 'a-z, 0-9 and hyphens; did you mean "the-reds"?'),
        ('id = "blues"', 'id = "reds"', "parties[1].id = \"reds\": this id is taken by parties[0]"),
        ('id = "reds"', 'id = "undecided"', "this name means undecided respondents"),
        ('id = "reds"', 'id = "other"', 'choose another, or write kind = "residual"'),
        ('kind = "none-of-the-above"', 'kind = "residual"', 'the residual option has the id "other"'),
        ('name = "Reds"', "name = 5", 'a text is expected; write it in quotes: "5"'),
        ("2030-01-06", '"6 January"', "a day is written year-month-day"),
        ("seats = 10", "seats = -1", "a whole number is expected"),
        ("seats = 10", "seats = inf", "a whole number is expected"),
        ('name = "Reds"', 'name = "Reds"\nlast_result = 38.5', 'did you mean "38.5%"?'),
        ('name = "Reds"', 'name = "Reds"\nmax_seats = 1\nmin_seats = 2', "max_seats is below min_seats"),
        ('kind = "none-of-the-above"', 'kind = "residual"\ndirect_seats = 1', "residual wins no seats"),
        ('name = "Reds"', 'name = "Reds"\naliases = ["blues"]', "this name already means 'blues'"),
        ('name = "Reds"', 'name = "Reds"\naliases = ["Others", "other"]', "this name already means 'other'"),
        ('name = "Reds"', 'name = "Reds"\naliases = ["x", "x"]', "'x' is listed twice"),
        ('name = "Reds"', 'name = "Reds"\nkind = "partie"', "no such kind of option; did you mean 'party'?"),
        ('name = "Reds"', 'name = "Reds"\nnames = {english = 1}', "'english' is no language code"),
        ("date =", "dat =", "election.dat = 2030-01-06: no such key; did you mean 'date'?"),
        ('name = "Land"', 'name = "Land"\nseats = 3', "no such key here; did you mean 'rule.seats'?"),
    ],
)  # fmt: skip
def test_a_fault_says_what_would_be_right(write: Write, old: str, new: str, fault: str) -> None:
    assert old in SMALL
    assert any(fault in line for line in faults(write(SMALL.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("[estimate]\nshift = {read = '+1%'}", "estimate.shift.read: no party has this id; did you"),
        ("[estimate]\nshift = {reds = '+1%'}\nshare = {reds = '9%'}", "both a shift and a fixed share"),
        ("[estimate]\nshare = {reds = '60%', blues = '50%'}", "add up to more than 100%"),
        ("[estimate]\nshift = {reds = 1.5}", 'did you mean "1.5%"?'),
        ("[estimate]\ncontext = 0", "context must be above 0"),
        ("[estimate]\nmethod = 'averge'", "no such method of estimation; did you mean 'average'?"),
        ("[simulation]\ndraws = 0", "simulation.draws = 0: at least 1 is expected"),
        ("[simulation]\ndraws = 1e12", "at most 100000000000 is expected"),
        ("[simulation]\nseed = -1", "simulation.seed = -1: at least 0 is expected"),
        ("[simulation]\nseed = 1.5", "a whole number is expected"),
        ("[[coalitions]]\nid = 'a'\nparties = []", "at least one party is needed"),
        ("[[coalitions]]\nid = 'a'\nparties = ['reds', 'nobody']", "(none-of-the-above) wins no seats"),
        ("[[events]]\nid = 'e'\nall = []", "events.e.all = []: at least one is needed"),
        ("[[events]]\nid = 'e'\nall = [{}]", "found none"),
        ("[[events]]\nid = 'e'\nall = [{enters = 'reds', largest = 'reds'}]", "found enters and largest"),
        ("[[events]]\nid = 'e'\nall = [{seats = 'reds'}]", "seats needs at_least or at_most"),
        ("[[events]]\nid = 'e'\nall = [{enters = 'reds', at_least = 1}]", "belong to seats, not to enters"),
        ("[[events]]\nid = 'e'\nall = [{order = ['reds']}]", "an order has at least two parties"),
        ("[[events]]\nid = 'e'\nall = [{entres = 'reds'}]", "did you mean 'enters'?"),
        ("[[events]]\nid = 'e'\nall = [{enters = 'rods'}]", "events.e.all[0].enters = \"rods\": no party"),
        ("[[party]]\nid = 'x'", "party: no such key; did you mean 'parties'?"),
    ],
)  # fmt: skip
def test_what_stands_around_parties_and_rule_is_checked(write: Write, more: str, fault: str) -> None:
    assert any(fault in line for line in faults(write(f"{SMALL}\n{more}\n")))


def test_a_file_without_tables_says_which_are_missing(write: Write) -> None:
    assert faults(write("")) == [
        "land.toml: election: missing; write a table [election]",
        "land.toml: parties: missing; write a table [[parties]] for every option",
        "land.toml: rule: missing; write a table [rule]",
    ]


def test_options_that_all_win_no_seats_are_refused(write: Write) -> None:
    text = SMALL.replace('name = "Reds"', 'name = "R"\nkind = "none-of-the-above"')
    text = text.replace('name = "Blues"', 'name = "B"\nkind = "none-of-the-above"')
    assert any("no option can win seats" in line for line in faults(write(text)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("level = 5%", 'a percentage stands in quotes, such as "5%"'),
        ("level = 0,05", "a decimal point is expected, not a comma"),
        ("base = valid", "a text stands in quotes"),
        ("level", "this is not TOML"),
    ],
)
def test_what_is_not_toml_is_shown_with_its_line(write: Write, line: str, said: str) -> None:
    (fault,) = faults(write(SMALL.replace('level = "5%"', line)))
    assert fault.startswith("land.toml: line 24, column ")
    assert line in fault
    assert said in fault


def test_a_missing_file_names_the_nearest(write: Write) -> None:
    write(SMALL)
    assert faults("lant.toml") == ["lant.toml: no such file; did you mean 'land.toml'?"]
    assert faults("nowhere/x.toml") == [
        "nowhere/x.toml: no such file; `forecast init` writes one to start from"
    ]


def test_a_folder_and_a_file_that_is_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8 text" in faults(tmp_path / "x.toml")[0]
    assert "this is a folder" in faults(tmp_path)[0]


def test_an_election_can_be_written_down_in_python() -> None:
    election = parse_election(
        {
            "election": {"id": "land", "name": "Land", "date": datetime.date(2030, 1, 6)},
            "parties": [{"id": "reds", "name": "Reds"}],
            "rule": {"seats": 5, "allocation": {"method": "dhondt"}},
        }
    )
    assert isinstance(election, Election)
    with pytest.raises(ConfigurationError, match="rule: missing"):
        parse_election({"election": {"id": "land", "name": "Land", "date": "2030-01-06"}, "parties": []})


def test_an_election_is_immutable(kazakhstan: Path) -> None:
    election = load_election(kazakhstan)
    with pytest.raises(ValueError, match="frozen"):
        election.rule = election.rule  # pyrefly: ignore[read-only]
