"""What each party of an election file had of the national vote at the last election."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.election.texts import normalised
from forecast.errors import ConfigurationError
from forecast.last_election.by_district import read_last_result
from forecast.last_election.heirs import heritage, names_of

if TYPE_CHECKING:
    from forecast.election import Election, Party

SLIP = 0.01
"""A last result that a file gives twice may differ by so much."""


@dataclass(frozen=True)
class LastShares:
    """Shares of 1 by party id; ``new`` are the lists that continue none, ``unknown`` all others."""

    shares: dict[str, float]
    new: tuple[str, ...]
    unknown: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def last_shares(election: Election) -> LastShares:
    """The last result of every party that can win seats, as far as the election file knows it.

    Where ``[geography]`` names the last result by district, the sum of the districts. Else ``last_result``;
    of a party that merged or split, what it inherits (``continues``) of parties of this file that have one.
    Raises ``PollDataError`` for what is wrong with the table of districts, ``ConfigurationError`` for lists
    that match nothing there.
    """
    eligible = [party for party in election.parties if party.eligible]
    new = tuple(party.id for party in eligible if party.continues == {})
    said: tuple[str, ...] = ()
    if election.geography is not None and election.geography.last_result is not None:
        shares = _of_districts(election, str(election.geography.last_result))
        said = tuple(_slips(election, shares))
    else:
        shares = _of_the_file(election)
    unknown = tuple(party.id for party in eligible if party.id not in shares and party.id not in new)
    return LastShares(shares, new, unknown, said)


def _of_districts(election: Election, table: str) -> dict[str, float]:
    last = read_last_result(table)
    heirs, faults = heritage(election, last)
    if faults:
        raise ConfigurationError(*faults)
    national = last.votes.sum(0) / last.valid.sum() @ heirs
    return {
        party.id: float(share)
        for party, share in zip(election.parties, national, strict=True)
        if party.eligible and share > 0.0
    }


def _of_the_file(election: Election) -> dict[str, float]:
    own = {party.id: float(party.last_result) for party in election.parties if party.last_result is not None}
    known = {name: own[party.id] for party in election.parties if party.id in own for name in names_of(party)}
    found: dict[str, float] = {}
    for party in election.parties:
        share = _inherited(party, known)
        if share is None:
            share = own.get(party.id)
        if share is not None and party.eligible:
            found[party.id] = share
    return found


def _inherited(party: Party, known: dict[str, float]) -> float | None:
    """What a party inherits; ``None`` where it does not say so, or not of parties whose last result is
    known.
    """
    parts = {normalised(name): float(share) for name, share in (party.continues or {}).items()}
    if not parts or not all(name in known for name in parts):
        return None
    return sum(known[name] * share for name, share in parts.items())


def _slips(election: Election, shares: dict[str, float]) -> list[str]:
    """Last results that the file gives twice, differently."""
    return [
        f"the last_result of {party.name} is {float(party.last_result):.1%}, its last votes by district are "
        f"{shares.get(party.id, 0.0):.1%} of all: the districts are taken"
        for party in election.parties
        if party.last_result is not None
        and party.eligible
        and abs(float(party.last_result) - shares.get(party.id, 0.0)) > SLIP
    ]
