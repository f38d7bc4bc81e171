"""Election files and files of cases checked against official seats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecast.election import load_election
from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError
from forecast.rules.case_files import Verification, read_cases, verify
from forecast.rules.counts import outcome_of, read_count
from forecast.rules.remarks import differences, has_official_seats

_ELECTION = ".toml"


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
        outcome = outcome_of(election, count)
        wrong = tuple(differences(name, count.official, count.official_districts, outcome))
    except ForecastError as error:
        reasons = "; ".join(str(fault) for fault in error.faults)
        return Verification(1, (), (), unsupported=((str(path), reasons),))
    notes = tuple((name, said) for said in count.warnings)
    return Verification(1, () if wrong else (name,), wrong, notes=notes)
