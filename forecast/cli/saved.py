"""``forecast tables``, ``diff``, ``charts``, ``report``, ``record``: forecasts on disk, shown and scored."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.shared import Json, Quiet, argument, one_of, option
from forecast.cli.telling import show, show_json, tell
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

if TYPE_CHECKING:
    from forecast.published.archive_of_forecasts import Archive
    from forecast.published.scored import Record
    from forecast.result import Forecast
    from forecast.tables.definitions import Table

Saved = Annotated[
    Path, argument(metavar="FILE|FOLDER", help="What `run` or `sweep` wrote: its folder or .nc file.")
]
Names = Annotated[
    list[str] | None,
    option(
        "--table",
        "-t",
        metavar="NAME",
        help="parties, thresholds, seats, coalitions, events, polls, houses, calibration or run (of a sweep "
        "or a series of days others, see docs/sensitivity.md, docs/around-a-run.md). Repeatable. "
        "Default: all.",
    ),
]
Format = Annotated[
    Literal["terminal", "csv", "json", "md", "latex", "html", "xlsx", "parquet"] | None,
    option(
        "--format",
        "-f",
        help="Default: as the name of the output file ends, else terminal (or csv for a folder).",
    ),
]
Output = Annotated[
    Path | None, option("--output", "-o", metavar="FILE|FOLDER", help="Where to write. Default: stdout.")
]
Raw = Annotated[
    bool,
    option(
        "--raw",
        help="CSV: leave texts as they are that a spreadsheet would run as formulas (=, @, +, -). "
        "Default: an apostrophe before them.",
    ),
]


_WHAT = "A folder that `forecast run` wrote, or its forecast.nc."
Before = Annotated[Path, argument(metavar="BEFORE", help=_WHAT)]
After = Annotated[Path, argument(metavar="AFTER", help="Another one.")]
Compared = Annotated[
    list[str] | None,
    option(
        "--table",
        "-t",
        metavar="NAME",
        help="parties, coalitions, events or origin (what the two rest on). Repeatable. Default: all.",
    ),
]
_FORMATS = ("svg", "png", "html")


Formats = Annotated[
    list[str] | None,
    option(
        "--format",
        "-f",
        metavar="FORMAT",
        parser=one_of("format", _FORMATS),
        help="svg, png or html. Repeatable. Default: svg.",
    ),
]
Folder = Annotated[
    Path | None,
    option(
        "--output", "-o", metavar="FOLDER", help="Folder to write to. Default: charts/ beside the forecast."
    ),
]
Page = Annotated[
    Path | None,
    option(
        "--output", "-o", metavar="FILE", help="File to write to. Default: report.html beside the forecast."
    ),
]
Language = Annotated[
    str, typer.Option("--language", metavar="CODE", help="Language of the page: en, kk or ru.")
]
Since = Annotated[
    Path | None,
    option(
        "--since",
        metavar="FILE|FOLDER",
        help="An earlier forecast of the same election: the page says what has changed since.",
    ),
]
ArchiveFolder = Annotated[
    Path | None,
    option(
        "--archive",
        metavar="FOLDER",
        help="Forecasts of the election that were published before: the page shows them over time, what "
        "changed and why.",
    ),
]
Result = Annotated[
    Path | None,
    option(
        "--result",
        metavar="FILE",
        help="After the vote, with --archive: its votes (CSV: party, votes); the page says how the forecasts "
        "came out.",
    ),
]
Url = Annotated[
    str,
    option(
        "--url",
        metavar="ADDRESS",
        help="Address at which the page will stand: writes what previews of links show, with preview.png "
        "beside the page.",
    ),
]
Panel = Annotated[
    str | None,
    option(
        "--panel",
        metavar="NAME",
        help="Only this part, to stand in another page: seats, parliament, parties, crossings, coalitions, "
        "events, districts, chamber, over-time, record, last-seat, ranks, rules, shares, polls or "
        "calibration.",
    ),
]
Only = Annotated[
    list[str] | None, option("--chart", metavar="NAME", help="Only this chart. Repeatable. Default: all.")
]


def tables(
    saved: Saved,
    table: Names = None,
    format_: Format = None,
    output: Output = None,
    raw: Raw = False,
    quiet: Quiet = False,
) -> None:
    """Print or export the tables of a saved forecast, sweep or series.

    CSV, JSON, Excel and Parquet hold twelve digits; the others are rounded as the Monte Carlo error allows.
    """
    from forecast.storage import load
    from forecast.tables import tables_of

    form = _Form.asked(format_, output, raw=raw, quiet=quiet)
    form.put(tables_of(load(saved), table), every=bool(table))


def diff(
    before: Before,
    after: After,
    table: Compared = None,
    format_: Format = None,
    output: Output = None,
    raw: Raw = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare two saved forecasts of one election: what changed, and what they rest on.

    Changes of shares, chances and seats stand beside their Monte Carlo errors.
    """
    from forecast.storage import load
    from forecast.tables.across import difference_record, difference_tables

    first, second = load(before), load(after)
    if as_json:
        show_json(difference_record(first, second))
        return
    form = _Form.asked(format_, output, raw=raw, quiet=quiet)
    form.put(difference_tables(first, second, table), every=bool(table))


