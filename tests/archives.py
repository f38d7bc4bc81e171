"""Small archives of invented elections, for tests of fits and backtests; nothing in them is real."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import numpy as np

PARTIES = ("RED", "BLUE", "NA", "GREEN")
BASE = np.array([0.40, 0.30, 0.17, 0.055, 0.075])
"""Shares of the parties and of all others on election day, before luck."""

RULE = {
    "seats": 100,
    "threshold": {"level": "0.05", "base": "valid"},
    "allocation": {"method": "dhondt"},
}


def write_archive(
    folder: Path,
    countries: int = 4,
    elections: int = 2,
    *,
    error: float = 0.12,
    polls: int = 12,
    seed: int = 3,
    last: bool = False,
) -> Path:
    """Elections whose polls miss by ``error`` on log shares; every third one without publish dates.

    With ``last`` their last results are known, but for GREEN.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    heads: list[dict[str, object]] = []
    rows: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    earlier: list[dict[str, object]] = []
    for number in range(countries * elections):
        name = f"{'ABCDEFGH'[number // elections]}-{2001 + 4 * (number % elections)}"
        day = datetime.date(2001 + 4 * (number % elections), 6, 10)
        heads.append(
            {
                "election_id": name,
                "country": name[0],
                "date": day,
                "threshold_pct": 5,
                "quality": "A",
                "rule": json.dumps(RULE),
            }
        )
        truth = np.exp(np.log(BASE) + 0.3 * rng.standard_normal(5))
        truth /= truth.sum()
        results += _results(name, truth)
        before = zip(PARTIES[:3], BASE, strict=False)
        earlier += [{"election_id": name, "party": party, "share": share} for party, share in before]
        said = np.exp(np.log(truth) + error * rng.standard_normal(5) * truth**-0.3)
        for poll in range(polls):
            rows += _poll(name, poll, day, said / said.sum(), rng, published=number % 3 != 2)
    _write(folder / "elections.csv", heads)
    _write(folder / "polls.csv", rows)
    _write(folder / "results.csv", results)
    if last:
        _write(folder / "last_results.csv", earlier)
    return folder


def _results(name: str, truth: np.ndarray) -> list[dict[str, object]]:
    votes = np.where(truth[:4] >= 0.05, truth[:4], 0.0)
    seats = np.floor(100 * votes / votes.sum())
    seats[np.argmax(votes)] += 100 - seats.sum()
    shares = [*zip(PARTIES, truth[:4], seats, strict=True), ("other", truth[4], 0)]
    return [
        {
            "election_id": name,
            "party": party,
            "share": round(100 * share, 3),
            "seats": int(seat),
            "seats_list": "",
        }
        for party, share, seat in shares
    ]


def _poll(
    name: str, poll: int, day: datetime.date, said: np.ndarray, rng: np.random.Generator, published: bool
) -> list[dict[str, object]]:
    size = int(rng.integers(600, 2000))
    shares = rng.multinomial(size, said) / size
    end = day - datetime.timedelta(days=3 + 17 * poll)
    facts = {
        "poll_id": f"{name}-{poll}",
        "election_id": name,
        "pollster": f"Firm {poll % 3}",
        "fieldwork_start": end - datetime.timedelta(days=3),
        "fieldwork_end": end,
        "publish_date": end + datetime.timedelta(days=2) if published else "",
        "sample_size": size if poll % 4 else "",
        "scope": "national",
    }
    named = [*zip(PARTIES, shares[:4], strict=True), ("other", shares[4])]
    return [{**facts, "party": party, "share": round(100 * share, 1)} for party, share in named]


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
