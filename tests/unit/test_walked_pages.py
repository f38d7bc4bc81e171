"""Pages that a reader can follow word for word: whoever does so sees what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api_page import NAMES, first_sentence, page_with_names, table
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


def test_every_public_name_is_on_the_page_with_what_its_docstring_says() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert page_with_names(text) == text, "run `python -m tests.walked_pages`"
    assert [name for name in NAMES if f"| `forecast.{name}" not in text] == []


def test_a_signature_on_the_page_holds_no_address_in_memory() -> None:
    assert " at 0x" not in table("below")


def test_a_public_name_without_a_docstring_is_noticed() -> None:
    with pytest.raises(ValueError, match="has no docstring"):
        first_sentence(lambda: None)


def test_python_of_a_page_goes_on_from_what_ran_before_and_its_output_is_replaced() -> None:
    page = "```python\nx = 2\n```\n\n```python\nprint(x + 1)\n```\n\n```text\n4\n```\n"
    assert Walk().refreshed(page) == page.replace("4\n", "3\n")
