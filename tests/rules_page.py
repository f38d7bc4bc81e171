"""The tables of ``docs/rules.md``, written from the schema and the registry of methods.

``python -m tests.rules_page`` writes them into the page; a test says when that is due.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from forecast.election.loading import field_of
from forecast.election.methods import Known, everything
from forecast.election.rule import (
    AllianceLevels,
    Allocation,
    Bonus,
    Cap,
    Districts,
    Guaranteed,
    Levelling,
    LocalThreshold,
    Majority,
    Placing,
    Rule,
    Threshold,
)
from forecast.election.values import Part, keys_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
TABLES: dict[str, type[Part]] = {
    "rule": Rule,
    "rule.threshold": Threshold,
    "rule.threshold.alliances": AllianceLevels,
    "rule.allocation": Allocation,
    "rule.bonus": Bonus,
    "rule.cap": Cap,
    "rule.guaranteed": Guaranteed,
    "rule.majority": Majority,
    "rule.levelling": Levelling,
    "rule.levelling.placing": Placing,
    "rule.districts": Districts,
    "rule.districts.local_threshold": LocalThreshold,
}
_SECTION = re.compile(r"(<!-- (keys|words) of ([a-z._]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page_with_tables(page: str) -> str:
    """The page with each of its tables as the schema has it now."""
    return _SECTION.sub(lambda found: found[1] + _table(found[2], found[3]) + found[4], page)


def _table(kind: str, name: str) -> str:
    return _keys(TABLES[name]) if kind == "keys" else _words(everything()[name])


def _keys(part: type[Part]) -> str:
    """The keys of a part; those that districts share with the allocation are left to the allocation."""
    shared = set(keys_of(Allocation)) if part is Districts else set()
    rows = [_row(part, key) for key in keys_of(part) if key not in shared]
    return "\n".join(["| key | meaning | default |", "|---|---|---|", *rows]) + "\n"


def _row(part: type[Part], key: str) -> str:
    field = field_of(part, key)
    assert field is not None
    default = field.get_default(call_default_factory=True)
    shown = (
        "needed"
        if default is PydanticUndefined
        else ""
        if default in (None, "", {}, ())
        else f"`{_toml(default)}`"
    )
    return f"| `{key}` | {field.description} | {shown} |"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _words(words: tuple[Known, ...]) -> str:
    kinds = any(known.kind for known in words)
    heading = ["| word | kind | meaning | law or paper |", "|---|---|---|---|"]
    rows = [f"| `{known.name}` | {known.kind} | {known.meaning} | {known.source} |" for known in words]
    if not kinds:
        heading = ["| word | meaning | law or paper |", "|---|---|---|"]
        rows = [f"| `{known.name}` | {known.meaning} | {known.source} |" for known in words]
    return "\n".join([*heading, *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
