"""A whole world from the hub: asked for, fetched file by file, verified, and installed at once.

It grows in ``<root>/<id>.partial`` and is renamed to ``<root>/<id>`` when every file was verified
and the folder is complete. A download that was stopped or failed goes on where it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.models import check, selection
from core.models.begun import Begun, Plan, read_begun
from core.models.errors import (
    DiskTrouble,
    ModelError,
    NotThere,
    Refused,
    Stopped,
    disk_trouble,
)
from core.models.hub import Hub, RemoteFile
from core.models.hub_errors import offline_error
from core.models.licences import check_accepted
from core.models.marker import Marker, write_marker, write_world
from core.models.offers import Offer
from core.models.patience import BRIEF, Patience, persist
from core.models.places import (
    PARTIAL,
    STATE,
    Installed,
    find_installed,
    find_partly,
    parent_inside,
    prepare_root,
)
from core.models.progress import Meter, Progress
from core.models.removal import take_away
from core.models.settings import ModelSettings
from core.models.sizes import duration, size
from core.models.token import read_token
from core.models.transfer import PART, Transfer
from core.project.atomic import replace_file, sync_folder

MARGIN = 200 * 10**6  # bytes left free beside the world


def make_hub(settings: ModelSettings) -> Hub:
    """The hub of the settings, with the token of the keyring."""
    endpoint = settings.endpoint
    return Hub(endpoint, lambda: read_token(endpoint), settings.offline)


def plan(
    offer: Offer,
    hub: Hub,
    cancelled: Callable[[], bool] = lambda: False,
    patience: Patience = BRIEF,
) -> Plan:
    """Ask the hub what there is to fetch. Raises ModelError or Stopped."""
    listing = persist(lambda: hub.listing(offer), cancelled, patience)
    return Plan(offer, listing.commit, listing.card, selection.wanted(offer, listing))


@contextmanager
def alone(offer: Offer, settings: ModelSettings) -> Iterator[None]:
    """Two studios never write one world; raises ModelError for the second."""
    from filelock import FileLock, Timeout

    settings.path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(settings.path.with_name(f"{offer.id}.lock")), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ModelError(
            f"{offer.name} is being fetched by another studio already.",
            "Wait for it, or stop it there.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def discard(offer: Offer, settings: ModelSettings) -> bool:
    """Throw away what was fetched of a download that is not wanted any more."""
    with alone(offer, settings):
        there = find_partly(offer.id, settings)
        if there is not None:
            take_away(there.folder)
    return there is not None


class Download:
    """``run`` fetches what is missing and installs. ``progress`` is told at most ten times a
    second; ``cancelled`` is asked at least that often. ``root``: where to put it, else where it
    was begun, else the settings' folder."""

    def __init__(
        self,
        offer: Offer,
        settings: ModelSettings,
        hub: Hub | None = None,
        root: Path | None = None,
        progress: Callable[[Progress], None] = lambda p: None,
        cancelled: Callable[[], bool] = lambda: False,
        patience: Patience = Patience(),  # noqa: B008 (frozen)
    ):
        self._offer, self._settings = offer, settings
        self._hub = hub or make_hub(settings)
        begun = find_partly(offer.id, settings)
        self._root = root or (begun.folder.parent if begun else settings.folder)
        self._meter = Meter(progress)
        self._cancelled = cancelled
        self._patience = patience
        self._begun: Begun | None = None
        self._below = 0  # bytes of the files that are through

    @property
    def folder(self) -> Path:
        """Where it grows."""
        return self._root / f"{self._offer.id}{PARTIAL}"

    def run(self) -> Installed:
        """Raises ModelError, with what was kept, or Stopped."""
        offer = self._offer
        if offer.embedded:
            raise ModelError(f"{offer.name} comes with the studio.", "There is nothing to fetch.")
        check_accepted(self._settings, offer)
        if self._settings.offline:
            raise offline_error()
        try:
            with alone(offer, self._settings):
                self._check_target()
                self._begun = begun = read_begun(self.folder, offer) or self._ask()
                check_accepted(self._settings, offer, begun.plan.card)
                self._fetch_all(begun)
                return self._install(begun)
        except ModelError as error:
            raise error.keeping(self._kept_words()) from None
        except OSError as error:  # what no part of it expected of the disk
            trouble = disk_trouble(self.folder, error)
            raise trouble.keeping(self._kept_words()) from error

    # -- before ----------------------------------------------------------------------------------

    def _check_target(self) -> None:
        offer = self._offer
        there = find_installed(offer.id, self._settings)
        if there is not None:
            raise ModelError(
                f"{offer.name} is installed already, in {there.folder}.",
                "Remove it there first to fetch it again.",
            )
        self._root = prepare_root(self._root)
        target = self._root / offer.id
        if target.is_symlink() or (target.exists() and any(target.iterdir())):
            raise ModelError(
                f"There is a folder {target} that the studio did not install.",
                "Move it away or choose another folder. (If it is this world: Import folder.)",
            )
        if self.folder.is_symlink():
            raise Refused(f"{self.folder} is a link.", "Remove it or choose another folder.")

    def _ask(self) -> Begun:
        self._meter.phase("asking")
        found = plan(self._offer, self._hub, self._cancelled)
        check_accepted(self._settings, self._offer, found.card)
        self.folder.mkdir(exist_ok=True)
        self._settings.add_root(self._root)
        begun = Begun(self.folder, found)
        begun.save()
        return begun

    # -- fetching --------------------------------------------------------------------------------

    def _fetch_all(self, begun: Begun) -> None:
        """A commit that the hub has dropped is replaced by its newest, once."""
        try:
            self._fetch_files(begun)
        except NotThere:
            if self._offer.revision is not None:
                raise
            newer = plan(self._offer, self._hub, self._cancelled)
            if newer.commit == begun.plan.commit:
                raise
            check_accepted(self._settings, self._offer, newer.card)
            begun.take_over(newer)
            self._fetch_files(begun)

    def _fetch_files(self, begun: Begun) -> None:
        self._below = 0
        self._meter.at(0, begun.plan.bytes)
        self._check_space(begun)
        for file in begun.plan.files:
            if self._cancelled():
                raise Stopped
            if not begun.is_done(file):
                begun.keep(file, self._fetch(begun, file))
            self._below += file.size
            self._meter.at(self._below)
            if file.name == selection.INDEX:
                self._check_index(begun)

    def _fetch(self, begun: Begun, file: RemoteFile) -> str:
        target = parent_inside(self.folder, file.name)
        part = parent_inside(self.folder, file.name + PART)
        if target.is_file():  # there, but not known to be right: verify it
            replace_file(target, part)
        meter = self._meter
        meter.phase("fetching", file.name)
        transfer = Transfer(
            self._hub, self._offer, begun.plan.commit, file, target,
            cancelled=self._cancelled,
            moved=lambda position: self._moved(position, file.name),
            checking=lambda on: meter.phase("checking" if on else "fetching", file.name),
            waiting=lambda seconds, error: meter.phase(
                "waiting", file.name, f"{error.what} Trying again in {duration(seconds)}."
            ),
            patience=self._patience,
        )  # fmt: skip
        return transfer.run()

    def _moved(self, position: int, name: str) -> None:
        if self._meter.now.phase == "waiting":
            self._meter.phase("fetching", name)
        self._meter.at(self._below + position)

    def _check_space(self, begun: Begun) -> None:
        missing = begun.missing()
        free = shutil.disk_usage(self.folder).free
        if missing > 0 and free < missing + MARGIN:
            raise DiskTrouble(
                f"{self._offer.name} needs {size(missing + MARGIN)} more on the disk of "
                f"{self._root}, and {size(free)} are free.",
                "Free some space or choose a folder on another disk.",
            )

    def _check_index(self, begun: Begun) -> None:
        """The index is fetched first: what it needs and the list lacks is said before the rest."""
        have = {file.name.split("/")[0] for file in begun.plan.files}
        lost = [p for p in check.parts_of(check.read_index(self.folder)) if p not in have]
        if lost:
            raise Refused(
                f"This version of {self._offer.name} also needs {', '.join(lost)}, which this "
                "studio does not know.",
                "Update the studio.",
            )

    # -- installing ------------------------------------------------------------------------------

    def _install(self, begun: Begun) -> Installed:
        offer = self._offer
        self._meter.phase("finishing")
        check.check_folder(self.folder, self._cancelled)
        accepted = self._settings.accepted(offer.id)
        marker = Marker(
            id=offer.id, offer=offer.id, name=offer.name, repo=offer.repo,
            commit=begun.plan.commit, licence={"name": offer.licence.name, **accepted},
            at=datetime.now(UTC).isoformat(timespec="seconds"), source="",
            files={file.name: begun.done[file.name] for file in begun.plan.files},
        )  # fmt: skip
        write_world(self.folder, offer, offer.id, offer.name)
        write_marker(self.folder, marker)
        target = self._root / offer.id
        if target.exists():
            target.rmdir()  # empty, else it was refused before
        replace_file(self.folder, target)
        sync_folder(self._root)
        (target / STATE).unlink(missing_ok=True)
        return Installed(target, marker)

    def _kept_words(self) -> str:
        if self._begun is None:
            return ""
        there = find_partly(self._offer.id, self._settings)
        if there is None or not there.done:
            return "Nothing else was changed."
        return (
            f"What was fetched is kept ({size(there.done)} of {size(there.total)} in "
            f"{there.folder}) and is not fetched again."
        )
