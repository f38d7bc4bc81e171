"""The look that all charts share: ink on white, party colours as accents with contrast, captions below."""

from __future__ import annotations

import colorsys
import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt

WIDTH = 640
"""Of the drawing area of most charts, in pixels."""
INK = "#1a1a1a"
SOFT = "#595959"
FAINT = "#d9d9d9"
ACCENT = "#1f4e79"
EMPTY = "#767676"
"""Of options that hold no seats."""
FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"

_LEAST_CONTRAST = 3.0
_TITLE_SIZE, _TEXT_SIZE, _CAPTION_SIZE = 17, 12, 11
_TITLE_GLYPH, _CAPTION_GLYPH = 9.9, 6.3
"""Mean widths in pixels, on the generous side."""

PERCENT = "format(100 * datum.value, '.3~f') + '\\u00a0%'"
"""Labels of an axis of shares."""

Chart = (
    alt.Chart
    | alt.RepeatChart
    | alt.ConcatChart
    | alt.HConcatChart
    | alt.VConcatChart
    | alt.FacetChart
    | alt.LayerChart
)
"""Any of altair's charts."""


def on_white(colour: str, least: float = _LEAST_CONTRAST) -> str:
    """A colour ``#RRGGBB`` darkened until its contrast with white (WCAG 2) is ``least``.

    Ours where there is none.
    """
    if len(colour) != 7:
        return ACCENT
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    while _contrast_with_white(red, green, blue) < least:
        light *= 0.96
        red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))


def _contrast_with_white(*rgb: float) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def shortened(text: str, letters: int) -> str:
    """A text of at most so many letters, with an ellipsis where some are left out."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def finished(
    body: Chart, finding: str, explanation: str, caption: str, *, width: int = WIDTH, indent: int = 0
) -> Chart:
    """A chart with the finding as its title, what is drawn below it, and the caption at the foot.

    ``indent``: how far the labels of an axis reach to the left of the drawing area.
    """
    lines = wrapped(caption, width, _CAPTION_GLYPH)
    foot = (
        alt.Chart(alt.Data(values=[{"line": line, "at": number} for number, line in enumerate(lines)]))
        .mark_text(align="left", baseline="top", color=SOFT, fontSize=_CAPTION_SIZE)
        .encode(
            x=alt.value(-indent),
            y=alt.Y("at:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0)),
            text="line:N",
        )
        .properties(width=width, height=15 * len(lines))
    )
    title = alt.TitleParams(
        text=wrapped(finding, width, _TITLE_GLYPH),
        subtitle=wrapped(explanation, width, _CAPTION_GLYPH),
        anchor="start",
        frame="bounds",
        fontSize=_TITLE_SIZE,
        subtitleFontSize=_TEXT_SIZE,
        subtitleColor=SOFT,
        color=INK,
        offset=14,
        subtitlePadding=6,
    )
    return (
        alt.vconcat(body, foot, spacing=14)
        .properties(
            title=title, description=f"{finding} {explanation} {caption}", background="white", padding=16
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            labelFlush=False,
            titleColor=SOFT,
            gridColor="#ececec",
            domainColor=SOFT,
            tickColor=SOFT,
            labelFontSize=_TEXT_SIZE,
            titleFontSize=_TEXT_SIZE,
            titleFontWeight="normal",
        )
        .configure_text(font=FONT, fontSize=_TEXT_SIZE, color=INK)
        .configure_header(labelFontSize=_TEXT_SIZE, labelColor=INK)
    )


def wrapped(text: str, width: int, glyph: float) -> list[str]:
    """Lines that fit a width in pixels at a mean width of letters; a number keeps its percent sign."""
    return textwrap.wrap(text.replace(" %", "\N{NO-BREAK SPACE}%"), max(20, int(width / glyph))) or [""]


def rows(values: Sequence[dict[str, Any]]) -> alt.Data:
    """Rows for a chart, as they are."""
    return alt.Data(values=list(values))
