"""An election from its file: the tables, the keys changed for one run (``--set PATH=VALUE``), and every fault
at once, with file, dotted path, value and remedy; and the day at whose end it is forecast, none after the
vote.
"""

from __future__ import annotations

import copy
import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from forecast.door.arguments import path_of
from forecast.door.trees import read_toml, toml_value
from forecast.election.schema import NO_RECORD, Election
from forecast.election.tiers_and_groups import read_chances
from forecast.election.values import ID, keys_of, parse_day
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

if TYPE_CHECKING:
    from forecast.election.schema import Election


Ids = Mapping[str, Sequence[str]]
"""Of the entries of every list of tables, by its key."""
Loc = tuple[str | int, ...]
_FILE_KEYS = (
    ("election", "polls"),
    ("election", "result"),
    ("rule", "districts", "table"),
    ("geography", "last_result"),
    ("geography", "borders"),
    ("geography", "map"),
    ("estimate", "constants"),
    ("estimate", "record"),
)
"""Keys that name a file; relative names are meant relative to the election file."""
_NO_FILE = {"estimate.record": NO_RECORD}
"""What such a key may say instead."""
_LISTS = {"parties", "groups", "tiers", "coalitions", "events"}
_REMEDIES = {
    "string_type": "a text in quotes is expected",
    "tuple_type": 'a list in brackets is expected, such as ["a", "b"]',
    "dict_type": "a table is expected",
    "int_type": "a whole number is expected",
    "bool_type": "true or false is expected",
}


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


def files_of(election: Election) -> dict[str, Path]:
    """The files that an election file names beside itself, by the dotted key that names each."""
    data = election.model_dump(by_alias=True, exclude_none=True)
    found: dict[str, Path] = {}
    for *way, last in _FILE_KEYS:
        table: Any = data
        for key in way:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict) and last in table:
            found[".".join((*way, last))] = Path(table[last])
    for number, tier in enumerate(data.get("tiers", ())):
        if "table" in tier:
            found[f"tiers.{number}.table"] = Path(tier["table"])
    return found


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
        if not isinstance(table, dict):
            continue
        named = table.get(last)
        if isinstance(named, str) and named.strip() != _NO_FILE.get(".".join((*way, last)), ""):
            _resolve(table, (last,), folder)
        elif isinstance(named, str):
            table[last] = named.strip()
    estimate = data.get("estimate")
    outside = estimate.get("outside") if isinstance(estimate, dict) else None
    for one in outside if isinstance(outside, list) else ():
        _resolve(one, ("draws",), folder)
    tiers = data.get("tiers")
    for tier in tiers if isinstance(tiers, list) else ():
        if isinstance(tier, dict):
            _resolve(tier, ("table",), folder)
            _resolve(tier.get("votes"), ("last", "lists", "borders"), folder)


def _resolve(table: Any, keys: Sequence[str], folder: Path) -> None:
    for key in keys if isinstance(table, dict) else ():
        if isinstance(table.get(key), str) and table[key].strip():
            table[key] = str(folder / table[key].strip())


PLACE = "--set"
_EXAMPLE = "write PATH=VALUE, such as rule.threshold.level=3%"


