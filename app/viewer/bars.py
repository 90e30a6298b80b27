"""The bars around the picture: what went wrong (above), and what to decide (below)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.icons import icon
from app.viewer.canvas import tr

_LEVEL_ICON = {
    "problem": "alert-circle-outline",
    "warning": "alert-outline",
    "info": "information-outline",
}


def bar_button(text: str, tip: str, primary: bool = False) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("primary", primary)
    button.setFixedHeight(30)
    return button


class NoticeBar(QFrame):
    """What happened, what was kept, and buttons that mend it. Never a dialog."""

    chosen = Signal(str)  # key of the button

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setAccessibleName(tr("Notice"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(8)
        self.sign = QLabel()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(6)
        self.dismiss = QToolButton()
        self.dismiss.setProperty("flat", True)
        self.dismiss.setAutoRaise(True)
        self.dismiss.setIconSize(QSize(16, 16))
        self.dismiss.setToolTip(tr("Close this notice"))
        self.dismiss.setAccessibleName(tr("Close this notice"))
        self.dismiss.clicked.connect(self.hide)
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        row.addLayout(self.buttons)
        row.addWidget(self.dismiss)
        self.hide()

    def show_notice(self, text: str, level: str, buttons: Sequence[tuple[str, str]]) -> None:
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.sign.setPixmap(icon(_LEVEL_ICON.get(level, "information-outline")).pixmap(18, 18))
        self.dismiss.setIcon(icon("close"))
        self.text.setText(text)
        self.setAccessibleDescription(text)
        while (item := self.buttons.takeAt(0)) is not None:
            item.widget().deleteLater()
        for key, label in buttons:
            button = bar_button(label, label)
            button.clicked.connect(lambda _=False, key=key: self.chosen.emit(key))
            self.buttons.addWidget(button)
        self.show()


class DraftBar(QFrame):
    """The decision about a draft, and the takes of the chunk that is seen."""

    accept = Signal()
    redo = Signal()
    discard = Signal()
    step_take = Signal(int)  # -1 or 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(6)
        self.words = QLabel()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.accept_button = bar_button(
            tr("Accept  ⏎"), tr("Keep this chunk; the memory learns it (Enter)"), True
        )
        self.redo_button = bar_button(tr("Redo  R"), tr("Make it again with another seed (R)"))
        self.discard_button = bar_button(
            tr("Discard  ⌫"), tr("Drop this draft; the take before it comes back (Backspace)")
        )
        self.earlier = self._arrow("chevron-left", tr("The take before this one (Alt+Up)"), -1)
        self.take = QLabel()
        self.take.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.take.setMinimumWidth(34)
        self.later = self._arrow("chevron-right", tr("The take after this one (Alt+Down)"), 1)
        row.addWidget(self.words, 1)
        for widget in (self.earlier, self.take, self.later):
            row.addWidget(widget)
        row.addSpacing(10)
        for widget in (self.accept_button, self.redo_button, self.discard_button):
            row.addWidget(widget)
        self.accept_button.clicked.connect(self.accept)
        self.redo_button.clicked.connect(self.redo)
        self.discard_button.clicked.connect(self.discard)
        self.hide()

    def _arrow(self, name: str, tip: str, step: int) -> QToolButton:
        button = QToolButton()
        button.setProperty("flat", True)
        button.setAutoRaise(True)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(24, 28)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.step_take.emit(step))
        button.setProperty("glyph", name)
        return button

    def show_chunk(self, title: str, draft: bool, take: int, takes: int) -> None:
        """``take`` counts from 1."""
        if draft:
            words = tr("{0} is a draft").format(title)
        else:
            words = tr("{0} has {1} takes").format(title, takes)
        self.words.setText(words)
        self.words.setToolTip(words)
        self.setAccessibleName(words)
        self.setProperty("level", "draft" if draft else "none")
        self.style().unpolish(self)
        self.style().polish(self)
        self.accept_button.setVisible(draft)
        self.discard_button.setVisible(draft)
        several = takes > 1
        for widget in (self.earlier, self.take, self.later):
            widget.setVisible(several)
        self.take.setText(f"{take}/{takes}")
        self.take.setToolTip(tr("Take {0} of {1}").format(take, takes))
        self.earlier.setEnabled(take > 1)
        self.later.setEnabled(take < takes)
        for arrow in (self.earlier, self.later):
            arrow.setIcon(icon(arrow.property("glyph")))
        self.show()
