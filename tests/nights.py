"""A made-up election night in the country of the Woods: election file, polls, units, and a count that grows;
deterministic. ``python -m tests.nights`` writes the files of the rehearsal (docs/night.md), which stand in
``configs/rehearsal``.
"""

from __future__ import annotations

import csv
import datetime
import functools
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.election import Election, load_election
from forecast.estimation import estimate
from forecast.night.counted import read_counted
from forecast.night.evening import Now, with_evening
from forecast.night.night_forecast import night_forecast
from forecast.night.units import read_units
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import How
from forecast.storage import with_sources

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "rehearsal"
LISTS = ("red", "blue", "green", "coast", "other")
DISTRICTS = {"Alder": 9, "Birch": 7, "Cedar": 6, "Dogwood": 11, "Elm": 8, "Fir": 4}
"""Seats of each."""
NEW = ("alder-1-2", "elm-3-2", "fir-8-1")
"""Stations of the rehearsal that are new: the last election knows none of them."""
COAST = 0.049
"""What the new list has around its middle; in towns less."""
EVENING = datetime.datetime(2024, 6, 9, 20, 0)

ELECTION = """# A made-up country, to rehearse a night with.

[election]
id = "woods-2024"
name = "Election of the Woods 2024"
country = "Woods"
date = 2024-06-09
polls = "polls.csv"

[[parties]]
id = "red"
name = "Red Party"
short = "Red"
colour = "#c0392b"
[[parties]]
id = "blue"
name = "Blue Alliance"
short = "Blue"
colour = "#2e6da4"
[[parties]]
id = "green"
name = "Greens"
colour = "#3c8d40"
stands_in = "everywhere"
[[parties]]
id = "coast"
name = "Coast List"
short = "Coast"
colour = "#b58900"
continues = {}

[[coalitions]]
id = "red-green"
parties = ["red", "green"]
[[coalitions]]
id = "blue-coast"
parties = ["blue", "coast"]

[rule]
seats = 45
law = "Woods Act, s. 1"
[rule.threshold]
level = "5%"
[rule.allocation]
method = "sainte-lague"
"""
IN_DISTRICTS = """
[rule]
seats = 45
law = "Woods Act, s. 1"
[rule.threshold]
level = "5%"
[rule.districts]
method = "dhondt"
table = "districts.csv"
"""
POLLS = """pollster,start,end,size,red,blue,green,coast,other
Owl,2024-05-28,2024-06-01,1000,38.0,42.0,7.5,5.5,7.0
Fox,2024-06-01,2024-06-04,1200,36.0,43.0,8.0,6.0,7.0
Owl,2024-06-03,2024-06-07,1100,37.0,42.5,8.0,5.5,7.0
"""


@dataclass(frozen=True)
class Night:
    """A night of which everything is known: U units and P lists."""

    units: tuple[str, ...]
    district: tuple[str, ...]
    region: tuple[str, ...]
    kind: tuple[str, ...]
    electorate: NDArray[np.int64]
    """(U,) 0 where a unit has no register of its own."""
    last: NDArray[np.int64]
    """(U, P)"""
    votes: NDArray[np.int64]
    """(U, P) the complete count."""
    minutes: NDArray[np.int64]
    """(U,) when each is counted, after eight in the evening."""

    def time(self, u: int) -> str:
        """When a unit is counted."""
        return (EVENING + datetime.timedelta(minutes=int(self.minutes[u]))).isoformat(timespec="minutes")

    def first(self, share: float) -> list[int]:
        """The units that are counted first."""
        order = np.argsort(self.minutes, kind="stable").tolist()
        return order[: round(share * len(order))]


