"""The look that all charts share: ink on white, party colours as accents with contrast, captions below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt

from forecast.charts.colours import INK, SOFT

WIDTH = 640
"""Of the drawing area of most charts, in pixels."""
FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"

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
        .properties(width=width - indent, height=15 * len(lines))
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
