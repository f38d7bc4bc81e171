"""What is known of districts before the draws: the districts of the coming election with their names,
regions, seats and voters, the last result in its parties and districts, and their outlines for a map
(GeoJSON, RFC 7946, as authorities publish it, thinned for a picture).

Which list continues which and which district which is found by name, or said by the election file; in words
it is told how much of the last vote has an heir.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.door.files import read_bytes, utf8_text
from forecast.door.trees import json_of
from forecast.election.settings import EVERYWHERE
from forecast.election.settings import Geography as Settings
from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.geography.pattern import Base, Flags, Floats
from forecast.last_election import LastResult, Move, heritage, read_borders, read_last_result
from forecast.rules.ballot import District, problems_of
from forecast.rules.tables import read_places

if TYPE_CHECKING:
    from forecast.election import Election


Given = TypeVar("Given")
Table = TypeVar("Table")

OTHER = "other"
"""The unit of all votes that no party on the ballot gets."""
LARGE_LOSS = 0.03
"""Share of the last vote from which on a list without an heir is said to every reader."""


@dataclass(frozen=True)
class Places:
    """The districts of an election in the order of their table, and what a reader must know of them."""

    places: tuple[District, ...]
    place: str
    """The table that they are from."""
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the districts."""
        return tuple(place.name for place in self.places)

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of regions, each once."""
        return tuple(dict.fromkeys(place.region for place in self.places if place.region))

    def inside(self, name: str, kind: str = "district") -> list[int]:
        """Numbers of the districts that a district or region of this name is or holds; empty for none.

        Where a region and a district have the same name, the one of the ``kind`` is meant.
        """
        key = normalised(name)
        own = [
            number
            for number, place in enumerate(self.places)
            if key in (normalised(place.name), normalised(place.title))
        ]
        region = [number for number, place in enumerate(self.places) if normalised(place.region) == key]
        return (region or own) if kind == "region" else (own or region)


def places_of(election: Election, last: LastResult | None) -> Places:
    """Of the table that ``rule.districts`` names, else those of the last result, with its seats.

    Regions are those of the table, else of the last result. ``PollDataError`` with every fault of the table
    and with all that does not fit the rule, such as seats that do not add up to the house; no districts where
    neither table is given.
    """
    rule = election.rule.districts
    warnings: tuple[str, ...] = ()
    if rule is not None and rule.table is not None:
        place, districts = str(rule.table), read_places(rule.table)
        if last is not None and not any(district.region for district in districts):
            districts = _with_regions(districts, last)
    elif last is not None:
        place, districts = last.place, _as_last_time(last)
        said = (
            "districts and their seats are those of the last election; the law or the authority says whether"
        )
        warnings = (f"{place}: {said} they still are (rule.districts.table)",)
    else:
        return Places((), election.place)
    faults = [problem.fault(place) for problem in problems_of(election.rule, districts, counted=False)]
    if faults:
        raise PollDataError(*faults)
    return Places(districts, place, warnings)


def _with_regions(districts: tuple[District, ...], last: LastResult) -> tuple[District, ...]:
    """The districts in the regions of the last result, where it has one for each of them."""
    known = dict(zip(map(normalised, last.districts), last.regions, strict=True)) if last.regions else {}
    regions = [known.get(normalised(district.name), "") for district in districts]
    if not all(regions):
        return districts
    return tuple(
        replace(district, region=region) for district, region in zip(districts, regions, strict=True)
    )


def _as_last_time(last: LastResult) -> tuple[District, ...]:
    regions = last.regions or ("",) * len(last.districts)
    return tuple(
        District(
            name,
            {},
            seats=None if seats != seats else int(seats),
            region=region,
            registered=None if voters != voters else int(voters),
        )
        for name, region, seats, voters in zip(
            last.districts, regions, last.seats.tolist(), last.electorate.tolist(), strict=True
        )
    )


@dataclass(frozen=True)
class Geography:
    """Districts of an election, and the last result in them as far as it is known.

    Arrays are over districts D, earlier lists L and the parties P of the election file.
    """

    places: Places
    parties: tuple[str, ...]
    weights: Floats
    """(D,) expected share of the valid votes; sum 1."""
    stands: Flags
    """(D, P) where each party stands."""
    last: Floats
    """(D, L) shares of the valid votes at the last election; (D, 0) without a last result."""
    national: Floats
    """(L,) national shares of the same."""
    heirs: Floats
    """(L, P) share of each earlier list that each party inherits."""
    gone: Floats
    """(L,) share of it that nobody inherits, ``other`` neither: of voters who stay at home."""
    lists: tuple[str, ...]
    regions: NDArray[np.int64] | None
    """(D,) where regions are a level between country and district."""
    warnings: tuple[str, ...]
    matched: tuple[str, ...]
    """What was found, in words, for ``forecast check``."""

    @property
    def has_last_result(self) -> bool:
        """Whether there is a pattern to carry over."""
        return bool(self.lists)

    def base(self, units: Sequence[str]) -> Base:
        """The base for the units of an estimate: ids of parties, and ``other`` for all the rest."""
        told = [self.parties.index(unit) if unit in self.parties else -1 for unit in units]
        districts = len(self.places.places)
        last, national = np.zeros((districts, len(units))), np.zeros(len(units))
        stands = np.ones((districts, len(units)), bool)
        if self.has_last_result:
            whole = 1.0 - self.last @ self.gone, 1.0 - self.national @ self.gone
            for column, number in enumerate(told):
                if number >= 0:
                    last[:, column] = self.last @ self.heirs[:, number]
                    national[column] = self.national @ self.heirs[:, number]
            if OTHER in units:
                rest = list(units).index(OTHER)
                last[:, rest] = np.maximum(whole[0] - last.sum(1) + last[:, rest], 0.0)
                national[rest] = max(whole[1] - national.sum() + national[rest], 0.0)
        for column, (unit, number) in enumerate(zip(units, told, strict=True)):
            if number >= 0 and unit != OTHER:
                stands[:, column] = self.stands[:, number]
        return Base(self.places.names, tuple(units), self.weights, last, national, stands, self.regions)


def regions_of(names: Sequence[str]) -> NDArray[np.int64] | None:
    """(D,) numbers of the regions of districts by their ``names``, where there are enough of them, and enough
    districts in them, to tell the two apart: they are a level of their own between country and district.
    """
    known = list(dict.fromkeys(names))
    if not 3 < len(known) < len(names) / 1.5:
        return None
    return np.array([known.index(name) for name in names])


def read_geography(election: Election) -> Geography | None:
    """The geography of an election; ``None`` where its rule has no districts.

    Raises ``PollDataError`` for what is wrong with its tables, ``ConfigurationError`` where they do not fit
    the election file: a list, a district or a region that matches nothing. All faults at once.
    """
    if election.rule.districts is None or election.rule.only_places:
        return None
    settings = election.geography or Settings()
    faults: list[Fault] = []
    last = noted(faults, read_last_result, settings.last_result)
    moves = noted(faults, read_borders, settings.borders)
    places = noted(faults, lambda whole: places_of(whole, last), election)
    if faults or places is None:
        raise PollDataError(*faults)
    if not places.places:
        remedy = (
            "districts with their seats are needed for a forecast: name their table here, or the last result "
            "with a column of seats (geography.last_result)"
        )
        raise ConfigurationError(Fault(election.place, "rule.districts.table", ABSENT, remedy))
    if last is None:
        return _without_last_result(election, places)
    return _with_last_result(election, places, last, moves or ())


def noted(faults: list[Fault], read: Callable[[Given], Table], given: Given | None) -> Table | None:
    """A table; ``None`` where none is given, or where it cannot be read: then with the reasons among the
    faults.
    """
    try:
        return read(given) if given is not None else None
    except PollDataError as error:
        faults += error.faults
        return None


def _with_last_result(
    election: Election, places: Places, last: LastResult, moves: Sequence[Move]
) -> Geography:
    settings = election.geography or Settings()
    if election.rule.districts is not None and election.rule.districts.voters:
        last = _of_voters(last, places)
    carried, faults = carried_over(last, places, moves, str(settings.borders))
    inherited, unknown = heritage(election, last)
    valid = carried.T @ last.valid
    shares = (carried.T @ last.votes) / np.where(valid > 0.0, valid, 1.0)[:, None]
    heirs = handed_on(election, inherited)
    stands, strangers = standing(election, places, shares @ heirs)
    faults += [*unknown, *strangers, *_unknown_swings(election, places)]
    if faults:
        raise ConfigurationError(*faults)
    voters = _voters(carried, last, places)
    found = Geography(
        places=places,
        parties=tuple(party.id for party in election.parties),
        weights=voters / voters.sum(),
        stands=stands,
        last=shares,
        national=last.votes.sum(0) / last.valid.sum(),
        heirs=heirs,
        gone=np.maximum(inherited.sum(1) - heirs.sum(1), 0.0),
        lists=last.lists,
        regions=regions_of([place.region for place in places.places]),
        warnings=(),
        matched=(),
    )
    return replace(
        found,
        warnings=(*places.warnings, *_lost(found, last.place)),
        matched=tuple(matched_lines(election, found, last, moves)),
    )


def _of_voters(last: LastResult, places: Places) -> LastResult:
    """The last result in voters, each of whom has as many votes as the district has seats: shares of polls
    are theirs, and every district weighs in the country by who votes there.

    Seats are those of the result, else of the district of this name now; ``PollDataError`` without them.
    """
    now = {normalised(place.name): place.seats for place in places.places}
    sizes = [
        own if own == own else now.get(normalised(name)) or 0
        for name, own in zip(last.districts, last.seats.tolist(), strict=True)
    ]
    if lacking := [name for name, size in zip(last.districts, sizes, strict=True) if not size]:
        remedy = "missing: a voter has as many votes as the district has seats (rule.districts.voters)"
        raise PollDataError(
            *(Fault(last.place, f"district {name}, seats", ABSENT, remedy) for name in lacking)
        )
    size = np.array(sizes, float)
    return last._replace(votes=last.votes / size[:, None], valid=last.valid / size)


def _without_last_result(election: Election, places: Places) -> Geography:
    """Districts without a pattern: lists have their national shares everywhere, with errors of that size."""
    stands, faults = standing(election, places, None)
    faults += _unknown_swings(election, places)
    voters, of = _sizes(places)
    if voters is None:
        remedy = "missing; without a last result (geography.last_result) the size of districts is needed"
        faults.append(Fault(places.place, "column registered", ABSENT, remedy))
    if faults or voters is None:
        raise ConfigurationError(*faults)
    said = (
        f"{election.place}: no last result by district (geography.last_result): every list is drawn around "
        f"its national share in every district where it stands, and districts weigh by their {of}"
    )
    nothing = np.zeros(0)
    return Geography(
        places=places,
        parties=tuple(party.id for party in election.parties),
        weights=voters / voters.sum(),
        stands=stands,
        last=np.zeros((len(places.places), 0)),
        national=nothing,
        heirs=np.zeros((0, len(election.parties))),
        gone=nothing,
        lists=(),
        regions=regions_of([place.region for place in places.places]),
        warnings=(*places.warnings, said),
        matched=(f"{len(places.places)} districts, no last result",),
    )


def _sizes(places: Places) -> tuple[Floats | None, str]:
    """(D,) the size of districts by the best measure that all of them have, and its name."""
    for measure, name in (
        ("registered", "registered voters"),
        ("population", "population"),
        ("seats", "seats"),
    ):
        found = [getattr(place, measure) for place in places.places]
        if all(number is not None for number in found) and sum(found) > 0:
            return np.array(found, float), name
    return None, ""


def _voters(carried: Floats, last: LastResult, places: Places) -> Floats:
    """(D,) valid votes to expect: the last ones, at the present electorate where both are known."""
    valid, electorate = carried.T @ last.valid, carried.T @ last.electorate
    registered = [place.registered for place in places.places]
    if np.isnan(electorate).any() or any(number is None for number in registered):
        return valid
    return valid / electorate * np.array(registered, float)


def _lost(found: Geography, place: str) -> Iterator[str]:
    """Earlier lists that were large and have no heir on the ballot."""
    for number in np.flatnonzero((found.heirs.sum(1) + found.gone <= 0.0) & (found.national >= LARGE_LOSS)):
        yield (
            f"{place}: {found.lists[number]} had {found.national[number]:.1%} of the votes, and no party on "
            "the ballot continues it (parties.ID.continues)"
        )


def _unknown_swings(election: Election, places: Places) -> Iterator[Fault]:
    """Regional swings of places that there are not."""
    for number, swing in enumerate((election.geography or Settings()).swings):
        key = swing.kind
        if not places.inside(swing.place, key):
            known = places.regions if swing.region else places.names
            remedy = f"no such {key} in {places.place}; {suggest(swing.place, known)}"
            yield Fault(election.place, f"geography.swings[{number}].{key}", swing.place, remedy)


def carried_over(
    last: LastResult, places: Places, moves: Sequence[Move], borders: str
) -> tuple[Floats, list[Fault]]:
    """(D, D') share of the votes of each old district that was cast in each new one; what matches nothing.

    A district of both elections keeps its votes where no row of ``moves`` says otherwise.
    """
    old = {normalised(name): number for number, name in enumerate(last.districts)}
    new = {normalised(name): number for number, name in enumerate(places.names)}
    shares = np.zeros((len(old), len(new)))
    faults: list[Fault] = []
    moved: set[str] = set()
    for move in moves:
        for name, known, names, column in (
            (move.old, old, last.districts, "from"),
            (move.new, new, places.names, "to"),
        ):
            if normalised(name) not in known:
                where = last.place if column == "from" else places.place
                remedy = f"no such district in {where}; {suggest(name, names)}"
                faults.append(Fault(borders, f"row {move.row}, column {column}", name, remedy))
        moved.add(normalised(move.old))
        if normalised(move.old) in old and normalised(move.new) in new:
            shares[old[normalised(move.old)], new[normalised(move.new)]] += float(move.share)
    for key, number in old.items():
        if key in moved:
            continue
        if key in new:
            shares[number, new[key]] = 1.0
        else:
            faults.append(_no_heir(last.districts[number], last, places))
    reached = shares.sum(0) > 0.0
    faults += [
        _no_past(name, last, places)
        for name, some in zip(places.names, reached.tolist(), strict=True)
        if not some
    ]
    return shares, faults


def _no_heir(name: str, last: LastResult, places: Places) -> Fault:
    remedy = (
        f"no such district in {places.place}; {suggest(name, places.names)}; say in which districts its "
        "votes were cast (geography.borders), or, for votes that count nationally only, give it 0 seats there"
    )
    return Fault(last.place, "column district", name, remedy)


def _no_past(name: str, last: LastResult, places: Places) -> Fault:
    remedy = (
        f"{last.place} has no such district; {suggest(name, last.districts)}; say of which it was made "
        "(geography.borders)"
    )
    return Fault(places.place, "column district", name, remedy)


def handed_on(election: Election, shares: Floats) -> Floats:
    """(L, P) the same where parties withdraw: what they inherit goes where their voters go, or home."""
    handed = shares.copy()
    at = {party.id: p for p, party in enumerate(election.parties)}
    for name, voters in election.estimate.withdrawal.items():
        handed[:, at[name]] = 0.0
        for to, share in voters.items():
            handed[:, at[to]] += float(share) * shares[:, at[name]]
    return handed


def standing(election: Election, places: Places, last: Floats | None) -> tuple[Flags, list[Fault]]:
    """(D, P) where each party stands, and names that are those of no district or region.

    ``last`` (D, P) shares: a party that does not say where it stands does so everywhere, or, where it got no
    vote at all in some districts, where it got some.
    """
    stands = np.ones((len(places.places), len(election.parties)), bool)
    faults: list[Fault] = []
    known = (*places.names, *places.regions)
    for p, party in enumerate(election.parties):
        if party.stands_in == (EVERYWHERE,):
            continue
        if party.stands_in is not None:
            stands[:, p] = False
            for name in party.stands_in:
                inside = places.inside(name)
                stands[inside, p] = True
                if not inside:
                    remedy = f"no such district or region in {places.place}; {suggest(name, known)}"
                    faults.append(Fault(election.place, f"parties.{party.id}.stands_in", name, remedy))
        elif last is not None and party.eligible and (last[:, p] > 0.0).any():
            stands[:, p] = last[:, p] > 0.0
    return stands, faults


# What is said of it.

_SHOWN = 0.005
"""Lists with a smaller share of the last vote are said together."""
_FEW = 8
"""Names listed at once."""


def matched_lines(
    election: Election, found: Geography, last: LastResult, moves: Sequence[Move]
) -> Iterator[str]:
    """What ``forecast check`` says of a last result that fits the election file."""
    rule = election.rule.districts
    cast = "voters (votes by seats)" if rule is not None and rule.voters else "valid votes"
    yield (
        f"{last.place}: {_number(len(last.districts), 'district')}, {_number(len(last.lists), 'list')}, "
        f"{last.valid.sum():,.0f} {cast}"
    )
    moved = len({move.old.casefold() for move in moves})
    yield f"all {len(last.districts)} found among the {len(found.places.places)} of this election" + (
        f", {moved} by moved borders" if moved else ""
    )
    inherited = np.minimum(found.heirs.sum(1) + found.gone, 1.0)
    yield f"{found.national @ inherited:.1%} of the last vote found an heir:"
    yield from _heirs(election, found)
    yield from _without_heir(found, inherited)
    new = [
        party.id
        for p, party in enumerate(election.parties)
        if party.eligible and found.heirs[:, p].sum() <= 0.0
    ]
    if new:
        yield f"new: {', '.join(new)}"
    yield from _partly(election, found)


def _heirs(election: Election, found: Geography) -> Iterator[str]:
    """Of each party what it continues, the largest first."""
    size = found.national @ found.heirs
    for p in np.argsort(-size, kind="stable"):
        rows = np.flatnonzero(found.heirs[:, p] > 0.0)
        if not len(rows):
            continue
        parts = [
            f"{found.lists[row]} {found.national[row]:.1%}" + _part(float(found.heirs[row, p]))
            for row in rows[np.argsort(-found.national[rows], kind="stable")]
        ]
        yield f"  {election.parties[p].id}: {' + '.join(parts)}"


def _part(share: float) -> str:
    return "" if share > 1.0 - 1e-9 else f" (of which {share:.0%})"


def _without_heir(found: Geography, inherited: Floats) -> Iterator[str]:
    lost = np.flatnonzero((inherited <= 0.0) & (found.national > 0.0))
    if not len(lost):
        return
    ordered = lost[np.argsort(-found.national[lost], kind="stable")]
    large = [row for row in ordered if found.national[row] >= _SHOWN][:_FEW]
    small = len(ordered) - len(large)
    named = [f"{found.lists[row]} {found.national[row]:.1%}" for row in large]
    rest = float(found.national[[row for row in ordered if row not in large]].sum())
    if small:
        named.append(f"{small} {'others' if large else 'lists'} {rest:.1%}")
    yield f"without an heir: {', '.join(named)}"


def _partly(election: Election, found: Geography) -> Iterator[str]:
    """Parties that do not stand everywhere, and how that is known."""
    places = found.places.places
    for p, party in enumerate(election.parties):
        where = np.flatnonzero(found.stands[:, p])
        if len(where) < len(places):
            names = ", ".join(places[number].label for number in where[:_FEW])
            more = f" and {len(where) - _FEW} more" if len(where) > _FEW else ""
            why = (
                ""
                if party.stands_in is not None
                else f', as last time; stands_in = "{EVERYWHERE}" is otherwise'
            )
            yield f"{party.id} stands in {len(where)} of {len(places)} districts ({names}{more}){why}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


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
