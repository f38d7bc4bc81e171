"""``[rule.threshold]``: which lists take part in the allocation, and what happens when too few do."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from forecast.election.exact_numbers import Exact, Share, parse_share
from forecast.election.texts import Text
from forecast.election.vocabulary import (
    BaseName,
    EligibleKind,
    Flag,
    Kind,
    Level,
    Part,
    Positive,
    one_of,
    parse_positive,
)


class AdmitLargest(Part):
    """``nobody = {admit = n}``: the n largest lists take part."""

    admit: Positive


class LowerTo(Part):
    """``nobody = {lower_to = share}``: the level falls to this share of the same base."""

    lower_to: Share


def _parse_nobody(value: Any) -> Any:
    if value is None or value == "void" or isinstance(value, AdmitLargest | LowerTo):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        (key, number), *_ = value.items()
        if key == "admit":
            return AdmitLargest(admit=parse_positive(number))
        if key == "lower_to":
            return LowerTo(lower_to=parse_share(number))
    msg = 'write "void", {admit = 2} (the two largest lists) or {lower_to = "3%"}'
    raise ValueError(msg)


class AllianceLevels(Part):
    """``[rule.threshold.alliances]``: levels for lists that have an ``alliance``, on the same base.

    An alliance that does not reach its level is none: its lists stand by the general level, each for itself.
    """

    level: Share = Field(description="share of the base that the votes of an alliance need together")
    votes_from: Share = Field(
        default=Fraction(0),
        description="share of the base from which the votes of a list count for its alliance",
    )
    seats_from: Share = Field(
        default=Fraction(0),
        description="share of the base from which a list of an alliance that takes part may win seats",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="after")
    def _consistent(self) -> AllianceLevels:
        if self.votes_from > self.seats_from > 0:
            msg = "votes_from must not be above seats_from: a list that wins seats brings its votes"
            raise ValueError(msg)
        return self


class LocalThreshold(Part):
    """``[rule.districts.local_threshold]``: a level in each district or region, on the votes cast there."""

    level: Level = Field(
        description='share of the base that a list needs in the place, or "quota" for 1 / its seats'
    )
    base: BaseName = Field(
        default="valid",
        description="what the level is a share of, in the place: valid, lists, cast or registered; the last "
        "two need the columns invalid_votes and registered of the district table",
    )
    strict: Flag = Field(
        default=False, description="true where the law says more than the level, not at least"
    )
    by_members: dict[Positive, Level] = Field(
        default_factory=dict, description="level of coalitions of at least so many parties"
    )
    by_kind: dict[EligibleKind, Level] = Field(
        default_factory=dict, description="level by kind of list; 0 exempts"
    )
    of: Annotated[Literal["district", "region"], one_of(("district", "region"), "kind of place")] = Field(
        default="district", description="district, or region (column region of the district table)"
    )
    waives_national: Flag = Field(
        default=False,
        description="true: a list that reaches it takes part there whatever it has nationally; false: it "
        "needs both, or this one alone where districts.threshold = false",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")


class Threshold(Part):
    """Which lists take part in the allocation: votes >= level x base, and the ways around it."""

    level: Level = Field(
        default=Fraction(0), description='share of the base that a list needs, or "quota" for 1 / seats'
    )
    base: BaseName = Field(
        default="valid",
        description="what the level is a share of: valid (lists and against-all), lists (lists alone), "
        "cast (invalid ballots too), registered (all registered voters)",
    )
    strict: Flag = Field(
        default=False, description="true where the law says more than the level, not at least"
    )
    by_members: dict[Positive, Level] = Field(
        default_factory=dict,
        description="level of coalitions of at least so many parties; the largest number reached",
    )
    by_kind: dict[EligibleKind, Level] = Field(
        default_factory=dict,
        description="level by kind of list; 0 exempts; of a coalition, by_members goes first",
    )
    or_direct_seats: Positive | None = Field(
        default=None, description="constituencies won that admit a list below its level"
    )
    or_regional_share: Share | None = Field(
        default=None,
        description="share of the vote in one region (best_region_share) that admits a list as well",
    )
    or_district_share: Share | None = Field(
        default=None,
        description="share of the valid votes of one district that admits a list as well (Zurich: 5 %)",
    )
    share_in_districts: Positive = Field(
        default=1, description="in how many districts or_district_share is asked for (Romania: 20 % in 4)"
    )
    or_district_seats: Positive | None = Field(
        default=None,
        description="seats won in the districts that admit a list to the levelling seats below its level",
    )
    or_regions_at_quota: Positive | None = Field(
        default=None,
        description="in so many regions at least the valid votes per fixed seat there: admits to the "
        "levelling seats as well",
    )
    alliances: AllianceLevels | None = Field(
        default=None, description="levels of alliances and of the lists in them; not given: each list alone"
    )
    min_lists: Positive | None = Field(
        default=None, description="at least so many lists: the next-largest are admitted until met"
    )
    min_joint_share: Share | None = Field(
        default=None,
        description="share of the base that the admitted must hold; the next-largest are admitted until met",
    )
    runner_up_factor: Exact | None = Field(
        default=None,
        description="correction of the quotient of lists let in by min_lists or min_joint_share, such as 0.7",
    )
    nobody: Annotated[Literal["void"] | AdmitLargest | LowerTo | None, BeforeValidator(_parse_nobody)] = (
        Field(
            default=None,
            description='when no list reaches its level: "void", {admit = n} or {lower_to = share}; not '
            "given: the next-largest as min_lists and min_joint_share ask, else void",
        )
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @field_validator("by_members")
    @classmethod
    def _coalitions_have_two_members(cls, levels: dict[int, Any]) -> dict[int, Any]:
        if any(members < 2 for members in levels):
            msg = "a coalition has at least 2 members; write the level of single parties as threshold.level"
            raise ValueError(msg)
        return dict(sorted(levels.items()))

    @model_validator(mode="after")
    def _consistent(self) -> Threshold:
        if self.runner_up_factor is not None:
            if not 0 < self.runner_up_factor <= 1:
                msg = "runner_up_factor is a correction between 0 and 1, such as 0.7"
                raise ValueError(msg)
            if self.min_lists is None and self.min_joint_share is None:
                msg = "runner_up_factor needs min_lists or min_joint_share, which let the runner-up in"
                raise ValueError(msg)
        if self.share_in_districts > 1 and self.or_district_share is None:
            msg = "share_in_districts needs or_district_share, the share that is meant"
            raise ValueError(msg)
        lower = self.nobody.lower_to if isinstance(self.nobody, LowerTo) else None
        if lower is not None and self.level != "quota" and lower >= self.level:
            msg = "nobody.lower_to must be below threshold.level"
            raise ValueError(msg)
        return self


def level_of(threshold: Threshold | LocalThreshold, *, kind: Kind, members: int, seats: int) -> Fraction:
    """The level that a list must reach: by its kind, else by its members, else the general one.

    Of a coalition the number of its members goes before its kind, since it says more.
    """
    by_members = [level for least, level in sorted(threshold.by_members.items()) if members >= least]
    by_kind = threshold.by_kind.get(kind)
    if by_kind is not None and not (kind == "coalition" and by_members):
        level = by_kind
    else:
        level = by_members[-1] if by_members else threshold.level
    return Fraction(1, max(seats, 1)) if isinstance(level, str) else level
