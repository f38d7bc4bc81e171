"""Texts from outside as they are shown, and faults as they are said."""

from __future__ import annotations

import json

import pytest

from forecast.errors import (
    ABSENT,
    UNSEEN,
    ConfigurationError,
    Fault,
    first_unseen,
    json_text,
    lines_of,
    safe,
    safe_saved,
    suggest,
    visible,
)

NASTY = ("\x1b[31m", "\x00", "\x07", "\x7f", "\x9b31m", "\u202e", "\u2028", "\ufeff", "\ud800", "\x85")


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_that_a_terminal_obeys_is_shown(nasty: str) -> None:
    code = first_unseen([nasty])
    assert visible(f"a{nasty}b").startswith(f"a<{code}>")
    assert f"<{code}>" in safe(f"a{nasty}b")
    assert f"<{code}>" in str(Fault(f"p{nasty}", f"q{nasty}", nasty, f"r{nasty}"))
    assert not UNSEEN.search(str(Fault(f"p{nasty}", f"q{nasty}", nasty, f"r{nasty}")))
    assert not UNSEEN.search(json_text({f"k{nasty}": nasty}))
    assert json.loads(json_text({f"k{nasty}": nasty})) == {f"k{nasty}": nasty}


def test_json_of_a_saved_file_holds_nothing_unseen_once_it_is_read() -> None:
    saved = json.dumps({"law": "a\x1bb", "\x08": ["\u202e", 1, None]}, ensure_ascii=False)
    assert json.loads(safe_saved(saved)) == {"law": "a<U+001B>b", "<U+0008>": ["<U+202E>", 1, None]}
    for text in ('{"a": "Ж\\n"}', "C:\\bin", "\\u001b is no JSON", "[" * 100_000 + "\\u001b"):
        assert safe_saved(text) == text


def test_names_of_every_script_stay_as_they_are() -> None:
    for name in ("Ауыл және Әділет", "מפלגה\u200f", "حزب", "🗳️ 👩‍👩‍👧", "民主党", "O'Neill\u00a0"):
        assert visible(name) == name
        assert safe(name) == name
        assert json_text(name) == json.dumps(name, ensure_ascii=False)


def test_a_line_is_one_line_and_a_long_text_is_cut() -> None:
    assert visible("a\nb\tc\r\nd") == "a b c  d"
    assert visible("x" * 300) == "x" * 197 + "..."
    assert len(visible("\x1b" * 10_000, 100)) == 100
    assert safe("a\nb\tc") == "a\nb\tc"


def test_every_part_of_a_fault_is_cut() -> None:
    said = str(Fault("f" * 10_000, "k" * 10_000, "v" * 10_000, "r" * 10_000))
    assert len(said) < 2_000
    assert said.count("...") == 4


def test_of_a_kind_three_are_said_and_how_many_more() -> None:
    faults = [Fault("x.csv", f"row {n}, column red", str(n), f"{n} is too much") for n in range(2, 502)]
    other = Fault("x.csv", "row 3, column blue", "z", "no number")
    lines = list(lines_of([*faults[:2], other, *faults[2:]]))
    assert [line.split(" =")[0] for line in lines] == [
        "x.csv: row 2, column red",
        "x.csv: row 3, column red",
        "x.csv: row 3, column blue",
        "x.csv: row 4, column red",
        "x.csv: and 497 more like the last",
    ]
    assert str(ConfigurationError(*faults)).count("\n") == 3


def test_of_a_hundred_kinds_not_all_are_said() -> None:
    faults = [Fault("x.toml", f"key-{'abcdefghij'[n % 10]}{n}", ABSENT, "no such key") for n in range(500)]
    lines = list(lines_of(faults))
    assert len(lines) == 101
    assert lines[-1] == "and 400 more faults"


def test_a_long_list_of_known_names_is_cut() -> None:
    assert suggest("zzz", [f"party {n}" for n in range(500)]).endswith("party 19 and 480 more")
    assert suggest("z" * 100_000, ["red"]) == "known: red"
