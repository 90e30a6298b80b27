"""One bootstrap at a time: a lock that the system releases even when its holder is killed."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


#: A file system without locks (some network ones): there is nobody to wait for.
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def only_one(path: Path, waiting: Callable[[str], None], poll: float = 0.5) -> Iterator[int]:
    """Hold the lock; while another holds it, say so once and wait. Yields the file descriptor.

    The descriptor is for pip to inherit: should the bootstrap be killed while its pip goes on,
    the lock stays until that pip has ended too.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        told = False
        while not _try_lock(handle):
            if not told:
                holder = os.pread(handle, 32, 0).decode(errors="replace") if fcntl else ""
                waiting(holder.strip())
                told = True
            time.sleep(poll)
        if fcntl:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        return error.errno in NO_LOCKS
    return True
