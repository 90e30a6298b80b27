"""Thumbnails from files, scaled once and kept."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPixmap

from app import theme

_MOST = 400


class Pixmaps:
    """A small cache by path and size. Missing files give a quiet placeholder."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int, int], QPixmap] = OrderedDict()

    def get(self, path: Path | str | None, width: int, height: int, ratio: float = 1.0) -> QPixmap:
        key = (str(path or ""), width, height, round(ratio * 100))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        source = QPixmap(str(path)) if path else QPixmap()
        made = cover(source, QSize(width, height), ratio)
        if not source.isNull():
            self._kept[key] = made
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return made


def cover(source: QPixmap, size: QSize, ratio: float = 1.0, radius: float = 3) -> QPixmap:
    """``source`` filling ``size`` with rounded corners; a plain tile where it is empty."""
    made = QPixmap(size * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
    )
    shape = QPainterPath()
    shape.addRoundedRect(QRectF(0, 0, size.width(), size.height()), radius, radius)
    painter.setClipPath(shape)
    if source.isNull():
        painter.fillRect(0, 0, size.width(), size.height(), QColor(theme.current().hover))
    else:
        filled = source.scaled(
            size * ratio,
            Qt.AspectRatioMode.KeepAspectRatioByExpanding,
            Qt.TransformationMode.SmoothTransformation,
        )
        filled.setDevicePixelRatio(ratio)
        x = (size.width() - filled.width() / ratio) / 2
        y = (size.height() - filled.height() / ratio) / 2
        painter.drawPixmap(round(x), round(y), filled)
    painter.end()
    return made
