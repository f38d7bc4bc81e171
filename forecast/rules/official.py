"""A count against what the authorities made of it, nationally and by district."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from forecast.rules.case_files import Mismatch

if TYPE_CHECKING:
    from forecast.rules.counts import Count
    from forecast.rules.district_table import OfficialSeats
    from forecast.rules.outcome import Outcome


def differences(
    case: str,
    official_seats: Mapping[str, int],
    by_district: Mapping[tuple[str, str], OfficialSeats],
    outcome: Outcome,
) -> Iterator[Mismatch]:
    """Where official seats of the tables differ from the count: by list, then by district and list."""
    for name, official in official_seats.items():
        if outcome.seats.get(name, 0) != official:
            yield Mismatch(case, name, official, outcome.seats.get(name, 0))
    places = {place.name: place for place in outcome.districts}
    for (district, name), official in by_district.items():
        place = places[district]
        won = {
            "": (official.seats, place.of(name)),
            "fixed": (official.fixed, place.fixed.get(name, 0)),
            "levelling": (official.levelling, place.levelling.get(name, 0)),
        }
        for kind, (seats, ours) in won.items():
            if seats is not None and seats != ours:
                yield Mismatch(case, name, seats, ours, district, kind)


def has_official_seats(count: Count) -> bool:
    """Whether there is anything to compare a count with."""
    return bool(count.official or count.official_districts)


def in_words(wrong: Mismatch, names: Mapping[str, str], districts: Mapping[str, str]) -> str:
    """A difference as a reader sees it."""
    where = f" in {districts.get(wrong.district, wrong.district)}" if wrong.district else ""
    kind = f" {wrong.kind}" if wrong.kind else ""
    return f"{names.get(wrong.party, wrong.party)}{where} {wrong.official}{kind} there, {wrong.ours} here"


def as_record(wrong: Mismatch) -> dict[str, Any]:
    """A difference as plain data (docs/json.md)."""
    return {
        "case": wrong.case,
        "district": wrong.district,
        "party": wrong.party,
        "kind": wrong.kind or "seats",
        "official": wrong.official,
        "ours": wrong.ours,
    }
