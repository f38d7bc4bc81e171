"""The way of the draws of a span: piece by piece through the same stages."""

from __future__ import annotations

from forecast.compiling import call, kernel
from forecast.kernels.arrays import BLOCK, I64x2, Piece


@kernel
def drive(program: I64x2, piece: Piece, size: int) -> None:
    """Take the draws of ``piece`` from its first to the end of its span through a program, a few at a time.

    program (steps, 2): the address of every stage's code and that of the table of its arguments, in order
    (see ``compiling.Step``). A stage returns how many of the steps behind it are left out.
    """
    here = piece[0]
    while here.first < here.end:
        here.valid = min(size, here.end - here.first)
        here.blocks = (here.valid + BLOCK - 1) // BLOCK
        s = 0
        while s < program.shape[0]:
            s += 1 + call(program[s, 0], program[s, 1])
        here.first += here.valid
        here.place += here.valid
