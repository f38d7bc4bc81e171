"""``forecast report``: what links to the page show, the time of the last poll, what changed, single parts."""

from __future__ import annotations

import html
import re
import struct
from pathlib import Path

import pytest

from forecast.cli.main import main
from forecast.report import PANELS
from forecast.storage import load
from forecast.words import headlines
from forecast.words.facts import Facts
from tests.made import write_made_election

Captured = pytest.CaptureFixture[str]
URL = "https://example.org/election/"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its newest poll ended three days before the vote."""
    return write_made_election(tmp_path_factory.mktemp("made"), 5, odd=False, coalitions=2, polls=6)


def _ran(config: Path, folder: Path, *more: str) -> Path:
    assert main(["run", str(config), "-n", "2048", "-q", "-o", str(folder), *more]) == 0
    return folder


@pytest.fixture(scope="module")
def saved(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    more = ("--set", "election.author=A. Nalyst", "--set", "election.licence=CC BY 4.0")
    return _ran(config, tmp_path_factory.mktemp("saved") / "out", *more)


def _page(folder: Path, *options: str) -> str:
    assert main(["report", str(folder), "-q", *options]) == 0
    return (folder / "report.html").read_text(encoding="utf-8")


def _meta(text: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', text)
    return {name: html.unescape(content).replace("\N{NO-BREAK SPACE}", " ") for name, content in found}


def test_an_address_gives_links_a_title_a_description_and_a_picture(saved: Path, capsys: Captured) -> None:
    text = _page(saved, "--url", URL)
    facts = Facts(load(saved))
    meta = _meta(text)
    assert meta["og:title"] == headlines.first(facts)
    assert meta["og:description"] == " ".join(headlines.sentences(facts, headlines.change(facts, None)))
    assert meta["og:url"] == URL
    assert meta["og:image"] == f"{URL}preview.png"
    assert meta["og:image:alt"] == headlines.first(facts)
    assert meta["og:locale"] == "en"
    assert meta["twitter:card"] == "summary_large_image"
    assert meta["author"] == "A. Nalyst"
    assert f'<link rel="canonical" href="{URL}">' in text
    assert "By: A. Nalyst. Licence: CC BY 4.0." in re.sub(r"\s+", " ", text)
    printed = capsys.readouterr().out.split()
    assert [Path(line).name for line in printed] == ["report.html", "preview.png"]
    image = (saved / "preview.png").read_bytes()
    assert image.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", image[16:24])
    assert width >= 1200
    assert 1.7 < width / height < 2.1  # what links are shown with


@pytest.mark.parametrize(
    ("url", "picture"),
    [
        ("https://example.org/a/page.html", "https://example.org/a/preview.png"),
        ("http://example.org/a/", "http://example.org/a/preview.png"),
    ],
)
def test_the_picture_lies_beside_the_page(saved: Path, url: str, picture: str) -> None:
    assert _meta(_page(saved, "--url", url))["og:image"] == picture


def test_without_an_address_there_is_a_description_and_no_tag_of_links(saved: Path) -> None:
    (saved / "preview.png").unlink(missing_ok=True)
    meta = _meta(_page(saved))
    assert not [name for name in meta if name.startswith(("og:", "twitter:"))]
    assert headlines.first(Facts(load(saved))) in meta["description"]
    assert not (saved / "preview.png").exists()


@pytest.mark.parametrize("url", ["example.org", "javascript:alert(1)", "file:///x"])
def test_what_is_no_address_of_the_web_is_refused(saved: Path, url: str, capsys: Captured) -> None:
    assert main(["report", str(saved), "--url", url]) == 2
    assert "an address is expected" in capsys.readouterr().err


def test_an_address_cannot_leave_its_tag(saved: Path) -> None:
    text = _page(saved, "--url", 'https://example.org/"><script>alert(1)</script>/')
    assert "<script>alert(1)" not in text
    assert "&#34;&gt;&lt;script&gt;" in text


@pytest.mark.parametrize(("after", "stale"), [("2", True), ("3", False), ("21", False)])
def test_a_poll_older_than_stale_after_is_called_old(
    config: Path, tmp_path: Path, after: str, stale: bool
) -> None:
    folder = _ran(config, tmp_path / "out", "--as-of", "2024-05-01", "--set", f"election.stale_after={after}")
    text = _page(folder)
    assert ('id="stale"' in text) == stale
    assert ("The last poll is 3 days older than this forecast: it may be out of date." in text) == stale
    assert "Forecast of 1 May 2024 · last poll ended 28 April 2024 · 2048 simulated elections" in text
    assert ('id="stale"' in _page(folder, "--language", "ru")) == stale


def test_the_section_of_changes_says_what_the_comparison_says(
    config: Path, tmp_path: Path, capsys: Captured
) -> None:
    before = _ran(config, tmp_path / "before", "--as-of", "2024-04-10")
    after = _ran(config, tmp_path / "after", "--as-of", "2024-05-01")
    capsys.readouterr()
    text = _page(after, "--since", str(before))
    section = re.search(r'<section aria-labelledby="changes-title">(.*?)</section>', text, re.DOTALL)
    assert section is not None
    shown = [html.unescape(cell) for cell in re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", section.group(1))]
    capsys.readouterr()
    assert main(["diff", str(before), str(after), "-f", "md", "-t", "parties", "-t", "coalitions"]) == 0
    compared = capsys.readouterr().out
    rows = [line.strip("| \n").split(" | ") for line in compared.splitlines() if line.startswith("| Party ")]
    assert len(rows) == 6
    for row in rows[1:]:
        for cell in (cell.strip().replace("\\", "") for cell in row):
            assert cell in shown, cell
    sentence = re.search(r"Since the forecast of 10 April 2024 the chance [^<]*points\)\.", text)
    assert sentence is not None
    assert 'aria-labelledby="changes-title"' not in _page(after)


def test_two_elections_cannot_be_compared(saved: Path, tmp_path: Path, capsys: Captured) -> None:
    other = write_made_election(tmp_path / "other", 5, odd=False, coalitions=1, polls=4)
    other.write_text(other.read_text().replace('id = "made"', 'id = "another"'), encoding="utf-8")
    folder = _ran(other, tmp_path / "out")
    assert main(["report", str(saved), "--since", str(folder)]) == 2
    assert "two elections" in capsys.readouterr().err


@pytest.mark.parametrize("panel", PANELS)
def test_a_part_has_a_file_of_its_own_and_stands_alone(saved: Path, panel: str) -> None:
    assert main(["report", str(saved), "-q", "--panel", panel]) == 0
    text = (saved / f"{panel}.html").read_text(encoding="utf-8")
    assert '<body class="alone">' in text
    assert 'id="downloads-title"' not in text


def test_a_part_that_there_is_not_is_refused(saved: Path, capsys: Captured) -> None:
    assert main(["report", str(saved), "--panel", "seat"]) == 2
    assert "did you mean 'seats'" in capsys.readouterr().err
