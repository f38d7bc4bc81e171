"""What stands around the division, as the compiled core reads it: bonus, caps, alliances and seats held."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election.constituencies import Districts, Levelling
from forecast.election.methods import Bonus, Cap
from forecast.election.values import MOST_SEATS
from forecast.kernels import laws

if TYPE_CHECKING:
    from forecast.election import Party, Rule
    from forecast.rules.compiled_districts import SeatTable

Numbers = NDArray[np.int64]

GROWTH = 8
"""A house that grows until it covers the seats held may grow to so many times its size; seats are
counted in a histogram, which must end somewhere. A draw beyond it stops the run with a message."""

_MODES = {
    None: laws.LEVELLING_NONE,
    "keep": laws.LEVELLING_KEEP,
    "redistribute": laws.LEVELLING_REDISTRIBUTE,
    "start": laws.LEVELLING_START,
    "level": laws.LEVELLING_GROW,
    "return": laws.LEVELLING_NONE,
    "apart": laws.LEVELLING_APART,
    "part": laws.LEVELLING_PART,
}


_MAJORITIES = {
    "valid": laws.MAJORITY_OF_VALID,
    "admitted": laws.MAJORITY_OF_ADMITTED,
    "seats": laws.MAJORITY_OF_SEATS,
}


def seats_to_share(rule: Rule) -> int:
    """The size of the house before anything stands around it."""
    return (rule.levelling and rule.levelling.start_seats) or rule.seats


def largest_house(rule: Rule, lists: Sequence[Party], table: SeatTable | None = None) -> int:
    """No more seats than this are handed out: the house grown as far as it may, seats held and those won in
    the districts of ``table`` beyond the house, extra seats.
    """
    held = sum(_held(party) for party in lists) if rule.levelling is not None else 0
    in_districts = int(table.seats.sum()) if table is not None and rule.districts is not None else 0
    if rule.levelling_mode in ("keep", "level"):
        held += in_districts
    extra = sum(party.extra_seats for party in lists)
    return max(_grown(rule), rule.seats + _added(rule, rule.seats + extra), in_districts) + held + extra


def _added(rule: Rule, seats: int) -> int:
    """No more seats than this are added to so many for a majority, or for the others beside it."""
    majority = rule.majority
    if majority is None or majority.seat != "added":
        return 0
    share = majority.to or Fraction(1, 2)
    house = seats + ceil(seats * share / (1 - share))
    return 2 * house - seats if majority.at_most is not None else house - seats


def stands_around(rule: Rule, lists: Sequence[Party]) -> bool:
    """Whether there is more to a rule than admission and one division."""
    parts = (rule.bonus, rule.cap, rule.levelling, rule.majority, rule.guaranteed)
    limited = any(party.max_seats is not None and party.max_seats < rule.seats for party in lists)
    extra = any(party.extra_seats for party in lists)
    allied = _alliances(rule, lists)[0].number > 0
    return any(part is not None for part in parts) or limited or extra or allied


def constraints_of(
    rule: Rule, lists: Sequence[Party], record: np.void, inside: NDArray[np.void]
) -> laws.Constraints:
    """The core's arrays; fills ``record`` (see ``laws.RULE``). ``inside`` (1,) is how alliances divide."""
    record["constrained"] = True
    record["seats"] = seats_to_share(rule)
    record["largest_house"] = _grown(rule)
    alliances, subs = _alliances(rule, lists)
    record["alliances"], record["subs"] = alliances.number, subs.number
    limits = np.full(len(lists), laws.NO_LIMIT)
    for k, party in enumerate(lists):
        most = [party.max_seats] if party.max_seats is not None else []
        most += [rule.cap.seats] if rule.cap is not None and rule.cap.seats is not None else []
        limits[k] = min(most, default=laws.NO_LIMIT)
    record["limited"] = rule.cap is not None or bool(np.any(limits < laws.NO_LIMIT))
    _fill_cap(record, rule.cap)
    if rule.majority is not None:
        record["majority"] = laws.MAJORITY_MOVES if rule.majority.seat == "moved" else laws.MAJORITY_ADDS
        record["majority_of"] = _MAJORITIES[rule.majority.of]
        fill_share(record, "majority", rule.majority.to)
        fill_share(record, "most", rule.majority.at_most)
    if rule.guaranteed is not None:
        record["guaranteed"] = rule.guaranteed.seats
        fill_share(record, "guaranteed", rule.guaranteed.from_)
    if rule.levelling is not None:
        _fill_levelling(record, rule.levelling)
    _fill_bonus(record, rule.bonus)
    winner = rule.bonus.winner if rule.bonus is not None else None
    named = [(party.alliance if rule.alliances and party.alliance else party.id) for party in lists]
    record["premium_winner"] = named.index(winner) if winner in named else -1
    record["premium_apart"] = alliances.number > 0 and rule.bonus is not None and rule.bonus.others == "lists"
    return laws.Constraints(
        limits=limits,
        houses=np.array([record["seats"]], np.int64),
        held=np.array([[float(_held(party)) for party in lists]]),
        direct=np.array([float(party.direct_seats) for party in lists]),
        floors=np.array([float(_floor(party, lists)) for party in lists]),
        extra=np.array([float(party.extra_seats) for party in lists]),
        alliances=alliances.of,
        subs=subs.of,
        inside=inside,
    )


