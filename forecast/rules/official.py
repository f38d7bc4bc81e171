"""A count against what the authorities made of it, nationally and by district; election files checked so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError
from forecast.rules.cases import Mismatch, Verification, read_cases, verify
from forecast.rules.counts import Count, read_count
from forecast.rules.district_table import OfficialSeats
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

_ELECTION = ".toml"


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


def has_official_seats(count: Count) -> bool:
    """Whether there is anything to compare a count with."""
    return bool(count.official or count.official_districts)


def verify_all(paths: Sequence[Path]) -> Verification:
    """Files of cases, election files and folders of these, one after the other.

    An election file is a case where its tables have official seats; one without them is named as not checked.
    Raises ``ConfigurationError`` where a file of cases is none, or where nothing at all can be checked.
    """
    found = Verification(0, (), ())
    for path in paths:
        for file in sorted(path.glob(f"*{_ELECTION}")) if path.is_dir() else [path]:
            found += _verify_election(file) if file.suffix.lower() == _ELECTION else verify(read_cases(file))
    if not found.cases:
        place = ", ".join(str(path) for path in paths)
        remedy = "nothing to check: no case, and no election file whose tables have official seats"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    return found


def _verify_election(path: Path) -> Verification:
    """One election file; what keeps it from being counted is its reason."""
    from forecast.election import load_election

    try:
        election = load_election(path)
        name = election.election.id
        facts = election.election
        table = election.rule.districts.table if election.rule.districts is not None else None
        if facts.result is None and table is None:
            return Verification(0, (), (), unchecked=(name,))
        count = read_count(election)
        if not has_official_seats(count):
            return Verification(0, (), (), unchecked=(name,))
        outcome = apply_rule(election.rule, count.ballot)
        wrong = tuple(differences(name, count.official, count.official_districts, outcome))
    except ForecastError as error:
        reasons = "; ".join(str(fault) for fault in error.faults)
        return Verification(1, (), (), unsupported=((str(path), reasons),))
    notes = tuple((name, said) for said in count.warnings)
    return Verification(1, () if wrong else (name,), wrong, notes=notes)


def in_words(wrong: Mismatch, names: Mapping[str, str], districts: Mapping[str, str]) -> str:
    """A difference as a reader sees it."""
    where = f" in {districts.get(wrong.district, wrong.district)}" if wrong.district else ""
    kind = f" {wrong.kind}" if wrong.kind else ""
    return f"{names.get(wrong.party, wrong.party)}{where} {wrong.official}{kind} there, {wrong.ours} here"


def as_record(wrong: Mismatch) -> dict[str, Any]:
    """A difference as plain data (docs/json.md)."""
    return {
        "case": wrong.case,
        "district": wrong.district,
        "party": wrong.party,
        "kind": wrong.kind or "seats",
        "official": wrong.official,
        "ours": wrong.ours,
    }
