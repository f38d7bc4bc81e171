"""How good forecasts are: an archive of past elections, forecast again and scored; and the projection to
districts, its constants and chances of winning one, on pairs of elections.

What all of that shares stands here: work that is shared out, the same function for many items, by whoever
does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

Do = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[tuple[int, Any]]]
"""Applies a function of a module to items and gives each result with the place of its item, in any order."""
Step = Callable[[int, int], None]
"""Called with the number of items that are done and the number of all."""


def one_by_one(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """In this process."""
    yield from enumerate(map(function, items))


def each_done(
    do: Do, function: Callable[[In], Out], items: Sequence[In], step: Step | None = None
) -> list[Out]:
    """What the function makes of each item, in the order of the items."""
    found: dict[int, Out] = {}
    for at, result in do(function, items):
        found[at] = result
        if step is not None:
            step(len(found), len(items))
    return [found[at] for at in range(len(items))]
