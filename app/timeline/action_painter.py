"""Paints the action lane: blocks with words, the mark of a short one, ghosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap

from app.timeline.colours import mix
from app.timeline.columns import LOD_WIDTH, paint_columns
from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

_WIDEST = 2048  # device pixels
_LIMIT = 400


class ActionPainter:
    def __init__(self, view: TimelineView) -> None:
        self.view = view
        self._tiles: dict[tuple, QPixmap] = {}

    def clear(self) -> None:
        self._tiles.clear()

    def paint(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view, scale = self.view, self.view.scale
        if view.index is None:
            return
        low, high = scale.frame(dirty.left() - 2), scale.frame(dirty.right() + 2)
        seen = view.index.actions_between(low, high)
        if not view.project.actions:
            self._hint(painter, rect)
        elif len(seen) > 8 and (seen[-1].end - seen[0].start) * scale.ppf / len(seen) < LOD_WIDTH:
            starts, ends = view.index.action_arrays
            box = QRectF(
                int(dirty.left()), rect.top() + 4, int(dirty.width()) + 1, rect.height() - 8
            )
            codes = np.zeros(len(starts), np.uint8)
            paint_columns(painter, scale, (starts, ends), codes, view.action_columns, box)
            for action_id in view.selection.actions:
                if action := view.index.action_by_id.get(action_id):
                    painter.fillRect(
                        view.action_rect(action.start, action.end, rect), view.colours.accent
                    )
        else:
            self._blocks(painter, seen, rect, dirty)

    def _blocks(self, painter: QPainter, seen, rect: QRectF, dirty: QRectF) -> None:
        view = self.view
        ratio, chosen = view.scale.ratio, view.selection.actions
        for action in seen:
            if view.hides_action(action.id):
                continue
            box = view.action_rect(action.start, action.end, rect)
            short, selected = view.index.too_short(action), action.id in chosen
            wide, high = round(box.width() * ratio), round(box.height() * ratio)
            if wide > _WIDEST or (box.left() < 0 and box.width() > 120):
                self.block(painter, box, action.text, short, selected)
                continue
            key = (action.text, wide, high, ratio, short, selected)
            tile = self._tiles.get(key)
            if tile is None:
                if len(self._tiles) >= _LIMIT:
                    self._tiles.clear()
                tile = self._tiles[key] = self._tile(action.text, wide, high, short, selected)
            painter.drawPixmap(box.topLeft(), tile)

    def _tile(self, text: str, wide: int, high: int, short: bool, selected: bool) -> QPixmap:
        ratio = self.view.scale.ratio
        image = QImage(max(1, wide), max(1, high), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(self.view.colours.lane)
        painter = QPainter(image)
        self.block(painter, QRectF(0, 0, wide / ratio, high / ratio), text, short, selected)
        painter.end()
        return QPixmap.fromImage(image)

    def block(self, painter: QPainter, box: QRectF, text: str, short: bool, selected: bool) -> None:
        view, c = self.view, self.view.colours
        radius = 4.0 if box.width() >= 10 else 0.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.action)
        painter.drawRoundedRect(box, radius, radius)
        if selected:
            painter.setPen(QPen(c.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), radius, radius)
        right = box.right() - 8
        if short and box.width() >= 20:
            self._short_mark(painter, box)
            right = box.right() - 16
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        left = box.left() + 8
        if left < 8 < right - 48:
            left = 8.0  # the words stay in sight while a long block scrolls out
        y = box.center().y() - view.text.height / 2
        view.text.draw(painter, left, y, text or tr("(no words yet)"), right - left, c.action_text)

    def _short_mark(self, painter: QPainter, box: QRectF) -> None:
        """A small clock hand's arc: half a chunk. Its tooltip says so in words."""
        c = self.view.colours
        ink = mix(c.action, c.text, 0.8)
        at = QPointF(box.right() - 10, box.center().y())
        painter.setPen(QPen(ink, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPie(QRectF(at.x() - 4, at.y() - 4, 8, 8), 90 * 16, -180 * 16)

    def _hint(self, painter: QPainter, rect: QRectF) -> None:
        """What to do in an empty lane."""
        view = self.view
        if view.index.empty or view.editor is not None:
            return
        text = tr("Double-click here and write what happens, such as “walk forward”")
        x = max(view.scale.x(view.index.sequence_end), 0.0) + 12
        room = view.viewport().width() - x - 8
        if room < 240:
            x, room = 12.0, view.viewport().width() - 20
        view.text.draw(
            painter, x, rect.center().y() - view.text.height / 2, text, room, view.colours.dim
        )
