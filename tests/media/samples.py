"""Media files and frames for the tests, whose every frame says its number."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

BITS = 8
SWATCHES = [
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128),
    (255, 224, 189), (198, 134, 100), (90, 56, 37), (30, 200, 220),
]  # fmt: skip


def numbered(i: int, width: int = 128, height: int = 96) -> np.ndarray:
    """A frame whose white and black columns are the binary digits of ``i``."""
    frame = np.zeros((height, width, 3), np.uint8)
    column = width // BITS
    for bit in range(BITS):
        frame[:, bit * column : (bit + 1) * column] = 255 * (i >> bit & 1)
    return frame


def number_of(frame: np.ndarray) -> int:
    """The number of a frame from ``numbered``, whatever its size."""
    height, width = frame.shape[:2]
    column = width // BITS
    middle = [int(frame[height // 2, bit * column + column // 2, 1]) for bit in range(BITS)]
    return sum(1 << bit for bit, level in enumerate(middle) if level > 128)


def numbers(frames) -> list[int]:
    return [number_of(frame) for frame in frames]


def swatches(side: int = 16) -> np.ndarray:
    """Flat patches of primaries, greys and skin, ``[128, 10 * side, 3]``."""
    row = np.repeat(np.array(SWATCHES, np.uint8), side, axis=0)
    return np.broadcast_to(row, (128, len(row), 3)).copy()


def swatch_error(frame: np.ndarray) -> int:
    """The largest difference from the colour meant, at the middle of each patch."""
    side = frame.shape[1] // len(SWATCHES)
    row = frame[frame.shape[0] // 2, side // 2 :: side].astype(int)
    return int(np.abs(row - np.array(SWATCHES)).max())


def make_video(path: Path, count: int = 100, rate=Fraction(24), *, group: int = 60) -> Path:
    """A numbered H.264 video with B-frames and long groups, as cameras and editors write."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = {"g": str(group), "bf": "3", "sc_threshold": "0", "preset": "fast"}
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(numbered(i), format="rgb24")
            frame.pts, frame.time_base = i, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def ffmpeg(*arguments: object) -> bytes:
    """Run the ffmpeg command line; gives what it wrote to standard output."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def ffmpeg_frames(path: Path, width: int, height: int) -> np.ndarray:
    """All frames as ffmpeg itself shows them (tags and rotation honoured)."""
    raw = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
