"""The consistency lane and the best of several takes, in a whole studio."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.dialogs.export import ExportDialog
from app.panels.clip_panel import Choice
from core.media.encode import write_take
from core.project import edits, queries
from core.project.model import Take
from tests.app.timeline.conftest import Hands
from tests.builders.tiny_world import picture


@pytest.fixture
def walked(opened):
    """Two accepted chunks."""
    h = opened
    h.w.editing.add_action(1, 1 + 2 * h.p.chunk_frames, "turn left")
    h.w.generation.set_auto_accept(True)
    h.trigger("generate")
    h.wait_idle()
    measured(h)
    return h


def measured(h) -> None:
    h.until(lambda: not h.w.consistency.busy)
    h.settle()
    h.until(lambda: not h.w.consistency.busy)


def put(h, chunk: str, frames, tmp_path, name: str) -> str:
    """A take of a chunk made of these frames, beside the others."""
    path = tmp_path / f"{name}.mp4"
    write_take(path, frames, Fraction(8))
    asset = h.w.document.store.import_file(path, "video")
    like = queries.chosen_take(h.p, chunk)
    take = Take(**{
        **{f: getattr(like, f) for f in like.__dataclass_fields__},
        "id": name, "status": "draft", "video": asset.id, "snapshot": None, "learning": None,
    })  # fmt: skip
    h.w.document.do(
        "a take", lambda p: edits.add_take(edits.add_assets(p, [asset]), chunk, take, choose=False)
    )
    h.settle()
    return name


def frames_of(h, take_id: str) -> list[np.ndarray]:
    from core.media.decode import read_frames

    return list(read_frames(h.w.document.path(h.p.takes[take_id].video)))


def test_a_cell_a_chunk_with_a_sentence_and_a_jump(walked, tmp_path):
    h, w, t = walked, walked.w, walked.w.timeline
    clips = [c for c in queries.track_clips(h.p) if c.kind == "chunk"]
    assert set(w.consistency.clips) == {c.id for c in clips}
    # The second chunk becomes one with a cut after three frames.
    last = frames_of(h, h.p.chunks[clips[0].source].chosen)[-1]
    good, other = [last] * h.p.chunk_frames, [picture(64, 90)] * h.p.chunk_frames
    name = put(h, clips[1].source, good[:3] + other[3:], tmp_path, "cut")
    w.generation.choose_take(name)
    h.settle()
    measured(h)
    cell = t.cells.by_id[clips[1].id]
    assert cell.cuts == (clips[1].start + 3,)
    said = t.cells.sentence(cell)
    assert said.startswith("Chunk 2: ") and f"A cut at frame {clips[1].start + 3}." in said

    from app.timeline.tips import tip

    hands = Hands(t)
    at = hands.at(clips[1].start + 3.2, "consistency")
    assert tip(t, t.pointer.hit(at)) == said + "\nDouble-click to go there."
    hands.double_click(at)
    assert w.transport.frame == clips[1].start + 3


def test_the_menu_of_a_cell_is_about_its_chunk(walked):
    h, w = walked, walked.w
    first, second = queries.track_clips(h.p)[1:]
    lanes = Hands(w.timeline)
    w.transport.seek(first.start + 1)
    w.clip_panel.count.setValue(1)
    offered = h.right_click(lanes.at(second.start + 4, "consistency"), "more_takes")
    assert offered["best_take"] and w.selection.clips == {second.id}
    assert [j.chunk for j in w.queue.jobs if j.kind == "more"] == [second.source]
    # Of several that are selected the one that was clicked is meant; where none is, none.
    w.selection.set(clips=[first.id, second.id])
    assert h.right_click(lanes.at(second.start + 4, "consistency"))["more_takes"]
    assert w.selection.clips == {second.id}
    beside = lanes.at(second.end + 3, "consistency")
    assert h.right_click(beside) == {"consistency_lane": True}


def test_the_lane_by_keyboard_and_out_of_sight(walked):
    h, w, t = walked, walked.w, walked.w.timeline
    clips = [c for c in queries.track_clips(h.p) if c.kind == "chunk"]
    t.setFocus()
    w.selection.set(clips=[clips[1].id])
    QTest.keyClick(t, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert t.cell == clips[1].id and not w.selection.clips
    assert t.accessibleDescription().startswith("Chunk 2: ")
    QTest.keyClick(t, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert t.cell == clips[0].id
    w.transport.seek(0)
    QTest.keyClick(t, Qt.Key.Key_Return)
    assert clips[0].start <= w.transport.frame < clips[0].end
    assert any(lane.kind == "consistency" for lane in t.rows)
    h.trigger("consistency_lane")
    assert not any(lane.kind == "consistency" for lane in t.rows)
    assert w.settings.get("consistency_lane") is False
    h.trigger("consistency_lane")


def test_enter_accepts_a_draft_after_the_clip_of_the_held_cell_is_gone(walked):
    h, w, t = walked, walked.w, walked.w.timeline
    h.trigger("auto_accept")
    w.generation.pending = ("turn left", 1.0)
    h.trigger("generate")
    take = h.wait_draft()
    measured(h)
    w.transport.pause()
    w.selection.clear()
    w.activateWindow()
    t.setFocus()
    first = queries.track_clips(h.p)[1]
    t.set_cell(first.id)
    QTest.keyClick(t, Qt.Key.Key_Return)
    assert h.p.takes[take].status == "draft", "the key is the cell's"
    w.editing.delete([first.id], [], False)
    h.settle()
    QTest.keyClick(t, Qt.Key.Key_Return)
    assert h.p.takes[take].status == "accepted"


def test_the_best_of_made_up_takes_is_chosen_and_undone(walked, tmp_path):
    h, w = walked, walked.w
    chunk = queries.track_clips(h.p)[-1].source
    before = queries.chosen_take(h.p, queries.track_clips(h.p)[1].source)
    shown = h.p.chunks[chunk].chosen
    w.transport.seek(queries.track_clips(h.p)[-1].start)
    last = frames_of(h, before.id)[-1]
    steady = [np.roll(last, 2 * i, 1) for i in range(h.p.chunk_frames)]
    other = [np.roll(picture(64, 77), 2 * i, 1) for i in range(h.p.chunk_frames)]
    put(h, chunk, other, tmp_path, "jumps")  # a cut at its seam
    put(h, chunk, [(f * 0.3).astype(np.uint8) for f in steady], tmp_path, "fades")
    put(h, chunk, steady, tmp_path, "steady")
    measured(h)
    places = w.choosing.places(chunk)
    assert places["steady"].rank < places["fades"].rank
    assert places["steady"].rank < places["jumps"].rank and "cut" in places["jumps"].why
    w.show_panel("clip")
    names = [c.accessibleName() for c in w.clip_panel.findChildren(Choice) if c.isVisible()]
    assert sum("best of 4" in n for n in names) == 1 and all("score" in n for n in names)
    best = min(places, key=lambda t: places[t].rank)
    h.trigger("best_take")
    assert h.p.chunks[chunk].chosen == best
    if best != shown:
        assert "is shown now" in w.notices.current.text
        w.document.undo()
        assert h.p.chunks[chunk].chosen == shown


def test_what_the_best_take_outdates_and_what_is_exported_is_said(walked, tmp_path):
    h, w = walked, walked.w
    first = queries.track_clips(h.p)[1]
    later = [c for c in queries.track_clips(h.p) if c.start > first.start]
    chunk, start = first.source, h.p.chunks[first.source].chosen
    assert later
    frames = frames_of(h, start)
    put(h, chunk, [(f * 0.3).astype(np.uint8) for f in frames], tmp_path, "dark")
    before = h.p
    w.document.do("x", lambda p: edits.choose_take(p, "dark"))
    h.settle()
    assert w.choosing._outdated(before).startswith(f"{len(later)} chunk")
    assert w.choosing._outdated(h.p) == ""
    export = ExportDialog(h.p, tmp_path)
    stale = f"{len(later)} stale chunks" if len(later) > 1 else "1 stale chunk"
    assert f"In the film as they look now: 1 draft and {stale}." in export._note.text()
    w.document.do("x", lambda p: edits.choose_take(p, start))
    assert "as they look now" not in ExportDialog(h.p, tmp_path)._note.text()


def test_more_takes_lie_beside_the_one_that_is_shown(walked):
    h, w = walked, walked.w
    chunk = queries.track_clips(h.p)[-1].source
    shown, n = h.p.chunks[chunk].chosen, len(h.p.takes)
    w.transport.seek(queries.track_clips(h.p)[-1].start)
    w.clip_panel.count.setValue(2)
    assert "2 more takes" in w.actions_table["more_takes"].text()
    h.trigger("more_takes")
    h.wait_idle()
    assert len(h.p.takes) == n + 2 and h.p.chunks[chunk].chosen == shown
    made = [h.p.takes[t] for t in h.p.chunks[chunk].takes]
    assert len({t.seed for t in made}) == 3 and len({t.parent for t in made}) == 1
    assert all(t.status == "draft" for t in made[1:]) and not w.generation.draft_take()
    measured(h)
    assert len(w.choosing.places(chunk)) == 3
    w.document.undo()
    assert len(h.p.takes) == n + 1


def test_measuring_leaves_the_window_alone(walked, monkeypatch):
    """The pictures are decoded and judged on another thread, and a missing file is no trouble."""
    import threading

    from core import consistency

    h, w, seen = walked, walked.w, []
    real, judge = consistency.look, consistency.judge
    monkeypatch.setattr(
        consistency, "look", lambda *a: (seen.append(threading.current_thread()), real(*a))[1]
    )
    monkeypatch.setattr(
        consistency, "judge", lambda *a: (seen.append(threading.current_thread()), judge(*a))[1]
    )
    clip = queries.track_clips(h.p)[1]
    w.document.path(queries.chosen_take(h.p, clip.source).video).unlink()
    w.consistency.forget()
    h.w.refresh.now()
    measured(h)
    assert seen and threading.main_thread() not in seen
    assert clip.id not in w.consistency.clips and len(w.consistency.clips) == 1
