"""What all charts share: specifications (Vega-Lite) as plain data, one look, names that do not
cover each other, and files made of them.

A chart is data and a specification that names it. On paper the data stand in the specification; on the page
it is given to it, and given anew when a reader moves the slider.
"""

from __future__ import annotations

import colorsys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ConfigurationError, Fault, safe_tree, suggest
from forecast.words import decimal_sign

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
Data = Callable[[str], Spec]
"""Where a mark has its rows from, by their name."""
Floats = NDArray[np.float64]
WIDTH = 640
"""Of the drawing area of most charts, in pixels."""
INK, SOFT, FAINT, ACCENT = "#1a1a1a", "#595959", "#d9d9d9", "#1f4e79"
EMPTY = "#767676"
"""Of options that hold no seats."""
DASHES = [5, 4]
FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"
_TITLE_SIZE, _TEXT_SIZE, _CAPTION_SIZE = 17, 12, 11
_TITLE_GLYPH, _CAPTION_GLYPH = 9.9, 6.3
"""Mean widths in pixels, on the generous side."""
_LEAST_CONTRAST = 3.0
_PIXELS_PER_UNIT = 2.0
FORMATS = ("svg", "png", "html")


@dataclass(frozen=True)
class Chart:
    """One chart: a notebook shows it, ``save`` writes it.

    Parameters
    ----------
    spec
        Its specification (Vega-Lite), with the data.
    """

    spec: Spec

    def rendered(self, form: str) -> bytes:
        """The bytes of a file: svg, png (at twice the nominal size) or html, which asks nothing of the
        network.
        """
        import vl_convert

        if form not in FORMATS:
            remedy = f"no such format; {suggest(form, FORMATS)}"
            raise ConfigurationError(Fault("chart", "format", form, remedy))
        # A text that XML does not hold ends the process in the library that draws: it does not raise.
        spec = safe_tree(self.spec)
        if form == "svg":
            return vl_convert.vegalite_to_svg(spec).encode()
        if form == "png":
            return vl_convert.vegalite_to_png(spec, scale=_PIXELS_PER_UNIT)
        return vl_convert.vegalite_to_html(spec, bundle=True).encode()

    def save(self, path: str | Path) -> None:
        """Write it to a file, in the form that the name ends in: .svg, .png or .html."""
        from forecast.writing import replacing

        content = self.rendered(Path(path).suffix.removeprefix(".").lower())
        with replacing(Path(path)) as draft:
            draft.write_bytes(content)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"image/svg+xml": self.rendered("svg").decode()}


# Parts of a specification.


def inline(tables: Mapping[str, Rows]) -> Data:
    """Rows that stand in the specification."""
    return lambda name: {"values": list(tables[name])}


def named(name: str) -> Spec:
    """Rows that are given to the chart when it is drawn."""
    return {"name": name}


def mark(type_: str, data: Spec | None = None, encoding: Spec | None = None, **look: Any) -> Spec:
    """One layer: marks of a type, with where they have their rows and places from."""
    layer: Spec = {"mark": {"type": type_, **look}, "encoding": encoding or {}}
    return layer | ({"data": data} if data is not None else {})


def number(field: str, **more: Any) -> Spec:
    """A place on a scale of numbers."""
    return {"field": field, "type": "quantitative", **more}


def name(field: str, **more: Any) -> Spec:
    """A place, or a text, by name; places stand in the order of the rows."""
    return {"field": field, "type": "nominal", "sort": None, **more}


def as_it_is(field: str) -> Spec:
    """A colour, size or the like as the rows have it."""
    return {"field": field, "type": "nominal", "scale": None}


def at(value: Any) -> Spec:
    """A place in pixels, or anything else that is the same for all rows."""
    return {"value": value}


def layered(*layers: Spec, **more: Any) -> Spec:
    """Layers over each other."""
    return {"layer": list(layers), **more}


def beside(*parts: Spec, spacing: float) -> Spec:
    """Parts next to each other."""
    return {"hconcat": list(parts), "spacing": spacing}


def below(*parts: Spec, spacing: float) -> Spec:
    """Parts one below the other."""
    return {"vconcat": list(parts), "spacing": spacing}


def panels(parts: Sequence[Spec], columns: int, row: float = 20, column: float = 22) -> Spec:
    """Panels in rows of so many."""
    return {"concat": list(parts), "columns": columns, "spacing": {"row": row, "column": column}}


def title(text: str, subtitle: str = "", size: float = 12, offset: float = 4) -> Spec:
    """The title of a panel."""
    about: Spec = {"text": text, "anchor": "start", "fontSize": size, "color": INK, "offset": offset}
    more = {"subtitle": subtitle, "subtitleFontSize": 11, "subtitleColor": SOFT}
    return {"title": about | (more if subtitle else {})}


