"""Where a run came from: digests of its files, versions, the command that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.result import Forecast
    from forecast.sensitivity.result import Sweep
    from forecast.simulation.series import Series


def with_sources(
    dataset: xr.Dataset,
    election: Election,
    config: Path,
    settings: Sequence[str] = (),
    scenarios: Path | None = None,
) -> xr.Dataset:
    """A result with what a reader must be able to check among its attributes.

    Its files with their digests, the keys that were changed, the rule in words, the law, and the notes of the
    election file.
    """
    from forecast.election.wording import rule_in_words
    from forecast.writing import digest_of

    facts, rule = election.election, election.rule
    attrs = {
        "chamber": facts.chamber,
        "note": facts.note,
        "source": facts.source,
        "rule_words": "\n".join(rule_in_words(rule)),
        "law": rule.law,
        "law_source": rule.source,
        "settings": "\n".join(settings),
        "configuration": str(config),
        "configuration_sha256": digest_of(config),
    }
    instead = {name: dataset.attrs[name] for name in ("share_draws", "votes") if name in dataset.attrs}
    files = instead or {"polls": facts.polls, "constants": election.estimate.constants}
    files |= {"scenarios": scenarios}
    for name, file in files.items():
        if file is not None:
            attrs |= {name: str(file), f"{name}_sha256": digest_of(Path(file))}
    return dataset.assign_attrs(attrs)


@dataclass(frozen=True)
class Making:
    """How a result was made: the command, when (ISO 8601 with its offset), in what time, on what threads."""

    command: Sequence[str]
    started: str
    seconds: float
    threads: int

    def record(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """What every ``run.json`` ends with (docs/json.md), of a result with these attributes."""
        import json

        return {
            "settings": [line for line in attrs["settings"].split("\n") if line],
            "files": {
                name: {"path": attrs[name], "sha256": attrs[f"{name}_sha256"]}
                for name in SOURCES
                if name in attrs
            },
            "command": list(self.command),
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "versions": json.loads(attrs["versions"]),
            "warnings": list(attrs["warnings"]),
        }


SOURCES = ("configuration", "polls", "constants", "scenarios", "share_draws", "votes")
"""Attributes that name a file which a result was made from."""


def run_record(forecast: Forecast, making: Making) -> dict[str, Any]:
    """What ``run.json`` says of a run (docs/json.md)."""
    attrs = forecast.dataset.attrs
    return {
        "schema_version": int(attrs["schema_version"]),
        "election": forecast.election,
        "as_of": attrs["as_of"],
        **_drawn(attrs, making),
        **making.record(attrs),
    }


def series_record(series: Series, making: Making) -> dict[str, Any]:
    """What ``run.json`` says of a run for several days or scenarios (docs/json.md)."""
    attrs = series.dataset.attrs
    labels = list(series.labels)
    return {
        "series_schema_version": int(attrs["series_schema_version"]),
        "election": series.election,
        **(
            {"as_of": attrs["as_of"], "scenarios": labels}
            if series.dimension == "scenario"
            else {"as_of": labels}
        ),
        **_drawn(attrs, making),
        **making.record(attrs),
    }


def sweep_record(sweep: Sweep, making: Making) -> dict[str, Any]:
    """What ``run.json`` says of a sweep (docs/json.md)."""
    data = sweep.dataset
    drawn = {"as_of": data.attrs["as_of"], **_drawn(data.attrs, making)} if sweep.simulated else {}
    return {
        "sweep_schema_version": int(data.attrs["sweep_schema_version"]),
        "election": sweep.election,
        **drawn,
        "variants": int(data.attrs["variants"]),
        "axes": {dim: data[dim].values.tolist() for dim in sweep.dims},
        **making.record(data.attrs),
    }


def _drawn(attrs: Mapping[str, Any], making: Making) -> dict[str, Any]:
    return {
        "draws": int(attrs["draws"]),
        "seed": int(attrs["seed"]),
        "sampler": attrs["sampler"],
        "threads": making.threads,
    }
