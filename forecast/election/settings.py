"""``[polls]`` and ``[geography]``: how tables that somebody else keeps are to be read, polls and the last
votes by district, and how these carry over to this election's districts.

The districts themselves, with their seats, are those of ``rule.districts.table``; which list continues which
is said by ``continues`` of each party, where it stands by ``stands_in``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from forecast.election.values import (
    Exact,
    FileText,
    Label,
    OneOf,
    Part,
    PartyIds,
    Positive,
    Share,
    SomeSeats,
    Swing,
    Text,
    Texts,
    not_too_many,
    parse_exact,
    parse_filled,
    parse_texts,
    whole_between,
)

EVERYWHERE = "everywhere"
LEAST_SCALE, MOST_SCALE = Fraction(1, 10), Fraction(10)
"""Factors on the errors of districts that may be meant; Turkey and Croatia need 2."""
CONSTANTS = ("pollster", "published", "start", "end", "sample_size", "kind", "scope", "source")
"""Facts of a poll that one value may give for a whole table."""
_SEPARATORS = {"tab": "\t", "\t": "\t", ",": ",", ";": ";", "|": "|"}


def parse_columns(value: Any) -> tuple[str, ...]:
    """The name of a column, or of several that make one value together."""
    if isinstance(value, str):
        return (parse_filled(value),)
    return parse_texts(value)


def parse_values(value: Any) -> tuple[str, ...]:
    """A value of a cell, or several of which a row may have any; numbers and days as they are written."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return parse_texts([item if isinstance(item, str) else str(item) for item in values])


def _parse_separator(value: Any) -> str:
    if isinstance(value, str) and value in _SEPARATORS:
        return _SEPARATORS[value]
    msg = 'what separates cells is "," or ";" or "tab" or "|"'
    raise ValueError(msg)


