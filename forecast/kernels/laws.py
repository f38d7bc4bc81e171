"""A rule as the core reads it: one record, and arrays by list."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.arrays import F32x1, F64x1, F64x2, I64x1

BASE_VALID, BASE_LISTS, BASE_CAST, BASE_REGISTERED = 0, 1, 2, 3
FAMILY_QUOTA, FAMILY_DIVISOR, FAMILY_NONE = 0, 1, 2
QUOTA_HARE, QUOTA_DROOP, QUOTA_HAGENBACH_BISCHOFF_ROUNDED, QUOTA_IMPERIALI = 0, 1, 2, 3
QUOTA_HAGENBACH_BISCHOFF, QUOTA_IMPERIALI_ROUNDED = 4, 7
QUOTA_HARE_ROUNDED_UP, QUOTA_HARE_ROUNDED_DOWN = 5, 6
LEVELLING_NONE, LEVELLING_KEEP, LEVELLING_REDISTRIBUTE = 0, 1, 2
LEVELLING_START, LEVELLING_GROW, LEVELLING_APART, LEVELLING_PART = 3, 4, 5, 6
REMAINDER_LARGEST, REMAINDER_LARGEST_LISTS, REMAINDER_THEN_AVERAGE = 0, 1, 2
REMAINDER_HIGHEST_AVERAGE, REMAINDER_THEN_HIGHEST, REMAINDER_WITHOUT_QUOTA, REMAINDER_ROUNDED = 3, 4, 5, 6
MAJORITY_MOVES, MAJORITY_ADDS = 1, 2
MAJORITY_OF_ADMITTED, MAJORITY_OF_VALID, MAJORITY_OF_SEATS = 0, 1, 2
PARITY_EVEN, PARITY_ODD = 1, 2

TIES_LOT, TIES_NOT_BY_VOTES, TIES_FEWEST_VOTES, TIES_NO_SEAT = 1, 2, 4, 8
"""In the end a lot, not the order of the lists; votes do not matter; fewer votes go first; so does before all
that a list without a seat.
"""

NO_LIMIT = 2.0**31
"""More seats than any list can hold."""

RULE = np.dtype(
    [
        ("seats", np.int64),
        ("base", np.int64),
        ("strict", np.bool_),
        ("minimum_lists", np.float64),
        ("joint_numerator", np.float64),
        ("joint_denominator", np.float64),
        ("correction", np.float64),
        ("uncorrected", np.float64),
        ("vote", np.float64),
        ("nobody_decided", np.bool_),
        ("nobody_admits", np.int64),
        ("nobody_numerator", np.float64),
        ("nobody_denominator", np.float64),
        ("family", np.int64),
        ("quota", np.int64),
        ("remainder", np.int64),
        ("remainder_seats", np.int64),
        ("remainder_numerator", np.float64),
        ("remainder_denominator", np.float64),
        ("quota_of_valid", np.bool_),
        ("divisor_row", np.int64),
        ("shift", np.float64),
        ("first", np.float64),
        ("slack", np.float64),
        ("ties", np.uint64),
        ("corrected", np.bool_),
        ("pacts", np.int64),
        ("pact_numerator", np.float64),
        ("pact_denominator", np.float64),
        ("aid_numerator", np.float64),
        ("aid_denominator", np.float64),
        ("own_numerator", np.float64),
        ("own_denominator", np.float64),
        ("single_precision", np.bool_),
        ("constrained", np.bool_),
        ("limited", np.bool_),
        ("cap_numerator", np.float64),
        ("cap_denominator", np.float64),
        ("cap_plus", np.float64),
        ("cap_of_admitted", np.bool_),
        ("excess_left", np.bool_),
        ("guaranteed", np.float64),
        ("guaranteed_numerator", np.float64),
        ("guaranteed_denominator", np.float64),
        ("part_numerator", np.float64),
        ("part_denominator", np.float64),
        ("whole_house", np.float64),
        ("alliances", np.int64),
        ("subs", np.int64),
        ("levelling", np.int64),
        ("deducts", np.bool_),
        ("keeps", np.bool_),
        ("held_drawn", np.bool_),
        ("held_beside", np.bool_),
        ("of_districts", np.bool_),
        ("largest_house", np.int64),
        ("parity", np.int64),
        ("majority", np.int64),
        ("majority_of", np.int64),
        ("majority_numerator", np.float64),
        ("majority_denominator", np.float64),
        ("most_numerator", np.float64),
        ("most_denominator", np.float64),
        ("bonus", np.float64),
        ("bonus_from", np.float64),
        ("bonus_steps", np.float64),
        ("bonus_unit", np.float64),
        ("bonus_most", np.float64),
        ("premium", np.float64),
        ("premium_numerator", np.float64),
        ("premium_denominator", np.float64),
        ("premium_winner", np.int64),
        ("premium_apart", np.bool_),
    ],
    align=True,
)
"""One rule.

