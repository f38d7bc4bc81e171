"""How seats are divided among the lists that take part: every method, and ``[rule.allocation]`` with what
stands around it (alliances, a bonus, guaranteed seats, majorities, caps).

A method has its name, its exact divisors or quota, and the law or paper behind it. A new divisor method is
one entry of ``METHODS``; rules, the exact count and the tests find it there. All other words of a rule stand
with their laws in ``catalogue.toml``, for ``forecast methods`` and the docs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import ceil, floor
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from forecast.election.values import Exact, Label, OneOf, Part, Seats, Share, SomeSeats, Text


class DivisorMethod(NamedTuple):
    """Seats one by one to the highest votes / divisor.

    ``divisor(n)`` is the divisor of the n-th seat (n from 1) raised to the power ``degree``, so that
    divisors with roots stay exact: votes ** degree / divisor(n) stands in the same order as the quotients
    do. A divisor of 0 is an infinite quotient: every list gets a first seat before any gets a second.
    """

    name: str
    title: str
    source: str
    divisor: Callable[[int], Fraction]
    degree: int = 1


class QuotaMethod(NamedTuple):
    """One seat for every whole quota of votes, the rest by ``rule.allocation.remainder``.

    ``quota(votes, seats)`` is the price of a seat; votes are a ``Fraction`` where a rule weighs them.
    """

    name: str
    title: str
    source: str
    quota: Callable[[Fraction, int], Fraction]


class DivisorFamily(NamedTuple):
    """Divisors that need a value from the election file, ``rule.allocation.<parameter>``."""

    name: str
    title: str
    source: str
    parameter: str


def power_divisors(power: Fraction) -> DivisorMethod:
    """Divisors n ** power: 0.9 is Estonia's. Compared as votes ** b / n ** a for a power of a/b."""
    top, bottom = power.numerator, power.denominator
    family = METHODS["power"]
    return DivisorMethod(
        "power", f"divisors n^{float(power):g}", family.source, lambda n: Fraction(n) ** top, bottom
    )


def sequence_divisors(divisors: Sequence[Fraction], *, by_ratio: bool = False) -> DivisorMethod:
    """The divisors of the file; beyond its end they go on by the last step (1.4, 3, 5 goes on 7, 9, ...) or
    ratio (1, 2, 4 goes on 8, 16, ..., Macau).
    """
    given = tuple(divisors)
    step, ratio = given[-1] - given[-2], given[-1] / given[-2] if by_ratio else Fraction(1)
    family = METHODS["sequence"]

    def divisor(n: int) -> Fraction:
        beyond = n - len(given)
        if beyond <= 0:
            return given[n - 1]
        return given[-1] * ratio**beyond if by_ratio else given[-1] + step * beyond

    return DivisorMethod(
        "sequence", "divisors " + ", ".join(f"{float(d):g}" for d in given), family.source, divisor
    )


def half_up(number: Fraction) -> Fraction:
    """The nearest whole number, halves up, as laws round a quota; a quota is at least one vote."""
    return Fraction(max(floor(number + Fraction(1, 2)), 1))


def _first(first: Fraction, n: int) -> Fraction:
    return first if n == 1 else Fraction(2 * n - 1)