def charts(
    saved: Saved, output: Folder = None, formats: Formats = None, only: Only = None, quiet: Quiet = False
) -> None:
    """Draw the charts of a forecast, a sweep or a series of days as SVG, PNG or HTML files, one each.

    The names of the files are printed.
    """
    from forecast.charts import charts_of
    from forecast.storage import load
    from forecast.writing import replacing

    folder = output if output is not None else _beside(saved) / "charts"
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(Fault("--output", "", str(folder), "this is a file; name a folder"))
    forecast = load(saved)
    known = charts_of(forecast)
    for name in only or ():
        if name not in known:
            raise ConfigurationError(Fault("--chart", "", name, f"no such chart; {suggest(name, known)}"))
    for name in only or known:
        chart = known[name](forecast)
        if chart is None:
            if not quiet:
                tell(f"no chart '{name}': the forecast does not hold what it shows")
            continue
        for form in dict.fromkeys(formats or ("svg",)):
            file = folder / f"{name}.{form}"
            with replacing(file) as draft:
                draft.write_bytes(chart.rendered(form))
            show(str(file))


def report(
    saved: Saved,
    output: Page = None,
    language: Language = "en",
    since: Since = None,
    archive: ArchiveFolder = None,
    result: Result = None,
    url: Url = "",
    panel: Panel = None,
    quiet: Quiet = False,
) -> None:
    """Write a forecast as one HTML page that needs nothing else.

    The names of the files are printed.
    """
    from forecast.report import PREVIEW, page, preview
    from forecast.storage import load
    from forecast.words import speaking
    from forecast.writing import replacing

    name = "report.html" if panel is None else f"{panel}.html"
    file = output if output is not None else _beside(saved) / name
    if file.is_dir():
        remedy = "this is a folder; a file is expected, such as page.html"
        raise ConfigurationError(Fault("--output", "", str(file), remedy))
    if url and not url.startswith(("https://", "http://")):
        remedy = "an address is expected, such as https://example.org/election/"
        raise ConfigurationError(Fault("--url", "", url, remedy))
    if result is not None and archive is None:
        remedy = "the result scores the forecasts of an archive; name it with --archive FOLDER"
        raise ConfigurationError(Fault("--result", "", str(result), remedy))
    forecast = load(saved)
    before = None if since is None else load(since)
    with speaking(language):  # what came of the forecasts is told by names that readers use
        past, record = _published(forecast, archive, result, quiet=quiet)
    text = page(forecast, language, url=url, panel=panel, before=before, archive=past, record=record)
    with replacing(file) as draft:
        draft.write_text(text, encoding="utf-8")
    show(str(file))
    if url:
        picture = file.parent / PREVIEW
        with replacing(picture) as draft:
            draft.write_bytes(preview(forecast, language))
        show(str(picture))
    if not quiet:
        tell(f"{len(text.encode()) / 1e6:.2f} MB; opens from disk, asks nothing of the network")


def _published(
    forecast: Forecast, folder: Path | None, result: Path | None, *, quiet: bool
) -> tuple[Archive | None, Record | None]:
    """The forecasts that were published before, and how they came out."""
    if folder is None:
        return None, None
    from forecast.published.archive_of_forecasts import read_archive
    from forecast.published.scored import record_of

    archive = read_archive(folder, forecast.election)
    for line in archive.said:
        tell(f"note: {line}")
    if archive.not_frozen and not quiet:
        number = len(archive.not_frozen)
        tell(f"{number} of {len(archive.past)} forecasts are not frozen; `forecast record {folder}` does it")
    return archive, None if result is None else record_of(archive, result)


def _beside(source: Path) -> Path:
    return source if source.is_dir() and source.suffix != ".zarr" else source.parent


