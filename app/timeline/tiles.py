"""The picture of a clip, painted once for its size and look, then copied on every repaint."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPixmap, QTransform

from app.timeline.colours import TimelineColours, mix
from app.timeline.index import ClipLook
from app.timeline.text import TextCache
from app.timeline.words import tr

ThumbnailSource = Callable[[str], QPixmap | None]
WIDEST = 2048  # device pixels; a wider clip is painted where it is seen
_LIMIT = 600
TITLE = 20  # height of the title bar


def stripes(colour: QColor, gap: int, ratio: float) -> QBrush:
    """Diagonal lines that keep their distance at every scaling."""
    size = round(gap * ratio)
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.4 * ratio))
    for shift in (-size, 0, size):
        painter.drawLine(QPointF(shift - 1, size + 1), QPointF(shift + size + 1, -1))
    painter.end()
    brush = QBrush(image)  # not image.setDevicePixelRatio: Qt 6.11 then misplaces static text
    brush.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
    return brush


class Tiles:
    def __init__(self, colours: TimelineColours, text: TextCache, aspect: float) -> None:
        self.colours = colours
        self.text = text
        self.aspect = aspect  # width over height of a frame
        self.source: ThumbnailSource | None = None
        self.strips: ThumbnailSource | None = None
        self._tiles: dict[str, tuple[ClipLook, int, int, float, QPixmap]] = {}
        self._strips: dict[tuple[int, int, int], QPixmap] = {}
        self._stripes: dict[tuple[int, int, float], QBrush] = {}

    def fits(self, aspect: float) -> bool:
        return abs(aspect - self.aspect) < 1e-6

    def clear(self) -> None:
        self._tiles.clear()
        self._strips.clear()

    def get(self, clip_id: str, look: ClipLook, width: int, height: int, ratio: float) -> QPixmap:
        """``width`` and ``height`` in device pixels, at most WIDEST."""
        found = self._tiles.get(clip_id)
        if found is not None:
            if (found[0] is look or found[0] == look) and found[1:4] == (width, height, ratio):
                return found[4]
        image = QImage(width, height, QImage.Format.Format_RGB32)  # opaque: copied, not blended
        image.setDevicePixelRatio(ratio)
        image.fill(self.colours.lane)
        painter = QPainter(image)
        rect = QRectF(0, 0, width / ratio, height / ratio)
        self.paint(painter, look, rect, rect, ratio)
        painter.end()
        pixmap = QPixmap.fromImage(image)
        if len(self._tiles) >= _LIMIT:
            for old in list(self._tiles)[: _LIMIT // 2]:
                del self._tiles[old]
        self._tiles[clip_id] = (look, width, height, ratio, pixmap)
        return pixmap

    # -- painting one clip ---------------------------------------------------------------------

    def base(self, look: ClipLook) -> QColor:
        c = self.colours
        if look.state == "draft":
            return c.draft
        if look.state == "stale":
            return c.stale
        if look.state == "missing":
            return c.missing
        return c.video

    def paint(
        self, painter: QPainter, look: ClipLook, rect: QRectF, seen: QRectF, ratio: float
    ) -> None:
        """Paint a clip at ``rect``; only what lies in ``seen`` matters."""
        base, c = self.base(look), self.colours
        radius = 3.0 if rect.width() >= 12 else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(base)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius > 0)
        painter.drawRoundedRect(rect, radius, radius)
        body = QRectF(rect.x(), rect.y() + TITLE, rect.width(), rect.height() - TITLE)
        if body.height() >= 16 and rect.width() >= 12:
            self._thumbnails(painter, look, body.adjusted(1, 0, -1, -1), seen, ratio)
        if look.state in ("draft", "missing") and rect.width() >= 4:
            ink = mix(base, c.text, 0.30 if look.state == "draft" else 0.42)
            ink.setAlpha(150)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._stripe_brush(ink, 8 if look.state == "draft" else 14, ratio))
            painter.setBrushOrigin(rect.topLeft())
            painter.drawRoundedRect(rect, radius, radius)
        if look.state in ("stale", "draft") and rect.width() >= 8:
            pen = QPen(mix(base, c.text, 0.45), 1 / ratio if ratio >= 2 else 1)
            if look.state == "stale":
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._title(painter, look, rect, seen)

    def _stripe_brush(self, colour: QColor, gap: int, ratio: float) -> QBrush:
        key = (colour.rgba(), gap, ratio)
        if key not in self._stripes:
            self._stripes[key] = stripes(colour, gap, ratio)
        return self._stripes[key]

    def _title(self, painter: QPainter, look: ClipLook, rect: QRectF, seen: QRectF) -> None:
        c, text = self.colours, self.text
        left = max(rect.left(), seen.left()) + 6
        right = min(rect.right(), seen.right()) - 6
        y = rect.y() + (min(TITLE, rect.height()) - text.height) / 2
        ink = c.video_text if look.state not in ("stale",) else mix(c.video_text, c.stale, 0.25)
        badge = look.badge
        if badge and right - left >= 56:
            wide = text.width(badge) + 8
            pill = QRectF(right - wide + 3, rect.y() + 3, wide, TITLE - 6)
            shade = QColor(c.background)
            shade.setAlpha(150)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawRoundedRect(pill, 3, 3)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            text.draw(painter, pill.x() + 4, y, badge, wide, c.text)
            right = pill.x() - 4
        title = look.title
        if text.width(title) > right - left:
            title = title.rsplit(" ", 1)[-1]
        if text.width(title) > right - left:
            return
        x = left + text.draw(painter, left, y, title, right - left, ink)
        self._state(painter, look, rect, left, x + 10, right)

    def _state(
        self, painter: QPainter, look: ClipLook, rect: QRectF, left: float, x: float, right: float
    ) -> None:
        """The state in a word: beside the title, or in the corner below when there is no room."""
        word = {
            "draft": tr("draft"),
            "stale": tr("stale"),
            "missing": tr("missing"),
        }.get(look.state) or (tr("changed") if look.changed else "")
        if not word:
            return
        c, text = self.colours, self.text
        wide = text.width(word)
        if right - x >= wide and rect.height() < 56:
            text.draw(painter, x, rect.y() + (TITLE - text.height) / 2, word, right - x, c.text)
            return
        if rect.height() < 44 or rect.width() < wide + 12:
            return  # its pattern and its tooltip say it
        box = QRectF(left - 2, rect.bottom() - text.height - 5, wide + 8, text.height + 2)
        shade = QColor(c.background)
        shade.setAlpha(205)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawRoundedRect(box, 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        ink = c.warning if look.state == "missing" else c.text
        text.draw(painter, box.x() + 4, box.y() + 1, word, wide + 1, ink)

    def _thumbnails(
        self, painter: QPainter, look: ClipLook, body: QRectF, seen: QRectF, ratio: float
    ) -> None:
        """A strip (a picture much wider than a frame) fills the clip; a single one is repeated."""
        picture = self.strips(look.video) if self.strips and look.video else None
        if picture is None and self.source and look.thumbnail:
            picture = self.source(look.thumbnail)
        if picture is None or picture.isNull():
            return
        wide = body.height() * self.aspect
        cells = max(1, round(picture.width() / (picture.height() * self.aspect)))
        strip = self._strip(picture, cells, wide, body.height(), ratio)
        cell = strip.width() // cells
        painter.save()
        painter.setClipRect(body.intersected(seen))
        if look.state == "stale":
            painter.setOpacity(0.4)
        elif look.state in ("draft", "missing"):
            painter.setOpacity(0.8)
        if cells == 1 and wide < body.width() < 1.6 * wide:  # nearly: fill it, cut above and below
            part = strip.height() * wide / body.width()
            shown = QRectF(0, (strip.height() - part) / 2, strip.width(), part)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(body, strip, shown)
            painter.restore()
            return
        slots = max(1, int(-(-body.width() // wide)))
        first = max(0, int((seen.left() - body.left()) // wide))
        for slot in range(first, slots):
            x = body.left() + slot * wide
            if x > seen.right():
                break
            part = look.first + (look.last - look.first) * min(
                1.0, (slot + 0.5) * wide / max(wide, body.width())
            )
            index = min(cells - 1, int(part * cells))
            box = QRectF(x, body.top(), wide, body.height())
            painter.drawPixmap(box, strip, QRectF(index * cell, 0, cell, strip.height()))
        painter.restore()

    def _strip(
        self, picture: QPixmap, cells: int, wide: float, high: float, ratio: float
    ) -> QPixmap:
        """The picture at the size it is shown, scaled once: zooming changes no heights."""
        size = QSize(cells * max(1, round(wide * ratio)), max(1, round(high * ratio)))
        key = (picture.cacheKey(), size.width(), size.height())
        found = self._strips.get(key)
        if found is None:
            if len(self._strips) >= _LIMIT:
                self._strips.clear()
            found = picture.scaled(
                size,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._strips[key] = found
        return found
