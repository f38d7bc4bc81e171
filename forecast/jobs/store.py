"""The folder of a table of jobs: what is to be done, what is done, what failed, and parts of long jobs.

``jobs.json``                        the table as it was read, with the digest of every job
``done/<digest>.nc``                 its forecast; a job is done when this is there
``done/<digest>.json``               what it cost, when, and with which version
``failed/<digest>.json``             the exit code that a run would end with, and what it would say
``parts/<digest>/cuts.json``         how the calls of a long job are cut
``parts/<digest>/<begin>-<end>.npz`` what some of its calls counted
``running/<i>-<n>.json``             what the command that is at work has under way

Every file is written whole or not at all, and what killed writers left is cleared by the next. Of the jobs
short ones are done as they are, long ones in parts; what is done is not done again.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError
from forecast.jobs.hands import (
    OVERHEAD,
    Cut,
    Hands,
    Here,
    count_parts,
    cuts_of,
    draws_of,
    measured_call,
    part_of,
)
from forecast.jobs.job_table import Done, Failed, Job, Table, do_jobs, done, failed, forecast_of_job, jobs_of
from forecast.simulation.running import Part, Progress, Work
from forecast.verification import Step
from forecast.writing import Held, clear_drafts, locked, replacing

VERSION = 1
"""Of the files of a store."""
_JOBS = "jobs.json"
_PLANNING, _WAIT = ".forecast-jobs.lock", 600.0


class Turn(NamedTuple):
    """Which of several commands at one store this is: the ``number``-th of ``of``, from 1."""

    number: int = 1
    of: int = 1

    def mine(self, at: int) -> bool:
        """Whether the job, or the part of one, at a place in their order is done here."""
        return at % self.of == self.number - 1


@dataclass(frozen=True)
class Listed:
    """The jobs of a store, and what their days are (``as_of``, ``days_before`` or empty)."""

    table: str
    day: str
    jobs: tuple[Job, ...]


class Store:
    """A folder of jobs."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def write_jobs(self, listed: Listed) -> None:
        """Take over a table: jobs that it shares with an earlier one stay done."""
        record = {
            "schema_version": VERSION,
            "table": listed.table,
            "day": listed.day,
            "jobs": [job.record() for job in listed.jobs],
        }
        self._write(self.folder / _JOBS, json.dumps(record, ensure_ascii=False, indent=0).encode())

    def read_jobs(self) -> Listed:
        """The jobs of the store; ``ConfigurationError`` where there are none."""
        file = self.folder / _JOBS
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            if record["schema_version"] != VERSION:
                remedy = f"this program reads version {VERSION}; list the jobs again"
                raise ConfigurationError(Fault(str(file), "schema_version", record["schema_version"], remedy))
            return Listed(record["table"], record["day"], tuple(Job.of(job) for job in record["jobs"]))
        except FileNotFoundError:
            remedy = "no jobs in this folder; `forecast jobs TABLE -o FOLDER` makes such a store"
            raise ConfigurationError(Fault(str(self.folder), "", ABSENT, remedy)) from None
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError(Fault(str(file), "", ABSENT, "damaged; list the jobs again")) from None

    def done(self) -> set[str]:
        """Digests of the jobs that are done."""
        return self._names("done", ".nc")

    def failures(self) -> dict[str, Failed]:
        """What failed when it was last tried, by digest."""
        found = {}
        for digest in self._names("failed", ".json"):
            with suppress(OSError, ValueError, KeyError):
                record = json.loads((self.folder / "failed" / f"{digest}.json").read_text(encoding="utf-8"))
                found[digest] = Failed(int(record["exit_code"]), tuple(record["reasons"]))
        return found

    def costs(self, digests: Iterable[str]) -> float:
        """Seconds of a processor that jobs took."""
        total = 0.0
        for digest in digests:
            with suppress(OSError, ValueError, KeyError):
                total += float(json.loads((self.folder / "done" / f"{digest}.json").read_text())["seconds"])
        return total

    def file_of(self, digest: str) -> Path:
        """Where the forecast of a job is."""
        return self.folder / "done" / f"{digest}.nc"

    def write_done(self, job: Job, result: Done) -> None:
        """Keep a forecast; the record comes first, so that what is done has one."""
        from forecast.simulation.forecasting import versions

        record = {
            "job": job.label,
            "draws": job.draws,
            "seconds": round(result.seconds, 3),
            "warnings": result.warnings,
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "versions": versions(),
        }
        self._write(self.file_of(job.digest).with_suffix(".json"), json.dumps(record, indent=1).encode())
        self._write(self.file_of(job.digest), result.image)
        (self.folder / "failed" / f"{job.digest}.json").unlink(missing_ok=True)
        self._forget_parts(job.digest)

    def write_failed(self, job: Job, result: Failed) -> None:
        """Note why a job cannot be done."""
        record = {"job": job.label, "exit_code": result.exit_code, "reasons": list(result.reasons)}
        text = json.dumps(record, ensure_ascii=False, indent=1)
        self._write(self.folder / "failed" / f"{job.digest}.json", text.encode())

    def cuts(self, digest: str) -> list[Cut]:
        """How a long job is cut; empty where nothing is known."""
        with suppress(OSError, ValueError, KeyError):
            edges = json.loads((self.folder / "parts" / digest / "cuts.json").read_text())["edges"]
            return list(pairwise(edges))
        return []

    def write_cuts(self, digest: str, cuts: Sequence[Cut]) -> None:
        """Fix how a long job is cut, for all that work on it now or later."""
        edges = [cuts[0][0], *(end for _, end in cuts)]
        self._write(self.folder / "parts" / digest / "cuts.json", json.dumps({"edges": edges}).encode())

    def parts(self, digest: str) -> set[Cut]:
        """Parts of a job that are there."""
        found = set()
        for name in self._names(f"parts/{digest}", ".npz"):
            begin, _, end = name.partition("-")
            if begin.isdecimal() and end.isdecimal():
                found.add((int(begin), int(end)))
        return found

    def read_part(self, digest: str, cut: Cut) -> Part | None:
        """A part; None where its file is not as it was written, which is then removed."""
        file = self._part(digest, cut)
        part = part_of(file.read_bytes()) if file.is_file() else None
        if part is None:
            file.unlink(missing_ok=True)
        return part

    def write_part(self, digest: str, cut: Cut, image: bytes) -> None:
        """Keep a part, as ``image_of`` gives it."""
        self._write(self._part(digest, cut), image)

    def _part(self, digest: str, cut: Cut) -> Path:
        return self.folder / "parts" / digest / f"{cut[0]}-{cut[1]}.npz"

    def _forget_parts(self, digest: str) -> None:
        shutil.rmtree(self.folder / "parts" / digest, ignore_errors=True)
        with suppress(OSError):
            (self.folder / "parts").rmdir()

    def _names(self, folder: str, end: str) -> set[str]:
        try:
            entries = (self.folder / folder).iterdir()
            return {entry.name.removesuffix(end) for entry in entries if entry.name.endswith(end)}
        except OSError:
            return set()

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, drafts_in=self.folder) as draft:
            draft.write_bytes(content)

    @contextmanager
    def planning(self) -> Generator[None]:
        """Alone among all commands at this store, for the moment in which something is fixed for all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / _PLANNING, _WAIT):
            yield

    @contextmanager
    def working(self, turn: Turn) -> Generator[None]:
        """Hold the place of a turn; ``ConfigurationError`` where another command has it."""
        note = self._note(turn)
        note.parent.mkdir(parents=True, exist_ok=True)
        clear_drafts(self.folder)
        try:
            self._refuse_other_shares(turn)
            with locked(note.with_suffix(".lock")):
                try:
                    yield
                finally:
                    note.unlink(missing_ok=True)
        except Held:
            remedy = "another command is at work on this store; wait for it, or give each its turn (--array)"
            raise ConfigurationError(Fault(str(self.folder), "", ABSENT, remedy)) from None
        finally:
            if turn.of == 1:
                with suppress(OSError):
                    note.parent.rmdir()

    def _refuse_other_shares(self, turn: Turn) -> None:
        """``Held`` where a command is at work that cut the jobs otherwise; notes of killed ones go."""
        for lock in sorted((self.folder / "running").glob("*-*.lock")):
            if lock.stem.partition("-")[2] != str(turn.of):
                with locked(lock):
                    lock.with_suffix(".json").unlink(missing_ok=True)

    def clear(self, digests: set[str]) -> None:
        """Remove records of jobs that were killed before their forecast was placed, failures of jobs that
        are not asked for any more, and parts of jobs that are done.
        """
        done = self.done()
        for digest in self._names("done", ".json") - done:
            self.file_of(digest).with_suffix(".json").unlink(missing_ok=True)
        for digest in self._names("failed", ".json") - digests | self._names("failed", ".json") & done:
            (self.folder / "failed" / f"{digest}.json").unlink(missing_ok=True)
        for digest in self._names("parts", "") & done:
            self._forget_parts(digest)
        with suppress(OSError):
            (self.folder / "failed").rmdir()

    def note_running(self, turn: Turn, digests: Iterable[str]) -> None:
        """Say what is under way."""
        self._write(self._note(turn), json.dumps({"digests": list(digests)}).encode())

    def running(self) -> set[str]:
        """What commands that are at work have under way; what killed ones noted is none of it."""
        found: set[str] = set()
        for name in self._names("running", ".json"):
            note = self.folder / "running" / f"{name}.json"
            try:
                with locked(note.with_suffix(".lock")):
                    continue
            except Held:
                with suppress(OSError, ValueError, KeyError):
                    found |= set(json.loads(note.read_text())["digests"])
            except OSError:
                continue
        return found

    def _note(self, turn: Turn) -> Path:
        return self.folder / "running" / f"{turn.number}-{turn.of}.json"


# Doing the jobs.

LONG = 2**22
"""Jobs of more draws are cut into parts."""

_PROBED = 8
"""Jobs that are measured for a forecast of the costs of all."""
_FEW, _SOME = 2**12, 2**18
"""Draws of the two measurements of each."""
_NOTE_EVERY = 2.0
"""Seconds between notes of what is under way."""


class Ended(NamedTuple):
    """How a command at a store ended."""

    jobs: int
    done: int
    """All that are done, before and now."""
    done_now: int
    failures: tuple[tuple[Job, Failed], ...]
    left: int
    """Neither done nor failed: the turn of others, or parts that others have to count."""

    @property
    def exit_code(self) -> int:
        """0 where nothing failed; else the code that the first kind of failure would give a run: 1 before 2
        before 3 before 4.
        """
        return min((one.exit_code for _, one in self.failures), default=0)


class Outlook(NamedTuple):
    """What a table will cost, from jobs that were measured."""

    jobs: int
    done: int
    measured: int
    seconds: float
    """Of one processor, for all that is left."""
    disk: int
    """Bytes of all that is left."""


def listed_of(table: Table) -> Listed:
    """The jobs of a table with their digests."""
    return Listed(table.place, table.day, tuple(jobs_of(table)))


def do_table(
    table: Table,
    store: Store,
    *,
    hands: Hands | None = None,
    client: object | None = None,
    turn: Turn | None = None,
    step: Step | None = None,
) -> Ended:
    """Do what of a table is not done yet.

    Parameters
    ----------
    table
        As ``read_table`` gives it.
    store
        Where the forecasts go. The same call goes on after any kill.
    hands
        Who does the work; default: this process.
    client
        Of dask, in place of ``hands``.
    turn
        Which share of the work, where several commands share it.
    step
        Told of every job that has ended.

    Raises
    ------
    ConfigurationError
        Where another command is at work on the store with the same turn, and for workers of another
        program. What is wrong with a job is no error here: it is in ``failures``.
    """
    if client is not None:
        from forecast.jobs.hands import Cluster

        hands = Cluster(client)  # pyrefly: ignore[bad-argument-type]
    hands, turn = hands or Here(), turn or Turn()
    listed = listed_of(table)
    with store.planning():
        store.write_jobs(listed)
        if turn.of == 1:
            store.clear({job.digest for job in listed.jobs})
    with store.working(turn):
        before = store.done()
        _Doing(store, hands, turn, listed, step).all()
    wanted = {job.digest: job for job in listed.jobs}
    now = store.done()
    failures = {
        digest: one for digest, one in store.failures().items() if digest in wanted and digest not in now
    }
    ended = len(wanted.keys() & now)
    return Ended(
        len(wanted),
        ended,
        len(wanted.keys() & (now - before)),
        tuple((job, failures[job.digest]) for job in wanted.values() if job.digest in failures),
        len(wanted) - ended - len(failures),
    )


class _Doing:
    """One command at work."""

    def __init__(self, store: Store, hands: Hands, turn: Turn, listed: Listed, step: Step | None) -> None:
        self._store, self._hands, self._turn, self._step = store, hands, turn, step
        jobs = list({job.digest: job for job in listed.jobs}.values())
        self._all, self._ended, self._noted = len(jobs), 0, 0.0
        done = store.done()
        self._ended = sum(job.digest in done for job in jobs)
        self._long = [job for job in jobs if job.draws > LONG and job.digest not in done]
        short = [job for job in jobs if job.draws <= LONG]
        self._short = [job for at, job in enumerate(short) if turn.mine(at) and job.digest not in done]

    def all(self) -> None:
        """Short jobs, then long ones."""
        self._do_short()
        for job in self._long:
            self._do_long(job)

    def _do_short(self) -> None:
        """The first job alone, which is measured; then as many in a task as make its overhead small."""
        todo = self._short
        while todo:
            length = self._together(todo)
            batches = [todo[at : at + length] for at in range(0, len(todo), length)]
            if self._seconds is None:
                batches, todo = batches[: self._hands.workers], todo[self._hands.workers :]
            else:
                todo = []
            waiting = dict(enumerate(batches))
            self._note([job for batch in batches[: self._hands.workers] for job in batch])
            for at, results in self._hands.do(do_jobs, batches, _lost):
                for job, result in zip(batches[at], results, strict=True):
                    self._keep(job, result)
                del waiting[at]
                self._note([job for batch in list(waiting.values())[: self._hands.workers] for job in batch])

    _seconds: float | None = None

    def _together(self, todo: Sequence[Job]) -> int:
        if self._seconds is None:
            return 1
        needed = math.ceil(self._hands.task_seconds / OVERHEAD / max(self._seconds, 1e-3))
        return max(1, min(needed, len(todo) // (4 * self._hands.workers)))

    def _keep(self, job: Job, result: Done | Failed) -> None:
        if isinstance(result, Done):
            self._store.write_done(job, result)
            self._seconds = result.seconds if self._seconds is None else min(self._seconds, result.seconds)
        else:
            self._store.write_failed(job, result)
        self._ended += 1
        if self._step is not None:
            self._step(self._ended, self._all)

    def _note(self, jobs: Sequence[Job]) -> None:
        if time.monotonic() - self._noted > _NOTE_EVERY:
            self._noted = time.monotonic()
            self._store.note_running(self._turn, [job.digest for job in jobs])

    def _do_long(self, job: Job) -> None:
        self._noted = 0.0
        self._note([job])
        kept = Kept(self._store, job.digest, self._hands, self._turn)
        try:
            forecast = forecast_of_job(job, runner=kept)
            self._keep(job, done(forecast, kept.seconds))
        except OthersTurn:
            pass
        except OSError:  # the disk is full, the workers have gone: no fault of the job
            raise
        except Exception as error:  # one of many, as in ``do_job``
            self._keep(job, failed(error))


def _lost(error: Exception, jobs: Sequence[Job]) -> list[Done | Failed]:
    """What is kept of jobs whose workers died, one after the other."""
    return [failed(error)] * len(jobs)


class OthersTurn(Exception):
    """Parts of a long job are still to be counted by commands with other turns."""


@dataclass
class Kept:
    """Counts a long run in parts that a store keeps: a ``Runner`` that goes on where a killed one was."""

    store: Store
    digest: str
    hands: Hands
    turn: Turn
    seconds: float = 0.0

    def parts(self, work: Work, progress: Progress | None) -> Generator[Part]:
        """As of ``Runner``."""
        cuts = self._cuts(work)
        there = self._sound(cuts)
        if progress is not None:
            progress(sum(draws_of(work, cut) for cut in there))
        missing = [cut for at, cut in enumerate(cuts) if self.turn.mine(at) and cut not in there]
        for cut, image, seconds in count_parts(self.hands, work, missing, progress):
            self.store.write_part(self.digest, cut, image)
            self.seconds += seconds
        if not self.store.parts(self.digest) >= set(cuts):
            raise OthersTurn(self.digest)
        for cut in cuts:
            part = self.store.read_part(self.digest, cut)
            if part is None:  # changed since it was written a moment ago
                raise OthersTurn(self.digest)
            yield part

    def _cuts(self, work: Work) -> list[Cut]:
        """How the run is cut: as it was at first, so that all parts fit together."""
        with self.store.planning():
            cuts = self.store.cuts(self.digest)
            if not cuts or cuts[0][0] != 0 or cuts[-1][1] != len(work.calls):
                cuts = cuts_of(work, measured_call(work), self.hands)
                self.store.write_cuts(self.digest, cuts)
        return cuts

    def _sound(self, cuts: Sequence[Cut]) -> set[Cut]:
        """Parts that are there and whole."""
        there = self.store.parts(self.digest) & set(cuts)
        return {cut for cut in there if self.store.read_part(self.digest, cut) is not None}


def outlook(table: Table, store: Store) -> Outlook:
    """What is left of a table and what it will cost, from jobs of it that are done here, a few draws each."""
    listed = listed_of(table)
    jobs = list({job.digest: job for job in listed.jobs}.values())
    ready = store.done()
    left = [job for job in jobs if job.digest not in ready]
    probed = left[:: max(1, math.ceil(len(left) / _PROBED))]
    measured = [found for job in probed if (found := _measured(job)) is not None]
    if not measured:
        return Outlook(len(jobs), len(jobs) - len(left), 0, math.nan, 0)
    fixed, each, size = (sum(column) / len(measured) for column in zip(*measured, strict=True))
    seconds = sum(fixed + each * job.draws for job in left)
    return Outlook(len(jobs), len(jobs) - len(left), len(measured), seconds, round(size * len(left)))


def _measured(job: Job) -> tuple[float, float, float] | None:
    """Seconds of a job without draws, seconds of a draw, and bytes of its file; None where it fails."""
    few, some = replace(job, draws=_FEW), replace(job, draws=_SOME)
    try:
        forecast_of_job(few)  # compiles and reads what later jobs find
        times = []
        size = 0
        for one in (few, some):
            began = time.perf_counter()
            size = len(done(forecast_of_job(one), 0.0).image)
            times.append(time.perf_counter() - began)
    except (ForecastError, OSError):
        return None
    each = max(times[1] - times[0], 0.0) / (_SOME - _FEW)
    return max(times[0] - each * _FEW, 0.0), each, float(size)


def space_left(folder: Path) -> int:
    """Bytes that the disk of a folder, or of the nearest folder above it that there is, has left."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    about = os.statvfs(there) if hasattr(os, "statvfs") else None
    return about.f_bavail * about.f_frsize if about is not None else 2**63


def status(store: Store) -> Iterator[tuple[Job, str, Failed | None]]:
    """Every job of a store with what it is: done, running, failed or left."""
    jobs, ready, running, failures = store.read_jobs().jobs, store.done(), store.running(), store.failures()
    for job in jobs:
        if job.digest in ready:
            yield job, "done", None
        elif job.digest in running:
            yield job, "running", None
        elif job.digest in failures:
            yield job, "failed", failures[job.digest]
        else:
            yield job, "left", None
