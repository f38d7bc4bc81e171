"""What the page shows of districts: seats in each, as small multiples, and a map."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.charts import outcomes
from forecast.charts.drawing import named
from forecast.geography.outlines import read_outlines
from forecast.report.data import Figure, Panel
from forecast.words import listed, text
from forecast.words.rounding import whole

if TYPE_CHECKING:
    from forecast.words.facts import Facts

_MOST_DISTRICTS = 60
"""Of more none has a panel: the table has them all."""
_PANEL, _MAP = 200, 320


def district_figures(facts: Facts) -> list[Figure]:
    """Seats by district, and the map where the election file names one.

    ``ConfigurationError`` where the file of the map is gone, or no map of these districts.
    """
    return [figure for figure in (_map(facts), _panels(facts)) if figure is not None]


def _panels(facts: Facts) -> Figure | None:
    if "districts/house" not in facts.forecast:
        return None
    names, houses = facts.forecast.names("districts/district_name"), facts.forecast.array("districts/house")
    if len(names) > _MOST_DISTRICTS:
        return None
    in_play = facts.forecast.array("districts/seats_in_play")
    panels = [
        Panel(
            title,
            text("district_said", seats=whole(float(house)), open=whole(float(play))),
            {"bars": outcomes.district_rows(facts, d)},
        )
        for d, (title, house, play) in enumerate(zip(names, houses, in_play, strict=True))
    ]
    most = float(np.nanmax(facts.forecast.array("districts/seat_quantile")[..., 5], initial=1.0))
    body = outcomes.district_body(named, most, _PANEL)
    return Figure("district-panels", text("district_panels"), body, panels)


def _map(facts: Facts) -> Figure | None:
    path = (facts.definition.get("geography") or {}).get("map")
    told = "districts/house" in facts.forecast or "chamber/win_probability" in facts.forecast
    if path is None or not told:
        return None
    ahead = outcomes.leaders(facts)
    outlines = read_outlines(Path(path), {id_: title for id_, title, _, _ in ahead})
    counted = Counter(row["name"] for _, _, row, _ in ahead)
    said = "; ".join(f"{name} {number}" for name, number in counted.most_common())
    if outlines.missing:
        said += f". {text('map_without', names=listed(outlines.missing))}"
    rows = {"shapes": outcomes.map_rows(facts, outlines)}
    high = min(max(outlines.height, 0.3), 1.6) * _MAP
    body = outcomes.map_body(facts, named, _MAP, high)
    return Figure("district-map", text("district_map"), body, [Panel(text("map_key"), said, rows)])
