"""``[[tiers]]`` and ``[[groups]]``: members of the chamber beside those of the lists, and who they may be.

The list tier is the rule's own (``rule.seats``). A tier beside it has seats of its own: single-member
districts, appointed members, seats of minorities. Who wins them is given in one of these ways: seats that are
held whoever votes (``held``), the last votes in the districts (``votes``), or a stated belief (``belief``) of
how they fall at the centre of the draws; chances of districts may stand in a table (CSV) that the file names.

Where the last votes are given, what a candidate gets in a district follows from the national votes for the
lists: by the ratio of a party's votes for candidates to those for its list (``split``), then by the pattern
of the last votes in the districts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from forecast.door.sheets import Line, read_sheet
from forecast.election.settings import Heritage, Where
from forecast.election.values import (
    Colour,
    Count,
    Exact,
    FileName,
    FileText,
    Id,
    Label,
    Name,
    Names,
    OneOf,
    Part,
    Seats,
    Share,
    Text,
    Texts,
    parse_count,
    parse_exact,
    parse_filled,
    parse_positive,
    parse_share,
    percent,
)
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

Cast = Literal["candidates", "lists"]
SAME = "same"
SPLIT_ERROR = Fraction("0.15")
"""Standard deviation of the log of a party's ratio of votes for candidates to those for its list, from one
election to the next, at a quarter of the votes: over 9 pairs of Germany, New Zealand, Hungary and Lithuania.
"""
CANDIDATE_ERROR = Fraction("0.085")
"""Standard deviation of the log of a candidate's share at a fifth of the votes, besides the errors of
districts: fitted to who won in Germany, New Zealand and Scotland. Where persons, pacts and independents
decide 0.4 (Lithuania) and more (Nepal).
"""
CANDIDATE_ERROR_OF_LISTS = Fraction("0.33")
"""The same where only votes for lists are known by district: how far a party's candidates were from its list
on the same day, in New Zealand and Lithuania; 0.13 to 0.16 in Germany.
"""
TRANSFER_ERROR = Fraction("0.8")
"""Standard deviation of the log odds by which the voters of those who are out choose between the two of a
second round: a belief, for want of data.
"""
MOST_ERROR, MOST_SPLIT = 3, 20


def parse_split(value: Any) -> dict[str, Fraction] | str:
    """Ratios by party, such as ``{ cdu = 1.08 }``; or ``same``."""
    if isinstance(value, str) and value.strip() == SAME:
        return SAME
    if not isinstance(value, Mapping):
        msg = (
            "the ratio of votes for candidates to those for the list is expected by party, such as { cdu = "
            "1.08 }; "
            'or "same" where polls ask for the votes that are cast in the districts'
        )
        raise ValueError(msg)
    found: dict[str, Fraction] = {}
    for name, ratio in value.items():
        number = parse_exact(ratio)
        if not 0 <= number <= MOST_SPLIT:
            msg = f"{name}: a ratio lies between 0 (no candidates) and {MOST_SPLIT}; 1 is as many as its list"
            raise ValueError(msg)
        found[str(name)] = number
    return found


def parse_transfers(value: Any) -> dict[str, dict[str, Fraction]]:
    """Shares of the voters of one party by the party whose candidate they would choose in a second round."""
    if not isinstance(value, Mapping) or not all(isinstance(here, Mapping) for here in value.values()):
        msg = 'transfers are expected by party, such as { greens = { labour = "60%", union = "20%" } }'
        raise ValueError(msg)
    return {
        str(name): {str(to): parse_share(share) for to, share in here.items()} for name, here in value.items()
    }


def parse_error_sd(value: Any) -> Fraction:
    """A standard deviation on logs."""
    number = parse_exact(value)
    if not 0 <= number <= MOST_ERROR:
        msg = f"a standard deviation on logs lies between 0 and {MOST_ERROR}"
        raise ValueError(msg)
    return number


def parse_rounds(value: Any) -> int:
    """1 or 2."""
    number = parse_positive(value)
    if number > 2:
        msg = "the seat goes to the first (1), or to the winner of a second round between two (2)"
        raise ValueError(msg)
    return number


def _parse_by_party(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    msg = "a table by party is expected, such as { maori = [...] }"
    raise ValueError(msg)


ErrorSd = Annotated[Exact, BeforeValidator(parse_error_sd)]
Split = Annotated[dict[str, Exact] | Literal["same"], BeforeValidator(parse_split)]
Transfers = Annotated[dict[str, dict[str, Share]], BeforeValidator(parse_transfers)]


class DistrictVotes(Part):
    """``[tiers.votes]``: the last votes in the districts of a tier, and how they carry over."""

    last: FileText = Field(
        description="csv of the last votes in the districts of the tier (district, party, votes; region, "
        "electorate, valid_votes where known)"
    )
    cast: Annotated[Cast, OneOf("kind of votes")] = Field(
        default="candidates", description="what these votes were cast for: candidates, or lists"
    )
    lists: FileText | None = Field(
        default=None,
        description="csv of the votes for lists at that election (party, votes; by district or of the "
        "country), from which the split follows; default: geography.last_result",
    )
    split: Split | None = Field(
        default=None,
        description="votes for candidates over votes for the list, by party, where the tables do not say; or "
        '"same" '
        "where polls ask for the votes that are cast in the districts",
    )
    split_error: ErrorSd = Field(
        default=SPLIT_ERROR,
        description="standard deviation of the log of the split, at a quarter of the votes",
    )
    candidate_error: ErrorSd | None = Field(
        default=None,
        description="standard deviation of the log of a candidate's share at a fifth of the votes, besides "
        "the errors of districts; default 0.085, of votes for lists 0.33",
    )
    borders: FileText | None = Field(
        default=None,
        description="csv of districts whose borders moved (from, to, share), as geography.borders",
    )
    continues: Annotated[dict[str, Heritage], BeforeValidator(_parse_by_party)] = Field(
        default_factory=dict,
        description="by party or group, earlier candidates' parties that it continues in this tier, where "
        "these are not those of its list",
    )
    stands_in: Annotated[dict[str, Where], BeforeValidator(_parse_by_party)] = Field(
        default_factory=dict,
        description="by party or group, the districts or regions in which it has candidates, or "
        '"everywhere"; default: '
        "where it had some last time",
    )
    rounds: Annotated[int, BeforeValidator(parse_rounds)] = Field(
        default=1, description="1: most votes win; 2: where nobody has the majority, the first two meet again"
    )
    majority: Share = Field(
        default=Fraction(1, 2),
        description="share of the votes that must be exceeded in the first of two rounds",
    )
    transfers: Transfers = Field(
        default_factory=dict,
        description="of the voters of a party whose candidate is out, the shares that choose each of those "
        "that may meet again; those not named get half of what is left",
    )
    transfer_error: ErrorSd = Field(
        default=TRANSFER_ERROR,
        description="standard deviation of the log odds of that choice, half of its variance common to all "
        "districts",
    )

    @property
    def error_of_candidates(self) -> Fraction:
        """What is given, or the default of the kind of votes."""
        if self.candidate_error is not None:
            return self.candidate_error
        return CANDIDATE_ERROR if self.cast == "candidates" else CANDIDATE_ERROR_OF_LISTS

    @property
    def names(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Ids of parties and groups that it names, with the way to each."""
        if self.split is not None and self.split != SAME:
            yield from ((("split",), name) for name in self.split)
        for key in ("continues", "stands_in", "transfers"):
            yield from (((key,), name) for name in getattr(self, key))
        for name, here in self.transfers.items():
            yield from ((("transfers", name), to) for to in here)

    def _contradictions(self) -> Iterator[str]:
        if self.cast == "lists" and self.split is None:
            yield (
                "the last votes are those for lists: say how votes for candidates compare with them (split), "
                "such as "
                '{ cdu = 1.08 }, or split = "same"'
            )
        if self.cast == "lists" and self.lists is not None:
            yield "the last votes are those for lists already (cast): leave the other table out (lists)"
        if self.rounds == 1 and self.transfers:
            yield "transfers are those of a second round: write rounds = 2"


TierKind = Literal["single-member", "appointed", "minorities", "by-elections"]
Meeting = Literal["apart", "levelled", "covered", "compensated"]
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

    def _contradictions(self) -> Iterator[str]:
        if not 0 <= self.slope <= MOST_SLOPE:
            yield f"slope lies between 0 (the tier does not follow the vote) and {MOST_SLOPE}; 1.9 is usual"
        if not 0 <= self.spread <= MOST_SPREAD:
            yield f"spread is a standard deviation on log odds between 0 and {MOST_SPREAD}; 0.88 is usual"
        if any(self.seats.values()) == bool(self.chances):
            yield "a belief has seats, such as { amanat = 22, independents = 7 }, or chances by district"

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
    kind: Annotated[TierKind, OneOf("kind of tier")] = Field(
        default="single-member", description="single-member, appointed, minorities or by-elections"
    )
    how: Annotated[Meeting, OneOf("way in which tiers meet")] = Field(
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

    def _contradictions(self) -> Iterator[str]:
        yield from _of_the_seats(self) if self.seats else ()


def _of_the_seats(tier: ChamberTier) -> Iterator[str]:
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
