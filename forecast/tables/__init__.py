"""Tables of a forecast: each defined once; text, CSV, JSON, Markdown, LaTeX, HTML, Excel or Parquet."""

from __future__ import annotations

from forecast.tables.definitions import TABLES, table_of, tables_of
from forecast.tables.model import Column, Shown, Table

__all__ = ["TABLES", "Column", "Shown", "Table", "table_of", "tables_of"]
