"""The page: numbers of the forecast, words of ``forecast.words``, one template; charts and style inlined."""

from __future__ import annotations

import base64
import datetime
import json
import re
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts import outcomes
from forecast.charts.drawing import ink_of
from forecast.charts.parties import DOTS, MOST_PANELS
from forecast.election.rule import Rule
from forecast.errors import ABSENT, ConfigurationError, Fault, json_text, safe, suggest
from forecast.published.tables_of_past import record_tables
from forecast.report.data import (
    PARTY_CELLS,
    coalition_cells,
    party_cells,
    payload,
    slid_of_chamber,
)
from forecast.report.sections import (
    History,
    district_figures,
    districts_of,
    is_night,
    last_seat_of,
    night_meta,
    night_of,
    past_shown,
    ranks_of,
    shown_table,
    whole_chamber,
)
from forecast.sweeps.slider import may_slide, slide
from forecast.tables import table_of, tables_of
from forecast.tables.across import difference_tables
from forecast.tables.exporting import as_csv
from forecast.variables import PASSES_BY_SEATS
from forecast.words import (
    DEFAULT,
    day_text,
    headlines,
    in_their_language,
    language,
    rounding,
    speaking,
    text,
    texts,
    translated,
)
from forecast.words.facts import Facts
from forecast.words.headlines import earlier_of
from forecast.words.law_in_words import rule_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template
    from jinja2.runtime import Context

    from forecast.published.archive_of_forecasts import Archive
    from forecast.published.scored import Record
    from forecast.result import Forecast
    from forecast.tables.definitions import Table


_TABLES = ("events", "polls", "calibration", "record-by-kind")
"""Tables that the page shows as they are."""
_LONG_NAME = 24
_LIBRARY = 'import {{parse, View}} from "/npm/vega@{}/+esm"; window.vega = {{parse, View}};'
"""What the page takes of the library that draws, which is bundled by its version."""
PANELS = (
    *("night", "evening", "parties", "crossings", "seats", "parliament", "coalitions", "events"),
    *("districts", "chamber", "over-time", "record", "last-seat", "ranks", "rules", "shares", "polls"),
    "calibration",
)
"""Parts of the page that can stand alone."""
_MOVED = frozenset({"parties", "crossings", "seats", "parliament", "coalitions", "chamber"})
"""Those that another rule changes; the others need none."""
_KEY = re.compile(r" \((?:parties|estimate|geography)\.[\w.]+\)")
"""Where the election file says it: for whoever writes one, not for readers of the page."""
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
"""Of a sentence that ends with an abbreviation."""
_PERCENT = re.compile(r"(?<=\d) ?%")
PREVIEW = "preview.png"
"""The picture beside the page that links to it are shown with."""


def page(
    forecast: Forecast,
    language: str = DEFAULT,
    *,
    url: str = "",
    panel: str | None = None,
    before: Forecast | None = None,
    archive: Archive | None = None,
    record: Record | None = None,
) -> str:
    """The whole page of a forecast of one rule and day, or one part of it.

    Parameters
    ----------
    language
        Code of a language that has texts (``forecast/words/languages``).
    url
        Address at which the page will stand: for previews of links, which show ``preview.png`` beside it.
    panel
        Only this part, to stand in another page; one of ``PANELS``.
    before
        An earlier forecast of the same election: the page says what has changed since.
    archive
        Forecasts of the election that were published before: the page shows them over time.
    record
        How they came out: the page says so.

    Raises
    ------
    ConfigurationError
        For several forecasts side by side, a language that there is not, a part that the page does not have,
        and a forecast of another election.
    """
    _refuse_several(forecast)
    if panel is not None and panel not in PANELS:
        raise ConfigurationError(Fault("--panel", "", panel, f"no such part; {suggest(panel, PANELS)}"))
    with speaking(language):
        facts = Facts(forecast)
        history = None if archive is None else History.of(facts, archive)
        return _page(facts, url, panel, before, history, record)


def preview(forecast: Forecast, language: str = DEFAULT) -> bytes:
    """The picture that a link to the page is shown with (PNG): one parliament, and a hundred dots."""
    with speaking(language):
        return outcomes.preview(Facts(forecast)).rendered("png")


def _page(
    facts: Facts,
    url: str,
    panel: str | None,
    before: Forecast | None,
    history: History | None,
    record: Record | None,
) -> str:
    forecast = facts.forecast
    last = before if before is not None or not history or not history.before else history.before[-1].forecast
    earlier = None if last is None else earlier_of(Facts(last), facts)
    over_time = [] if history is None else history.figures()
    of_districts = district_figures(facts)
    slid = slide(forecast) if may_slide(forecast) and (panel is None or panel in _MOVED) else None
    names = _in_their_names(facts)
    told = _texts(facts)
    shown = payload(facts, slid, earlier, [*of_districts, *over_time]) | {
        "names": [row["name"] for row in _members(facts)],
        "ids": [row["party"] for row in _members(facts)],
        "inks": [ink_of(row) for row in _members(facts)],
        "law_draws": forecast.draws,
    }
    return _template().render(
        **_head(facts, url),
        **_numbers(facts, told),
        **_about_the_rule(facts),
        **past_shown(history, record, over_time),
        t=told,
        their_names=names,
        headlines=shown["law"]["headlines"],
        only=panel,
        shows=lambda part: panel is None or part == panel,
        changes=[] if before is None else _changes(before, forecast, names),
        of_districts=[(figure.id, figure.title) for figure in of_districts],
        slides=slid is not None,
        moves=slid is not None and slid_of_chamber(slid),
        downloads=[_download(table) for table in [*tables_of(forecast), *_of_past(history, record)]],
        css=_asset("page.css"),
        library=_library(),
        script=_script(),
        data=in_script(shown),
        texts=in_script(told),
    )


