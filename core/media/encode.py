"""Writing takes (what the studio reads again) and exports (what the artist gives away)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

from core.media.errors import MediaError
from core.media.export import ExportProgress, export_mp4
from core.media.export_settings import (
    EXPORT_PRESETS,
    X264_PRESETS,
    ExportSettings,
    output_frames,
    output_size,
)
from core.media.files import replacing, write_refusal
from core.media.recipe import RECIPE_KEY, read_recipe

__all__ = [
    "EXPORT_PRESETS",
    "RECIPE_KEY",
    "X264_PRESETS",
    "ExportProgress",
    "ExportSettings",
    "export_mp4",
    "output_frames",
    "output_size",
    "read_recipe",
    "write_take",
]

# A key frame every 12 and no B-frames: any frame is at most 12 decodes away. Full colour
# resolution (4:4:4), because a take is 128 pixels wide and is encoded once more on export.
_TAKE = {
    "crf": "6",
    "preset": "veryfast",
    "tune": "fastdecode",
    "x264-params": "keyint=12:min-keyint=12:scenecut=0:bframes=0",
}
_FILTER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


def write_take(path: str | os.PathLike, frames: Iterable[np.ndarray], rate: Fraction) -> None:
    """Write ``frames`` (each ``[h, w, 3]`` uint8 RGB, one size) as a visually lossless MP4.

    H.264, 4:4:4, BT.709 tagged, made for scrubbing. ``path`` appears when it is whole and
    synced; until then, and when anything fails, what was there stays. Raises MediaError when
    it cannot be written, ValueError for frames that do not fit together.
    """
    with replacing(path) as part:
        try:
            with open(part, "wb") as file, av.open(file, "w", format="mp4") as container:
                _encode(container, frames, Fraction(rate))
        except av.FFmpegError as error:
            # PyAV hides what the file said behind a number of its own.
            refusal = write_refusal(part)
            if refusal is not None:
                raise refusal from error
            raise MediaError(
                f"{os.path.basename(path)} could not be encoded ({error}). Nothing was replaced; "
                "try again, and report it if it happens again."
            ) from error


def _encode(container, frames: Iterable[np.ndarray], rate: Fraction) -> None:
    stream, shape = None, None
    for number, rgb in enumerate(frames):
        if stream is None:
            if rgb.ndim != 3 or rgb.shape[2] != 3:
                raise ValueError(f"expected frames [h, w, 3] uint8, got {rgb.shape}")
            shape = rgb.shape
            stream = _take_stream(container, shape, rate)
        if rgb.shape != shape or rgb.dtype != np.uint8:
            raise ValueError(
                f"frame {number} is {rgb.shape} {rgb.dtype}, the first was {shape} uint8"
            )
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(
            format="yuv444p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_FILTER,
            threads=1,
        )
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        frame.pts, frame.time_base = number, 1 / rate
        container.mux(stream.encode(frame))
    if stream is None:
        raise ValueError("a take has at least one frame, got none")
    container.mux(stream.encode())


def _take_stream(container, shape: tuple[int, ...], rate: Fraction) -> av.VideoStream:
    stream = container.add_stream("libx264", rate=rate, options=dict(_TAKE))
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv444p"
    stream.codec_context.time_base = 1 / rate
    context = stream.codec_context
    context.colorspace = 1  # BT.709, as in ITU-T H.273
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    context.color_range = ColorRange.MPEG
    return stream
