"""What each command of the table does, and the dialogs it may open."""

# ruff: noqa: E501 (tables)
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.actions import VERBS
from app.dialogs.name import NameDialog, ask_name
from app.state.settings import log_folder
from app.state.timecode import nominal
from core.project import queries

if TYPE_CHECKING:
    from app.dialogs.worlds import WorldsDialog
    from app.window import MainWindow


class Commands(QObject):
    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._w = window
        self._worlds: WorldsDialog | None = None
        for id, act in self._table().items():
            window.actions_table[id].triggered.connect(self._calling(act))
        for i, (text, *_rest) in enumerate(VERBS):
            window.actions_table[f"verb_{i}"].triggered.connect(
                self._calling(lambda t=text: self._verb(t))
            )

    @staticmethod
    def _calling(act: Callable[[], object]) -> Callable[..., None]:
        return lambda *_: (act(), None)[1]

    def _table(self) -> dict[str, Callable[[], object]]:
        w = self._w
        t, e, g, v = w.transport, w.editing, w.generation, w.timeline
        a = w.actions_table
        return {
            "new": self.new_project, "open": self.open_project, "save": self.save_now,
            "rename": self.rename, "import": self.import_media, "export": self.export,
            "close": w.projects.close, "preferences": self.preferences, "quit": w.close,
            "undo": w.document.undo, "redo": w.document.redo,
            "tool_select": lambda: v.set_tool("select"), "tool_blade": lambda: v.set_tool("blade"),
            "snap": lambda: v.set_snapping(a["snap"].isChecked()),
            "mark_in": lambda: e.mark(False), "mark_out": lambda: e.mark(True),
            "clear_marks": lambda: e.set_in_out(None, None), "marker": e.add_marker,
            "split": e.split, "trim_in": lambda: e.trim_to_playhead(False),
            "trim_out": lambda: e.trim_to_playhead(True),
            "delete": lambda: v.delete_selected(False), "ripple_delete": lambda: v.delete_selected(True),
            "earlier": lambda: e.shift_order(-1), "later": lambda: e.shift_order(1),
            "take_previous": lambda: self._step_take(-1), "take_next": lambda: self._step_take(1),
            "redo_from_here": self._redo_clip,
            "more_takes": self._more_takes, "best_take": self._best_take,
            "consistency_lane": lambda: w.settings.set("consistency_lane", a["consistency_lane"].isChecked()),
            "generate": self.generate, "accept": g.accept, "redo_draft": g.redo_draft,
            "discard": g.discard, "auto_accept": lambda: g.set_auto_accept(a["auto_accept"].isChecked()),
            "pause": self._pause, "cancel": self._cancel,
            "memory_mute": lambda: g.change_use({"muted": a["memory_mute"].isChecked()}),
            "memory_reset": g.reset_memory, "memory_back": self._memory_back,
            "episode_save": self.save_episode, "episode_import": self.import_episode,
            "episode_merge": self.merge_episodes,
            "slow_adapter": self.choose_slow_adapter, "slow_adapter_remove": w.slow_adapters.remove,
            "play": t.toggle, "shuttle_back": lambda: t.shuttle(-1), "shuttle_stop": lambda: t.shuttle(0),
            "shuttle_forward": lambda: t.shuttle(1), "frame_back": lambda: t.step(-1),
            "frame_forward": lambda: t.step(1), "second_back": lambda: t.step(-nominal(t.rate)),
            "second_forward": lambda: t.step(nominal(t.rate)), "edit_previous": lambda: self._edit(-1),
            "edit_next": lambda: self._edit(1), "go_start": t.to_start, "go_end": t.to_end,
            "loop": lambda: t.set_loop(a["loop"].isChecked()),
            "zoom_in": v.zoom_in, "zoom_out": v.zoom_out, "zoom_fit": v.zoom_fit,
            "picture_size": w.viewer.controls.next_size, "pixels": w.viewer.controls.pixels.click,
            "bank_mute": lambda: g.change_use({"bank_muted": a["bank_mute"].isChecked()}),
            "bank_weaker": lambda: w.memory_panel.step_bank(-1),
            "bank_stronger": lambda: w.memory_panel.step_bank(1),
            "memory_weaker": lambda: w.memory_panel.step(-10),
            "memory_stronger": lambda: w.memory_panel.step(10),
            "track_hide": lambda: e.switch_track("muted"), "track_lock": lambda: e.switch_track("locked"),
            "fullscreen": lambda: w.set_viewer_only(not w.viewer_only),
            **{f"panel_{n}": (lambda n=n: w.show_panel(n)) for n in w.docks if n != "timeline"},
            "theme": lambda: w.settings.set("theme", "light" if a["theme"].isChecked() else "dark"),
            "worlds": self.worlds, "layout_reset": w.reset_layout, "shortcuts": self.shortcuts, "logs": self.open_logs,
            "about": self.about,
        }  # fmt: skip

    # -- generation --------------------------------------------------------------------------------

    def generate(self) -> None:
        self._w.actions_panel.flush()
        self._w.generation.generate()

    def _verb(self, text: str) -> None:
        self._w.generation.add_action(text, self._w.actions_panel.amounts.seconds.value())

    def _pause(self) -> None:
        job = self._w.work.job_in_hand()
        if job is not None:
            self._w.queue.toggle_pause(job.id)

    def _cancel(self) -> None:
        job = self._w.work.job_in_hand()
        if job is not None:
            self._w.queue.cancel(job.id)

    def on_job(self, command: str, id: str) -> None:
        q = self._w.queue
        {
            "up": lambda: q.move(id, -1), "down": lambda: q.move(id, 1), "pause": lambda: q.pause(id),
            "resume": lambda: q.resume(id), "cancel": lambda: q.cancel(id), "clear": lambda: q.clear(id),
            "show": lambda: self._w.exporting.show_file(id),
        }[command]()  # fmt: skip

    # -- clips -------------------------------------------------------------------------------------

    def _chunk(self) -> str | None:
        clip = self._w.refresh.clip_in_focus()
        return clip.source if clip is not None and clip.kind == "chunk" else None

    def redo_shown(self) -> None:
        """The bar under the picture: the draft again, or the chunk that is seen."""
        if self._w.generation.draft_take() is not None:
            self._w.generation.redo_draft()
        elif self._w.viewer.bar_chunk is not None:
            self._w.generation.redo_chunk(self._w.viewer.bar_chunk)

    def _step_take(self, by: int) -> None:
        if (chunk := self._chunk()) is not None:
            self._w.generation.step_take(chunk, by)

    def _redo_clip(self) -> None:
        if (chunk := self._chunk()) is not None:
            self._w.generation.redo_chunk(chunk)

    def _more_takes(self) -> None:
        if (chunk := self._chunk()) is not None:
            self._w.choosing.more(chunk, self._w.settings.get("more_takes"))

    def _best_take(self) -> None:
        if (chunk := self._chunk()) is not None:
            self._w.choosing.best(chunk)

    def _memory_back(self) -> None:
        p = self._w.document.project
        if p is not None and (chunk := self._chunk()) is not None:
            self._w.generation.go_back(p.chunks[chunk].chosen)

    def _edit(self, by: int) -> None:
        """To the next edge of a clip or an action."""
        p, t = self._w.document.project, self._w.transport
        if p is None:
            return
        edges = {0, *(x for c in queries.track_clips(p) for x in (c.start, c.end))}
        edges |= {x for s in p.actions for x in (s.start, s.end)}
        after = sorted(x for x in edges if (x > t.frame if by > 0 else x < t.frame))
        if after:
            t.seek(after[0] if by > 0 else after[-1])

    # -- projects and files ------------------------------------------------------------------------

    def new_project(self, path: Path | None = None) -> None:
        from app.dialogs.new_project import NewProjectDialog
        from core.rollout.samples import samples

        w = self._w
        dialog = NewProjectDialog(
            samples(), w.settings.folder, w.projects.aspect(), w.pixmaps, w, w.worlds.entries()
        )
        if path is not None:
            dialog.choose_file(path)
        dialog.accepted.connect(lambda: w.projects.create(dialog.result_value))
        dialog.open()

    def browse_start(self) -> None:
        from app.workers.peek import file_filter

        w = self._w
        path, _ = QFileDialog.getOpenFileName(
            w,
            w.tr("Choose a picture or a video"),
            "",
            file_filter(w.tr("Pictures and videos"), w.tr("All files")),
        )
        if path:
            w.intake.take([path])

    def crop_start(self, path: Path) -> None:
        from app.dialogs.start import StartDialog

        w = self._w
        p = w.document.project
        dialog = StartDialog(path, p.width / p.height, w)
        dialog.accepted.connect(lambda: w.projects.set_start(path, dialog.crop.crop))
        dialog.open()

    def open_project(self) -> None:
        w = self._w
        folder = QFileDialog.getExistingDirectory(w, w.tr("Open a project"), str(w.settings.folder))
        if folder:
            w.projects.open(Path(folder))

    def save_now(self) -> None:
        self._w.actions_panel.flush()
        self._w.document.save()

    def rename(self) -> None:
        w = self._w
        if w.document.project is None:
            return
        dialog = NameDialog(
            w.tr("Rename project"), w.tr("Name of the project"), w.tr("Rename"),
            w.document.project.name, w,
        )  # fmt: skip
        ask_name(dialog, w.editing.rename)

    def import_media(self) -> None:
        from app.workers.peek import file_filter

        w = self._w
        paths, _ = QFileDialog.getOpenFileNames(
            w, w.tr("Import media"), "", file_filter(w.tr("Pictures and videos"), w.tr("All files"))
        )
        if paths:
            w.projects.import_media([Path(p) for p in paths])
            w.show_panel("media")

    def export(self) -> None:
        from app.dialogs.export import ExportDialog
        from app.widgets.notice_bar import Notice

        w = self._w
        p = w.document.project
        if p is None:
            return
        if queries.sequence_end(p) == 0:
            w.notices.show_notice(Notice(w.tr("There is nothing to export yet."), "info"))
            return
        dialog = ExportDialog(p, w.document.folder.parent, w)

        def go() -> None:
            w.exporting.ask(dialog.wish)
            w.show_panel("queue")

        dialog.accepted.connect(go)
        dialog.open()

    # -- episodes ----------------------------------------------------------------------------------

    def save_episode(self) -> None:
        w = self._w
        if not w.episodes.something_learned:
            w.episodes.save("")  # says what to do first
            return

        def save(name: str) -> None:
            w.episodes.save(name)
            w.show_panel("episodes")

        dialog = NameDialog(
            w.tr("Save the memory"), w.tr("Name of the episode"), w.tr("Save"),
            w.episodes.suggested_name(), w,
        )  # fmt: skip
        ask_name(dialog, save)

    def import_episode(self) -> None:
        w = self._w
        path, _ = QFileDialog.getOpenFileName(
            w, w.tr("Load an episode"), "", w.tr("Episodes") + " (*.sfep)"
        )
        if path:
            w.episodes.import_file(Path(path))

    def export_episode(self, id: str) -> None:
        w = self._w
        start = str(w.settings.folder / w.episodes.export_name(id))
        path, _ = QFileDialog.getSaveFileName(
            w, w.tr("Save the episode as a file"), start, w.tr("Episodes") + " (*.sfep)"
        )
        if path:
            w.episodes.export(id, Path(path if path.endswith(".sfep") else path + ".sfep"))

    def merge_episodes(self) -> None:
        """Those that are selected in the panel; where there are but two, these."""
        from app.dialogs.merge import MergeDialog

        w = self._w
        chosen = w.merging.to_merge(w.episodes_panel.rows.selected)
        w.show_panel("episodes")
        if not chosen:  # it has said what to do first
            return
        dialog = MergeDialog(
            [(e, w.episodes.thumbnail(e)) for e in chosen], w.merging.name_of_merged(chosen),
            w.document.project.rate, w.pixmaps, w, {e.name for e in w.document.project.episodes},
        )  # fmt: skip
        ids = [e.id for e in chosen]
        dialog.wanted.connect(lambda: w.merging.merge(*dialog.chosen(ids), dialog.name))
        dialog.stop_wanted.connect(w.merging.stop)
        w.merging.progressed.connect(dialog.show_progress)
        w.merging.made.connect(dialog.show_made)
        w.merging.failed.connect(dialog.failed)
        dialog.finished.connect(dialog.deleteLater)  # and with it what it hears
        dialog.open()

    def choose_slow_adapter(self) -> None:
        w = self._w
        path, _ = QFileDialog.getOpenFileName(
            w, w.tr("Choose a slow adapter"), "", w.tr("Slow adapters") + " (*.safetensors)"
        )
        if path:
            w.slow_adapters.choose(Path(path))

    # -- window ------------------------------------------------------------------------------------

    def preferences(self) -> None:
        from app.dialogs.preferences import PreferencesDialog

        PreferencesDialog(self._w.settings, self._w.fetching, self._w).open()

    def worlds(self) -> None:
        """One dialog at a time; what it began goes on without it."""
        from app.dialogs.worlds import WorldsDialog

        if self._worlds is None:
            self._worlds = WorldsDialog(self._w.fetching, self._w)
            self._worlds.finished.connect(self._worlds_closed)
        self._worlds.show()
        self._worlds.raise_()
        self._worlds.activateWindow()

    def _worlds_closed(self, *_: object) -> None:
        if self._worlds is not None:
            self._worlds.deleteLater()
            self._worlds = None

    @property
    def worlds_open(self) -> bool:
        return self._worlds is not None

    def shortcuts(self) -> None:
        from app.dialogs.shortcuts import ShortcutsDialog

        dialog = ShortcutsDialog(self._w.actions_table, self._w)
        dialog.finished.connect(
            lambda *_: self._w.settings.set_keys(self._w.actions_table.chosen_keys())
        )
        dialog.finished.connect(lambda *_: self._w.work.plan())
        dialog.open()

    def about(self) -> None:
        from app.dialogs.about import AboutDialog

        AboutDialog(self._w).open()

    def open_logs(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder())))
