"""The electoral rule as a person writes it under ``[rule]``: threshold, allocation and what stands around.

Every key is described where it is declared; ``docs/rules.md`` shows the same with examples. A rule that
contradicts itself is refused with a message that says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from forecast.election.exact_numbers import Exact, Share, plain
from forecast.election.levelling_steps import Placing, placing_problems
from forecast.election.methods import (
    METHODS,
    DivisorFamily,
    DivisorMethod,
    is_quota_method,
    power_divisors,
    sequence_divisors,
)
from forecast.election.texts import FileText, Label, Text
from forecast.election.threshold import AdmitLargest, AllianceLevels, LocalThreshold, LowerTo, Threshold
from forecast.election.vocabulary import (
    EligibleKind,
    Flag,
    Part,
    Seats,
    SomeSeats,
    TieRule,
    one_of,
    parse_ties,
)

__all__ = [
    "AdmitLargest",
    "AllianceLevels",
    "Alliances",
    "Allocation",
    "Bonus",
    "Cap",
    "Districts",
    "Guaranteed",
    "Levelling",
    "LocalThreshold",
    "LowerTo",
    "Majority",
    "Placing",
    "Rule",
    "Threshold",
    "divisors_of",
]

REMAINDERS = (
    "largest",
    "largest-lists",
    "largest-then-average",
    "highest-average",
    "largest-then-highest-average",
    "without-quota",
    "rounded",
)
LEVELLED = "levelled"
"""Seats left over in districts that the levelling divides."""

Method = Annotated[str, one_of(METHODS, "method")]
Remainder = Annotated[
    Literal[
        "largest",
        "largest-lists",
        "largest-then-average",
        "highest-average",
        "largest-then-highest-average",
        "without-quota",
        "rounded",
    ],
    one_of(REMAINDERS, "remainder rule"),
]
QuotaOf = Annotated[Literal["admitted", "valid"], one_of(("admitted", "valid"), "electorate of a quota")]


GoesOn = Annotated[Literal["step", "ratio"], one_of(("step", "ratio"), "way to go on")]


class Allocation(Part):
    """How the seats are divided among the admitted lists."""

    method: Method = Field(description="a divisor or quota method; `forecast methods` lists them")
    remainder: Remainder | None = Field(
        default=None,
        description="quota methods: who gets the seats left over: largest (remainders; the default), "
        "largest-lists (most votes), largest-then-average (at most remainder_seats by remainder, the rest by "
        "votes per seat), highest-average (votes / (seats + 1)), largest-then-highest-average (one each by "
        "remainder, then one each by votes / (seats + 1)), without-quota (one each by votes to lists without "
        "a whole quota, then to the others), rounded (in districts with leftover: a remainder of "
        "remainder_from of a quota counts as a whole one)",
    )
    remainder_seats: Seats | None = Field(
        default=None, description="largest-then-average: how many seats go by remainder at most"
    )
    remainder_from: Share | None = Field(
        default=None,
        description="quota methods: the share of a quota that a list needs for a seat left over, such as "
        "75%; in the last round of largest-then-highest-average, and where no list has it, none is needed",
    )
    quota_of: QuotaOf | None = Field(
        default=None,
        description="quota methods: the votes behind the quota: admitted (lists that take part; the default) "
        "or valid (all lists)",
    )
    divisors: tuple[Exact, ...] | None = Field(
        default=None,
        description='method "sequence": the divisors in order',
    )
    divisors_go_on: GoesOn | None = Field(
        default=None,
        description='method "sequence": how they go on beyond the last: step (by the last difference) or '
        "ratio (by the last quotient); not given: by ratio where three or more are geometric, such as 1, "
        "2, 4, else by step",
    )
    power: Exact | None = Field(
        default=None, description='method "power": p of the divisors n^p, such as 0.9'
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="before")
    @classmethod
    def _named_powers_and_defaults(cls, data: Any) -> Any:
        """``power-0.9`` is the method ``power`` with its power; a quota method gets its defaults."""
        if not isinstance(data, Mapping):
            return data
        data = dict(data)
        method = data.get("method")
        if isinstance(method, str) and method.startswith("power-"):
            if "power" in data:
                msg = f'the power is given twice: write method = "power" and power, or "{method}" alone'
                raise ValueError(msg)
            data["method"], data["power"] = "power", method.removeprefix("power-")
        elif isinstance(method, str) and method in METHODS and is_quota_method(method):
            data.setdefault("remainder", "largest")
            data.setdefault("quota_of", "admitted")
        return data

    @field_validator("divisors", mode="before")
    @classmethod
    def _as_numbers(cls, value: Any) -> Any:
        if value is None or isinstance(value, list | tuple):
            return value
        msg = "a list of divisors is expected, such as [1.4, 3, 5]"
        raise ValueError(msg)

    @field_validator("divisors")
    @classmethod
    def _growing(cls, divisors: tuple[Fraction, ...] | None) -> tuple[Fraction, ...] | None:
        if divisors is None:
            return None
        if len(divisors) < 2:
            msg = "at least two divisors are needed, such as [1, 3], which goes on 5, 7, ..."
            raise ValueError(msg)
        if divisors[0] < 0 or any(late <= early for early, late in pairwise(divisors)):
            msg = "divisors must grow from 0 or more, such as [1.4, 3, 5]"
            raise ValueError(msg)
        return divisors

    @field_validator("power")
    @classmethod
    def _usable_power(cls, power: Fraction | None) -> Fraction | None:
        if power is not None and (power <= 0 or power > 4 or power.denominator > 100):
            msg = "a power lies above 0 and not above 4, with at most two decimals, such as 0.9"
            raise ValueError(msg)
        return power

    @model_validator(mode="after")
    def _consistent(self) -> Allocation:
        if not is_quota_method(self.method):
            for key in ("remainder", "remainder_seats", "remainder_from", "quota_of"):
                if getattr(self, key) is not None:
                    msg = (
                        f"{key} belongs to quota methods, but {self.method} is a divisor method: leave it out"
                    )
                    raise ValueError(msg)
        if self.divisors_go_on is not None and self.method != "sequence":
            msg = f'divisors_go_on belongs to method "sequence", not to {self.method}'
            raise ValueError(msg)
        for key, method in (("divisors", "sequence"), ("power", "power")):
            if self.method == method and getattr(self, key) is None:
                msg = f'method "{method}" needs {key}'
                raise ValueError(msg)
            if self.method != method and getattr(self, key) is not None:
                msg = f'{key} belongs to method "{method}", not to {self.method}'
                raise ValueError(msg)
        if self.remainder == "rounded" and (self.remainder_from is None or not isinstance(self, Districts)):
            msg = 'remainder = "rounded" belongs to [rule.districts] with leftover, and needs remainder_from'
            raise ValueError(msg)
        if (self.remainder == "largest-then-average") != (self.remainder_seats is not None):
            msg = 'remainder = "largest-then-average" and remainder_seats go together'
            raise ValueError(msg)
        return self

    @property
    def by_quota(self) -> bool:
        """Whether seats go by a quota and remainders."""
        return is_quota_method(self.method)


def divisors_of(allocation: Allocation) -> DivisorMethod:
    """The divisors of a rule that has a divisor method."""
    method = METHODS[allocation.method]
    if isinstance(method, DivisorMethod):
        return method
    if allocation.power is not None:
        return power_divisors(allocation.power)
    if allocation.divisors is not None:
        return sequence_divisors(allocation.divisors, by_ratio=goes_on(allocation) == "ratio")
    msg = f"{allocation.method} is not a divisor method"
    raise ValueError(msg)


def goes_on(allocation: Allocation) -> Literal["step", "ratio"]:
    """How divisors of a sequence go on beyond the last."""
    given = allocation.divisors or ()
    if allocation.divisors_go_on is not None:
        return allocation.divisors_go_on
    geometric = (
        len(given) > 2 and given[0] > 0 and all(b * given[0] == a * given[1] for a, b in pairwise(given))
    )
    return "ratio" if geometric else "step"


class Alliances(Allocation):
    """How the seats of an alliance are divided inside it; lists with the same ``alliance`` compete as one."""


class Bonus(Part):
    """Seats for the largest admitted list, taken off the pool before the allocation."""

    type: Annotated[
        Literal["fixed", "graded", "at-least"], one_of(("fixed", "graded", "at-least"), "type of bonus")
    ] = Field(
        description="fixed (seats), graded (grows with the share of valid votes), or at-least: the largest "
        "list or alliance gets so many seats where it has fewer, and the others divide the rest"
    )
    seats: SomeSeats | None = Field(default=None, description="fixed, at-least: how many seats")
    from_: Share | None = Field(
        default=None,
        alias="from",
        description="graded, at-least: the share of valid votes from which there is a bonus",
    )
    base: Seats | None = Field(default=None, description="graded: seats at that share")
    step: Share | None = Field(
        default=None, description="graded: each further step of the share adds one seat"
    )
    max: SomeSeats | None = Field(default=None, description="graded: at most so many seats")
    others: Annotated[Literal["alliances", "lists"], one_of(("alliances", "lists"), "way of the others")] = (
        Field(
            default="alliances",
            description="at-least: whether the others divide the rest as alliances, or as lists each for "
            "itself",
        )
    )
    winner: Label | None = Field(
        default=None,
        description="at-least: the alliance, or the list without one, that won a second round and so gets "
        "the seats; not given: the one with most votes",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="after")
    def _consistent(self) -> Bonus:
        graded = {"from": self.from_, "base": self.base, "step": self.step, "max": self.max}
        if self.type != "at-least" and (self.others != "alliances" or self.winner is not None):
            msg = 'others and winner belong to the type "at-least"'
            raise ValueError(msg)
        if self.type in ("fixed", "at-least"):
            if self.seats is None:
                msg = f"a {self.type} bonus needs seats"
                raise ValueError(msg)
            if self.type == "at-least":
                del graded["from"]
            extra = [key for key, value in graded.items() if value is not None]
            if extra:
                msg = f"a {self.type} bonus has seats alone: leave out {', '.join(extra)}"
                raise ValueError(msg)
            return self
        missing = [key for key, value in graded.items() if value is None]
        if missing or self.seats is not None:
            msg = "a graded bonus needs from, base, step and max" + (
                f": {', '.join(missing)} missing" if missing else ", and no seats"
            )
            raise ValueError(msg)
        if self.step == 0 or (self.base or 0) > (self.max or 0):
            msg = "a graded bonus has a step above 0 and a base not above max"
            raise ValueError(msg)
        return self


class Guaranteed(Part):
    """``[rule.guaranteed]``: seats for every list with a share of the vote, before the others are divided."""

    seats: SomeSeats = Field(default=1, description="how many each of them gets")
    from_: Share = Field(
        alias="from", description="the share of the base of the threshold from which a list gets them"
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @field_validator("from_")
    @classmethod
    def _some_share(cls, share: Fraction) -> Fraction:
        if share <= 0:
            msg = 'a share above 0 is expected, such as "2%"'
            raise ValueError(msg)
        return share


MOST_OF_A_HOUSE = Fraction(9, 10)


class Majority(Part):
    """``[rule.majority]``: whoever has a majority gets so many seats, and at most so many of the house."""

    of: Annotated[
        Literal["valid", "admitted", "seats"], one_of(("valid", "admitted", "seats"), "kind of majority")
    ] = Field(
        default="valid",
        description="of what a list has more than half: valid votes, those of the lists that are admitted, "
        "or seats",
    )
    seat: Annotated[Literal["moved", "added"], one_of(("moved", "added"), "way to a majority")] = Field(
        description="moved: from the list that won one with the smallest remainder or quotient; added: the "
        "house grows"
    )
    to: Share | None = Field(
        default=None, description="share of the house that it then has at least; not given: more than half"
    )
    at_most: Share | None = Field(
        default=None,
        description="share of the house that no list has more than: the house grows, and the others divide "
        "the seats added in proportion to theirs",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="after")
    def _consistent(self) -> Majority:
        if self.of == "seats" and self.to is None and self.at_most is None:
            msg = 'of = "seats" needs to or at_most: a list with more than half of the seats has them'
            raise ValueError(msg)
        for key in ("to", "at_most"):
            share = getattr(self, key)
            if share is not None and not Fraction(1, 2) < share <= MOST_OF_A_HOUSE:
                msg = f"{key} lies above 1/2 and not above {MOST_OF_A_HOUSE}"
                raise ValueError(msg)
        if self.at_most is not None and (self.at_most < (self.to or 0) or self.seat == "moved"):
            msg = 'at_most goes with seat = "added", and is not below to'
            raise ValueError(msg)
        return self


class Cap(Part):
    """The most seats that a list may get; what exceeds a cap goes to the others by the same method."""

    seats: SomeSeats | None = Field(default=None, description="seats that no list may exceed")
    share_factor: Exact | None = Field(
        default=None,
        description="seats <= floor(factor x share of the votes for lists x house), less direct seats",
    )
    share_plus: Share | None = Field(
        default=None,
        description="added to that share: seats <= floor((factor x share + plus) x house), less direct seats",
    )
    share_of: Annotated[Literal["lists", "admitted"], one_of(("lists", "admitted"), "votes of a share")] = (
        Field(
            default="lists",
            description="the votes that the share is of: for all lists, or for those admitted",
        )
    )
    house: SomeSeats | None = Field(
        default=None, description="share_factor, share_plus: the number of seats that the share is of"
    )
    excess: Annotated[Literal["divided", "left-over"], one_of(("divided", "left-over"), "use of excess")] = (
        Field(
            default="divided",
            description="what exceeds a cap is divided anew among the others, or, by a quota method, left "
            "over: it goes as the other seats left over do",
        )
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="after")
    def _consistent(self) -> Cap:
        if self.by_share != (self.house is not None):
            msg = "share_factor or share_plus, and house go together"
            raise ValueError(msg)
        if self.seats is None and not self.by_share:
            msg = "a cap needs seats, or share_factor or share_plus and house"
            raise ValueError(msg)
        if self.share_factor is not None and self.share_factor <= 0:
            msg = "share_factor must be above 0, such as 1.25"
            raise ValueError(msg)
        return self

    @property
    def by_share(self) -> bool:
        """Whether the cap depends on the share of the list."""
        return self.share_factor is not None or self.share_plus is not None

    @property
    def factor(self) -> Fraction:
        """What the share is multiplied by."""
        return Fraction(1) if self.share_factor is None else self.share_factor


MODES = ("keep", "redistribute", "return", "start", "level", "apart", "part")
Mode = Literal["keep", "redistribute", "return", "start", "level", "apart", "part"]


class Levelling(Part):
    """How seats already held (direct_seats, min_seats, the district tier) meet the national share."""

    mode: Annotated[Mode, one_of(MODES, "levelling mode")] | None = Field(
        default=None,
        description="keep (the larger of the two, the house grows), redistribute (lists above their share "
        "are set aside), return (they give back the district seats beyond it), start (divisors begin after "
        "the seats held), level (the house grows until every share covers them), apart (the other seats are "
        "divided nationally whatever is held), part (each list gets a part of what its share of the whole "
        "house is above the seats held; the rule's seats are those handed out besides)",
    )
    method: Method | None = Field(
        default=None, description="method of the national share; default: of the allocation"
    )
    start_seats: SomeSeats | None = Field(
        default=None, description="level: the size from which the house grows"
    )
    part: Share | None = Field(
        default=None, description="part: how much of what its share is above the seats held, such as 1/2"
    )
    house: SomeSeats | None = Field(
        default=None, description="part: the whole house that the share is of, constituencies included"
    )
    parity: Annotated[Literal["odd", "even"], one_of(("odd", "even"), "parity of a house")] | None = Field(
        default=None,
        description="level: the house has an odd or an even number of seats, one more if need be",
    )
    unbalanced: Seats = Field(
        default=0,
        description="level: so many constituencies won beyond a list's share, of all lists together, stay "
        "without other lists growing for them",
    )
    deduct_unadmitted: Flag = Field(
        default=False, description="seats held by lists that are not admitted are kept and taken off the pool"
    )
    placing: tuple[Placing, ...] = Field(
        default=(), description="steps that bring the levelling seats of each list to regions and districts"
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="after")
    def _consistent(self) -> Levelling:
        if self.mode is None and not self.deduct_unadmitted:
            msg = f"levelling needs a mode ({', '.join(MODES)}) or deduct_unadmitted = true"
            raise ValueError(msg)
        if self.mode is None and self.method is not None:
            msg = "levelling.method needs a mode"
            raise ValueError(msg)
        if self.start_seats is not None and self.mode != "level":
            msg = 'start_seats belongs to mode = "level"'
            raise ValueError(msg)
        if (self.mode == "part") != (self.part is not None) or (self.part is None) != (self.house is None):
            msg = 'mode = "part" goes with part, such as "1/2", and house'
            raise ValueError(msg)
        if self.parity is not None and self.mode != "level":
            msg = 'parity belongs to mode = "level", in which the house grows'
            raise ValueError(msg)
        if self.parity is not None and self.unbalanced:
            msg = "parity and unbalanced do not go together"
            raise ValueError(msg)
        if self.unbalanced and self.mode != "level":
            msg = 'unbalanced belongs to mode = "level", where the house grows for what lists hold'
            raise ValueError(msg)
        family = METHODS.get(self.method or "")
        parameter = family.parameter if isinstance(family, DivisorFamily) else ""
        if parameter:
            msg = f'write method = "{self.method}" and its {parameter} under rule.allocation instead'
            raise ValueError(msg)
        return self


DIRECT = ("plurality", "mean", "start")
TOTALS = ("smallest-remainders", "own-votes", "biproportional")
STRONGEST = ("all", "single-member")


class Districts(Allocation):
    """The constituency tier: seats are divided in each district by its own votes."""

    seats: Annotated[
        Literal["given", "by-votes", "by-population"],
        one_of(("given", "by-votes", "by-population"), "way to give districts their seats"),
    ] = Field(
        default="given",
        description="seats of a district: given in the table, by-votes (Hare quota, largest remainder, on "
        "the votes cast in each) or by-population (Sainte-Laguë)",
    )
    threshold: Flag = Field(
        default=True,
        description="false: every list takes part in the districts, the threshold guards levelling only",
    )
    local_threshold: LocalThreshold | None = Field(
        default=None, description="a level in each district or region, on the votes cast there"
    )
    bonus: Bonus | None = Field(
        default=None, description="seats of each district for its first list, before the others are divided"
    )
    leftover: Annotated[str, one_of((*METHODS, LEVELLED), "use of seats left over")] | None = Field(
        default=None,
        description="districts give whole quotas alone, and the seats left over are divided nationally: by "
        "this method on the summed remainders, such as dhondt, or with all others by the levelling "
        "(levelled)",
    )
    quota_in: Annotated[Literal["district", "region"], one_of(("district", "region"), "place of a quota")] = (
        Field(
            default="district",
            description="leftover: whose votes and seats make the quota: of each district, or of its region, "
            "where whole quotas of a list that its districts do not give are given in the region",
        )
    )
    direct: Annotated[Literal["plurality", "mean", "start"], one_of(DIRECT, "use of direct seats")] | None = (
        Field(
            default=None,
            description="plurality: a list holds at least the direct seats of the table in each district; "
            "mean: at least these, or the mean of them and its share there, rounded up, and in all no fewer "
            "than its shares; start: it holds them besides, and its divisors begin after them",
        )
    )
    seatless: Annotated[
        Literal["national", "shared"], one_of(("national", "shared"), "use of votes without a district seat")
    ] = Field(
        default="national",
        description="votes of districts with 0 seats (abroad): national (they count nationally only) or "
        "shared (also added to each list in the districts, in proportion to the valid votes there)",
    )
    national_totals: (
        Annotated[
            Literal["smallest-remainders", "own-votes", "biproportional"],
            one_of(TOTALS, "way to meet national totals"),
        ]
        | None
    ) = Field(
        default=None,
        description="rule.allocation gives each list its seats nationally and the districts only place them: "
        "smallest-remainders (seats given by remainder pass from lists above their total to lists below it), "
        "own-votes (each list divides its own among the districts, by its votes there) or biproportional "
        "(divisors of districts and of lists meet both sums)",
    )
    voters: Flag = Field(
        default=False,
        description="biproportional: nationally a list counts with its votes in each district by the seats "
        "there, rounded (voters with as many votes as seats)",
    )
    strongest_list: (
        Annotated[Literal["all", "single-member"], one_of(STRONGEST, "kind of district")] | None
    ) = Field(
        default=None,
        description="biproportional: the list with most votes in a district has a seat there at least, in "
        "all districts or in those of one seat (single-member); not where more lists have as many votes as "
        "there are seats, and of a list with fewer seats than such districts where its share is largest",
    )
    start_seats: SomeSeats | None = Field(
        default=None, description="seats that the districts divide, where they are not all seats of the rule"
    )
    table: FileText | None = Field(
        default=None,
        description="csv of votes by district (district, party, votes, seats, population, direct)",
    )

    @model_validator(mode="before")
    @classmethod
    def _scrutinies_by_one_name(cls, data: Any) -> Any:
        """Files of 0.3.0 and cases call Czechia's two scrutinies by one name, with rounded quotas."""
        if not isinstance(data, Mapping) or data.get("leftover") != "national-remainders":
            return data
        method = data.get("method")
        rounded = method if f"{method}-rounded" not in METHODS else f"{method}-rounded"
        return {**data, "method": rounded, "leftover": "hagenbach-bischoff-rounded"}

    @model_validator(mode="after")
    def _district_consistent(self) -> Districts:
        if self.leftover is not None and not self.by_quota:
            msg = f"leftover needs a quota method such as hare, but {self.method} leaves no seat over"
            raise ValueError(msg)
        family = METHODS.get(self.leftover or "")
        if isinstance(family, DivisorFamily):
            msg = f"leftover takes no parameters: {self.leftover} needs {family.parameter}"
            raise ValueError(msg)
        if self.leftover is None and self.remainder == "rounded":
            msg = 'remainder = "rounded" leaves seats over: say by leftover what becomes of them'
            raise ValueError(msg)
        if self.leftover is not None and self.remainder not in ("largest", "rounded"):
            msg = "with leftover, seats left over go nationally: leave out remainder"
            raise ValueError(msg)
        for problem in _of_districts(self):
            raise ValueError(problem)
        if self.start_seats is not None and self.seats == "given":
            msg = 'start_seats needs seats = "by-votes" or "by-population"; given seats are in the table'
            raise ValueError(msg)
        return self


