"""Seats of a past election by its exact law, for the votes of any draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from forecast.door.trees import read_toml
from forecast.election.loading import faults_of
from forecast.election.rule import Rule
from forecast.election.values import EligibleKind, Label, Part, Positive, Texts
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.geography.pattern import Floats
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.outcome import DistrictSeats
from forecast.rules.reference import apply_rule
from forecast.rules.tables import OF_ALLIANCE
from forecast.verification.election_pairs import OTHER, Pair
from forecast.verification.scores import Seats

NOBODY = "@nobody"
"""Votes that are valid and for no list, as the law counts them."""


@dataclass(frozen=True)
class ExactLaw:
    """The law of an election, for the units and districts of a pair.

    Districts that the earlier election lacks keep the votes that were cast there; so does, of the votes of a
    district that are for no unit, the part that was for nobody and the part that was for an alliance as such.
    """

    rule: Rule
    entries: tuple[Entry, ...]
    """Of each unit, of which ``other`` is the residual, and of those who chose nobody."""
    districts: tuple[District, ...]
    """In the order of the pair; their votes are replaced."""
    elsewhere: tuple[District, ...]
    """Districts outside the pair, with their votes."""
    unlisted: tuple[int, ...]
    """Valid votes of each district that are for nobody listed: blank ones, where the law counts them."""
    nobody: Floats
    """(D,) part of the votes for no unit that is for nobody."""
    alliances: Mapping[str, Floats]
    """(D,) part of them that is for an alliance as such."""

    @classmethod
    def of(cls, past: PastLaw, pair: Pair) -> ExactLaw:
        """The law of the later election of a pair."""
        lists = pair.base.units[: pair.lists]
        rule, result = past.rule, pair.later
        facts = {name: past.facts(name) for name in lists}
        entries = [
            Entry(name, 0, of.kind, members=of.members, alliance=of.alliance or None)
            for name, of in facts.items()
        ]
        given = rule.districts is not None and rule.districts.seats == "given"
        places = [
            replace(
                place,
                seats=(place.seats or 0) if given else None,
                direct={name: won for name, won in place.direct.items() if name in facts},
            )
            for place in result.places
        ]
        inside = {name: number for number, name in enumerate(result.districts)}
        here = [inside[name] for name in pair.base.districts]
        rest = np.maximum(pair.votes[:, -1], 1.0)
        aside = {
            name: result.votes[here, number] / rest
            for number, name in enumerate(result.lists)
            if name.startswith(OF_ALLIANCE)
        }
        known = {entry.alliance for entry in entries}
        alliances = {name[1:]: part for name, part in aside.items() if name[1:] in known}
        nobody = sum((part for name, part in aside.items() if name[1:] not in alliances), np.zeros(len(here)))
        return cls(
            rule,
            (*entries, Entry(OTHER, 0, "residual"), Entry(NOBODY, 0, "none-of-the-above")),
            tuple(places[number] for number in here),
            tuple(
                _with_true_votes(place, pair, dict(zip(result.lists, row.tolist(), strict=True)))
                for place, row in zip(places, result.votes, strict=True)
                if place.name not in pair.base.districts
            ),
            tuple(
                max(0, (places[number].valid_votes or 0) - int(cast))
                for number, cast in zip(here, pair.votes.sum(1), strict=True)
            ),
            nobody,
            alliances,
        )

    def __call__(self, votes: Floats) -> tuple[Seats, Seats]:
        """Seats by district (N, D, U) and of the nation (N, U), for votes (N, D, U)."""
        whole = np.rint(votes).astype(np.int64)
        local = np.zeros(whole.shape, np.int64)
        national = np.zeros((len(whole), whole.shape[2]), np.int64)
        for number, drawn in enumerate(whole):
            outcome = apply_rule(self.rule, self._ballot(drawn))
            national[number] = [outcome.seats[entry.id] for entry in self.entries[:-1]]
            for place, seats in enumerate(self._by_district(outcome.districts)):
                local[number, place] = seats
        return local, national

    def _ballot(self, votes: Seats) -> Ballot:
        """``votes`` (D, U)."""
        ids = [entry.id for entry in self.entries]
        aside = {name: np.rint(votes[:, -1] * part).astype(int) for name, part in self.alliances.items()}
        nobody = np.rint(votes[:, -1] * self.nobody).astype(int)
        rest = np.maximum(votes[:, -1] - nobody - sum(aside.values(), np.zeros(len(votes), int)), 0)
        told = np.column_stack([votes[:, :-1], rest, nobody])
        districts = tuple(
            replace(
                district,
                votes=dict(zip(ids, row.tolist(), strict=True)),
                alliance_votes={name: int(cast[number]) for name, cast in aside.items()},
                valid_votes=int(row.sum() + sum(cast[number] for cast in aside.values())) + unlisted,
            )
            for number, (district, row, unlisted) in enumerate(
                zip(self.districts, told, self.unlisted, strict=True)
            )
        )
        districts = (*districts, *self.elsewhere)
        entries = tuple(
            entry._replace(votes=sum(district.votes.get(entry.id, 0) for district in districts))
            for entry in self.entries
        )
        return Ballot(
            entries,
            sum(district.valid for district in districts),
            districts=districts if self.rule.districts is not None else (),
            alliance_votes={name: int(cast.sum()) for name, cast in aside.items()},
        )

    def _by_district(self, found: Sequence[DistrictSeats]) -> list[list[int]]:
        by_name = {district.name: district for district in found}
        return [
            [
                by_name[district.name].of(entry.id) if district.name in by_name else 0
                for entry in self.entries[:-1]
            ]
            for district in self.districts
        ]


def _with_true_votes(place: District, pair: Pair, cast: Mapping[str, float]) -> District:
    """A district outside the pair with its votes, for the units of the pair."""
    votes = {name: int(cast.get(name, 0.0)) for name in pair.base.units[: pair.lists]}
    nobody = sum(int(number) for name, number in cast.items() if name.startswith(OF_ALLIANCE))
    votes |= {OTHER: int(sum(cast.values())) - sum(votes.values()) - nobody, NOBODY: nobody}
    return replace(place, votes=votes, valid_votes=max(place.valid_votes or 0, sum(votes.values())))


def as_one_district(law: ExactLaw) -> ExactLaw:
    """The same house without districts: what a forecast does that allocates all seats nationally.

    The method is that of the districts; waivers that need districts fall away. A law that divides nationally
    stays as it is.
    """
    rule = law.rule
    if rule.districts is None:
        return law
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


FILE = "laws.toml"
SHIPPED = Path(__file__).with_name(FILE)


class ListFacts(Part):
    """What a law must know of a list besides its votes."""

    kind: EligibleKind = Field(default="party", description="kind of list")
    members: Positive = Field(default=1, description="number of parties in a coalition")
    alliance: Label = Field(default="", description="lists with the same alliance compete as one")


class _LawOf(Rule):
    """A table ``[[laws]]``: a rule, and the elections that were held under it."""

    elections: Texts = Field(description="names of tables of results")


class _File(Part):
    laws: tuple[_LawOf, ...] = Field(description="rules")
    lists: dict[str, dict[str, ListFacts]] = Field(
        default_factory=dict, description="by election and list, what its law must know of it"
    )


@dataclass(frozen=True)
class PastLaw:
    """The law of one election, and what it must know of single lists, by their names in the table."""

    rule: Rule
    lists: Mapping[str, ListFacts] = field(default_factory=dict)

    def facts(self, name: str) -> ListFacts:
        """Of a list."""
        return self.lists.get(name, ListFacts())


def past_laws(folder: Path | None = None) -> dict[str, PastLaw]:
    """By election, the laws of an archive where it has a file of them, else the shipped ones.

    ``ConfigurationError`` for a file that is wrong, or that gives an election two laws.
    """
    own = folder / FILE if folder is not None else SHIPPED
    return read_laws(own if own.exists() else SHIPPED)


def read_laws(path: Path) -> dict[str, PastLaw]:
    """The laws of a file. ``ConfigurationError`` with what is wrong."""
    tables: dict[str, Any] = read_toml(
        path, missing="no such file of laws", folder="a folder; a file is meant"
    )
    try:
        found = _File.model_validate(tables, context={"place": str(path)})
    except ValidationError as error:
        raise ConfigurationError(*faults_of(error, tables, str(path), ())) from None
    rules: dict[str, Rule] = {}
    faults: list[Fault] = []
    for number, law in enumerate(found.laws):
        for name in law.elections:
            if name in rules:
                faults.append(Fault(str(path), f"laws[{number}].elections", name, "it has a law already"))
            rules[name] = law
    faults += [
        Fault(
            str(path), f"lists.{name}", ABSENT, "no law is that of this election; name it among its elections"
        )
        for name in found.lists
        if name not in rules
    ]
    if faults:
        raise ConfigurationError(*faults)
    return {name: PastLaw(rule, found.lists.get(name, {})) for name, rule in rules.items()}
