"""Backtest: every election of an archive forecast from what was known before it, and scored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from forecast.estimation.constants import Constants
from forecast.estimation.records import CountryRecord, Record, country_record, together
from forecast.estimation.reports import Flags, Floats
from forecast.verification import scores
from forecast.verification.archive import PastElection
from forecast.verification.compared_methods import METHODS, law_of, pooled_dirichlet
from forecast.verification.likelihood import observations_of
from forecast.verification.past_elections import HORIZONS, Case, cases_of
from forecast.verification.recording import records_of
from forecast.verification.scored_statements import (
    Questions,
    crossing_chances,
    majority_chances,
    questions_of,
)
from forecast.verification.seats import OfficialSeats, drawn_seats, official_seats, why_no_seats
from forecast.verification.share_distributions import Law

DRAWS = 4000
"""Draws of shares by case and method."""

_SEED = 20_030_319
Step = Callable[[int, int], None]
"""Called with the number of cases done and the number in all."""
LawOf = Callable[[Case, Constants, str, float], Law]
ConstantsOf = Callable[[str], Constants]
"""The constants with which elections of a country are forecast."""


@dataclass(frozen=True)
class Scored:
    """One case by one method: scores by name, and the statements that were made.

    ``crossing`` are the parties whose crossing was asked; ``earlier`` is the number of earlier elections in
    the record of the country.
    """

    election: str
    horizon: int
    method: str
    values: Mapping[str, float]
    crossing: tuple[str, ...]
    crossing_said: Floats
    crossed: Flags
    majority_said: Floats
    won: Flags
    archive: str = ""
    kind: str = "national"
    country: str = ""
    earlier: int = 0


@dataclass(frozen=True)
class Backtest:
    """All cases by all methods; ``apart`` are those of sparse elections, which count in no total."""

    scored: tuple[Scored, ...]
    apart: tuple[Scored, ...]
    notes: tuple[str, ...] = field(default=())


def run_backtest(
    elections: Sequence[PastElection],
    constants_of: ConstantsOf,
    *,
    records: Sequence[Record] = (),
    horizons: Sequence[int] = HORIZONS,
    methods: Sequence[str] = METHODS,
    draws: int = DRAWS,
    laws: LawOf = law_of,
    step: Step | None = None,
) -> Backtest:
    """Forecast and score ``elections`` at ``horizons`` days before the vote.

    A country's own record is that of its earlier elections among ``elections``, and among ``records`` of
    others. ``laws`` gives the distribution of a case by its constants, a method and the record of its
    country. The draws of a case are the same in every run: their seed is made of its election and horizon.
    """
    cases = cases_of(elections, horizons)
    polled = {case.election.id: case.election for case in cases}
    reasons = {name: why_no_seats(election) for name, election in polled.items()}
    told = Records(elections, constants_of, records)
    scored: list[Scored] = []
    apart: list[Scored] = []
    for done, case in enumerate(cases, start=1):
        target = apart if case.election.sparse else scored
        record = told.of(case.election) if "default" in methods else CountryRecord()
        constants = constants_of(case.election.country)
        found = {method: laws(case, constants, method, record.value) for method in methods}
        scores_of = _score_case(case, found, draws, not reasons[case.election.id])
        target += [replace(one, earlier=record.elections) for one in scores_of]
        if step is not None:
            step(done, len(cases))
    without = [election.id for election in elections if election.id not in polled]
    return Backtest(tuple(scored), tuple(apart), _notes(without, reasons, list(polled.values())))


@dataclass
class Records:
    """The records of the countries of an archive, each in units of the constants it is forecast with."""

    elections: Sequence[PastElection]
    constants_of: ConstantsOf
    others: Sequence[Record] = ()
    known: dict[str, tuple[Record, ...]] = field(default_factory=dict)

    def of(self, election: PastElection) -> CountryRecord:
        """The record of a country before an election."""
        country = election.country
        if country not in self.known:
            used = [one for one in self.elections if one.country == country and not one.sparse]
            cases = cases_of(used)
            own: tuple[Record, ...] = ()
            if cases:
                seen = observations_of(cases, [case.centre.mean for case in cases])
                own = records_of(cases, seen, self.constants_of(country).measure)
            self.known[country] = together(self.others, own)
        return country_record(self.known[country], country, election.date, election.id)


def _notes(
    without: Sequence[str], reasons: Mapping[str, str], polled: Sequence[PastElection]
) -> tuple[str, ...]:
    undrawn = [f"{name}: {reason}" for name, reason in reasons.items() if "cannot" in reason]
    said = [f"no national poll was known in time: {', '.join(without)}"] if without else []
    unknown = [election.id for election in polled if np.isnan(election.last).all()]
    if unknown and len(unknown) < len(polled):
        said.append(f"no last result is known: {', '.join(unknown)}")
    elif unknown:
        said.append("no last results are known (last_results.csv): the default method leaves them out")
    return (*said, *undrawn)


def _score_case(case: Case, laws: Mapping[str, Law], number: int, with_seats: bool) -> list[Scored]:
    reference = pooled_dirichlet(case.prepared)
    questions = questions_of(case, reference, _draws(case, reference, number))
    seats = official_seats(case) if with_seats else None
    return [_score(case, method, law, questions, seats, number) for method, law in laws.items()]


def _draws(case: Case, law: Law, number: int) -> Floats:
    """Draws that depend on the case and the law only; normals are common to all laws."""
    name = zlib.crc32(case.election.id.encode())
    stream = np.random.default_rng([_SEED, name, case.horizon])
    normals = stream.standard_normal((number, len(case.units)))
    return law.draws(normals, stream)


def _score(
    case: Case, method: str, law: Law, questions: Questions, seats: OfficialSeats | None, number: int
) -> Scored:
    draws = _draws(case, law, number)
    return Scored(
        election=case.election.id,
        horizon=case.horizon,
        method=method,
        values={**_share_scores(case, law, draws), **(_seat_scores(case, draws, seats) if seats else {})},
        crossing=tuple(case.units[k] for k in questions.crossing.tolist()),
        crossing_said=crossing_chances(questions, draws),
        crossed=questions.crossed,
        majority_said=majority_chances(questions, draws, case),
        won=questions.won,
        archive=case.election.archive,
        kind=case.election.kind,
        country=case.election.country,
    )


def _share_scores(case: Case, law: Law, draws: Floats) -> dict[str, float]:
    """Scores of vote shares in percentage points, averaged over the named parties."""
    named = case.named
    points, result = 100.0 * draws, 100.0 * case.result
    held = scores.covered(points[:, :named], result[:named]).mean(1)
    miss = points[:, :named].mean(0) - result[:named]
    return {
        "crps": float(scores.crps(points[:, :named], result[:named]).mean()),
        "energy": scores.energy_score(points, result),
        "log_score": -law.log_density(case.result),
        "rmse": float(np.sqrt((miss**2).mean())),
        "mae": float(np.abs(np.median(points[:, :named], axis=0) - result[:named]).mean()),
        **{
            f"coverage_{level * 100:.0f}": float(share)
            for level, share in zip(scores.LEVELS, held, strict=True)
        },
    }


def _seat_scores(case: Case, draws: Floats, seats: OfficialSeats) -> dict[str, float]:
    """Scores of seats, averaged over the named parties: against the official seats, and against the rule."""
    drawn = drawn_seats(case, draws)
    held = scores.covered(drawn.astype(float), seats.by_rule.astype(float)).mean(1)
    by_rule = scores.ranked_probability_score(drawn, seats.by_rule)
    found = {
        "seats_rps_by_rule": float(by_rule.mean()),
        **{
            f"seats_coverage_{level * 100:.0f}": float(share)
            for level, share in zip(scores.LEVELS, held, strict=True)
        },
    }
    known = ~np.isnan(seats.official)
    if known.any():
        official = seats.official[known].astype(np.int64)
        found["seats_mae"] = float(np.abs(np.median(drawn[:, known], axis=0) - official).mean())
        found["seats_rps"] = float(scores.ranked_probability_score(drawn[:, known], official).mean())
    return found
