"""``forecast night`` and ``night-fit``: from what is counted so far to the final vote, once or for a whole
evening, and the constants of a night from whole nights of the past.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.night_room import DRAWS, Room
from forecast.cli.options import (
    ConfigFile,
    Json,
    Quiet,
    Scheduler,
    Seed,
    Settings,
    Threads,
    Verbose,
    Workers,
    argument,
    option,
    whole_number,
    with_vote_on,
)
from forecast.cli.telling import show_json, tell
from forecast.cli.working import (
    Asked,
    hands_of,
    no_search_for_garbage,
    refuse_beside,
    refuse_place,
    say_if_cold,
)
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError

if TYPE_CHECKING:
    from forecast.night.feed import Event
    from forecast.night.past_nights import NightFit

EVERY, EVERY_OF_NIGHT = 5.0, 300.0
"""Seconds between two looks at a feed; and, of a night that is played, between two estimates."""

UnitsFile = Annotated[
    Path,
    option(
        "--units", metavar="FILE", help="Units and their last votes, fixed before the night (docs/night.md)."
    ),
]
CountedFile = Annotated[Path, option("--counted", metavar="FILE", help="Votes counted so far, by unit.")]
Moment = Annotated[
    str | None,
    option(
        "--as-of",
        metavar="TIME",
        help="Only what was reported by this time: 22:30, or 2022-09-11T22:30. Default: all.",
    ),
]
Constants = Annotated[
    Path | None,
    option(
        "--constants",
        metavar="FILE",
        help="Constants of the night (JSON) that `forecast night-fit` wrote. Default: the shipped ones.",
    ),
]
Unknown = Annotated[
    Literal["refuse", "add"],
    typer.Option(
        "--unknown",
        help="Units that are not in --units: refuse them all by name, or add their votes in their district.",
    ),
]
Accepted = Annotated[
    list[str] | None,
    option("--accept", metavar="UNIT", help="Count this unit though it would be set aside. Repeatable."),
]
NoPolls = Annotated[bool, option("--no-polls", help="The count alone, without the polls.")]
Watch = Annotated[bool, option("--watch", help="Estimate again whenever the file changes, until Ctrl-C.")]
Replay = Annotated[
    float | None,
    option(
        "--replay",
        metavar="SPEED",
        min=0.001,
        help="Play a finished night once more, so many times as fast as it was: a rehearsal.",
    ),
]
Every = Annotated[
    float | None,
    option(
        "--every",
        metavar="SECONDS",
        min=0.05,
        help=f"With --watch: between two looks at the file (default: {EVERY:g}). With --replay: between two "
        f"estimates, of the time of the night (default: {EVERY_OF_NIGHT:g}).",
    ),
]
Draws = Annotated[
    int | None,
    option(
        "--draws",
        "-n",
        metavar="N",
        parser=whole_number(1, 10**6),
        help=f"Elections to draw, such as 1e5. Default: {DRAWS:,}.",
    ),
]
OutputFolder = Annotated[
    Path | None,
    option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder to write to, which keeps the evening. Default: outputs/<election>/night.",
    ),
]
Page = Annotated[bool, option("--page", help="Write report.html anew with every estimate.")]
Archive = Annotated[
    Path,
    argument(
        metavar="ARCHIVE",
        help="A folder for each night, with units.csv, counted.csv (or packed, .gz) and truth.csv.",
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    option(
        "--leave-out",
        metavar="COUNTRY",
        help="A country that is scored, not fitted: the letters its folders begin with. Repeatable.",
    ),
]
WithoutEach = Annotated[
    bool,
    option("--without-each", help="Fit anew without each country too, and keep that in the same file."),
]
ConstantsOutput = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where the constants are written (JSON).")
]
FITTED = Path("outputs/night-constants.json")


def night(
    config: ConfigFile,
    units: UnitsFile,
    counted: CountedFile,
    as_of: Moment = None,
    unknown: Unknown = "refuse",
    accept: Accepted = None,
    no_polls: NoPolls = False,
    constants: Constants = None,
    watch: Watch = False,
    replay: Replay = None,
    every: Every = None,
    draws: Draws = None,
    seed: Seed = None,
    threads: Threads = None,
    settings: Settings = None,
    output: OutputFolder = None,
    page: Page = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Election night: the final vote from what is counted so far.

    Writes what `forecast run` writes, with the tables of the night and the evening up to now, and prints them
    (or JSON, with --json). The folder keeps the evening: run again, the next estimate is added to it.
    """
    if watch:
        refuse_beside("--watch", {"--as-of": as_of, "--replay": replay}, "a feed is watched as it is now")
    if not watch and replay is None:
        refuse_beside("--every", {"--every": every}, "it goes with --watch or --replay")
    changes = with_vote_on(settings, None)
    asked = Asked(config, changes, draws, seed, None, threads, output, as_json, quiet, verbose)
    room = _room(asked, units, counted, add_unknown=unknown == "add", accepted=accept or (), page=page,
                 polls=not no_polls, constants=constants)  # fmt: skip
    if watch:
        room.follow(_watched(room, every or EVERY))
    elif replay is not None:
        room.follow(_replayed(room, as_of, every or EVERY_OF_NIGHT, replay), rehearsal=True)
    else:
        room.once(as_of)


