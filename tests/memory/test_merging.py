"""Episodes merged: what is summed, what is chosen, what is kept apart, what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.memory import episode as episodes
from core.memory.bank import laid, placed, placements, thinned
from core.memory.episode import Episode, Learned, load_episode, peek_episode, save_episode
from core.memory.errors import MemoryRefused
from core.memory.frames import Frames
from core.memory.low_rank import summed
from core.memory.merging import merge, merge_files
from core.memory.snapshot import Snapshot, load_bank, load_snapshot
from core.memory.tensors import TensorFileError, read_arrays, read_header, write_arrays
from core.project.model import ActionPart, MergedFrom, WorldRef

WORLD = WorldRef("tiny", "a" * 64, "Tiny world")
LAYERS = {"one": (10, 6), "two": (7, 12)}  # out, in
RANK = 3


def views(n: int, seed: int, spread: float = 3.0) -> Frames:
    """Frames that all look different, at poses far apart."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(n, 4, 4, 4)).astype(np.float32)
    z = coarse.repeat(2, 2).repeat(2, 3)
    return Frames(z, np.arange(n, dtype=np.int64), spread * rng.normal(size=(n, 3)))


def made(
    name: str, seed: int, *, written: bool = True, home=(0.0, 0.0, 0.0), bank: Frames | None = None,
    world: WorldRef = WORLD, learned: bool = True,
) -> Episode:
    rng = np.random.default_rng(seed)
    weights = {}
    for layer, (out, into) in LAYERS.items():
        weights[f"{layer}.lora_A.weight"] = rng.normal(size=(RANK, into)).astype(np.float32)
        b = rng.normal(size=(out, RANK)).astype(np.float32)
        weights[f"{layer}.lora_B.weight"] = b * np.float32(learned)
    weights["rays.mix.weight"] = rng.normal(size=(5, 5)).astype(np.float32)
    for part, shape in (("weight", (4, 5)), ("bias", (4,))):
        weights[f"rays.out.{part}"] = rng.normal(size=shape).astype(np.float32) * written
    moments = [{n: np.abs(a) for n, a in weights.items()} for _ in range(2)]
    frames = bank if bank is not None else views(6, seed)
    snapshot = Snapshot(
        world, "adapter", RANK, weights, *moments, adam_step=7,
        generator=rng.integers(0, 255, 5056, np.uint8), opening=rng.normal(size=14),
        context=frames[:2], chunks=2, steps=120, licence="Apache-2.0", home=np.array(home, float),
    )
    row = Learned((ActionPart("walk", 8),), name, seed, 8)
    info = episodes.EpisodeInfo(
        name, f"2026-01-0{seed}", world, "Apache-2.0", "adapter", RANK, 2, 120, len(frames), (row,),
        b"\xff\xd8\xff" + name.encode(),
    )
    return Episode(info, snapshot, frames)


def written_to(folder: Path, episode: Episode) -> Path:
    path = folder / f"{episode.info.name}.sfep"
    save_episode(
        path, episode.snapshot, name=episode.info.name, bank=episode.bank,
        thumbnail=episode.info.thumbnail, learned=episode.info.learned,
        created=episode.info.created,
    )
    return path


def update(weights, layer: str) -> np.ndarray:
    b, a = weights[f"{layer}.lora_B.weight"], weights[f"{layer}.lora_A.weight"]
    return b.astype(np.float64) @ a.astype(np.float64)


def refused(episodes, weights) -> str:
    with pytest.raises(MemoryRefused) as error:
        merge(episodes, weights)
    assert str(error.value)[-1] == "."
    return str(error.value)


@pytest.fixture
def pair() -> tuple[Episode, Episode]:
    return made("Hall", 1), made("Kitchen", 2)


# ---- the adapter ---------------------------------------------------------------------------------


def test_the_adapter_is_the_closest_of_its_rank_to_the_weighted_sum(pair):
    merged = merge(pair, [0.7, 0.3])
    whole = held = 0.0
    for layer in LAYERS:
        wanted = 0.7 * update(pair[0].snapshot.weights, layer)
        wanted += 0.3 * update(pair[1].snapshot.weights, layer)
        u, s, v = np.linalg.svd(wanted)
        best = (u[:, :RANK] * s[:RANK]) @ v[:RANK]
        np.testing.assert_allclose(update(merged.snapshot.weights, layer), best, atol=1e-5)
        whole, held = whole + (s**2).sum(), held + (s[:RANK] ** 2).sum()
    assert merged.kept == pytest.approx((held / whole) ** 0.5) and 0.5 < merged.kept < 0.99
    assert f"{100 * merged.kept:.0f} %" in merged.words()
    assert merged.snapshot.rank == RANK


