"""Case files: what is read, what is refused, and how a comparison comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forecast.errors import ConfigurationError
from forecast.rules.case_files import UnsupportedCaseError, read_case, read_cases, verify

CASE: dict[str, Any] = {
    "id": "test",
    "seats": 10,
    "rule": {
        "threshold": {"level": "0.05", "base": "valid"},
        "allocation": {"method": "hare", "remainder": "largest"},
    },
    "parties": [
        {"name": "A", "votes": 600, "kind": "party", "official_seats": 6},
        {"name": "B", "votes": 400, "kind": "party", "official_seats": 4},
    ],
    "valid_votes": 1000,
    "invalid_votes": None,
    "registered": None,
}


def with_parties(*changes: dict[str, Any]) -> dict[str, Any]:
    return CASE | {
        "parties": [party | change for party, change in zip(CASE["parties"], changes, strict=True)]
    }


def test_a_case_that_comes_out_is_reproduced():
    verification = verify([CASE])
    assert verification.complete
    assert verification.reproduced == ("test",)


def test_a_mismatch_names_the_party_the_official_seats_and_ours():
    verification = verify([with_parties({"official_seats": 7}, {"official_seats": 3})])
    assert not verification.complete
    assert [(wrong.party, wrong.official, wrong.ours) for wrong in verification.mismatches] == [
        ("A", 7, 6),
        ("B", 3, 4),
    ]


def test_a_case_without_seats_or_parties_is_reproduced_as_nothing():
    assert verify([CASE | {"seats": 0, "parties": [], "valid_votes": 0}]).complete


def test_two_lists_of_one_name_are_counted_each():
    case = with_parties({"name": "X"}, {"name": "X"})
    assert list(read_case(case).official.values()) == [6, 4]
    assert verify([case]).complete


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rule": {"allocation": {"method": "unheard-of"}}}, "rule.allocation.method: no such method"),
        ({"rule": {"allocation": {"method": "hare"}, "lottery": {}}}, "the schema does not know this key"),
        ({"rule": []}, "rule: a table is expected"),
        (
            {"rule": CASE["rule"] | {"threshold": {"level": "0.05", "base": "cast"}}},
            "number of invalid ballots",
        ),
        (
            {"rule": CASE["rule"] | {"threshold": {"level": "0.05", "base": "registered"}}},
            "registered voters",
        ),
        ({"rule": {"districts": {"method": "dhondt"}}}, "a table is needed"),
        ({"parties": "A and B"}, "parties: a list is expected"),
        ({"parties": [{"votes": 1}]}, "a table with a name is expected"),
        ({"parties": [{"name": "A", "votes": "many", "official_seats": 1}]}, "parties.A.votes = 'many'"),
        ({"parties": [{"name": "A", "votes": -1, "official_seats": 1}]}, "a whole number is expected"),
        ({"parties": [{"name": "A", "votes": 1}]}, "parties.A.official_seats: missing"),
        ({"parties": [{"name": "A", "votes": 1, "official_seats": 1, "kind": "club"}]}, "no such kind"),
        ({"parties": [{"name": "A", "votes": 1, "official_seats": 1, "secret": 1}]}, "parties.A.secret"),
        (
            {"parties": [{"name": "A", "votes": 1, "official_seats": 1, "best_region_share": "12"}]},
            "between 0 and 1",
        ),
        ({"districts": [{"name": "north"}]}, "a table with votes is expected"),
    ],
)
def test_what_the_schema_cannot_say_is_unsupported_with_the_reason(change: dict[str, Any], reason: str):
    (case, said), *_ = verify([CASE | change]).unsupported
    assert case == "test"
    assert reason in said


def test_one_unsupported_case_does_not_stop_the_others():
    verification = verify([CASE | {"rule": {}}, CASE])
    assert (len(verification.reproduced), len(verification.unsupported)) == (1, 1)
    assert not verification.complete


def test_a_case_without_a_rule_says_so():
    with pytest.raises(UnsupportedCaseError, match="needs"):
        read_case(CASE | {"rule": {}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("7", "a list of cases is expected"),
        ("[7]", "a case is a table"),
        ('[{"id": "x"}]', "x.seats: missing"),
        (b"\xff\xfe\x00", "save the file as UTF-8"),
        ('[{"id": "x", "seats": 1, "rule": {}, "parties": [], "districts": true}]', "x.districts = true"),
        ('[{"id": "x", "seats": 1, "rule": {}, "parties": {}}]', "x.parties: a list"),
        ('[{"id": "x", "seats": 1, "seats": 2}]', "this key comes twice"),
    ],
)
def test_a_file_that_holds_no_cases_is_refused(tmp_path: Path, text: str | bytes, said: str):
    path = tmp_path / "cases.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError, match=said):
        read_cases(path)


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no such file"):
        read_cases(tmp_path / "nowhere.json")
    with pytest.raises(ConfigurationError, match="a folder"):
        read_cases(tmp_path)


def test_cases_may_stand_under_a_key_of_that_name(tmp_path: Path):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"cases": [CASE]}), encoding="utf-8")
    assert len(read_cases(path)) == 1
