"""What the core needs to draw and to ask, as arrays in the order of the core: the estimate, the table behind
the t draws (cubic pieces of w(u) = sqrt(nu / chi2_nu(u))), the directions of the Sobol sequence, and the
coalitions and events of the election file as constraints on the seats of a draw.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.compiling.cache import cache_folder
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError
from forecast.kernels.count import Questions
from forecast.kernels.draw import SOURCE, Source
from forecast.kernels.given_districts import GivenDistricts
from forecast.kernels.laws import BASE_CAST, BASE_REGISTERED, BASE_VALID
from forecast.kernels.project import Pattern
from forecast.kernels.shares_of_normals import PIECES, PIECES_PER_BINADE
from forecast.variables import SEATLESS_KINDS

if TYPE_CHECKING:
    from forecast.election import Coalition, Condition, Election, Event
    from forecast.rules.compiled_clauses import SeatTable
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.local import Local


BITS = 32

_ROWS = tuple(
    tuple(map(int, line.split()))
    for line in Path(__file__).with_name("new-joe-kuo-6.txt").read_text(encoding="ascii").splitlines()
    if not line.startswith("#")
)

DIMENSIONS = 1 + len(_ROWS)

NO_DIRECTIONS = np.zeros((0, BITS), np.uint32)
"""Of draws that take none; of the type of all others, or the core is compiled a second time."""


def direction_numbers(dimensions: int) -> NDArray[np.uint32]:
    """(dimensions, 32) direction numbers as 32-bit fractions, most significant bit first.

    ``ValueError`` for more than ``DIMENSIONS`` dimensions. The recurrence is that of Bratley and Fox (1988).
    """
    if dimensions > DIMENSIONS:
        msg = f"the Sobol sequence is tabulated for {DIMENSIONS} dimensions, not {dimensions}"
        raise ValueError(msg)
    numbers = np.empty((dimensions, BITS), np.uint32)
    for d in range(dimensions):
        if d == 0:
            m = [1] * BITS
        else:
            polynomial, *m = _ROWS[d - 1]
            degree = polynomial.bit_length() - 1
            for j in range(degree, BITS):
                new = m[j - degree] ^ (m[j - degree] << degree)
                for k in range(1, degree):
                    if polynomial >> (degree - k) & 1:
                        new ^= m[j - k] << k
                m.append(new)
        numbers[d] = [m[j] << (BITS - 1 - j) for j in range(BITS)]
    return numbers


_NODES = 4


@lru_cache(maxsize=8)
def tail_table(degrees_of_freedom: float) -> NDArray[np.float32]:
    """(8 pieces,) cubic coefficients, four a piece: for u up to one half, then for 1 - u; (0,) for infinite
    nu.

    Piece p holds the words x + 1/2 whose exponent and first four bits lie p above those of one half, with u
    = (x + 1/2) / 2**32; its variable runs from 1 to 2. Interpolated at Chebyshev nodes.
    """
    empty = np.zeros(0, np.float32)
    table = empty if np.isinf(degrees_of_freedom) else _remembered(degrees_of_freedom)
    table.setflags(write=False)
    return table


def _remembered(degrees_of_freedom: float) -> NDArray[np.float32]:
    """The table from the folder of the compiled core, where it is put the first time.

    To fill it needs ``scipy.special``, whose import takes longer than the million draws that use the table.
    """
    path = cache_folder() / f"t-scales-{PIECES}-{float(degrees_of_freedom).hex()}.npy"
    try:
        return np.load(path)
    except (OSError, ValueError):
        table = _table(degrees_of_freedom)
    with contextlib.suppress(OSError):
        draft = path.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, table)
        draft.replace(path)
    return table


def _table(degrees_of_freedom: float) -> NDArray[np.float32]:
    from scipy.special import gammainccinv, gammaincinv

    binade, within = np.divmod(np.arange(PIECES), PIECES_PER_BINADE)
    low = np.ldexp(1.0 + within / PIECES_PER_BINADE, binade - 1)
    width = np.ldexp(1.0 / PIECES_PER_BINADE, binade - 1)
    nodes = (1.0 - np.cos(np.pi * (2 * np.arange(_NODES) + 1) / (2 * _NODES))) / 2.0
    u = (low[:, None] + width[:, None] * nodes) / 2.0**32
    table = np.empty((2, PIECES, _NODES), np.float32)
    for side, quantile in enumerate((gammaincinv, gammainccinv)):
        scale = np.sqrt(degrees_of_freedom / (2.0 * quantile(degrees_of_freedom / 2.0, u)))
        # In the variable of a piece the system is the same for all.
        table[side] = np.linalg.solve(np.vander(1.0 + nodes, _NODES, increasing=True), scale.T).T
    return table.ravel()


SAMPLER_RANDOM, SAMPLER_SOBOL, SAMPLER_GIVEN, SAMPLER_DRAWN = 0, 1, 2, 3
"""Plain and quasi-random draws; votes from outside; shares that were drawn before.
"""


class Draws(NamedTuple):
    """How the vote shares of a run are drawn."""

    seed: Any
    """uint64"""
    sampler: int
    """SAMPLER_*"""
    location: NDArray[np.float64]
    """(U,) base-2 logarithm of the expected share."""
    spread: NDArray[np.float64]
    """(U,) scale of the log share, in bits; 1 where ``factor`` carries it."""
    factor: NDArray[np.float64]
    """(U, U) lower triangular, or (0, 0) for independent units."""
    tail: NDArray[np.float32]
    """Table of the t scale (see ``shares_of_normals``), or (0,) for Gaussian tails."""
    undecided: float
    """Share of the vote that is still undecided."""
    undecided_spread: float
    """In bits; 0: they split like the decided."""
    not_lists: NDArray[np.bool_]
    """(U,) units outside the base "lists"."""
    invalid: NDArray[np.float64]
    """(2,) range of the share of invalid ballots among those cast."""
    turnout: NDArray[np.float64]
    """(2,) range of ballots cast among the registered."""
    directions: NDArray[np.uint32]
    """(D, 32) Sobol direction numbers, or (0, 32)."""
    given: NDArray[np.float64]
    """(N, U) votes given from outside, or shares that were drawn before; or (0, U)."""
    valid_votes: float
    """Valid votes that a draw stands for (rounded quotas need votes, not shares)."""
    pattern: Pattern | GivenDistricts | None = None
    """How national votes are projected to districts, where the election has any; or the votes there."""
    table: SeatTable | None = None
    """What rules have to know of these districts."""
    chamber: Chamber | None = None
    """The tiers beside the lists, where the chamber has any."""

    def in_districts(self, local: Local | None) -> Draws:
        """The same draws, projected to districts, or with their votes there."""
        return self if local is None else self._replace(pattern=local.pattern, table=local.table)


_NATS_PER_BIT = np.log(2.0)
_NOMINAL_VALID_VOTES = 1e7
_SAMPLERS = {"random": SAMPLER_RANDOM, "sobol": SAMPLER_SOBOL}


class Units(NamedTuple):
    """The options on the ballot in the order of the core: those eligible for seats first."""

    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    lists: int
    """How many of them are eligible; they are the first."""

    @classmethod
    def of(cls, election: Election, units: Sequence[str]) -> Units:
        """Sort ``units`` of an estimate: eligible ones in the order of the election file, then the
        seatless.

        ``PollDataError`` where a party that the polls do not tell apart holds seats that the rule counts;
        ``ConfigurationError`` where the election is too large for a forecast.
        """
        refuse_size(election)
        _refuse_lost_seats(election, units)
        kinds = {party.id: party.kind for party in election.parties}
        ordered = sorted(units, key=lambda unit: kinds.get(unit, "residual") in SEATLESS_KINDS)
        in_order = tuple(kinds.get(unit, "residual") for unit in ordered)
        return cls(tuple(ordered), in_order, sum(kind not in SEATLESS_KINDS for kind in in_order))


def _refuse_lost_seats(election: Election, units: Sequence[str]) -> None:
    """Seats that a party holds whatever its votes must not vanish with it."""
    counted = election.rule.levelling is not None
    lost = {
        party.id: (party.direct_seats if counted else 0) + party.extra_seats
        for party in election.parties
        if party.id not in units
    }
    faults = [
        Fault(
            str(election.election.polls or "polls"),
            "",
            name,
            f"the polls do not tell this party apart, but it holds {seats} seat{'s' * (seats > 1)} that the "
            "rule counts; add its share to the poll table",
        )
        for name, seats in lost.items()
        if seats
    ]
    if faults:
        raise PollDataError(*faults)


class Distribution(Protocol):
    """What drawing takes of an estimate."""

    @property
    def units(self) -> tuple[str, ...]: ...
    @property
    def mean(self) -> NDArray[np.float64]: ...
    @property
    def scale(self) -> NDArray[np.float64]: ...
    @property
    def degrees_of_freedom(self) -> float: ...
    @property
    def undecided(self) -> float: ...
    @property
    def undecided_spread(self) -> float: ...


def draws_of(election: Election, estimate: Distribution, units: Units, seed: int, sampler: str) -> Draws:
    """The core's inputs for one estimate; ``sampler`` is "sobol" or "random".

    ``ConfigurationError`` where a base needs what the election file does not give, or the ballot is too long
    for the Sobol sequence.
    """
    order = [estimate.units.index(unit) for unit in units.ids]
    scale = np.asarray(estimate.scale)[np.ix_(order, order)]
    spread = np.sqrt(np.diag(scale)) / _NATS_PER_BIT
    factor: NDArray[np.float64] = np.zeros((0, 0))
    if np.any(scale != np.diag(np.diag(scale))):
        factor = np.linalg.cholesky(scale).astype(np.float64)
        spread = np.full(len(order), 1.0 / _NATS_PER_BIT)
    draws = Draws(
        seed=np.uint64(seed),
        sampler=_SAMPLERS[sampler],
        location=np.log2(np.asarray(estimate.mean)[order]),
        spread=spread,
        factor=factor,
        tail=tail_table(np.inf if election.simulation.tails == "gaussian" else estimate.degrees_of_freedom),
        undecided=float(estimate.undecided),
        undecided_spread=float(estimate.undecided_spread) / _NATS_PER_BIT,
        not_lists=np.array([kind == "none-of-the-above" for kind in units.kinds]),
        invalid=_range(election.election.invalid_share, 0.0),
        turnout=_range(election.election.turnout, 1.0),
        directions=NO_DIRECTIONS,
        given=np.zeros((0, len(order))),
        valid_votes=float(election.election.valid_votes or _NOMINAL_VALID_VOTES),
    )
    if sampler == "sobol":
        dimensions = words_of_a_draw(draws)
        if dimensions > DIMENSIONS:
            remedy = (
                f'this ballot needs {dimensions} of the {DIMENSIONS} Sobol dimensions there are; use "random"'
            )
            raise ConfigurationError(Fault("simulation.sampler", "", "sobol", remedy))
        draws = draws._replace(directions=direction_numbers(dimensions))
    return draws


def given_draws(election: Election, votes: NDArray[np.float64], units: Units) -> Draws:
    """Draws from outside: ``votes`` (N, U) in the order of ``units``, shares or counts."""
    size = len(units.ids)
    return Draws(
        seed=np.uint64(0),
        sampler=SAMPLER_GIVEN,
        location=np.zeros(size),
        spread=np.zeros(size),
        factor=np.zeros((0, 0)),
        tail=tail_table(np.inf),
        undecided=0.0,
        undecided_spread=0.0,
        not_lists=np.array([kind == "none-of-the-above" for kind in units.kinds]),
        invalid=_range(election.election.invalid_share, 0.0),
        turnout=_range(election.election.turnout, 1.0),
        directions=NO_DIRECTIONS,
        given=np.ascontiguousarray(votes, np.float64),
        valid_votes=float(election.election.valid_votes or _NOMINAL_VALID_VOTES),
    )


def words_of_a_draw(draws: Draws) -> int:
    """Sobol dimensions, 32-bit words, of one draw; the core counts them the same way."""
    units = len(draws.location)
    varying = draws.invalid[0] < draws.invalid[1] or draws.turnout[0] < draws.turnout[1]
    splits = draws.undecided > 0.0 and draws.undecided_spread > 0.0
    return int(len(draws.tail) > 0) + 2 * int(varying) + units * (2 if splits else 1)


def multiples_of(draws: Draws) -> dict[int, float]:
    """How many times the valid votes a base of thresholds is, of bases for which that is the same in every
    draw.
    """
    found = {BASE_VALID: 1.0}
    if draws.invalid[0] == draws.invalid[1]:
        found[BASE_CAST] = float(1.0 / (1.0 - draws.invalid[0]))
        if draws.turnout[0] == draws.turnout[1]:
            found[BASE_REGISTERED] = float(found[BASE_CAST] / draws.turnout[0])
    return found


RESTS_ON = {"cast": ("invalid_share",), "registered": ("invalid_share", "turnout")}
"""What the election file must say of a threshold base that shares of the vote do not tell."""


def needs(election: Election, base: str, place: str) -> None:
    """Refuse a threshold base that a draw does not know unless the election file gives what it takes."""
    facts = election.election
    missing = [name for name in RESTS_ON.get(base, ()) if getattr(facts, name) is None]
    if missing:
        remedy = f"the base '{base}' is not known from polls; give it as a share or a range"
        raise ConfigurationError(*(Fault(place, f"election.{name}", ABSENT, remedy) for name in missing))


def _range(ends: tuple[Fraction, Fraction] | None, default: float) -> NDArray[np.float64]:
    return np.array([default, default] if ends is None else [float(ends[0]), float(ends[1])])


def source_of(draws: Draws) -> Source:
    """What the compiled stages read of ``draws``."""
    units = len(draws.location)
    about = np.zeros(1, SOURCE)
    about["seed"], about["units"] = draws.seed, units
    about["tails"] = len(draws.tail) > 0
    varying = draws.invalid[0] < draws.invalid[1] or draws.turnout[0] < draws.turnout[1]
    about["bases"] = 2 if varying else 0
    about["numbers"] = (units + 1) // 2 * 2 if draws.sampler == SAMPLER_RANDOM else units
    splits = draws.undecided > 0.0 and draws.undecided_spread > 0.0
    about["splits"] = about["numbers"] if splits else 0
    about["undecided"], about["undecided_spread"] = draws.undecided, draws.undecided_spread
    return Source(
        about,
        (2.0**draws.location).astype(np.float32),
        draws.spread.astype(np.float32),
        np.ascontiguousarray(draws.factor, np.float32),
        np.array(draws.tail, np.float32),
        np.array(draws.invalid, np.float64),
        np.array(draws.turnout, np.float64),
    )


MOST_NUMBERS = 100_000
"""Parties and coalitions times seats: a forecast of so many takes 0.8 GB, most of it for the page's rules."""


