"""The column at the left: tools over the ruler, and a name with switches for every lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.icons import icon
from app.timeline.geometry import HEADER_WIDTH, RULER, Lane
from app.timeline.words import tr
from core.project.memory_use import muted_parts, silent
from core.project.model import MemoryUse, Track

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

_GRAB = 4  # pixels around the lower edge of a track that drag its height


class HeaderColumn(QWidget):
    def __init__(self, view: TimelineView) -> None:
        super().__init__(view)
        self.view = view
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Tracks"))
        self._rows: dict[str, TrackButtons] = {}
        self._dragged: tuple[str, float, int] | None = None
        self._tools = QWidget(self)
        row = QHBoxLayout(self._tools)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(2)
        self.select = self._button(tr("Select, move and trim (V)"), tr("Select tool"))
        self.blade = self._button(tr("Cut clips where you click (B)"), tr("Blade tool"))
        self.snap = self._button(
            tr("Stick to chunk boundaries, edges, markers and the playhead (S)"), tr("Snap")
        )
        self.fit = self._button(tr("See the whole sequence (Ctrl+0)"), tr("Fit"), checkable=False)
        for button in (self.select, self.blade, self.snap, self.fit):
            row.addWidget(button)
        row.addStretch(1)
        self.select.clicked.connect(lambda: self._tool("select"))
        self.blade.clicked.connect(lambda: self._tool("blade"))
        self.snap.clicked.connect(lambda on: view.set_snapping(on))
        self.fit.clicked.connect(view.zoom_fit)

    def _button(self, tip: str, name: str, checkable: bool = True) -> QToolButton:
        return flat_button(self._tools, tip, name, checkable)

    def _tool(self, name: str) -> None:
        self.view.set_tool(name)
        self.refresh()

    # -- what it shows ------------------------------------------------------------------------

    def refresh(self) -> None:
        view = self.view
        self.select.setChecked(view.tool == "select")
        self.blade.setChecked(view.tool == "blade")
        self.snap.setChecked(view.snapping)
        text, dim = view.colours.text.name(), view.colours.dim.name()
        chosen = view.colours.accent.name()
        for button, name in (
            (self.select, "cursor-default-outline"),
            (self.blade, "content-cut"),
            (self.snap, "magnet"),
            (self.fit, "fit-to-page-outline"),
        ):
            button.setIcon(icon(name, chosen if button.isChecked() else dim))
        tracks = {t.id: t for t in view.project.tracks} if view.project else {}
        for gone in set(self._rows) - set(tracks):
            self._rows.pop(gone).deleteLater()
        for track in tracks.values():
            if track.id not in self._rows:
                self._rows[track.id] = TrackButtons(self, track.id)
                self._rows[track.id].show()
            self._rows[track.id].refresh(track, text, dim)
        self.refresh_places()

    def refresh_places(self) -> None:
        for lane in self.view.rows:
            if lane.kind == "track" and lane.id in self._rows:
                rect = self._rect(lane)
                buttons = self._rows[lane.id]
                wide = buttons.sizeHint().width()
                buttons.setGeometry(HEADER_WIDTH - wide - 7, round(rect.top()) + 4, wide, 24)
                buttons.setVisible(rect.top() > RULER - 12)
        self._tools.setGeometry(0, 0, HEADER_WIDTH - 1, RULER - 1)
        self._tools.raise_()
        self.update()

    def _rect(self, lane: Lane) -> QRectF:
        rect = self.view.lane_rect(lane)
        return QRectF(0, rect.top(), HEADER_WIDTH, rect.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        view, c = self.view, self.view.colours
        painter = QPainter(self)
        painter.fillRect(self.rect(), c.background)
        names = {t.id: t for t in view.project.tracks} if view.project else {}
        for lane in view.rows:
            rect = self._rect(lane)
            painter.fillRect(rect, c.panel)
            hue = {"actions": c.action, "track": c.video, "memory": c.memory}.get(lane.kind, c.dim)
            painter.fillRect(QRectF(0, rect.top(), 3, rect.height()), hue)
            track = names.get(lane.id)
            name = {
                "actions": tr("Actions"), "memory": tr("Memory"), "consistency": tr("Consistency")
            }.get(lane.kind, track.name if track else tr("Video"))  # fmt: skip
            top_aligned = lane.kind == "track" and lane.height >= 44
            y = rect.top() + 8 if top_aligned else rect.center().y() - view.text.height / 2
            taken = self._rows[lane.id].width() + 8 if lane.id in self._rows else 0
            ink = c.dim if track and track.muted else c.text
            view.text.draw(painter, 12, y, name, HEADER_WIDTH - 20 - taken, ink)
            if track and lane.height >= 60 and (track.muted or track.locked):
                words = [tr("hidden")] * track.muted + [tr("locked")] * track.locked
                view.text.draw(painter, 12, y + 18, ", ".join(words), HEADER_WIDTH - 20, c.dim)
            if lane.kind == "memory" and view.project is not None:
                wide = 20 + view.text.width(name)
                said = heard(view.project.memory)
                view.text.draw(painter, wide, y, said, HEADER_WIDTH - 6 - wide, c.dim)
        painter.fillRect(QRectF(0, 0, self.width(), RULER), c.panel)
        painter.fillRect(QRectF(0, RULER - 1, self.width(), 1), c.line)
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), c.line)
        painter.end()

    # -- dragging the height ------------------------------------------------------------------

    def _edge(self, at: QPointF) -> Lane | None:
        for lane in self.view.rows:
            if (
                lane.kind == "track"
                and lane.id
                and abs(at.y() - self._rect(lane).bottom()) <= _GRAB
            ):
                return lane
        return None

    def _tip(self, at: QPointF, edge: bool) -> str:
        lane = self.view.lane_at(at.y())
        if edge:
            return tr("Drag to make this track higher or lower")
        if lane is None or self.view.project is None or at.y() < RULER:
            return ""
        if lane.kind == "actions":
            return tr("What happens, in words. Double-click in the lane to write.")
        if lane.kind == "memory":
            return tr(
                "What the memory has learned, chunk by chunk. Click a point to go back to it."
            )
        if lane.kind == "consistency":
            return tr(
                "How well the walk holds together. A bar: how far a chunk is from the opening. A "
                "tick: a cut. A dot: it comes back to an earlier view, full where that is the same."
            )
        return next((t.name for t in self.view.project.tracks if t.id == lane.id), "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        lane = self._edge(event.position())
        if lane is not None and event.button() == Qt.MouseButton.LeftButton:
            self._dragged = (lane.id, event.position().y(), lane.height)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            track_id, y, height = self._dragged
            self.view.track_height(track_id, round(height + event.position().y() - y), False)
            return
        edge = self._edge(event.position())
        self.setToolTip(self._tip(event.position(), edge is not None))
        shape = Qt.CursorShape.SizeVerCursor if edge else None
        self.setCursor(shape) if shape else self.unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None and event.button() == Qt.MouseButton.LeftButton:
            (track_id, y, height), self._dragged = self._dragged, None
            new = round(height + event.position().y() - y)
            if new != height:
                self.view.track_height(track_id, new, True)

    def wheelEvent(self, event) -> None:
        bar = self.view.verticalScrollBar()
        bar.setValue(bar.value() - event.angleDelta().y() // 2)

    def contextMenuEvent(self, event) -> None:
        if self._dragged is not None:
            return
        lane = self.view.lane_at(event.pos().y())
        if lane is not None:
            self.view.context_menu_requested.emit(lane.kind, lane.id, event.globalPos())


class TrackButtons(QWidget):
    """Shown and locked: two switches of one track."""

    def __init__(self, header: HeaderColumn, track_id: str) -> None:
        super().__init__(header)
        self.track_id = track_id
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.mute = flat_button(self, "", "", True)
        self.lock = flat_button(self, "", "", True)
        row.addWidget(self.mute)
        row.addWidget(self.lock)
        ask = header.view.track_change_requested.emit
        self.mute.clicked.connect(lambda on: ask(track_id, {"muted": bool(on)}))
        self.lock.clicked.connect(lambda on: ask(track_id, {"locked": bool(on)}))

    def refresh(self, track: Track, text: str, dim: str) -> None:
        self.mute.setChecked(track.muted)
        self.lock.setChecked(track.locked)
        self.mute.setIcon(
            icon("eye-off-outline" if track.muted else "eye-outline", text if track.muted else dim)
        )
        self.lock.setIcon(
            icon(
                "lock" if track.locked else "lock-open-variant-outline",
                text if track.locked else dim,
            )
        )
        self.mute.setToolTip(
            tr("Show “{0}” again").format(track.name)
            if track.muted
            else tr("Hide “{0}” from the picture and the export").format(track.name)
        )
        self.lock.setToolTip(
            tr("Unlock “{0}”").format(track.name)
            if track.locked
            else tr("Lock “{0}” against changes").format(track.name)
        )
        self.mute.setAccessibleName(tr("Hide {0}").format(track.name))
        self.lock.setAccessibleName(tr("Lock {0}").format(track.name))


def heard(use: MemoryUse) -> str:
    """What of the memory is not heard, in a word or two."""
    if use.preset == "off":
        return tr("off")
    if silent(use):
        return tr("muted")
    names = {"adapter": tr("adapter off"), "bank": tr("frames off")}
    return "".join(names[part] for part in muted_parts(use))


def flat_button(parent: QWidget, tip: str, name: str, checkable: bool) -> QToolButton:
    button = QToolButton(parent)
    button.setProperty("flat", True)
    button.setAutoRaise(True)
    button.setCheckable(checkable)
    button.setIconSize(QSize(16, 16))
    button.setFixedSize(24, 24)
    button.setToolTip(tip)
    button.setAccessibleName(name)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
