"""How far the polls of past elections missed, in units of a law: what records of countries are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.estimation.law import LawConstants
from forecast.estimation.records import Record
from forecast.verification.likelihood import Observations, squared_misses
from forecast.verification.past_elections import Case


def records_of(cases: Sequence[Case], average: Observations, law: LawConstants) -> tuple[Record, ...]:
    """One record an election: means over its cases, which ``average`` sees from the weighted average.

    ``law`` is the law of the average in whose units misses are.
    """
    misses, units = squared_misses(law, average)
    rows: dict[str, list[int]] = {}
    for f, case in enumerate(cases):
        rows.setdefault(case.election.id, []).append(f)
    found: list[Record] = []
    for held in rows.values():
        election = cases[held[0]].election
        means = float(np.mean(misses[held])), float(np.mean(units[held]))
        found.append(Record(election.country, election.id, election.date, *means))
    return tuple(found)
