"""``[rule.districts]`` and ``[rule.levelling]``: seats that are held in constituencies, and how they meet the
national shares.

``[[rule.levelling.placing]]`` says in which region and district the levelling seats of each list are taken: a
list of steps, each of which brings the seats of every list one level down, from the nation to regions, from
regions to their districts, or from the nation to districts at once. One form for Norway, Sweden, Iceland and
Denmark, which differ in what is compared, in whose turn it is and in how many seats a place takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from forecast.election.methods import (
    METHODS,
    Allocation,
    Bonus,
    DivisorFamily,
    Method,
    divisors_of,
    is_quota_method,
)
from forecast.election.values import (
    BaseName,
    EligibleKind,
    FileText,
    Flag,
    Level,
    OfVoters,
    OneOf,
    Part,
    Positive,
    Seats,
    Share,
    SomeSeats,
    Text,
    parse_seats,
)
from forecast.errors import ConfigurationError, Fault, suggest

LEVELLED = "levelled"
"""Seats left over in districts that the levelling divides."""
Mode = Literal["keep", "redistribute", "return", "start", "level", "apart", "part"]
Where = Literal["region", "district"]
Compare = Literal["votes", "share", "quotas"]
Order = Literal["quotients", "national"]


class LocalThreshold(Part):
    """``[rule.districts.local_threshold]``: a level in each district or region, on the votes cast there."""

    level: Level = Field(
        description='share of the base that a list needs in the place, or "quota" for 1 / its seats'
    )
    base: BaseName = Field(
        default="valid",
        description="what the level is a share of, in the place: valid, lists, cast or registered; the last "
        "two need the columns invalid_votes and registered of the district table",
    )
    strict: Flag = Field(
        default=False, description="true where the law says more than the level, not at least"
    )
    by_members: dict[Positive, Level] = Field(
        default_factory=dict, description="level of coalitions of at least so many parties"
    )
    by_kind: dict[EligibleKind, Level] = Field(
        default_factory=dict, description="level by kind of list; 0 exempts"
    )
    of: Annotated[Literal["district", "region"], OneOf("kind of place")] = Field(
        default="district", description="district, or region (column region of the district table)"
    )
    waives_national: Flag = Field(
        default=False,
        description="true: a list that reaches it takes part there whatever it has nationally; false: it "
        "needs both, or this one alone where districts.threshold = false",
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")


class Districts(Allocation):
    """The constituency tier: seats are divided in each district by its own votes."""

    _leaves_seats_over: ClassVar[bool] = True

    seats: Annotated[
        Literal["given", "by-votes", "by-population"], OneOf("way to give districts their seats")
    ] = Field(
        default="given",
        description="seats of a district: given in the table, by-votes (Hare quota, largest remainder, on "
        "the votes cast in each) or by-population (Sainte-Laguë)",
    )
    threshold: Flag = Field(
        default=True,
        description="false: every list takes part in the districts, the threshold guards levelling or what "
        "leftover divides only",
    )
    local_threshold: LocalThreshold | None = Field(
        default=None, description="a level in each district or region, on the votes cast there"
    )
    bonus: Bonus | None = Field(
        default=None, description="seats of each district for its first list, before the others are divided"
    )
    leftover: Annotated[str, OneOf("use of seats left over", (*METHODS, LEVELLED))] | None = Field(
        default=None,
        description="districts give whole quotas alone, and the seats left over are divided nationally: by "
        "this method on the summed remainders, such as dhondt, or with all others by the levelling "
        "(levelled)",
    )
    last_seats_from: Share | None = Field(
        default=None,
        description="leftover by a quota method: the share of the threshold's base that a list needs for the "
        "seats that whole quotas leave there, which go by remainder, one each and begun again, such as "
        "7.2%; where no list has it, none is needed",
    )
    quota_in: Annotated[Literal["district", "region"], OneOf("place of a quota")] = Field(
        default="district",
        description="leftover: whose votes and seats make the quota: of each district, or of its region, "
        "where whole quotas of a list that its districts do not give are given in the region",
    )
    direct: Annotated[Literal["plurality", "mean", "start"], OneOf("use of direct seats")] | None = Field(
        default=None,
        description="plurality: a list holds at least the direct seats of the table in each district; "
        "mean: at least these, or the mean of them and its share there, rounded up, and in all no fewer "
        "than its shares; start: it holds them besides, and its divisors begin after them",
    )
    seatless: Annotated[Literal["national", "shared"], OneOf("use of votes without a district seat")] = Field(
        default="national",
        description="votes of districts with 0 seats (abroad): national (they count nationally only) or "
        "shared (also added to each list in the districts, in proportion to the valid votes there)",
    )
    national_totals: (
        Annotated[
            Literal["smallest-remainders", "own-votes", "biproportional"],
            OneOf("way to meet national totals"),
        ]
        | None
    ) = Field(
        default=None,
        description="rule.allocation gives each list its seats nationally and the districts only place them: "
        "smallest-remainders (seats given by remainder pass from lists above their total to lists below it), "
        "own-votes (each list divides its own among the districts, by its votes there) or biproportional "
        "(divisors of districts and of lists meet both sums)",
    )
    voters: OfVoters = Field(
        default=False,
        description="biproportional: nationally a list counts with its votes in each district by the seats "
        "there (voters with as many votes as seats): true rounds them to whole voters in each, fractions "
        "does not",
    )
    strongest_list: Annotated[Literal["all", "single-member"], OneOf("kind of district")] | None = Field(
        default=None,
        description="biproportional: the list with most votes in a district has a seat there at least, in "
        "all districts or in those of one seat (single-member); not where more lists have as many votes as "
        "there are seats, and of a list with fewer seats than such districts where its share is largest",
    )
    start_seats: SomeSeats | None = Field(
        default=None, description="seats that the districts divide, where they are not all seats of the rule"
    )
    table: FileText | None = Field(
        default=None,
        description="csv of votes by district (district, party, votes, seats, population, direct)",
    )

    @model_validator(mode="before")
    @classmethod
    def _scrutinies_by_one_name(cls, data: Any) -> Any:
        """Files of 0.3.0 and cases call Czechia's two scrutinies by one name, with rounded quotas."""
        if not isinstance(data, Mapping) or data.get("leftover") != "national-remainders":
            return data
        method = data.get("method")
        rounded = method if f"{method}-rounded" not in METHODS else f"{method}-rounded"
        return {**data, "method": rounded, "leftover": "hagenbach-bischoff-rounded"}

    def _contradictions(self) -> Iterator[str]:
        yield from super()._contradictions()
        if self.leftover is not None and not self.by_quota:
            yield f"leftover needs a quota method such as hare, but {self.method} leaves no seat over"
        family = METHODS.get(self.leftover or "")
        if isinstance(family, DivisorFamily):
            yield f"leftover takes no parameters: {self.leftover} needs {family.parameter}"
        if self.leftover is None and self.remainder == "rounded":
            yield 'remainder = "rounded" leaves seats over: say by leftover what becomes of them'
        if self.leftover is not None and self.remainder not in ("largest", "rounded"):
            yield "with leftover, seats left over go nationally: leave out remainder"
        yield from _of_districts(self)
        if self.start_seats is not None and self.seats == "given":
            yield 'start_seats needs seats = "by-votes" or "by-population"; given seats are in the table'


