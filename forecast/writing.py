"""Writing that is whole or not at all: files and sets of files, whenever their writer is stopped.

A file is written to a draft in the folder of its place and then takes it, in one step of the file system.
Under its name there is the earlier file or the later one, and nothing that lies beside is moved or removed.
The files of a set take their places one after the other, in about a thousandth of a second; meanwhile a note
(``UNFINISHED``) stands among them, which stays where the writer is killed in that moment. A lock lets one set
after the other be placed.

A draft has a lock that its writer holds. What killed writers left is known by the lock that nobody holds, and
removed by the next writer in the same folder. The system lets go of a lock when its holder ends, killed or
not. It is one on an open file (``flock``; on Windows on its first byte), not the file's being there, which
would outlast a killed holder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

_PAUSE = 0.02
_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK})
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL})


class Held(OSError):
    """Another process holds the lock, and held it for as long as it was waited for."""


@contextmanager
def locked(path: Path, wait: float = 0.0) -> Generator[bool]:
    """Hold the lock whose file is ``path``, alone among all processes of this machine.

    ``Held`` where another has it for longer than ``wait`` seconds; ``OSError`` where the file cannot be made.
    Yields whether there is a lock at all: some file systems (Lustre, as it is often mounted) know none.
    """
    until = time.monotonic() + wait
    while (handle := _opened_and_locked(path)) is None:
        if time.monotonic() >= until:
            raise Held(errno.EAGAIN, "another process is writing here; try again when it is done", str(path))
        time.sleep(_PAUSE)
    try:
        yield handle >= 0
    finally:
        if handle >= 0:
            _let_go(path, handle)


def _opened_and_locked(path: Path) -> int | None:
    """A handle that holds the lock; None where another has it; below 0 where there are no locks."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        _lock(handle)
        # Who let go of it removed the file; a lock on what has no name any more is no lock.
        if _is(handle, path):
            return handle
    except OSError as error:
        os.close(handle)
        if error.errno in _HELD:
            return None
        if error.errno in _NO_LOCKS:
            path.unlink(missing_ok=True)
            return -1
        raise
    os.close(handle)
    return None


