"""TOML and JSON: trees of keys and values, with exact decimals, within bounds."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from forecast.door import MOST_DIGITS, is_moderate
from forecast.door.files import A_FOLDER, Refusal, Remedy, read_bytes, utf8_text
from forecast.errors import ABSENT, ConfigurationError, Fault, first_unseen

MOST_OF_TOML, MOST_OF_JSON = 1_000_000, 20_000_000
"""Bytes: an election file of a thousand parties, a file of ten thousand counts."""
MOST_DEPTH = 24
"""Tables within tables. No file has ten; Python gives up at some hundreds."""
MOST_ENTRIES = 20_000
"""Of one list or table."""
MOST_LETTERS = 20_000
"""Of one text."""
MOST_FAULTS = 50

_CHAIN = re.compile(r"""(?:[\w-]++|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]++|"[^"\n]*"|'[^'\n]*'))*""")
_DIGITS = re.compile(rf"\d(?:_?\d){{{MOST_DIGITS},}}")
_TOO_DEEP = f"tables or lists within each other more than {MOST_DEPTH} deep; no file needs that"
_TOO_LONG = f"over {MOST_DIGITS} digits; a number of moderate size is expected"


def read_toml(path: Path, *, missing: Remedy, folder: Remedy) -> dict[str, Any]:
    """The tables of a TOML file, decimals as ``Decimal``. ``ConfigurationError`` with what is wrong."""
    place = str(path)
    data = read_bytes(path, ConfigurationError, most=MOST_OF_TOML, missing=missing, folder=folder)
    return toml_of(utf8_text(data, place, ConfigurationError), place)


def toml_of(text: str, place: str) -> dict[str, Any]:
    """The tables of a TOML text; ``place`` names it in messages. ``ConfigurationError`` as ``read_toml``."""
    _refuse_long_keys(text, place)
    try:
        tables = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax_fault(place, text, str(error))) from None
    except RecursionError:
        raise ConfigurationError(Fault(place, "", ABSENT, _TOO_DEEP)) from None
    except ValueError:
        raise ConfigurationError(_number_fault(place, text)) from None
    _refuse_faults(tables, place, ConfigurationError)
    return tables


def toml_value(text: str) -> Any:
    """A single value of TOML where a text is one, else the text itself. ``ValueError`` for what is out of
    bounds.
    """
    faults = [remedy for _, _, remedy in _faults(text, "")]
    if "\n" in text or "\r" in text:
        faults.append("a line break; write the value on one line")
    value: Any = text.strip()
    if not faults:
        try:
            _refuse_long_keys(text, "")
            read = tomllib.loads(f"value = {text}", parse_float=_decimal)
            value = read["value"] if len(read) == 1 else value
        except tomllib.TOMLDecodeError:
            pass
        except (RecursionError, ConfigurationError):
            faults.append(_TOO_DEEP)
        except ValueError:
            faults.append(_TOO_LONG)
        faults += [remedy for _, _, remedy in _faults(value, "")]
    if faults:
        raise ValueError(faults[0])
    return value


def read_json(
    path: Path,
    refusal: Refusal,
    *,
    missing: Remedy = "no such file",
    folder: Remedy = A_FOLDER,
    decimals: bool = True,
) -> Any:
    """What a JSON file says, decimals as ``Decimal`` or as floats. ``refusal`` with what is wrong."""
    place = str(path)
    data = read_bytes(path, refusal, most=MOST_OF_JSON, missing=missing, folder=folder)
    return json_of(utf8_text(data, place, refusal), place, refusal, decimals=decimals)


def json_of(
    text: str,
    place: str,
    refusal: Refusal,
    path: str = "",
    *,
    decimals: bool = True,
    most_entries: int = MOST_ENTRIES,
) -> Any:
    """What a JSON text says; ``place`` and ``path`` say in messages where it stands.

    A key that comes twice in one table is refused: JSON itself does not say which of the two counts.
    """
    number = _decimal if decimals else float
    try:
        value = json.loads(
            text, parse_float=number, parse_constant=_no_number, object_pairs_hook=_each_key_once
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise refusal(Fault(place, path or where, ABSENT, f"not JSON: {error.msg.lower()}")) from None
    except RecursionError:
        raise refusal(Fault(place, path, ABSENT, _TOO_DEEP)) from None
    except _NotJsonError as error:
        raise refusal(Fault(place, path, error.found, error.remedy)) from None
    except ValueError:
        fault = _number_fault(place, text)
        raise refusal(Fault(place, path or fault.path, fault.found, fault.remedy)) from None
    _refuse_faults(value, place, refusal, path, most_entries)
    return value


@dataclass
class _NotJsonError(Exception):
    """What Python's reader takes for JSON and is none."""

    found: str
    remedy: str


def _decimal(text: str) -> Decimal:
    """An exact decimal; ``ValueError`` for an exponent beyond all that there are."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(_TOO_LONG) from None


def _no_number(name: str) -> Any:
    raise _NotJsonError(name, "this is no number that JSON has")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJsonError(twice, "this key comes twice in one table; keep one")
    return table


def _refuse_long_keys(text: str, place: str) -> None:
    """Dotted keys are tables within tables, and ``tomllib`` takes the square of their length."""
    for chain in _CHAIN.finditer(text):
        if chain.group().count(".") > MOST_DEPTH and len(_parts(chain.group())) > MOST_DEPTH:
            line = text.count("\n", 0, chain.start()) + 1
            raise ConfigurationError(Fault(place, f"line {line}", chain.group(), _TOO_DEEP))


def _parts(chain: str) -> list[str]:
    return re.findall(r"""[\w-]++|"[^"\n]*"|'[^'\n]*'""", chain)


