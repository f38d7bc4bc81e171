"""National totals first: the districts place the seats that lists have nationally (Bulgaria)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from forecast.election.rule import Rule
from forecast.rules.districts import Tier
from forecast.rules.outcome import Line, Step, Tie


@dataclass(frozen=True)
class _Remainder:
    """The remainder of one list in one district, as a share of the quota there."""

    share: Fraction
    votes: Fraction
    list: str
    place: str


def place_totals(rule: Rule, tier: Tier, totals: Mapping[str, int]) -> Tier:
    """The districts' seats after those given by remainder have passed from lists above their national total
    to lists below it.

    The smallest remainder that won a seat for a list above its total goes first; its seat passes, in the same
    district, to the largest remainder without a seat of a list below its total. Bulgaria, Election Code
    art. 297 and the Methodology of the Central Election Commission; no official table by district was at hand
    to check the order of these steps on.
    """
    seats = {name: Counter(given) for name, given in tier.seats.items()}
    above = Counter(tier.won)
    above.subtract(totals)
    served: list[_Remainder] = []
    waiting: dict[str, list[_Remainder]] = {}
    for step in tier.steps:
        if step.place not in tier.sizes:
            continue
        for line in step.lines:
            remainder = _remainder(step, line)
            if line.seats > (line.whole or 0):
                served.append(remainder)
            elif line.seats == line.whole:
                waiting.setdefault(step.place, []).append(remainder)
    ties: list[Tie] = []
    for loser in sorted(served, key=lambda r: (r.share, r.votes)):
        candidates = [r for r in waiting.get(loser.place, []) if above[r.list] < 0 and r.votes > 0]
        if above[loser.list] <= 0 or not candidates:
            continue
        winner = max(candidates, key=lambda r: (r.share, r.votes))
        ties += _ties(rule, winner, candidates)
        waiting[loser.place].remove(winner)
        for remainder, change in ((loser, -1), (winner, 1)):
            seats[loser.place][remainder.list] += change
            above[remainder.list] += change
    return replace(tier, seats=seats, ties=(*tier.ties, *ties))


def _remainder(step: Step, line: Line) -> _Remainder:
    quota = step.quota or Fraction(1)
    return _Remainder((line.remainder or Fraction(0)) / quota, line.votes, line.id, step.place)


def _ties(rule: Rule, winner: _Remainder, candidates: list[_Remainder]) -> list[Tie]:
    equal = [r for r in candidates if (r.share, r.votes) == (winner.share, winner.votes)]
    if len(equal) < 2:
        return []
    lists = tuple(r.list for r in equal)
    return [Tie(lists, 1, (winner.list,), rule.ties, "remainder", winner.place)]
