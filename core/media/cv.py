"""The one place that imports OpenCV.

opencv-python points Qt at its own plugins and fonts through the environment, which breaks
PySide6 (another Qt build). Both variables are put back to what they were before.
"""

from __future__ import annotations

import os

_SET_BY_OPENCV = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _SET_BY_OPENCV}

import cv2  # noqa: E402

for _name, _value in _before.items():
    # A value that was already OpenCV's (an earlier import elsewhere) goes too.
    if _value is None or f"{os.sep}cv2{os.sep}" in _value:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

# A few small pictures at a time: OpenCV's own pool would only fight torch for the cores.
cv2.setNumThreads(1)

__all__ = ["cv2"]
