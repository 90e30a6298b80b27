"""A step of training keeps to its device; the processes of a run agree."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.learning.clips import Clips
from core.learning.devices import agreed, join
from core.learning.rollouts import Rollouts
from core.learning.train import read_state
from core.learning.trainer import Trainer, averaged
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from tests.builders.recordings import encoder, write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def autoencoder() -> StarterAutoencoder:
    torch.manual_seed(0)
    return StarterAutoencoder(latent_channels=4, width=8).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, autoencoder: StarterAutoencoder) -> Path:
    folder = tmp_path_factory.mktemp("walks")
    write(folder, autoencoder, "first-person", 2, frames=30)
    write(folder, autoencoder, "footage", 1, frames=30)
    return folder


def test_every_tensor_of_a_step_is_moved_to_the_trainers_device(
    data: Path, autoencoder, monkeypatch
) -> None:
    """On torch's device without storage: it refuses to mix with the processor, as a card does. What
    only a number can tell is answered in its place."""
    number, to_cpu = torch.Tensor.__float__, torch.Tensor.cpu
    clips = Clips(data, encoder(), seed=3, sources=("first-person", "footage"))
    rollouts = Rollouts(clips, 2)
    monkeypatch.setattr(torch.Tensor, "__float__", lambda t: 1.0 if t.is_meta else number(t))
    monkeypatch.setattr(
        torch.Tensor, "cpu", lambda t: torch.zeros(t.shape) if t.is_meta else to_cpu(t)
    )
    monkeypatch.setattr(torch, "autocast", lambda *_: contextlib.nullcontext())
    net = StarterDenoiser(latent_channels=4, dim=64, layers=1, heads=2, text_features=32).to("meta")
    quick = (StarterAutoencoder(4, 8).to("meta"), StarterDepth(4, 8).to("meta"))
    trainer = Trainer(net, Expectations(*quick, 75.0), 1e-3, 1e-3)
    held = [trainer.work, trainer.average, trainer.adversary.critic, trainer.adversary.style_critic]
    assert all(p.is_meta for network in held for p in network.parameters())
    generator, kinds = torch.Generator(), set()
    while len(kinds) < 2:
        batch = clips.batch(4)
        trainer.learn(batch, generator, True)
        if not batch.fast and (batch.styles >= 0).any():
            assert rollouts.learn(trainer, batch, generator) is not None
        trainer.update(1.0, True)
        kinds.add(batch.fast)
    with pytest.raises(RuntimeError, match="device"):  # the check is one
        torch.ones(2) + torch.ones(2, device="meta")


def test_alone_a_process_agrees_with_itself(monkeypatch) -> None:
    accelerator = join(True, 1, 5)
    assert (accelerator.num_processes, accelerator.device.type) == (1, "cpu")
    first = torch.rand(3)
    join(True, 1, 5)
    assert torch.equal(torch.rand(3), first)  # the seed is set
    assert agreed(accelerator, 0.123456789) == 0.123456789
    parameter = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    parameter.grad = torch.full((3,), 2.0, dtype=torch.bfloat16)
    flat = averaged([parameter, torch.nn.Parameter(torch.ones(2))])
    assert flat.dtype == torch.float32 and flat.tolist() == [2, 2, 2, 0, 0]


def test_processes_that_did_not_find_each_other_are_refused(monkeypatch) -> None:
    join(True, 1, 0)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="2 processes were started"):
        join(True, 1, 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")
def test_a_run_on_a_graphics_card(data: Path, autoencoder, tmp_path: Path) -> None:
    autoencoder.save_pretrained(tmp_path / "autoencoder")
    StarterDepth(4, 8).save_pretrained(tmp_path / "depth")
    encoder(128).save_pretrained(tmp_path / "text")
    told = {
        "data": data, "autoencoder": tmp_path / "autoencoder", "text": tmp_path / "text",
        "depth": tmp_path / "depth", "out": tmp_path / "out", "dim": 64, "layers": 1, "batch": 2,
        "steps": 3, "look-walks": 2, "adversarial-from": 0, "roll-outs": 2,
    }
    options = [str(x) for name, value in told.items() for x in (f"--{name}", value)]
    # A process of its own: Accelerate keeps the first device it was told.
    done = subprocess.run(
        [sys.executable, "-m", "core.learning.train", *options], cwd=ROOT, capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert read_state(tmp_path / "out" / "state.pt")["step"] == 3