def made_night(places: int = 24, seed: int = 1, *, size: int = 900) -> Night:
    """A night of so many places, each with polling stations, early votes counted first, and votes by post of
    the whole district counted last. Small places are counted before large ones, and vote otherwise.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    names = list(DISTRICTS)
    rows = []
    for m in range(places):
        district = names[m % len(names)]
        urban = float(random.normal())
        stations = 2 + int(random.integers(0, 4)) + round(3 * max(urban, 0.0))
        where = f"{district} {m // len(names) + 1}"
        rows += [(district, where, "ordinary", urban, f"{s + 1}") for s in range(stations)]
        rows.append((district, where, "early", urban, "early"))
    rows += [(district, f"{district} by post", "post", 0.3, "post") for district in names]
    urban = np.array([row[3] for row in rows])
    district = np.array([names.index(row[0]) for row in rows])
    kind = np.array([row[2] for row in rows])
    last, votes, register = _votes(random, urban, district, kind, size)
    return Night(
        tuple(f"{row[1].lower().replace(' ', '-')}-{row[4]}" for row in rows),
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        tuple(kind.tolist()),
        register,
        last,
        votes,
        _minutes(random, votes, kind),
    )


def _votes(
    random: np.random.Generator,
    urban: NDArray[np.float64],
    district: NDArray[np.int64],
    kind: NDArray[np.str_],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Last votes, votes, and the electorate of units."""
    number, lists = len(urban), len(LISTS)
    home = random.normal(0.0, 0.15, (len(DISTRICTS), lists))
    level = np.log([0.40, 0.42, 0.09, 1e-9, 0.09])
    slope = np.array([-0.10, -0.05, 0.35, 0.0, 0.05])
    early = np.array([0.0, 0.05, 0.1, 0.0, 0.0])
    log = level + home[district] + urban[:, None] * slope + random.normal(0.0, 0.12, (number, lists))
    log[kind != "ordinary"] += early
    now = log + np.array([-0.08, 0.02, -0.40, 0.0, -0.15]) + random.normal(0.0, 0.06, (number, lists))
    now += urban[:, None] * np.array([0.02, -0.04, 0.10, 0.0, 0.0])
    now[:, 3] = np.log(COAST) - 0.25 * urban + home[district, 3] + random.normal(0.0, 0.1, number)
    now[kind == "early", 1] -= 0.10
    people = np.exp(np.log(size) + 0.5 * urban + random.normal(0.0, 0.25, number))
    people = np.where(kind == "early", 1.2 * people, np.where(kind == "post", 1.5 * people, people))
    turnout = np.exp(0.03 + random.normal(0.0, 0.05, number))
    last = np.rint(people[:, None] * _shares(log)).astype(np.int64)
    last[:, 3] = 0
    votes = np.rint((people * turnout)[:, None] * _shares(now)).astype(np.int64)
    register = np.where(kind == "ordinary", np.rint(people / 0.72), 0).astype(np.int64)
    return last, votes, register


