"""The whole main job by hand: from a start picture and actions to an MP4, with a memory that is
saved, and the MP4 opened as a project again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.dialogs.export import ExportDialog
from app.state.export_wish import ExportWish
from core.media.decode import read_frames
from core.media.probe import probe
from core.media.recipe import read_recipe
from core.memory.presets import settings_of
from core.project import queries

ROOT = Path(__file__).resolve().parents[2]


def test_from_picture_to_film_and_back(hand, qtbot, picture_file: Path, tmp_path: Path):
    h, w = hand, hand.w
    assert w.stack.currentWidget() is w.welcome
    # 3. A project from a picture of one's own, through the dialog.
    w.take_files([picture_file])
    dialog = next(d for d in w.children() if type(d).__name__ == "NewProjectDialog")
    h.until(dialog.create.isEnabled)
    dialog.name.setText("A walk")
    dialog.scene.setPlainText("a room with waves")
    dialog.create.click()
    h.until(lambda: h.p is not None)
    h.settle()
    assert h.p.assets[h.p.start.source].name == picture_file.name
    assert w.stack.currentWidget() is w.viewer and h.p.scene == "a room with waves"

    # 4. Actions: a verb by its key, free text in the panel, one moved on the timeline.
    w.timeline.setFocus()
    h.trigger("verb_1")
    panel = w.actions_panel
    panel.amounts.seconds.setValue(1.0)
    panel.text.setFocus()
    panel.text.selectAll()
    qtbot.keyClicks(panel.text, "turn left")
    qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    assert [a.text for a in h.p.actions] == ["walk forward", "turn left"]
    w.timeline.action_resize_requested.emit(h.p.actions[0].id, 1, 9)
    w.timeline.action_move_requested.emit(h.p.actions[1].id, 9)
    assert [(a.start, a.end) for a in h.p.actions] == [(1, 9), (9, 17)]
    h.settle()
    assert "2 chunks" in panel.generate.text()

    # 5. and 6. Both memories; generate; a live preview; the first draft by hand.
    memory = w.memory_panel
    memory.preset.setCurrentIndex(memory.preset.findData("fallback"))
    previews, events = [], []
    w.queue.preview.connect(previews.append)
    w.queue.progressed.connect(lambda: events.append(w.queue.active and w.queue.active.meter.phase))
    panel.generate.click()
    first = h.wait_draft()
    assert previews and "sampling" in events
    assert w.viewer.bar.isVisible() and w.viewer.bar.accept_button.isVisible()
    h.trigger("redo_draft")
    h.until(lambda: len(h.p.takes) == 2 and not w.queue.busy)
    h.settle()
    second = w.generation.draft_take()
    assert second != first
    w.viewer.bar.accept_button.click()
    h.wait_draft()
    h.trigger("auto_accept")
    h.wait_idle()
    assert all(t.learning for t in h.p.takes.values() if t.status == "accepted")
    assert w.status_line.memory.text().startswith(f"memory {2 * settings_of('fallback').steps} steps")
    assert w.memory_panel._none.isHidden() and w.memory_panel._no_frames.isHidden()
    assert len(w.memory_panel.findChildren(type(w.memory_panel._none))) == 2

    # 7. Redo the first chunk: what follows is stale and kept; the old version comes back.
    chunk = h.p.takes[second].chunk
    w.generation.redo_chunk(chunk)
    h.wait_idle()
    tip = queries.tip(h.p).take
    assert queries.stale_reason(h.p, tip)
    h.settle()
    assert "Remake 1 stale chunk" in panel.generate.text()
    panel.generate.click()
    h.wait_idle()
    assert not queries.stale_reason(h.p, queries.tip(h.p).take)
    w.generation.choose_take(second)
    assert h.p.chunks[chunk].chosen == second
    w.document.undo()

    # 8. An episode.
    w.episodes.save("The walk")
    h.until(lambda: len(h.p.episodes) == 1)

    # 9. The timeline: play, split, trim, delete, reorder, all undone.
    w.transport.seek(0)
    h.trigger("play")
    h.until(lambda: w.transport.frame > 2)
    h.trigger("shuttle_stop")
    before = h.p
    w.transport.seek(5)
    h.trigger("split")
    h.trigger("frame_forward")
    w.selection.set(clips=[h.p.tracks[0].clips[-1].id])
    h.settle()
    h.trigger("earlier")
    h.trigger("ripple_delete")
    assert h.p != before
    for _ in range(3):
        w.document.undo()
    assert h.p == before

    # 10. Export through the dialog; the recipe is in the file.
    h.settle()
    target = tmp_path / "walk.mp4"
    export = ExportDialog(h.p, tmp_path)
    export.path.setText(str(target))
    export.preset.setCurrentIndex(export.preset.findData("Draft"))
    export.go.click()
    w.exporting.ask(export.wish)
    h.wait_idle()
    assert [type(j.state).__name__ for j in w.queue.jobs if j.kind == "export"] == ["Done"]
    info = probe(target)
    assert info.kind == "video" and info.frames == queries.sequence_end(h.p)
    assert read_recipe(target)["name"] == "A walk"

    # … and open it as a project again.
    old = w.document.folder
    w.take_files([target])
    h.until(lambda: w.notices.current is not None and "recipe" in w.notices.current.text)
    dict(w.notices.current.fixes)["Open as a project"]()
    h.until(lambda: w.document.folder is not None and w.document.folder != old)
    h.settle()
    assert [a.text for a in h.p.actions] == ["walk forward", "turn left"]
    assert h.p.scene == "a room with waves"
    assert "2 chunks" in panel.generate.text()

    # Generate makes the same film: the same seeds in the same order, the same bytes.
    w.generation.set_auto_accept(True)
    h.trigger("generate")
    h.wait_idle()
    assert _chosen(h.p, "seed") == _chosen(before, "seed")
    assert _chosen(h.p, "latents") == _chosen(before, "latents")

    # 11. Close and open: everything of the first one is there.
    assert w.projects.open(old)
    assert len(h.p.takes) == len(before.takes)


def _chosen(p, what: str) -> list:
    clips = [c for c in queries.track_clips(p) if c.kind == "chunk"]
    return [getattr(queries.chosen_take(p, c.source), what) for c in clips]


def test_cancelled_export_leaves_no_file(opened, tmp_path):
    target = tmp_path / "film.mp4"
    target.write_bytes(b"what was there")
    w = opened.w
    w.exporting.ask(ExportWish(target, 0, 1, width=2000, height=2000))
    w.queue.cancel(w.queue.jobs[-1].id)
    opened.until(lambda: not w.exporting._worker.busy)
    assert opened.states()[-1] in ("Cancelled", "Done")
    if opened.states()[-1] == "Cancelled":
        assert target.read_bytes() == b"what was there"


def test_a_queued_export_writes_the_film_that_was_asked_for(opened, tmp_path):
    h, w = opened, opened.w
    w.generation.pending = ("walk forward", 1.0)
    h.trigger("auto_accept")
    h.trigger("generate")
    h.wait_idle()
    end = queries.sequence_end(h.p)
    (take,) = h.p.takes.values()
    made = list(read_frames(w.document.path(take.video)))
    first, second = tmp_path / "a.mp4", tmp_path / "b.mp4"
    w.exporting.ask(ExportWish(first, 0, end))
    w.queue.pause(w.queue.jobs[-1].id)
    w.exporting.ask(ExportWish(second, 0, end))
    while h.p.takes:  # the chunk goes, and its take with it
        w.document.undo()
    assert queries.sequence_end(h.p) == 1
    h.settle()
    w.queue.resume(next(j.id for j in w.queue.jobs if j.settings.get("path") == str(first)))
    h.wait_idle()
    for path in (first, second):
        film = list(read_frames(path))
        assert len(film) == end
        for seen, frame in zip(film[1:], made, strict=True):
            assert np.abs(seen.astype(float) - frame).mean() < np.mean(frame) / 3, "not black"
    assert not w.exporting._asked


def test_an_export_of_an_earlier_session_writes_what_is_open(opened, tmp_path):
    h, w = opened, opened.w
    target, folder = tmp_path / "film.mp4", w.document.folder
    w.exporting.ask(ExportWish(target, 0, 1))
    w.queue.pause(w.queue.jobs[-1].id)
    w.projects.close()
    h.until(lambda: not w.exporting._worker.busy)
    assert w.projects.open(folder) and not target.exists()
    w.queue.resume(w.queue.jobs[-1].id)
    h.wait_idle()
    assert probe(target).frames == 1


def test_files_are_taken_anywhere(opened, tmp_path, picture_file):
    w = opened.w
    folder = tmp_path / "not a project"
    folder.mkdir()
    w.take_files([folder])
    assert "not a project" in w.notices.current.text
    w.notices.clear()
    bad = tmp_path / "list.mp4"
    bad.write_text("milk, eggs")
    w.take_files([bad])
    opened.until(lambda: w.notices.current is not None)
    assert "list.mp4" in w.notices.current.text
    w.take_files([picture_file])
    opened.until(lambda: "media now" in w.notices.current.text)


def test_reset_layout_and_full_screen(opened):
    w = opened.w
    w.set_viewer_only(True)
    assert not w.timeline.isVisible()
    w.set_viewer_only(False)
    opened.settle()
    assert w.timeline.isVisible()
    w.reset_layout()
    opened.settle()
    assert w.docks["actions"].isVisible()


def test_closing_a_project_leaves_full_screen(opened):
    w = opened.w
    folder = w.document.folder
    opened.trigger("fullscreen")
    assert w.isFullScreen() and not w.menuBar().isVisible()
    opened.trigger("close")
    opened.settle()

    def first_page_alone() -> bool:
        around = [dock for dock in w.docks.values() if dock.isVisible()]
        return w.welcome.isVisible() and not around and w.menuBar().isVisible()

    assert first_page_alone() and w.statusBar().isVisible() and not w.isFullScreen()
    assert not w.actions_table["fullscreen"].isChecked()
    QTest.keyClick(w, Qt.Key.Key_Escape)
    opened.settle()
    assert first_page_alone()
    w.projects.open(folder)
    opened.settle()
    assert w.viewer.isVisible() and all(dock.isVisible() for dock in w.docks.values())


def test_verbs_can_be_opened_where_there_is_a_project(opened):
    w = opened.w
    generate = w.actions_table["generate"].associatedObjects()
    menu = next(m for m in generate if isinstance(m, QMenu))
    verbs = next(a for a in menu.actions() if a.menu())

    def can_be_opened() -> bool:
        menu.aboutToShow.emit()
        return verbs.isEnabled()

    folder = w.document.folder
    assert can_be_opened()
    opened.trigger("close")
    opened.settle()
    assert not can_be_opened()
    w.projects.open(folder)
    opened.settle()
    before = len(w.document.project.actions)
    QTest.keyClick(w, Qt.Key.Key_8, Qt.KeyboardModifier.KeypadModifier)  # keys don't wait for the menu
    opened.settle()
    assert len(w.document.project.actions) == before + 1


def test_another_project_opens_over_the_whole_screen_too(opened, picture_file):
    w, first = opened.w, opened.w.document.folder

    def whole_layout() -> bool:
        docks = all(dock.isVisible() for dock in w.docks.values())
        return docks and w.menuBar().isVisible() and not w.isFullScreen()

    opened.trigger("fullscreen")
    opened.open_sample(picture_file, "Another room")
    assert whole_layout(), "a new one begins with its panels"
    opened.trigger("fullscreen")
    assert w.projects.open(first)
    opened.settle()
    assert w.isFullScreen() and w.viewer.isVisible()
    assert not any(dock.isVisible() for dock in w.docks.values())
    QTest.keyClick(w, Qt.Key.Key_Escape)
    opened.settle()
    assert whole_layout()


def test_the_window_opens_without_torch(tmp_path):
    code = (
        "import sys, json\n"
        "from app.studio import open_window\n"
        "window, app = open_window(['studio'])\n"
        "app.processEvents()\n"
        "print(json.dumps([m for m in ('torch', 'diffusers', 'transformers', 'cv2', 'av') if m "
        "in sys.modules]))\n"
        "window.close()\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout.strip().splitlines()[-1]) == []


def test_the_first_page_stands_alone_after_a_layout_was_restored(opened):
    """A layout is saved with the panels of a project; the next start has none open yet."""
    w = opened.w
    w.settings.set_layout(w.saveGeometry(), w.saveState())
    w.projects.close()
    opened.until(lambda: w.document.project is None)
    w.restore_layout()
    opened.settle()
    assert w.welcome.isVisible()
    assert not any(dock.isVisible() for dock in w.docks.values())


def test_facts_give_way_to_progress_in_a_narrow_window(opened):
    from app.widgets.progress_strip import Shown

    w, line = opened.w, opened.w.status_line
    line.ram.setText("RAM 0.8 GB")
    for width, shown in ((1600, True), (960, False)):
        w.resize(width, 700)
        w.progress.show_progress(
            Shown("Paused · Chunk 12 of 48 · looking at the past · step 3 of 4", 0.4, 400.0, 3000.0)
        )
        line.fit()
        opened.settle()
        assert line.ram.isVisible() == shown
        words = w.progress._words
        assert words.width() >= words.fontMetrics().horizontalAdvance(words.text()), width
    w.progress.show_progress(None)
    line.fit()
    assert line.ram.isVisible()
