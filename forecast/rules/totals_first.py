"""National totals first: the districts place the seats that lists have nationally, by passing on those given
by the smallest remainders (Bulgaria), by each list's own votes (Germany), or by double proportion (Zurich).

Double proportion meets the totals of lists and the seats of districts at once: M. L. Balinski, G. Demange
(1989), Algorithms for proportional matrices in reals and integers; F. Pukelsheim (2017), Proportional
Representation, ch. 14-15; Zurich, Gesetz über die politischen Rechte §§ 103, 104. The seats are those that
divisors of districts and of lists would give; they are found without these, by moving seats inside districts
from lists above their total to lists below it, each time along the chain of lists whose quotients lose least,
in exact fractions. Such moves never stall at ties, as scaling lists and districts by turns may, and where no
chain is left there is no table at all.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import TypeVar

from forecast.election.methods import divisors_of
from forecast.election.rule import Districts, Rule
from forecast.errors import Fault, NoValidOutcome
from forecast.rules.allocation import Plan, divide_by_method
from forecast.rules.ballot import Ballot
from forecast.rules.districts import Tier, needs_table
from forecast.rules.outcome import Keys, Line, Step, Tie, Unit, precedence

Move = TypeVar("Move")


@dataclass(frozen=True)
class _Remainder:
    """The remainder of one list in one district, as a share of the quota there."""

    share: Fraction
    keys: Keys
    list: str
    place: str

    @property
    def rank(self) -> tuple[Fraction, Keys]:
        """Larger goes first."""
        return self.share, self.keys


def place_totals(rule: Rule, tier: Tier, totals: Mapping[str, int]) -> Tier:
    """The districts' seats after those given by remainder have passed from lists above their national total
    to lists below it.

    The smallest remainder that won a seat for a list above its total goes first; its seat passes, in the same
    district, to the largest remainder without a seat of a list below its total. Where no such pair is left,
    seats pass on along the shortest chain of lists; what no chain mends is given back, so that no list has
    more than its total. Bulgaria, Election Code art. 297 and the Methodology of the Central Election
    Commission; no official table by district was at hand to check the order of these steps on.
    """
    passing = _Passing(rule, tier, totals)
    passing.pass_on()
    while passing.pass_along_a_chain():
        pass
    passing.give_back()
    return replace(tier, seats=passing.seats, ties=(*tier.ties, *passing.ties))


def place_by_own_votes(rule: Rule, ballot: Ballot, totals: Mapping[str, int]) -> Tier:
    """The seats of each list divided among the districts by its own votes there (Germany, BWahlG § 4 (3):
    from the party to its lists in the states).

    Raises ``ConfigurationError`` where there is no table of districts.
    """
    assert rule.districts is not None
    needs_table(rule, ballot)
    won: dict[str, dict[str, int]] = {district.name: {} for district in ballot.districts}
    steps: list[Step] = []
    ties: list[Tie] = []
    for name, seats in totals.items():
        places = [
            Unit(district.name, Fraction(district.votes.get(name, 0)), order)
            for order, district in enumerate(ballot.districts)
        ]
        division = divide_by_method(Plan(rule.districts, rule.ties), places, seats, name)
        steps += division.steps
        ties += division.ties
        for place, given in division.seats.items():
            won[place][name] = given
    sizes = {place: sum(given.values()) for place, given in won.items()}
    return Tier(won, sizes, {}, tuple(steps), tuple(ties))


class _Passing:
    """Seats by district while they pass from list to list."""

    def __init__(self, rule: Rule, tier: Tier, totals: Mapping[str, int]) -> None:
        self.rule, self.tier = rule, tier
        self.seats = {name: Counter(given) for name, given in tier.seats.items()}
        self.above = Counter(tier.won)
        self.above.subtract(totals)
        self.served: list[_Remainder] = []
        self.waiting: dict[str, list[_Remainder]] = {name: [] for name in tier.sizes}
        self.ties: list[Tie] = []
        self.order = {unit.id: unit.order for units in tier.units.values() for unit in units}
        for step in tier.steps:
            for line in step.lines if step.place in tier.sizes else ():
                if line.seats > (line.whole or 0):
                    self.served.append(_remainder(rule, step, line))
                elif line.seats == line.whole and line.votes > 0:
                    self.waiting[step.place].append(_remainder(rule, step, line))

    def pass_on(self) -> None:
        """From lists above their total straight to lists below it, the smallest remainder first."""
        for loser in sorted(self.served, key=lambda r: r.rank):
            candidates = [r for r in self.waiting[loser.place] if self.above[r.list] < 0]
            if self.above[loser.list] > 0 and candidates:
                winner = max(candidates, key=lambda r: r.rank)
                equal = tuple(r.list for r in candidates if r.rank == winner.rank)
                if len(equal) > 1:
                    by = self.rule.ties[len(winner.keys)]
                    self.ties.append(Tie(equal, 1, (winner.list,), by, "remainder", winner.place))
                self._move(loser, winner)

    def _move(self, loser: _Remainder, winner: _Remainder) -> None:
        self.served.remove(loser)
        self.waiting[winner.place].remove(winner)
        self.served.append(winner)
        self.waiting[loser.place].append(loser)
        for remainder, change in ((loser, -1), (winner, 1)):
            self.seats[remainder.place][remainder.list] += change
            self.above[remainder.list] += change

    def pass_along_a_chain(self) -> bool:
        """One seat from a list above its total to one below it, through lists that have theirs."""

        def steps(name: str) -> Iterator[tuple[str, tuple[_Remainder, _Remainder]]]:
            for loser in sorted((r for r in self.served if r.list == name), key=lambda r: r.rank):
                for winner in sorted(self.waiting[loser.place], key=lambda r: r.rank, reverse=True):
                    yield winner.list, (loser, winner)

        starts = sorted((name for name, more in self.above.items() if more > 0), key=self.order.__getitem__)
        way = _shortest_way(starts, lambda name: self.above[name] < 0, steps)
        for loser, winner in way or ():
            self._move(loser, winner)
        return way is not None

    def give_back(self) -> None:
        """Seats beyond a total that nothing could mend: where the list has the fewest votes for a seat."""
        votes = {place: {unit.id: unit.votes for unit in units} for place, units in self.tier.units.items()}
        for name, more in self.above.items():
            for _ in range(more):
                held = [place for place, given in self.seats.items() if given[name] > 0]
                place = min(held, key=lambda at: votes[at][name] / self.seats[at][name])
                self.seats[place][name] -= 1


def _remainder(rule: Rule, step: Step, line: Line) -> _Remainder:
    quota = step.quota or Fraction(1)
    keys = precedence(rule.ties, line.votes, line.whole or 0, 0)[:-1]
    return _Remainder((line.remainder or Fraction(0)) / quota, keys, line.id, step.place)


def voters(units: Sequence[Unit], ballot: Ballot, tier: Tier) -> list[Unit]:
    """The lists with voters instead of votes: in each district the votes for it by the seats there, rounded
    (a voter has as many votes as there are seats: Zurich, GPR § 103).
    """
    numbers = Counter[str]()
    for district in ballot.districts:
        size = tier.sizes[district.name]
        for name, votes in district.votes.items() if size else ():
            numbers[name] += floor(Fraction(votes, size) + Fraction(1, 2))
    return [unit._replace(votes=Fraction(numbers[unit.id]), behind_quota=None) for unit in units]


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
                (other, (place, start, other))
                for place, other, cost in self._steps(start)
                if least[start] * cost == least[other]
            ]
            for start in self._lists()
        }
        told: set[frozenset[str]] = set()
        for start, steps in free.items():
            for other, first in steps:
                back = _shortest_way([other], start.__eq__, free.__getitem__)
                if back is None:
                    continue
                moves = (first, *back)
                lists = tuple(dict.fromkeys(loser for _, loser, _ in moves))
                if frozenset(lists) not in told:
                    told.add(frozenset(lists))
                    places = ", ".join(dict.fromkeys(where for where, *_ in moves))
                    by = self.rule.ties[len(precedence(self.rule.ties, 0, 0, 0)) - 1]
                    yield Tie(lists, 1, lists[:1], by, "quotient in a double proportion", places)


def _shortest_way(
    starts: Iterable[str],
    ends: Callable[[str], bool],
    steps: Callable[[str], Iterable[tuple[str, Move]]],
) -> tuple[Move, ...] | None:
    """The moves along the shortest chain from one of some lists to one at which it ``ends``; ``steps`` of a
    list are those that come next, with the moves to them.
    """
    came: dict[str, tuple[Move, ...]] = dict.fromkeys(starts, ())
    queue = deque(came)
    while queue:
        name = queue.popleft()
        if ends(name):
            return came[name]
        for other, move in steps(name):
            if other not in came:
                came[other] = (*came[name], move)
                queue.append(other)
    return None
