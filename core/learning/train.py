"""Slow learning (paper §3.1): masked conditional training of the starter world. Resumable.

    torchrun --nproc-per-node 2 -m core.learning.train --data runs/data --out runs/starter --minutes 90

Each process draws its own clips and the gradients are averaged. Every few minutes the running
average of the weights is measured on held-out scenes, and a sample sheet and a checkpoint are
written; start the same command again to go on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from core.learning.adversary import Adversary
from core.learning.clips import Batch, Clips
from core.learning.held_out import HeldOut
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import save as save_world
from core.worlds.starter.world import sources


class Trainer:
    """float32 master weights, a bfloat16 working copy, and a running average."""

    def __init__(
        self, net: StarterDenoiser, expectations: Expectations, rate: float, muon_rate: float
    ):
        self.net, self.expectations = net, expectations
        self.work = deepcopy(net).bfloat16().train()
        self.average = deepcopy(net).requires_grad_(False)
        matrices = [
            p for n, p in net.named_parameters()
            if n.startswith("blocks.") and p.ndim == 2 and "modulation" not in n
        ]
        chosen = {id(p) for p in matrices}
        others = [p for p in net.parameters() if id(p) not in chosen]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=muon_rate, weight_decay=0.02,
                             adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01),
        ]
        self.base_rates = (muon_rate, rate)
        self.adversary = Adversary(net.config.latent_channels)
        self.step = 0
        self.seconds = 0.0

    def learn(self, batch: Batch, generator: torch.Generator, adversarial: bool) -> float:
        """Gradients of the masked loss on one batch, through the bfloat16 copy; returns the loss."""
        eps = torch.randn(batch.z0.shape, generator=generator)
        level = batch.u[:, None, :, None, None]
        condition = batch.condition
        if not batch.fast:
            condition = replace(condition, expected=self._expected(batch))
        z = batch.z0 + level * (eps - batch.z0)
        out = self.work(z, batch.u, condition).float()
        error = (out - (eps - batch.z0)).square().mean((1, 3, 4))
        loss = (error * batch.mask).sum() / batch.mask.sum()
        if not adversarial or batch.fast:
            loss.backward()
            return float(loss.detach())
        (pull,) = torch.autograd.grad(loss, out, retain_graph=True)
        new = slice(condition.present + 1, None)
        made = (z - level * out)[:, :, new].detach()
        push, _ = self.adversary.judge(
            batch.z0[:, :, new], made, condition.expected, batch.u[:, new], generator
        )
        # The estimate is z - u·out; the critic's pull is held to a share of the loss's own.
        push = -level[:, :, new] * push
        pull[:, :, new] += push * (self.adversary.share * pull.norm() / push.norm().clamp_min(1e-9))
        out.backward(pull)
        return float(loss.detach())

    def _expected(self, batch: Batch) -> torch.Tensor:
        pose, present = batch.condition.pose, batch.condition.present
        kept = sources(present)
        return self.expectations(
            batch.z0[:, :, kept].transpose(1, 2), pose[:, kept], pose[:, present + 1 :]
        )

    def update(self, scale: float, critic: bool) -> float:
        """Average gradients over processes, clip, step, refresh the working copy."""
        for optimizer, rate in zip(self.optimizers, self.base_rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
        master, work = list(self.net.parameters()), list(self.work.parameters())
        flat = averaged(work)
        norm = float(flat.norm())
        flat *= min(1.0, 1.0 / (norm + 1e-6))
        for p, part in zip(master, flat.split([p.numel() for p in master])):
            p.grad = part.view_as(p)
        for optimizer in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            for m, w, a in zip(master, work, self.average.parameters()):
                w.copy_(m)
                w.grad = None
                a.lerp_(m, 1 - min(0.998, (1 + self.step) / (20 + self.step)))
        if critic:
            judges = list(self.adversary.critic.parameters())
            for p, part in zip(judges, averaged(judges).split([p.numel() for p in judges])):
                p.grad = part.view_as(p)
            self.adversary.optimizer.step()
            self.adversary.optimizer.zero_grad()
        self.step += 1
        return norm

    def state(self) -> dict:
        return {
            "net": self.net.state_dict(), "average": self.average.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "critic": self.adversary.critic.state_dict(),
            "critic_optimizer": self.adversary.optimizer.state_dict(),
            "step": self.step, "seconds": self.seconds,
        }

    def restore(self, saved: dict) -> None:
        self.net.load_state_dict(saved["net"])
        self.average.load_state_dict(saved["average"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        self.work.load_state_dict(saved["net"])
        if "critic" in saved:
            self.adversary.critic.load_state_dict(saved["critic"])
            self.adversary.optimizer.load_state_dict(saved["critic_optimizer"])
        self.step, self.seconds = saved["step"], saved["seconds"]


def read_state(path: Path) -> dict:
    """What ``checkpoint`` wrote, for ``Trainer.restore``: tensors and plain values only."""
    return torch.load(path, weights_only=True)


def averaged(parameters: list[torch.Tensor]) -> torch.Tensor:
    """All gradients in one row, averaged over processes (zeros where there is none)."""
    flat = torch.cat([
        (torch.zeros_like(p) if p.grad is None else p.grad).float().flatten() for p in parameters
    ])
    if dist.is_initialized():
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
    return flat


def learning_rate(share: float, step: int) -> float:
    """Warm up over 60 steps, hold, and fall to zero over the last 40 % of the time."""
    warm = min(1.0, (step + 1) / 60)
    return warm * (1.0 if share < 0.6 else 0.5 * (1 + math.cos(math.pi * (share - 0.6) / 0.4)))


@dataclass
class Parts:
    """What a training command works with; ``held_out`` on the first process only."""

    trainer: Trainer
    clips: Clips
    autoencoder: StarterAutoencoder
    text: StarterTextEncoder
    depth: StarterDepth
    held_out: HeldOut | None
    rank: int

    def agreed(self, share: float) -> float:
        """All processes must agree on when to stop: the first one's clock decides."""
        if dist.is_initialized():
            told = torch.tensor([share])
            dist.broadcast(told, 0)
            return float(told)
        return share

    def close(self) -> None:
        if dist.is_initialized():
            dist.barrier()
            dist.destroy_process_group()


