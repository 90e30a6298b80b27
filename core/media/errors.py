"""What can go wrong with a media file, said so that an artist can act on it."""

from __future__ import annotations

import errno
from pathlib import Path

# A quota (EDQUOT) and a limit on the size of a file (EFBIG, also FAT32's 4 GB) need the
# same remedy as a full disk, so they are told apart only in the wording.
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}


class MediaError(Exception):
    """A media file cannot be read or written.

    ``str(error)`` is one or two sentences for the artist: what happened, what was kept,
    what to do next.
    """


class Cancelled(Exception):
    """The work was stopped because it was asked to; nothing was replaced."""


def cannot_write(path: Path, error: OSError) -> MediaError:
    """The message for a write to ``path`` that the system refused."""
    folder = path.parent
    kept = "Nothing that was there before was changed."
    if error.errno in _FULL:
        why = f"the disk that holds {folder} is full"
        then = "Free some space or choose another folder, then try again."
    elif error.errno == errno.EFBIG:
        why = "the file would be larger than is allowed in that place"
        then = "Choose another disk or a smaller size, then try again."
    elif error.errno in _READ_ONLY:
        why = f"you may not write in {folder}"
        then = "Choose another folder, then try again."
    elif error.errno in (errno.ENOENT, errno.ENOTDIR):
        why = f"there is no folder {folder}"
        then = "Make the folder or choose another one, then try again."
    elif error.errno == errno.EISDIR:
        why = "a folder of that name is already there"
        then = "Choose another name, then try again."
    else:
        why = f"the system refused it ({error.strerror or error})"
        then = "Choose another folder, then try again."
    return MediaError(f"{path.name} could not be written: {why}. {kept} {then}")


def cannot_read(path: Path, why: str, then: str = "Choose another file.") -> MediaError:
    """The message for a file that is there and is of no use."""
    return MediaError(f"{path.name} cannot be opened: {why}. {then}")
