"""What a job will write: reckoned, then as the project's own takes were; refused with figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.engine.control import CancelToken
from core.engine.in_process import InProcessEngine
from core.models.sizes import MB
from core.project.model import MemoryUse, Project
from core.rollout import render
from core.rollout.disk import RESERVE, ChunkSize, Shortage, chunk_size, shortage
from core.worlds.catalogue import find_world, read_entry
from tests.builders.tiny_world import picture


@pytest.fixture(scope="module")
def walked(tmp_path_factory, tiny_world_dir):
    """A project with two chunks, and its world."""
    from PIL import Image

    root = tmp_path_factory.mktemp("disk")
    Image.fromarray(picture(64)).save(root / "start.png")
    entry = read_entry(tiny_world_dir)
    store = render.create(root / "project", entry, root / "start.png", memory=MemoryUse())
    store.save(render.lay_actions(store.project, [("walk forward", 16)]))
    engine = InProcessEngine(device="cpu", previews=False, threads=1)
    render.roll_out(store, engine, tiny_world_dir, 17, CancelToken())
    store.close()
    return store, entry


def fresh(p: Project) -> Project:
    return replace(p, takes={}, assets={})


def test_what_was_measured_counts(walked):
    store, entry = walked
    p: Project = store.project
    each = chunk_size(p, entry)
    files = [p.assets[t.video].bytes + p.assets[t.latents].bytes for t in p.takes.values()]
    assert each.measured and min(files) < each.take < 1.3 * max(files)
    snapshots = [p.assets[t.snapshot].bytes for t in p.takes.values()]
    assert each.memory == round(1.1 * sum(snapshots) / len(snapshots))
    off = replace(p, memory=replace(p.memory, preset="off"))
    assert chunk_size(off, entry) == ChunkSize(each.take, 0, True)


def test_what_is_reckoned_is_near_what_is_then_written(walked):
    store, entry = walked
    told, made = chunk_size(fresh(store.project), entry), chunk_size(store.project, entry)
    assert not told.measured
    assert 0.5 < told.memory / made.memory < 2 and 0.2 < told.take / made.take < 5


def test_a_memory_that_learns_nothing_takes_a_third(walked):
    """Its moments are zeros, which are not written."""
    store, entry = walked
    p = fresh(store.project)
    bank = replace(p, memory=replace(p.memory, preset="bank"))
    assert chunk_size(bank, entry).memory < 0.5 * chunk_size(p, entry).memory


def test_a_job_that_does_not_fit_says_so_with_figures(walked):
    store, entry = walked
    p = store.project
    each = chunk_size(p, entry)
    enough = 40 * each.both + RESERVE
    assert shortage(p, entry, store.folder, 40, enough) is None
    found = shortage(p, entry, store.folder, 40, RESERVE + 7 * each.both)
    assert found.fitting == 7 and found.needed == 40 * each.both
    assert "40 chunks need about" in found.words and "7 chunks fit" in found.words
    assert shortage(p, entry, store.folder, 0, 0) is None
    assert "no chunk fits" in shortage(p, entry, store.folder, 1, 0).words
    assert shortage(p, entry, store.folder, 1 << 40) is not None, "the disk itself is asked"


def test_the_figures_of_a_large_world():
    """Wan 2.2 5B: 94 MB of adapter and two moments of the same size a chunk."""
    each = ChunkSize(10 * MB, 283 * MB, False)
    words = Shortage(40, each, 3_200 * MB).words
    assert words == (
        "40 chunks need about 11.7 GB of disk (10.0 MB of film and 283 MB of memory each), and "
        "3.2 GB are free where the project is: 9 chunks fit. Free some space, or make fewer."
    )


def test_a_world_that_can_not_be_read_refuses_nothing(walked, tmp_path):
    store, entry = walked
    broken = tmp_path / "world"
    (broken / "transformer").mkdir(parents=True)
    (broken / "transformer" / "m.safetensors").write_bytes(b"no")
    gone = replace(entry, folder=broken)
    assert shortage(fresh(store.project), gone, store.folder, 9, 0) is None


def test_a_chunk_of_the_starter_world_takes_a_few_megabytes():
    """As measured there: 4.2 MB of memory."""
    from tests.project.parts import empty

    each = chunk_size(empty(), find_world())
    assert 3 * MB < each.memory < 5 * MB and each.take < 1 * MB
