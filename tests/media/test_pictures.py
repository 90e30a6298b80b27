"""Still pictures of every kind, good and bad."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.media.cv import cv2
from core.media.decode import read_frames, read_picture, read_tail
from core.media.errors import MediaError
from core.media.fit import default_crop, fit_frame
from core.media.pictures import MAX_SIDE
from core.media.probe import probe

RED = (200, 40, 30)


@pytest.mark.parametrize(
    "suffix", ["png", "jpg", "webp", "bmp", "gif", "tif", "avif", "jp2", "ppm"]
)
def test_common_formats(tmp_path, suffix):
    path = tmp_path / f"start picture ü.{suffix}"
    Image.new("RGB", (60, 40), RED).save(path)
    info = probe(path)
    assert (info.kind, info.width, info.height, info.frames) == ("picture", 60, 40, 1)
    picture = read_picture(path)
    assert picture.shape == (40, 60, 3) and picture.dtype == np.uint8
    assert np.abs(picture[20, 30].astype(int) - RED).max() <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation):
    """Each orientation of the same upright picture reads as that picture."""
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :30], upright[:20, 30:], upright[20:, :30] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "phone.png"
    Image.fromarray(np.ascontiguousarray(undo(upright))).save(path, exif=exif)
    info = probe(path)
    assert (info.width, info.height) == (60, 40)
    np.testing.assert_array_equal(read_picture(path), upright)


def test_alpha_grey_deep_and_cmyk(tmp_path):
    def first(name, image, **options):
        image.save(tmp_path / name, **options)
        return read_picture(tmp_path / name)[10, 10].tolist()

    assert first("clear.png", Image.new("RGBA", (20, 20), (255, 255, 255, 0))) == [48] * 3
    assert first("half.png", Image.new("RGBA", (20, 20), (255, 0, 0, 128))) == [152, 24, 24]
    assert first("grey.png", Image.new("L", (20, 20), 90)) == [90] * 3
    assert first("bit.png", Image.new("1", (20, 20), 1)) == [255] * 3
    deep = Image.fromarray(np.full((20, 20), 90 * 257, np.uint16))
    assert first("deep.png", deep) == [90] * 3
    assert first("float.tif", Image.new("F", (20, 20), 0.5)) == [128] * 3
    assert first("print.tif", Image.new("CMYK", (20, 20), (0, 255, 255, 0))) == [255, 0, 0]
    assert cv2.imwrite(str(tmp_path / "c.png"), np.full((20, 20, 3), 90 * 257, np.uint16))
    assert read_picture(tmp_path / "c.png")[10, 10].tolist() == [90] * 3


def test_colour_profile_becomes_srgb(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (20, 20), RED).save(tmp_path / "srgb.png", icc_profile=lab)
    assert np.abs(read_picture(tmp_path / "srgb.png")[0, 0].astype(int) - RED).max() <= 1
    Image.new("RGB", (20, 20), RED).save(tmp_path / "broken.png", icc_profile=b"not a profile")
    assert read_picture(tmp_path / "broken.png")[0, 0].tolist() == list(RED)


def test_animated_gif_is_a_video_and_its_first_frame_a_picture(tmp_path):
    frames = [Image.new("RGB", (50, 40), (60 * i, 0, 0)) for i in range(4)]
    path = tmp_path / "loop.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    info = probe(path)
    assert (info.kind, info.frames, info.rate) == ("video", 4, 10)
    assert [int(f[0, 0, 0]) for f in read_frames(path)] == [0, 60, 120, 180]
    assert read_picture(path)[0, 0, 0] == 0


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_one_pixel_fills_a_frame(tmp_path, suffix):
    path = tmp_path / f"dot.{suffix}"
    Image.new("RGB", (1, 1), RED).save(path)
    assert (probe(path).width, probe(path).height) == (1, 1)
    frame = fit_frame(read_picture(path), default_crop(1, 1, 128, 96), 128, 96)
    assert frame.shape == (96, 128, 3)
    assert np.abs(frame.astype(int) - RED).max() <= 3
    assert len(read_tail(path, 4, 8)) == 1


def _png(width, height, data) -> bytes:
    """A PNG of one bit a pixel around compressed rows."""

    def chunk(name, content):
        crc = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_twenty_thousand_pixels_in_bounded_memory(tmp_path):
    """Read in a process of its own, whose peak memory is looked at."""
    path = tmp_path / "huge.png"
    # White at one bit a pixel, written row by row: the test itself needs no memory for it.
    path.write_bytes(_png(20_000, 20_000, zlib.compress((b"\0" + b"\xff" * 2500) * 20_000, 1)))
    code = (
        "import resource, sys\n"
        "from core.media.probe import probe\n"
        "from core.media.decode import read_picture\n"
        "info, picture = probe(sys.argv[1]), read_picture(sys.argv[1])\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        # On Linux that figure is inherited from the process that forked this one; this is not.
        "if sys.platform == 'linux':\n"
        "    line = [x for x in open('/proc/self/status') if x.startswith('VmHWM')][0]\n"
        "    peak = int(line.split()[1]) // 1024\n"
        "print(info.width, info.height, max(picture.shape), picture[9, 9, 0], peak)\n"
    )
    if sys.platform == "win32":
        pytest.skip("no resource module; the size limit is tested below")
    out = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    width, height, side, level, peak = map(int, out.stdout.split())
    assert (width, height, side, level) == (20_000, 20_000, MAX_SIDE, 255)
    assert peak < 800, "megabytes"


def test_wide_strip_keeps_its_shape_and_a_jpeg_is_reduced_while_decoding(tmp_path):
    Image.new("RGB", (20_000, 40), RED).save(tmp_path / "strip.png")
    assert read_picture(tmp_path / "strip.png").shape == (8, MAX_SIDE, 3)
    Image.new("RGB", (20_000, 4000), RED).save(tmp_path / "wide.jpg")
    assert probe(tmp_path / "wide.jpg").width == 20_000
    assert read_picture(tmp_path / "wide.jpg").shape[1] == MAX_SIDE


def test_too_many_pixels_says_what_to_do(tmp_path):
    (tmp_path / "vast.png").write_bytes(_png(30_000, 30_000, bytes(9)))
    with pytest.raises(MediaError, match="30,000 x 30,000 .*16,000"):
        probe(tmp_path / "vast.png")


def _noise_file(path):
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("part", [0.5, 0.01])
def test_cut_short(tmp_path, suffix, part):
    path = tmp_path / f"cut.{suffix}"
    data = _noise_file(path)
    path.write_bytes(data[: int(len(data) * part)])
    for read in (probe, read_picture):
        with pytest.raises(MediaError, match="cut short|damaged"):
            read(path)


def test_what_is_no_picture(tmp_path):
    (tmp_path / "note.png").write_text("a shopping list")
    (tmp_path / "nothing.png").touch()
    for name, says in (("note.png", "not a"), ("nothing.png", "empty"), ("gone.png", "not there")):
        for read in (probe, read_picture):
            with pytest.raises(MediaError, match=says):
                read(tmp_path / name)
    with pytest.raises(MediaError, match="folder"):
        probe(tmp_path)


def test_opencv_leaves_qt_alone():
    code = "import os, core.media.cv; print([k for k in os.environ if k.startswith('QT_QPA')])"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("QT_QPA")}
    out = subprocess.run(
        [sys.executable, "-c", code], env=clean, check=True, capture_output=True, text=True
    )
    assert out.stdout.strip() == "[]"
