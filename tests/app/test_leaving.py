"""A project that the disk does not take is not left by accident."""

from __future__ import annotations

import pytest

from core.project import edits
from core.project.store import ProjectStore


@pytest.fixture
def full(opened):
    """An edit that could not be written; (hand, the disk: a list that is empty once it is free)."""
    disk, write = ["full"], opened.w.document._saver._write

    def written(project) -> None:
        if disk:
            raise OSError(28, "No space left on device")
        write(project)

    opened.w.document.flush()
    opened.w.document._saver._write = written
    opened.w.document.do("Scene", lambda p: edits.set_scene(p, "a hall"))
    opened.until(lambda: opened.w.notices.current is not None)
    return opened, disk


def test_neither_the_project_nor_the_window_closes(full):
    h, disk = full
    folder = h.w.document.folder
    h.trigger("close")
    h.bot.wait(300)  # the saver has said again what is wrong: the choice lies above that
    assert h.p is not None and "was not closed" in h.w.notices.current.text
    h.w.close()
    h.bot.wait(300)
    assert "was not closed" in h.w.notices.current.text
    assert h.w.isVisible() and h.p.scene == "a hall"
    disk.clear()
    h.trigger("close")  # there is room now: it is tried again
    assert h.p is None
    with ProjectStore.open(folder) as again:
        assert again.project.scene == "a hall"


def test_it_can_be_left_all_the_same(full):
    h, _ = full
    h.trigger("close")
    h.settle()
    dict(h.w.notices.current.fixes)["Close without saving"]()
    assert h.p is None


def test_a_signal_asks_nobody(full):
    h, _ = full
    assert not h.w.document.kept()
    h.w.leave_unsaved()
    assert not h.w.isVisible() and h.p is None
