"""Exporting a film: H.264 MP4 that looks the same in every player."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import imageio_ffmpeg
import numpy as np

from core.media.decode import held_frame
from core.media.errors import Cancelled, MediaError, cannot_write
from core.media.export_settings import ExportSettings, output_frames, output_size
from core.media.files import replacing, write_refusal


@dataclass(frozen=True)
class ExportProgress:
    """``frame`` of ``frames`` of the film are handed to the encoder; times in seconds.
    ``remaining_s`` is None until there is something to judge by."""

    frame: int
    frames: int
    elapsed_s: float
    remaining_s: float | None


def export_mp4(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    *,
    size: tuple[int, int],
    rate: Fraction,
    total: int,
    settings: ExportSettings,
    metadata: Mapping[str, str],
    progress: Callable[[ExportProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write ``total`` ``frames`` (``[h, w, 3]`` uint8 RGB, ``size`` = (w, h)) as an MP4.

    H.264 4:2:0, BT.709 tagged, index at the front. Another rate holds or drops frames, another
    size is filled as far as the shape allows with black beside it. ``metadata`` goes into the
    file as it is; values may have a million characters. ``progress`` is called at most 10 times
    a second and at the end; ``cancelled`` is asked before every frame.

    ``path`` is replaced when the film is whole, and untouched otherwise. Raises MediaError when
    it cannot be written, Cancelled when asked to stop, ValueError for frames that do not fit
    ``size`` or are fewer than ``total``. What ``frames`` raises passes through.
    """
    if total < 1:
        raise ValueError(f"a film has at least one frame, got total={total}")
    path = Path(path)
    count = output_frames(total, rate, settings)
    source = _at_rate(_checked(frames, size, total), Fraction(rate), settings, count)
    report = _Reporter(count, progress)
    with replacing(path) as part, _metadata_options(metadata) as tags:
        try:
            with _encoder(part, size, rate, settings, tags) as write:
                for number, frame in enumerate(source):
                    if cancelled is not None and cancelled():
                        raise Cancelled(f"{path.name} was not written; nothing was replaced.")
                    write(frame)
                    report(number + 1)
        except _EncoderStopped as error:
            raise _failure(path, part) from error
        if not _is_whole(part, count):
            raise _failure(path, part)
    report.done()


class _EncoderStopped(Exception):
    """ffmpeg ended before it had all the frames."""


class _Stop(BaseException):
    """Thrown into imageio-ffmpeg's writer: anything but an Exception makes it kill ffmpeg
    instead of waiting for the frames that it still has."""


@contextmanager
def _encoder(
    part: Path, size: tuple[int, int], rate: Fraction, settings: ExportSettings, tags: list[str]
) -> Iterator[Callable[[np.ndarray], None]]:
    """imageio's ffmpeg writer as a function of one frame; ends ffmpeg however the block ends."""
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    options = encoder_options(size, settings) + tags + ["-f", "mp4"]
    try:
        writer = imageio_ffmpeg.write_frames(
            str(part.absolute()),
            even,
            fps=Fraction(settings.rate or rate),
            codec="libx264",
            quality=None,
            macro_block_size=1,  # the default rescales to multiples of 16
            ffmpeg_log_level="fatal",
            output_params=options,
        )
        writer.send(None)
    except (OSError, RuntimeError) as error:
        raise MediaError(
            f"The video encoder (ffmpeg) cannot be started: {error}. Run the installer's repair, "
            "then export again."
        ) from error

    def write(frame: np.ndarray) -> None:
        try:
            writer.send(_even(frame))
        except (OSError, StopIteration) as error:
            raise _EncoderStopped from error

    try:
        yield write
    except BaseException:
        try:
            writer.throw(_Stop())
        except (_Stop, StopIteration):
            pass
        raise
    writer.close()


def encoder_options(size: tuple[int, int], settings: ExportSettings) -> list[str]:
    """The ffmpeg options that make the film, without input, tags and file name."""
    return [
        "-crf",
        str(settings.crf),
        "-preset",
        settings.preset,
        "-vf",
        _filters(size, settings),
        "-movflags",
        "+faststart+use_metadata_tags",
    ]