def _of_districts(districts: Districts) -> Iterable[str]:
    """What the keys of the constituency tier say against each other."""
    local = districts.local_threshold
    if local is not None and local.waives_national and not districts.threshold:
        yield "local_threshold.waives_national has nothing to waive where districts.threshold = false"
    if districts.leftover is not None and (districts.bonus or districts.direct == "start"):
        yield "leftover does not go with a bonus in the districts or divisors that begin after direct seats"
    if districts.last_seats_from is not None and not (
        districts.leftover in METHODS and is_quota_method(districts.leftover or "")
    ):
        yield "last_seats_from belongs to leftover by a quota method such as hare, whose remainders it guards"
    if districts.quota_in == "region" and (
        districts.leftover != LEVELLED or districts.remainder != "largest"
    ):
        yield f'quota_in = "region" needs leftover = "{LEVELLED}", which divides what quotas leave'
    if districts.direct == "start" and districts.by_quota:
        yield f'direct = "start" needs a divisor method, but {districts.method} is a quota method'
    for key in ("voters", "strongest_list"):
        if getattr(districts, key) and districts.national_totals != "biproportional":
            yield f'{key} belongs to national_totals = "biproportional"'
    if districts.national_totals is None:
        return
    if districts.national_totals == "biproportional":
        yield from _of_double_proportion(districts)
    smallest = districts.national_totals == "smallest-remainders"
    if smallest and (not districts.by_quota or districts.remainder != "largest"):
        yield "national_totals moves seats given by largest remainders: it needs a quota method such as hare"
    if districts.leftover or districts.bonus or districts.direct:
        yield "national_totals goes without leftover, bonus and direct"


