"""Direction numbers of the Sobol sequence by S. Joe and F. Y. Kuo (new-joe-kuo-6.21201, 2008; BSD licence).

The table has one row a dimension from the second on: the primitive polynomial as a binary number, then its
initial numbers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BITS = 32

_ROWS = tuple(
    tuple(map(int, line.split()))
    for line in Path(__file__).with_name("new-joe-kuo-6.txt").read_text(encoding="ascii").splitlines()
    if not line.startswith("#")
)

DIMENSIONS = 1 + len(_ROWS)

NO_DIRECTIONS = np.zeros((0, BITS), np.uint32)
"""Of draws that take none; of the type of all others, or the core is compiled a second time."""


def direction_numbers(dimensions: int) -> NDArray[np.uint32]:
    """(dimensions, 32) direction numbers as 32-bit fractions, most significant bit first.

    ``ValueError`` for more than ``DIMENSIONS`` dimensions. The recurrence is that of Bratley and Fox (1988).
    """
    if dimensions > DIMENSIONS:
        msg = f"the Sobol sequence is tabulated for {DIMENSIONS} dimensions, not {dimensions}"
        raise ValueError(msg)
    numbers = np.empty((dimensions, BITS), np.uint32)
    for d in range(dimensions):
        if d == 0:
            m = [1] * BITS
        else:
            polynomial, *m = _ROWS[d - 1]
            degree = polynomial.bit_length() - 1
            for j in range(degree, BITS):
                new = m[j - degree] ^ (m[j - degree] << degree)
                for k in range(1, degree):
                    if polynomial >> (degree - k) & 1:
                        new ^= m[j - k] << k
                m.append(new)
        numbers[d] = [m[j] << (BITS - 1 - j) for j in range(BITS)]
    return numbers
