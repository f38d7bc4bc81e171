"""``forecast record``: forecasts that were published, frozen and scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import Json, Quiet
from forecast.cli.saved import Format, Output, Raw, format_of, put_tables
from forecast.cli.telling import show_json, tell
from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from forecast.published.archive_of_forecasts import Archive

Folders = Annotated[
    list[Path],
    typer.Argument(
        metavar="FOLDER...",
        help="Saved forecasts of one election; several folders for several elections.",
        show_default=False,
    ),
]
Results = Annotated[
    list[Path] | None,
    typer.Option(
        "--result",
        metavar="FILE",
        help="Votes of the election (CSV: party, votes, perhaps official seats), or its election file after "
        "the vote (TOML), which has the other tiers too: scores what the forecasts said. Repeatable: one for "
        "each folder, in their order.",
        show_default=False,
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
    if result:
        _scored(archives, result, format_, output, raw=raw, as_json=as_json, quiet=quiet)
    else:
        _listed(archives, format_, output, raw=raw, as_json=as_json, quiet=quiet)


def _scored(
    archives: list[Archive],
    results: list[Path],
    format_: str | None,
    output: Path | None,
    *,
    raw: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from functools import reduce
    from operator import add

    from forecast.published.scored import record_of
    from forecast.published.tables_of_past import record_tables

    found = reduce(add, [record_of(one, votes) for one, votes in zip(archives, results, strict=True)])
    tables = record_tables(found, "; ".join(f"{one.election}, {one.day}" for one in found.official))
    if as_json:
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
    wanted = format_ or format_of(output)
    shown = tables[:2] if wanted == "terminal" else tables
    put_tables(shown, wanted, output, quiet=quiet, every=False, raw=raw)


def _listed(
    archives: list[Archive],
    format_: str | None,
    output: Path | None,
    *,
    raw: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from forecast.published.archive_of_forecasts import read_archive
    from forecast.published.tables_of_past import forecasts

    again = [read_archive(one.folder) for one in archives]  # as they are frozen now
    tables = [forecasts(one.past, str(one.folder), one.frozen) for one in again]
    if as_json:
        show_json(
            [{"folder": table.provenance, "forecasts": [dict(row) for row in table.rows]} for table in tables]
        )
        return
    for table in tables:
        put_tables([table], format_ or format_of(output), output, quiet=quiet, every=False, raw=raw)
