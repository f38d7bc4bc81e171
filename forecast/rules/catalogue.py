"""What a rule can say, each with the law or paper behind it, for ``forecast methods`` and the docs."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.election.methods import METHODS, DivisorFamily, DivisorMethod


@dataclass(frozen=True)
class Known:
    """A word of the rule: where it is written, what it means, and who wrote it into law."""

    name: str
    meaning: str
    source: str
    kind: str = ""


BASES: tuple[Known, ...] = (
    Known(
        "valid",
        "votes for lists and against all",
        "Kazakhstan, practice of the Central Election Commission; Germany, BWahlG § 4; Sweden",
    ),
    Known("lists", "votes for lists alone", "Slovakia, law 180/2014 §§ 63-68; Bulgaria, Election Code"),
    Known(
        "cast",
        "all ballots cast, invalid ones too",
        "Lithuania, Seimas election law of 1992 art. 89; Serbia, law of 2022; Russia, law 20-FZ of 2014",
    ),
    Known("registered", "all registered voters", "Kyrgyzstan, elections of 2010"),
)

WAIVERS: tuple[Known, ...] = (
    Known(
        "by_members",
        "higher levels for coalitions by number of members",
        "Slovakia, law 180/2014 §§ 63-68; Czechia, law 247/1995",
    ),
    Known(
        "by_kind",
        "levels by kind of list; 0 exempts",
        "Poland, Election Code art. 196, 197; Germany, BWahlG § 4 (minorities); Serbia, law of 2022",
    ),
    Known(
        "or_direct_seats",
        "so many constituencies won admit as well",
        "New Zealand, Electoral Act 1993 s 191 (1); Germany, BWahlG § 4, BVerfG of 30 July 2024 (3)",
    ),
    Known(
        "or_regional_share",
        "a share in one region admits as well",
        "Germany 1990, BVerfG of 29 September 1990",
    ),
    Known(
        "or_district_share",
        "a share of the votes of one district, or of several (share_in_districts), admits as well",
        "Zurich, GPR § 102: 5 % in a Wahlkreis; Romania, law 208/2015 art. 94 (2): 20 % in four",
    ),
    Known(
        "or_district_seats",
        "so many seats won in the districts admit to the levelling seats",
        "Denmark, folketingsvalgloven § 77: one; Austria, NRWO § 100: a basic mandate",
    ),
    Known(
        "or_regions_at_quota",
        "the votes of an average district seat in so many regions admit to the levelling seats",
        "Denmark, folketingsvalgloven § 77: two of three landsdele",
    ),
    Known(
        "alliances",
        "levels of alliances, and of the lists in them",
        "Turkey, law 2839 art. 33 (an alliance passes together); Italy, law 165/2017 art. 83: 10, 1 and 3 %",
    ),
    Known(
        "min_lists",
        "at least so many lists take part",
        "Kazakhstan since 2009, Constitutional Law on Elections art. 97-1",
    ),
    Known(
        "min_joint_share",
        "the lists that take part hold at least this share",
        "Lithuania, Seimas election law art. 89: 60 %",
    ),
    Known(
        "runner_up_factor",
        "correction of the quotient of a list let in by these two",
        "Kazakhstan, Constitutional Law on Elections art. 97-1 as of 2009: 0.7",
    ),
    Known("nobody", "what happens when no list reaches its level", "the election file: few laws say"),
)

REMAINDERS: tuple[Known, ...] = (
    Known(
        "largest",
        "one each to the largest remainders",
        "A. Hamilton (1792); Kazakhstan, Constitutional Law on Elections art. 97-1",
    ),
    Known("largest-lists", "one each to the lists with most votes", "Moldova 2010"),
    Known(
        "largest-then-average",
        "at most remainder_seats by remainder, the rest by votes per seat held",
        "South Africa, Electoral Act 1998 schedule 1A item 6",
    ),
    Known(
        "highest-average",
        "one after the other to the highest votes / (seats + 1)",
        "Netherlands, Kieswet art. P 7 (19 seats and more); Brazil, Código Eleitoral art. 109; Switzerland, "
        "BPR art. 41",
    ),
    Known(
        "largest-then-highest-average",
        "one each by remainder, then one each by votes / (seats + 1), of lists without remainder_from too",
        "Netherlands, Kieswet art. P 8 (councils under 19 seats, with remainder_from = 75%)",
    ),
    Known(
        "without-quota",
        "one each by votes to lists without a whole quota, then to the others",
        "Philippines, Supreme Court, BANAT v. COMELEC, G.R. 179271 (2009)",
    ),
    Known(
        "rounded",
        "in districts that leave seats over: a remainder of remainder_from of a quota counts as a whole one",
        "Estonia, Riigikogu valimise seadus § 62 (3): 75 %",
    ),
)

TIES: tuple[Known, ...] = (
    Known("votes", "more votes go first", "Spain, LOREG art. 163; Norway, valgloven § 11-4"),
    Known("fewest-votes", "fewer votes go first", "Portugal, law 14/79 art. 16 d"),
    Known("no-seat", "a list without a seat goes first", "the election file, which names its law"),
    Known("precincts", "more precincts won, which no table of votes has", "Poland, Election Code art. 233"),
    Known(
        "registration",
        "the order of [[parties]]",
        "Kazakhstan, Constitutional Law on Elections art. 97-1",
    ),
    Known(
        "list-number",
        "the smaller number of the list on the ballot; a lot in draws",
        "Lithuania, Electoral Code of 2022 art. 170 (5)",
    ),
    Known(
        "lot",
        "a lot among all that are equal still: provisional in a count, drawn in draws",
        "Germany, Wahlordnung BetrVG § 15 (2): works councils; Netherlands, Kieswet art. P 9",
    ),
)

BONUSES: tuple[Known, ...] = (
    Known("fixed", "so many seats before the others are divided", "Greece, law 3636/2008: 50 seats"),
    Known("graded", "seats that grow with the share", "Greece, law 4804/2021"),
    Known(
        "at-least",
        "the largest list or alliance has so many seats at least, and the others divide the rest",
        "Italy, law 270/2005 art. 1: 340 of 617 seats; San Marino: 35 of 60, to the winner of a second round",
    ),
)

MAJORITIES: tuple[Known, ...] = (
    Known("moved", "a seat passes from the list that won the last one", "Netherlands, Kieswet art. P 9"),
    Known(
        "added",
        "seats are added until there is one, or a larger share, and for the others until it is not too large",
        "Germany, BWahlG § 4 (4) of 2023; Armenia, Electoral Code of 2016 arts. 95 and 96: 54 % and 2/3",
    ),
)

LEVELLING: tuple[Known, ...] = (
    Known(
        "keep", "the larger of share and seats held; the house grows", "New Zealand, Electoral Act 1993 s 192"
    ),
    Known(
        "redistribute",
        "lists above their share are set aside",
        "Sweden, vallagen 14 kap.; Norway, valgloven § 11-6",
    ),
    Known(
        "return",
        "lists give back district seats beyond their share, at the lowest quotients",
        "Sweden, vallagen (2005:837) 14 kap. since 2018 (återföring)",
    ),
    Known("start", "the divisors begin after the seats held", "Scotland Act 1998 s 8; Iceland, election law"),
    Known(
        "level",
        "the house grows until every share covers the seats held",
        "Germany, BWahlG § 6 as amended on 3 May 2013; since 14 November 2020 all but three (unbalanced)",
    ),
    Known(
        "apart",
        "the other seats are divided nationally, whatever is held",
        "Sri Lanka, Constitution art. 99A: 29 seats of the national list",
    ),
    Known(
        "part",
        "each list gets a part of what its share of the whole house is above the seats held",
        "South Korea, Public Official Election Act art. 189 (2): half",
    ),
)

PLACING: tuple[Known, ...] = (
    Known(
        "votes",
        "votes in the place / divisor",
        "Sweden, vallagen 14 kap.; Denmark, folketingsvalgloven §§ 78-79",
    ),
    Known("share", "the share of the valid votes of the place / divisor", "Iceland, law 24/2000 art. 108"),
    Known(
        "quotas",
        "votes / (valid votes per fixed seat of the place) / divisor",
        "Norway, valgloven § 11-7",
    ),
)


def methods() -> tuple[Known, ...]:
    """Every allocation method of the registry."""
    return tuple(
        Known(
            entry.name,
            entry.title,
            entry.source,
            "divisor" if isinstance(entry, DivisorMethod | DivisorFamily) else "quota",
        )
        for entry in METHODS.values()
    )


def everything() -> dict[str, tuple[Known, ...]]:
    """All words by heading, in the order in which a rule uses them."""
    return {
        "bases": BASES,
        "waivers": WAIVERS,
        "methods": methods(),
        "remainders": REMAINDERS,
        "bonuses": BONUSES,
        "majorities": MAJORITIES,
        "levelling": LEVELLING,
        "placing": PLACING,
        "ties": TIES,
    }