def test_what_fits_into_the_rank_is_kept_whole():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4, 20))[0], rng.normal(size=(30, 4))
    down, up, whole, held = summed([(a[:2], b[:, :2]), (a[2:], b[:, 2:])], 4)
    np.testing.assert_allclose(up @ down, b @ a, atol=1e-9)
    assert held == pytest.approx(whole) and whole == pytest.approx(((b @ a) ** 2).sum())
    # The half that learning starts from has the size that it had.
    assert (down**2).sum(1) == pytest.approx([(a**2).sum(1).mean()] * 4)


def test_alone_an_episode_stays_as_it_is_and_half_of_it_is_half(pair):
    one = merge(pair, [1.0, 0.0]).snapshot.weights
    assert all(one[n].tobytes() == a.tobytes() for n, a in pair[0].snapshot.weights.items())
    half = merge(pair, [0.5, 0.0])
    for layer in LAYERS:
        np.testing.assert_allclose(
            update(half.snapshot.weights, layer), 0.5 * update(pair[0].snapshot.weights, layer)
        )
    assert half.kept == 1.0 and "fits" not in half.words()
    assert len(half.bank) == len(pair[0].bank) and half.snapshot.chunks == 2


def test_adapters_that_have_learned_nothing_still_can(pair):
    blank = [made("A", 1, learned=False, written=False), made("B", 2, learned=False, written=False)]
    merged = merge(blank, [1, 1])
    assert merged.kept == 1.0
    for layer in LAYERS:
        assert not merged.snapshot.weights[f"{layer}.lora_B.weight"].any()
        assert (np.abs(merged.snapshot.weights[f"{layer}.lora_A.weight"]).sum(1) > 0).all()
    # One that has, and one that has not.
    mixed = merge([pair[0], blank[1]], [1, 1]).snapshot.weights
    for layer in LAYERS:
        np.testing.assert_allclose(
            update(mixed, layer), update(pair[0].snapshot.weights, layer), atol=1e-5
        )


def test_a_layer_narrower_than_the_rank_keeps_open_directions():
    rng = np.random.default_rng(3)
    parts = [(rng.normal(size=(4, 3)), rng.normal(size=(9, 4))) for _ in range(2)]
    down, up, whole, held = summed(parts, 4)
    assert down.shape == (4, 3) and up.shape == (9, 4) and held == pytest.approx(whole)
    np.testing.assert_allclose(up @ down, sum(b @ a for a, b in parts), atol=1e-9)
    assert not up[:, 3].any() and down[3].any()


def test_adam_begins_anew_and_the_rest_is_the_heaviests(pair):
    found = merge(pair, [0.3, 0.7]).snapshot
    assert found.adam_step == 0
    for group in (found.exp_avg, found.exp_avg_sq):
        assert list(group) == list(found.weights) and not any(a.any() for a in group.values())
    kitchen = pair[1].snapshot
    assert found.generator is kitchen.generator and found.opening is kitchen.opening
    assert found.context is kitchen.context and (found.chunks, found.steps) == (4, 240)


# ---- the page for places -------------------------------------------------------------------------


def test_one_page_is_kept_as_strongly_as_its_weight(pair):
    merged = merge(pair, [0.8, 0.2])
    hall, found = pair[0].snapshot.weights, merged.snapshot.weights
    np.testing.assert_array_equal(found["rays.mix.weight"], hall["rays.mix.weight"])
    for part in ("weight", "bias"):
        np.testing.assert_allclose(found[f"rays.out.{part}"], 0.8 * hall[f"rays.out.{part}"])
    assert merged.page == "Hall" and merged.pages_left_out == ("Kitchen",)
    assert "kept of “Hall” and left out of “Kitchen”" in merged.words()


