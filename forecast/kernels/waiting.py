"""Draws that wait: those on which a plain rule is unsure, until a block of them is counted exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import maker, stage
from forecast.kernels.drawing import sum_up
from forecast.kernels.random import BLOCK

NOT_KEPT = -1


class Waiting(NamedTuple):
    """Draws that wait for each of Q queues, and what must be known of them when they are counted."""

    votes: Any  # (Q, U, BLOCK) float32
    per_cast: Any  # (Q, BLOCK)
    per_registered: Any  # (Q, BLOCK)
    row: Any  # (Q, BLOCK) int64 the row of the tallies that they are added to
    place: Any  # (Q, BLOCK) int64 where their seats are kept, or NOT_KEPT
    number: Any  # (Q,) int64 how many wait
    none: Any  # (BLOCK,) uint16 zeros: no draw is left out


@maker
def new_waiting(queues, units):
    """Nobody waits in so many queues."""
    return Waiting(
        np.zeros((queues, units, BLOCK), np.float32),
        np.ones((queues, BLOCK)),
        np.ones((queues, BLOCK)),
        np.zeros((queues, BLOCK), np.int64),
        np.zeros((queues, BLOCK), np.int64),
        np.zeros(queues, np.int64),
        np.zeros(BLOCK, np.uint16),
    )


@stage
def let_wait(waiting, q, drawn, i, row, place):
    """Put draw i of a block into queue q; whether the queue is full now."""
    n = waiting.number[q]
    for k in range(drawn.votes.shape[0]):
        waiting.votes[q, k, n] = drawn.votes[k, i]
    waiting.per_cast[q, n] = drawn.per_cast[i]
    waiting.per_registered[q, n] = drawn.per_registered[i]
    waiting.row[q, n] = row
    waiting.place[q, n] = place
    waiting.number[q] = n + 1
    return n + 1 == BLOCK


@stage
def call_up(draws, waiting, q, block):
    """Fill ``block`` with the draws of queue q; lanes behind the last hold draws that were counted before, or
    nothing.
    """
    for k in range(block.votes.shape[0]):
        row, out = waiting.votes[q, k], block.votes[k]
        for i in range(BLOCK):
            out[i] = row[i]
    for i in range(BLOCK):
        block.per_cast[i] = waiting.per_cast[q, i]
        block.per_registered[i] = waiting.per_registered[q, i]
    sum_up(draws, True, block)
