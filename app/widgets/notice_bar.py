"""The bar above the picture: what happened, what was kept, buttons that fix it. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.icons import icon
from app.widgets.basics import button, icon_button, label, restyle

Level = Literal["problem", "warning", "info"]
_GLYPHS = {
    "problem": "alert-circle-outline",
    "warning": "alert-outline",
    "info": "check-circle-outline",
}
_INFO_MS = 6000
_MOST = 260  # characters: a sentence or two; the rest is in the tooltip and in the log


def _short(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 1].rstrip() + "…"


@dataclass(frozen=True)
class Notice:
    """``text`` says what happened; ``kept`` what was not lost."""

    text: str
    level: Level = "problem"
    kept: str = ""
    fixes: tuple[tuple[str, Callable[[], object]], ...] = field(default=(), compare=False)


class NoticeBar(QFrame):
    """Shows the newest notice; closing it shows the one before."""

    shown = Signal(object)  # Notice

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setAccessibleName(self.tr("Notices"))
        self._notices: list[Notice] = []
        self._glyph = QLabel()
        self._text = label("", wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._kept = label("", "dim", wrap=True)
        self._fixes = QHBoxLayout()
        self._fixes.setSpacing(6)
        self._close = icon_button("close", self.tr("Close this message (Esc)"), self.dismiss)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._kept)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._glyph)
        row.addLayout(words, 1)
        row.addLayout(self._fixes)
        row.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._expire)
        self.hide()

    @property
    def current(self) -> Notice | None:
        return self._notices[-1] if self._notices else None

    def show_notice(self, notice: Notice) -> None:
        self._notices = [n for n in self._notices if n != notice and n.level != "info"][-4:]
        self._notices.append(notice)
        self._show()
        self.shown.emit(notice)

    def dismiss(self) -> None:
        if self._notices:
            self._notices.pop()
        self._show()

    def withdraw(self, notice: Notice) -> None:
        """Take this very one back, wherever it stands; one that is gone is no matter."""
        left = [n for n in self._notices if n is not notice]
        if len(left) < len(self._notices):
            self._notices = left
            self._show()

    def clear(self) -> None:
        self._notices.clear()
        self._show()

    def _expire(self) -> None:
        if self.current and self.current.level == "info":
            self.dismiss()

    def _show(self) -> None:
        notice = self.current
        self.setVisible(notice is not None)
        self._timer.stop()
        while self._fixes.count():
            old = self._fixes.takeAt(0).widget()
            if old is not None:
                old.deleteLater()
        if notice is None:
            return
        t = theme.current()
        colour = {"problem": t.bad, "warning": t.warn, "info": t.good}[notice.level]
        self._glyph.setPixmap(icon(_GLYPHS[notice.level], colour).pixmap(20, 20))
        self._text.setText(_short(notice.text))
        self._text.setToolTip(notice.text if len(notice.text) > _MOST else "")
        self._kept.setText(notice.kept)
        self._kept.setVisible(bool(notice.kept))
        before: QWidget = self
        for words, act in notice.fixes:
            fix = self._fix(words, act, notice)
            self._fixes.addWidget(fix)
            QWidget.setTabOrder(before, fix)  # what helps comes before closing
            before = fix
        QWidget.setTabOrder(before, self._close)
        restyle(self, level=notice.level)
        if notice.level == "info":
            self._timer.start(_INFO_MS)

    def _fix(self, words: str, act: Callable[[], None], notice: Notice) -> QPushButton:
        def run() -> None:
            if self.current is notice:
                self.dismiss()
            act()

        return button(words, "", run)