_ENTRIES: tuple[DivisorMethod | QuotaMethod | DivisorFamily, ...] = (
    DivisorMethod(
        "dhondt",
        "D'Hondt (Jefferson): 1, 2, 3, ...",
        "V. D'Hondt (1878); Spain, LOREG art. 163; Poland, Election Code art. 232; Israel (Bader-Ofer)",
        lambda n: Fraction(n),
    ),
    DivisorMethod(
        "sainte-lague",
        "Sainte-Laguë (Webster): 1, 3, 5, ...",
        "A. Sainte-Laguë (1910); Germany, BWahlG § 5; New Zealand, Electoral Act 1993 s 191; Latvia",
        lambda n: Fraction(2 * n - 1),
    ),
    DivisorMethod(
        "sainte-lague-1.4",
        "modified Sainte-Laguë: 1.4, 3, 5, ...",
        "Norway, valgloven § 11-4; Sweden until 2017",
        lambda n: _first(Fraction(7, 5), n),
    ),
    DivisorMethod(
        "sainte-lague-1.2",
        "modified Sainte-Laguë: 1.2, 3, 5, ...",
        "Sweden, vallagen (2005:837) 14 kap. 3 §, since 2018",
        lambda n: _first(Fraction(6, 5), n),
    ),
    DivisorMethod(
        "danish",
        "Danish method: 1, 4, 7, ...",
        "Denmark, folketingsvalgloven, additional seats inside a province",
        lambda n: Fraction(3 * n - 2),
    ),
    DivisorMethod(
        "adams",
        "Adams (smallest divisors): 0, 1, 2, ...",
        "J. Q. Adams (1832); Japan, seats of the prefectures under the law of 2016",
        lambda n: Fraction(n - 1),
    ),
    DivisorMethod(
        "huntington-hill",
        "Huntington-Hill: square roots of 0, 2, 6, 12, ...",
        "E. V. Huntington (1921); United States, 2 U.S.C. § 2a",
        lambda n: Fraction(n * (n - 1)),
        degree=2,
    ),
    DivisorMethod(
        "imperiali-divisors",
        "Imperiali divisors: 1, 1.5, 2, ...",
        "Belgium, municipal elections, loi électorale communale of 1932",
        lambda n: Fraction(n + 1, 2),
    ),
    DivisorFamily(
        "power",
        "divisors n^p, p given as rule.allocation.power",
        "Estonia, Riigikogu valimise seadus § 62: p = 0.9",
        "power",
    ),
    DivisorFamily(
        "sequence",
        "divisors given as rule.allocation.divisors",
        "the election file, which names its law",
        "divisors",
    ),
    QuotaMethod(
        "hare",
        "Hare quota: V / S",
        "T. Hare (1859); Kazakhstan, Constitutional Law on Elections art. 97-1; Lithuania; Ukraine",
        lambda votes, seats: votes / seats,
    ),
    QuotaMethod(
        "hare-rounded-up",
        "Hare quota rounded up: ceiling of V / S",
        "Sri Lanka, Constitution art. 99 (6)",
        lambda votes, seats: Fraction(ceil(votes / seats)),
    ),
    QuotaMethod(
        "hare-rounded-down",
        "Hare quota rounded down: whole part of V / S",
        "Romania, law 208/2015 art. 94 (coeficient electoral)",
        lambda votes, seats: Fraction(max(floor(votes / seats), 1)),
    ),
    QuotaMethod(
        "droop",
        "Droop quota: floor(V / (S + 1)) + 1",
        "H. R. Droop (1881); South Africa, Electoral Act 1998 schedule 1A",
        lambda votes, seats: Fraction(floor(votes / (seats + 1)) + 1),
    ),
    QuotaMethod(
        "hagenbach-bischoff",
        "Hagenbach-Bischoff quota: V / (S + 1)",
        "E. Hagenbach-Bischoff (1888)",
        lambda votes, seats: votes / (seats + 1),
    ),
    QuotaMethod(
        "hagenbach-bischoff-rounded",
        "Hagenbach-Bischoff quota rounded half up",
        "Slovakia, law 180/2014 §§ 63-68 (republikové volebné číslo)",
        lambda votes, seats: half_up(votes / (seats + 1)),
    ),
    QuotaMethod(
        "imperiali",
        "Imperiali quota: V / (S + 2)",
        "Italy 1956-1993",
        lambda votes, seats: votes / (seats + 2),
    ),
    QuotaMethod(
        "imperiali-rounded",
        "Imperiali quota rounded half up",
        "Czechia, law 247/1995 § 50 as amended in 2021 (krajské volební číslo)",
        lambda votes, seats: half_up(votes / (seats + 2)),
    ),
)
METHODS: dict[str, DivisorMethod | QuotaMethod | DivisorFamily] = {entry.name: entry for entry in _ENTRIES}


def is_quota_method(name: str) -> bool:
    """Whether a method of the registry works by a quota and remainders."""
    return isinstance(METHODS[name], QuotaMethod)


class Known(NamedTuple):
    """A word of the rule: where it is written, what it means, and who wrote it into law."""

    name: str
    meaning: str
    source: str
    kind: str = ""


@cache
def everything() -> dict[str, tuple[Known, ...]]:
    """All words by heading, in the order in which a rule uses them: those of ``catalogue.toml``, and every
    allocation method of the registry after the waivers.
    """
    text = files("forecast.election").joinpath("catalogue.toml").read_text(encoding="utf-8")
    words = {
        heading: tuple(Known(name, *said) for name, said in known.items())
        for heading, known in tomllib.loads(text).items()
    }
    methods = tuple(
        Known(
            entry.name,
            entry.title,
            entry.source,
            "divisor" if isinstance(entry, DivisorMethod | DivisorFamily) else "quota",
        )
        for entry in METHODS.values()
    )
    first = ("bases", "waivers")
    return {name: words.pop(name) for name in first} | {"methods": methods} | words


Method = Annotated[str, OneOf("method", tuple(METHODS))]
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
    OneOf("remainder rule"),
]
QuotaOf = Annotated[Literal["admitted", "valid"], OneOf("electorate of a quota")]
GoesOn = Annotated[Literal["step", "ratio"], OneOf("way to go on")]


