"""Arguments that a Python program passes: each is what it should be, or one clear error says what would be."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from forecast.errors import ConfigurationError, Fault, suggest


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
