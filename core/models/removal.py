"""Taking a world off the disk: only what the studio itself put there."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from core.models.errors import ModelError, disk_trouble
from core.models.marker import NAME, WORLD, Marker
from core.models.places import STATE, Installed, find_installed
from core.models.settings import ModelSettings
from core.project.atomic import replace_file

GONE = ".removed"  # behind a hidden name: what is on its way out
IMPORTING = ".importing"  # and what is on its way in
_DAY = 86_400.0


@dataclass(frozen=True)
class Removed:
    """``freed`` bytes; ``left``: the folder that stays because a person put something into it."""

    freed: int
    left: Path | None = None


def remove(id: str, settings: ModelSettings) -> Removed:
    """Remove an installed world. A folder used in place is only forgotten: the links to it go.

    The world stops being installed in one step (its folder, or its marker, is renamed away), then
    its files go. Files that the studio did not put there stay. Raises ModelError.
    """
    world = find_installed(id, settings)
    if world is None:
        raise ModelError(f"There is no world {id!r} that could be removed.", "See: worlds list.")
    freed = world.marker.bytes if world.owned else 0
    if not _foreign(world.folder, world.marker):
        take_away(world.folder)
        return Removed(freed)
    _take_listed(world)
    return Removed(freed, world.folder)


def take_away(folder: Path) -> None:
    """Rename ``folder`` out of sight at once, then delete it. Links are never followed."""
    gone = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{GONE}")
    try:
        replace_file(folder, gone)
    except OSError as error:
        raise disk_trouble(folder, error) from error
    shutil.rmtree(gone, ignore_errors=True)


def sweep(settings: ModelSettings) -> None:
    """Finish removals that a crash interrupted, and drop copies that were never finished."""
    for root in settings.roots:
        try:
            hidden = [p for p in root.iterdir() if p.name.startswith(".") and not p.is_symlink()]
            old = time.time() - _DAY  # another studio may be copying right now
            left = [
                p for p in hidden
                if p.name.endswith(GONE)
                or (p.name.endswith(IMPORTING) and p.stat().st_mtime < old)
            ]  # fmt: skip
        except OSError:
            continue
        for path in left:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)


def _ours(marker: Marker) -> set[str]:
    return {*marker.files, NAME, WORLD, STATE}


def _foreign(folder: Path, marker: Marker) -> bool:
    """Whether anything in the folder is not the studio's."""
    ours = _ours(marker)
    homes = {str(Path(name).parent) for name in ours}
    for home, below, names in os.walk(folder):
        here = Path(home).relative_to(folder)
        if any((here / name).as_posix() not in ours for name in names):
            return True
        for name in below:
            inner = (here / name).as_posix()
            if Path(home, name).is_symlink() or not any(
                h == inner or h.startswith(f"{inner}/") for h in homes
            ):
                return True
    return False


def _take_listed(world: Installed) -> None:
    folder = world.folder
    try:
        replace_file(folder / NAME, folder / f"{NAME}{GONE}")  # from here on it is not installed
        for name in sorted(_ours(world.marker), reverse=True):
            (folder / name).unlink(missing_ok=True)  # of a link, the link
        (folder / f"{NAME}{GONE}").unlink(missing_ok=True)
        for home in sorted({folder / Path(n).parent for n in world.marker.files}, reverse=True):
            if home != folder:
                _remove_if_empty(home)
    except OSError as error:
        raise disk_trouble(folder, error) from error


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass


