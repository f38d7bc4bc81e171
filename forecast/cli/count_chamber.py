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
    uncovered = [
        {
            "district": winner.district,
            "region": winner.region,
            "id": winner.holder,
            "votes": winner.votes,
            "share": float(winner.share),
        }
        for winner in outcome.uncovered
    ]
    without = {"uncovered": uncovered} if any(tier.how == "covered" for tier in election.tiers) else {}
    if not outcome.tiers:
        return without
    return without | {
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


def uncovered_table(election: Election, outcome: Outcome) -> Table | None:
    """A line for each winner of a district who has no seat; ``None`` where all have theirs."""
    if not outcome.uncovered:
        return None
    rows = [
        (
            winner.district,
            winner.region,
            election.by_id[winner.holder].label,
            f"{winner.votes:,}",
            f"{float(100 * winner.share):.2f}%",
        )
        for winner in sorted(outcome.uncovered, key=lambda winner: winner.share)
    ]
    title = f"Winners without a seat ({len(rows)}): the seats of their list in their region do not cover them"
    columns = ("district", "region", "list", "votes", "share")
    return grid(title, columns, rows, numeric=(3, 4), unwrapped=(0,))
