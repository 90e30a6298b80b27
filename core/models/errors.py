"""What can go wrong while a world is fetched, imported or removed, said for a person."""

from __future__ import annotations

import errno
from pathlib import Path

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class ModelError(Exception):
    """``str(error)`` says what happened, what was kept and what to do next.

    ``what`` and ``then`` are sentences; ``kept`` is added by whoever knows what lies on the disk.
    No message ever carries a token or the address of a signed link.
    """

    def __init__(self, what: str, then: str = "", kept: str = ""):
        super().__init__(what, then, kept)
        self.what, self.then, self.kept = what, then, kept

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.kept, self.then) if part)

    def keeping(self, kept: str) -> ModelError:
        """The same error, which now also says what was kept."""
        self.kept = kept
        return self


class Stopped(Exception):
    """The work was stopped because it was asked to. What was fetched is kept."""


class Offline(ModelError):
    """Nothing is fetched because the studio or the machine was told to stay offline."""


class LicenceNotAccepted(ModelError):
    """The licence was not accepted yet, or it has changed since. ``card`` is the page's word."""

    def __init__(self, what: str, then: str = "", card: str = ""):
        super().__init__(what, then)
        self.card = card


class AccessRefused(ModelError):
    """The hub wants somebody it knows: 401, or 403 for a gated world."""


class NotThere(ModelError):
    """404: the repository, the revision or the file is gone."""


class NoConnection(ModelError):
    """The hub was not reached, or the line broke and stayed broken."""

    again = True  # whether trying again can help


class HubBusy(ModelError):
    """429 or 5xx: to be tried again, ``wait`` seconds from now where the hub says so."""

    def __init__(self, what: str, then: str = "", wait: float | None = None):
        super().__init__(what, then)
        self.wait = wait


class WrongContent(ModelError):
    """What arrived is not what the hub's list says: another hash or another size."""


class Refused(ModelError):
    """The repository or folder holds what the studio does not take: bad names, pickles, gaps."""


class DiskTrouble(ModelError):
    """The disk is full, read-only or gone."""


def disk_trouble(path: Path, error: OSError) -> DiskTrouble:
    """The message for a write to ``path`` that the system refused."""
    if error.errno in _FULL:
        return DiskTrouble(
            f"The disk that holds {path} is full.", "Free some space; it goes on from there."
        )
    if error.errno == errno.EFBIG:
        return DiskTrouble(
            f"{path.name} is larger than a file may be in {path.parent}.",
            "Choose a folder on another disk (a FAT32 disk takes no file above 4 GB).",
        )
    if error.errno in _REFUSED:
        return DiskTrouble(
            f"Nothing can be written in {path.parent}: you may not, or the disk is read-only.",
            "Choose another folder.",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ESTALE):
        return DiskTrouble(
            f"{path.parent} is not there any more.",
            "Connect its disk again or choose another folder.",
        )
    return DiskTrouble(
        f"{path.name} could not be written in {path.parent}: {error.strerror or error}.",
        "Choose another folder.",
    )
