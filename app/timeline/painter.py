"""Paints the lanes. Only what lies inside the dirty rectangle is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.timeline.colours import mix
from app.timeline.geometry import Lane
from app.timeline.index import STATES, TrackIndex, tr
from app.timeline.tiles import TITLE, WIDEST

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

LOD_WIDTH = 4.0  # mean width of a clip below which clips become columns of pixels
_ROWS = 6  # rows of the zoomed-out picture: its patterns tell states apart without colour


class LanePainter:
    def __init__(self, view: "TimelineView") -> None:
        self.view = view

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view = self.view
        c = view.colours
        painter.fillRect(dirty, c.background)
        for lane in view.rows:
            rect = view.lane_rect(lane)
            if rect.intersects(dirty):
                painter.fillRect(rect.intersected(dirty), c.lane)
        self._range(painter, dirty)
        self._grid(painter, dirty)
        for lane in view.rows:
            rect = view.lane_rect(lane)
            if not rect.intersects(dirty):
                continue
            if lane.kind == "track":
                track = view.index.tracks.get(lane.id) if view.index else None
                if track is not None:
                    self._track(painter, track, rect, dirty)
                    if view.index.main is track:
                        self._planned(painter, rect, dirty)
            elif lane.kind == "actions":
                self._actions(painter, rect, dirty)
            else:
                self._memory(painter, rect, dirty)

    # -- behind everything --------------------------------------------------------------------

    def _range(self, painter: QPainter, dirty: QRectF) -> None:
        """Outside the in/out range it is darker."""
        p = self.view.project
        if p is None or (p.in_point is None and p.out_point is None):
            return
        shade = QColor(0, 0, 0, 60)
        scale = self.view.scale
        if p.in_point is not None:
            left = QRectF(dirty.left(), dirty.top(), scale.x(p.in_point) - dirty.left(), dirty.height())
            painter.fillRect(left.intersected(dirty), shade)
        if p.out_point is not None:
            x = max(dirty.left(), scale.x(p.out_point))
            painter.fillRect(QRectF(x, dirty.top(), dirty.right() - x, dirty.height()), shade)

    def _grid(self, painter: QPainter, dirty: QRectF) -> None:
        view = self.view
        if view.index is None or view.project.chunk_frames * view.scale.ppf < 7:
            return
        lines = []
        top, bottom = dirty.top(), dirty.bottom()
        for frame in view.grid_between(dirty.left(), dirty.right()):
            x = view.scale.x(frame) + 0.5 / view.scale.ratio
            lines.append(QLineF(x, top, x, bottom))
        painter.setPen(QPen(view.colours.grid, 0))
        painter.drawLines(lines)

    # -- clips --------------------------------------------------------------------------------

    def _track(self, painter: QPainter, track: TrackIndex, rect: QRectF, dirty: QRectF) -> None:
        view = self.view
        scale = view.scale
        first, last = track.between(scale.frame(dirty.left() - 2), scale.frame(dirty.right() + 2))
        if last <= first:
            return
        span = scale.x(track.ends[last - 1]) - scale.x(track.starts[first])
        if last - first > 8 and span / (last - first) < LOD_WIDTH:
            self._columns(painter, track, rect, dirty)
            self._selected_columns(painter, track, rect, first, last)
            return
        ratio, tiles, look_of = scale.ratio, view.tiles, view.index.look
        selected = view.selection.clips
        height = round(rect.height() * ratio)
        top, pixel = rect.top(), 1 / ratio
        x_of, starts, ends = scale.x, track.starts, track.ends
        muted = track.track.muted
        if muted:
            painter.setOpacity(0.45)
        outlined = []
        for i in range(first, last):
            clip = track.clips[i]
            left = x_of(starts[i])
            wide = max(pixel, x_of(ends[i]) - left - pixel)
            device = round(wide * ratio)
            look = look_of(clip)
            if device <= WIDEST:
                tile = tiles.get(clip.id, look, max(1, device), height, ratio)
                painter.drawPixmap(QPointF(left, top), tile)
            else:
                whole = QRectF(left, top, wide, rect.height())
                seen = whole.intersected(dirty.adjusted(-8, 0, 8, 0))
                view_seen = whole.intersected(QRectF(0, top, view.viewport().width(), rect.height()))
                painter.save()
                painter.setClipRect(seen)
                tiles.paint(painter, look, whole, view_seen, ratio)
                painter.restore()
            if clip.id in selected:
                outlined.append(QRectF(left, top, wide, rect.height()))
        if muted:
            painter.setOpacity(1.0)
        for whole in outlined:
            self.outline(painter, whole)

    def outline(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.view.colours.accent, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _columns(self, painter: QPainter, track: TrackIndex, rect: QRectF, dirty: QRectF) -> None:
        """Zoomed out: one column of pixels shows the clip under it; rare states win."""
        view = self.view
        scale = view.scale
        left = int(max(0.0, dirty.left()))
        width = int((min(dirty.right() + 1, view.viewport().width()) - left) * scale.ratio)
        if width < 1:
            return
        starts, ends = track.arrays
        states = view.index.states(track)
        frames = scale.frame(left) + (np.arange(width) + 0.5) / (scale.ppf * scale.ratio)
        index = np.minimum(np.searchsorted(ends, frames, side="right"), len(starts) - 1)
        inside = (starts[index] <= frames) & (frames < ends[index])
        state = states[index].astype(np.intp)
        a, b = np.searchsorted(ends, frames[0]), np.searchsorted(starts, frames[-1])
        rare = a + np.flatnonzero(states[a:b] > 1)
        if len(rare):
            columns = (starts[rare] - frames[0]) * scale.ppf * scale.ratio
            np.maximum.at(state, np.clip(columns.astype(np.intp), 0, width - 1), states[rare])
        code = np.where(inside, state * 2 + (index & 1), len(STATES) * 2)
        pixels = np.ascontiguousarray(view.column_table[code].T)
        image = QImage(pixels.data, width, _ROWS, width * 4, QImage.Format.Format_RGB32)
        painter.drawImage(QRectF(left, rect.top(), width / scale.ratio, rect.height()), image)

    def _selected_columns(
        self, painter: QPainter, track: TrackIndex, rect: QRectF, first: int, last: int
    ) -> None:
        chosen = self.view.selection.clips
        if not chosen:
            return
        x = self.view.scale.x
        for i in range(first, last):
            if track.clips[i].id in chosen:
                left = x(track.starts[i])
                wide = max(2.0, x(track.ends[i]) - left)
                painter.fillRect(QRectF(left, rect.top(), wide, 3), self.view.colours.accent)
                painter.fillRect(QRectF(left, rect.bottom() - 3, wide, 3), self.view.colours.accent)

    # -- what is still to come ----------------------------------------------------------------

    def _planned(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view, c = self.view, self.view.colours
        pen = QPen(mix(c.lane, c.dim, 0.75), 1)
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([2, 3])
        made = view.progress
        for start, end in view.index.planned:
            left, right = view.scale.x(start), view.scale.x(end)
            if right < dirty.left() or left > dirty.right() or right - left < 3:
                continue
            box = QRectF(left + 0.5, rect.top() + 0.5, right - left - 2, rect.height() - 1)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)
            if made is None or not made.start <= start < made.start + made.frames:
                y = rect.top() + (TITLE - view.text.height) / 2
                view.text.draw(painter, left + 6, y, tr("planned"), right - left - 12, c.dim)
        if made is not None:
            self._progress(painter, rect, dirty)

    def _progress(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        """The chunk that is being made, at its place, filling from the left."""
        view, c, made = self.view, self.view.colours, self.view.progress
        left = view.scale.x(made.start)
        wide = max(4.0, view.scale.x(made.start + made.frames) - left - 1)
        if left > dirty.right() or left + wide < dirty.left():
            return
        box = QRectF(left, rect.top(), wide, rect.height())
        painter.setOpacity(0.9)
        painter.fillRect(box, c.lane)
        painter.setOpacity(1.0)
        fill = QRectF(box.left(), box.top(), wide * made.fraction, box.height())
        painter.fillRect(fill, mix(c.lane, c.video, 0.8))
        painter.fillRect(QRectF(box.left(), box.bottom() - 3, wide, 3), c.line)
        painter.fillRect(QRectF(box.left(), box.bottom() - 3, fill.width(), 3), c.accent)
        painter.setPen(QPen(c.accent, 0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        y = rect.top() + (TITLE - view.text.height) / 2
        view.text.draw(painter, left + 6, y, made.label, wide - 12, c.text)

    # -- actions ------------------------------------------------------------------------------

    def _actions(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view = self.view
        if view.index is None:
            return
        p, scale = view.project, view.scale
        low, high = scale.frame(dirty.left() - 2), scale.frame(dirty.right() + 2)
        seen = [a for a in view.index.actions_between(low, high)]
        if seen and len(seen) > 200:
            self._action_bars(painter, rect, seen)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for action in seen:
            if view.hides_action(action.id):
                continue
            box = view.action_rect(action.start, action.end, rect)
            self.action(painter, box, action.text, view.index.too_short(action),
                        action.id in view.selection.actions)  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if not p.actions and not view.index.empty and view.editor is None:
            text = tr("Double-click here and write what happens, such as “walk forward”")
            x = max(scale.x(view.index.sequence_end), 0) + 12
            room = view.viewport().width() - x - 8
            if room < 220:
                x, room = 12.0, view.viewport().width() - 20
            y = rect.center().y() - view.text.height / 2
            view.text.draw(painter, x, y, text, room, view.colours.dim)

    def _action_bars(self, painter: QPainter, rect: QRectF, seen: list) -> None:
        x, view = self.view.scale.x, self.view
        for action in seen:
            left = x(action.start)
            wide = max(1.0, x(action.end) - left - 1)
            chosen = action.id in view.selection.actions
            colour = view.colours.accent if chosen else view.colours.action
            painter.fillRect(QRectF(left, rect.top() + 4, wide, rect.height() - 8), colour)

    def action(
        self, painter: QPainter, box: QRectF, text: str, short: bool, selected: bool
    ) -> None:
        view, c = self.view, self.view.colours
        radius = 4.0 if box.width() >= 10 else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.action)
        painter.drawRoundedRect(box, radius, radius)
        if selected:
            painter.setPen(QPen(c.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), radius, radius)
        right = box.right() - 8
        if short and box.width() >= 26:
            # A short block does not fill its chunk: a bar that stops half way.
            x, y = box.right() - 17, box.center().y()
            painter.setPen(QPen(mix(c.action, c.text, 0.85), 1.5))
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
            painter.drawLine(QPointF(x, y), QPointF(x + 6, y))
            dotted = QPen(mix(c.action, c.text, 0.6), 1.5)
            dotted.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(dotted)
            painter.drawLine(QPointF(x + 6, y), QPointF(x + 11, y))
            right = x - 4
        left = max(box.left() + 8, min(8.0, right - 40))
        y = box.center().y() - view.text.height / 2
        view.text.draw(painter, left, y, text or tr("(no words yet)"), right - left, c.action_text)

    # -- memory -------------------------------------------------------------------------------

    def _memory(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view = self.view
        if view.index is None:
            return
        c, y = view.colours, rect.center().y()
        points = view.index.memory
        if not points:
            if not view.index.empty:
                text = tr("What the memory learns from accepted chunks will appear here")
                view.text.draw(painter, 12, y - view.text.height / 2, text,
                               view.viewport().width() - 20, c.dim)  # fmt: skip
            return
        low, high = view.index.memory_between(
            view.scale.frame(dirty.left() - 16), view.scale.frame(dirty.right() + 16)
        )
        around = points[max(0, low - 1) : high + 1]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(mix(c.lane, c.memory, 0.65), 2))
        for a, b in zip(around, around[1:]):
            if b.kind == "reset" or b.kind == "episode":
                continue  # the thread is cut where the memory was replaced
            painter.drawLine(QPointF(view.scale.x(a.frame), y), QPointF(view.scale.x(b.frame), y))
        tight = len(around) > 1 and view.viewport().width() / len(around) < 6
        for point in around:
            self._dot(painter, QPointF(view.scale.x(point.frame), y), point.kind,
                      point.take == view.hovered_memory, 2.5 if tight else 5.0)  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _dot(self, painter: QPainter, at: QPointF, kind: str, hovered: bool, size: float) -> None:
        c = self.view.colours
        if hovered:
            halo = QColor(c.memory)
            halo.setAlpha(70)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(halo)
            painter.drawEllipse(at, size + 5, size + 5)
        if kind == "learned":
            painter.setPen(QPen(c.lane, 2))
            painter.setBrush(c.memory)
            painter.drawEllipse(at, size + 1, size + 1)
        elif kind == "skipped":
            painter.setPen(QPen(c.memory, 1.5))
            painter.setBrush(c.lane)
            painter.drawEllipse(at, size, size)
        else:  # a diamond: loaded (filled) or reset (hollow)
            painter.setPen(QPen(c.memory, 1.5))
            painter.setBrush(c.memory if kind == "episode" else c.lane)
            d = size + 1.5
            painter.drawPolygon(
                [at + QPointF(0, -d), at + QPointF(d, 0), at + QPointF(0, d), at + QPointF(-d, 0)]
            )


def column_table(tiles) -> np.ndarray:
    """Colours [state · 2 + parity, row] of the zoomed-out picture; the last line is no clip."""
    c = tiles.colours
    shades = {
        "start": c.video,
        "accepted": c.video,
        "stale": c.stale,
        "draft": c.draft,
        "missing": c.missing,
    }
    table = np.zeros((len(STATES) * 2 + 1, _ROWS), np.uint32)
    for i, state in enumerate(STATES):
        for parity in (0, 1):
            base = mix(shades[state], c.background, 0.14 * parity)
            other = mix(base, c.text, 0.35)
            for row in range(_ROWS):
                striped = (state == "draft" and row % 2) or (state == "missing" and row % 3 == 0)
                dim = state == "stale" and row in (0, _ROWS - 1)
                table[i * 2 + parity, row] = (other if striped else c.lane if dim else base).rgb()
    table[-1] = c.lane.rgb()
    return table
