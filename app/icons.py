"""One icon family: Material Design Icons, from the font that qtawesome ships.

The glyphs are painted here, because importing qtawesome costs a quarter of the time to the first
window; where its files are not found, it draws the icons itself.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from app import theme

_PART = 0.9  # of the box that a glyph fills
_cache: dict[tuple[str, str, str], QIcon] = {}
_font: tuple[str, dict[str, str]] | None = None  # family and glyphs, once loaded


class _Glyph(QIconEngine):
    """Paints one character of the icon font, sharp at every size and scaling."""

    def __init__(self, family: str, glyph: str, colour: str, faded: str):
        super().__init__()
        self._family, self._glyph, self._colour, self._faded = family, glyph, colour, faded

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        font = QFont(self._family)
        font.setPixelSize(max(1, round(min(rect.width(), rect.height()) * _PART)))
        painter.setFont(font)
        disabled = mode == QIcon.Mode.Disabled
        painter.setPen(QColor(self._faded if disabled else self._colour))
        painter.setOpacity(0.55 if disabled else 1.0)
        square = QRectF(rect)
        square.setWidth(min(square.width(), square.height()))  # a wider place has air at its right
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        return _Glyph(self._family, self._glyph, self._colour, self._faded)


def _load() -> tuple[str, dict[str, str]]:
    """The newest Material Design Icons font beside qtawesome; ("", {}) where there is none."""
    spec = importlib.util.find_spec("qtawesome")
    folder = Path(spec.origin).parent / "fonts" if spec and spec.origin else Path()
    for ttf in sorted(folder.glob("materialdesignicons6-webfont-*.ttf"), reverse=True):
        charmap = ttf.with_name(ttf.name.replace("webfont-", "webfont-charmap-")).with_suffix(
            ".json"
        )
        number = QFontDatabase.addApplicationFont(str(ttf))
        families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
        if families and charmap.exists():
            glyphs = json.loads(charmap.read_text(encoding="utf-8"))
            return families[0], {name: chr(int(code, 16)) for name, code in glyphs.items()}
    return "", {}


def icon(name: str, colour: str | None = None) -> QIcon:
    """``name`` without prefix, such as "play"; ``colour`` overrides the theme's text colour."""
    global _font
    t = theme.current()
    key = (name, colour or t.text, t.name)
    if key not in _cache:
        if _font is None:
            _font = _load()
        family, glyphs = _font
        if name in glyphs:
            _cache[key] = QIcon(_Glyph(family, glyphs[name], colour or t.text, t.dim))
        else:
            import qtawesome

            _cache[key] = qtawesome.icon(
                f"mdi6.{name}", color=colour or t.text, color_disabled=t.dim
            )
    return _cache[key]
