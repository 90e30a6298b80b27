"""The slow-fast learning loop (paper §3.3, Alg. 1b): slow weights that learn to use fast ones.

    torchrun --nproc-per-node 2 -m core.learning.loop --from runs/starter/state.pt \\
        --out runs/loop --minutes 20 --preset adapter

Inner loop: with the slow weights held still, an adapter lives through a walk; before it learns a
segment, its state is stored with that segment. Outer loop: the slow weights continue the segments
with the stored adapters added and held still. The store goes stale as the slow weights move, so it
is made anew again and again; a share of the batches is without any memory.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.learning.clips import Batch, Clips
from core.learning.devices import agreed, leave
from core.learning.held_out import world_of
from core.learning.journal import Journal
from core.learning.options import add_network_options
from core.learning.train import REFUSED, checkpoint, done, drawn_on, prepare, resume
from core.learning.trainer import Trainer, learning_rate
from core.memory.adapter import HOME, Adapter
from core.memory.fast_learning import FastLearner
from core.rollout.context import CONTEXT_LEVEL
from core.worlds.poses import from_home
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.world import StarterWorld


@dataclass(frozen=True)
class Segment:
    """A segment of a walk that begins after frame ``now``, and the fast weights that were there
    when it was reached: what they add to each layer, and what stands on the page of places."""

    walk: int
    now: int
    added: dict[str, Tensor]  # layer → [out, in], float16
    page: dict[str, Tensor]  # see ``Rays``, float16


class FastWalks:
    """The inner loop: adapters that live through walks of the training data."""

    def __init__(self, trainer: Trainer, clips: Clips, world: StarterWorld, preset: str):
        self._trainer, self._clips = trainer, clips
        self._world, self._adapter = world, Adapter(world)
        self._preset = preset

    def store(self, walks: int, rng: np.random.Generator) -> list[Segment]:
        """D of Alg. 1b: the segments of ``walks`` walks, each with a copy of theta from before it
        was learned. The slow weights of now are used and left alone."""
        self._take_slow_weights()
        found: list[Segment] = []
        for index in rng.permutation(len(self._clips.walks))[:walks]:
            found += self._live(int(index), int(rng.integers(2**31)))
        return found

    def _live(self, index: int, seed: int) -> Iterator[Segment]:
        walk, n = self._clips.walks[index], self._clips.n_new
        poses = self._clips.mixture.where[index].poses
        frames = [
            LatentFrame(z.float().to(self._world.device), Address(i, tuple(pose)), CONTEXT_LEVEL)
            for i, (z, pose) in enumerate(zip(walk.latents, from_home(poses, poses[0])))
        ]
        learner = FastLearner(self._world, self._adapter, self._preset)
        learner.begin(seed)
        for now in range(3, len(frames) - n, n):
            if now > 3:
                yield Segment(index, now, self._added(), self._page())
            before = [frames[i + 1 : i + 1 + n] for i in range(3, now, n)]
            earlier = [before[i] for i in learner.drawn(len(before))]
            new = frames[now + 1 : now + 1 + n]
            for _ in learner.learn(frames[now - 3 : now + 1], new, earlier):
                pass

    def _added(self) -> dict[str, Tensor]:
        held, found = self._adapter.parameters, {}
        for name in held:
            if self._adapter.is_place(name):
                continue
            layer, half = name.rsplit(".lora_", 1)
            if half.startswith("A"):
                b = held[f"{layer}.lora_B.weight"]
                found[f"{layer}.weight"] = (b.detach() @ held[name].detach()).half()
        return found

    def _page(self) -> dict[str, Tensor]:
        held, place = self._adapter.parameters, self._adapter.is_place
        return {n.removeprefix("rays."): p.detach().half() for n, p in held.items() if place(n)}

    def _take_slow_weights(self) -> None:
        slow = dict(self._trainer.average.named_parameters())
        with torch.no_grad():
            for name, parameter in self._world.net.named_parameters():
                if ".lora_" not in name and not name.startswith("rays."):
                    parameter.copy_(slow[name.replace(".base_layer.", ".")])


class added:
    """Inside the block ``net`` computes with a segment's fast weights; gradients are those of the
    slow weights, since adding a constant changes none."""

    def __init__(self, net: StarterDenoiser, segment: Segment):
        self._net, self._weights, self._page = net, segment.added, segment.page
        self._held = {n: p for n, p in net.named_parameters() if n in self._weights}

    def __enter__(self) -> None:
        if self._page:
            rays = self._net.new_page().to(self._net.place)
            rays.load_state_dict(self._page)
            rays.home = HOME
            self._net.rays = rays.requires_grad_(False)
        with torch.no_grad():
            self._before = {n: p.clone() for n, p in self._held.items()}
            for name, parameter in self._held.items():
                parameter.add_(self._weights[name].to(parameter.dtype))

    def __exit__(self, *_: object) -> None:
        self._net.rays = None
        with torch.no_grad():
            for name, parameter in self._held.items():
                parameter.copy_(self._before[name])


def outer_step(
    trainer: Trainer, clips: Clips, segment: Segment | None, size: int, generator: torch.Generator,
    adversarial: bool = False,
) -> float:
    """Gradients of slow learning's loss on ``segment`` with its fast weights (None: on any clips
    without memory); returns the loss. The truth is the walk's own next frames."""
    if segment is None:
        return trainer.learn(clips.batch(size), generator, adversarial)
    batch: Batch = clips.batch_at(segment.walk, segment.now, size)
    with added(trainer.work, segment):
        return trainer.learn(batch, generator, adversarial)


