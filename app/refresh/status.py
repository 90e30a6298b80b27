"""The title, the status bar and the list of worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.flow.memory_facts import memory_facts
from app.panels.worlds_panel import WorldFacts
from app.state.memory_facts import MemoryFacts
from core.project.memory_use import has_adapter, has_bank, muted_parts, silent
from core.project.model import MemoryUse, Project
from core.rollout.samples import samples

if TYPE_CHECKING:
    from app.window import MainWindow


class Status(QObject):
    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._w = window
        self._device = ""

    def project(self, p: Project | None, made: MemoryFacts | None) -> None:
        line = self._w.status_line
        device = f" · {self._device.upper()}" if self._device not in ("", "auto") else ""
        tier = self._w.fitting.tier
        parts = [p.world.name + device, tier] if p else []
        line.world.setText("● " + " · ".join(filter(None, parts)) if p else "")
        if p is None:
            line.memory.setText("")
        else:
            line.memory.setText(self._memory_words(p.memory, made))
        line.fit()

    def _memory_words(self, use: MemoryUse, made: MemoryFacts) -> str:
        """"memory 34 steps · 49 frames", and what of it is not heard."""
        tr = self._w.tr
        if use.preset == "off":
            return tr("memory off")
        if silent(use):
            return tr("memory muted")
        parts, muted = [], muted_parts(use)
        if made.episode:
            parts.append(tr("of an episode"))
        if "adapter" in muted:
            parts.append(tr("adapter muted"))
        elif has_adapter(use) and made.steps:
            steps = tr("1 step") if made.steps == 1 else tr("%1 steps")
            parts.append(steps.replace("%1", str(made.steps)))
        if "bank" in muted:
            parts.append(tr("frames muted"))
        elif has_bank(use) and made.frames:
            frames = tr("1 frame") if made.frames == 1 else tr("%1 frames")
            parts.append(frames.replace("%1", str(made.frames)))
        return tr("memory %1").replace("%1", " · ".join(parts) or tr("empty"))

    def title(self) -> None:
        w, p = self._w, self._w.document.project
        if p is None:
            w.setWindowTitle("SlowFast Studio")
            return
        words = p.name
        if w.document.read_only:
            words += w.tr(" (read only)")
        elif w.document.unsaved:
            words += " •"
        w.setWindowTitle(f"{words} — SlowFast Studio")

    def busy(self, words: str) -> None:
        self._w.status_line.words.setText(words)
        self._w.status_line.fit()

    def engine_ready(self, device: str) -> None:
        self._w.collector.settle()
        self._device = device
        self.fitting()

    def fitting(self) -> None:
        p = self._w.document.project
        self.project(p, memory_facts(p) if p else None)

    def ram(self) -> None:
        try:
            import psutil

            used = psutil.Process().memory_info().rss
            free = psutil.virtual_memory().available
        except Exception:
            return
        label = self._w.status_line.ram
        label.setText(f"RAM {used / 2**30:.1f} GB")
        label.setToolTip(
            self._w.tr("The studio uses %1 GB; %2 GB are free on this machine.")
            .replace("%1", f"{used / 2**30:.1f}")
            .replace("%2", f"{free / 2**30:.1f}")
        )
        self._w.status_line.fit()

    def worlds(self) -> None:
        w, p = self._w, self._w.document.project
        shown = []
        first = next((s.picture for s in samples()), None)
        for e in w.worlds.entries():
            picture = next(
                (
                    f
                    for n in ("preview.png", "preview.jpg", "sample.png", "thumbnail.png")
                    if (f := e.folder / n).exists()
                ),
                first,
            )
            shown.append(
                WorldFacts(
                    e.id,
                    e.name,
                    f"{e.width}×{e.height} · {float(e.rate):g} fps",
                    picture,
                    p is not None and p.world.id == e.id,
                )
            )
        w.worlds_panel.show_worlds(shown)
