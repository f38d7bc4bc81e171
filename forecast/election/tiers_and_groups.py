"""``[[tiers]]`` and ``[[groups]]``: members of the chamber beside those of the lists, and who they may be.

The list tier is the rule's own (``rule.seats``). A tier beside it has seats of its own: single-member
districts, appointed members, seats of minorities. Who wins them is given in one of these ways: seats that are
held whoever votes (``held``), the last votes in the districts (``votes``), or a stated belief (``belief``) of
how they fall at the centre of the draws; chances of districts may stand in a table (CSV) that the file names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.door.sheets import Line, read_sheet
from forecast.election.district_votes import DistrictVotes
from forecast.election.exact_numbers import Exact, Share, parse_share, percent
from forecast.election.texts import Colour, FileName, Id, Label, Name, Names, Text, Texts, parse_filled
from forecast.election.vocabulary import Count, Part, Seats, one_of, parse_count
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

TierKind = Literal["single-member", "appointed", "minorities", "by-elections"]
TIER_KINDS: tuple[TierKind, ...] = ("single-member", "appointed", "minorities", "by-elections")
Meeting = Literal["apart", "levelled", "covered", "compensated"]
MEETINGS: tuple[Meeting, ...] = ("apart", "levelled", "covered", "compensated")

SLOPE = Fraction("1.9")
"""Change of the log odds of a party's share of single-member seats with those of its share of the vote: over
22 pairs of elections of parties in plurality tiers of competitive countries, with a standard error of 0.65.
"""
SPREAD = Fraction("0.88")
"""Standard deviation of the log odds that this leaves unexplained, with a standard error of 0.13."""
MOST_SLOPE, MOST_SPREAD = 10, 5
ROUNDING = Fraction(1, 1000)
"""Chances of a district may add up to so much more or less than 1."""


def parse_seats_by_holder(value: Any) -> dict[str, int]:
    """Seats by id of the party or group: ``{ amanat = 22, independents = 7 }``."""
    if not isinstance(value, Mapping):
        msg = "seats by party or group are expected, such as { amanat = 22, independents = 7 }"
        raise ValueError(msg)
    return {str(name): parse_count(seats) for name, seats in value.items()}


def parse_chances(value: Any) -> dict[str, dict[str, Fraction]]:
    """Chances by district and holder, which add up to 1 in each: ``{ Epsom = { act = "90%", ... } }``."""
    if not isinstance(value, Mapping):
        msg = "chances by district are expected, in a csv with the columns district, party, chance"
        raise ValueError(msg)
    found: dict[str, dict[str, Fraction]] = {}
    for district, here in value.items():
        if not isinstance(here, Mapping):
            msg = f'{district}: chances by party are expected, such as {{ act = "90%", national = "10%" }}'
            raise ValueError(msg)
        chances = {str(name): parse_share(chance) for name, chance in here.items()}
        total = sum(chances.values())
        if abs(total - 1) > ROUNDING:
            msg = f"{district}: the chances add up to {percent(Fraction(total))}, not to 100%"
            raise ValueError(msg)
        found[parse_filled(district)] = {name: chance / total for name, chance in chances.items() if chance}
    return found


SeatsByHolder = Annotated[dict[str, Count], BeforeValidator(parse_seats_by_holder)]


Chances = Annotated[dict[str, dict[str, Exact]], BeforeValidator(parse_chances)]


class Group(Part):
    """``[[groups]]``: members of the chamber who stand on no list and whom no poll names: independents."""

    id: Id = Field(description="short name in tables: a-z, 0-9 and hyphens; that of no party")
    name: Name = Field(description="name that readers see")
    names: Names = Field(default_factory=dict, description="names by language")
    short: Label = Field(default="", description="short name for charts; default: the name")
    aliases: Texts = Field(default=(), description="names under which a table of votes has its candidates")
    colour: Colour | None = Field(default=None, description='colour in charts, such as "#8C8C8C"')


class Belief(Part):
    """``[tiers.belief]``: nothing but a belief of how the districts of a tier fall.

    A district falls to a holder with the chance that ``seats`` gives it at the centre; the log odds of the
    party that it ``follows`` move by ``slope`` with those of its share of the national vote, and by an error
    common to all districts with the standard deviation ``spread``; the others divide what it leaves.
    """

    seats: SeatsByHolder = Field(
        default_factory=dict,
        description="seats by party and group where shares are as at the centre; all seats of the tier",
    )
    chances: Chances = Field(
        default_factory=dict,
        description="or the chances of each district by party and group: a csv (district, party, chance)",
    )
    slope: Exact = Field(
        default=SLOPE, description="change of the log odds of a district with those of the national share"
    )
    spread: Exact = Field(
        default=SPREAD, description="standard deviation of the common error of a party, on log odds"
    )
    follows: Texts = Field(
        default=(),
        description="parties whose seats move with their votes; default: of seats the one with most, of "
        "chances all",
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
        if any(self.seats.values()) == bool(self.chances):
            msg = "a belief has seats, such as { amanat = 22, independents = 7 }, or chances by district"
            raise ValueError(msg)
        return self

    @property
    def holders(self) -> tuple[str, ...]:
        """Ids of the parties and groups that are believed to win any district, in their order."""
        named = [name for here in self.chances.values() for name in here]
        return tuple(dict.fromkeys([*(name for name, seats in self.seats.items() if seats), *named]))

    @property
    def likeliest(self) -> dict[str, int]:
        """Seats by party and group where each district falls to whom it is believed to fall most likely."""
        if not self.chances:
            return self.seats
        won = [max(here, key=lambda name: here[name]) for here in self.chances.values()]
        return dict(Counter(won))


class ChamberTier(Part):
    """``[[tiers]]``: seats of the chamber beside those of the lists, and how they meet."""

    id: Id = Field(description="short name in tables: a-z, 0-9 and hyphens")
    name: Name = Field(description='name that readers see, such as "single-member districts"')
    seats: Seats = Field(description="seats of the tier; 0 leaves it out, for what if")
    kind: Annotated[TierKind, one_of(TIER_KINDS, "kind of tier")] = Field(
        default="single-member", description="single-member, appointed, minorities or by-elections"
    )
    how: Annotated[Meeting, one_of(MEETINGS, "way in which tiers meet")] = Field(
        default="apart",
        description="how the tier meets the lists: apart, each counted by itself; levelled: its winners hold "
        "seats of the rule, which sets them against their lists' share (rule.levelling, "
        "rule.districts.direct); covered: its winners are seated as far as the seats of their list in their "
        "region cover them, those with the largest shares first; compensated: apart, and votes for losers, "
        "and for winners beyond what they needed, count for their lists",
    )
    held: SeatsByHolder = Field(
        default_factory=dict, description="seats by party and group that are held whoever votes"
    )
    votes: DistrictVotes | None = Field(
        default=None, description="the last votes in its districts, from which a forecast draws the next"
    )
    belief: Belief | None = Field(default=None, description="a belief of how the other seats fall")
    table: FileName | None = Field(
        default=None,
        description="votes of candidates by district (csv: district, party, votes), for `forecast count`: "
        "most votes win",
    )
    official: SeatsByHolder = Field(
        default_factory=dict, description="the official result, which `forecast count` adds to the lists'"
    )
    law: Text = Field(default="", description="law behind the tier")
    source: Text = Field(default="", description="where the official result comes from")

    @property
    def holders(self) -> frozenset[str]:
        """Ids of the parties and groups that it names."""
        return frozenset((*self.held, *(self.belief.holders if self.belief is not None else ())))

    @property
    def in_the_rule(self) -> bool:
        """Whether its winners hold seats of the rule, none beside them."""
        return self.how in ("levelled", "covered")

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
    elif tier.belief is None and tier.votes is None and held < tier.seats and tier.table is None:
        yield (
            f"nothing says who wins {tier.seats - held} of its {tier.seats} seats: write [tiers.votes] with "
            "the last votes, [tiers.belief] with seats, held, or for a count a table"
        )
    elif tier.belief is not None and tier.votes is not None:
        yield "its districts follow the last votes (votes) or a belief; keep one of the two"
    elif tier.belief is not None:
        chances = tier.belief.chances
        believed = len(chances) or sum(tier.belief.seats.values())
        if chances and believed != tier.seats - held:
            yield f"belief.chances has {believed} districts, not the {tier.seats - held} that are open"
        elif believed != tier.seats - held:
            yield f"belief.seats adds up to {believed}, not to the {tier.seats - held} seats that are open"
    if tier.how == "covered" and tier.votes is None and tier.table is None:
        yield "covered: which winners sit hangs on their shares; name the last votes there (votes.last)"
    if tier.how == "compensated" and tier.table is None and tier.votes is None:
        yield "compensated: the votes for candidates count for the lists; name them (table, or votes.last)"
    if tier.how == "compensated" and tier.votes is not None and tier.votes.rounds > 1:
        yield "compensated: most votes win in one round; leave out votes.rounds"
    official = sum(tier.official.values())
    if tier.official and official != tier.seats:
        yield f"official adds up to {official}, not to the {tier.seats} seats of the tier"


COLUMNS = ("district", "party", "chance")
_REMARKS = ("name", "note", "source")
"""Columns that say something to a reader."""


def read_chances(data: dict[str, Any], folder: Path) -> list[Fault]:
    """Put the tables that ``tiers.belief.chances`` names, relative to ``folder``, into their place; what is
    wrong with them.
    """
    faults: list[Fault] = []
    tiers = data.get("tiers")
    for tier in tiers if isinstance(tiers, list) else ():
        belief = tier.get("belief") if isinstance(tier, dict) else None
        named = belief.get("chances") if isinstance(belief, dict) else None
        if isinstance(belief, dict) and isinstance(named, str) and named.strip():
            try:
                belief["chances"] = _table(folder / named.strip())
            except ConfigurationError as error:
                faults += error.faults
    return faults


def _table(path: Path) -> dict[str, dict[str, str]]:
    sheet = read_sheet(path, refusal=ConfigurationError)
    faults = [*sheet.faults, *_heading(sheet.place, sheet.heading)]
    if faults:
        raise ConfigurationError(*faults)
    at = [sheet.heading.index(name) for name in COLUMNS]
    found: dict[str, dict[str, str]] = {}
    for line in sheet.lines:
        district, party, chance = (line.cells[k].strip() for k in at)
        wrong = list(_row(sheet.place, line, (district, party, chance), found))
        faults += wrong
        if not wrong:
            found.setdefault(district, {})[party] = chance
    if faults:
        raise ConfigurationError(*faults)
    return found


def _heading(place: str, heading: tuple[str, ...]) -> Iterator[Fault]:
    for name in COLUMNS:
        if name not in heading:
            yield Fault(place, "row 1", ABSENT, f"the column {name} is missing; needed: {', '.join(COLUMNS)}")
    for name in heading:
        if name and name not in (*COLUMNS, *_REMARKS):
            remedy = f"no such column; {suggest(name, (*COLUMNS, *_REMARKS))}"
            yield Fault(place, "row 1", name, remedy)


def _row(
    place: str, line: Line, cells: tuple[str, str, str], found: dict[str, dict[str, str]]
) -> Iterator[Fault]:
    for name, cell in zip(COLUMNS, cells, strict=True):
        if not cell:
            yield Fault(place, f"row {line.number}, column {name}", ABSENT, "every row needs one")
    district, party, chance = cells
    if party in found.get(district, {}):
        yield Fault(
            place, f"row {line.number}", party, f"'{party}' has a chance in {district} already; keep one"
        )
    if chance:
        try:
            parse_share(chance)
        except ValueError as error:
            yield Fault(place, f"row {line.number}, column chance", chance, str(error))
