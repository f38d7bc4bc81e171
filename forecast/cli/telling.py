"""What commands say: results on stdout, everything else on stderr, a line each.

Nothing that came from outside reaches either but through ``forecast.errors``.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from forecast.errors import json_text, visible

LONGEST_LINE = 4_000


class OutputLostError(Exception):
    """Stdout cannot be written: nobody reads it, it is closed, or its disk is full.

    No ``OSError``, which the libraries that print would take for their own affair.
    """


def tell(message: str) -> None:
    """One line on stderr."""
    with suppress(OSError):  # where nobody listens on stderr there is nobody else to tell
        print(visible(message, LONGEST_LINE), file=sys.stderr, flush=True)


def show(line: str) -> None:
    """One line of results."""
    sys.stdout.write(visible(line, LONGEST_LINE) + "\n")


def show_json(value: Any, indent: int | None = 2) -> None:
    """A value as JSON; in ASCII where stdout takes nothing else."""
    sys.stdout.write(json_text(value, indent, ascii_only=not _takes_unicode()) + "\n")


def show_records(records: Iterable[Any]) -> None:
    """A list as JSON, a line for each record."""
    lines = (json_text(record, ascii_only=not _takes_unicode()) for record in records)
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


def _takes_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def take_over_streams() -> None:
    """Make stdout and stderr of this process what commands write to.

    What is closed is opened, or the next file would take its number: stdout so that writing fails, as it
    should, stderr so that it goes nowhere. A letter that a stream cannot hold is written out.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    sys.stdout = cast(TextIO, _Results(stdout))


class _Results:
    """Stdout whose troubles are ``OutputLostError``; in all else the stream itself."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> _Results:
        """The bytes below."""
        return _Results(self._stream.buffer)

    def write(self, text: Any) -> int:
        """Write, or lose the output for good.

        What is empty is not written: by it typer tells what a stream takes, whatever else comes of it.
        """
        if not text and isinstance(text, str) == isinstance(self._stream, io.TextIOBase):
            return 0
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _lost(self._stream, error) from None

    def flush(self) -> None:
        """Flush, or lose the output for good."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _lost(self._stream, error) from None


def _lost(stream: Any, error: OSError) -> OutputLostError:
    """Say why, and let what is still to be written go nowhere: Python flushes once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    reason = {
        errno.EPIPE: "its reader has gone",
        errno.EBADF: "closed",
        errno.ENOSPC: "no space left on the disk",
    }.get(error.errno or 0, error.strerror or str(error))
    return OutputLostError(f"stdout: {reason}; not all was printed (files that were written are whole)")


@contextmanager
def progress(what: str, quiet: bool) -> Generator[Callable[[int, int], None] | None]:
    """A bar on stderr, where that is a terminal; it is told how much is done, and of how much."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def drawing(draws: int, quiet: bool) -> Generator[Callable[[int], None] | None]:
    """The same of draws; it is told of every part of them."""
    with progress("drawing", quiet) as step:
        if step is None:
            yield None
            return
        done = 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            step(done, draws)

        step(0, draws)
        yield advance
