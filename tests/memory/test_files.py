"""Files of memory: snapshots and episodes, also damaged and hostile ones."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.memory import episode as episodes
from core.memory.episode import Learned
from core.memory.errors import MemoryRefused
from core.memory.snapshot import Frames, Snapshot, load_snapshot, peek_snapshot, save_snapshot
from core.memory.tensors import TensorFileError, read_arrays, read_header, write_arrays
from core.project.model import ActionPart, WorldRef

WORLD = WorldRef("tiny", "a" * 64, "Tiny world")
JPEG = b"\xff\xd8\xff\xe0 not a whole one"


def frames(n: int, seed: int = 0) -> Frames:
    rng = np.random.default_rng(seed)
    pose = rng.normal(size=(n, 3))
    pose[0] = np.nan
    return Frames(
        rng.normal(size=(n, 12, 8, 8)).astype(np.float32), np.arange(n, dtype=np.int64), pose
    )


def snapshot(seed: int = 0) -> Snapshot:
    rng = np.random.default_rng(seed)
    groups = [
        {f"layer{i}.lora_A.weight": rng.normal(size=(4, 8)).astype(np.float32) for i in range(3)}
        for _ in range(3)
    ]
    return Snapshot(
        WORLD, "paper", 4, *groups, adam_step=7, generator=rng.integers(0, 255, 5056, np.uint8),
        opening=rng.normal(size=14), context=frames(4), chunks=6, steps=7, licence="Apache-2.0",
    )


@pytest.fixture
def saved(tmp_path) -> Path:
    path = tmp_path / "walk.sfep"
    episodes.save_episode(
        path, snapshot(), name="  The   gallery ", bank=frames(24, 1), thumbnail=JPEG,
        learned=[Learned((ActionPart("walk “on”", 8),), "a gallery", 3, 8)],
    )
    return path


def assert_same(a: Snapshot, b: Snapshot) -> None:
    for group in ("weights", "exp_avg", "exp_avg_sq"):
        one, two = getattr(a, group), getattr(b, group)
        assert one.keys() == two.keys()
        assert all(one[k].tobytes() == two[k].tobytes() for k in one)
    for name in ("generator", "opening"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    assert a.context.z.tobytes() == b.context.z.tobytes()
    assert a.context.pose.tobytes() == b.context.pose.tobytes()
    assert (a.world, a.preset, a.rank, a.adam_step, a.chunks, a.steps, a.licence) == (
        b.world, b.preset, b.rank, b.adam_step, b.chunks, b.steps, b.licence
    )


def test_a_snapshot_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "s.safetensors"
    save_snapshot(path, snapshot())
    assert_same(snapshot(), load_snapshot(path, WORLD.hash))
    info = peek_snapshot(path)
    assert (info.world, info.chunks, info.steps) == (WORLD, 6, 7)
    first = path.read_bytes()
    save_snapshot(path, load_snapshot(path))
    assert path.read_bytes() == first  # by content only, so equal memories share a file


def test_a_memory_says_at_which_noise_it_is_used(tmp_path):
    """Older ones, which learned at all levels, say nothing and are heard at all of them."""
    path, episode = tmp_path / "s.safetensors", tmp_path / "e.sfep"
    save_snapshot(path, snapshot())
    assert load_snapshot(path).quiet_below == 0.0
    assert read_arrays(path)[1].facts.keys().isdisjoint({"quiet_below"})
    save_snapshot(path, replace(snapshot(), quiet_below=0.4))
    assert load_snapshot(path).quiet_below == 0.4
    arrays, header = read_arrays(path)
    assert header.facts["schema"] == 3
    episodes.save_episode(episode, path, name="A", bank=frames(4))
    assert episodes.load_episode(episode).snapshot.quiet_below == 0.4
    for wrong in (-0.1, 1.5, "0.4", None, True):
        write_arrays(path, arrays, {**header.facts, "quiet_below": wrong})
        with pytest.raises(MemoryRefused, match="at which noise"):
            load_snapshot(path)


def untouched(still: dict[str, int]) -> Snapshot:
    """Where some moments are zero to the last bit; 1: the first layer's only, 3: all."""
    made = snapshot()
    return replace(made, **{
        group: {
            n: np.zeros_like(a) if i < still[group] else a
            for i, (n, a) in enumerate(getattr(made, group).items())
        }
        for group in ("exp_avg", "exp_avg_sq")
    })


