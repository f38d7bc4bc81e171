"""Counts of draws -> the numbers by district: group ``districts`` of a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels import laws
from forecast.kernels.count_places import EVERYONE, LOCAL, NATIONAL
from forecast.simulation.numbers import Ballot, Values, seat_quantiles
from forecast.variables import QUANTILES, error_of

if TYPE_CHECKING:
    from forecast.rules.compiled_districts import Tier
    from forecast.rules.grids import Rules
    from forecast.simulation.local import KeptDistricts, Local
    from forecast.simulation.run_counts import RunCounts

Floats = NDArray[np.float64]

_GROUP = "districts"
_SAFE = QUANTILES.index(0.1)
"""Seats that a list has in nine draws of ten at least are not in play."""
_SIMPLE_BASES = (laws.BASE_VALID, laws.BASE_LISTS)
_NOBODY = -1


def district_values(
    counts: RunCounts, kept: KeptDistricts, rules: Rules, local: Local, ballot: Ballot
) -> tuple[Values, dict[str, Any], dict[str, int]]:
    """Values and labels of the group by path, and how many draws those rest on that rest on fewer than all.

    Monte Carlo errors are those of independent draws: of quasi-random ones an upper bound.
    """
    histogram = counts.district_seats[0]
    most = int(np.flatnonzero(histogram.any(axis=(0, 1))).max(initial=0))
    histogram, seats = histogram[..., : most + 1].astype(np.float64), np.arange(most + 1)
    draws, places = float(counts.draws), len(kept.votes)
    chance = histogram / draws
    mean = chance @ seats
    spread = np.sqrt(np.maximum(chance @ seats**2 - mean**2, 0.0) / draws)
    quantiles = seat_quantiles(histogram, np.array(QUANTILES))
    house = np.median(kept.seats[0].sum(axis=2), axis=0)
    shares = kept.votes / np.maximum(kept.votes.sum(axis=2, keepdims=True), 1e-30)
    of_lists: Values = {
        "seat_mean": mean,
        error_of("seat_mean"): spread,
        "seat_quantile": quantiles,
        "seat_probability": chance,
        error_of("seat_probability"): np.maximum(np.sqrt(chance * (1.0 - chance) / draws), 1.0 / draws),
    }
    values: Values = {
        "house": house,
        "seats_in_play": np.maximum(house - quantiles[..., _SAFE].sum(axis=1), 0.0),
        "share_quantile": ballot.spread(
            np.moveaxis(np.quantile(shares, QUANTILES, axis=0), 0, -1).astype(np.float64), 1, None
        ),
    }
    of_few = ["share_quantile", "house"]
    found = last_and_next(kept, rules, 0)
    if found is not None:
        last, following, margin = found
        for name, who in (("last_probability", last), ("next_probability", following)):
            here = (who[..., None] == np.arange(rules.lists)).mean(axis=0)
            error = np.maximum(np.sqrt(here * (1.0 - here) / places), 1.0 / places)
            of_lists |= {name: here, error_of(name): error}
            of_few += [name, error_of(name)]
        with np.errstate(invalid="ignore"):
            values["margin_quantile"] = _quantiles_known(margin)
        of_few.append("margin_quantile")
    for name, array in of_lists.items():
        certain = name == "seat_probability"
        values[name] = ballot.spread(array, 1, 0.0, certain=certain)
    labels = {
        "district": np.array(local.places.names),
        "district_name": np.array([place.label for place in local.places.places]),
        "region": np.array([place.region for place in local.places.places]),
        "district_seats": seats,
    }
    rests_on = {f"{_GROUP}/{name}": places for name in of_few}
    return _in_group(values), _in_group(labels), rests_on


def _in_group(values: Values) -> Values:
    return {f"{_GROUP}/{name}": value for name, value in values.items()}


def _quantiles_known(margin: Floats) -> Floats:
    """(D, Q) quantiles of margins (N, D) over the draws that have one; NaN where none has."""
    found = np.full((margin.shape[1], len(QUANTILES)), np.nan)
    for d, row in enumerate(margin.T):
        known = row[~np.isnan(row)]
        if len(known):
            found[d] = np.quantile(known, QUANTILES)
    return found


def last_and_next(
    kept: KeptDistricts, rules: Rules, r: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats] | None:
    """Who won the last seat of each district (N, D), who would win one more, and the votes between their
    claims as a share of the district's; ``None`` where more than votes and one division decide who holds
    seats there.

    -1 where a draw has no such list, as where whole quotas take every seat.
    """
    tier = rules.tiers[r]
    if tier is None or not _divides_alone(tier) or (tier.who == NATIONAL and not _tells(rules, r)):
        return None
    votes = kept.votes[..., : rules.lists].astype(np.float64)
    seats = kept.seats[r].astype(np.int64)
    total = kept.votes.sum(axis=2, dtype=np.float64)
    inside = _admitted(kept, rules, r, votes, total) & (votes > 0.0)
    record = tier.record[0]
    if record["family"] == laws.FAMILY_DIVISOR:
        divisors = rules.divisors[int(record["divisor_row"])]
        ends = np.minimum(seats, len(divisors) - 1)
        claim_last = np.where(seats > 0, votes / divisors[np.maximum(ends - 1, 0)], np.inf)
        claim_next = np.where(inside, votes / divisors[ends], -np.inf)
        between = (claim_last, claim_next, divisors[ends])
    else:
        quota = _quota(record, np.where(inside, votes, 0.0).sum(axis=2), tier.houses)
        whole = np.floor(votes / np.maximum(quota, 1e-30)[..., None] + 1e-6)
        rest = votes - whole * quota[..., None]
        claim_last = np.where(inside & (seats > whole), rest, np.inf)
        claim_next = np.where(inside & (seats <= whole), rest, -np.inf)
        between = (claim_last, claim_next, np.ones_like(votes))
    last, following = claim_last.argmin(axis=2), claim_next.argmax(axis=2)
    least, most = claim_last.min(axis=2), claim_next.max(axis=2)
    known = np.isfinite(least) & np.isfinite(most) & (total > 0.0)
    per = np.take_along_axis(between[2], following[..., None], 2)[..., 0]
    margin = np.where(known, (least - np.where(known, most, 0.0)) * per / np.maximum(total, 1e-30), np.nan)
    return (
        np.where(np.isfinite(least), last, _NOBODY),
        np.where(np.isfinite(most), following, _NOBODY),
        np.where(np.isfinite(margin), np.maximum(margin, 0.0), np.nan),
    )


def _divides_alone(tier: Tier) -> bool:
    elsewhere = tier.returns or tier.placing or tier.totals_first or tier.leftover is not None
    moved = tier.by_votes is not None or tier.shares_abroad or tier.constraints is not None
    quota = tier.record[0]["family"] != laws.FAMILY_DIVISOR
    other = quota and (
        tier.record[0]["remainder"] != laws.REMAINDER_LARGEST
        or tier.record[0]["quota_of_valid"]
        or tier.record[0]["quota"] not in (laws.QUOTA_HARE, laws.QUOTA_HAGENBACH_BISCHOFF)
    )
    locally = tier.local is not None and tier.local.places < len(tier.houses)
    waived = any(tier.waivers)
    return not (elsewhere or moved or other or locally or waived) and tier.who in (EVERYONE, NATIONAL, LOCAL)


def _tells(rules: Rules, r: int) -> bool:
    """Whether shares alone tell who is above the national level."""
    return int(rules.records[r]["base"]) in _SIMPLE_BASES and not bool(rules.records[r]["corrected"])


def _admitted(kept: KeptDistricts, rules: Rules, r: int, votes: Floats, total: Floats) -> NDArray[np.bool_]:
    """(N, D, K) who takes part."""
    tier = rules.tiers[r]
    assert tier is not None
    if tier.who == EVERYONE:
        return np.ones(votes.shape, np.bool_)
    if tier.who == LOCAL:
        assert tier.local is not None
        level = tier.local.numerators / tier.local.denominators
        return votes >= level * total[..., None]
    national = votes.sum(axis=1)
    on_lists = int(rules.records[r]["base"]) == laws.BASE_LISTS
    base = national.sum(axis=1) if on_lists else total.sum(axis=1)
    level = rules.numerators[r] / rules.denominators[r]
    admitted = national >= level * base[:, None]
    if tier.waived_share is not None:
        top, bottom, strict, least = tier.waived_share
        claim, needed = votes * bottom, top * total[..., None]
        met = (votes > 0.0) & ((claim >= needed) if strict == 0.0 else (claim > needed))
        admitted |= met.sum(axis=1) >= least
    # Where nobody reaches it, the rule lets others in: those with seats are.
    admitted |= kept.seats[r].sum(axis=1) > 0
    return np.broadcast_to(admitted[:, None, :], votes.shape)


def _quota(record: np.void, votes: Floats, houses: NDArray[np.int64]) -> Floats:
    parts = houses + (1 if record["quota"] == laws.QUOTA_HAGENBACH_BISCHOFF else 0)
    return votes / np.maximum(parts, 1)
