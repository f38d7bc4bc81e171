"""``[[rule.levelling.placing]]``: in which region and district the levelling seats of each list are taken.

A list of steps, each of which brings the seats of every list one level down: from the nation to regions, from
regions to their districts, or from the nation to districts at once. One form for Norway, Sweden, Iceland and
Denmark, which differ in what is compared, in whose turn it is and in how many seats a place takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.election.methods import METHODS, DivisorFamily, is_quota_method
from forecast.election.texts import Text
from forecast.election.vocabulary import Part, one_of, parse_seats
from forecast.errors import ConfigurationError, Fault, suggest

Where = Literal["region", "district"]
Compare = Literal["votes", "share", "quotas"]
Order = Literal["quotients", "national"]


def _parse_capacity(value: Any) -> Any:
    """``"table"``, one number for every place, or a number for each by its name."""
    if value is None or value == "table":
        return value
    if isinstance(value, Mapping):
        return {str(place): parse_seats(seats) for place, seats in value.items()}
    try:
        return parse_seats(value)
    except ValueError:
        msg = 'write "table" (the column levelling), a number, or {north = 10, south = 14} by region'
        raise ValueError(msg) from None


class Placing(Part):
    """One step: the seats of each list go to places by votes there / divisor.

    The divisors of a list in a place go on after the seats that it holds there, fixed ones and those placed.
    """

    where: Annotated[Where, one_of(("region", "district"), "kind of place")] = Field(
        description="region (column region of the district table) or district"
    )
    method: Annotated[str, one_of(METHODS, "method")] = Field(
        description="divisor method; its divisors begin after the seats that the list holds in the place"
    )
    compare: Annotated[Compare, one_of(("votes", "share", "quotas"), "thing to compare")] = Field(
        default="votes",
        description="what is divided: votes in the place, their share of its valid votes, or quotas (votes / "
        "(valid votes / fixed seats of the place))",
    )
    order: Annotated[Order, one_of(("quotients", "national"), "order of placing")] = Field(
        default="quotients",
        description="quotients: the highest quotient of all lists and places goes first; national: lists go "
        "in the order in which they won their levelling seats, each to its highest quotient",
    )
    capacity: Annotated[int | Literal["table"] | dict[str, int] | None, BeforeValidator(_parse_capacity)] = (
        Field(
            default=None,
            description='levelling seats that a place takes: a number, "table" (column levelling of the '
            "district table), or by name such as {north = 10, south = 14}; not given: no limit",
        )
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    @model_validator(mode="after")
    def _consistent(self) -> Placing:
        if is_quota_method(self.method) or isinstance(METHODS[self.method], DivisorFamily):
            msg = f"placing compares quotients: a divisor method without parameters, not {self.method}"
            raise ValueError(msg)
        if self.capacity == "table" and self.where == "region":
            msg = "the column levelling is of districts: write the capacity of regions as {north = 10, ...}"
            raise ValueError(msg)
        return self

    def rooms(self, places: Mapping[str, int | None], of: str) -> dict[str, int | None]:
        """Levelling seats that each of the ``places`` takes, by the column levelling of each; ``None``: any.

        Raises ``ConfigurationError``, with faults of the place ``of``: a capacity for a place that is not in
        the table, or a place without one, is a slip.
        """
        capacity = self.capacity
        if capacity == "table":
            return dict(places)
        if not isinstance(capacity, Mapping):
            return dict.fromkeys(places, capacity)
        known = f"no such {self.where} in the table of districts"
        lacks = f"this {self.where} of the table has no capacity; write 0 where it takes none"
        slips = {name: f"{known}; {suggest(name, places)}" for name in capacity if name not in places}
        slips |= {name: lacks for name in places if name not in capacity}
        if slips:
            key = "rule.levelling.placing.capacity"
            raise ConfigurationError(*(Fault(of, key, name, said) for name, said in slips.items()))
        return dict(capacity)


def placing_problems(steps: Sequence[Placing], *, by_quota: bool) -> Iterator[str]:
    """What the steps say against each other, and against the division of the levelling seats."""
    places = [step.where for step in steps]
    if places and (places[-1] != "district" or len(set(places)) < len(places)):
        yield 'placing ends in districts: one step where = "district", before it at most one where = "region"'
    if any(step.order == "national" for step in steps[1:]):
        yield 'order = "national" belongs to the first step of placing'
    if by_quota and any(step.order == "national" for step in steps):
        yield 'order = "national" needs levelling seats by a divisor method: a quota method has no order'
