"""Frames of videos, decoded beside the interface: the newest wish first, the rest never."""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path
from threading import Condition

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread, Signal
from PySide6.QtGui import QImage

log = logging.getLogger(__name__)

Key = tuple[str, int]


def to_image(frame: np.ndarray) -> QImage:
    """An RGB array [h, w, 3] as a picture of its own memory, fast to paint."""
    frame = np.ascontiguousarray(frame)
    height, width = frame.shape[:2]
    shared = QImage(frame.data, width, height, width * 3, QImage.Format.Format_RGB888)
    return shared.convertToFormat(QImage.Format.Format_RGB32)


class Frames:
    """Decoded pictures, the least recently seen forgotten first. Not safe by itself."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._held: OrderedDict[Key, QImage] = OrderedDict()

    def get(self, key: Key) -> QImage | None:
        image = self._held.get(key)
        if image is not None:
            self._held.move_to_end(key)
        return image

    def put(self, key: Key, image: QImage) -> None:
        old = self._held.pop(key, None)
        if old is not None:
            self.bytes -= old.sizeInBytes()
        self._held[key] = image
        self.bytes += image.sizeInBytes()
        while self.bytes > self.limit and len(self._held) > 1:
            _, gone = self._held.popitem(last=False)
            self.bytes -= gone.sizeInBytes()

    def __len__(self) -> int:
        return len(self._held)


class _Decoder(QThread):
    """Owns the readers; everything shared with the interface is under ``state``."""

    decoded = Signal(str, int, QImage)
    refused = Signal(str, int, str)

    def __init__(self, cache: Frames, readers: int) -> None:
        super().__init__()
        self.cache = cache
        self.state = Condition()
        self.wanted: Key | None = None
        self.ahead: list[Key] = []
        self.closing = False
        self.decodes = 0  # how many frames were decoded, for tests and for tuning
        self._limit = readers
        self._readers: OrderedDict[str, object] = OrderedDict()
        self._broken: dict[str, str] = {}

    def run(self) -> None:
        while True:
            with self.state:
                while not self.closing and self.wanted is None and not self.ahead:
                    self.state.wait()
                if self.closing:
                    break
                asked = self.wanted is not None
                key = self.wanted if asked else self.ahead.pop(0)
                self.wanted = None if asked else self.wanted
                image = self.cache.get(key)
            if image is None:
                image = self._decode(key, asked)
            if asked and image is not None:
                self.decoded.emit(key[0], key[1], image)
        for reader in self._readers.values():
            reader.close()

    def _decode(self, key: Key, asked: bool) -> QImage | None:
        path, frame = key
        try:
            image = to_image(self._reader(path).frame(frame))
        except Exception as error:  # MediaError, IndexError, or a codec's own
            if asked:
                log.info("frame %d of %s: %s", frame, path, error)
                self.refused.emit(path, frame, str(error))
            return None
        self.decodes += 1
        with self.state:
            self.cache.put(key, image)
        return image

    def _reader(self, path: str):
        reader = self._readers.get(path)
        if reader is None:
            from core.media.decode import FrameReader  # PyAV loads only when a frame is wanted

            reader = FrameReader(path, cache_bytes=8 << 20)
            self._readers[path] = reader
            while len(self._readers) > self._limit:
                self._readers.popitem(last=False)[1].close()
        self._readers.move_to_end(path)
        return reader


class FrameSource(QObject):
    """``request`` answers with ``frame_ready`` or ``failed``; a newer one replaces an older one.

    ``close()`` before the application ends, else Qt aborts on a running thread.
    """

    frame_ready = Signal(str, int, QImage)
    failed = Signal(str, int, str)  # path, frame, sentence

    def __init__(
        self, parent: QObject | None = None, cache_bytes: int = 256 << 20, readers: int = 6
    ) -> None:
        super().__init__(parent)
        self._cache = Frames(cache_bytes)
        self._decoder = _Decoder(self._cache, readers)
        self._decoder.decoded.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        self._decoder.refused.connect(self.failed, Qt.ConnectionType.QueuedConnection)
        self._wanted: Key | None = None
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self.close)

    def request(self, path: str | Path, frame: int) -> QImage | None:
        """Ask for a frame. One that is held comes back at once (and is signalled as well)."""
        key = (str(path), int(frame))
        self._wanted = key
        decoder = self._decoder
        with decoder.state:
            image = self._cache.get(key)
            decoder.wanted = None if image is not None else key
            decoder.ahead.clear()
            decoder.state.notify()
        if image is not None:
            self.frame_ready.emit(*key, image)
        elif not decoder.isRunning() and not decoder.closing:
            decoder.start()
        return image

    def prefetch(self, keys: list[tuple[str | Path, int]]) -> None:
        """Decode these when nothing else is wanted; the next request drops what is left."""
        decoder = self._decoder
        with decoder.state:
            decoder.ahead = [(str(path), int(frame)) for path, frame in keys]
            decoder.state.notify()
        if not decoder.isRunning() and not decoder.closing:
            decoder.start()

    def close(self) -> None:
        """Stop the thread and let go of the files."""
        with self._decoder.state:
            self._decoder.closing = True
            self._decoder.state.notify()
        self._decoder.wait(5000)

    @property
    def decodes(self) -> int:
        return self._decoder.decodes

    def _pass_on(self, path: str, frame: int, image: QImage) -> None:
        if (path, frame) == self._wanted:  # an older wish that was already being decoded
            self.frame_ready.emit(path, frame, image)
