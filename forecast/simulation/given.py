"""Draws from elsewhere through the rule of an election: a researcher's own posterior shares, or the final
votes of a night by district.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election.exact_numbers import percent
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError
from forecast.estimation.share_draws import ShareDraws
from forecast.estimation.what_if import handed_on, withdrawal_in_words
from forecast.kernels.given_districts import GivenDistricts
from forecast.simulation.forecasting import How, count_draws
from forecast.simulation.inputs import RESTS_ON, Draws, Units, given_draws
from forecast.simulation.local import Local, local_of, table_of

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.geography.known_districts import Places
    from forecast.result import Forecast
    from forecast.simulation.running import Progress

SAMPLER = "given"
"""What ``sampler`` says of a forecast on draws from elsewhere; its seed is 0."""

_LEAST_SHARE = 1e-6


def simulate_given(
    election: Election,
    given: ShareDraws,
    *,
    keep: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Forecast, xr.Dataset]:
    """The rule of ``election`` on every draw of ``given``, and the first ``keep`` with their seats.

    Each draw counts once. Votes of parties that withdraw are handed on draw by draw. Where the file gives a
    range of invalid ballots or of turnout, its middle is taken.
    """
    if election.election.vote is None:
        remedy = (
            "missing: draws from elsewhere are of a vote on some day, and only the election file knows which"
        )
        raise ConfigurationError(Fault(election.place, "election.date", ABSENT, remedy))
    given = _without_withdrawn(given, election)
    units, columns = _in_order(election, given.ids)
    inputs = _inputs(election, given.shares[:, columns], units)
    # The core takes what is given as votes, one by one: rounded quotas and ties need their size.
    inputs = inputs._replace(given=inputs.given * inputs.valid_votes)
    attrs = {
        "seed": 0,
        "sampler": SAMPLER,
        "as_of": election.election.vote.isoformat(),
        "share_draws": given.place,
        "track_record": "The vote shares were drawn elsewhere; no backtest here speaks for them.",
        "warnings": [*given.warnings, *_left_out(election)],
    }
    how = How(len(given.shares), 0, SAMPLER, threads)
    local = local_of(election, _Centre.of(election, given, units), units, 0)
    return count_draws(election, units, inputs, how, attrs, keep, local=local, progress=progress)


@dataclass(frozen=True)
class VoteDraws:
    """Final votes in N draws, whole numbers, by district."""

    ids: tuple[str, ...]
    """U parties, and ``other``."""
    votes: NDArray[np.float64]
    """(N, D, U)"""
    stands: NDArray[np.bool_]
    """(D, U)"""
    places: Places | None
    """The D districts, where the rule has any."""
    seed: int = 0
    """Of lots, by which ties are settled."""


class OfVotes(NamedTuple):
    """Votes that were drawn elsewhere, as a run takes them."""

    units: Units
    inputs: Draws
    local: Local | None


def of_votes(election: Election, drawn: VoteDraws) -> OfVotes:
    """What the core takes of votes by district: these, and their sums for the country."""
    units, columns = _in_order(election, drawn.ids)
    votes = drawn.votes[:, :, columns]
    inputs = _inputs(election, votes.sum(axis=1), units)._replace(seed=np.uint64(drawn.seed))
    local = None
    if drawn.places is not None:
        given = GivenDistricts(
            np.ascontiguousarray(votes, np.float32), np.ascontiguousarray(drawn.stands[:, columns])
        )
        table = table_of(drawn.places, election.rule)
        local = Local(drawn.places, table, given, drawn.places.warnings)
    return OfVotes(units, inputs, local)


def simulate_votes(
    election: Election,
    drawn: VoteDraws,
    attrs: Mapping[str, Any],
    *,
    keep: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Forecast, xr.Dataset]:
    """The rule of ``election`` on every draw of final votes, and the first ``keep`` with their seats.

    ``attrs`` say where the draws are from; ``warnings`` among them.
    """
    units, inputs, local = of_votes(election, drawn)
    how = How(len(drawn.votes), drawn.seed, SAMPLER, threads)
    said = [*attrs["warnings"], *_ranges_left_out(election), *_of_voters(election)]
    told = {"seed": drawn.seed, **attrs, "warnings": said}
    return count_draws(election, units, inputs, how, told, keep, local=local, progress=progress)


def _in_order(election: Election, ids: Sequence[str]) -> tuple[Units, list[int]]:
    """The units of the ballot in the order of the core, and where each is among ``ids``."""
    listed = [party.id for party in election.parties]
    ordered = sorted(ids, key=lambda unit: listed.index(unit) if unit in listed else len(listed))
    units = Units.of(election, ordered)
    return units, [list(ids).index(unit) for unit in units.ids]


def _inputs(election: Election, votes: NDArray[np.float64], units: Units) -> Draws:
    """Draws from outside, with the middle of what the file gives as a range."""
    inputs = given_draws(election, votes, units)
    return inputs._replace(invalid=_middle(inputs.invalid), turnout=_middle(inputs.turnout))


@dataclass(frozen=True)
class _Centre:
    """The middle of draws from elsewhere, around which districts are projected."""

    units: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    as_of: datetime.date
    degrees_of_freedom: float = np.inf
    of_places: None = None

    @classmethod
    def of(cls, election: Election, given: ShareDraws, units: Units) -> _Centre:
        shares = given.shares[:, [given.ids.index(unit) for unit in units.ids]]
        logs = np.log(np.maximum(shares, _LEAST_SHARE))
        spread = np.diag(logs.var(axis=0))
        mean = np.maximum(shares.mean(axis=0), _LEAST_SHARE)
        return cls(units.ids, mean, spread, election.election.vote or datetime.date.max)


def _without_withdrawn(given: ShareDraws, election: Election) -> ShareDraws:
    """The draws with the votes of the parties in ``estimate.withdrawal`` handed on, each scaled to 1."""
    transfers = election.estimate.withdrawal
    if not transfers:
        return given
    faults = [
        Fault(
            election.place, f"estimate.withdrawal.{party}.{to}", ABSENT, f"{given.place} has no such column"
        )
        for party, parties in transfers.items()
        for to in parties
        if to not in given.ids
    ]
    if faults:
        raise ConfigurationError(*faults)
    ids, votes = handed_on(given.shares, given.ids, transfers)
    totals = votes.sum(axis=1, keepdims=True)
    if (totals <= 0.0).any():
        row = int(np.flatnonzero(totals <= 0.0)[0])
        remedy = "all its votes are for parties that withdraw, and nobody gets them (estimate.withdrawal)"
        raise PollDataError(Fault(given.place, f"draw {row + 1}", ABSENT, remedy))
    said = [
        f"{withdrawal_in_words(election, party, to)}. Assumed, not polled" for party, to in transfers.items()
    ]
    return ShareDraws(given.place, ids, votes / totals, (*given.warnings, *said))


def _left_out(election: Election) -> Iterator[str]:
    """What the election file says that does nothing, or less than elsewhere, to draws that are given."""
    settings = election.estimate
    yield from _ranges_left_out(election)
    moved = [f"estimate.{name}" for name in ("shift", "share") if getattr(settings, name)]
    if moved:
        yield f"not applied to draws from elsewhere: {' and '.join(moved)}"


def _ranges_left_out(election: Election) -> Iterator[str]:
    """Bases of the threshold that the file gives as a range."""
    threshold = election.rule.threshold
    for name in () if threshold is None else RESTS_ON.get(threshold.base, ()):
        ends = getattr(election.election, name)
        if ends is not None and ends[0] < ends[1]:
            middle = percent(sum(ends, Fraction(0)) / 2)
            said = f"every draw takes the middle of its range, {middle}"
            yield f"election.{name}: {said}; its uncertainty is not in these numbers"


def _of_voters(election: Election) -> Iterator[str]:
    """Votes of a night are those cast, of which a voter may have several."""
    districts = election.rule.districts
    if districts is not None and districts.voters:
        yield (
            "shares of the country are of votes, of which a voter has as many as the district has seats; "
            "polls before the vote, which are of voters, are taken as if of votes"
        )


def _middle(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full(2, ends.mean())
