"""Seats of a past election by its exact law, for the votes of any draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.election import Election
from forecast.election.rule import Rule
from forecast.election.words import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.geography.swing import Floats
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.district_table import read_districts
from forecast.rules.named import party_names
from forecast.rules.outcome import DistrictSeats
from forecast.rules.reference import apply_rule
from forecast.verification.districts.pairs import Pair
from forecast.verification.districts.scoring import Seats


@dataclass(frozen=True)
class ExactLaw:
    """The law of an election, for the units and districts of a pair."""

    rule: Rule
    entries: tuple[Entry, ...]
    """Of each unit; ``other`` is the residual."""
    districts: tuple[District, ...]
    """In the order of the pair; their votes are replaced."""
    unlisted: tuple[int, ...]
    """Valid votes of each district that are for nobody listed: blank ones, where the law counts them."""

    @classmethod
    def of(cls, election: Election, pair: Pair, ids: Mapping[str, str] | None = None) -> ExactLaw:
        """The law of an election file for a pair; ``ids`` are its parties by the names of the pair's lists.

        ``ConfigurationError`` where the file lacks a list or a district of the pair.
        """
        known = ids if ids is not None else party_names(election)
        faults: list[Fault] = []
        entries: list[Entry] = []
        for name in pair.base.units[: pair.lists]:
            party = election.by_id.get(known.get(name) or known.get(normalised(name), ""))
            if party is None:
                remedy = f"no party has this name, which {pair.after} has; {suggest(name, election.by_id)}"
                faults.append(Fault(election.place, "parties", name, remedy))
                continue
            entries.append(
                Entry(party.id, 0, party.kind, members=party.members, alliance=party.alliance or None)
            )
        table = election.rule.districts.table if election.rule.districts is not None else None
        if table is None:
            remedy = "a table of votes by district is expected"
            faults.append(Fault(election.place, "rule.districts.table", ABSENT, remedy))
        if faults or table is None:
            raise ConfigurationError(*faults)
        found = {district.name: district for district in read_districts(election, table).districts}
        missing = [name for name in pair.base.districts if name not in found]
        if missing:
            remedy = f"{pair.after} has this district; {suggest(missing[0], found)}"
            raise ConfigurationError(Fault(str(table), "column district", missing[0], remedy))
        districts = tuple(found[name] for name in pair.base.districts)
        unlisted = tuple(
            max(0, district.valid - int(cast))
            for district, cast in zip(districts, pair.votes.sum(1), strict=True)
        )
        rest = Entry("other", 0, "residual")
        return cls(election.rule, (*entries, rest), districts, unlisted)

    def __call__(self, pair: Pair, votes: Floats) -> tuple[Seats, Seats]:
        """Seats by district (N, D, U) and of the nation (N, U), for votes (N, D, U)."""
        whole = np.rint(votes).astype(np.int64)
        local = np.zeros(whole.shape, np.int64)
        national = np.zeros((len(whole), whole.shape[2]), np.int64)
        for number, drawn in enumerate(whole):
            outcome = apply_rule(self.rule, self._ballot(drawn))
            national[number] = [outcome.seats[entry.id] for entry in self.entries]
            for place, seats in enumerate(self._by_district(outcome.districts)):
                local[number, place] = seats
        return local, national

    def _ballot(self, votes: Seats) -> Ballot:
        ids = [entry.id for entry in self.entries]
        districts = tuple(
            replace(
                district,
                votes=dict(zip(ids, row.tolist(), strict=True)),
                alliance_votes={},
                valid_votes=int(row.sum()) + unlisted,
            )
            for district, row, unlisted in zip(self.districts, votes, self.unlisted, strict=True)
        )
        entries = tuple(
            replace(entry, votes=int(total)) for entry, total in zip(self.entries, votes.sum(0), strict=True)
        )
        return Ballot(entries, int(votes.sum()) + sum(self.unlisted), districts=districts)

    def _by_district(self, found: Sequence[DistrictSeats]) -> list[list[int]]:
        by_name = {district.name: district for district in found}
        return [
            [by_name[district.name].of(entry.id) if district.name in by_name else 0 for entry in self.entries]
            for district in self.districts
        ]


def as_one_district(law: ExactLaw) -> ExactLaw:
    """The same house without districts: what a forecast does that allocates all seats nationally.

    The method is that of the districts; waivers that need districts fall away.
    """
    rule, districts = law.rule, law.rule.districts
    assert districts is not None
    said = rule.model_dump(by_alias=True, exclude_none=True)
    method = said.get("allocation") or {
        key: said["districts"][key]
        for key in ("method", "remainder", "quota_of", "divisors", "power")
        if key in said["districts"]
    }
    levelling = said.get("levelling") or {}
    if levelling.get("method"):
        method = {"method": levelling["method"]}
    threshold = {
        key: value
        for key, value in (said.get("threshold") or {}).items()
        if key not in ("or_district_seats", "or_regions_at_quota")
    }
    local = said["districts"].get("local_threshold")
    if not threshold and local is not None:
        threshold = {"level": local["level"], "base": local["base"]}
    national = {
        "seats": rule.seats,
        "ties": rule.ties,
        "allocation": method,
        **({"threshold": threshold} if threshold else {}),
    }
    return replace(law, rule=Rule.model_validate(national))