@pytest.mark.parametrize(
    "still", [{"exp_avg": 1, "exp_avg_sq": 2}, {"exp_avg": 3, "exp_avg_sq": 3}]
)
def test_moments_that_are_zero_take_no_room_and_come_back_bit_for_bit(tmp_path, still):
    path, whole = tmp_path / "s.safetensors", tmp_path / "whole.safetensors"
    save_snapshot(whole, snapshot())
    save_snapshot(path, untouched(still))
    found = load_snapshot(path)
    assert_same(untouched(still), found)
    kept, header = read_arrays(path)
    assert len(read_arrays(whole)[0]) - len(kept) == sum(still.values())
    assert header.facts["schema"] == 2 and read_arrays(whole)[1].facts["schema"] == 1
    found.exp_avg["layer0.lora_A.weight"][0] = 1  # its own memory, to be written to
    episodes.save_episode(tmp_path / "e.sfep", path, name="A", bank=frames(4))
    assert_same(untouched(still), episodes.load_episode(tmp_path / "e.sfep").snapshot)
    episodes.export_episode(tmp_path / "e.sfep", tmp_path / "copy.sfep")
    assert (tmp_path / "copy.sfep").read_bytes() == (tmp_path / "e.sfep").read_bytes()


def test_minus_zero_is_kept(tmp_path):
    made = snapshot()
    name = "layer0.lora_A.weight"
    made = replace(made, exp_avg={**made.exp_avg, name: np.full((4, 8), -0.0, np.float32)})
    save_snapshot(tmp_path / "s.safetensors", made)
    assert_same(made, load_snapshot(tmp_path / "s.safetensors"))


@pytest.mark.parametrize("zeros", ["exp_avg/layer0.lora_A.weight", ["adapter/layer0.lora_A.weight"],
                                   ["exp_avg/layer9"], [3], {"exp_avg/layer0.lora_A.weight": 1}])
def test_other_gaps_are_refused(tmp_path, zeros):
    path = tmp_path / "s.safetensors"
    save_snapshot(path, untouched({"exp_avg": 1, "exp_avg_sq": 0}))
    rewritten(path, lambda facts: facts.update(zeros=zeros))
    with pytest.raises(MemoryRefused, match="damaged"):
        load_snapshot(path)


def test_an_episode_comes_back_and_becomes_a_snapshot(saved, tmp_path):
    found = episodes.load_episode(saved, WORLD.hash)
    assert found.info.name == "The gallery" and found.info.frames == 24
    assert found.info.learned == (Learned((ActionPart("walk “on”", 8),), "a gallery", 3, 8),)
    assert found.bank.z.tobytes() == frames(24, 1).z.tobytes()
    assert_same(snapshot(), found.snapshot)
    episodes.episode_to_snapshot(saved, tmp_path / "s.safetensors", WORLD.hash)
    assert_same(snapshot(), load_snapshot(tmp_path / "s.safetensors", WORLD.hash))
    info = episodes.peek_episode(saved)
    assert info == found.info and info.thumbnail == JPEG and info.licence == "Apache-2.0"


def test_an_exported_copy_is_the_same_episode(saved, tmp_path):
    episodes.export_episode(saved, tmp_path / "copy.sfep")
    assert (tmp_path / "copy.sfep").read_bytes() == saved.read_bytes()


def test_lists_do_not_need_torch(saved):
    code = (
        "import sys; from core.memory.episode import peek_episode, load_episode, refusal;"
        f"assert peek_episode({str(saved)!r}).chunks == 6; load_episode({str(saved)!r});"
        "assert 'torch' not in sys.modules and 'peft' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_preset_called_default_is_both(saved, tmp_path):
    old = rewritten(saved, lambda facts: facts.update(preset="default"))
    assert episodes.peek_episode(old).preset == episodes.load_episode(old).snapshot.preset == "both"
    before = old.read_bytes()
    assert episodes.episode_to_snapshot(old, tmp_path / "s.safetensors").preset == "both"
    assert old.read_bytes() == before


def test_another_worlds_memory_is_refused_with_the_reason(saved, tmp_path):
    other = WorldRef("other", "b" * 64, "Other world")
    reason = episodes.refusal(saved, other)
    assert "Tiny world" in reason and "Other world" in reason
    assert episodes.refusal(saved, WORLD) is None
    with pytest.raises(MemoryRefused, match="Tiny world"):
        episodes.load_episode(saved, other.hash)
    save_snapshot(tmp_path / "s.safetensors", snapshot())
    with pytest.raises(MemoryRefused, match="only fits the very world"):
        load_snapshot(tmp_path / "s.safetensors", other.hash)


def rewritten(path: Path, change) -> Path:
    """The same tensors with other facts."""
    arrays, header = read_arrays(path)
    facts = json.loads(json.dumps(header.facts))
    change(facts)
    write_arrays(path, arrays, facts)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.pop("world"),
        lambda f: f.update(world="tiny"),
        lambda f: f.update(world={"id": 1, "hash": [], "name": {}}),
        lambda f: f.update(learned="everything"),
        lambda f: f.update(learned=[{"actions": [["x", -1]], "scene": "", "seed": 1, "frames": 8}]),
        lambda f: f.update(learned=[{"actions": [["x"]], "scene": "", "seed": 1, "frames": 8}]),
        lambda f: f.update(learned=[{}] * 20_000),
        lambda f: f.update(rank="x"),
        lambda f: f.update(chunks=-1),
        lambda f: f.update(name=["x"]),
        lambda f: f.update(format="slowfast-snapshot"),
        lambda f: f.update(schema=99),
        lambda f: f.update(schema="1"),
    ],
)
def test_wrong_facts_are_refused_with_a_sentence(saved, change):
    rewritten(saved, change)
    for work in (episodes.peek_episode, episodes.load_episode):
        with pytest.raises(MemoryRefused) as refused:
            work(saved)
        assert str(refused.value)[-1] == "."


