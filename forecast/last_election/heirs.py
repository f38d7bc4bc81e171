"""Which list continues which: the votes of earlier lists in the hands of this election's parties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from forecast.election.texts import normalised
from forecast.errors import ABSENT, Fault, suggest
from forecast.last_election.by_district import Floats

if TYPE_CHECKING:
    from forecast.election import Election, Party


class EarlierLists(Protocol):
    """Lists of an earlier election by name, and the table that they are from."""

    @property
    def place(self) -> str:
        """The table."""
        ...

    @property
    def lists(self) -> tuple[str, ...]:
        """Names."""
        ...


def heritage(election: Election, last: EarlierLists) -> tuple[Floats, list[Fault]]:
    """(L, P) which share of the votes of each earlier list each party inherits, and what matches nothing.

    ``continues`` of a party says so; where it says nothing, lists that have one of its names are meant. A
    party that withdraws hands on what it inherits like its voters.
    """
    number = {normalised(name): i for i, name in enumerate(last.lists)}
    shares = np.zeros((len(last.lists), len(election.parties)))
    faults: list[Fault] = []
    for p, party in enumerate(election.parties):
        if party.kind == "residual":
            continue
        if party.continues is None:
            own = [number[key] for key in names_of(party) if key in number]
            shares[own, p] = 1.0
            if not own and party.eligible:
                faults.append(_nobody(election, party, last))
            continue
        for name, share in party.continues.items():
            if normalised(name) in number:
                shares[number[normalised(name)], p] += float(share)
            else:
                remedy = f"no such list in {last.place}; {suggest(name, last.lists)}"
                faults.append(Fault(election.place, f"parties.{party.id}.continues", name, remedy))
    faults += _too_often(election, last, shares)
    return shares, faults


def names_of(party: Party) -> list[str]:
    """All that a party is called, as names are compared."""
    names = (party.id, party.name, party.short, *party.names.values(), *party.aliases, *party.merged_from)
    return list(dict.fromkeys(normalised(name) for name in names if name))


def _nobody(election: Election, party: Party, last: EarlierLists) -> Fault:
    remedy = (
        f"no list of {last.place} has one of its names; {suggest(party.name, last.lists)}; say what it "
        f'continues, such as continues = {{ "{last.lists[0]}" = 1.0 }}, or continues = {{}} for a new list'
    )
    return Fault(election.place, f"parties.{party.id}", ABSENT, remedy)


def _too_often(election: Election, last: EarlierLists, shares: Floats) -> Iterator[Fault]:
    """Lists that a party inherits by its name and another by what it says."""
    for row in np.flatnonzero(shares.sum(1) > 1.0 + 1e-9):
        heirs = [party.id for party, share in zip(election.parties, shares[row], strict=True) if share > 0.0]
        remedy = (
            f"its votes are inherited by {' and '.join(heirs)}, more than once in all; give each its part "
            f'(continues = {{ "{last.lists[row]}" = 0.5 }})'
        )
        yield Fault(election.place, f"parties.{heirs[-1]}.continues", last.lists[row], remedy)
