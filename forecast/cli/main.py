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
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from forecast.cli.telling import OutputLostError, show, take_over_streams, tell
from forecast.errors import ForecastError, lines_of

EXIT_CODES = (
    "Exit codes: 0 fine, 1 unexpected error or a place that cannot be written, 2 usage or configuration, "
    "3 poll data, 4 no valid outcome under the rule, 130 interrupted."
)
DEBUG = "FORECAST_DEBUG"
"""Environment variable that lets errors through with their traceback."""
_PLAIN_HELP: dict[str, Any] = {
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""Help as text without boxes: rich, and the reader of Markdown that typer loads with it, take as long to
import as all else.
"""


class Listed(NamedTuple):
    """A command as the help lists it, and the function that it is."""

    target: str
    """``module:function``."""
    summary: str


COMMANDS: dict[str, Listed] = {
    "run": Listed("forecast.cli.run:run", "Forecast one election: polls in, probabilities of seats out."),
    "check": Listed(
        "forecast.cli.check:check", "Read an election file and its polls; say all that is wrong."
    ),
    "polls": Listed("forecast.cli.polls:polls", "Show what is understood of a table of polls; make it tidy."),
    "count": Listed("forecast.cli.check:count", "Official votes in, seats out, by exact arithmetic."),
    "sweep": Listed(
        "forecast.cli.run:sweep", "How much is the rule: its variants on the same draws or votes."
    ),
    "night": Listed("forecast.cli.night:night", "Election night: the final vote from a partial count."),
    "night-fit": Listed(
        "forecast.cli.night:night_fit", "Fit the constants of a night to whole nights of the past."
    ),
    "jobs": Listed("forecast.cli.jobs:jobs", "Many elections, days, variants and seeds; on many machines."),
    "verify": Listed("forecast.cli.check:verify", "Apply rules to real counts and compare the seats."),
    "tables": Listed("forecast.cli.saved:tables", "Print or export the tables of a saved forecast."),
    "diff": Listed("forecast.cli.saved:diff", "Compare two saved forecasts of one election."),
    "charts": Listed("forecast.cli.saved:charts", "Draw the charts of a saved forecast."),
    "report": Listed("forecast.cli.saved:report", "Write a saved forecast as one self-contained page."),
    "record": Listed("forecast.cli.saved:record", "Freeze published forecasts; after the vote, score them."),
    "backtest": Listed(
        "forecast.cli.backtesting:backtest", "Score the method on archives of past elections."
    ),
    "fit": Listed("forecast.cli.backtesting:fit", "Fit the error laws to archives of past elections."),
    "records": Listed(
        "forecast.cli.backtesting:records", "How far polls missed in past elections, by country."
    ),
    "methods": Listed("forecast.cli.check:methods", "List allocation methods and threshold bases."),
    "init": Listed("forecast.cli.polls:init", "Write a commented election file to start from."),
}


class CommandGroup(TyperGroup):
    """Lists ``COMMANDS`` without importing them; a command is loaded when the arguments name it."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for name, listed in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=listed.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the command that ``args`` begin with; for an unknown one the group says which was meant."""
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)


def load_command(name: str) -> Any:
    """The command behind a name, with its options."""
    module, _, function = COMMANDS[name].target.partition(":")
    target = getattr(import_module(module), function)
    if isinstance(target, typer.Typer):  # with commands of its own
        return typer.main.get_command(target)
    single = typer.Typer(add_completion=False, **_PLAIN_HELP)
    single.command(name)(target)
    return typer.main.get_command(single)


app = typer.Typer(
    name="forecast", cls=CommandGroup, epilog=EXIT_CODES, pretty_exceptions_enable=False, **_PLAIN_HELP
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
        multiply_on_one_thread()
        _look_for_no_plugins()
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


def command_line() -> NoReturn:
    """The command line of the process, which ends with its exit code.

    At once: Python would take a hundred thousand objects apart one by one, a twentieth of the time of a short
    command. What was registered for the end is done, and what was said is out.
    """
    code = main()
    if os.environ.get(DEBUG):  # a profiler may be waiting
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # said already, or closed from the beginning
            stream.flush()
    os._exit(code)


def _look_for_garbage_seldom() -> None:
    """Spare a short command a tenth of its time.

    A command loads some hundred thousand objects that live as long as it does. Python would look for garbage
    among them after every 700 new ones.
    """
    gc.set_threshold(100_000)


def multiply_on_one_thread() -> None:
    """Matrices are small here: threads of a BLAS would wait for each other, and burn a second processor."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")


def _look_for_no_plugins() -> None:
    """Whoever checks values would look through every installed package for plugins of its own, of which this
    program uses none.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


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
