"""Saved memories with the real engine: kept, continued with, renamed, taken out, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.dialogs.name import NameDialog
from core.project import queries


@pytest.fixture
def learned(opened):
    """With one accepted and learned chunk."""
    opened.trigger("auto_accept")
    opened.w.generation.pending = ("walk forward", 1.0)
    opened.trigger("generate")
    opened.wait_idle()
    return opened


def save(h, name: str) -> str:
    h.w.episodes.save(name)
    h.until(lambda: any(e.name == name for e in h.p.episodes))
    h.settle()
    return next(e.id for e in h.p.episodes if e.name == name)


def test_nothing_learned_says_what_to_do(opened):
    opened.w.episodes.save("Too early")
    assert "Accept a chunk first" in opened.w.notices.current.text
    assert opened.p.episodes == ()


def test_save_list_load_rename_delete_undo(learned):
    h = learned
    id = save(h, "Hall")
    panel = h.w.episodes_panel
    assert panel.rows.ids() == [id]
    assert h.w.episodes.thumbnail(h.p.episodes[0]) is not None
    assert h.p.episodes[0].chunks == 1 and h.p.episodes[0].frames == h.p.chunk_frames

    tip = queries.tip(h.p)
    learned_there = queries.memory_before(h.p, tip)
    h.trigger("memory_reset")
    assert queries.memory_before(h.p, tip) is None
    panel.rows.select(id)
    panel.load_wanted.emit(id)
    h.until(lambda: queries.memory_before(h.p, tip) is not None)
    assert queries.memory_before(h.p, tip) in h.p.assets
    h.w.document.undo()
    assert queries.memory_before(h.p, tip) is None
    h.w.document.undo()
    assert queries.memory_before(h.p, tip) == learned_there

    panel.rename_wanted.emit(id, "Old hall")
    assert h.p.episodes[0].name == "Old hall"
    panel.delete_wanted.emit(id)
    h.settle()
    assert h.p.episodes == () and panel.rows.ids() == []
    h.w.document.undo()
    h.settle()
    assert panel.rows.ids() == [id]


def test_the_notice_of_a_deleted_episode_brings_back_that_episode(learned):
    h, w = learned, learned.w
    id = save(h, "Hall")
    episode = h.p.episodes[0]
    w.episodes_panel.delete_wanted.emit(id)
    ((words, undo),) = w.notices.current.fixes
    assert words == "Undo" and h.p.episodes == ()
    h.trigger("marker")
    undo()
    assert h.p.episodes == (episode,) and len(h.p.markers) == 1
    assert w.episodes.thumbnail(episode) is not None
    before = h.p
    undo()  # once more, or after Undo itself: it is there
    assert h.p == before


def test_a_loaded_memory_is_named_and_not_called_empty(learned):
    h = learned
    id = save(h, "Hall")
    h.trigger("memory_reset")
    h.settle()
    assert "empty" in h.w.status_line.memory.text()
    h.w.episodes.load(id)
    h.until(lambda: "of an episode" in h.w.status_line.memory.text())
    h.w.show_panel("memory")
    shown = " ".join(w.text() for w in h.w.memory_panel.findChildren(QLabel) if w.isVisible())
    assert "The memory of “Hall” is in use." in shown
    assert "The frames of the episode are remembered; up to 4" in shown


def test_names_are_asked_for_in_one_dialog(learned):
    h = learned
    for id, at_first, button in (
        ("episode_save", h.p.name, "Save"), ("rename", h.p.name, "Rename"),
    ):  # fmt: skip
        h.trigger(id)
        dialog = next(d for d in h.w.findChildren(NameDialog) if d.isVisible())
        assert dialog.field.text() == at_first and dialog.go.text() == button
        dialog.field.setText("  ")
        assert not dialog.go.isEnabled()
        dialog.field.setText(f" By {id} ")
        dialog.go.click()
        h.until(lambda: not any(d.isVisible() for d in h.w.findChildren(NameDialog)))
    h.until(lambda: [e.name for e in h.p.episodes] == ["By episode_save"])
    assert h.p.name == "By rename"


def test_a_chunk_is_made_with_a_loaded_memory(learned):
    h = learned
    id = save(h, "Hall")
    h.w.episodes.load(id)
    h.until(lambda: bool(h.p.memory_bases))
    h.settle()
    h.trigger("generate")
    h.wait_idle()
    assert h.states()[-1] == "Done"
    last = h.p.takes[queries.tip(h.p).take]
    assert last.snapshot_in in h.p.memory_bases.values()


def test_out_as_a_file_and_into_another_project(learned, tmp_path: Path, picture_file: Path):
    h = learned
    id = save(h, "Hall")
    out = tmp_path / "hall.sfep"
    h.w.episodes.export(id, out)
    h.until(out.is_file)
    h.settle()
    h.open_sample(picture_file, "Another room")
    assert h.p.episodes == ()
    h.w.take_files([out])
    h.until(lambda: len(h.p.episodes) == 1)
    h.settle()
    notice = h.w.notices.current
    assert [words for words, _ in notice.fixes] == ["Continue with it"]
    notice.fixes[0][1]()
    h.until(lambda: bool(h.p.memory_bases))


def test_another_worlds_episode_is_refused_with_the_reason(
    learned, tmp_path: Path, picture_file: Path, other_world_dir: Path
):
    from app.state.worlds import Worlds

    h = learned
    id = save(h, "Hall")
    out = tmp_path / "hall.sfep"
    h.w.episodes.export(id, out)
    h.until(out.is_file)
    h.w.projects._worlds = h.w.worlds = Worlds([other_world_dir])
    h.open_sample(picture_file, "Elsewhere")
    h.w.notices.clear()
    h.w.take_files([out])
    h.until(lambda: h.w.notices.current is not None)
    assert "world" in h.w.notices.current.text.lower()
    assert "Traceback" not in h.w.notices.current.text
    assert h.p.episodes == ()


def test_a_broken_file_is_refused(opened, tmp_path: Path):
    bad = tmp_path / "bad.sfep"
    bad.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00not a header")
    opened.w.take_files([bad])
    opened.until(lambda: opened.w.notices.current is not None)
    assert "episode" in opened.w.notices.current.text
    assert opened.p.episodes == ()


def test_strength_mute_and_preset_are_undone(learned):
    h = learned
    panel = h.w.memory_panel
    panel.strength.setValue(140)
    h.settle()
    assert h.p.memory.strength == pytest.approx(1.4)
    h.trigger("memory_mute")
    assert h.p.memory.muted
    h.settle()
    assert h.w.status_line.memory.text() == "memory adapter muted · 9 frames"
    h.w.document.undo()
    h.w.document.undo()
    assert h.p.memory.strength == 1.0 and not h.p.memory.muted


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_loads_an_episode_once(learned, key):
    h, panel = learned, learned.w.episodes_panel
    id = save(h, "Hall")
    h.w.show_panel("episodes")
    asked, assets = [], len(h.p.assets)
    panel.load_wanted.connect(asked.append)
    panel.rows.select(id)
    panel.rows.list.setFocus()
    QTest.keyClick(panel.rows.list, key)
    h.until(lambda: bool(h.p.memory_bases))
    h.w.background.wait(5000)
    h.settle()
    assert asked == [id] and len(h.p.assets) == assets + 1
    QTest.keyClick(panel.rows.list, Qt.Key.Key_Delete)
    assert h.p.episodes == ()
