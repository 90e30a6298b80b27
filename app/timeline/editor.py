"""Writing the words of an action where the block is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLineEdit

from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

LEAST = 168  # pixels: room to read what is written, however short the block


class ActionEditor(QObject):
    """``action_id`` "" writes a new action. Enter or leaving keeps the words, Esc drops them."""

    def __init__(self, view: TimelineView, start: int, end: int, text: str, action_id: str) -> None:
        super().__init__(view)
        self.view = view
        self.start, self.end, self.before, self.action_id = start, end, text, action_id
        self.done = False
        self.field = QLineEdit(text, view.viewport())
        self.field.setPlaceholderText(tr("What happens? “walk forward”"))
        self.field.setAccessibleName(tr("Words of the action"))
        self.field.setToolTip(tr("Enter keeps the words, Esc drops them."))
        self.field.setFont(view.text.font)
        self.field.installEventFilter(self)
        self.field.returnPressed.connect(self.commit)

    def open(self) -> None:
        self.place()
        self.field.show()
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def place(self) -> None:
        box = self.view.action_rect(self.start, self.end)
        room = self.view.viewport().width() - 8
        wide = min(max(box.width(), LEAST), room)
        left = min(max(box.left(), 4.0), room + 4 - wide)
        self.field.setGeometry(round(left), round(box.top()), round(wide), round(box.height()))

    def document_changed(self) -> None:
        """Stay with the action, or close when it is gone."""
        if not self.action_id:
            self.place()
            return
        index = self.view.index
        action = index.action_by_id.get(self.action_id) if index else None
        if action is None:
            self._close()
        else:
            self.start, self.end = action.start, action.end
            self.place()

    def commit(self) -> None:
        text = " ".join(self.field.text().split())
        if self.done:
            return
        view, start, end, action_id = self.view, self.start, self.end, self.action_id
        self._close()
        if not text or text == self.before:
            return
        if action_id:
            view.action_text_edited.emit(action_id, text)
        else:
            view.action_add_requested.emit(start, end, text)

    def cancel(self) -> None:
        self._close()

    def _close(self) -> None:
        if self.done:
            return
        self.done = True
        had_focus = self.field.hasFocus()
        self.view.editor = None
        self.field.hide()
        self.field.deleteLater()
        self.deleteLater()
        if had_focus:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.view.viewport().update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()  # ours, whatever Esc does in the window
            return True
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.cancel()
            return True
        if event.type() == QEvent.Type.FocusOut and (
            event.reason() != Qt.FocusReason.PopupFocusReason
        ):
            self.commit()
        return False
