"""What a run of the benchmarks writes down."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.checking import Check
from benchmarks.measuring import Spread

_VERSIONED = (
    "forecast",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "xarray",
    "votelib",
    "apportionment",
    "poli-sci-kit",
)


@dataclass(frozen=True)
class Record:
    """One subject on one case."""

    case: str
    subject: str
    threads: int
    draws: int
    rounds: int
    ns_per_draw: Spread
    ratios: dict[str, Spread]
    """Its time in units of every yardstick's on as many threads."""


@dataclass(frozen=True)
class Row:
    """One figure of another table: what was measured, in which unit."""

    table: str
    case: str
    what: str
    unit: str
    value: Spread


@dataclass
class Results:
    """Everything that one run measured."""

    records: list[Record] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    """All other tables."""
    notes: list[str] = field(default_factory=list)
    """What was left out, and why."""
    sizes: str = "ordinary"
    """ordinary, full or smoke; the figures of a smoke run mean nothing."""
    machine: dict[str, Any] = field(default_factory=lambda: machine())

    def value(self, table: str, case: str, what: str, unit: str) -> Spread | None:
        """One figure of ``rows``; None where it was not measured."""
        sought = (table, case, what, unit)
        return next((r.value for r in self.rows if (r.table, r.case, r.what, r.unit) == sought), None)

    def ratio(self, case: str, subject: str, yardstick: str, threads: int = 1) -> Spread | None:
        """One ratio of ``records``; None where it was not measured."""
        sought = (case, subject, threads)
        return next(
            (r.ratios.get(yardstick) for r in self.records if (r.case, r.subject, r.threads) == sought), None
        )


def machine() -> dict[str, Any]:
    """What was measured on: processor, cores, system, versions."""
    versions = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def _processor() -> str:
    """Name of the processor and its widest vectors; what the platform says where /proc is not there."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    text = info.read_text(encoding="utf-8", errors="replace")
    fields = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    flags = set(named.get("flags", "").split())
    widest = next((name for name in ("avx512f", "avx2", "avx") if name in flags), "")
    model = f"family {named.get('cpu family', '?')} model {named.get('model', '?')}"
    return ", ".join(part for part in (named.get("model name", platform.machine()), model, widest) if part)


def save(results: Results, path: Path) -> None:
    """Write the results as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(_plain(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def load(path: Path) -> Results:
    """Read what ``save`` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Results(
        records=[
            replace(
                Record(**record),
                ns_per_draw=_spread(record["ns_per_draw"]),
                ratios={name: _spread(value) for name, value in record["ratios"].items()},
            )
            for record in data["records"]
        ],
        checks=[Check(**check) for check in data["checks"]],
        rows=[replace(Row(**row), value=_spread(row["value"])) for row in data["rows"]],
        notes=data["notes"],
        sizes=data["sizes"],
        machine=data["machine"],
    )


def _spread(value: dict[str, float]) -> Spread:
    return Spread(**value)


def _plain(value: Any) -> Any:
    """Spreads with their names, so that a reader of the file needs no key."""
    if isinstance(value, Results):
        names = ("sizes", "machine", "records", "checks", "rows", "notes")
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Spread):
        return {name: round(part, 6) for name, part in value._asdict().items()}
    if isinstance(value, Record | Row | Check):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value
