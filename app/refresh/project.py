"""The document, the selection and what can be done, as the window shows them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QPixmap

from app.actions import ADAPTER, BANK, CLIP, DRAFT, JOB, LEARNED, PROJECT
from app.flow import facts
from app.flow.memory_facts import chunk_memory, memory_facts
from app.state.way_words import rows
from core.project import jobs, queries
from core.project.memory_use import has_adapter, has_bank
from core.project.model import Clip, Project

if TYPE_CHECKING:
    from app.window import MainWindow

log = logging.getLogger(__name__)


class Refresh(QObject):
    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._w = window
        self._focus: str | None = None  # the clip that the Clip panel shows
        self._thumbs: dict[str, QPixmap | None] = {}
        # Many changes of one moment are shown once.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show_project)

    def all(self) -> None:
        self._w.show_page()
        self.recents()
        self._show_project()
        self._w.work.queue()
        self.undo()
        self._w.status.ram()
        self._w.status.worlds()

    def after_show(self) -> None:
        """What the first picture of the window does not need."""
        from PySide6.QtWidgets import QApplication

        from app import theme
        from app.icons import icon

        self._w.actions_table.refresh_icons()
        self._w.fetching.look(sweep=True)
        QApplication.setWindowIcon(icon("walk", theme.current().accent))

    # -- coming and going --------------------------------------------------------------------------

    def opened(self, p: Project) -> None:
        w = self._w
        self._thumbs.clear()
        w.strips.clear()
        w.consistency.forget()
        w.timeline.set_consistency({})
        w.timeline.set_missing(a.id for a in w.document.store.missing)
        w.notices.clear()
        w.selection.clear()
        w.transport.pause()
        w.transport.set_rate(p.rate)
        w.viewer.set_project(p, w.document.path)
        w.transport.seek(0)
        w.show_page()
        w.status.worlds()
        self._interrupted()

    def closed(self) -> None:
        w = self._w
        w.transport.pause()
        w.selection.clear()
        w.viewer.clear_preview()
        w.viewer.set_project(None)
        w.timeline.set_project(None)
        w.notices.clear()
        if not w.projects.changing:  # the first page is no picture to fill a screen with
            w.set_viewer_only(False)
        w.show_page()
        self._show_project()
        w.status.worlds()

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

    def now(self) -> None:
        """Without waiting for the end of this moment."""
        self._soon.stop()
        self._show_project()

    def _show_project(self) -> None:
        w, p = self._w, self._w.document.project
        if p is not None:
            w.transport.set_length(queries.sequence_end(p))
            w.transport.set_in_out(p.in_point, p.out_point)
            w.timeline.set_project(p)
            w.viewer.set_project(p, w.document.path)
        for panel in (w.actions_panel, w.media_panel, w.episodes_panel, w.takes_panel):
            panel.show_project(p)
        w.actions_panel.amounts.show_ways(
            rows(w.fitting.family, p.sampling.way) if p is not None and w.fitting.family else ()
        )
        if p is not None:
            w.actions_panel.amounts.show_steps(p.sampling.steps, w.fitting.usual_steps)
            w.memory_panel.show_use(p.memory, w.fitting.places)
            w.actions_table["memory_mute"].setChecked(p.memory.muted)
            w.actions_table["bank_mute"].setChecked(p.memory.bank_muted)
            w.actions_table["auto_accept"].setChecked(p.auto_accept)
        w.worlds_panel.show_project(p)
        made = memory_facts(p) if p is not None else None
        w.memory_panel.show_facts(made)
        w.status.project(p, made)
        self.selection()
        w.work.plan()
        w.status.title()

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
        self.now()
        if t.scale.x(end) > t.viewport().width() - 8:
            t.zoom_fit()

    # -- selection ---------------------------------------------------------------------------------

    def clip_in_focus(self) -> Clip | None:
        """The selected clip; with none selected the one under the playhead. Of several none is
        meant, least of all one that is not among them."""
        w, p = self._w, self._w.document.project
        if p is None:
            return None
        clip = w.editing.clip()
        if clip is None and w.selection.clips:
            return None
        if clip is None and w.selection.take in p.takes:
            clip = next(iter(queries.clips_of(p, p.takes[w.selection.take].chunk)), None)
        return clip if clip is not None else queries.clip_at(p, w.transport.frame)

    def moved(self, _frame: int) -> None:
        """The playhead: what is under it is in focus while nothing is selected."""
        clip = self.clip_in_focus()
        if (clip.id if clip else None) != self._focus:
            self.selection()

    def selection(self) -> None:
        w, p = self._w, self._w.document.project
        clip = self.clip_in_focus()
        self._focus = clip.id if clip else None
        w.clip_panel.show_clip(p, clip, len(w.selection.clips) > 1)
        chunk = clip.source if clip is not None and clip.kind == "chunk" else ""
        w.consistency.watch(p, chunk)
        w.clip_panel.show_places(w.choosing.places(chunk))
        w.memory_panel.show_chunk(chunk_memory(p, clip) if p is not None else None)
        chosen = next(iter(w.selection.actions)) if len(w.selection.actions) == 1 else None
        action = next((a for a in p.actions if a.id == chosen), None) if p and chosen else None
        pending = w.generation.pending[0]
        w.actions_panel.show_selected_action(
            action.id if action else None, action.text if action else pending
        )
        self.enable()

    def consistency(self) -> None:
        """Something more is measured."""
        w = self._w
        w.timeline.set_consistency(w.consistency.clips)
        clip = self.clip_in_focus()
        w.clip_panel.show_places(w.choosing.places(clip.source if clip is not None else ""))

    def choices(self) -> None:
        """What the artist chose for the lanes and for takes."""
        w, n = self._w, self._w.settings.get("more_takes")
        shown = w.settings.get("consistency_lane")
        w.actions_table["consistency_lane"].setChecked(shown)
        w.timeline.set_consistency_shown(shown)
        words = w.tr("Make 1 more take of this chunk") if n == 1 else (
            w.tr("Make %1 more takes of this chunk").replace("%1", str(n))
        )
        w.actions_table.set_text("more_takes", words)
        w.clip_panel.set_more(n)

    def enable(self) -> None:
        w, p = self._w, self._w.document.project
        there: set[str] = set()
        if p is not None:
            there.add(PROJECT)
            if (clip := self.clip_in_focus()) is not None and clip.kind == "chunk":
                there.add(CLIP)
            if queries.draft_clip(p) is not None:
                there.add(DRAFT)
            if w.work.job_in_hand() is not None:
                there.add(JOB)
            if p.slow_adapter is not None:
                there.add(ADAPTER)
            if has_adapter(p.memory):  # a key that would change nothing does nothing
                there.add(LEARNED)
            if has_bank(p.memory):
                there.add(BANK)
        w.actions_table.enable(there)
        if p is not None and len(w.selection.clips) > 1:  # their order is changed together
            for id in ("earlier", "later"):
                w.actions_table[id].setEnabled(True)
        self.undo()

    def show_take(self, take_id: str) -> None:
        """From the Takes panel: find its clip on the timeline."""
        w, p = self._w, self._w.document.project
        take = p.takes.get(take_id) if p else None
        clips = queries.clips_of(p, take.chunk) if take else ()
        if clips:
            w.selection.set(clips=[clips[0].id])
            w.transport.seek(clips[0].start)

    def timeline_thumbnail(self, asset_id: str) -> QPixmap | None:
        """For the timeline's tiles: kept for as long as the project is open."""
        if asset_id not in self._thumbs:
            path = self._w.document.path(asset_id)
            picture = QPixmap(str(path)) if path is not None else QPixmap()
            if picture.isNull():
                return None
            self._thumbs[asset_id] = picture
        return self._thumbs[asset_id]
