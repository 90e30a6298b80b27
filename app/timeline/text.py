"""Text that is painted again and again: laid out once, cut with an ellipsis once."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText

_LIMIT = 2000


class TextCache:
    """Laid-out labels of one font."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetricsF(font)
        self.height = self.metrics.height()
        self._widths: dict[str, float] = {}
        self._static: dict[tuple[str, int], tuple[QStaticText, float, bool]] = {}

    def width(self, text: str) -> float:
        found = self._widths.get(text)
        if found is None:
            if len(self._widths) > _LIMIT:
                self._widths.clear()
            found = self._widths[text] = self.metrics.horizontalAdvance(text)
        return found

    def get(self, text: str, width: float) -> tuple[QStaticText, float, bool]:
        """(layout, its width, whether it was cut) for at most ``width`` pixels."""
        key = (text, int(width))
        found = self._static.get(key)
        if found is None:
            shown = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, key[1])
            static = QStaticText(shown)
            static.setTextFormat(Qt.TextFormat.PlainText)
            static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            static.prepare(font=self.font)
            if len(self._static) > _LIMIT:
                self._static.clear()
            found = (static, self.metrics.horizontalAdvance(shown), shown != text)
            self._static[key] = found
        return found

    def draw(
        self, painter: QPainter, x: float, y: float, text: str, width: float, colour: QColor
    ) -> float:
        """Draw with the top at ``y``; how wide it came out."""
        if width < 8:
            return 0.0
        static, wide, _ = self.get(text, width)
        painter.setFont(self.font)
        painter.setPen(colour)
        painter.drawStaticText(QPointF(x, y), static)
        return wide
