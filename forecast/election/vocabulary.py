"""Words and numbers of election files: kinds of list, bases, counts, levels; and answers to wrong ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator

from forecast.door import is_whole
from forecast.election.exact_numbers import parse_share, plain
from forecast.errors import suggest

Base = Literal["valid", "lists", "cast", "registered"]
Kind = Literal["party", "coalition", "minority", "independent", "none-of-the-above", "residual"]
BASES: tuple[Base, ...] = ("valid", "lists", "cast", "registered")
KINDS: tuple[Kind, ...] = ("party", "coalition", "minority", "independent", "none-of-the-above", "residual")
ConditionKind = Literal[
    "enters", "stays_out", "majority", "no_majority", "minimal_winning", "largest", "seats", "order"
]
DecidedBy = Literal["votes", "fewest-votes", "no-seat", "registration", "list-number", "lot", "precincts"]
"""What decides between equal claims."""
TieRule = tuple[DecidedBy, ...]
"""Such steps in their order; the last decides in any case."""
CONDITIONS: tuple[ConditionKind, ...] = get_args(ConditionKind)
"""Keys of a condition of an event, each naming a party or parties."""
ASSEMBLIES = ("lists", "chamber")
"""Whose seats an event may be about, besides those of a tier."""
ELIGIBLE_KINDS: tuple[Kind, ...] = KINDS[:4]
"""Kinds of options that can win seats; the other two count in the base only."""
MOST_SEATS = 100_000
"""More seats than this are taken for a slip of the pen."""


def parse_count(value: Any) -> int:
    """A whole number from 0 up, as an integer or written out in digits."""
    if isinstance(value, str) and is_whole(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    msg = "a whole number is expected, such as 3"
    raise ValueError(msg)


def parse_positive(value: Any) -> int:
    """A whole number from 1 up."""
    number = parse_count(value)
    if number < 1:
        msg = "a whole number of at least 1 is expected"
        raise ValueError(msg)
    return number


def parse_seats(value: Any) -> int:
    """A number of seats from 0 up; one that no house has is refused."""
    number = parse_count(value)
    if number > MOST_SEATS:
        msg = f"a house of at most {MOST_SEATS} seats is expected"
        raise ValueError(msg)
    return number


def parse_some_seats(value: Any) -> int:
    """A number of seats from 1 up."""
    return parse_seats(parse_positive(value))


def _parse_flag(value: Any) -> bool:
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    if isinstance(value, bool):
        return value
    msg = "true or false is expected"
    raise ValueError(msg)


def parse_level(value: Any) -> Fraction | Literal["quota"]:
    """A share from 0 to 1, or the word ``quota`` for one seat's worth (1 / seats)."""
    if isinstance(value, str) and value.strip() == "quota":
        return "quota"
    if isinstance(value, str) and value.strip()[:1].isalpha():
        msg = 'a share such as "5%" or the word "quota" (one seat\'s worth, 1 / seats) is expected'
        raise ValueError(msg)
    return parse_share(value)


def _shown_level(value: Fraction | str) -> str:
    return value if isinstance(value, str) else plain(value)


_TIE_STEPS: tuple[DecidedBy, ...] = get_args(DecidedBy)
_LAST_STEPS: tuple[DecidedBy, ...] = ("registration", "list-number", "lot")


def parse_ties(value: Any) -> TieRule:
    """The steps by which a tie is decided, one word or several; a lot where they may leave it open."""
    steps = [value] if isinstance(value, str) else value
    if not isinstance(steps, list | tuple) or not steps:
        msg = 'steps are expected, such as ["votes", "lot"]'
        raise ValueError(msg)
    for step in steps:
        if step not in _TIE_STEPS:
            msg = f"no such way to decide a tie; {suggest(str(step), _TIE_STEPS)}"
            raise ValueError(msg)
    known: TieRule = tuple(known for step in steps for known in _TIE_STEPS if known == step)
    if len(set(steps)) < len(steps) or {"votes", "fewest-votes"} <= set(steps):
        msg = "each step stands once, and votes and fewest-votes exclude each other"
        raise ValueError(msg)
    if any(step in _LAST_STEPS for step in steps[:-1]):
        msg = "registration, the number of the list or a lot decides every tie: it stands last"
        raise ValueError(msg)
    if "precincts" in steps[:-1] and steps[-1] not in _LAST_STEPS:
        msg = "what the precincts decide is not in a table of votes: only a last step follows them"
        raise ValueError(msg)
    if "no-seat" in steps[1:]:
        msg = "no-seat stands first: of lists with equal votes and claims both hold a seat or none"
        raise ValueError(msg)
    return known if known[-1] in _LAST_STEPS else (*known, "lot")


def one_of(names: Iterable[str], what: str) -> BeforeValidator:
    """Accepts one of ``names`` only; for another it says which was probably meant."""
    known = tuple(names)

    def check(value: Any) -> Any:
        if value in known:
            return value
        found = suggest(value, known) if isinstance(value, str) else suggest("", known)
        msg = f"no such {what}; {found}"
        raise ValueError(msg)

    return BeforeValidator(check)


Count = Annotated[int, BeforeValidator(parse_count)]
Positive = Annotated[int, BeforeValidator(parse_positive)]
Seats = Annotated[int, BeforeValidator(parse_seats)]
SomeSeats = Annotated[int, BeforeValidator(parse_some_seats)]
Flag = Annotated[bool, BeforeValidator(_parse_flag)]
Level = Annotated[
    Fraction | Literal["quota"],
    BeforeValidator(parse_level),
    PlainSerializer(_shown_level, return_type=str),
]
BaseName = Annotated[Base, one_of(BASES, "base")]
EligibleKind = Annotated[Kind, one_of(ELIGIBLE_KINDS, "kind of list that can win seats")]


class Part(BaseModel):
    """A table of the rule: immutable, and closed to keys it does not know."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # a table's own validator is made when it is first used by itself, not at import
    )

    @model_validator(mode="before")
    @classmethod
    def _is_a_table(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        msg = f"a table is expected with the keys {', '.join(keys_of(cls))}"
        raise ValueError(msg)


def keys_of(part: type[BaseModel]) -> list[str]:
    """The keys of a table as they are written in a file."""
    return [field.alias or name for name, field in part.model_fields.items()]
