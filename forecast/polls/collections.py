"""Collections of polls that are no tables: DAWUM's JSON and the rich opinion poll files (ROPF), as sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from forecast.door.sheets import Line, Sheet
from forecast.door.trees import json_of
from forecast.election.poll_settings import PollSettings
from forecast.errors import ABSENT, Fault, PollDataError

_DAWUM = ("Surveys", "Parliaments", "Institutes", "Parties")
_DAWUM_FACTS = (
    "poll_id",
    "pollster",
    "commissioner",
    "start",
    "end",
    "published",
    "n",
    "parliament",
    "method",
)

_FIELD = re.compile(r"•\s*([A-Z]+)\s*:\s*([^•]*)")
_RESULT = re.compile(r"(?<!\S)([^\W_a-z][^\W_]*(?:\+[^\W_a-z][^\W_]*)*)\s*:\s*(<?\d+(?:[.,]\d+)?)(?!\S)")
_LIST = re.compile(r"([^\W_a-z][^\W_]*)\s*:\s*(?:[A-Z]{2}\d{3})?\s*•")
_ROPF_FACTS = {
    "PF": "pollster", "FS": "fieldwork_start", "FE": "fieldwork_end", "PD": "published", "SS": "sample_size",
    "SC": "scope", "A": "area", "C": "commissioner", "PFP": "partner", "EX": "excluded", "O": "other",
    "N": "undecided",
}  # fmt: skip
_NOT_INHERITED = ("O", "N")


def dawum_sheet(text: str, place: str, settings: PollSettings) -> Sheet:
    """DAWUM's JSON (api.dawum.de) as one row a poll, with the parliament by its short name.

    ``PollDataError`` where it is other JSON, and where there are polls of several parliaments and
    ``polls.rows`` does not say which.
    """
    tree = json_of(text, place, PollDataError, decimals=False, most_entries=1_000_000)
    if not isinstance(tree, dict) or not all(isinstance(tree.get(key), dict) for key in _DAWUM):
        remedy = f"JSON is read as DAWUM publishes it, with {', '.join(_DAWUM)}; save other polls as CSV"
        raise PollDataError(Fault(place, "", ABSENT, remedy))
    names = {
        key: _short_names(tree.get(key, {}))
        for key in ("Parliaments", "Institutes", "Parties", "Taskers", "Methods")
    }
    _require_parliament(tree, names["Parliaments"], place, settings)
    parties = list(dict.fromkeys(_party_names(tree, names["Parties"])))
    lines = tuple(
        Line(number, tuple(_dawum_cells(key, survey, names, parties)))
        for number, (key, survey) in enumerate(tree["Surveys"].items(), start=2)
        if isinstance(survey, dict)
    )
    return Sheet(place, (*_DAWUM_FACTS, *parties), lines, ())


def _short_names(table: Any) -> dict[str, str]:
    entries = table.items() if isinstance(table, dict) else ()
    return {
        str(key): str(entry.get("Shortcut") or entry.get("Name") or key)
        for key, entry in entries
        if isinstance(entry, dict)
    }


def _party_names(tree: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for survey in tree["Surveys"].values():
        results = survey.get("Results") if isinstance(survey, dict) else None
        yield from (names.get(str(key), str(key)) for key in (results if isinstance(results, dict) else ()))


def _require_parliament(
    tree: Mapping[str, Any], names: Mapping[str, str], place: str, settings: PollSettings
) -> None:
    held = {
        names.get(str(survey.get("Parliament_ID")), "")
        for survey in tree["Surveys"].values()
        if isinstance(survey, dict)
    }
    if len(held) > 1 and not settings.rows:
        known = ", ".join(sorted(held - {""}))
        remedy = (
            f'polls of several parliaments; say which: rows = {{ parliament = "..." }} in [polls], of {known}'
        )
        raise PollDataError(Fault(place, "polls.rows", ABSENT, remedy))


def _dawum_cells(
    key: str, survey: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], parties: list[str]
) -> Iterator[str]:
    period = survey.get("Survey_Period")
    period = period if isinstance(period, dict) else {}

    def named(table: str, field: str) -> str:
        return names[table].get(str(survey.get(field, "")), "")

    yield key
    yield named("Institutes", "Institute_ID")
    yield named("Taskers", "Tasker_ID")
    yield from (_text(period.get("Date_Start")), _text(period.get("Date_End")), _text(survey.get("Date")))
    size = _text(survey.get("Surveyed_Persons"))
    yield "" if size == "0" else size
    yield named("Parliaments", "Parliament_ID")
    yield named("Methods", "Method_ID")
    results = survey.get("Results")
    told = (
        {names["Parties"].get(str(party), str(party)): value for party, value in results.items()}
        if isinstance(results, dict)
        else {}
    )
    yield from (_text(told.get(party)) for party in parties)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def ropf_sheet(text: str, place: str) -> Sheet:
    """A rich opinion poll file by its published description (asapop, "Rich Opinion Poll File Format"): a line
    a poll, its scenarios on lines that begin with ``&``, then a line for each electoral list.

    Only the first scenario for each scope counts as a poll of it. Columns are the abbreviations of the lists
    (their field A), else their keys.
    """
    called = {
        match[1]: _abbreviation(line) or match[1]
        for line in text.splitlines()
        if (match := _LIST.match(line))
    }
    polls: list[tuple[int, dict[str, str], dict[str, str]]] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip().lstrip("\ufeff")
        if not bare or bare.startswith("‡") or _LIST.match(bare):
            continue
        if not bare.startswith(("•", "&")) or (bare.startswith("&") and not polls):
            faults.append(
                Fault(
                    place, f"row {number}", bare[:60], "a line of a poll begins with •, of a scenario with &"
                )
            )
            continue
        fields, results = _of_line(bare)
        if bare.startswith("&"):
            before = {key: value for key, value in polls[-1][1].items() if key not in _NOT_INHERITED}
            fields = {**before, **fields}
            if any(_same_question(fields, told) for _, told, _ in polls[-8:]):
                continue
        polls.append((number, fields, results))
    lists = list(dict.fromkeys(key for _, _, results in polls for key in results))
    facts = [key for key in _ROPF_FACTS if any(key in fields for _, fields, _ in polls)]
    heading = (
        *(_ROPF_FACTS[key] for key in facts),
        *("+".join(called.get(part, part) for part in key.split("+")) for key in lists),
    )
    lines = tuple(
        Line(number, (*(fields.get(key, "") for key in facts), *(results.get(key, "") for key in lists)))
        for number, fields, results in polls
    )
    return Sheet(place, heading, lines, tuple(faults))


def _of_line(line: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and results of a line; a commissioner may come several times."""
    results: dict[str, str] = {}
    fields: dict[str, str] = {}
    body = line.lstrip("&").strip()
    at = body.find("•") if not body.startswith("•") else 0
    results.update(_RESULT.findall(body[:at] if at > 0 else (body if at < 0 else "")))
    for key, value in _FIELD.findall(body):
        results.update(_RESULT.findall(value))
        value = _RESULT.sub(" ", value).strip()
        fields[key] = f"{fields[key]}, {value}" if key in fields and key == "C" else value
    return fields, results


def _same_question(fields: Mapping[str, str], told: Mapping[str, str]) -> bool:
    keys = ("PF", "FS", "FE", "PD", "SC", "A")
    return all(fields.get(key, "") == told.get(key, "") for key in keys)


def _abbreviation(line: str) -> str:
    return next((value.strip() for key, value in _FIELD.findall(line) if key == "A"), "")
