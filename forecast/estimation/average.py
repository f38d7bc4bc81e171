"""What polls report, a matrix of shares made of it, their weighted average, how much stands behind it, and
two signals of the coming error.

The matrix sums to 1, one column a unit: rescaled, imputed, floored. ``docs/method.md`` gives the reasons; the
constants of the preparation were chosen with the method, not fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
OTHER = "other"
RECENT_DAYS = 45
"""Polls that decide which options stand by themselves."""
STANDS_IN = 0.3
"""Share of the recent polls that must report an option for it to stand by itself."""
NEAR_NEWEST_DAYS = 30
"""Where no poll is recent: the polls within so many days of the newest decide instead."""
LOOKS_BACK_DAYS = 240
NAMED_LEAST = 0.5
IMPUTATION_DAYS = 20.0
NAMED_MOST = 0.995
FLOOR = 0.002
LEAST_KNOWN_SIZE, SIZE_CEILING, SIZE_UNKNOWN = 100.0, 1200.0, 1000.0
SIZE_RANGE = (200.0, 6000.0)
LARGE_UNDECIDED = 0.1
AGE_DAYS = 30.0
"""Weights fall by e in so many days."""
RANK_FACTOR = 0.2
"""What an older poll of the same firm still counts, for each newer one."""
MOST_AGE = 180
OTHER_LIFT, OTHER_LIFT_ENDS = 0.002, 0.1
WINDOW_DAYS, BEHIND_NEWEST_DAYS = 60.0, 30.0
LEAST_REPORTS, LEAST_SHARE, ROUNDING = 3, 0.004, 0.0025
PRIOR_DF, USUAL_RATIO = 20.0, 2.0
LAGS, LAG_STEP, LAG_DAYS = (0.0, 60.0, 120.0, 180.0), 60.0, 20.0
LEAST_WEIGHT, USUAL_MOVEMENT, SHARE_POWER = 0.8, 0.0045, 0.17


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
    stated: Mapping[str, float] = field(default_factory=dict)
    """Shares at which options stand that no poll reports, 0 where nothing is known of them."""

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


@dataclass(frozen=True)
class Prepared:
    """Polls (P, newest reports first in no particular order: file order is kept) over units (U).

    ``shares`` (P, U) sum to 1 in every row; the last unit is ``other`` where the ballot is open. ``reported``
    (P, U) marks what the poll itself reports (``other`` never counts as reported). ``undecided`` (P,) is the
    share that was taken out. ``ranks`` (P,) count from 0, the newest poll of its firm. ``rows`` (P,) are the
    indices of these polls among the reports.
    """

    units: tuple[str, ...]
    absorbed: tuple[str, ...]
    open_ballot: bool
    shares: Floats
    reported: Flags
    undecided: Floats
    sizes: Floats
    ages: Floats
    firms: tuple[str, ...]
    ranks: np.ndarray
    rows: np.ndarray
    warnings: tuple[str, ...]
    unreported: tuple[str, ...] = ()
    """Options that no poll looked at reports: at the floor on a closed ballot, else inside ``other``."""
    stated: Mapping[str, float] = field(default_factory=dict)
    """Of these the ones that stand elsewhere, and the shares at which they do."""

    @property
    def named(self) -> int:
        """Number of units besides ``other``; they come first."""
        return len(self.units) - int(self.open_ballot)


def prepare(reports: Reports, closed_ballot: bool = False) -> Prepared:
    """Rescale, choose the units, impute, floor and close. At least one poll with one share is needed."""
    warnings: list[str] = []
    recent = _looked_at(reports)
    standing = _standing(reports, closed_ballot, warnings)
    given = ~np.isnan(reports.shares)
    stated = _stated(reports, given[recent], closed_ballot)
    unpolled = np.array([name in stated for name in reports.ids])
    polled = standing & ~unpolled
    standing |= unpolled
    enough = given[:, polled].sum(1) >= NAMED_LEAST * polled.sum()
    for i in np.flatnonzero(recent & ~enough):
        warnings.append(f"{reports.labels[i]} reports under half of the parties and is left out")
    rows = np.flatnonzero(recent & enough)
    if not len(rows):  # nothing but partial polls: they are all there is
        rows = np.flatnonzero(recent)
        warnings.append("every poll reports under half of the parties: the estimate rests on partial polls")
    chosen = np.zeros(len(reports), bool)
    chosen[rows] = True
    used = reports.take(chosen)
    imputed = _imputed(used, standing)
    shares, undecided = (_close_closed if closed_ballot else _close_open)(used, standing, imputed)
    units = tuple(np.array(reports.ids, object)[standing])
    absorbed = tuple(np.array(reports.ids, object)[~standing & given.any(0)])
    _warn_of_thin_reports(used, standing & ~unpolled, warnings)
    return Prepared(
        units=units if closed_ballot else (*units, OTHER),
        absorbed=absorbed,
        open_ballot=not closed_ballot,
        shares=_floored(shares),
        reported=_with_other(given[rows][:, standing], closed_ballot),
        undecided=undecided,
        sizes=sample_sizes(used.sizes),
        ages=used.ages,
        firms=used.firms,
        ranks=ranks_of(used.ages, used.firms),
        rows=rows,
        warnings=tuple(warnings),
        unreported=tuple(np.array(reports.ids, object)[~given[rows].any(0)]),
        stated=stated,
    )


def sample_sizes(sizes: Floats) -> Floats:
    """Sizes to weigh with: unknown ones and those under 100 are filled in, then all are clipped.

    Filled in with the median of the known, 1200 at most, or 1000 where none is known.
    """
    known = sizes[~np.isnan(sizes) & (sizes >= LEAST_KNOWN_SIZE)]
    fill = min(float(np.median(known)), SIZE_CEILING) if len(known) else SIZE_UNKNOWN
    usable = ~np.isnan(sizes) & (sizes >= LEAST_KNOWN_SIZE)
    return np.clip(np.where(usable, sizes, fill), *SIZE_RANGE)


def ranks_of(ages: Floats, firms: tuple[str, ...]) -> np.ndarray:
    """Rank of every poll within its firm, 0 = newest; equal ages in file order."""
    ranks = np.zeros(len(ages), int)
    seen: dict[str, int] = {}
    for i in np.argsort(ages, kind="stable").tolist():
        ranks[i] = seen.get(firms[i], 0)
        seen[firms[i]] = int(ranks[i]) + 1
    return ranks


def _looked_at(reports: Reports) -> Flags:
    """Polls up to 240 days back, or where all are older the newest."""
    recent = reports.ages <= LOOKS_BACK_DAYS
    return recent if recent.any() else np.equal(reports.ages, reports.ages.min())


def _standing(reports: Reports, closed_ballot: bool, warnings: list[str]) -> Flags:
    """(K,) which options stand by themselves."""
    given = ~np.isnan(reports.shares)
    window = reports.ages <= RECENT_DAYS
    if not window.any():
        newest = float(reports.ages.min())
        window = reports.ages <= newest + NEAR_NEWEST_DAYS
        warnings.append(f"no poll in the last {RECENT_DAYS} days: the newest is {newest:.0f} days old")
    if closed_ballot:
        return np.ones(len(reports.ids), bool)
    standing = given[window].mean(0) >= STANDS_IN
    # Where polls report disjoint sets of parties nobody may reach 30 %: whoever is reported then stands.
    return np.asarray(standing if standing.any() else given[window].any(0))


def _stated(reports: Reports, looked_at: Flags, closed_ballot: bool) -> dict[str, float]:
    """Shares at which options stand that no poll looked at reports (P, K). Without a share they stand under
    other, or are absent from a closed ballot.
    """
    silent = [reports.ids[k] for k in np.flatnonzero(~looked_at.any(axis=0))]
    known = {name: reports.stated[name] for name in silent if name in reports.stated}
    return {name: share for name, share in known.items() if share > 0.0 or closed_ballot}


def _imputed(used: Reports, standing: Flags) -> Floats:
    """(P, K standing) share of the decided for units that a poll leaves out; 0 where it reports them.

    Averages of the polls that report the unit, with weights exp(-|difference of age| / 20 days).
    """
    reported = ~np.isnan(used.shares[:, standing])
    decided = _of_the_decided(used)[:, standing]
    nearness = np.exp(-np.abs(used.ages[:, None] - used.ages[None, :]) / IMPUTATION_DAYS)
    # A poll far from all that report the unit has weights that vanish together; only their ratio matters.
    weight = nearness @ reported
    total = nearness @ np.where(reported, decided, 0.0)
    filled = np.divide(total, weight, out=np.full_like(total, FLOOR), where=weight > 0)
    return np.where(reported, 0.0, filled)


def _of_the_decided(used: Reports) -> Floats:
    """(P, K) shares without the undecided, rescaled; NaN where not reported."""
    return used.shares / _decided_total(used)[:, None]


def _decided_total(used: Reports) -> Floats:
    """(P,) what the shares of the decided add up to, as published."""
    named = np.nansum(used.shares, axis=1)
    undecided = np.nan_to_num(used.undecided)
    with_other = named + np.nan_to_num(used.other)
    total = np.where(np.isnan(used.other), np.maximum(1.0 - undecided, named), with_other)
    return np.where(total > 0, total, 1.0)


def _close_open(used: Reports, standing: Flags, imputed: Floats) -> tuple[Floats, Floats]:
    """Shares (P, standing + other) of an open ballot, and the undecided that were taken out."""
    named = np.nan_to_num(_of_the_decided(used)[:, standing]) + imputed
    named *= np.minimum(1.0, NAMED_MOST / np.maximum(named.sum(1), 1e-12))[:, None]
    shares = np.column_stack([named, 1.0 - named.sum(1)])
    return shares, np.nan_to_num(used.undecided)


def _close_closed(used: Reports, standing: Flags, imputed: Floats) -> tuple[Floats, Floats]:
    """Shares (P, standing) of a closed ballot; what a poll leaves unreported counts as undecided.

    Options that a poll leaves out have their imputed share of the decided, so that of what it reports, r, the
    decided are r / (1 - imputed).
    """
    left_out = np.minimum(imputed.sum(1), NAMED_MOST)
    given = np.nan_to_num(used.shares[:, standing])
    reported = given.sum(1)
    shares = given / np.maximum(reported, 1e-12)[:, None] * (1.0 - left_out)[:, None] + imputed
    undecided = np.clip(1.0 - reported / (1.0 - left_out), np.nan_to_num(used.undecided), 1.0)
    # Sums a little off 100 are rounding, not undecided voters.
    undecided[(undecided < 0.01) & (np.nan_to_num(used.undecided) == 0.0)] = 0.0
    return shares, undecided


def _floored(shares: Floats) -> Floats:
    floored = np.maximum(shares, FLOOR)
    return floored / floored.sum(1, keepdims=True)


def _with_other(reported: Flags, closed_ballot: bool) -> Flags:
    if closed_ballot:
        return reported
    return np.column_stack([reported, np.zeros(len(reported), bool)])


def _warn_of_thin_reports(used: Reports, standing: Flags, warnings: list[str]) -> None:
    counts = (~np.isnan(used.shares)).sum(0)
    for i in np.flatnonzero(standing).tolist():
        if counts[i] == 0:
            warnings.append(f"no poll reports {used.said(i)}: it is set to the floor of {FLOOR:.1%}")
        elif counts[i] == 1 and len(used) > 1:
            warnings.append(f"{used.said(i)} is reported by one poll only")


class Average(NamedTuple):
    """``mean`` (U,) and ``weights`` (P,) each sum to 1; effective respondents and pollsters; age in days."""

    mean: Floats
    weights: Floats
    n_eff: float
    firms_eff: float
    age: float


def average(prepared: Prepared) -> Average:
    """Weighted mean of the polls up to 180 days old (or of the newest, where all are older)."""
    weights = poll_weights(prepared)
    mean = weights @ prepared.shares
    if prepared.open_ballot:
        mean = lift_other(mean)
    by_firm: dict[str, float] = {}
    for firm, weight in zip(prepared.firms, weights, strict=True):
        by_firm[firm] = by_firm.get(firm, 0.0) + float(weight)
    return Average(
        mean=mean / mean.sum(),
        weights=weights,
        n_eff=float(1.0 / np.sum(weights**2 / prepared.sizes)),
        firms_eff=float(1.0 / sum(weight**2 for weight in by_firm.values())),
        age=float(weights @ prepared.ages),
    )


def poll_weights(prepared: Prepared) -> Floats:
    """(P,) weights that sum to 1: sqrt(n) exp(-age / 30 days) 0.2**rank."""
    ages = prepared.ages
    counted = ages <= MOST_AGE if (ages <= MOST_AGE).any() else ages == ages.min()
    # Ages from the newest on, so that very old polls do not underflow; the common factor cancels.
    weights = np.sqrt(prepared.sizes) * np.exp(-(ages - ages.min()) / AGE_DAYS) * RANK_FACTOR**prepared.ranks
    weights = np.where(counted, weights, 0.0)
    return weights / weights.sum()


def lift_other(mean: Floats) -> Floats:
    """Polls name fewer lists than the ballot does: a small Other (the last unit) is lifted a little."""
    other = mean[-1] + OTHER_LIFT * max(0.0, 1.0 - mean[-1] / OTHER_LIFT_ENDS)
    return np.append(mean[:-1] * (1.0 - other) / (1.0 - mean[-1]), other)


def disagreement(prepared: Prepared) -> float:
    """How far polls of the same weeks lie apart beyond sampling: phi = half the log of a shrunken chi2 ratio.

    chi2 over named units with at least three reports, counting only polls that report them, against twice the
    degrees of freedom (what is usual), with a prior weight of 20.
    """
    reach = max(WINDOW_DAYS, float(prepared.ages.min()) + BEHIND_NEWEST_DAYS)
    window = prepared.ages <= reach
    named = prepared.named
    reported = prepared.reported[window][:, :named]
    shares = prepared.shares[window][:, :named]
    sizes = prepared.sizes[window][:, None]
    counts = reported.sum(0)
    counted = counts >= LEAST_REPORTS
    if not counted.any():
        return 0.0
    weight = sizes * reported
    mean = (weight * shares).sum(0) / np.maximum(weight.sum(0), 1e-300)
    mean = np.maximum(mean, LEAST_SHARE)
    noise = mean * (1.0 - mean) + sizes * ROUNDING**2 / 3.0
    parts = reported * sizes * (shares - mean) ** 2 / noise
    chi2 = float(parts.sum(0)[counted].sum())
    df = float((counts[counted] - 1).sum())
    return 0.5 * float(np.log((chi2 + PRIOR_DF * USUAL_RATIO) / ((df + PRIOR_DF) * USUAL_RATIO)))


def movement(prepared: Prepared) -> float:
    """How much shares moved in the last months: M = half the log of a shrunken mean square of log changes.

    Changes over 60 days at lags 0, 60, 120, 180, between averages with weights sqrt(n) exp(-|age - lag| /
    20 days), where both sides have enough weight.
    """
    named = prepared.named
    points = sorted({*LAGS, *(lag + LAG_STEP for lag in LAGS)})
    root = np.sqrt(prepared.sizes)
    weights = root * np.exp(-np.abs(prepared.ages - np.array(points)[:, None]) / LAG_DAYS)
    total = weights.sum(1)
    enough = total >= LEAST_WEIGHT * root.max()
    around = (weights @ prepared.shares[:, :named]) / np.maximum(total, 1e-300)[:, None]
    squares, count = 0.0, 0
    for lag in LAGS:
        near, far = points.index(lag), points.index(lag + LAG_STEP)
        if enough[near] and enough[far]:
            squares += _squared_change(around[near], around[far])
            count += 1
    return 0.5 * float(np.log((squares + USUAL_MOVEMENT) / ((count + 1) * USUAL_MOVEMENT)))


def _squared_change(near: Floats, far: Floats) -> float:
    """Mean over units of the squared log change, small parties counted for less."""
    return float(np.mean((np.log(near / far) * (near * far) ** SHARE_POWER) ** 2))
