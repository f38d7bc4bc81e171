"""Every number and label of a forecast, once: its name, dimensions, unit, group and meaning.

Labelling, tables, JSON, files and their check, and the reference in docs/results.md all take them from here.
A new number is one row of ``variables.csv`` and the function that computes it
(``forecast.simulation.numbers``).

A forecast is a tree of groups. Its root holds the forecast itself; ``polls/weight`` is the variable
``weight`` of the group ``polls``. Where a forecast has leading dimensions (levels of a threshold, days,
scenarios), they stand before those that are written here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

SCHEMA_VERSION = 2
"""Of a forecast and its file; raised whenever a name or a meaning changes."""

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Ends of the 95, 80 and 50 % intervals, and the median."""

ENDS = {
    "low95": (0.025, "lower end of the 95 % interval"),
    "low80": (0.1, "lower end of the 80 % interval"),
    "low50": (0.25, "lower end of the 50 % interval"),
    "median": (0.5, "median"),
    "high50": (0.75, "upper end of the 50 % interval"),
    "high80": (0.9, "upper end of the 80 % interval"),
    "high95": (0.975, "upper end of the 95 % interval"),
}
"""Columns that a variable over ``quantile_level`` has in a table: the quantile, and what it is called."""

LEAST_CONDITION_DRAWS = 100
"""A conditional number is left blank under so many draws of its condition."""

MOST_PLACES = 6
"""Places by number of seats whose chances are told."""

SEATLESS_KINDS = frozenset({"none-of-the-above", "residual"})
"""Options on the ballot (``party_kind``) that hold no seats by their kind."""

Kind = Literal["number", "integer", "truth", "text", "day"]
"""What the values are. A truth is 1 or 0: netCDF knows no truth values."""

PASSES_BY_SEATS = "probability of a seat (no level for the whole country)"
"""What ``pass_probability`` means under a rule whose levels are those of districts."""

SUBJECTS = ("party", "coalition", "event")
"""What most numbers are about: each has a table and a list in JSON."""


class Variable(NamedTuple):
    """One number or label of a forecast."""

    name: str
    dims: tuple[str, ...]
    unit: str
    """``1`` for shares and probabilities, else such as ``seats``, ``votes``, ``days``; none for texts."""
    meaning: str
    """In words; the attribute ``long_name``."""
    kind: Kind = "number"
    group: str = ""
    """Empty for the root, which is the forecast itself."""
    label: bool = False
    """Whether it names what lies along its dimension: a coordinate."""
    estimated: bool = False
    """Whether its Monte Carlo standard error stands beside it."""
    comment: str = ""
    column: str = ""
    """Its column in the table of its subject, where that is not the name less that of the subject."""
    key: str = ""
    """Where it stands in the JSON of its subject, such as ``seats.mean``; none: nowhere."""
    heading: str = ""
    """Its heading in the table of its subject as people are shown it; none: they are not."""
    rank: int = 0
    """Where a terminal is too narrow, columns of the highest rank are left out first; those of 0 stay."""
    of_votes: bool = False
    """Whether it is about votes, which options without seats have as others do, and no rule changes."""

    @property
    def path(self) -> str:
        """Its name with that of its group, such as ``polls/weight``; in the root the name alone."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def subject(self) -> str:
        """What it is about: party, coalition or event; empty for the whole."""
        return self.dims[0] if self.dims and self.dims[0] in SUBJECTS else ""

    @property
    def stem(self) -> str:
        """What its columns are called, or begin with where it has several."""
        return self.column or self.name.removeprefix(f"{self.subject}_").removesuffix("_quantile")

    @property
    def columns(self) -> dict[str, tuple[int | None, str]]:
        """Its columns by name: which quantile it is, if it is one, and what it means."""
        if self.dims[-1:] != ("quantile_level",):
            return {self.stem: (None, self.meaning)}
        of = self.meaning.removeprefix("quantile of ")
        return {
            f"{self.stem}_{end}": (k, f"{what} of {of}") for k, (end, (_, what)) in enumerate(ENDS.items())
        }

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the variable in a Dataset."""
        about = {"long_name": self.meaning} | ({} if self.kind in ("text", "day") else {"units": self.unit})
        return about | ({"comment": self.comment} if self.comment else {})


def error_of(name: str) -> str:
    """The variable (by path), or the column, that holds the Monte Carlo error of another."""
    group, slash, last = name.rpartition("/")
    error = "mc_error" if last == "probability" else f"{last.removesuffix('_probability')}_mc_error"
    return f"{group}{slash}{error}"


def _entries() -> Iterator[Variable]:
    """The rows of ``variables.csv``; ``is`` says which of them are labels, estimated, or about votes."""
    text = Path(__file__).with_name("variables.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        told = row.pop("is").split()
        fields: dict[str, Any] = {
            **row,
            "dims": tuple(row["dims"].split()),
            "kind": row["kind"] or "number",
            "rank": int(row["rank"] or 0),
            "comment": row["comment"].replace("{least}", str(LEAST_CONDITION_DRAWS)),
        }
        yield Variable(
            **fields, label="label" in told, estimated="estimated" in told, of_votes="votes" in told
        )


UNSAVED = "unsaved"
"""The group of what views or mixtures need and no file keeps."""

BASE_RULE = "base_rule"
"""The group with the forecast of the base rule of a sweep; its variables are those of the root."""

EVERY = tuple(_entries())
"""All of them, in the order of the reference."""

VARIABLES = {variable.path: variable for variable in EVERY}
"""By path; errors are not listed, ``described`` finds them."""

COUNTED = tuple(
    VARIABLES[name]
    for name in (
        *("votes", "share", "admitted", "seats_won", "coalition_seats_won", "majority", "void"),
        "tied_claims",
    )
)
"""Of an exact count of real votes, where nothing is drawn."""


def described(path: str) -> Variable:
    """The entry of a path: a variable, the error of one, or one of the base rule. ``KeyError`` for others."""
    known = VARIABLES.get(path.removeprefix(f"{BASE_RULE}/"))
    if known is not None:
        return known
    return _ERRORS[path.removeprefix(f"{BASE_RULE}/")]


def _error(variable: Variable) -> Variable:
    *way, last = variable.key.split(".")
    if way[:1] == ["indices"]:
        key = f"indices_mc_error.{last}"
    else:
        key = ".".join((*way, "mc_error" if last in ("probability", "value") else f"{last}_mc_error"))
    return variable._replace(
        name=error_of(variable.name),
        meaning=f"Monte Carlo standard error of {variable.name}",
        estimated=False,
        comment="",
        column=error_of(variable.column) if variable.column else "",
        key=key if variable.key else "",
    )


_ERRORS = {error.path: error for error in map(_error, (one for one in EVERY if one.estimated))}


def about(subject: str) -> Iterable[Variable]:
    """Numbers about a party, coalition or event, or (for an empty subject) of the whole, with their
    errors.
    """
    for variable in EVERY:
        if not variable.label and variable.subject == subject:
            yield variable
            if variable.estimated:
                yield _ERRORS[error_of(variable.path)]
