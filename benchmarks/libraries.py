"""The libraries that count elections one at a time, in a loop over draws.

Drawing and rounding to whole votes is vectorised and takes little of their time. Each library's own threshold
is used where it can say the rule: votelib's and apportionment's on all units, after which seatless ones are
dropped; poli-sci-kit's only where every unit can win seats, since it knows no other base.
"""
# pyright: reportMissingImports=false
# The libraries come with `make bench` alone; a subject whose library is not there is left out and named.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import SEED, Case
from benchmarks.subjects import Whole, Work, subject
from benchmarks.vectorised import draw

VOTELIB = "votelib"
APPORTIONMENT = "apportionment"
POLI_SCI_KIT = "poli-sci-kit"

_CHUNK = 4096
Counted = tuple[list[bool], list[int]]
Count = Callable[[list[int]], Counted]
"""Who is admitted, and the seats of the K lists, from the whole votes of the U units."""


def looped(case: Case, count: Count) -> Work:
    """A loop over draws around ``count``, with the counts of passes and histograms of seats."""

    def run(draws: int, threads: int) -> None:
        generator = np.random.Generator(np.random.SFC64([SEED, threads]))
        passes = [0] * case.lists
        histograms = [[0] * (case.seats + 1) for _ in range(case.lists)]
        for start in range(0, draws, _CHUNK):
            votes = draw(case, generator, min(_CHUNK, draws - start))
            whole = np.rint(votes * (case.valid_votes / votes.sum(1, keepdims=True))).astype(np.int64)
            for row in whole.tolist():
                admitted, seats = count(row)
                for k in range(case.lists):
                    passes[k] += admitted[k]
                    histograms[k][seats[k]] += 1

    def seats(votes: Whole) -> Whole:
        return np.array([count(row)[1] for row in votes.tolist()], np.int64)

    return Work(run, seats)


@subject(
    VOTELIB,
    "RelativeThreshold, then LargestRemainder or HighestAverages",
    "rival",
    threads=(1,),
    needs="votelib",
)
def votelib(case: Case) -> Work:
    from votelib.evaluate.proportional import HighestAverages, LargestRemainder
    from votelib.evaluate.threshold import RelativeThreshold

    threshold: Any = RelativeThreshold(case.threshold)
    divisors = {"dhondt": "d_hondt", "sainte-lague": "sainte_lague"}
    by_quota = case.method == "hare"
    evaluator: Any = LargestRemainder("hare") if by_quota else HighestAverages(divisors[case.method])
    units, lists = case.units, case.units[: case.lists]

    def count(votes: list[int]) -> Counted:
        by_unit = dict(zip(units, votes, strict=True))
        passing = set(threshold.evaluate(by_unit))
        entitled = {unit: by_unit[unit] for unit in lists if unit in passing}
        seats = evaluator.evaluate(entitled, case.seats) if entitled else {}
        return [unit in passing for unit in lists], [seats.get(unit, 0) for unit in lists]

    return looped(case, count)


@subject(APPORTIONMENT, "apply_threshold, then compute", "rival", threads=(1,), needs="apportionment")
def apportionment(case: Case) -> Work:
    from apportionment import methods

    names = {"hare": "hamilton", "dhondt": "dhondt", "sainte-lague": "saintelague"}
    name, level = names[case.method], float(case.threshold)

    def count(votes: list[int]) -> Counted:
        entitled = methods.apply_threshold(votes, level)[: case.lists]
        seats: Any = methods.compute(name, entitled, case.seats) if any(entitled) else [0] * case.lists
        return [votes > 0 for votes in entitled], seats

    return looped(case, count)


@subject(
    POLI_SCI_KIT,
    "largest_remainder or highest_averages",
    "rival",
    threads=(1,),
    needs="poli-sci-kit",
)
def poli_sci_kit(case: Case) -> Work:
    from poli_sci_kit.appointment import methods

    styles = {"dhondt": "Jefferson", "sainte-lague": "Webster"}
    top, bottom = case.threshold.numerator, case.threshold.denominator
    level = None if case.seatless else float(case.threshold)

    def allocate(shares: list[int]) -> list[int]:
        if case.method == "hare":
            return methods.largest_remainder("Hare", shares, case.seats, alloc_threshold=level)
        return methods.highest_averages(styles[case.method], shares, case.seats, alloc_threshold=level)

    def count(votes: list[int]) -> Counted:
        base = sum(votes)
        admitted = [mine * bottom >= top * base for mine in votes[: case.lists]]
        entitled = votes if level else [mine * passed for mine, passed in zip(votes, admitted, strict=False)]
        return admitted, allocate(entitled) if any(admitted) else [0] * case.lists

    return looped(case, count)
