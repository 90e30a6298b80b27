"""Reading pictures and videos as RGB frames."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from core.media.pictures import read_picture
from core.media.reader import FrameReader

__all__ = ["FrameReader", "held_frame", "read_frames", "read_picture", "read_tail"]

_READ_CACHE = 64 << 20  # reading through needs no more than the frame in hand


def held_frame(k: int, source_rate: Fraction, target_rate: Fraction) -> int:
    """The source frame on screen when frame ``k`` appears at another rate.

    8 to 24 a second gives 0 0 0 1 1 1, 24 to 8 gives 0 3 6. Times are rounded by a quarter
    of the shorter frame, so a rate that is nearly the same drops or holds as few as it can.
    """
    step = Fraction(source_rate) / Fraction(target_rate)
    return int(k * step + min(Fraction(1), step) / 4)


def read_frames(
    path: str | os.PathLike,
    *,
    rate: Fraction | None = None,
    start: int = 0,
    count: int | None = None,
) -> Iterator[np.ndarray]:
    """Frames ``start`` to ``start + count`` as RGB ``[height, width, 3]`` uint8, writable.

    With ``rate`` (frames a second) numbers count frames at that rate and each is the source
    frame on screen at its time; without, every frame of the file comes once. Of a video that
    is cut short comes what can be decoded. A picture is a video of one frame. Raises MediaError.
    """
    if start < 0 or (count is not None and count < 0):
        raise ValueError(f"start and count are not negative, got {start} and {count}")
    with FrameReader(path, cache_bytes=_READ_CACHE, threads="AUTO") as reader:
        numbers = list(range(len(reader))) if rate is None else _numbers_at(reader, rate)
        stop = None if count is None else start + count
        for number in numbers[start:stop]:
            yield reader.frame(number).copy()


def read_tail(path: str | os.PathLike, count: int, rate: Fraction) -> list[np.ndarray]:
    """The last ``count`` frames at ``rate``, oldest first, ending with the very last frame.

    Fewer when the video is shorter; of a picture, that one. Raises MediaError.
    """
    if count < 1:
        raise ValueError(f"count is at least 1, got {count}")
    with FrameReader(path, cache_bytes=_READ_CACHE, threads="AUTO") as reader:
        times = reader.times()
        slack = _slack(reader, rate)
        wanted = [times[-1] - back / Fraction(rate) for back in range(count)]
        numbers = [_on_screen(times, t + slack) for t in wanted if t + slack >= 0]
        return [reader.frame(number).copy() for number in reversed(numbers)]


def _numbers_at(reader: FrameReader, rate: Fraction) -> list[int]:
    times, rate = reader.times(), Fraction(rate)
    duration = times[-1] + 1 / reader.rate
    slack = _slack(reader, rate)
    frames = max(1, round(duration * rate))
    return [_on_screen(times, k / rate + slack) for k in range(frames)]


def _slack(reader: FrameReader, rate: Fraction) -> Fraction:
    # Containers round times to milliseconds; see held_frame.
    return 1 / max(reader.rate, Fraction(rate)) / 4


def _on_screen(times: list[Fraction], moment: Fraction) -> int:
    return max(0, bisect_right(times, moment) - 1)
