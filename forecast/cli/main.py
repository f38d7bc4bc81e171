"""The ``forecast`` command: which commands there are, and how every error becomes one line and an exit code.

Nothing heavy is imported here: ``forecast --help`` must answer in a blink.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from forecast.cli.group import CommandGroup
from forecast.cli.telling import OutputLostError, show, take_over_streams, tell
from forecast.errors import ForecastError, lines_of

EXIT_CODES = (
    "Exit codes: 0 fine, 1 unexpected error or a place that cannot be written, 2 usage or configuration, "
    "3 poll data, 4 no valid outcome under the rule, 130 interrupted."
)
DEBUG = "FORECAST_DEBUG"
"""Environment variable that lets errors through with their traceback."""

app = typer.Typer(
    name="forecast",
    cls=CommandGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        show(f"forecast {version('forecast')}")
        raise typer.Exit


@app.callback()
def forecast(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Seat forecasts for parliaments elected by proportional representation with a threshold."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (the process's own, if ``argv`` is not given) and return its exit code.

    Errors are said on stderr, one line each.
    """
    if argv is None:  # else the process belongs to the caller
        _look_for_garbage_seldom()
        take_over_streams()
    if os.environ.get(DEBUG):
        return _run(argv)
    try:
        return _run(argv)
    except ForecastError as error:
        for line in lines_of(error.faults):
            tell(line)
        return error.exit_code
    except typer.TyperException as error:
        tell(_usage_message(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        tell("interrupted; nothing was written by halves")
        return 130
    except OutputLostError as error:
        tell(str(error))
        return 1
    except OSError as error:
        tell(_system_message(error))
        return 1
    except Exception as error:  # the last stop: a user sees one line, a developer asks for more
        tell(f"unexpected error: {type(error).__name__}: {error} (set {DEBUG}=1 to see where)")
        return 1


def _look_for_garbage_seldom() -> None:
    """Spare a short command a tenth of its time.

    A command loads some hundred thousand objects that live as long as it does. Python would look for garbage
    among them after every 700 new ones, and in all of them once more at exit.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def _run(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    code = app_command()(args=arguments, prog_name="forecast", standalone_mode=False)
    sys.stdout.flush()
    if code == 130:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def app_command() -> CommandGroup:
    """The command tree."""
    command = typer.main.get_command(app)
    assert isinstance(command, CommandGroup)
    return command


def _usage_message(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "forecast"
    possible = getattr(error, "possibilities", None)
    message = f"{error.message}. Did you mean '{possible[0]}'?" if possible else error.format_message()
    message = " ".join(message.split())
    return f"{path}: {message[:1].lower()}{message[1:].rstrip('.')} (see '{path} --help')"


def _system_message(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{where}no space left on the disk; earlier outputs are untouched"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{where}not allowed ({error.strerror}); choose another place with -o, or change its permissions"
        )
    return f"{where}{error.strerror or error}"
