"""Case files of real counts: votes in, official seats out; read into a rule and a ballot, and checked.

A case that the schema cannot say is reported as unsupported with the reason, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from forecast.door.trees import read_json
from forecast.election.references import excess_under
from forecast.election.rule import Rule
from forecast.election.values import Count, Kind, OneOf, Part, Share
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

if TYPE_CHECKING:
    from forecast.rules.tables import OfficialSeats

_CASE_KEYS = ("seats", "rule", "parties", "valid_votes", "invalid_votes", "registered", "districts")
"""Keys of a case that count; a case may say more about itself, but nothing that looks like one of these."""
_LOOKS_LIKE = 0.85
Model = TypeVar("Model", bound=Part)
NOT_LISTED = "(not listed)"


_Named = Annotated[str, BeforeValidator(str)]


class _Totals(Part):
    """Totals of a case, which may say more about itself."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    valid_votes: Count | None = None
    invalid_votes: Count | None = None
    registered: Count | None = None


class _DistrictOfCase(_Totals):
    votes: dict[str, Count]
    direct: dict[str, Count] = Field(default_factory=dict)
    region: _Named = ""
    seats: Count | None = None
    population: Count | None = None
    levelling: Count | None = None


class _PartyOfCase(Part):
    votes: Count
    official_seats: Count
    kind: Annotated[Kind, OneOf("kind of option")] = "party"
    members: Count = 1
    alliance: _Named | None = None
    direct_seats: Count = 0
    min_seats: Count = 0
    max_seats: Count | None = None
    extra_seats: Count = 0
    best_region_share: Share | None = None
    name: object = None
    note: object = None
    notes: object = None
    source: object = None

    def entry(self, name: str) -> Entry:
        """The party as an option of a ballot."""
        known = set(Entry._fields) & set(type(self).model_fields)
        return Entry(name, **{key: getattr(self, key) for key in known})


@dataclass(frozen=True)
class Case:
    """One real count: what the rule is given and what the authorities made of it."""

    id: str
    rule: Rule
    ballot: Ballot
    official: Mapping[str, int]


@dataclass(frozen=True)
class Mismatch:
    """A list whose seats differ from the official ones: in all, or in a district.

    ``kind``: the fixed or the levelling seats are meant; all seats where it is empty.
    """

    case: str
    party: str
    official: int
    ours: int
    district: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Verification:
    """What became of the cases of a file."""

    cases: int
    reproduced: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]
    unsupported: tuple[tuple[str, str], ...] = field(default=())
    """Case and reason."""
    notes: tuple[tuple[str, str], ...] = field(default=())
    """Case, and what does not fit together in it or was added to it."""
    unchecked: tuple[str, ...] = ()
    """Election files without official seats, which are no cases."""

    def __add__(self, other: Verification) -> Verification:
        return Verification(*(getattr(self, of.name) + getattr(other, of.name) for of in fields(self)))

    @property
    def complete(self) -> bool:
        """Whether every case came out as the authorities have it."""
        return len(self.reproduced) == self.cases


class UnsupportedCaseError(Exception):
    """The case says something that the schema cannot."""


def read_cases(path: str | Path) -> list[Mapping[str, Any]]:
    """The records of a case file. Raises ``ConfigurationError`` where it is no such file."""
    place = str(path)
    data: object = read_json(
        Path(path), ConfigurationError, folder="a folder; the file of cases inside it is meant"
    )
    if isinstance(data, Mapping) and isinstance(data.get("cases"), list):
        data = data["cases"]
    if not isinstance(data, list):
        raise ConfigurationError(Fault(place, "", ABSENT, "a list of cases is expected"))
    faults = [fault for number, record in enumerate(data) for fault in _shape_faults(place, number, record)]
    if faults:
        raise ConfigurationError(*faults)
    return data


def _shape_faults(place: str, number: int, record: object) -> list[Fault]:
    """What is wrong with the outer shape of a record."""
    if not isinstance(record, Mapping):
        return [Fault(place, f"[{number}]", record, "a case is a table with id, seats, rule and parties")]
    where = str(record.get("id", f"[{number}]"))
    missing = [
        Fault(place, f"{where}.{key}", ABSENT, "missing")
        for key in ("id", "seats", "rule", "parties")
        if key not in record
    ]
    lists = {key: record[key] for key in ("parties", "districts") if record.get(key) is not None}
    return missing + [
        Fault(place, f"{where}.{key}", ABSENT if isinstance(found, Mapping) else found, "a list is expected")
        for key, found in lists.items()
        if not isinstance(found, (list, tuple))
    ]


def read_case(record: Mapping[str, Any]) -> Case:
    """A record as rule, ballot and official seats. Raises ``UnsupportedCaseError`` with the reason."""
    name = str(record["id"])
    _refuse_slips(record, _CASE_KEYS, "")
    parties = _list(record, "parties")
    names = _unique_names(parties)
    read = [_read(_PartyOfCase, party, f"parties.{own}") for party, own in zip(parties, names, strict=True)]
    entries = tuple(party.entry(own) for party, own in zip(read, names, strict=True))
    districts = tuple(_district(row, number) for number, row in enumerate(_list(record, "districts")))
    ballot = Ballot(entries, districts=districts, **_read(_Totals, record, "").model_dump())
    official = {own: party.official_seats for party, own in zip(read, names, strict=True)}
    rule = _rule(record)
    _refuse_more_than_the_house(rule, ballot)
    return Case(name, rule, _completed(rule, ballot), official)


def _refuse_slips(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """A key that nearly has the name of one that counts would be passed over without a word."""
    for key in table:
        near = get_close_matches(str(key), known, n=1, cutoff=_LOOKS_LIKE) if key not in known else []
        if near:
            _refuse(f"{where}{key}", f"no such key; did you mean '{near[0]}'?")


def _refuse_more_than_the_house(rule: Rule, ballot: Ballot) -> None:
    for excess in excess_under(rule, ballot.entries):
        name = "" if excess.holder is None else f".{ballot.entries[excess.holder].id}"
        _refuse(f"parties{name}.{excess.key} = {excess.seats}", excess.remedy)


def _completed(rule: Rule, ballot: Ballot) -> Ballot:
    """The ballot with the votes that the total has beyond those listed, where the base is votes for lists."""
    rest = ballot.valid - sum(entry.votes for entry in ballot.entries)
    if rule.threshold is None or rule.threshold.base != "lists" or rest <= 0:
        return ballot
    return replace(ballot, entries=(*ballot.entries, Entry(NOT_LISTED, rest, "residual")))


def _notes(case: Case) -> Iterator[str]:
    """Totals that do not fit the votes, which are counted as they stand."""
    listed = sum(entry.votes for entry in case.ballot.entries if entry.id != NOT_LISTED)
    if listed > case.ballot.valid:
        yield (
            f"the votes of its parties add up to {listed:,}, more than its valid_votes, "
            f"{case.ballot.valid:,}, of which its threshold is a share"
        )
    if any(entry.id == NOT_LISTED for entry in case.ballot.entries):
        rest = case.ballot.valid - listed
        yield f"{rest:,} of its valid_votes are for nobody listed; they count in the base as votes for lists"


def _list(record: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = record.get(key) or ()
    if not isinstance(found, (list, tuple)):
        _refuse(key, "a list is expected")
    return found


def _refuse(where: str, why: str) -> NoReturn:
    msg = f"{where}: {why}"
    raise UnsupportedCaseError(msg) from None


def _rule(record: Mapping[str, Any]) -> Rule:
    said = record["rule"]
    if not isinstance(said, Mapping):
        _refuse("rule", "a table is expected")
    try:
        return Rule.model_validate({**said, "seats": record["seats"]}, context={"empty_house": True})
    except ValidationError as error:
        raise UnsupportedCaseError("; ".join(_told(detail, "rule") for detail in error.errors())) from None


def _read(model: type[Model], table: object, where: str) -> Model:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise UnsupportedCaseError("; ".join(_told(detail, where) for detail in error.errors())) from None


def _told(detail: Any, where: str) -> str:
    path = ".".join(str(part) for part in (where, *detail["loc"])).lstrip(".")
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = {"extra_forbidden": "the schema does not know this key", "missing": "missing"}.get(
        detail["type"], message
    )
    found = f" = {detail['input']!r}" if detail["type"] == "value_error" and where != "rule" else ""
    return f"{path}{found}: {message}"


def _unique_names(parties: Sequence[Any]) -> list[str]:
    """Names as they stand; a name that comes twice gets its number, so that every list is counted."""
    names: dict[str, None] = {}
    for number, party in enumerate(parties):
        if not isinstance(party, Mapping) or not isinstance(party.get("name"), str):
            _refuse(f"parties[{number}]", "a table with a name is expected")
        name = party["name"]
        names[name if name not in names else f"{name} ({number + 1})"] = None
    return list(names)


def _district(row: Any, number: int) -> District:
    if not isinstance(row, Mapping) or not isinstance(row.get("votes"), Mapping):
        _refuse(f"districts[{number}]", "a table with votes is expected")
    name = str(row.get("name", number + 1))
    _refuse_slips(row, ("name", *_DistrictOfCase.model_fields), f"districts.{name}.")
    return District(name, **_read(_DistrictOfCase, row, f"districts.{name}").model_dump())


def seats_of(case: Case) -> Outcome:
    """The exact outcome of a case. Raises ``UnsupportedCaseError`` where the count lacks a total."""
    try:
        return apply_rule(case.rule, case.ballot)
    except ConfigurationError as error:
        reasons = "; ".join(f"{fault.path}: {fault.remedy}" for fault in error.faults)
        raise UnsupportedCaseError(reasons) from None


def differences(
    case: str,
    official_seats: Mapping[str, int],
    by_district: Mapping[tuple[str, str], OfficialSeats],
    outcome: Outcome,
) -> Iterator[Mismatch]:
    """Where official seats of the tables differ from the count: by list, then by district and list."""
    for name, official in official_seats.items():
        if outcome.seats.get(name, 0) != official:
            yield Mismatch(case, name, official, outcome.seats.get(name, 0))
    places = {place.name: place for place in outcome.districts}
    for (district, name), official in by_district.items():
        place = places[district]
        won = {
            "": (official.seats, place.of(name)),
            "fixed": (official.fixed, place.fixed.get(name, 0)),
            "levelling": (official.levelling, place.levelling.get(name, 0)),
        }
        for kind, (seats, ours) in won.items():
            if seats is not None and seats != ours:
                yield Mismatch(case, name, seats, ours, district, kind)


def verify(records: Sequence[Mapping[str, Any]]) -> Verification:
    """Apply each case's rule to its votes and compare every list with its official seats."""
    reproduced: list[str] = []
    mismatches: list[Mismatch] = []
    unsupported: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    for record in records:
        try:
            case = read_case(record)
            outcome = seats_of(case)
        except UnsupportedCaseError as reason:
            unsupported.append((str(record["id"]), str(reason)))
            continue
        notes += [(case.id, said) for said in _notes(case)]
        wrong = list(differences(case.id, case.official, {}, outcome))
        mismatches += wrong
        if not wrong:
            reproduced.append(case.id)
    return Verification(len(records), tuple(reproduced), tuple(mismatches), tuple(unsupported), tuple(notes))
