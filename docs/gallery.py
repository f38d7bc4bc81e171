"""Writes docs/gallery.md and what lies beside it from real runs: ``python docs/gallery.py``."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import forecast
from forecast.cli.main import main
from forecast.election import Election, load_election
from forecast.rules.counts import read_count
from forecast.rules.reference import apply_rule
from forecast.words.rounding import interval, percent, percent_interval, probability, whole

if TYPE_CHECKING:
    import xarray as xr

    from forecast.result import Forecast

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "gallery"

_CHANCE = ("probability", "mc_error")
_WITHIN = (0.1, 0.5, 0.9)
HEAD = """# Gallery

Forecasts of five real elections beside what happened, and an election night as it went; and where they were
wrong. Everything here is written by `python docs/gallery.py`, all but the night from files that come with the
program: nothing is pasted. The polls are public facts, each with the page that it was read from in the poll
table (`configs/*-polls.csv`); the votes are official. Germany 2025 and New Zealand 2023 are later than every
election that [the constants of the method](method.md) were fitted to.
"""


@dataclass(frozen=True)
class Shown:
    """An election of the gallery: what is said of it, and which forecasts of it are shown."""

    id: str
    config: str
    title: str
    words: str
    lesson: str
    days: tuple[tuple[str, str | None], ...]
    """What to call a forecast, and the day it is as of; tables and charts are those of the first."""
    tables: tuple[str, ...]
    charts: tuple[str, ...]
    settings: tuple[str, ...] = ()


KAZAKHSTAN = Shown(
    "kazakhstan-2023",
    "kazakhstan-2023",
    "Kazakhstan 2023: 5 %, Hare quota, exit polls",
    """
A closed ballot of seven lists and *against all*. With the exit polls one question is open: whether the
Social Democrats pass 5 %. Without them, four days before, nearly all is.
""",
    """
