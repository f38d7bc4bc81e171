"""The bytes and the text of a file that a user names; of a packed one too."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from gzip import GzipFile
from io import BytesIO
from pathlib import Path
from typing import IO

from forecast.errors import ABSENT, Fault, ForecastError
from forecast.visible import first_unseen

Refusal = type[ForecastError]
"""The kind of error that a caller raises for what is wrong with a file; it bears the exit code."""

Remedy = str | Callable[[], str]
"""What would be right, or a function that says it; it may look around for other files."""
A_FOLDER = "this is a folder; a file is expected"

MOST_OF_A_TABLE = 100_000_000
"""Bytes of a table of polls or votes: a hundred times more than the largest archive."""
MOST_OF_DRAWS = 1_000_000_000
"""Bytes of a table of draws: a million draws of fifty parties."""

_PART = 1 << 20


def read_bytes(
    path: Path,
    refusal: Refusal,
    *,
    most: int,
    missing: Remedy = "no such file",
    folder: Remedy = A_FOLDER,
) -> bytes:
    """The bytes of a file.

    ``refusal`` where there is none (``missing``), where it is a folder (``folder``) or may not be read, and
    where it is larger than ``most`` bytes: it is then not read to its end.
    """
    place = str(path)
    unseen = first_unseen([place])
    if unseen or "\n" in place or "\t" in place:
        what = f"the character {unseen}" if unseen else "a line break or a tab"
        raise refusal(Fault(place, "", ABSENT, f"the name of this file holds {what}; give it another name"))
    try:
        with path.open("rb") as file:
            data = _bounded(file, most)
    except FileNotFoundError:
        raise refusal(Fault(place, "", ABSENT, missing() if callable(missing) else missing)) from None
    except IsADirectoryError:
        raise refusal(Fault(place, "", ABSENT, folder() if callable(folder) else folder)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refusal(Fault(place, "", ABSENT, f"cannot be read: {reason.lower()}")) from None
    _refuse_size(data, most, place, refusal)
    return data


def unpacked(data: bytes, place: str, refusal: Refusal, *, most: int) -> bytes:
    """What gzip packed, at most ``most`` bytes of it: a few bytes may stand for a disk full."""
    try:
        found = _bounded(GzipFile(fileobj=BytesIO(data)), most)
    except (OSError, EOFError, zlib.error):
        raise refusal(Fault(place, "", ABSENT, "not packed by gzip, or cut short")) from None
    _refuse_size(found, most, place, refusal)
    return found


def _bounded(file: IO[bytes] | GzipFile, most: int) -> bytes:
    """The bytes of a file, up to a little over ``most``; Python sets aside all that it is asked to read."""
    parts: list[bytes] = []
    size = 0
    while size <= most and (part := file.read(_PART)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _refuse_size(data: bytes, most: int, place: str, refusal: Refusal) -> None:
    if len(data) > most:
        raise refusal(Fault(place, "", ABSENT, f"larger than {most:,} bytes, which none such file is"))


def utf8_text(data: bytes, place: str, refusal: Refusal) -> str:
    """Text in UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = f"not UTF-8 text (byte {error.start + 1}); save the file as UTF-8"
        raise refusal(Fault(place, "", ABSENT, remedy)) from None