def _head(facts: Facts, url: str) -> dict[str, Any]:
    """What stands at the head of the page, and in previews of links to it."""
    return {
        "title": facts.title,
        "attrs": {"author": "", **facts.definition.get("election", {}), **facts.forecast.attrs},
        "url": url,
        "picture": _beside(url),
        "picture_said": headlines.first(facts),
        "meta": _meta(facts),
        "stale": _stale(facts),
        "published": _published(facts),
    }


def _numbers(facts: Facts, told: dict[str, str]) -> dict[str, Any]:
    """The numbers of the forecast, section by section."""
    forecast = facts.forecast
    tables = {table.name: table for table in tables_of(forecast, _TABLES)}
    events = zip(tables["events"].rows_shown(), tables["events"].texts(), strict=True)
    return {
        "facts": facts,
        "columns": _columns(facts, told),
        "largest_only": len([row for row in facts.parties if row["told"]]) > MOST_PANELS,
        "parties": [_party(row) for row in facts.parties],
        "coalitions": [(row["name"], coalition_cells(row, facts.majority)) for row in facts.coalitions],
        "events": [
            (facts.events[str(row["event"])], texts[1:3], _is_strict(str(row["definition"])))
            for row, texts in events
        ],
        "tables": tables,
        "houses": _houses(forecast),
        "night": night_of(facts),
        "of_chamber": facts.of_chamber,
        "chamber": whole_chamber(facts),
        "districts": districts_of(forecast),
        "last_seat": last_seat_of(facts),
        "ranks": ranks_of(facts),
    }


def _about_the_rule(facts: Facts) -> dict[str, Any]:
    """The rule in words, its law, and where it can be read."""
    rule, about = facts.forecast.rule, facts.definition.get("election", {})
    return {
        "rule": rule_in_words(Rule.model_validate(rule)),
        "law": rule.get("law"),
        "sources": [source for source in (rule.get("source"), about.get("source")) if source],
    }


def _refuse_several(forecast: Forecast) -> None:
    if forecast.leading:
        along = ", ".join(forecast.leading)
        remedy = f"a page shows a forecast of one rule and day; this one has several, along {along}"
        raise ConfigurationError(Fault("forecast report", "", ABSENT, remedy))


# Head and texts.


def _meta(facts: Facts) -> list[str]:
    """When the forecast was made, of what polls, and how many elections were drawn."""
    attrs, draws = facts.forecast.attrs, facts.forecast.draws
    drawn = [
        text("draw" if draws == 1 else "draws", number=rounding.whole(draws)),
        text("chances_error", points=rounding.points(facts.chances_error)),
    ]
    if is_night(facts.forecast):
        return [*night_meta(facts.forecast), *drawn]
    if not facts.polls_used:
        return drawn
    last = max(row["day"] for row in facts.polls_used)
    days = [text("as_of", day=day_text(attrs["as_of"])), text("last_poll", day=day_text(last))]
    return [*days, *drawn]


def _stale(facts: Facts) -> str:
    """What to say where the last poll is old; else an empty text."""
    after = facts.definition.get("election", {}).get("stale_after")
    if not facts.polls_used or after is None:
        return ""
    last = max(row["day"] for row in facts.polls_used)
    days = (datetime.date.fromisoformat(str(facts.forecast.attrs["as_of"])) - last).days
    return text("stale", days=days) if days > after else ""


def _published(facts: Facts) -> list[str]:
    """Who publishes the forecast, and under which licence."""
    about = facts.definition.get("election", {})
    named = ((text("by"), about.get("author")), (text("licence"), about.get("licence")))
    return [f"{what}: {value}." for what, value in named if value]


def _beside(url: str) -> str:
    """Address of the picture beside the page."""
    return (url if url.endswith("/") else url.rpartition("/")[0] + "/") + PREVIEW


def _texts(facts: Facts) -> dict[str, str]:
    """Texts of the page; of passing those that say what it is under the rule."""
    parts = {
        "parliament_note": {"order": text("by_position" if facts.positions else "by_size")},
        "distributions_note": {"dots": DOTS},
        "coalitions_note": {"needed": facts.majority, "house": facts.house},
        "ranks_note": {
            "number": rounding.whole(places_draws(facts.forecast)),
            "points": rounding.points(_largest_of(facts.forecast, "places/mc_error")),
        },
    }
    filled = {key: text(key, **values) for key, values in parts.items()}
    known = texts() | filled | {"language": language()}
    if facts.forecast["pass_probability"].attrs["long_name"] != PASSES_BY_SEATS:
        return known
    instead = (
        ("crossings", "winning"),
        ("crossings_note", "winning_note"),
        ("parties_note", "parties_note_winning"),
    )
    return known | {name: known[other] for name, other in instead}


