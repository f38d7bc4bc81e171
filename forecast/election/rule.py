"""The electoral rule as a person writes it under ``[rule]``: its threshold, and what its parts say against
each other.

Every key is described where it is declared; ``docs/rules.md`` shows the same with examples. A rule that
contradicts itself is refused with a message that says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from forecast.election.constituencies import (
    LEVELLED,
    Districts,
    Levelling,
    LocalThreshold,
    Placing,
    placing_problems,
)
from forecast.election.methods import Alliances, Allocation, Bonus, Cap, Guaranteed, Majority
from forecast.election.values import (
    BaseName,
    EligibleKind,
    Exact,
    Flag,
    Kind,
    Level,
    Part,
    Positive,
    Seats,
    Share,
    Text,
    TieRule,
    parse_positive,
    parse_share,
    parse_ties,
    plain,
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

    def _contradictions(self) -> Iterator[str]:
        if self.votes_from > self.seats_from > 0:
            yield "votes_from must not be above seats_from: a list that wins seats brings its votes"


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

    def _contradictions(self) -> Iterator[str]:
        if self.runner_up_factor is not None:
            if not 0 < self.runner_up_factor <= 1:
                yield "runner_up_factor is a correction between 0 and 1, such as 0.7"
            if self.min_lists is None and self.min_joint_share is None:
                yield "runner_up_factor needs min_lists or min_joint_share, which let the runner-up in"
        if self.share_in_districts > 1 and self.or_district_share is None:
            yield "share_in_districts needs or_district_share, the share that is meant"
        lower = self.nobody.lower_to if isinstance(self.nobody, LowerTo) else None
        if lower is not None and self.level != "quota" and lower >= self.level:
            yield "nobody.lower_to must be below threshold.level"


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


class Rule(Part):
    """How votes become seats, as the law says it."""

    seats: Seats = Field(description="seats that the rule hands out")
    law: Text = Field(default="", description="the law and article that the rule follows")
    source: Text = Field(
        default="", description="where the text of the law or an official account of it is found"
    )
    ties: Annotated[TieRule, BeforeValidator(parse_ties)] = Field(
        default=("votes", "lot"),
        description="who goes first among equal claims, step by step: votes (more), fewest-votes, "
        "national-votes (more in all districts), no-seat (a list without a seat), precincts (more of them "
        "won, which no table has), registration (the order of [[parties]]), list-number (the smaller "
        'parties.list_number), lot; such as ["votes", "lot"], or "lot" alone',
    )
    threshold: Threshold | None = Field(
        default=None, description="which lists take part; not given: every list"
    )
    allocation: Allocation | None = Field(
        default=None, description="how the seats are divided; not needed where districts do it"
    )
    alliances: Alliances | None = Field(default=None, description="how an alliance divides its seats")
    weights: dict[EligibleKind, Exact] = Field(
        default_factory=dict,
        description="what a vote counts in the allocation, by kind of list, after the threshold",
    )
    bonus: Bonus | None = Field(default=None, description="extra seats for the largest list")
    guaranteed: Guaranteed | None = Field(
        default=None, description="seats for every list from a share of the vote on"
    )
    majority: Majority | None = Field(
        default=None, description="more than half of the votes gives more than half of the seats"
    )
    cap: Cap | None = Field(default=None, description="the most that a list may get")
    levelling: Levelling | None = Field(
        default=None, description="seats held in constituencies against the share"
    )
    districts: Districts | None = Field(default=None, description="the constituency tier")

    @field_validator("seats")
    @classmethod
    def _seats_to_hand_out(cls, seats: int, info: ValidationInfo) -> int:
        """No seats is a mistake in an election file; a record of past counts may hold an empty one."""
        if seats == 0 and not (info.context or {}).get("empty_house", False):
            msg = "at least 1 seat is needed"
            raise ValueError(msg)
        return seats

    @field_validator("weights")
    @classmethod
    def _weights_above_zero(cls, weights: dict[Any, Fraction]) -> dict[Any, Fraction]:
        if any(weight <= 0 for weight in weights.values()):
            msg = "a weight must be above 0, such as 1.35"
            raise ValueError(msg)
        return weights

    def _contradictions(self) -> Iterator[str]:
        yield from _of_the_parts(self)

    @property
    def constituencies(self) -> Districts:
        """The constituency tier of a rule that has one."""
        assert self.districts is not None
        return self.districts

    @property
    def general_level(self) -> Fraction:
        """The level of the threshold as a share: of a quota that of one seat, 0 where there is none."""
        level = self.threshold.level if self.threshold is not None else Fraction(0)
        return Fraction(1, max(self.seats, 1)) if isinstance(level, str) else level

    @property
    def levelling_mode(self) -> str | None:
        """How seats held are set against the national shares, where they are."""
        return self.levelling.mode if self.levelling is not None else None

    @property
    def placing(self) -> tuple[Placing, ...]:
        """The steps in which levelling seats are brought to places; none where the rule does not say."""
        return tuple(self.levelling.placing) if self.levelling is not None else ()

    @property
    def only_places(self) -> bool:
        """Whether districts change no list's total, and each list places its own seats there by its votes."""
        return self.districts is not None and self.districts.national_totals == "own-votes"

    @property
    def national_method(self) -> Allocation | None:
        """What divides the national votes: the allocation, or levelling's own method over a district tier."""
        levelling = self.levelling
        if levelling is not None and levelling.method is not None:
            return Allocation.model_validate({"method": levelling.method})
        if self.allocation is not None:
            return self.allocation
        if self.districts is not None and levelling is not None and levelling.mode is not None:
            kept = self.districts.model_dump(exclude_none=True, include=set(Allocation.model_fields))
            return Allocation.model_validate(kept)
        return None