class Allocation(Part):
    """How the seats are divided among the admitted lists."""

    _leaves_seats_over: ClassVar[bool] = False
    """Whether it is of districts, whose seats left over may go elsewhere (leftover)."""

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
        default=None, description='method "sequence": the divisors in order'
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
        if value is None or isinstance(value, (list, tuple)):
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

    def _contradictions(self) -> Iterator[str]:
        if not is_quota_method(self.method):
            for key in ("remainder", "remainder_seats", "remainder_from", "quota_of"):
                if getattr(self, key) is not None:
                    yield (
                        f"{key} belongs to quota methods, but {self.method} is a divisor method: leave it out"
                    )
        if self.divisors_go_on is not None and self.method != "sequence":
            yield f'divisors_go_on belongs to method "sequence", not to {self.method}'
        for key, method in (("divisors", "sequence"), ("power", "power")):
            if self.method == method and getattr(self, key) is None:
                yield f'method "{method}" needs {key}'
            if self.method != method and getattr(self, key) is not None:
                yield f'{key} belongs to method "{method}", not to {self.method}'
        if self.remainder == "rounded" and (self.remainder_from is None or not self._leaves_seats_over):
            yield 'remainder = "rounded" belongs to [rule.districts] with leftover, and needs remainder_from'
        if (self.remainder == "largest-then-average") != (self.remainder_seats is not None):
            yield 'remainder = "largest-then-average" and remainder_seats go together'

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

    type: Annotated[Literal["fixed", "graded", "at-least"], OneOf("type of bonus")] = Field(
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
    others: Annotated[Literal["alliances", "lists"], OneOf("way of the others")] = Field(
        default="alliances",
        description="at-least: whether the others divide the rest as alliances, or as lists each for itself",
    )
    winner: Label | None = Field(
        default=None,
        description="at-least: the alliance, or the list without one, that won a second round and so gets "
        "the seats; not given: the one with most votes",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    def _contradictions(self) -> Iterator[str]:
        graded = {"from": self.from_, "base": self.base, "step": self.step, "max": self.max}
        if self.type != "at-least" and (self.others != "alliances" or self.winner is not None):
            yield 'others and winner belong to the type "at-least"'
        if self.type in ("fixed", "at-least"):
            if self.seats is None:
                yield f"a {self.type} bonus needs seats"
            if self.type == "at-least":
                del graded["from"]
            extra = [key for key, value in graded.items() if value is not None]
            if extra:
                yield f"a {self.type} bonus has seats alone: leave out {', '.join(extra)}"
            return
        missing = [key for key, value in graded.items() if value is None]
        if missing or self.seats is not None:
            yield "a graded bonus needs from, base, step and max" + (
                f": {', '.join(missing)} missing" if missing else ", and no seats"
            )
        if self.step == 0 or (self.base or 0) > (self.max or 0):
            yield "a graded bonus has a step above 0 and a base not above max"


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

    of: Annotated[Literal["valid", "admitted", "seats"], OneOf("kind of majority")] = Field(
        default="valid",
        description="of what a list has more than half: valid votes, those of the lists that are admitted, "
        "or seats",
    )
    seat: Annotated[Literal["moved", "added"], OneOf("way to a majority")] = Field(
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

    def _contradictions(self) -> Iterator[str]:
        if self.of == "seats" and self.to is None and self.at_most is None:
            yield 'of = "seats" needs to or at_most: a list with more than half of the seats has them'
        for key in ("to", "at_most"):
            share = getattr(self, key)
            if share is not None and not Fraction(1, 2) < share <= MOST_OF_A_HOUSE:
                yield f"{key} lies above 1/2 and not above {MOST_OF_A_HOUSE}"
        if self.at_most is not None and (self.at_most < (self.to or 0) or self.seat == "moved"):
            yield 'at_most goes with seat = "added", and is not below to'


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
    share_of: Annotated[Literal["lists", "admitted"], OneOf("votes of a share")] = Field(
        default="lists", description="the votes that the share is of: for all lists, or for those admitted"
    )
    house: SomeSeats | None = Field(
        default=None, description="share_factor, share_plus: the number of seats that the share is of"
    )
    excess: Annotated[Literal["divided", "left-over"], OneOf("use of excess")] = Field(
        default="divided",
        description="what exceeds a cap is divided anew among the others, or, by a quota method, left "
        "over: it goes as the other seats left over do",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    def _contradictions(self) -> Iterator[str]:
        if self.by_share != (self.house is not None):
            yield "share_factor or share_plus, and house go together"
        if self.seats is None and not self.by_share:
            yield "a cap needs seats, or share_factor or share_plus and house"
        if self.share_factor is not None and self.share_factor <= 0:
            yield "share_factor must be above 0, such as 1.25"

    @property
    def by_share(self) -> bool:
        """Whether the cap depends on the share of the list."""
        return self.share_factor is not None or self.share_plus is not None

    @property
    def factor(self) -> Fraction:
        """What the share is multiplied by."""
        return Fraction(1) if self.share_factor is None else self.share_factor