def fill_share(record: np.void, name: str, share: Fraction | None) -> None:
    """A share as numerator and denominator of the record; none is 0."""
    share = share or Fraction(0)
    record[f"{name}_numerator"], record[f"{name}_denominator"] = share.numerator, share.denominator


def _fill_cap(record: np.void, cap: Cap | None) -> None:
    record["cap_denominator"] = 1.0
    record["excess_left"] = cap is not None and cap.excess == "left-over"
    if cap is not None and cap.by_share and cap.house is not None:
        factor, plus = cap.factor, cap.share_plus or Fraction(0)
        record["cap_numerator"] = factor.numerator * plus.denominator * cap.house
        record["cap_denominator"] = factor.denominator * plus.denominator
        record["cap_plus"] = plus.numerator * factor.denominator * cap.house
        record["cap_of_admitted"] = cap.share_of == "admitted"


def _fill_levelling(record: np.void, levelling: Levelling) -> None:
    if levelling.parity is not None:
        record["parity"] = laws.PARITY_ODD if levelling.parity == "odd" else laws.PARITY_EVEN
    record["levelling"] = _MODES[levelling.mode]
    record["keeps"] = levelling.mode != "part"
    fill_share(record, "part", levelling.part)
    record["whole_house"] = levelling.house or 0
    inside_the_house = ("redistribute", "return", "start")
    record["deducts"] = levelling.deduct_unadmitted or levelling.mode in inside_the_house


def constraints_in_districts(
    rule: Rule,
    districts: Districts,
    lists: Sequence[Party],
    houses: Numbers,
    record: np.void,
    inside: NDArray[np.void],
) -> laws.Constraints | None:
    """What stands around the division in each district: a bonus, and alliances; fills ``record``."""
    alliances, subs = _alliances(rule, lists)
    if districts.bonus is None and not alliances.number:
        return None
    record["constrained"] = True
    record["alliances"], record["subs"] = alliances.number, subs.number
    record["cap_denominator"] = 1.0
    _fill_bonus(record, districts.bonus)
    return _nothing_around(lists, houses, inside)._replace(alliances=alliances.of, subs=subs.of)


def constraints_after_winners(
    lists: Sequence[Party], houses: Numbers, record: np.void, inside: NDArray[np.void]
) -> laws.Constraints:
    """What stands around the division in each district where the divisors of a list begin after the winners
    that it has there, who are drawn; fills ``record``.
    """
    record["constrained"] = True
    record["single_precision"] = False
    record["cap_denominator"] = record["bonus_unit"] = 1.0
    record["levelling"] = laws.LEVELLING_START
    record["held_drawn"] = record["held_beside"] = record["keeps"] = True
    return _nothing_around(lists, houses, inside)


def _nothing_around(lists: Sequence[Party], houses: Numbers, inside: NDArray[np.void]) -> laws.Constraints:
    """Districts in which nothing is held, limited or allied."""
    nothing = np.zeros(len(lists))
    return laws.Constraints(
        limits=np.full(len(lists), laws.NO_LIMIT),
        houses=houses,
        held=np.zeros((len(houses), len(lists))),
        direct=nothing,
        floors=nothing,
        extra=nothing,
        alliances=np.full(len(lists), -1, np.int64),
        subs=np.full(len(lists), -1, np.int64),
        inside=inside,
    )


def _fill_bonus(record: np.void, bonus: Bonus | None) -> None:
    record["bonus_unit"] = 1.0
    record["premium_denominator"] = 1.0
    if bonus is None:
        return
    if bonus.type == "at-least":
        record["premium"] = bonus.seats or 0
        fill_share(record, "premium", bonus.from_)
        return
    if bonus.type == "fixed":
        record["bonus"] = record["bonus_most"] = bonus.seats or 0
        return
    start, step = bonus.from_ or Fraction(0), bonus.step or Fraction(0)
    unit = lcm(start.denominator, step.denominator)
    record["bonus"], record["bonus_most"] = bonus.base or 0, bonus.max or 0
    record["bonus_unit"] = unit
    record["bonus_from"], record["bonus_steps"] = float(start * unit), float(step * unit)


def _grown(rule: Rule) -> int:
    size = seats_to_share(rule)
    return max(min(GROWTH * size, MOST_SEATS), size) if rule.levelling_mode == "level" else size


def _floor(party: Party, lists: Sequence[Party]) -> int:
    """Seats that a list keeps inside its alliance: none in one with sub-alliances."""
    nested = any(other.sub_alliance for other in lists if other.alliance == party.alliance)
    return 0 if party.alliance and nested else party.min_seats


def _held(party: Party) -> int:
    return max(party.direct_seats, party.min_seats)


class _Alliances(NamedTuple):
    """(K,) number of the alliance of several lists that each is in, -1 where there is none; and how many."""

    of: Numbers
    number: int


def _alliances(rule: Rule, lists: Sequence[Party]) -> tuple[_Alliances, _Alliances]:
    """The alliances of a rule that has any, and those inside them."""
    inner = [(p.alliance, p.sub_alliance) if p.alliance and p.sub_alliance else None for p in lists]
    outer = [p.alliance or None for p in lists]
    return _of_several(rule, outer), _of_several(rule, inner)


def _of_several(rule: Rule, names: Sequence[object]) -> _Alliances:
    several = [name for name in dict.fromkeys(names) if name is not None and names.count(name) > 1]
    several = several if rule.alliances is not None else []
    numbers = [several.index(name) if name in several else -1 for name in names]
    return _Alliances(np.array(numbers, np.int64), len(several))
