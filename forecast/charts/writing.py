"""One specification as SVG, PNG or HTML, without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from forecast.visible import safe_tree

if TYPE_CHECKING:
    from forecast.charts.look import Chart

Format = Literal["svg", "png", "html"]
_PIXELS_PER_UNIT = 2.0


def rendered(chart: Chart, form: Format) -> bytes:
    """The bytes of a file with this chart; PNG at twice the nominal size."""
    import vl_convert

    # A text that XML does not hold ends the process in the library that draws: it does not raise.
    specification = safe_tree(chart.to_dict())
    if form == "svg":
        return vl_convert.vegalite_to_svg(specification).encode()
    if form == "png":
        return vl_convert.vegalite_to_png(specification, scale=_PIXELS_PER_UNIT)
    return vl_convert.vegalite_to_html(specification, bundle=True).encode()
