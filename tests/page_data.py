"""What the page holds for its script, as the script lays it out."""

from __future__ import annotations

import json
import re
from typing import Any


def given(page: str) -> dict[str, Any]:
    """The data of a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def rows_of(data: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of chart data as the script of the page lays them out."""
    held = {name: data["columns"][number] for name, number in columns.items() if name != "n"}
    return [
        {name: column[k] if isinstance(column, list) else column for name, column in held.items()}
        for k in range(columns["n"])
    ]
