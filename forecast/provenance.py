"""Where a forecast came from: digests of its files, versions, the command that made it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.result import Forecast

SOURCES = (
    *("configuration", "polls", "constants", "record", "scenarios", "share_draws", "votes"),
    *("units", "counted", "night_constants"),
)
"""Attributes that name a file which a forecast was made from."""


def with_sources(
    forecast: Forecast,
    election: Election,
    config: Path,
    settings: Sequence[str] = (),
    scenarios: Path | None = None,
) -> Forecast:
    """A forecast with what a reader must be able to check among its attributes.

    Its files with their digests, the keys that were changed, the rule in words, the law, and the notes of the
    election file.
    """
    from forecast.words.law_in_words import rule_in_words
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
    instead = {name: forecast.attrs[name] for name in ("share_draws", "votes") if name in forecast.attrs}
    polled = election.estimate
    files = instead or {"polls": facts.polls, "constants": polled.constants, "record": polled.own_record}
    files |= {"scenarios": scenarios}
    for name, file in files.items():
        if file is not None:
            attrs |= {name: str(file), f"{name}_sha256": digest_of(Path(file))}
    return forecast.with_attrs(**attrs)


class Making(NamedTuple):
    """How a forecast was made: the command, when (ISO 8601 with its offset), in what time, on what
    threads.
    """

    command: Sequence[str]
    started: str
    seconds: float
    threads: int


def run_record(forecast: Forecast, making: Making) -> dict[str, Any]:
    """What ``run.json`` says (docs/json.md)."""
    attrs = forecast.attrs
    found = {"schema_version": int(attrs["schema_version"]), "election": forecast.election}
    if forecast.draws:
        found |= {
            "as_of": attrs.get("as_of", forecast.ticks.get("as_of")),
            "draws": forecast.draws,
            "seed": int(attrs["seed"]),
            "sampler": attrs["sampler"],
            "threads": making.threads,
        }
    if forecast.leading:
        found["leading"] = forecast.ticks
    return {
        **found,
        "settings": [line for line in attrs["settings"].split("\n") if line],
        "files": {
            name: {"path": attrs[name], "sha256": attrs[f"{name}_sha256"]}
            for name in SOURCES
            if f"{name}_sha256" in attrs
        },
        "command": list(making.command),
        "started": making.started,
        "seconds": round(making.seconds, 3),
        "versions": json.loads(attrs["versions"]),
        "warnings": list(attrs["warnings"]),
    }
