"""Paints one video track: clips, what is planned behind them, and the chunk being made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from app.timeline.colours import mix
from app.timeline.columns import LOD_WIDTH, paint_columns
from app.timeline.index import TrackIndex
from app.timeline.tiles import TITLE, WIDEST
from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView
    from core.project.model import Clip


_STICKY = 160  # pixels: a clip this wide keeps its title in sight while it scrolls out


class ClipPainter:
    def __init__(self, view: TimelineView) -> None:
        self.view = view

    def paint(self, painter: QPainter, track: TrackIndex, rect: QRectF, dirty: QRectF) -> None:
        view, scale = self.view, self.view.scale
        first, last = track.between(scale.frame(dirty.left() - 2), scale.frame(dirty.right() + 2))
        if last > first:
            span = scale.x(track.ends[last - 1]) - scale.x(track.starts[first])
            if track.track.muted:
                painter.setOpacity(0.45)
            if last - first > 8 and span / (last - first) < LOD_WIDTH:
                seen = rect.intersected(dirty)
                box = QRectF(int(seen.left()), rect.top(), int(seen.width()) + 1, rect.height())
                states = view.index.states(track)
                paint_columns(painter, scale, track.arrays, states, view.clip_columns, box)
            else:
                self._tiles(painter, track, first, last, rect, dirty)
            painter.setOpacity(1.0)
        if view.index.main is track and view.index.poster is not None:
            self._poster(painter, rect, dirty)
        if view.selection.clips:
            self._selected(painter, track, rect, dirty)
        if view.index.main is track:
            self._planned(painter, rect, dirty)
            if view.progress is not None:
                self._progress(painter, rect, dirty)

    def _tiles(
        self, painter: QPainter, track: TrackIndex, first: int, last: int,
        rect: QRectF, dirty: QRectF,
    ) -> None:  # fmt: skip
        view, scale = self.view, self.view.scale
        tile, look_of, x_of, ratio = view.tiles.get, view.index.look, scale.x, scale.ratio
        top, pixel, height = rect.top(), 1 / ratio, round(rect.height() * ratio)
        draw, poster = painter.drawPixmap, view.index.poster
        for clip in track.clips[first:last]:
            if clip is poster:
                continue
            left = x_of(clip.start)
            wide = max(pixel, x_of(clip.end) - left - pixel)
            device = round(wide * ratio)
            if device <= WIDEST and (left >= 0 or wide < _STICKY):
                draw(QPointF(left, top), tile(clip.id, look_of(clip), device, height, ratio))
            else:
                whole = QRectF(left, top, wide, rect.height())
                self._in_sight(painter, clip, whole, dirty)

    def _in_sight(self, painter: QPainter, clip: Clip, whole: QRectF, dirty: QRectF) -> None:
        """Paint what is seen of a long clip, its title at the left edge of the view."""
        view = self.view
        screen = QRectF(0, whole.top(), view.viewport().width(), whole.height())
        painter.save()
        painter.setClipRect(whole.intersected(dirty))
        look, ratio = view.index.look(clip), view.scale.ratio
        view.tiles.paint(painter, look, whole, whole.intersected(screen), ratio)
        painter.restore()

    def _poster(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view, poster = self.view, self.view.index.poster
        box = view.block_rect(poster, rect)
        if box.right() >= dirty.left():
            ratio = view.scale.ratio
            wide, high = round(min(box.width() * ratio, WIDEST)), round(box.height() * ratio)
            look = view.index.look(poster)
            painter.drawPixmap(box.topLeft(), view.tiles.get(poster.id, look, wide, high, ratio))

    def _selected(self, painter: QPainter, track: TrackIndex, rect: QRectF, dirty: QRectF) -> None:
        view = self.view
        for clip_id in view.selection.clips:
            clip, track_id = view.index.clip_by_id.get(clip_id, (None, ""))
            if clip is None or track_id != track.id:
                continue
            box = view.block_rect(clip, rect)
            if box.left() > dirty.right() or box.right() < dirty.left():
                continue
            if box.width() >= 6:
                self.outline(painter, box)
            else:  # too narrow for a frame: two bars
                for y in (rect.top(), rect.bottom() - 3):
                    bar = QRectF(box.left(), y, max(2.0, box.width()), 3)
                    painter.fillRect(bar, view.colours.accent)

    def outline(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.view.colours.accent, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # -- what is still to come ----------------------------------------------------------------

    def _planned(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view, c = self.view, self.view.colours
        made, planned = view.progress, view.index.planned
        if not planned:
            return
        first, last = view.scale.x(planned[0][0]), view.scale.x(planned[-1][1])
        if last < dirty.left() or first > dirty.right():
            return
        pen = QPen(mix(c.lane, c.dim, 0.7), 1)
        pen.setDashPattern([2, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if view.project.chunk_frames * view.scale.ppf < 7:  # too small to tell them apart
            box = QRectF(first + 0.5, rect.top() + 0.5, last - first - 2, rect.height() - 1)
            painter.drawRect(box)
        else:
            for start, end in planned:
                left, right = view.scale.x(start), view.scale.x(end)
                if right >= dirty.left() and left <= dirty.right():
                    box = QRectF(left + 0.5, rect.top() + 0.5, right - left - 2, rect.height() - 1)
                    painter.drawRect(box)
        label = next((a for a, _ in planned if made is None or a >= made.start + made.frames), None)
        if label is None:
            return
        left = view.scale.x(label) + 7
        count = sum(1 for a, _ in planned if a >= label)
        text = tr("1 chunk planned") if count == 1 else tr("{0} chunks planned").format(count)
        y = rect.bottom() - view.text.height - 5
        view.lanes.words(painter, left, y, text, last - left - 6, c.dim)

    def _progress(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        """The chunk that is being made, at its place, filling from the left."""
        view, c, made = self.view, self.view.colours, self.view.progress
        left = view.scale.x(made.start)
        wide = max(4.0, view.scale.x(made.start + made.frames) - left - 1)
        if left > dirty.right() or left + wide + 240 < dirty.left():
            return
        box = QRectF(left, rect.top(), wide, rect.height())
        there = made.start < view.index.sequence_end  # a clip lies here: leave its picture
        body = QRectF(left, rect.top(), wide, TITLE if there else rect.height())
        filled = wide * made.fraction
        bright = mix(c.video, c.text, 0.6)
        painter.fillRect(body, mix(c.lane, c.video, 0.25))
        painter.fillRect(
            QRectF(left, body.top(), filled, body.height()), mix(c.lane, c.video, 0.95)
        )
        painter.fillRect(QRectF(left, box.bottom() - 4, wide, 4), mix(c.lane, c.text, 0.2))
        painter.fillRect(QRectF(left, box.bottom() - 4, filled, 4), bright)
        painter.setPen(QPen(bright, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        y = rect.top() + (TITLE - view.text.height) / 2
        # At the end of the sequence nothing lies behind it: the words may be longer than the chunk.
        room = wide - 12 if there else max(wide - 12, 240)
        if there or view.text.width(made.label) <= wide - 12:
            view.text.draw(painter, left + 6, y, made.label, room, c.text)
        else:
            view.lanes.words(painter, left + wide + 6, y, made.label, room, c.text)
