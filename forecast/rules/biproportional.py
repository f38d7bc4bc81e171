"""Double proportionality: the national totals of lists and the seats of districts, both met at once.

M. L. Balinski, G. Demange (1989), Algorithms for proportional matrices in reals and integers; F. Pukelsheim
(2017), Proportional Representation, ch. 14-15: Zurich, Gesetz über die politischen Rechte § 103-104. The
seats are those that divisors of districts and of lists would give; they are found without these, by moving
seats inside districts from lists above their total to lists below it, each time along the chain of lists
whose quotients lose least, in exact fractions. Such moves never stall at ties, as scaling lists and districts
by turns may, and where no chain is left there is no table at all.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from forecast.election.rule import Districts, Rule, divisors_of
from forecast.errors import Fault, NoValidOutcome
from forecast.rules.ballot import Ballot
from forecast.rules.districts import Tier
from forecast.rules.outcome import Tie
from forecast.rules.ties import Unit, precedence


def voters(units: Sequence[Unit], ballot: Ballot, tier: Tier) -> list[Unit]:
    """The lists with voters instead of votes: in each district the votes for it by the seats there, rounded
    (a voter has as many votes as there are seats: Zurich, GPR § 103).
    """
    numbers = Counter[str]()
    for district in ballot.districts:
        size = tier.sizes[district.name]
        for name, votes in district.votes.items() if size else ():
            numbers[name] += floor(Fraction(votes, size) + Fraction(1, 2))
    return [replace(unit, votes=Fraction(numbers[unit.id]), behind_quota=None) for unit in units]


def place_doubly(rule: Rule, tier: Tier, totals: Mapping[str, int]) -> Tier:
    """The seats of the districts when lists have their national ``totals`` in them.

    ``tier`` are the districts as they divide by themselves. Raises ``NoValidOutcome`` where no table has both
    sums, since a list has its votes where others must take the seats.
    """
    assert rule.districts is not None
    moving = _Moving(rule, rule.districts, tier, totals)
    while any(moving.above.values()):
        moving.move()
    return replace(tier, seats=moving.seats, ties=tuple(moving.ties()))


def _strongest(districts: Districts, votes: Mapping[str, Fraction], seats: int) -> frozenset[str]:
    """The lists with most votes that have a seat of the district at least; none where more have as many votes
    as there are seats (Grisons, GRWG art. 28; Zug; Schaffhausen in districts of one seat).
    """
    wanted = {None: False, "single-member": seats == 1, "all": seats >= 1}[districts.strongest_list]
    most = [name for name, cast in votes.items() if cast == max(votes.values())] if wanted else []
    return frozenset(most) if len(most) <= seats else frozenset()


def _kept(
    strongest: Mapping[str, frozenset[str]],
    votes: Mapping[str, Mapping[str, Fraction]],
    totals: Mapping[str, int],
) -> dict[str, frozenset[str]]:
    """Of the strongest lists of districts those that keep a seat there: the national totals come first
    (Grisons, GRWG art. 28 (2) and (3)), so that a list with fewer seats than such districts keeps one where
    its share is largest, of equal shares in the first.
    """
    shares: dict[str, list[tuple[Fraction, str]]] = {}
    for place, names in strongest.items():
        for name in names:
            shares.setdefault(name, []).append((votes[place][name] / sum(votes[place].values()), place))
    where = {
        name: {place for _, place in sorted(held, key=lambda one: -one[0])[: totals.get(name, 0)]}
        for name, held in shares.items()
    }
    return {
        place: frozenset(name for name in names if place in where[name]) for place, names in strongest.items()
    }


@dataclass(frozen=True)
class _Way:
    """The cheapest way of a seat from one list to another, and how much it costs: a factor of quotients."""

    cost: Fraction
    moves: tuple[tuple[str, str, str], ...]
    """District, list that loses a seat there, list that gets it."""


class _Moving:
    """Seats by district while they move between lists; never is there a way round that costs less than 1."""

    def __init__(self, rule: Rule, districts: Districts, tier: Tier, totals: Mapping[str, int]) -> None:
        self.rule, self.method = rule, divisors_of(districts)
        self.votes = {
            place: {unit.id: unit.votes for unit in units if unit.votes > 0}
            for place, units in tier.units.items()
        }
        self.seats = {place: Counter(given) for place, given in tier.seats.items()}
        self.above = Counter(tier.won)
        self.above.subtract(totals)
        self.order = {unit.id: unit.order for units in tier.units.values() for unit in units}
        strongest = {
            place: _strongest(districts, cast, tier.sizes[place]) for place, cast in self.votes.items()
        }
        self.strongest = _kept(strongest, self.votes, totals)

    def move(self) -> None:
        """One seat from a list above its total to one below it, at the least cost."""
        found = self._ways_from(self._lists(above=True))
        ways = [way for name, way in found.items() if self.above[name] < 0]
        if not ways:
            raise NoValidOutcome(self._fault())
        for place, loser, winner in min(ways, key=lambda way: way.cost).moves:
            self.seats[place][loser] -= 1
            self.seats[place][winner] += 1
            self.above[loser] -= 1
            self.above[winner] += 1

    def _lists(self, *, above: bool = False) -> list[str]:
        """Lists in their order: all, or those above their total."""
        names = (name for name in self.order if not above or self.above[name] > 0)
        return sorted(names, key=self.order.__getitem__)

    def _fault(self) -> Fault:
        short = ", ".join(f"{name} {-more}" for name, more in self.above.items() if more < 0)
        remedy = (
            "no table of seats has the totals of lists and the seats of districts: the lists named are short "
            "of so many seats, and stand in too few districts"
        )
        return Fault("count", "rule.districts.national_totals", short, remedy)

    def _ways_from(self, starts: Sequence[str]) -> dict[str, _Way]:
        """The cheapest way to every list from some (Bellman-Ford)."""
        ways = {start: _Way(Fraction(1), ()) for start in starts}
        for _ in self.order:
            better = dict(ways)
            for name, way in ways.items():
                for place, other, cost in self._steps(name):
                    whole = way.cost * cost
                    if other not in better or whole < better[other].cost:
                        better[other] = _Way(whole, (*way.moves, (place, name, other)))
            if better == ways:
                break
            ways = better
        return ways

    def _steps(self, name: str) -> Iterator[tuple[str, str, Fraction]]:
        """What it costs that a list gives a seat to another in a district: the ratio of their quotients."""
        for place, given in self.seats.items():
            votes = self.votes[place]
            if given[name] == (name in self.strongest[place]) or name not in votes:
                continue
            lost = votes[name] ** self.method.degree / self.method.divisor(given[name])
            for other, cast in votes.items():
                if other != name:
                    yield (
                        place,
                        other,
                        lost * self.method.divisor(given[other] + 1) / cast**self.method.degree,
                    )

    def ties(self) -> Iterator[Tie]:
        """Ways round that cost nothing: the same sums could be met by another table."""
        # A way round costs nothing where each step costs what the cheapest ways to its two ends differ by.
        least = {name: way.cost for name, way in self._ways_from(self._lists()).items()}
        free = {
            start: [
                (place, other)
                for place, other, cost in self._steps(start)
                if least[start] * cost == least[other]
            ]
            for start in self._lists()
        }
        told: set[frozenset[str]] = set()
        for start, steps in free.items():
            for place, other in steps:
                back = _way_along(free, other, start)
                if back is None:
                    continue
                moves = ((place, start, other), *back)
                lists = tuple(dict.fromkeys(loser for _, loser, _ in moves))
                if frozenset(lists) not in told:
                    told.add(frozenset(lists))
                    places = ", ".join(dict.fromkeys(where for where, *_ in moves))
                    by = self.rule.ties[len(precedence(self.rule.ties, 0, 0, 0)) - 1]
                    yield Tie(lists, 1, lists[:1], by, "quotient in a double proportion", places)


def _way_along(
    free: Mapping[str, Sequence[tuple[str, str]]], start: str, end: str
) -> tuple[tuple[str, str, str], ...] | None:
    """The shortest way from one list to another along steps that cost nothing."""
    came: dict[str, tuple[tuple[str, str, str], ...]] = {start: ()}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        if name == end:
            return came[name]
        for place, other in free[name]:
            if other not in came:
                came[other] = (*came[name], (place, name, other))
                queue.append(other)
    return None
