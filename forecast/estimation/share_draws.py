"""Draws of vote shares from elsewhere: read and checked, and pooled with the polls where they have a weight.

Forecasts of others, and earlier ones of one's own, rest on much the same polls as this forecast, and how far
the errors of the two go together is not known. So nothing is added up: the distributions are pooled
logarithmically, p proportional to p_1**(1 - w) p_2**w (Genest and Zidek 1986), which of two equal ones gives
the same again. On log ratios both are taken as normal, where the pool has the weighted mean of their
precisions, and of their means by these.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.door.files import MOST_OF_DRAWS
from forecast.door.sheets import MOST_FAULTS, Line, open_sheet
from forecast.election.values import percent
from forecast.errors import ABSENT, Fault, PollDataError, suggest
from forecast.estimation.average import FLOOR, OTHER, Floats

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.schema import OutsideForecast

SUM_TOLERANCE = 0.005
"""How far from 1 the shares of a draw may add up: rounding to 0.1 % does that to ten."""

_BESIDE = ("draw", "chain", "iteration")
_SEATS = ("seats_", "chamber_")
_NO_FILE = "no such file; a CSV file with a column for every party id, or netCDF, is expected"
_PLAIN = frozenset("0123456789.eE+-")
"""Letters of a number as programs write it; Python also reads 1_000, nan and the digits of other scripts."""
_MOST_OTHERS = 0.5
_UNKNOWN_ERRORS = (
    "drawn elsewhere: Monte Carlo errors take the draws as independent; where they are those of a slow "
    "Markov chain, errors are larger, by the root of draws / effective draws"
)


class ShareDraws(NamedTuple):
    """Shares (N, U) of ``ids`` in draws from elsewhere; every row adds up to 1."""

    place: str
    ids: tuple[str, ...]
    shares: NDArray[np.float64]
    warnings: tuple[str, ...]


def read_share_draws(path: str | Path, election: Election) -> ShareDraws:
    """Draws from a CSV file (a column a party id, a row a draw) or netCDF (``share`` over draw and party).

    In CSV the columns draw, chain, iteration and seats_<party> are passed over. ``other`` is what is left to
    1 where an open ballot has no such column. ``PollDataError`` with what is wrong: unknown parties, shares
    below 0 or that are no numbers, draws that do not add up to 1.
    """
    place = str(path)
    reading = _from_netcdf if Path(path).suffix.lower() in (".nc", ".netcdf") else _from_csv
    columns = reading(Path(path), place, election)
    ids = list(columns)
    if len(columns[ids[0]]) == 0:
        raise PollDataError(
            Fault(place, "", ABSENT, "no draw in this file; a row for every draw is expected")
        )
    shares = np.stack(list(columns.values()), axis=1)
    _refuse_values(shares, ids, place)
    _refuse_empty(shares[:, [at for at, name in enumerate(ids) if name != OTHER]], place)
    open_ballot = not election.election.closed_ballot and OTHER not in election.by_id
    if open_ballot and OTHER not in ids:
        left = 1.0 - shares.sum(axis=1, keepdims=True)
        left[(left < 0.0) & (left >= -SUM_TOLERANCE)] = 0.0
        shares, ids = np.hstack([shares, left]), [*ids, OTHER]
        over = "the shares of the parties add up to more than 1"
    else:
        over = "the shares of a draw add up to 1 (all options are named)"
    _refuse_sums(shares, ids, place, over)
    missing = [party.name for party in election.standing if party.id not in ids]
    warnings = [_UNKNOWN_ERRORS]
    others = float(shares[:, ids.index(OTHER)].mean()) if open_ballot and OTHER in ids else 0.0
    if others > _MOST_OTHERS:
        warnings.append(
            f"{others:.0%} of the votes go to options without a column of their own: are they shares of all?"
        )
    if missing:
        warnings.append(f"not in the draws, so left blank: {', '.join(missing)}")
    return ShareDraws(place, tuple(ids), shares / shares.sum(axis=1, keepdims=True), tuple(warnings))


def _from_csv(path: Path, place: str, election: Election) -> dict[str, NDArray[np.float64]]:
    sheet = open_sheet(
        path,
        most=MOST_OF_DRAWS,
        missing=_NO_FILE,
        empty="the file is empty; a row of party ids and a row for every draw are expected",
    )
    wanted = {
        at: name
        for at, name in enumerate(sheet.heading)
        if name not in _BESIDE and not name.startswith(_SEATS)
    }
    if not all(wanted.values()):
        remedy = "a column without a name; the first row names a party id for every column"
        sheet.faults.append(Fault(place, "row 1", ABSENT, remedy))
    sheet.faults += _name_faults([name for name in wanted.values() if name], election, place)
    shares = array("d")
    for line in sheet.lines:
        cells = [line.cells[at] for at in wanted]
        try:
            if not _PLAIN.issuperset("".join(cells)):
                raise ValueError
            shares.extend(map(float, cells))
        except ValueError:
            sheet.faults += _number_faults(place, line, wanted)
            if len(sheet.faults) >= MOST_FAULTS:
                break
    if sheet.faults:
        raise PollDataError(*sheet.faults)
    table = np.frombuffer(shares, np.float64).reshape(-1, len(wanted))
    return {name: table[:, column].copy() for column, name in enumerate(wanted.values())}


def _number_faults(place: str, line: Line, wanted: Mapping[int, str]) -> Iterator[Fault]:
    """The cells of a row that are no numbers."""
    for at, name in wanted.items():
        cell = line.cells[at]
        try:
            if _PLAIN.issuperset(cell):
                float(cell)
                continue
        except ValueError:
            pass
        remedy = "a share is a number between 0 and 1, with a decimal point"
        if not cell:
            remedy = "no share; every draw needs one for every column"
        yield Fault(place, f"row {line.number}, column {name}", cell or ABSENT, remedy)


def _from_netcdf(path: Path, place: str, election: Election) -> dict[str, NDArray[np.float64]]:
    from forecast.netcdf import Unreadable, read_netcdf

    if not path.is_file():
        raise PollDataError(Fault(place, "", ABSENT, _NO_FILE))
    expected = "a variable 'share' over the dimensions draw and party, with party ids, is expected"
    try:
        data = read_netcdf(path, only=("share",))[""]
    except Unreadable as error:
        raise PollDataError(Fault(place, "", ABSENT, f"{error}; {expected}")) from error
    share = data["share"]
    if (
        "party" not in share.dims
        or "party" not in data.coords
        or share.ndim < 2
        or share.dtype.kind not in "iuf"
    ):
        dims = ", ".join(str(dim) for dim in share.dims) or "nothing"
        found = f"a variable of type {share.dtype} over {dims}" + " without ids" * (
            "party" not in data.coords
        )
        raise PollDataError(Fault(place, "share", found, expected))
    share = share.stack(row=[dim for dim in share.dims if dim != "party"]).transpose("row", "party")
    parties = [str(party) for party in share["party"].values]
    _refuse_doublets(parties, place)
    faults = _name_faults(parties, election, place)
    if faults:
        raise PollDataError(*faults)
    return dict(zip(parties, np.asarray(share.values, np.float64).T, strict=True))


def _name_faults(ids: Sequence[str], election: Election, place: str) -> list[Fault]:
    """Columns that are no party of the election; a file without any."""
    closed = election.election.closed_ballot
    known = [party.id for party in election.parties] + ([] if closed else [OTHER])
    faults = [
        Fault(place, f"column {name}", ABSENT, f"no party of {election.place}; {suggest(name, known)}")
        for name in ids
        if name not in known
    ]
    if not faults and len([name for name in ids if name != OTHER]) == 0:
        faults = [Fault(place, "", ABSENT, "no column names a party; ids are those of the election file")]
    return faults


def _refuse_empty(named: NDArray[np.float64], place: str) -> None:
    """Refuse draws in which no party has a vote."""
    empty = np.flatnonzero(~named.any(axis=1))
    if len(empty):
        often = f" ({len(empty):,} such draws)" if len(empty) > 1 else ""
        raise PollDataError(Fault(place, f"draw {empty[0] + 1}", ABSENT, f"no party has a share{often}"))


def _refuse_doublets(ids: Sequence[str], place: str) -> None:
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise PollDataError(
            Fault(place, "party", ", ".join(twice), "named twice; every party once is expected")
        )


def _refuse_values(shares: NDArray[np.float64], ids: Sequence[str], place: str) -> None:
    for wrong, remedy in (
        (~np.isfinite(shares), "a share is missing or no number; every draw needs one for every column"),
        (shares < 0.0, "a share cannot be below 0"),
    ):
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            often = f" ({int(wrong.sum()):,} such values)" if wrong.sum() > 1 else ""
            where = f"draw {row + 1}, column {ids[column]}"
            raise PollDataError(Fault(place, where, float(shares[row, column]), remedy + often))


def _refuse_sums(shares: NDArray[np.float64], ids: Sequence[str], place: str, remedy: str) -> None:
    sums = shares.sum(axis=1)
    if ids[-1] == OTHER and (shares[:, -1] < 0.0).any():
        sums = np.where(shares[:, -1] < 0.0, 1.0 - shares[:, -1], sums)
    wrong = np.abs(sums - 1.0) > SUM_TOLERANCE
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        if 90.0 < sums[row] < 110.0:
            remedy = "these are percentages; shares are fractions of 1: divide them by 100"
        often = f" ({int(wrong.sum()):,} such draws)" if wrong.sum() > 1 else ""
        raise PollDataError(Fault(place, f"draw {row + 1}", f"a sum of {sums[row]:.4g}", remedy + often))


_LEAST_DEGREES = 2.5
"""Tails so heavy have no variance to compare; they are taken as if they were these."""
_LEAST_VARIANCE = 1e-6
FEWEST_DRAWS = 100


def with_outside(
    election: Election, units: Sequence[str], mean: Floats, scale: Floats, degrees: float
) -> tuple[Floats, Floats, list[str]]:
    """Centre (U,) and squared scale (U, U) with the outside forecasts of the election file pooled in, and
    what to say of them.

    ``PollDataError`` for draws that cannot be read, are too few, or leave out a unit.
    """
    outside = election.estimate.outside
    if not outside:
        return mean, scale, []
    total = sum(float(one.weight) for one in outside)
    widening = max(degrees, _LEAST_DEGREES) / (max(degrees, _LEAST_DEGREES) - 2.0)
    contrasts = np.eye(len(units)) - 1.0 / len(units)
    precision = (1.0 - total) * _precision(widening * scale, contrasts)
    drawn_to = precision @ np.log(mean)
    for one in outside:
        logs = _logs(one, election, units)
        spread = np.cov(logs.T) + _LEAST_VARIANCE * np.eye(len(units))
        theirs = float(one.weight) * _precision(spread, contrasts)
        precision = precision + theirs
        drawn_to = drawn_to + theirs @ logs.mean(axis=0)
    covariance = np.linalg.pinv(precision, hermitian=True)
    centre = np.exp(covariance @ drawn_to)
    # What all log shares have in common changes no share, and lets the scale be inverted.
    whole = covariance / widening + np.diag(scale).mean() / len(units)
    said = [
        f"{one.name or one.draws} enters with a weight of {percent(one.weight)} (estimate.outside); "
        "no backtest speaks for that"
        for one in outside
    ]
    return centre / centre.sum(), whole, said


def _precision(covariance: Floats, contrasts: Floats) -> Floats:
    return np.asarray(np.linalg.pinv(contrasts @ covariance @ contrasts, hermitian=True), np.float64)


def _logs(one: OutsideForecast, election: Election, units: Sequence[str]) -> Floats:
    """(N, U) log shares of the units in the draws, floored like polls."""
    drawn = read_share_draws(one.draws, election)
    if len(drawn.shares) < FEWEST_DRAWS:
        remedy = f"{len(drawn.shares)} draws tell no distribution; at least {FEWEST_DRAWS} are expected"
        raise PollDataError(Fault(drawn.place, "", ABSENT, remedy))
    missing = [unit for unit in units if unit != OTHER and unit not in drawn.ids]
    if missing:
        raise PollDataError(
            *(
                Fault(drawn.place, f"column {unit}", ABSENT, "missing; the polls tell this party apart")
                for unit in missing
            )
        )
    named = [drawn.ids.index(unit) for unit in units if unit != OTHER]
    shares = drawn.shares[:, named]
    if OTHER in units:
        rest = np.maximum(1.0 - shares.sum(axis=1), 0.0)
        shares = np.insert(shares, list(units).index(OTHER), rest, axis=1)
    shares = np.maximum(shares, FLOOR)
    return np.log(shares / shares.sum(axis=1, keepdims=True))
