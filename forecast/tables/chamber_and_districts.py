"""Tables of the whole chamber and of districts: members by party and group, coalitions, tiers, who wins
single-member districts; and of districts of lists what each hands out, how near its last seat is, and the
seats of every party there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Shown,
    Table,
    as_is,
    chance_shown,
    columns_of,
    label_columns,
    label_shown,
    names_of,
    number,
    pair_of,
    table,
    text_of,
)
from forecast.tables.parties_and_polls import everywhere, may_grow
from forecast.variables import SEATLESS_KINDS, VARIABLES, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast


_GROUP = "chamber"
_SEATS = (
    Shown("Seats", text_of("seat_median", rounding.whole)),
    Shown("80 % of seats", pair_of("seat_low80", "seat_high80", rounding.interval)),
    Shown("Mean", pair_of("seat_mean", "seat_mean_mc_error", rounding.mean_seats), rank=1),
)
_PLACES = {"likeliest": "most likely to win it", "next": "next likely to win it"}
_BY_PARTY = ("share_quantile", "seat_quantile", "seat_mean", "last_probability", "next_probability")
_IN_PLAY = "In play: seats that no party holds in nine draws of ten."
_LAST = (
    " Last seat, next: the party most likely to get the last seat of the district, and the other party most "
    "likely to have the claim behind it. Apart: the median of the votes between the two claims, as a share "
    "of the district's votes."
)
_NO_LAST = (
    " Which seat of a district is the last is not said: more than one division of its votes decides here."
)


# The whole chamber.


def chamber(forecast: Forecast) -> Table:
    """A row for each party and group: its seats in the whole chamber."""
    names = ("seat_quantile", "seat_mean", "representative_seats", "largest_probability")
    columns, shown = _rows(forecast, "holder", names)
    shown += _SEATS
    if not forecast.leading:
        shown.append(Shown("One draw", text_of("representative_seats", rounding.whole), rank=2))
    of_all = f"Of all {_sizes(forecast)} seats: those of the lists and those of the other tiers"
    notes = (f"{of_all}. Groups stand on no list, and no poll names them.",)
    title = f"The whole chamber{everywhere(forecast)}"
    return table(forecast, "chamber", title, columns, shown, notes, _may_hold)


def coalitions(forecast: Forecast) -> Table:
    """A row for each coalition: its seats in the whole chamber, more than half of them, two thirds."""
    names = (
        "majority_probability",
        "two_thirds_probability",
        "coalition_seat_quantile",
        "coalition_seat_mean",
    )
    columns, shown = _rows(forecast, "coalition", names)
    for what, title in (("majority", "Majority"), ("two_thirds", "Two thirds")):
        shown += chance_shown(title, f"chamber_{what}_probability")
    shown += [
        Shown("Seats", text_of("chamber_seat_median", rounding.whole)),
        Shown("80 % of seats", pair_of("chamber_seat_low80", "chamber_seat_high80", rounding.interval)),
        Shown(
            "Mean", pair_of("chamber_seat_mean", "chamber_seat_mean_mc_error", rounding.mean_seats), rank=1
        ),
    ]
    shown.append(Shown("Margin", text_of("margin", rounding.signed)))
    majority = np.repeat(
        np.ravel(forecast.array(f"{_GROUP}/size")) // 2 + 1, len(forecast.names("coalition"))
    )
    medians = next(values for column, values in columns.items() if column.name == "chamber_seat_median")
    columns |= {
        Column("chamber_majority_seats", "seats", "integer", "least seats of a majority"): majority,
        Column("margin", "seats", "integer", "median seats less chamber_majority_seats"): medians - majority,
    }
    notes = [] if forecast.leading else [majorities_said(forecast)]
    title = f"Coalitions in the whole chamber{everywhere(forecast)}"
    return table(forecast, "chamber-coalitions", title, columns, shown, notes)


def majorities_said(forecast: Forecast) -> str:
    """How many seats of the whole chamber a majority takes, and two thirds."""
    size, majority = forecast.chamber_size, forecast.chamber_majority
    return (
        f"Majority: at least {majority} of the {size} seats of the whole chamber; two thirds: at least "
        f"{-(-2 * size // 3)}; ± one Monte Carlo standard error, in percentage points. Margin: median less "
        f"{majority}."
    )


def tiers(forecast: Forecast) -> Table:
    """A row for each party and group in each tier, the lists among them: its seats there."""
    columns, shown = _rows(forecast, "tier", ("tier_seat_quantile", "tier_seat_mean"), behind="holder")
    shown += [
        Shown("Seats", text_of("tier_seat_median", rounding.whole)),
        Shown("80 % of seats", pair_of("tier_seat_low80", "tier_seat_high80", rounding.interval)),
        Shown("Mean", pair_of("tier_seat_mean", "tier_seat_mean_mc_error", rounding.mean_seats), rank=1),
    ]
    notes: list[str] = []
    if not forecast.leading:
        notes = tiers_said(forecast)
    title = f"Tiers of the chamber{everywhere(forecast)}"
    return table(
        forecast,
        "tiers",
        title,
        columns,
        shown,
        notes,
        lambda row: (number(row["tier_seat_high95"]) or 0) > 0,
    )


def coalitions_of_tiers(forecast: Forecast) -> Table:
    """A row for each coalition in each tier, the lists among them: its seats there, and its majority."""
    names = ("tier_majority_probability", "tier_coalition_seat_quantile", "tier_coalition_seat_mean")
    columns, shown = _rows(forecast, "tier", names, behind="coalition")
    shown += [
        *chance_shown("Majority", "tier_majority_probability"),
        Shown("Seats", text_of("tier_coalition_seat_median", rounding.whole)),
        Shown(
            "80 % of seats",
            pair_of("tier_coalition_seat_low80", "tier_coalition_seat_high80", rounding.interval),
        ),
        Shown(
            "Mean",
            pair_of("tier_coalition_seat_mean", "tier_coalition_seat_mean_mc_error", rounding.mean_seats),
            rank=1,
        ),
    ]
    notes = ("Majority: more than half of the seats of the tier.",)
    title = f"Coalitions in the tiers of the chamber{everywhere(forecast)}"
    return table(forecast, "tiers-coalitions", title, columns, shown, notes)


def tiers_said(forecast: Forecast) -> list[str]:
    """How many seats each tier has and what its numbers rest on, a sentence each; winners without a seat."""
    names, sizes = _labels(forecast, "tier_name"), forecast.array(f"{_GROUP}/tier_size").tolist()
    said = [f"{size} seats" for size in sizes]
    if may_grow(forecast):
        said[0] += " or more, as winners beyond the share of their list are added"
    about = zip(names, said, _labels(forecast, "tier_basis"), strict=True)
    return [
        *(f"{name[:1].upper()}{name[1:]} ({size}): {basis}." for name, size, basis in about),
        *uncovered_note(forecast),
    ]


def uncovered_note(forecast: Forecast) -> list[str]:
    """How many winners have no seat, where those of their lists must cover them."""
    path = f"{_GROUP}/all_uncovered_quantile"
    if path not in forecast:
        return []
    of = dict(zip(forecast.array("quantile_level").tolist(), forecast.array(path).tolist(), strict=True))
    said = (
        "Winners of districts without a seat, whom those of their list in the region do not cover: "
        f"{of[0.5]:.0f} (median), {of[0.1]:.0f} to {of[0.9]:.0f} in 80 % of the draws."
    )
    return [said]


def distribution(forecast: Forecast) -> Table:
    """The probability of every number of seats of the whole chamber, a row for each that some draw has."""
    chances, errors = (
        forecast.array(path)
        for path in (f"{_GROUP}/seat_probability", f"{_GROUP}/{error_of('seat_probability')}")
    )
    k, seats = np.nonzero(chances)
    names = dict(zip(_labels(forecast, "holder"), _labels(forecast, "holder_name"), strict=True))
    columns: dict[Column, Any] = {
        Column("holder", "", "text", "id of the party or group"): forecast.array(f"{_GROUP}/holder")[k],
        Column("seats", "seats", "integer", "number of seats of the whole chamber"): seats,
        Column("probability", "1", "number", "probability of exactly so many seats"): chances[k, seats],
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"): errors[k, seats],
    }
    shown = (
        Shown("Party or group", lambda row: names[str(row["holder"])], numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        *chance_shown("Probability", "probability"),
    )
    title = "Probability of every number of seats of the whole chamber"
    return table(forecast, "chamber-seats", title, columns, shown)


def contests(forecast: Forecast) -> Table:
    """A row for each district whose chances are given: who is likeliest to win it, and who next; the most
    open first.
    """
    chances, errors = (
        forecast.array(f"{_GROUP}/{name}") for name in ("win_probability", error_of("win_probability"))
    )
    ids, names = _labels(forecast, "holder"), _labels(forecast, "holder_name")
    ranked = np.argsort(-chances, axis=1, kind="stable")
    rows = np.argsort(np.take_along_axis(chances, ranked, 1)[:, 0], kind="stable")
    columns: dict[Column, Any] = {
        Column(name, "", "text", VARIABLES[f"{_GROUP}/{name}"].meaning): np.array(_labels(forecast, name))[
            rows
        ]
        for name in ("contest", "contest_tier")
    }
    shown = [Shown("District", as_is("contest"), numeric=False)]
    for place, what in enumerate(("likeliest", "next")):
        who = ranked[rows, place]
        told = dict(zip(ids, names, strict=True))
        chance, error = f"{what}_probability", f"{what}_mc_error"
        columns |= {
            Column(what, "", "text", f"id of the party or group {_PLACES[what]}"): [ids[h] for h in who],
            Column(chance, "1", "number", "probability of winning the district"): chances[rows, who],
            Column(error, "1", "number", f"Monte Carlo standard error of {chance}"): errors[rows, who],
        }
        shown += [
            Shown(what.capitalize(), lambda row, what=what, told=told: told[str(row[what])], numeric=False),
            *chance_shown("Wins", chance),
        ]
    path = f"{_GROUP}/uncovered_probability"
    if path in forecast:
        without, error = (forecast.array(one)[rows] for one in (path, error_of(path)))
        columns |= {
            Column("uncovered_probability", "1", "number", VARIABLES[path].meaning): without,
            Column(
                "uncovered_mc_error", "1", "number", "Monte Carlo standard error of uncovered_probability"
            ): error,
        }
        shown += chance_shown("No seat", "uncovered_probability")
    notes = ("The most open first. Districts move together: their chances are not independent.",)
    return table(forecast, "contests", "Single-member districts", columns, shown, notes)


def _rows(
    forecast: Forecast, over: str, names: tuple[str, ...], *, behind: str = ""
) -> tuple[dict[Column, Any], list[Shown]]:
    """Columns of variables over a dimension (and another behind it) at every place, and what names a row."""
    dims = (over, behind) if behind else (over,)
    sizes = [len(forecast.names(dim if dim == "coalition" else f"{_GROUP}/{dim}")) for dim in dims]
    places = int(np.prod(forecast.shape))
    repeated = np.repeat(np.arange(places), prod(sizes))
    columns: dict[Column, Any] = label_columns(forecast, repeated) if forecast.leading else {}
    shown = label_shown(forecast)
    at = np.indices(sizes).reshape(len(sizes), -1)
    for dim, k in zip(dims, at, strict=True):
        titles = {"holder": "Party or group", "coalition": "Coalition", "tier": "Tier"}
        for name in (dim, f"{dim}_name"):
            known = VARIABLES[name if dim == "coalition" else f"{_GROUP}/{name}"]
            texts = forecast.names(known.path)
            columns[Column(name, "", "text", known.meaning)] = [texts[i] for i in k.tolist()] * places
        shown.append(Shown(titles[dim], as_is(f"{dim}_name"), numeric=False))
    for name in names:
        variable = VARIABLES[f"{_GROUP}/{name}"]
        values, error = (
            _flat(forecast, path, variable.dims[: len(dims)])
            for path in (variable.path, error_of(variable.path))
        )
        columns |= columns_of(variable, values, error)
    return columns, shown


def _flat(forecast: Forecast, path: str, dims: tuple[str, ...]) -> np.ndarray | None:
    if path not in forecast:
        return None
    values = forecast.array(path)
    lead = len(forecast.leading) + len(dims)
    return values.reshape(-1, *values.shape[lead:])


def _labels(forecast: Forecast, name: str) -> list[str]:
    return forecast.names(f"{_GROUP}/{name}")


def _sizes(forecast: Forecast) -> str:
    sizes = np.unique(forecast.array(f"{_GROUP}/size"))
    return " or ".join(rounding.whole(size) for size in sizes[~np.isnan(sizes)].tolist())


def _may_hold(row: Any) -> bool:
    return (number(row["seat_high95"]) or 0) > 0


# Districts of lists.


def districts(forecast: Forecast) -> Table:
    """A row for each district: seats, how many are in play, who gets the last one, who is next, how far
    apart.
    """
    names = names_of(forecast)
    columns = _of_district(forecast)
    for name in ("house", "seats_in_play"):
        variable = VARIABLES[f"districts/{name}"]
        columns |= columns_of(variable, forecast.array(variable.path), None)
    last = _most_likely(forecast, "last")
    columns |= last | _most_likely(forecast, "next", but=next(iter(last.values())))
    margin = VARIABLES["districts/margin_quantile"]
    columns |= columns_of(margin, forecast.array(margin.path) if margin.path in forecast else None, None)
    shown = [
        Shown("District", as_is("district_name"), numeric=False),
        Shown("Seats", text_of("house", rounding.whole)),
        Shown("In play", text_of("seats_in_play", rounding.whole)),
    ]
    if any(forecast.names("districts/region")):
        shown.insert(1, Shown("Region", as_is("region"), numeric=False, rank=3))
    last_seat = [
        Shown("Last seat", lambda row: names.get(str(row["last"]), ""), numeric=False),
        *chance_shown("in", "last_probability"),
        Shown("Next", lambda row: names.get(str(row["next"]), ""), numeric=False, rank=1),
        Shown("Apart", text_of("margin_median", rounding.percent), rank=2),
    ]
    known = "districts/last_probability" in forecast
    shown += last_seat if known else []
    return table(forecast, "districts", "Districts", columns, shown, _notes(known=known))


def district_seats(forecast: Forecast) -> Table:
    """A row for each party in each district: its share, its seats, its chance of the last one and of the
    next.
    """
    kept = np.flatnonzero(~np.isin(forecast.array("party_kind"), list(SEATLESS_KINDS)))
    number = len(forecast.array("districts/district"))
    place, party = np.repeat(np.arange(number), len(kept)), np.tile(kept, number)
    names = names_of(forecast)
    columns: dict[Column, Any] = {
        column: [values[d] for d in place] for column, values in _of_district(forecast).items()
    }
    ids = forecast.array("party")[party]
    columns[Column("party", "", "text", "id of the party")] = ids
    columns[Column("party_name", "", "text", "its name")] = [names[str(one)] for one in ids]
    for name in _BY_PARTY:
        variable = VARIABLES[f"districts/{name}"]
        values, error = (
            forecast.array(path)[place, party] if path in forecast else None
            for path in (variable.path, error_of(variable.path))
        )
        columns |= columns_of(variable, values, error)
    shown = [
        Shown("District", as_is("district_name"), numeric=False),
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Share", text_of("share_median", rounding.percent), rank=1),
        Shown("80 % of shares", pair_of("share_low80", "share_high80", rounding.percent_interval), rank=3),
        Shown("Seats", text_of("seat_median", rounding.whole)),
        Shown("80 % of seats", pair_of("seat_low80", "seat_high80", rounding.interval)),
        Shown("Mean", pair_of("seat_mean", "seat_mean_mc_error", rounding.mean_seats), rank=2),
    ]
    if "districts/last_probability" in forecast:
        shown += [
            *chance_shown("Last seat", "last_probability", rank=2),
            *chance_shown("Next", "next_probability", rank=4),
        ]
    return table(forecast, "district-seats", "Seats of every party in every district", columns, shown)


def district_distribution(forecast: Forecast) -> Table:
    """The probability of every number of seats in every district, a row for each that some draw has."""
    chances, errors = (
        np.nan_to_num(forecast.array(f"districts/{path}"))
        for path in ("seat_probability", error_of("seat_probability"))
    )
    place, party, seats = np.nonzero(chances)
    columns: dict[Column, Any] = {
        Column("district", "", "text", "id of the district"): forecast.array("districts/district")[place],
        Column("party", "", "text", "id of the party"): forecast.array("party")[party],
        Column("seats", "seats", "integer", "number of seats"): seats,
        Column("probability", "1", "number", "probability of exactly so many"): chances[place, party, seats],
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"): errors[
            place, party, seats
        ],
    }
    shown = (
        Shown("District", as_is("district"), numeric=False),
        Shown("Party", as_is("party"), numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        *chance_shown("Probability", "probability"),
    )
    title = "Probability of every number of seats in every district"
    return table(forecast, "district-distribution", title, columns, shown)


def _notes(*, known: bool) -> tuple[str, ...]:
    return (_IN_PLAY + (_LAST if known else _NO_LAST),)


def _of_district(forecast: Forecast) -> dict[Column, Any]:
    return {
        Column(name, "", "text", VARIABLES[f"districts/{name}"].meaning): forecast.names(f"districts/{name}")
        for name in ("district", "district_name", "region")
    }


def _most_likely(forecast: Forecast, what: str, but: Sequence[Any] = ()) -> dict[Column, Any]:
    """The party most likely to have the last seat, or the claim to the next, other than those of ``but`` (a
    party for each district); blank where that is not known, and where nobody ever has it.
    """
    path = f"districts/{what}_probability"
    meaning = f"id of the party with the highest {VARIABLES[path].meaning}"
    named = Column(what, "", "text", meaning)
    chance = Column(f"{what}_probability", "1", "number", VARIABLES[path].meaning)
    error = Column(f"{what}_mc_error", "1", "number", f"Monte Carlo standard error of {what}_probability")
    if path not in forecast:
        number = len(forecast.array("districts/district"))
        return {named: [""] * number, chance: None, error: None}
    values, errors = np.nan_to_num(forecast.array(path)), forecast.array(error_of(path))
    ids = forecast.array("party")
    among = values if len(but) == 0 else np.where(ids[None, :] == np.asarray(but)[:, None], -1.0, values)
    most = among.argmax(axis=1)
    rows = np.arange(len(most))
    somebody = values[rows, most] > 0.0
    return {
        named: np.where(somebody, ids[most], ""),
        chance: np.where(somebody, values[rows, most], np.nan),
        error: np.where(somebody, errors[rows, most], np.nan),
    }
