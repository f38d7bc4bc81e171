"""Backtest: every election of an archive forecast from what was known before it, and scored.

Seats are those of the election's national rule: of draws in the compiled core, of official shares exactly.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from forecast.election import Election, parse_election
from forecast.election.vocabulary import Kind
from forecast.errors import ConfigurationError
from forecast.estimation.constants import Constants
from forecast.estimation.preparation import OTHER, Flags, Floats
from forecast.estimation.records import CountryRecord, Record, country_record, together
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.compiled import compile_rules
from forecast.rules.reference import apply_rule
from forecast.simulation.inputs import Units, compile_questions, given_draws
from forecast.simulation.running import run_draws
from forecast.verification import Do, Step, each_done, one_by_one, scores
from forecast.verification.past_elections import HORIZONS, Case, PastElection, cases_of
from forecast.verification.predictive_laws import (
    METHODS,
    Law,
    law_of,
    observations_of,
    pooled_dirichlet,
    records_of,
)
from forecast.verification.scores import Seats

DRAWS = 4000
"""Draws of shares by case and method."""

_SEED = 20_030_319
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
    do: Do = one_by_one,
) -> Backtest:
    """Forecast and score ``elections`` at ``horizons`` days before the vote.

    A country's own record is that of its earlier elections among ``elections``, and among ``records`` of
    others. ``laws`` gives the distribution of a case by its constants, a method and the record of its
    country. The draws of a case are the same in every run: their seed is made of its election and horizon.
    ``do`` says who does the work, by country and then by election.
    """
    told = Records(elections, constants_of, records)
    if "default" in methods:
        told.learn(do)
    asked = (tuple(horizons), tuple(methods), draws, laws)
    tasks = [
        Task(
            one, constants_of(one.country), told.of(one) if "default" in methods else CountryRecord(), *asked
        )
        for one in elections
    ]
    long_first = sorted(range(len(tasks)), key=lambda at: -elections[at].polls.shares.size)
    results = each_done(do, score_election, [tasks[at] for at in long_first], step)
    found = dict(zip(long_first, results, strict=True))
    scored: list[Scored] = []
    apart: list[Scored] = []
    for at, election in enumerate(elections):
        (apart if election.sparse else scored).extend(found[at].scored)
    reasons = [found[at].why_no_seats for at in range(len(elections))]
    known = {one.id: reason for one, reason in zip(elections, reasons, strict=True) if reason is not None}
    without = [election.id for election in elections if election.id not in known]
    polled = [election for election in elections if election.id in known]
    return Backtest(tuple(scored), tuple(apart), _notes(without, known, polled))


class Task(NamedTuple):
    """An election to be forecast and scored, with all that this takes."""

    election: PastElection
    constants: Constants
    record: CountryRecord
    horizons: tuple[int, ...]
    methods: tuple[str, ...]
    draws: int
    laws: LawOf


class Found(NamedTuple):
    """What was found of an election; no reason where no poll was known in time."""

    scored: list[Scored]
    why_no_seats: str | None


def score_election(task: Task) -> Found:
    """Forecast and score one election at all horizons."""
    cases = cases_of([task.election], task.horizons)
    if not cases:
        return Found([], None)
    reason, scored = why_no_seats(task.election), []
    for case in cases:
        found = {name: task.laws(case, task.constants, name, task.record.value) for name in task.methods}
        scored += _score_case(case, found, task.draws, not reason)
    return Found([replace(one, earlier=task.record.elections) for one in scored], reason)


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
            self.known[country] = together(self.others, own_records(self._of(country)))
        return country_record(self.known[country], country, election.date, election.id)

    def learn(self, do: Do) -> None:
        """The records of all countries at once."""
        countries = list(dict.fromkeys(election.country for election in self.elections))
        found = each_done(do, own_records, [self._of(country) for country in countries])
        self.known |= {
            country: together(self.others, own) for country, own in zip(countries, found, strict=True)
        }

    def _of(self, country: str) -> tuple[list[PastElection], Constants]:
        used = [one for one in self.elections if one.country == country and not one.sparse]
        return used, self.constants_of(country)


def own_records(country: tuple[list[PastElection], Constants]) -> tuple[Record, ...]:
    """The records of the elections of a country, in units of its constants."""
    elections, constants = country
    cases = cases_of(elections)
    if not cases:
        return ()
    return records_of(cases, observations_of(cases, [case.centre.mean for case in cases]), constants.measure)


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


USUAL_LEVEL, LEAST_LEVEL = 0.04, 0.03
"""Level of crossings where an election has no threshold, or one too low to be in doubt."""
NEAR = (0.02, 0.08)
"""Parties in doubt: by the mean of the reference method."""
PARTNER_LEAST = 0.02
COALITION_SIZES = (2, 3)
OPEN_RACE = (0.38, 0.62)
"""Coalitions in doubt: by their expected share of the seats under the reference method."""


@dataclass(frozen=True)
class Questions:
    """``crossing`` (C,) units whose crossing of ``level`` is asked; ``coalitions`` (Q, U) who is in which."""

    level: float
    crossing: np.ndarray
    crossed: Flags
    coalitions: Flags
    won: Flags


def questions_of(case: Case, reference: Law, draws: Floats) -> Questions:
    """What is asked of every method, chosen by the ``reference`` law and its ``draws`` (N, U)."""
    named = case.named
    level = case.election.threshold
    asked = USUAL_LEVEL if level < LEAST_LEVEL else level
    centre = reference.centre[:named]
    crossing = np.flatnonzero((centre >= NEAR[0]) & (centre <= NEAR[1]))
    partners = np.flatnonzero(centre > PARTNER_LEAST)
    groups = [group for size in COALITION_SIZES for group in combinations(partners.tolist(), size)]
    members = np.zeros((len(groups), named), bool)
    for row, group in enumerate(groups):
        members[row, list(group)] = True
    expected = seat_shares(draws[:, :named], level) @ members.T.astype(float)
    open_race = (expected.mean(0) >= OPEN_RACE[0]) & (expected.mean(0) <= OPEN_RACE[1])
    coalitions = members[open_race]
    official = seat_shares(case.result[None, :named], level)[0]
    return Questions(
        level=asked,
        crossing=crossing,
        crossed=case.result[crossing] >= asked,
        coalitions=coalitions,
        won=coalitions @ official > 0.5,
    )


def seat_shares(shares: Floats, level: float) -> Floats:
    """(N, K) shares of the sum of those at or over the level; 0 where nobody is."""
    kept = np.where(shares >= level, shares, 0.0)
    total = kept.sum(1, keepdims=True)
    return np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)


def crossing_chances(questions: Questions, draws: Floats) -> Floats:
    """(C,) share of draws in which each asked party crosses."""
    return (draws[:, questions.crossing] >= questions.level).mean(0)


def majority_chances(questions: Questions, draws: Floats, case: Case) -> Floats:
    """(Q,) share of draws in which each coalition has over half of those over the threshold."""
    held = seat_shares(draws[:, : case.named], case.election.threshold)
    return (held @ questions.coalitions.T.astype(float) > 0.5).mean(0)


_SEATLESS = frozenset({"against-all", "none-of-the-above"})
_VOTES = 1_000_000_000
"""Votes that official shares are counted with: shares are known to some decimals only."""


@dataclass(frozen=True)
class OfficialSeats:
    """Seats of the named units (K,): by the rule on official shares, and as they were (NaN: not known)."""

    by_rule: Seats
    official: Floats


def why_no_seats(election: PastElection) -> str:
    """Why seats of an election are not scored; empty where they are."""
    if election.rule is None:
        return "no rule given"
    try:
        _exact(election)
    except (ConfigurationError, ValueError) as error:
        return f"its rule cannot be drawn: {error}"
    return ""


def official_seats(case: Case) -> OfficialSeats:
    """The two yardsticks of a case."""
    exact = _exact(case.election)
    official = dict(zip(case.election.polls.ids, case.election.seats, strict=True))
    named = case.units[: case.named]
    return OfficialSeats(
        np.array([exact[unit] for unit in named]), np.array([official[unit] for unit in named])
    )


def drawn_seats(case: Case, draws: Floats) -> Seats:
    """(N, K) seats of the named units in every draw of shares (N, U)."""
    named = case.units[: case.named]
    election = _election_of(case.election, named)
    units = Units.of(election, [*(_list_id(k) for k in range(len(named))), OTHER])
    rules = compile_rules([election.rule], [election.party(unit) for unit in units.ids[: units.lists]])
    position = {_list_id(k): k for k in range(len(named))} | {OTHER: case.named}
    votes = draws[:, [position[unit] for unit in units.ids]]
    questions = compile_questions((), (), units)
    _, kept = run_draws(given_draws(election, votes, units), rules, questions, len(votes), keep=len(votes))
    seats = np.zeros((len(draws), case.named), np.int64)
    seats[:, [position[unit] for unit in units.ids[: units.lists]]] = kept.seats_of(0)
    return seats


def _list_id(number: int) -> str:
    return f"list-{number}"


def _kind(party: str) -> Kind:
    return "none-of-the-above" if party.casefold().replace("_", "-") in _SEATLESS else "party"


def _election_of(past: PastElection, named: Sequence[str]) -> Election:
    """An election file's worth of a past election: its lists, numbered, and all others."""
    assert past.rule is not None
    parties = [{"id": _list_id(k), "name": party, "kind": _kind(party)} for k, party in enumerate(named)]
    return parse_election(
        {
            "election": {"id": "past", "name": past.id, "date": past.date},
            "parties": [*parties, {"id": OTHER, "name": OTHER, "kind": "residual"}],
            "rule": dict(past.rule),
        },
        past.id,
    )


def _exact(past: PastElection) -> dict[str, int]:
    """Seats by party of the rule on the official shares."""
    rule = _election_of(past, past.polls.ids).rule
    shares = {**dict(zip(past.polls.ids, past.result.tolist(), strict=True)), **past.unpolled}
    entries = [Entry(party, round(share * _VOTES), kind=_kind(party)) for party, share in shares.items()]
    rest = max(0, _VOTES - sum(entry.votes for entry in entries))
    outcome = apply_rule(rule, Ballot((*entries, Entry("all others", rest, kind="residual"))))
    return {party: outcome.seats[party] for party in shares}
