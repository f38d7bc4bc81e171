"""Where a night is watched: every report of a feed becomes an estimate, and the folder keeps the evening."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.cli.main import DEBUG
from forecast.cli.telling import OutputLostError, show, show_json, tell
from forecast.cli.working import Asked, conclude, write_results
from forecast.errors import ConfigurationError, PollDataError

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.night.counted import Counted
    from forecast.night.feed import Event, Feed, Report
    from forecast.night.night_forecast import BeforeNight
    from forecast.night.regression import NightBasis
    from forecast.night.units import Units
    from forecast.result import Forecast

DRAWS = 10_000
"""Elections that are drawn where neither the command nor anything else says how many."""
HISTORY = "counted.csv"
"""Beside the forecast: every report that was ever read, which a feed may have overwritten since."""


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
            feed,
            self.units,
            earlier=self.history,
            add_unknown=self.add_unknown,
            accepted=self.accepted,
        )

    def _forecast(self, counted: Counted, digest: str, at: datetime.datetime) -> Forecast:
        """The estimate of what is counted, with the evening before it."""
        from forecast.night.evening import Now, with_evening
        from forecast.night.night_forecast import before_night, night_forecast
        from forecast.provenance import with_sources
        from forecast.simulation.grounds import refuse_void

        how = self.asked.how(self.election)._replace(draws=self.asked.draws or DRAWS)
        if self.before is None and self.polled is not None:
            self.before = before_night(self.election, self.polled, how)
        found = night_forecast(
            self.election,
            self.units,
            counted,
            self.polled,
            how,
            constants=self.constants,
            before=self.before,
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