@pytest.mark.parametrize("missing", ["generator", "step", "opening", "context/z", "bank/pose",
                                     "adapter/layer1.lora_A.weight"])
def test_a_missing_tensor_is_refused(saved, missing):
    arrays, header = read_arrays(saved)
    del arrays[missing]
    write_arrays(saved, arrays, header.facts)
    with pytest.raises(MemoryRefused, match="damaged"):
        episodes.load_episode(saved)


def test_values_that_are_no_numbers_are_refused(tmp_path):
    bad = snapshot()
    bad.weights["layer0.lora_A.weight"][0, 0] = np.inf
    save_snapshot(tmp_path / "s.safetensors", bad)
    with pytest.raises(MemoryRefused, match="not numbers"):
        load_snapshot(tmp_path / "s.safetensors")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\x", "a/b", "con:", "", ".", "x\x00\n"])
def test_a_name_is_never_a_path(saved, name):
    rewritten(saved, lambda f: f.update(name=name))
    shown = episodes.peek_episode(saved).name
    file = episodes.export_name(shown)
    assert Path(file).name == file and file.endswith(".sfep") and not set(file) & set('/\\:\x00\n')
    assert not file.startswith(".")


@pytest.mark.parametrize("cut", [0, 4, 8, 60, 0.5, 0.999])
def test_a_file_cut_short_is_refused(saved, cut):
    data = saved.read_bytes()
    saved.write_bytes(data[: cut if cut >= 1 or cut == 0 else int(len(data) * cut)])
    with pytest.raises(MemoryRefused, match="walk.sfep"):
        episodes.load_episode(saved)


def raw(path: Path, header: bytes, body: bytes = b"", length: int | None = None) -> Path:
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + body)
    return path


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (b"{}", 1 << 62),  # says that it is huge
        (b" " * (5 << 20), None),  # is huge
        (b"[]", None),
        (b"[" * 100_000, None),
        (b'{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 999]}}', None),
        (b'{"a": {"dtype": "F32", "shape": [1099511627775], "data_offsets": [0, 16]}}', None),
        (b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}}', None),
        (b'{"a": {"dtype": "OBJ", "shape": [4], "data_offsets": [0, 16]}}', None),
        (b'{"a": {"dtype": "F32", "shape": [true, 4], "data_offsets": [0, 16]}}', None),
        (b'{"a": 1}', None),
        (b'{"__metadata__": 3}', None),
        (b'{"__metadata__": {"slowfast": "[1]"}}', None),
        (b'{"__metadata__": {"slowfast": "{"}}', None),
    ],
)
def test_hostile_headers_are_refused(tmp_path, header, length):
    path = raw(tmp_path / "evil.sfep", header, bytes(16), length)
    with pytest.raises(TensorFileError, match="evil.sfep"):
        read_header(path)
    with pytest.raises(MemoryRefused):
        episodes.load_episode(path)
    with pytest.raises(MemoryRefused):
        episodes.peek_episode(path)


def test_a_picture_that_is_none_is_not_shown(tmp_path):
    path = tmp_path / "e.sfep"
    episodes.save_episode(path, snapshot(), name="x", bank=frames(1), thumbnail=b"<svg onload=x>")
    assert episodes.peek_episode(path).thumbnail == b""
    with pytest.raises(MemoryRefused, match="too large"):
        episodes.save_episode(path, snapshot(), name="x", bank=frames(1), thumbnail=bytes(1 << 20))


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    path = tmp_path / "s.safetensors"
    save_snapshot(path, snapshot())
    before = path.read_bytes()
    with pytest.raises(TensorFileError, match="not written"):
        save_snapshot(tmp_path / "no" / "s.safetensors", snapshot())
    with pytest.raises(ValueError):
        save_snapshot(path, replace(snapshot(), preset=float("nan")))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.safetensors"]


def test_safetensors_itself_reads_our_files(saved):
    from safetensors.numpy import load_file

    theirs = load_file(saved)
    ours, _ = read_arrays(saved)
    assert theirs.keys() == ours.keys()
    assert all(theirs[k].tobytes() == ours[k].tobytes() for k in ours)
