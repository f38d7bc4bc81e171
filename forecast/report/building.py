"""The page: numbers of the forecast, words of ``forecast.words``, one template; charts and style inlined."""

from __future__ import annotations

import base64
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import ink_of
from forecast.charts.trend_and_record import MOST_PANELS
from forecast.election.rule import Rule
from forecast.report.data import (
    chamber_coalition_cells,
    chamber_headline,
    coalition_cells,
    holder_cells,
    page_headlines,
    party_cells,
    payload,
    slid_of_chamber,
    with_interval,
)
from forecast.sweeps.slider import may_slide, slide
from forecast.tables import known_tables, table_of, tables_of
from forecast.tables.chamber_tables import majorities_said, tiers_said
from forecast.tables.exporting import as_csv
from forecast.variables import PASSES_BY_SEATS
from forecast.visible import json_text, safe
from forecast.words import rounding
from forecast.words.facts import Facts, said
from forecast.words.law_in_words import rule_in_words
from forecast.words.page import TEXTS

if TYPE_CHECKING:
    from forecast.result import Forecast

_LIBRARY = 'import {{parse, View}} from "/npm/vega@{}/+esm"; window.vega = {{parse, View}};'
"""What the page takes of the library that draws, which is bundled by its version."""


_TABLES = ("events", "polls", "calibration", "record-by-kind")
"""Tables that the page shows as they are."""


def page(forecast: Forecast, language: str = "en") -> str:
    """The whole page of a forecast of one rule and day; ``ConfigurationError`` for several side by side."""
    from jinja2 import Environment, StrictUndefined

    _refuse_several(forecast)
    facts = Facts(forecast)
    slid = slide(forecast) if may_slide(forecast) else None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    template = environment.from_string(_asset("page.html.j2"))
    texts = _texts(forecast, language)
    shown = payload(facts, slid) | {
        "names": [row["name"] for row in _members(facts)],
        "inks": [ink_of(row) for row in _members(facts)],
        "law_draws": forecast.draws,
    }
    return template.render(
        t=texts,
        title=forecast.attrs["election_name"],
        attrs=forecast.attrs,
        draws=f"{forecast.draws:,} {texts['draw' if forecast.draws == 1 else 'draws']}",
        headlines=page_headlines(facts),
        of_chamber=chamber_headline(facts),
        facts=facts,
        largest_only=len([row for row in facts.parties if row["told"]]) > MOST_PANELS,
        parties=[_party(row) for row in facts.parties],
        largest=_largest(facts),
        coalitions=[(row["name"], coalition_cells(row, facts.majority)) for row in facts.coalitions],
        tables={
            table.name: table
            for table in tables_of(forecast, ("events", "polls", "calibration", "record-by-kind"))
        },
        rule=rule_in_words(Rule.model_validate(forecast.rule)),
        law=forecast.rule.get("law"),
        source=forecast.rule.get("source"),
        houses=_houses(forecast),
        districts=_districts(forecast),
        chamber=_chamber(facts),
        moves=slid is not None and slid_of_chamber(slid),
        downloads=[_download(table) for table in tables_of(forecast)],
        slides=slid is not None,
        css=_asset("page.css"),
        library=_library(),
        script=_script(),
        data=in_script(shown),
        texts=in_script(texts),
    )


def _texts(forecast: Forecast, language: str) -> dict[str, str]:
    """Texts of the page; of passing those that say what it is under the rule."""
    texts = TEXTS[language]
    if forecast["pass_probability"].attrs["long_name"] != PASSES_BY_SEATS:
        return texts
    instead = (
        ("crossings", "winning"),
        ("crossings_note", "winning_note"),
        ("parties_note", "parties_note_winning"),
    )
    return texts | {name: texts[other] for name, other in instead}


def _refuse_several(forecast: Forecast) -> None:
    from forecast.errors import ABSENT, ConfigurationError, Fault

    if forecast.leading:
        along = ", ".join(forecast.leading)
        remedy = f"a page shows a forecast of one rule and day; this one has several, along {along}"
        raise ConfigurationError(Fault("forecast report", "", ABSENT, remedy))


def _library() -> str:
    """The library that draws the charts, from the folder of the compiled core, where it is put the first
    time.

    To take it out of the package that holds it takes more than a second.
    """
    from markupsafe import Markup

    from forecast.compiling.cache import cache_folder
    from forecast.writing import replacing

    kept = cache_folder() / f"vega-parse-view-of-vl-convert-{version('vl-convert-python')}.js"
    with suppress(OSError):
        return Markup(kept.read_text(encoding="utf-8"))
    import vl_convert

    text = vl_convert.javascript_bundle(_LIBRARY.format(vl_convert.get_vega_version()))
    # Nothing in it may end the element that holds it.
    text = text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    with suppress(OSError), replacing(kept) as draft:
        draft.write_text(text, encoding="utf-8")
    return Markup(text)


def _shown(value: Any) -> Any:
    """What a place of the template holds; of the page's own parts nothing is changed."""
    return safe(value) if type(value) is str else value


