"""No label runs into another or out of its picture: at any width, of few parties and of many, in every
language.
"""

from __future__ import annotations

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
from forecast.words.speaking import languages
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


def _germany() -> Forecast:
    election = load_election(GERMANY)
    table = election.election.polls
    assert table is not None
    return simulate(election, estimate(election, read_polls(table, election), None), draws=4_000)


def _over_time(folder: Path, language: str) -> str:
    """The page of the last of three days, with those before it and how they came out."""
    config = write_made_election(folder / "12 days", 12, odd=False, coalitions=2, polls=8)
    kept = folder / "archive"
    days = ("2024-04-01", "2024-04-20", "2024-05-01")
    for day in days if not kept.exists() else ():
        assert main(["run", str(config), "--as-of", day, "-n", "2048", "-q", "-o", str(kept / day)]) == 0
    votes = folder / "votes.csv"
    lines = [*(f"p{k},{int(1e6 * 0.8**k)}" for k in range(12)), "against,50000"]
    votes.write_text("\n".join(["party,votes", *lines]) + "\n", encoding="utf-8")
    archive = read_archive(kept)
    return page(load(kept / days[-1]), language, archive=archive, record=record_of(archive, votes))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by what they are of."""
    folder = tmp_path_factory.mktemp("pages")
    forecasts = {"germany": _germany(), "districts": in_districts(), "kazakhstan": kazakhstan()}
    for parties in (2, 12, 25):
        made = made_forecast(folder / f"{parties}", parties, draws=4_000, coalitions=2)
        forecasts[f"{parties} parties"] = made
    written = {}
    for name, forecast in forecasts.items():
        for language in languages() if name in ("kazakhstan", "germany") else ("en",):
            file = folder / f"{name}-{language}.html"
            file.write_text(page(forecast, language), encoding="utf-8")
            written[f"{name}, {language}"] = file
    (folder / "mapped").mkdir()
    written["map"] = folder / "map.html"
    written["map"].write_text(page(forecast_with_map(folder / "mapped", list(DISTRICTS))), encoding="utf-8")
    for language in languages():
        written[f"over time, {language}"] = folder / f"over-time-{language}.html"
        written[f"over time, {language}"].write_text(_over_time(folder, language), encoding="utf-8")
    for panel in PANELS:
        file = folder / f"{panel}.html"
        file.write_text(page(forecasts["germany"], panel=panel), encoding="utf-8")
        written[f"panel {panel}"] = file
    return written


@pytest.mark.parametrize("width", WIDTHS)
def test_no_label_overlaps_or_is_cut_off(browser: Any, pages: dict[str, Path], width: int) -> None:
    faults: list[str] = []
    tab = browser.new_page(viewport={"width": width, "height": SCREEN})
    tab.on("console", lambda message: faults.append(message.text))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    for name, file in pages.items():
        tab.goto(file.as_uri())
        high = tab.evaluate("document.documentElement.scrollHeight")
        if width == 390 and high > MOST_SCREENS * SCREEN:
            faults.append(f"{name}: {high / SCREEN:.1f} screens")
        tab.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        faults += [f"{name} at {width}: {fault}" for fault in tab.evaluate(FAULTS)]
        across = tab.evaluate("document.documentElement.scrollWidth")
        if across > width:
            faults.append(f"{name}: {across} px wide at {width}")
        level = tab.locator("#level")
        if level.count():
            level.fill("1")
            faults += [f"{name} at {width}, low level: {fault}" for fault in tab.evaluate(FAULTS)]
    tab.close()
    assert not faults, "\n".join(faults)


def test_the_measure_finds_labels_that_overlap_and_labels_that_are_cut(browser: Any) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": SCREEN})
    text = "<text x='{}' y='40'>{}</text>"
    both = text.format(10, "one label") + text.format(30, "another") + text.format(95, "a long one")
    tab.set_content(f"<figure id='f'><svg width='110' height='60'>{both}</svg></figure>")
    found = tab.evaluate(FAULTS)
    assert "f: one label and another overlap" in found
    assert "f: a long one is cut off" in found
    tab.close()


def test_a_single_part_holds_its_part_alone(browser: Any, pages: dict[str, Path]) -> None:
    tab = browser.new_page(viewport={"width": 600, "height": SCREEN})
    tab.goto(pages["panel seats"].as_uri())
    assert tab.locator("#distributions svg").count() == 1
    assert tab.locator("figure").count() == 1
    assert tab.locator("#level").count() == 0
    tab.close()


SHEET = (688, 1017)
"""A sheet of A4 without its margins of 14 mm, in pixels."""


@pytest.mark.parametrize("name", ["kazakhstan, en", "germany, ru", "districts, en", "over time, kk"])
def test_the_last_sheet_on_paper_holds_the_rule_and_what_the_numbers_rest_on(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    tab = browser.new_page(viewport={"width": SHEET[0], "height": SHEET[1]})
    tab.goto(pages[name].as_uri())
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    high = tab.locator(".end").evaluate("part => part.getBoundingClientRect().height")
    assert 0.2 * SHEET[1] < high < SHEET[1]  # it is never broken: the last sheet has all of it
    assert tab.locator(".end").evaluate("part => getComputedStyle(part).breakInside") == "avoid"
    assert tab.locator("details.long").first.is_hidden() or not tab.locator("details.long").count()
    assert tab.evaluate("document.documentElement.scrollWidth") <= SHEET[0]
    tab.close()


def test_smallest_majorities_beyond_the_first_can_be_opened(browser: Any, pages: dict[str, Path]) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": SCREEN})
    tab.goto(pages["25 parties, en"].as_uri())
    tab.locator("#level").fill("0")
    more = tab.locator("#smallest details")
    assert more.count() == 1
    number = int(more.locator("summary").inner_text().split()[0])
    assert more.locator("li").count() == number > 0
    assert not more.locator("li").first.is_visible()
    more.locator("summary").click()
    assert more.locator("li").first.is_visible()
    tab.close()