def level_line(data: Spec, field: str = "level", axis: str = "x", ink: str = INK) -> Spec:
    """The line of a threshold across the plot."""
    return mark("rule", data, {axis: number(field)}, color=ink, strokeDash=DASHES)


def percent_labels() -> str:
    """Labels of an axis of shares, as the language of the readers writes them."""
    return f"replace(format(100 * datum.value, '.3~f'), '.', '{decimal_sign()}') + '\\u00a0%'"


def whole_axis(**more: Any) -> Spec:
    """An axis of whole numbers, without labels between them."""
    return {"tickMinStep": 1, "labelExpr": "datum.value % 1 ? '' : format(datum.value, 'd')", **more}


def shares_axis(**more: Any) -> Spec:
    """An axis of shares in percent."""
    return {"axis": {"labelExpr": percent_labels(), **more}}


def finished(
    body: Spec, finding: str, explanation: str, caption: str, *, width: int = WIDTH, indent: int = 0
) -> Chart:
    """A chart with the finding as its title, what is drawn below it, and the caption at the foot.

    ``indent``: how far the labels of an axis reach to the left of the drawing area.
    """
    lines = wrapped(caption, width, _CAPTION_GLYPH)
    foot = mark(
        "text",
        {"values": [{"line": line, "at": number} for number, line in enumerate(lines)]},
        {
            "x": at(-indent),
            "y": {
                "field": "at",
                "type": "ordinal",
                "axis": None,
                "scale": {"paddingInner": 0, "paddingOuter": 0},
            },
            "text": name("line"),
        },
        align="left",
        baseline="top",
        color=SOFT,
        fontSize=_CAPTION_SIZE,
    )
    about = {
        "text": wrapped(finding, width, _TITLE_GLYPH),
        "subtitle": wrapped(explanation, width, _CAPTION_GLYPH),
        "anchor": "start",
        "frame": "bounds",
        "fontSize": _TITLE_SIZE,
        "subtitleFontSize": _TEXT_SIZE,
        "subtitleColor": SOFT,
        "color": INK,
        "offset": 14,
        "subtitlePadding": 6,
    }
    return Chart(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            **below(body, foot | {"width": width - indent, "height": 15 * len(lines)}, spacing=14),
            "title": about,
            "description": f"{finding} {explanation} {caption}",
            "background": "white",
            "padding": 16,
            "config": look(FONT),
        }
    )


def look(font: str) -> Spec:
    """The look of all charts: ink on white, party colours as accents with contrast."""
    return {
        "font": font,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK,
            "labelFlush": False,
            "titleColor": SOFT,
            "gridColor": "#ececec",
            "domainColor": SOFT,
            "tickColor": SOFT,
            "labelFontSize": _TEXT_SIZE,
            "titleFontSize": _TEXT_SIZE,
            "titleFontWeight": "normal",
        },
        "text": {"font": font, "fontSize": _TEXT_SIZE, "color": INK},
    }


# Texts and colours.


