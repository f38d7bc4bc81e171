"""``forecast check`` and ``forecast init``."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from forecast.cli.main import main
from forecast.election import load_election

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def copied(tmp_path: Path, kazakhstan: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Kazakh election file and its tables in a folder of their own, which is the current one."""
    for file in kazakhstan.parent.glob("kazakhstan-2023*"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / kazakhstan.name


def test_the_kazakh_files_have_nothing_wrong(kazakhstan: Path, capsys: Printed) -> None:
    assert main(["check", str(kazakhstan)]) == 0
    printed = capsys.readouterr()
    assert "69 seats are handed out." in printed.out
    assert "A list takes part with at least 5% of the valid votes" in printed.out
    assert "3 exit polls are among them" in printed.out
    assert f"next: forecast run {kazakhstan}" in printed.err


def test_as_of_counts_what_was_known_then(kazakhstan: Path, capsys: Printed) -> None:
    assert main(["check", str(kazakhstan), "--as-of", "2023-03-15", "-q"]) == 0
    printed = capsys.readouterr()
    assert "2023-03-15: " in printed.out
    assert "exit polls are among them" not in printed.out
    assert all(line.startswith("warning: ") for line in printed.err.splitlines())


def test_a_day_before_all_polls_is_refused(kazakhstan: Path, capsys: Printed) -> None:
    assert main(["check", str(kazakhstan), "--as-of", "2020-01-01"]) == 3
    printed = capsys.readouterr()
    assert "no national poll is known by 2020-01-01" in printed.err
    assert printed.out == ""


def test_faults_of_the_file_and_of_its_polls_are_said_together(copied: Path, capsys: Printed) -> None:
    copied.write_text(
        copied.read_text(encoding="utf-8").replace('level = "5%"', "level = 5"), encoding="utf-8"
    )
    polls = Path("kazakhstan-2023-polls.csv")
    polls.write_text(polls.read_text(encoding="utf-8").replace("baytaq", "baitaqq", 1), encoding="utf-8")
    assert main(["check", copied.name]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        'kazakhstan-2023.toml: rule.threshold.level = 5: a share lies between 0 and 1; did you mean "5%"?'
    )
    assert any(line.startswith("kazakhstan-2023-polls.csv: column baitaqq") for line in said[1:])


def test_faults_of_the_polls_alone_have_their_own_code(copied: Path, capsys: Printed) -> None:
    polls = Path("kazakhstan-2023-polls.csv")
    polls.write_text(polls.read_text(encoding="utf-8").replace("2023-01", "2032-01"), encoding="utf-8")
    assert main(["check", copied.name]) == 3
    assert "2032-01" in capsys.readouterr().err


def test_a_missing_poll_table_is_named(copied: Path, capsys: Printed) -> None:
    assert main(["check", copied.name, "--set", "election.polls=kazakhstan-2023-pols.csv"]) == 3
    assert "kazakhstan-2023-pols.csv: " in capsys.readouterr().err


def test_a_missing_election_file_names_the_nearest(copied: Path, capsys: Printed) -> None:
    assert main(["check", "kazakstan-2023.toml"]) == 2
    assert capsys.readouterr().err == (
        "kazakstan-2023.toml: no such file; did you mean 'kazakhstan-2023.toml'?\n"
    )


@pytest.mark.parametrize(
    "country", ["Ruritania", "Côte d'Ivoire", 'A "quoted" \\ name', "Қазақстан", "🇰🇿", ""]
)
def test_an_election_file_to_start_from_passes_its_own_check(
    country: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--country", country]) == 0
    (written,) = tmp_path.iterdir()
    assert f"wrote {written.name}" in capsys.readouterr().err
    assert main(["check", written.name]) == 0
    assert load_election(written).rule.seats == 100


def test_init_never_replaces_a_file_unless_told_to(tmp_path: Path, capsys: Printed) -> None:
    file = tmp_path / "land.toml"
    file.write_text("mine", encoding="utf-8")
    assert main(["init", str(file)]) == 2
    assert "choose another name, or replace it with --force" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "mine"
    assert main(["init", str(file), "--force", "--country", "Land"]) == 0
    assert load_election(file).election.id == "land"


def test_init_refuses_a_folder(tmp_path: Path, capsys: Printed) -> None:
    assert main(["init", str(tmp_path)]) == 2
    assert "this is a folder" in capsys.readouterr().err


def test_check_says_what_a_base_needs_for_a_forecast_and_refuses_polls_without_it(
    kazakhstan: Path, capsys: Printed
) -> None:
    settings = ["--set", "rule.threshold.base=registered", "--set", "election.turnout="]
    assert main(["check", str(kazakhstan), *settings]) == 2
    assert "election.turnout: the base 'registered' is not known from polls" in capsys.readouterr().err
    assert main(["check", str(kazakhstan), *settings, "--set", "election.polls="]) == 0
    assert "the base 'registered' needs election.turnout" in capsys.readouterr().out


def test_polls_without_the_largest_party_of_a_closed_ballot_are_refused(
    copied: Path, capsys: Printed
) -> None:
    """Amanat had 71.1 % and no poll reports it: every other party would be three times too large."""
    polls = Path("kazakhstan-2023-polls.csv")
    lines = [line for line in polls.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    at = lines[0].split(",").index("amanat")
    rows = [row for row in csv.reader(lines) if row]
    with Path("no-amanat-column.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([cell for k, cell in enumerate(row) if k != at] for row in rows)
    assert main(["check", copied.name, "--set", "election.polls=no-amanat-column.csv"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        "no-amanat-column.csv: column Amanat: no poll known by 2023-03-19 reports this party, but it was the "
        "largest at the last election (71.1%)"
    )


def test_a_factor_that_is_hardly_meant_is_said_even_where_exit_polls_leave_it_aside(
    kazakhstan: Path, capsys: Printed
) -> None:
    assert main(["check", str(kazakhstan), "--set", "estimate.context=5%"]) == 0
    assert (
        "warning: estimate.context = 0.05 is a factor, 1 for an ordinary election" in capsys.readouterr().err
    )


NOT_DRAWN: list[tuple[str, list[str], str]] = [
    (
        "kazakhstan-2023",
        ['rule.levelling={mode="level", unbalanced=3}', "rule.allocation.method=dhondt"],
        "levelling.unbalanced",
    ),
    ("kazakhstan-2023", ["rule.threshold.or_district_share=5%"], "threshold.or_district_share"),
    (
        "spain-2019-04",
        ["rule.districts.local_threshold.base=registered"],
        "districts.local_threshold.base",
    ),
    ("spain-2019-04", ["rule.districts.direct=plurality"], "districts.direct"),
    (
        "spain-2019-04",
        ['rule.threshold={level="3%", min_lists=2, runner_up_factor=0.7}'],
        "threshold.runner_up_factor",
    ),
    (
        "denmark-2015",
        ["rule.threshold.min_lists=2"],
        "threshold.or_district_seats",
    ),
    (
        "poland-2023",
        ['rule.threshold.alliances={level="10%", seats_from="3%"}', "rule.alliances.method=dhondt"],
        "threshold.alliances",
    ),
    ("norway-2021", ['rule.bonus={type="fixed", seats=2}'], "levelling.placing"),
    (
        "denmark-2015",
        ["rule.districts.method=hare", "rule.districts.leftover=levelled", "rule.districts.quota_in=region"],
        "districts.quota_in",
    ),
]


@pytest.mark.parametrize(("name", "settings", "key"), NOT_DRAWN, ids=[key for *_, key in NOT_DRAWN])
def test_what_the_core_cannot_draw_is_refused_by_check_as_by_run(
    name: str, settings: list[str], key: str, root: Path, capsys: Printed
) -> None:
    told: list[str] = []
    given = [word for setting in settings for word in ("--set", setting)]
    for command in (["check"], ["run", "--draws", "200"]):
        assert main([command[0], str(root / "configs" / f"{name}.toml"), *command[1:], *given]) == 2
        told += [line for line in capsys.readouterr().err.splitlines() if f".{key}" in line]
    checked, run = told
    assert checked == run
    assert "take its polls out and count" in checked or key == "levelling.placing"


def test_what_winners_hold_in_regions_is_not_refused_where_they_are_drawn(root: Path) -> None:
    assert main(["check", str(root / "configs" / "scotland-2011.toml")]) == 0
