"""What the program says when it cannot go on: where, what was found, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final


class _Absent:
    """Marks a fault where there is no value to show: a missing key, a missing file."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    ``place`` is the file as the user named it (or ``--set``), ``path`` the dotted key or the row and column
    (empty where the whole file is meant), ``found`` the offending value, ``remedy`` what would be right.
    """

    place: str
    path: str
    found: object
    remedy: str

    def __str__(self) -> str:
        where = f"{self.place}: {self.path}" if self.path else self.place
        if self.found is ABSENT:
            return f"{where}: {self.remedy}"
        return f"{where} = {_shown(self.found)}: {self.remedy}"


class ForecastError(Exception):
    """Base of every error that is the user's to mend; the command line prints it without a traceback."""

    exit_code: int = 1

    def __init__(self, *faults: Fault) -> None:
        self.faults: tuple[Fault, ...] = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class ConfigurationError(ForecastError):
    """The election file, an option or an argument is wrong."""

    exit_code = 2


class PollDataError(ForecastError):
    """A poll table, a result table or an archive is wrong."""

    exit_code = 3


class NoValidOutcome(ForecastError):
    """The rule gives no valid outcome: nobody is admitted and the rule says that this voids the election."""

    exit_code = 4


def suggest(name: str, known: Iterable[str]) -> str:
    """End of a remedy for a name that is not known: the nearest known one, else the list of all."""
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if not close:
        by_lower = {known_name.lower(): known_name for known_name in names}
        close = [by_lower[found] for found in get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)]
    if close:
        return f"did you mean '{close[0]}'?"
    return "known: " + ", ".join(names) if names else "none are known"


def _shown(value: object) -> str:
    """A value as the user wrote it, cut where it is long."""
    text = _written(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _written(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(item) for item in value)}]"
    return str(value)
