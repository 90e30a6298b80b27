"""Learns what a memory begins with: gradients through the steps of fast learning.

    python -m core.learning.meta --world starter --data runs/data --out runs/meta --minutes 60

The slow weights are held still. Adapters live through walks of the training data as in the studio,
a few gradient steps a chunk (paper Alg. 1a); after every few of them the world is asked to
continue the walk where it comes back to what the adapter has learned, and the loss there is taken
through those steps to what they began with: the first values of A and of the page's features, and
Adam's rate for each parameter (MAML and Meta-SGD, arXiv 1703.03400, 1707.09835). What was learned
before those few steps counts as given, so that an adapter may live through a whole walk.

Rates are learned against each other only: seen through a few steps, slower always seems better
(arXiv 1803.02021), so their common scale stays as the preset has it.

What is found lies in OUT/memory_start.safetensors and belongs into the world's folder.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from core.learning.clips import Clips
from core.learning.devices import join
from core.learning.journal import Journal
from core.learning.meta_learner import MetaLearner
from core.learning.shards import ShardError
from core.learning.train import read_state
from core.memory.errors import MemoryRefused
from core.memory.presets import settings_of
from core.memory.start import FILE, save_start
from core.memory.tensors import TensorFileError
from core.worlds.catalogue import WorldError, find_world, load_world


def run(args: argparse.Namespace) -> None:
    """Learn until the time is up. Raises what ``REFUSED`` lists, with a sentence."""
    join(True, args.threads, args.seed)
    folder = Path(args.world)
    world = load_world(
        folder if (folder / "world.json").is_file() else find_world(args.world).folder
    )
    clips = Clips(args.data, world.text)
    learner = MetaLearner(world, clips, settings_of(args.preset), args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    state, seconds = args.out / "state.pt", 0.0
    if state.exists():
        saved = read_state(state)
        if saved.get("of") != "memory start":
            raise ValueError(f"{state} is the state of another training; choose another folder.")
        learner.restore(saved)
        seconds = saved["seconds"]
    journal, began = Journal(args.out, learner.step), time.monotonic() - seconds
    losses: list[tuple[float, float]] = []

    def keep() -> None:
        temporary = state.with_suffix(".tmp")
        torch.save(learner.state() | {"seconds": time.monotonic() - began}, temporary)
        os.replace(temporary, state)
        save_start(args.out / FILE, learner.found())

    kept = time.monotonic()
    while True:
        share = learner.step / args.steps if args.steps else (
            (time.monotonic() - began) / (60 * args.minutes)
        )
        if share >= 1:
            break
        losses.append(learner.learn(share))
        if learner.step % args.log_every == 0:
            before, after = np.mean(losses, 0)
            journal.row({
                "step": learner.step, "minutes": round((time.monotonic() - began) / 60, 1),
                "loss": round(float(after), 4), "before": round(float(before), 4),
                "page rate": round(learner.found().rates["rays.out.weight"], 5),
            })
            losses.clear()
        if time.monotonic() - kept > 60 * args.keep_minutes:
            kept = time.monotonic()
            keep()
    keep()
    journal.close()


#: Raised with a sentence for whoever typed the command.
REFUSED = (FileNotFoundError, MemoryRefused, ShardError, TensorFileError, ValueError, WorldError)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m core.learning.meta", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--world", default="starter", help="an installed world, or a world's folder")
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/meta"))
    parser.add_argument("--preset", default="learned", help="how the inner loop learns")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, metavar="N",
                        help="stop after so many outer steps, whatever --minutes says")
    parser.add_argument("--keep-minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log-every", type=int, default=20, metavar="N")
    try:
        run(parser.parse_args(argv))
    except REFUSED as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