def shortened(text: str, letters: int) -> str:
    """A text of at most so many letters, with an ellipsis where some are left out."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def called(row: Mapping[str, Any], letters: int) -> str:
    """A party in so many letters: its name, or the short name that the election file gives for charts."""
    return row["name"] if len(row["name"]) <= letters else shortened(row["short"] or row["name"], letters)


def wrapped(text: str, width: float, glyph: float) -> list[str]:
    """Lines that fit a width in pixels at a mean width of letters; a number keeps its percent sign."""
    return textwrap.wrap(text.replace(" %", "\N{NO-BREAK SPACE}%"), max(20, int(width / glyph))) or [""]


def was_open(chances: np.ndarray, least: float) -> bool:
    """Whether one of several chances was at least so far from none and from all."""
    known = chances[~np.isnan(chances)]
    return bool(((known > least) & (known < 1.0 - least)).any())


@cache
def on_white(colour: str, least: float = _LEAST_CONTRAST) -> str:
    """A colour ``#RRGGBB`` darkened until its contrast with white (WCAG 2) is ``least``.

    Ours where there is none.
    """
    if len(colour) != 7:
        return ACCENT
    red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    while _contrast_with_white(red, green, blue) < least:
        light *= 0.96
        red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))


def _contrast_with_white(*rgb: float) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def ink_of(row: Mapping[str, Any]) -> str:
    """The colour of a party in charts."""
    return EMPTY if row["seatless"] else on_white(row["colour"])


# Names of curves: at their ends where those are apart, else beside the curve where little is covered.


_GLYPH, _LINE, _GAP = 6.6, 13.0, 6.0
"""Width of a letter, height of a line and distance from the curve, in pixels."""
_BETWEEN = (0.03, 0.97)
"""Heights, as parts of the plot, at which a name may stand beside its curve."""
_EACH_NEIGHBOUR = 8.0
"""Pixels of curve that a name may cover rather than stand at an end that others share."""


@dataclass(frozen=True)
class Place:
    """Where a name stands, in pixels from the upper left corner: ``x`` is its left edge, ``y`` its middle."""

    x: float
    y: float


@dataclass(frozen=True)
class _Box:
    place: Place
    width: float
    cost: float

    def meets(self, other: _Box) -> bool:
        apart = abs(self.place.y - other.place.y) >= _LINE
        beside = self.place.x >= other.place.x + other.width or other.place.x >= self.place.x + self.width
        return not (apart or beside)


def places(
    curves: Floats,
    names: Sequence[str],
    across: Floats,
    size: tuple[float, float],
    uprights: Sequence[float] = (),
) -> list[Place]:
    """A place for every name.

    ``curves`` (P, T) are heights from 0 (foot) to 1 at ``across`` (T,), rising from 0 (left) to 1 (right);
    ``size`` is that of the plot in pixels; ``uprights`` are upright lines, placed as ``across``. Names stand
    to the right of the plot, in the order of the ends of their curves and a line apart; where several curves
    end at the foot or the top, beside them.
    """
    wide, high = size
    x, walls = np.arange(wide + 1.0), [upright * wide for upright in uprights]
    y = np.array([(1.0 - np.interp(x, across * wide, curve)) * high for curve in curves])
    ends = y[:, -1]
    taken: dict[int, _Box] = {}
    for own, name in enumerate(names):
        settled = min(ends[own], high - ends[own]) < _LINE
        shared = int((np.abs(ends - ends[own]) < _LINE).sum()) - 1 if settled else 0
        free = [
            box
            for box in _beside(x, y, own, _GLYPH * len(name), high, walls)
            if not any(box.meets(other) for other in taken.values())
        ]
        best = min(free, key=lambda box: box.cost, default=None)
        if best is not None and best.cost < _EACH_NEIGHBOUR * shared:
            taken[own] = best
    # By the curves themselves: heights that differ by less than a pixel can hold may have become equal.
    falling = np.argsort(-curves[:, -1], kind="stable").tolist()
    last = [own for own in falling if own not in taken]
    apart = dict(zip(last, _a_line_apart(ends[last]), strict=True))
    return [
        taken[own].place if own in taken else Place(wide + _GAP, float(apart[own]))
        for own in range(len(names))
    ]


def _beside(
    x: Floats, y: Floats, own: int, width: float, high: float, walls: Sequence[float]
) -> Iterator[_Box]:
    """Boxes to the right and to the left of a curve, and how much of all curves and walls each covers."""
    low, top = _BETWEEN
    inside = np.flatnonzero((y[own] >= (1.0 - top) * high) & (y[own] <= (1.0 - low) * high))
    for at in inside[::3].tolist():
        middle, here = float(y[own, at]), float(x[at])
        for left in (here + _GAP, here - _GAP - width):
            if left >= 0.0 and left + width <= x[-1]:
                covered = _covered(x, y, left, width, middle, high)
                covered += _LINE * sum(left <= wall <= left + width for wall in walls)
                yield _Box(Place(left, middle), width, covered)


def _covered(x: Floats, y: Floats, left: float, width: float, middle: float, high: float) -> float:
    """Pixels of curves under a name; one more where it stands at the foot or the top of the plot."""
    here = (x >= left - 2.0) & (x <= left + width + 2.0)
    steep = np.abs(np.diff(y[:, here], axis=1, prepend=y[:, here][:, :1]))
    touched = np.abs(y[:, here] - middle) <= _LINE / 2.0 + steep
    return float(touched.sum()) + 2.0 * abs(middle / high - 0.5)


def _a_line_apart(ends: Floats) -> Floats:
    """Rising heights moved as little as can be (least squares) until they are a line apart.

    Pooling of adjacent violators, on the heights less a line for each name before.
    """
    pools: list[list[float]] = []
    for number, end in enumerate(ends):
        pools.append([float(end) - number * _LINE])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            later = pools.pop()
            pools[-1] += later
    level = [float(np.mean(pool)) for pool in pools for _ in pool]
    return np.array([height + number * _LINE for number, height in enumerate(level)])
