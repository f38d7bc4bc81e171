"""Counts -> Forecast: names, units, quantiles, and one draw that stands for the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.count import SHARE_BINS
from forecast.result import LEAST_CONDITION_DRAWS, QUANTILES, SCHEMA_VERSION, Forecast, Labelled, dataset_of
from forecast.simulation.context import (
    account_of,
    last_election,
    polls_used,
    tested,
    texts_of,
    trend_of_polls,
)

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.simulation.counts import RunCounts
    from forecast.simulation.inputs import Units
    from forecast.simulation.running import KeptDraws

Floats = NDArray[np.float64]


def label(
    election: Election,
    units: Units,
    counts: RunCounts,
    kept: KeptDraws,
    attrs: dict[str, Any],
    *,
    estimate: Estimate | None = None,
    histograms: bool = False,
) -> Forecast:
    """The Forecast of one rule. Options of the ballot that the polls do not tell apart are left blank (NaN);
    parties that withdraw are not on it. With ``histograms`` it holds those of the shares too
    (``share_histogram``), which a mixture is made from.
    """
    listed = [party.id for party in election.standing]
    ids = [*listed, *(unit for unit in units.ids if unit not in listed)]
    variables: dict[str, Any] = {}
    _add_shares(variables, ids, units, counts)
    if histograms:
        often = _spread(_of(units, counts.totals.shares.astype(np.float64)), ids)
        variables["share_histogram"] = _variable(("party", "share_bin"), often, "draws by share", "draws")
    _add_seats(variables, ids, units, counts, kept)
    _add_coalitions(variables, units.lists, counts)
    _add_events(variables, counts)
    void = counts.proportion("void")
    nobody = "probability that no list passes and nobody wins a seat"
    variables["void_probability"] = _variable((), void.value[0], nobody, "1")
    variables["void_mc_error"] = _variable(
        (), void.mc_error[0], "Monte Carlo standard error of void_probability", "1"
    )
    variables |= last_election(election, ids)
    labels: dict[str, Any] = {}
    if estimate is not None:
        attrs = {**attrs, **texts_of(estimate)}
        variables |= polls_used(estimate, ids) | account_of(estimate, ids)
        for more, along in (trend_of_polls(estimate, ids), tested(estimate)):
            variables |= more
            labels |= along
        shares = estimate.mean if estimate.average is None else estimate.average
        average = _spread(dict(zip(estimate.units, shares, strict=True)), ids)
        variables["poll_average"] = _variable(("party",), average, "centre of the estimate", "1")
    seats = np.arange(counts.totals.seats.shape[-1])
    coords: dict[str, Any] = {
        "party": ("party", ids, {"long_name": "id of the option on the ballot"}),
        "seats": ("seats", seats, {"long_name": "seats", "units": "seats"}),
        "quantile": (
            "quantile",
            QUANTILES,
            {"long_name": "probability of a value at or below", "units": "1"},
        ),
        "coalition": ("coalition", [c.id for c in election.coalitions], {"long_name": "id of the coalition"}),
        "event": ("event", [event.id for event in election.events], {"long_name": "id of the event"}),
        **labels,
        **of_the_ballot(election, ids),
        **_of_events(election),
    }
    # A house may grow, and then has a size for each draw.
    house = max(election.rule.seats, int(np.median(kept.seats[0].sum(axis=1))))
    attrs = {"schema_version": SCHEMA_VERSION, "house": house, **attrs}
    # A house that may grow is counted up to its bound; numbers of seats that no draw has are left out.
    held = np.flatnonzero(counts.totals.seats.any(axis=(0, 1)))
    most = max(election.rule.seats, int(held.max(initial=0)))
    return Forecast(dataset_of(variables, coords, attrs).isel(seats=slice(most + 1)))


def representative_draw(seats: NDArray[np.int64]) -> int:
    """Index of the seat vector (N, K) with the least summed absolute distance to the others; lowest on
    ties."""
    distance = np.zeros(len(seats), np.int64)
    values = np.arange(int(seats.max(initial=0)) + 1)
    for row in seats.T:
        often = np.bincount(row, minlength=len(values))
        # Draws with at most so many seats, and their seats: distances to those below and those above.
        draws, held = np.cumsum(often), np.cumsum(often * values)
        below, above = values * draws - held, (held[-1] - held) - values * (draws[-1] - draws)
        distance += (below + above)[row]
    return int(np.argmin(distance))


def largest(seats: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(K,) shares of draws (N, K) in which a list has more seats than any other, and their standard errors.

    Errors as of independent draws, 1 / N where none or all have it.
    """
    draws, lists = seats.shape
    most = seats.max(axis=1, keepdims=True, initial=0)
    alone = (seats == most).sum(axis=1) == 1
    share = ((seats == most) & alone[:, None]).mean(axis=0) if lists else np.zeros(0)
    return share, np.maximum(np.sqrt(share * (1.0 - share) / draws), 1.0 / draws)


