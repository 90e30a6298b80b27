"""An installed world is checked against its checksums; only what is damaged is fetched again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.models.errors import HubBusy, LicenceNotAccepted, ModelError, Offline, Stopped
from core.models.hub import Hub
from core.models.importing import import_folder
from core.models.licences import accept
from core.models.marker import kept_hashes, read_marker
from core.models.offers import offer
from core.models.places import find_installed, find_partly
from core.models.settings import ModelSettings
from core.models.verify import Verdict, mend, verify
from tests.models.conftest import QUICK
from tests.models.worlds import lay, tiny_files, tree

WAN = offer("wan22-ti2v-5b")
FILES = tiny_files("WanPipeline", expand_timesteps=True)
BIG = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"
SMALL = "scheduler/scheduler_config.json"


@pytest.fixture
def world(getter, server):
    server.add(WAN.repo, FILES)
    return getter.get(WAN)


def flip(path: Path) -> None:
    """One bit, with size and time as they were."""
    told = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def mended(verdict: Verdict, settings: ModelSettings, **options):
    hub = Hub(settings.endpoint, lambda: "", settings.offline, 5.0)
    return mend(verdict, settings, hub, patience=QUICK, **options)


def test_a_whole_world_is_whole_and_progress_says_how_far(world):
    told = []
    found = verify(world, told.append)
    assert found.fine and not found.fetchable and found.to_fetch == 0
    assert "is whole" in found.words and "right checksum" in found.words
    assert all(p.phase == "checking" for p in told)
    assert told[-1].done == told[-1].total == world.marker.bytes


def test_a_flipped_bit_a_short_file_and_a_lost_one_are_found(world):
    flip(world.folder / BIG)
    (world.folder / SMALL).write_text("{}")
    gone = "vae/diffusion_pytorch_model.safetensors"
    (world.folder / gone).unlink()
    found = verify(world)
    assert found.wrong == {BIG: "another checksum", SMALL: "another size", gone: "missing"}
    assert found.fetchable and found.to_fetch == sum(
        world.marker.files[n].size for n in (BIG, SMALL, gone)
    )
    assert "3 files of" in found.words and "another checksum" in found.words
    assert "fetched again" in found.words


def test_only_what_is_damaged_is_fetched_again(world, server, settings):
    whole = tree(world.folder)
    flip(world.folder / BIG)
    (world.folder / SMALL).unlink()
    (world.folder / "mine.txt").write_text("mine")
    server.seen.clear()
    done = mended(verify(world), settings)
    asked = {s.path.rpartition("/resolve/")[2].partition("/")[2] for s in server.seen
             if "/resolve/" in s.path}
    assert asked == {BIG, SMALL}
    assert {n: c for n, c in tree(done.folder).items() if n not in (".installed", "mine.txt")} == {
        n: c for n, c in whole.items() if n != ".installed"
    }
    assert (done.folder / "mine.txt").read_text() == "mine", "a file of the person's stays"
    assert find_installed(WAN.id, settings).folder == world.folder and verify(done).fine
    assert find_partly(WAN.id, settings) is None
    assert not any("/api/models" in s.path for s in server.seen), "nothing is asked of the list"


def test_stopped_or_cut_off_it_goes_on_as_a_download(world, server, settings, getter):
    flip(world.folder / BIG)
    server.fault(BIG, times=None, status=503)
    with pytest.raises(HubBusy) as cut:
        mended(verify(world), settings)
    assert "kept" in str(cut.value)
    assert find_installed(WAN.id, settings) is None
    there = find_partly(WAN.id, settings)
    assert there.done >= there.total - world.marker.files[BIG].size
    server.faults.clear()
    assert verify(getter.get(WAN)).fine


def test_nothing_is_changed_where_it_can_not_be_mended(world, settings):
    flip(world.folder / BIG)
    found, before = verify(world), tree(world.folder)
    settings.set_offline(True)
    with pytest.raises(Offline, match="Nothing was changed"):
        mended(found, settings)
    settings.set_offline(False)
    settings.set_accepted(WAN.id, {})
    with pytest.raises(LicenceNotAccepted):
        mended(found, settings)
    accept(settings, WAN)
    (world.folder.parent / f"{WAN.id}.partial").mkdir()
    with pytest.raises(ModelError, match="download that was stopped"):
        mended(found, settings)
    assert tree(world.folder) == before and find_installed(WAN.id, settings) is not None


def test_it_can_be_stopped(world):
    asked = iter(range(100))
    with pytest.raises(Stopped):
        verify(world, cancelled=lambda: next(asked) > 2)
    before = tree(world.folder)
    with pytest.raises(Stopped):
        verify(world, cancelled=lambda: True)
    assert tree(world.folder) == before


def test_files_that_were_touched_and_are_right_are_trusted_again(world):
    os.utime(world.folder / BIG, ns=(1, 1))
    assert kept_hashes(world.folder) is None
    assert verify(world).fine
    assert kept_hashes(world.folder) == {n: k.sha256 for n, k in world.marker.files.items()}


def test_the_studios_own_description_is_written_again(world, settings, server):
    (world.folder / "world.json").write_text("no")
    server.seen.clear()
    found = verify(world)
    assert found.wrong == {"world.json": "unreadable"} and found.fetchable
    assert verify(mended(found, settings)).fine and not server.seen


def test_a_folder_used_in_place(settings, tmp_path):
    mine = lay(tmp_path / "mine", FILES)
    world = import_folder(mine, settings)
    found = verify(world)
    assert found.fine and found.unread and "have the sizes they had" in found.words
    (mine / BIG).write_bytes((mine / BIG).read_bytes()[:-1])
    found = verify(world)
    assert found.wrong == {BIG: "another size"} and not found.fetchable
    assert str(mine) in found.words
    with pytest.raises(ModelError):
        mended(found, settings)
    data = (mine / BIG).read_bytes()
    (mine / BIG).write_bytes(b"\xff" * 8 + data[8:] + b"\0")
    assert verify(world).wrong == {BIG: "damaged"}, "its head can't be read"


def test_a_copy_says_to_import_it_again(settings, tmp_path):
    world = import_folder(lay(tmp_path / "mine", FILES), settings, copy=True)
    assert verify(world).fine
    flip(world.folder / BIG)
    found = verify(world)
    assert not found.fetchable and "import that folder again" in found.words
    assert read_marker(world.folder) == world.marker
