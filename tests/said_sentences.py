"""Every sentence that some rooms of the program say to readers, taken from their sources: what a function
yields, returns, appends, or says in a doubt, with samples for what is put into it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

HOLE = "\0"
"""Something that is put in, and that the source does not tell."""
SAMPLES = (
    "7",
    "Xyz",
    "row 7 (Xyz, 2024-01-01)",
    "7 polls",
    "inside",
    "likely voters",
    "'Xyz'",
    "no other list has this alliance",
)
"""A number, a name, and parts that are sentences of their own: one of them fits into every place."""
_MOST_HOLES = 9
_BEHIND = ("7", "Xyz", "inside")
_MOST_TRIED = 4
"""Places for which every sample is tried; of more, those behind the first have few."""
_DEEP = 4


def sentences_of(file: Path, functions: Sequence[str] | None = None) -> Iterator[tuple[str, str]]:
    """Functions of a module (default: all that doubt a poll) and the templates of what they say."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    returned = {
        f"{node.name}()": [
            one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None
        ]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and getattr(node.returns, "id", "") == "str"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (functions is None or node.name in functions):
            known = returned | _assigned(node)
            for said in _said_in(node, doubts_alone=functions is None):
                for template in _expanded(said, known, _DEEP):
                    if sum(sign.isalpha() for sign in template) > 12:
                        yield node.name, template


def filled(template: str) -> Iterator[str]:
    """A template with every choice of samples."""
    pieces = template.split(HOLE)
    if len(pieces) > _MOST_HOLES + 1:
        msg = f"too many holes: {template}"
        raise ValueError(msg)
    number = len(pieces) - 1
    tried = [SAMPLES if number <= _MOST_TRIED or k == 0 else _BEHIND for k in range(number)]
    for chosen in product(*tried):
        yield pieces[0] + "".join(one + piece for one, piece in zip(chosen, pieces[1:], strict=True))


def _assigned(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What names of a function are set to: by assignment, and in loops over written tuples."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _note(found, target, node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List):
            for one in node.iter.elts:
                _note(found, node.target, one)
    return found


def _note(found: dict[str, list[ast.expr]], target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=False):
            _note(found, one, part)


def _said_in(function: ast.FunctionDef, *, doubts_alone: bool) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Doubt":
            yield node.args[2]
        if doubts_alone:
            continue
        if isinstance(node, ast.Yield | ast.Return) and node.value is not None:
            yield from _texts(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
            yield from _texts(node.args[0])
        elif isinstance(node, ast.AugAssign) or (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.List | ast.ListComp | ast.Tuple)
        ):
            yield from _texts(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Idle":
            yield node.args[1]


def _texts(node: ast.expr) -> Iterator[ast.expr]:
    """Texts of an expression, of a list or tuple of them, or of what a list is made of."""
    if isinstance(node, ast.List | ast.Tuple):
        for one in node.elts:
            yield from _texts(one.value if isinstance(one, ast.Starred) else one)
    elif isinstance(node, ast.ListComp | ast.GeneratorExp):
        yield from _texts(node.elt)
    elif isinstance(node, ast.Constant | ast.JoinedStr | ast.Name | ast.IfExp | ast.BinOp):
        yield node


def _expanded(node: ast.expr, known: Mapping[str, list[ast.expr]], deep: int) -> list[str]:
    """Every text that an expression may be, with holes for what is not told."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else [HOLE]
    if isinstance(node, ast.FormattedValue):
        plain = node.format_spec is None and node.conversion == -1
        return _expanded(node.value, known, deep) if plain else [HOLE]
    if isinstance(node, ast.JoinedStr):
        parts = [_expanded(part, known, deep) for part in node.values]
        return ["".join(one) for one in product(*parts)]
    if isinstance(node, ast.IfExp):
        return [*_expanded(node.body, known, deep), *_expanded(node.orelse, known, deep)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (_expanded(side, known, deep) for side in (node.left, node.right))
        return ["".join(one) for one in product(*sides)]
    name = ""
    if isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        name = f"{node.func.id}()"
    if name in known and deep:
        texts = [text for value in known[name] for text in _expanded(value, known, deep - 1)]
        return [text for text in dict.fromkeys(texts) if text or isinstance(node, ast.Name)]
    return [HOLE]