def _of_double_proportion(districts: Districts) -> Iterable[str]:
    if districts.by_quota:
        yield f'national_totals = "biproportional" needs a divisor method, but {districts.method} is none'
    elif divisors_of(districts).divisor(1) == 0:
        yield (
            f'national_totals = "biproportional" needs divisors above 0, and the first of {districts.method} '
            "is 0"
        )
    if districts.seats != "given":
        yield 'national_totals = "biproportional" needs seats = "given", those of the table of districts'


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

    where: Annotated[Where, OneOf("kind of place")] = Field(
        description="region (column region of the district table) or district"
    )
    method: Annotated[str, OneOf("method", tuple(METHODS))] = Field(
        description="divisor method; its divisors begin after the seats that the list holds in the place"
    )
    compare: Annotated[Compare, OneOf("thing to compare")] = Field(
        default="votes",
        description="what is divided: votes in the place, their share of its valid votes, or quotas (votes / "
        "(valid votes / fixed seats of the place))",
    )
    order: Annotated[Order, OneOf("order of placing")] = Field(
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

    def _contradictions(self) -> Iterator[str]:
        if is_quota_method(self.method) or isinstance(METHODS[self.method], DivisorFamily):
            yield f"placing compares quotients: a divisor method without parameters, not {self.method}"
        if self.capacity == "table" and self.where == "region":
            yield "the column levelling is of districts: write the capacity of regions as {north = 10, ...}"

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


class Levelling(Part):
    """How seats already held (direct_seats, min_seats, the district tier) meet the national share."""

    mode: Annotated[Mode, OneOf("levelling mode")] | None = Field(
        default=None,
        description="keep (the larger of the two, the house grows), redistribute (lists above their share "
        "are set aside), return (they give back the district seats beyond it), start (divisors begin after "
        "the seats held), level (the house grows until every share covers them), apart (the other seats are "
        "divided nationally whatever is held), part (each list gets a part of what its share of the whole "
        "house is above the seats held; the rule's seats are those handed out besides)",
    )
    method: Method | None = Field(
        default=None, description="method of the national share; default: of the allocation"
    )
    start_seats: SomeSeats | None = Field(
        default=None, description="level: the size from which the house grows"
    )
    part: Share | None = Field(
        default=None, description="part: how much of what its share is above the seats held, such as 1/2"
    )
    house: SomeSeats | None = Field(
        default=None, description="part: the whole house that the share is of, constituencies included"
    )
    parity: Annotated[Literal["odd", "even"], OneOf("parity of a house")] | None = Field(
        default=None,
        description="level: the house has an odd or an even number of seats, one more if need be",
    )
    unbalanced: Seats = Field(
        default=0,
        description="level: so many constituencies won beyond a list's share, of all lists together, stay "
        "without other lists growing for them",
    )
    deduct_unadmitted: Flag = Field(
        default=False, description="seats held by lists that are not admitted are kept and taken off the pool"
    )
    placing: tuple[Placing, ...] = Field(
        default=(), description="steps that bring the levelling seats of each list to regions and districts"
    )
    article: Text = Field(default="", description="the article of the law that says so; shown with the rule")

    def _contradictions(self) -> Iterator[str]:
        if self.mode is None and not self.deduct_unadmitted:
            yield f"levelling needs a mode ({', '.join(get_args(Mode))}) or deduct_unadmitted = true"
        if self.mode is None and self.method is not None:
            yield "levelling.method needs a mode"
        if self.start_seats is not None and self.mode != "level":
            yield 'start_seats belongs to mode = "level"'
        if (self.mode == "part") != (self.part is not None) or (self.part is None) != (self.house is None):
            yield 'mode = "part" goes with part, such as "1/2", and house'
        if self.parity is not None and self.mode != "level":
            yield 'parity belongs to mode = "level", in which the house grows'
        if self.parity is not None and self.unbalanced:
            yield "parity and unbalanced do not go together"
        if self.unbalanced and self.mode != "level":
            yield 'unbalanced belongs to mode = "level", where the house grows for what lists hold'
        family = METHODS.get(self.method or "")
        parameter = family.parameter if isinstance(family, DivisorFamily) else ""
        if parameter:
            yield f'write method = "{self.method}" and its {parameter} under rule.allocation instead'
