"""Worlds somebody already has: a folder in the layout of diffusers, or a snapshot of a hub cache.

It is verified first, then used where it lies (nothing is written into it) or copied.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.models import check
from core.models.download import MARGIN
from core.models.errors import DiskTrouble, ModelError, Refused, Stopped, disk_trouble
from core.models.marker import Kept, Marker, read_facts, write_marker, write_world
from core.models.places import (
    PROGRAM,
    Installed,
    find_installed,
    parent_inside,
    prepare_root,
)
from core.models.progress import Meter, Progress
from core.models.removal import IMPORTING, take_away
from core.models.settings import ModelSettings
from core.models.sizes import size
from core.project.atomic import replace_file, sync_folder

_BLOCK = 1 << 20


def import_folder(
    folder: Path,
    settings: ModelSettings,
    copy: bool = False,
    root: Path | None = None,
    id: str = "",
    progress: Callable[[Progress], None] = lambda p: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Installed:
    """Verify ``folder`` and make it a world of the studio. Raises ModelError or Stopped.

    In place: a folder of the studio's own only links to its files. ``copy``: they are copied below
    ``root`` (else the settings' folder); links are copied as the files they lead to.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise Refused(f"{folder} is not a folder.", "Choose the folder of the world.")
    found = check.check_folder(_snapshot_of(folder), cancelled)
    offer = check.offer_for(found)
    if offer is None:
        raise Refused(
            f"{folder} holds a {found.pipeline or 'model'}, which is none of the worlds that "
            "this studio can run.",
            "Nothing was changed. See the list of worlds for those it can.",
        )
    id = free_id(id or offer.id, settings, given=bool(id))
    home = prepare_root(root or settings.folder)
    target = home / id
    if target.exists() or target.is_symlink():
        raise ModelError(
            f"There is a folder {target} already.", "Move it away or choose another folder."
        )
    settings.add_root(home)
    growing = home / f".{id}.{secrets.token_hex(4)}{IMPORTING}"
    try:
        growing.mkdir()
        kept = (
            _copy(found, growing, Meter(progress), cancelled) if copy else _link(found, growing)
        )
        name = offer.name if id == offer.id else f"{offer.name} ({id})"
        marker = Marker(
            id=id, offer=offer.id, name=name, repo=offer.repo, commit="",
            licence={"name": offer.licence.name, "version": offer.licence.version},
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            source="" if copy else str(found.folder), files=kept,
        )  # fmt: skip
        facts = read_facts(found.folder, offer.family)
        write_world(growing, offer, id, name, facts)
        write_marker(growing, marker)
        replace_file(growing, target)
        sync_folder(home)
    except BaseException as error:
        if growing.exists():
            take_away(growing)
        if isinstance(error, OSError):
            raise disk_trouble(target, error).keeping("Nothing was changed.") from error
        raise
    return Installed(target, marker)


def free_id(id: str, settings: ModelSettings, given: bool = False) -> str:
    """``id``, or ``id-2`` and so on where it is taken; one that was ``given`` is not changed."""
    def taken(name: str) -> bool:
        ours = PROGRAM / "resources" / "worlds" / name
        return ours.exists() or find_installed(name, settings) is not None

    if not id.replace("-", "").replace("_", "").isalnum() or not id.isascii() or len(id) > 60:
        raise ModelError(f"{id!r} can't be the name of a world.", "Use letters, digits and -.")
    if given and taken(id):
        raise ModelError(f"There is a world {id!r} already.", "Choose another name.")
    names = (id, *(f"{id}-{n}" for n in range(2, 1000)))
    return next(name for name in names if not taken(name))


def _snapshot_of(folder: Path) -> Path:
    """A cache's folder of a repository is taken as its one snapshot."""
    if (folder / check.INDEX).exists():
        return folder
    try:
        found = [p for p in (folder / "snapshots").iterdir() if (p / check.INDEX).is_file()]
    except OSError:
        return folder
    return found[0] if len(found) == 1 else folder


def _link(found: check.Found, target: Path) -> dict[str, Kept]:
    """In place nothing is hashed: sizes and times show whether a file is touched later."""
    kept = {}
    for name in found.files:
        path = parent_inside(target, name)
        try:
            path.symlink_to(found.folder / name)
        except OSError as error:
            raise ModelError(
                f"No link can be made in {target.parent} ({error.strerror or error}), so this "
                "folder can't be used where it is.",
                "Import a copy of it instead (or on Windows, turn on Developer Mode).",
                "Nothing was changed.",
            ) from error
        now = os.stat(path)
        kept[name] = Kept(now.st_size, "", now.st_mtime_ns)
    return kept


def _copy(
    found: check.Found, target: Path, meter: Meter, cancelled: Callable[[], bool]
) -> dict[str, Kept]:
    free = shutil.disk_usage(target).free
    if free < found.bytes + MARGIN:
        raise DiskTrouble(
            f"A copy needs {size(found.bytes + MARGIN)} on the disk of {target.parent}, and "
            f"{size(free)} are free.",
            "Free some space, choose another folder, or use it where it is.",
            "Nothing was copied.",
        )
    kept: dict[str, Kept] = {}
    done = 0
    meter.at(0, found.bytes)
    for name in sorted(found.files):
        meter.phase("fetching", name)
        path = parent_inside(target, name)
        digest = hashlib.sha256()
        with open(found.folder / name, "rb") as source, open(path, "xb") as copy:
            while block := source.read(_BLOCK):
                if cancelled():
                    raise Stopped
                copy.write(block)
                digest.update(block)
                done += len(block)
                meter.at(done)
            copy.flush()
            os.fsync(copy.fileno())
        now = os.lstat(path)
        if now.st_size != found.files[name]:
            raise Refused(f"{name} changed while it was copied.", "Try again.")
        kept[name] = Kept(now.st_size, digest.hexdigest(), now.st_mtime_ns)
    meter.phase("finishing")
    check.check_folder(target, cancelled)
    return kept
