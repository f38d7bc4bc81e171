"""Case files of real counts: votes in, official seats out; read into a rule and a ballot, and checked.

A case that the schema cannot say is reported as unsupported with the reason, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import ValidationError

from forecast.door.trees import read_json
from forecast.election.exact_numbers import parse_share
from forecast.election.own_seats import excess_under
from forecast.election.rule import Rule
from forecast.election.vocabulary import KINDS, parse_count
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

if TYPE_CHECKING:
    from forecast.rules.tables import OfficialSeats

_COUNTS = ("members", "direct_seats", "min_seats", "max_seats", "extra_seats")
_PARTY_KEYS = frozenset(
    {"name", "votes", "kind", "official_seats", "alliance", "best_region_share", *_COUNTS}
)
_REMARKS = frozenset({"note", "notes", "source"})
_CASE_KEYS = ("seats", "rule", "parties", "valid_votes", "invalid_votes", "registered", "districts")
"""Keys of a case that count; a case may say more about itself, but nothing that looks like one of these."""
_TOTALS = ("seats", "population", "levelling", "valid_votes", "invalid_votes", "registered")
_DISTRICT_KEYS = ("name", "region", "votes", "direct", *_TOTALS)
_LOOKS_LIKE = 0.85
Value = TypeVar("Value")
NOT_LISTED = "(not listed)"


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
        if not isinstance(found, list | tuple)
    ]


def read_case(record: Mapping[str, Any]) -> Case:
    """A record as rule, ballot and official seats. Raises ``UnsupportedCaseError`` with the reason."""
    name = str(record["id"])
    _refuse_slips(record, _CASE_KEYS, "")
    parties = _list(record, "parties")
    names = _unique_names(parties)
    entries = tuple(_entry(party, own) for party, own in zip(parties, names, strict=True))
    ballot = Ballot(
        entries,
        valid_votes=_optional_count(record, "valid_votes"),
        invalid_votes=_optional_count(record, "invalid_votes"),
        registered=_optional_count(record, "registered"),
        districts=tuple(_district(row, number) for number, row in enumerate(_list(record, "districts"))),
    )
    official = {
        own: _number(party, "official_seats", f"parties.{own}")
        for party, own in zip(parties, names, strict=True)
    }
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
    if not isinstance(found, list | tuple):
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
        raise UnsupportedCaseError("; ".join(_told(detail) for detail in error.errors())) from None


def _told(detail: Any) -> str:
    where = ".".join(str(part) for part in ("rule", *detail["loc"]))
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "the schema does not know this key"
    return f"{where}: {message}"


def _unique_names(parties: Sequence[Any]) -> list[str]:
    """Names as they stand; a name that comes twice gets its number, so that every list is counted."""
    names: dict[str, None] = {}
    for number, party in enumerate(parties):
        if not isinstance(party, Mapping) or not isinstance(party.get("name"), str):
            _refuse(f"parties[{number}]", "a table with a name is expected")
        name = party["name"]
        names[name if name not in names else f"{name} ({number + 1})"] = None
    return list(names)


def _entry(party: Mapping[str, Any], name: str) -> Entry:
    unknown = sorted(set(party) - _PARTY_KEYS - _REMARKS)
    if unknown:
        _refuse(f"parties.{name}.{unknown[0]}", suggest(unknown[0], sorted(_PARTY_KEYS)))
    kind = party.get("kind", "party")
    if kind not in KINDS:
        _refuse(f"parties.{name}.kind", f"no such kind; {suggest(str(kind), KINDS)}")
    counts = {key: _number(party, key, f"parties.{name}") for key in _COUNTS if party.get(key) is not None}
    regional = party.get("best_region_share")
    alliance = party.get("alliance")
    return Entry(
        name,
        _number(party, "votes", f"parties.{name}"),
        kind,
        alliance=None if alliance is None else str(alliance),
        sub_alliance=None,
        best_region_share=None
        if regional is None
        else _parsed(parse_share, regional, f"parties.{name}.best_region_share"),
        **counts,
    )


def _district(row: Any, number: int) -> District:
    if not isinstance(row, Mapping) or not isinstance(row.get("votes"), Mapping):
        _refuse(f"districts[{number}]", "a table with votes is expected")
    name = str(row.get("name", number + 1))
    _refuse_slips(row, _DISTRICT_KEYS, f"districts.{name}.")
    votes: Mapping[str, Any] = row["votes"]
    direct = row.get("direct") or {}
    if not isinstance(direct, Mapping):
        _refuse(f"districts.{name}.direct", "a table is expected")
    totals: dict[str, Any] = {key: _optional_count(row, key) for key in _TOTALS}
    return District(
        name,
        {party: _number(votes, party, f"districts.{name}.votes") for party in votes},
        direct={party: _number(direct, party, f"districts.{name}.direct") for party in direct},
        region=str(row.get("region", "")),
        **totals,
    )


def _optional_count(table: Mapping[str, Any], key: str) -> int | None:
    return None if table.get(key) is None else _number(table, key, "")


def _number(table: Mapping[str, Any], key: str, where: str) -> int:
    path = f"{where}.{key}".lstrip(".")
    if key not in table:
        _refuse(path, "missing")
    return _parsed(parse_count, table[key], path)


def _parsed(parse: Callable[[Any], Value], said: object, where: str) -> Value:
    try:
        return parse(said)
    except ValueError as error:
        _refuse(f"{where} = {said!r}", str(error))


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
