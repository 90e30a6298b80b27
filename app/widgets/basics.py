"""Small parts that every panel is made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon

#: Of an icon before words: Qt leaves 4 pixels between them, which is too little.
BESIDE_WORDS = QSize(20, 16)


def label(text: str, role: str = "", wrap: bool = False) -> QLabel:
    """``role`` picks the style: dim, section, title, display, good, warn, bad."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return made


def restyle(widget: QWidget, **properties: object) -> None:
    """Set dynamic properties and let the style sheet look again."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def rule() -> QFrame:
    line = QFrame()
    line.setProperty("role", "rule")
    line.setFixedHeight(1)
    return line


class ElidedLabel(QLabel):
    """One line that ends in an ellipsis where it does not fit; the tooltip then has it whole."""

    def __init__(self, text: str = "", role: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        self._full = self._more = ""
        if role:
            self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(24)
        self.setText(text)

    def setText(self, text: str) -> None:
        self._full = text
        self.setAccessibleName(text)
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def _fit(self) -> None:
        width = self.contentsRect().width()
        cut = QFontMetrics(self.font()).elidedText(self._full, Qt.TextElideMode.ElideRight, width)
        whole = self._full if self._more or cut != self._full else ""
        self.setToolTip("\n\n".join(part for part in (whole, self._more) if part))

    def set_more(self, text: str) -> None:
        """What the tooltip says beside the line itself."""
        self._more = text
        self._fit()

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        rect = self.contentsRect()
        cut = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, rect.width())
        self.style().drawItemText(
            painter,
            rect,
            int(self.alignment() | Qt.AlignmentFlag.AlignVCenter),
            self.palette(),
            self.isEnabled(),
            cut,
            self.foregroundRole(),
        )


def button(
    text: str, glyph: str = "", clicked: Callable[[], None] | None = None, tip: str = ""
) -> QPushButton:
    made = QPushButton(text)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the timeline
    made.setAutoDefault(False)
    if glyph:
        made.setProperty("glyph", glyph)
        made.setIcon(icon(glyph))
        made.setIconSize(BESIDE_WORDS)
    if tip:
        made.setToolTip(tip)
    made.setAccessibleName(text or tip)
    if clicked is not None:
        made.clicked.connect(lambda: clicked())
    return made


def primary(text: str, glyph: str = "", clicked: Callable[[], None] | None = None) -> QPushButton:
    from app import theme

    made = button(text, "", clicked)
    made.setProperty("primary", True)
    if glyph:
        made.setIcon(icon(glyph, theme.current().on_accent))
        made.setIconSize(BESIDE_WORDS)
    return made


def airy(*boxes: QAbstractSpinBox) -> None:
    """Air before the figures: a style sheet's padding does not reach into a spin box."""
    for box in boxes:
        box.lineEdit().setTextMargins(5, 0, 0, 0)


def icon_button(glyph: str, tip: str, clicked: Callable[[], None] | None = None) -> QToolButton:
    made = QToolButton()
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setProperty("flat", True)
    made.setProperty("glyph", glyph)
    made.setIcon(icon(glyph))
    made.setIconSize(QSize(16, 16))
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    if clicked is not None:
        made.clicked.connect(lambda: clicked())
    return made


def action_button(action: QAction, flat: bool = True, text: str | None = None) -> QToolButton:
    """A button that is the action: its icon, tooltip with key, state."""
    made = QToolButton()
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setProperty("flat", flat)
    made.setIconSize(QSize(16, 16))
    made.setDefaultAction(action)
    made.setAccessibleName(action.text())
    if text is not None:
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setIconSize(BESIDE_WORDS)
    return made


def bind(push: QPushButton, action: QAction) -> QPushButton:
    """Give a push button an action's meaning: it fires it and follows its state."""

    def follow() -> None:
        push.setEnabled(action.isEnabled())
        push.setToolTip(action.toolTip())

    push.clicked.connect(lambda: action.trigger())
    action.changed.connect(follow)
    follow()
    return push


def follow_tip(widget: QWidget, action: QAction) -> None:
    """Show the tooltip of an action, with the key that the artist chose for it."""

    def follow() -> None:
        widget.setToolTip(action.toolTip())

    action.changed.connect(follow)
    follow()


def refresh_glyphs(root: QWidget) -> None:
    """Colour the icons again after the theme changed."""
    for kind in (QPushButton, QToolButton):
        for made in root.findChildren(kind):
            glyph = made.property("glyph")
            if glyph:
                made.setIcon(icon(glyph))


def level_labels(form: QFormLayout) -> None:
    """Labels beside one-line fields stand at the height of the field's text."""
    for row in range(form.rowCount()):
        left = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        right = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        if left is None or right is None or left.widget() is None:
            continue
        if isinstance(right.widget(), QLabel):  # wrapped words don't know yet how wide they are
            height = right.widget().fontMetrics().lineSpacing()
        else:
            _polish(right.widget())
            height = right.sizeHint().height()
        if height <= 44:
            left.widget().setMinimumHeight(height)
    form.invalidate()  # what it measured before


def _polish(whole: QWidget | None) -> None:
    """Give it and what is in it the padding of the style sheet, before it is measured."""
    if whole is None:
        return
    for part in (whole, *whole.findChildren(QWidget)):
        part.ensurePolished()
    if whole.layout() is not None:
        whole.layout().invalidate()  # it has measured its parts without


class TallColumn(QWidget):
    """A column inside ``scrolled`` that is as tall as its wrapped words are at its width.

    A scroll area asks for a height without saying how wide it is, so wrapped words were squeezed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def event(self, event) -> bool:
        done = super().event(event)
        if event.type() == event.Type.LayoutRequest:
            self.fit()
        return done

    def fit(self) -> None:
        wanted = self.column.heightForWidth(self.width())
        if wanted >= 0 and wanted != self.minimumHeight():
            self.setMinimumHeight(wanted)


def fit_height(window: QWidget) -> None:
    """As tall as its wrapped words are at its width; Qt guesses from a narrower one."""
    layout = window.layout()
    height = layout.heightForWidth(window.width())
    if height > 0:
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        window.setMinimumSize(window.width(), height)
        window.resize(window.width(), height)


def scrolled(body: QWidget) -> QScrollArea:
    body.setObjectName("body")
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(body)
    return area


class Empty(QWidget):
    """What a panel shows while there is nothing: what it is for and what to do next."""

    def __init__(self, glyph: str, title: str, text: str, action: QPushButton | None = None):
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(2)
        self._glyph = glyph
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._picture)
        head = label(title, "title", wrap=True)
        head.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(head)
        if text:
            body = label(text, "dim", wrap=True)
            body.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(body)
        if action is not None:
            column.addSpacing(4)
            column.addWidget(action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.refresh()

    def refresh(self) -> None:
        from app import theme

        self._picture.setPixmap(icon(self._glyph, theme.current().dim).pixmap(36, 36))

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            self.refresh()
