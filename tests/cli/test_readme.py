"""The README is what a newcomer believes: its output is that of today's program."""

from __future__ import annotations

from tests.readme import README, refreshed


def test_the_output_in_the_readme_is_what_its_commands_print() -> None:
    text = README.read_text(encoding="utf-8")
    assert "$ forecast run configs/kazakhstan-2023.toml" in text
    assert refreshed(text) == text, "run `python -m tests.readme` to refresh it"
