"""``[geography]``: where votes were cast last time, and how that carries over to this election's districts.

The districts themselves, with their seats, are those of ``rule.districts.table``; which list continues which
is said by ``continues`` of each party, where it stands by ``stands_in``.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from forecast.election.exact_numbers import Exact, Share, Swing, parse_exact
from forecast.election.texts import FileText, Label, Text, not_too_many, parse_filled, parse_texts
from forecast.election.vocabulary import Part, Positive, one_of

SWINGS = ("model", "proportional", "additive", "logit")
EVERYWHERE = "everywhere"
LEAST_SCALE, MOST_SCALE = Fraction(1, 10), Fraction(10)
"""Factors on the errors of districts that may be meant; Turkey and Croatia need 2."""


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

    @model_validator(mode="after")
    def _says_one_thing(self) -> RegionalSwing:
        if bool(self.region) == bool(self.district):
            msg = "a swing is that of one place: name a region or a district"
            raise ValueError(msg)
        if sum(value is not None for value in (self.points, self.factor, self.share)) != 1:
            msg = 'a swing has exactly one of points ("+2%"), factor (1.1) and share ("30%")'
            raise ValueError(msg)
        if self.factor is not None and self.factor < 0:
            msg = "a factor is 0 at least"
            raise ValueError(msg)
        return self

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
    swing: Annotated[Literal["model", "proportional", "additive", "logit"], one_of(SWINGS, "swing")] = Field(
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
        if isinstance(value, list | tuple):
            return value
        msg = "write a table [[geography.swings]] for each of them"
        raise ValueError(msg)

    @model_validator(mode="after")
    def _consistent(self) -> Geography:
        if self.borders is not None and self.last_result is None:
            msg = "borders are those of the last result: name it (last_result)"
            raise ValueError(msg)
        places = [(swing.party, swing.place) for swing in self.swings]
        for party, place in places:
            if places.count((party, place)) > 1:
                msg = f"'{party}' moves twice in {place}; keep one"
                raise ValueError(msg)
        return self
