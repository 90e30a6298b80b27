"""How the project's world will run on this machine, in a sentence before a job, and its sums."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QObject, Signal

from app.state.document import Document
from app.state.meter import measured
from app.state.settings import Settings
from app.state.tier_words import short
from app.state.worlds import Worlds
from app.workers.background import Background
from core.engine.lowered import of_this_machine
from core.machine.gpus import GpuSearch, find_gpus
from core.memory.presets import PRESETS
from core.project.model import Project
from core.rollout.disk import chunk_size
from core.rollout.events import Fitted
from core.worlds.catalogue import WorldEntry, WorldError
from core.worlds.preflight import BEFORE, Option, Preflight, preflight, room_of
from core.worlds.tiers import wanted


class Fitting(QObject):
    """``words`` are "" for the starter world, which runs anywhere, and until it is reckoned. What
    the engine says when it loads the world counts for more. ``options``: the ways there are.
    ``family`` and ``usual_steps`` are the world's, "" and 0 where it is not there."""

    changed = Signal()

    def __init__(
        self, document: Document, worlds: Worlds, settings: Settings, background: Background,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document, self._worlds = document, worlds
        self._settings, self._background = settings, background
        self.words = self.details = self.tier = self.family = ""
        self.usual_steps = 0
        self.places = True  # whether the world gives remembered frames an address
        self.options: tuple[Option, ...] = ()
        self.there: int | None = None
        self._found = ""  # the tier that was reckoned
        self._asked: object = None

    def refresh(self) -> None:
        """Reckon again where something that it depends on has changed."""
        p = self._document.project
        key = None if p is None else (
            p.world.id, p.sampling.steps, p.sampling.guidance, p.memory.preset, self._chosen()
        )
        if key == self._asked:
            return
        self._asked = key
        self.words = self.details = self.tier = self.family = ""
        self.options, self._found, self.usual_steps, self.places = (), "", 0, True
        self.changed.emit()
        if p is None:
            return
        try:
            entry = self._worlds.find(p.world.id)
        except WorldError:
            return  # said where the world is needed
        self.family, self.usual_steps, self.places = entry.family, entry.steps, entry.places
        if entry.family == "starter":
            return
        chosen, folder = self._chosen(), self._document.store.folder
        self._background.run(
            lambda: reckoned(entry, p, chosen, folder),
            lambda found: self._show(key, found),
            lambda error: self._refused(key, error),
        )

    def look_again(self) -> None:
        """Worlds came or went."""
        self._asked = None
        self.refresh()

    def again(self) -> None:
        """The person chose anew: what was remembered of worlds that ran out of memory is void."""
        of_this_machine().forget()
        self._asked = None
        self.refresh()

    @property
    def chosen(self) -> str:
        """What the person asked for: "auto" or a tier."""
        try:
            return wanted(self._chosen())
        except ValueError:
            return self._chosen()

    @property
    def short(self) -> str:
        """A few words for one line: the tier, and what it takes of what there is."""
        return short(self.tier or self._found, self.options, self.there) if self.words else ""

    def told(self, event: Fitted) -> None:
        """The engine has loaded the world in this tier, or is about to begin again in it."""
        p = self._document.project
        if p is None or self._family(p) == "starter":
            return
        self.tier, self.words = event.tier, event.words
        self.changed.emit()

    def _chosen(self) -> str:
        return str(self._settings.get("tier"))

    def _family(self, p: Project) -> str:
        try:
            return self._worlds.find(p.world.id).family
        except WorldError:
            return ""

    def _show(self, key: object, found: Preflight) -> None:
        if key != self._asked:
            return
        self.details, self.options = found.details, found.options
        self.there, self._found = found.there, found.tier.id
        if not self.tier:  # what the engine said counts for more
            self.words = found.words
        self.changed.emit()

    def _refused(self, key: object, error: Exception) -> None:
        if key == self._asked and isinstance(error, WorldError | ValueError):
            self.words = str(error)
            self.changed.emit()


def reckoned(entry: WorldEntry, p: Project, chosen: str, folder) -> Preflight:
    """Reads heads of files and asks the driver: not for the interface thread."""
    from core.machine.probe import Machine, core_count, memory_mb

    total, free = memory_mb()
    machine = Machine("", "", "", "", core_count(), total, free, _gpus().gpus)
    chunk, learning = measured(p)
    preset = PRESETS.get(p.memory.preset)
    learns = preset.steps if preset else 0
    here, asked = room_of(machine, folder), wanted(chosen)
    low = of_this_machine().of(p.world.hash, entry, asked, here.title)
    return preflight(
        entry, here, steps=p.sampling.steps, guidance=p.sampling.guidance,
        learns=learns, chosen=asked, because=BEFORE if low else "as you chose",
        most=low.tier if low else "", thrifty=low is not None and low.thrifty,
        chunk_bytes=chunk_size(p, entry).both,
        measured=chunk + (learning or 0 if learns else 0) if chunk else None,
    )


@lru_cache(maxsize=1)
def _gpus() -> GpuSearch:
    return find_gpus()