def prepare(args: argparse.Namespace) -> Parts:
    """Load the parts, and join the other processes where there are any."""
    rank = int(os.environ.get("RANK", 0))
    torch.set_num_threads(args.threads)
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        dist.init_process_group("gloo")
    torch.manual_seed(args.seed)
    text = StarterTextEncoder.from_pretrained(args.text).eval().requires_grad_(False)
    autoencoder = StarterAutoencoder.from_pretrained(args.autoencoder).eval().requires_grad_(False)
    depth = StarterDepth.from_pretrained(args.depth).eval().requires_grad_(False)
    net = StarterDenoiser(
        latent_channels=autoencoder.config.latent_channels, dim=args.dim, layers=args.layers,
        heads=args.dim // 64,
    )
    quick = [deepcopy(part).bfloat16() for part in (autoencoder, depth)]
    expectations = Expectations(*quick, net.config.field_of_view)
    trainer = Trainer(net, expectations, args.rate, args.muon_rate)
    args.out.mkdir(parents=True, exist_ok=True)
    clips = Clips(args.data, text)
    clips.seed(args.seed * 1000 + rank)
    held_out = HeldOut(autoencoder, text, depth, args.out) if rank == 0 else None
    return Parts(trainer, clips, autoencoder, text, depth, held_out, rank)


def train(args: argparse.Namespace) -> None:
    parts = prepare(args)
    trainer, clips, rank = parts.trainer, parts.clips, parts.rank
    state = args.out / "state.pt"
    if state.exists():
        trainer.restore(read_state(state))
    seed = args.seed * 1000 + rank + trainer.step * 7919
    clips.seed(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    log = (args.out / "log.jsonl").open("a") if rank == 0 else None
    began, looked, total, count = time.monotonic() - trainer.seconds, trainer.seconds, 0.0, 0

    def keep() -> dict[str, float]:
        checkpoint(args.out, trainer, parts.autoencoder, parts.text, parts.depth)
        return parts.held_out.measure(trainer.average)

    while (share := parts.agreed((time.monotonic() - began) / (60 * args.minutes))) < 1:
        batch, adversarial = clips.batch(args.batch), share >= args.adversarial_from
        total, count = total + trainer.learn(batch, generator, adversarial), count + 1
        norm = trainer.update(learning_rate(share, trainer.step), adversarial)
        trainer.seconds = time.monotonic() - began
        if log is not None and trainer.step % 25 == 0:
            row = {"step": trainer.step, "minutes": round(trainer.seconds / 60, 1),
                   "loss": round(total / count, 4), "norm": round(norm, 3)}
            total, count = 0.0, 0
            if trainer.seconds - looked > 60 * args.look_minutes:
                looked = trainer.seconds
                row |= keep()
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()
    if log is not None:
        row = {"step": trainer.step, "final": True, **keep()}
        log.write(json.dumps(row) + "\n")
        log.close()
        print(json.dumps(row), flush=True)
    parts.close()


def checkpoint(
    out: Path, trainer: Trainer, autoencoder: nn.Module, text: StarterTextEncoder,
    depth: StarterDepth,
) -> None:
    """The state to go on from, and the averaged weights as a world that can be loaded."""
    temporary = out / "state.tmp"
    torch.save(trainer.state(), temporary)
    os.replace(temporary, out / "state.pt")
    save_world(out / "world", autoencoder, trainer.average, text, depth)


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """What every command that trains the denoiser asks for."""
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--autoencoder", type=Path, default=Path("runs/autoencoder/autoencoder"))
    parser.add_argument("--text", type=Path, default=Path("runs/text/text_encoder"))
    parser.add_argument("--depth", type=Path, default=Path("runs/depth/depth"))
    parser.add_argument("--out", type=Path, default=Path("runs/starter"))
    parser.add_argument("--batch", type=int, default=8, help="clips a process a step")
    parser.add_argument("--dim", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--muon-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_network_options(parser)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--look-minutes", type=float, default=8)
    parser.add_argument("--adversarial-from", type=float, default=0.45,
                        help="share of the time after which a critic joins in (1: never)")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
