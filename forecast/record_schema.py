"""What ``forecast run --json`` prints, as a schema that other programs can hold it to (docs/json.md)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from forecast.record import SCHEMA

Share = Annotated[float, Field(ge=0, le=1)]
Error = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Chance(_Part):
    """A probability and its Monte Carlo standard error."""

    probability: Share | None
    mc_error: Error | None


class Shares(_Part):
    """Share of the valid votes."""

    mean: Share | None = None
    median: Share | None
    quantiles: dict[str, Share | None] | None


class Seats(_Part):
    """Numbers of seats with their probabilities."""

    median: float | None
    quantiles: dict[str, float | None] | None
    mean: float | None = None
    mean_mc_error: Error | None = None
    distribution: dict[str, Share] | None = None


class Places(_Part):
    """Probability of each place by number of seats, by the number of the place."""

    probability: dict[str, Share | None]
    mc_error: dict[str, Error | None]


class Party(_Part):
    """One option on the ballot."""

    id: str
    name: str
    short: str
    colour: str
    kind: str
    share: Shares
    passes: Chance
    seats: Seats
    seats_if_it_enters: Seats | None = None
    representative_seats: float | None = None
    largest: Chance | None = None
    places: Places | None = None


class Coalition(_Part):
    """Parties whose joint majority the election file asks for."""

    id: str
    name: str
    parties: list[str]
    majority: Chance
    seats: Seats


class Event(_Part):
    """An event of the election file."""

    id: str
    name: str
    probability: Share | None
    mc_error: Error | None
    condition_draws: int


class KeptDraws(_Part):
    """Draws that were asked for (``--save-draws``), a row a draw and a column a party, or a holder of seats
    of the whole chamber.
    """

    parties: list[str]
    share: list[list[Share]]
    seats: list[list[int]]
    holders: list[str] | None = None
    chamber_seats: list[list[int]] | None = None


class Run(BaseModel):
    """A forecast of one rule and day. Keys may be added to it."""

    model_config = ConfigDict(strict=True, title=SCHEMA)

    json_schema: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    election: str
    draws: int
    seed: int
    as_of: str
    sampler: str
    house: int
    parties: list[Party]
    coalitions: list[Coalition]
    events: list[Event]
    void: Chance
    night: dict[str, Any] | None = None
    chamber: dict[str, Any] | None = None
    districts: list[dict[str, Any]] | None = None
    last_seat: dict[str, Any] | None = None
    track_record: dict[str, Any]
    warnings: list[str]
    kept_draws: KeptDraws | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12)."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA}
    return head | Run.model_json_schema(by_alias=True)