def _of_the_parts(rule: Rule) -> Iterable[str]:
    """What one part of a rule says against another."""
    threshold, levelling, districts = rule.threshold, rule.levelling, rule.districts
    mode = levelling.mode if levelling is not None else None
    national = rule.national_method
    if national is None and districts is None:
        yield 'the rule needs [rule.allocation] with a method, such as method = "sainte-lague"'
    totals = districts is not None and districts.national_totals is not None
    if districts is not None and mode is None and rule.allocation is not None and not totals:
        yield "districts divide all seats: leave out rule.allocation, or say by rule.levelling how they meet"
    if totals and (rule.allocation is None or levelling is not None):
        yield "districts.national_totals needs rule.allocation, which gives them, and no rule.levelling"
    doubly = districts if districts is not None and districts.national_totals == "biproportional" else None
    if doubly and (rule.alliances or rule.weights or doubly.seatless == "shared"):
        yield 'national_totals = "biproportional" goes without alliances, weights and shared votes'
    if districts is not None and mode is None and (rule.bonus or rule.cap):
        yield "a bonus or a cap needs a national allocation beside the districts"
    if mode in ("start", "level") and national is not None and national.by_quota:
        yield f'levelling.mode = "{mode}" needs a divisor method, but {national.method} is a quota method'
    if mode in ("start", "level") and (rule.alliances or rule.bonus or rule.cap):
        yield f'levelling.mode = "{mode}" does not go with alliances, a bonus or a cap'
    if mode == "part" and (districts or rule.alliances or rule.bonus or rule.cap):
        yield 'levelling.mode = "part" does not go with districts, alliances, a bonus or a cap'
    premium = rule.bonus is not None and rule.bonus.type == "at-least"
    if rule.bonus is not None and rule.bonus.others == "lists" and rule.alliances is None:
        yield 'bonus.others = "lists" needs [rule.alliances], by which the first divides its seats'
    if premium and (mode or rule.weights):
        yield 'a bonus of the type "at-least" does not go with levelling or weights'
    if districts is not None and districts.bonus is not None and districts.bonus.type == "at-least":
        yield 'the bonus of a district is "fixed" or "graded"'
    yield from _of_the_tiers(rule)
    yield from _of_what_is_guaranteed(rule)
    if rule.cap is not None and rule.cap.excess == "left-over":
        ways = ("largest", "largest-lists", "without-quota")
        if national is None or national.remainder not in ways or rule.alliances or rule.levelling:
            yield (
                f'cap.excess = "left-over" needs a quota method with remainder {", ".join(ways)}, and no '
                "alliances or levelling"
            )
    if rule.majority is not None and (
        districts or levelling or rule.alliances or rule.bonus or rule.cap or rule.weights
    ):
        yield "rule.majority stands beside a threshold and an allocation alone"
    if threshold is not None and threshold.min_lists is not None and threshold.min_lists > rule.seats > 0:
        yield "threshold.min_lists is larger than the number of seats"
    if rule.bonus is not None and max(rule.bonus.seats or 0, rule.bonus.max or 0) > rule.seats:
        yield "the bonus is larger than the number of seats"
    if (
        districts is not None
        and districts.start_seats is not None
        and mode != "level"
        and districts.start_seats > rule.seats
    ):
        yield "districts.start_seats is larger than the number of seats"


def _of_what_is_guaranteed(rule: Rule) -> Iterable[str]:
    given = rule.guaranteed
    if given is None:
        return
    if rule.districts or rule.levelling or rule.alliances or rule.bonus or rule.majority or rule.weights:
        yield "rule.guaranteed stands beside a threshold, an allocation and a cap alone"
    if rule.threshold is not None and rule.threshold.base not in ("valid", "lists"):
        yield 'guaranteed.from is a share of the base of the threshold, which is then "valid" or "lists"'
    if given.seats * int(1 / given.from_) > rule.seats > 0:
        yield (
            f"so many lists may have {plain(given.from_)} of the vote that {given.seats} for each would be "
            f"more than the {rule.seats} seats"
        )


def _of_the_tiers(rule: Rule) -> Iterable[str]:
    """What threshold, districts and levelling say against each other."""
    threshold, levelling, districts = rule.threshold, rule.levelling, rule.districts
    mode = levelling.mode if levelling is not None else None
    local = districts.local_threshold if districts is not None else None
    if local is not None and local.waives_national and threshold is None:
        yield "local_threshold.waives_national needs [rule.threshold], whose level it waives"
    waived = threshold is not None and (threshold.or_district_seats or threshold.or_regions_at_quota)
    if waived and (districts is None or districts.threshold or mode is None):
        yield (
            "threshold.or_district_seats and or_regions_at_quota admit to levelling seats: they need "
            "[rule.districts] with threshold = false, and rule.levelling.mode"
        )
    placed = districts is None or districts.national_totals or (levelling is not None and levelling.placing)
    if "national-votes" in rule.ties and placed:
        yield (
            "ties by national-votes are between lists in a district: they need [rule.districts], without "
            "national_totals and levelling.placing; elsewhere votes are those of all"
        )
    if mode == "return" and (districts is None or districts.by_quota or districts.leftover):
        yield (
            'levelling.mode = "return" takes back district seats at their lowest quotients: it needs '
            "[rule.districts] with a divisor method"
        )
    if districts is not None and districts.leftover == LEVELLED and mode not in ("redistribute", "start"):
        yield f'districts.leftover = "{LEVELLED}" needs rule.levelling.mode "redistribute" or "start"'
    if levelling is not None and levelling.placing:
        if districts is None or mode is None:
            yield "levelling.placing needs [rule.districts] and rule.levelling.mode"
        national = rule.national_method
        yield from placing_problems(levelling.placing, by_quota=national is not None and national.by_quota)