def _room(
    asked: Asked,
    units: Path,
    counted: Path,
    *,
    add_unknown: bool,
    accepted: Sequence[str],
    page: bool,
    polls: bool,
    constants: Path | None,
) -> Room:
    """All that is fixed before the night; every fault of its files at once."""
    with no_search_for_garbage():
        from forecast.election import load_election
        from forecast.estimation import estimate
        from forecast.night.regression import load_night_constants
        from forecast.night.units import read_units
        from forecast.polls import polls_of

        election = load_election(asked.config, asked.settings)
        folder = asked.folder(election, "night")
        refuse_place(folder)
        faults: list[Fault] = []
        found, polled = None, None
        try:
            found = read_units(units, election)
        except (PollDataError, ConfigurationError) as error:
            faults += error.faults
        if not counted.is_file():
            faults.append(
                Fault(str(counted), "", ABSENT, "no such file; a table of counted votes is expected")
            )
        try:
            if polls and election.election.polls is not None:
                polled = estimate(election, polls_of(election), None)
        except PollDataError as error:
            faults += error.faults
        if faults or found is None:
            raise PollDataError(*faults)
        basis = load_night_constants(constants) if constants is not None else None
        say_if_cold(asked.quiet)
    return Room(asked, election, found, counted, folder, polled, add_unknown, tuple(accepted), page, basis)


def _watched(room: Room, every: float) -> Iterator[Event]:
    from forecast.night.feed import SystemClock, watched

    if not room.asked.quiet:
        tell(f"watching {room.counted} every {every:g} seconds; Ctrl-C ends it")
    return watched(room.counted, room.election, SystemClock(), every=every)


def _replayed(room: Room, as_of: str | None, every: float, speed: float) -> Iterator[Event]:
    from forecast.night.feed import SystemClock, as_of_moment, deliver, read_feed, replayed

    feed = read_feed(deliver(room.counted), room.election)
    until = as_of_moment(as_of, room.election) if as_of is not None else None
    return replayed(feed, SystemClock(), every=every, speed=speed, until=until)


def night_fit(
    archive: Archive,
    leave_out: LeaveOut = None,
    without_each: WithoutEach = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    output: ConstantsOutput = FITTED,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit the constants of a night to an archive of whole nights, by coordinate search (an hour or so).

    Every night is played in several orders of reporting; what counts is how dense the forecast was where the
    final shares came out. Writes a file that `forecast night --constants` reads.
    """
    import json

    from forecast.night.past_nights import fit_night
    from forecast.writing import replacing

    say = (lambda text: None) if quiet else tell
    with hands_of(workers, scheduler) as hands:
        fitted = fit_night(archive, leave_out or (), without_each=without_each, do=hands.do, say=say)
    with replacing(output) as draft:
        draft.write_text(json.dumps(fitted.basis.record(), indent=1) + "\n", encoding="utf-8")
    if as_json:
        show_json(fitted.record(), 1)
    else:
        _print_fit(fitted)
    if not quiet:
        tell(f"wrote {output}; next: forecast night ELECTION.toml ... --constants {output}")


def _print_fit(fitted: NightFit) -> None:
    from forecast.tables.terminal import console_for_results, grid, print_line

    console = console_for_results()
    rows = [
        (name.replace("_", " "), f"{shipped:.4g}", f"{found:.4g}") for name, shipped, found in fitted.rows()
    ]
    console.print(grid("Constants of a night", ("constant", "shipped", "fitted"), rows, numeric=(1, 2)))
    scores = [*fitted.by_country.items(), *((f"{name} (left out)", x) for name, x in fitted.scored.items())]
    console.print(
        grid("Log score", ("country", "nats a list"), [(k, f"{x:.3f}") for k, x in scores], numeric=(1,))
    )
    several = "s" * (len(fitted.nights) != 1)
    print_line(console, f"{len(fitted.nights)} night{several}: {', '.join(fitted.nights)}", "dim")
    print_line(
        console,
        f"log score {fitted.search.before:.4f} before, {fitted.search.score:.4f} after; lower is better",
    )
