"""A disk that is full, limits that are met, a process that is killed: nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.models import download as downloading
from core.models.errors import DiskTrouble
from core.models.licences import accept
from core.models.places import find_installed, find_partly
from tests.models.test_download import BIG, expected, weights_of
from tests.models.worlds import TINY, tiny_files

ROOT = Path(__file__).resolve().parents[2]
LARGE = 200_000  # floats a file: 800 kB

#: Runs a download in a process of its own; prints what came of it.
CHILD = """
import sys
import time
from pathlib import Path
from core.models.download import Download, make_hub
from core.models.errors import ModelError
from core.models.patience import Patience
from core.models.settings import ModelSettings
from tests.models.worlds import TINY
{extra}
settings = ModelSettings()
told = {told}
try:
    world = Download(TINY, settings, make_hub(settings), progress=told,
                     patience=Patience(waits=(0.01,))).run()
    print("installed", world.folder)
except ModelError as error:
    print(type(error).__name__, error)
{after}
"""


def child(*before: str, extra: str = "", told: str = "lambda p: None", after: str = "", **options):
    code = CHILD.format(extra=extra, told=told, after=after)
    return subprocess.Popen(
        [*before, sys.executable, "-c", code], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def said(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err, err
    return out.strip()


def can_mount() -> bool:
    """A disk of its own for one process, without being the administrator."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /tmp"], capture_output=True
    )
    return done.returncode == 0


FILLING = """
import os
def fill(p):
    if p.phase == "fetching" and p.file.startswith("transformer/diff") and p.done > 900_000:
        fill.left = 0 if os.path.exists(FILLER) else 1
        if fill.left:
            with open(FILLER, "wb", buffering=0) as file:
                try:
                    while file.write(bytes(4096)):
                        pass
                except OSError:
                    file.truncate(file.tell() - 300_000)
FILLER = str(settings_root / "models" / "film.mp4")
"""

AGAIN = """
print("kept", find_partly(TINY.id).done > 900_000)
os.unlink(FILLER)
print("installed", Download(TINY, settings, make_hub(settings)).run().folder)
from core.models.places import installed
print(len(installed()), sorted(p.name for p in (settings_root / "models").iterdir()))
"""


@pytest.mark.skipif(not can_mount(), reason="no disk of its own can be made here")
def test_a_disk_that_fills_up_meanwhile(server, settings, tmp_path):
    """A real tmpfs of 4 MB that another program fills while the world is fetched."""
    server.repos[TINY.repo].files = tiny_files(floats=LARGE)
    server.fault(BIG, pace=2_000_000.0)
    accept(settings, TINY)
    (tmp_path / "models").mkdir()
    extra = (
        "import core.models.download as d\nd.MARGIN = 0\n"
        "from core.models.places import find_partly\n"
        f"settings_root = Path({str(tmp_path)!r})" + FILLING
    )
    mount = f'mount -t tmpfs -o size=4m tmpfs "{tmp_path}/models" && exec "$@"'
    going = child(
        "unshare", "-rm", "sh", "-c", mount, "sh", extra=extra, told="fill", after=AGAIN
    )
    lines = said(going).splitlines()
    assert lines[0].startswith("DiskTrouble The disk that holds") and "is full" in lines[0]
    assert "What was fetched is kept" in lines[0] and "Free some space" in lines[0]
    assert lines[1] == "kept True"
    assert lines[2].startswith("installed") and lines[3] == f"1 ['{TINY.id}']"
    resumed = [s.range for s in server.seen if s.range]
    assert resumed and int(resumed[0].removeprefix("bytes=").rstrip("-")) > 100_000


@pytest.mark.skipif(not can_mount(), reason="no disk of its own can be made here")
def test_a_disk_that_is_too_small_is_said_before_it_is_filled(server, settings, tmp_path):
    accept(settings, TINY)
    (tmp_path / "models").mkdir()
    mount = f'mount -t tmpfs -o size=4m tmpfs "{tmp_path}/models" && exec "$@"'
    line = said(child("unshare", "-rm", "sh", "-c", mount, "sh"))
    assert "needs 200 MB more" in line and "4.2 MB are free" in line
    assert not any(server.asked(name) for name in expected(server))


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit on the size of a file there")
def test_a_file_that_may_not_grow_larger(server, settings):
    """As on FAT32: the system itself refuses to write on (EFBIG), here at 500 kB."""
    import resource

    server.repos[TINY.repo].files = tiny_files(floats=LARGE)
    accept(settings, TINY)
    limit = 500_000
    line = said(
        child(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    )
    assert "DiskTrouble" in line and "larger than a file may be" in line and "FAT32" in line
    part = next(find_partly(TINY.id).folder.rglob("*.part"))
    assert part.stat().st_size == limit
    content = server.repos[TINY.repo].files[part.relative_to(find_partly(TINY.id).folder)
                                            .as_posix().removesuffix(".part")]
    assert part.read_bytes() == content[:limit]
    line = said(child())
    assert line.startswith("installed")
    assert weights_of(find_installed(TINY.id).folder) == expected(server)


def test_the_space_is_looked_at_before(getter, server, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskTrouble, match="1.0 MB are free"):
        getter.get()
    assert not any(server.asked(name) for name in expected(server))
    assert find_partly(TINY.id).done == 0


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_killed_again_and_again_it_gets_there(server, settings):
    server.repos[TINY.repo].files = tiny_files(floats=LARGE)
    accept(settings, TINY)
    for name in expected(server):
        server.fault(name, times=None, pace=500_000.0)
    for _ in range(3):
        before = len(server.seen)
        going = child()
        end = time.monotonic() + 60
        while time.monotonic() < end and not any("/lfs/" in s.path for s in server.seen[before:]):
            time.sleep(0.02)
        time.sleep(0.2)
        going.send_signal(signal.SIGKILL)
        going.communicate()
        assert going.returncode == -signal.SIGKILL
        assert find_installed(TINY.id) is None and find_partly(TINY.id).done > 0
    assert any(s.range for s in server.seen)  # it went on, it did not begin again
    server.faults.clear()
    assert said(child()).startswith("installed")
    assert weights_of(find_installed(TINY.id).folder) == expected(server)