@pytest.mark.parametrize(
    ("hall", "kitchen", "kept", "left"),
    [
        ({}, {"written": False}, "Hall", ()),
        ({"written": False}, {}, "Kitchen", ()),
        ({"home": (np.nan,) * 3}, {}, "Kitchen", ("Hall",)),
        ({"home": (np.nan,) * 3}, {"written": False}, "", ("Hall",)),
        ({"written": False}, {"written": False}, "", ()),
    ],
)
def test_the_page_is_of_the_heaviest_that_has_one_and_knows_its_place(hall, kitchen, kept, left):
    home = kitchen.pop("home", (1.0, 2.0, 3.0))
    two = made("Hall", 1, **hall), made("Kitchen", 2, home=home, **kitchen)
    merged = merge(two, [0.9, 0.1])
    assert (merged.page, merged.pages_left_out) == (kept, left)
    if kept == "Kitchen":
        assert merged.snapshot.home.tolist() == [1, 2, 3]
        # Walk 0 is the one in whose axes it is at home, though it is the lighter one.
        assert merged.bank.walks()[0].z.tobytes() == two[1].bank.z.tobytes()
    if left == ("Hall",) and not kept:
        assert "not known where" in merged.words()


# ---- the bank ------------------------------------------------------------------------------------


def test_two_places_are_kept_apart_and_each_is_recognised_for_itself(pair):
    bank = merge(pair, [0.3, 0.7]).bank
    walks = bank.walks()
    assert [len(w) for w in walks.values()] == [6, 6] and len(set(bank.time.tolist())) == 12
    there = np.array([10.0, 20.0, 0.5])
    seen = Frames(pair[0].bank.z[2:3], np.array([0]), there[None])  # the hall, somewhere else
    lies = placements(bank, seen)
    assert list(lies) == [1]
    here = placed(bank, seen)
    assert here.z.tobytes() == pair[0].bank.z.tobytes()  # nothing of the kitchen
    np.testing.assert_allclose(here.pose[2], there)
    assert placed(bank, views(2, 9)) is None


def test_walks_of_one_place_do_not_contradict_each_other():
    one = views(5, 1)
    other = Frames(views(5, 2).z, one.time, one.pose + 0.01)  # the same place, drawn differently
    far = views(1, 3, spread=90)
    lies = {0: (one.pose[0], one.pose[0]), 1: (other.pose[0], one.pose[0])}
    bank = Frames.joined([one, Frames.joined([other, far]).of_walk(1)])
    here = laid(bank, lies)
    assert here.z.tobytes() == Frames.joined([one, far]).z.tobytes()


def test_an_episode_saved_earlier_in_the_same_walk_adds_no_second_copy():
    walk = views(10, 4)
    early, late = made("Early", 1, bank=walk[:6]), made("Late", 2, bank=walk[2:])
    for weights in ([1, 0.5], [0.5, 1]):
        bank = merge([early, late], weights).bank
        assert bank.walk is None and bank.z.tobytes() == walk.z.tobytes()


def test_the_same_picture_elsewhere_is_no_reason_to_join():
    walk = views(6, 4)
    elsewhere = replace(walk, pose=walk.pose + 5)
    bank = merge([made("A", 1, bank=walk), made("B", 2, bank=elsewhere)], [1, 1]).bank
    assert len(bank.walks()) == 2
    nowhere = replace(walk, pose=np.full((6, 3), np.nan))
    bank = merge([made("A", 1, bank=nowhere), made("B", 2, bank=nowhere)], [1, 1]).bank
    assert len(bank.walks()) == 2


def test_the_budget_is_shared_by_weight(monkeypatch, pair):
    monkeypatch.setattr("core.memory.bank.BUDGET_BYTES", 8 * pair[0].bank.z[0].nbytes)
    merged = merge(pair, [0.75, 0.25])
    assert [len(w) for w in merged.bank.walks().values()] == [6, 2]
    assert merged.frames_left_out == 4 and "4 remembered frames" in merged.words()


@pytest.mark.parametrize(
    ("sizes", "budget", "weights", "kept"),
    [
        ((50, 50), 20, None, [10, 10]),
        ((50, 4), 20, None, [16, 4]),
        ((50, 50, 50), 20, None, [7, 7, 6]),
        ((50, 50), 20, {0: 3.0, 1: 1.0}, [15, 5]),
        ((5, 5), 20, None, [5, 5]),
    ],
)
def test_walks_share_the_room(sizes, budget, weights, kept):
    parts = [views(n, i).of_walk(i) for i, n in enumerate(sizes)]
    found = thinned(Frames.joined(parts), budget, weights)
    assert [len(w) for w in found.walks().values()] == kept


