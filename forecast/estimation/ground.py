"""What a reader must know about the ground that an estimate stands on, and about what it leaves out."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.estimation.average import MOST_AGE, Average
from forecast.estimation.preparation import LARGE_UNDECIDED, LOOKS_BACK_DAYS, Prepared, Reports

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable

FEW_POLLS = 3
_MOST_LISTED = 5


class Ground(NamedTuple):
    """What the mean rests on: exit polls alone or others; the factor on their error; the undecided."""

    exit_polls: bool
    context: float
    undecided: float
    spread: float


def supposed(election: Election, vote: datetime.date) -> list[str]:
    """What is forecast where that is no vote that is held."""
    facts = election.election
    if not facts.supposed:
        return []
    if facts.date is None:
        return [f"the day of the election is not known (election.date): a vote held on {vote} is forecast"]
    return [f"a vote held on {vote} is forecast (election.on), not that of {facts.date}"]


def left_out(polls: PollTable, as_of: datetime.date) -> list[str]:
    """What the table of polls itself is doubted for, and polls known by a date that enter no mean."""
    known = polls.known_at(as_of)
    said = known.doubted
    if len(known.partial):
        of = "of a part of the country or of some parties only: not in the mean"
        said.append(f"{_polls(len(known.partial))} {of} ({_listed(known.partial)})")
    vote = polls.election_date
    never = polls.national.known_after(vote) if vote is not None else None
    if never is not None and len(never):
        said.append(f"{_polls(len(never))} published after the vote: not in the mean ({_listed(never)})")
    national = known.national
    if len(national.exit_polls) and len(national.pre_election):
        before = f"{_polls(len(national.pre_election))} held before the vote"
        said.append(f"{before}: not in the mean, which is of exit polls")
    return said


def ground_of(
    election: Election, prepared: Prepared, centre: Average, reports: Reports, ground: Ground
) -> list[str]:
    """What the polls of the mean are, few or old or of one pollster, and whom they do not tell apart."""
    return [
        *_too_old(prepared, centre, reports),
        *_few(centre, reports, ground),
        *_under_other(election, prepared),
        *_errors(ground),
    ]


def _too_old(prepared: Prepared, centre: Average, reports: Reports) -> Iterator[str]:
    counted = np.zeros(len(reports), bool)
    counted[prepared.rows] = centre.weights > 0
    old = int((~counted & (reports.ages > min(MOST_AGE, LOOKS_BACK_DAYS))).sum())
    if old:
        yield f"{_polls(old)} over {MOST_AGE} days old: without weight in the mean"


def _few(centre: Average, reports: Reports, ground: Ground) -> Iterator[str]:
    used = int((centre.weights > 0).sum())
    if ground.exit_polls:
        yield (
            "exit polls only: their error rests on seven exit polls in Kazakhstan that track the official "
            "count; not to be carried elsewhere"
        )
    if used < FEW_POLLS:
        yield f"the mean rests on {'one poll' if used == 1 else f'{used} polls'}"
    elif centre.firms_eff < 1.0 + 1e-9:
        yield "all polls are from one pollster: its own lean cannot be told from the truth"
    if np.isnan(reports.sizes).all():
        yield "no poll gives its sample size: 1000 respondents are assumed"


def _under_other(election: Election, prepared: Prepared) -> Iterator[str]:
    """Options that stand under other by name: their votes win no seats there; and where others stand that no
    poll reports.
    """
    apart = (*prepared.units, *prepared.absorbed)
    for name in prepared.unreported:
        party, share = election.by_id[name], prepared.stated.get(name)
        if share is not None and name in election.estimate.share:
            yield f"no poll reports {party.name}: it stands at {share:.2%}, as estimate.share fixes it"
        elif share:
            yield f"no poll reports {party.name}, of kind independent: taken at the last result, {share:.2%}"
        elif party.kind == "independent":
            yield (
                f"no poll reports {party.name}, of kind independent, and nothing says how many vote so: no "
                f"seat goes there in any draw; the party's last_result or estimate.share.{name} says it"
            )
    folded = [
        name
        for name in prepared.unreported
        if name not in apart and election.by_id[name].kind != "independent"
    ]
    for why, ids in (
        ("too rarely polled to stand alone", prepared.absorbed),
        ("reported by no poll", folded),
    ):
        if ids:
            names = ", ".join(election.by_id[name].name for name in ids)
            yield f"{why}, counted under other: {names}"


def _errors(ground: Ground) -> Iterator[str]:
    if ground.undecided > LARGE_UNDECIDED:
        spread = ground.spread
        split = f"drawn with a spread of {spread:g}" if spread else "taken to split like the decided"
        yield f"{ground.undecided:.0%} of the respondents are undecided or unreported: their split is {split}"
    if ground.context != 1.0:
        yield (
            f"the error of pre-election polls is multiplied by {ground.context:g} (estimate.context); the "
            "2 for managed elections rests on two of them, Kazakhstan 2012 and 2023"
        )


def _polls(number: int) -> str:
    return "1 poll" if number == 1 else f"{number} polls"


def _listed(polls: PollTable) -> str:
    """Polls by pollster and row, the first of many."""
    frame = polls.polls
    named = [f"{who}, row {row}" for who, row in zip(frame["pollster"], frame["row"], strict=True)]
    more = f"; and {len(named) - _MOST_LISTED} more" if len(named) > _MOST_LISTED else ""
    return "; ".join(named[:_MOST_LISTED]) + more
