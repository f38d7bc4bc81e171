"""How long reading polls takes: tables of six countries in one file, read for one of them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.measuring import Spread
from benchmarks.records import Results, Row
from forecast.election import Election, parse_election

POLLS = "polls"
COUNTRIES = ("Norway", "Denmark", "Finland", "Latvia", "Estonia", "Austria")
ROWS = 100_000
PARTIES = 8
_HEADING = ("country", "pollster", "start_date", "end_date", "sample_size", "party", "pct")


def table(rows: int) -> str:
    """Polls of six countries, one row a poll and party, in the last ten years before the vote."""
    rng = np.random.default_rng(1)
    number = -(-rows // PARTIES)
    age = np.sort(rng.integers(10, 3650, number))
    ends = np.datetime64("2026-09-13") - age
    starts, sizes = ends - rng.integers(1, 6, number), rng.integers(500, 3000, number)
    shares = rng.dirichlet(np.full(PARTIES, 4.0), number)
    lines = [",".join(_HEADING)]
    for i in range(number):
        facts = f"{COUNTRIES[i % 6]},Institute {i % 7},{starts[i]},{ends[i]},{sizes[i]}"
        percent = np.floor(1000 * shares[i]) / 10
        lines += [f"{facts},{chr(65 + k)},{percent[k]:.1f}" for k in range(PARTIES)]
    return "\n".join(lines[: rows + 1]) + "\n"


def election(country: str | None) -> Election:
    """The election whose polls are read; of all countries where none is named."""
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": "2026-09-13"},
            "parties": [{"id": chr(97 + k), "name": chr(65 + k)} for k in range(PARTIES)],
            "rule": {"seats": 100, "allocation": {"method": "dhondt"}},
            "polls": {"rows": {"country": country}} if country is not None else {},
        }
    )


def reading(results: Results, numbers: Sequence[int], *, rounds: int, say: Callable[[str], None]) -> None:
    """Seconds for one country of six, and for all rows as polls of one."""
    from forecast.polls import read_polls

    for rows in numbers:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "polls.csv")
            file.write_text(table(rows), encoding="utf-8")
            for what, country in (("one country of six", COUNTRIES[0]), ("all of it", None)):
                say(f"reading {rows:,} rows of polls, {what}")
                meant = election(country)
                seconds: list[float] = []
                for _ in range(max(rounds, 1)):
                    begun = time.perf_counter()
                    read_polls(file, meant)
                    seconds.append(time.perf_counter() - begun)
                spread = Spread(float(np.median(seconds)), min(seconds), max(seconds))
                results.rows.append(Row(POLLS, "", f"{rows:,} rows, {what}", "seconds", spread))