def share_quantiles(histogram: NDArray[np.int64] | Floats, probabilities: Floats) -> Floats:
    """(U, Q) quantiles from histograms (U, SHARE_BINS + 1) of shares, linear within a bin."""
    result = np.empty((len(histogram), len(probabilities)))
    for k, counts in enumerate(histogram):
        cumulated = np.concatenate([[0], np.cumsum(counts)])
        wanted = probabilities * cumulated[-1]
        at = np.clip(np.searchsorted(cumulated, wanted, side="left") - 1, 0, len(counts) - 1)
        result[k] = (at + (wanted - cumulated[at]) / np.where(counts[at] > 0, counts[at], 1)) / SHARE_BINS
    return result


def seat_quantiles(distribution: NDArray[np.int64] | Floats, probabilities: Floats) -> Floats:
    """(..., Q) least number of seats with at least the wanted share of draws at or below it."""
    cumulated = np.cumsum(distribution, axis=-1)
    wanted = probabilities * cumulated[..., -1:]
    return (cumulated[..., None, :] < wanted[..., :, None] - 1e-9).sum(-1).astype(np.float64)


def _add_shares(variables: dict[str, Any], ids: list[str], units: Units, counts: RunCounts) -> None:
    histogram, drawn = counts.totals.shares, int(counts.totals.share_draws[0])
    mean = counts.totals.share_sums / 2.0**32 / drawn
    quantiles = share_quantiles(histogram, np.array(QUANTILES))
    variables["share_mean"] = _variable(
        ("party",), _spread(_of(units, mean), ids), "mean share of valid votes", "1"
    )
    variables["share_quantile"] = _variable(
        ("party", "quantile"),
        _spread(_of(units, quantiles), ids),
        "quantile of the share of valid votes",
        "1",
    )
    variables["share_mean"][2]["comment"] = f"read off {drawn} of the draws"


def _add_seats(
    variables: dict[str, Any], ids: list[str], units: Units, counts: RunCounts, kept: KeptDraws
) -> None:
    def put(
        name: str,
        dims: tuple[str, ...],
        of_lists: Floats,
        seatless: Floats | np.float64,
        what: str,
        unit: str,
    ) -> None:
        known = dict.fromkeys(units.ids, seatless)
        known.update(dict(zip(units.ids[: units.lists], of_lists, strict=True)))
        variables[name] = _variable(dims, _spread(known, ids), what, unit)

    passes = counts.proportion("passes")
    put(
        "pass_probability",
        ("party",),
        passes.value[0],
        np.float64(0),
        "probability of crossing the threshold",
        "1",
    )
    put(
        "pass_mc_error",
        ("party",),
        passes.mc_error[0],
        np.float64(0),
        "Monte Carlo standard error of pass_probability",
        "1",
    )
    seats = counts.proportion("seats")
    none = np.zeros(seats.value.shape[-1])
    certain = none.copy()
    certain[0] = 1.0
    k = units.lists
    put(
        "seat_probability",
        ("party", "seats"),
        seats.value[0, :k],
        certain,
        "probability of a number of seats",
        "1",
    )
    put(
        "seat_mc_error",
        ("party", "seats"),
        seats.mc_error[0, :k],
        none,
        "Monte Carlo standard error of seat_probability",
        "1",
    )
    mean = counts.seat_means()
    put("seat_mean", ("party",), mean.value[0, :k], np.float64(0), "mean seats", "seats")
    put(
        "seat_mean_mc_error",
        ("party",),
        mean.mc_error[0, :k],
        np.float64(0),
        "Monte Carlo standard error of seat_mean",
        "seats",
    )
    quantiles = seat_quantiles(counts.totals.seats[0, :k], np.array(QUANTILES))
    put(
        "seat_quantile",
        ("party", "quantile"),
        quantiles,
        np.zeros(len(QUANTILES)),
        "quantile of seats",
        "seats",
    )
    chosen = kept.seats[0][representative_draw(kept.seats[0])].astype(np.float64)
    put(
        "representative_seats", ("party",), chosen, np.float64(0), "seats of the representative draw", "seats"
    )
    variables["representative_seats"][2]["comment"] = (
        f"of the first {len(kept.seats[0])} draws the one with the least summed distance to the others"
    )
    often, error = largest(kept.seats[0])
    what = "probability of more seats than any other party"
    put("largest_probability", ("party",), often, np.float64(0), what, "1")
    what = "Monte Carlo standard error of largest_probability"
    put("largest_mc_error", ("party",), error, np.float64(0), what, "1")
    variables["largest_probability"][2]["comment"] = f"of the first {len(kept.seats[0])} draws"


