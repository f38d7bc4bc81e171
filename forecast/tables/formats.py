"""Tables as files: CSV, JSON, Markdown, LaTeX, HTML, Excel, Parquet.

CSV, JSON, Excel and Parquet hold every row with full precision under the machine names of the columns;
Markdown, LaTeX and HTML hold what people are shown.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.tables.model import Table


def as_csv(table: Table) -> str:
    """Comma-separated values with a header; blank where not known. Floats read back as they were."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [column.name for column in table.columns]
    writer.writerow(names)
    writer.writerows([["" if row[name] is None else row[name] for name in names] for row in table.rows])
    return text.getvalue()
