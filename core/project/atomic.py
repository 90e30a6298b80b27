"""Files that are whole or not there: written beside, flushed to the disk, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import time
from pathlib import Path

from core.project.errors import ProjectError

#: Every file still being written ends like this, so that a sweep finds what a crash left.
PARTIAL = ".partial"


def partial(target: Path) -> Path:
    """A new name beside ``target`` to write to, short however long that one is."""
    return target.with_name(f".{secrets.token_hex(8)}{PARTIAL}")


def write_atomic(target: Path, data: bytes) -> None:
    """Replace ``target`` by ``data`` whole, or leave it as it was and raise ``OSError``."""
    temp = partial(target)
    try:
        with open(temp, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replace_file(temp, target)
    except BaseException:
        remove_quietly(temp)
        raise
    sync_folder(target.parent)


def replace_file(source: Path, target: Path) -> None:
    """``os.replace``; on Windows again for a moment, while a virus scanner holds the target."""
    for wait in (0.02, 0.05, 0.1, 0.2, 0.4) if os.name == "nt" else ():
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(wait)
    os.replace(source, target)


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` last through a power cut, where the system can."""
    if os.name == "nt":
        return
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass  # some network file systems cannot; the rename itself is done
    finally:
        os.close(fd)


def remove_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass


def why(error: OSError) -> str:
    """What stopped a write or a read, and what to do, as a sentence."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "The disk is full. Free some space and try again."
        case errno.EFBIG:
            return "The file has grown larger than this disk allows."
        case errno.EACCES | errno.EPERM:
            return "You may not write or read there. Check the folder's permissions."
        case errno.EROFS:
            return "The disk is read-only."
        case errno.ENOENT:
            return "The file or folder is no longer there."
        case _:
            return f"{error.strerror or error}."


def failed(what: str, error: OSError) -> ProjectError:
    return ProjectError(f"{what} {why(error)}")
