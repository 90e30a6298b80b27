"""Reading videos: exact frames, rates, rotation, damage."""

from __future__ import annotations

import random
import threading
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from core.media.decode import FrameReader, held_frame, read_frames, read_tail
from core.media.errors import MediaError
from core.media.probe import probe
from tests.media.samples import (
    ffmpeg,
    ffmpeg_frames,
    make_video,
    number_of,
    numbers,
)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """The same 100 numbered frames in several containers."""
    folder = tmp_path_factory.mktemp("films")
    return {s: make_video(folder / f"film.{s}") for s in ("mp4", "mkv", "avi", "ts")}


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_probe(films, suffix):
    info = probe(films[suffix])
    assert (info.kind, info.width, info.height, info.frames) == ("video", 128, 96, 100)
    assert (info.rate, info.rotation, info.codec) == (24, 0, "h264")
    assert info.duration_s == pytest.approx(100 / 24)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_every_seek_is_exact(films, suffix):
    order = list(range(100)) * 2
    random.Random(3).shuffle(order)
    with FrameReader(films[suffix], cache_bytes=1 << 20) as reader:
        assert len(reader) == 100
        assert [number_of(reader.frame(i)) for i in order] == order
        assert [number_of(reader.frame(i)) for i in range(99, -1, -1)] == list(range(99, -1, -1))


def test_going_forward_decodes_each_frame_once(films):
    with FrameReader(films["mp4"]) as reader:
        reader.frame(61)
        running = reader._forward
        assert [number_of(reader.frame(i)) for i in range(62, 100)] == list(range(62, 100))
        assert reader._forward is running


def test_cache_is_bounded_and_shared_frames_are_read_only(films):
    limit = 10 * 128 * 96 * 3
    with FrameReader(films["mp4"], cache_bytes=limit) as reader:
        for i in range(100):
            frame = reader.frame(i)
        assert reader._cached <= limit
        assert not frame.flags.writeable
        assert reader.frame(99) is frame
        with pytest.raises(IndexError, match="0 to 99"):
            reader.frame(100)
        with pytest.raises(IndexError):
            reader.frame(-1)


def test_several_threads_may_ask(films):
    wrong = []
    with FrameReader(films["mp4"], cache_bytes=1) as reader:

        def ask(seed: int) -> None:
            for i in random.Random(seed).sample(range(100), 20):
                if number_of(reader.frame(i)) != i:
                    wrong.append(i)

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_read_frames(films, suffix):
    path = films[suffix]
    assert numbers(read_frames(path)) == list(range(100))
    assert numbers(read_frames(path, start=57, count=5)) == [57, 58, 59, 60, 61]
    assert numbers(read_frames(path, rate=Fraction(8))) == list(range(0, 100, 3))[:33]
    assert numbers(read_frames(path, rate=Fraction(8), start=20, count=3)) == [60, 63, 66]
    assert numbers(read_frames(path, rate=Fraction(48), count=6)) == [0, 0, 1, 1, 2, 2]
    assert next(read_frames(path)).flags.writeable


def test_read_tail_ends_with_the_last_frame(films):
    assert numbers(read_tail(films["mp4"], 4, Fraction(8))) == [90, 93, 96, 99]
    assert numbers(read_tail(films["mp4"], 3, Fraction(24))) == [97, 98, 99]
    assert len(read_tail(films["mp4"], 1000, Fraction(8))) == 34


def test_held_frame():
    assert [held_frame(k, Fraction(8), Fraction(24)) for k in range(7)] == [0, 0, 0, 1, 1, 1, 2]
    assert [held_frame(k, Fraction(24), Fraction(8)) for k in range(4)] == [0, 3, 6, 9]
    same = Fraction(24000, 1001)
    assert [held_frame(k, same, same) for k in range(2000)] == list(range(2000))


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25)])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_rates_are_rationals(tmp_path, rate, suffix):
    info = probe(make_video(tmp_path / f"film.{suffix}", 40, rate))
    assert (info.rate, info.frames) == (rate, 40)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation(films, tmp_path, turn):
    path = tmp_path / "phone.mp4"
    ffmpeg("-display_rotation", turn, "-i", films["mp4"], "-c", "copy", path)
    info = probe(path)
    assert (info.width, info.height) == ((96, 128) if turn != 180 else (128, 96))
    assert info.rotation == (360 - turn) % 360
    shown = ffmpeg_frames(path, info.width, info.height)
    for i, frame in enumerate(read_frames(path, count=8)):
        assert np.abs(frame.astype(int) - shown[i]).max() <= 3
    with FrameReader(path) as reader:
        assert reader.frame(50).shape == (info.height, info.width, 3)


