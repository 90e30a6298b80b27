"""Opening a video file with PyAV, and turning its frames into upright RGB."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from core.media.errors import MediaError, cannot_read
from core.media.files import existing_file

VIDEO_SUFFIXES = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".ogv", ".mxf", ".3gp", ".gif",
)  # fmt: skip

# FFmpeg also opens play lists that name other files and addresses. A video that somebody was
# sent must not do that, so only plain containers and plain files are let in.
_OPTIONS = {
    "format_whitelist": (
        "mov,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,mxf,gif,ivf,mjpeg,h264,hevc,m4v,yuv4mpegpipe"
    ),
    "protocol_whitelist": "file",
}

_MAX_PIXELS = 100_000_000  # a frame; 8K is 33 million
_BT709, _UNSPECIFIED = 1, 2  # ITU-T H.273 matrix coefficients
_MATRICES = {
    _BT709: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
# Colour samples are interpolated where every pixel counts (what a world makes is small). In
# large frames that costs ten times the fast conversion, which is within 2 levels on flat colour.
_FINE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_FINE_PIXELS = 640 * 480

_COMMON_RATES = [
    *(Fraction(n) for n in (5, 8, 10, 12, 15, 16, 24, 25, 30, 48, 50, 60, 100, 120, 240)),
    *(Fraction(n * 1000, 1001) for n in (12, 15, 24, 30, 48, 60, 120)),
]


def open_video(
    path: Path, threads: str = "AUTO"
) -> tuple[av.container.InputContainer, av.VideoStream]:
    """The container and its picture stream; the caller closes the container. Raises MediaError.

    ``threads`` is ``"AUTO"`` for playing through and ``"SLICE"`` for jumping about: threads
    over frames add a delay of several frames after every jump.
    """
    path = existing_file(path)
    try:
        container = av.open(str(path), options=dict(_OPTIONS), metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unopened(path, error) from error
    try:
        stream = _picture_stream(path, container)
        stream.thread_type = threads
        return container, stream
    except BaseException:
        container.close()
        raise


def _picture_stream(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    # The cover of a song is stored as a video stream with one picture.
    # A stream whose codec is not known has no decoder and no size.
    videos = [s for s in container.streams.video if s.codec_context is not None]
    streams = [s for s in videos if not _is_cover(s)]
    if not streams and len(videos) < len(container.streams.video):
        raise cannot_read(
            path,
            "its frames cannot be decoded: it is cut short, or of a kind that is not known here",
            f"Copy or download it again, or: {_CONVERT}",
        )
    if not streams:
        has_sound = bool(container.streams.audio) or bool(videos)
        raise cannot_read(
            path,
            "it has sound but no picture" if has_sound else "there is no video in it",
            "Choose a video or a picture.",
        )
    stream = max(streams, key=lambda s: s.width * s.height)
    if stream.width < 1 or stream.height < 1:
        raise cannot_read(path, "no picture in it can be decoded", _CONVERT)
    if stream.width * stream.height > _MAX_PIXELS:
        raise cannot_read(
            path,
            f"{stream.width:,} x {stream.height:,} pixels a frame are more than can be opened",
            "Convert it to 8K or less.",
        )
    return stream


_CONVERT = "Convert it to MP4 (H.264), PNG or JPEG and choose that."


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _unopened(path: Path, error: Exception) -> MediaError:
    with open(path, "rb") as file:
        head = file.read(64)
    if head[4:8] == b"ftyp" or path.suffix.lower() in (".mov", ".mp4", ".m4v") and b"mdat" in head:
        return cannot_read(
            path,
            "it is cut short, or damaged, before the part that says where its frames are",
            "Copy, download or export it again.",
        )
    return cannot_read(
        path, "it is not a video or a picture in a format that is known here", _CONVERT
    )


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Frames a second; what phones and Matroska round is put back to the rate that was meant."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    if not rate or rate <= 0 or rate > 1000:
        return Fraction(25)
    rate = Fraction(rate)
    nearest = min(_COMMON_RATES, key=lambda common: abs(common - rate))
    if abs(nearest - rate) <= nearest / 5000:  # 24 and 24000/1001 are 1/1000 apart
        return nearest
    return rate.limit_denominator(1001)


def rotation_of(frame: av.VideoFrame) -> int:
    """Degrees clockwise, a multiple of 90, that the frame is turned for display."""
    return round(-frame.rotation / 90) * 90 % 360


def display_size(frame: av.VideoFrame, stream: av.VideoStream) -> tuple[int, int]:
    """Width and height with square pixels, before rotation. Old camera formats are stretched."""
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect == 1 or not Fraction(1, 8) < aspect < 8:
        return frame.width, frame.height
    return max(1, round(frame.width * aspect)), frame.height


def to_rgb(frame: av.VideoFrame, stream: av.VideoStream) -> np.ndarray:
    """The frame upright, ``[height, width, 3]`` uint8 RGB, contiguous."""
    width, height = display_size(frame, stream)
    matrix = None  # RGB formats carry no matrix
    if not frame.format.is_rgb:
        # Untagged video: the convention of players is BT.709 from 720 lines on.
        guess = _BT709 if max(frame.width, frame.height) >= 1280 else 5
        tag = guess if frame.colorspace == _UNSPECIFIED else int(frame.colorspace)
        matrix = _MATRICES.get(tag, Colorspace.ITU601)
    picture = frame.reformat(
        width,
        height,
        "rgb24",
        src_colorspace=matrix,
        src_color_range=_range(frame),
        dst_color_range=ColorRange.JPEG,
        interpolation=_FINE if width * height <= _FINE_PIXELS else Interpolation.BILINEAR,
        threads=1,
    ).to_ndarray()
    turn = rotation_of(frame)
    if turn:
        picture = np.rot90(picture, k=-(turn // 90))
    return np.ascontiguousarray(picture)


def _range(frame: av.VideoFrame) -> ColorRange:
    """What the tag says; untagged is limited, except for RGB and JPEG's own formats."""
    if frame.color_range:
        return ColorRange(int(frame.color_range))
    full = frame.format.is_rgb or frame.format.name.startswith(("yuvj", "gray", "pal8"))
    return ColorRange.JPEG if full else ColorRange.MPEG
