"""Real counts: the rule of each on its votes gives the official seats of every list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from forecast.rules.case_files import read_case, read_cases, seats_of, verify

PUBLIC = Path(__file__).with_name("public-counts.json")
"""Counts from press and commission pages, or recalled and kept because every list comes out."""


@pytest.mark.parametrize("record", read_cases(PUBLIC), ids=lambda record: str(record["id"]))
def test_the_official_seats_come_out(record: Mapping[str, Any]):
    case = read_case(record)
    assert dict(seats_of(case).seats) == dict(case.official)


@pytest.mark.parametrize("record", read_cases(PUBLIC), ids=lambda record: str(record["id"]))
def test_every_count_in_the_project_names_its_source(record: Mapping[str, Any]):
    assert len(record["source"]) > 10


def test_all_cases_outside_the_project_are_reproduced(shared: Path):
    verification = verify(read_cases(shared / "conformance" / "cases.json"))
    assert verification.mismatches == ()
    assert verification.unsupported == ()
    assert len(verification.reproduced) == verification.cases > 200
