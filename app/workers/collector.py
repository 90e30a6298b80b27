"""Python's garbage collection, on the interface thread only.

The collector runs on whichever thread happens to allocate. On the engine's thread it would destroy
widgets and pixmaps there, which Qt does not survive.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 200


class Collector(QObject):
    """Takes over from the moment it is made until ``stop``."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.check)
        gc.disable()
        self._timer.start()

    def check(self) -> None:
        """Collect what has grown old enough, by the interpreter's own thresholds."""
        counts = gc.get_count()
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation] > 0:
                gc.collect(generation)
                return

    def settle(self) -> None:
        """What is loaded by now stays (torch brings a million objects): never look at it again."""
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            gc.enable()
