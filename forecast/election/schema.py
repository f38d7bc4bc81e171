"""What a person writes down about one election; ``docs/election-file.md`` shows every key with examples.

Models are immutable and closed to unknown keys. ``forecast.election.loading`` reads them from TOML and turns
what pydantic finds wrong into faults with file, path, value and remedy.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from forecast.election.references import cross_problems
from forecast.election.rule import Rule
from forecast.election.settings import Geography, Heritage, PollSettings, Where
from forecast.election.tiers_and_groups import ChamberTier, Group
from forecast.election.values import (
    ASSEMBLIES,
    CONDITIONS,
    ELIGIBLE_KINDS,
    Colour,
    ConditionKind,
    Count,
    Day,
    Exact,
    FileName,
    Flag,
    Id,
    Kind,
    Label,
    Name,
    Names,
    OneOf,
    Part,
    PartyIds,
    Positive,
    Seats,
    Share,
    ShareRange,
    Swing,
    Text,
    Texts,
    at_least_one,
    not_too_many,
    whole_between,
)
from forecast.errors import ConfigurationError, Fault, suggest

MOST_DRAWS = 10**11
MOST_SEED = 2**63 - 1
NO_RECORD = "none"
"""``estimate.record``: polls miss as in any country."""
JOINED = " + "
"""Between the parties of a coalition that has no name of its own."""
MOST_CONTEXT = 100
"""With larger errors every draw has one party with all votes, and logarithms leave the range of the core."""
MOST_SPREAD = 5
"""e**5 is 150: among the undecided a party would have a hundred times its share, or a hundredth."""


class ElectionFacts(Part):
    """``[election]``: which election this is, and what is known about it besides polls."""

    id: Id = Field(description="short name, used for folders and files: a-z, 0-9 and hyphens")
    name: Name = Field(description="name of the election as readers know it")
    names: Names = Field(default_factory=dict, description="names by language")
    date: Day | None = Field(
        default=None,
        description="day of the vote, such as 2023-03-19; not known: a vote on the day of the newest poll",
    )
    on: Day | None = Field(
        default=None,
        description="a vote held on this day is forecast, not that of the date (--on): if it were today",
    )
    country: Label = Field(default="", description="name of the country")
    chamber: Label = Field(default="", description="name of the chamber that is elected")
    note: Text = Field(default="", description="what a reader must know; shown with the results")
    author: Label = Field(default="", description="who publishes the forecast; shown on the page")
    licence: Text = Field(
        default="", description="licence of the forecast, such as CC BY 4.0; shown on the page"
    )
    stale_after: Positive = Field(
        default=21, description="days after which the last poll is called old on the page"
    )
    source: Text = Field(default="", description="where parties, dates and counts come from")
    closed_ballot: Flag = Field(
        default=False, description='true where every option on the ballot is listed: there is no "other"'
    )
    polls: FileName | None = Field(default=None, description="table of polls, relative to this file")
    result: FileName | None = Field(
        default=None, description="table of official votes (CSV), relative to this file"
    )
    invalid_share: ShareRange | None = Field(
        default=None, description="invalid ballots among those cast: a share or a range [low, high]"
    )
    turnout: ShareRange | None = Field(
        default=None, description="ballots cast among registered voters: a share or a range [low, high]"
    )
    valid_votes: Count | None = Field(default=None, description="valid votes in the official count")
    invalid_votes: Count | None = Field(default=None, description="invalid ballots in the official count")
    registered: Count | None = Field(default=None, description="registered voters")

    def _contradictions(self) -> Iterator[str]:
        if self.on is not None and self.date is not None and self.on > self.date:
            yield (
                f"on = {self.on} is after the election of {self.date}: leave it out, or choose an earlier day"
            )

    @property
    def vote(self) -> datetime.date | None:
        """Day of the vote that is forecast; ``None`` where that is the day of the forecast."""
        return self.on or self.date

    @property
    def supposed(self) -> bool:
        """Whether the vote that is forecast is held in thought only."""
        return self.on is not None or self.date is None


class Party(Part):
    """``[[parties]]``: one option on the ballot; their order is that of registration, for ties."""

    id: Id = Field(description="short name in tables: a-z, 0-9 and hyphens")
    name: Name = Field(description="name that readers see")
    names: Names = Field(
        default_factory=dict, description="names by language, such as {kk = ..., ru = ..., en = ...}"
    )
    short: Label = Field(default="", description="short name for charts; default: the name")
    colour: Colour | None = Field(default=None, description='colour in charts, such as "#00AFCA"')
    position: Exact | None = Field(
        default=None,
        description="place from left to right in the picture of the parliament: any number, given to every "
        "list or to none",
    )
    kind: Annotated[Kind, OneOf("kind of option")] = Field(
        default="party",
        description="party, coalition, minority, independent; or, without seats: none-of-the-above, residual",
    )
    members: Positive = Field(
        default=1, description="number of parties in a coalition, for threshold.by_members"
    )
    list_number: Positive | None = Field(
        default=None, description='number of the list on the ballot, for rule.ties = "list-number"'
    )
    alliance: Label = Field(default="", description="lists with the same alliance compete as one")
    sub_alliance: Label = Field(
        default="", description="lists of an alliance with the same sub-alliance compete as one inside it"
    )
    direct_seats: Seats = Field(default=0, description="constituencies won")
    min_seats: Seats = Field(default=0, description="seats that the list holds in any case")
    max_seats: Seats | None = Field(
        default=None,
        description="candidates on the list, where that can bind; of the kind independent 1, or 0 of a line "
        "that sums several, none of whom has a quota",
    )
    extra_seats: Seats = Field(default=0, description="seats added to those of the list at the very end")
    best_region_share: Share | None = Field(
        default=None, description="share in the strongest region, for threshold.or_regional_share"
    )
    aliases: Texts = Field(default=(), description="names under which poll tables report the party")
    merged_from: Texts = Field(default=(), description="poll columns whose sum is the party")
    continues: Heritage = Field(
        default=None,
        description='earlier lists and the share of their votes that it inherits, { "SPOLU 2017" = 1.0 }; '
        "{} for a new list; not given: those of its own names",
    )
    stands_in: Where = Field(
        default=None,
        description='districts or regions in which it stands, or "everywhere"; not given: everywhere, or, of '
        "a list that stood in some districts only, where it stood",
    )
    last_result: Share | None = Field(default=None, description="share of the vote at the last election")
    last_seats: Seats | None = Field(default=None, description="seats at the last election")

    def _contradictions(self) -> Iterator[str]:
        if self.max_seats is not None and self.max_seats < max(self.min_seats, self.direct_seats):
            yield "max_seats is below min_seats or direct_seats"
        if self.sub_alliance and not self.alliance:
            yield "sub_alliance needs alliance, inside which it stands"
        if not self.eligible:
            held = [key for key in ("direct_seats", "min_seats", "extra_seats") if getattr(self, key)]
            if held:
                yield f"{self.kind} wins no seats: leave out {', '.join(held)}"

    @property
    def eligible(self) -> bool:
        """Whether the option can win seats."""
        return self.kind in ELIGIBLE_KINDS

    @property
    def label(self) -> str:
        """The short name, else the name."""
        return self.short or self.name


class _Named(Part):
    """Something with an id and a name, which defaults to the id."""

    id: Id = Field(description="short name in tables: a-z, 0-9 and hyphens")
    name: Name = Field(default="", description="name that readers see; default: the id")
    names: Names = Field(default_factory=dict, description="names by language")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "name" not in data and isinstance(data.get("id"), str):
            return {**data, "name": data["id"]}
        return data


class Coalition(_Named):
    """``[[coalitions]]``: parties whose joint majority is asked for."""

    parties: PartyIds = Field(description="ids of its parties, and of groups, which sit in the chamber alone")


class Condition(Part):
    """One statement about the outcome: exactly one of the keys of ``CONDITIONS``; ``kind`` tells which.

    The others are empty. ``at_least`` and ``at_most`` belong to ``seats``.
    """

    enters: Text = Field(default="", description="this party is admitted to the allocation")
    stays_out: Text = Field(default="", description="this party is not admitted")
    majority: PartyIds = Field(default=(), description="these parties hold more than half of the seats")
    no_majority: PartyIds = Field(default=(), description="these parties do not hold more than half")
    minimal_winning: PartyIds = Field(
        default=(), description="these parties hold more than half, and without any one of them do not"
    )
    largest: Text = Field(default="", description="this party has more seats than any other")
    seats: PartyIds = Field(
        default=(), description="seats of these parties together, with at_least or at_most"
    )
    at_least: Count | None = Field(default=None, description="seats: the least number")
    at_most: Count | None = Field(default=None, description="seats: the largest number")
    order: PartyIds = Field(default=(), description="each party has more seats than the next")

    def _contradictions(self) -> Iterator[str]:
        given = [name for name in CONDITIONS if getattr(self, name)]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            yield f"a condition has exactly one of {', '.join(CONDITIONS)}; found {found}"
        bounded = self.at_least is not None or self.at_most is not None
        if self.kind == "seats" and not bounded:
            yield 'seats needs at_least or at_most, such as {seats = ["amanat"], at_least = 46}'
        if self.kind != "seats" and bounded:
            yield f"at_least and at_most belong to seats, not to {self.kind}"
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            yield "at_least is larger than at_most"
        if self.kind == "order" and len(self.order) < 2:
            yield "an order has at least two parties"

    @property
    def kind(self) -> ConditionKind:
        """What the condition is about."""
        return next(name for name in CONDITIONS if getattr(self, name))

    @property
    def parties(self) -> tuple[str, ...]:
        """Ids of the parties that it names."""
        value = getattr(self, self.kind)
        return (value,) if isinstance(value, str) else value

    @model_serializer(mode="wrap")
    def _without_the_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value not in (None, "", (), [])}


class Event(_Named):
    """``[[events]]``: P(all of ``all``), or P(all of ``all`` given all of ``given``)."""

    all: Annotated[tuple[Condition, ...], at_least_one] = Field(description="conditions that hold together")
    given: Annotated[tuple[Condition, ...], not_too_many] = Field(
        default=(), description="conditions that are taken as given"
    )
    of: Id = Field(
        default="lists",
        description="whose seats the conditions are about: lists, the whole chamber, or the id of a tier",
    )


class OutsideForecast(Part):
    """``[[estimate.outside]]``: a forecast of others, or an earlier one, that enters beside the polls."""

    draws: FileName = Field(
        description="its draws of vote shares, as for --share-draws, relative to this file"
    )
    weight: Exact = Field(
        description="how much it counts beside the polls, above 0 and under 1, such as 0.3; a belief"
    )
    name: Label = Field(default="", description="whose forecast it is; default: the file")

    @field_validator("weight")
    @classmethod
    def _a_part(cls, weight: Fraction) -> Fraction:
        if not 0 < weight < 1:
            msg = "a weight lies above 0 and under 1: the polls have what is left; such as 0.3"
            raise ValueError(msg)
        return weight


class EstimateSettings(Part):
    """``[estimate]``: how polls become an estimate."""

    context: Exact = Field(
        default=Fraction(1),
        description="factor on the error of pre-election polls; 1 is an ordinary election",
    )
    method: Annotated[Literal["default", "average", "trend"], OneOf("method of estimation")] = Field(
        default="default",
        description="default (polls, their trend and the last result); average (weighted polls) or trend "
        "(random walk with house effects) alone",
    )
    record: FileName | None = Field(
        default=None,
        description="how far polls missed here before: a table of `forecast records`, relative to this "
        'file, beside that which comes with the program; "none": as in any country',
    )
    constants: FileName | None = Field(
        default=None,
        description="constants of the error law that `forecast fit` wrote, relative to this file; default: "
        "those that come with the program",
    )
    outside: Annotated[tuple[OutsideForecast, ...], not_too_many] = Field(
        default=(), description="forecasts of others, or earlier ones, that enter beside the polls"
    )
    undecided_spread: Exact | None = Field(
        default=None,
        description="how far the undecided may split otherwise than the decided: a standard deviation "
        "on log shares; 0 is proportional; default: a documented prior",
    )
    shift: dict[str, Swing] = Field(
        default_factory=dict, description='what-if: swings by party, such as "+1%"'
    )
    share: dict[str, Share] = Field(
        default_factory=dict, description='what-if: fixed shares by party, such as "6%"'
    )

    withdrawal: dict[str, dict[str, Share]] = Field(
        default_factory=dict,
        description='what-if: parties that withdraw, and where their voters go: {baytaq = {auyl = "50%"}}; '
        "the others stay at home",
    )

    @property
    def own_record(self) -> Path | None:
        """The table of earlier misses that the file names; none where it wants none."""
        return self.record if self.record is not None and str(self.record) != NO_RECORD else None

    @field_validator("context")
    @classmethod
    def _a_factor(cls, context: Fraction) -> Fraction:
        if context > MOST_CONTEXT:
            msg = (
                f"a factor on the error of polls, 1 in an ordinary election; above {MOST_CONTEXT} they "
                "say nothing"
            )
            raise ValueError(msg)
        return context

    @field_validator("undecided_spread")
    @classmethod
    def _a_spread(cls, spread: Fraction | None) -> Fraction | None:
        if spread is not None and not 0 <= spread <= MOST_SPREAD:
            msg = f"a standard deviation on log shares is expected, from 0 to {MOST_SPREAD}, such as 0.5"
            raise ValueError(msg)
        return spread

    def _contradictions(self) -> Iterator[str]:
        if self.context <= 0:
            yield "context must be above 0; 1 is an ordinary election"
        if sum(one.weight for one in self.outside) >= 1:
            yield "the weights of estimate.outside add up to 1 or more: nothing is left for the polls"
        if sum(self.share.values()) > 1:
            yield "the fixed shares of estimate.share add up to more than 100%"


class SimulationSettings(Part):
    """``[simulation]``: how many elections are drawn, and how."""

    draws: Annotated[int, whole_between(1, MOST_DRAWS)] = Field(
        default=1_000_000, description="elections drawn, 1 to 100 billion"
    )
    seed: Annotated[int, whole_between(0, MOST_SEED)] = Field(
        default=1, description="seed of the random numbers, 0 to 2^63 - 1"
    )
    sampler: Annotated[Literal["sobol", "random"], OneOf("sampler")] = Field(
        default="sobol", description="sobol (scrambled, quasi-random) or random"
    )
    tails: Annotated[Literal["t", "gaussian"], OneOf("kind of tails")] = Field(
        default="t", description="t (as fitted to past elections) or gaussian"
    )


def _detail(
    kind: str, loc: tuple[str | int, ...], found: Any, said: str, cause: Exception | None
) -> InitErrorDetails:
    """What is wrong in one place, ready to be raised again; ``said`` is the message."""
    error = PydanticCustomError(kind, "{said}", {"said": said, "error": cause})  # pyrefly: ignore[bad-argument-type]
    return {"type": error, "loc": loc, "input": found}


class Election(Part):
    """One election, as its file describes it."""

    election: ElectionFacts
    parties: Annotated[tuple[Party, ...], at_least_one]
    rule: Rule
    tiers: Annotated[tuple[ChamberTier, ...], not_too_many] = ()
    groups: Annotated[tuple[Group, ...], not_too_many] = ()
    polls: PollSettings = Field(default_factory=PollSettings)
    geography: Geography | None = None
    estimate: EstimateSettings = Field(default_factory=EstimateSettings)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    coalitions: Annotated[tuple[Coalition, ...], not_too_many] = ()
    events: Annotated[tuple[Event, ...], not_too_many] = ()

    _place: str = PrivateAttr(default="election file")

    @model_validator(mode="wrap")
    @classmethod
    def _with_its_references(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        """Add what is wrong between the tables (unknown ids, doublets) to what is wrong inside them."""
        problems = cross_problems(data) if isinstance(data, Mapping) else []
        found = [
            _detail("value_error", problem.loc, problem.found, problem.remedy, ValueError(problem.remedy))
            for problem in problems
        ]
        try:
            election = handler(data)
        except ValidationError as error:
            within = [
                _detail(e["type"], e["loc"], e["input"], e["msg"], e.get("ctx", {}).get("error"))
                for e in error.errors()
            ]
            raise ValidationError.from_exception_data(cls.__name__, within + found) from None
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return election

    def model_post_init(self, context: Any, /) -> None:
        """Keep the name of the file, for messages about it."""
        if isinstance(context, Mapping) and "place" in context:
            self._place = str(context["place"])

    @property
    def place(self) -> str:
        """The election file as the user named it; for messages."""
        return self._place

    @cached_property
    def by_id(self) -> dict[str, Party]:
        """Parties by id, in their order."""
        return {party.id: party for party in self.parties}

    @property
    def chamber_seats(self) -> int:
        """Seats of the whole chamber: those of the rule, and of the tiers apart from the lists."""
        return self.rule.seats + sum(tier.seats for tier in self.apart)

    @property
    def apart(self) -> tuple[ChamberTier, ...]:
        """Tiers with seats of their own, beside those of the rule."""
        return tuple(tier for tier in self.tiers if not tier.in_the_rule)

    @property
    def tiers_do_not_hang_on_rules(self) -> bool:
        """Whether there are tiers beside the lists, which are the same under every rule of these."""
        ways = {tier.how for tier in self.tiers if tier.seats}
        return ways == {"apart"}

    @property
    def levelled(self) -> tuple[ChamberTier, ...]:
        """Tiers whose winners hold seats of the rule, which sets them against the share of their lists."""
        return tuple(tier for tier in self.tiers if tier.how == "levelled" and tier.seats)

    @property
    def of_lists(self) -> Election:
        """The election of the lists alone: without tiers, groups, and what is asked of the chamber; parties
        hold the seats of levelled tiers that they win most likely.
        """
        held = Counter[str]()
        for tier in self.levelled:
            held.update(tier.held)
            held.update(tier.belief.likeliest if tier.belief is not None else {})
        parties = tuple(
            party.model_copy(update={"direct_seats": held[party.id]}) if held[party.id] else party
            for party in self.parties
        )
        alone = self.model_copy()
        for name in ("by_id", "standing"):
            vars(alone).pop(name, None)  # what is kept of the parties as they were
        return alone.model_copy(
            update={
                "parties": parties,
                "tiers": (),
                "groups": (),
                "events": tuple(event for event in self.events if event.of == "lists"),
                "coalitions": tuple(one for one in self.coalitions if set(one.parties) & set(self.by_id)),
            }
        )

    @property
    def without_events_of_tiers(self) -> Election:
        """The election without what is asked of single tiers, which no rule of the lists changes."""
        events = tuple(event for event in self.events if event.of in ASSEMBLIES)
        return self if len(events) == len(self.events) else self.model_copy(update={"events": events})

    @cached_property
    def standing(self) -> tuple[Party, ...]:
        """Parties but those that withdraw (``estimate.withdrawal``)."""
        return tuple(party for party in self.parties if party.id not in self.estimate.withdrawal)

    def coalition_name(self, coalition: Coalition) -> str:
        """The name that readers see; of one without a name the short names of its parties, joined."""
        if coalition.name != coalition.id:
            return coalition.name
        labels = {party.id: party.label for party in self.parties} | {one.id: one.name for one in self.groups}
        return JOINED.join(labels.get(party, party) for party in coalition.parties)

    def party(self, id: str) -> Party:
        """The party with this id; ``ConfigurationError`` where there is none."""
        if id not in self.by_id:
            remedy = f"no such party; {suggest(str(id), self.by_id)}"
            raise ConfigurationError(Fault("election", "party", id, remedy))
        return self.by_id[id]

    def _repr_html_(self) -> str:
        return import_module("forecast.tables.exporting").election_html(self)