def places_draws(forecast: Forecast) -> int:
    """How many draws the chances of places rest on."""
    path = "places/probability"
    return int(forecast[path].attrs.get("draws", forecast.draws)) if path in forecast else 0


def _largest_of(forecast: Forecast, path: str) -> float | None:
    """The largest of some Monte Carlo errors; ``None`` where there are none."""
    return float(np.nanmax(forecast.array(path))) if path in forecast else None


# Sections.


def _columns(facts: Facts, told: dict[str, str]) -> list[tuple[str, str]]:
    """Columns of the table of parties by their class: those in which something stands."""
    titles = {
        "last": told["last"],
        "share": told["share"],
        "share80": told["interval80"],
        "passes": told["passes"],
        "seats": told["list_seats"] if facts.of_chamber else told["seats"],
        "seats80": told["interval80"],
        "entering": told["seats_if"],
        "entering80": told["seats_if80"],
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
        "brief": row["short"] if len(row["name"]) > _LONG_NAME else "",
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


def _members(facts: Facts) -> list[dict[str, Any]]:
    """Rows of those of whom coalitions can be built (``members_of``)."""
    known = {row["party"] for row in facts.parties}
    others = [row | {"seatless": False} for row in facts.holders if row["holder"] not in known]
    return [*facts.parties, *others]


def _is_strict(definition: str) -> bool:
    """Whether an event asks who has more seats than others: equal seats are then a no, where the table of
    places gives both the better one.
    """
    event = json.loads(definition)
    return any({"order", "largest"} & set(one) for one in (*event["all"], *event.get("given", ())))


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


def _changes(before: Forecast, now: Forecast, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """What has changed since an earlier forecast, and what the two rest on where that differs."""
    tables = [shown_table(table, "changes-") for table in difference_tables(before, now, None)]
    return [
        table
        | {
            "title": in_their_language(table["title"]),
            "titles": [(in_their_language(title), numeric) for title, numeric in table["titles"]],
            "rows": [[in_their_language(_named(row[0], names)), *row[1:]] for row in table["rows"]],
        }
        for table in tables
        if table["rows"]
    ]


def _of_past(history: History | None, record: Record | None) -> list[Table]:
    """Tables of earlier forecasts and of how they came out."""
    provenance = "" if record is None else "; ".join(one.election for one in record.official)
    scored = [] if record is None else record_tables(record, provenance)
    return [*([] if history is None else history.tables()), *scored]


def _download(table: Any) -> dict[str, str]:
    content = base64.b64encode(as_csv(table).encode()).decode()
    return {
        "name": f"{table.name}.csv",
        "title": in_their_language(table.title),
        "href": f"data:text/csv;charset=utf-8;base64,{content}",
    }


# In the language of the page.


def _in_their_names(facts: Facts) -> dict[str, str]:
    """What parties, groups, coalitions and events are called in the language of the page, by their names in
    the election file, where these differ.
    """
    forecast = facts.forecast
    theirs = {row["party"]: row["name"] for row in facts.parties}
    theirs |= {row["holder"]: row["name"] for row in facts.holders}
    theirs |= {row["coalition"]: row["name"] for row in facts.coalitions} | facts.events
    found: dict[str, str] = {}
    for over in ("party", "chamber/holder", "coalition", "event"):
        if over in forecast:
            names = zip(forecast.names(over), forecast.names(f"{over}_name"), strict=True)
            found |= {name: theirs[id_] for id_, name in names if theirs.get(id_, name) != name}
    return found


def _named(text: str, names: Mapping[str, str]) -> str:
    """A text with names of the election file as the language has them."""
    if not names:
        return text
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", lambda name: names[name[0]], text)


def _told(text: str, end: str, names: Mapping[str, str]) -> Any:
    """A sentence that is made in English, in the language of the page; English marked as such where it has no
    other.
    """
    from markupsafe import Markup

    found = translated(safe(text))
    found = translated(safe(_KEY.sub("", text))) if found is None else _KEY.sub("", found)
    if found is not None:
        found = _TWO_STOPS.sub(".", _named(found, names) + end)
        return _PERCENT.sub("\N{NO-BREAK SPACE}%", found)
    return Markup('<span lang="en">{}</span>').format(safe(text) + end)


# The template and what it takes.


@cache
def _template() -> Template:
    """The template, compiled once: one process makes pages in several languages, or those of a night."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined, pass_context

    def told(context: Context, text: str, end: str = "") -> Any:
        return _told(text, end, context["their_names"])

    def named(context: Context, text: str) -> str:
        return _named(text, context["their_names"])

    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {"told": pass_context(told), "named": pass_context(named)}
    environment.filters["in_theirs"] = in_their_language
    return environment.get_template("page.html.j2")


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
