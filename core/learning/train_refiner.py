"""Train the refiner against a critic, on chunks that a finished world makes.

    torchrun --nproc-per-node 2 -m core.learning.train_refiner --world runs/starter/world --minutes 30

Two kinds of chunks: some continue real frames (there the truth says what the known part looks
like), some continue what the world itself made, refiner included (there only the critic speaks, and
the denoiser's own answer holds the refiner in place, coarsely). The denoiser stays as it is. The
critic is told the style of the scene and learns at every step, on frames kept from lately.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections import deque
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from core.learning.adversary import StyleCritic
from core.learning.clips import Batch, Clips
from core.learning.rollouts import Rollouts, contrasted, sampled
from core.learning.scenes.styles import STYLES
from core.learning.train import averaged
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import Condition, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.refiner import StarterRefiner
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import sources

UNKNOWN = 0.1  # what squared error counts where nothing was expected: it could be anything there
SHARE = 1.0  # the critic's pull, of the error's own
COARSE, HOLD = 4, 0.5  # cells in which a made-up chunk is held, and how strongly
KEPT, REALS = 24, 24  # batches


@dataclass(frozen=True)
class Made:
    """A batch of chunks as the denoiser left them; ``truth`` where there is one."""

    present: Tensor  # [B, C, h, w]
    z: Tensor  # [B, C, F, h, w]
    expected: Tensor
    scene: Tensor
    styles: Tensor
    truth: Tensor | None


class RefinerTrainer:
    def __init__(self, net: StarterDenoiser, expectations: Expectations, clips: Clips, count: int,
                 rate: float):
        self.net, self.expectations, self.clips = net, expectations, clips
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.refiner = StarterRefiner(
                net.config.latent_channels, text_features=net.config.text_features
            ).to(memory_format=torch.channels_last)
            self.critic = StyleCritic(net.config.latent_channels, len(STYLES)).to(
                memory_format=torch.channels_last
            )
        self.average = deepcopy(self.refiner).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.refiner.parameters(), lr=rate, betas=(0.5, 0.95))
        self.critic_optimizer = torch.optim.AdamW(
            self.critic.parameters(), lr=4e-4, betas=(0.5, 0.95), weight_decay=0.01
        )
        self.rollouts, self.count, self.rate = Rollouts(clips, count), count, rate
        self.made: deque[Made] = deque(maxlen=KEPT)
        self.reals: deque[tuple[Tensor, Tensor]] = deque(maxlen=REALS)
        self.pull, self.step, self.seconds = 0.0, 0, 0.0

    # ---- chunks ---------------------------------------------------------------------------------

    def make(self, real: bool, generator: torch.Generator) -> None:
        """One more batch of chunks: after real frames, or the next of the roll-outs."""
        batch = self.clips.batch(self.count) if real else self.rollouts.batch()
        while batch.fast:
            batch = self.clips.batch(self.count)
        condition = replace(batch.condition, expected=self._expected(batch))
        z = sampled(self.net, batch.z0, condition, generator)
        past = condition.present + 1
        truth = batch.z0[:, :, past:] if real else None
        found = Made(batch.z0[:, :, past - 1], z, condition.expected, condition.scene, batch.styles,
                     truth)
        self.made.append(found)
        if real:
            self.reals.append((torch.cat([found.present[:, :, None], truth], 2), batch.styles))
        else:
            with torch.no_grad():
                self.rollouts.take(contrasted(self.refined(self.average, found), batch.z0[:, :, :past]))

    def _expected(self, batch: Batch) -> Tensor:
        c: Condition = batch.condition
        kept = sources(c.present)
        return self.expectations(
            batch.z0[:, :, kept].transpose(1, 2), c.pose[:, kept], c.pose[:, c.present + 1 :]
        )

    @staticmethod
    def refined(refiner: StarterRefiner, made: Made) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return refiner(made.present, made.z, made.expected, made.scene).float()

    # ---- steps ----------------------------------------------------------------------------------

    def learn(self, generator: torch.Generator) -> tuple[float, float]:
        """One step of the refiner and one of the critic; (error, critic's loss)."""
        made = self.made[int(torch.randint(len(self.made), (1,), generator=generator))]
        out = self.refined(self.refiner, made)
        error = self._error(out, made)
        (pull,) = torch.autograd.grad(error, out, retain_graph=True)
        if made.truth is not None:
            norm = float(pull.norm())
            self.pull = norm if not self.pull else 0.95 * self.pull + 0.05 * norm
        film = torch.cat([made.present[:, :, None], out.detach()], 2)
        push = self._opinion(film, made.styles)[:, :, 1:]
        out.backward(pull + push * (SHARE * self.pull / push.norm().clamp_min(1e-9)))
        self._step(self.refiner, self.optimizer)
        with torch.no_grad():
            for a, p in zip(self.average.parameters(), self.refiner.parameters()):
                a.lerp_(p, 1 - min(0.99, (1 + self.step) / (10 + self.step)))
        self.step += 1
        return float(error.detach()), self._practise(film, made.styles, generator)

    def _error(self, out: Tensor, made: Made) -> Tensor:
        if made.truth is None:
            away = (out - made.z).transpose(1, 2).flatten(0, 1)
            return HOLD * F.avg_pool2d(away, COARSE).abs().mean()
        channels = out.shape[1]
        known = made.expected[:, channels : channels + 1]
        weight = UNKNOWN + (1 - UNKNOWN) * known
        return ((out - made.truth).abs() * weight).mean()

    def _opinion(self, film: Tensor, styles: Tensor) -> Tensor:
        """Gradient of the critic's opinion of ``film`` [B, C, F, h, w]."""
        x = film.detach().requires_grad_()
        with torch.enable_grad(), torch.autocast("cpu", torch.bfloat16):
            opinion = self.critic(*_pairs(x, styles)).float().mean(1)
        return torch.autograd.grad(-opinion.sum(), x)[0]

    def _practise(self, film: Tensor, styles: Tensor, generator: torch.Generator) -> float:
        real = self.reals[int(torch.randint(len(self.reals), (1,), generator=generator))]
        with torch.autocast("cpu", torch.bfloat16):
            fake, true = (self.critic(*_pairs(*x)).float() for x in ((film, styles), real))
        loss = F.relu(1 + fake).mean() + F.relu(1 - true).mean()
        loss.backward()
        self._step(self.critic, self.critic_optimizer)
        return float(loss.detach())

    @staticmethod
    def _step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        parameters = list(net.parameters())
        flat = averaged(parameters)
        flat *= min(1.0, 1.0 / (float(flat.norm()) + 1e-6))
        for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
            p.grad = part.view_as(p)
        optimizer.step()
        optimizer.zero_grad()

    # ---- state ----------------------------------------------------------------------------------

    def state(self) -> dict:
        parts = {"refiner": self.refiner, "average": self.average, "critic": self.critic,
                 "optimizer": self.optimizer, "critic_optimizer": self.critic_optimizer}
        return {n: p.state_dict() for n, p in parts.items()} | {
            "step": self.step, "seconds": self.seconds, "pull": self.pull}

    def restore(self, saved: dict) -> None:
        for name in ("refiner", "average", "critic", "optimizer", "critic_optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.step, self.seconds, self.pull = saved["step"], saved["seconds"], saved["pull"]


def _pairs(film: Tensor, styles: Tensor) -> tuple[Tensor, Tensor]:
    """Every second pair of neighbours [N, 2C, h, w], and their styles [N]."""
    both = torch.cat([film[:, :, :-1], film[:, :, 1:]], 1)[:, :, ::2]
    return both.transpose(1, 2).flatten(0, 1), styles.repeat_interleave(both.shape[2])


def train(args: argparse.Namespace) -> None:
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.set_num_threads(args.threads)
    if size > 1:
        dist.init_process_group("gloo")
    kinds = (("autoencoder", StarterAutoencoder), ("transformer", StarterDenoiser),
             ("text_encoder", StarterTextEncoder), ("depth", StarterDepth))
    autoencoder, net, text, depth = (
        kind.from_pretrained(args.world / part).eval().requires_grad_(False) for part, kind in kinds
    )
    quick = [part.bfloat16() for part in (autoencoder, depth)]
    clips = Clips(args.data, text)
    clips.seed(args.seed * 1000 + rank)
    trainer = RefinerTrainer(
        net.bfloat16(), Expectations(*quick, net.config.field_of_view), clips, args.batch, args.rate
    )
    args.out.mkdir(parents=True, exist_ok=True)
    state = args.out / "state.pt"
    if state.exists():
        trainer.restore(torch.load(state, weights_only=True))
    generator = torch.Generator().manual_seed(args.seed * 1000 + rank + trainer.step + 1)
    began, looked, turn, rows = time.monotonic() - trainer.seconds, trainer.seconds, 0, []
    for real in (True, False, True):
        trainer.make(real, generator)
    while True:
        share = (time.monotonic() - began) / (60 * args.minutes)
        if size > 1:
            told = torch.tensor([share])
            dist.broadcast(told, 0)
            share = float(told)
        if share >= 1:
            break
        scale = 1.0 if share < 0.6 else 0.5 * (1 + math.cos(math.pi * (share - 0.6) / 0.4))
        trainer.optimizer.param_groups[0]["lr"] = trainer.rate * scale
        trainer.make(turn % 3 == 0, generator)  # two chunks of roll-outs to one after real frames
        rows += [trainer.learn(generator) for _ in range(args.steps)]
        turn, trainer.seconds = turn + 1, time.monotonic() - began
        if rank == 0 and turn % 10 == 0:
            error, critic = (sum(r[i] for r in rows) / len(rows) for i in (0, 1))
            rows = []
            print(json.dumps({"step": trainer.step, "minutes": round(trainer.seconds / 60, 1),
                              "error": round(error, 4), "critic": round(critic, 3)}), flush=True)
            if trainer.seconds - looked > 300:
                looked = trainer.seconds
                _keep(args.out, trainer)
    if rank == 0:
        _keep(args.out, trainer)
    if size > 1:
        dist.barrier()
        dist.destroy_process_group()


def _keep(out: Path, trainer: RefinerTrainer) -> None:
    torch.save(trainer.state(), out / "state.tmp")
    os.replace(out / "state.tmp", out / "state.pt")
    trainer.average.save_pretrained(out / "refiner")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=Path("runs/starter/world"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/refiner"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=8, help="chunks a process a step")
    parser.add_argument("--steps", type=int, default=5, help="steps a new batch of chunks")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
