"""A random poll table, written in a random mix of the shapes that people use, is read back as it was
meant.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.polls import PollTable, read_polls
from tests.poll_shapes import Shape, shape_of


def compared(shape: Shape, table: PollTable) -> None:
    """Every fact and every share of every poll."""
    assert len(table) == len(shape.polls)
    for i, poll in enumerate(shape.polls):
        facts = table.polls.iloc[i]
        assert facts["pollster"] == poll.pollster
        days = [facts[name] for name in ("fieldwork_start", "fieldwork_end", "published")]
        assert [None if day != day else day.date() for day in days] == [poll.start, poll.end, poll.published]
        assert facts["sample_size"] == poll.size or (
            poll.size is None and facts["sample_size"] != facts["sample_size"]
        )
        units = {name: f"p{k}" for k, name in enumerate(shape.parties)} | {
            "other": "other",
            "undecided": "undecided",
        }
        for name, share in poll.shares.items():
            read = table.shares[units[name]].iloc[i]
            if name in poll.under:
                assert (read, table.rounding[units[name]].iloc[i]) == (0.005, 0.005)
                continue
            assert (share is None and read != read) or 100 * read == pytest.approx(share, abs=1e-9)
        assert bool(facts["undecided_beside"]) == (shape.beside and bool(poll.shares.get("undecided")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes")


def read_back(folder: Path, seed: int) -> None:
    shape = shape_of(random.Random(seed))
    compared(shape, read_polls(shape.written_to(folder), shape.election()))


@settings(max_examples=100)
@given(seed=st.integers(0, 2**48))
def test_a_table_in_any_mix_of_shapes_is_read_as_it_is_meant(folder: Path, seed: int) -> None:
    read_back(folder, seed)


@pytest.mark.slow
@settings(max_examples=2000)
@given(seed=st.integers(0, 2**48))
def test_two_thousand_tables_in_any_mix_of_shapes_are_read_as_they_are_meant(folder: Path, seed: int) -> None:
    read_back(folder, seed)
