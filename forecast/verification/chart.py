"""The calibration chart: what was said against what happened, as a Vega-Lite specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.estimation.calibration import Bin

_SIZE = 300
_SHADES = {"default": "#00627A", "pooled-dirichlet": "#C2571A"}


def calibration_chart(curves: Mapping[str, Sequence[Bin]], title: str, caption: str) -> dict[str, Any]:
    """Curves by method, one point a bin, its area the number of statements; the diagonal is the aim."""
    values = [
        {"method": method, "said": bin.said, "happened": bin.happened, "statements": bin.statements}
        for method, curve in curves.items()
        for bin in curve
    ]
    share = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}
    axes = {
        "x": {"field": "said", "type": "quantitative", "title": "chance given", "axis": share},
        "y": {"field": "happened", "type": "quantitative", "title": "share that came true", "axis": share},
    }
    scale = {"domain": list(curves), "range": [_SHADES.get(method, "#767676") for method in curves]}
    colour = {"field": "method", "type": "nominal", "title": "method", "scale": scale}
    diagonal = {
        "data": {"values": [{"said": 0, "happened": 0}, {"said": 1, "happened": 1}]},
        "mark": {"type": "line", "color": "#999999", "strokeDash": [4, 4]},
        "encoding": axes,
    }
    size = {"field": "statements", "type": "quantitative", "title": "statements"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": title, "subtitle": caption, "anchor": "start"},
        "width": _SIZE,
        "height": _SIZE,
        "data": {"values": values},
        "layer": [
            diagonal,
            {"mark": "line", "encoding": {**axes, "color": colour}},
            {
                "mark": {"type": "point", "filled": True, "opacity": 1},
                "encoding": {
                    **axes,
                    "color": colour,
                    "shape": {**colour, "scale": {"domain": list(curves)}},
                    "size": size,
                },
            },
        ],
    }


def as_svg(specification: Mapping[str, Any]) -> str:
    """The picture of a specification, drawn without any network."""
    import vl_convert

    return vl_convert.vegalite_to_svg(dict(specification))


def as_png(specification: Mapping[str, Any]) -> bytes:
    """The picture of a specification in pixels, twice as fine as screens were."""
    import vl_convert

    return vl_convert.vegalite_to_png(dict(specification), scale=2)
