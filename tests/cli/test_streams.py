"""Where results go: closed, full or forsaken, it is one line and the documented exit code."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = "from forecast.cli.main import command_line; command_line()"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def forecast(
    *arguments: str,
    stdout: int | None = subprocess.PIPE,
    before: Callable[[], None] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **environment},
        preexec_fn=before,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines on stderr but those of a run that are said in any case."""
    return [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]


COMMANDS = (("methods",), ("--help",), ("--version",), ("methods", "--json"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_stdout_is_one_line(command: tuple[str, ...]) -> None:
    done = forecast(*command, before=lambda: os.close(1))
    assert done.returncode == 1
    assert said(done) == ["stdout: closed; not all was printed (files that were written are whole)"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_stdout_is_one_line(command: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        done = forecast(*command, stdout=full.fileno())
    assert done.returncode == 1
    assert len(said(done)) == 1
    assert said(done)[0].startswith("stdout: no space left on the disk")


def test_a_reader_that_goes_away_is_one_line() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = forecast("methods", stdout=gone.fileno())
    assert done.returncode == 1
    assert len(said(done)) == 1
    assert said(done)[0].startswith("stdout: its reader has gone")


def test_what_cannot_be_printed_is_written_nevertheless(kazakhstan: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = forecast("run", str(kazakhstan), "-n", "64", "-q", "-o", out, before=lambda: os.close(1))
    assert done.returncode == 1
    assert len(said(done)) == 1
    assert {"forecast.nc", "run.json", "tables"} == {entry.name for entry in (tmp_path / "out").iterdir()}
    done = forecast("tables", out, "-f", "json", before=lambda: os.close(1))
    assert (done.returncode, len(said(done))) == (1, 1)


def test_a_closed_stderr_leaves_the_results_alone() -> None:
    done = forecast("methods", "--json", before=lambda: os.close(2))
    assert done.returncode == 0
    assert json.loads(done.stdout)
    done = forecast("check", "nowhere.toml", before=lambda: os.close(2))
    assert (done.returncode, done.stdout) == (2, "")


def test_all_streams_closed_is_an_exit_code() -> None:
    assert forecast("methods", before=lambda: os.closerange(0, 3)).returncode == 1


def _little() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))


@pytest.mark.parametrize(
    ("command", "target"),
    [(("run", "{config}", "-n", "64", "-q", "-o"), "out"), (("init",), "new.toml")],
)
def test_a_disk_that_takes_no_more_is_one_line_and_nothing_is_left(
    command: tuple[str, ...], target: str, kazakhstan: Path, tmp_path: Path
) -> None:
    arguments = [part.format(config=kazakhstan) for part in command]
    done = forecast(*arguments, str(tmp_path / target), before=_little)
    assert done.returncode == 1
    assert said(done) == [f"{tmp_path / target}: no space left on the disk; earlier outputs are untouched"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("command", [("run", "{config}", "-n", "64", "-q", "-o"), ("init",)])
def test_a_folder_that_may_not_be_written_is_one_line(
    command: tuple[str, ...], kazakhstan: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    arguments = [part.format(config=kazakhstan) for part in command]
    done = forecast(*arguments, str(tmp_path / "new"))
    assert done.returncode == 1
    assert len(said(done)) == 1
    assert "not allowed" in done.stderr


def test_letters_that_stdout_cannot_hold_are_written_out(kazakhstan: Path, tmp_path: Path) -> None:
    result = tmp_path / "r.csv"
    result.write_text("party,votes\nauyl,5\n", encoding="utf-8")
    counted = ("count", str(kazakhstan), "--votes", str(result), "--set", "parties.auyl.name=Ауыл")
    done = forecast(*counted, PYTHONIOENCODING="ascii")
    assert "\\u0410" in done.stdout
    done = forecast("sweep", *counted[1:], "--threshold", "3%", "--json", "-q", "-o", str(tmp_path / "s"),
                    PYTHONIOENCODING="ascii")  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)


def test_no_home_is_needed_to_check(kazakhstan: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "check", str(kazakhstan), "-q"],
        capture_output=True,
        env={"PYTHONPATH": ENVIRONMENT["PYTHONPATH"]},
        check=False,
    )
    assert done.returncode == 0
    assert all(line.startswith(b"warning: ") for line in done.stderr.splitlines())
