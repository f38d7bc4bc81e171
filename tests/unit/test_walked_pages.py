"""Pages that a reader can follow word for word: whoever does so sees what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.walked_pages import DOCS, PAGES, Walk, a_new_folder, change


@pytest.mark.parametrize("name", PAGES)
def test_whoever_follows_a_page_sees_what_it_shows(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    with a_new_folder():
        assert Walk().refreshed(text) == text, "run `python -m tests.walked_pages`"


def test_an_output_that_is_out_of_date_is_replaced() -> None:
    page = "```console\n$ forecast --version\nforecast 0.0.0\n```\n"
    assert "0.0.0" not in Walk().refreshed(page)


def test_a_command_of_a_page_that_ends_otherwise_than_the_page_says_is_noticed() -> None:
    with a_new_folder(), pytest.raises(RuntimeError, match=r"ended with 2: no\.toml: "):
        Walk().refreshed("```console\n$ forecast check no.toml\n```")
    with a_new_folder(), pytest.raises(RuntimeError, match="ended with 0"):
        Walk().refreshed("<!-- refused 2 -->\n```console\n$ forecast --version\n```")


def test_a_page_that_cuts_an_output_where_it_has_no_such_line_is_noticed() -> None:
    with pytest.raises(ValueError, match="no line that begins with Events"):
        Walk().refreshed("<!-- until Events -->\n```console\n$ forecast --version\n```")


def test_a_change_needs_its_line_once(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("# a = 1 # said\nb = 2\nb = 3\n", encoding="utf-8")
    change(file, "a = 5\n")
    assert file.read_text(encoding="utf-8") == "a = 5\nb = 2\nb = 3\n"
    with pytest.raises(ValueError, match="2 lines of b"):
        change(file, "b = 4\n")
    with pytest.raises(ValueError, match="0 lines of c"):
        change(file, "c = 4\n")
