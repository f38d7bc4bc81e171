"""Real counts: the rule of each on its votes gives the official seats of every list."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.rules.cases import read_case, read_cases, seats_of, verify
from tests.counts import shared_cases

PUBLIC = Path(__file__).with_name("public-counts.json")
"""Counts from press and election commission pages, or recalled and kept because the whole vector comes out."""


@pytest.mark.parametrize("record", read_cases(PUBLIC), ids=lambda record: str(record["id"]))
def test_the_official_seats_come_out(record):
    case = read_case(record)
    assert dict(seats_of(case).seats) == dict(case.official)


@pytest.mark.parametrize("record", read_cases(PUBLIC), ids=lambda record: str(record["id"]))
def test_every_count_in_the_project_names_its_source(record):
    assert len(record["source"]) > 10


def test_all_cases_outside_the_project_are_reproduced():
    verification = verify(read_cases(shared_cases()))
    assert verification.mismatches == ()
    assert verification.unsupported == ()
    assert len(verification.reproduced) == verification.cases > 200
