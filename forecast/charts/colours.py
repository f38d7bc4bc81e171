"""Colours that keep their contrast with white paper."""

from __future__ import annotations

import colorsys

INK = "#1a1a1a"
SOFT = "#595959"
FAINT = "#d9d9d9"
ACCENT = "#1f4e79"
EMPTY = "#767676"
"""Of options that hold no seats."""

_LEAST_CONTRAST = 3.0


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
