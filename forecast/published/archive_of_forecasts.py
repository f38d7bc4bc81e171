"""A folder of saved forecasts of one election: each as it was said then, by its day, with its digest; and
what changed from one to a later one, and why.

A forecast counts wherever it lies in the folder. What is frozen (``FROZEN``) must stay as it is: a later
change is refused, so that a record after the vote is one of what was said before it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.election.rule import Rule
from forecast.errors import ABSENT, ConfigurationError, Fault, safe_saved
from forecast.netcdf import Unreadable, read_values
from forecast.result import Forecast, dataset_of, forecast_of
from forecast.storage import DRAWS_NAME, refuse_others
from forecast.variables import SCHEMA_VERSION, VARIABLES, error_of
from forecast.words import listed, text
from forecast.words.law_in_words import rule_in_words
from forecast.words.rounding import DASH, whole
from forecast.writing import UNFINISHED, digest_of, outputs_of, replacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.result import Forecast


FROZEN = "frozen.json"
"""In an archive: the digest (SHA-256) of every forecast by its name from there, under ``outputs``."""
_NUMBERS = (
    *("share_mean", "share_quantile", "pass_probability", "seat_mean", "seat_quantile", "seat_probability"),
    *("entering_seat_quantile", "majority_probability", "coalition_seat_mean", "coalition_seat_quantile"),
    *("event_probability", "event_condition_draws", "last_election/share"),
    *("chamber/size", "chamber/seat_mean", "chamber/seat_quantile", "chamber/representative_seats"),
    *("chamber/majority_probability", "chamber/two_thirds_probability", "chamber/coalition_seat_quantile"),
    "chamber/win_probability",
)
_POLLS = tuple(f"polls/{name}" for name in ("pollster", "kind", "weight", "start", "end", "published"))
_LABELS = tuple(
    path
    for path, one in VARIABLES.items()
    if one.label and one.group in ("", "chamber") and len(one.dims) == 1
)
_ERRORS = tuple(error_of(path) for path in _NUMBERS if VARIABLES[path].estimated)
_WANTED = (*_NUMBERS, *_ERRORS, *_POLLS, *_LABELS)
_OF_0_3 = {"quantile": "quantile_level", "last_share": "last_election/share"} | {
    path.replace("polls/", "poll_"): path for path in _POLLS
}
"""What 0.3.0 called that which is wanted here, where it is called otherwise today."""
_WEEK = 7
_MOST_NAMED = 4


@dataclass(frozen=True)
class Past:
    """One saved forecast: what it said, and that it is as it was written.

    ``file`` is its name from the archive; ``started`` when it was made (ISO 8601), where a record says so.
    """

    file: str
    digest: str
    sealed: bool
    started: str
    attrs: Mapping[str, Any]
    values: Mapping[str, np.ndarray]

    @property
    def as_of(self) -> datetime.date:
        """The day at whose end the forecast was made."""
        return datetime.date.fromisoformat(str(self.attrs["as_of"]))

    @property
    def version(self) -> str:
        """Of the program that made it."""
        return str(json.loads(self.attrs.get("versions", "{}")).get("forecast", ""))

    @cached_property
    def forecast(self) -> Forecast:
        """As a forecast, of what is kept of it here."""
        labels = {path: values for path, values in self.values.items() if path in _LABELS}
        numbers = {path: values for path, values in self.values.items() if path not in _LABELS}
        return forecast_of(numbers, labels, self.attrs)


@dataclass(frozen=True)
class Archive:
    """The forecasts of one election in a folder, the earliest first, and what was passed over and why."""

    folder: Path
    past: tuple[Past, ...] = ()
    said: tuple[str, ...] = ()
    frozen: Mapping[str, str] = field(default_factory=dict)

    @property
    def not_frozen(self) -> list[str]:
        """Forecasts whose digest nobody has written down yet."""
        return [one.file for one in self.past if one.file not in self.frozen]

    @property
    def all_frozen(self) -> dict[str, str]:
        """Digests by file, those of ``not_frozen`` with them."""
        fresh = set(self.not_frozen)
        return {**self.frozen, **{one.file: one.digest for one in self.past if one.file in fresh}}

    def before(self, now: Forecast) -> list[Past]:
        """Forecasts made before another, which may lie among them."""
        today = datetime.date.fromisoformat(str(now.attrs["as_of"]))
        at = next((k for k, one in enumerate(self.past) if _same(one, now)), len(self.past))
        return [
            one for k, one in enumerate(self.past) if one.as_of < today or (one.as_of == today and k < at)
        ]


def _same(past: Past, now: Forecast) -> bool:
    names = ("as_of", "seed", "draws", "polls_sha256", "configuration_sha256")
    same = all(str(past.attrs.get(name, "")) == str(now.attrs.get(name, "")) for name in names)
    return same and np.array_equal(past.values["share_quantile"], now.array("share_quantile"), equal_nan=True)


def kept_of(forecast: Forecast) -> Forecast:
    """A forecast as it stands in an archive: what is kept of it there."""
    labels, numbers = (
        {path: forecast.array(path) for path in paths if path in forecast}
        for paths in (_LABELS, (*_NUMBERS, *_ERRORS, *_POLLS))
    )
    return forecast_of(numbers, labels, forecast.attrs)


def a_week_before(past: Sequence[Past], now: Forecast) -> Past | None:
    """The last of the forecasts that was made seven days before another, or earlier."""
    day = datetime.date.fromisoformat(str(now.attrs["as_of"])) - datetime.timedelta(days=_WEEK)
    return next((one for one in reversed(past) if one.as_of <= day), None)


def read_archive(folder: str | Path, election: str = "") -> Archive:
    """The forecasts of an election in a folder and below.

    Parameters
    ----------
    folder
        With forecasts in any order: files ``*.nc``, and folders that ``forecast run`` wrote.
    election
        Id of the election. Default: the only one that the folder has forecasts of.

    Raises
    ------
    ConfigurationError
        Where there is no such folder or no forecast in it, with every file that is damaged, of another
        version that cannot be read, or no longer what was frozen.
    """
    place = Path(folder)
    if not place.is_dir():
        remedy = (
            "no such folder; one with saved forecasts is expected (forecast run ... -o FOLDER/2025-01-31)"
        )
        raise ConfigurationError(Fault(str(folder), "", ABSENT, remedy))
    frozen = outputs_of(place, FROZEN)
    faults, others = list(_not_as_frozen(place, frozen)), dict[str, str]()
    found: list[Past] = []
    for file in _files_of(place):
        name = file.relative_to(place).as_posix()
        try:
            read = _read(file, name)
        except ConfigurationError as error:
            faults += error.faults
            continue
        if isinstance(read, str):
            others[name] = read
        elif election and read.attrs["election"] != election:
            others[name] = f"of another election, {read.attrs['election']}"
        else:
            found.append(read)
    faults += _of_several(place, found)
    if not found and not faults:
        remedy = f"no forecast{f' of {election}' if election else ''} in this folder"
        faults = [Fault(str(folder), "", ABSENT, remedy)]
    if faults:
        raise ConfigurationError(*faults)
    said = [f"{name}: passed over: {why}" for name, why in others.items()]
    said += [
        f"{one.file}: not sealed: nothing tells whether it is as it was written"
        for one in found
        if not one.sealed
    ]
    return Archive(place, tuple(_once(found)), tuple(said), frozen)


def freeze(archive: Archive) -> list[str]:
    """Write down the digests of forecasts that nobody has written down yet; their names."""
    fresh = archive.not_frozen
    if fresh:
        with replacing(archive.folder / FROZEN) as draft:
            draft.write_text(json.dumps({"outputs": archive.all_frozen}, indent=1) + "\n", encoding="utf-8")
    return fresh


def _files_of(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.rglob("*.nc"))
        if file.is_file() and file.stem != DRAWS_NAME and not any(part.startswith(".") for part in file.parts)
    ]


def _not_as_frozen(folder: Path, frozen: Mapping[str, str]) -> Iterator[Fault]:
    """What is no longer there, or no longer what it was."""
    for name, digest in frozen.items():
        file = folder / name
        if not file.is_file():
            what = "is gone"
        elif (now := digest_of(file)) != digest:
            what = f"is another now: its digest (SHA-256) was {digest[:12]}..., and is {now[:12]}..."
        else:
            continue
        remedy = (
            f"this forecast is frozen and {what}; put it back as it was, or take its line out of {FROZEN}"
        )
        yield Fault(str(file), "", ABSENT, remedy)


def _of_several(folder: Path, found: Sequence[Past]) -> list[Fault]:
    elections = list(dict.fromkeys(str(one.attrs["election"]) for one in found))
    if len(elections) < 2:
        return []
    remedy = f"forecasts of several elections ({', '.join(elections)}); give each election a folder"
    return [Fault(str(folder), "", ABSENT, remedy)]


def _once(found: Sequence[Past]) -> list[Past]:
    """Each forecast once, the earliest first."""
    ordered = sorted(found, key=lambda one: (one.as_of, one.started, one.file))
    return list({one.digest: one for one in reversed(ordered)}.values())[::-1]


def _read(file: Path, name: str) -> Past | str:
    """A forecast; a reason where it is none of one rule and day."""
    if (file.parent / UNFINISHED).exists():
        remedy = f"a command was stopped while it put files here (see {UNFINISHED}); make it again"
        raise ConfigurationError(Fault(str(file), "", ABSENT, remedy))
    try:
        attrs, values, sealed = read_values(file, (*_WANTED, *_OF_0_3))
    except Unreadable as error:
        remedy = f"not a forecast that can be read: {error}; put it back as it was written, or take it away"
        raise ConfigurationError(Fault(str(file), "", ABSENT, remedy)) from error
    attrs = {name: safe_saved(one) if isinstance(one, str) else one for name, one in attrs.items()}
    if "leading" in attrs or {"sweep_schema_version", "series_schema_version"} & set(attrs):
        return "several forecasts side by side, made at one time"
    if attrs.get("schema_version") == 1 and "rule" in attrs:
        attrs, values = _of_today(attrs, values)
    else:
        parties = {"party": ("party", values["party"], {})} if "party" in values else {}
        refuse_others(dataset_of({}, parties, attrs), str(file))
    for path in _LABELS:
        if path in values and values[path].dtype.kind in "UO":
            values[path] = np.array([safe_saved(str(one)) for one in values[path]], dtype=str)
    lines = [line for line in str(attrs.get("warnings", "")).split("\n") if line]
    wanted = {path: one for path, one in values.items() if path in _WANTED}
    return Past(name, digest_of(file), sealed, _started(file), {**attrs, "warnings": lines}, wanted)


def _of_today(
    attrs: dict[str, Any], values: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What 0.3.0 wrote, under the names of today: its numbers mean the same."""
    values = {_OF_0_3.get(name, name): one for name, one in values.items()}
    parties, quantiles = values["party"], values["quantile_level"]
    values["party_short"] = np.full(len(parties), "", dtype=str)
    values["quantile_level"] = np.round(quantiles, 6)
    about = (values[name].astype(str).tolist() for name in ("party", "party_name", "party_kind"))
    facts = {"id": attrs["election"], "name": attrs["election_name"], "country": attrs.get("country", "")}
    definition = {
        "election": facts | ({"date": attrs["election_date"]} if attrs.get("election_date") else {}),
        "parties": [
            {"id": party, "name": name, "kind": kind} for party, name, kind in zip(*about, strict=True)
        ],
        "rule": json.loads(attrs["rule"]),
    }
    told = {
        "definition": json.dumps(definition),
        "house_size": attrs["house"],
        "schema_version": SCHEMA_VERSION,
    }
    return {**attrs, **told}, values


