"""The gallery: polls that can be looked up, days before the vote, official figures beside each forecast."""

from __future__ import annotations

import datetime

import pytest

from docs.gallery import FOLDER, GALLERY, ROOT, Shown
from forecast.election import load_election
from forecast.polls import polls_of
from forecast.rules.counts import read_count
from forecast.rules.reference import apply_rule
from forecast.words.rounding import percent

TEXT = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")


def test_the_gallery_shows_five_countries() -> None:
    countries = {load_election(ROOT / f"configs/{shown.config}.toml").election.country for shown in GALLERY}
    assert len(countries) == 5


@pytest.mark.parametrize("shown", GALLERY, ids=lambda shown: shown.id)
def test_every_poll_behind_the_gallery_names_the_page_it_was_read_from(shown: Shown) -> None:
    polls = polls_of(load_election(ROOT / f"configs/{shown.config}.toml"))
    assert len(polls) >= 5
    assert [source for source in polls.polls["source"] if not str(source).startswith("http")] == []


@pytest.mark.parametrize("shown", GALLERY, ids=lambda shown: shown.id)
def test_a_forecast_of_the_gallery_knows_nothing_of_the_result(shown: Shown) -> None:
    election = load_election(ROOT / f"configs/{shown.config}.toml", shown.settings).election
    days = [datetime.date.fromisoformat(day) for _, day in shown.days if day is not None]
    assert days
    assert election.date is not None
    assert all(day < election.date for day in days)


@pytest.mark.parametrize("shown", GALLERY, ids=lambda shown: shown.id)
def test_the_official_figures_of_the_gallery_are_those_of_the_count(shown: Shown) -> None:
    election = load_election(ROOT / f"configs/{shown.config}.toml")
    ballot = read_count(election).ballot
    seats = apply_rule(election.rule, ballot).seats
    valid = sum(entry.votes for entry in ballot.entries)
    section = TEXT.partition(f"## {shown.title}")[2].partition("### Beside the count")[2]
    found: dict[str, dict[str, str]] = {}
    heading: list[str] = []
    for line in section.partition("**What was wrong.**")[0].replace("\N{NO-BREAK SPACE}", " ").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        heading = cells if not cells[0] and len(cells) > 1 else heading
        found[cells[0]] = found.get(cells[0], {}) | dict(zip(heading, cells, strict=False))
    for entry in ballot.entries:
        beside = found[election.by_id[entry.id].name if entry.id in election.by_id else "Other"]
        assert beside["official share"] == percent(entry.votes / valid)
        assert beside.get("official seats") == (str(seats[entry.id]) if entry.eligible else None)


def test_all_that_lies_beside_the_gallery_is_shown_in_it() -> None:
    files = [file.relative_to(FOLDER.parent) for file in FOLDER.rglob("*") if file.is_file()]
    assert files
    assert [str(file) for file in files if f"({file})" not in TEXT] == []