def _shares(log: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(log)
    return weights / weights.sum(axis=1, keepdims=True)


def _minutes(
    random: np.random.Generator, votes: NDArray[np.int64], kind: NDArray[np.str_]
) -> NDArray[np.int64]:
    """Early votes from ten past eight; the day by size until after one; the post on the next day."""
    size = votes.sum(axis=1)
    late = np.rint(
        45 * np.exp(0.9 * np.log(size / np.median(size)) + random.normal(0.0, 0.35, len(size))) + 40
    )
    late = np.minimum(late, 330)
    early = 10 + random.integers(0, 35, len(size))
    post = 900 + random.integers(0, 60, len(size))
    return np.where(kind == "early", early, np.where(kind == "post", post, late)).astype(np.int64)


# Files.


def write_election(folder: Path, *, districts: bool = False, add: str = "") -> Election:
    """The election file with its polls; ``districts``: a rule that divides the seats there."""
    (folder / "polls.csv").write_text(POLLS, encoding="utf-8")
    text = ELECTION
    if districts:
        text = text[: text.index("\n[rule]")] + IN_DISTRICTS
        lines = [f"{name},{seats},{10_000 * seats}" for name, seats in DISTRICTS.items()]
        (folder / "districts.csv").write_text("district,seats,registered\n" + "\n".join(lines) + "\n")
    (folder / "woods.toml").write_text(text + add, encoding="utf-8")
    return load_election(folder / "woods.toml")


def write_units(path: Path, night: Night, *, prefix: str = "last_") -> Path:
    """The table of units."""
    head = ["unit", "district", "region", "kind", "electorate", "match"]
    rows = [
        [
            *(night.units[u], night.district[u], night.region[u], night.kind[u]),
            *(str(night.electorate[u] or ""), "same"),
            *(str(night.last[u, p]) if name != "coast" else "" for p, name in enumerate(LISTS)),
        ]
        for u in range(len(night.units))
    ]
    return _write(path, [*head, *(prefix + name for name in LISTS)], rows)


def counted_rows(night: Night, units: Iterable[int]) -> list[dict[str, str]]:
    """Final reports of some units, with the sum of their votes."""
    return [
        {
            "unit": night.units[u],
            "time": night.time(u),
            "status": "final",
            **{name: str(night.votes[u, p]) for p, name in enumerate(LISTS)},
            "valid": str(night.votes[u].sum()),
        }
        for u in units
    ]


def write_counted(path: Path, rows: Sequence[Mapping[str, str]], *, leave_out: Sequence[str] = ()) -> Path:
    """A feed of such rows."""
    head = [name for name in dict.fromkeys(
        ["unit", "time", "status", *LISTS, "valid", *(name for row in rows for name in row)]
    ) if name not in leave_out]  # fmt: skip
    return _write(path, head, [[row.get(name, "") for name in head] for row in rows])


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return path


def write_rehearsal(folder: Path) -> None:
    """The files of the rehearsal: the election, two tables as a statistics office has them, the count."""
    folder.mkdir(parents=True, exist_ok=True)
    write_election(folder)
    night = made_night(48)
    _write(
        folder / "register.csv",
        ["station", "municipality", "district", "kind", "voters"],
        [
            [
                night.units[u],
                night.region[u],
                night.district[u],
                night.kind[u],
                str(night.electorate[u] or ""),
            ]
            for u in range(len(night.units))
        ],
    )
    _write(
        folder / "last-election.csv",
        ["station", "list", "votes"],
        [
            [night.units[u], name, str(night.last[u, p])]
            for u in range(len(night.units))
            for p, name in enumerate(LISTS)
            if name != "coast" and night.units[u] not in NEW
        ],
    )
    order = np.argsort(night.minutes, kind="stable").tolist()
    write_counted(folder / "counted.csv", counted_rows(night, order))


@functools.lru_cache(maxsize=2)
def of_a_night(draws: int = 400, *, districts: bool = False) -> Forecast:
    """The forecast of a night in few draws, with the evening behind it and a remark about its feed."""
    with tempfile.TemporaryDirectory() as name:
        folder, night = Path(name), made_night()
        election = write_election(folder, districts=districts)
        units = read_units(write_units(folder / "units.csv", night), election)
        polled, how = estimate(election, polls_of(election)), How(draws, 1, "sobol", 1)
        found = None
        for share, hour in ((0.2, 21), (0.5, 22)):
            rows = counted_rows(night, night.first(share))
            rows[0] |= {"valid": "1"}
            counted = read_counted(write_counted(folder / "counted.csv", rows), units, election)
            made = night_forecast(election, units, counted, polled, how)
            time = datetime.datetime(2024, 6, 9, hour, tzinfo=datetime.UTC)
            now = Now(units, counted, made.estimate, time)
            found = with_evening(made.forecast, election, now, found)
            found = with_sources(found, election, folder / "woods.toml")
        assert found is not None
        return found


def shuffled(night: Night, seed: int) -> Night:
    """The same night in another order."""
    random = np.random.Generator(np.random.PCG64(seed))
    return replace(night, minutes=night.minutes[random.permutation(len(night.minutes))])


if __name__ == "__main__":
    write_rehearsal(FOLDER)
