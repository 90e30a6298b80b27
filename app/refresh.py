"""Keeps what is shown true: after every change the parts that care are handed the new values."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QPixmap

from app.actions import CLIP, DRAFT, JOB, PROJECT
from app.flow import facts
from app.panels.worlds_panel import WorldFacts
from app.widgets.samples import samples
from core.project import jobs, queries
from core.project.jobs import Job
from core.project.model import Clip, Project
from core.project.steps import LearnStep

if TYPE_CHECKING:
    from app.window import MainWindow

log = logging.getLogger(__name__)


class Refresh(QObject):
    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._w = window
        self._busy_words = ""
        self._thumbs: dict[str, QPixmap | None] = {}
        self._device = ""
        self._preview_on = False
        self._making: tuple[int, int] | None = None
        # Many changes of one moment are shown once.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show_project)

    def all(self) -> None:
        self._w.show_page()
        self.recents()
        self._show_project()
        self.queue()
        self.undo()
        self.ram()
        self.worlds()

    def after_show(self) -> None:
        """What the first picture of the window does not need."""
        from PySide6.QtWidgets import QApplication

        from app import theme
        from app.icons import icon

        self._w.actions_table.refresh_icons()
        QApplication.setWindowIcon(icon("walk", theme.current().accent))

    # -- coming and going --------------------------------------------------------------------------

    def opened(self, p: Project) -> None:
        w = self._w
        self._thumbs.clear()
        w.strips.clear()
        w.timeline.set_missing(a.id for a in w.document.store.missing)
        w.notices.clear()
        w.selection.clear()
        w.transport.pause()
        w.transport.set_rate(p.rate)
        w.viewer.set_project(p, w.document.path)
        w.transport.seek(0)
        w.show_page()
        self.worlds()
        self._interrupted()

    def closed(self) -> None:
        w = self._w
        w.transport.pause()
        w.selection.clear()
        w.viewer.clear_preview()
        w.viewer.set_project(None)
        w.timeline.set_project(None)
        w.notices.clear()
        w.show_page()
        self._show_project()
        self.worlds()

    def _interrupted(self) -> None:
        """A queue that was cut off: say so, one click goes on."""
        from app.widgets.notice_bar import Notice

        w = self._w
        cut = [j for j in w.queue.jobs if isinstance(j.state, jobs.Paused) and j.state.interrupted]
        if cut and not w.document.read_only:
            title = facts.job_title(w.document.project, cut[0])
            words = w.tr("The studio was closed while it worked on: %1.").replace(
                "%1", title[0].lower() + title[1:]
            )
            w.notices.show_notice(
                Notice(
                    words,
                    "warning",
                    kept=w.tr("Every accepted chunk and the memory are here."),
                    fixes=((w.tr("Go on"), w.queue.resume_interrupted),),
                )
            )

    def recents(self) -> None:
        w = self._w
        w.recent_menu.clear()
        for folder, name, _thumb in w.projects.recents():
            w.recent_menu.addAction(name, lambda f=folder: w.projects.open(f)).setToolTip(
                str(folder)
            )
        w.recent_menu.setEnabled(not w.recent_menu.isEmpty())
        if w.document.project is None:
            w.welcome.show_recents(w.projects.recents())

    # -- the document ------------------------------------------------------------------------------

    def project(self) -> None:
        self._soon.start()

    def _show_project(self) -> None:
        w, p = self._w, self._w.document.project
        if p is not None:
            w.transport.set_length(queries.sequence_end(p))
            w.transport.set_in_out(p.in_point, p.out_point)
            w.timeline.set_project(p)
            w.viewer.set_project(p, w.document.path)
        for panel in (w.actions_panel, w.media_panel, w.episodes_panel, w.takes_panel):
            panel.show_project(p)
        if p is not None:
            w.memory_panel.show_use(p.memory)
            w.actions_table["memory_mute"].setChecked(p.memory.muted)
            w.actions_table["auto_accept"].setChecked(p.auto_accept)
        made = facts.memory_facts(p) if p is not None else None
        w.memory_panel.show_facts(made)
        self._status(p, made)
        self.selection()
        self.plan()
        self.title()

    def _status(self, p: Project | None, made) -> None:
        w = self._w
        device = f" · {self._device.upper()}" if self._device not in ("", "auto") else ""
        w.status_world.setText(f"● {p.world.name}{device}" if p else "")
        if p is None:
            w.status_memory.setText("")
        elif p.memory.preset == "off":
            w.status_memory.setText(w.tr("memory off"))
        elif p.memory.muted:
            w.status_memory.setText(w.tr("memory muted"))
        elif made.steps:
            w.status_memory.setText(
                w.tr("memory %1 steps").replace("%1", str(made.steps))
                if made.steps != 1
                else w.tr("memory 1 step")
            )
        else:
            w.status_memory.setText(w.tr("memory empty"))

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

    def undo(self) -> None:
        a, stack = self._w.actions_table, self._w.document.stack
        for id, can, text, word in (
            ("undo", stack.canUndo(), stack.undoText(), self._w.tr("Undo")),
            ("redo", stack.canRedo(), stack.redoText(), self._w.tr("Redo")),
        ):
            what = f"{word}: {text}" if text else word
            a.set_text(id, what, what if text else "")
            a[id].setEnabled(can)

    def show_planned(self, end: int) -> None:
        """What was just written must be seen."""
        t = self._w.timeline
        self._soon.stop()
        self._show_project()
        if t.scale.x(end) > t.viewport().width() - 8:
            t.zoom_fit()

    # -- selection ---------------------------------------------------------------------------------

    def clip_in_focus(self) -> Clip | None:
        """The selected clip; with none selected the one under the playhead."""
        w, p = self._w, self._w.document.project
        if p is None:
            return None
        clip = w.editing.clip()
        if clip is None and w.selection.take in p.takes:
            clip = next(iter(queries.clips_of(p, p.takes[w.selection.take].chunk)), None)
        return clip

    def selection(self) -> None:
        w, p = self._w, self._w.document.project
        clip = self.clip_in_focus()
        w.clip_panel.show_clip(p, clip)
        chosen = next(iter(w.selection.actions)) if len(w.selection.actions) == 1 else None
        action = next((a for a in p.actions if a.id == chosen), None) if p and chosen else None
        pending = w.generation.pending[0]
        w.actions_panel.show_selected_action(
            action.id if action else None, action.text if action else pending
        )
        self.enable()

    def enable(self) -> None:
        w, p = self._w, self._w.document.project
        there: set[str] = set()
        if p is not None:
            there.add(PROJECT)
            if (clip := self.clip_in_focus()) is not None and clip.kind == "chunk":
                there.add(CLIP)
            if queries.draft_clip(p) is not None:
                there.add(DRAFT)
            if self.job_in_hand() is not None:
                there.add(JOB)
        w.actions_table.enable(there)
        self.undo()

    def show_take(self, take_id: str) -> None:
        """From the Takes panel: find its clip on the timeline."""
        w, p = self._w, self._w.document.project
        take = p.takes.get(take_id) if p else None
        clips = queries.clips_of(p, take.chunk) if take else ()
        if clips:
            w.selection.set(clips=[clips[0].id])
            w.transport.seek(clips[0].start)

    # -- the queue ---------------------------------------------------------------------------------

    def job_in_hand(self) -> Job | None:
        q = self._w.queue
        if q.current is not None:
            return q.current
        return next(
            (
                j
                for j in q.jobs
                if not j.ended and not (isinstance(j.state, jobs.Paused) and j.state.interrupted)
            ),
            None,
        )

    def queue(self) -> None:
        self.progress()
        self.enable()
        self.plan()

    def plan(self) -> None:
        plan = self._w.generation.plan()
        self._w.actions_panel.show_plan(plan.words, plan.enabled, plan.hint)
        action = self._w.actions_table["generate"]
        action.setEnabled(plan.enabled)

    def progress(self) -> None:
        w, p = self._w, self._w.document.project
        w.queue_panel.show_rows(facts.job_rows(p, w.queue, w.exporting.progress_of))
        shown = facts.shown_progress(p, w.queue)
        if shown is None:
            shown = self._export_shown()
        w.progress.show_progress(shown)
        w.status_words.setVisible(shown is None)
        active = w.queue.active
        if p is None or active is None or active.dropped:
            w.timeline.clear_progress()
            self._making = None
            if self._preview_on:
                self._preview_on = False
                w.viewer.clear_preview()
            return
        if isinstance(active.step, LearnStep):
            place = (
                self._place(p, p.takes[active.step.take_id].chunk)
                if active.step.take_id in p.takes
                else None
            )
            words = w.tr("learning")
        elif active.step.chunk is not None:
            place, words = self._place(p, active.step.chunk), w.tr("making")
        else:
            place, words = (queries.sequence_end(p), p.chunk_frames), w.tr("making")
        if place is not None:
            w.timeline.set_progress(*place, active.meter.done, words)
        if place != self._making:  # the words on the planned chunks move along
            self._making = place
            w.timeline.viewport().update()
        if self._preview_on and shown is not None:
            w.viewer.set_preview_label(shown.words)

    def _place(self, p: Project, chunk: str) -> tuple[int, int] | None:
        clip = next(iter(queries.clips_of(p, chunk)), None)
        return (clip.start, clip.frames) if clip else None

    def _export_shown(self):
        from app.widgets.progress_strip import Shown

        w = self._w
        for job in w.queue.jobs:
            event = w.exporting.progress_of(job.id)
            if job.kind == "export" and not job.ended and event is not None:
                paused = isinstance(job.state, jobs.Paused)
                return Shown(
                    facts.job_title(w.document.project, job), event.frame / max(1, event.frames),
                    event.elapsed_s, event.remaining_s, paused,
                )  # fmt: skip
        return None

    def preview(self, jpeg: bytes) -> None:
        w = self._w
        shown = facts.shown_progress(w.document.project, w.queue)
        self._preview_on = True
        w.viewer.set_preview(jpeg, shown.words if shown else "")

    def take_arrived(self, take_id: str) -> None:
        """Show what was just made, unless the artist is looking at something else."""
        w, p = self._w, self._w.document.project
        self._preview_on = False
        w.viewer.clear_preview()
        clip = next(iter(queries.clips_of(p, p.takes[take_id].chunk)), None)
        if clip is None or w.transport.playing:
            return
        self._soon.stop()
        self._show_project()
        w.transport.seek(clip.start)
        w.timeline.reveal(clip.end)

    def draft_waits(self, take_id: str) -> None:
        """A draft is judged in motion: play it once."""
        w = self._w
        self._soon.stop()
        self._show_project()
        if not w.transport.playing:
            w.transport.play()

    def playing(self, on: bool) -> None:
        action = self._w.actions_table["play"]
        from app.icons import icon

        action.setIcon(icon("pause" if on else "play"))

    # -- status ------------------------------------------------------------------------------------

    def busy(self, words: str) -> None:
        self._busy_words = words
        self._w.status_words.setText(words)

    def engine_ready(self, device: str) -> None:
        self._w.collector.settle()
        self._device = device
        p = self._w.document.project
        self._status(p, facts.memory_facts(p) if p else None)

    def ram(self) -> None:
        try:
            import psutil

            used = psutil.Process().memory_info().rss
            free = psutil.virtual_memory().available
        except Exception:
            return
        label = self._w.status_ram
        label.setText(f"RAM {used / 2**30:.1f} GB")
        label.setToolTip(
            self._w.tr("The studio uses %1 GB; %2 GB are free on this machine.")
            .replace("%1", f"{used / 2**30:.1f}")
            .replace("%2", f"{free / 2**30:.1f}")
        )

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
                    f"{e.width} × {e.height} · {float(e.rate):g} / s · {e.licence}",
                    picture,
                    p is not None and p.world.id == e.id,
                )
            )
        w.worlds_panel.show_worlds(shown)

    def timeline_thumbnail(self, asset_id: str) -> QPixmap | None:
        """For the timeline's tiles: kept for as long as the project is open."""
        if asset_id not in self._thumbs:
            path = self._w.document.path(asset_id)
            picture = QPixmap(str(path)) if path is not None else QPixmap()
            if picture.isNull():
                return None
            self._thumbs[asset_id] = picture
        return self._thumbs[asset_id]