A vote counts ``vote`` of the whole numbers that weights are stated in, ``uncorrected`` where the quotient of
a runner-up is ``corrected``: it counts ``correction`` of every ``uncorrected`` then. The method may be
divided in ``single_precision``, with the draws that this cannot tell divided exactly; other methods are
divided exactly in every draw.

Equal claims go by ``ties``, the sum of ``TIES_*``: by more votes and then the order of the lists where it is
0.

Lists beyond their level may take part, or not, where the rule is ``corrected``. Of ``pacts`` alliances with
levels of their own (0: none) each takes part with pact_numerator / pact_denominator of the base; a list
counts for it from aid_numerator / aid_denominator on, and wins seats with it from own_numerator /
own_denominator.

What ``constrained`` rules have around their division: ``limited`` rules have a limit for some list, a number
(see ``Constraints``) or cap_numerator / cap_denominator (0: none) of the list's share of the votes for lists,
or of those admitted (``cap_of_admitted``), and cap_plus / cap_denominator, less its direct seats.
What exceeds a limit is divided anew, or left over (``excess_left``). ``guaranteed`` seats come first to a
list with guaranteed_numerator / guaranteed_denominator of the base.
``alliances`` is their number, ``subs`` that of alliances inside them. Seats of lists that are not admitted
are ``deducts``, taken off the seats that the others share, and ``keeps``, kept. ``largest_house`` bounds a
house that grows. With ``parity`` it is made even or odd by one seat more. More than half of the votes or
seats (``majority_of``) gives majority_numerator / majority_denominator of the seats (0: more than half) by
``majority``; seats are added for others where a list would have more than most_numerator / most_denominator
(0: no such bound). A list needs remainder_numerator / remainder_denominator of a quota for a seat left over.
Seats ``held_drawn`` are those that stand in the seats of a draw already; with ``held_beside`` the house is
larger by them, where divisors begin after them. Those ``of_districts`` stay where nobody is admitted.
The bonus is ``bonus`` seats for a list with a share of bonus_from / bonus_unit, one more for every
bonus_steps / bonus_unit (0: none), ``bonus_most`` at most (0: no bonus at all). The largest list or alliance
has ``premium`` seats at least, from premium_numerator / premium_denominator of the votes on, or that of list
``premium_winner`` (-1: none); where ``premium_apart`` the lists of other alliances stand alone. Where lists
get part_numerator / part_denominator of what they lack, their share is of ``whole_house`` seats.
"""

Rule = Annotated[NDArray[np.void], RULE, 1]
"""(1,) the rule that a kernel applies."""


class Law(NamedTuple):
    """A rule's numbers by list."""

    numerators: F64x1
    """(K,) thresholds as fractions."""
    denominators: F64x1
    levels: F32x1
    """(K,) the same in single precision."""
    weights: F64x1
    """(K,) what a list's vote counts in the allocation: whole numbers."""
    single_weights: F32x1
    no_lists: I64x1
    """(U,) 1 for units that are no lists (against all), which the votes for lists leave out."""
    divisors: F64x2
    """(tables, S + 2) divisor of the n-th seat at n - 1; see ``divisor_row`` of the rule."""
    pacts: I64x1
    """(K,) number of the list's alliance where these have levels, -1 for none."""


class Constraints(NamedTuple):
    """What stands around the division, by list."""

    limits: F64x1
    """(K,) seats that a list may hold at most; NO_LIMIT for any number."""
    houses: I64x1
    """(N,) seats of each ballot."""
    held: F64x2
    """(N, K) seats that a list has before those of the ballot are divided."""
    direct: F64x1
    """(K,) constituencies won, which a cap by share counts."""
    floors: F64x1
    """(K,) seats that a list keeps inside its alliance."""
    extra: F64x1
    """(K,) seats added at the very end."""
    alliances: I64x1
    """(K,) number of the list's alliance, -1 for none."""
    subs: I64x1
    """(K,) number of its alliance inside that, -1 for none."""
    inside: Rule
    """(1,) how an alliance divides its seats."""
