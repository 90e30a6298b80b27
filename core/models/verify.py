"""Are the files of an installed world still what was verified when it came? And mending it.

Every file is read and compared with the marker's checksum. What is damaged is fetched again alone:
the world becomes a download that was begun, with all of its good files done, and goes on as one; so
whatever a download survives, mending survives.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.models import check
from core.models.begun import Begun, Plan
from core.models.download import Download, alone
from core.models.errors import ModelError, Refused, Stopped, disk_trouble
from core.models.hub import Hub, RemoteFile
from core.models.hub_errors import offline_error
from core.models.licences import check_accepted
from core.models.marker import (
    WORLD,
    Kept,
    read_facts,
    read_json,
    write_marker,
    write_world,
)
from core.models.patience import Patience
from core.models.places import PARTIAL, STATE, Installed, find_installed
from core.models.progress import Meter, Progress
from core.models.settings import ModelSettings
from core.models.sizes import size
from core.project.atomic import replace_file, sync_folder

_BLOCK = 1 << 20
_NAMED = 4  # files that are named in a sentence


@dataclass(frozen=True)
class Verdict:
    """``wrong``: name → "missing", "another size", "another checksum" or "unreadable". ``unread``:
    files that were used in place and have no checksum; their sizes and heads were looked at."""

    world: Installed
    wrong: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0

    @property
    def fine(self) -> bool:
        return not self.wrong

    @property
    def to_fetch(self) -> int:
        """Bytes of what is damaged."""
        files = self.world.marker.files
        return sum(files[name].size for name in self.wrong if name in files)

    @property
    def fetchable(self) -> bool:
        """Whether the studio can mend it by itself."""
        marker = self.world.marker
        fetched = marker.owned and bool(marker.repo and marker.commit)
        return not self.fine and (
            set(self.wrong) == {WORLD}
            or (fetched and self.world.offer is not None and marker.id == marker.offer)
        )

    @property
    def words(self) -> str:
        """What was found and, where something is wrong, how to mend it."""
        name, count = self.world.name, len(self.world.marker.files)
        if self.fine:
            how = "have the sizes they had" if self.unread else "have their right checksum"
            files = "1 file" if count == 1 else f"{count} files"
            return f"{name} is whole: all {files} {how}."
        shown = [f"{file} ({what})" for file, what in list(self.wrong.items())[:_NAMED]]
        more = len(self.wrong) - len(shown)
        files = "1 file" if len(self.wrong) == 1 else f"{len(self.wrong)} files"
        listed = ", ".join(shown) + (f" and {more} more" if more else "")
        of = "is" if len(self.wrong) == 1 else "are"
        return f"{files} of {name} {of} damaged: {listed}. {self._mend()}"

    def _mend(self) -> str:
        marker = self.world.marker
        if set(self.wrong) == {WORLD}:
            return "It can be written again."
        if self.fetchable:
            what = "it" if len(self.wrong) == 1 else "these"
            return f"Only {what} can be fetched again ({size(self.to_fetch)}); the others stay."
        if not marker.owned:
            return f"It is used where it is, in {marker.source}: put the files back there."
        return "It was copied from a folder of yours: remove it and import that folder again."


def verify(
    world: Installed,
    progress: Callable[[Progress], None] = lambda p: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Verdict:
    """Read every file of ``world``. Changes nothing but the times in the marker, of files that were
    touched and are right all the same. Raises Stopped."""
    marker, meter = world.marker, Meter(progress)
    meter.phase("checking")
    meter.at(0, marker.bytes)
    wrong: dict[str, str] = {}
    touched: dict[str, Kept] = {}
    unread = done = 0
    for name, kept in marker.files.items():
        meter.phase("checking", name)
        path, start = world.folder / name, done
        try:
            now = os.stat(path)
            if not path.is_file():
                wrong[name] = "missing"
            elif now.st_size != kept.size:
                wrong[name] = "another size"
            elif not kept.sha256:
                unread += 1
            elif _hashed(path, lambda n, s=start: meter.at(s + n), cancelled) != kept.sha256:
                wrong[name] = "another checksum"
            elif now.st_mtime_ns != kept.mtime_ns:
                touched[name] = replace(kept, mtime_ns=now.st_mtime_ns)
        except FileNotFoundError:
            wrong[name] = "missing"
        except OSError:
            wrong[name] = "unreadable"
        done += kept.size
        meter.at(done)
        if cancelled():
            raise Stopped
    meter.phase("checking")  # all of it is through
    if not _described(world):
        wrong[WORLD] = "unreadable"
    if not wrong and unread:
        wrong |= _heads(world, cancelled)
    if touched:
        _note(world, touched)
    return Verdict(world, wrong, unread)


def mend(
    verdict: Verdict,
    settings: ModelSettings,
    hub: Hub | None = None,
    progress: Callable[[Progress], None] = lambda p: None,
    cancelled: Callable[[], bool] = lambda: False,
    patience: Patience = Patience(),  # noqa: B008 (frozen)
) -> Installed:
    """Fetch what is damaged, and nothing else. Until it is through, the world is one that is partly
    fetched: stopped or failed, it goes on like any. Raises ModelError or Stopped."""
    world, offer = verdict.world, verdict.world.offer
    if verdict.fine:
        return world
    if not verdict.fetchable:
        raise ModelError(verdict.words)
    if set(verdict.wrong) == {WORLD}:
        return _described_again(world)
    assert offer is not None
    if settings.offline:
        raise offline_error().keeping("Nothing was changed.")
    check_accepted(settings, offer, world.marker.licence.get("card", ""))
    with alone(offer, settings):
        if find_installed(world.id, settings) is None:
            raise ModelError(f"{world.name} is not there any more.", "See: worlds list.")
        _begin(world, verdict)
    return Download(
        offer, settings, hub, world.folder.parent, progress, cancelled, patience
    ).run()


# ---- parts ---------------------------------------------------------------------------------------


def _hashed(path: Path, moved: Callable[[int], None], cancelled: Callable[[], bool]) -> str:
    digest, read = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while chunk := file.read(_BLOCK):
            if cancelled():
                raise Stopped
            digest.update(chunk)
            read += len(chunk)
            moved(read)
    return digest.hexdigest()


def _described(world: Installed) -> bool:
    """Whether its ``world.json`` says what the studio wrote there."""
    try:
        return read_json(world.folder / WORLD, 1 << 20)["id"] == world.id
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _described_again(world: Installed) -> Installed:
    offer = world.offer
    if offer is None:
        raise ModelError(f"{world.name} is of a kind that this studio does not know.")
    source = world.marker.source
    facts = read_facts(Path(source), offer.family) if source else None
    write_world(world.folder, offer, world.id, world.name, facts)
    return world


def _heads(world: Installed, cancelled: Callable[[], bool]) -> dict[str, str]:
    """What can be told of files without a checksum."""
    try:
        check.check_folder(world.folder, cancelled)
    except Refused as error:
        first = next((n for n in world.marker.files if n in error.what), check.INDEX)
        return {first: "damaged"}
    return {}


def _note(world: Installed, touched: Mapping[str, Kept]) -> None:
    """So that they need not be read again to be trusted."""
    marker = replace(world.marker, files={**world.marker.files, **touched})
    try:
        write_marker(world.folder, marker)
    except ModelError:
        pass  # a disk that is read-only: nothing is lost by it


def _begin(world: Installed, verdict: Verdict) -> None:
    """Make of the installed world a download that has its good files."""
    marker, offer, folder = world.marker, world.offer, world.folder
    assert offer is not None
    growing = folder.with_name(f"{folder.name}{PARTIAL}")
    if growing.exists() or growing.is_symlink():
        raise ModelError(
            f"There is a folder {growing} of a download that was stopped.", "Remove it first."
        )
    files = tuple(
        RemoteFile(name, kept.size, sha256=kept.sha256) for name, kept in marker.files.items()
    )
    good = {n: _now(folder / n, k) for n, k in marker.files.items() if n not in verdict.wrong}
    plan = Plan(offer, marker.commit, marker.licence.get("card", ""), files)
    Begun(folder, plan, good).save()
    try:
        for name in verdict.wrong:
            (folder / name).unlink(missing_ok=True)
        replace_file(folder, growing)
        sync_folder(folder.parent)
    except OSError as error:
        (folder / STATE).unlink(missing_ok=True)
        raise disk_trouble(folder, error) from error


def _now(path: Path, kept: Kept) -> Kept:
    return replace(kept, mtime_ns=os.lstat(path).st_mtime_ns)
