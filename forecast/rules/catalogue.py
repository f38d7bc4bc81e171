"""What a rule can say, each with the law or paper behind it, for ``forecast methods`` and the docs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from forecast.election.methods import METHODS, DivisorFamily, DivisorMethod


@dataclass(frozen=True)
class Known:
    """A word of the rule: where it is written, what it means, and who wrote it into law."""

    name: str
    meaning: str
    source: str
    kind: str = ""


@cache
def everything() -> dict[str, tuple[Known, ...]]:
    """All words by heading, in the order in which a rule uses them: those of ``catalogue.toml``, and every
    allocation method of the registry after the waivers.
    """
    text = files("forecast.rules").joinpath("catalogue.toml").read_text(encoding="utf-8")
    words = {
        heading: tuple(Known(name, *said) for name, said in known.items())
        for heading, known in tomllib.loads(text).items()
    }
    methods = tuple(
        Known(
            entry.name,
            entry.title,
            entry.source,
            "divisor" if isinstance(entry, DivisorMethod | DivisorFamily) else "quota",
        )
        for entry in METHODS.values()
    )
    first = ("bases", "waivers")
    return {name: words.pop(name) for name in first} | {"methods": methods} | words
