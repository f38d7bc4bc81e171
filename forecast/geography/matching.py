"""Which list continues which and which district which: the last result in this election's parties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.election.geography import EVERYWHERE
from forecast.election.texts import normalised
from forecast.errors import Fault, suggest
from forecast.geography.pattern import Flags, Floats
from forecast.geography.places import Places
from forecast.last_election.by_district import LastResult, Move

if TYPE_CHECKING:
    from forecast.election import Election


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
