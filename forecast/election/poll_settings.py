"""``[polls]``: how a poll table that somebody else keeps is to be read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.election.texts import PartyIds, Text, Texts, parse_filled, parse_texts, whole_between
from forecast.election.vocabulary import Part, SomeSeats, one_of

FORMATS = ("table", "dawum", "eopaod", "ropf", "swedish-polls", "wikipedia")
"""Collections that are known by name; ``table`` is any other."""
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
    values = value if isinstance(value, list | tuple) else [value]
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

    format: Annotated[
        Literal["table", "dawum", "eopaod", "ropf", "swedish-polls", "wikipedia"] | None,
        one_of(FORMATS, "format of polls"),
    ] = Field(default=None, description="a known collection; default: found out")
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
    unlisted: Annotated[
        Literal["refuse", "other"] | None, one_of(("refuse", "other"), "way with unlisted parties")
    ] = Field(default=None, description="parties that are not listed: refuse, or count them under other")
    undecided: Annotated[
        Literal["inside", "beside"] | None, one_of(("inside", "beside"), "place of the undecided")
    ] = Field(default=None, description="undecided stand inside the 100 percent, or beside them")
    against_all: Annotated[
        Literal["inside", "beside", "not-asked"] | None,
        one_of(("inside", "beside", "not-asked"), "place of votes against all"),
    ] = Field(
        default=None, description="votes against all stand inside the 100 percent, beside, or not-asked"
    )
    unit: Annotated[
        Literal["percent", "fraction", "seats"] | None, one_of(("percent", "fraction", "seats"), "unit")
    ] = Field(default=None, description="what the numbers are: percent, fraction or seats")
    house: SomeSeats | None = Field(default=None, description="seats in all, where the numbers are seats")
    dates: Annotated[
        Literal["day-first", "month-first"] | None, one_of(("day-first", "month-first"), "order of dates")
    ] = Field(default=None, description="what 3/4/2024 means: day-first or month-first")
    language: Text = Field(default="", description='language of the names of months, such as "hr"')
    year: Annotated[int, whole_between(1900, 2200)] | None = Field(
        default=None, description="year of days that are written without one"
    )
    faults: Annotated[
        Literal["refuse", "pass-over"] | None, one_of(("refuse", "pass-over"), "way with faulty rows")
    ] = Field(
        default=None, description="rows that cannot be: refuse the table, or pass them over and name them"
    )

    @model_validator(mode="after")
    def _consistent(self) -> PollSettings:
        if self.house is not None and self.unit != "seats":
            msg = 'a house is needed for polls in seats only; write unit = "seats" too'
            raise ValueError(msg)
        if bool(self.party) != bool(self.share):
            msg = "party and share go together: a table with a row a poll and party has both columns"
            raise ValueError(msg)
        both = [name for name in self.constant if getattr(self, name, ())]
        if both:
            msg = f"{both[0]} is given by a column and by a constant; keep one of them"
            raise ValueError(msg)
        return self
