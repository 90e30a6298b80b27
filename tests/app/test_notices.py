"""Errors come as a bar: what happened, what was kept, buttons that fix it. Never a traceback."""

from __future__ import annotations

import sys
import threading

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from app.studio import Complaints, install_hooks
from app.widgets.centre import Centre
from app.widgets.notice_bar import Notice, NoticeBar


@pytest.fixture
def bar(qtbot):
    made = NoticeBar()
    qtbot.addWidget(made)
    return made


def test_it_shows_the_newest_and_closing_shows_the_one_before(bar):
    assert not bar.isVisibleTo(bar.parentWidget() or bar)
    bar.show_notice(Notice("first", kept="all of it"))
    bar.show_notice(Notice("second", "warning"))
    assert bar.current.text == "second"
    bar.dismiss()
    assert bar.current.text == "first"
    bar.dismiss()
    assert bar.current is None and bar.isHidden()


def test_what_passes_lies_over_the_picture_and_what_stays_gets_room(qtbot):
    bar, picture = NoticeBar(), QWidget()
    centre = Centre(bar, picture)
    qtbot.addWidget(centre)
    centre.resize(640, 400)
    centre.show()
    qtbot.waitExposed(centre)

    def seen() -> tuple[int, int]:
        qtbot.wait(20)
        return picture.y(), picture.height()

    bar.show_notice(Notice("It is saved.", "info", kept="Undo takes it back."))
    assert seen() == (0, 400) and bar.isVisible()
    assert bar.width() == 640 and 30 < bar.height() < 120
    bar.show_notice(Notice("The disk is full.", kept="All that was made is kept. " * 12))
    top, height = seen()
    assert top == bar.height() > 60 and height == 400 - top
    centre.resize(400, 400)  # its words take more lines
    assert seen()[0] == bar.height() > top
    bar.dismiss()
    assert seen() == (0, 400) and bar.isHidden()


def test_the_same_notice_twice_is_one(bar):
    for _ in range(3):
        bar.show_notice(Notice("disk full"))
    bar.dismiss()
    assert bar.current is None


def test_a_button_fixes_and_closes(bar):
    fixed = []
    bar.show_notice(Notice("it failed", fixes=(("Try again", lambda: fixed.append(1)),)))
    button = next(b for b in bar.findChildren(QPushButton) if b.text() == "Try again")
    button.click()
    assert fixed == [1]
    assert bar.current is None


def test_tab_comes_to_what_helps_before_closing(bar):
    fixes = (("Open as a project", lambda: None), ("Start from its picture", lambda: None))
    bar.show_notice(Notice("It carries its recipe.", "warning", fixes=fixes))
    names, at = [], bar
    for _ in range(12):
        at = at.nextInFocusChain()
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus and bar.isAncestorOf(at):
            names.append(at.accessibleName())
    assert names[:3] == ["Open as a project", "Start from its picture", bar._close.accessibleName()]


def test_long_words_are_cut_and_kept_in_the_tooltip(bar):
    bar.show_notice(Notice("x" * 2000))
    assert len(bar._text.text()) < 300 and len(bar._text.toolTip()) == 2000


def test_exceptions_nobody_caught_become_a_sentence(qtbot, monkeypatch, caplog):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    complaints, heard = Complaints(), []
    complaints.heard.connect(heard.append)
    install_hooks(complaints)
    try:
        raise KeyError("inner secret")
    except KeyError:
        sys.excepthook(*sys.exc_info())
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=60_000)
    assert all("Traceback" not in words and "secret" not in words for words in heard)
    assert "inner secret" in caplog.text and "ZeroDivisionError" in caplog.text


def test_what_is_said_of_an_edit_goes_when_it_is_undone(opened, tmp_path):
    h, bar, stack = opened, opened.w.notices, opened.w.document.stack
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    h.w.take_files([tmp_path / "red.png"])
    h.until(lambda: bar.current is not None and "media now" in bar.current.text)
    h.settle()
    h.w.editing.add_action(1, 9, "walk forward")
    h.w.document.undo()
    h.settle()
    assert "media now" in bar.current.text, "another edit was undone"
    assert stack.undoText() == "Import media"
    h.w.document.undo()
    assert bar.current is None
    h.w.document.redo()
    assert bar.current is None


def test_what_is_said_at_another_time_outlasts_an_undo(opened):
    h, bar = opened, opened.w.notices
    h.w.editing.add_action(1, 9, "walk forward")
    bar.show_notice(Notice("Take care.", "warning"))
    h.settle()
    bar.show_notice(Notice("film.mp4 is written.", "info"))
    h.w.document.undo()
    assert bar.current.text == "film.mp4 is written."
    bar.dismiss()
    assert bar.current.text == "Take care."
