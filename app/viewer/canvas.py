"""The picture: letterboxed, at a chosen zoom, with the live preview over it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

GROUND = QColor("#121315")  # around the picture, the same in both themes: eyes judge the picture
GAP = QColor("#000000")
INK = QColor("#e6e7ea")
FAINT = QColor("#9a9da6")


def tr(text: str) -> str:
    return QCoreApplication.translate("viewer", text)


class Canvas(QWidget):
    """Shows one QImage. ``zoom`` 0 fits; 1.0 is one picture pixel on one pixel of the screen."""

    clicked = Signal()
    files_dropped = Signal(list)  # paths
    inset_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 120)
        self.setAcceptDrops(True)
        self.setAccessibleName(tr("Picture"))
        self.image: QImage | None = None
        self.gap = False  # inside the sequence, but no clip: black
        self.size_of_frame = QSizeF(1, 1)
        self.zoom = 0.0
        self.smooth = True
        self.preview: QImage | None = None
        self.preview_label = ""
        self.inset = False  # the preview in a corner, while the artist looks elsewhere
        self.hint: tuple[str, str] | None = None
        self._pan = QPointF()
        self._press: QPointF | None = None
        self._dropping = False

    # -- what it shows ------------------------------------------------------------------------

    def show_image(self, image: QImage | None, gap: bool = False) -> None:
        self.image, self.gap = image, gap
        self.update()

    def show_preview(self, image: QImage | None, label: str) -> None:
        self.preview, self.preview_label = image, label
        self.update()

    def set_inset(self, on: bool) -> None:
        if on != self.inset:
            self.inset = on
            self.update()

    def set_hint(self, hint: tuple[str, str] | None) -> None:
        """(what to do, how) in place of a picture."""
        if hint != self.hint:
            self.hint = hint
            self.update()

    def set_zoom(self, zoom: float) -> None:
        self.zoom, self._pan = zoom, QPointF()
        self._keep_inside()
        self.update()

    def set_smooth(self, smooth: bool) -> None:
        self.smooth = smooth
        self.update()

    # -- geometry -----------------------------------------------------------------------------

    def frame_rect(self, image: QImage | None = None) -> QRectF:
        """Where the picture lies, on whole device pixels."""
        size = QSizeF(image.size()) if image is not None else self.size_of_frame
        ratio = self.devicePixelRatioF()
        if self.zoom:
            size = size * (self.zoom / ratio)
        else:
            size = size.scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        wide, high = round(size.width() * ratio) / ratio, round(size.height() * ratio) / ratio
        x = round((self.width() - wide) / 2 * ratio + self._pan.x() * ratio) / ratio
        y = round((self.height() - high) / 2 * ratio + self._pan.y() * ratio) / ratio
        return QRectF(x, y, wide, high)

    def inset_rect(self) -> QRectF:
        if self.preview is None:
            return QRectF()
        side = max(96.0, min(self.width(), self.height()) * 0.28)
        size = QSizeF(self.preview.size()).scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            self.width() - size.width() - 12,
            self.height() - size.height() - 12,
            size.width(),
            size.height(),
        )

    def _keep_inside(self) -> None:
        """A picture larger than the canvas can be moved up to its edges, a smaller one not."""
        image = self.image
        self._pan, pan = QPointF(), self._pan
        rect = self.frame_rect(image)
        most_x = max(0.0, (rect.width() - self.width()) / 2)
        most_y = max(0.0, (rect.height() - self.height()) / 2)
        self._pan = QPointF(max(-most_x, min(most_x, pan.x())), max(-most_y, min(most_y, pan.y())))

    # -- painting -----------------------------------------------------------------------------

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth)
        whole_preview = self.preview is not None and not self.inset
        image = self.preview if whole_preview else self.image
        if image is not None and not image.isNull():
            like = self.image if whole_preview and self.zoom and self.image else image
            painter.drawImage(self.frame_rect(like), image)
        elif self.gap:
            painter.fillRect(self.frame_rect(), GAP)
        elif self.hint is not None and self.preview is None:
            self._hint(painter)
        if self.preview is not None:
            if self.inset:
                self._inset(painter)
            self._label(painter)
        if self._dropping:
            self._border(painter)
        painter.end()

    def _inset(self, painter: QPainter) -> None:
        rect = self.inset_rect()
        painter.drawImage(rect, self.preview)
        painter.setPen(QPen(self._accent(), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _label(self, painter: QPainter) -> None:
        """What is being made, on a chip at the top of the picture."""
        if not self.preview_label:
            return
        font = self._font(12)
        metrics = QFontMetricsF(font)
        room = self.width() - 48
        text = metrics.elidedText(self.preview_label, Qt.TextElideMode.ElideRight, room)
        wide = metrics.horizontalAdvance(text) + 34
        rect = self.inset_rect() if self.inset else self.frame_rect(self.preview)
        y = rect.top() - 30 if self.inset else max(8.0, rect.top() + 8)
        x = rect.right() - wide if self.inset else max(8.0, rect.left() + 8)
        box = QRectF(max(4.0, x), y, wide, 24)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(18, 19, 21, 215))
        painter.drawRoundedRect(box, 4, 4)
        painter.setBrush(self._accent())
        painter.drawEllipse(QPointF(box.left() + 13, box.center().y()), 4, 4)
        painter.setPen(INK)
        painter.setFont(font)
        painter.drawText(box.adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _hint(self, painter: QPainter) -> None:
        what, how = self.hint
        middle = QRectF(self.rect()).adjusted(24, 0, -24, 0)
        lines = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        painter.setPen(INK)
        painter.setFont(self._font(16))
        y = middle.center().y() - 30
        top = QRectF(middle.left(), y - 30, middle.width(), 52)
        painter.drawText(top, lines | Qt.AlignmentFlag.AlignBottom, what)
        painter.setPen(FAINT)
        painter.setFont(self._font(13))
        painter.drawText(QRectF(middle.left(), y + 32, middle.width(), 60), lines, how)

    def _border(self, painter: QPainter) -> None:
        pen = QPen(self._accent(), 2, Qt.PenStyle.DashLine)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(8, 8, -8, -8), 6, 6)

    def _accent(self) -> QColor:
        return self.palette().accent().color()

    def _font(self, pixels: int) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(pixels)
        return font

    # -- the pointer --------------------------------------------------------------------------

    def resizeEvent(self, event) -> None:
        self._keep_inside()

    def mousePressEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            if self.inset and self.inset_rect().contains(event.position()):
                self.inset_clicked.emit()
                return
            self._press = event.position()
            self.clicked.emit()

    def mouseMoveEvent(self, event) -> None:
        if self._press is not None and self.zoom:
            self._pan += event.position() - self._press
            self._press = event.position()
            self._keep_inside()
            self.update()

    def mouseReleaseEvent(self, event) -> None:
        self._press = None

    def dragEnterEvent(self, event) -> None:
        if self._files(event):
            self._dropping = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event) -> None:
        self._dropping = False
        self.update()

    def dropEvent(self, event) -> None:
        paths = self._files(event)
        self._dropping = False
        self.update()
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    @staticmethod
    def _files(event) -> list[str]:
        return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
