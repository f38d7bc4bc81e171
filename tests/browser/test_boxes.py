"""No label runs into another or out of its picture: at any width, of few parties and of many, in every
language.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from forecast.cli.main import main
from forecast.election import load_election
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.published.archive_of_forecasts import read_archive
from forecast.published.scored import record_of
from forecast.report import PANELS, page
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.storage import load
from forecast.words import languages
from tests.forecasts import in_districts, kazakhstan
from tests.geographies import DISTRICTS
from tests.made import made_forecast, write_made_election
from tests.unit.test_district_map import forecast_with_map

pytestmark = pytest.mark.browser

GERMANY = Path(__file__).parents[2] / "configs" / "germany-2025-union.toml"
WIDTHS = (360, 390, 768, 1280)
MOST_SCREENS = 8
SCREEN = 844
"""Height of the screen of a telephone that is 390 pixels wide."""

FAULTS = """() => {
  const found = [], screen = document.documentElement.clientWidth;
  const beyond = (a, b) => a.left < b.left - 1 || a.right > b.right + 1
    || a.top < b.top - 1 || a.bottom > b.bottom + 1;
  for (const svg of document.querySelectorAll("figure svg")) {
    const texts = [...svg.querySelectorAll("text")].filter((one) => one.textContent.trim());
    const boxes = texts.map((one) => [one.textContent, one.getBoundingClientRect()]);
    const whole = svg.getBoundingClientRect(), where = svg.closest("figure").id;
    boxes.forEach(([name, a], i) => {
      if (beyond(a, whole)) found.push(`${where}: ${name} is cut off`);
      if (a.right > screen + 1) found.push(`${where}: ${name} is off the screen`);
      for (const [other, b] of boxes.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 3) found.push(`${where}: ${name} and ${other} overlap`);
      }
    });
  }
  return found;
}"""

HEIGHT = """() => new Promise((done) => {
  let before = -1;
  const look = () => {
    const high = document.documentElement.scrollHeight;
    if (high === before) done(high);
    else { before = high; setTimeout(look, 40); }
  };
  look();
})"""
"""Of the page once its charts have come to the width: on a busy machine that takes a while."""

MADE = (2, 12, 25)
"""Numbers of parties of the made-up elections."""
IN_ALL_LANGUAGES = [
    f"{name}, {lang}" for name in ("kazakhstan", "germany", "over time") for lang in languages()
]
NAMES = [*IN_ALL_LANGUAGES, "districts, en", "map, en", *(f"{parties} parties, en" for parties in MADE)]


@cache
def _germany() -> Forecast:
    election = load_election(GERMANY)
    table = election.election.polls
    assert table is not None
    return simulate(election, estimate(election, read_polls(table, election), None), draws=4_000)


class Pages:
    """Pages by what they are of, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def named(self, name: str) -> Path:
        """The file of a page: ``germany, ru``, or of a part: ``panel seats``."""
        file = self._folder / f"{name}.html"
        if not file.exists():
            file.write_text(self._made(name), encoding="utf-8")
        return file

    def _made(self, name: str) -> str:
        if name.startswith("panel "):
            return page(_germany(), panel=name.removeprefix("panel "))
        what, language = name.split(", ")
        if what == "over time":
            return self._over_time(language)
        return page(self._forecast(what), language)

    def _forecast(self, what: str) -> Forecast:
        if what == "map":
            (self._folder / what).mkdir()
            return forecast_with_map(self._folder / what, list(DISTRICTS))
        known = {"germany": _germany, "districts": in_districts, "kazakhstan": kazakhstan}
        if what in known:
            return known[what]()
        return made_forecast(self._folder / what, int(what.split()[0]), draws=4_000, coalitions=2)

    def _over_time(self, language: str) -> str:
        """The page of the last of three days, with those before it and how they came out."""
        config = write_made_election(self._folder / "12 days", 12, odd=False, coalitions=2, polls=8)
        kept = self._folder / "archive"
        days = ("2024-04-01", "2024-04-20", "2024-05-01")
        for day in days if not kept.exists() else ():
            assert main(["run", str(config), "--as-of", day, "-n", "2048", "-q", "-o", str(kept / day)]) == 0
        votes = self._folder / "votes.csv"
        lines = [*(f"p{k},{int(1e6 * 0.8**k)}" for k in range(12)), "against,50000"]
        votes.write_text("\n".join(["party,votes", *lines]) + "\n", encoding="utf-8")
        archive = read_archive(kept)
        return page(load(kept / days[-1]), language, archive=archive, record=record_of(archive, votes))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("pages"))


