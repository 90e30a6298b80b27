"""Exports that are stopped or refused: nothing is lost, and the message says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from core.media.decode import read_frames
from core.media.encode import ExportSettings, export_mp4, write_take
from core.media.errors import Cancelled, MediaError
from core.media.probe import probe
from tests.media.samples import numbered

# imageio-ffmpeg kills ffmpeg without waiting for it; the next subprocess collects it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")


def export(path, frames, total, **more):
    export_mp4(
        path,
        frames,
        size=(128, 96),
        rate=Fraction(8),
        total=total,
        settings=more.pop("settings", ExportSettings(preset="ultrafast")),
        metadata={"title": "Walk"},
        **more,
    )


@pytest.mark.parametrize("after", [0, 1, 30])
def test_cancel_leaves_the_old_film(tmp_path, after):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"the old film")
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    with pytest.raises(Cancelled):
        export(path, (numbered(i) for i in range(100)), 100, cancelled=cancelled)
    assert path.read_bytes() == b"the old film"
    assert list(tmp_path.iterdir()) == [path]


def test_cancel_does_not_wait_for_the_encoder(tmp_path, monkeypatch):
    """A slow, large film is dropped at once, not when ffmpeg is through with what it holds: it is
    still at work when it is ended."""
    stop, ended = threading.Event(), []
    settings = ExportSettings(width=1920, height=1080, preset="veryslow")
    kill = subprocess.Popen.kill

    def killed(process):
        ended.append(process.poll())
        kill(process)

    def frames():
        for i in range(60):
            if i == 40:
                stop.set()
                monkeypatch.setattr(subprocess.Popen, "kill", killed)
            yield numbered(i)

    with pytest.raises(Cancelled):
        export(tmp_path / "film.mp4", frames(), 60, settings=settings, cancelled=stop.is_set)
    assert ended == [None], "it had not ended by itself"
    assert not list(tmp_path.iterdir())


def test_progress(tmp_path):
    seen = []

    def slow():
        for i in range(20):
            time.sleep(0.05)
            yield numbered(i)

    export(tmp_path / "film.mp4", slow(), 20, progress=seen.append)
    assert 3 <= len(seen) <= 14, "at most ten a second"
    assert [p.frame for p in seen] == sorted({p.frame for p in seen})
    assert all(p.frames == 20 for p in seen)
    assert (seen[-1].frame, seen[-1].remaining_s) == (20, 0.0)
    assert any(p.remaining_s for p in seen[:-1])


def test_what_the_frames_raise_comes_through(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"old")

    def broken():
        yield numbered(0)
        raise MediaError("take 3 is not there any more")

    with pytest.raises(MediaError, match="take 3"):
        export(path, broken(), 10)
    with pytest.raises(ValueError, match="2 frames, expected 10"):
        export(path, [numbered(0)] * 2, 10)
    with pytest.raises(ValueError, match="frame 1"):
        export(path, [numbered(0), np.zeros((8, 8, 3), np.uint8)], 2)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def _both(path):
    yield lambda: export(path, [numbered(0)], 1)
    yield lambda: write_take(path, [numbered(0)], Fraction(8))


def test_no_folder_and_folder_of_that_name(tmp_path):
    for write in _both(tmp_path / "gone" / "film.mp4"):
        with pytest.raises(MediaError, match="no folder .*gone"):
            write()
    (tmp_path / "file").touch()
    for write in _both(tmp_path / "file" / "film.mp4"):
        with pytest.raises(MediaError, match="no folder"):
            write()
    (tmp_path / "film.mp4").mkdir()
    for write in _both(tmp_path / "film.mp4"):
        with pytest.raises(MediaError, match="folder of that name"):
            write()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "film.mp4"]


# In a process of its own, so that limits and identity of this one stay as they are.
_CHILD = """
import os, sys
from fractions import Fraction
import numpy as np
from core.media.encode import ExportSettings, export_mp4, write_take
from core.media.errors import MediaError

rng = np.random.default_rng(0)
frames = [rng.integers(0, 255, (128, 128, 3), dtype=np.uint8) for _ in range({count})]
{setup}
try:
    if sys.argv[2] == "take":
        write_take(sys.argv[1], frames, Fraction(8))
    else:
        export_mp4(sys.argv[1], frames, size=(128, 128), rate=Fraction(8), total=len(frames),
                   settings=ExportSettings(preset="ultrafast"), metadata={{}})
except MediaError as error:
    print("refused:", error)
"""


def _in_child(path, kind, setup, count=24) -> str:
    code = _CHILD.format(setup=setup, count=count)
    out = subprocess.run(
        [sys.executable, "-c", code, str(path), kind], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in out.stderr, out.stderr
    return out.stdout


@posix
@pytest.mark.parametrize("kind", ["take", "film"])
@pytest.mark.parametrize("kilobytes", [1, 100, 300])
def test_no_room_for_the_file(tmp_path, kind, kilobytes):
    """A limit on file size fails in the middle of writing just as a full disk does."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"the old film")
    limit = f"({kilobytes << 10},) * 2"
    said = _in_child(
        path, kind, f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, {limit})"
    )
    assert "refused: film.mp4 could not be written" in said
    assert "larger than is allowed" in said and "Choose another disk" in said
    assert path.read_bytes() == b"the old film"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root"
)
@pytest.mark.parametrize("kind", ["take", "film"])
def test_full_disk(tmp_path, kind):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        path = disk / "film.mp4"
        path.write_bytes(b"the old film")
        said = _in_child(path, kind, "")
        assert "refused: film.mp4 could not be written" in said
        assert "is full" in said and "Free some space" in said
        assert path.read_bytes() == b"the old film"
        assert list(disk.iterdir()) == [path]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@posix
@pytest.mark.parametrize("kind", ["take", "film"])
def test_unwritable_folder(tmp_path, kind):
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "film.mp4").write_bytes(b"the old film")
    # An ordinary user who may come this far and read, but not write.
    for parent in (tmp_path, *tmp_path.parents[:2]):
        if parent.owner() == tmp_path.owner():
            parent.chmod(parent.stat().st_mode | 0o055)
    folder.chmod(0o555)
    setup = "os.geteuid() == 0 and os.setuid(65534)"
    try:
        said = _in_child(folder / "film.mp4", kind, setup, count=2)
    finally:
        folder.chmod(0o755)
    assert "you may not write in" in said and "Choose another folder" in said
    assert (folder / "film.mp4").read_bytes() == b"the old film"
    assert [p.name for p in folder.iterdir()] == ["film.mp4"]


def test_an_encoder_that_does_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "no-ffmpeg"))
    (tmp_path / "films").mkdir()
    with pytest.raises(MediaError, match="encoder"):
        export(tmp_path / "films" / "film.mp4", [numbered(0)], 1)
    assert not list((tmp_path / "films").iterdir())


def test_written_films_can_be_read_again(tmp_path):
    export(tmp_path / "a.mp4", [numbered(i) for i in range(8)], 8)
    assert probe(tmp_path / "a.mp4").frames == 8
    export(tmp_path / "a.mp4", [numbered(i) for i in range(5)], 5)
    assert len(list(read_frames(tmp_path / "a.mp4"))) == 5
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
