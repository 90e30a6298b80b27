"""Shards: what was recorded comes back, a build goes on where it stopped, scenes do not mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.learning.data import HELD_OUT, VERBS, build, encode, main, read_walks
from core.learning.scenes import STYLES
from core.learning.shards import ShardError, damage, facts_of
from core.learning.sources import Recording, make_source
from core.learning.sources.first_person import FirstPerson
from core.worlds.starter.autoencoder import StarterAutoencoder


class Sketches:
    """A real source small enough for a test: noise by number, no poses."""

    name = "footage"

    def count(self, frames: int, held_out: bool = False) -> int | None:
        return 5

    def record(self, number, frames, held_out=False, size=128) -> Recording:
        rng = np.random.default_rng([number, held_out])
        pictures = rng.integers(0, 255, (frames - number, 32, 32, 3), dtype=np.uint8)
        said = ("wave", "hold_camera", "turn the key")
        actions = tuple(said[i % 3] for i in range(len(pictures)))
        return Recording(pictures, None, actions, f"room {number}", f"{number} {held_out}")


@pytest.fixture(scope="module")
def net() -> StarterAutoencoder:
    torch.manual_seed(0)
    return StarterAutoencoder(latent_channels=4, width=8).eval().requires_grad_(False)


def test_recordings_come_back_as_they_were(tmp_path: Path) -> None:
    source = Sketches()
    build(None, tmp_path, range(9), walks=2, frames=12, source=source)
    assert len(list(tmp_path.iterdir())) == 3  # five recordings, two a shard
    assert list(read_walks(tmp_path)) == []  # no first-person walks
    walks = list(read_walks(tmp_path, sources=None))
    assert len(walks) == 5
    for number, walk in enumerate(walks):
        made = source.record(number, 12)
        assert np.array_equal(walk.pictures, made.pictures)
        assert walk.actions == made.actions and walk.poses is None and walk.latents is None
        assert (walk.source, walk.place, walk.style) == ("footage", made.place, -1)


def test_first_person_walks_keep_the_numbers_that_training_knows(
    tmp_path: Path, net: StarterAutoencoder
) -> None:
    build(net, tmp_path, range(1), walks=2, frames=8)
    for number, walk in enumerate(read_walks(tmp_path)):
        made = FirstPerson().record(number, 8)
        assert walk.names == VERBS and walk.actions == made.actions
        assert STYLES[walk.style] == made.place and walk.kind == made.kind
        assert np.array_equal(walk.poses, made.poses)
        assert torch.equal(walk.latents, encode(net, made.pictures).half())


def test_shards_of_the_first_format_are_read(tmp_path: Path) -> None:
    tensors = {
        "latents": torch.randn(2, 5, 4, 16, 16).half(), "poses": torch.randn(2, 5, 3).double(),
        "verbs": torch.randint(0, 9, (2, 5), dtype=torch.uint8), "styles": torch.tensor([3, 1]),
    }
    save_file(tensors, tmp_path / "00000.safetensors", metadata={"format": "walks-1"})
    walks = list(read_walks(tmp_path))
    assert [w.style for w in walks] == [3, 1]
    assert torch.equal(walks[1].latents, tensors["latents"][1])
    assert np.array_equal(walks[0].verbs, tensors["verbs"][0].numpy())
    build(None, tmp_path, range(1), walks=2, frames=5)  # they count as made
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["first-person", "driving"])
def test_a_resumed_build_equals_an_uninterrupted_one_bit_for_bit(
    tmp_path: Path, net: StarterAutoencoder, capsys: pytest.CaptureFixture, name: str
) -> None:
    source = make_source(name)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    build(net, whole, range(2), walks=1, frames=6, source=source)
    build(net, broken, range(1), walks=1, frames=6, source=source)
    cut = broken / f"{name}-00000.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])  # a disk that filled up, a copy that stopped
    (broken / f"{name}-00001.tmp").write_bytes(b"what a crash leaves")
    assert "bytes" in damage(cut)
    with pytest.raises(ShardError, match=cut.name):
        list(read_walks(broken, sources=None))
    capsys.readouterr()
    build(net, broken, range(2), walks=1, frames=6, source=make_source(name))
    assert f"{cut.name} is damaged" in capsys.readouterr().out
    files = sorted(whole.iterdir())
    assert len(files) == 2
    for path in files:
        assert path.read_bytes() == (broken / path.name).read_bytes()


@pytest.mark.parametrize("name", ["first-person", "driving"])
def test_no_held_out_scene_is_in_training(tmp_path: Path, name: str) -> None:
    common = ["build", "--source", name, "--out", str(tmp_path), "--keep", "pictures", "--walks",
              "2", "--frames", "2", "--per-shard", "2"]
    main(common)
    main([*common, "--held-out"])
    (train,), (test,) = (list(d.glob("*.safetensors")) for d in (tmp_path, tmp_path / "held_out"))
    scenes = [facts_of(p)["scenes"] for p in (train, test)]
    assert not set(scenes[0]) & set(scenes[1])
    assert all(int(s.split()[1]) < HELD_OUT for s in scenes[0])
    assert all(int(s.split()[1]) >= HELD_OUT for s in scenes[1])
    assert not facts_of(train)["held_out"] and facts_of(test)["held_out"]
    assert {w.scene for w in read_walks(tmp_path, sources=None)} == set(scenes[0])


def test_workers_share_the_shards(tmp_path: Path) -> None:
    for worker in ("0/2", "1/2"):
        main(["build", "--out", str(tmp_path), "--keep", "pictures", "--walks", "3", "--frames",
              "2", "--per-shard", "1", "--worker", worker])
    assert [p.name for p in sorted(tmp_path.iterdir())] == [
        f"first-person-0000{i}.safetensors" for i in range(3)
    ]


def test_a_sheet_is_drawn(tmp_path: Path) -> None:
    main(["sheet", "--source", "first-person,driving", "--walks", "1", "--frames", "3",
          "--columns", "2", "--out", str(tmp_path / "sheet.png")])
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("arguments", "said"), [
    (["build", "--source", "dreams"], "no source 'dreams'"),
    (["build", "--source", "footage", "--keep", "pictures"], "--footage FOLDER"),
    (["build", "--kinds", "swim", "--keep", "pictures"], "no walks of kind swim"),
    (["--autoencoder", "nowhere"], "no autoencoder in nowhere"),  # as it was once called
])
def test_mistakes_are_answered_with_a_sentence(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as error:
        main([*arguments, "--out", str(tmp_path / "data")])
    assert said in str(error.value)
