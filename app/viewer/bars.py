"""The bar under the picture: what is seen, what to decide about a draft, the takes of a chunk."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

from app import theme
from app.actions import Actions, command_of, normal
from app.icons import icon
from app.viewer.canvas import tr
from app.widgets.basics import ElidedLabel, follow_tip, restyle

HEIGHT = 42
_NARROW = 480  # pixels: below here no keys are shown
_WORDS = 150  # for the words and the margins
_AIR = "\u2002\u200e"  # between words and icon


def bar_button(text: str, key: str, primary: bool = False) -> QPushButton:
    """``key``: the icon of the key that does the same, behind the words."""
    button = QPushButton(text + _AIR)
    button.setAccessibleName(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("barPrimary", primary)
    button.setProperty("key", key)
    button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the icon at the right
    button.setIconSize(QSize(16, 16))
    button.setFixedHeight(30)
    return button


class DraftBar(QFrame):
    """The decision about a draft, and the takes of the chunk that is seen."""

    accept = Signal()
    redo = Signal()
    discard = Signal()
    step_take = Signal(int)  # -1 or 1

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        """``actions`` give each button the key that the artist chose for it."""
        super().__init__(parent)
        self._actions = actions
        self.setProperty("role", "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(6)
        self.setFixedHeight(HEIGHT)  # always there, so that the picture never jumps
        self.words = ElidedLabel()
        self.words.setMinimumWidth(40)
        self.automatic = QCheckBox(tr("Accept automatically"))
        self.automatic.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.automatic.setAccessibleName(self.automatic.text())
        self.accept_button = bar_button(tr("Accept"), "keyboard-return", primary=True)
        self.redo_button = bar_button(tr("Redo"), "alpha-r-box-outline")
        self.discard_button = bar_button(tr("Discard"), "backspace-outline")
        self.earlier = self._arrow("chevron-left", tr("The take before this one"), -1)
        self.take = QLabel()
        self.take.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.take.setMinimumWidth(34)
        self.later = self._arrow("chevron-right", tr("The take after this one"), 1)
        row.addWidget(self.words, 1)
        row.addWidget(self.automatic)
        for widget in (self.earlier, self.take, self.later):
            row.addWidget(widget)
        row.addSpacing(10)
        for widget in (self.accept_button, self.redo_button, self.discard_button):
            row.addWidget(widget)
        self.in_order = (
            self.automatic, self.earlier, self.later,
            self.accept_button, self.redo_button, self.discard_button,
        )  # fmt: skip
        self._buttons = {
            self.accept_button: "accept",
            self.redo_button: "redo_draft",
            self.discard_button: "discard",
        }
        for button, id in (
            *self._buttons.items(),
            (self.automatic, "auto_accept"),
            (self.earlier, "take_previous"),
            (self.later, "take_next"),
        ):
            follow_tip(button, actions[id])
        self.accept_button.clicked.connect(self.accept)
        self.redo_button.clicked.connect(self.redo)
        self.discard_button.clicked.connect(self.discard)
        self.hide()

    def _arrow(self, name: str, words: str, step: int) -> QToolButton:
        button = QToolButton()
        button.setProperty("flat", True)
        button.setAutoRaise(True)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(24, 28)
        button.setAccessibleName(words)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.step_take.emit(step))
        button.setProperty("glyph", name)
        return button

    def show_chunk(self, words: str, draft: bool, take: int, takes: int) -> None:
        """``take`` counts from 1."""
        self._say(words, "draft" if draft else "none")
        self.accept_button.setVisible(draft)
        self.redo_button.setVisible(True)
        self.discard_button.setVisible(draft)
        several = takes > 1
        for widget in (self.earlier, self.take, self.later):
            widget.setVisible(several)
        self.take.setText(f"{take}/{takes}")
        self.take.setToolTip(tr("Take {0} of {1}").format(take, takes))
        self.earlier.setEnabled(take > 1)
        self.later.setEnabled(take < takes)
        self._fit()

    def show_words(self, words: str) -> None:
        """Where there is nothing to decide."""
        self._say(words, "none")
        for widget in (
            self.accept_button, self.redo_button, self.discard_button,
            self.earlier, self.take, self.later,
        ):  # fmt: skip
            widget.hide()
        self._fit()

    def _fit(self) -> None:
        """In a narrow window what has a key or a place in the menu gives way."""
        narrow = self.width() < _NARROW
        for arrow in (self.earlier, self.later):
            arrow.setVisible(not narrow and not self.take.isHidden())
        for button in self._buttons:
            button.setText(button.accessibleName() + ("" if narrow else _AIR))
        self._show_icons(not narrow)
        row, parts = self.layout(), (*self.in_order[1:], self.take)
        shown = [part for part in parts if not part.isHidden()]
        need = sum(part.sizeHint().width() + row.spacing() for part in (self.automatic, *shown))
        self.automatic.setVisible(self.width() >= need + _WORDS)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, HEIGHT)  # it fits itself: a draft must not make the window wider

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()

    def _say(self, words: str, level: str) -> None:
        self.words.setText(words)
        self.setAccessibleName(words)
        restyle(self, level=level)
        self.show()

    def _show_icons(self, keys: bool) -> None:
        for arrow in (self.earlier, self.later):
            arrow.setIcon(icon(arrow.property("glyph")))
        for button, id in self._buttons.items():
            first = button is self.accept_button
            ink = theme.current().on_accent if first else theme.current().dim
            drawn = keys and self._actions.keys(id) == normal(command_of(id).keys)
            button.setIcon(icon(button.property("key"), ink) if drawn else QIcon())

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange and hasattr(self, "_buttons"):
            self._fit()
