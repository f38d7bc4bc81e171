"""Scratch memory: rows of a block, where the processor reads and writes them at its best.

Every array begins at a page. Vectors then never lie across two lines of the cache; and rows that a loop
reads and writes side by side stand at the same place of their pages, or half a page from it, so that the
processor, which compares the last twelve bits of addresses first, does not take a read for one of what was
just written. Left to chance, both make a run slower by up to a fifth, and differently at every start.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import maker
from forecast.kernels.random import BLOCK

_PAGE = 4096


@maker
def new_rows(number, dtype):
    """(number, BLOCK) zeros."""
    size, in_a_page = number * BLOCK, _PAGE // np.zeros(1, dtype).itemsize
    flat = np.zeros(size + in_a_page, dtype)
    skipped = (-np.int64(flat.ctypes.data)) % _PAGE // flat.itemsize
    return flat[skipped : skipped + size].reshape((number, BLOCK))
