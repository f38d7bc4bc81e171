"""The page as text: whole, self-contained, escaped, and with the numbers of the tables."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from forecast.charts import chart_of, charts_of
from forecast.election import load_election
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.storage import with_sources
from forecast.sweeps.slider import count_majorities, slide
from forecast.tables import table_of, tables_of
from forecast.tables.exporting import exported
from tests.forecasts import CONFIG
from tests.made import ODD_NAMES, made_forecast, write_made_election
from tests.page_data import given, rows_of

NEW_ZEALAND = Path(__file__).parents[2] / "configs" / "new-zealand-2023.toml"


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
    return slide(forecast, draws=4_096)


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Forecast:
    return made_forecast(tmp_path_factory.mktemp("sixty"), 60, odd=True, draws=4_096)


@pytest.fixture(scope="module")
def text(forecast: Forecast) -> str:
    return page(forecast)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_names_no_other_file(text: str) -> None:
    tags = _Tags()
    tags.feed(text)
    for tag, attrs in tags.seen:
        assert attrs.get("src") is None
        if tag != "a":
            assert (attrs.get("href") or "data:").startswith("data:")
    assert len(text.encode()) < 3_000_000


def test_names_are_text_wherever_they_stand(text: str) -> None:
    assert ODD_NAMES[1] not in text
    assert "&lt;script&gt;alert(" in text
    assert ODD_NAMES[2] in text
    assert "🎉" in text
    assert len(re.findall(r"<script[ >]", text)) == 4


def test_the_data_of_the_script_are_the_numbers_of_the_forecast(forecast: Forecast, text: str) -> None:
    data = given(text)
    crossings = rows_of(data, data["law"]["charts"]["crossings"]["data"][0]["parties"])
    shown = {row["party"]: row["chance"] for row in crossings if "chance" in row}
    chances = dict(zip(forecast.parties, forecast.array("pass_probability").tolist(), strict=True))
    assert len(shown) >= 7
    for party, chance in shown.items():
        assert chance == pytest.approx(chances[party], rel=1e-5)
    marks = rows_of(data, data["law"]["charts"]["distributions"]["data"][0]["median"])
    medians = dict(zip(forecast.parties, forecast.array("seat_quantile")[:, 3].tolist(), strict=True))
    assert len(marks) >= 5
    assert {row["party"]: row["seats"] for row in marks} == {
        row["party"]: medians[row["party"]] for row in marks
    }
    cells = [row["majority_probability"] for row in forecast.rows("coalition")]
    assert len(data["law"]["cells"]["coalitions"]) == len(cells)
    assert len(data["places"]) == len(data["levels"]) * len(data["methods"])


def test_the_trend_of_the_page_is_that_of_the_forecast(forecast: Forecast, text: str) -> None:
    data = given(text)
    days = forecast.array("trend/day").astype("datetime64[D]").astype(str).tolist()
    places = {name: k for k, name in enumerate(forecast.names("party_name"))}
    compared = 0
    for panel in data["law"]["trends"]:
        for row in rows_of(data, panel["data"]["trend"]):
            at = days.index(row["day"]), places[panel["name"]]
            for name, path in (("low", "share_low80"), ("share", "share"), ("high", "share_high80")):
                assert row[name] == pytest.approx(float(forecast.array(f"trend/{path}")[at]), rel=1e-5)
                compared += 1
    assert compared > 100


def test_the_page_shows_house_effects_and_calibration_as_the_tables_do(forecast: Forecast, text: str) -> None:
    cells = re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", text)
    for name, column in (("houses", 3), ("calibration", 2)):
        texts = [row[column] for row in table_of(forecast, name).texts()]
        assert texts
        assert set(texts) <= set(cells)


@pytest.mark.parametrize(("parties", "draws"), [(60, 512), (7, 1)])
def test_sixty_parties_and_a_single_draw_make_whole_pages(parties: int, draws: int, tmp_path: Path) -> None:
    made = made_forecast(tmp_path, parties, odd=True, draws=draws)
    text = page(made)
    assert len(re.findall(r'<td class="passes" data-cell="passes">', text)) == parties + 1
    assert ODD_NAMES[1] not in text
    if draws == 1:
        passes = re.findall(r'<td class="passes" data-cell="passes">([^<]*)<', text)
        assert set(passes) == {"?", "–"}


def test_one_draw_finds_nothing(tmp_path: Path) -> None:
    made = made_forecast(tmp_path, 7, draws=1)
    text = page(made)
    title = re.search(r"<h1[^>]*>(.*?)</h1>", text)
    assert title is not None
    assert title.group(1) == "1 simulated election: too few to tell what happens"
    for word in ("almost sure", "likely", "four of five", "of 100 simulations<"):
        assert word not in text.partition("<main")[0]
    for name in charts_of(made):
        said = chart_of(made, name).rendered("svg").decode()
        if name in ("entering", "seats", "coalitions", "parliament"):
            assert "too few to tell" in said, name


def test_draws_without_polls_make_a_whole_page_and_tables_and_charts_but_those_of_polls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from forecast.cli.main import main

    shares = np.random.default_rng(3).dirichlet(np.array([54, 11, 9, 8, 7, 5, 3, 4.0]), 500)
    ids = "amanat,auyl,respublica,aqjol,qhp,osdp,baytaq,against-all"
    lines = [ids, *(",".join(f"{share:.6f}" for share in row) for row in shares)]
    (tmp_path / "draws.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = str(tmp_path / "out")
    assert main(["run", str(CONFIG), "--share-draws", str(tmp_path / "draws.csv"), "-q", "-o", out]) == 0
    assert main(["report", out, "-q"]) == 0
    assert main(["tables", out, "-q", "-o", str(tmp_path / "tables.html")]) == 0
    capsys.readouterr()
    assert main(["charts", out]) == 0
    said = capsys.readouterr()
    assert "no chart 'polls': the forecast does not hold what it shows" in said.err
    assert "seats.svg" in said.out
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="polls"' not in text
    assert "500 simulated elections (votes drawn elsewhere)" in text
    assert "What was known by" not in text.partition("<script")[0]
    no_polls = main(["run", str(CONFIG), "--set", "election.polls=none.csv"])
    assert no_polls == 3
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["entering", "shares", "seats", "coalitions", "parliament", "polls", "thresholds", "calibration"],
)
def test_sixty_parties_fit_into_every_chart(name: str, sixty: Forecast) -> None:
    svg = chart_of(sixty, name).rendered("svg").decode()
    ElementTree.fromstring(svg)
    assert "<script" not in svg
    size = re.search(r'<svg[^>]* width="([\d.]+)"[^>]* height="([\d.]+)"', svg)
    assert size is not None
    assert float(size.group(1)) < 800
    assert float(size.group(2)) < 2_400
    letters = [float(found) for found in re.findall(r'font-size="([\d.]+)px"', svg)]
    assert min(letters) >= 10


def test_sixty_parties_fit_into_every_table(sixty: Forecast) -> None:
    for table in tables_of(sixty):
        for form in ("html", "md", "latex", "json"):
            assert ODD_NAMES[1] not in exported([table], form).decode() or form == "json"
    assert len(table_of(sixty, "parties").rows) == 61
    written = exported(tables_of(sixty), "xlsx")
    assert len(written) > 10_000


def test_a_forecast_without_other_rules_makes_a_page_that_says_so(forecast: Forecast) -> None:
    estimate_of_it = forecast.groups["estimate"].drop_vars("squared_scale")
    bare = Forecast({**forecast.groups, "estimate": estimate_of_it})
    assert "holds no other thresholds" in page(bare)


def test_the_law_among_the_other_rules_agrees_with_the_forecast_within_its_error(
    forecast: Forecast, slid: Forecast
) -> None:
    # Five standard errors of 4,096 plain draws; quasi-random ones err less.
    # Chance of a false alarm: under 1e-4.
    (at,) = np.argwhere(slid.array("rules/is_base_rule"))
    passes, wanted = slid.array("pass_probability")[tuple(at)], forecast.array("pass_probability")
    assert np.all(np.abs(passes - wanted) <= 5 * np.sqrt(0.25 / 4_096))


def test_the_seats_under_every_other_rule_fill_the_house(slid: Forecast) -> None:
    assert np.allclose(slid.array("seat_mean").sum(-1), slid.house)
    assert (slid.array("representative_seats").sum(-1) == slid.house).all()
    assert np.allclose(slid.array("seat_probability").sum(-1), 1.0)


def test_more_pass_under_a_lower_threshold(slid: Forecast) -> None:
    assert (np.diff(slid.array("pass_probability"), axis=0) <= 0).all()


def test_a_house_that_grows_is_counted_as_large_as_it_is_under_every_rule() -> None:
    election = load_election(NEW_ZEALAND, ["tiers=", "parties.maori.direct_seats=6"])
    table = election.election.polls
    assert table is not None
    estimated = estimate(election, read_polls(table, election), None)
    found = slide(simulate(election, estimated, draws=4_096), draws=2_048)
    assert np.allclose(np.nansum(found.array("seat_probability"), axis=-1)[..., 0], 1.0)
    mean = np.nansum(found.array("seat_mean"), axis=-1)
    assert mean.min() >= election.rule.seats
    assert mean.max() > election.rule.seats
    assert found.house > election.rule.seats
    assert (found.array("unsaved/coalition_majority")[..., -1] == 1.0).all()


def test_majorities_of_all_coalitions_are_those_of_a_plain_count() -> None:
    seats = np.random.default_rng(1).integers(0, 40, (5, 200)).astype(np.int16)
    counted = count_majorities(seats, np.full(seats.shape[1], 50, np.int16))
    for mask in range(2**5):
        members = [k for k in range(5) if mask >> k & 1]
        assert counted[mask] == (seats[members].sum(0) > 50).sum()


def test_the_command_writes_the_page_beside_the_forecast(
    forecast: Forecast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from forecast.cli.main import main
    from forecast.storage import save

    save(forecast, tmp_path / "forecast.nc")
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "report.html")
    assert "<!DOCTYPE html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
