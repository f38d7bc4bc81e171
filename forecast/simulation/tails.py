"""The table behind the t draws: cubic pieces of w(u) = sqrt(nu / chi2_nu(u)) for the compiled core."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.compiling.cache import cache_folder
from forecast.kernels.t_scale import PIECES, PIECES_PER_BINADE

_NODES = 4


@lru_cache(maxsize=8)
def tail_table(degrees_of_freedom: float) -> NDArray[np.float32]:
    """(8 pieces,) cubic coefficients, four a piece: for u up to one half, then for 1 - u; (0,) for infinite
    nu.

    Piece p holds the words x + 1/2 whose exponent and first four bits lie p above those of one half, with u
    = (x + 1/2) / 2**32; its variable runs from 1 to 2. Interpolated at Chebyshev nodes.
    """
    empty = np.zeros(0, np.float32)
    table = empty if np.isinf(degrees_of_freedom) else _remembered(degrees_of_freedom)
    table.setflags(write=False)
    return table


def _remembered(degrees_of_freedom: float) -> NDArray[np.float32]:
    """The table from the folder of the compiled core, where it is put the first time.

    To fill it needs ``scipy.special``, whose import takes longer than the million draws that use the table.
    """
    path = cache_folder() / f"t-scales-{PIECES}-{float(degrees_of_freedom).hex()}.npy"
    try:
        return np.load(path)
    except (OSError, ValueError):
        table = _table(degrees_of_freedom)
    with contextlib.suppress(OSError):
        draft = path.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, table)
        draft.replace(path)
    return table


def _table(degrees_of_freedom: float) -> NDArray[np.float32]:
    from scipy.special import gammainccinv, gammaincinv

    binade, within = np.divmod(np.arange(PIECES), PIECES_PER_BINADE)
    low = np.ldexp(1.0 + within / PIECES_PER_BINADE, binade - 1)
    width = np.ldexp(1.0 / PIECES_PER_BINADE, binade - 1)
    nodes = (1.0 - np.cos(np.pi * (2 * np.arange(_NODES) + 1) / (2 * _NODES))) / 2.0
    u = (low[:, None] + width[:, None] * nodes) / 2.0**32
    table = np.empty((2, PIECES, _NODES), np.float32)
    for side, quantile in enumerate((gammaincinv, gammainccinv)):
        scale = np.sqrt(degrees_of_freedom / (2.0 * quantile(degrees_of_freedom / 2.0, u)))
        # In the variable of a piece the system is the same for all.
        table[side] = np.linalg.solve(np.vander(1.0 + nodes, _NODES, increasing=True), scale.T).T
    return table.ravel()
