"""A made-up country of twelve single-member districts in three regions: its election file and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from forecast.election import Election, load_election
from tests.geographies import write_rows

NAMES = tuple(f"d{number}" for number in range(12))
REGIONS = ("North", "Middle", "South")
PARTIES = ("Red", "Blue", "Green")

FILE = """
[election]
id = "moors"
name = "Election of the Moors"
country = "Moors"
date = 2024-06-09
polls = "polls.csv"
closed_ballot = true

[[parties]]
id = "red"
name = "Red"
[[parties]]
id = "blue"
name = "Blue"
[[parties]]
id = "green"
name = "Green"

[rule]
seats = 40
law = "Moors Act, s. 1"
threshold.level = "5%"
allocation.method = "sainte-lague"

[[coalitions]]
id = "red-green"
parties = ["red", "green"]
"""
TIER = """
[[tiers]]
id = "districts"
name = "districts"
seats = 12

[tiers.votes]
last = "candidates.csv"
"""


def votes() -> np.ndarray:
    """(D, 3) last votes for candidates: Red strong in the North, Blue in the South."""
    tilt = np.linspace(-0.8, 0.8, len(NAMES))
    shares = np.array([0.42, 0.40, 0.18]) * np.exp(np.outer(tilt, [-1.0, 1.0, 0.0]))
    return np.rint(10_000 * shares / shares.sum(1, keepdims=True)).astype(int)


def write_candidates(
    path: Path, cast: np.ndarray | None = None, parties: Sequence[str] = PARTIES, **more: Mapping[str, int]
) -> None:
    """A table of votes by district; ``more`` by party, votes in some districts."""
    cast = votes() if cast is None else cast
    rows = [
        [name, REGIONS[d // 4], party, number]
        for d, name in enumerate(NAMES)
        for party, number in zip(parties, cast[d].tolist(), strict=True)
    ]
    rows += [
        [name, REGIONS[NAMES.index(name) // 4], party, number]
        for party, here in more.items()
        for name, number in here.items()
    ]
    write_rows(path, ["district", "region", "party", "votes"], rows)


def moors(folder: Path, file: str = FILE, tier: str = TIER, more: str = 'split = "same"\n') -> Election:
    """The election, with its tables written into ``folder``."""
    if not (folder / "candidates.csv").exists():
        write_candidates(folder / "candidates.csv")
    polls = [
        ["House A", "2024-06-01", 1_000, 42, 40, 18],
        ["House B", "2024-06-03", 1_200, 41, 40, 19],
        ["House A", "2024-06-06", 1_000, 43, 39, 18],
    ]
    heading = ["pollster", "fieldwork_end", "sample_size", "red", "blue", "green"]
    if not (folder / "polls.csv").exists():
        write_rows(folder / "polls.csv", heading, polls)
    path = folder / "moors.toml"
    path.write_text(file + tier + more, encoding="utf-8")
    return load_election(path)
