"""Every allocation method: its name, its exact divisors or quota, and the law or paper behind it; and all
other words of a rule with theirs (``catalogue.toml``), for ``forecast methods`` and the docs.

A new divisor method is one entry of ``METHODS``; rules, the exact count and the tests find it there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import ceil, floor


@dataclass(frozen=True)
class DivisorMethod:
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


@dataclass(frozen=True)
class QuotaMethod:
    """One seat for every whole quota of votes, the rest by ``rule.allocation.remainder``.

    ``quota(votes, seats)`` is the price of a seat; votes are a ``Fraction`` where a rule weighs them.
    """

    name: str
    title: str
    source: str
    quota: Callable[[Fraction, int], Fraction]


@dataclass(frozen=True)
class DivisorFamily:
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


@dataclass(frozen=True)
class Known:
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
