"""The page in a real browser: no request, no error, the numbers of the forecast, usable by all."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import load_election
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.storage import with_sources
from forecast.sweeps.slider import slide
from forecast.words.facts import Facts
from forecast.words.rounding import points
from tests.forecasts import kazakhstan
from tests.made import write_made_election
from tests.nights import of_a_night

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Forecast:
    config = write_made_election(tmp_path_factory.mktemp("made"), 7, odd=True, coalitions=3, polls=8)
    election = load_election(config)
    table = election.election.polls
    assert table is not None
    estimated = estimate(election, read_polls(table, election), None)
    return with_sources(simulate(election, estimated, draws=20_000), election, config)


@pytest.fixture(scope="module")
def slid(forecast: Forecast) -> Forecast:
    """Other rules, as the page has them."""
    return slide(forecast)


@pytest.fixture(scope="module")
def file(forecast: Forecast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page") / "page.html"
    made.write_text(page(forecast), encoding="utf-8")
    return made


@pytest.fixture
def opened(tab: Any, file: Path) -> Any:
    """The page at 1280 px."""
    return _opened(tab, file, 1280)


def _opened(tab: Any, file: Path, width: int) -> Any:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(file.as_uri())
    return tab


def test_it_opens_from_disk_without_requests_or_errors(opened: Any, file: Path) -> None:
    opened.locator("#level").fill("3")
    opened.wait_for_timeout(100)
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith("data:")] == [file.as_uri()]


def test_the_slider_at_seven_percent_shows_what_the_forecast_holds_for_it(
    opened: Any, slid: Forecast
) -> None:
    tab = opened
    data = slid.dataset
    at = int(np.argmin(np.abs(data["threshold"].values - 0.07)))
    tab.locator("#level").fill(str(at))
    tab.locator("#method").select_option("1")
    assert tab.inner_text("#level-text") == "7 %"
    assert str(data["method"].values[1]) == "hare"
    shown = {
        row.locator("th").inner_text().split("\n")[0]: row.locator("[data-cell=seats]").inner_text()
        for row in tab.locator("#parties tbody tr").all()
    }
    middle = data["quantile_level"].values.tolist().index(0.5)
    for k, name in enumerate(data["party_name"].values):
        if str(data["party_kind"].values[k]) == "none-of-the-above":
            continue
        assert shown[str(name)] == str(int(data["seat_quantile"].values[at, 1, k, middle]))
    assert "not the law" in tab.inner_text("#status")
    tab.locator("#reset").click()
    assert "law as it stands" in tab.inner_text("#status")


def test_coalitions_clicked_together_have_the_number_of_the_table(
    opened: Any, forecast: Forecast, slid: Forecast
) -> None:
    tab = opened
    ids = slid.names("unsaved/member")
    for c, members in enumerate(forecast.dataset["coalition_parties"].values):
        for party in str(members).split("\n"):
            tab.locator(f"#party-{ids.index(party)}").check()
        wanted = tab.locator("#coalitions tbody tr").nth(c).locator("[data-cell=majority]").inner_text()
        assert f" {wanted} " in tab.inner_text("#built")
        for party in str(members).split("\n"):
            tab.locator(f"#party-{ids.index(party)}").uncheck()


def test_any_other_coalition_has_the_count_of_its_subset(opened: Any, slid: Forecast) -> None:
    tab = opened
    law = np.argwhere(slid.array("rules/is_base_rule"))[0].tolist()
    for bit in (0, 1, 2):
        tab.locator(f"#party-{bit}").check()
    chance = float(tab.locator("#built").get_attribute("data-chance"))
    assert chance == pytest.approx(float(slid.array("unsaved/coalition_majority")[(*law, 0b111)]), abs=1e-4)


def test_what_is_chosen_stands_in_the_address_and_comes_back_from_it(browser: Any, file: Path) -> None:
    tab = browser.new_page()
    tab.goto(file.as_uri())
    assert "#" not in tab.url
    tab.locator("#level").fill("3")
    tab.locator("#method").select_option("1")
    tab.locator("#party-0").check()
    tab.locator("#party-2").check()
    shown = [tab.inner_text(f"#{part}") for part in ("level-text", "status", "built", "parties")]
    address = tab.url
    assert "level=" in address
    assert "method=hare" in address
    assert "with=" in address
    again = browser.new_page()
    again.goto(address)
    assert [again.inner_text(f"#{part}") for part in ("level-text", "status", "built", "parties")] == shown
    again.goto(file.as_uri() + "#level=none&method=none&with=nobody")
    again.reload()
    assert "law as it stands" in again.inner_text("#status")
    assert again.inner_text("#built") == "No party chosen."
    tab.close()
    again.close()


def test_the_headline_follows_the_slider_and_agrees_with_the_dots(opened: Any) -> None:
    tab = opened
    said = set()
    for level in ("0", "8", "18"):
        tab.locator("#level").fill(level)
        headline, dots = tab.inner_text("h1"), tab.inner_text("#hundred-said")
        chance = tab.locator("#coalitions [data-cell=majority]").first.inner_text()
        assert f"({chance})" in headline.replace("\u00a0", " ")
        number = re.search(r"in (more than |fewer than )?(\d+) of 100", dots)
        assert number is not None
        assert abs(float(number.group(2)) - float(chance.strip("<>% \u00a0"))) <= 1.0
        filled = tab.locator("#hundred path[fill='#1f4e79']").count()
        assert abs(filled - int(number.group(2))) <= (1 if number.group(1) else 0)
        said.add(headline)
    assert len(said) > 1


def test_the_keyboard_reaches_and_moves_the_slider(opened: Any) -> None:
    tab = opened
    before = tab.inner_text("#level-text")
    tab.locator("#level").focus()
    tab.keyboard.press("ArrowRight")
    assert tab.inner_text("#level-text") != before


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_runs_out_of_the_window(tab: Any, file: Path, width: int, tmp_path: Path) -> None:
    _opened(tab, file, width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(path=tmp_path / f"{width}.png", full_page=True)


def test_it_prints(opened: Any) -> None:
    assert opened.pdf(format="A4").startswith(b"%PDF")


@pytest.fixture(scope="module")
def axe() -> Any:
    return pytest.importorskip("axe_playwright_python.sync_playwright").Axe()


def _serious(axe: Any, tab: Any) -> list[str]:
    # Every rule is applied; of what passes only that it does is told.
    found = axe.run(tab, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {[node['target'] for node in fault['nodes']][:3]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def _unfold(tab: Any) -> None:
    tab.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")


@pytest.fixture(scope="module")
def exit_polls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose polls are all of one day."""
    made = tmp_path_factory.mktemp("exit") / "exit.html"
    made.write_text(page(kazakhstan()), encoding="utf-8")
    return made


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("one_day", [False, True], ids=["polls over months", "polls of one day"])
def test_axe_finds_nothing_serious_whatever_is_chosen(
    tab: Any, file: Path, exit_polls: Path, axe: Any, width: int, one_day: bool
) -> None:
    _opened(tab, exit_polls if one_day else file, width)
    assert _serious(axe, tab) == []
    _unfold(tab)
    if not one_day:
        tab.locator("#level").fill("18")
        tab.locator("#method").select_option("2")
        for bit in (0, 2, 3):
            tab.locator(f"#party-{bit}").check()
    assert _serious(axe, tab) == []


