"""Seats of a past election by its national rule: of draws in the compiled core, of shares exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.election import Election, parse_election
from forecast.election.vocabulary import Kind
from forecast.errors import ConfigurationError
from forecast.estimation.preparation import OTHER, Floats
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.compiled import compile_rules
from forecast.rules.reference import apply_rule
from forecast.simulation.inputs import Units, given_draws
from forecast.simulation.questions import compile_questions
from forecast.simulation.running import run_draws
from forecast.verification.archive import PastElection
from forecast.verification.past_elections import Case

Seats = NDArray[np.int64]

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
    seats[:, [position[unit] for unit in units.ids[: units.lists]]] = kept.seats[0]
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
