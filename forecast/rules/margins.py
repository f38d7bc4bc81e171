"""How close the last seats were: the fewest extra votes that win a list its next seat.

The votes of the others stay and the base grows, so a list that gains may push another below the level. Found
by doubling and halving over whole votes with the exact count at every step; in a district from the quotients
of its division, and checked by counting it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from forecast.election.rule import Rule
from forecast.rules.allocation import smallest
from forecast.rules.ballot import Ballot, District, Entry, regions_of
from forecast.rules.districts import divide_district, with_direct_seats
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule
from forecast.rules.thresholds import entitled_in


@dataclass(frozen=True)
class NextSeat:
    """``votes`` more for ``list`` and it ``gains`` so many seats, which ``losers`` give up."""

    list: str
    votes: int
    gains: int
    losers: Mapping[str, int]


def next_seat(rule: Rule, ballot: Ballot, name: str) -> NextSeat | None:
    """The fewest extra votes that win the list another seat; ``None`` where no number of votes would.

    ``None`` too where the question has no such answer: in districts it matters where votes are cast, and a
    house that grows to cover constituencies has no last seat. One vote fewer has been tried and does not
    suffice.
    """
    if rule.districts is not None or rule.levelling_mode == "level":
        return None
    before = apply_rule(rule, ballot).seats

    def wins(extra: int) -> bool:
        return _seats_with(rule, ballot, name, extra)[name] > before[name]

    high = fewest(wins, 64 * (rule.seats + 1) * max(ballot.valid, ballot.registered or 0, 1))
    if high is None:
        return None
    after = _seats_with(rule, ballot, name, high)
    return _passed(name, high, before, after)


def _passed(name: str, votes: int, before: Mapping[str, int], after: Mapping[str, int]) -> NextSeat:
    losers = {other: seats - after.get(other, 0) for other, seats in before.items()}
    lost = {other: seats for other, seats in losers.items() if seats > 0}
    return NextSeat(name, votes, after[name] - before.get(name, 0), lost)


def fewest(wins: Callable[[int], bool], most: int) -> int | None:
    """The fewest votes with which ``wins`` holds, by doubling and halving; ``None`` beyond ``most``."""
    high = 1
    while not wins(high):
        high *= 2
        if high > most:
            return None
    high = smallest(wins, high // 2 + 1, high)
    while high > 1 and wins(high - 1):
        high -= 1
    return high


def next_seats(rule: Rule, ballot: Ballot) -> dict[str, NextSeat]:
    """``next_seat`` of every list that can win one, fewest votes first: how close the last seat was."""
    found = [next_seat(rule, ballot, entry.id) for entry in ballot.entries if entry.eligible]
    return {seat.list: seat for seat in sorted(filter(None, found), key=lambda seat: seat.votes)}


def with_extra_votes(ballot: Ballot, name: str, extra: int) -> Ballot:
    """The ballot with more votes for one list, and a total of valid votes that has grown with them."""
    entries = tuple(
        replace(entry, votes=entry.votes + extra) if entry.id == name else entry for entry in ballot.entries
    )
    total = None if ballot.valid_votes is None else ballot.valid_votes + extra
    return replace(ballot, entries=entries, valid_votes=total)


def _seats_with(rule: Rule, ballot: Ballot, name: str, extra: int) -> Mapping[str, int]:
    return apply_rule(rule, with_extra_votes(ballot, name, extra)).seats


def last_seats(rule: Rule, ballot: Ballot, outcome: Outcome) -> dict[str, NextSeat]:
    """What decides the last own seat of every district: the list that would take it with the fewest votes.

    Others' votes and the seats of the district stay as they are, and a list must be admitted nationally
    already where that is asked for. Nothing is said where a district's division is not the last word on its
    seats (seats left over or totals of the country).
    """
    districts = rule.districts
    if districts is None or districts.leftover is not None or districts.national_totals is not None:
        return {}
    found: dict[str, NextSeat] = {}
    for district, seated in zip(ballot.districts, outcome.districts, strict=True):
        if seated.seats > 0:
            best = _Local(rule, ballot, outcome, district, seated.seats).closest()
            if best is not None:
                found[district.name] = best
    return found


def _with_more(place: District, name: str, extra: int) -> District:
    votes = {**place.votes, name: place.votes.get(name, 0) + extra}
    return replace(place, votes=votes, valid_votes=place.valid + extra)


class _Local:
    """One district, counted again with more votes for one list."""

    def __init__(self, rule: Rule, ballot: Ballot, outcome: Outcome, district: District, seats: int) -> None:
        self.rule, self.districts, self.ballot = rule, rule.constituencies, ballot
        self.admissions = outcome.admissions if self.districts.threshold else {}
        self.district, self.seats = district, seats
        self.region = regions_of(ballot)[district.region] if district.region else None
        self.before = self.with_extra("", 0)
        self.quotients = {
            line.id: (line.votes, line.last_quotient, line.next_quotient)
            for step in outcome.steps
            if step.place == district.name and step.quota is None
            for line in step.lines
        }

    def with_extra(self, name: str, extra: int) -> Mapping[str, int]:
        """Seats by list with so many more votes for one."""
        local, district = self.districts.local_threshold, _with_more(self.district, name, extra)
        region = None
        if self.region is not None and local is not None and local.of == "region":
            region = _with_more(self.region, name, extra)
        units = [
            replace(unit, national=(unit.national or 0) + extra) if unit.id == name else unit
            for unit in entitled_in(self.rule, self.ballot, self.admissions, district, region)
        ]
        division = divide_district(self.rule, self.ballot, district, units, self.seats)
        return with_direct_seats(self.districts, district, division.seats)

    def closest(self) -> NextSeat | None:
        """The list that wins another seat here with the fewest votes more."""
        standing = [entry.id for entry in self.ballot.entries if self._may_win(entry)]
        best: tuple[int, str] | None = None
        for name in sorted(standing, key=self._guess):
            extra = self._fewest(name, most=None if best is None else best[0] - 1)
            if extra is not None:
                best = extra, name
        if best is None:
            return None
        extra, name = best
        return _passed(name, extra, self.before, self.with_extra(name, extra))

    def _may_win(self, entry: Entry) -> bool:
        """Whether more votes here can win it a seat: it stands here and is not kept out nationally."""
        if not entry.eligible or not self.district.votes.get(entry.id, 0):
            return False
        local = self.districts.local_threshold
        waived = local is not None and local.waives_national
        return waived or not self.admissions or self.admissions[entry.id].admitted

    def _guess(self, name: str) -> int:
        guess = self._by_quotients(name)
        return self.district.valid if guess is None else guess

    def _fewest(self, name: str, most: int | None) -> int | None:
        """Fewest votes for another seat; nothing where it would take more than ``most``."""

        def wins(extra: int) -> bool:
            return self.with_extra(name, extra).get(name, 0) > self.before.get(name, 0)

        if most is not None and (most < 1 or not wins(most)):
            return None
        guess = self._by_quotients(name)
        if guess is not None and wins(guess) and not (guess > 1 and wins(guess - 1)):
            return guess
        return fewest(wins, 64 * (self.seats + 1) * max(self.district.valid, 1))

    def _by_quotients(self, name: str) -> int | None:
        """Votes with which the next quotient of the list equals, or passes, the last that won."""
        known = self.quotients.get(name)
        lasts = [
            last
            for other, (_, last, _) in self.quotients.items()
            if other != name and isinstance(last, Fraction)
        ]
        if known is None or not lasts:
            return None
        votes, _, following = known
        if not isinstance(following, Fraction) or not following:
            return None
        needed = min(lasts) * votes / following
        share = votes / self.district.votes[name]
        extra = (needed - votes) / share
        return max(ceil(extra) + (extra == ceil(extra)), 1)
