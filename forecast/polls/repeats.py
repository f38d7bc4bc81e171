"""The same poll twice in one table, and one poll of two samples: counted once, and said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from forecast.election.texts import normalised
from forecast.polls.figures import Figures
from forecast.polls.known_words import SAMPLE_WORDS
from forecast.polls.poll_facts import Facts
from forecast.polls.rows import Rows, count_of, numbered
from forecast.polls.table import Doubt


def settle_repeats(
    facts: Facts, figures: Figures, label: Callable[[int], str], numbers: Sequence[int], rows: Rows
) -> list[bool]:
    """Which polls are kept: of two samples of one poll the nearer to those who vote, of two equal ones the
    first, with what the second knows besides.
    """
    kept = _one_sample(facts, numbers, rows)
    first: dict[tuple[object, ...], list[int]] = {}
    stacked = (
        np.array([*figures.values.values(), *figures.together.values()])
        if figures.values
        else np.zeros((0, 0))
    )
    shares = np.rint(1e6 * np.nan_to_num(stacked, nan=-1.0)).astype(np.int64).T.copy()
    for k in range(len(numbers)):
        if not kept[k]:
            continue
        day = facts.end[k] or facts.published[k]
        key = (normalised(facts.pollster[k]), day, facts.kind[k], facts.scope[k], shares[k].tobytes())
        same = next((i for i in first.get(key, ()) if _agree(facts, i, k)), None)
        if same is None:
            first.setdefault(key, []).append(k)
            continue
        kept[k] = False
        _merge(facts, same, k)
        text = (
            f"{label(k)}: the figures are those of {label(same)}; it is the same poll twice, and counted once"
        )
        rows.doubts.append(Doubt("twice", (numbers[same],), text))
    return kept


def _agree(facts: Facts, i: int, k: int) -> bool:
    """Whether what two polls both say is the same."""
    days = (
        (facts.start[i], facts.start[k]),
        (facts.end[i], facts.end[k]),
        (facts.published[i], facts.published[k]),
    )
    sizes = (facts.size[i], facts.size[k])
    return all(None in pair or pair[0] == pair[1] for pair in days) and (
        any(np.isnan(size) for size in sizes) or sizes[0] == sizes[1]
    )


def _merge(facts: Facts, i: int, k: int) -> None:
    """What the second knows and the first does not."""
    for values in (facts.start, facts.end, facts.published):
        values[i] = values[i] or values[k]
    if np.isnan(facts.size[i]):
        facts.size[i] = facts.size[k]


def _one_sample(facts: Facts, numbers: Sequence[int], rows: Rows) -> list[bool]:
    """Of several samples of one poll (likely voters, registered voters, adults) the first of these."""
    kept = [True] * len(numbers)
    polls: dict[tuple[object, ...], list[int]] = {}
    for k, sample in enumerate(facts.sample):
        if sample >= 0:
            days = facts.start[k], facts.end[k], facts.published[k]
            polls.setdefault(
                (normalised(facts.pollster[k]), facts.kind[k], facts.scope[k], *days), []
            ).append(k)
    several = [group for group in polls.values() if len({facts.sample[k] for k in group}) > 1]
    for group in several:
        best = min(facts.sample[k] for k in group)
        for k in group:
            kept[k] = facts.sample[k] == best
    if several:
        gone = [k for group in several for k in group if not kept[k]]
        used = " and ".join(sorted({SAMPLE_WORDS[min(facts.sample[k] for k in group)] for group in several}))
        text = (
            f"{count_of(len(several), 'poll')} of two samples or more: that of {used} is used, "
            f"{numbered([numbers[k] for k in gone])} passed over"
        )
        rows.doubts.append(Doubt("samples", (), text))
    return kept