**What was wrong.** Four days before, the centre: two polls of January and February had Amanat at 63 and 70
% of the decided, it won 53.9 %, and Auyl and Respublica won twice what was expected of them. The intervals
held all of it because they were wide: 34 points for Amanat. With the exit polls Baytaq lay below its
interval. [The method](method.md#2023-as-of-15-march) says more.
""",
    (("with the exit polls", None), ("four days before", "2023-03-15")),
    ("parties", "coalitions", "events"),
    ("entering", "shares", "seats", "coalitions", "parliament", "polls", "thresholds"),
)
GERMANY = Shown(
    "germany-2025",
    "germany-2025-union",
    "Germany 2025: 5 %, Sainte-Laguë, two lists on the edge",
    """
Whether CDU/CSU and SPD could govern alone hung on the threshold: BSW and FDP would each have taken some 35
seats from the others by passing it. As of 15 February, eight days before.
""",
    """
**What was wrong.** The Left. It rose in the last weeks; eight days before it was given 5.8 % and more than
one chance in four to stay out, and it won 8.8 % and 64 seats, outside of both intervals. The day before
they held it, but their centre was still low. The SPD was a point low and the Greens a point high on both
days. The BSW, given one chance in three and then one in four, missed by 9,529 votes. CDU/CSU and SPD
together have 328 seats, 12 over a bare majority; that they would have one was held for likelier than not,
no more. The SSW, which no poll names, was set to the least share and given one to three seats; it has one.
""",
    (("eight days before", "2025-02-15"), ("the day before", "2025-02-22")),
    ("coalitions", "events"),
    ("entering", "shares", "seats", "coalitions", "polls", "thresholds"),
)
NEW_ZEALAND = Shown(
    "new-zealand-2023",
    "new-zealand-2023",
    "New Zealand 2023: 5 % or one electorate",
    """
A party that wins an electorate needs no 5 %, and keeps what it wins above its share: that lets Te Pāti
Māori in and makes the house grow, and New Zealand First, without one, depends on its share. Nobody polls
electorates nationally. They are drawn from [a stated belief](chamber.md) about each of the 71, which was
written down after the vote, as an observer might have had it before; it says itself that it is no data. As
of 4 October, ten days before.
""",
    """
**What was wrong.** Until now each small party was taken to win the one electorate that was held for safe,
and Te Pāti Māori, which won six, two more than its share, was outside its interval; the house had 122 seats
before a by-election, and a majority took 62. With electorates drawn it is inside, but that proves nothing:
who wrote the belief down knew the result. Of the shares all lie within the 80 % intervals. Ten days before,
ACT was two points high, and on the last day National was three points low: the last polls moved away from
the result, and the forecast with them.
""",
    (("ten days before", "2023-10-04"), ("three days before", "2023-10-11")),
    ("coalitions", "events"),
    ("entering", "shares", "seats", "coalitions", "polls"),
    (),
)
POLAND = Shown(
    "poland-2023",
    "poland-2023",
    "Poland 2023: 41 districts, D'Hondt, 5 % and 8 %",
    """
Seats are divided in 41 districts, and what a list had in each in 2019 is carried over to the national
polls. Trzecia Droga stood as a coalition: its threshold was 8 %. What the country's own record says of
districts is left out, since it rests on this election too (`--set geography.history=none`). Four days
before.
""",
    """
**What was wrong.** Trzecia Droga. The polls had it at 10 % and it won 14.4 %, above its interval of the
vote and of seats, and Konfederacja came out below. That KO, Trzecia Droga and Nowa Lewica would have a
majority, as they did with 248 seats, was given one chance in three, that of PiS and Konfederacja nearly
two in three. The German minority, which no poll names, was set to the least share and given one seat;
it lost it.
""",
    (("four days before", "2023-10-11"),),
    ("parties", "coalitions"),
    ("shares", "seats", "parliament"),
    ("geography.history=none",),
)
NORWAY = Shown(
    "norway-2021",
    "norway-2021",
    "Norway 2021: 19 districts, and levelling seats at 4 %",
    """
150 seats are won in the counties, where no threshold applies, and 19 levelling seats, one in each, go
to lists over 4 %. Four small parties stood about that level. The record of the country is left out
(`--set geography.history=none`).
""",
    """
**What was wrong.** MDG, given nearly four chances in five to pass 4 %, missed it at 3.9 %. Patients'
Focus (Pasientfokus), a list of one county that no poll names, won a seat there: such lists are in no
forecast from national polls. All other shares and seats lie within their 80 % intervals, on two days
before the vote wider than they had to be.
""",
    (("two days before", "2021-09-11"),),
    ("parties", "coalitions", "districts"),
    ("entering", "shares", "seats", "parliament"),
    ("geography.history=none",),
)
GALLERY = (KAZAKHSTAN, GERMANY, NEW_ZEALAND, POLAND, NORWAY)


NIGHT = "sweden-2022-night"
NIGHT_TITLE = "Sweden 2022 as an evening: from the first stations to the last seat"
AS_OF = (
    *("20:55", "21:00", "21:15", "21:30", "21:45", "22:00", "22:15", "22:30", "23:00", "23:30", "00:00"),
    *("01:00", "2022-09-12T16:00", "2022-09-23T12:00"),
)
"""Times of the estimates; the polls had closed at eight."""
_TOLD = (
    "20:55",
    "21:00",
    "21:30",
    "22:00",
    "22:30",
    "23:00",
    "00:00",
    "2022-09-12T16:00",
    "2022-09-23T12:00",
)
_PAGE_AT = "22:00"
NIGHT_WORDS = """
6,578 polling districts in the order in which they were reported, read as `forecast night` would have read
them then ([the night](night.md)): the votes of 2018 by district, a third of them moved since; the polls of
the last weeks; the law by constituency. The table by polling district is not part of the program (its
owner's terms are not known to allow that), so that this section is written where it is at hand, and shows
results only. Its electorates, which are those of 2018, are left out.
"""
NIGHT_NOTE = (
    "Medians with 80 % intervals; error of shares: mean over the lists, without sign, in points, against the "
    "count that was complete on 22 September."
)
NIGHT_LESSON = """
**What was wrong.** {wrong} The feed nearly stood still from 21:43 to 22:16, with 165 districts in 33
minutes: the estimates of that half hour differ by little. The late votes, 3 % of all, were counted on
Wednesday; until then nothing is known of them but that they are a kind of their own, and nothing is called
that they could change. This night is among those that the constants of the method rest on, so it is no test
of them ([the night](night.md)).
"""


def spoken(*arguments: str) -> str:
    """What a command prints; ``RuntimeError`` where it fails."""
    held = io.BytesIO()
    out = io.TextIOWrapper(held, encoding="utf-8")
    with contextlib.redirect_stdout(out):
        code = main(list(arguments))
    if code != 0:
        msg = f"forecast {' '.join(arguments)} ended with {code}"
        raise RuntimeError(msg)
    out.flush()
    return held.getvalue().decode().rstrip()


def section(shown: Shown, work: Path) -> str:
    """The part of one election; its charts and its page are left in the folder of the gallery."""
    config = f"configs/{shown.config}.toml"
    changes = [word for setting in shown.settings for word in ("--set", setting)]
    commands, made = [], []
    for number, (name, day) in enumerate(shown.days):
        commands.append(["run", config, *changes, *(("--as-of", day) if day else ())])
        spoken(*commands[-1], "-o", str(work / f"{number}"), "-q")
        made.append((name, forecast.load(work / f"{number}" / "forecast.nc")))
    first, pictures = str(work / "0"), FOLDER / shown.id
    wanted = [word for chart in shown.charts for word in ("--chart", chart)]
    spoken("charts", first, "-o", str(pictures), "-q", *wanted)
    spoken("report", first, "-o", str(FOLDER / f"{shown.id}.html"), "-q")
    drawn = [chart for chart in shown.charts if (pictures / f"{chart}.svg").exists()]
    parts = [
        f"## {shown.title}",
        shown.words,
        f"`forecast {' '.join(commands[0])}`, a million draws.",
        f"[The page](gallery/{shown.id}.html) is what `forecast report` writes: one file, no network needed.",
        *(spoken("tables", first, "-t", table, "-f", "md") for table in shown.tables),
        *(f"![{chart}](gallery/{shown.id}/{chart}.svg)" for chart in drawn),
        "### Beside the count",
        beside_the_count(load_election(ROOT / config), made),
        in_districts(load_election(ROOT / config), made[0][1]),
        shown.lesson,
        f"What decided the last seat, by `forecast count {config}`:",
        f"```text\n{below_the_table(config)}\n```",
    ]
    return "\n\n".join(part.strip() for part in parts if part)


def below_the_table(config: str) -> str:
    """What a count says below its table: threshold, method, last seat."""
    lines = [line.rstrip() for line in spoken("count", config).splitlines()]
    return "\n".join(lines[max(n for n, line in enumerate(lines) if not line) + 1 :])


def beside_the_count(election: Election, made: list[tuple[str, Forecast]]) -> str:
    """Two tables: shares of forecasts beside the official ones, then chances and seats."""
    ballot = read_count(election).ballot
    official = apply_rule(election.rule, ballot).seats
    valid = sum(entry.votes for entry in ballot.entries)
    names = [name for name, _ in made]
    shares = [["", "official share", *names]]
    seats = [["", *(f"passes, {name}" for name in names), "official seats", *names]]
    for entry in ballot.entries:
        found = [result.dataset.sel(party=entry.id) for _, result in made]
        party, share, held = (
            str(found[0]["party_name"].item()),
            entry.votes / valid,
            official.get(entry.id, 0),
        )
        besides = [_beside(one["share_quantile"], share, percent, percent_interval) for one in found]
        shares.append([party, percent(share), *besides])
        if entry.eligible:
            chances = [probability(*(one[f"pass_{name}"].item() for name in _CHANCE)) for one in found]
            besides = [_beside(one["seat_quantile"], held, whole, interval) for one in found]
            seats.append([party, *chances, str(held), *besides])
    note = "Medians with 80 % intervals; an asterisk: the official figure lies outside of it."
    return "\n\n".join([_markdown(shares), _markdown(seats), note])


def in_districts(election: Election, made: Forecast) -> str:
    """How the seats of districts fell beside those of the official count; nothing where there are none."""
    if "districts/seat_quantile" not in made:
        return ""
    counted = {
        place.name: place for place in apply_rule(election.rule, read_count(election).ballot).districts
    }
    quantiles = made["districts/seat_quantile"]
    known = ~np.isnan(made["seat_mean"].values)
    told = [
        party for party, kept in zip(made.parties, known, strict=True) if kept and party in election.by_id
    ]
    quantiles = quantiles.sel(party=told).transpose("quantile_level", "district", "party")
    low, middle, high = (quantiles.sel(quantile_level=level).values for level in _WITHIN)
    held = [[counted[name].of(party) for party in told] for name in quantiles["district"].values.tolist()]
    official = np.array(held)
    within = int(((low <= official) & (official <= high)).sum())
    misplaced = int(np.abs(middle - official).sum() / 2)
    return (
        f"In the {len(official)} districts the count gave {official.sum():,} seats to these parties: "
        f"{within} of {official.size} numbers of a party in a district lie within their 80 % interval, and "
        f"the medians put {misplaced} seats in the wrong place, all errors of the polls included."
    )


def _markdown(rows: list[list[str]]) -> str:
    """A table of numbers whose cells do not break before their unit."""
    rule = ["---", *["---:"] * (len(rows[0]) - 1)]
    lines = [
        " | ".join(cell.replace(" %", "\N{NO-BREAK SPACE}%") for cell in row)
        for row in [rows[0], rule, *rows[1:]]
    ]
    return "\n".join(f"| {line} |" for line in lines)


def _beside(
    quantiles: xr.DataArray, happened: float, one: Callable[[float], str], ends: Callable[[float, float], str]
) -> str:
    low, middle, high = (float(quantiles.sel(quantile_level=level)) for level in _WITHIN)
    if np.isnan(middle):
        return "not told apart by the polls"
    return f"{one(middle)} ({ends(low, high)}){'' if low <= happened <= high else ' *'}"


def night_section(shared: Path, work: Path) -> str:
    """The evening of Sweden 2022, estimate after estimate; its charts and page are left in the folder."""
    import pandas as pd

    night, pictures = shared / "data" / "night" / "se2022", FOLDER / NIGHT
    units = pd.read_csv(night / "units.csv.gz", dtype=str).assign(electorate="", last_electorate="")
    units.to_csv(work / "units.csv", index=False)
    shutil.copyfile(night / "counted.csv.gz", work / "counted.csv.gz")
    (work / "configs").symlink_to(ROOT / "configs")
    config, files = "configs/sweden-2022.toml", ["--units", "units.csv", "--counted", "counted.csv.gz"]
    rows: list[list[str]] = []
    held: list[bool] = []
    for time in AS_OF:
        with contextlib.chdir(work):
            spoken("night", config, *files, "--as-of", time, "-q", "-o", "out")
        made = forecast.load(work / "out")
        if time in _TOLD:
            row, within = night_row(load_election(ROOT / config), made)
            rows.append(row)
            held += within
        if time == _PAGE_AT:
            forecast.save(without_units(made), work / "page.nc")
            spoken("report", str(work / "page.nc"), "-o", str(FOLDER / f"{NIGHT}.html"), "-q")
    charts = ("evening-chances", "evening-seats")
    wanted = [word for chart in charts for word in ("--chart", chart)]
    spoken("charts", str(work / "out"), "-o", str(pictures), "-q", *wanted)
    head = [
        [
            "as of",
            "units",
            "votes",
            "right has a majority",
            "its seats (176)",
            "L enters",
            "MP enters",
            "error of shares",
        ]
    ]
    wrong = f"Of {len(held)} shares in this table's estimates, {sum(held)} lie within their 80 % intervals."
    parts = [
        f"## {NIGHT_TITLE}",
        NIGHT_WORDS,
        f"`forecast night {config} --units units.csv --counted counted.csv --as-of 22:00`, 10,000 draws.",
        f"[The page](gallery/{NIGHT}.html) is that of {_PAGE_AT}.",
        _markdown(head + rows),
        NIGHT_NOTE,
        *(f"![{chart}](gallery/{NIGHT}/{chart}.svg)" for chart in charts),
        NIGHT_LESSON.format(wrong=wrong),
    ]
    return "\n\n".join(part.strip() for part in parts)


def without_units(made: Forecast) -> Forecast:
    """A forecast of a night without what it says of single units."""
    kept = type(made)({name: data for name, data in made.groups.items() if name != "feed"})
    return kept.with_attrs(
        warnings=[line for line in kept.attrs["warnings"] if not line.startswith("counted.csv")]
    )


def night_row(election: Election, made: Forecast) -> tuple[list[str], list[bool]]:
    """What one estimate said, beside the count: a row, and which shares lie within their 80 % intervals."""
    ballot = read_count(election).ballot
    valid = election.election.valid_votes or sum(entry.votes for entry in ballot.entries)
    shares = {entry.id: entry.votes / valid for entry in ballot.entries if entry.eligible}
    quantiles = made["share_quantile"].sel(party=list(shares))
    low, middle, high = (quantiles.sel(quantile_level=level).values for level in _WITHIN)
    official = np.array(list(shares.values()))
    error = 100 * float(np.abs(middle - official).mean())
    right = made["coalition_seat_quantile"].sel(coalition="right")
    seats = [float(right.sel(quantile_level=level)) for level in _WITHIN]
    chances = [
        probability(*(made[f"{what}_{part}"].sel({over: name}).item() for part in _CHANCE))
        for what, over, name in (
            ("majority", "coalition", "right"),
            ("pass", "party", "l"),
            ("pass", "party", "mp"),
        )
    ]
    units, votes = (float(made[f"evening/{what}_share"][-1]) for what in ("units", "votes"))
    time = str(made["evening/source_time"].values[-1])
    row = [
        time[11:16]
        if time[:10] in ("2022-09-11", "2022-09-12") and time[11:13] not in ("15", "16")
        else time[:10],
        *(percent(units), percent(votes), chances[0]),
        f"{whole(seats[1])} ({interval(seats[0], seats[2])})",
        *(chances[1], chances[2], f"{error:.2f}"),
    ]
    return row, ((low <= official) & (official <= high)).tolist()


def shared_folder() -> Path:
    """Where development data lie that are not part of the program."""
    return Path(os.environ.get("FORECAST_SHARED", ROOT.parent / "shared"))


def write_night() -> None:
    """The section of the night anew, where its data are at hand."""
    page = ROOT / "docs" / "gallery.md"
    before, _, _ = page.read_text(encoding="utf-8").partition(f"\n\n## {NIGHT_TITLE}")
    with tempfile.TemporaryDirectory() as work:
        page.write_text(
            before.rstrip() + "\n\n" + night_section(shared_folder(), Path(work)) + "\n", encoding="utf-8"
        )


def write_gallery() -> None:
    """Run, draw and write."""
    page = ROOT / "docs" / "gallery.md"
    _, mark, night = page.read_text(encoding="utf-8").partition(f"\n\n## {NIGHT_TITLE}")
    for file in FOLDER.iterdir():
        if file.is_dir() and file.name != NIGHT:
            shutil.rmtree(file)
        elif file.is_file() and file.stem != NIGHT:
            file.unlink()
    parts = [HEAD.strip()]
    for shown in GALLERY:
        with tempfile.TemporaryDirectory() as work:
            parts.append(section(shown, Path(work)))
    page.write_text("\n\n".join(parts) + (mark + night if mark else "\n"), encoding="utf-8")
    if (shared_folder() / "data" / "night").is_dir():
        write_night()


if __name__ == "__main__":
    with contextlib.chdir(ROOT):
        write_night() if sys.argv[1:] == ["night"] else write_gallery()