def overridden(data: Mapping[str, Any], overrides: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    """A copy of an election's tables with the overrides in place, and what is wrong with their paths.

    A value is read as TOML where it is TOML (0.05, true, ["a"], 2023-03-15), else as a text (3%, hare).
    An empty value takes the key away, so that its default applies.
    """
    changed = copy.deepcopy(dict(data))
    faults: list[Fault] = []
    for override in overrides:
        path, sign, text = override.partition("=")
        path = path.strip()
        if not sign or not path:
            faults.append(Fault(PLACE, "", override, _EXAMPLE))
            continue
        step = _follow(changed, path, create=bool(text.strip()))
        if isinstance(step, Fault):
            faults.append(step)
        elif text.strip():
            try:
                value = toml_value(text)
            except ValueError as error:
                faults.append(Fault(PLACE, path, text, str(error)))
            else:
                step.table[step.key] = text.strip() if step.is_text else value
        else:
            step.table.pop(step.key, None)
    return changed, faults


class _Target(NamedTuple):
    table: dict[str, Any]
    key: str
    is_text: bool


def _follow(data: dict[str, Any], path: str, *, create: bool) -> _Target | Fault:
    """The table and key that a path leads to, with tables that the file leaves out created where asked."""
    *way, last = path.split(".")
    table: dict[str, Any] = data
    model: type[BaseModel] | None = Election
    done: list[str] = []
    while way:
        key = way.pop(0)
        field = field_of(model, key) if model is not None else None
        if model is not None and field is None:
            return _unknown(data, path, done, key, keys_of(model))
        model = model_in(field.annotation) if field is not None else None
        done.append(key)
        inner = table.setdefault(key, {}) if create else table.get(key, {})
        if isinstance(inner, list):
            ids = [str(entry.get("id")) for entry in inner if isinstance(entry, dict)]
            entry_id = way.pop(0) if way else last
            if not done[1:] and entry_id in ids and entry_id is not last:
                inner = inner[ids.index(entry_id)]
                done.append(entry_id)
            elif entry_id in ids:
                keys = ", ".join(keys_of(model)) if model is not None else ""
                return Fault(PLACE, path, ABSENT, f"this is a table; name one of its keys: {keys}")
            else:
                return _unknown(data, path, done, entry_id, ids)
        if not isinstance(inner, dict):
            return Fault(PLACE, path, ABSENT, f"{'.'.join(done)} is a single value and has no keys")
        table = inner
    if model is not None and field_of(model, last) is None:
        return _unknown(data, path, done, last, keys_of(model))
    field = field_of(model, last) if model is not None else None
    return _Target(table, last, field is not None and field.annotation is str)


def _unknown(
    data: Mapping[str, Any], path: str, done: Sequence[str], key: str, known: Sequence[str]
) -> Fault:
    """A key that does not exist: the nearest beside it, else the nearest anywhere, else what there is."""
    prefix = "".join(f"{part}." for part in done)
    near = suggest(key, known)
    if near.startswith("did you mean"):
        better = prefix + near.split("'")[1] + path[len(prefix) + len(key) :]
        return Fault(PLACE, path, ABSENT, f"no such key; did you mean '{better}'?")
    anywhere = suggest(path, [*schema_paths(), *_entry_paths(data)])
    return Fault(PLACE, path, ABSENT, f"no such key; {anywhere if anywhere.startswith('did') else near}")


def _entry_paths(data: Mapping[str, Any]) -> list[str]:
    paths: list[str] = []
    for name in ("parties", "groups", "tiers", "coalitions", "events"):
        field = field_of(Election, name)
        model = model_in(field.annotation) if field is not None else None
        entries = data.get(name)
        if model is None or not isinstance(entries, list):
            continue
        ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
        paths += [f"{name}.{entry_id}.{key}" for entry_id in ids for key in keys_of(model)]
    return paths


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
    if details["type"] == "missing" or isinstance(found, (Mapping, BaseModel)) or _holds_tables(found):
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
    return isinstance(value, (list, tuple)) and any(isinstance(item, (Mapping, BaseModel)) for item in value)


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
    if not isinstance(tables, (list, tuple)):
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


OPTION = "--as-of"
AS_OF = "as_of"
"""What Python calls the day; ``--as-of`` on the command line."""


def day_of_forecast(election: Election, as_of: object, place: str = AS_OF) -> datetime.date:
    """``as_of`` as a day on which the election can still be forecast (see ``days_of_forecasts``)."""
    return days_of_forecasts(election, [as_of], place)[0]


def days_of_forecasts(election: Election, days: Sequence[object], place: str = AS_OF) -> list[datetime.date]:
    """Days at whose end the election can still be forecast: none is later than election day.

    Where the election has no date any day will do: a vote held then is forecast. Days are dates, times of a
    day, or texts such as "2023-03-19". The error of a forecast grows with the days between its polls and
    ``as_of``, and after the vote there is nothing left for it to grow towards. ``ConfigurationError`` for
    what is no day, and for later days, with what to type instead.
    """
    found = [_as_day(day, place) for day in days]
    vote = election.election.vote
    if vote is None:
        return found
    late = sorted({day for day in found if day > vote})
    if late:
        shown = str(late[0]) if len(late) == 1 else f"{late[0]} to {late[-1]}"
        eve = vote - datetime.timedelta(1)
        written = f"{place} {{}}" if place.startswith("-") else f"{place}={{}}"
        last = f"type {written.format(vote)}, or {written.format(eve)} for its eve"
        ranges = "" if len(late) == 1 else f"; a range ends on {vote} at the latest"
        remedy = f"after the election of {vote}, where a forecast of it stops; {last}{ranges}"
        raise ConfigurationError(Fault(place, "", shown, remedy))
    return found


def _as_day(value: object, place: str) -> datetime.date:
    if isinstance(value, datetime.datetime):  # and with it pandas' timestamps
        return value.date()
    try:
        return parse_day(value)
    except ValueError as error:
        raise ConfigurationError(Fault(place, "", value, str(error))) from None


MOST_DAYS = 1_000
"""Days that one series holds at most."""

_STEP = re.compile(r"([1-9][0-9]{0,3})([dw])")


def parse_days(texts: Sequence[str], place: str = OPTION) -> list[datetime.date]:
    """Days of all texts in rising order, each once.

    A text is a day (2023-03-15) or FROM:TO:STEP, with a step of days or weeks (7d, 2w; default 1d) counted
    from FROM; TO is the last day that can be reached. ``place`` names them in messages.
    ``ConfigurationError`` with every text that is neither.
    """
    faults: list[Fault] = []
    days: set[datetime.date] = set()
    for text in texts:
        found = _days_of(text, place)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            days.update(found)
    if faults:
        raise ConfigurationError(*faults)
    if len(days) > MOST_DAYS:
        remedy = f"that is {len(days):,} days; at most {MOST_DAYS:,} make a series: take a larger step"
        raise ConfigurationError(Fault(place, "", ", ".join(texts), remedy))
    return sorted(days)


def _days_of(text: str, place: str) -> list[datetime.date] | Fault:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        return Fault(place, "", text, "a range is FROM:TO:STEP, such as 2023-01-01:2023-03-19:7d")
    ends: list[datetime.date] = []
    for part in parts[:2]:
        try:
            ends.append(datetime.date.fromisoformat(part))
        except ValueError:
            remedy = f"'{part}' is no day; write year-month-day, such as 2023-03-15"
            return Fault(place, "", text, f"{remedy}, or a range such as 2023-01-01:2023-03-19:7d")
    if len(ends) == 1:
        return ends
    step = _STEP.fullmatch(parts[2]) if len(parts) == 3 else _STEP.fullmatch("1d")
    if step is None:
        return Fault(place, "", text, f"'{parts[2]}' is no step; write days or weeks, such as 7d or 2w")
    if ends[1] < ends[0]:
        return Fault(place, "", text, f"the range ends before it begins; {parts[1]}:{parts[0]} is meant")
    width = int(step.group(1)) * (7 if step.group(2) == "w" else 1)
    return [ends[0] + datetime.timedelta(days) for days in range(0, (ends[1] - ends[0]).days + 1, width)]
