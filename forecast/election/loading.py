"""An election from its file: the tables, the overrides, and every fault at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from forecast.door.arguments import path_of
from forecast.door.trees import read_toml
from forecast.election.chances import read_chances
from forecast.election.faults import faults_of
from forecast.election.overrides import overridden
from forecast.election.schema import Election
from forecast.errors import ConfigurationError, Fault, suggest

_FILE_KEYS = (
    ("election", "polls"),
    ("election", "result"),
    ("rule", "districts", "table"),
    ("geography", "last_result"),
    ("geography", "borders"),
    ("estimate", "constants"),
)
"""Keys that name a file; relative names are meant relative to the election file."""


def load_election(path: str | Path, overrides: Sequence[str] = ()) -> Election:
    """The election that a TOML file describes.

    Parameters
    ----------
    path
        The file (docs/election-file.md).
    overrides
        Keys that are other than in the file, as after ``--set``: ``["rule.threshold.level=3%"]``.

    Returns
    -------
    Election
        Frozen, with the layout of the file: ``election.rule.threshold.level``; shares are exact fractions.

    Raises
    ------
    ConfigurationError
        With every fault of the file and of the overrides.
    """
    path_of("path", path)
    _refuse_a_text(overrides)
    file = Path(path)
    return parse_election(read_tables(file), str(path), overrides, folder=file.parent)


def parse_election(
    data: Mapping[str, Any],
    place: str = "election",
    overrides: Sequence[str] = (),
    folder: Path | None = None,
) -> Election:
    """The election that tables describe, as ``tomllib`` reads them.

    Parameters
    ----------
    data
        The tables of an election file, as dictionaries and lists.
    place
        What messages call them.
    overrides
        As of ``load_election``.
    folder
        File names in ``data`` are taken relative to it.

    Returns
    -------
    Election

    Raises
    ------
    ConfigurationError
        With every fault.
    """
    if not isinstance(data, Mapping):
        remedy = "tables are expected: a dictionary, as tomllib.load gives it"
        raise ConfigurationError(Fault(place, "", f"{type(data).__name__} {data!r}", remedy))
    _refuse_a_text(overrides)
    changed, faults = overridden(data, overrides)
    if folder is not None:
        _resolve_files(changed, folder)
        unread = read_chances(changed, folder)
        if unread:
            raise ConfigurationError(*faults, *unread)
    try:
        election = Election.model_validate(changed, context={"place": place})
    except ValidationError as error:
        raise ConfigurationError(*faults, *faults_of(error, changed, place, overrides)) from None
    if faults:
        raise ConfigurationError(*faults)
    return election


def _refuse_a_text(overrides: Sequence[str]) -> None:
    if isinstance(overrides, str) or not isinstance(overrides, Sequence):
        remedy = 'a list is expected, such as ["rule.threshold.level=3%"]'
        raise ConfigurationError(Fault("argument", "overrides", overrides, remedy))


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; ``ConfigurationError`` where there is no such file or it is not TOML."""
    return read_toml(
        path,
        missing=lambda: _no_such_file(path),
        folder=lambda: f"this is a folder; an election file is expected{_listed(path)}",
    )


def _no_such_file(path: Path) -> str:
    siblings = sorted(str(path.parent / found.name) for found in path.parent.glob("*.toml"))
    if not siblings:
        return "no such file; `forecast init` writes one to start from"
    return f"no such file; {suggest(str(path), siblings)}"


def _listed(folder: Path) -> str:
    files = sorted(str(found) for found in folder.glob("*.toml"))
    return ", such as " + ", ".join(files[:5]) if files else ""


def _resolve_files(data: dict[str, Any], folder: Path) -> None:
    for *way, last in _FILE_KEYS:
        table: Any = data
        for key in way:
            table = table.get(key) if isinstance(table, dict) else None
        _resolve(table, (last,), folder)
    tiers = data.get("tiers")
    for tier in tiers if isinstance(tiers, list) else ():
        if isinstance(tier, dict):
            _resolve(tier, ("table",), folder)
            _resolve(tier.get("votes"), ("last", "lists", "borders"), folder)


def _resolve(table: Any, keys: Sequence[str], folder: Path) -> None:
    for key in keys if isinstance(table, dict) else ():
        if isinstance(table.get(key), str) and table[key].strip():
            table[key] = str(folder / table[key].strip())
