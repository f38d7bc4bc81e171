"""Ways to spoil a text: by letters, by lines, by cells of a table, by values of a tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

NUMBERS = (
    *("0", "-1", "1", "2", "-0.0", "0.5", "1.5", "3,5", "5%", "105%", "100", "101", "1e5", "1e400", "-1e400"),
    *("nan", "inf", "1/3", "1/0", "0.0000001", "9" * 30, "9" * 5000, "0x10", "1_000", "１２"),
    *("2023-03-19", "2032-01-01", "0001-01-01", "9999-12-31", "2023-02-30", "19:00:00"),
)
WORDS = (
    *("", " ", "amanat", "osdp", "other", "undecided", "quota", "void", "hare", "dhondt", "sainte-lague"),
    *("power-0.9", "imperiali", "registered", "cast", "lists", "minority", "coalition", "none-of-the-above"),
    *("residual", "random", "trend", "true", "false", "null", "national", "exit", "x_", "#", "=1+1", "@x"),
    *(
        "../../etc/passwd",
        "\ufeff",
        "\x1b[31m",
        "\x00",
        "\u202e",
        "\u2028",
        "Ж",
        "🗳",
        "a" * 300,
        "x" * 30_000,
    ),
    *("[red]", "{x}", "%s", "\\", "''"),
)
SIGNS = (*"\"'[]{}(),;:=.#%\n\r\t \\/+-_0159eE", '"""', "[[", "]]", "\r\n", ",,", '""', "\x85", "é")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 10**9, 10**50, 0.5, -0.5, 1e308, "", "5%", "x", "9" * 50, "\x1b"),
    *([], {}, [[]], {"a": 1}, [1, 2]),
)

LONGEST = 25_000_000
"""Bytes of a mutant, more than any file of keys and values may have."""

Mutation = Callable[[Random, str], str]


def _letters(chance: Random, text: str) -> str:
    """A few letters changed, taken out, put in or doubled."""
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(text) + 1)
        end = at + chance.choice((0, 1, 1, 2, 8, 60))
        put = chance.choice(
            ("", chance.choice(SIGNS), chance.choice(WORDS), chance.choice(NUMBERS), text[at:end] * 2)
        )
        text = text[:at] + put + text[end:]
    return text


def _cut(chance: Random, text: str) -> str:
    """The text cut short, or its beginning lost."""
    at = chance.randrange(len(text) + 1)
    return text[:at] if chance.random() < 0.7 else text[at:]


def _lines(chance: Random, text: str) -> str:
    """A line taken out, doubled, moved or repeated many times."""
    lines = text.split("\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    what = chance.randrange(5)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(to, lines[at])
    elif what == 2:
        lines[at], lines[to] = lines[to], lines[at]
    elif what == 3:
        lines[at:at] = [lines[at]] * chance.choice((2, 50, 3000))
    else:
        lines[at] = lines[to]
    return "\n".join(lines)


def _nested(chance: Random, text: str) -> str:
    """Something very deep or very long in one place."""
    at = chance.randrange(len(text) + 1)
    often = chance.choice((30, 500, 20_000))
    what = chance.choice(("[", "{a=", '{"a":', "a.", '"', "(", "9", ",", ";", "\n", "a", "[[a]]\n", "\x00"))
    return text[:at] + what * often + text[at:]


_SETTING = re.compile(r"^(\s*[\w.-]+\s*=\s*)([^\n]*)$", re.MULTILINE)


def _settings(chance: Random, text: str) -> str:
    """Values of keys exchanged, or replaced by others."""
    found = list(_SETTING.finditer(text))
    if not found:
        return _letters(chance, text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        one, other = chance.choice(found), chance.choice(found)
        word = chance.choice((chance.choice(WORDS), chance.choice(NUMBERS)))
        value = chance.choice((other.group(2), word, f'"{word}"', f'["{word}"]', f'{{a = "{word}"}}', "[[]]"))
        text = text.replace(one.group(), one.group(1) + value, 1)
    return text


def _cells(chance: Random, text: str) -> str:
    """Cells of a table replaced, lost, doubled or moved; columns exchanged; separators changed."""
    rows = [line.split(",") for line in text.split("\n")]
    for _ in range(chance.choice((1, 1, 2, 4))):
        row = chance.choice(rows)
        at = chance.randrange(len(row))
        what = chance.randrange(6)
        if what <= 1:
            row[at] = chance.choice(
                (chance.choice(WORDS), chance.choice(NUMBERS), chance.choice(chance.choice(rows)))
            )
        elif what == 2 and len(row) > 1:
            del row[at]
        elif what == 3:
            row.insert(at, row[at])
        elif what == 4:
            other = chance.randrange(len(row))
            for each in rows if chance.random() < 0.5 else rows[:1]:
                if max(at, other) < len(each):
                    each[at], each[other] = each[other], each[at]
        else:
            row[at] = chance.choice(("-{}", "{}0", "{}.5", "0.{}", '"{}"', '"{}', "{}%", " {} ")).format(
                row[at]
            )
    separator = chance.choice((",",) * 8 + (";", "\t"))
    return "\n".join(separator.join(row) for row in rows)


def _tree(chance: Random, text: str) -> str:
    """Values of a JSON tree replaced, taken out or moved."""
    tree = json.loads(text)
    for _ in range(chance.choice((1, 1, 2, 4))):
        node: Any = tree
        parent: Any = None
        key: Any = None
        while isinstance(node, list | dict) and node:
            parent, key = node, chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
            node = parent[key]
            if chance.random() < 0.3:
                break
        if key is None:
            break
        if chance.random() < 0.2:
            del parent[key]
        else:
            parent[key] = chance.choice((chance.choice(VALUES), chance.choice(NUMBERS), chance.choice(WORDS)))
    return json.dumps(tree)


OF_ANY: tuple[Mutation, ...] = (_letters, _letters, _cut, _lines, _nested)
OF_TOML: tuple[Mutation, ...] = (_settings, _settings, _settings, *OF_ANY)
OF_TABLES: tuple[Mutation, ...] = (_cells, _cells, _cells, _cells, *OF_ANY)
OF_JSON: tuple[Mutation, ...] = (_tree, _tree, _tree, *OF_ANY)


def spoilt(chance: Random, text: str, ways: tuple[Mutation, ...]) -> bytes:
    """A text spoilt once or twice, in some encoding."""
    for _ in range(chance.choice((1, 1, 1, 2))):
        try:
            text = chance.choice(ways)(chance, text or " ")
        except (ValueError, RecursionError):  # what was spoilt before is no JSON any more
            text = _letters(chance, text)
    encoding = chance.choice(("utf-8",) * 12 + ("utf-16", "cp1251", "latin-1"))
    data = text.encode(encoding, errors="replace" if encoding != "utf-8" else "surrogatepass")
    if chance.random() < 0.05 and data:
        at = chance.randrange(len(data))
        data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    return data[:LONGEST]
