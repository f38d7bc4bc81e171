"""The commands by name, each imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Listed(NamedTuple):
    """A command as the help lists it, and the function that it is."""

    target: str
    """``module:function``."""
    summary: str


COMMANDS: dict[str, Listed] = {
    "run": Listed("forecast.cli.running:run", "Forecast one election: polls in, probabilities of seats out."),
    "check": Listed(
        "forecast.cli.checking:check", "Read an election file and its polls; say all that is wrong."
    ),
    "polls": Listed(
        "forecast.cli.polling:polls", "Show what is understood of a table of polls; make it tidy."
    ),
    "count": Listed("forecast.cli.counting:count", "Official votes in, seats out, by exact arithmetic."),
    "sweep": Listed(
        "forecast.cli.sweeping:sweep", "How much is the rule: its variants on the same draws or votes."
    ),
    "verify": Listed("forecast.cli.counting:verify", "Apply rules to real counts and compare the seats."),
    "tables": Listed("forecast.cli.exporting:tables", "Print or export the tables of a saved forecast."),
    "diff": Listed("forecast.cli.comparing:diff", "Compare two saved forecasts of one election."),
    "charts": Listed("forecast.cli.publishing:charts", "Draw the charts of a saved forecast."),
    "report": Listed("forecast.cli.publishing:report", "Write a saved forecast as one self-contained page."),
    "backtest": Listed("forecast.cli.archive:backtest", "Score the method on an archive of past elections."),
    "fit": Listed("forecast.cli.archive:fit", "Fit the error law to an archive of past elections."),
    "methods": Listed("forecast.cli.counting:methods", "List allocation methods and threshold bases."),
    "init": Listed("forecast.cli.starting:init", "Write a commented election file to start from."),
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
    single = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
    single.command(name)(getattr(import_module(module), function))
    return typer.main.get_command(single)
