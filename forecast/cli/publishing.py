"""``forecast charts`` and ``forecast report``: what is published of a forecast that is on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from forecast.cli.options import OutputFile, OutputFolder, Quiet
from forecast.cli.telling import show, tell
from forecast.errors import ConfigurationError, Fault, suggest

if TYPE_CHECKING:
    from forecast.charts import Format
    from forecast.charts.look import Chart
    from forecast.result import Forecast

Source = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER|FILE",
        help="Folder that `forecast run` or `forecast sweep` wrote, or its file.",
        show_default=False,
    ),
]
_FORMATS = ("svg", "png", "html")


def _format(text: str) -> str:
    if text not in _FORMATS:
        msg = f"no such format '{text}'; {suggest(text, _FORMATS)}"
        raise typer.BadParameter(msg)
    return text


Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        parser=_format,
        help="svg, png or html. Repeatable. Default: svg.",
        show_default=False,
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--chart", metavar="NAME", help="Only this chart. Repeatable. Default: all.", show_default=False
    ),
]


def charts(
    source: Source,
    output: OutputFolder = None,
    formats: Formats = None,
    only: Only = None,
    quiet: Quiet = False,
) -> None:
    """Draw the charts of a forecast, a sweep or a series of days as SVG, PNG or HTML files, one each.

    Without --output they go to charts/ beside the forecast. The names of the files are printed.
    """
    from forecast.charts import rendered
    from forecast.writing import replacing

    what, known, load_it = _drawable(source)
    for name in only or ():
        if name not in known:
            raise ConfigurationError(Fault("--chart", "", name, f"no such chart; {suggest(name, known)}"))
    folder = output if output is not None else _beside(source) / "charts"
    _refuse_file(folder)
    saved = load_it(source)
    for name in only or known:
        chart = known[name](saved)
        if chart is None:
            if not quiet:
                tell(f"no chart '{name}': the {what} does not hold what it shows")
            continue
        for form in dict.fromkeys(formats or ("svg",)):
            file = folder / f"{name}.{form}"
            with replacing(file) as draft:
                draft.write_bytes(rendered(chart, cast("Format", form)))
            show(str(file))


def _drawable(source: Path) -> tuple[str, Mapping[str, Callable[[Any], Chart | None]], Callable[[Path], Any]]:
    """What a place holds: its name, the charts there are of it, and how it is loaded."""
    from forecast.charts import CHARTS, SERIES_CHARTS, SWEEP_CHARTS, Facts
    from forecast.storage import holds_series, holds_sweep, load, load_series, load_sweep

    if holds_sweep(source):
        return "sweep", SWEEP_CHARTS, load_sweep
    if holds_series(source):
        return "series", SERIES_CHARTS, load_series
    return "forecast", CHARTS, lambda place: Facts(load(place))


def report(source: Source, output: OutputFile = None, quiet: Quiet = False) -> None:
    """Write a forecast as one HTML page that needs nothing else.

    Without --output it goes to report.html beside the forecast. The name of the file is printed.
    """
    from forecast.report import page
    from forecast.storage import load
    from forecast.writing import replacing

    forecast: Forecast = load(source)
    file = output if output is not None else _beside(source) / "report.html"
    if file.is_dir():
        remedy = "this is a folder; a file is expected, such as page.html"
        raise ConfigurationError(Fault("--output", "", str(file), remedy))
    text = page(forecast)
    with replacing(file) as draft:
        draft.write_text(text, encoding="utf-8")
    show(str(file))
    if not quiet:
        tell(f"{len(text.encode()) / 1e6:.2f} MB; opens from disk, asks nothing of the network")


def _beside(source: Path) -> Path:
    return source if source.is_dir() and source.suffix != ".zarr" else source.parent


def _refuse_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        remedy = "this is a file; name a folder"
        raise ConfigurationError(Fault("--output", "", str(folder), remedy))