def run(args: argparse.Namespace) -> None:
    parts = prepare(args)
    trainer, clips = parts.trainer, parts.clips
    if not (args.out / "state.pt").exists() and not args.start.exists():
        raise FileNotFoundError(f"There is no state to begin with in {args.start}; see --from.")
    resume(trainer, args.out, args.start)
    world = world_of(parts.autoencoder, deepcopy(trainer.average), parts.text, parts.depth)
    world.memory_start = args.memory_start
    generator = drawn_on(clips, args.seed * 1000 + parts.rank, trainer.step)
    walks, rng = FastWalks(trainer, clips, world, args.preset), clips.rng
    began, looked = time.monotonic() - trainer.seconds, trainer.seconds
    stored: list[Segment] = []
    losses: dict[bool, list[float]] = {True: [], False: []}  # with a memory, without
    journal = Journal(
        args.out, trainer.step, parts.rank == 0, partial(parts.accelerator.print, flush=True)
    )

    def keep() -> dict[str, Any]:
        checkpoint(args.out, trainer, parts.keep)
        return parts.held_out.measure(trainer.average)

    while (share := agreed(parts.accelerator, done(args, trainer, began))) < 1:
        if not stored:
            stored = walks.store(args.walks, rng) * args.reuse
            rng.shuffle(stored)
        if not stored:
            raise ValueError(
                "The recordings are too short for the loop: it needs some of 20 frames or more."
            )
        segment = None if rng.random() < args.no_memory else stored.pop()
        adversarial = share >= args.adversarial_from
        losses[segment is not None].append(
            outer_step(trainer, clips, segment, args.batch, generator, adversarial)
        )
        trainer.update(args.scale * learning_rate(share, trainer.step - trainer.first), adversarial)
        trainer.seconds = time.monotonic() - began
        if parts.rank == 0 and trainer.step % args.log_every == 0:
            row = {"step": trainer.step, "minutes": round(trainer.seconds / 60, 1)}
            for remembers, name in ((True, "loss"), (False, "loss alone")):
                if losses[remembers]:
                    row[name] = round(float(np.mean(losses[remembers])), 4)
                    losses[remembers].clear()
            if trainer.seconds - looked > 60 * args.look_minutes:
                looked = trainer.seconds
                row |= keep()
            journal.row(row)
    if parts.rank == 0:
        journal.row({"step": trainer.step, "minutes": round(trainer.seconds / 60, 1), "final": True,
                     **keep()})
        journal.looked(trainer.step)
    journal.close()
    leave(parts.accelerator)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_network_options(parser)
    parser.add_argument("--from", dest="start", type=Path, default=Path("runs/starter/state.pt"))
    parser.set_defaults(out=Path("runs/loop"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--look-minutes", type=float, default=15)
    parser.add_argument("--preset", default="adapter", help="how the inner loop learns")
    parser.add_argument("--memory-start", type=Path, metavar="FILE",
                        help="what its adapters begin with (core.learning.meta)")
    parser.add_argument("--adversarial-from", type=float, default=0.0,
                        help="share of the time after which the critic joins in (1: never)")
    parser.add_argument("--walks", type=int, default=3, help="walks a store, each process")
    parser.add_argument("--reuse", type=int, default=2,
                        help="how often a stored segment is drawn before the store is made anew")
    parser.add_argument("--no-memory", type=float, default=0.3, help="share of steps without memory")
    parser.add_argument("--scale", type=float, default=0.2, help="of the slow learning rates")
    try:
        run(parser.parse_args(argv))
    except REFUSED as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
