"""``[tiers.votes]``: single-member districts drawn from the last votes cast in them, and how winners are
found.

What a candidate gets in a district follows from the national votes for the lists: by the ratio of a party's
votes for candidates to those for its list (``split``), then by the pattern of the last votes in the
districts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.election.exact_numbers import Exact, Share, parse_exact, parse_share
from forecast.election.geography import Heritage, Where
from forecast.election.texts import FileText
from forecast.election.vocabulary import Part, one_of, parse_positive

Cast = Literal["candidates", "lists"]
CAST: tuple[Cast, ...] = ("candidates", "lists")
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
    cast: Annotated[Cast, one_of(CAST, "kind of votes")] = Field(
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

    @model_validator(mode="after")
    def _consistent(self) -> DistrictVotes:
        if self.cast == "lists" and self.split is None:
            msg = (
                "the last votes are those for lists: say how votes for candidates compare with them (split), "
                "such as "
                '{ cdu = 1.08 }, or split = "same"'
            )
            raise ValueError(msg)
        if self.cast == "lists" and self.lists is not None:
            msg = "the last votes are those for lists already (cast): leave the other table out (lists)"
            raise ValueError(msg)
        if self.rounds == 1 and self.transfers:
            msg = "transfers are those of a second round: write rounds = 2"
            raise ValueError(msg)
        return self