def _filters(size: tuple[int, int], settings: ExportSettings) -> str:
    """Scaling, and the conversion that otherwise is BT.601 with a wrong or no tag."""
    width, height = size[0] + size[0] % 2, size[1] + size[1] % 2
    out_w, out_h = output_size(size, settings)
    fill = min(out_w / width, out_h / height)
    in_w, in_h = (max(2, 2 * round(side * fill / 2)) for side in (width, height))
    if abs(in_w - out_w) <= 2 and abs(in_h - out_h) <= 2:
        in_w, in_h = out_w, out_h  # no black hairlines from rounding to even
    flags = {"lanczos": "lanczos", "nearest": "neighbor"}[settings.scaler]
    steps = [
        f"scale={in_w}:{in_h}:flags={flags}+accurate_rnd+full_chroma_inp"
        + ":out_color_matrix=bt709:out_range=tv"
    ]
    if (in_w, in_h) != (out_w, out_h):
        steps.append(f"pad={out_w}:{out_h}:(ow-iw)/2:(oh-ih)/2:black")
    steps.append("setsar=1")
    steps.append("setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709")
    return ",".join(steps)


# QuickTime and Finder look for these names of what everything else calls the short ones.
_QUICKTIME = {
    name: f"com.apple.quicktime.{name}"
    for name in ("title", "comment", "description", "artist", "copyright", "software")
}


@contextmanager
def _metadata_options(metadata: Mapping[str, str]) -> Iterator[list[str]]:
    """ffmpeg options for the tags. Long values go by a file: a command line ends at 32 KB on
    Windows and an argument at 128 KB on Linux."""
    tags = dict(metadata)
    tags.update({_QUICKTIME[k]: v for k, v in metadata.items() if k in _QUICKTIME})
    options: list[str] = []
    with TemporaryDirectory(prefix="slowfast-export-", ignore_cleanup_errors=True) as folder:
        for number, (key, value) in enumerate(tags.items()):
            if not key or "=" in key:
                raise ValueError(f"a metadata key is a name without '=', got {key!r}")
            text = f"{key}={value}".replace("\0", "")
            if len(text) < 1000:
                options += ["-metadata", text]
                continue
            file = Path(folder, f"{number}.txt")
            file.write_text(text, encoding="utf-8", newline="")
            options += ["-/metadata", str(file)]  # since ffmpeg 7: the value is in a file
        yield options


def _checked(
    frames: Iterable[np.ndarray], size: tuple[int, int], total: int
) -> Iterator[np.ndarray]:
    shape = (size[1], size[0], 3)
    number = 0
    for frame in frames:
        if frame.shape != shape or frame.dtype != np.uint8:
            raise ValueError(
                f"frame {number} is {frame.shape} {frame.dtype}, expected {shape} uint8"
            )
        yield frame
        number += 1
        if number == total:
            return
    raise ValueError(f"there were {number} frames, expected {total}")


def _at_rate(
    frames: Iterator[np.ndarray], rate: Fraction, settings: ExportSettings, count: int
) -> Iterator[np.ndarray]:
    """``count`` frames at the film's rate, each the one on screen at its time."""
    target = Fraction(settings.rate or rate)
    held, number = next(frames), 0
    for k in range(count):
        wanted = held_frame(k, rate, target)
        while number < wanted:
            held = next(frames)
            number += 1
        yield held


def _even(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape[:2]
    if height % 2 or width % 2:
        frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(frame)


def _is_whole(part: Path, count: int) -> bool:
    """Whether ffmpeg finished: it is another process, and a full disk only shows in the file."""
    try:
        with av.open(str(part), options={"format_whitelist": "mov"}) as container:
            stream = container.streams.video[0]
            entries, size = stream.index_entries, part.stat().st_size
            last = entries[len(entries) - 1]
            there = stream.frames == count and last.pos + last.size <= size
            return there and next(container.decode(stream), None) is not None
    except (av.FFmpegError, OSError, IndexError):
        return False


def _failure(path: Path, part: Path) -> MediaError:
    refusal = write_refusal(part)
    if refusal is not None:
        return cannot_write(path, refusal)
    return MediaError(
        f"{path.name} could not be written: the video encoder (ffmpeg) stopped before the end. "
        "Nothing that was there before was changed. Try again, with the preset Standard if "
        "another was chosen; if it stops again, run the installer's repair."
    )


class _Reporter:
    def __init__(self, frames: int, tell: Callable[[ExportProgress], None] | None) -> None:
        self._frames, self._tell = frames, tell
        self._began = time.monotonic()
        self._last = self._began

    def __call__(self, frame: int) -> None:
        now = time.monotonic()
        if self._tell is None or now - self._last < 0.1 or frame >= self._frames:
            return
        self._last = now
        elapsed = now - self._began
        remaining = elapsed / frame * (self._frames - frame) if elapsed > 0.5 else None
        self._tell(ExportProgress(frame, self._frames, elapsed, remaining))

    def done(self) -> None:
        if self._tell is not None:
            elapsed = time.monotonic() - self._began
            self._tell(ExportProgress(self._frames, self._frames, elapsed, 0.0))