def refuse_size(election: Election) -> None:
    """``ConfigurationError`` for more numbers of seats by party and coalition than a forecast holds."""
    subjects = len(election.parties) + len(election.coalitions)
    if subjects * election.rule.seats > MOST_NUMBERS:
        remedy = (
            f"times {subjects:,} parties and coalitions this is more than a forecast holds "
            f"({MOST_NUMBERS:,}); count small parties as other, or ask for fewer coalitions"
        )
        raise ConfigurationError(Fault(election.place, "rule.seats", election.rule.seats, remedy))


Constraint = tuple[dict[int, int], int]
"""Weights of terms (seats of list k: k; admission of list k: K + k; the house: 2 K) and the least sum."""

NO_QUESTIONS = Questions(
    coalition_starts=np.zeros(1, np.int64),
    coalition_members=np.zeros(0, np.int64),
    event_starts=np.zeros(1, np.int64),
    term_starts=np.zeros(1, np.int64),
    terms=np.zeros(0, np.int64),
    weights=np.zeros(0, np.int32),
    bounds=np.zeros(0, np.int32),
)
"""Nothing is asked: seats alone are wanted."""


def compile_questions(coalitions: Sequence[Coalition], events: Sequence[Event], units: Units) -> Questions:
    """The core's questions. Events count twice: the condition that is given, then event and condition
    together.

    Parties without a unit of their own hold no seats and are never admitted.
    """
    return _compiled(
        coalitions, constraints_of_events(events, units.ids[: units.lists]), units.ids[: units.lists]
    )


