"""Headlines and first paragraphs of past elections, as a page would have had them: to be read side by side.

``python -m tests.archive_headlines`` prints them. The archives stand outside the project; nothing of them is
kept here.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.election import Election
from forecast.election.loading import parse_election
from forecast.errors import ForecastError
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.words import headlines
from forecast.words.facts import Facts

DATA = Path(__file__).parents[2] / "shared" / "data"
ARCHIVES = (DATA / "polling-archive", DATA / "polling-archive-more")
DAYS_BEFORE = (75, 4)
DRAWS = 20_000
NUMBER = 22
"""Elections, each seen from the days of ``DAYS_BEFORE``."""
_FACTS = ("pollster", "fieldwork_start", "fieldwork_end", "publish_date", "sample_size")


@dataclass(frozen=True)
class Told:
    """What a page says first of one forecast."""

    election: str
    facts: Facts
    before: Facts | None
    headline: str
    sentences: tuple[str, ...]


def told(number: int = NUMBER) -> Iterator[Told]:
    """Of elections spread over the archives: what is said on each day, the later against the earlier."""
    chosen = _chosen(number)
    polls = _polls({row["election_id"] for row in chosen})
    with tempfile.TemporaryDirectory() as folder:
        for k, row in enumerate(chosen):
            yield from _of(row, polls[row["election_id"]], k, Path(folder))


def _of(row: dict[str, str], polls: list[dict[str, str]], k: int, folder: Path) -> Iterator[Told]:
    election = _election(row, polls, k, folder)
    table = read_polls(_written(polls, folder / f"{k}.csv"), election)
    before = None
    for days in DAYS_BEFORE:
        day = datetime.date.fromisoformat(row["date"]) - datetime.timedelta(days=days)
        try:
            forecast = simulate(election, estimate(election, table, day), draws=DRAWS)
        except ForecastError:
            continue  # no poll was known by then
        facts = Facts(forecast)
        earlier = None if before is None else headlines.earlier_of(before, facts)
        sentences = headlines.sentences(facts, headlines.change(facts, earlier))
        yield Told(row["election_id"], facts, before, headlines.first(facts), tuple(sentences))
        before = facts


def _chosen(number: int) -> list[dict[str, str]]:
    """National elections of which a rule is known, spread evenly over both archives."""
    found = []
    for archive in ARCHIVES:
        some = [row for row in _rows(archive / "elections.csv") if row["rule"] and row["quality"][:1] in "AB"]
        step = max(1, len(some) // (number // len(ARCHIVES)))
        found += some[::step][: number // len(ARCHIVES)]
    return found


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _polls(elections: set[str]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {name: [] for name in elections}
    for archive in ARCHIVES:
        with gzip.open(archive / "polls.csv.gz", "rt", encoding="utf-8", newline="") as opened:
            for row in csv.DictReader(opened):
                if row["election_id"] in found and row["scope"] == "national":
                    found[row["election_id"]].append(row)
    return found


def _election(row: dict[str, str], polls: Sequence[dict[str, str]], k: int, folder: Path) -> Election:
    """The election of an archive; every third asks for named coalitions, every third for unnamed ones."""
    archive = next(
        one for one in ARCHIVES if (one / "elections.csv").read_text().find(f"\n{row['election_id']},") >= 0
    )
    polled = {poll["party"] for poll in polls}
    last = {
        one["party"]: one["share"]
        for one in _rows(archive / "last_results.csv")
        if one["election_id"] == row["election_id"]
    }
    parties: list[dict[str, Any]] = []
    for one in _rows(archive / "results.csv"):
        if one["election_id"] == row["election_id"] and one["party"] in polled and one["party"] != "other":
            party = {"id": _id(one["party"]), "name": _name(one), "short": one["party"][:8]}
            parties.append(party | ({"last_result": last[one["party"]]} if one["party"] in last else {}))
    names = [party["id"] for party in parties]
    coalitions = [
        {"id": "first-two", "parties": names[:2]},
        {"id": "ends", "parties": [names[0], *names[2:4]]},
    ]
    if k % 3 == 1:
        for one, name in zip(coalitions, ("Grand coalition", "The others"), strict=True):
            one["name"] = name
    tables: dict[str, Any] = {
        "election": {
            "id": row["election_id"].lower(),
            "name": f"{row['country']}, {row['legislature']}, {row['date']}",
            "country": row["country"],
            "date": datetime.date.fromisoformat(row["date"]),
        },
        "parties": parties,
        "coalitions": coalitions if k % 3 else [],
        "rule": {"ties": "lot", **json.loads(row["rule"])},
    }
    return parse_election(tables, row["election_id"], (), folder)


def _name(row: dict[str, str]) -> str:
    """The last name of a party that had several."""
    return re.split(r" \| |; ", row["party_name"])[-1] or row["party"]


def _id(party: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in party.lower()).strip("-")


def _written(polls: Sequence[dict[str, str]], file: Path) -> Path:
    """The polls as a table of the program: a row a poll."""
    by_poll: dict[str, dict[str, str]] = {}
    for poll in polls:
        row = by_poll.setdefault(poll["poll_id"], {name: poll[name] for name in _FACTS})
        row[poll["party"]] = poll["share"]
    parties = list(dict.fromkeys(poll["party"] for poll in polls))
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(
            ["pollster", "fieldwork_start", "fieldwork_end", "published", "sample_size", *map(_id, parties)]
        )
        for row in by_poll.values():
            if row["publish_date"] < row["fieldwork_end"]:
                row["publish_date"] = ""  # a slip of the source
            writer.writerow([*(row[name] for name in _FACTS), *(row.get(party, "") for party in parties)])
    return file


def main() -> None:
    """Print them."""
    for one in told():
        forecast: Forecast = one.facts.forecast
        print(f"{one.election}, {forecast.attrs['as_of']}\n  {one.headline}\n  {' '.join(one.sentences)}\n")


if __name__ == "__main__":
    main()
