"""Languages of the page: each is one file with every text, and its own numbers and days."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecast.errors import ConfigurationError
from forecast.report import page
from forecast.words import headlines, rounding, speaking, story
from forecast.words.facts import Facts
from forecast.words.speaking import day_text, languages, listed, texts_of
from tests.forecasts import kazakhstan


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", languages())
def test_a_language_has_every_text_with_what_is_put_into_it(language: str) -> None:
    english, other = texts_of("en"), texts_of(language)
    assert list(other) == list(english)
    for key, text in english.items():
        assert _places(other[key]) == _places(text), key
        assert other[key].strip() == other[key] != ""
    if language != "en":
        same = {key for key in english if english[key] == other[key]}
        assert same <= {"one_open"}


def test_numbers_days_and_names_are_those_of_the_language() -> None:
    with speaking.speaking("ru"):
        assert rounding.percent(0.1234) == "12,3 %"
        assert rounding.whole(1_000_000).split() == ["1", "000", "000"]
        assert rounding.signed_points(0.00012) == "0,0"
        assert headlines.level_text(0.045) == "4,5 %"
        assert day_text("2023-03-19").split() == ["19", "марта", "2023", "г."]
        assert listed(["А", "Б", "В"]) == "А, Б и В"
    with speaking.speaking("kk"):
        assert "наурыз" in day_text("2023-03-19")
    assert rounding.percent(0.1234) == "12.3 %"
    assert day_text("2023-03-19") == "19 March 2023"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no such language"):
        page(kazakhstan(), "xx")


@pytest.fixture
def third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A language that is one file more: its texts are the English ones in brackets."""
    for code in languages():
        source = Path(speaking.__file__).parent / "languages" / f"{code}.toml"
        (tmp_path / f"{code}.toml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    lines = (tmp_path / "en.toml").read_text(encoding="utf-8").splitlines()
    made = [re.sub(r'^(\w+) = "(.*)"$', r'\1 = "[\2]"', line) for line in lines]
    (tmp_path / "tr.toml").write_text("\n".join(made), encoding="utf-8")
    monkeypatch.setattr(speaking, "_folder", lambda: tmp_path)
    speaking.languages.cache_clear()
    yield "tr"
    monkeypatch.undo()
    speaking.languages.cache_clear()


def test_one_file_is_all_that_another_language_takes(third: str) -> None:
    forecast = kazakhstan()
    text = page(forecast, third)
    assert '<html lang="tr">' in text
    headings = re.findall(r"<h[23][^>]*>(.*?)</h[23]>", text)
    assert len(headings) > 10
    of_tables = {"Coalitions in the whole chamber", "Tiers of the chamber"}
    assert [one for one in headings if not one.startswith("[") and one not in of_tables] == []
    with speaking.speaking(third):
        facts = Facts(forecast)
        told = story.sentences(facts, story.change(facts, None))
        assert all(sentence.startswith(("[", "5 of")) for sentence in told)
        assert rounding.percent(0.5) == "50,0 %"


@pytest.mark.parametrize("language", languages())
def test_the_story_is_told_in_every_language(language: str) -> None:
    with speaking.speaking(language):
        facts = Facts(kazakhstan())
        sentences = story.sentences(facts, story.change(facts, None))
        assert len(sentences) == 4
        assert "{" not in headlines.first(facts) + headlines.hundred(facts) + " ".join(sentences)
