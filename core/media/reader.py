"""Random access to the frames of a video, for scrubbing and for reading through."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from typing import Self

import av
import numpy as np

from core.media.errors import cannot_read
from core.media.files import existing_file
from core.media.pictures import picture_info, read_picture
from core.media.streams import frame_rate, open_video, to_rgb

# Frames decoded on the way to the one that was asked for are kept undecoded to RGB, so that
# stepping backwards does not decode the group again for every step.
_KEEP_BEHIND = 16


class FrameReader:
    """The frames of a video (or the one of a picture), by number in display order.

    The file is listed once, on opening (packets are read, not decoded). ``frame(i)`` goes on
    decoding when ``i`` is ahead in the same group of pictures, else jumps to the key frame
    before it. Decoded frames are kept up to ``cache_bytes``, least recently used go first.
    Safe to call from several threads, one at a time gets through. Raises MediaError on opening.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        cache_bytes: int = 256 << 20,
        threads: str = "SLICE",
    ) -> None:
        self.path = existing_file(path)
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, np.ndarray | av.VideoFrame] = OrderedDict()
        self._cache_bytes, self._cached = cache_bytes, 0
        self._threads = threads
        self._container = None
        self._forward: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._next = 0  # the lowest frame number that `_forward` can still give
        self._behind: av.VideoFrame | None = None  # what it gave last
        picture = picture_info(self.path)
        if picture is not None and picture.frames == 1:
            self.rate = Fraction(1)
            self._pts, self._keys, self._timed = [0], [0], False
            self._time_base = Fraction(1)
            self._put(0, _frozen(read_picture(self.path)))
            self._still = True
            return
        self._still = False
        self._open()
        self.rate = frame_rate(self._stream)
        self._time_base = Fraction(self._stream.time_base)
        self._list()

    def __len__(self) -> int:
        return len(self._pts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and of the cache. Can be called again."""
        with self._lock:
            self._close()
            self._cache.clear()
            self._cached = 0

    def times(self) -> list[Fraction]:
        """When each frame appears, in seconds after the first."""
        if not self._timed:
            return [i / self.rate for i in range(len(self))]
        first = self._pts[0]
        return [(pts - first) * self._time_base for pts in self._pts]

    def frame(self, i: int) -> np.ndarray:
        """Frame ``i`` as RGB ``[height, width, 3]`` uint8, read-only (it is shared).

        A frame that is damaged gives the one before it. Raises IndexError outside the video,
        MediaError when nothing can be decoded.
        """
        if not 0 <= i < len(self):
            raise IndexError(f"{self.path.name} has frames 0 to {len(self) - 1}, not {i}")
        with self._lock:
            held = self._cache.get(i)
            if held is None:
                held = read_picture(self.path) if self._still else self._decode(i)
            rgb = held if isinstance(held, np.ndarray) else to_rgb(held, self._stream)
            rgb.flags.writeable = False
            self._put(i, rgb)
            return rgb

    # ---- decoding

    def _decode(self, i: int) -> av.VideoFrame:
        key = bisect_right(self._keys, i) - 1  # the group that i belongs to
        start = self._keys[key] if key >= 0 else 0
        if not (self._forward and max(start, 0) <= self._next <= i):
            self._jump(key)
        best = self._behind
        try:
            for number, frame in self._forward:
                self._next, self._behind = number + 1, frame
                if number == i:
                    return frame
                if i - number <= _KEEP_BEHIND:  # also one too far: it is asked for next
                    self._put(number, frame)
                if number > i:
                    return frame if best is None else best
                best = frame
        except (av.FFmpegError, OSError):
            pass
        self._forward = None
        if best is None and key > 0:
            # A damaged group: the end of the one before stands in for it.
            return self._before(start - 1)
        if best is None:
            raise cannot_read(
                self.path,
                f"frame {i} cannot be decoded; the file may be damaged",
                "Copy, download or make it again.",
            )
        return best

    def _before(self, i: int) -> av.VideoFrame:
        held = self._cache.get(i)
        return held if isinstance(held, av.VideoFrame) else self._decode(i)

    def _jump(self, key: int) -> None:
        """Point `_forward` at the key frame ``key`` or, where seeking is coarse, before it."""
        self._behind = None
        while self._timed and key > 0:
            target = self._pts[self._keys[key]]
            try:
                self._container.seek(target, stream=self._stream, backward=True)
                packets = self._container.demux(self._stream)
                first = next((p for p in packets if p.is_keyframe and p.pts is not None), None)
            except (av.FFmpegError, OSError):
                first = None
            if first is not None and first.pts <= target:
                self._forward = self._numbered(first, packets)
                self._next = self._keys[key]
                return
            key -= 1
        self._close()
        self._open()
        self._forward = self._numbered(None, self._container.demux(self._stream))
        self._next = 0

    def _numbered(self, first, packets) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decoded frames with their numbers, from where the container stands."""
        count = 0
        for frame in _decoded(first, packets):
            if not self._timed:
                number = count
                count += 1
            elif frame.pts is None:
                continue
            else:
                number = bisect_left(self._pts, frame.pts)
                if number == len(self._pts) or self._pts[number] != frame.pts:
                    continue  # outside what is shown (an edit list, an unclean start)
            yield number, frame

    def _list(self) -> None:
        pts, keys, timed, count = [], [], True, 0
        try:
            for packet in self._container.demux(self._stream):
                if not packet.size or packet.is_discard or packet.is_corrupt:
                    continue
                count += 1
                if packet.pts is None:
                    timed = False
                    continue
                pts.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        except (av.FFmpegError, OSError):
            pass  # cut short: what was listed can be shown
        if not count:
            self._close()
            raise cannot_read(self.path, "there is not one whole frame in it")
        # AVI has decode times only: with frames that depend on others, frames are counted
        # from the start of the file instead.
        if self._container.format.name == "avi" and len(keys) < count:
            timed = False
        self._timed = timed
        self._pts = sorted(set(pts)) if timed else list(range(count))
        self._keys = [bisect_left(self._pts, key) for key in sorted(set(keys))] if timed else [0]
        self._forward = None
        self._jump(0)

    def _open(self) -> None:
        self._container, self._stream = open_video(self.path, self._threads)

    def _close(self) -> None:
        self._forward = None
        if self._container is not None:
            self._container.close()
            self._container = None

    # ---- cache

    def _put(self, i: int, item: np.ndarray | av.VideoFrame) -> None:
        old = self._cache.pop(i, None)
        if old is not None:
            self._cached -= _bytes(old)
        self._cache[i] = item
        self._cached += _bytes(item)
        while self._cached > self._cache_bytes and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= _bytes(dropped)


def _decoded(first, packets) -> Iterator[av.VideoFrame]:
    if first is not None:
        yield from _decode_one(first)
    for packet in packets:  # the last one is empty and flushes the decoder
        yield from _decode_one(packet)


def _decode_one(packet) -> list[av.VideoFrame]:
    if packet.is_corrupt:
        return []
    try:
        return [frame for frame in packet.decode() if not frame.is_corrupt]
    except av.FFmpegError:
        return []  # damaged; the frames around it are still good


def _frozen(rgb: np.ndarray) -> np.ndarray:
    rgb.flags.writeable = False
    return rgb


def _bytes(item: np.ndarray | av.VideoFrame) -> int:
    if isinstance(item, np.ndarray):
        return item.nbytes
    return sum(plane.buffer_size for plane in item.planes)