def in_script(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end the element or begin another."""
    from markupsafe import Markup

    text = json_text(value, tight=True)
    for sign in ("<", ">", "&"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _asset(name: str) -> str:
    from markupsafe import Markup

    text = files("forecast.report").joinpath(name).read_text(encoding="utf-8")
    return text if name.endswith(".j2") else Markup(text)


def _script() -> str:
    """The script in a scope of its own."""
    from markupsafe import Markup

    return Markup('"use strict";\n(() => {\n' + str(_asset("page.js")) + "})();\n")


def _party(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "seatless": row["seatless"],
        "told": row["told"],
        "votes": [
            rounding.percent(row["last_share"]),
            rounding.percent(row["share_median"]),
            rounding.percent_interval(row["share_low80"], row["share_high80"]),
        ],
        "cells": party_cells(row),
    }


def _districts(forecast: Forecast) -> dict[str, Any] | None:
    """Seats by district, of the parties that have any in some; ``None`` where the rule has no districts."""
    if "districts/house" not in forecast:
        return None
    by_district = table_of(forecast, "districts")
    shown = {column.title: k for k, column in enumerate(by_district.shown)}
    low, middle, high = np.moveaxis(forecast.array("districts/seat_quantile")[..., [1, 3, 5]], -1, 0)
    held = np.flatnonzero(np.nan_to_num(high).max(axis=0) > 0)
    rows = []
    for d, texts in enumerate(by_district.texts()):
        cells = [
            rounding.whole(middle[d, k])
            + ("" if low[d, k] == high[d, k] else f" ({rounding.interval(low[d, k], high[d, k])})")
            for k in held
        ]
        known = "Last seat" in shown
        last = f"{texts[shown['Last seat']]} {texts[shown['in']]}".strip() if known else ""
        rows.append(
            {
                "name": texts[0],
                "region": texts[shown["Region"]] if "Region" in shown else "",
                "seats": texts[shown["Seats"]],
                "cells": cells,
                "in_play": texts[shown["In play"]],
                "last": last,
                "apart": texts[shown["Apart"]] if known else "",
            }
        )
    names = forecast.names("party_short")
    return {
        "parties": [names[k] for k in held],
        "rows": rows,
        "last": "districts/last_probability" in forecast,
        "notes": by_district.notes,
    }


def _members(facts: Facts) -> list[dict[str, Any]]:
    """Rows of those of whom coalitions can be built (``members_of``)."""
    known = {row["party"] for row in facts.parties}
    others = [row | {"seatless": False} for row in facts.holders if row["holder"] not in known]
    return [*facts.parties, *others]


def _chamber(facts: Facts) -> dict[str, Any] | None:
    """The whole chamber: seats of every party and group by tier and in all, coalitions, districts; ``None``
    where it is its lists alone.
    """
    forecast = facts.forecast
    if "chamber/size" not in forecast:
        return None
    tiers = list(zip(forecast.names("chamber/tier_name"), forecast.array("chamber/tier_size"), strict=True))
    low, middle, high = np.moveaxis(forecast.array("chamber/tier_seat_quantile")[..., [1, 3, 5]], -1, 0)
    numbers = {holder: h for h, holder in enumerate(forecast.names("chamber/holder"))}
    rows = []
    for row in facts.holders:
        h = numbers[row["holder"]]
        if facts.of_chamber or high[:, h].any():
            cells = holder_cells(facts, row)
            rows.append(
                {
                    "name": row["name"],
                    "lists": cells[: len(cells) - 4],
                    "tiers": [
                        with_interval(low[t, h], middle[t, h], high[t, h]) for t in range(1, len(tiers))
                    ],
                    "all": cells[-4:],
                }
            )
    districts = table_of(forecast, "contests") if "contests" in known_tables(forecast) else None
    of_chamber = [(row["name"], chamber_coalition_cells(facts, row)) for row in facts.coalitions]
    return {
        "size": forecast.chamber_size,
        "coalitions_note": majorities_said(forecast),
        "lists": int(tiers[0][1]),
        "tiers": [(name[:1].upper() + name[1:], int(size)) for name, size in tiers[1:]],
        "rows": rows,
        "coalitions": of_chamber if facts.of_chamber else [],
        "said": tiers_said(forecast),
        "districts": districts,
        "titles": [(column.title, column.numeric) for column in districts.shown] if districts else [],
    }


def _largest(facts: Facts) -> list[tuple[str, str]]:
    """Names of parties that may be the largest and how likely, the likeliest first."""
    if facts.of_chamber:
        forecast = facts.forecast
        chances = (
            forecast.names("chamber/holder_name"),
            forecast.array("chamber/largest_probability").tolist(),
            forecast.array("chamber/largest_mc_error").tolist(),
        )
        found = sorted(zip(*chances, strict=True), key=lambda row: -row[1])
        return [(name, said(chance, error)) for name, chance, error in found if chance and not facts.too_few]
    told = [row for row in facts.lists if row.get("largest_probability")]
    return [
        (row["name"], said(row["largest_probability"], row["largest_mc_error"]))
        for row in sorted(told, key=lambda row: -row["largest_probability"])
        if not facts.too_few
    ]


def _houses(forecast: Forecast) -> dict[str, Any] | None:
    """House effects with a row a party and a column a pollster; ``None`` where there are none."""
    table = table_of(forecast, "houses")
    if not table.length:
        return None
    firms = {row["pollster"]: row["polls"] for row in table.rows}
    cells: dict[Any, dict[Any, str]] = {}
    for row in table.rows:
        effect = row["effect"]
        text = rounding.signed_points(effect if isinstance(effect, float) else None)
        cells.setdefault(row["party_name"], {})[row["pollster"]] = text
    return {
        "pollsters": list(firms.items()),
        "parties": [(name, [by.get(firm, rounding.DASH) for firm in firms]) for name, by in cells.items()],
        "notes": table.notes,
    }


def _download(table: Any) -> dict[str, str]:
    text = base64.b64encode(as_csv(table).encode()).decode()
    return {
        "name": f"{table.name}.csv",
        "title": table.title,
        "href": f"data:text/csv;charset=utf-8;base64,{text}",
    }
