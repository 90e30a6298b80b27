"""One process's share of slow learning: weights, optimisers, the masked loss, the averaged step."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace

import torch
from accelerate.utils import reduce
from torch import nn

from core.learning.adversary import Adversary
from core.learning.clips import Batch
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.world import sources


class Trainer:
    """float32 master weights, a bfloat16 working copy, and a running average, on the device of
    ``net``. What of ``net`` takes no gradients stays as it is (a slow adapter's world).

    Each process has a copy, draws its own clips and learns from the gradients of all: they are
    averaged in float32 by Accelerate. No DistributedDataParallel is put around the working copy: it
    would average in bfloat16, and roll-outs add their gradients by a second backward pass.
    """

    def __init__(
        self, net: StarterDenoiser, expectations: Expectations, rate: float,
        muon_rate: float | None, moving: float = 1.0,
    ):
        """``rate`` of AdamW, ``muon_rate`` of Muon on the blocks' matrices; None: AdamW for all,
        without decay towards zero. ``moving``: see ``weighed``."""
        self.net, self.expectations = net, expectations
        self.device = next(net.parameters()).device
        self.work = deepcopy(net).bfloat16().train()
        self.average = deepcopy(net).requires_grad_(False)
        matrices = [
            p for n, p in net.named_parameters()
            if n.startswith("blocks.") and p.ndim == 2 and "modulation" not in n
        ] if muon_rate is not None else []
        chosen = {id(p) for p in matrices}
        others = [p for p in learned(net) if id(p) not in chosen]
        decay = 0.0 if muon_rate is None else 0.01
        adam = torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=decay)
        self.optimizers: list[torch.optim.Optimizer] = [adam]
        self.base_rates = [rate]
        if muon_rate is not None:
            muon = torch.optim.Muon(
                matrices, lr=muon_rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"
            )
            self.optimizers.insert(0, muon)
            self.base_rates.insert(0, muon_rate)
        self.adversary = Adversary(net.config.latent_channels, device=self.device)
        self.moving = moving
        self.of = ""  # what is trained where it is not the whole world
        self.pull = 0.0  # norm of the last flow loss's gradient at the denoiser's answer
        self.step = self.first = 0  # ``first``: where this run began to count
        self.seconds = 0.0

    def learn(self, batch: Batch, generator: torch.Generator, adversarial: bool) -> float:
        """Gradients of the masked loss on one batch, through the bfloat16 copy; returns the loss.

        Noise is drawn on the processor: the same numbers on every device.
        """
        batch = batch.to(self.device)
        eps = torch.randn(batch.z0.shape, generator=generator).to(self.device)
        level = batch.u[:, None, :, None, None]
        condition = batch.condition
        if not batch.fast:
            condition = replace(condition, expected=self.expected(batch))
        z = batch.z0 + level * (eps - batch.z0)
        out = self.work(z, batch.u, condition).float()
        error = (out - (eps - batch.z0)).square()
        if self.moving > 1 and not batch.fast:
            error = error * weighed(batch.z0, condition.present, self.moving)
        error = error.mean((1, 3, 4))
        loss = (error * batch.mask).sum() / batch.mask.sum()
        if not adversarial or batch.fast:
            loss.backward()
            return float(loss.detach())
        (pull,) = torch.autograd.grad(loss, out, retain_graph=True)
        self.pull = float(pull.norm())
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

    def expected(self, batch: Batch) -> torch.Tensor:
        """What the new frames of a batch, on this trainer's device, may expect to see."""
        pose, present = batch.seen_from, batch.condition.present
        kept = sources(present)
        return self.expectations(
            batch.z0[:, :, kept].transpose(1, 2), pose[:, kept], pose[:, present + 1 :]
        )

    def update(self, scale: float, critic: bool, practice: int = 0) -> float:
        """Average gradients over processes, clip, step, refresh the working copy; then the style
        critic takes ``practice`` steps more."""
        for optimizer, rate in zip(self.optimizers, self.base_rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
        master, work = learned(self.net), learned(self.work)
        flat = averaged(work)
        norm = float(flat.norm())
        flat *= min(1.0, 1.0 / (norm + 1e-6))
        for p, part in zip(master, flat.split([p.numel() for p in master])):
            p.grad = part.view_as(p)
        for optimizer in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            for m, w in zip(master, work):
                w.copy_(m)
                w.grad = None
            # Counted from where this run began: another run's average would linger in a short one.
            age = self.step - self.first
            for m, a in zip(self.net.parameters(), self.average.parameters()):
                a.lerp_(m, 1 - min(0.997, (1 + age) / (20 + age)))
        if critic:
            judges = [
                *self.adversary.critic.parameters(), *self.adversary.style_critic.parameters()
            ]
            for p, part in zip(judges, averaged(judges).split([p.numel() for p in judges])):
                p.grad = part.view_as(p)
            for optimizer in (self.adversary.optimizer, self.adversary.style_optimizer):
                optimizer.step()
                optimizer.zero_grad()
            draw = torch.Generator().manual_seed(self.step)
            self.adversary.practise(practice, averaged, draw)
        self.step += 1
        return norm

    def state(self) -> dict:
        return {
            "net": self.net.state_dict(), "average": self.average.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "critic": self.adversary.critic.state_dict(),
            "critic_optimizer": self.adversary.optimizer.state_dict(),
            "style_critic": self.adversary.style_critic.state_dict(),
            "style_optimizer": self.adversary.style_optimizer.state_dict(),
            "step": self.step, "first": self.first, "seconds": self.seconds, "of": self.of,
        }

    def restore(self, saved: dict) -> None:
        """Go on from ``saved``. Weights that hear no words in places, or draw no detail, begin a
        network that does: what is new begins as nothing, and the optimisers anew."""
        grown = {
            k: v for k, v in self.net.state_dict().items()
            if k not in saved["net"] and ("word" in k or k.startswith("detail_out."))
        }
        for net, part in ((self.net, "net"), (self.average, "average"), (self.work, "net")):
            net.load_state_dict(grown | saved[part])
        if not grown:
            for optimizer, state in zip(self.optimizers, saved["optimizers"]):
                optimizer.load_state_dict(state)
        if "critic" in saved:
            self.adversary.critic.load_state_dict(saved["critic"])
            self.adversary.optimizer.load_state_dict(saved["critic_optimizer"])
        if "style_critic" in saved:
            self.adversary.style_critic.load_state_dict(saved["style_critic"])
            self.adversary.style_optimizer.load_state_dict(saved["style_optimizer"])
        self.step, self.seconds = saved["step"], saved["seconds"]
        self.first = saved.get("first", 0)


def weighed(z0: torch.Tensor, present: int, moving: float) -> torch.Tensor:
    """How much each place counts, [B, 1, F, h, w]: up to ``moving`` times as much where the picture
    is no longer what it is at present.

    Where the camera stays, a hand and a block are a hundredth of what is seen: a loss that counts
    all places alike is next to none before the words are heard at all.
    """
    change = (z0 - z0[:, :, present : present + 1]).square().mean(1, keepdim=True).sqrt()
    spread = z0.std((1, 2, 3, 4), keepdim=True)
    return 1 + (moving - 1) * (2 * change / spread).clamp_max(1)


def learned(net: nn.Module) -> list[nn.Parameter]:
    """What of ``net`` takes gradients."""
    return [p for p in net.parameters() if p.requires_grad]


def averaged(parameters: list[torch.Tensor]) -> torch.Tensor:
    """All gradients in one row, averaged over processes (zeros where there is none)."""
    flat = torch.cat([
        (torch.zeros_like(p) if p.grad is None else p.grad).float().flatten() for p in parameters
    ])
    return reduce(flat, "mean")


def learning_rate(share: float, step: int) -> float:
    """Warm up over 60 steps, hold, and fall to zero over the last 40 % of the time."""
    warm = min(1.0, (step + 1) / 60)
    return warm * (1.0 if share < 0.6 else 0.5 * (1 + math.cos(math.pi * (share - 0.6) / 0.4)))
