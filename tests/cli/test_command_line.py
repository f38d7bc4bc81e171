"""The command line as a whole: help, exit codes, and one line for every error."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from forecast.cli import main as group
from forecast.cli.main import EXIT_CODES, main
from forecast.errors import ABSENT, ConfigurationError, Fault, NoValidOutcome, PollDataError

HEAVY = ("numba", "xarray", "pandas", "scipy", "numpy", "h5netcdf")

Command = Callable[[Callable[[], None]], None]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Adds a command named ``act`` that calls a function."""

    def add(action: Callable[[], None]) -> None:
        def act() -> None:
            """Act."""
            action()

        monkeypatch.setitem(sys.modules, "acting", SimpleNamespace(act=act))
        monkeypatch.setitem(group.COMMANDS, "act", group.Listed("acting:act", "Act."))

    return add


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_help_lists_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f" {name} " in shown for name in group.COMMANDS)
    assert " ".join(EXIT_CODES.split()) in " ".join(shown.replace("│", " ").split())


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Usage: forecast" in capsys.readouterr().out


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("forecast 0.")


@pytest.mark.parametrize("name", sorted(group.COMMANDS))
def test_every_command_has_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"Usage: forecast {name}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from forecast.cli.main import main\n"
        "from forecast.cli.main import COMMANDS\n"
        "for name in COMMANDS:\n"
        "    main([name, '--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], "forecast: no such command 'chek'. Did you mean 'check'? (see 'forecast --help')"),
        (["check"], "forecast check: missing argument 'CONFIG' (see 'forecast check --help')"),
        (["check", "x", "--asof", "1"], "no such option: --asof. Did you mean '--as-of'?"),
        (["check", "x", "--as-of", "monday"], "'monday' is no day; write year-month-day, such as 2023-03-15"),
        (["check", "x", "y"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(("kind", "code"), [(ConfigurationError, 2), (PollDataError, 3), (NoValidOutcome, 4)])
def test_every_fault_is_one_line_with_the_code_of_its_kind(
    kind: type[ConfigurationError], code: int, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command(raising(kind(Fault("x.toml", "a.b", 5, "first"), Fault("x.toml", "", ABSENT, "second"))))
    assert main(["act"]) == code
    assert capsys.readouterr().err == "x.toml: a.b = 5: first\nx.toml: second\n"


def test_an_unexpected_error_is_one_line_and_says_how_to_see_more(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command(raising(KeyError("two\nlines")))
    assert main(["act"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("unexpected error: KeyError: ")
    assert "FORECAST_DEBUG=1" in said
    assert said.count("\n") == 1
    monkeypatch.setenv("FORECAST_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["act"])


def test_an_interrupt_is_code_130(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(KeyboardInterrupt()))
    assert main(["act"]) == 130
    assert capsys.readouterr().err.startswith("interrupted")


def test_a_full_disk_is_said_in_a_line(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(OSError(errno.ENOSPC, "No space left on device", "outputs/forecast.nc")))
    assert main(["act"]) == 1
    said = capsys.readouterr().err
    assert said == "outputs/forecast.nc: no space left on the disk; earlier outputs are untouched\n"


def test_a_place_without_permission_is_said_in_a_line(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command(raising(PermissionError(errno.EACCES, "Permission denied", "/outputs")))
    assert main(["act"]) == 1
    assert capsys.readouterr().err.startswith("/outputs: not allowed (Permission denied)")


def test_a_reader_that_goes_away_is_no_error_message() -> None:
    program = "import sys; from forecast.cli.main import main; sys.exit(main(['--help']))"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert done.stderr == b""


def test_the_shell_can_complete_commands() -> None:
    environment = {
        **os.environ,
        "_FORECAST_COMPLETE": "complete_bash",
        "COMP_WORDS": "forecast che",
        "COMP_CWORD": "1",
    }
    program = "from forecast.cli.main import command_line; command_line()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.split() == ["check"]
    assert done.stderr == ""