def test_stretched_pixels_are_shown_square(films, tmp_path):
    path = tmp_path / "dv.mp4"
    ffmpeg("-i", films["mp4"], "-vf", "setsar=4/3", "-frames:v", 5, path)
    assert (probe(path).width, probe(path).height) == (171, 96)
    assert next(read_frames(path)).shape == (96, 171, 3)


def test_edit_list_of_a_trimmed_film(films, tmp_path):
    """Cut without encoding again: the file holds frames that are not shown."""
    path = tmp_path / "trimmed.mp4"
    ffmpeg("-ss", "1.0", "-i", films["mp4"], "-c", "copy", path)
    first = number_of(next(read_frames(path)))
    assert first == 24
    assert numbers(read_frames(path)) == list(range(24, 100))
    assert probe(path).frames == 76


@pytest.mark.parametrize(
    ("codec", "pixels", "suffix"),
    [
        ("libvpx-vp9", "yuv420p", "webm"),
        ("libx265", "yuv420p10le", "mp4"),
        ("prores_ks", "yuv422p10le", "mov"),
        ("mjpeg", "yuvj420p", "avi"),
        ("mpeg2video", "yuv420p", "mpg"),
        ("wmv2", "yuv420p", "wmv"),
        ("gif", "rgb8", "gif"),
    ],
)
def test_other_codecs(films, tmp_path, codec, pixels, suffix):
    path = tmp_path / f"film.{suffix}"
    ffmpeg("-i", films["mp4"], "-frames:v", 40, "-c:v", codec, "-pix_fmt", pixels, path)
    assert probe(path).frames == 40
    with FrameReader(path) as reader:
        assert [number_of(reader.frame(i)) for i in (30, 3, 39, 20)] == [30, 3, 39, 20]


# ---- damage


@pytest.fixture(scope="module")
def streamable(films, tmp_path_factory):
    path = tmp_path_factory.mktemp("streamable") / "film.mp4"
    ffmpeg("-i", films["mp4"], "-c", "copy", "-movflags", "+faststart", path)
    return path.read_bytes()


def test_cut_short_gives_what_is_there(streamable, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(streamable[: int(len(streamable) * 0.8)])
    info = probe(path)
    shown = numbers(read_frames(path))
    assert 40 < len(shown) < 80
    assert abs(info.frames - len(shown)) <= 1
    assert info.duration_s == pytest.approx(info.frames / 24)
    assert shown[:40] == list(range(40))
    assert numbers(read_tail(path, 1, Fraction(24))) == shown[-1:]


@pytest.mark.parametrize("suffix", ["mkv", "ts", "avi"])
def test_cut_short_elsewhere(films, tmp_path, suffix):
    data = films[suffix].read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(data[: int(len(data) * 0.6)])
    assert probe(path).frames > 10
    assert len(list(read_frames(path))) > 10


def test_damage_in_the_middle_holds_the_frame_before(streamable, tmp_path):
    data = bytearray(streamable)
    middle = len(data) * 3 // 4
    data[middle : middle + 200] = bytes(200)
    path = tmp_path / "scratched.mp4"
    path.write_bytes(data)
    shown = numbers(read_frames(path))
    assert len(shown) == 100 and shown[:20] == list(range(20))
    with FrameReader(path) as reader:
        for i in range(99, -1, -1):
            reader.frame(i)


def test_cut_before_the_index(films, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(films["mp4"].read_bytes()[:4000])
    for read in (probe, FrameReader, lambda p: list(read_frames(p)), lambda p: read_tail(p, 1, 8)):
        with pytest.raises(MediaError, match="cut short"):
            read(path)


def test_sound_only(tmp_path):
    with av.open(str(tmp_path / "song.m4a"), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(MediaError, match="sound but no picture"):
        probe(tmp_path / "song.m4a")
    with wave.open(str(tmp_path / "noise.wav"), "wb") as sound:
        sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(8000)
        sound.writeframes(bytes(8000))
    with pytest.raises(MediaError):
        probe(tmp_path / "noise.wav")


@pytest.mark.parametrize(
    "content",
    [
        b"this is a text file\n" * 100,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile film.mp4\n",
        bytes(5000),
        random.Random(0).randbytes(50_000),
        b"\0\0\0\x18ftypmp42" + bytes(500),
    ],
    ids=["text", "playlist", "concat", "zeros", "noise", "header"],
)
def test_what_is_no_video(tmp_path, content):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match="film.mp4 cannot be opened"):
        probe(path)
    with pytest.raises(MediaError):
        FrameReader(path)