def _of_districts(districts: Districts) -> Iterable[str]:
    """What the keys of the constituency tier say against each other."""
    local = districts.local_threshold
    if local is not None and local.waives_national and not districts.threshold:
        yield "local_threshold.waives_national has nothing to waive where districts.threshold = false"
    if districts.leftover is not None and (districts.bonus or districts.direct == "start"):
        yield "leftover does not go with a bonus in the districts or divisors that begin after direct seats"
    if districts.quota_in == "region" and (
        districts.leftover != LEVELLED or districts.remainder != "largest"
    ):
        yield f'quota_in = "region" needs leftover = "{LEVELLED}", which divides what quotas leave'
    if districts.direct == "start" and districts.by_quota:
        yield f'direct = "start" needs a divisor method, but {districts.method} is a quota method'
    for key in ("voters", "strongest_list"):
        if getattr(districts, key) and districts.national_totals != "biproportional":
            yield f'{key} belongs to national_totals = "biproportional"'
    if districts.national_totals is None:
        return
    if districts.national_totals == "biproportional":
        yield from _of_double_proportion(districts)
    smallest = districts.national_totals == "smallest-remainders"
    if smallest and (not districts.by_quota or districts.remainder != "largest"):
        yield "national_totals moves seats given by largest remainders: it needs a quota method such as hare"
    if districts.leftover or districts.bonus or districts.direct:
        yield "national_totals goes without leftover, bonus and direct"


