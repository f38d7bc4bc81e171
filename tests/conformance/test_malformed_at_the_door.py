"""Inputs that an earlier version took, or on which it ended unexpectedly: each is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.cli.main import main
from forecast.errors import UNSEEN

OPEN = ("run", "base.toml", "-o", "out", "--share-draws")
BACKTEST = ("backtest", "-q", "-o", "out", "--horizons", "7", "--method", "default")


@pytest.fixture(autouse=True)
def malformed(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of such inputs, linked into an empty one."""
    for entry in (shared / "cases" / "malformed").iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("check", "deep-500.toml"), 2, "deep-500.toml: tables or lists within each other more than 24 deep"),
        (("verify", "deep.json"), 2, "deep.json: tables or lists within each other more than 24 deep"),
        (("check", "int-5000-digits.toml"), 2, "int-5000-digits.toml: line 5"),
        (("verify", "districts-true.json"), 2, "districts-true.json: at-2024.districts = true: a list"),
        (("check", "law-nul.toml"), 2, 'law-nul.toml: rule.law = "<U+0000>'),
        (("check", "law-esc.toml"), 2, 'law-esc.toml: rule.law = "<U+001B>'),
        (("run", "law-esc.toml"), 2, 'law-esc.toml: rule.law = "<U+001B>'),
        (("check", "cell-esc.toml"), 3, 'cell-esc.csv: row 4, column amanat = "<U+001B>]0;pwn<U+0007>x"'),
        (("check", "pollster-esc.toml"), 3, "pollster-esc.csv: row 4, column pollster"),
        (("run", "pollster-esc.toml"), 3, "pollster-esc.csv: row 4, column pollster"),
        ((*OPEN, "open-shift3.csv"), 3, "open-shift3.csv: row 2: 8 cells under 7 headings"),
        ((*OPEN, "sharedraws-heading-lacks-last.csv"), 3, "sharedraws-heading-lacks-last.csv: column cdu"),
        ((*BACKTEST, "ar-bad-quote"), 3, "elections.csv: row 6: a quoted cell that does not end"),
        ((*BACKTEST, "ar-dup-election"), 3, 'elections.csv: row 6, column election_id = "A-2001": row 2 has'),
        ((*BACKTEST, "ar-dup-poll"), 3, 'polls.csv: row 82, column party = "RED": row 2 has'),
        ((*BACKTEST, "ar-dup-result"), 3, 'results.csv: row 22, column party = "RED": row 2 has'),
        ((*BACKTEST, "ar-neg"), 3, 'polls.csv: row 27, column share = "-49.5": a share in percent'),
        ((*BACKTEST, "ar-polls-x10"), 3, 'polls.csv: row 2, column share = "592.0": a share in'),
        ((*BACKTEST, "ar-results-x2"), 3, "results.csv: row 7: the shares of 'A-2005' add up to 200 percent"),
        (("fit", "ar-neg"), 3, 'polls.csv: row 27, column share = "-49.5"'),
    ],
)  # fmt: skip
def test_what_was_taken_or_broke_is_refused(
    command: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(command)) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert "unexpected error" not in printed.err
    assert not UNSEEN.search(printed.err)
    assert printed.out == ""
    assert not Path("out").exists()
    assert not Path("outputs").exists()


def test_of_fifty_wrong_shares_three_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*BACKTEST, "ar-polls-x10"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "ar-polls-x10/polls.csv: and 47 more like the last"
