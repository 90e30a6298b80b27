"""Takes and exports: colours, tags, sizes, rates, recipes."""

from __future__ import annotations

import json
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from core.media.decode import FrameReader, read_frames
from core.media.encode import (
    EXPORT_PRESETS,
    RECIPE_KEY,
    ExportSettings,
    export_mp4,
    output_frames,
    output_size,
    read_recipe,
    write_take,
)
from core.media.errors import MediaError
from core.media.probe import probe
from core.media.recipe import MAX_RECIPE
from tests.media.samples import (
    ffmpeg_frames,
    make_video,
    numbered,
    numbers,
    swatch_error,
    swatches,
)

FAST = ExportSettings(preset="ultrafast")


def export(path, frames, rate=Fraction(24), settings=FAST, metadata=None, **more):
    frames = list(frames)
    height, width = frames[0].shape[:2]
    export_mp4(
        path,
        frames,
        size=(width, height),
        rate=Fraction(rate),
        total=len(frames),
        settings=settings,
        metadata=metadata or {},
        **more,
    )
    return path


def boxes(path) -> list[str]:
    """The top-level boxes of an MP4, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode("latin1"))
        at += size or len(data)
    return names


def tags(path) -> tuple[int, int, int, int]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        seen = [
            (x.color_range, x.color_primaries, x.color_trc, x.colorspace) for x in (stream, frame)
        ]
    assert seen[0] == seen[1], "container and stream say the same"
    return tuple(int(v) for v in seen[0])


BT709_LIMITED = (1, 1, 1, 1)


# ---- takes


def test_take_keeps_colours_and_small_detail(tmp_path):
    rng = np.random.default_rng(5)
    soft = np.kron(rng.integers(0, 255, (16, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    frames = [np.roll(soft, i, axis=1) for i in range(30)]
    write_take(tmp_path / "take.mp4", frames, Fraction(8))
    back = list(read_frames(tmp_path / "take.mp4"))
    error = np.mean((np.array(frames, np.float64) - np.array(back)) ** 2)
    assert len(back) == 30
    assert 10 * np.log10(255**2 / error) > 44, "decibels"
    write_take(tmp_path / "colours.mp4", [swatches()] * 3, Fraction(8))
    assert swatch_error(next(read_frames(tmp_path / "colours.mp4"))) <= 2
    assert swatch_error(ffmpeg_frames(tmp_path / "colours.mp4", 160, 128)[1]) <= 3
    assert tags(tmp_path / "colours.mp4") == BT709_LIMITED


def test_take_is_made_for_scrubbing(tmp_path):
    path = tmp_path / "take.mp4"
    write_take(path, (numbered(i) for i in range(50)), Fraction(8))
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
    assert [i for i, p in enumerate(packets) if p.is_keyframe] == [0, 12, 24, 36, 48]
    assert all(p.pts == p.dts for p in packets), "no B-frames"
    with FrameReader(path) as reader:
        assert numbers(reader.frame(i) for i in (49, 0, 25, 13)) == [49, 0, 25, 13]


@pytest.mark.parametrize("rate", [8, Fraction(24000, 1001), Fraction(30)])
def test_take_rate_and_odd_size(tmp_path, rate):
    frames = [numbered(i, 129, 95) for i in range(9)]
    write_take(tmp_path / "take.mp4", frames, rate)
    info = probe(tmp_path / "take.mp4")
    assert (info.rate, info.frames, info.width, info.height) == (rate, 9, 129, 95)


def test_take_of_one_frame(tmp_path):
    write_take(tmp_path / "take.mp4", [numbered(5)], 8)
    assert numbers(read_frames(tmp_path / "take.mp4")) == [5]


@pytest.mark.parametrize(
    "frames",
    [[], [np.zeros((8, 8, 3), np.float32)], [numbered(0), numbered(1, 64, 64)]],
    ids=["none", "floats", "two sizes"],
)
def test_a_take_that_cannot_be_leaves_the_old_one(tmp_path, frames):
    path = tmp_path / "take.mp4"
    path.write_bytes(b"old")
    with pytest.raises(ValueError):
        write_take(path, frames, 8)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# ---- exports


@pytest.mark.parametrize("name", ["Draft", "Standard", "High"])
def test_colours_are_right_everywhere(tmp_path, name):
    path = export(tmp_path / "film.mp4", [swatches()] * 12, 8, EXPORT_PRESETS[name])
    assert tags(path) == BT709_LIMITED
    assert swatch_error(list(read_frames(path))[6]) <= 3
    assert swatch_error(ffmpeg_frames(path, 160, 128)[6]) <= 3


def test_colours_are_right_when_enlarged(tmp_path):
    settings = ExportSettings(height=1024, preset="ultrafast", crf=12)
    path = export(tmp_path / "film.mp4", [swatches()] * 2, 8, settings)
    assert tags(path) == BT709_LIMITED
    assert swatch_error(next(read_frames(path))) <= 3


def test_index_comes_first_and_every_frame_once(tmp_path):
    path = export(tmp_path / "film.mp4", (numbered(i) for i in range(80)))
    order = boxes(path)
    assert order.index("moov") < order.index("mdat")
    assert numbers(read_frames(path)) == list(range(80))


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(24), Fraction(25, 2)])
def test_rate_is_exact(tmp_path, rate):
    path = export(tmp_path / "film.mp4", [numbered(i) for i in range(30)], rate)
    info = probe(path)
    assert (info.rate, info.frames) == (rate, 30)
    assert info.duration_s == pytest.approx(float(30 / rate), abs=1e-3)


def test_other_rates_hold_or_drop(tmp_path):
    frames = [numbered(i) for i in range(24)]
    up = export(tmp_path / "up.mp4", frames, 8, ExportSettings(rate=Fraction(24)))
    assert numbers(read_frames(up)) == [i // 3 for i in range(72)]
    down = export(tmp_path / "down.mp4", frames, 24, ExportSettings(rate=Fraction(8)))
    assert numbers(read_frames(down)) == list(range(0, 24, 3))
    film = ExportSettings(rate=Fraction(24000, 1001))
    assert probe(export(tmp_path / "film.mp4", frames, 8, film)).rate == Fraction(24000, 1001)
    assert output_frames(24, Fraction(8), film) == 72


def test_odd_sizes_grow_by_a_pixel(tmp_path):
    frame = np.full((95, 127, 3), 200, np.uint8)
    path = export(tmp_path / "film.mp4", [frame] * 3)
    assert (probe(path).width, probe(path).height) == (128, 96)
    assert np.abs(next(read_frames(path)).astype(int) - 200).max() <= 3, "no black edge"


def test_other_shapes_are_filled_with_black_beside(tmp_path):
    frame = np.full((96, 128, 3), 200, np.uint8)
    settings = ExportSettings(width=256, height=256, preset="ultrafast")
    shown = next(read_frames(export(tmp_path / "film.mp4", [frame] * 2, settings=settings)))
    assert shown.shape == (256, 256, 3)
    assert shown[10, 128].max() <= 3 and shown[246, 128].max() <= 3
    assert np.abs(shown[40:216, 5:250].astype(int) - 200).max() <= 4


def test_crisp_pixels_stay_crisp(tmp_path):
    checks = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    frame = np.repeat(checks[..., None], 3, 2)
    settings = ExportSettings(width=256, scaler="nearest", crf=4)
    shown = next(read_frames(export(tmp_path / "film.mp4", [frame] * 2, settings=settings)))
    assert shown.shape == (256, 256, 3)
    np.testing.assert_allclose(shown[4::8, 4::8], frame, atol=6)


def test_output_size():
    assert output_size((128, 128), ExportSettings()) == (128, 128)
    assert output_size((128, 96), ExportSettings(height=1080)) == (1440, 1080)
    assert output_size((127, 95), ExportSettings()) == (128, 96)
    assert output_size((128, 96), ExportSettings(width=1920, height=1080)) == (1920, 1080)
    for preset in EXPORT_PRESETS.values():
        assert all(side % 2 == 0 for side in output_size((127, 71), preset))


@pytest.mark.parametrize(
    "wrong", [{"crf": 60}, {"preset": "best"}, {"width": 1}, {"rate": Fraction(0)}, {"scaler": "x"}]
)
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ExportSettings(**wrong)


def test_long_film_in_small_memory_is_pulled_as_it_goes(tmp_path):
    """Frames are asked for one by one, never gathered."""
    alive, most = 0, 0

    class Frame(np.ndarray):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def frames():
        nonlocal alive, most
        for i in range(120):
            alive += 1
            most = max(most, alive)
            yield numbered(i).view(Frame)

    export_mp4(
        tmp_path / "film.mp4",
        frames(),
        size=(128, 96),
        rate=Fraction(24),
        total=120,
        settings=FAST,
        metadata={},
    )
    assert probe(tmp_path / "film.mp4").frames == 120
    assert most < 10


# ---- the recipe


def test_recipe_of_half_a_megabyte(tmp_path):
    recipe = {
        "world": "starter",
        "actions": [{"text": f"walk äöü 前 \"'=;#\\ {i}", "seed": i} for i in range(10_000)],
        "lines": "one\ntwo\r\n\tthree ",
    }
    text = json.dumps(recipe, ensure_ascii=False)
    assert len(text.encode()) > 500_000
    path = export(
        tmp_path / "film.mp4",
        [numbered(1)] * 3,
        metadata={"title": "Ein Film = ü", "comment": "made here", RECIPE_KEY: text},
    )
    assert read_recipe(path) == recipe
    order = boxes(path)
    assert order.index("moov") < order.index("mdat")
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "Ein Film = ü"
        assert container.metadata["comment"] == "made here"
        assert container.metadata["com.apple.quicktime.title"] == "Ein Film = ü"
    assert numbers(read_frames(path)) == [1, 1, 1]


def test_no_recipe(tmp_path):
    assert read_recipe(export(tmp_path / "film.mp4", [numbered(1)])) is None
    assert read_recipe(make_video(tmp_path / "other.mp4", 5)) is None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch /tmp/x')",
        "[1, 2, 3]",
        "{" * 200_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"a": ' + "9" * 100_000 + "}",
        '{"cut": "of',
        " " * (MAX_RECIPE + 1),
    ],
    ids=["code", "list", "braces", "deep", "digits", "cut", "vast"],
)
def test_hostile_recipe(tmp_path, text):
    path = export(tmp_path / "film.mp4", [numbered(1)], metadata={RECIPE_KEY: text})
    with pytest.raises(MediaError, match="The recipe in film.mp4"):
        read_recipe(path)
    assert probe(path).frames == 1


def test_recipe_of_what_is_no_film(tmp_path):
    (tmp_path / "note.mp4").write_text("{}")
    with pytest.raises(MediaError, match="not an MP4"):
        read_recipe(tmp_path / "note.mp4")
    with pytest.raises(MediaError, match="not there"):
        read_recipe(tmp_path / "gone.mp4")
    whole = export(tmp_path / "film.mp4", [numbered(1)], metadata={RECIPE_KEY: '{"a": 1}'})
    data = bytearray(whole.read_bytes())
    data[data.index(b"keys") + 8 : data.index(b"keys") + 12] = b"\xff" * 4  # a count of 4 billion
    whole.write_bytes(data)
    try:
        assert read_recipe(whole) in (None, {"a": 1})
    except MediaError:
        pass
