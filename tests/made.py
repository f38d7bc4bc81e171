"""Made-up elections of any size, with polls over a season: what views are tested on."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import numpy as np

from forecast.election import load_election
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.storage import with_sources

ODD_NAMES = (
    'The "Quoted" & <Angled>',
    "<script>alert('x')</script>",
    "Ауыл және Әділет",
    "Party 🎉",
    "O'Neill's \\ Backslash",
    "A very long name of a party that goes on and on until nobody reads it any more",
)


def made_forecast(
    folder: Path, parties: int, *, odd: bool = False, draws: int = 20_000, coalitions: int = 3, polls: int = 8
) -> Forecast:
    """Forecast of ``parties`` lists and one option without seats, with ``polls`` polls of three houses."""
    config = write_made_election(folder, parties, odd=odd, coalitions=coalitions, polls=polls)
    election = load_election(config)
    table = election.election.polls
    assert table is not None
    estimated = estimate(election, read_polls(table, election), None)
    return with_sources(simulate(election, estimated, draws=draws), election, config)


def write_made_election(folder: Path, parties: int, *, odd: bool, coalitions: int, polls: int) -> Path:
    """The election file and its polls."""
    names = [ODD_NAMES[k] if odd and k < len(ODD_NAMES) else f"Party {k + 1}" for k in range(parties)]
    colours = ("#00AFCA", "#F2E900", "#FFFFFF", "#1B4F9C", "#B5121B")
    lines = [
        "[election]",
        'id = "made"',
        'name = "Made-up election of 1 May 2024"',
        'country = "Nowhere"',
        "date = 2024-05-01",
        "closed_ballot = true",
        'polls = "polls.csv"',
        'note = "Nothing here is real."',
    ]
    for k, name in enumerate(names):
        lines += ["[[parties]]", f'id = "p{k}"', f"name = {json.dumps(name, ensure_ascii=False)}"]
        lines += [f'colour = "{colours[k % 5]}"'] if k % 6 else []
    lines += ["[[parties]]", 'id = "against"', 'name = "Against all"', 'kind = "none-of-the-above"']
    lines += ["[rule]", "seats = 120", 'law = "Electoral Act, s. 7"', 'ties = "registration"']
    lines += [
        "[rule.threshold]",
        'level = "4%"',
        "nobody = {admit = 1}",
        "[rule.allocation]",
        'method = "sainte-lague"',
    ]
    lines += ["[simulation]", "seed = 3"]
    for k in range(coalitions):
        members = [f"p{m}" for m in range(k, parties, 2)][:4]
        lines += [
            "[[coalitions]]",
            f'id = "c{k}"',
            f'name = "Coalition {k + 1}"',
            f"parties = {json.dumps(members)}",
        ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "made.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _write_polls(folder / "polls.csv", parties, polls)
    return folder / "made.toml"


def _write_polls(file: Path, parties: int, polls: int) -> None:
    generator = np.random.default_rng(5)
    mean = 0.8 ** np.arange(parties + 1)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        ids = [*(f"p{k}" for k in range(parties)), "against"]
        writer.writerow(
            ["pollster", "fieldwork_start", "fieldwork_end", "published", "sample_size", "kind", *ids]
        )
        for number in range(polls):
            end = datetime.date(2024, 4, 28) - datetime.timedelta(days=9 * number)
            shares = generator.dirichlet(600 * mean / mean.sum())
            row = [
                f"House {number % 3}",
                end - datetime.timedelta(days=3),
                end,
                end + datetime.timedelta(days=1),
            ]
            writer.writerow([*row, 1000, "pre-election", *(f"{100 * share:.2f}" for share in shares)])
