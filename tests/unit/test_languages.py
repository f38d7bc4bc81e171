"""Languages of the page: each is one file with every text, and its own numbers and days."""

from __future__ import annotations

import functools
import html
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import forecast
from forecast import words
from forecast.election import load_election
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.tables import known_tables, table_of, tables_of
from forecast.tables.chamber_and_districts import tiers_said
from forecast.words import (
    day_text,
    headlines,
    languages,
    listed,
    rounding,
    sentences_of,
    speaking,
    texts_of,
    translated,
)
from forecast.words.facts import Facts
from forecast.words.law_in_words import rule_in_words
from tests.forecasts import in_districts, kazakhstan
from tests.made import made_forecast
from tests.said_sentences import HOLE, filled
from tests.said_sentences import sentences_of as sentences_of_source


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
    with speaking("ru"):
        assert rounding.percent(0.1234) == "12,3 %"
        assert rounding.whole(1_000_000).split() == ["1", "000", "000"]
        assert rounding.signed_points(0.00012) == "0,0"
        assert headlines.level_text(0.045) == "4,5 %"
        assert day_text("2023-03-19").split() == ["19", "марта", "2023", "г."]
        assert listed(["А", "Б", "В"]) == "А, Б и В"
    with speaking("kk"):
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
        source = Path(words.__file__).parent / "languages" / f"{code}.toml"
        (tmp_path / f"{code}.toml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    lines = (tmp_path / "en.toml").read_text(encoding="utf-8").splitlines()
    made = [re.sub(r'^(\w+) = "(.*)"$', r'\1 = "[\2]"', line) for line in lines]
    known = sentences_of("ru")
    made += ["", "[sentences]", *(f"{json.dumps(one)} = {json.dumps(f'<{one}>')}" for one in known)]
    (tmp_path / "tr.toml").write_text("\n".join(made), encoding="utf-8")
    monkeypatch.setattr(words, "_folder", lambda: tmp_path)
    words.languages.cache_clear()
    yield "tr"
    monkeypatch.undo()
    words.languages.cache_clear()


def test_one_file_is_all_that_another_language_takes(third: str) -> None:
    forecast = kazakhstan()
    text = page(forecast, third)
    assert '<html lang="tr">' in text
    headings = re.findall(r"<h[23][^>]*>(.*?)</h[23]>", text)
    assert len(headings) > 10
    assert [one for one in headings if not one.startswith("[")] == []
    with speaking(third):
        facts = Facts(forecast)
        told = headlines.sentences(facts, headlines.change(facts, None))
        assert all(sentence.startswith(("[", "5 of")) for sentence in told)
        assert rounding.percent(0.5) == "50,0 %"


def test_sentences_of_another_language_are_its_own_to_the_last_clause(third: str) -> None:
    with speaking(third):
        for sentence in RULES:
            found = translated(sentence)
            assert found is not None, sentence
            rest = found
            while (inner := re.sub(r"<[^<>]*>", "", rest)) != rest:
                rest = inner
            # What is left of it: signs between clauses, and the article of the law.
            assert re.fullmatch(r"[;. ]*(\(.*\))?[. ]*", rest), found


CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
RULES = sorted({sentence for file in CONFIGS for sentence in rule_in_words(load_election(file).rule)})


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_every_rule_of_the_configurations_is_told_in_every_language(language: str) -> None:
    with speaking(language):
        english = [sentence for sentence in RULES if translated(sentence) is None]
        assert english == []
        for sentence in RULES:
            said = re.sub(r"\([^()]*\)", "", translated(sentence) or "")
            assert not re.search(r"\b(the|of|seats|votes|lists?)\b", said), said


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_what_a_forecast_minds_and_rests_on_is_told_in_every_language(language: str, tmp_path: Path) -> None:
    forecasts = [kazakhstan(), in_districts(), made_forecast(tmp_path, 5, draws=500)]
    told = 0
    with speaking(language):
        for forecast in forecasts:
            notes = [note for name in ("districts", "houses", "contests") for note in _notes(forecast, name)]
            record = str(forecast.attrs.get("track_record", "")).split("\n")
            tiers = tiers_said(forecast) if "chamber/size" in forecast else []
            for sentence in (*forecast.attrs["warnings"], *record, *notes, *tiers, Facts(forecast).caption):
                assert not sentence or translated(sentence) is not None, sentence
                told += 1
            for table in tables_of(forecast):
                assert translated(table.title) is not None, table.title
    assert told > 12


ROOMS = {
    "election/notes.py": (
        "beliefs_of",
        "notes_on",
        "_slips",
        "_sums_of_independents",
        "_of_party",
        "_of_rule",
    ),
    "simulation/grounds.py": ("not_placed", "lost_to_alliances"),
    "simulation/given.py": ("_left_out", "_ranges_left_out"),
    "simulation/forecasting.py": ("simulate_to_error",),
    "simulation/last_seat.py": ("rule_of_the_country",),
    "estimation/estimate.py": ("left_out", "_too_old", "_few", "_under_other", "_errors"),
    "estimation/average.py": ("prepare", "_standing", "_warn_of_thin_reports"),
    "estimation/centre.py": ("_of_last_results", "_assumed"),
    "estimation/share_draws.py": ("read_share_draws",),
    "geography/projection.py": ("_said_of", "said_of_polls"),
    "geography/known_districts.py": ("places_of", "_lost"),
    "tables/causes.py": ("last_seat_said", "_votes_between"),
    "published/scored.py": ("record_of", "_not_scored"),
}
"""Functions that make warnings and notes of a forecast, beside those that doubt a poll."""


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_every_warning_that_the_sources_hold_is_told_in_every_language(language: str) -> None:
    rooms = {Path(forecast.__file__).parent / name: functions for name, functions in ROOMS.items()}
    every: dict[Path, tuple[str, ...] | None] = dict(rooms)
    every |= dict.fromkeys(sorted((Path(forecast.__file__).parent / "polls").glob("*.py")))
    told = 0
    with speaking(language):
        for file, functions in every.items():
            some = list(sentences_of_source(file, functions))
            assert some or functions is None, file
            for function, template in some:
                words = template.replace(HOLE, "...")
                assert any(map(translated, filled(template))), f"{file.name}, {function}: {words}"
                told += 1
    assert told > 80


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_nothing_on_a_page_stays_english_but_what_the_election_file_says(
    language: str, tmp_path: Path
) -> None:
    """Every text that a reader sees, less the names, laws and sources that the file and the polls hold."""
    made = made_forecast(tmp_path, 5, draws=500)
    pairs = [(kazakhstan(), kazakhstan(1_500)), (in_districts(), None), (made, None)]
    for shown, before in pairs:
        text = page(shown, language, before=before)
        own = {*_texts_in(json.loads(shown.attrs["definition"])), *shown.names("polls/pollster")}
        known = re.compile("|".join(map(re.escape, sorted(filter(None, own), key=len, reverse=True))))
        body = text.partition("<body")[2].partition('<script type="application/json"')[0]
        seen = [html.unescape(one) for one in re.findall(r">([^<>]+)<", body)]
        assert len(seen) > 150
        left = [
            one
            for one in seen
            if re.search(r"[A-Za-z]{3,} [a-z]{2,}", known.sub("", re.sub("`.*?`", "", one)))
        ]
        assert left == []


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts_in(inner)


@functools.lru_cache(maxsize=4)
def _few_draws(name: str) -> Forecast:
    election = load_election(CONFIGS[0].parent / f"{name}.toml")
    polls = election.election.polls
    assert polls is not None
    return simulate(election, estimate(election, read_polls(polls, election)), draws=200)


def _notes(forecast: Forecast, name: str) -> tuple[str, ...]:
    return table_of(forecast, name).notes if name in known_tables(forecast) else ()


def test_numbers_inside_sentences_are_those_of_the_language() -> None:
    with speaking("ru"):
        said = translated(
            "A list takes part with at least 4.5% of the valid votes (for lists and against all)."
        )
        assert said is not None
        assert "не менее 4,5\u00a0% от" in said
        said = translated("Somewhere. 1,000,000 simulated elections (sobol draws, seed 1).")
        assert said is not None
        assert "1\u00a0000\u00a0000" in said
        assert translated("Nobody has written this sentence.") is None
    assert translated("Every list takes part.") == "Every list takes part."


def test_names_of_coalitions_events_and_the_election_are_those_of_the_language() -> None:
    text, _, script = page(kazakhstan(), "kk").partition("<script")
    assert "Хэр квотасы" in script
    assert "Hare quota" not in script
    assert "<title>Қазақстан, Мәжіліс, 2023 жылғы 19 наурыз</title>" in text
    for name in ("Жалғыз «Аманат»", "Социал-демократтар өтеді", "Тәуелсіз", "Бір мандатты округтер"):
        assert name in text
    for name in ("Amanat alone", "the Social Democrats enter", "Independents"):
        assert f">{name}<" not in text
    marked = re.findall(r'<span lang="en">(.*?)</span>', text)
    assert len(marked) == 1  # the note of the election file


@pytest.mark.parametrize("language", languages())
def test_the_story_is_told_in_every_language(language: str) -> None:
    with speaking(language):
        facts = Facts(kazakhstan())
        sentences = headlines.sentences(facts, headlines.change(facts, None))
        assert len(sentences) == 4
        assert "{" not in headlines.first(facts) + headlines.hundred(facts) + " ".join(sentences)