def test_the_smallest_majorities_are_those_of_the_stored_subsets(opened: Any, slid: Forecast) -> None:
    tab = opened
    data = slid.dataset
    at = int(np.argmin(np.abs(data["threshold"].values - 0.09)))
    tab.locator("#level").fill(str(at))
    tab.locator("#method").select_option("1")
    wins = slid.array("unsaved/coalition_majority")[at, 1] >= 0.5
    bits = range(len(slid.names("unsaved/member")))
    smallest = [
        mask
        for mask in range(len(wins))
        if wins[mask] and not any(wins[mask - 2**bit] for bit in bits if mask & 2**bit)
    ]
    shown = tab.locator("#smallest li").all_inner_texts()
    names = dict(zip(map(str, data["party"].values), map(str, data["party_name"].values), strict=True))
    ids = slid.names("unsaved/member")
    wanted = {frozenset(names[ids[bit]] for bit in bits if mask & 2**bit) for mask in smallest}
    assert 0 < len(wanted) <= 12
    assert {frozenset(text.rpartition(": ")[0].split(" + ")) for text in shown} == wanted
    # Coalitions of the table rest on all draws of the slider, the others on those whose subsets are kept.
    kept = float(slid.array("unsaved/coalition_draws")[at, 1])
    errors = {points(0.5 / kept**0.5), points(Facts(slid).chances_error)}
    assert {text.rpartition("(± ")[2].rstrip(")") for text in shown} <= errors


