"""Arguments that a Python program passes: each is what it should be, or one clear error says what
would be.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from forecast.errors import ConfigurationError, Fault, suggest

_CLASSES = {"load_election": "Election", "read_polls": "PollTable", "estimate": "Estimate"}
"""By the function that gives it; names, so that nothing is imported to look."""


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number within bounds; numpy's integers are whole numbers, truth values and floats are none."""
    number = None if isinstance(value, bool | float | str) else getattr(value, "__index__", lambda: None)()
    if number is None:
        near = f", such as {int(value)}" if isinstance(value, float) and value.is_integer() else ""
        raise _wrong(name, value, f"a whole number (int) is expected{near}")
    if not least <= number <= most:
        raise _wrong(name, value, f"a whole number from {least:,} to {most:,} is expected")
    return int(number)


def one_of(name: str, value: Any, known: Collection[str]) -> str:
    """One of some names."""
    if value not in known:
        raise _wrong(name, value, f"no such {name}; {suggest(str(value), known)}")
    return str(value)


def made_by(function: str, **values: Any) -> None:
    """Refuse what is not of the class that a public function gives, such as ``load_election``."""
    for name, value in values.items():
        if _CLASSES[function] not in (known.__name__ for known in type(value).__mro__):
            found = f"{type(value).__name__} {value!r}"
            raise _wrong(name, found, f"what forecast.{function} gives is expected")


def path_of(name: str, value: Any, expected: str = "a path (str or pathlib.Path)") -> Path:
    """A path."""
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise _wrong(name, f"{type(value).__name__} {value!r}", f"{expected} is expected")
    return Path(value)


def day(name: str, value: Any) -> datetime.date:
    """A day: a date, or a datetime (of the standard library, pandas or numpy), whose time is left out."""
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    if type(value).__name__ == "datetime64":
        return value.astype("datetime64[D]").item()
    raise _wrong(name, value, "a day (datetime.date) is expected, such as datetime.date(2023, 3, 15)")


def _wrong(name: str, value: Any, remedy: str) -> ConfigurationError:
    return ConfigurationError(Fault("argument", name, value, remedy))
