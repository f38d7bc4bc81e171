"""The arrays that kernels take and give: their types, their records, and where they lie in memory.

U units on the ballot, of which the first K are eligible for seats (lists) and the rest are not (against all,
other); C coalitions; S seats at most. A *block* is ``BLOCK`` draws side by side, the last axis of every
array; a *piece* is N blocks, as many as the second-level cache holds. A kernel works through a piece block by
block.
"""

from __future__ import annotations

from math import prod
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

LANES = 256
"""Independent states of the random generator, side by side in vectors."""

BLOCK = 2 * LANES
"""Draws in a block: a round of all lanes is a word of 32 bits for each. Enough that a short loop is worth its
beginning and end, few enough that what a stage works with stays in the nearest cache.
"""

STREAM = 16_384
"""Draws of one random stream; a piece of plain draws begins at a multiple of it or follows another piece."""

# What a kernel takes: the type of an array stands once, for readers, for the type checker and for the
# compiler. The number is that of the axes; all arrays are contiguous.
F32x1 = Annotated[NDArray[np.float32], np.float32, 1]
F32x2 = Annotated[NDArray[np.float32], np.float32, 2]
F32x3 = Annotated[NDArray[np.float32], np.float32, 3]
F64x1 = Annotated[NDArray[np.float64], np.float64, 1]
F64x2 = Annotated[NDArray[np.float64], np.float64, 2]
F64x3 = Annotated[NDArray[np.float64], np.float64, 3]
I64x1 = Annotated[NDArray[np.int64], np.int64, 1]
I64x2 = Annotated[NDArray[np.int64], np.int64, 2]
I64x3 = Annotated[NDArray[np.int64], np.int64, 3]
I32x1 = Annotated[NDArray[np.int32], np.int32, 1]
I32x2 = Annotated[NDArray[np.int32], np.int32, 2]
I32x3 = Annotated[NDArray[np.int32], np.int32, 3]
U64x2 = Annotated[NDArray[np.uint64], np.uint64, 2]
U32x1 = Annotated[NDArray[np.uint32], np.uint32, 1]
U32x2 = Annotated[NDArray[np.uint32], np.uint32, 2]
U32x3 = Annotated[NDArray[np.uint32], np.uint32, 3]
U16x1 = Annotated[NDArray[np.uint16], np.uint16, 1]
U16x2 = Annotated[NDArray[np.uint16], np.uint16, 2]
U16x3 = Annotated[NDArray[np.uint16], np.uint16, 3]
U8x2 = Annotated[NDArray[np.uint8], np.uint8, 2]
B1x1 = Annotated[NDArray[np.bool_], np.bool_, 1]
B1x2 = Annotated[NDArray[np.bool_], np.bool_, 2]

PIECE = np.dtype(
    [
        ("replicate", np.int64),
        ("first", np.int64),
        ("end", np.int64),
        ("blocks", np.int64),
        ("valid", np.int64),
        ("apart", np.int64),
        ("place", np.int64),
        ("lots", np.uint64),
    ],
    align=True,
)
"""Where a piece stands: ``first`` is the number of its first draw in its replicate, ``end`` that of the one
behind the last of its span, ``valid`` how many of the draws of its ``blocks`` count (those behind the last
are drawn, or copied, and left out), ``place`` the number of the first in the run. From one block to the next
there are ``apart`` draws: BLOCK, or none where the blocks are the districts of the same draws. ``lots`` is
the seed of lots by which ties are settled, 0 where they go by the order of the lists (drawn votes do not
tie).
"""

Piece = Annotated[NDArray[np.void], PIECE, 1]


class Votes(NamedTuple):
    """The votes of a piece as they are drawn: shares up to a common factor of each draw."""

    single: F32x3
    """(N, U, BLOCK) votes, in single precision."""
    total: F32x2
    """(N, BLOCK) their sum."""
    exact: F32x3
    """(N, U, BLOCK) the votes that count where single precision cannot tell: of drawn ones the same array."""
    per_cast: F64x2
    """(N, BLOCK) ballots cast for one valid vote."""
    per_registered: F64x2
    """(N, BLOCK) registered voters for one valid vote."""
    stands_for: F64x1
    """(N,) how many valid votes a draw stands for; 0 where it stands for itself."""


class GivenVotes(NamedTuple):
    """Votes that came from outside, whole numbers among them, which single precision only approximates."""

    single: F32x3
    total: F64x2
    exact: F64x3
    per_cast: F64x2
    per_registered: F64x2
    stands_for: F64x1


TAKES_PART, RUNNER_UP, AIDS, ALONE = 0, 1, 2, 3


class Claims(NamedTuple):
    """The votes of those who take part in the allocation. Of the K lists only P are *present* in a block,
    those that take part in some of its draws; the others are skipped by all that follows.
    """

    votes: F32x3
    """(N, K + 1, BLOCK) votes, weighed, of the lists present; 0 in draws in which they take no part."""
    total: F32x2
    """(N, BLOCK) their sum."""
    many: F32x2
    """(N, BLOCK) how many take part."""
    present: I64x2
    """(N, K + 1) which lists these are."""
    number: I64x1
    """(N,) P."""
    joined: U8x2
    """(N K, BLOCK) how a list takes part: ``TAKES_PART`` like others or not at all; as a ``RUNNER_UP`` whose
    quotient the law corrects; its votes ``AIDS`` its alliance, and it wins nothing; ``ALONE``, though it has
    an alliance. (0, BLOCK) where no law tells them apart.
    """


class Seats(NamedTuple):
    """The seats of a piece."""

    whole: U16x3
    """(N, K + C, BLOCK) of lists, then of coalitions; rows of lists that are not ``filled`` are zero."""
    house: U16x2
    """(N, BLOCK) seats handed out: 0 in void draws."""
    filled: B1x2
    """(N, K) whether a list has seats in some draw of a block."""


LARGEST_HOUSE = 32_767
"""Twice as many seats are still a 16-bit number."""

_PAGE = 4096


def new_rows(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that begin at a page.

    Vectors then never lie across two lines of the cache; and rows that a loop reads and writes side by side
    stand at the same place of their pages, or half a page from it, so that the processor, which compares the
    last twelve bits of addresses first, does not take a read for one of what was just written. Left to
    chance, both make a run slower by up to a fifth, and differently at every start.
    """
    kind = np.dtype(dtype)
    size = prod(shape) * kind.itemsize
    memory = np.zeros(size + _PAGE, np.uint8)
    start = -memory.__array_interface__["data"][0] % _PAGE
    return memory[start : start + size].view(kind).reshape(shape)