def test_merged_again_every_place_stays_apart(pair):
    both = merge(pair, [1, 1])
    again = Episode(
        replace(made("Both", 3).info, name="Both"), replace(both.snapshot), both.bank
    )
    third = made("Garden", 4)
    bank = merge([third, again], [1, 0.5]).bank
    assert [len(w) for w in bank.walks().values()] == [6, 6, 6]
    # A part that it was merged from is known again.
    assert len(merge([again, pair[1]], [1, 1]).bank.walks()) == 2


# ---- files ---------------------------------------------------------------------------------------


def test_the_same_inputs_give_the_same_bytes(pair, tmp_path):
    files = [written_to(tmp_path, e) for e in pair]
    for name in ("a.sfep", "b.sfep"):
        merge_files(files, [0.7, 0.3], tmp_path / name, "Both")
    assert (tmp_path / "a.sfep").read_bytes() == (tmp_path / "b.sfep").read_bytes()
    info = peek_episode(tmp_path / "a.sfep")
    assert info.merged == (MergedFrom("Hall", 0.7), MergedFrom("Kitchen", 0.3))
    assert (info.name, info.created, info.chunks, info.frames) == ("Both", "2026-01-02", 4, 12)
    assert [row.scene for row in info.learned] == ["Hall", "Kitchen"]
    assert info.thumbnail == pair[0].info.thumbnail


def test_a_merged_episode_comes_back_with_its_walks(pair, tmp_path):
    files = [written_to(tmp_path, e) for e in pair]
    out, snapshot = tmp_path / "both.sfep", tmp_path / "both.safetensors"
    merged = merge_files(files, [1, 0.5], out, "Both")
    found = load_episode(out, WORLD.hash)
    assert found.bank.walk.tolist() == merged.bank.walk.tolist() == [0] * 6 + [1] * 6
    episodes.episode_to_snapshot(out, snapshot, WORLD.hash)
    assert load_bank(snapshot, WORLD.hash).walk.tolist() == merged.bank.walk.tolist()
    assert load_snapshot(snapshot).bank.walk.tolist() == merged.bank.walk.tolist()
    # An older studio would take the two walks for one: its kind of check must refuse them.
    assert read_header(out).facts["schema"] == read_header(snapshot).facts["schema"] == 2
    plain = read_header(files[0]).facts
    assert plain["schema"] == 1 and "merged" not in plain
    episodes.export_episode(out, tmp_path / "copy.sfep")
    assert (tmp_path / "copy.sfep").read_bytes() == out.read_bytes()


def test_a_bank_of_one_walk_beside_a_memory_of_several(pair, tmp_path):
    """Saved where all of its walks were recognised: they are one then."""
    out, snapshot = tmp_path / "both.sfep", tmp_path / "both.safetensors"
    merged = merge_files([written_to(tmp_path, e) for e in pair], [1, 1], out, "Both")
    episodes.episode_to_snapshot(out, snapshot, WORLD.hash)
    for number, size in enumerate((5, len(merged.bank))):  # of another length, and of the same
        one = pair[0].bank if size == 5 else replace(merged.bank, walk=None)
        again = tmp_path / f"again{number}.sfep"
        save_episode(again, snapshot, name="Again", bank=one)
        assert load_episode(again, WORLD.hash).bank.walk is None


@pytest.mark.parametrize(
    "walk", [np.zeros(11, np.int64), np.full(12, -1, np.int64), np.zeros(12, np.float64)]
)
def test_damaged_walks_are_refused(pair, tmp_path, walk):
    out = tmp_path / "both.sfep"
    merge_files([written_to(tmp_path, e) for e in pair], [1, 1], out, "Both")
    arrays, header = read_arrays(out)
    write_arrays(out, arrays | {"bank/walk": walk}, header.facts)
    with pytest.raises(MemoryRefused, match="bank frames are not whole"):
        load_episode(out)


@pytest.mark.parametrize(
    "rows", ["x", [["Hall"]], [["Hall", "1"]], [["Hall", -1]], [["Hall", 9]], [[3, 1]],
             [["x", 1]] * 99],
)
def test_wrong_sources_are_refused(pair, tmp_path, rows):
    path = written_to(tmp_path, pair[0])
    arrays, header = read_arrays(path)
    write_arrays(path, arrays, {**header.facts, "merged": rows})
    with pytest.raises(MemoryRefused, match="damaged"):
        peek_episode(path)


