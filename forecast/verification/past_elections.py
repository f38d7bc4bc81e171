"""One past election seen from one day before it: polls prepared, and the result in the same units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from forecast.errors import ConfigurationError, Fault
from forecast.estimation.average import OTHER, Average, Floats, Prepared, average, prepare
from forecast.estimation.centre import Correction, correction_of
from forecast.estimation.estimate import situation_of
from forecast.estimation.law import Situation
from forecast.verification.archive import PastElection

HORIZONS = (1, 7, 30, 90, 180)
"""Days before the election at which the method is fitted and scored."""


@dataclass(frozen=True)
class Case:
    """What was known ``horizon`` days before ``election``; U units, the last of them ``other``."""

    election: PastElection
    horizon: int
    prepared: Prepared
    centre: Average
    situation: Situation

    @property
    def units(self) -> tuple[str, ...]:
        return self.prepared.units

    @property
    def named(self) -> int:
        """Units besides other; they come first."""
        return self.prepared.named

    @cached_property
    def last(self) -> Floats:
        """(U,) shares of the units at the last election; NaN where not known, and for other."""
        known = dict(zip(self.election.polls.ids, self.election.last.tolist(), strict=False))
        return np.array([known.get(unit, np.nan) for unit in self.units])

    def correction(self, trend: Floats) -> Correction:
        """Average, trend (U,) and last results as the default law reads them."""
        named = np.array([unit != OTHER for unit in self.units])
        return correction_of(self.centre.mean, trend, self.last, named)

    @cached_property
    def result(self) -> Floats:
        """(U,) official shares of the units; other is the rest."""
        listed = dict(zip(self.election.polls.ids, self.election.result, strict=True))
        named = np.array([listed[unit] for unit in self.units if unit != OTHER])
        return np.append(named, max(0.0, 1.0 - named.sum()))


def case_of(election: PastElection, horizon: int) -> Case | None:
    """The case, or ``None`` where no national poll was known.

    ``ConfigurationError`` for a day after the vote.
    """
    if horizon < 0:
        remedy = "days before an election are 0 or more: a forecast stops at its day"
        raise ConfigurationError(Fault("horizons", "", horizon, remedy))
    reports = election.reports_at(horizon)
    if reports is None:
        return None
    prepared = prepare(reports)
    centre = average(prepared)
    situation = situation_of(prepared, centre, float(horizon))
    european = float(election.kind == "european")
    return Case(election, horizon, prepared, centre, replace(situation, european=european))


def cases_of(elections: Iterable[PastElection], horizons: Sequence[int] = HORIZONS) -> list[Case]:
    """All cases, election by election."""
    found = (case_of(election, horizon) for election in elections for horizon in horizons)
    return [case for case in found if case is not None]
