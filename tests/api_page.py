"""The tables of ``docs/api.md``: public names with their signatures and what their docstrings begin with.

``python -m tests.walked_pages`` writes them with the rest of the page; a test says when that is due.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import forecast

BELOW: Mapping[str, tuple[str, ...]] = {
    "forecast.polls": ("polls_of",),
    "forecast.simulation.forecasting": ("simulate_to_error",),
    "forecast.simulation.side_by_side": ("simulate_over_time", "simulate_scenarios"),
    "forecast.estimation.share_draws": ("read_share_draws",),
    "forecast.simulation.given": ("simulate_given",),
    "forecast.sweeps.counted": ("sweep_votes",),
    "forecast.rules.ballot": ("Ballot", "Entry"),
    "forecast.rules.counts": ("read_count",),
    "forecast.rules.reference": ("apply_rule",),
    "forecast.rules.outcome": ("Outcome",),
    "forecast.tables": ("table_of", "tables_of"),
    "forecast.tables.exporting": ("exported",),
    "forecast.charts": ("chart_of", "charts_of", "Chart"),
    "forecast.report": ("page",),
}
"""Names below the package's own, by the module to import them from."""
NAMES = tuple(forecast.NAMES)
"""The public names."""
_DEFAULT = ...
"""Stands for a default that is a function, whose address would be printed."""
_TABLE = re.compile(r"(<!-- names of ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page_with_names(page: str) -> str:
    """The page with each of its tables as the docstrings are now."""
    return _TABLE.sub(lambda found: found[1] + table(found[2]) + found[3], page)


def table(of: str) -> str:
    """The table of the package (``forecast``), of what lies below it (``below``), or of a class's members."""
    if of == "forecast":
        rows = [_row(f"forecast.{name}", getattr(forecast, name)) for name in NAMES]
    elif of == "below":
        rows = [
            _row(f"{module}.{name}", getattr(import_module(module), name))
            for module, names in BELOW.items()
            for name in names
        ]
    else:
        module, _, name = of.rpartition(".")
        rows = [_row(member, value) for member, value in members(getattr(import_module(module), name))]
    return "\n".join(["| name | what it is |", "| --- | --- |", *rows]) + "\n"


def members(owner: type) -> list[tuple[str, Any]]:
    """Public methods and properties of a class, in the order of its source."""
    return [
        (name, value)
        for name, value in vars(owner).items()
        if not name.startswith("_") and (inspect.isfunction(value) or hasattr(value, "__get__"))
        if inspect.getdoc(value)
    ]


def _row(name: str, value: Any) -> str:
    return f"| `{name}{_signature(value)}` | {first_sentence(value)} |"


def _signature(value: Callable[..., Any]) -> str:
    """Parameters without their types; nothing for classes and properties."""
    if inspect.isclass(value) or not callable(value):
        return ""
    parameters = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            default=_DEFAULT if callable(parameter.default) and _given(parameter) else parameter.default,
        )
        for parameter in inspect.signature(value).parameters.values()
        if parameter.name != "self"
    ]
    return str(inspect.Signature(parameters)).replace("=Ellipsis", "=...")


def _given(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty


def first_sentence(value: Any) -> str:
    """The first sentence of a docstring as Markdown; ``ValueError`` where there is none."""
    text = inspect.getdoc(value)
    if not text:
        msg = f"{value!r} has no docstring"
        raise ValueError(msg)
    paragraph = " ".join(text.partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.;]) (?=[A-Z`])", paragraph)[0].rstrip(".;:")
    return sentence.replace("``", "`").replace("|", "\\|")
