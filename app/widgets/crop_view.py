"""A picture with the rectangle that will be kept: drag it, drag its corners, or use the arrows."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from core.project.model import Crop

_GRIP = 9
_GROUND = QColor("#121315")  # around pictures, the same in both themes
_LEAST = 0.08  # of the source's shorter side


class CropView(QWidget):
    crop_changed = Signal(object)  # Crop

    def __init__(self, aspect: float = 1.0, parent: QWidget | None = None):
        super().__init__(parent)
        self._aspect = aspect  # width / height of the world's picture
        self._image = QImage()
        self._crop = Crop()
        self._message = ""
        self._drag: tuple[str, QPointF, Crop] | None = None
        self.setMinimumSize(240, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("What part of the picture is used"))
        self.setAccessibleDescription(
            self.tr("Arrow keys move the frame, plus and minus change its size.")
        )

    def set_aspect(self, aspect: float) -> None:
        """Width over height of what is wanted; the frame starts again as large as it can be."""
        if aspect != self._aspect:
            self._aspect = aspect
            self._reset()
            self.update()

    def set_image(self, image: QImage) -> None:
        self._image, self._message = image, ""
        self._reset()

    def set_message(self, text: str) -> None:
        """Shown in place of a picture."""
        self._image, self._message = QImage(), text
        self.update()

    @property
    def crop(self) -> Crop:
        return self._crop

    @property
    def whole(self) -> bool:
        """Whether nothing is cut off."""
        return self._crop.w > 0.999 and self._crop.h > 0.999

    def set_crop(self, crop: Crop) -> None:
        if crop != self._crop:
            self._crop = crop
            self.crop_changed.emit(crop)
            self.update()

    def _reset(self) -> None:
        if self._image.isNull():
            self._crop = Crop()
        else:
            shape = self._image.width() / self._image.height()
            if shape > self._aspect:
                w = self._aspect / shape
                self._crop = Crop((1 - w) / 2, 0, w, 1)
            else:
                h = shape / self._aspect
                self._crop = Crop(0, (1 - h) / 2, 1, h)
        self.crop_changed.emit(self._crop)
        self.update()

    # -- geometry -----------------------------------------------------------------------------

    def _picture(self) -> QRectF:
        space = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self._image.isNull():
            return space
        scale = min(space.width() / self._image.width(), space.height() / self._image.height())
        w, h = self._image.width() * scale, self._image.height() * scale
        return QRectF(space.center().x() - w / 2, space.center().y() - h / 2, w, h)

    def _frame(self) -> QRectF:
        p, c = self._picture(), self._crop
        return QRectF(
            p.x() + c.x * p.width(), p.y() + c.y * p.height(), c.w * p.width(), c.h * p.height()
        )

    def _corner_at(self, at: QPointF) -> str:
        frame = self._frame()
        for name, point in (
            ("tl", frame.topLeft()),
            ("tr", frame.topRight()),
            ("bl", frame.bottomLeft()),
            ("br", frame.bottomRight()),
        ):
            if (at - point).manhattanLength() < 2 * _GRIP:
                return name
        return "move" if frame.contains(at) else ""

    def _sized(self, crop: Crop, w: float, anchor: str) -> Crop:
        """``crop`` with width ``w`` (of the source), kept inside, its ``anchor`` corner fixed."""
        ratio = crop.h / crop.w
        right, bottom = crop.x + crop.w, crop.y + crop.h
        wide = right if "l" in anchor else 1 - crop.x
        high = bottom if "t" in anchor else 1 - crop.y
        if anchor == "centre":
            wide = high = 1.0
        least = _LEAST if ratio >= 1 else _LEAST / ratio
        w = max(min(least, 1.0), min(w, wide, high / ratio))
        h = w * ratio
        if anchor == "centre":
            x = crop.x + (crop.w - w) / 2
            y = crop.y + (crop.h - h) / 2
        else:
            x = right - w if "l" in anchor else crop.x
            y = bottom - h if "t" in anchor else crop.y
        return Crop(min(max(0.0, x), 1 - w), min(max(0.0, y), 1 - h), w, h)

    # -- hands --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self._corner_at(event.position())
        if part and not self._image.isNull() and event.button() == Qt.MouseButton.LeftButton:
            self._drag = (part, event.position(), self._crop)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            part = self._corner_at(event.position()) if not self._image.isNull() else ""
            shapes = {
                "move": Qt.CursorShape.SizeAllCursor,
                "tl": Qt.CursorShape.SizeFDiagCursor,
                "br": Qt.CursorShape.SizeFDiagCursor,
                "tr": Qt.CursorShape.SizeBDiagCursor,
                "bl": Qt.CursorShape.SizeBDiagCursor,
                "": Qt.CursorShape.ArrowCursor,
            }
            self.setCursor(shapes[part])
            return
        part, origin, crop = self._drag
        picture = self._picture()
        dx = (event.position().x() - origin.x()) / picture.width()
        dy = (event.position().y() - origin.y()) / picture.height()
        if part == "move":
            x = min(max(0.0, crop.x + dx), 1 - crop.w)
            y = min(max(0.0, crop.y + dy), 1 - crop.h)
            self.set_crop(Crop(x, y, crop.w, crop.h))
        else:
            self.set_crop(self._sized(crop, crop.w - dx if "l" in part else crop.w + dx, part))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None

    def wheelEvent(self, event) -> None:
        if not self._image.isNull():
            step = 0.94 if event.angleDelta().y() > 0 else 1 / 0.94
            self.set_crop(self._sized(self._crop, self._crop.w * step, "centre"))
            event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        c = self._crop
        if event.key() in moves and not self._image.isNull():
            dx, dy = moves[event.key()]
            self.set_crop(
                Crop(
                    min(max(0.0, c.x + dx * 0.01), 1 - c.w),
                    min(max(0.0, c.y + dy * 0.01), 1 - c.h),
                    c.w,
                    c.h,
                )
            )
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_crop(self._sized(c, c.w * 1.04, "centre"))
        elif event.key() == Qt.Key.Key_Minus:
            self.set_crop(self._sized(c, c.w / 1.04, "centre"))
        else:
            super().keyPressEvent(event)

    # -- picture ------------------------------------------------------------------------------

    def paintEvent(self, event) -> None:
        t = theme.current()
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.fillRect(self.rect(), QColor(t.field) if self._image.isNull() else _GROUND)
        if self._image.isNull():
            painter.setPen(QColor(t.dim))
            painter.drawText(
                self.rect().adjusted(24, 24, -24, -24),
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                self._message
                or self.tr("Choose a sample scene, or drop a picture or a video here."),
            )
            return
        picture, frame = self._picture(), self._frame()
        painter.drawImage(picture, self._image)
        shade = QColor(0, 0, 0, 150)
        painter.fillRect(
            QRectF(picture.left(), picture.top(), picture.width(), frame.top() - picture.top()),
            shade,
        )
        painter.fillRect(
            QRectF(
                picture.left(), frame.bottom(), picture.width(), picture.bottom() - frame.bottom()
            ),
            shade,
        )
        painter.fillRect(
            QRectF(picture.left(), frame.top(), frame.left() - picture.left(), frame.height()),
            shade,
        )
        painter.fillRect(
            QRectF(frame.right(), frame.top(), picture.right() - frame.right(), frame.height()),
            shade,
        )
        if self.whole and not self.hasFocus():
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(255, 255, 255, 70), 1))
        for i in (1, 2):
            x = frame.left() + frame.width() * i / 3
            y = frame.top() + frame.height() * i / 3
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        colour = QColor(t.accent) if self.hasFocus() else QColor(255, 255, 255, 220)
        painter.setPen(QPen(colour, 1.5))
        painter.drawRect(frame)
        painter.setBrush(colour)
        painter.setPen(Qt.PenStyle.NoPen)
        for point in (frame.topLeft(), frame.topRight(), frame.bottomLeft(), frame.bottomRight()):
            painter.drawRect(QRectF(point.x() - 4, point.y() - 4, 8, 8))
