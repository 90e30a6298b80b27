"""Slow learning (paper §3.1): masked conditional training of the starter world. Resumable.

    python -m core.learning.train --data runs/data --out runs/starter --minutes 90
    torchrun --nproc-per-node 2 -m core.learning.train --sources first-person,driving --minutes 90
    python -m core.learning.train --adapter garden.safetensors --sources footage --data runs/footage

Runs on one device or, under torchrun (for graphics cards also ``accelerate launch``), on many: each
process draws its own clips and the gradients are averaged. A graphics card is used where there is
one. Every few minutes
the running average of the weights is measured on held-out scenes, and a sample sheet, a curve and a
checkpoint are written; start the same command again to go on.

With ``--adapter`` a world stays as it is, and a LoRA on its blocks learns instead: a slow adapter,
for ``main.py render --slow-adapter`` and ``core.evaluate --slow-adapter``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from core.learning.clips import Clips, from_step
from core.learning.devices import agreed, join, leave
from core.learning.held_out import HeldOut
from core.learning.journal import Journal
from core.learning.language import BOOKS
from core.learning.mixture import Say
from core.learning.options import named_after, read_arguments, world_id
from core.learning.rollouts import PRACTICE, Rollouts
from core.learning.shards import ShardError
from core.learning.sources.source import FPS
from core.learning.trainer import Trainer, learning_rate
from core.media.errors import MediaError
from core.memory.tensors import TensorFileError
from core.worlds.catalogue import WorldError
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import save as save_world


@dataclass
class Parts:
    """What a training command works with; ``held_out`` on the main process only. ``keep`` writes
    what the run is for: the averaged weights as a world, or as a slow adapter."""

    accelerator: Accelerator
    trainer: Trainer
    clips: Clips
    autoencoder: StarterAutoencoder
    text: StarterTextEncoder
    depth: StarterDepth
    held_out: HeldOut | None
    keep: Callable[[Trainer], None]

    @property
    def rank(self) -> int:
        return self.accelerator.process_index


def prepare(args: argparse.Namespace) -> Parts:
    """Load the parts, and join the other processes where there are any."""
    accelerator = join(args.cpu, args.threads, args.seed)
    text = StarterTextEncoder.from_pretrained(args.text).eval().requires_grad_(False)
    autoencoder = StarterAutoencoder.from_pretrained(args.autoencoder).eval().requires_grad_(False)
    depth = StarterDepth.from_pretrained(args.depth).eval().requires_grad_(False)
    heard = set(text.config.verbs)
    if deaf := [name for name in args.sources if not heard.issuperset(BOOKS[name].phrases)]:
        raise ValueError(
            f"The text encoder in {args.text} was not trained on the words of {', '.join(deaf)}. "
            "Train one that was (python -m core.learning.train_text --domains all --out "
            "runs/text-all), and name it: --text runs/text-all/text_encoder."
        )
    net = StarterDenoiser(
        latent_channels=autoencoder.config.latent_channels, dim=args.dim, layers=args.layers,
        heads=args.dim // 64, words=args.words, detail=args.detail,
    )
    parts = assembled(
        args, accelerator, (autoencoder, net, text, depth), args.muon_rate,
        partial(
            _keep_world, args.out, autoencoder, text, depth, args.name or named_after(args.sources)
        ),
    )
    parts.keep = partial(parts.keep, rate=parts.clips.mixture.rate)
    return parts


def assembled(
    args: argparse.Namespace, accelerator: Accelerator,
    networks: tuple[StarterAutoencoder, StarterDenoiser, StarterTextEncoder, StarterDepth],
    muon_rate: float | None, keep: Callable[[Trainer], None],
) -> Parts:
    """The parts around four networks, on the device of this process."""
    autoencoder, net, text, depth = networks
    say: Say = partial(accelerator.print, flush=True)
    device = accelerator.device
    quick = [deepcopy(part).bfloat16().to(device) for part in (autoencoder, depth)]
    expectations = Expectations(*quick, net.config.field_of_view)
    trainer = Trainer(net.to(device), expectations, args.rate, muon_rate, args.moving)
    args.out.mkdir(parents=True, exist_ok=True)
    clips = Clips(args.data, text, sources=args.sources, shares=args.shares, say=say)
    clips.seed(args.seed * 1000 + accelerator.process_index)
    if len(args.sources) > 1:
        say(str(clips.mixture))
    held_out = HeldOut(
        autoencoder, text, depth, args.out, args.look_walks, args.sources, args.data, say
    ) if accelerator.is_main_process else None
    return Parts(accelerator, trainer, clips, autoencoder, text, depth, held_out, keep)


def train(args: argparse.Namespace) -> None:
    """Train until the time is up. Raises what ``REFUSED`` lists, with a sentence."""
    if args.adapter is None:
        parts = prepare(args)
    else:
        from core.learning.fine_tuning import prepare_adapter

        parts = prepare_adapter(args)
    trainer, clips, rank = parts.trainer, parts.clips, parts.rank
    resume(trainer, args.out, args.start)
    rollouts = Rollouts(clips, args.roll_outs)
    generator = drawn_on(clips, args.seed * 1000 + rank, trainer.step)
    journal = Journal(
        args.out, trainer.step, rank == 0, partial(parts.accelerator.print, flush=True)
    )
    began, looked, total, count = time.monotonic() - trainer.seconds, trainer.seconds, 0.0, 0
    opinions: list[float] = []

    def keep() -> dict[str, Any]:
        checkpoint(args.out, trainer, parts.keep)
        return parts.held_out.measure(trainer.average)

    while (share := agreed(parts.accelerator, done(args, trainer, began))) < 1:
        batch, adversarial = clips.batch(args.batch), share >= args.adversarial_from
        total, count = total + trainer.learn(batch, generator, adversarial), count + 1
        if adversarial and args.roll_outs and not batch.fast:
            opinion = rollouts.learn(trainer, batch, generator)
            if opinion is not None:
                opinions.append(opinion)
        norm = trainer.update(
            learning_rate(share, trainer.step), adversarial, PRACTICE if args.roll_outs else 0
        )
        trainer.seconds = time.monotonic() - began
        if rank == 0 and trainer.step % args.log_every == 0:
            row = {"step": trainer.step, "minutes": round(trainer.seconds / 60, 1),
                   "loss": round(total / count, 4), "norm": round(norm, 3)}
            total, count = 0.0, 0
            if opinions:
                row["critic"] = round(sum(opinions) / len(opinions), 3)
                opinions.clear()
            look = trainer.seconds - looked > 60 * args.look_minutes
            journal.row(row | keep() if look else row)
            if look:
                looked = trainer.seconds
                journal.looked(trainer.step)
    if rank == 0:
        minutes = round(trainer.seconds / 60, 1)
        journal.row({"step": trainer.step, "minutes": minutes, "final": True, **keep()})
        journal.looked(trainer.step)
    journal.close()
    leave(parts.accelerator)


def done(args: argparse.Namespace, trainer: Trainer, began: float) -> float:
    """The share of the run that is over, by its steps where they are told, else by the clock."""
    if args.steps:
        return (trainer.step - trainer.first) / args.steps
    return (time.monotonic() - began) / (60 * args.minutes)


def resume(trainer: Trainer, out: Path, start: Path | None) -> None:
    """Go on from the state in ``out``, else begin with another run's where one is named. Raises
    ValueError where a state is of another kind of training."""
    path = out / "state.pt" if (out / "state.pt").exists() else start
    if path is None:
        return
    saved = read_state(path)
    if saved.get("of", "") != trainer.of:
        raise ValueError(
            f"{path} is the state of another training ({saved.get('of') or 'a whole world'}, not "
            f"{trainer.of or 'a whole world'}). It was left as it is; choose another folder."
        )
    trainer.restore(saved)
    if path == start:
        trainer.seconds, trainer.first = 0.0, trainer.step


def drawn_on(clips: Clips, seed: int, step: int) -> torch.Generator:
    """What noise is drawn with from ``step`` on; ``clips`` are drawn as of there too."""
    seed = from_step(seed, step)
    clips.seed(seed)
    return torch.Generator().manual_seed(seed + 1)


def read_state(path: Path) -> dict:
    """What ``checkpoint`` wrote, for ``Trainer.restore``: tensors and plain values only."""
    return torch.load(path, weights_only=True, map_location="cpu")


def checkpoint(out: Path, trainer: Trainer, keep: Callable[[Trainer], None]) -> None:
    """The state to go on from, and the averaged weights as something that can be loaded."""
    temporary = out / "state.tmp"
    torch.save(trainer.state(), temporary)
    os.replace(temporary, out / "state.pt")
    keep(trainer)


def _keep_world(
    out: Path, autoencoder: nn.Module, text: nn.Module, depth: nn.Module, name: str,
    trainer: Trainer, rate: int = FPS,
) -> None:
    save_world(
        out / "world", autoencoder, trainer.average, text, depth, id=world_id(name), name=name,
        rate=str(rate),
    )


#: Raised with a sentence for whoever typed the command.
REFUSED = (FileNotFoundError, MediaError, ShardError, TensorFileError, ValueError, WorldError)


def main(argv: list[str] | None = None) -> None:
    args = read_arguments(argv, __doc__)
    try:
        train(args)
    except REFUSED as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