def _started(file: Path) -> str:
    """When the run beside whose record the forecast lies was started."""
    try:
        return str(json.loads((file.parent / "run.json").read_text(encoding="utf-8"))["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


# What changed, and why.


@dataclass(frozen=True)
class Since:
    """An earlier forecast that a later one is compared with: its day, and why the later one is another."""

    forecast: Forecast
    day: datetime.date
    why: tuple[str, ...]


def since(before: Forecast, now: Forecast) -> Since:
    """What a reader must know to compare two forecasts of one election."""
    day = datetime.date.fromisoformat(str(before.attrs["as_of"]))
    return Since(before, day, tuple(_reasons(before, now)))


def _reasons(before: Forecast, now: Forecast) -> Iterator[str]:
    """Polls, time, the rule and the rest of the election file, the program and its draws."""
    first, second = _polls(before), _polls(now)
    new = [firm for key, firm in second.items() if key not in first]
    gone = [firm for key, firm in first.items() if key not in second]
    if new:
        yield text("why_polls", number=whole(len(new)), names=_firms(new))
    if gone:
        yield text("why_polls_gone", number=whole(len(gone)), names=_firms(gone))
    if not new and not gone:
        yield text("why_no_polls")
    days = (_day(now) - _day(before)).days
    if days:
        yield text("why_time", number=whole(days))
    yield from _of_the_file(before, now)
    told = [json.loads(one.attrs.get("versions", "{}")).get("forecast", "") for one in (before, now)]
    if told[0] != told[1]:
        yield text("why_program", before=told[0], after=told[1])
    elif before.attrs.get("estimate_constants") != now.attrs.get("estimate_constants"):
        yield text("why_constants")


def _of_the_file(before: Forecast, now: Forecast) -> Iterator[str]:
    """What of the rule is another, in the sentences that tell it; else that the election file is."""
    # Read anew, so that what 0.3.0 wrote otherwise is no change.
    rules = [Rule.model_validate(one.rule) for one in (before, now)]
    files = [
        [one.attrs.get(name, "") for name in ("configuration_sha256", "settings")] for one in (before, now)
    ]
    first, second = (rule_in_words(rule) for rule in rules)
    old = [line.rstrip(".") for line in first if line not in second]
    new = [line.rstrip(".") for line in second if line not in first]
    if old or new:
        yield text("why_rule", before="; ".join(old) or DASH, after="; ".join(new) or DASH)
    elif rules[0] != rules[1] or files[0] != files[1]:
        yield text("why_file")


def _polls(forecast: Forecast) -> dict[tuple[str, ...], str]:
    """Pollsters of the polls that count, by what tells a poll from others."""
    if "polls/pollster" not in forecast:
        return {}
    names = ("pollster", "kind", "start", "end", "published")
    columns = [
        [str(one)[:10] if name != "pollster" else str(one) for one in forecast.array(f"polls/{name}")]
        for name in names
    ]
    used = [weight > 0.0 for weight in forecast.array("polls/weight").tolist()]
    rows = zip(*columns, strict=True)
    return {row: row[0] for row, counts in zip(rows, used, strict=True) if counts}


def _firms(firms: list[str]) -> str:
    names = list(dict.fromkeys(firms))
    return listed(names) if len(names) <= _MOST_NAMED else text("some_pollsters", number=whole(len(names)))


def _day(forecast: Forecast) -> datetime.date:
    return datetime.date.fromisoformat(str(forecast.attrs["as_of"]))
