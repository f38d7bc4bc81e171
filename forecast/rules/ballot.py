"""What goes into a count: the votes of every option on the ballot, totals, and districts where needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from forecast.election.vocabulary import ELIGIBLE_KINDS, Kind, TieRule


@dataclass(frozen=True)
class Entry:
    """One option on the ballot: a list, or one of the two kinds that can win nothing.

    ``direct_seats`` are constituencies won, ``min_seats`` seats kept in any case, ``max_seats`` the length of
    the list, ``extra_seats`` what is added at the end, ``best_region_share`` the best share in one region.
    ``candidate_votes`` are for candidates of districts, and count for the list where seats are divided, not
    in the threshold.
    """

    id: str
    votes: int
    kind: Kind = "party"
    members: int = 1
    alliance: str | None = None
    sub_alliance: str | None = None
    direct_seats: int = 0
    min_seats: int = 0
    max_seats: int | None = None
    extra_seats: int = 0
    best_region_share: Fraction | None = None
    candidate_votes: int = 0
    list_number: int = 0

    @property
    def eligible(self) -> bool:
        """Whether this option can win seats at all."""
        return self.kind in ELIGIBLE_KINDS

    @property
    def held(self) -> int:
        """Seats that the list has before the national seats are divided."""
        return max(self.direct_seats, self.min_seats)


@dataclass(frozen=True)
class District:
    """One constituency: its seats or its population, votes by list, and the seats won there directly.

    ``levelling`` seats are those that it takes besides its own; ``alliance_votes`` are for an alliance as
    such. ``valid_votes`` may be more than those listed: the rest are votes for others.
    """

    name: str
    votes: Mapping[str, int]
    seats: int | None = None
    population: int | None = None
    direct: Mapping[str, int] = field(default_factory=dict)
    region: str = ""
    levelling: int | None = None
    valid_votes: int | None = None
    invalid_votes: int | None = None
    registered: int | None = None
    alliance_votes: Mapping[str, int] = field(default_factory=dict)
    title: str = ""

    @property
    def valid(self) -> int:
        """Votes for lists, alliances and against all: as stated, else the sum of those listed."""
        listed = sum(self.votes.values()) + sum(self.alliance_votes.values())
        return listed if self.valid_votes is None else self.valid_votes

    @property
    def label(self) -> str:
        """The name that readers know."""
        return self.title or self.name


@dataclass(frozen=True)
class Ballot:
    """A whole count. Totals not stated are ``None``; the order of ``entries`` is that of registration.

    ``alliance_votes`` are for an alliance as such and for none of its lists.
    """

    entries: tuple[Entry, ...]
    valid_votes: int | None = None
    invalid_votes: int | None = None
    registered: int | None = None
    districts: tuple[District, ...] = ()
    alliance_votes: Mapping[str, int] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        """Votes for lists, alliances and against all: as stated, else the sum of the entries."""
        if self.valid_votes is not None:
            return self.valid_votes
        return sum(entry.votes for entry in self.entries) + sum(self.alliance_votes.values())

    def in_order(self, ties: TieRule) -> list[tuple[int, Entry]]:
        """The entries with the place of each where the last of ``ties`` decides: as registered, or the number
        of the list.
        """
        numbered = ties[-1] == "list-number"
        return [(e.list_number if numbered else place, e) for place, e in enumerate(self.entries)]

    @property
    def for_lists(self) -> int:
        """Votes for lists and alliances alone, of those that are not listed one by one too."""
        listed = sum(entry.votes for entry in self.entries if entry.kind != "none-of-the-above")
        return listed + sum(self.alliance_votes.values())


def as_one(name: str, districts: Sequence[District]) -> District:
    """Several districts as one place: votes, seats and totals added up; a total that one lacks is unknown."""
    votes, alliances, direct = Counter[str](), Counter[str](), Counter[str]()
    for district in districts:
        votes.update(district.votes)
        alliances.update(district.alliance_votes)
        direct.update(district.direct)
    return District(
        name,
        votes,
        seats=_sum([district.seats for district in districts]),
        population=_sum([district.population for district in districts]),
        direct=direct,
        region=name,
        valid_votes=sum(district.valid for district in districts),
        invalid_votes=_sum([district.invalid_votes for district in districts]),
        registered=_sum([district.registered for district in districts]),
        alliance_votes=alliances,
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def regions_of(ballot: Ballot) -> dict[str, District]:
    """The regions of a ballot, each as one place, in the order of their first districts."""
    members: dict[str, list[District]] = {}
    for district in ballot.districts:
        members.setdefault(district.region, []).append(district)
    return {name: as_one(name, districts) for name, districts in members.items()}
