from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from core.project import edits, files
from core.project.errors import ProjectError, ProjectLocked
from core.project.model import SCHEMA, Asset
from core.project.store import DOCUMENT, ProjectStore
from tests.project.parts import empty, real_project

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX")


def run(script: str, *args: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"tests.project.{script}", *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, **options)


def test_create_save_open(tmp_path):
    p, store = real_project(tmp_path / "walk")
    p = edits.rename(p, "Other")
    store.save(p)
    store.close()
    assert not (tmp_path / "walk/.lock").exists()
    with ProjectStore.open(tmp_path / "walk") as again:
        assert again.project == p and not again.read_only and again.missing == ()
    with ProjectStore.open(tmp_path / "walk" / DOCUMENT) as by_file:
        assert by_file.project == p


def test_a_project_can_be_moved(tmp_path):
    p, store = real_project(tmp_path / "walk")
    store.close()
    shutil.move(tmp_path / "walk", tmp_path / "elsewhere")
    with ProjectStore.open(tmp_path / "elsewhere") as again:
        assert again.project == p and again.missing == ()
        assert again.path(p.start.video).read_bytes() == b"start"


def test_create_refuses_what_is_not_empty(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("x")
    with pytest.raises(ProjectError, match="not empty"):
        ProjectStore.create(tmp_path / "full", empty())
    assert os.listdir(tmp_path / "full") == ["thesis.txt"]
    real_project(tmp_path / "walk")[1].close()
    with pytest.raises(ProjectError, match="already a project"):
        ProjectStore.create(tmp_path / "walk", empty())
    with pytest.raises(ProjectError):
        ProjectStore.create(tmp_path / "full/thesis.txt", empty())
    with pytest.raises(ProjectError):
        ProjectStore.create(tmp_path / "full/thesis.txt/inside", empty())


@pytest.mark.parametrize(
    "content, says",
    [
        (None, "not a project"),
        (b"", "damaged"),
        (b"{", "line 1"),
        (b"\xff\xfe\x00", "not text"),
        (b"[1]", "not a SlowFast"),
        (b'{"format": "slowfast-project", "schema": 1}', "wrong at"),
        (b'{"format": "slowfast-project", "schema": 99}', "newer version"),
    ],
)
def test_what_is_no_project_says_so(tmp_path, content, says):
    if content is not None:
        (tmp_path / DOCUMENT).write_bytes(content)
    with pytest.raises(ProjectError, match=says):
        ProjectStore.open(tmp_path)
    assert not (tmp_path / ".lock").exists()


def test_missing_folders_and_files_say_so(tmp_path):
    with pytest.raises(ProjectError, match="no folder"):
        ProjectStore.open(tmp_path / "nowhere")
    (tmp_path / "film.mp4").write_bytes(b"x")
    with pytest.raises(ProjectError, match="a project is a folder"):
        ProjectStore.open(tmp_path / "film.mp4")
    (tmp_path / "dir" / DOCUMENT).mkdir(parents=True)
    with pytest.raises(ProjectError):
        ProjectStore.open(tmp_path / "dir")


def test_missing_media_are_listed_and_can_be_brought_back(tmp_path):
    p, store = real_project(tmp_path / "walk")
    path = store.path(p.start.video)
    store.close()
    path.rename(tmp_path / "moved.mp4")
    with ProjectStore.open(tmp_path / "walk") as again:
        assert [a.id for a in again.missing] == [p.start.video]
        (tmp_path / "other.mp4").write_bytes(b"other")
        with pytest.raises(ProjectError, match="not the missing file"):
            again.restore(p.start.video, tmp_path / "other.mp4")
        again.restore(p.start.video, tmp_path / "moved.mp4")
        assert again.missing == () and path.read_bytes() == b"start"
    path.write_bytes(b"sta")  # cut short
    with ProjectStore.open(tmp_path / "walk") as again:
        assert [a.id for a in again.missing] == [p.start.video]


def test_an_older_schema_is_written_anew_with_the_first_save_alone(tmp_path):
    ProjectStore.create(tmp_path / "p", empty()).close()
    file = tmp_path / "p" / "project.json"
    data = json.loads(file.read_text())
    data["schema"], data["memory"]["preset"] = 2, "default"
    file.write_text(json.dumps(data))
    before = file.read_bytes()
    with ProjectStore.open(tmp_path / "p") as store:
        assert store.project.memory.preset == "both" and not store.read_only
    assert file.read_bytes() == before
    with ProjectStore.open(tmp_path / "p") as store:
        store.save(store.project)
    data = json.loads(file.read_text())
    assert data["schema"] == SCHEMA and data["memory"]["preset"] == "both"


def test_a_newer_schema_opens_to_read_only(tmp_path):
    p, store = real_project(tmp_path / "walk")
    store.close()
    document = tmp_path / "walk" / DOCUMENT
    data = json.loads(document.read_text())
    data["schema"], data["hologram"] = data["schema"] + 1, True
    document.write_text(json.dumps(data))
    before = document.read_bytes()
    with ProjectStore.open(tmp_path / "walk") as again:
        assert again.read_only and "newer version" in again.read_only_reason
        assert again.project.name == p.name
        for work in (
            lambda: again.save(p),
            lambda: again.staging(),
            lambda: again.journal.save([]),
            lambda: again.import_file(document, "source"),
        ):
            with pytest.raises(ProjectError):
                work()
    assert document.read_bytes() == before


def test_the_same_content_is_one_file(tmp_path):
    _, store = real_project(tmp_path / "walk")
    a, b = tmp_path / "A walk.PNG", tmp_path / "b.jpeg"
    a.write_bytes(b"picture")
    b.write_bytes(b"picture")
    first = store.import_file(a, "source", "A walk.PNG")
    second = store.import_file(b, "source")
    assert first == second and first.id == hashlib.sha256(b"picture").hexdigest()
    assert first.path == f"assets/source/{first.id}.png" and first.bytes == 7
    assert a.exists() and b.exists()
    b.write_bytes(b"result")
    third = store.import_file(b, "latents", move=True)
    assert not b.exists() and store.path(third.id).read_bytes() == b"result"
    b.write_bytes(b"result")
    assert store.import_file(b, "latents", move=True) == third and not b.exists()
    odd = tmp_path / "x.$$$ weird"
    odd.write_bytes(b"odd")
    assert store.import_file(odd, "source").path.endswith(".bin")
    assert not list((tmp_path / "walk").rglob("*.partial"))
    store.close()


def test_what_cannot_be_imported_says_so(tmp_path):
    _, store = real_project(tmp_path / "walk")
    for bad in (tmp_path, tmp_path / "nothing.png"):
        with pytest.raises(ProjectError):
            store.import_file(bad, "source")
    with pytest.raises(ValueError):
        store.import_file(tmp_path / "x", "../..")
    with pytest.raises(ProjectError, match="no file"):
        store.path("nobody")
    store.close()
    with pytest.raises(ProjectError, match="closed"):
        store.save(empty())


@posix
def test_links_that_lead_out_are_refused(tmp_path):
    p, store = real_project(tmp_path / "walk")
    (tmp_path / "secret").write_bytes(b"start")
    path = store.path(p.start.video)
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(ProjectError, match="link"):
        store.path(p.start.video)
    store.close()
    with pytest.raises(ProjectError, match="link"):
        ProjectStore.open(tmp_path / "walk")
    assert not (tmp_path / "walk/.lock").exists()
    path.unlink()
    os.rename(tmp_path / "walk/assets", tmp_path / "assets")
    (tmp_path / "walk/assets").symlink_to(tmp_path / "assets")
    with pytest.raises(ProjectError, match="link"):
        ProjectStore.open(tmp_path / "walk")
    for bad in ("../x", "/x", "a/../../b", "", "c:\\x"):
        with pytest.raises(ProjectError):
            files.inside(tmp_path, bad)


def test_what_cannot_be_written_down_is_not_saved(tmp_path):
    p, store = real_project(tmp_path / "walk")
    before = (tmp_path / "walk" / DOCUMENT).read_bytes()
    for bad in (replace(p, name="\ud800"), replace(p, extra={"x": float("nan")})):
        with pytest.raises(ProjectError, match="version on disk is kept"):
            store.save(bad)
    assert (tmp_path / "walk" / DOCUMENT).read_bytes() == before
    store.close()


def test_leftovers_of_a_crash_are_swept(tmp_path):
    _, store = real_project(tmp_path / "walk")
    (store.staging() / "half.mp4").write_bytes(b"x")
    (tmp_path / "walk/.project.json.1234.partial").write_bytes(b"x")
    (tmp_path / "walk/assets/video/.new.1234.partial").write_bytes(b"x")
    store.close()
    with ProjectStore.open(tmp_path / "walk") as again:
        assert not list((tmp_path / "walk").rglob("*.partial"))
        assert not (tmp_path / "walk/staging").exists()
        assert again.staging() != again.staging()
        out = again.staging()
        again.drop_staging(out)
        again.drop_staging(tmp_path)
        assert not out.exists() and tmp_path.exists()


# ---- who has it open ----------------------------------------------------------------------------


def test_a_second_studio_is_told_who_has_it(tmp_path):
    real_project(tmp_path / "walk")[1].close()
    command = [sys.executable, "-m", "tests.project.holder", str(tmp_path / "walk")]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(ProjectLocked, match=f"process {other.pid} on") as error:
            ProjectStore.open(tmp_path / "walk")
        assert error.value.pid == other.pid and error.value.seen
        with pytest.raises(ProjectLocked):
            ProjectStore.open(tmp_path / "walk", take_over=True)  # it lives
        other.kill()
    with ProjectStore.open(tmp_path / "walk") as store:
        assert not store.read_only


def test_twice_in_one_process(tmp_path):
    _, store = real_project(tmp_path / "walk")
    with pytest.raises(ProjectLocked):
        ProjectStore.open(tmp_path / "walk")
    store.close()
    ProjectStore.open(tmp_path / "walk").close()


def lock_with(folder: Path, **changes: object) -> None:
    data = json.loads((folder / ".lock").read_text())
    (folder / ".lock").write_text(json.dumps({**data, **changes}))


def test_locks_of_the_dead_and_of_others(tmp_path):
    _, store = real_project(tmp_path / "walk")
    folder = tmp_path / "walk"
    kept = (folder / ".lock").read_text()
    store.close()
    for dead in (
        {"pid": 2**22 + 12345},
        {"pid": 10**30},
        {"pid": 0},
        {"pid": -1},
        {"born": "another boot:1"} if os.path.exists("/proc/self/stat") else {"pid": -1},
    ):
        (folder / ".lock").write_text(kept)
        lock_with(folder, **dead)
        ProjectStore.open(folder).close()
    for nonsense in (b"", b"{", b"[]", b'{"pid": "x", "host": 3}', b"\xff", b"[" * 10**5):
        (folder / ".lock").write_bytes(nonsense)
        ProjectStore.open(folder).close()
    (folder / ".lock").write_text(kept)
    lock_with(folder, host="another-machine", pid=1)
    with pytest.raises(ProjectLocked, match="another-machine") as error:
        ProjectStore.open(folder)
    assert not error.value.seen
    ProjectStore.open(folder, take_over=True).close()
    assert not (folder / ".lock").exists()


def test_nothing_is_saved_over_who_took_over(tmp_path):
    p, store = real_project(tmp_path / "walk")
    lock_with(tmp_path / "walk", token="other", host="another-machine")
    with pytest.raises(ProjectError, match="taken over"):
        store.save(p)
    store.close()
    assert (tmp_path / "walk/.lock").exists()  # it is theirs
    os.remove(tmp_path / "walk/.lock")
    with ProjectStore.open(tmp_path / "walk") as store:
        os.remove(tmp_path / "walk/.lock")
        store.save(p)
        with pytest.raises(ProjectLocked):
            ProjectStore.open(tmp_path / "walk")


# ---- disks --------------------------------------------------------------------------------------


@posix
def test_a_file_that_may_not_grow(tmp_path):
    real_project(tmp_path / "walk")[1].close()
    before = (tmp_path / "walk" / DOCUMENT).read_bytes()
    (tmp_path / "big.mp4").write_bytes(b"x" * 100_000)
    done = run("filler", tmp_path / "walk", tmp_path / "big.mp4")
    assert done.returncode == 0, done.stderr
    saved, imported = done.stdout.splitlines()
    assert saved.startswith("save said The project was not saved, the version on disk is kept.")
    assert imported.startswith("import said big.mp4 was not taken into the project.")
    assert (tmp_path / "walk" / DOCUMENT).read_bytes() == before
    assert not list((tmp_path / "walk").rglob("*.partial"))


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 256 KB, where this machine lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)],
        capture_output=True,
    )
    if not made or made.returncode != 0:
        pytest.skip("a small disk can only be made as root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_keeps_what_was_saved(small_disk, tmp_path):
    p, store = real_project(small_disk / "walk")
    before = (small_disk / "walk" / DOCUMENT).read_bytes()
    result = store.staging() / "result.bin"
    result.write_bytes(b"r" * 4096)
    with open(small_disk / "ballast", "wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)
    for n in range(300):
        p = edits.add_marker(p, n, "x" * 100)
    with pytest.raises(ProjectError, match="disk is full.*Free some space"):
        store.save(p)
    big = tmp_path / "big.mp4"
    big.write_bytes(b"x" * 100_000)
    with pytest.raises(ProjectError, match="disk is full"):
        store.import_file(big, "source")
    with pytest.raises(ProjectError, match="disk is full"):
        store.journal.save([])
    asset = store.import_file(result, "latents", move=True)  # a rename needs no space
    assert store.path(asset.id).stat().st_size == 4096
    assert (small_disk / "walk" / DOCUMENT).read_bytes() == before
    assert not list((small_disk / "walk").rglob("*.partial"))
    (small_disk / "ballast").unlink()
    store.save(p)
    store.close()
    assert ProjectStore.open(small_disk / "walk").project == p


@posix
def test_a_folder_that_may_not_be_written_opens_to_read_only():
    """As somebody who may not, in a child process where this one may do everything."""
    script = (
        "import os, sys\n"
        "from core.project.store import ProjectStore, ProjectError\n"
        "ProjectStore.open(sys.argv[1]).close()\n"  # everything is imported while it can be
        "os.chmod(sys.argv[1], 0o555)\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "store = ProjectStore.open(sys.argv[1])\n"
        "print(store.read_only_reason)\n"
        "try: store.save(store.project)\n"
        "except ProjectError as error: print('refused')\n"
        "store.close()\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # below tmp_path others may not even look
        os.chmod(folder, 0o755)
        walk = Path(folder) / "walk"
        real_project(walk)[1].close()
        done = subprocess.run(
            [sys.executable, "-c", script, str(walk)], cwd=ROOT, capture_output=True, text=True
        )
        walk.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "You may not write" in done.stdout and "refused" in done.stdout


def test_saving_from_several_threads(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    p, store = real_project(tmp_path / "walk")

    def work(n: int) -> Asset:
        source = tmp_path / f"{n}.bin"
        source.write_bytes(b"%d" % (n % 7))
        store.save(edits.add_marker(p, n, str(n)))
        return store.import_file(source, "latents", move=True)

    with ThreadPoolExecutor(8) as pool:
        assets = list(pool.map(work, range(24)))
    assert len({a.id for a in assets}) == 7
    store.close()
    with ProjectStore.open(tmp_path / "walk") as again:
        assert len(again.project.markers) == 1