def compile_chamber_questions(
    coalitions: Sequence[Coalition], events: Sequence[Event], holders: Sequence[str]
) -> Questions:
    """The core's questions about the chamber, whose H ``holders`` are the lists and then the groups; behind
    the events stand two thirds of all seats for each coalition, under no condition.
    """
    counted = constraints_of_events(events, holders)
    for members in _members(coalitions, holders):
        counted += [[], _two_thirds(members, 2 * len(holders))]
    return _compiled(coalitions, counted, holders)


def constraints_of_events(events: Iterable[Event], holders: Sequence[str]) -> list[list[Constraint]]:
    """Of every event its condition, then event and condition together."""
    index, number = {holder: k for k, holder in enumerate(holders)}, len(holders)
    counted: list[list[Constraint]] = []
    for event in events:
        given = [c for condition in event.given for c in constraints_of(condition, index, number)]
        wanted = [c for condition in event.all for c in constraints_of(condition, index, number)]
        counted += [given, given + wanted]
    return counted


def _members(coalitions: Sequence[Coalition], holders: Sequence[str]) -> list[list[int]]:
    index = {holder: k for k, holder in enumerate(holders)}
    return [[index[party] for party in coalition.parties if party in index] for coalition in coalitions]


def _two_thirds(members: Sequence[int], house: int) -> list[Constraint]:
    """At least two thirds of the seats, of which there are some: a void election has no majorities."""
    return [({**dict.fromkeys(members, 3), house: -2}, 0), (dict.fromkeys(members, 1), 1)]