def _of_double_proportion(districts: Districts) -> Iterable[str]:
    if districts.by_quota:
        yield f'national_totals = "biproportional" needs a divisor method, but {districts.method} is none'
    elif divisors_of(districts).divisor(1) == 0:
        yield (
            f'national_totals = "biproportional" needs divisors above 0, and the first of {districts.method} '
            "is 0"
        )
    if districts.seats != "given":
        yield 'national_totals = "biproportional" needs seats = "given", those of the table of districts'


class Rule(Part):
    """How votes become seats, as the law says it."""

    seats: Seats = Field(description="seats that the rule hands out")
    law: Text = Field(default="", description="the law and article that the rule follows")
    source: Text = Field(
        default="", description="where the text of the law or an official account of it is found"
    )
    ties: Annotated[TieRule, BeforeValidator(parse_ties)] = Field(
        default=("votes", "lot"),
        description="who goes first among equal claims, step by step: votes (more), fewest-votes, no-seat (a "
        "list without a seat), precincts (more of them won, which no table has), registration (the order of "
        "[[parties]]), list-number (the smaller parties.list_number), lot; such as "
        '["votes", "lot"], or "lot" alone',
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

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self

    @property
    def constituencies(self) -> Districts:
        """The constituency tier of a rule that has one."""
        assert self.districts is not None
        return self.districts

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


def _contradictions(rule: Rule) -> Iterable[str]:
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
