from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.timeline import TimelineView
from core.project.model import Project
from tests.app.timeline.sample import project as sample_project

Left = Qt.MouseButton.LeftButton
Plain = Qt.KeyboardModifier.NoModifier


class Hands:
    """A pointer over the lanes: real events, at frames and lanes instead of pixels."""

    def __init__(self, view: TimelineView) -> None:
        self.view = view

    def at(self, frame: float, lane: str = "track", track: str = "v1", y: float = 0.5) -> QPointF:
        if lane == "ruler":
            return QPointF(self.view.scale.x(frame), 6)
        row = self.view.lane_of_track(track) if lane == "track" else self.view.lane_of(lane)
        rect = self.view.lane_rect(row)
        return QPointF(self.view.scale.x(frame), rect.top() + rect.height() * y)

    def _send(self, kind, at: QPointF, button, held, modifiers) -> None:
        viewport = self.view.viewport()
        event = QMouseEvent(kind, at, viewport.mapToGlobal(at), button, held, modifiers)
        QApplication.sendEvent(viewport, event)

    def press(self, at: QPointF, button=Left, modifiers=Plain) -> None:
        self._send(QEvent.Type.MouseButtonPress, at, button, button, modifiers)

    def move(self, at: QPointF, button=Left, modifiers=Plain) -> None:
        self._send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, button, modifiers)

    def hover(self, at: QPointF) -> None:
        self._send(
            QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Plain
        )

    def release(self, at: QPointF, button=Left, modifiers=Plain) -> None:
        self._send(QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton, modifiers)

    def click(self, at: QPointF, button=Left, modifiers=Plain) -> None:
        self.press(at, button, modifiers)
        self.release(at, button, modifiers)

    def drag(self, a: QPointF, b: QPointF, button=Left, modifiers=Plain, drop: bool = True) -> None:
        self.press(a, button, modifiers)
        for part in (0.3, 0.7, 1.0):
            self.move(a + (b - a) * part, button, modifiers)
        if drop:
            self.release(b, button, modifiers)

    def double_click(self, at: QPointF) -> None:
        self.click(at)
        self._send(QEvent.Type.MouseButtonDblClick, at, Left, Left, Plain)
        self.release(at)

    def wheel(self, at: QPointF, turn: int, modifiers=Plain) -> None:
        viewport = self.view.viewport()
        event = QWheelEvent(
            at, viewport.mapToGlobal(at), QPoint(), QPoint(0, turn),
            Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(viewport, event)


class Ear:
    """Every signal of the view, in order."""

    NAMES = (
        "seek_requested", "clip_move_requested", "clip_trim_requested", "clip_split_requested",
        "delete_requested", "together_move_requested", "together_order_requested",
        "action_add_requested", "action_text_edited",
        "action_move_requested", "action_resize_requested",
        "memory_point_clicked", "marker_move_requested", "in_out_requested",
        "track_change_requested", "context_menu_requested", "redo_requested", "files_dropped",
        "tool_changed", "snapping_changed",
    )  # fmt: skip

    def __init__(self, view: TimelineView) -> None:
        self.heard: list[tuple] = []
        for name in self.NAMES:
            getattr(view, name).connect(lambda *a, name=name: self.heard.append((name, *a)))

    def take(self) -> list[tuple]:
        heard, self.heard = self.heard, []
        return heard


@pytest.fixture
def make_view(qtbot):
    def make(project: Project | None, ppf: float = 8.0) -> TimelineView:
        view = TimelineView()
        qtbot.addWidget(view)
        view.resize(1000, 340)
        view.set_project(project)
        with qtbot.waitExposed(view):
            view.show()
        if project is not None:
            view.set_zoom(ppf)
            view.scroll_to(0)
        return view

    return make


@pytest.fixture
def view(make_view) -> TimelineView:
    return make_view(sample_project(4))


@pytest.fixture
def hands(view) -> Hands:
    return Hands(view)


@pytest.fixture
def ear(view) -> Ear:
    return Ear(view)