def _compiled(
    coalitions: Sequence[Coalition], counted: Sequence[Sequence[Constraint]], holders: Sequence[str]
) -> Questions:
    members = _members(coalitions, holders)
    flat = [constraint for constraints in counted for constraint in constraints]
    terms = [list(weights.items()) for weights, _ in flat]
    return Questions(
        coalition_starts=_starts(members),
        coalition_members=np.array([m for group in members for m in group], np.int64),
        event_starts=_starts(counted),
        term_starts=_starts(terms),
        terms=np.array([term for group in terms for term, _ in group], np.int64),
        weights=np.array([weight for group in terms for _, weight in group], np.int32),
        bounds=np.array([bound for _, bound in flat], np.int32),
    )


def constraints_of(condition: Condition, index: dict[str, int], lists: int) -> list[Constraint]:
    """One condition of an event as constraints; ``index`` gives the number of each list, K = ``lists``."""
    house = 2 * lists
    kind = condition.kind
    if kind == "enters":
        return [({lists + index[condition.enters]: 1}, 1)] if condition.enters in index else [({}, 1)]
    if kind == "stays_out":
        return [({lists + index[condition.stays_out]: -1}, 0)] if condition.stays_out in index else []
    if kind == "majority":
        return [_majority(condition.majority, index, house)]
    if kind == "no_majority":
        return [_no_majority(condition.no_majority, index, house)]
    if kind == "minimal_winning":
        parties = condition.minimal_winning
        without = [[other for other in parties if other != party] for party in parties]
        return [_majority(parties, index, house), *(_no_majority(rest, index, house) for rest in without)]
    if kind == "largest":
        return _more_than_all_others(condition.largest, index)
    if kind == "order":
        ahead = list(zip(condition.order, condition.order[1:], strict=False))
        return [_more_seats(first, second, index) for first, second in ahead]
    weights = {index[party]: 1 for party in condition.seats if party in index}
    constraints: list[Constraint] = []
    if condition.at_least is not None:
        constraints.append((weights, condition.at_least))
    if condition.at_most is not None:
        constraints.append((dict.fromkeys(weights, -1), -condition.at_most))
    return constraints


def _majority(parties: Sequence[str], index: dict[str, int], house: int) -> Constraint:
    return {**{index[party]: 2 for party in parties if party in index}, house: -1}, 1


def _no_majority(parties: Sequence[str], index: dict[str, int], house: int) -> Constraint:
    return {**{index[party]: -2 for party in parties if party in index}, house: 1}, 0


def _more_than_all_others(party: str, index: dict[str, int]) -> list[Constraint]:
    others = [other for other in index if other != party]
    return [_more_seats(party, other, index) for other in others] or [_more_seats(party, party, index)]


def _more_seats(first: str, second: str, index: dict[str, int]) -> Constraint:
    weights: dict[int, int] = {}
    if first in index:
        weights[index[first]] = 1
    if second in index and second != first:
        weights[index[second]] = -1
    return weights, 1


def _starts(groups: Sequence[Sequence[object]]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.int64)