def _number_fault(place: str, text: str) -> Fault:
    """Where the number stands that Python would not read."""
    found = _DIGITS.search(text)
    if found is None:
        return Fault(place, "", ABSENT, _TOO_LONG)
    line = text.count("\n", 0, found.start()) + 1
    return Fault(place, f"line {line}", found.group(), _TOO_LONG)


def _refuse_faults(
    tree: Any, place: str, refusal: Refusal, path: str = "", most_entries: int = MOST_ENTRIES
) -> None:
    found = _faults(tree, path, most_entries)
    faults = [Fault(place, where or path, value, remedy) for where, value, remedy in found]
    if faults:
        raise refusal(*faults[:MOST_FAULTS])


def _faults(tree: Any, path: str, most_entries: int = MOST_ENTRIES) -> Iterator[tuple[str, object, str]]:
    """What is out of bounds in a tree: place, value and remedy.

    Walked without recursion, for it may be deep.
    """
    found: list[tuple[str, object, str]] = []
    waiting: list[tuple[str, Any, int]] = [(path, tree, 0)]
    while waiting:
        where, value, depth = waiting.pop()
        if isinstance(value, (dict, list)):
            if depth >= MOST_DEPTH:
                found.append((where, ABSENT, _TOO_DEEP))
            elif len(value) > most_entries:
                found.append(
                    (where, ABSENT, f"{len(value):,} entries; at most {most_entries:,} are expected")
                )
            else:
                waiting += reversed([(at, inner, depth + 1) for at, inner in _inner(where, value)])
        keys = value if isinstance(value, dict) else ()
        for text in (value, *keys) if keys else (value,):
            remedy = _fault_of(text)
            if remedy:
                found.append((where, ABSENT if isinstance(text, int) else text, remedy))
        if len(found) >= MOST_FAULTS:
            break
    yield from found


def _inner(where: str, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((f"{where}[{number}]", inner) for number, inner in enumerate(value))
    else:
        yield from ((f"{where}.{key}" if where else key, inner) for key, inner in value.items())


def _fault_of(value: Any) -> str:
    """What is wrong with a single value; empty where nothing is."""
    if isinstance(value, str):
        unseen = first_unseen([value])
        if unseen:
            return f"this text holds the character {unseen}, which nobody sees; take it out"
        if len(value) > MOST_LETTERS:
            return f"a text of {len(value):,} letters; at most {MOST_LETTERS:,} are expected"
    elif isinstance(value, int | float | Decimal) and not is_moderate(value):
        return _TOO_LONG
    return ""


_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def _syntax_fault(place: str, text: str, message: str) -> Fault:
    """What the TOML reader says, with the line that it stumbled over."""
    position = _POSITION.search(message)
    said = _POSITION.sub("", message)
    said = f"this is not TOML: {said[:1].lower()}{said[1:]}"
    if position is None or position.group(1) is None:
        return Fault(place, "end of file" if position else "", ABSENT, said)
    lines = text.split("\n")
    line, column = int(position.group(1)), int(position.group(2))
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    if re.search(r"=\s*[+-]?[\d.,]+\s*%", shown):
        said = 'this is not TOML: a percentage stands in quotes, such as "5%"'
    elif re.search(r"=\s*\d+,\d+\s*(#|$)", shown):
        said = "this is not TOML: a decimal point is expected, not a comma"
    elif re.search(r"=\s*[^\W\d][^\"'\[{]*$", shown) and "invalid value" in said:
        said = "this is not TOML: a text stands in quotes"
    return Fault(place, f"line {line}, column {column}", shown or ABSENT, said)