def _parse_constants(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        msg = 'facts of all polls are expected, such as { pollster = "Insa" }'
        raise ValueError(msg)
    wrong = [name for name in value if name not in CONSTANTS]
    if wrong:
        msg = f"'{wrong[0]}' is no fact of a poll; known: {', '.join(CONSTANTS)}"
        raise ValueError(msg)
    return {name: parse_filled(text if isinstance(text, str) else str(text)) for name, text in value.items()}


Columns = Annotated[tuple[str, ...], BeforeValidator(parse_columns)]
Values = Annotated[tuple[str, ...], BeforeValidator(parse_values)]
Separator = Annotated[Literal["\t", ",", ";", "|"], BeforeValidator(_parse_separator)]


class PollSettings(Part):
    """``[polls]``: which column is which, and what the table itself does not say.

    Everything has a default that is found out from the table; ``forecast polls FILE`` shows what was.
    """

    format: (
        Annotated[
            Literal["table", "dawum", "eopaod", "ropf", "swedish-polls", "wikipedia"],
            OneOf("format of polls"),
        ]
        | None
    ) = Field(default=None, description="a known collection; default: found out")
    table: Values = Field(
        default=(), description="of a page or a spreadsheet: the tables that are meant, by number or name"
    )
    separator: Separator | None = Field(default=None, description='"," or ";" or "tab" or "|"')
    encoding: Text = Field(default="", description='encoding of the file, such as "cp1250"')
    pollster: Columns = Field(default=(), description="column of the pollster")
    pollster_until: Annotated[str, BeforeValidator(str)] = Field(
        default="", description='the pollster is the part of its cell before this, such as " / "'
    )
    start: Columns = Field(default=(), description="column of the first day of fieldwork, or its parts")
    end: Columns = Field(
        default=(), description='column of the last day of fieldwork, or ["year", "month", "day"]'
    )
    published: Columns = Field(default=(), description="column of the day of publication, or its parts")
    sample_size: Columns = Field(default=(), description="column of the number of respondents")
    sample: Columns = Field(default=(), description="column that says who was asked: likely voters, adults")
    kind: Columns = Field(default=(), description="column of the kind of poll")
    scope: Columns = Field(default=(), description="column of the part of the country")
    region: Columns = Field(default=(), description="column of the region, of polls of one region")
    district: Columns = Field(default=(), description="column of the district, of polls of one district")
    source: Columns = Field(default=(), description="column of the source")
    poll_id: Columns = Field(default=(), description="column that tells which rows are one poll")
    party: Columns = Field(default=(), description="column of the party, in tables of a row a party")
    share: Columns = Field(default=(), description="column of the share, in tables of a row a party")
    constant: Annotated[dict[str, str], BeforeValidator(_parse_constants)] = Field(
        default_factory=dict, description='facts that no column gives, such as { pollster = "Insa" }'
    )
    rows: dict[str, Values] = Field(
        default_factory=dict, description='only rows with these cells count, such as { land = "sn" }'
    )
    parties: dict[str, PartyIds] = Field(
        default_factory=dict,
        description='whom columns mean: { "SD" = "sd" }, and several together: { "B+C" = ["b", "c"] }',
    )
    ignore: Texts = Field(default=(), description="columns that are passed over")
    unlisted: Annotated[Literal["refuse", "other"], OneOf("way with unlisted parties")] | None = Field(
        default=None, description="parties that are not listed: refuse, or count them under other"
    )
    undecided: Annotated[Literal["inside", "beside"], OneOf("place of the undecided")] | None = Field(
        default=None, description="undecided stand inside the 100 percent, or beside them"
    )
    against_all: (
        Annotated[Literal["inside", "beside", "not-asked"], OneOf("place of votes against all")] | None
    ) = Field(
        default=None, description="votes against all stand inside the 100 percent, beside, or not-asked"
    )
    unit: Annotated[Literal["percent", "fraction", "seats"], OneOf("unit")] | None = Field(
        default=None, description="what the numbers are: percent, fraction or seats"
    )
    house: SomeSeats | None = Field(default=None, description="seats in all, where the numbers are seats")
    dates: Annotated[Literal["day-first", "month-first"], OneOf("order of dates")] | None = Field(
        default=None, description="what 3/4/2024 means: day-first or month-first"
    )
    language: Text = Field(default="", description='language of the names of months, such as "hr"')
    year: Annotated[int, whole_between(1900, 2200)] | None = Field(
        default=None, description="year of days that are written without one"
    )
    faults: Annotated[Literal["refuse", "pass-over"], OneOf("way with faulty rows")] | None = Field(
        default=None, description="rows that cannot be: refuse the table, or pass them over and name them"
    )

    def _contradictions(self) -> Iterator[str]:
        if self.house is not None and self.unit != "seats":
            yield 'a house is needed for polls in seats only; write unit = "seats" too'
        if bool(self.party) != bool(self.share):
            yield "party and share go together: a table with a row a poll and party has both columns"
        both = [name for name in self.constant if getattr(self, name, ())]
        if both:
            yield f"{both[0]} is given by a column and by a constant; keep one of them"


def parse_scale(value: Any) -> Fraction:
    """A factor on errors."""
    scale = parse_exact(value)
    if not LEAST_SCALE <= scale <= MOST_SCALE:
        msg = "a factor on the errors of districts lies between 0.1 and 10; 1 is an ordinary country"
        raise ValueError(msg)
    return scale


def parse_where(value: Any) -> tuple[str, ...] | None:
    """Names of districts or regions; ``("everywhere",)`` for the word ``everywhere``."""
    if value is None:
        return None
    if isinstance(value, str):
        name = parse_filled(value)
        return (EVERYWHERE,) if name.casefold() == EVERYWHERE else (name,)
    names = parse_texts(value)
    if not names:
        msg = 'a list that stands nowhere is none; name districts or regions, or write "everywhere"'
        raise ValueError(msg)
    if EVERYWHERE in (name.casefold() for name in names) and len(names) > 1:
        msg = '"everywhere" stands alone'
        raise ValueError(msg)
    return parse_where(names[0]) if len(names) == 1 else names


def parse_heritage(value: Any) -> dict[str, Fraction] | None:
    """Shares of earlier lists by their names: ``{ "SPOLU 2017" = 1.0 }``; empty for a new list."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        msg = 'earlier lists are expected with the share of their votes, such as { "SPOLU 2017" = 1.0 }'
        raise ValueError(msg)
    found: dict[str, Fraction] = {}
    for name, share in value.items():
        number = parse_exact(share)
        if not 0 < number <= 1:
            msg = (
                f"the share of '{name}' lies above 0 and is 1 at most: 1.0 for a list that it continues alone"
            )
            raise ValueError(msg)
        found[parse_filled(name)] = number
    return found


Scale = Annotated[Fraction, BeforeValidator(parse_scale)]
Where = Annotated[tuple[str, ...] | None, BeforeValidator(parse_where)]
Heritage = Annotated[dict[str, Exact] | None, BeforeValidator(parse_heritage)]


class OwnHistory(Part):
    """``history = { pairs = 3, scale = 0.8 }``: how the errors of a country's earlier elections were."""

    pairs: Positive = Field(description="pairs of elections that follow each other")
    scale: Scale = Field(
        description="geometric mean of the size of their errors against those of the constants"
    )


def _parse_history(value: Any) -> Any:
    if isinstance(value, OwnHistory) or value in ("country", "none"):
        return value
    if isinstance(value, Mapping):
        return OwnHistory.model_validate(value)
    msg = 'write "country" (as shipped for it, where there is some), "none", or { pairs = 3, scale = 0.8 }'
    raise ValueError(msg)


class RegionalSwing(Part):
    """``[[geography.swings]]``: a list does better or worse in one part of the country, at the same total."""

    party: Text = Field(description="id of the party")
    region: Label = Field(default="", description="region in which it moves")
    district: Label = Field(default="", description="or the district")
    points: Swing | None = Field(default=None, description='change of its share there, such as "+2%"')
    factor: Exact | None = Field(default=None, description="or the factor on its share there, such as 1.1")
    share: Share | None = Field(default=None, description="or its share there")

    def _contradictions(self) -> Iterator[str]:
        if bool(self.region) == bool(self.district):
            yield "a swing is that of one place: name a region or a district"
        if sum(value is not None for value in (self.points, self.factor, self.share)) != 1:
            yield 'a swing has exactly one of points ("+2%"), factor (1.1) and share ("30%")'
        if self.factor is not None and self.factor < 0:
            yield "a factor is 0 at least"

    @property
    def place(self) -> str:
        """The region or district."""
        return self.region or self.district

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return "region" if self.region else "district"


class Geography(Part):
    """``[geography]``: the last result by district, and how it carries over."""

    last_result: FileText | None = Field(
        default=None,
        description="csv of the last result by district (district, list, votes; region, seats, electorate, "
        "valid_votes where known)",
    )
    borders: FileText | None = Field(
        default=None,
        description="csv of districts whose borders moved (from, to, share): which share of the votes of an "
        "old district was cast in which new one",
    )
    map: FileText | None = Field(
        default=None,
        description="GeoJSON with the outlines of the districts, by their id or name: the page draws a map",
    )
    swing: Annotated[Literal["model", "proportional", "additive", "logit"], OneOf("swing")] = Field(
        default="model",
        description="how districts follow the nation: model (lists that rise even out), proportional, "
        "additive (points) or logit (odds)",
    )
    error_scale: Scale = Field(
        default=Fraction(1),
        description="factor on the errors of districts, such as 2 where lists stand under other labels",
    )
    history: Annotated[Literal["country", "none"] | OwnHistory, BeforeValidator(_parse_history)] = Field(
        default="country",
        description='size of the errors at earlier elections: "country" (as shipped for the country, where '
        'there is some), "none", or { pairs = 3, scale = 0.8 }',
    )
    swings: Annotated[tuple[RegionalSwing, ...], not_too_many] = Field(
        default=(), description="lists that move in one part of the country only"
    )

    @field_validator("swings", mode="before")
    @classmethod
    def _a_list(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return value
        msg = "write a table [[geography.swings]] for each of them"
        raise ValueError(msg)

    def _contradictions(self) -> Iterator[str]:
        if self.borders is not None and self.last_result is None:
            yield "borders are those of the last result: name it (last_result)"
        places = [(swing.party, swing.place) for swing in self.swings]
        for party, place in places:
            if places.count((party, place)) > 1:
                yield f"'{party}' moves twice in {place}; keep one"
