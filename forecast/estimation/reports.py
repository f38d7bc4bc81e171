"""What polls report, as plain arrays: the input of every estimate, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OTHER = "other"


@dataclass(frozen=True)
class Reports:
    """National polls of one kind, known at the forecast date; P polls in file order, K listed options.

    ``shares`` (P, K), ``other`` and ``undecided`` (P,) are shares of 1 as published, NaN where a poll does
    not say. ``ages`` (P,) days from the last day of fieldwork (else the publish date) to the forecast date;
    ``sizes`` (P,) respondents, NaN where unknown; ``firms`` (P,) whose poll it is; ``labels`` (P,) how a
    message names the poll.
    """

    ids: tuple[str, ...]
    shares: Floats
    other: Floats
    undecided: Floats
    ages: Floats
    sizes: Floats
    firms: tuple[str, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...] = ()
    """(K,) what readers call the options; empty: they are known by their ids."""

    def __len__(self) -> int:
        return len(self.shares)

    def said(self, k: int) -> str:
        """What a message calls an option."""
        return f"'{(self.names or self.ids)[k]}'"

    def take(self, chosen: Flags) -> Reports:
        """The polls where ``chosen`` (P,) holds."""
        index = np.flatnonzero(chosen)
        return replace(
            self,
            shares=self.shares[index],
            other=self.other[index],
            undecided=self.undecided[index],
            ages=self.ages[index],
            sizes=self.sizes[index],
            firms=tuple(self.firms[i] for i in index),
            labels=tuple(self.labels[i] for i in index),
        )
