"""The summary of a backtest that ships with the constants."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from forecast.estimation.calibration import Calibration, HorizonRecord
from forecast.verification.archive import PastElection
from forecast.verification.backtest import Backtest
from forecast.verification.summary import Row, crossing_curve, majority_curve

METHOD = "default"


def calibration_of(
    backtest: Backtest, rows: Sequence[Row], elections: Sequence[PastElection], left_out: str
) -> Calibration:
    """What the default method was worth; ``left_out`` is "country" or empty."""
    scored = {one.election for one in backtest.scored}
    used = [election for election in elections if election.id in scored]
    horizons = dict.fromkeys(row.horizon for row in rows if row.method == METHOD)
    return Calibration(
        elections=len(used),
        countries=len({election.country for election in used}),
        years=tuple(sorted({election.date.year for election in used})),
        date=datetime.date.today().isoformat(),
        left_out=left_out,
        horizons=tuple(_record(rows, horizon) for horizon in horizons),
        crossings=tuple(crossing_curve(backtest, METHOD)),
        majorities=tuple(majority_curve(backtest, METHOD)),
    )


def _record(rows: Sequence[Row], horizon: int | None) -> HorizonRecord:
    found = {row.metric: row for row in rows if row.method == METHOD and row.horizon == horizon}

    def value(metric: str) -> float | None:
        return round(found[metric].value, 4) if metric in found else None

    return HorizonRecord(
        horizon=horizon,
        elections=found["crps"].elections,
        coverage_50=round(found["coverage_50"].value, 4),
        coverage_80=round(found["coverage_80"].value, 4),
        coverage_95=round(found["coverage_95"].value, 4),
        crps=round(found["crps"].value, 4),
        crossing_brier=value("crossing_brier"),
        majority_brier=value("majority_brier"),
    )
