"""Values of election files, and answers to wrong ones: exact numbers (shares, swings, factors), counts and
known words, texts, ids, colours and days.

TOML decimals are read as ``Decimal``; everything is kept as ``Fraction``, so that a list with exactly 5 % of
the votes meets a threshold of 5 %.
"""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from forecast.door import MOST_DIGITS, is_whole
from forecast.errors import first_unseen, suggest

_DIGITS = rf"[0-9]{{1,{MOST_DIGITS}}}"
_NUMBER = re.compile(rf"\s*([+-]?{_DIGITS}(?:[.,]{_DIGITS})?|[+-]?[.,]{_DIGITS})\s*(%?)\s*")
_RATIO = re.compile(rf"\s*{_DIGITS}\s*/\s*(?!0){_DIGITS}\s*")


def parse_exact(value: Any) -> Fraction:
    """``Fraction`` from 3, Decimal("0.05"), "0.05", "5 %", "2/3"; ``ValueError`` for anything else.

    A binary float is read by its shortest decimal (0.05 is five hundredths), since that is what was typed.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool):
        msg = 'a number is expected, such as 0.05 or "5%"'
        raise ValueError(msg)
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float | Decimal):
        value = str(value)
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        if match:
            number = Fraction(match.group(1).replace(",", "."))
            return number / 100 if match.group(2) else number
        if _RATIO.fullmatch(value):
            return Fraction("".join(value.split()))
    msg = 'a number is expected, such as 0.05 or "5%"'
    raise ValueError(msg)


def parse_share(value: Any) -> Fraction:
    """A share from 0 to 1; a number over 1 is refused with the percentage that was probably meant."""
    number = parse_exact(value)
    if 0 <= number <= 1:
        return number
    hint = ""
    if 1 < number <= 100 and not (isinstance(value, str) and "%" in value):
        hint = f'; did you mean "{plain(number)}%"?'
    msg = f"a share lies between 0 and 1{hint}"
    raise ValueError(msg)


def parse_swing(value: Any) -> Fraction:
    """A signed change of a share, from -1 to 1, such as "+1%"."""
    number = parse_exact(value)
    if abs(number) <= 1:
        return number
    msg = f'a swing lies between -1 and 1; did you mean "{plain(number)}%"?'
    raise ValueError(msg)


def parse_share_range(value: Any) -> tuple[Fraction, Fraction]:
    """One share, or a pair [low, high]."""
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            msg = 'a range has two ends, such as ["50%", "60%"]'
            raise ValueError(msg)
        low, high = parse_share(value[0]), parse_share(value[1])
        if low > high:
            msg = "the lower end of a range comes first"
            raise ValueError(msg)
        return low, high
    share = parse_share(value)
    return share, share


def plain(number: Fraction) -> str:
    """A fraction as the shortest exact decimal, or as p/q where there is none."""
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{number.numerator}/{number.denominator}"
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return f"{Decimal((number * 10**places).numerator).scaleb(-places):f}"


def percent(share: Fraction) -> str:
    """A share as people write it: ``Fraction(1, 20)`` is ``5%``."""
    return f"{plain(share * 100)}%"


_as_text = PlainSerializer(plain, return_type=str)
Exact = Annotated[Fraction, BeforeValidator(parse_exact), _as_text]
Share = Annotated[Fraction, BeforeValidator(parse_share), _as_text]
Swing = Annotated[Fraction, BeforeValidator(parse_swing), _as_text]
ShareRange = Annotated[tuple[Fraction, Fraction], BeforeValidator(parse_share_range)]
Base = Literal["valid", "lists", "cast", "registered"]
Kind = Literal["party", "coalition", "minority", "independent", "none-of-the-above", "residual"]
BASES: tuple[Base, ...] = get_args(Base)
KINDS: tuple[Kind, ...] = get_args(Kind)
ConditionKind = Literal[
    "enters", "stays_out", "majority", "no_majority", "minimal_winning", "largest", "seats", "order"
]
DecidedBy = Literal[
    "votes", "fewest-votes", "national-votes", "no-seat", "registration", "list-number", "lot", "precincts"
]
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


def _parse_of_voters(value: Any) -> bool | str:
    if value == "fractions" or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    msg = 'true (rounded to whole voters), "fractions" (not rounded) or false is expected'
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
    if not isinstance(steps, (list, tuple)) or not steps:
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


@dataclass(frozen=True)
class OneOf:
    """Accepts known words only; for another it says which was probably meant.

    The words are ``names``, or where none are given those of the ``Literal`` that it stands at.
    """

    what: str
    names: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = self.names or get_args(source)

        def check(value: Any) -> Any:
            if value in known:
                return value
            msg = f"no such {self.what}; {suggest(value if isinstance(value, str) else '', known)}"
            raise ValueError(msg)

        return no_info_before_validator_function(check, handler(source))


Count = Annotated[int, BeforeValidator(parse_count)]
Positive = Annotated[int, BeforeValidator(parse_positive)]
Seats = Annotated[int, BeforeValidator(parse_seats)]
SomeSeats = Annotated[int, BeforeValidator(parse_some_seats)]
Flag = Annotated[bool, BeforeValidator(_parse_flag)]
OfVoters = Annotated[bool | Literal["fractions"], BeforeValidator(_parse_of_voters)]
Level = Annotated[
    Fraction | Literal["quota"], BeforeValidator(parse_level), PlainSerializer(_shown_level, return_type=str)
]
BaseName = Annotated[Base, OneOf("base")]
EligibleKind = Annotated[Kind, OneOf("kind of list that can win seats", ELIGIBLE_KINDS)]


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

    def _contradictions(self) -> Iterable[str]:
        """What its keys say against each other, with what to write instead; the first is said."""
        return ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for problem in self._contradictions():
            raise ValueError(problem)
        return self


def keys_of(part: type[BaseModel]) -> list[str]:
    """The keys of a table as they are written in a file."""
    return [field.alias or name for name, field in part.model_fields.items()]


ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_WHOLE = re.compile(rf"[+-]?[0-9](?:_?[0-9]){{0,{MOST_DIGITS - 1}}}(?:[eE]\+?[0-9]{{1,2}})?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
LONGEST_ID, LONGEST_NAME, LONGEST_TEXT = 60, 200, 10_000
"""Letters; ids are names of folders too, names stand in tables and charts."""
MOST_ENTRIES = 2_000
"""Parties, coalitions or events of one election."""


def parse_text(value: Any) -> str:
    """A text without control characters, stripped of blanks around it."""
    if not isinstance(value, str):
        msg = (
            f'a text is expected; write it in quotes: "{value}"'
            if _is_scalar(value)
            else "a text is expected"
        )
        raise ValueError(msg)
    unseen = first_unseen([value])
    if unseen:
        msg = f"the text holds the character {unseen}, which nobody sees; take it out"
        raise ValueError(msg)
    _refuse_length(value, LONGEST_TEXT, "text")
    return value.strip()


def _refuse_length(text: str, most: int, what: str) -> None:
    if len(text) > most:
        msg = f"a {what} has at most {most:,} letters; this has {len(text):,}"
        raise ValueError(msg)


def parse_label(value: Any) -> str:
    """A text as tables and charts show it: on one line, not long; perhaps empty."""
    text = " ".join(parse_text(value).split())
    _refuse_length(text, LONGEST_NAME, "name")
    return text


def parse_filled(value: Any) -> str:
    """A text in which there is something to see."""
    text = parse_label(value)
    if not any(sign.isprintable() and not sign.isspace() for sign in text):
        msg = "the text is empty"
        raise ValueError(msg)
    return text


def parse_id(value: Any) -> str:
    """A short name of a-z, 0-9 and hyphens."""
    text = parse_text(value)
    _refuse_length(text, LONGEST_ID, "short name")
    if ID.fullmatch(text):
        return text
    better = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    hint = f'; did you mean "{better}"?' if ID.fullmatch(better) else ", such as osdp"
    msg = f"an id is made of a-z, 0-9 and hyphens{hint}"
    raise ValueError(msg)


def parse_texts(value: Any) -> tuple[str, ...]:
    """A list of texts, none of them twice."""
    if not isinstance(value, (list, tuple)):
        msg = 'a list of texts is expected, such as ["a", "b"]'
        raise ValueError(msg)
    texts = tuple(parse_filled(item) for item in value)
    twice = [text for text, often in Counter(texts).items() if often > 1]
    if twice:
        msg = f"'{twice[0]}' is listed twice"
        raise ValueError(msg)
    return texts


def parse_party_ids(value: Any) -> tuple[str, ...]:
    """Ids of one or more parties; a single one may stand without brackets."""
    ids = parse_texts([value] if isinstance(value, str) else value)
    if not ids:
        msg = "at least one party is needed"
        raise ValueError(msg)
    return ids


def parse_colour(value: Any) -> str:
    """A colour as ``#RRGGBB``; ``#RGB`` is widened."""
    text = parse_text(value)
    if not _COLOUR.fullmatch(text):
        hint = f'; did you mean "#{text}"?' if _COLOUR.fullmatch(f"#{text}") else ""
        msg = f'a colour is written "#RRGGBB", such as "#00AFCA"{hint}'
        raise ValueError(msg)
    digits = text[1:].upper()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def parse_day(value: Any) -> datetime.date:
    """A day: a TOML date, or a text such as "2023-03-19"."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value.strip())
        except ValueError:
            pass
    msg = "a day is written year-month-day, such as 2023-03-19"
    raise ValueError(msg)


def parse_names(value: Any) -> dict[str, str]:
    """Names by language code."""
    if not isinstance(value, Mapping):
        msg = 'names by language are expected, such as {kk = "Ауыл", en = "Auyl"}'
        raise ValueError(msg)
    for code in value:
        if not _LANGUAGE.fullmatch(str(code)):
            msg = f"'{code}' is no language code such as kk, ru, en"
            raise ValueError(msg)
    return {str(code): parse_filled(name) for code, name in value.items()}


def parse_file_text(value: Any) -> str:
    """The name of a file, as a text."""
    text = parse_text(value)
    if not text:
        msg = "the name of a file is expected"
        raise ValueError(msg)
    return text


def parse_file(value: Any) -> Path:
    """The name of a file."""
    return value if isinstance(value, Path) else Path(parse_file_text(value))


def normalised(name: str) -> str:
    """Names are compared without case, and with blanks, hyphens and underscores alike."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def parse_whole(value: Any) -> int:
    """A whole number, also as 1e6, 1_000_000 or in digits within quotes.

    1.000 is refused: who writes it may mean a thousand.
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = Decimal(value.strip().replace("_", ""))
    written_in_full = isinstance(value, Decimal) and "." in str(value) and "E" not in str(value)
    if (
        isinstance(value, Decimal | float)
        and not written_in_full
        and math.isfinite(value)
        and value == int(value)
    ):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    msg = "a whole number is expected, such as 1000000"
    raise ValueError(msg)


def whole_between(least: int, most: int) -> BeforeValidator:
    """Accepts whole numbers within bounds."""

    def check(value: Any) -> int:
        number = parse_whole(value)
        if number < least:
            msg = f"at least {least} is expected"
            raise ValueError(msg)
        if number > most:
            msg = f"at most {most} is expected"
            raise ValueError(msg)
        return number

    return BeforeValidator(check)


def _not_too_many(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) > MOST_ENTRIES:
        msg = f"{len(value):,} entries; at most {MOST_ENTRIES:,} are expected"
        raise ValueError(msg)
    return value


def _at_least_one(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and not value:
        msg = "at least one is needed"
        raise ValueError(msg)
    return _not_too_many(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float | Decimal | datetime.date | datetime.time)


Text = Annotated[str, BeforeValidator(parse_text)]
Name = Annotated[str, BeforeValidator(parse_filled)]
Id = Annotated[str, BeforeValidator(parse_id)]
Label = Annotated[str, BeforeValidator(parse_label)]
Texts = Annotated[tuple[str, ...], BeforeValidator(parse_texts)]
PartyIds = Annotated[tuple[str, ...], BeforeValidator(parse_party_ids)]
Colour = Annotated[str, BeforeValidator(parse_colour)]
Day = Annotated[datetime.date, BeforeValidator(parse_day)]
Names = Annotated[dict[str, str], BeforeValidator(parse_names)]
FileText = Annotated[str, BeforeValidator(parse_file_text)]
FileName = Annotated[Path, BeforeValidator(parse_file)]
at_least_one = BeforeValidator(_at_least_one)
not_too_many = BeforeValidator(_not_too_many)
