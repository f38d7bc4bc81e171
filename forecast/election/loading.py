"""Reading an election file: TOML with exact decimals, overrides, and every fault at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from forecast.election.faults import faults_of
from forecast.election.overrides import overridden
from forecast.election.schema import Election
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

_FILE_KEYS = (
    ("election", "polls"),
    ("election", "result"),
    ("rule", "districts", "table"),
    ("estimate", "constants"),
)
"""Keys that name a file; relative names are meant relative to the election file."""


def load_election(path: str | Path, overrides: Sequence[str] = ()) -> Election:
    """The election that a TOML file describes, with ``overrides`` such as ``rule.threshold.level=3%``.

    ``ConfigurationError`` with every fault of the file and of the overrides.
    """
    file = Path(path)
    return parse_election(read_tables(file), str(path), overrides, folder=file.parent)


def parse_election(
    data: Mapping[str, Any],
    place: str = "election",
    overrides: Sequence[str] = (),
    folder: Path | None = None,
) -> Election:
    """The election that tables describe (as ``tomllib`` reads them); ``place`` names them in messages.

    File names in it are taken relative to ``folder``. ``ConfigurationError`` with every fault.
    """
    changed, faults = overridden(data, overrides)
    if folder is not None:
        _resolve_files(changed, folder)
    try:
        election = Election.model_validate(changed, context={"place": place})
    except ValidationError as error:
        raise ConfigurationError(*faults, *faults_of(error, changed, place, overrides)) from None
    if faults:
        raise ConfigurationError(*faults)
    return election


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; ``ConfigurationError`` where there is no such file or it is not TOML."""
    place = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(Fault(place, "", ABSENT, _no_such_file(path))) from None
    except IsADirectoryError:
        remedy = f"this is a folder; an election file is expected{_listed(path)}"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy)) from None
    except UnicodeDecodeError as error:
        remedy = f"not UTF-8 text (byte {error.start + 1}); save the file as UTF-8"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy)) from None
    except OSError as error:
        raise ConfigurationError(Fault(place, "", ABSENT, f"cannot be read: {error.strerror}")) from None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax_fault(place, text, str(error))) from None


def _no_such_file(path: Path) -> str:
    siblings = sorted(str(path.parent / found.name) for found in path.parent.glob("*.toml"))
    if not siblings:
        return "no such file; `forecast init` writes one to start from"
    return f"no such file; {suggest(str(path), siblings)}"


def _listed(folder: Path) -> str:
    files = sorted(str(found) for found in folder.glob("*.toml"))
    return ", such as " + ", ".join(files[:5]) if files else ""


_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def _syntax_fault(place: str, text: str, message: str) -> Fault:
    """What the TOML reader says, with the line that it stumbled over."""
    position = _POSITION.search(message)
    said = _POSITION.sub("", message)
    said = f"this is not TOML: {said[:1].lower()}{said[1:]}"
    if position is None or position.group(1) is None:
        return Fault(place, "end of file" if position else "", ABSENT, said)
    lines = text.splitlines()
    line, column = int(position.group(1)), int(position.group(2))
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    if re.search(r"=\s*[+-]?[\d.,]+\s*%", shown):
        said = 'this is not TOML: a percentage stands in quotes, such as "5%"'
    elif re.search(r"=\s*\d+,\d+\s*(#|$)", shown):
        said = "this is not TOML: a decimal point is expected, not a comma"
    elif re.search(r"=\s*[^\W\d][^\"'\[{]*$", shown) and "invalid value" in said:
        said = "this is not TOML: a text stands in quotes"
    return Fault(place, f"line {line}, column {column}", shown or ABSENT, said)


def _resolve_files(data: dict[str, Any], folder: Path) -> None:
    for *way, last in _FILE_KEYS:
        table: Any = data
        for key in way:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict) and isinstance(table.get(last), str) and table[last].strip():
            table[last] = str(folder / table[last].strip())
