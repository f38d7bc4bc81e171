"""The elections that are measured: frozen, so that figures of different days are of the same thing.

Nothing here follows the polls or the fit of the error model: every number is written out. The squared scale
of a log share is (a m**(-1/3))**2 + 1 / (n m), as in the default error model, with a and n of the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from forecast.election import Election, Rule
from forecast.election.values import Kind
from forecast.rules.compiled import Rules, compile_rules
from forecast.simulation.inputs import Draws, Units, draws_of, given_draws

if TYPE_CHECKING:
    from forecast.estimation import Estimate

GAUSSIAN = float("inf")
T_TAILS = 8.0
SEED = 20230319


@dataclass(frozen=True)
class Shares:
    """What a draw needs to know of an estimate, which ``forecast.estimation.Estimate`` knows among others."""

    units: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    degrees_of_freedom: float
    undecided: float = 0.0
    undecided_spread: float = 0.0


@dataclass(frozen=True)
class Case:
    """One election: units with their expected shares, lists first, and a national rule."""

    key: str
    title: str
    shares: Mapping[str, float]
    """Expected share of every unit, in percent; they need not add up to exactly 100."""
    seatless: Mapping[str, Kind]
    """Kind of the units that can win nothing."""
    seats: int
    method: str
    threshold: Fraction
    error: float
    """a: the error of the log share of a list with all the votes."""
    sample: float
    """n: effective sample size of the polls."""
    coalitions: tuple[tuple[str, ...], ...]
    valid_votes: int

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(self.shares)

    @property
    def lists(self) -> int:
        """Units that can win seats; they come first."""
        return len(self.shares) - len(self.seatless)

    def kind(self, unit: str) -> Kind:
        """Kind of a unit: a party, or one of the two without seats."""
        return self.seatless.get(unit, "party")

    @property
    def mean(self) -> NDArray[np.float64]:
        """(U,) expected shares, sum 1."""
        share = np.array(list(self.shares.values()))
        return share / share.sum()

    @property
    def spread(self) -> NDArray[np.float64]:
        """(U,) scale of the log shares."""
        m = self.mean
        return np.sqrt((self.error * m ** (-1 / 3)) ** 2 + 1 / (self.sample * m))

    def estimate(self, degrees_of_freedom: float) -> Estimate:
        """The expected shares and their error, as ``draws_of`` reads them."""
        scale = np.diag(self.spread**2)
        return cast("Estimate", Shares(self.units, self.mean, scale, degrees_of_freedom))

    def rule(self, **changes: Any) -> Rule:
        """The rule; ``changes`` are ``method``, ``level`` or further keys of the threshold."""
        method = changes.pop("method", self.method)
        threshold = {"level": changes.pop("level", self.threshold), "base": "valid", **changes}
        return Rule.model_validate(
            {
                "seats": self.seats,
                "ties": "registration",
                "threshold": threshold,
                "allocation": {"method": method},
            }
        )

    def election(self, *, coalitions: bool = False) -> Election:
        """The election as a person would write it down."""
        return Election.model_validate(
            {
                "election": {
                    "id": f"case-{self.key.lower()}",
                    "name": self.title,
                    "date": date(2023, 3, 19),
                    "closed_ballot": True,
                    "valid_votes": self.valid_votes,
                },
                "parties": [{"id": unit, "name": unit, "kind": self.kind(unit)} for unit in self.units],
                "rule": self.rule().model_dump(exclude_none=True),
                "coalitions": [
                    {"id": f"coalition-{number}", "parties": list(parties)}
                    for number, parties in enumerate(self.coalitions if coalitions else (), 1)
                ],
            }
        )

    def draws(self, sampler: str, degrees_of_freedom: float, seed: int = SEED) -> Draws:
        """The core's inputs."""
        election = self.election()
        estimate = self.estimate(degrees_of_freedom)
        return draws_of(election, estimate, Units.of(election, self.units), seed, sampler)

    def given(self, votes: NDArray[np.float64]) -> Draws:
        """The core's inputs for ``votes`` (N, U) from outside."""
        election = self.election()
        return given_draws(election, votes, Units.of(election, self.units))

    def compiled(self, *rules: Rule) -> Rules:
        """Rules in the core's form; the case's own where none is given."""
        parties = self.election().parties[: self.lists]
        return compile_rules(list(rules) or [self.rule()], parties)


# Means of the exit polls of 19 March 2023 by the Institute of Democracy, the Institute of Eurasian
# Integration and SOCIS-A (inform.kz and kapital.kz, 20 March 2023): 53.33/53.46/54.42, 11.26/10.52/10.21,
# 8.33/8.90/8.79, 8.87/7.87/8.21, 6.93/6.25/6.89, 5.12/5.31/4.91, 2.51/3.22/2.17, 3.65/4.47/4.40 %.
KAZAKHSTAN = Case(
    key="A",
    title="Kazakhstan 2023",
    shares={
        "amanat": 53.737,
        "auyl": 10.663,
        "respublica": 8.673,
        "aqjol": 8.317,
        "qhp": 6.690,
        "osdp": 5.113,
        "baytaq": 2.633,
        "against-all": 4.173,
    },
    seatless={"against-all": "none-of-the-above"},
    seats=69,
    method="hare",
    threshold=Fraction(1, 20),
    error=0.03,
    sample=18_000,
    coalitions=(
        ("amanat",),
        ("amanat", "auyl"),
        ("auyl", "respublica", "aqjol", "qhp", "osdp", "baytaq"),
        ("amanat", "respublica"),
    ),
    valid_votes=6_366_441,
)

# Second votes of 26 September 2021 (Bundeswahlleiter), the house without overhang and levelling seats, and an
# error as of polls a month before: a case like Germany's, not a model of it.
GERMANY = Case(
    key="B",
    title="like Germany 2021",
    shares={
        "spd": 25.7,
        "cdu": 18.9,
        "gruene": 14.8,
        "fdp": 11.5,
        "afd": 10.3,
        "csu": 5.2,
        "linke": 4.9,
        "other": 8.7,
    },
    seatless={"other": "residual"},
    seats=598,
    method="sainte-lague",
    threshold=Fraction(1, 20),
    error=0.10,
    sample=6_000,
    coalitions=(
        ("spd", "gruene", "fdp"),
        ("cdu", "csu", "gruene", "fdp"),
        ("spd", "cdu", "csu"),
        ("spd", "gruene", "linke"),
    ),
    valid_votes=46_442_023,
)


def many_lists(number: int, seats: int = 300, method: str = "dhondt") -> Case:
    """Lists of shares that fall by a tenth from one to the next; threshold 3.25 %; all can win seats."""
    ids = [f"list-{k:02d}" for k in range(1, number + 1)]
    return Case(
        key="C",
        title=f"{number} lists",
        shares={unit: 10.0 * 0.9**k for k, unit in enumerate(ids)},
        seatless={},
        seats=seats,
        method=method,
        threshold=Fraction(13, 400),
        error=0.10,
        sample=6_000,
        coalitions=(tuple(ids[:3]), tuple(ids[:4]), tuple(ids[1:5]), tuple(ids[::2])),
        valid_votes=10_000_000,
    )


CASES: dict[str, Case] = {"A": KAZAKHSTAN, "B": GERMANY, "C": many_lists(40)}


def with_seats(case: Case, seats: int, method: str) -> Case:
    """The same election with another house."""
    return replace(case, seats=seats, method=method)
