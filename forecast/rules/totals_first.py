"""National totals first: the districts place the seats that lists have nationally (Bulgaria, Germany)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from forecast.election.rule import Rule
from forecast.rules.allocation import Plan, divide_by_method
from forecast.rules.ballot import Ballot
from forecast.rules.districts import Tier, needs_table
from forecast.rules.outcome import Line, Step, Tie
from forecast.rules.ties import Keys, Unit, precedence


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
        start = sorted((name for name, more in self.above.items() if more > 0), key=self.order.__getitem__)
        came: dict[str, tuple[_Remainder, _Remainder] | None] = dict.fromkeys(start)
        queue = deque(start)
        while queue:
            name = queue.popleft()
            if self.above[name] < 0:
                for loser, winner in self._back(came, name):
                    self._move(loser, winner)
                return True
            for loser in sorted((r for r in self.served if r.list == name), key=lambda r: r.rank):
                for winner in sorted(self.waiting[loser.place], key=lambda r: r.rank, reverse=True):
                    if winner.list not in came:
                        came[winner.list] = (loser, winner)
                        queue.append(winner.list)
        return False

    @staticmethod
    def _back(
        came: Mapping[str, tuple[_Remainder, _Remainder] | None], name: str
    ) -> Iterator[tuple[_Remainder, _Remainder]]:
        while (step := came[name]) is not None:
            yield step
            name = step[0].list

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
