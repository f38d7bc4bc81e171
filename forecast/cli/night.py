"""``forecast night`` and ``night-fit``: from what is counted so far to the final vote, once or for a whole
evening, and the constants of a night from whole nights of the past.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.main import DEBUG
from forecast.cli.shared import (
    Asked,
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
    conclude,
    hands_of,
    no_search_for_garbage,
    option,
    refuse_beside,
    refuse_place,
    say_if_cold,
    whole_number,
    with_vote_on,
    write_results,
)
from forecast.cli.telling import OutputLostError, show, show_json, tell
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.night.counted import Counted
    from forecast.night.feed import Event, Feed, Report
    from forecast.night.night_forecast import BeforeNight
    from forecast.night.past_nights import NightFit
    from forecast.night.regression import NightBasis
    from forecast.night.units import Units
    from forecast.result import Forecast

DRAWS = 10_000
"""Elections that are drawn where neither the command nor anything else says how many."""
HISTORY = "counted.csv"
"""Beside the forecast: every report that was ever read, which a feed may have overwritten since."""
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
    bool, option("--without-each", help="Fit anew without each country too, and keep that in the same file.")
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


@dataclass
class Room:
    """Where a night is watched: what is fixed, what was read so far, and the last good estimate."""

    asked: Asked
    election: Election
    units: Units
    counted: Path
    folder: Path
    polled: Estimate | None
    add_unknown: bool
    accepted: tuple[str, ...]
    page: bool
    constants: NightBasis | None
    """Of the method; ``None``: those that come with the program."""
    history: tuple[Report, ...] = ()
    last: Forecast | None = None
    """As it was written, without what was said of the feed since."""
    seen: Counted | None = None
    trouble: str = ""
    """Why the feed cannot be read now, or that it stands still; empty where all is well."""
    rehearsal: bool = False
    before: BeforeNight | None = None
    """The forecast of the polls alone, once it was needed."""

    def once(self, as_of: str | None) -> None:
        """One estimate, printed as a run is."""
        from forecast.night.feed import CUT_SHORT, SystemClock, as_of_moment, deliver, known_by, read_feed

        moment = as_of_moment(as_of, self.election) if as_of is not None else None
        delivery = deliver(self.counted)
        feed = read_feed(delivery, self.election)
        if not feed.ends:
            feed = replace(feed, remarks=(*feed.remarks, f"{feed.place}: {CUT_SHORT}"))
        feed = known_by(feed, moment) if moment is not None else feed
        counted = self._counted(feed)
        # Of another time than now it is a rehearsal, made as if it were then.
        self.rehearsal = moment is not None
        self.last = self._earlier()
        forecast = self._forecast(counted, delivery.digest, moment or SystemClock().now())
        self._keep(counted)
        conclude(self.asked, forecast, self.folder, beside=self._beside(self.history))
        self._write_page(forecast)

    def follow(self, events: Iterable[Event], *, rehearsal: bool = False) -> None:
        """An estimate for every change, until there are no more, or Ctrl-C."""
        from forecast.night.feed import Arrived, Broken

        self.rehearsal = rehearsal
        if not rehearsal:
            self._remember()
        for event in events:
            if isinstance(event, Arrived):
                self._take(event.feed, event.digest, event.time)
            elif isinstance(event, Broken):
                self._troubled(event.reason, event.time)
            else:
                since = event.since.strftime("%H:%M")
                self._troubled(f"{self.counted}: the feed stands still: unchanged since {since}", event.time)

    # One change.

    def _take(self, feed: Feed, digest: str, at: datetime.datetime) -> None:
        from forecast.night.counted import tells_nothing_new
        from forecast.night.feed import reason_of, refuse_cut_short

        try:
            if not self.rehearsal:
                refuse_cut_short(feed, self.history)
            counted = self._counted(feed)
        except PollDataError as error:
            self._troubled(reason_of(error), at)
            return
        was, self.trouble = self.trouble, ""
        if tells_nothing_new(counted, self.seen) and self.last is not None:
            self._keep(counted)
            if was:
                tell(f"{at:%H:%M:%S} the feed can be read again; nothing new in it")
                self._write(self.last, self.history)
            return
        try:
            forecast = self._forecast(counted, digest, at)
            self._write(forecast, counted.history)
        except OutputLostError:
            raise
        except Exception as error:  # a night goes on, whatever one report of it does
            if os.environ.get(DEBUG):
                raise
            self._troubled(f"no estimate as of {at:%H:%M}: {reason_of(error)}", at)
            return
        self._keep(counted)
        self.last = forecast
        self._tell(forecast)

    def _troubled(self, reason: str, at: datetime.datetime) -> None:
        """Say what is wrong, here and beside the last good estimate, which stands."""
        from forecast.night.evening import clock
        from forecast.night.feed import reason_of

        if reason == self.trouble:
            return
        self.trouble = reason
        if self.last is None:
            tell(f"{at:%H:%M:%S} {reason}; there is no estimate yet")
            return
        when = clock(self.last.attrs["night_estimate_time"])
        said = f"{reason}; the estimate of {when} stands"
        tell(f"{at:%H:%M:%S} {said}")
        warnings = [said, *self.last.attrs["warnings"]]
        try:
            self._write(self.last.with_attrs(warnings=warnings, night_trouble=said), self.history)
        except OSError as error:
            tell(f"{self.folder}: {reason_of(error)}; what stands there stays as it is")

    def _counted(self, feed: Feed) -> Counted:
        from forecast.night.counted import counted_of

        return counted_of(
            feed, self.units, earlier=self.history, add_unknown=self.add_unknown, accepted=self.accepted
        )

    def _forecast(self, counted: Counted, digest: str, at: datetime.datetime) -> Forecast:
        """The estimate of what is counted, with the evening before it."""
        from forecast.night.evening import Now, with_evening
        from forecast.night.night_forecast import before_night, night_forecast
        from forecast.simulation.grounds import refuse_void
        from forecast.storage import with_sources

        how = self.asked.how(self.election)._replace(draws=self.asked.draws or DRAWS)
        if self.before is None and self.polled is not None:
            self.before = before_night(self.election, self.polled, how)
        found = night_forecast(
            self.election, self.units, counted, self.polled, how, constants=self.constants, before=self.before
        )
        refuse_void(self.election, found.forecast)
        at_once = Now(self.units, counted, found.estimate, at)
        forecast = with_evening(found.forecast, self.election, at_once, self.last)
        forecast = with_sources(forecast, self.election, self.asked.config, self.asked.settings)
        return forecast.with_attrs(
            units=self.units.place,
            units_sha256=self.units.digest,
            counted=str(self.counted),
            **({"counted_sha256": digest} if digest else {}),
            night_rehearsal=str(int(self.rehearsal)),
        )

    # The folder.

    def _earlier(self) -> Forecast | None:
        """The forecast in the folder, where it is of this evening and these units."""
        from forecast.storage import FILE_NAME, load

        if not (self.folder / FILE_NAME).exists():
            return None
        try:
            found = load(self.folder / FILE_NAME)
        except ConfigurationError as error:
            tell(f"{error}; the evening begins anew")
            return None
        same = found.election == self.election.election.id and "evening/moment" in found
        if not same or found.attrs.get("units_sha256") != self.units.digest:
            return None
        if found.attrs.get("night_rehearsal") != str(int(self.rehearsal)):
            return None
        trouble = found.attrs.pop("night_trouble", None)
        return found.with_attrs(warnings=[line for line in found.attrs["warnings"] if line != trouble])

    def _remember(self) -> None:
        """What an earlier watch of this evening left: its last estimate, and the reports it had read."""
        from forecast.night.feed import deliver, read_feed

        self.last = self._earlier()
        if self.last is None or not (self.folder / HISTORY).exists():
            return
        try:
            self.history = read_feed(deliver(self.folder / HISTORY), self.election).reports
        except PollDataError as error:
            tell(f"{error}; reports of before are not held against the feed")
            return
        tell(f"the evening goes on: {len(self.history):,} reports were read before")

    def _keep(self, counted: Counted) -> None:
        self.history, self.seen = counted.history, counted

    def _beside(self, history: Sequence[Report]) -> dict[str, str]:
        return {HISTORY: _as_table(history, self.units.parties)}

    def _write(self, forecast: Forecast, history: Sequence[Report]) -> None:
        write_results(self.asked, forecast, self.folder, beside=self._beside(history))
        self._write_page(forecast)

    def _write_page(self, forecast: Forecast) -> None:
        if not self.page:
            return
        from forecast.report import page
        from forecast.writing import replacing

        text = page(forecast)
        with replacing(self.folder / "report.html") as draft:
            draft.write_text(text, encoding="utf-8")

    def _tell(self, forecast: Forecast) -> None:
        """One line of results for an estimate."""
        if self.asked.as_json:
            show_json(forecast.record(), indent=None)
        else:
            from forecast.tables.night_tables import line_of

            show(line_of(forecast))
        sys.stdout.flush()


def _as_table(history: Iterable[Report], parties: Sequence[str]) -> str:
    """Reports as a feed has them."""
    import csv
    import io

    from forecast.night.feed import STATUS

    called = {status: word for word, status in STATUS.items()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["unit", "time", "status", *parties, "valid", "ballots", "district"])
    for report in history:
        writer.writerow(
            [
                report.unit,
                report.time.isoformat() if report.time is not None else "",
                called[report.status],
                *report.votes,
                *("" if total is None else total for total in (report.valid, report.ballots)),
                report.district,
            ]
        )
    return text.getvalue()


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
    from forecast.tables.exporting import console_for_results, grid, print_line

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
