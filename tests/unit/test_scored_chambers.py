"""After the vote: what forecasts said of a whole chamber, scored by a result that tells its tiers."""

from __future__ import annotations

import datetime
import shutil
from collections import Counter
from pathlib import Path

import pytest

from forecast.cli.main import main
from forecast.election import load_election
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.published.archive_of_forecasts import Archive, read_archive
from forecast.published.scored import Record, record_of
from forecast.report import page
from forecast.simulation.forecasting import simulate
from forecast.storage import load, save, with_sources
from tests.forecasts import CONFIG

OFFICIAL = "official = { amanat = 22, independents = 7 }\n"
CHANCES = """district,party,chance
North,amanat,80%
North,independents,20%
South,amanat,30%
South,independents,70%
East,amanat,90%
East,independents,10%
"""
CANDIDATES = """district,party,votes
North,amanat,600
North,independents,400
South,amanat,450
South,independents,550
East,amanat,300
East,independents,700
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The election file of 2023 before the vote (nobody knows who wins districts) and after it."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("polls", "result"):
        shutil.copy(CONFIG.parent / f"kazakhstan-2023-{name}.csv", folder)
    text = CONFIG.read_text(encoding="utf-8")
    assert OFFICIAL in text
    (folder / "after.toml").write_text(text, encoding="utf-8")
    (folder / "before.toml").write_text(text.replace(OFFICIAL, ""), encoding="utf-8")
    part = text.replace(OFFICIAL, "").replace("seats = 29\n", "seats = 3\n")
    part = part.replace("seats = { amanat = 22, independents = 7 }\n", 'chances = "chances.csv"\n')
    part = part.replace('at = { amanat = "53.7%" }', 'follows = ["amanat"]\nat = { amanat = "53.7%" }')
    (folder / "chances.csv").write_text(CHANCES, encoding="utf-8")
    (folder / "candidates.csv").write_text(CANDIDATES, encoding="utf-8")
    (folder / "contests.toml").write_text(part, encoding="utf-8")
    counted = part.replace('how = "apart"\n', 'how = "apart"\ntable = "candidates.csv"\n')
    (folder / "contests-after.toml").write_text(counted, encoding="utf-8")
    return folder


def archive_of(folder: Path, config: Path) -> Archive:
    """Two forecasts by an election file, as ``forecast run`` leaves them."""
    election = load_election(config)
    polls = polls_of(election)
    for day in ("2023-03-10", "2023-03-18"):
        made = estimate(election, polls, datetime.date.fromisoformat(day))
        forecast = with_sources(simulate(election, made, draws=2_000), election, config, ())
        (folder / day).mkdir(parents=True)
        save(forecast, folder / day / "forecast.nc")
    return read_archive(folder)


@pytest.fixture(scope="module")
def foretold(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return archive_of(tmp_path_factory.mktemp("foretold"), files / "before.toml")


def by_kind(record: Record) -> Counter[str]:
    return Counter(one.kind for one in record.statements)


def test_an_election_file_after_the_vote_scores_the_whole_chamber(foretold: Archive, files: Path) -> None:
    record = record_of(foretold, files / "after.toml")
    (official,) = record.official
    assert official.assemblies["districts"].seats == {"amanat": 22, "independents": 7}
    chamber = official.assemblies["chamber"]
    assert chamber.size == 98
    assert chamber.seats["amanat"] == official.seats["amanat"] + 22
    assert chamber.seats["independents"] == 7
    coalitions = len(foretold.past[0].forecast.array("coalition"))
    assert by_kind(record)["chamber-majority"] == by_kind(record)["chamber-two-thirds"] == 2 * coalitions
    alone = {
        one.kind: one.happened
        for one in record.statements
        if one.of == "amanat-alone" and one.as_of.day == 18
    }
    # 62 of 98 seats are a majority, and no two thirds (66).
    assert chamber.seats["amanat"] == 62
    assert alone == {"majority": True, "chamber-majority": True, "chamber-two-thirds": False}
    happened = {one.of: one.happened for one in record.statements if one.kind == "event"}
    assert happened["amanat-two-thirds-of-chamber"] is False
    held = [one for one in record.intervals if one.quantity == "chamber"]
    assert {one.party for one in held} >= {"amanat", "independents"}
    assert not [line for line in record.said if "majorities" in line]


def test_a_result_that_does_not_tell_the_tiers_names_what_is_not_scored(
    foretold: Archive, files: Path
) -> None:
    record = record_of(foretold, files / "kazakhstan-2023-result.csv")
    assert "chamber" not in record.official[0].assemblies
    kinds = by_kind(record)
    assert kinds["chamber-majority"] == kinds["chamber-two-thirds"] == 0
    # Events of the lists are scored all the same.
    assert {one.of for one in record.statements if one.kind == "event"} == {
        "osdp-enters",
        "amanat-two-thirds",
        "amanat-majority-if-osdp",
        "auyl-second",
    }
    (line,) = (line for line in record.said if line.startswith("not scored"))
    assert line.startswith("not scored, since the result does not say who won single-member districts: ")
    assert "majorities of the whole chamber" in line
    assert "Amanat holds two thirds of the chamber" in line


def test_a_table_of_votes_has_the_tiers_that_the_forecasts_knew(files: Path, tmp_path: Path) -> None:
    known = archive_of(tmp_path, files / "after.toml")
    table, file = (record_of(known, files / name) for name in ("kazakhstan-2023-result.csv", "after.toml"))
    assert table.statements == file.statements
    assert table.official[0].assemblies["chamber"] == file.official[0].assemblies["chamber"]


def test_votes_for_candidates_score_the_likeliest_winner_of_every_district(
    files: Path, tmp_path: Path
) -> None:
    archive = archive_of(tmp_path, files / "contests.toml")
    record = record_of(archive, files / "contests-after.toml")
    assert record.official[0].winners == {
        ("districts", "North"): "amanat",
        ("districts", "South"): "independents",
        ("districts", "East"): "independents",
    }
    wins = {one.of: one for one in record.statements if one.kind == "wins" and one.as_of.day == 18}
    assert {of: one.happened for of, one in wins.items()} == {
        "North/amanat": True,
        "South/independents": True,
        "East/amanat": False,
    }
    assert wins["East/amanat"].probability > 0.8
    assert wins["East/amanat"].name == "Amanat, East"
    untold = record_of(archive, files / "kazakhstan-2023-result.csv")
    assert not by_kind(untold)["wins"]
    lines = [line for line in untold.said if "no votes for candidates" in line]
    assert lines == ["not scored, since the result has no votes for candidates: Single-member districts"]


def test_a_file_of_another_election_is_refused(foretold: Archive) -> None:
    other = CONFIG.parent / "austria-2024.toml"
    with pytest.raises(ConfigurationError, match="an election file of kazakhstan-2023 is expected"):
        record_of(foretold, other)


def test_the_page_tells_it_in_the_language_of_its_readers(
    foretold: Archive, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = foretold.folder / "2023-03-18"
    out = tmp_path / "page.html"
    wanted = [
        "report",
        str(last),
        "--archive",
        str(foretold.folder),
        "--language",
        "ru",
        "-o",
        str(out),
        "-q",
    ]
    assert main([*wanted, "--result", str(files / "kazakhstan-2023-result.csv")]) == 0
    text = out.read_text(encoding="utf-8")
    assert "не оценено, потому что в результате не сказано" in text.replace("Не оценено", "не оценено")
    assert "большинство всей палаты" in text
    capsys.readouterr()
    text = page(
        load(last / "forecast.nc"), archive=foretold, record=record_of(foretold, files / "after.toml")
    )
    assert "two thirds of all seats" in text
