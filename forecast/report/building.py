"""The page: numbers from the tables, words from ``texts``, one template; script and style inlined."""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from forecast.charts import findings
from forecast.charts.facts import Facts, said
from forecast.election.rule import Rule
from forecast.election.wording import rule_in_words
from forecast.report.data import MOST_PANELS, payload
from forecast.report.texts import TEXTS
from forecast.tables import rounding, table_of, tables_of
from forecast.tables.formats import as_csv
from forecast.visible import json_text, safe

if TYPE_CHECKING:
    from forecast.result import Forecast

_SCRIPTS = ("base", "pictures", "page")


def page(forecast: Forecast, language: str = "en") -> str:
    """The whole page."""
    from jinja2 import Environment, StrictUndefined

    facts = Facts(forecast)
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    template = environment.from_string(_asset("page.html.j2"))
    attrs = forecast.dataset.attrs
    texts = TEXTS[language]
    return template.render(
        t=texts,
        title=attrs["election_name"],
        attrs=attrs,
        draws=f"{forecast.draws:,} {texts['draw' if forecast.draws == 1 else 'draws']}",
        headlines=headlines(facts),
        facts=facts,
        largest_only=len([row for row in facts.parties if row["told"]]) > MOST_PANELS,
        parties=[_party_texts(row) for row in facts.parties],
        largest=_largest(facts),
        coalitions=[_coalition_texts(row) for row in facts.coalitions],
        tables={table.name: table for table in tables_of(forecast, ("events", "polls", "calibration"))},
        rule=rule_in_words(Rule.model_validate(facts.rule)),
        law=facts.rule.get("law"),
        source=facts.rule.get("source"),
        houses=_houses(forecast),
        downloads=[_download(table) for table in tables_of(forecast)],
        grid="explorer_threshold" in forecast.dataset.dims,
        css=_asset("page.css"),
        script=_script(),
        data=in_script(payload(facts)),
        texts=in_script(texts),
    )


def headlines(facts: Facts) -> list[str]:
    """What the numbers say, the most asked for first."""
    said_first = [findings.coalitions(facts)] if facts.coalitions else [findings.seats(facts)]
    lines = [*said_first, findings.entering(facts), findings.seats(facts)][: 3 if facts.coalitions else 2]
    return [line.replace(" %", "\N{NO-BREAK SPACE}%") for line in lines]


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
    """The parts of the script in a scope of their own."""
    from markupsafe import Markup

    parts = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    return Markup('"use strict";\n(() => {\n' + parts + "})();\n")


def _party_texts(row: dict[str, Any]) -> dict[str, Any]:
    held = not row["seatless"] and row["told"]
    return {
        "name": row["party_name"],
        "seatless": row["seatless"],
        "told": row["told"],
        "last": rounding.percent(row["last_share"]),
        "share": rounding.percent(row["share_median"]),
        "share80": rounding.percent_interval(row["share_low80"], row["share_high80"]),
        "passes": said(row["pass_probability"], row["pass_mc_error"]) if held else rounding.DASH,
        "error": rounding.points(row["pass_mc_error"]) if held else rounding.DASH,
        "seats": rounding.whole(row["seat_median"]) if held else rounding.DASH,
        "seats80": rounding.interval(row["seat_low80"], row["seat_high80"]) if held else rounding.DASH,
        "mean": rounding.mean_seats(row["seat_mean"], row["seat_mean_mc_error"]) if held else rounding.DASH,
        "drawn": rounding.whole(row["representative_seats"]) if held else rounding.DASH,
    }


def _largest(facts: Facts) -> list[tuple[str, str]]:
    """Names of parties that may be the largest and how likely, the likeliest first."""
    told = [row for row in facts.lists if row.get("largest_probability")]
    return [
        (str(row["party_name"]), said(row["largest_probability"], row["largest_mc_error"]))
        for row in sorted(told, key=lambda row: -row["largest_probability"])
        if not facts.too_few
    ]


def _coalition_texts(row: dict[str, Any]) -> dict[str, str]:
    return {
        "name": str(row["coalition_name"]),
        "majority": said(row["majority_probability"], row["majority_mc_error"]),
        "seats": rounding.whole(row["seat_median"]),
        "seats80": rounding.interval(row["seat_low80"], row["seat_high80"]),
        "margin": rounding.signed(row["margin"]),
    }


def _houses(forecast: Forecast) -> dict[str, Any] | None:
    """House effects with a row a party and a column a pollster; ``None`` where there are none."""
    table = table_of(forecast, "houses")
    if not table.rows:
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
