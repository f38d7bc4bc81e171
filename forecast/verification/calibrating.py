"""The summary of a backtest that ships with the constants."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from forecast.estimation.calibration import Calibration, HorizonRecord
from forecast.verification.archive import KINDS, PastElection
from forecast.verification.backtest import Backtest
from forecast.verification.summary import ALL, Row, crossing_curve, majority_curve

METHOD = "default"


def calibration_of(
    backtest: Backtest, rows: Sequence[Row], elections: Sequence[PastElection], left_out: str
) -> Calibration:
    """What the default method was worth; ``left_out`` is "country" or empty."""
    scored = {one.election for one in backtest.scored}
    used = [election for election in elections if election.id in scored]
    ours = [row for row in rows if row.method == METHOD and not row.against]
    whole = [row for row in ours if row.subset == ALL]
    horizons = dict.fromkeys(row.horizon for row in whole)
    kinds = {
        kind: [row for row in ours if row.subset == f"kind={kind}"]
        for kind in KINDS
        if any(row.subset == f"kind={kind}" for row in ours)
    }
    return Calibration(
        elections=len(used),
        countries=len({election.country for election in used}),
        years=tuple(sorted({election.date.year for election in used})),
        date=datetime.date.today().isoformat(),
        left_out=left_out,
        horizons=tuple(_record(whole, horizon) for horizon in horizons),
        crossings=tuple(crossing_curve(backtest, METHOD)),
        majorities=tuple(majority_curve(backtest, METHOD)),
        kinds=tuple(
            _record(held, horizon, kind)
            for kind, held in kinds.items()
            for horizon in dict.fromkeys(row.horizon for row in held)
        ),
    )


def _record(rows: Sequence[Row], horizon: int | None, kind: str = "") -> HorizonRecord:
    found = {row.metric: row for row in rows if row.horizon == horizon}

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
        mae=value("mae"),
        kind=kind,
    )
