"""The document: one writer, undo that says what, saving that nobody waits for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from app.state.document import Document
from core.project import edits
from core.project.model import WorldRef
from core.project.store import ProjectStore


def new(folder: Path):
    p = edits.new_project("Walk", WorldRef("tiny", "0" * 64, "Tiny"), Fraction(8), (64, 64), 8, 4)
    return p, ProjectStore.create(folder, p)


@pytest.fixture
def document(qtbot, tmp_path: Path):
    made = Document()
    made.open(*new(tmp_path / "walk"))
    yield made
    made.close()


def test_undo_and_redo_say_what(document):
    before = document.project
    assert document.do("Write the scene", lambda p: edits.set_scene(p, "a hall"))
    assert document.do("Add “turn left”", lambda p: edits.add_action(p, "turn left", 0, 8))
    assert document.stack.undoText() == "Add “turn left”"
    document.undo()
    assert document.project.actions == ()
    assert document.project.scene == "a hall"
    document.undo()
    assert document.project == before
    document.redo()
    document.redo()
    assert document.project.actions[0].text == "turn left"


def test_an_edit_that_is_refused_is_said_and_changes_nothing(document, qtbot):
    document.do("Add", lambda p: edits.add_action(p, "walk", 0, 8))
    before = document.project
    with qtbot.waitSignal(document.problem, timeout=60_000) as said:
        assert not document.do("Add", lambda p: edits.add_action(p, "turn", 4, 12))
    assert "already there" in said.args[0]
    assert document.project is before
    assert document.stack.count() == 1


def test_nothing_changed_is_no_step(document):
    assert document.do("Same", lambda p: p)
    assert document.stack.count() == 0


def test_steps_of_one_gesture_are_one_step(document):
    for text in ("a", "a h", "a hall"):
        document.do("Write the scene", lambda p, t=text: edits.set_scene(p, t), "scene")
    assert document.stack.count() == 1
    document.undo()
    assert document.project.scene == ""


def test_every_edit_reaches_the_disk(document, qtbot, tmp_path):
    for i in range(30):
        document.do(f"Scene {i}", lambda p, i=i: edits.set_scene(p, f"scene {i}"))
    assert document.unsaved
    with qtbot.waitSignal(document.saved, timeout=60_000):
        pass
    assert document.flush()
    document.close()
    with ProjectStore.open(tmp_path / "walk") as store:
        assert store.project.scene == "scene 29"


def test_a_save_that_fails_is_said_and_nothing_is_lost(document, qtbot, tmp_path):
    folder = tmp_path / "walk"
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    with qtbot.waitSignal(document.problem, timeout=60_000) as said:
        document.do("Scene", lambda p: edits.set_scene(p, "kept in memory"))
    assert "not saved" in said.args[0] or "could not be saved" in said.args[0]
    assert document.unsaved
    assert document.project.scene == "kept in memory"
    moved.rename(folder)
    document.save()
    assert document.flush()
    qtbot.waitUntil(lambda: not document.unsaved, timeout=60_000)


def test_a_read_only_project_is_shown_but_not_changed(qtbot, tmp_path):
    import json

    p, store = new(tmp_path / "newer")
    store.close()
    file = tmp_path / "newer" / "project.json"
    data = json.loads(file.read_text("utf-8"))
    data["schema"] = 99
    file.write_text(json.dumps(data), "utf-8")
    document = Document()
    store = ProjectStore.open(tmp_path / "newer")
    document.open(store.project, store)
    with qtbot.waitSignal(document.problem, timeout=60_000) as said:
        assert not document.do("Scene", lambda p: edits.set_scene(p, "x"))
    assert "reading only" in said.args[0]
    document.close()


class Disk:
    """Writes as the store does, while there is room."""

    def __init__(self, store: ProjectStore):
        self.full, self._save = True, store.save

    def save(self, project) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self._save(project)


def test_what_the_disk_would_not_take_is_tried_again_before_closing(qtbot, tmp_path):
    p, store = new(tmp_path / "walk")
    disk = Disk(store)
    store.save = disk.save
    document = Document()
    document.open(p, store)
    with qtbot.waitSignal(document.problem, timeout=60_000):
        document.do("Scene", lambda q: edits.set_scene(q, "a hall"))
    assert not document.flush() and not document.kept()
    disk.full = False
    assert document.kept()
    document.close()
    with ProjectStore.open(tmp_path / "walk") as again:
        assert again.project.scene == "a hall"
