"""``forecast polls``, ``forecast init --polls`` and ``forecast check --strict``."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from forecast.cli.main import main
from forecast.election import load_election
from forecast.polls import polls_of, read_polls

Printed = pytest.CaptureFixture[str]
TABLE = """Company,PublDate,Urval,Röda,Blå,Gröna,Övriga,Vet ej,Lead
Novus,2026-08-17,"1,600[a]",34.0,41.0,20.0,5.0,12.0,7
Ipsos,2026-08-10,~1500,35.0,40.0,21.0,4.0,11.0,5
Sifo,2026-08-03,,33.5,41.5,20.0,5.0,10.0,8
Party congress,,,,,,,,
Ipsos,2006-08-10,1500,35.0,40.0,21.0,4.0,11.0,5
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = Path("polls.csv")
    file.write_text(TABLE, encoding="utf-8")
    return file


def test_what_is_understood_is_shown_column_by_column(table: Path, capsys: Printed) -> None:
    assert main(["polls", str(table)]) == 0
    printed = capsys.readouterr()
    lines = [" ".join(line.split()) for line in printed.out.splitlines()]
    assert "Company pollster such as Novus" in lines
    assert "PublDate day of publication such as 2026-08-17" in lines
    assert "Urval number of respondents such as 1,600[a]" in lines
    assert "Övriga other such as 5.0" in lines
    assert "Vet ej undecided such as 12.0" in lines
    assert "[polls]" in lines
    assert 'undecided = "beside"' in lines
    assert any(line.startswith("1 row passed over: an event") for line in lines)


def test_the_settings_that_are_shown_read_the_table(table: Path, capsys: Printed) -> None:
    assert main(["polls", str(table), "-q"]) == 0
    shown = capsys.readouterr().out
    text = shown[shown.index("[polls]") :]
    written = tomllib.loads(text)
    assert [party["name"] for party in written["parties"]] == ["Blå", "Röda", "Gröna"]
    Path("e.toml").write_text(
        '[election]\nid = "e"\nname = "E"\ndate = 2026-09-13\npolls = "polls.csv"\n\n'
        f'{text}\n[rule]\nseats = 100\nallocation = {{ method = "dhondt" }}\n',
        encoding="utf-8",
    )
    polls = polls_of(load_election(Path("e.toml")))
    assert len(polls) == 3
    assert polls.polls["undecided_beside"].tolist() == [True] * 3


def test_a_table_is_made_tidy_and_the_tidy_table_reads_the_same(table: Path, capsys: Printed) -> None:
    Path("e.toml").write_text(
        '[election]\nid = "e"\nname = "E"\ndate = 2026-09-13\npolls = "polls.csv"\n'
        + "".join(f'[[parties]]\nid = "{name.lower()}"\nname = "{local}"\n' for name, local in
                  (("Red", "Röda"), ("Blue", "Blå"), ("Green", "Gröna")))
        + '[rule]\nseats = 100\nallocation = { method = "dhondt" }\n',
        encoding="utf-8",
    )  # fmt: skip
    assert main(["polls", "e.toml", "-o", "tidy.csv"]) == 0
    assert "wrote tidy.csv" in capsys.readouterr().err
    election = load_election(Path("e.toml"))
    one, other = read_polls(table, election), read_polls(Path("tidy.csv"), election)
    assert len(one) == len(other) == 3
    assert one.shares.equals(other.shares)
    assert one.polls["sample_size"].equals(other.polls["sample_size"])


def test_what_is_understood_speaks_to_programs(table: Path, capsys: Printed) -> None:
    assert main(["polls", str(table), "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["polls"] == 4  # no election is known: no poll is of long ago
    assert {column["name"] for column in found["columns"]} >= {"Company", "Urval", "Lead"}
    assert found["settings"].startswith("[polls]")


def test_a_table_that_cannot_be_read_shows_its_columns_first(table: Path, capsys: Printed) -> None:
    table.write_text("Company,Red,Blue\nNovus,34,x\n", encoding="utf-8")
    assert main(["polls", str(table)]) == 3
    printed = capsys.readouterr()
    assert "Company" in printed.out
    assert "fieldwork_end" in printed.err


def test_an_election_file_is_started_from_a_table_of_polls(table: Path, capsys: Printed) -> None:
    assert main(["init", "--country", "Sweden", "--polls", str(table), "--date", "2026-09-13"]) == 0
    file = Path("sweden.toml")
    election = load_election(file)
    assert [party.name for party in election.parties] == ["Blå", "Röda", "Gröna"]
    assert len(polls_of(election)) == 3
    capsys.readouterr()
    assert main(["check", str(file)]) == 0
    assert main(["init", "--country", "X", "--polls", str(table)]) == 2
    assert "--date 2030-01-06" in capsys.readouterr().err
    assert main(["init", "--country", "Y", "--date", "soon"]) == 2
    assert not Path("x.toml").exists()


def test_small_parties_of_a_table_are_counted_under_other_in_the_file_that_is_started(
    table: Path, capsys: Printed
) -> None:
    table.write_text(
        "Company,date,Red,Blue,Tiny\nNovus,2026-08-17,59.7,40,0.3\nSifo,2026-08-10,60,39.8,0.2\n"
    )
    assert main(["init", "--country", "Z", "--polls", str(table), "--date", "2026-09-13"]) == 0
    election = load_election(Path("z.toml"))
    assert [party.name for party in election.parties] == ["Red", "Blue"]
    assert polls_of(election).shares["other"].iloc[0] == pytest.approx(0.003)
    capsys.readouterr()


def test_strict_refuses_what_is_doubted(table: Path, capsys: Printed) -> None:
    rows = "Novus,2026-08-17,1600,34,41,20\nIpsos,2026-08-10,1500,35,40,2.1\nSifo,2026-08-03,1500,33,41,20\n"
    table.write_text(f"Company,PublDate,n,Red,Blue,Green\n{rows}", encoding="utf-8")
    assert main(["init", "--polls", str(table), "--date", "2026-09-13", "-q"]) == 0
    assert main(["check", "ruritania.toml"]) == 0
    printed = capsys.readouterr()
    assert "warning: row 3 (Ipsos, 2026-08-10): Green at 2.1 %" in printed.err
    assert main(["check", "ruritania.toml", "--strict"]) == 3
    assert "Green at 2.1 %" in capsys.readouterr().err


def test_what_is_said_of_polls_is_in_the_run_its_tables_and_its_page(table: Path, capsys: Printed) -> None:
    """In whole words: names of parties, not their ids."""
    rows = "Novus,2026-08-17,1600,34,41,20\nIpsos,2026-08-10,1500,35,40,2.1\nSifo,2026-08-03,1500,33,41,20\n"
    table.write_text(f"Company,PublDate,n,Die Röda,Blue,Green List\n{rows}", encoding="utf-8")
    assert main(["init", "--polls", str(table), "--date", "2026-09-13", "-q"]) == 0
    assert main(["run", "ruritania.toml", "-n", "256", "-o", "out"]) == 0
    printed = capsys.readouterr()
    said = "row 3 (Ipsos, 2026-08-10): Green List at 2.1 %"
    assert main(["report", "out", "-q"]) == 0
    assert f"Mind: {said}" in " ".join(printed.out.split())
    assert any(said in warning for warning in json.loads(Path("out/run.json").read_text("utf-8"))["warnings"])
    assert said in Path("out/report.html").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert said in Path("out/tables/run.csv").read_text(encoding="utf-8")
