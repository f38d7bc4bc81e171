"""Election files of earlier versions: what was read then and is refused now, and the lines that say the same.

Keys were added since 0.3.0 and none was taken away or given another meaning. What 0.3.0 read, this version
refuses and can only have meant one thing is written anew: line by line, so that comments and order stay. The
new text is read again and held to what was meant before anything is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from forecast.door.files import read_bytes, utf8_text
from forecast.door.trees import MOST_OF_TOML, toml_of
from forecast.election.loading import read_tables
from forecast.errors import ConfigurationError, Fault

Way = tuple[str | int, ...]
"""Keys, and in a list of tables numbers from 0, that lead to a value."""

_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?")
_LINE = re.compile(r"""(\s*([A-Za-z0-9_-]+)\s*=\s*)("[^"]*"|'[^']*'|[^\s#"'\[{]+)(\s*(?:\#.*)?)""")
_LONG_TEXTS = ('"""', "'''")
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})+")
_NAMED_BY_ID = ("coalitions", "events")
"""Entries that are called by their id where they have no name."""


@dataclass(frozen=True)
class Update:
    """A key that is written otherwise now."""

    way: Way
    found: Any
    now: Any
    """``None`` where the key is to be left out."""

    def __str__(self) -> str:
        key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in self.way)
        was = f"{key.lstrip('.')} = {_toml(self.found)}"
        return f"{was}: left out" if self.now is None else f"{was}: now {_toml(self.now)}"


def updates_of(tables: Mapping[str, Any]) -> tuple[Update, ...]:
    """What has to be written otherwise in the ``tables`` that ``read_tables`` gives of an election file."""
    return (*_whole_numbers(tables), *_empty_names(tables))


def _whole_numbers(tables: Mapping[str, Any]) -> Iterator[Update]:
    """Whole numbers with a decimal point. 1.000 is left alone: who wrote it may have meant a thousand."""
    simulation = tables.get("simulation")
    for key, value in simulation.items() if isinstance(simulation, Mapping) else ():
        whole = isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
        if key in ("draws", "seed") and whole and "." in str(value) and not _THOUSANDS.fullmatch(str(value)):
            yield Update(("simulation", key), value, int(value))


def _empty_names(tables: Mapping[str, Any]) -> Iterator[Update]:
    """Names without a letter: the id stands for them."""
    for table in ("election", "parties", *_NAMED_BY_ID):
        held = tables.get(table)
        entries = list(enumerate(held)) if isinstance(held, list) else [(None, held)]
        for number, entry in entries:
            if not isinstance(entry, Mapping):
                continue
            name, own = entry.get("name"), entry.get("id")
            if isinstance(name, str) and not name.strip() and isinstance(own, str):
                way: Way = (table, "name") if number is None else (table, number, "name")
                yield Update(way, name, None if table in _NAMED_BY_ID else own)


def updated(path: Path) -> tuple[bytes, tuple[Update, ...]]:
    """The bytes of an election file as this version reads it, and what was written otherwise.

    Raises
    ------
    ConfigurationError
        Where the file cannot be read, or a key stands in a form that is not changed here (in a table on one
        line, say): it says what to write.
    """
    tables = read_tables(path)
    found = updates_of(tables)
    data = read_bytes(path, ConfigurationError, most=MOST_OF_TOML)
    if not found:
        return data, ()
    lines: list[str | None] = [*utf8_text(data, str(path), ConfigurationError).split("\n")]
    meant: Any = deepcopy(tables)
    for update in found:
        _put(meant, update)
        _write(lines, update)
    text = "\n".join(line for line in lines if line is not None)
    if _exactly(toml_of(text, str(path))) != _exactly(meant):
        raise ConfigurationError(*(_by_hand(path, update) for update in found))
    return (_BOM if data.startswith(_BOM) else b"") + text.encode(), found


def _put(tables: Any, update: Update) -> None:
    *way, last = update.way
    for key in way:
        tables = tables[key]
    if update.now is None:
        del tables[last]
    else:
        tables[last] = update.now


def _write(lines: list[str | None], update: Update) -> None:
    """Change the line on which the key stands, or make it ``None``; change nothing where there is none."""
    *table, key = update.way
    for at, line in _lines_of(lines, tuple(table)):
        parts = _LINE.fullmatch(line.rstrip("\r"))
        if parts is None or parts[2] != key:
            continue
        end = "\r" if line.endswith("\r") else ""
        if update.now is not None:
            lines[at] = f"{parts[1]}{_toml(update.now)}{parts[4]}{end}"
        else:
            lines[at] = f"{parts[4].strip()}{end}" if parts[4].strip() else None
        return


def _lines_of(lines: Sequence[str | None], table: Way) -> Iterator[tuple[int, str]]:
    """The lines that stand directly in a table, numbered: behind its header, in no text of several lines."""
    here: Way = ()
    seen: dict[str, int] = {}
    inside = ""
    for at, line in enumerate(lines):
        if line is None:
            continue
        if not inside and (header := _HEADER.fullmatch(line.rstrip("\r"))):
            name = header[2]
            here = (name,)
            if header[1] == "[[":
                seen[name] = seen.get(name, -1) + 1
                here = (name, seen[name])
            continue
        if not inside and here == table:
            yield at, line
        for quotes in _LONG_TEXTS:
            if inside in ("", quotes) and line.count(quotes) % 2:
                inside = "" if inside else quotes


def _exactly(value: Any) -> Any:
    """A tree that differs from another where a value or its type does."""
    if isinstance(value, Mapping):
        return {key: _exactly(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exactly(inner) for inner in value]
    return type(value).__name__, value


def _by_hand(path: Path, update: Update) -> Fault:
    key, last = str(update).partition(" = ")[0], update.way[-1]
    remedy = "leave it out" if update.now is None else f"write {last} = {_toml(update.now)}"
    return Fault(str(path), key, update.found, f"{remedy}; it stands where it is not changed by itself")


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:_}" if isinstance(value, int) else str(value)
