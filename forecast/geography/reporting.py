"""What was found of the last result, in words: how much of it has an heir, and which districts are which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.election.geography import EVERYWHERE
from forecast.geography.last_result import LastResult, Move
from forecast.geography.swing import Floats

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.geography.known_districts import Geography

_SHOWN = 0.005
"""Lists with a smaller share of the last vote are said together."""
_FEW = 8
"""Names listed at once."""


def matched_lines(
    election: Election, found: Geography, last: LastResult, moves: Sequence[Move]
) -> Iterator[str]:
    """What ``forecast check`` says of a last result that fits the election file."""
    yield (
        f"{last.place}: {_number(len(last.districts), 'district')}, {_number(len(last.lists), 'list')}, "
        f"{last.valid.sum():,.0f} valid votes"
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
