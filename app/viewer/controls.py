"""The row under the picture: play, step, time, loop, and how the picture is shown."""

from __future__ import annotations

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

from app.icons import icon
from app.state import timecode
from app.state.transport import Transport
from app.viewer.canvas import tr

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

    def __init__(self, transport: Transport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.transport = transport
        self._icons: list[tuple[QToolButton, str]] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        t = transport

        self.time = TimeField(t)
        self.time.entered.connect(t.seek)
        self.length = QLabel()
        self.length.setFont(figures(self.font()))
        self.length.setProperty("role", "dim")
        self.length.setAccessibleName(tr("Length"))
        self.length.setToolTip(tr("How long the sequence is"))

        left = QHBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.time)
        left.addWidget(self.length)
        left.addStretch(1)

        self.start = self._button("skip-previous", tr("Go to start"), "Home", t.to_start)
        self.back = self._button("step-backward", tr("One frame back"), "←", lambda: t.step(-1))
        self.reverse = self._button("rewind", tr("Play backwards; again is faster"), "J",
                                    lambda: t.shuttle(-1))  # fmt: skip
        self.play = self._button("play", tr("Play or pause"), tr("Space"), t.toggle)
        self.forward = self._button("fast-forward", tr("Play forwards; again is faster"), "L",
                                    lambda: t.shuttle(1))  # fmt: skip
        self.next = self._button("step-forward", tr("One frame forward"), "→", lambda: t.step(1))
        self.end = self._button("skip-next", tr("Go to end"), tr("End"), t.to_end)
        self.play.setFixedSize(40, 32)
        self.play.setIconSize(QSize(20, 20))
        middle = QHBoxLayout()
        middle.setSpacing(2)
        for button in (
            self.start,
            self.back,
            self.reverse,
            self.play,
            self.forward,
            self.next,
            self.end,
        ):
            middle.addWidget(button)

        self.speed = QLabel()
        self.speed.setFont(figures(self.font(), 12))
        self.speed.setProperty("role", "dim")
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.setToolTip(tr("How fast it plays (J, K, L)"))
        self.loop = self._button("repeat", tr("Play the range again and again"), "Ctrl+L", None)
        self.loop.setCheckable(True)
        self.loop.clicked.connect(t.set_loop)
        self.pixels = self._button("grid", tr("Show the pixels as squares"), "", None)
        self.pixels.setCheckable(True)
        self.pixels.clicked.connect(lambda on: self.smooth_chosen.emit(not on))
        self.zoom = QComboBox()
        for value, text in ZOOMS:
            self.zoom.addItem(tr(text), value)
        self.zoom.setAccessibleName(tr("Size of the picture"))
        self.zoom.setToolTip(tr("Size of the picture"))
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.currentIndexChanged.connect(
            lambda i: self.zoom_chosen.emit(self.zoom.itemData(i))
        )
        right = QHBoxLayout()
        right.setSpacing(4)
        right.addStretch(1)
        for widget in (self.speed, self.loop, self.pixels, self.zoom):
            right.addWidget(widget)

        row.addLayout(left, 1)
        row.addLayout(middle)
        row.addLayout(right, 1)
        t.frame_changed.connect(self.time.show_frame)
        t.length_changed.connect(self.refresh)
        t.playing_changed.connect(self.refresh)
        t.speed_changed.connect(self.refresh)
        t.loop_changed.connect(self.loop.setChecked)
        self.refresh()

    def _button(self, name: str, text: str, key: str, slot) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("flat", True)
        button.setAutoRaise(True)
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(30, 30)
        button.setAccessibleName(text)
        button.setToolTip(f"{text} ({key})" if key else text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if slot is not None:
            button.clicked.connect(lambda: slot())
        self._icons.append((button, name))
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
        for button in (
            self.start,
            self.back,
            self.reverse,
            self.play,
            self.forward,
            self.next,
            self.end,
        ):
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