def _add_coalitions(variables: dict[str, Any], k: int, counts: RunCounts) -> None:
    majority, seats, mean = counts.proportion("majorities"), counts.proportion("seats"), counts.seat_means()
    over = ("coalition",)
    held = "probability of more than half of the seats handed out"
    variables["majority_probability"] = _variable(over, majority.value[0], held, "1")
    variables["majority_mc_error"] = _variable(
        over, majority.mc_error[0], "Monte Carlo standard error of majority_probability", "1"
    )
    variables["coalition_seat_probability"] = _variable(
        ("coalition", "seats"), seats.value[0, k:], "probability of a number of seats of a coalition", "1"
    )
    variables["coalition_seat_mean"] = _variable(
        over, mean.value[0, k:], "mean seats of a coalition", "seats"
    )
    variables["coalition_seat_mean_mc_error"] = _variable(
        over, mean.mc_error[0, k:], "Monte Carlo standard error of coalition_seat_mean", "seats"
    )
    variables["coalition_seat_quantile"] = _variable(
        ("coalition", "quantile"),
        seat_quantiles(counts.totals.seats[0, k:], np.array(QUANTILES)),
        "quantile of seats of a coalition",
        "seats",
    )


def _add_events(variables: dict[str, Any], counts: RunCounts) -> None:
    number = counts.totals.events.shape[1] // 2
    value, error, drawn = np.empty(number), np.empty(number), np.empty(number, np.int64)
    for e in range(number):
        value[e], error[e], drawn[e] = counts.ratio("events", above=2 * e + 1, below=2 * e)
        if drawn[e] < LEAST_CONDITION_DRAWS and drawn[e] < counts.draws:
            value[e] = error[e] = np.nan
    blank = f"blank under {LEAST_CONDITION_DRAWS} draws of the condition"
    variables["event_probability"] = _variable(
        ("event",), value, "probability of an event, given its condition", "1"
    )
    variables["event_probability"][2]["comment"] = blank
    variables["event_mc_error"] = _variable(
        ("event",), error, "Monte Carlo standard error of event_probability", "1"
    )
    variables["event_condition_draws"] = _variable(
        ("event",), drawn, "draws in which the condition holds", "draws"
    )


def of_the_ballot(election: Election, ids: Sequence[str]) -> dict[str, Labelled]:
    """What parties and coalitions are called and are, over ``party`` (``ids``) and ``coalition``."""
    known = election.by_id
    names = [known[party].name if party in known else "Other" for party in ids]
    colours = [(known[party].colour if party in known else None) or "" for party in ids]
    kinds = [known[party].kind if party in known else "residual" for party in ids]
    coalitions = election.coalitions
    members = ["\n".join(coalition.parties) for coalition in coalitions]
    return {
        "party_name": ("party", names, {"long_name": "name"}),
        "party_colour": ("party", colours, {"long_name": "colour in charts"}),
        "party_kind": ("party", kinds, {"long_name": "kind of option"}),
        "coalition_name": ("coalition", [c.name for c in coalitions], {"long_name": "name"}),
        "coalition_parties": ("coalition", members, {"long_name": "ids of its parties, a line each"}),
    }


def _of_events(election: Election) -> dict[str, Labelled]:
    definitions = [
        json.dumps(event.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
        for event in election.events
    ]
    return {
        "event_name": ("event", [event.name for event in election.events], {"long_name": "name"}),
        "event_definition": (
            "event",
            definitions,
            {"long_name": "the event as the election file says it (JSON)"},
        ),
    }


def _of(units: Units, values: Floats) -> dict[str, Floats]:
    return dict(zip(units.ids, values, strict=True))


def _spread(known: dict[str, Any], ids: list[str]) -> Floats:
    """Values by party in the order of the ballot, NaN for those without."""
    like = np.asarray(next(iter(known.values())), np.float64)
    blank = np.full(like.shape, np.nan)
    return np.array([np.asarray(known.get(party, blank), np.float64) for party in ids])


def _variable(
    dims: tuple[str, ...], values: Any, long_name: str, units: str
) -> tuple[Any, Any, dict[str, str]]:
    return dims, values, {"long_name": long_name, "units": units}
