"""``[[tiers]]`` and ``[[groups]]``: members of the chamber beside those of the lists, and who they may be.

The list tier is the rule's own (``rule.seats``). A tier beside it has seats of its own: single-member
districts, appointed members, seats of minorities. Who wins them is given in one of these ways: seats that are
held whoever votes (``held``), or a stated belief (``belief``) of how they fall at the centre of the draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.election.numbers import Exact, Share
from forecast.election.texts import Colour, Id, Label, Name, Names, Text, Texts
from forecast.election.vocabulary import Count, Part, Seats, one_of, parse_count

TierKind = Literal["single-member", "appointed", "minorities", "by-elections"]
TIER_KINDS: tuple[TierKind, ...] = ("single-member", "appointed", "minorities", "by-elections")
MEETINGS = ("apart",)

SLOPE = Fraction("1.9")
"""Change of the log odds of a party's share of single-member seats with those of its share of the vote: over
22 pairs of elections of parties in plurality tiers of competitive countries, with a standard error of 0.65.
"""
SPREAD = Fraction("0.88")
"""Standard deviation of the log odds that this leaves unexplained, with a standard error of 0.13."""
MOST_SLOPE, MOST_SPREAD = 10, 5


def parse_seats_by_holder(value: Any) -> dict[str, int]:
    """Seats by id of the party or group: ``{ amanat = 22, independents = 7 }``."""
    if not isinstance(value, Mapping):
        msg = "seats by party or group are expected, such as { amanat = 22, independents = 7 }"
        raise ValueError(msg)
    return {str(name): parse_count(seats) for name, seats in value.items()}


SeatsByHolder = Annotated[dict[str, Count], BeforeValidator(parse_seats_by_holder)]


class Group(Part):
    """``[[groups]]``: members of the chamber who stand on no list and whom no poll names: independents."""

    id: Id = Field(description="short name in tables: a-z, 0-9 and hyphens; that of no party")
    name: Name = Field(description="name that readers see")
    names: Names = Field(default_factory=dict, description="names by language")
    short: Label = Field(default="", description="short name for charts; default: the name")
    colour: Colour | None = Field(default=None, description='colour in charts, such as "#8C8C8C"')


class Belief(Part):
    """``[tiers.belief]``: nothing but a belief of how the districts of a tier fall.

    A district falls to a holder with the chance that ``seats`` gives it at the centre; the log odds of the
    party that it ``follows`` move by ``slope`` with those of its share of the national vote, and by an error
    common to all districts with the standard deviation ``spread``; the others divide what it leaves.
    """

    seats: SeatsByHolder = Field(
        description="seats by party and group where shares are as at the centre; all seats of the tier"
    )
    slope: Exact = Field(
        default=SLOPE, description="change of the log odds of a district with those of the national share"
    )
    spread: Exact = Field(
        default=SPREAD, description="standard deviation of the common error of a party, on log odds"
    )
    follows: Texts = Field(
        default=(),
        description="parties whose seats move with their votes; default: the one with most seats here",
    )
    at: dict[str, Share] = Field(
        default_factory=dict,
        description="national shares at which the belief holds; default: the centre of the estimate",
    )
    source: Text = Field(default="", description="what the belief rests on, in words; shown with the results")

    @model_validator(mode="after")
    def _sensible(self) -> Belief:
        if not 0 <= self.slope <= MOST_SLOPE:
            msg = f"slope lies between 0 (the tier does not follow the vote) and {MOST_SLOPE}; 1.9 is usual"
            raise ValueError(msg)
        if not 0 <= self.spread <= MOST_SPREAD:
            msg = f"spread is a standard deviation on log odds between 0 and {MOST_SPREAD}; 0.88 is usual"
            raise ValueError(msg)
        if not any(self.seats.values()):
            msg = "seats says who wins them, such as { amanat = 22, independents = 7 }"
            raise ValueError(msg)
        return self


class ChamberTier(Part):
    """``[[tiers]]``: seats of the chamber beside those of the lists, and how they meet."""

    id: Id = Field(description="short name in tables: a-z, 0-9 and hyphens")
    name: Name = Field(description='name that readers see, such as "single-member districts"')
    seats: Seats = Field(description="seats of the tier; 0 leaves it out, for what if")
    kind: Annotated[TierKind, one_of(TIER_KINDS, "kind of tier")] = Field(
        default="single-member", description="single-member, appointed, minorities or by-elections"
    )
    how: Annotated[Literal["apart"], one_of(MEETINGS, "way in which tiers meet")] = Field(
        default="apart", description="how the tier meets the lists: apart, each counted by itself"
    )
    held: SeatsByHolder = Field(
        default_factory=dict, description="seats by party and group that are held whoever votes"
    )
    belief: Belief | None = Field(default=None, description="a belief of how the other seats fall")
    official: SeatsByHolder = Field(
        default_factory=dict, description="the official result, which `forecast count` adds to the lists'"
    )
    law: Text = Field(default="", description="law behind the tier")
    source: Text = Field(default="", description="where the official result comes from")

    @property
    def holders(self) -> frozenset[str]:
        """Ids of the parties and groups that it names."""
        believed = self.belief.seats if self.belief is not None else {}
        return frozenset((*self.held, *believed))

    @property
    def open_seats(self) -> int:
        """Seats that are not held whoever votes."""
        return self.seats - sum(self.held.values())

    @model_validator(mode="after")
    def _consistent(self) -> ChamberTier:
        for problem in _contradictions(self) if self.seats else ():
            raise ValueError(problem)
        return self


def _contradictions(tier: ChamberTier) -> Iterator[str]:
    held = sum(tier.held.values())
    if held > tier.seats:
        yield f"held gives {held} seats, more than the {tier.seats} of the tier"
    elif tier.belief is None and held < tier.seats:
        yield (
            f"nothing says who wins {tier.seats - held} of its {tier.seats} seats: write [tiers.belief] with "
            "seats, or held"
        )
    elif tier.belief is not None:
        believed = sum(tier.belief.seats.values())
        if believed != tier.seats - held:
            yield f"belief.seats adds up to {believed}, not to the {tier.seats - held} seats that are open"
    official = sum(tier.official.values())
    if tier.official and official != tier.seats:
        yield f"official adds up to {official}, not to the {tier.seats} seats of the tier"
