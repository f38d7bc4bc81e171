"""Files damaged as disks, cables and editors damage them, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

KINDS = ("byte", "bit", "cut", "zeros", "swap", "lost")


def mutants(content: bytes, number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many damaged forms of a file, each with what was done to it; none is the file itself."""
    chance = random.Random(seed)
    made = 0
    while made < number:
        kind = KINDS[made % len(KINDS)]
        place, size = chance.randrange(len(content)), 2 ** chance.randrange(0, 11)
        what, mutant = f"{kind} at {place}, {size}", _mutant(content, kind, place, size, chance)
        if mutant != content:
            made += 1
            yield what, mutant


def _mutant(content: bytes, kind: str, place: int, size: int, chance: random.Random) -> bytes:
    changed = bytearray(content)
    end = min(place + size, len(content))
    if kind == "byte":
        changed[place] = chance.randrange(256)
    elif kind == "bit":
        changed[place] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del changed[place:]
    elif kind == "zeros":
        changed[place:end] = bytes(end - place)
    elif kind == "lost":
        del changed[place:end]
    else:
        other = chance.randrange(len(content) - (end - place) + 1)
        there = content[other : other + end - place]
        changed[other : other + end - place] = content[place:end]
        changed[place:end] = there
    return bytes(changed)
