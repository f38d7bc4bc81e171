"""Where a forecast stands before its errors: the average, the trend, or the default between them.

The default is half way between the two, and moved from there: polls of a party that is far above its last
result tend to overstate it, and those of a large party, the more the further ahead the vote is. ``law`` has
the formula, ``docs/method.md`` what each term is worth.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.estimation.average import Average
from forecast.estimation.constants import Constants
from forecast.estimation.law import LawConstants, Situation
from forecast.estimation.preparation import OTHER, Flags, Floats, Prepared
from forecast.estimation.records import CountryRecord, country_record, read_records, shipped_records, together
from forecast.estimation.trend import trend_mean
from forecast.last_election import LastShares, last_shares

if TYPE_CHECKING:
    from forecast.election import Election

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


_SAID_POINTS = 0.0005
_MOST_LISTED = 4


@dataclass(frozen=True)
class Centre:
    """Shares (U,) that draws are around, shares that their scales are those of, and what the law reads.

    ``account`` says in plain words what beside the polls of this election went into it.
    """

    mean: Floats
    sized: Floats
    situation: Situation
    account: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def centre_of(
    election: Election,
    prepared: Prepared,
    average: Average,
    situation: Situation,
    constants: Constants,
    vote: datetime.date,
) -> Centre:
    """The centre by the method of the election file; exit polls stand by themselves whatever it is.

    Raises what ``last_shares`` and ``read_records`` raise.
    """
    method = election.estimate.method
    if situation.exit_polls or method == "average":
        return Centre(average.mean, average.mean, situation)
    trend = trend_mean(prepared, constants.trend_model)
    if method == "trend":
        return Centre(trend, trend, situation)
    known = last_shares(election)
    seen = _correction(prepared, average, trend, known)
    record = record_of(election, vote)
    situation = replace(situation, record=record.value, newcomers=seen.newcomers)
    law = constants.law(method)
    mean = seen.moved(law, situation)
    without = replace(seen, back=np.zeros(len(mean))).moved(law, situation)
    wider = float(np.exp(law.record_weight * record.value))
    said = (
        record.sentence(election.election.country, wider),
        _of_last_results(election, prepared, known, float(np.abs(mean - without).max())),
    )
    return Centre(mean, seen.centre, situation, tuple(filter(None, said)), known.warnings)


def record_of(election: Election, vote: datetime.date) -> CountryRecord:
    """The record of the election's country: that which ships, and that of the file it names."""
    settings, facts = election.estimate, election.election
    if settings.record is not None and settings.own_record is None:
        return CountryRecord()
    own = () if settings.own_record is None else read_records(settings.own_record)
    return country_record(together(shipped_records(), own), facts.country, vote, facts.id)


def _correction(prepared: Prepared, average: Average, trend: Floats, known: LastShares) -> Correction:
    last = np.array([known.shares.get(unit, np.nan) for unit in prepared.units])
    named = np.array([unit != OTHER for unit in prepared.units])
    return correction_of(average.mean, trend, last, named)


def _of_last_results(election: Election, prepared: Prepared, known: LastShares, moved: float) -> str:
    """How far last results move the centre, and of whom none is known."""
    have = [unit for unit in prepared.units if unit in known.shares]
    if not have:
        return "No last result is known (parties.ID.last_result): the centre is of the polls alone."
    parties = "one party" if len(have) == 1 else f"{len(have)} parties"
    far = f"by up to {100 * moved:.1f} points" if moved >= _SAID_POINTS else "by less than 0.1 points"
    said = f"Last results of {parties} move the centre {far}"
    missing = [election.by_id[unit].name for unit in prepared.units if unit in known.unknown]
    if not missing:
        return f"{said}."
    more = f" and {len(missing) - _MOST_LISTED} more" if len(missing) > _MOST_LISTED else ""
    return f"{said}; none is known of {', '.join(missing[:_MOST_LISTED])}{more}."