def test_seats_by_threshold_and_the_hundred_follow_the_method(opened: Any, slid: Forecast) -> None:
    tab = opened
    data = slid.dataset
    middle = data["quantile_level"].values.tolist().index(0.5)
    name = str(data["party_name"].values[0])
    for method in (0, 2):
        tab.locator("#method").select_option(str(method))
        said = tab.locator("#thresholds [role=img]").first.get_attribute("aria-label")
        medians = data["seat_quantile"].values[:, method, 0, middle].astype(int)
        assert said.startswith(f"{name}. Seats: {medians[0]} (0 %)")
        assert said.endswith(f"{medians[-1]} (10 %)")
        wanted = tab.locator("#coalitions [data-cell=majority]").first.inner_text()
        dots = tab.locator("#hundred path[fill='#1f4e79']").count()
        assert abs(dots - float(wanted.strip("<>% ").rstrip("\u00a0"))) <= 1.0


def test_on_paper_details_are_open_and_bars_keep_their_ink(opened: Any) -> None:
    tab = opened
    closed = tab.locator("details:not([open])").count()
    assert closed > 0
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    tab.emulate_media(media="print")
    assert tab.locator("#crossings").evaluate("part => getComputedStyle(part).printColorAdjust") == "exact"
    assert not tab.locator("#builder").is_visible()
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details:not([open])").count() == closed


@pytest.fixture(scope="module", params=["en", "kk"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a night, in a language."""
    made = tmp_path_factory.mktemp("night") / f"{request.param}.html"
    made.write_text(page(of_a_night(districts=True), request.param), encoding="utf-8")
    return made


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_a_night_is_usable_by_all(tab: Any, axe: Any, night: Path, width: int) -> None:
    """Drawn without an error, within the window, its lines as many as it tells; nothing serious for axe."""
    _opened(tab, night, width)
    tab.wait_for_selector("#evening_seats svg")
    assert tab.complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("#evening_chances svg").count() >= 1
    assert re.search(r"\d\d:\d\d", tab.inner_text("#page-time"))
    _unfold(tab)
    assert _serious(axe, tab) == []


def test_an_estimate_that_is_old_says_so_when_the_page_is_opened(tab: Any, tmp_path: Path) -> None:
    """By the clock of the reader; a rehearsal and a complete count never do."""
    forecast = of_a_night()
    seen = {}
    for minutes, rehearsal in ((5, "0"), (45, "0"), (45, "1")):
        made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
        told = forecast.with_attrs(night_estimate_time=made.isoformat(), night_rehearsal=rehearsal)
        file = tmp_path / "night.html"
        file.write_text(page(told), encoding="utf-8")
        tab.goto(file.as_uri())
        seen[minutes, rehearsal] = tab.inner_text("#night-old") if tab.is_visible("#night-old") else ""
    assert seen[5, "0"] == seen[45, "1"] == ""
    assert seen[45, "0"] == "This estimate is 45 minutes old. Newer results may be in."
