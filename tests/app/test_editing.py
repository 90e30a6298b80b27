"""What hands do to several clips and actions, in a whole studio: one change, one undo."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from core.project import queries
from tests.app.timeline.conftest import Hands

OF_ONE = {"redo_from_here", "take_previous", "take_next", "more_takes", "best_take", "memory_back"}


@pytest.fixture
def walked(opened):
    """Three chunks with an action above each."""
    h = opened
    n = h.p.chunk_frames
    for i, text in enumerate(("walk forward", "turn left", "hold still")):
        h.w.editing.add_action(1 + i * n, 1 + (i + 1) * n, text)
    h.w.generation.set_auto_accept(True)
    h.trigger("generate")
    h.wait_idle()
    assert len(queries.track_clips(h.p)) == 4
    return h


def clips(h) -> list[str]:
    return [c.source for c in queries.track_clips(h.p)][1:]


def said(h) -> list[tuple[str, int]]:
    return [(a.text, a.start) for a in h.p.actions]


def test_a_clip_and_the_action_above_it_go_in_one_change(walked):
    h = walked
    before = h.p
    clip, action = queries.track_clips(h.p)[2], h.p.actions[1]
    n = h.p.chunk_frames
    h.w.selection.set(clips=[clip.id], actions=[action.id])
    h.trigger("ripple_delete")
    assert said(h) == [("walk forward", 1), ("hold still", 1 + n)]
    assert [c.start for c in queries.track_clips(h.p)] == [0, 1, 1 + n]
    assert h.w.notices.current is None
    h.trigger("undo")
    assert h.p == before


def test_several_clips_change_places_by_key_and_by_hand(walked):
    h = walked
    first, second, third = clips(h)
    ids = {c.source: c.id for c in queries.track_clips(h.p)}
    h.w.selection.set(clips=[ids[first], ids[second]])
    h.trigger("later")
    assert clips(h) == [third, first, second]
    assert [text for text, _ in said(h)] == ["hold still", "walk forward", "turn left"]
    h.trigger("earlier")
    assert clips(h) == [first, second, third]
    h.trigger("undo")
    h.trigger("undo")
    h.w.timeline.together_order_requested.emit([ids[second], ids[third]], 1)
    assert clips(h) == [second, third, first]
    h.trigger("undo")
    assert clips(h) == [first, second, third]


def test_a_selection_moves_in_one_change(walked):
    h = walked
    before, n = h.p, h.p.chunk_frames
    last = queries.track_clips(h.p)[-1]
    h.w.timeline.together_move_requested.emit([last.id], [h.p.actions[-1].id], n)
    assert queries.track_clips(h.p)[-1].start == last.start + n
    assert h.p.actions[-1].start == before.actions[-1].start + n
    assert "together" in h.w.actions_table["undo"].text()
    h.trigger("undo")
    assert h.p == before


def test_track_and_memory_have_keys(walked):
    h = walked
    for id, what in (("track_hide", "muted"), ("track_lock", "locked")):
        h.trigger(id)
        assert getattr(h.p.tracks[0], what)
        h.trigger("undo")
        assert not getattr(h.p.tracks[0], what)
    h.trigger("memory_stronger")
    assert h.p.memory.strength == pytest.approx(1.1)
    h.trigger("memory_weaker")
    h.trigger("memory_weaker")
    assert h.p.memory.strength == pytest.approx(0.9)
    controls = h.w.viewer.controls
    h.trigger("picture_size")
    assert controls.zoom.currentIndex() == 1
    h.trigger("pixels")
    assert controls.pixels.isChecked() and h.w.actions_table["pixels"].isChecked()
    controls.pixels.click()
    assert not h.w.actions_table["pixels"].isChecked()


def test_commands_of_one_clip_are_off_while_several_are_selected(walked):
    h, w = walked, walked.w
    first, second, third = queries.track_clips(h.p)[1:]
    w.transport.seek(first.start + 2)
    w.selection.set(clips=[second.id, third.id])
    lanes = Hands(w.timeline)
    track = h.p.tracks[0].id
    offered = h.right_click(lanes.at(third.start + 4, track=track))
    assert w.selection.clips == {second.id, third.id}
    assert OF_ONE <= offered.keys() and not any(offered[id] for id in OF_ONE)
    assert not w.actions_table["redo_from_here"].isEnabled(), "by its key neither"
    assert offered["earlier"] and offered["delete"], "these are about all that are selected"
    # The playhead is in the first chunk: what is cut there is not the clip that was clicked.
    assert not {"split", "trim_in", "trim_out"} & offered.keys()
    # One that is not among them is selected by the click, and meant.
    offered = h.right_click(lanes.at(first.start + 4, track=track), "redo_from_here")
    assert w.selection.clips == {first.id} and offered["split"]
    assert [j.chunk for j in w.queue.jobs if j.kind == "redo"] == [first.source]


def test_the_menu_of_one_clip_cuts_no_other(walked):
    h, w = walked, walked.w
    first, _, third = queries.track_clips(h.p)[1:]
    lanes, track, before = Hands(w.timeline), h.p.tracks[0].id, h.p
    w.transport.seek(first.start + 2)
    assert "split" not in h.right_click(lanes.at(third.start + 4, track=track))
    w.selection.set(actions=[h.p.actions[0].id, h.p.actions[1].id])
    offered = h.right_click(lanes.at(h.p.actions[1].start + 4, "actions"))
    assert offered == {"": True, "delete": True} and h.p == before
    w.transport.seek(third.start + 3)
    h.right_click(lanes.at(third.start + 4, track=track), "split")
    assert len(queries.track_clips(h.p)) == len(queries.track_clips(before)) + 1
    assert third.start + 3 in [c.start for c in queries.track_clips(h.p)]


def test_several_clips_are_not_called_none(walked):
    h, panel = walked, walked.w.clip_panel
    h.w.show_panel("clip")
    clips = queries.track_clips(h.p)[1:]
    said = next(t for t in panel.findChildren(QLabel) if "Several" in t.text())
    for chosen, seen in (([], False), (clips[:1], False), (clips, True)):
        h.w.selection.set(clips=[c.id for c in chosen])
        h.settle()
        assert said.isVisible() is seen


def test_only_a_point_of_the_memory_lane_can_be_gone_back_to(walked):
    h, lanes = walked, Hands(walked.w.timeline)
    last = queries.track_clips(h.p)[-1]
    assert "" in h.right_click(lanes.at(last.end, "memory"))  # "Go back to this memory" has no id
    assert h.right_click(lanes.at(last.end - 4, "memory")) .keys() == {"memory_reset", "episode_save"}
