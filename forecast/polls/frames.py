"""Polls that a Python program has as a pandas DataFrame, as the cells of a table."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from forecast.door.sheets import Line, Sheet, fitted
from forecast.errors import PollDataError

if TYPE_CHECKING:
    import pandas as pd

PLACE = "polls"
"""What messages call the table."""
_MOST_WRITTEN_OUT = 1e15
"""Whole numbers below are exact as floats, and written without a point."""


def sheet_of(frame: pd.DataFrame) -> Sheet:
    """The cells of a DataFrame as a CSV file would hold them: days as ISO text, numbers to their last digit,
    nothing where there is no value. An index that has a name is a column. Rows are numbered as in a file: the
    heading is 1.
    """
    frame = frame.reset_index() if frame.index.name else frame
    heading = tuple(str(name).strip() for name in frame.columns)
    columns = [_cells(frame.iloc[:, at]) for at in range(len(heading))]
    lines = tuple(Line(number, cells) for number, cells in enumerate(zip(*columns, strict=True), start=2))
    opened = fitted(Line(1, heading), lines, PLACE, PollDataError)
    return Sheet(PLACE, opened.heading, tuple(opened.lines), tuple(opened.faults))


def _cells(column: pd.Series) -> list[str]:
    values, missing = column.tolist(), column.isna().tolist()
    return ["" if no else _cell(value) for value, no in zip(values, missing, strict=True)]


def _cell(value: Any) -> str:
    if isinstance(value, datetime.datetime):  # and with it pandas' timestamps
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_WRITTEN_OUT:
        return str(int(value))
    return str(value).strip()
