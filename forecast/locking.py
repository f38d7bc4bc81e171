"""A lock between processes: a file that is there while somebody holds it.

The system lets go of a lock when its holder ends, killed or not; so whoever gets the lock of another's work
knows that nobody is at it any more. The lock is one on an open file (``flock``; on Windows on its first
byte), not the file's being there, which would outlast a killed holder.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

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
