"""Worlds: getting, pausing, bringing in and taking away, one at a time, beside all other work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.flow.token_keeping import TokenKeeping
from app.state.model_facts import Activity, ModelFacts
from app.widgets.notice_bar import Notice
from app.workers.background import Background
from app.workers.fetch_worker import FetchWorker
from core.models.errors import LicenceNotAccepted, ModelError
from core.models.offers import Offer, offer
from core.models.settings import ModelSettings

if TYPE_CHECKING:  # not on the way to the first window
    from core.machine.probe import Machine
    from core.models.fit import Fit
    from core.models.overview import Item
    from core.models.verify import Verdict

log = logging.getLogger(__name__)


class Fetching(QObject):
    """The only one that knows what goes on with worlds; the dialog shows ``facts``."""

    changed = Signal()
    progressed = Signal(str)  # only the progress of this world changed
    installed = Signal()  # which worlds there are changed
    agree = Signal(object)  # Plan: show its licence, then call ``accept``
    notice = Signal(object)
    said = Signal(str, str)  # a sentence for the dialog's foot, and its role

    def __init__(
        self,
        settings: ModelSettings | None = None,
        background: Background | None = None,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self.settings = settings or ModelSettings()
        self._background = background or Background(self, threads=2)
        self._worker = FetchWorker(self)
        self._worker.progress.connect(self._on_progress)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self._worker.stopped.connect(self._on_stopped)
        self._items: tuple[Item, ...] = ()
        self._machine: Machine | None = None
        self._fits: dict[str, tuple[Fit, ...]] = {}
        self._activity: dict[str, Activity] = {}
        self._progress: dict[str, Any] = {}
        self._errors: dict[str, str] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._waiting: list[str] = []
        self._asked, self._asks = 0, dict[str, int]()
        self._unwanted: set[str] = set()  # to be thrown away once stopped
        self._mending: set[str] = set()
        self._checking = ""
        self._closed = False
        self.token = TokenKeeping(self.settings, self._background, self)
        self.token.changed.connect(self.changed)
        self.quiet: Callable[[], bool] = lambda: False  # the dialog is open and tells by itself

    # -- what is there ---------------------------------------------------------------------------

    def facts(self) -> list[ModelFacts]:
        return [self.fact(item) for item in self._items]

    def fact(self, item: Item) -> ModelFacts:
        return ModelFacts(
            item, self._fits.get(item.id, ()), self._activity.get(item.id, ""),
            self._progress.get(item.id), self._errors.get(item.id, ""),
            self._verdicts.get(item.id),
        )  # fmt: skip

    def fits_in(self, wanted: Offer, folder: Path) -> tuple[Fit, ...]:
        """What ``wanted`` needs beside what this machine and the disk of ``folder`` have."""
        from core.models.fit import fit

        return fit(wanted, self._machine, folder) if self._machine is not None else ()

    def fact_of(self, id: str) -> ModelFacts | None:
        return next((self.fact(item) for item in self._items if item.id == id), None)

    @property
    def busy(self) -> bool:
        return self._worker.busy

    @property
    def importing(self) -> Any:
        """Progress of an import that is going on (None until there is any); False when none is."""
        id = self._worker.world or ""
        return self._progress.get(id) if id.startswith("import:") else False

    def look(self, sweep: bool = False) -> None:
        """Read again what lies on the disks, beside the interface."""
        from core.machine.probe import probe_machine
        from core.models.fit import fit
        from core.models.overview import overview
        from core.models.removal import sweep as finish_removals

        known = self._machine

        def work() -> tuple[list[Item], Machine, dict[str, tuple[Fit, ...]]]:
            if sweep:
                finish_removals(self.settings)
            items, machine = overview(self.settings), known or probe_machine()
            folder = self.settings.folder
            fits = {i.id: fit(i.offer, machine, folder, i.disk) for i in items if i.offer}
            return items, machine, fits

        def show(found: tuple[list[Item], Machine, dict[str, tuple[Fit, ...]]]) -> None:
            self._items, self._machine, self._fits = tuple(found[0]), found[1], found[2]
            self.changed.emit()

        self._background.run(work, show, lambda error: self._tell(str(error)))

    # -- getting ---------------------------------------------------------------------------------

    def get(self, id: str) -> None:
        """Begin, or go on with, a download. Asks for the licence first where it has to."""
        wanted = offer(id)
        if wanted is None or self._activity.get(id):
            return
        self._errors.pop(id, None)
        if any(item.id == id and item.state == "partly" for item in self._items):
            self._enqueue(id)
            return
        self._set(id, "asking")
        self._ask(wanted)

    def _ask(self, wanted: Offer) -> None:
        from core.models.download import make_hub, plan

        self._asked += 1
        mine = self._asked

        def asked(found: Any) -> None:
            if self._activity.get(wanted.id) == "asking" and self._asks.get(wanted.id) == mine:
                self.agree.emit(found)

        self._asks[wanted.id] = mine  # the answer to a question that was dropped is not shown
        self._background.run(
            lambda: plan(wanted, make_hub(self.settings), lambda: self._closed),
            asked, lambda error: self._on_failed(wanted.id, error),
        )  # fmt: skip

    def accept(self, plan: Any, root: Path) -> None:
        """The licence of ``plan`` was accepted; the world goes to ``root``."""
        from core.models.licences import accept

        id = plan.offer.id
        try:
            accept(self.settings, plan.offer, plan.card)
            if root != self.settings.folder:
                self.settings.set_folder(root)
        except ModelError as error:
            self._on_failed(id, error)
            return
        self._enqueue(id)

    def decline(self, id: str) -> None:
        if self._activity.get(id) == "asking":
            self._set(id, "")

    def _enqueue(self, id: str) -> None:
        self._waiting.append(id)
        self._set(id, "queued")
        self._next()

    def _next(self) -> None:
        if self._worker.busy or not self._waiting or self._closed:
            return
        id = self._waiting.pop(0)
        wanted = offer(id)
        if wanted is None:
            return
        from core.models.download import Download

        self._set(id, "fetching")
        self._worker.start(
            id,
            lambda progress, cancelled: Download(
                wanted, self.settings, progress=progress, cancelled=cancelled
            ).run(),
        )

    def pause(self, id: str) -> None:
        if id in self._waiting:
            self._waiting.remove(id)
            self._set(id, "")
        elif self._worker.world == id and self._activity.get(id) in (
            "fetching", "checking", "mending"
        ):
            self._worker.stop()
            self._set(id, "stopping")

    def cancel(self, id: str) -> None:
        """Throw away what was fetched, once nothing is written any more."""
        if self._worker.world == id:
            self._unwanted.add(id)
            self._worker.stop()
            self._set(id, "stopping")
            return
        if id in self._waiting:
            self._waiting.remove(id)
        self._discard(id)

    def _discard(self, id: str) -> None:
        from core.models.download import discard

        wanted = offer(id)
        if wanted is not None:
            self._set(id, "removing")
            self._beside(id, lambda: discard(wanted, self.settings))

    # -- checking and mending --------------------------------------------------------------------

    def verify(self, id: str) -> None:
        """Read every file of an installed world again; ``pause`` stops it."""
        from core.models.verify import verify

        item = self._free_item(id)
        if item is None:
            return
        self._checking = id
        self._set(id, "checking")
        self._worker.start(
            id, lambda progress, cancelled: verify(item.world, progress, cancelled)
        )

    def mend(self, id: str) -> None:
        """Fetch again what the last look found damaged. Paused or failed, the world is one that is
        partly fetched."""
        from core.models.download import make_hub
        from core.models.verify import mend

        found = self._verdicts.get(id)
        if self._free_item(id) is None or found is None or not found.fetchable:
            return
        self._mending.add(id)
        self._set(id, "mending")
        self._worker.start(
            id,
            lambda progress, cancelled: mend(
                found, self.settings, make_hub(self.settings), progress, cancelled
            ),
        )

    def _free_item(self, id: str) -> Item | None:
        """The world where it is installed and nothing else is going on."""
        item = next((i for i in self._items if i.id == id and i.world is not None), None)
        if item is None or self._activity.get(id):
            return None
        if self._worker.busy:
            self._tell(self.tr("Another world is being worked on. Pause it first."), "bad")
            return None
        self._errors.pop(id, None)
        return item

    # -- bringing in and taking away -------------------------------------------------------------

    def import_folder(self, folder: Path, copy: bool) -> None:
        from core.models.importing import import_folder

        if self._worker.busy:
            self._tell(self.tr("Another world is being fetched. Pause it first."), "bad")
            return
        self._tell(self.tr("Looking at %1…").replace("%1", folder.name), "dim")
        self._worker.start(
            f"import:{folder}",
            lambda progress, cancelled: import_folder(
                folder, self.settings, copy, progress=progress, cancelled=cancelled
            ),
        )
        self.changed.emit()

    def stop_import(self) -> None:
        if self.importing is not False:
            self._worker.stop()

    def remove(self, id: str) -> None:
        from core.models.removal import remove

        if not self._activity.get(id):
            self._set(id, "removing")
            self._beside(id, lambda: remove(id, self.settings))

    def _beside(self, id: str, work: Callable[[], Any]) -> None:
        def through(_result: Any) -> None:
            self._set(id, "")
            self.look()
            self.installed.emit()

        self._background.run(work, through, lambda error: self._on_failed(id, error))

    # -- the worker ------------------------------------------------------------------------------

    def _on_progress(self, id: str, progress: Any) -> None:
        if self._worker.world != id:
            return
        self._progress[id] = progress
        self.progressed.emit(id)

    def _on_done(self, id: str, world: Any) -> None:
        from core.models.verify import Verdict

        self._ended(id)
        if isinstance(world, Verdict):
            self._on_checked(id, world)
            return
        self._verdicts.pop(id, None)
        words = self.tr("%1 is installed.").replace("%1", world.name)
        self._tell(words, "good")
        if not self.quiet():
            self.notice.emit(Notice(words, "info", kept=str(world.folder)))
        self.look()
        self.installed.emit()
        self._next()

    def _on_checked(self, id: str, found: Verdict) -> None:
        self._verdicts[id] = found
        if not found.fine:
            self._errors[id] = found.words
        self._tell("" if not found.fine else found.words, "good")
        if not self.quiet():
            self.notice.emit(Notice(found.words, "info" if found.fine else "problem"))
        self.look()
        self._next()

    def _on_failed(self, id: str, error: Exception) -> None:
        if self._closed:
            return
        unwanted = self._ended(id) if self._worker.world == id else False
        self._activity.pop(id, None)
        if unwanted:  # why it failed matters no more
            self._discard(id)
            self._next()
            return
        wanted = offer(id)
        if isinstance(error, LicenceNotAccepted) and wanted is not None:
            self._set(id, "asking")  # the licence is another one than was accepted: show it
            self._ask(wanted)
            self._next()
            return
        if isinstance(error, ModelError):
            words = str(error)
        else:
            log.error("world %s", id, exc_info=error)
            words = self.tr("Something unexpected went wrong (%1). It is in the log.")
            words = words.replace("%1", type(error).__name__)
        if id.startswith("import:"):
            self._tell(words, "bad")
        else:
            self._errors[id] = words
        if not self.quiet():
            self.notice.emit(Notice(words, "problem"))
        self.look()
        self._next()

    def _on_stopped(self, id: str) -> None:
        checking = self._checking == id
        unwanted = self._ended(id)
        if unwanted:
            self._discard(id)
        elif id.startswith("import:") or checking:
            self._tell(self.tr("Stopped. Nothing was changed."), "dim")
        self.look()
        self._next()

    def _ended(self, id: str) -> bool:
        """However it ended; True where it was to be thrown away."""
        unwanted = id in self._unwanted
        self._unwanted.discard(id)
        self._worker.free()
        self._checking = ""
        self._progress.pop(id, None)
        self._activity.pop(id, None)
        if id in self._mending:  # whether it is installed may have changed, in either way
            self._mending.discard(id)
            self._verdicts.pop(id, None)
            self.installed.emit()
        self.changed.emit()
        return unwanted

    def _set(self, id: str, activity: Activity) -> None:
        if activity:
            self._activity[id] = activity
        else:
            self._activity.pop(id, None)
        self.changed.emit()

    # -- settings --------------------------------------------------------------------------------

    def set_offline(self, on: bool) -> None:
        self._try(lambda: self.settings.set_offline(on))

    def set_folder(self, folder: Path) -> None:
        self._try(lambda: self.settings.set_folder(folder))
        self.look()

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ModelError as error:
            self._tell(str(error), "bad")
        self.changed.emit()

    # -- going -----------------------------------------------------------------------------------

    def _tell(self, words: str, role: str = "bad") -> None:
        self.said.emit(words, role)

    def shut_down(self) -> None:
        """Pause; what was fetched is kept and goes on another day."""
        self._closed = True
        self._waiting.clear()
        self._worker.stop()
        self._worker.wait(5)
        self._background.wait(5000)
