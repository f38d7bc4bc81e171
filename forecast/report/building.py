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
from forecast.report.data import PARTY_CELLS, coalition_cells, party_cells, payload
from forecast.sweeps.slider import may_slide, slide
from forecast.tables import known_tables, table_of, tables_of
from forecast.tables.exporting import as_csv
from forecast.variables import PASSES_BY_SEATS
from forecast.visible import json_text, safe
from forecast.words import rounding
from forecast.words.facts import Facts, said
from forecast.words.law_in_words import rule_in_words
from forecast.words.speaking import DEFAULT, day_text, language, speaking, text, texts

if TYPE_CHECKING:
    from forecast.result import Forecast

_LIBRARY = 'import {{parse, View}} from "/npm/vega@{}/+esm"; window.vega = {{parse, View}};'
"""What the page takes of the library that draws, which is bundled by its version."""


def page(forecast: Forecast, language: str = DEFAULT) -> str:
    """The whole page of a forecast of one rule and day; ``ConfigurationError`` for several side by side, and
    for a language that there is not.
    """
    _refuse_several(forecast)
    with speaking(language):
        return _page(forecast)


def _page(forecast: Forecast) -> str:
    from jinja2 import Environment, StrictUndefined

    facts = Facts(forecast)
    slid = slide(forecast) if may_slide(forecast) else None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    template = environment.from_string(_asset("page.html.j2"))
    told = _texts(forecast)
    shown = payload(facts, slid) | {
        "names": [row["name"] for row in facts.parties],
        "inks": [ink_of(row) for row in facts.parties],
        "law_draws": forecast.draws,
    }
    return template.render(
        t=told,
        title=forecast.attrs["election_name"],
        attrs=forecast.attrs,
        meta=_meta(facts),
        columns=_columns(facts, told),
        headlines=shown["law"]["headlines"],
        facts=facts,
        largest_only=len([row for row in facts.parties if row["told"]]) > MOST_PANELS,
        parties=[_party(row) for row in facts.parties],
        largest=_largest(facts),
        coalitions=[(row["name"], coalition_cells(row, facts.majority)) for row in facts.coalitions],
        tables={table.name: table for table in tables_of(forecast, ("events", "polls", "calibration"))},
        rule=rule_in_words(Rule.model_validate(forecast.rule)),
        law=forecast.rule.get("law"),
        source=forecast.rule.get("source"),
        houses=_houses(forecast),
        districts=_districts(forecast),
        chamber=_chamber(forecast),
        downloads=[_download(table) for table in tables_of(forecast)],
        slides=slid is not None,
        css=_asset("page.css"),
        library=_library(),
        script=_script(),
        data=in_script(shown),
        texts=in_script(told),
    )


def _texts(forecast: Forecast) -> dict[str, str]:
    """Texts of the page; of passing those that say what it is under the rule."""
    known = texts() | {"language": language()}
    if forecast["pass_probability"].attrs["long_name"] != PASSES_BY_SEATS:
        return known
    instead = (
        ("crossings", "winning"),
        ("crossings_note", "winning_note"),
        ("parties_note", "parties_note_winning"),
    )
    return known | {name: known[other] for name, other in instead}


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

    bundle = vl_convert.javascript_bundle(_LIBRARY.format(vl_convert.get_vega_version()))
    # Nothing in it may end the element that holds it.
    bundle = bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    with suppress(OSError), replacing(kept) as draft:
        draft.write_text(bundle, encoding="utf-8")
    return Markup(bundle)


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


def _columns(facts: Facts, told: dict[str, str]) -> list[tuple[str, str]]:
    """Columns of the table of parties by their class: those in which something stands."""
    titles = {
        "last": told["last"],
        "share": told["share"],
        "share80": told["interval80"],
        "passes": told["passes"],
        "seats": told["seats"],
        "seats80": told["interval80"],
        "entering": told["seats_if"],
        "entering80": told["interval80"],
        "held": told["last_seats"],
    }
    known = {
        "last": any(row.get("last_share") is not None for row in facts.parties),
        "held": any(row.get("last_seats") is not None for row in facts.parties),
        "entering": any(row.get("entering_seat_median") is not None for row in facts.parties),
    }
    known["entering80"] = known["entering"]
    return [(key, title) for key, title in titles.items() if known.get(key, True)]


def _party(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "seatless": row["seatless"],
        "told": row["told"],
        "cells": {
            "last": rounding.percent(row.get("last_share")),
            "share": rounding.percent(row["share_median"]),
            "share80": rounding.percent_interval(row["share_low80"], row["share_high80"]),
            **dict(zip(PARTY_CELLS, party_cells(row), strict=True)),
            "held": rounding.whole(row.get("last_seats")),
        },
        "moves": PARTY_CELLS,
    }


def _meta(facts: Facts) -> list[str]:
    """When the forecast was made, of what polls, and how many elections were drawn."""
    attrs, draws = facts.forecast.attrs, facts.forecast.draws
    drawn = text("draw" if draws == 1 else "draws", number=rounding.whole(draws))
    if not facts.polls_used:
        return [drawn]
    last = max(row["day"] for row in facts.polls_used)
    days = [text("as_of", day=day_text(attrs["as_of"])), text("last_poll", day=day_text(last))]
    return [*days, drawn]


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
    names = zip(forecast.names("party_short"), forecast.names("party_name"), strict=True)
    called = [short or name for short, name in names]
    return {
        "parties": [called[k] for k in held],
        "rows": rows,
        "last": "districts/last_probability" in forecast,
        "notes": by_district.notes,
    }


def _chamber(forecast: Forecast) -> list[dict[str, Any]]:
    """The tables of the whole chamber, as on paper; none where it is its lists alone."""
    if "chamber/size" not in forecast:
        return []
    wanted = ("chamber", "chamber-coalitions", "tiers", "contests")
    names = [name for name in wanted[0 if forecast.has_tiers else 2 :] if name in known_tables(forecast)]
    return [
        {
            "name": table.name,
            "title": table.title,
            "long": table.length > 30,
            "titles": [(column.title, column.numeric) for column in table.shown],
            "rows": list(table.texts()),
            "notes": table.notes,
        }
        for table in tables_of(forecast, names)
        if table.length
    ]


def _largest(facts: Facts) -> list[tuple[str, str]]:
    """Names of parties that may be the largest and how likely, the likeliest first."""
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
    content = base64.b64encode(as_csv(table).encode()).decode()
    return {
        "name": f"{table.name}.csv",
        "title": table.title,
        "href": f"data:text/csv;charset=utf-8;base64,{content}",
    }
