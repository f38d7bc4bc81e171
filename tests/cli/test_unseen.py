"""A saved forecast whose texts a terminal would obey: whoever wrote it, every view writes them out."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from forecast.cli.main import main
from forecast.errors import UNSEEN
from forecast.result import Forecast
from forecast.storage import write_forecast
from tests.forecasts import kazakhstan

NASTY = "\x1b]0;pwn\x07\x1b[2J\x9b31m\u202e"
SHOWN = "<U+001B>]0;pwn<U+0007><U+001B>[2J<U+009B>31m<U+202E>"


@pytest.fixture
def nasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of such a forecast, in the current folder."""
    monkeypatch.chdir(tmp_path)
    forecast = kazakhstan(500)
    groups = {name: data.copy(deep=True) for name, data in forecast.groups.items()}
    seen = 0
    for data in groups.values():
        for name in ("party_name", "coalition_name", "event_name", "pollster"):
            if name in data.variables and data[name].dtype.kind == "U":
                values = [f"{NASTY}{value}" for value in data[name].values.tolist()]
                data[name] = data[name].copy(data=values)
                seen += 1
    assert seen >= 5
    definition = json.loads(forecast.attrs["definition"])
    definition["rule"] |= {"law": NASTY, "source": NASTY}
    texts = dict.fromkeys(("election_name", "note", "source", "law", "configuration", "polls"), NASTY)
    more = {"definition": json.dumps(definition), "warnings": [NASTY], "settings": NASTY, "chamber": NASTY}
    write_forecast(Forecast(groups).with_attrs(**texts, **more), tmp_path / "nasty.nc")
    return "nasty.nc"


COMMANDS = [
    *(("tables", "{file}", "-f", form) for form in ("terminal", "json", "md", "latex", "html")),
    *(("tables", "{file}", "-f", "csv", "-t", table) for table in ("parties", "coalitions", "events", "run")),
    ("tables", "{file}", "-f", "csv", "-t", "parties", "--raw"),
    ("diff", "{file}", "{file}"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_view_shows_what_a_terminal_obeys(
    command: tuple[str, ...], nasty: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([part.format(file=nasty) for part in command]) == 0
    printed = capsysbinary.readouterr()
    text = printed.out.decode() + printed.err.decode()
    assert not UNSEEN.search(text)
    assert "pwn" in text


def test_the_page_and_the_pictures_write_it_out(nasty: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", nasty, "-o", "page.html", "-q"]) == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert not UNSEEN.search(page)
    assert SHOWN.replace("<", "&lt;").replace(">", "&gt;") in page
    assert main(["charts", nasty, "--chart", "seats", "--chart", "coalitions", "-o", "c", "-q"]) == 0
    for picture in Path("c").iterdir():
        text = picture.read_text(encoding="utf-8")
        assert not UNSEEN.search(text)
        assert ElementTree.fromstring(text).tag.endswith("svg")


def test_names_that_look_like_markup_are_names(
    tmp_path: Path, kazakhstan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    votes = tmp_path / "v.csv"
    votes.write_text("party,votes\namanat,10\n", encoding="utf-8")
    names = ("--set", "parties.amanat.name=[/] [red]x[/red] :apple:", "--set", "election.name=[/b]")
    assert main(["count", str(kazakhstan), "--votes", str(votes), *names]) == 0
    shown = capsys.readouterr().out
    assert "[/] [red]x[/red] :apple:" in shown
    assert "[/b]" in shown
