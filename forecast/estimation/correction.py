"""The centre of the default law: half way between average and trend, and what moves it from there.

Polls of a party that is far above its last result tend to overstate it, and those of a large party, the more
the further ahead the vote is. ``law`` has the formula, ``docs/method.md`` what each term is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.estimation.law import LawConstants, Situation
from forecast.estimation.reports import Flags, Floats

FURTHEST_BACK = 1.2
"""Log ratios of last result and average count up to this: a factor of 3.3."""
LEAST_LAST = 0.004
"""Smaller last results say nothing."""
USUAL_SIZE = 0.08
"""Share at which the size of a party moves nothing."""
ENOUGH_KNOWN = 0.55
"""Where the last results that are known add up to less, new parties are not told from unknown ones."""


@dataclass(frozen=True)
class Correction:
    """What the default law reads off average, trend and last result, over units (U,).

    ``centre`` sums to 1; ``back`` is z, the log ratio of last result and average; ``size`` is g, that of the
    average and a party of 8 %; both are 0 for Other. ``newcomers`` is the polled share of parties without a
    last result.
    """

    centre: Floats
    back: Floats
    size: Floats
    newcomers: float

    def moved(self, law: LawConstants, situation: Situation) -> Floats:
        """(U,) the centre of the draws, sum 1."""
        days = situation.log_months
        weight = float(law.last_result(days))
        logs = np.log(self.centre) + weight * self.back + law.size_growth * days * self.size
        shares = np.exp(logs - logs.max())
        return shares / shares.sum()


def correction_of(average: Floats, trend: Floats, last: Floats, named: Flags) -> Correction:
    """Average, trend and last results (U,) as the default law reads them.

    ``last`` is NaN where no last result is known; ``named`` are all units but Other.
    """
    centre = np.sqrt(average * trend)
    known = named & ~np.isnan(last) & (np.nan_to_num(last) > LEAST_LAST)
    ratio = np.log(np.where(known, last, 1.0)) - np.log(np.where(known, average, 1.0))
    enough = float(np.where(known, last, 0.0).sum()) >= ENOUGH_KNOWN
    return Correction(
        centre=centre / centre.sum(),
        back=np.clip(ratio, -FURTHEST_BACK, FURTHEST_BACK),
        size=np.where(named, np.log(average / USUAL_SIZE), 0.0),
        newcomers=float(average[named & ~known].sum()) if enough else 0.0,
    )
