"""Everything that is left out of a number is said wherever the number is shown: one list, in whole words."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from forecast.cli.main import main
from forecast.election import Election, load_election
from forecast.election.notes import warnings_on
from forecast.errors import PollDataError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.grounds import lost_to_alliances, refuse_without_the_largest
from forecast.storage import load
from forecast.tables import tables_of
from forecast.tables.exporting import as_csv, as_html, as_json, as_latex, as_markdown, as_parquet

Capsys = pytest.CaptureFixture[str]
HEAD = """
[election]
id = "land"
name = "Land"
date = 2030-06-09
polls = "polls.csv"
"""
PARTIES = {
    "red": "Red Party",
    "blue": "Blue Party",
    "green": "Green & Free",
    "grey": "Grey Party",
    "pink": "Pink",
}
RULE = """
[rule]
seats = 100
[rule.threshold]
level = "5%"
[rule.allocation]
method = "hare"
"""
POLLS = """pollster,published,sample_size,scope,red,blue,green,grey
North,2030-06-01,1000,,45,30,20,
South,2030-06-02,1000,,44,31,20,
East,2030-06-03,1000,,43,32,19,1
West,2030-05-20,900,,45,31,18,
City Lab,2030-06-02,800,city:Port,20,50,20,
Old,2029-11-01,1000,,45,30,20,
"""


def write(
    folder: Path,
    *,
    head: str = HEAD,
    parties: dict[str, str] | None = None,
    polls: str = POLLS,
    rule: str = RULE,
) -> Path:
    listed = "".join(
        f'[[parties]]\nid = "{key}"\nname = "{name}"\n' for key, name in (parties or PARTIES).items()
    )
    (folder / "polls.csv").write_text(polls, encoding="utf-8")
    (folder / "land.toml").write_text(head + listed + rule, encoding="utf-8")
    return folder / "land.toml"


@pytest.fixture
def land(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path)


LEFT_OUT = (
    "1 poll of a part of the country or of some parties only: not in the mean (City Lab, row 6)",
    "1 poll over 180 days old: without weight in the mean",
    "too rarely polled to stand alone, counted under other: Grey Party",
    "reported by no poll, counted under other: Pink",
)


def test_what_an_estimate_leaves_out_is_named_in_whole_words(land: Path) -> None:
    election = load_election(land)
    warnings = estimate(election, polls_of(election)).warnings
    assert [text for text in LEFT_OUT if text not in warnings] == []
    assert not [text for text in warnings if re.search(r"\b(red|blue|green|grey|pink)\b", text)]


def test_polls_that_enter_no_mean_are_counted(tmp_path: Path) -> None:
    polls = (
        "pollster,fieldwork_end,published,sample_size,kind,red,blue,green,grey,pink\n"
        "North,2030-06-01,2030-06-02,1000,,45,30,20,3,2\nSouth,2030-06-01,2030-06-20,1000,,45,31,20,2,2\n"
        "East,2030-06-09,,1000,exit,45,31,20,2,2\n"
    )
    election = load_election(write(tmp_path, polls=polls))
    warnings = estimate(election, polls_of(election)).warnings
    assert "1 poll held before the vote: not in the mean, which is of exit polls" in warnings
    assert "1 poll published after the vote: not in the mean (South, row 3)" in warnings


def texts_of(forecast: Forecast) -> dict[str, str]:
    """Every view of a forecast as text."""
    tables = tables_of(forecast)
    shown = page(forecast)
    return {
        "--json": json.dumps(forecast.record(), ensure_ascii=False),
        "page": html.unescape(shown),
        "json": as_json(tables),
        "md": as_markdown(tables).replace("\\", "").replace("&amp;", "&"),
        "latex": as_latex(tables).replace("\\", ""),
        "html": html.unescape(as_html(tables)),
        "run.csv": as_csv(tables[-1]).replace('""', '"'),
    }


def test_warnings_of_a_run_are_in_every_view_of_it(land: Path, capsys: Capsys) -> None:
    assert main(["run", "land.toml", "--draws", "2048", "-o", "out"]) == 0
    printed = capsys.readouterr()
    forecast = load(Path("out"))
    warnings: list[str] = forecast.dataset.attrs["warnings"]
    assert set(LEFT_OUT) <= set(warnings)
    record = json.loads(Path("out/run.json").read_text(encoding="utf-8"))
    assert record["warnings"] == warnings
    views = texts_of(forecast) | {"stderr": printed.err, "terminal": " ".join(printed.out.split())}
    for name, text in views.items():
        assert [warning for warning in warnings if warning not in text] == [], name
    assert main(["run", "land.toml", "--draws", "2048", "-o", "out", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == warnings
    for table in ("parties", "seats", "coalitions"):
        assert main(["tables", "out", "-t", table]) == 0
        assert " ".join(f"Mind: {warnings[0]}".split()) in " ".join(capsys.readouterr().out.split())


def test_each_table_carries_what_to_mind_of_it_and_a_workbook_too(land: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    assert main(["run", "land.toml", "--draws", "2048", "-o", "out", "-q"]) == 0
    forecast = load(Path("out"))
    for table in tables_of(forecast):
        assert list(table.warnings) == forecast.dataset.attrs["warnings"]
        assert table.mind.startswith("Mind: 1 poll of a part of the country")
    import io

    about = pyarrow.read_schema(io.BytesIO(as_parquet(tables_of(forecast)[0]))).metadata
    assert json.loads(about[b"warnings"]) == forecast.dataset.attrs["warnings"]


def test_a_terminal_that_shows_both_streams_says_a_warning_once(
    land: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["run", "land.toml", "--draws", "2048", "-o", "out", "-q"]) == 0
    printed = capsys.readouterr()
    assert "warning:" not in printed.err
    assert "Mind: 1 poll of a part of the country" in printed.out


def test_check_says_what_a_run_would_say(land: Path, capsys: Capsys) -> None:
    assert main(["check", "land.toml"]) == 0
    checked = capsys.readouterr().err.splitlines()
    assert main(["run", "land.toml", "--draws", "2048", "-o", "out"]) == 0
    ran = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert checked == [*ran, "nothing wrong in form; mind the warnings; next: forecast run land.toml"]


def test_warnings_of_several_days_say_of_which_days(land: Path, capsys: Capsys) -> None:
    days = "2030-05-25:2030-06-04:1d"
    assert main(["run", "land.toml", "--draws", "1024", "--as-of", days, "-o", "out"]) == 0
    printed = capsys.readouterr()
    record = json.loads(Path("out/run.json").read_text(encoding="utf-8"))
    assert LEFT_OUT[1] in record["warnings"]
    assert any(
        warning.startswith("on 7 days from 2030-05-25 to 2030-05-31: the mean rests on one poll")
        for warning in record["warnings"]
    )
    assert f"on 3 days from 2030-06-02 to 2030-06-04: {LEFT_OUT[0]}" in record["warnings"]
    for warning in record["warnings"]:
        assert f"warning: {warning}" in printed.err
        assert f"Mind: {warning}" in " ".join(printed.out.split())


def test_a_sweep_says_them_in_its_tables_and_records(land: Path, capsys: Capsys) -> None:
    arguments = ["sweep", "land.toml", "--threshold", "3%,5%", "--draws", "1024", "-o", "out"]
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    warnings = json.loads(printed.out)[0]["sweep"]["warnings"]
    assert set(LEFT_OUT) <= set(warnings)
    assert main(arguments) == 0
    assert f"Mind: {warnings[0]}" in " ".join(capsys.readouterr().out.split())


def test_a_comparison_says_what_is_said_of_one_side(land: Path, capsys: Capsys) -> None:
    for name, more in (("a", ()), ("b", ("--set", "estimate.context=0.1"))):
        assert main(["run", "land.toml", "--draws", "1024", "-o", name, "-q", *more]) == 0
    capsys.readouterr()
    assert main(["diff", "a", "b", "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert LEFT_OUT[0] in warnings
    assert any(text.startswith("after: estimate.context = 0.1 is a factor") for text in warnings)


FLOORED = "no poll reports 'Red Party': it is set to the floor of 0.2%"


def no_red(**head: str) -> dict[str, Any]:
    lines = "".join(f"{key} = {value}\n" for key, value in head.items())
    polls = "\n".join(
        ",".join(cell for k, cell in enumerate(line.split(",")) if k != 4) for line in POLLS.splitlines()
    )
    return {"head": HEAD + lines, "polls": polls + "\n"}


@pytest.mark.parametrize("closed", ["true", "false"])
def test_a_parliament_without_its_largest_party_of_last_time_is_refused(tmp_path: Path, closed: str) -> None:
    config = write(tmp_path, **no_red(closed_ballot=closed))
    settings = ["parties.red.last_result=45%", "parties.blue.last_result=30%"]
    election = load_election(config, settings)
    with pytest.raises(PollDataError) as caught:
        refuse_without_the_largest(election, estimate(election, polls_of(election)))
    assert (
        "column Red Party: no poll known by 2030-06-03 reports this party, but it was the largest at the "
        "last election (45.0%)" in str(caught.value)
    )


def test_a_parliament_without_its_largest_party_of_the_official_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "result.csv").write_text("party,votes\nred,50\nblue,30\ngreen,20\ngrey,0\npink,0\n", "utf-8")
    election = load_election(write(tmp_path, **no_red(result='"result.csv"', closed_ballot="true")))
    with pytest.raises(PollDataError, match=r"it is the largest in .*result\.csv"):
        refuse_without_the_largest(election, estimate(election, polls_of(election)))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param([], FLOORED, id="nothing is known of the last election"),
        pytest.param(
            ["parties.red.last_result=20%", "parties.blue.last_result=30%"], FLOORED, id="another was larger"
        ),
        pytest.param(
            ["parties.red.last_result=45%", "estimate.share.red=40%"],
            "no poll reports Red Party: it stands at 40.00%, as estimate.share fixes it",
            id="its share is fixed",
        ),
    ],
)
def test_a_party_without_polls_that_need_not_be_the_largest_is_only_said(
    tmp_path: Path, settings: list[str], told: str
) -> None:
    election = load_election(write(tmp_path, **no_red(closed_ballot="true")), settings)
    estimated = estimate(election, polls_of(election))
    refuse_without_the_largest(election, estimated)
    assert told in estimated.warnings


@pytest.mark.parametrize("command", ["check", "run", "sweep"])
def test_every_command_refuses_a_parliament_without_its_largest_party(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, **no_red(closed_ballot="true"))
    more = ["--threshold", "3%"] if command == "sweep" else []
    typed = [command, "land.toml", "--set", "parties.red.last_result=45%", *more]
    assert main(typed) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        "polls.csv: column Red Party: no poll known by 2030-06-03 reports this party, but it was the largest"
    )


def test_names_that_hold_line_breaks_do_not_break_a_warning_in_two(tmp_path: Path) -> None:
    polls = POLLS.replace("City Lab", '"City\n Lab"')
    election = load_election(write(tmp_path, polls=polls))
    warnings = warnings_on(election, estimate(election, polls_of(election)).warnings)
    assert any(text.endswith("not in the mean (City Lab, row 6)") for text in warnings)


def test_check_says_of_the_official_result_what_a_count_would_say(tmp_path: Path, capsys: Capsys) -> None:
    (tmp_path / "result.csv").write_text(
        "party,votes,seats\nred,50,60\nblue,30,30\ngreen,20,10\ngrey,0,0\npink,0,0\n", "utf-8"
    )
    config = write(tmp_path, head=HEAD + 'result = "result.csv"\n')
    assert main(["check", str(config)]) == 0
    assert "the column of seats in the table of votes says otherwise: Red Party 60 there, 50 here" in (
        capsys.readouterr().err
    )
    (tmp_path / "result.csv").write_text("party,votes\nred,fifty\n", "utf-8")
    assert main(["check", str(config)]) == 3
    assert "row 2, column votes" in capsys.readouterr().err


ALLIED = RULE + '[rule.alliances]\nmethod = "hare"\n'


def test_votes_that_an_alliance_loses_in_draws_are_said_with_how_often(tmp_path: Path) -> None:
    from forecast.simulation.forecasting import simulate

    config = write(tmp_path, polls=POLLS.replace(",\n", ",4.5\n").replace(",1\n", ",4.5\n"), rule=ALLIED)
    allied = ["parties.red.alliance=left", "parties.grey.alliance=left"]
    election: Election = load_election(config, allied)
    forecast = simulate(election, estimate(election, polls_of(election)), draws=2048)
    (said,) = lost_to_alliances(election, forecast)
    assert re.match(
        r"Grey Party is below its own level in \d\d% of the draws: there its votes \(4\.\d%", said
    )
    assert said in forecast.dataset.attrs["warnings"]
    assert "do not count for its alliance 'left' either" in said
    safe = load_election(config, [*allied, "rule.threshold.level=0.1%"])
    assert lost_to_alliances(safe, simulate(safe, estimate(safe, polls_of(safe)), draws=2048)) == []


@pytest.mark.parametrize("closed", ["true", "false"])
@pytest.mark.parametrize(
    ("settings", "share", "told"),
    [
        (
            [],
            None,
            (
                "no poll reports Red Party, of kind independent, and nothing says how many vote so: no seat "
                "goes there in any draw; the party's last_result or estimate.share.red says it"
            ),
        ),
        (
            ["parties.red.last_result=0.15%"],
            0.0015,
            "no poll reports Red Party, of kind independent: taken at the last result, 0.15%",
        ),
        (
            ["parties.red.last_result=0.15%", "estimate.share.red=0.3%"],
            0.003,
            "no poll reports Red Party: it stands at 0.30%, as estimate.share fixes it",
        ),
    ],
    ids=["nothing is known", "the last result", "what the file states"],
)
def test_an_independent_whom_no_poll_reports_stands_at_what_is_known_and_this_is_said(
    tmp_path: Path, closed: str, settings: list[str], share: float | None, told: str
) -> None:
    config = write(tmp_path, **no_red(closed_ballot=closed))
    election = load_election(config, ["parties.red.kind=independent", *settings])
    estimated = estimate(election, polls_of(election))
    assert told in estimated.warnings
    refuse_without_the_largest(election, estimated)
    stands = dict(zip(estimated.units, estimated.mean.tolist(), strict=True))
    assert stands.get("red", 0.0) == pytest.approx(share or 0.0, rel=1e-9, abs=2e-9)
    assert ("red" in stands) == (share is not None or closed == "true")
