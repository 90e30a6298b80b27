"""A small picture of the icon family beside words, in a colour of the theme."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from app import theme
from app.icons import icon


class Glyph(QLabel):
    """``role`` names the theme's colour: dim, text, good, warn, bad. It follows the theme."""

    def __init__(self, name: str = "", role: str = "dim", size: int = 16):
        super().__init__()
        self._size = size
        self.setFixedSize(size, size)
        self.show_glyph(name, role)

    def show_glyph(self, name: str, role: str = "dim") -> None:
        self._name, self._role = name, role
        self._paint()

    def _paint(self) -> None:
        if self._name:
            colour = getattr(theme.current(), self._role)
            self.setPixmap(icon(self._name, colour).pixmap(self._size, self._size))
        else:
            self.clear()

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            self._paint()
