"""Which party a row of a table means: by id, name, short name or alias; votes for an alliance as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forecast.election.texts import normalised
from forecast.errors import ABSENT, suggest

if TYPE_CHECKING:
    from forecast.election import Election, Party
    from forecast.rules.tables import Row

OF_ALLIANCE = "@"
"""Before the name of an alliance: votes for it as such and for none of its lists."""


def party_names(election: Election) -> dict[str, str]:
    """Every name that a table may use for a party, in lower case and as ``normalised``, and the id it
    means.
    """
    meant: dict[str, str] = {}
    for party in election.parties:
        for name in (party.id, party.name, party.short, *party.names.values(), *party.aliases):
            for key in (name.casefold(), normalised(name)) if name else ():
                meant.setdefault(key, party.id)
    return meant


def party_of(election: Election, names: Mapping[str, str], row: Row) -> Party | None:
    """The party of a row; ``None`` with a fault where there is no such party."""
    said = row.cells.get("party", "")
    if not said:
        row.fault("party", ABSENT, "the id of a party is expected")
        return None
    known = names.get(normalised(said))
    if known is None:
        row.fault("party", said, f"no such party in {election.place}; {suggest(said, election.by_id)}")
        return None
    return election.by_id[known]


def alliance_of(election: Election, row: Row) -> str | None:
    """The alliance of a row ``@NAME``; ``None`` where the row is of a party, or with a fault of none."""
    said = row.cells.get("party", "")
    if not said.startswith(OF_ALLIANCE) or normalised(said) in party_names(election):
        return None
    name = said.removeprefix(OF_ALLIANCE).strip()
    alliances = {party.alliance.casefold(): party.alliance for party in election.parties if party.alliance}
    if name.casefold() not in alliances:
        row.fault(
            "party",
            said,
            f"no party has this alliance in {election.place}; {suggest(name, alliances.values())}",
        )
        return None
    return alliances[name.casefold()]