def test_a_damaged_file_is_named_and_nothing_is_written(pair, tmp_path):
    good, bad = (written_to(tmp_path, e) for e in pair)
    bad.write_bytes(bad.read_bytes()[:-40])
    with pytest.raises(MemoryRefused, match=r"Kitchen\.sfep.*Nothing was merged"):
        merge_files([good, bad], [1, 1], tmp_path / "out.sfep", "Both")
    with pytest.raises(TensorFileError, match="not written"):
        merge_files([good, good], [1, 1], tmp_path / "no" / "out.sfep", "Both")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Hall.sfep", "Kitchen.sfep"]


def test_merging_needs_no_torch(pair, tmp_path):
    files = [str(written_to(tmp_path, e)) for e in pair]
    code = (
        "import sys; from core.memory.merging import merge_files;"
        f"merge_files({files!r}, [1, 1], {str(tmp_path / 'out.sfep')!r}, 'Both');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# ---- refusals ------------------------------------------------------------------------------------


def test_what_cannot_be_merged_is_refused_with_a_sentence(pair):
    hall, kitchen = pair
    assert "two episodes" in refused([hall], [1])
    assert "two episodes" in refused([], [])
    assert "At most" in refused([hall] * 17, [1] * 17)
    assert "2 episodes and 1 weights" in refused(pair, [1])
    assert "All weights are 0" in refused(pair, [0, 0])
    for weight in (-0.1, 1.6, float("nan"), float("inf")):
        assert "Kitchen" in refused(pair, [1, weight])
    other = WorldRef("other", "b" * 64, "Other world")
    words = refused([hall, made("Garden", 3, world=other)], [1, 1])
    assert all(part in words for part in ("Hall", "Garden", "Tiny world", "Other world"))
    short = replace(kitchen, bank=replace(kitchen.bank, z=kitchen.bank.z[:, :2]))
    assert "another shape" in refused([hall, short], [1, 1])


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.pop("two.lora_B.weight"),
        lambda w: w.pop("two.lora_A.weight"),
        lambda w: w.update({"two.lora_A.weight": w["two.lora_A.weight"][:2]}),
        lambda w: w.update({"two.lora_B.weight": w["two.lora_B.weight"].ravel()}),
        lambda w: w.update({"two.bias": np.zeros(3, np.float32)}),
        lambda w: w.update({"two.lora_A.weight": np.zeros((RANK, 5), np.float32)}),
        lambda w: w.pop("rays.out.bias"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(pair, change):
    weights = dict(pair[1].snapshot.weights)
    change(weights)
    wrong = replace(pair[1], snapshot=replace(pair[1].snapshot, weights=weights))
    assert "Kitchen" in refused([pair[0], wrong], [1, 1])


def test_a_walk_that_is_only_much_alike_is_not_taken_for_the_place():
    """Alone it would pass; beside the very place it does not."""
    place = views(6, 1)
    rng = np.random.default_rng(5)
    unlike = rng.normal(size=place.z.shape).astype(np.float32)
    alike = replace(views(6, 1), z=place.z + np.float32(0.9) * unlike, pose=place.pose + 40)
    seen = Frames(place.z[2:4], np.array([0, 1]), place.pose[2:4])
    assert list(placements(alike, seen)) == [0]
    bank = Frames.joined([alike, place.of_walk(1)])
    assert list(placements(bank, seen)) == [1]
    # Two walks of one place that are both known again count both.
    again = replace(place, z=place.z + np.float32(0.2) * unlike)
    assert list(placements(Frames.joined([again, place.of_walk(1)]), seen)) == [0, 1]


def test_a_merge_is_left_out_at_the_noise_at_which_any_part_learned_nothing(pair):
    one, other = pair
    high = replace(other, snapshot=replace(other.snapshot, quiet_below=0.4))
    assert merge([one, other], [1, 1]).snapshot.quiet_below == 0.0
    assert merge([one, high], [1, 0.1]).snapshot.quiet_below == 0.4
    assert merge([one, high], [1, 0]).snapshot.quiet_below == 0.0
