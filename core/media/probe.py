"""What a media file is, found out before anything is made from it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av

from core.media.errors import cannot_read
from core.media.files import existing_file
from core.media.pictures import PICTURE_SUFFIXES, picture_info
from core.media.streams import (
    VIDEO_SUFFIXES,
    display_size,
    frame_rate,
    open_video,
    rotation_of,
)

__all__ = ["PICTURE_SUFFIXES", "VIDEO_SUFFIXES", "MediaInfo", "probe"]


@dataclass(frozen=True)
class MediaInfo:
    """A picture or a video file. Width and height are in pixels as displayed: upright, with
    square pixels. ``rotation`` is what was needed for that, in degrees clockwise.

    A picture has one frame, a rate of 1 and no duration. For a video that is cut short,
    ``frames`` counts what is there.
    """

    path: Path
    kind: Literal["picture", "video"]
    width: int
    height: int
    frames: int
    rate: Fraction  # frames a second
    duration_s: float
    rotation: int
    codec: str


def probe(path: str | os.PathLike) -> MediaInfo:
    """What ``path`` is, judged by its content, not by its name.

    Raises MediaError for a file that is missing, empty, forbidden, neither picture nor video,
    sound only, too large, or so damaged that not one frame can be shown.
    """
    path = existing_file(path)
    picture = picture_info(path)
    if picture is not None and picture.frames == 1:
        return MediaInfo(
            path,
            "picture",
            picture.width,
            picture.height,
            frames=1,
            rate=Fraction(1),
            duration_s=0.0,
            rotation=picture.rotation,
            codec=picture.codec,
        )
    return _probe_video(path)


def _probe_video(path: Path) -> MediaInfo:
    container, stream = open_video(path)
    with container:
        rate = frame_rate(stream)
        frames, whole = _count_indexed(path, stream) or (0, False)
        duration = float(stream.duration * stream.time_base) if stream.duration else 0.0
        codec = stream.codec_context.name
        frame = _first_frame(path, container, stream)
        width, height = display_size(frame, stream)
        turn = rotation_of(frame)
    if turn in (90, 270):
        width, height = height, width
    if not frames:
        frames = max(1, _count_packets(path))
        whole = bool(duration)
    # Some containers leave the last frames out; further apart, the frames have uneven times.
    if not whole or abs(duration * rate - frames) <= 3:
        duration = float(frames / rate)
    return MediaInfo(path, "video", width, height, frames, rate, duration, turn, codec)


def _first_frame(path: Path, container, stream) -> av.VideoFrame:
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return frame
            except av.FFmpegError:
                continue  # a damaged packet; a later one may do
    except (av.FFmpegError, OSError):
        pass
    raise cannot_read(
        path,
        "not one frame of it can be decoded; it may be damaged or cut short",
        "Copy, download or export it again.",
    )


def _count_indexed(path: Path, stream) -> tuple[int, bool] | None:
    """Frames whose data lies within the file, and whether that is all of them.

    MP4 lists every frame in its header, so a long file need not be read. None when the
    container has no complete list.
    """
    entries = stream.index_entries
    if not stream.frames or len(entries) != stream.frames:
        return None
    size = path.stat().st_size
    kept = [e for e in entries if not e.is_discard]
    there = sum(1 for e in kept if e.pos >= 0 and e.pos + e.size <= size)
    return (there, there == len(kept)) if there else None


def _count_packets(path: Path) -> int:
    container, stream = open_video(path)
    count = 0
    with container:
        try:
            for packet in container.demux(stream):
                count += packet.size > 0 and not packet.is_discard and not packet.is_corrupt
        except (av.FFmpegError, OSError):
            pass  # cut short: what came before counts
    return count
