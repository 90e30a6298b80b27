"""Strips of small frames for the timeline, made beside the interface, what is seen first."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap

from app.viewer.frames import to_image

log = logging.getLogger(__name__)

HEIGHT = 96  # pixels; enough for the usual height of a track at twice the scale
MOST = 24  # frames in a strip
_KEPT = 240  # strips
_LATER_MS = 80  # changes are told together


def picked(frames: int) -> list[int]:
    """Which frames of a video stand for it: every second one, at most MOST."""
    count = min(MOST, max(1, (frames + 1) // 2))
    return [(2 * i + 1) * frames // (2 * count) for i in range(count)]


def make_strip(path: Path) -> QImage:
    """The picked frames side by side."""
    from core.media.decode import FrameReader

    with FrameReader(path, cache_bytes=8 << 20) as reader:
        cells = [
            to_image(reader.frame(i)).scaledToHeight(
                HEIGHT, Qt.TransformationMode.SmoothTransformation
            )
            for i in picked(len(reader))
        ]
    wide = cells[0].width()
    strip = QImage(wide * len(cells), HEIGHT, QImage.Format.Format_RGB32)
    painter = QPainter(strip)
    for i, cell in enumerate(cells):
        painter.drawImage(i * wide, 0, cell)
    painter.end()
    return strip


class _Answers(QObject):
    made = Signal(str, QImage)


class _Task(QRunnable):
    def __init__(self, asset: str, path: Path, answers: _Answers) -> None:
        super().__init__()
        self.asset, self.path, self.answers = asset, path, answers

    def run(self) -> None:
        try:
            strip = make_strip(self.path)
        except Exception as error:  # a damaged video has no strip; the viewer says why
            log.info("no strip of %s: %s", self.path, error)
            strip = QImage()
        try:
            self.answers.made.emit(self.asset, strip)
        except RuntimeError:
            pass  # closed meanwhile


class StripSource(QObject):
    """``get(asset_id)`` gives what is there and has the rest made; then ``changed`` fires.

    ``path_of(asset_id)`` says where a video lies. ``close()`` before the application ends.
    """

    changed = Signal()

    def __init__(
        self, path_of: Callable[[str], Path | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._path_of = path_of
        self._strips: OrderedDict[str, QPixmap | None] = OrderedDict()  # None: there can be none
        self._asked: set[str] = set()
        self._turn = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._answers = _Answers()
        self._answers.made.connect(self._made, Qt.ConnectionType.QueuedConnection)
        self._tell = QTimer(self)
        self._tell.setSingleShot(True)
        self._tell.setInterval(_LATER_MS)
        self._tell.timeout.connect(self.changed)

    def get(self, asset: str) -> QPixmap | None:
        if asset in self._strips:
            self._strips.move_to_end(asset)
            return self._strips[asset]
        if asset and asset not in self._asked:
            path = self._path_of(asset)
            if path is not None:
                self._asked.add(asset)
                self._turn += 1  # the newest wish is what is on the screen now
                self._pool.start(_Task(asset, path, self._answers), self._turn)
        return None

    def clear(self) -> None:
        """Another project."""
        self._pool.clear()
        self._asked.clear()
        self._strips.clear()

    def close(self) -> None:
        self._pool.clear()
        self._pool.waitForDone(5000)

    def _made(self, asset: str, strip: QImage) -> None:
        if asset not in self._asked:
            return  # asked for by the project before
        self._asked.discard(asset)
        self._strips[asset] = None if strip.isNull() else QPixmap.fromImage(strip)
        while len(self._strips) > _KEPT:
            self._strips.popitem(last=False)
        if not self._tell.isActive():
            self._tell.start()
