"""Polls that a Python program has as a pandas DataFrame, as the cells of a table."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from forecast.door.sheets import Line, Sheet

if TYPE_CHECKING:
    import pandas as pd

PLACE = "polls"
"""What messages call the table."""


def sheet_of(frame: pd.DataFrame) -> Sheet:
    """The cells of a DataFrame as a CSV file would hold them: days as ISO text, numbers to their last digit,
    nothing where there is no value. Rows are numbered as in a file: the heading is 1.
    """
    heading = tuple(str(name).strip() for name in frame.columns)
    lines = tuple(
        Line(number, tuple(_cell(value) for value in row))
        for number, row in enumerate(frame.itertuples(index=False, name=None), start=2)
    )
    return Sheet(PLACE, heading, lines, ())


def _cell(value: Any) -> str:
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    if isinstance(value, datetime.datetime):  # and with it pandas' timestamps
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
