"""The table behind the t draws: cubic pieces of w(u) = sqrt(nu / chi2_nu(u)) for the compiled core."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.compiling import CACHE_FOLDER
from forecast.kernels.tail import BINADES, PIECES_PER_BINADE

_NODES = 4


@lru_cache(maxsize=8)
def tail_table(degrees_of_freedom: float) -> NDArray[np.float64]:
    """(2 (pieces + 1), 4) cubic coefficients: for u up to one half, then for 1 - u; (0, 0) for infinite nu.

    Piece p holds the floats whose exponent and first four bits lie p below those of one half. Interpolated at
    Chebyshev nodes; what lies beyond the last binade uses its last piece.
    """
    table = np.zeros((0, 0)) if np.isinf(degrees_of_freedom) else _remembered(degrees_of_freedom)
    table.setflags(write=False)
    return table


def _remembered(degrees_of_freedom: float) -> NDArray[np.float64]:
    """The table from the folder of the compiled core, where it is put the first time.

    To fill it needs ``scipy.special``, whose import takes longer than the million draws that use the table.
    """
    path = CACHE_FOLDER / f"tail-{float(degrees_of_freedom).hex()}.npy"
    try:
        return np.load(path)
    except (OSError, ValueError):
        table = _table(degrees_of_freedom)
    with contextlib.suppress(OSError):
        draft = path.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, table)
        draft.replace(path)
    return table


def _table(degrees_of_freedom: float) -> NDArray[np.float64]:
    from scipy.special import gammainccinv, gammaincinv

    pieces = np.arange(BINADES * PIECES_PER_BINADE + 1)
    binade, within = np.divmod(-pieces, PIECES_PER_BINADE)
    low = np.ldexp(1.0 + within / PIECES_PER_BINADE, binade - 1)
    width = np.ldexp(1.0 / PIECES_PER_BINADE, binade - 1)
    nodes = (1.0 - np.cos(np.pi * (2 * np.arange(_NODES) + 1) / (2 * _NODES))) / 2.0
    u = low[:, None] + width[:, None] * nodes
    table = np.empty((2, pieces.size, 4))
    for side, quantile in enumerate((gammaincinv, gammainccinv)):
        scale = np.sqrt(degrees_of_freedom / (2.0 * quantile(degrees_of_freedom / 2.0, u)))
        # In t = (u - low) / width the system is the same for every piece; then back to powers of u.
        in_t = np.linalg.solve(np.vander(nodes, 4, increasing=True), scale.T).T
        table[side] = _powers_of_u(in_t, low, width)
    return table.reshape(-1, 4)


def _powers_of_u(
    in_t: NDArray[np.float64], low: NDArray[np.float64], width: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coefficients in u of cubics in t = (u - low) / width."""
    c0, c1, c2, c3 = (in_t[:, j] / width**j for j in range(4))
    return np.stack(
        [
            c0 - c1 * low + c2 * low**2 - c3 * low**3,
            c1 - 2 * c2 * low + 3 * c3 * low**2,
            c2 - 3 * c3 * low,
            c3,
        ],
        axis=1,
    )
