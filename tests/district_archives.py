"""Small archives of invented results by district, for tests of the projection's fit and backtest."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from forecast.geography.pattern import Base, drawn, pattern_of
from forecast.geography.projection_constants import shipped

LISTS = ("RED", "BLUE", "GREEN", "GOLD")
DISTRICTS = 18
LAWS = """
[[laws]]
elections = [{names}]
seats = 90
threshold = {{ level = "4%" }}
districts = {{ method = "dhondt" }}
"""


def write_district_archive(
    folder: Path, countries: int = 4, elections: int = 3, *, scale: float = 1.0, seed: int = 5
) -> Path:
    """Elections whose districts follow the nation as the model says, with errors ``scale`` times its own.

    The last list is new in the second election of each country. All have 5 seats a district.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    transitions: list[list[object]] = []
    index: list[list[object]] = []
    for number in range(countries):
        country = f"land{number}"
        weights = rng.dirichlet(np.full(DISTRICTS, 20.0))
        national = np.array([0.42, 0.33, 0.25, 0.0])
        shares = national * np.exp(0.3 * rng.standard_normal((DISTRICTS, 4)))
        shares /= shares.sum(1, keepdims=True)
        for year in range(2001, 2001 + 4 * elections, 4):
            name = f"{country}-{year}"
            if year > 2001:
                base = Base(
                    tuple(map(str, range(DISTRICTS))),
                    LISTS,
                    weights,
                    shares,
                    weights @ shares,
                    np.ones((DISTRICTS, 4), bool),
                )
                national = national * np.exp(0.15 * rng.standard_normal(4))
                national[3] = rng.uniform(0.08, 0.15)
                national /= national.sum()
                pattern = pattern_of(base, national, shipped(), scale=scale)
                shares = drawn(pattern, national[None], rng)[0]
                for list_name in LISTS:
                    before = _before(list_name, year)
                    transitions.append([country, f"{country}-{year - 4}", name, list_name, before])
            _write_result(folder / f"{name}.csv", np.rint(1e6 * weights[:, None] * shares))
            index.append([f"{name}.csv", country.title(), f"{year}-06-10"])
    _write(
        folder / "transitions.csv", ["country", "from_file", "to_file", "to_party", "from_party"], transitions
    )
    _write(folder / "index.csv", ["file", "country", "date"], index)
    names = ", ".join(f'"{row[0]}"'.replace(".csv", "") for row in index)
    (folder / "laws.toml").write_text(LAWS.format(names=names), encoding="utf-8")
    return folder


def _before(list_name: str, year: int) -> str:
    return "NEW" if list_name == "GOLD" and year == 2005 else list_name


def _write_result(path: Path, votes: np.ndarray) -> None:
    rows = [
        [f"d{district}", 5, name, int(number)]
        for district, row in enumerate(votes)
        for name, number in zip(LISTS, row, strict=True)
        if number > 0
    ]
    _write(path, ["district", "seats", "party", "votes"], rows)


def _write(path: Path, heading: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)
