"""Laws of past elections by district: of an archive (``laws.toml``), else those shipped with the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from forecast.door.trees import read_toml
from forecast.election.faults import faults_of
from forecast.election.rule import Rule
from forecast.election.texts import Label, Texts
from forecast.election.vocabulary import EligibleKind, Part, Positive
from forecast.errors import ABSENT, ConfigurationError, Fault

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
