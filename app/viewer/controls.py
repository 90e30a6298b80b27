"""The row under the picture: play, step, time, loop, and how the picture is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)

from app.actions import Actions, command_of
from app.icons import icon
from app.state import timecode
from app.state.transport import Transport
from app.viewer.canvas import tr
from app.widgets.basics import follow_tip

#: From which width on these are shown.
_ROOM = ((("length", "speed"), 600), (("pixels", "zoom"), 520), (("reverse", "forward"), 440))
ZOOMS = ((0.0, "Fit"), (1.0, "100 %"), (2.0, "200 %"))


def figures(font: QFont, pixels: int = 13) -> QFont:
    """Figures of one width, so that a running time does not dance."""
    tabular = QFont(font)
    tabular.setPixelSize(pixels)
    tabular.setFeature(QFont.Tag("tnum"), 1)
    return tabular


class TimeField(QLineEdit):
    """The frame of the playhead as timecode; type another, or +12, -1:00, 3.5s."""

    entered = Signal(int)

    def __init__(self, transport: Transport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._transport = transport
        self.setFont(figures(self.font()))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        wide = QFontMetrics(self.font()).horizontalAdvance("00:00:00:00")
        self.setFixedWidth(wide + 26)
        self.setAccessibleName(tr("Time of the playhead"))
        self.setToolTip(
            tr("Where the playhead is: hours, minutes, seconds, frames.\n"
               "Type a time, +12 for twelve frames on, or 3.5s. Enter goes there, Esc gives up.")
        )  # fmt: skip
        self.returnPressed.connect(self._enter)
        self.show_frame()

    def show_frame(self) -> None:
        if not (self.hasFocus() and self.isModified()):
            self.setText(timecode.to_timecode(self._transport.frame, self._transport.rate))

    def _enter(self) -> None:
        t = self._transport
        frame = timecode.from_timecode(self.text(), t.rate, t.frame)
        self.setModified(False)
        if frame is not None:
            self.entered.emit(frame)
        self.clearFocus()
        self.show_frame()

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self.selectAll()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.setModified(False)
        self.show_frame()

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setModified(False)
            self.clearFocus()
            self.show_frame()
        else:
            super().keyPressEvent(event)


class Controls(QFrame):
    zoom_chosen = Signal(float)
    smooth_chosen = Signal(bool)

    def __init__(
        self, transport: Transport, actions: Actions, parent: QWidget | None = None
    ) -> None:
        """``actions`` give each button its words, and the key that the artist chose for it."""
        super().__init__(parent)
        self.transport, self._actions = transport, actions
        self._icons: list[tuple[QToolButton, str]] = []
        t = transport

        self.time = TimeField(t)
        self.time.entered.connect(t.seek)
        self.length = self._figures(tr("Length"), tr("How long the sequence is"), 13)
        self.start = self._button("go_start", t.to_start)
        self.back = self._button("frame_back", lambda: t.step(-1))
        self.reverse = self._button("shuttle_back", lambda: t.shuttle(-1))
        self.play = self._button("play", t.toggle)
        self.forward = self._button("shuttle_forward", lambda: t.shuttle(1))
        self.next = self._button("frame_forward", lambda: t.step(1))
        self.end = self._button("go_end", t.to_end)
        self._moving = (
            self.start, self.back, self.reverse, self.play, self.forward, self.next, self.end,
        )  # fmt: skip
        self.play.setFixedSize(40, 32)
        self.play.setIconSize(QSize(20, 20))
        self.speed = self._figures(tr("Speed"), tr("How fast it plays"), 12)
        self.loop = self._switch("loop", t.set_loop)
        self.pixels = self._switch("pixels", lambda on: self.smooth_chosen.emit(not on))
        self.zoom = QComboBox()
        for value, text in ZOOMS:
            self.zoom.addItem(tr(text), value)
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.currentIndexChanged.connect(
            lambda i: self.zoom_chosen.emit(self.zoom.itemData(i))
        )
        self.zoom.setAccessibleName(tr("Size of the picture"))
        follow_tip(self.zoom, actions["picture_size"])

        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        row.addLayout(_row(8, self.time, self.length, None), 1)
        row.addLayout(_row(2, *self._moving))
        row.addLayout(_row(4, None, self.speed, self.loop, self.pixels, self.zoom), 1)
        self.in_order = (self.time, *self._moving, self.loop, self.pixels, self.zoom)
        t.frame_changed.connect(self.time.show_frame)
        t.length_changed.connect(self.refresh)
        t.playing_changed.connect(self.refresh)
        t.speed_changed.connect(self.refresh)
        t.loop_changed.connect(self.loop.setChecked)
        self.refresh()

    def next_size(self) -> None:
        """Fit, 100 %, 200 %, and again."""
        self.zoom.setCurrentIndex((self.zoom.currentIndex() + 1) % self.zoom.count())

    def _figures(self, name: str, tip: str, pixels: int) -> QLabel:
        made = QLabel()
        made.setFont(figures(self.font(), pixels))
        made.setProperty("role", "dim")
        made.setAccessibleName(name)
        made.setToolTip(tip)
        return made

    def _button(self, id: str, slot: Callable[[], None] | None = None) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("flat", True)
        button.setAutoRaise(True)
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(30, 30)
        button.setAccessibleName(self._actions[id].text())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        follow_tip(button, self._actions[id])
        if slot is not None:
            button.clicked.connect(lambda: slot())
        self._icons.append((button, command_of(id).icon))
        return button

    def _switch(self, id: str, slot: Callable[[bool], None]) -> QToolButton:
        button = self._button(id)
        button.setCheckable(True)
        button.clicked.connect(slot)
        return button

    def refresh(self, *_: object) -> None:
        """Icons and words for what the transport does now."""
        t = self.transport
        for button, name in self._icons:
            if button is self.play:
                name = "pause" if t.playing else "play"
            button.setIcon(icon(name))
        self.length.setText("/ " + timecode.to_timecode(t.length, t.rate))
        if t.playing and t.speed != 1:
            self.speed.setText(("◂ " if t.speed < 0 else "▸ ") + f"{abs(t.speed):g}×")
        else:
            self.speed.setText("")
        self.time.show_frame()
        for button in self._moving:
            button.setEnabled(t.length > 0)

    def resizeEvent(self, event) -> None:
        """In a narrow window what can be done elsewhere gives way first."""
        super().resizeEvent(event)
        width = event.size().width()
        for widgets, least in _ROOM:
            for name in widgets:
                getattr(self, name).setVisible(width >= least)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, super().minimumSizeHint().height())

    def changeEvent(self, event) -> None:
        if event.type() == event.Type.PaletteChange and hasattr(self, "time"):
            self.refresh()
        super().changeEvent(event)


def _row(spacing: int, *widgets: QWidget | None) -> QHBoxLayout:
    """``None`` is where the room goes."""
    row = QHBoxLayout()
    row.setSpacing(spacing)
    for widget in widgets:
        row.addStretch(1) if widget is None else row.addWidget(widget)
    return row
