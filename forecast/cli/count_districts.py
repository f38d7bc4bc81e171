"""A count by district, for readers: who won what where, and what decides the last seat of each district."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from forecast.rules.margins import NextSeat, last_seats
from forecast.tables.terminal import grid

if TYPE_CHECKING:
    from rich.table import Table

    from forecast.election import Election
    from forecast.rules.ballot import District
    from forecast.rules.counts import Count
    from forecast.rules.outcome import DistrictSeats, Outcome

_MOST_NAMED = 6


def districts_as_json(election: Election, ready: Count, outcome: Outcome) -> list[dict[str, Any]]:
    """Every district as plain data (docs/json.md)."""
    last = last_seats(election.rule, ready.ballot, outcome)
    return [
        {
            "id": district.name,
            "name": district.label,
            "region": district.region,
            "seats": place.seats,
            "valid_votes": district.valid,
            "parties": [_party_as_json(ready, district, place, name) for name in district.votes],
            "last_seat": _last_as_json(last.get(district.name)),
        }
        for district, place in zip(ready.ballot.districts, outcome.districts, strict=True)
    ]


def _party_as_json(ready: Count, district: District, place: DistrictSeats, name: str) -> dict[str, Any]:
    official = ready.official_districts.get((district.name, name))
    return {
        "id": name,
        "votes": district.votes[name],
        "seats": place.of(name),
        "fixed": place.fixed.get(name, 0),
        "levelling": place.levelling.get(name, 0),
        "direct": place.direct.get(name, 0),
        "official": official.seats if official is not None else None,
    }


def _last_as_json(last: NextSeat | None) -> dict[str, Any] | None:
    """The list that would take the last seat with the fewest votes more, and from whom."""
    if last is None:
        return None
    return {"party": last.list, "votes": last.votes, "gains": last.gains, "from": dict(last.losers)}


def districts_table(
    election: Election, ready: Count, outcome: Outcome, names: Mapping[str, str]
) -> Table | None:
    """One line a district; ``None`` where the rule has none."""
    if not outcome.districts:
        return None
    last = last_seats(election.rule, ready.ballot, outcome)
    levelled = any(place.levelling for place in outcome.districts)
    rows = [
        (
            district.label,
            str(place.seats),
            *((str(sum(place.levelling.values())),) if levelled else ()),
            ", ".join(_seats_of(place, names)),
            _closest(last.get(district.name), names),
        )
        for district, place in zip(ready.ballot.districts, outcome.districts, strict=True)
    ]
    columns = ("district", "seats", *(("levelling",) if levelled else ()), "won by", "last seat")
    title = f"by district{' (seats, + levelling seats)' if levelled else ''}"
    return grid(title, columns, rows, numeric=range(1, 3 if levelled else 2), unwrapped=(0,))


def _seats_of(place: DistrictSeats, names: Mapping[str, str]) -> Iterator[str]:
    """Seats of each list that has some, most first: own ones with constituencies, and levelling seats."""
    for name, label in sorted(names.items(), key=lambda item: -place.of(item[0])):
        if place.of(name):
            own = place.fixed.get(name, 0) + place.direct.get(name, 0)
            levelling = place.levelling.get(name, 0)
            yield f"{label} {own}{f'+{levelling}' if levelling else ''}"


def _closest(last: NextSeat | None, names: Mapping[str, str]) -> str:
    if last is None:
        return ""
    losers = " and ".join(names.get(name, name) for name in last.losers)
    return f"{last.votes:,} more for {names[last.list]}{f' takes it from {losers}' if losers else ''}"


def standing_somewhere(ready: Count, names: Mapping[str, str]) -> Iterator[str]:
    """Lists that stand in some districts only: those without a row in a district cannot win there."""
    districts = [district for district in ready.ballot.districts if district.seats != 0]
    stands = {
        entry.id: sum(entry.id in district.votes for district in districts)
        for entry in ready.ballot.entries
        if entry.eligible
    }
    some = {name: number for name, number in stands.items() if 0 < number < len(districts)}
    if some:
        most = sorted(some.items(), key=lambda item: -item[1])
        shown = ", ".join(f"{names[name]} in {number}" for name, number in most[:_MOST_NAMED])
        more = f", and {len(most) - _MOST_NAMED} more lists" if len(most) > _MOST_NAMED else ""
        yield f"not standing in all of {len(districts)} districts (no row in the table there): {shown}{more}"
