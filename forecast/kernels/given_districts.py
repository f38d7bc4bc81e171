"""Votes by district that came from outside: nothing is projected, they are taken as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel
from forecast.kernels.arrays import BLOCK, B1x2, F32x3, Piece, Votes

_NONE = np.float32(0.0)


class GivenDistricts(NamedTuple):
    """The votes of D districts in every draw."""

    votes: F32x3
    """(draws, D, U) whole numbers below 2**24, which single precision holds exactly."""
    stands: B1x2
    """(D, U) where each unit stands."""


@kernel
def take_districts(given: GivenDistricts, piece: Piece, districts: Piece, local: Votes) -> None:
    """Votes of the districts of the block of draws in ``piece``, into ``local`` (D, U, BLOCK); ``districts``
    becomes the piece of the districts. The draws behind the last are copies of it.
    """
    here, there = piece[0], districts[0]
    there.replicate, there.first, there.place = here.replicate, here.first, here.place
    there.valid, there.blocks = here.valid, given.votes.shape[1]
    valid = min(here.valid, BLOCK)
    for d in range(given.votes.shape[1]):
        total = local.total[d]
        for i in range(BLOCK):
            total[i] = _NONE
        for k in range(given.votes.shape[2]):
            row = local.single[d, k]
            for i in range(BLOCK):
                row[i] = given.votes[here.first + min(i, valid - 1), d, k]
                total[i] += row[i]
