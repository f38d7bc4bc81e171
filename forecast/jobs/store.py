"""The folder of a table of jobs: what is to be done, what is done, what failed, and parts of long jobs.

``jobs.json``                        the table as it was read, with the digest of every job
``done/<digest>.nc``                 its forecast; a job is done when this is there
``done/<digest>.json``               what it cost, when, and with which version
``failed/<digest>.json``             the exit code that a run would end with, and what it would say
``parts/<digest>/cuts.json``         how the calls of a long job are cut
``parts/<digest>/<begin>-<end>.npz`` what some of its calls counted
``running/<i>-<n>.json``             what the command that is at work has under way

Every file is written whole or not at all, and what killed writers left is cleared by the next.
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.jobs.hands import Cut, part_of
from forecast.jobs.job import Done, Failed, Job
from forecast.simulation.running import Part
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