def _is(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _let_go(path: Path, handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        os.close(handle)
        with suppress(OSError):  # another has it open by now: the file is theirs to remove
            path.unlink()

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _let_go(path: Path, handle: int) -> None:
        # While it is held: else it may be another's file that goes.
        with suppress(OSError):
            path.unlink()
        os.close(handle)


RECORD_NAME = "run.json"
"""Of the record of a set: among other things the SHA-256 of every other file, under ``outputs``."""

UNFINISHED = "UNFINISHED.txt"
"""Of the note that stands in a folder while a set is placed there."""

_NOTE = (
    "forecast is putting files here, or was stopped while it did: some are of an earlier result, some of a\n"
    "later one. Where this note stays, run the command again.\n"
)
_STOPPED = f"a command was stopped while it put files here (see {UNFINISHED})"
_PLACING = ".forecast-placing.lock"
_LOCKS = re.compile(r"\.forecast-([0-9a-f]{16}|placing)\.lock")
_OWN = re.compile(rf"{_LOCKS.pattern}|\.forecast-[0-9a-f]{{16}}\.draft|{re.escape(UNFINISHED)}")
_AT_ONCE = 16
"""Files that are brought to the disk side by side."""
_WAIT = 60.0
"""Seconds to wait for another set to be placed."""


@contextmanager
def replacing(path: Path, *, drafts_in: Path | None = None) -> Generator[Path]:
    """A draft to write a file to; it takes the place of ``path`` when the block ends well, else vanishes.

    It lies in the folder of ``path``, or in ``drafts_in`` on the same disk: who writes many files into one
    folder spares its list a look for each.
    What is there and no file, such as /dev/stdout, is written to instead. ``OSError`` names ``path``, not the
    draft.
    """
    with _naming(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way; name a file", str(path))
        if path.exists() and not path.is_file():
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder) / "draft"
                with (Path(folder) / "draft").open("rb") as draft, path.open("wb") as stream:
                    shutil.copyfileobj(draft, stream)
            return
        target = path.resolve() if path.is_symlink() else path
        with _made(target.parent), _drafts(drafts_in or target.parent) as drafts:
            yield drafts / target.name
            _flush(drafts / target.name)
            (drafts / target.name).replace(target)
            _flush(target.parent)


@contextmanager
def replacing_folder(path: Path, *, record: str = RECORD_NAME, alone: bool = False) -> Generator[Path]:
    """A draft folder to fill; when the block ends well its files take their places in ``path``.

    Other files of ``path`` stay, but for those in folders below that an earlier ``record`` names, that are
    unchanged since, and that this set no longer has; where the set is to be ``alone``, others are refused.
    The record itself comes last.
    """
    with _naming(path):
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way; name a folder", str(path))
        with _made(path), _drafts(path) as draft:
            yield draft
            files = sorted(_files_of(draft), key=lambda name: (name == record, "/" in name, name))
            _flush_all(draft / name for name in files)
            with locked(path / _PLACING, _WAIT), _uninterrupted():
                left = _left_over(path, files, record)
                _refuse_obstacles(path, files)
                if alone:
                    _refuse_strangers(path, {*files, *left, record})
                _place(draft, path, files, left)


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a folder and below, by its name from there (with ``/``)."""
    return {name: digest_of(folder / name) for name in _files_of(folder)}


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def outputs_of(folder: Path, record: str = RECORD_NAME) -> dict[str, str]:
    """What the record in a folder says of its files: SHA-256 by name; empty where there is no such record."""
    try:
        outputs = json.loads((folder / record).read_text(encoding="utf-8"))["outputs"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}
    found = outputs.items() if isinstance(outputs, Mapping) else ()
    return {name: digest for name, digest in found if isinstance(digest, str) and _is_below(name)}


def why_mixed(folder: Path, name: str) -> str:
    """Why a file and the record beside it are not of one set, as a clause; empty where they may be."""
    if (folder / UNFINISHED).exists():
        return _STOPPED
    outputs = outputs_of(folder)
    if outputs and outputs.get(name) != digest_of(folder / name):
        return f"its {name} and its {RECORD_NAME} are not of one run"
    return ""


def why_changed(folder: Path, record: str) -> str:
    """Why the files in a folder are not just those that its record names, as a clause; empty where they may
    be.
    """
    if (folder / UNFINISHED).exists():
        return _STOPPED
    outputs = outputs_of(folder, record)
    found = {name: digest_of(folder / name) for name in _others(_files_of(folder)) if name != record}
    if (folder / record).exists() and found != outputs:
        return "damaged: its files are not those that were written, by their checksums (SHA-256)"
    return ""


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _files_of(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _others(names: Iterable[str]) -> list[str]:
    """Files but for those of writers that are at work, or were killed."""
    return [name for name in names if not _OWN.match(name)]


def _left_over(target: Path, files: Iterable[str], record: str) -> list[str]:
    """Files in folders below that the earlier record names and the new set has not, unchanged since."""
    kept = set(files)
    if record not in kept:
        return []
    earlier = outputs_of(target, record)
    gone = [name for name in earlier if "/" in name and name not in kept and (target / name).is_file()]
    return [name for name in gone if digest_of(target / name) == earlier[name]]


def _refuse_obstacles(target: Path, files: Iterable[str]) -> None:
    """Before anything takes its place: a set of which half does not fit is none."""
    for name in files:
        place = target / name
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, f"a folder is in the way of {name}", str(target))
        for above in place.relative_to(target).parents:
            if (target / above).exists() and not (target / above).is_dir():
                raise NotADirectoryError(errno.ENOTDIR, f"a file is in the way of {name}", str(target))


def _refuse_strangers(target: Path, known: set[str]) -> None:
    strangers = [name for name in _others(_files_of(target)) if name not in known]
    if strangers:
        said = f"it holds something else, such as {strangers[0]}; choose another name, or remove it"
        raise FileExistsError(errno.EEXIST, said, str(target))


def _place(draft: Path, target: Path, files: list[str], left: list[str]) -> None:
    """Let files take their places, the last one (the record) after those that are ``left`` have gone."""
    note = target / UNFINISHED
    noted = len(files) > 1 and (not note.exists() or note.read_text(errors="replace") == _NOTE)
    folders = {(target / name).parent for name in files}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    if noted:
        (draft / UNFINISHED).write_text(_NOTE)
        (draft / UNFINISHED).replace(note)
        _flush(target)
    for name in files:
        if name == files[-1]:
            for old in left:
                (target / old).unlink(missing_ok=True)
        (draft / name).replace(target / name)
    _flush_all(folders)
    if noted:
        note.unlink(missing_ok=True)
        _flush(target)


@contextmanager
def _made(folder: Path) -> Generator[None]:
    """The folder is there; what had to be made for it is removed again where the block fails."""
    missing = [above for above in (folder, *folder.parents) if not above.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for made in missing:
            with suppress(OSError):  # another has put something there
                made.rmdir()
        raise
    for made in missing:
        _flush(made.parent)


@contextmanager
def _drafts(folder: Path) -> Generator[Path]:
    """A folder of drafts in ``folder``, of which nothing is left when the block has ended."""
    clear_drafts(folder)
    name = secrets.token_hex(8)
    with locked(folder / f".forecast-{name}.lock", _WAIT):
        draft = folder / f".forecast-{name}.draft"
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def clear_drafts(folder: Path) -> None:
    """Remove what killed writers left in a folder: their locks, which nobody holds, and their drafts."""
    with suppress(OSError):
        for entry in folder.iterdir():
            match = _LOCKS.fullmatch(entry.name)
            if match is None:
                continue
            with suppress(OSError), locked(entry) as held:
                if held:
                    shutil.rmtree(folder / f".forecast-{match[1]}.draft", ignore_errors=True)


@contextmanager
def _uninterrupted() -> Generator[None]:
    """Ctrl-C waits until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if heard:
        signal.raise_signal(signal.SIGINT)


def _flush_all(paths: Iterable[Path]) -> None:
    """Bring files or folders to the disk side by side: each by itself would wait for the disk once more."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(_flush, paths):  # an error of one is raised here
            pass


def _flush(path: Path) -> None:
    """Bring a file or folder to the disk, where the system knows how."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


@contextmanager
def _naming(path: Path) -> Generator[None]:
    """Errors of the system name the place that the user knows, not the draft in it."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
