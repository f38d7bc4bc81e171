"""Outlines of districts for a map: GeoJSON (RFC 7946) as authorities publish it, thinned for a picture."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from forecast.door.files import read_bytes, utf8_text
from forecast.door.trees import json_of
from forecast.errors import ABSENT, ConfigurationError, Fault

MOST_BYTES, _MOST_ENTRIES = 50_000_000, 5_000_000
_STEPS = 500
"""Points nearer to each other than the whole map is wide by so many are one."""

_EAST, _NORTH = 360.0, 90.0
"""Degrees; beyond 180 where a country lies on both sides of that meridian."""
_LEAST_POINTS = 4
"""Of a ring: a triangle, its first point twice."""

Ring = list[list[float]]
Polygons = list[list[Ring]]


@dataclass(frozen=True)
class Outlines:
    """Polygons by district: polygons, rings, points of longitude and latitude; and districts without one."""

    by_district: Mapping[str, Polygons]
    missing: tuple[str, ...]

    @property
    def height(self) -> float:
        """Height of the map over its width, as a map that keeps angles has it (Mercator)."""
        points = list(_points(self.by_district))
        across, up = (
            (min(values), max(values))
            for values in ([x for x, _ in points], [min(max(y, -85.0), 85.0) for _, y in points])
        )
        bottom, top = (math.log(math.tan(math.pi / 4 + math.radians(y) / 2)) for y in up)
        return (top - bottom) / max(math.radians(across[1] - across[0]), 1e-9)


def read_outlines(path: Path, districts: Mapping[str, str]) -> Outlines:
    """The outlines of districts.

    Parameters
    ----------
    path
        GeoJSON: a FeatureCollection of Polygons and MultiPolygons in degrees. A feature is of the district
        whose id or name stands in its ``id`` or in any of its properties; several of one district are put
        together.
    districts
        Names by id.

    Raises
    ------
    ConfigurationError
        Where it is no such file, or knows none of the districts.
    """
    data = read_bytes(
        path, ConfigurationError, most=MOST_BYTES, missing="no such file: geography.map names it"
    )
    text = utf8_text(data, str(path), ConfigurationError)
    tree = json_of(text, str(path), ConfigurationError, decimals=False, most_entries=_MOST_ENTRIES)
    features = tree.get("features") if isinstance(tree, dict) else None
    if not isinstance(features, list):
        remedy = "a FeatureCollection is expected: GeoJSON with a list of features"
        raise ConfigurationError(Fault(str(path), "features", ABSENT, remedy))
    known = {label.casefold(): id_ for id_, name in districts.items() for label in (name, id_)}
    found: dict[str, Polygons] = {}
    for number, feature in enumerate(features):
        district = _district_of(feature, known)
        if district is not None:
            found.setdefault(district, []).extend(_polygons(feature, f"features[{number}]", path))
    if not found:
        some = ", ".join(list(districts.values())[:3])
        remedy = f"no feature has the id or name of a district ({some}, ...) in its id or its properties"
        raise ConfigurationError(Fault(str(path), "features", ABSENT, remedy))
    return Outlines(_thinned(found), tuple(name for id_, name in districts.items() if id_ not in found))


def _district_of(feature: Any, known: Mapping[str, str]) -> str | None:
    if not isinstance(feature, dict):
        return None
    properties = feature.get("properties") or {}
    labels = [feature.get("id"), *(properties.values() if isinstance(properties, dict) else ())]
    return next((known[str(one).casefold()] for one in labels if str(one).casefold() in known), None)


def _polygons(feature: Mapping[str, Any], place: str, path: Path) -> Polygons:
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        remedy = "the outline of a district is expected: a table with its type and coordinates"
        raise ConfigurationError(Fault(str(path), f"{place}.geometry", geometry or ABSENT, remedy))
    kind, points = geometry.get("type"), geometry.get("coordinates") or []
    if kind not in ("Polygon", "MultiPolygon"):
        remedy = "a Polygon or a MultiPolygon is expected: the outline of a district"
        raise ConfigurationError(Fault(str(path), f"{place}.geometry.type", kind or ABSENT, remedy))
    polygons = [points] if kind == "Polygon" else points
    try:
        found = [[[[float(x), float(y)] for x, y, *_ in ring] for ring in polygon] for polygon in polygons]
        if not found or any(len(ring) < _LEAST_POINTS for polygon in found for ring in polygon or [[]]):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        remedy = "rings of four or more points [longitude, latitude] are expected"
        raise ConfigurationError(Fault(str(path), f"{place}.geometry.coordinates", ABSENT, remedy)) from None
    points = (point for polygon in found for ring in polygon for point in ring)
    far = next((one for one in points if not (abs(one[0]) <= _EAST and abs(one[1]) <= _NORTH)), None)
    if far is not None:
        remedy = "degrees of longitude and latitude (WGS 84) are expected; a map in metres must be converted"
        raise ConfigurationError(Fault(str(path), f"{place}.geometry.coordinates", far, remedy))
    return found


def _thinned(found: Mapping[str, Polygons]) -> dict[str, Polygons]:
    """Each ring with the points that a small picture can show, its outer ring clockwise, as it is drawn."""
    spans = [max(values) - min(values) for values in zip(*_points(found), strict=True)]
    step = max(spans) / _STEPS
    thin = {district: list(_thin(polygons, step)) for district, polygons in found.items()}
    return {district: polygons or found[district][:1] for district, polygons in thin.items()}


def _points(found: Mapping[str, Polygons]) -> Iterator[list[float]]:
    return (
        point for polygons in found.values() for polygon in polygons for ring in polygon for point in ring
    )


def _thin(polygons: Polygons, step: float) -> Iterator[list[Ring]]:
    for polygon in polygons:
        rings = [_ring(ring, step, outer=number == 0) for number, ring in enumerate(polygon)]
        if rings and len(rings[0]) >= _LEAST_POINTS:
            yield [ring for ring in rings if len(ring) >= _LEAST_POINTS]


def _ring(ring: Ring, step: float, *, outer: bool) -> Ring:
    kept: Ring = []
    for x, y in ring:
        if not kept or abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= step:
            kept.append([round(x, 4), round(y, 4)])
    if kept and kept[0] != kept[-1]:
        kept.append(kept[0])
    return kept if (_area(kept) < 0) == outer else kept[::-1]


def _area(ring: Collection[list[float]]) -> float:
    """Twice the area of a ring; negative where it runs clockwise."""
    points = list(ring)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(points))
