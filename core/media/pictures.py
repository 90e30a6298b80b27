"""Still pictures: any common format and size, to RGB in bounded memory."""

from __future__ import annotations

import io
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from core.media.cv import cv2
from core.media.errors import MediaError, cannot_read
from core.media.files import existing_file

PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jp2",
    ".ppm", ".pgm", ".psd",
)  # fmt: skip

# What is known to be a picture by its first bytes. Formats without such a mark, and those
# that start other programs (EPS), are left out on purpose.
_FORMATS = (
    "PNG", "JPEG", "MPO", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM", "PSD",
)  # fmt: skip

MAX_SIDE = 4096
"""Longest side of a picture after reading, in pixels: larger ones are reduced."""

# Decoded whole before it is reduced: 4 bytes a pixel at most, so 1.7 GB. JPEG is reduced
# while it is decoded and has no such limit. 20,000 x 20,000 fits.
_MAX_PIXELS = 420_000_000
# What Pillow's parsers raise, between them, for damaged data.
_DAMAGE = (
    OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, RuntimeError,
    ArithmeticError, struct.error, zlib.error,
)  # fmt: skip
_GREY = 48  # behind transparent pixels: black swallows dark drawings, white glares

# Pillow's own limit is a warning at 89 megapixels; ours above takes its place.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class PictureInfo:
    """Size in pixels after EXIF rotation; ``rotation`` in degrees clockwise; ``frames`` > 1
    for an animated file."""

    width: int
    height: int
    frames: int
    rotation: int
    codec: str


_ROTATIONS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
_UPRIGHT = {  # EXIF orientation, including the mirrored ones of front cameras
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: a.transpose(1, 0, 2)[:, ::-1],
    7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda a: a.transpose(1, 0, 2)[::-1],
}


def picture_info(path: Path) -> PictureInfo | None:
    """What the header says, checked as far as is cheap; None when it is no picture.

    Raises MediaError for a picture that is cut short or too large to open.
    """
    image = _open(path)
    if image is None:
        return None
    with image:
        width, height = image.size
        turn = _ROTATIONS.get(_orientation(image), 0)
        if turn in (90, 270):
            width, height = height, width
        frames = _frames(image) if image.format == "GIF" else 1
        codec = (image.format or "picture").lower()
    _check_whole(path)
    return PictureInfo(width, height, frames, turn, codec)


def read_picture(path: str | os.PathLike) -> np.ndarray:
    """The picture as RGB, ``[height, width, 3]`` uint8, upright (EXIF), in sRGB.

    Transparent parts lie over dark grey. Sides over 4096 px are reduced, keeping the shape.
    Of an animation this is the first frame. Raises MediaError.
    """
    path = existing_file(path)
    image = _open(path)
    if image is None:
        raise cannot_read(
            path,
            "it is not a picture in a format that is known here",
            "Save it as PNG or JPEG and choose that.",
        )
    with image:
        return _decode(path, image)


def _open(path: Path) -> Image.Image | None:
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    try:
        image = Image.open(path, formats=formats)
    except Image.UnidentifiedImageError:
        return None
    except _DAMAGE as error:  # a parser's own complaint about a damaged header
        raise cannot_read(path, f"the picture is damaged ({error})", _AGAIN) from error
    width, height = image.size
    if image.format not in ("JPEG", "MPO") and width * height > _MAX_PIXELS:
        image.close()
        raise cannot_read(
            path,
            f"{width:,} x {height:,} pixels are more than can be opened safely",
            "Save it at 16,000 pixels a side or less, or as JPEG.",
        )
    return image


_AGAIN = "Copy, download or save it again."


def _check_whole(path: Path) -> None:
    """Find a file that is cut short without keeping its pixels."""
    image = _open(path)
    if image is None:
        return
    try:
        with image:
            if image.format in ("JPEG", "MPO"):
                image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
                image.load()
            elif image.format == "PNG":
                image.verify()  # checksums of the chunks, without decoding
            elif image.width * image.height <= 16_000_000:
                image.load()
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> MediaError:
    return cannot_read(path, f"the picture is damaged or cut short ({error})", _AGAIN)


def _decode(path: Path, image: Image.Image) -> np.ndarray:
    try:
        if image.format in ("JPEG", "MPO") and max(image.size) > MAX_SIDE:
            # Reduced by 2, 4 or 8 inside the decoder; never below the size asked for.
            scale = MAX_SIDE / max(image.size)
            image.draft(None, (int(image.width * scale), int(image.height * scale)))
        image.load()
        orientation = _orientation(image)
        profile = image.info.get("icc_profile")
        rgb = np.asarray(_to_rgb(_reduced(image), profile), dtype=np.uint8)
        return np.array(_UPRIGHT[orientation](rgb), order="C")
    except MemoryError as error:
        raise cannot_read(
            path, "there is not enough free memory for it", "Save it at a smaller size."
        ) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _reduced(image: Image.Image) -> Image.Image:
    """At most MAX_SIDE a side; palettes and 16-bit modes become plain ones first."""
    longest = max(image.size)
    if longest <= MAX_SIDE:
        return image
    factor = max(1, longest // MAX_SIDE)
    if image.mode in ("P", "1", "PA"):
        # No average of palette numbers; picking pixels keeps memory at 1 byte a pixel.
        small = image.resize(
            (max(1, image.width // factor), max(1, image.height // factor)),
            Image.Resampling.NEAREST,
        )
    elif image.mode.startswith(("I", "F")):
        values = np.asarray(image)[::factor, ::factor]
        small = Image.fromarray(np.ascontiguousarray(values))
    else:
        small = image.reduce(factor)
    if max(small.size) > MAX_SIDE:
        small.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BICUBIC)
    small.info = dict(image.info)
    return small


def _to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_deep_to_rgb(np.asarray(image), image.mode))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, (_GREY, _GREY, _GREY, 255))
        ground.alpha_composite(layered)
        image = ground.convert("RGB")
    elif image.mode not in ("RGB", "CMYK"):
        image = image.convert("RGB")
    return _in_srgb(image, profile)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours of a wide-gamut or CMYK profile as sRGB; without a usable one, as they are."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if source.profile.xcolor_space.strip() == {"CMYK": "CMYK"}.get(image.mode, "RGB"):
                target = ImageCms.createProfile("sRGB")
                return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a broken profile is common and the pixels are still good
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_rgb(values: np.ndarray, mode: str) -> np.ndarray:
    """16-bit, 32-bit and floating grey to ``[h, w, 3]`` uint8."""
    values = values.astype(np.float32)
    if mode == "F":
        top = float(np.nanmax(values)) if values.size else 1.0
        scale = 255.0 if top <= 1.0 else 1.0 if top <= 255.0 else 255.0 / max(top, 1e-6)
    else:
        scale = 255.0 / 65535.0
    grey = np.clip(np.nan_to_num(values) * scale + 0.5, 0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # asking Pillow would decode the whole picture to look behind it
    try:
        value = int(image.getexif().get(0x0112, 1))
    except _DAMAGE:  # damaged EXIF does not make a picture useless
        return 1
    return value if 1 <= value <= 8 else 1


def _frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except _DAMAGE:
        return 1
