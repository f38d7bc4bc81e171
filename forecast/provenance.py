"""Where a run came from: digests of its files, versions, the command that made it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.election import Election
    from forecast.result import Forecast


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def with_sources(
    forecast: Forecast, election: Election, config: Path, settings: Sequence[str] = ()
) -> Forecast:
    """The forecast with what a reader must be able to check among its attributes.

    Its files with their digests, the keys that were changed, the rule in words, the law, and the notes of the
    election file.
    """
    from forecast.election.wording import rule_in_words
    from forecast.result import Forecast

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
        "configuration_sha256": sha256_of(config),
    }
    elsewhere = forecast.dataset.attrs.get("share_draws")
    files = {"polls": facts.polls, "constants": election.estimate.constants}
    for name, file in ({"share_draws": elsewhere} if elsewhere else files).items():
        if file is not None:
            attrs |= {name: str(file), f"{name}_sha256": sha256_of(Path(file))}
    return Forecast(forecast.dataset.assign_attrs(attrs))


def run_record(
    forecast: Forecast, *, command: Sequence[str], started: str, seconds: float, threads: int
) -> dict[str, Any]:
    """What ``run.json`` says (docs/json.md); ``started`` in ISO 8601 with its offset."""
    import json

    attrs = forecast.dataset.attrs
    return {
        "schema_version": int(attrs["schema_version"]),
        "election": forecast.election,
        "as_of": attrs["as_of"],
        "draws": forecast.draws,
        "seed": int(attrs["seed"]),
        "sampler": attrs["sampler"],
        "threads": threads,
        "settings": [line for line in attrs["settings"].split("\n") if line],
        "files": {
            name: {"path": attrs[name], "sha256": attrs[f"{name}_sha256"]}
            for name in ("configuration", "polls", "constants", "share_draws")
            if name in attrs
        },
        "command": list(command),
        "started": started,
        "seconds": round(seconds, 3),
        "versions": json.loads(attrs["versions"]),
        "warnings": list(attrs["warnings"]),
    }