def _faults_of(tab: Any, file: Path, name: str, widths: tuple[int, ...]) -> list[str]:
    """What is wrong with a page that is opened at the first width and then given the others."""
    faults: list[str] = []
    _widen(tab, widths[0])
    tab.goto(file.as_uri())
    _widen(tab, 390)
    high = tab.evaluate(HEIGHT)
    if high > MOST_SCREENS * SCREEN:
        faults.append(f"{name}: {high / SCREEN:.1f} screens")
    level = tab.locator("#level")
    levels = [level.input_value(), "1"] if level.count() else []
    for width in widths:
        _widen(tab, width)
        for chosen in levels or [""]:
            if chosen and level.input_value() != chosen:
                level.fill(chosen)
            tab.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
            at = f"{name} at {width}, level {chosen}"
            faults += [f"{at}: {fault}" for fault in tab.evaluate(FAULTS)]
            across = tab.evaluate("document.documentElement.scrollWidth")
            if across > width:
                faults.append(f"{at}: {across} px wide")
        levels.reverse()  # the slider is moved once for each width
    return faults


def _widen(tab: Any, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": SCREEN})


def _widths(number: int) -> tuple[int, ...]:
    """All widths, each the first of every fourth page: some pages are opened at it, others come to it."""
    first = number % len(WIDTHS)
    return WIDTHS[first:] + WIDTHS[:first]


@pytest.mark.parametrize("name", NAMES)
def test_no_label_overlaps_or_is_cut_off(tab: Any, pages: Pages, name: str) -> None:
    faults = _faults_of(tab, pages.named(name), name, _widths(NAMES.index(name)))
    assert tab.complaints == []
    assert not faults, "\n".join(faults)


def test_no_label_of_a_single_part_overlaps_or_is_cut_off(tab: Any, pages: Pages) -> None:
    faults: list[str] = []
    for number, panel in enumerate(PANELS):
        name = f"panel {panel}"
        faults += _faults_of(tab, pages.named(name), name, _widths(number))
    assert tab.complaints == []
    assert not faults, "\n".join(faults)


def test_the_measure_finds_labels_that_overlap_and_labels_that_are_cut(tab: Any) -> None:
    _widen(tab, 390)
    text = "<text x='{}' y='40'>{}</text>"
    both = text.format(10, "one label") + text.format(30, "another") + text.format(95, "a long one")
    tab.set_content(f"<figure id='f'><svg width='110' height='60'>{both}</svg></figure>")
    found = tab.evaluate(FAULTS)
    assert "f: one label and another overlap" in found
    assert "f: a long one is cut off" in found


def test_a_single_part_holds_its_part_alone(tab: Any, pages: Pages) -> None:
    _widen(tab, 600)
    tab.goto(pages.named("panel seats").as_uri())
    assert tab.locator("#distributions svg").count() == 1
    assert tab.locator("figure").count() == 1
    assert tab.locator("#level").count() == 0


SHEET = (688, 1017)
"""A sheet of A4 without its margins of 14 mm, in pixels."""


@pytest.mark.parametrize("name", ["kazakhstan, en", "germany, ru", "districts, en", "over time, kk"])
def test_the_last_sheet_on_paper_holds_the_rule_and_what_the_numbers_rest_on(
    tab: Any, pages: Pages, name: str
) -> None:
    tab.set_viewport_size({"width": SHEET[0], "height": SHEET[1]})
    tab.goto(pages.named(name).as_uri())
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    high = tab.locator(".end").evaluate("part => part.getBoundingClientRect().height")
    assert 0.2 * SHEET[1] < high < SHEET[1]  # it is never broken: the last sheet has all of it
    assert tab.locator(".end").evaluate("part => getComputedStyle(part).breakInside") == "avoid"
    assert tab.locator("details.long").first.is_hidden() or not tab.locator("details.long").count()
    assert tab.evaluate("document.documentElement.scrollWidth") <= SHEET[0]


def test_smallest_majorities_beyond_the_first_can_be_opened(tab: Any, pages: Pages) -> None:
    _widen(tab, 1280)
    tab.goto(pages.named("25 parties, en").as_uri())
    tab.locator("#level").fill("0")
    more = tab.locator("#smallest details")
    assert more.count() == 1
    number = int(more.locator("summary").inner_text().split()[0])
    assert more.locator("li").count() == number > 0
    assert not more.locator("li").first.is_visible()
    more.locator("summary").click()
    assert more.locator("li").first.is_visible()
