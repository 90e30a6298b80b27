"""Files dropped on the window: all of them are taken, wherever they are dropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.dialogs.new_project import NewProjectDialog


def drop(widget: QWidget, files: list[Path]) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton)
    QApplication.sendEvent(
        widget, QDragEnterEvent(QPoint(40, 40), *how, Qt.KeyboardModifier.NoModifier)
    )
    QApplication.sendEvent(
        widget, QDropEvent(QPointF(40, 40), *how, Qt.KeyboardModifier.NoModifier)
    )


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("hall.png", "yard.png", "roof.png")]
    for i, path in enumerate(made):
        Image.new("RGB", (64, 64), (80 * i, 90, 120)).save(path)
    return made


def test_every_file_dropped_on_the_picture_is_imported(opened, files):
    h = opened
    drop(h.w.viewer.canvas, files)
    h.until(lambda: h.w.notices.current is not None)
    h.settle()
    names = {a.name for a in h.p.assets.values() if a.kind == "source"}
    assert {"hall.png", "yard.png", "roof.png"} <= names
    assert h.w.notices.current.text == "hall.png and 2 more are in the project's media now."
    h.w.document.undo()  # one change
    assert "hall.png" not in {a.name for a in h.p.assets.values()}


def test_without_a_project_it_says_what_one_starts_from(hand, files):
    h = hand
    drop(h.w.welcome.drop, files)
    assert "starts from one picture or video: hall.png." in h.w.notices.current.text
    dialog = next(d for d in h.w.findChildren(NewProjectDialog) if d.isVisible())
    h.until(dialog.create.isEnabled)
    dialog.reject()