@dataclass(frozen=True)
class _Form:
    """In what form tables are wanted, and where; ``raw``: cells of CSV as they are."""

    format: str
    output: Path | None
    raw: bool
    quiet: bool

    @classmethod
    def asked(cls, format_: str | None, output: Path | None, *, raw: bool, quiet: bool) -> _Form:
        """What is asked for; the form as the name of the file ends, where it is not."""
        from forecast.tables.exporting import SUFFIXES

        by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
        own = "terminal" if output is None else by_suffix.get(output.suffix.lower(), "csv")
        return cls(format_ or own, output, raw, quiet)

    def put(self, chosen: Sequence[Table], *, every: bool = False) -> None:
        """Print tables or write them; ``every``: on the terminal those without rows too."""
        from forecast.tables.exporting import export, exported

        if self.output is not None:
            if self.format == "terminal":
                remedy = "the terminal's form is for the terminal; choose another --format for a file"
                raise ConfigurationError(Fault("--output", "", str(self.output), remedy))
            written = export(chosen, self.format, self.output, raw=self.raw)
            if not self.quiet:
                what = str(written[0]) if len(written) == 1 else f"{len(written)} tables to {self.output}"
                tell(f"wrote {what}")
        elif self.format == "terminal":
            from forecast.tables.exporting import console_for_results, print_tables

            print_tables([one for one in chosen if one.length or every], console_for_results())
        elif self.format in ("xlsx", "parquet") and sys.stdout.isatty():
            remedy = f"{self.format} is no text for a terminal; name a file with -o"
            raise ConfigurationError(Fault("--format", "", ABSENT, remedy))
        else:
            sys.stdout.buffer.write(exported(chosen, self.format, raw=self.raw))
            sys.stdout.buffer.flush()


Folders = Annotated[
    list[Path],
    argument(
        metavar="FOLDER...", help="Saved forecasts of one election; several folders for several elections."
    ),
]
Results = Annotated[
    list[Path] | None,
    option(
        "--result",
        metavar="FILE",
        help="Votes of the election (CSV: party, votes, perhaps official seats), or its election file after "
        "the vote (TOML), which has the other tiers too: scores what the forecasts said. Repeatable: one for "
        "each folder, in their order.",
    ),
]


def record(
    folders: Folders,
    result: Results = None,
    format_: Format = None,
    output: Output = None,
    raw: Raw = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Freeze the forecasts of a folder by their digests; after the vote, say how they came out.

    Every forecast is written down once, in frozen.json of its folder; one that was changed since, or is gone,
    is an error. With --result statements are scored by label: safe, likely, leaning, open.
    """
    from forecast.published.archive_of_forecasts import freeze, read_archive

    if result and len(result) != len(folders):
        remedy = f"{len(folders)} folders and {len(result)} results; one for each folder is expected"
        raise ConfigurationError(Fault("--result", "", len(result), remedy))
    archives = [read_archive(folder) for folder in folders]
    for archive in archives:
        for line in archive.said:
            tell(f"note: {line}")
        fresh = freeze(archive)
        if not quiet:
            tell(f"{archive.folder}: {len(archive.past)} forecasts, {len(fresh)} newly frozen")
    form = None if as_json else _Form.asked(format_, output, raw=raw, quiet=quiet)
    if result:
        _scored(archives, result, form)
    else:
        _listed(archives, form)


def _scored(archives: Sequence[Archive], results: Sequence[Path], form: _Form | None) -> None:
    """How the forecasts came out, as tables, or as JSON where they are wanted in no form."""
    from functools import reduce
    from operator import add

    from forecast.published.scored import record_of
    from forecast.published.tables_of_past import record_tables

    found = reduce(add, [record_of(one, votes) for one, votes in zip(archives, results, strict=True)])
    tables = record_tables(found, "; ".join(f"{one.election}, {one.day}" for one in found.official))
    if form is None:
        show_json(
            {
                "elections": [
                    {
                        "id": one.election,
                        "date": one.day.isoformat(),
                        "house": one.house,
                        "seats": one.seats,
                        "assemblies": {name: each.seats for name, each in one.assemblies.items()},
                    }
                    for one in found.official
                ],
                **{
                    key: [dict(row) for row in table.rows]
                    for key, table in zip(("labels", "intervals", "statements"), tables, strict=True)
                },
                "warnings": list(found.said),
            }
        )
        return
    form.put(tables[:2] if form.format == "terminal" else tables)


def _listed(archives: Sequence[Archive], form: _Form | None) -> None:
    """The forecasts of every folder, likewise."""
    from forecast.published.tables_of_past import forecasts

    tables = [forecasts(one.past, str(one.folder), one.all_frozen) for one in archives]
    if form is None:
        show_json(
            [{"folder": table.provenance, "forecasts": [dict(row) for row in table.rows]} for table in tables]
        )
        return
    for table in tables:
        form.put([table])
