"""The whole chamber of a count for readers: the lists as counted, the other tiers as given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast.tables.terminal import grid

if TYPE_CHECKING:
    from rich.table import Table

    from forecast.election import Election
    from forecast.rules.outcome import Outcome


def chamber_as_json(election: Election, outcome: Outcome) -> dict[str, Any]:
    """The chamber as plain data (docs/json.md); nothing where it is its lists alone."""
    if not outcome.tiers:
        return {}
    return {
        "chamber": {
            "size": sum(outcome.chamber.values()),
            "tiers": {"lists": dict(outcome.seats), **{id: dict(won) for id, won in outcome.tiers.items()}},
            "holders": [{"id": holder, "seats": seats} for holder, seats in outcome.chamber.items()],
        }
    }


def chamber_table(election: Election, outcome: Outcome) -> Table | None:
    """A line for each party and group with seats, a column a tier; ``None`` where lists are the chamber."""
    if not outcome.tiers:
        return None
    known = {one.id: one for one in (*election.parties, *election.groups)}
    tiers = [tier for tier in election.tiers if tier.id in outcome.tiers]
    rows = [
        (
            known[holder].short or known[holder].name if holder in known else holder,
            str(outcome.seats.get(holder, 0)),
            *(str(outcome.tiers[tier.id].get(holder, 0)) for tier in tiers),
            str(seats),
        )
        for holder, seats in outcome.chamber.items()
        if seats
    ]
    sums = [sum(outcome.tiers[tier.id].values()) for tier in tiers]
    rows.append(("total", str(outcome.house), *map(str, sums), str(outcome.house + sum(sums))))
    given = {tier.id: "" if tier.table is not None else " (given)" for tier in tiers}
    columns = ("", "lists", *(f"{tier.name}{given[tier.id]}" for tier in tiers), "chamber")
    return grid("The whole chamber", columns, rows, numeric=range(1, len(columns)), unwrapped=(0,))
