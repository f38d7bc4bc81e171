"""What pydantic finds wrong with an election, as faults: file, dotted path, value and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from forecast.election.schema import Election
from forecast.election.texts import ID
from forecast.election.vocabulary import keys_of
from forecast.errors import ABSENT, Fault, suggest

Loc = tuple[str | int, ...]
Ids = Mapping[str, Sequence[str]]
"""Of the entries of every list of tables, by its key."""

_LISTS = {"parties", "groups", "tiers", "coalitions", "events"}
_REMEDIES = {
    "string_type": "a text in quotes is expected",
    "tuple_type": 'a list in brackets is expected, such as ["a", "b"]',
    "dict_type": "a table is expected",
    "int_type": "a whole number is expected",
    "bool_type": "true or false is expected",
}


def faults_of(
    error: ValidationError, data: Mapping[str, Any], place: str, overrides: Sequence[str]
) -> list[Fault]:
    """Every fault once, in the order of the tables; those of overridden keys are placed at ``--set``."""
    set_paths = {override.partition("=")[0].strip(): override for override in overrides}
    ids = {key: _ids_of(data, key) for key in _LISTS}
    found = (_fault(details, ids, place, set_paths) for details in error.errors())
    faults = {str(fault): fault for fault in found}
    order = keys_of(Election)
    return sorted(
        faults.values(), key=lambda fault: order.index(head) if (head := _head(fault.path)) in order else -1
    )


def _head(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def _fault(details: ErrorDetails, ids: Ids, place: str, set_paths: Mapping[str, str]) -> Fault:
    loc, found = details["loc"], details["input"]
    if loc and loc[-1] == "[key]":
        loc, found = loc[:-1], ABSENT
    if details["type"] == "missing" or isinstance(found, Mapping | BaseModel) or _holds_tables(found):
        found = ABSENT
    path, remedy = _dotted(loc, ids), _remedy(details, loc)
    inside = [key for key in set_paths if path == key or path.startswith((f"{key}.", f"{key}["))]
    if inside:
        return Fault("--set", path, found, remedy)
    beneath = [text for key, text in set_paths.items() if key.startswith(f"{path}.")]
    if beneath and details["type"] != "missing":
        remedy += "".join(f" (with --set {text})" for text in beneath)
    return Fault(place, path, found, remedy)


def _holds_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping | BaseModel) for item in value)


def _remedy(details: ErrorDetails, loc: Loc) -> str:
    kind = details["type"]
    if kind == "value_error":
        cause = details.get("ctx", {}).get("error")
        return str(cause) if cause is not None else details["msg"]
    if kind == "missing":
        return _missing(loc)
    if kind == "extra_forbidden":
        return unknown_key(loc)
    return _REMEDIES.get(kind, details["msg"][:1].lower() + details["msg"][1:])


def _missing(loc: Loc) -> str:
    field = field_at(loc)
    name = str(loc[-1])
    if len(loc) == 1:
        return (
            f"missing; write a table {'[[parties]] for every option' if name == 'parties' else f'[{name}]'}"
        )
    entry = f" (entry {loc[1] + 1} of [[{loc[0]}]])" if name == "id" and isinstance(loc[1], int) else ""
    meaning = f"; {field.description}" if field is not None and field.description else ""
    return f"missing{meaning}{entry}"


def unknown_key(loc: Loc) -> str:
    """Remedy for a key that its table does not know."""
    name, model = str(loc[-1]), model_at(loc[:-1])
    known = keys_of(model) if model is not None else []
    remedy = suggest(name, known)
    if remedy.startswith("known:"):
        elsewhere = [path for path in schema_paths() if path.split(".")[-1] == name]
        if elsewhere:
            return f"no such key here; did you mean '{elsewhere[0]}'?"
    return f"no such key; {remedy}"


def _dotted(loc: Loc, ids: Ids) -> str:
    """``rule.threshold.level``; entries of lists go by their id where they have one of their own."""
    path = ""
    for depth, part in enumerate(loc):
        if isinstance(part, int):
            names = ids.get(str(loc[0]), []) if depth == 1 else []
            name = names[part] if part < len(names) else ""
            path += f".{name}" if name else f"[{part}]"
        else:
            path += f".{part}" if path else str(part)
    return path


def _ids_of(data: Mapping[str, Any], key: str) -> list[str]:
    """The ids of the entries of a list; empty where one is none, or not its own."""
    tables = data.get(key)
    if not isinstance(tables, list | tuple):
        return []
    ids = [table.get("id") if isinstance(table, Mapping) else getattr(table, "id", None) for table in tables]
    names = [name if isinstance(name, str) and ID.fullmatch(name) else "" for name in ids]
    often = Counter(names)
    return [name if often[name] == 1 else "" for name in names]


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model named in an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = model_in(part)
        if found is not None:
            return found
    return None


def field_of(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field that a file writes as ``key``."""
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return field
    return None


def field_at(loc: Loc) -> FieldInfo | None:
    """The field of the schema at a location; ``None`` where there is none."""
    model: type[BaseModel] | None = Election
    field: FieldInfo | None = None
    for part in loc:
        if isinstance(part, int):
            continue
        field = field_of(model, part) if model is not None else None
        if field is None:
            return None
        model = model_in(field.annotation)
    return field


def model_at(loc: Loc) -> type[BaseModel] | None:
    """The model of the table at a location."""
    if not loc:
        return Election
    field = field_at(loc)
    return model_in(field.annotation) if field is not None else None


def schema_paths(model: type[BaseModel] = Election, prefix: str = "") -> Iterator[str]:
    """Dotted paths of every key of single tables (not of lists of tables)."""
    for key in keys_of(model):
        field = field_of(model, key)
        inner = model_in(field.annotation) if field is not None else None
        if prefix == "" and key in _LISTS:
            continue
        yield prefix + key
        if inner is not None and inner is not model:
            yield from schema_paths(inner, f"{prefix}{key}.")
