"""Run a mutant in this process, and say what is wrong with how it ended."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import time
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from forecast.cli.main import main
from forecast.errors import UNSEEN
from tests.fuzz.subjects import Command, Mutant, lay_out, left_over

MOST_SECONDS = 10.0
DOCUMENTED = frozenset({0, 2, 3, 4})
_NOT_FOR_PEOPLE = ("unexpected error", "Traceback", "Warning:", "MemoryError", "pydantic", "Error:")


class TooSlow(BaseException):
    """The time of a mutant is over; no ``Exception``, so that no command takes it for its own."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    command: Command
    code: int
    out: str
    err: str
    seconds: float
    """Of the processor."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Raise ``TooSlow`` in Python code that takes more seconds of the processor (the machine may be busy).

    Compiled code, and what waits for ever, is stopped from outside.
    """

    def over(signal: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def run(one: Mutant, folder: Path) -> list[Ended]:
    """Its commands in turn, until one does not end with 0."""
    lay_out(one, folder)
    ended: list[Ended] = []
    with contextlib.chdir(folder):
        for command in one.commands:
            ended.append(_run(command))
            if ended[-1].code != 0:
                break
    return ended


def _run(command: Command) -> Ended:
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogatepass"), io.StringIO()
    started = time.process_time()
    with warnings.catch_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        warnings.simplefilter("always")
        try:
            with time_limit(MOST_SECONDS):
                code = main(list(command))
        except TooSlow:
            code = -1
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
    out.flush()
    written = out.buffer.getvalue() if isinstance(out.buffer, io.BytesIO) else b""
    seconds = time.process_time() - started
    return Ended(command, code, written.decode("utf-8", "surrogatepass"), err.getvalue(), seconds)


def complaints(one: Mutant, ended: list[Ended], folder: Path) -> Iterator[str]:
    """What is wrong; nothing where every command ended as documented."""
    for each in ended:
        yield from _of_command(each)
    if ended[-1].code != 0 and ended[-1].command[0] != "verify":
        for name in left_over(folder, one):
            if len(ended) == 1 or name != "out":
                yield f"left behind: {name}"


def _of_command(each: Ended) -> Iterator[str]:
    if each.code == -1:
        yield f"over {MOST_SECONDS:g} s"
        return
    said = next((word for word in _NOT_FOR_PEOPLE if word in each.err), "")
    if said:
        yield f"{said}: {each.err.strip().splitlines()[-1][:300]}"
    elif each.code not in DOCUMENTED and not (each.code == 1 and each.command[0] == "verify"):
        yield f"exit code {each.code}: {each.err[:200]}"
    elif each.code not in (0, 1) and not each.err.strip():
        yield f"exit code {each.code} without a word"
    unseen = UNSEEN.search(each.out) or UNSEEN.search(each.err)
    if unseen:
        yield f"the character {unseen.group()!r} reaches the terminal"
    if any(not line.strip() for line in each.err.splitlines()):
        yield "an empty line on stderr"
    if each.code == 0 and "--json" in each.command:
        try:
            json.loads(each.out)
        except ValueError:
            yield "no JSON on stdout"


def quiet_environment() -> None:
    """No setting of a person reaches the mutants, and no width of a terminal."""
    for name in ("FORECAST_SEED", "FORECAST_DEBUG"):
        os.environ.pop(name, None)
    os.environ |= {"NO_COLOR": "1", "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
