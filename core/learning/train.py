"""Slow learning (paper §3.1): masked conditional training of the starter world. Resumable.

    python -m core.learning.train --data runs/data --out runs/starter --minutes 90
    torchrun --nproc-per-node 2 -m core.learning.train --sources first-person,driving --minutes 90
    python -m core.learning.train --adapter garden.safetensors --sources footage --data runs/footage

Runs on one device or, under torchrun or ``accelerate launch``, on many: each process draws its own
clips and the gradients are averaged. A graphics card is used where there is one. Every few minutes
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

from core.learning.clips import Clips
from core.learning.devices import agreed, join, leave
from core.learning.held_out import HeldOut
from core.learning.journal import Journal
from core.learning.language import BOOKS
from core.learning.mixture import Say
from core.learning.rollouts import PRACTICE, Rollouts
from core.learning.shards import FIRST_PERSON, ShardError
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
        heads=args.dim // 64,
    )
    return assembled(
        args, accelerator, (autoencoder, net, text, depth), args.muon_rate,
        partial(_keep_world, args.out, autoencoder, text, depth),
    )


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
    trainer = Trainer(net.to(device), expectations, args.rate, muon_rate)
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
    seed = args.seed * 1000 + rank + trainer.step * 7919
    clips.seed(seed)
    generator = torch.Generator().manual_seed(seed + 1)
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
    out: Path, autoencoder: nn.Module, text: nn.Module, depth: nn.Module, trainer: Trainer
) -> None:
    save_world(out / "world", autoencoder, trainer.average, text, depth)


#: Raised with a sentence for whoever typed the command.
REFUSED = (FileNotFoundError, MediaError, ShardError, TensorFileError, ValueError, WorldError)


def sources_of(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(n for n in text.split(",") if n))
    unknown = [n for n in names if n not in BOOKS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"there is no source {', '.join(unknown) or 'without a name'}; use {', '.join(BOOKS)}"
        )
    return names


def shares_of(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(x) for x in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas between, not {text!r}") from None


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """What every command that trains the denoiser asks for."""
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--sources", type=sources_of, default=(FIRST_PERSON,),
                        metavar="NAME[,NAME…]",
                        help=f"domains to train on, of {', '.join(BOOKS)} (default: first-person)")
    parser.add_argument("--shares", type=shares_of, metavar="NUMBER[,NUMBER…]",
                        help="how often each of --sources is drawn, in their order (default: the "
                        "square root of its recordings)")
    parser.add_argument("--autoencoder", type=Path, default=Path("runs/autoencoder/autoencoder"))
    parser.add_argument("--text", type=Path, default=Path("runs/text/text_encoder"),
                        help="trained on the words of all --sources (train_text --domains)")
    parser.add_argument("--depth", type=Path, default=Path("runs/depth/depth"))
    parser.add_argument("--out", type=Path, default=Path("runs/starter"))
    parser.add_argument("--batch", type=int, default=8, help="clips a process a step")
    parser.add_argument("--dim", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--muon-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", action="store_true",
                        help="compute on the processor, also where there is a graphics card")
    parser.add_argument("--steps", type=int, metavar="N",
                        help="stop after so many steps, whatever --minutes says")
    parser.add_argument("--log-every", type=int, default=25, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument("--look-walks", type=int, default=16, metavar="N",
                        help="held-out recordings of each domain that are looked at")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m core.learning.train", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_network_options(made)
    made.set_defaults(out=None, rate=None)
    made.add_argument("--minutes", type=float, help="default: 90, for an adapter 20")
    made.add_argument("--look-minutes", type=float, default=8)
    made.add_argument("--from", dest="start", type=Path,
                      help="another run's state.pt to begin with")
    made.add_argument("--roll-outs", type=int, default=0,
                      help="roll-outs kept going by each process, judged once the critic is in")
    made.add_argument("--adversarial-from", type=float,
                      help="share of the time after which a critic joins in (1: never; default: "
                      "0.45, for an adapter never)")
    group = made.add_argument_group(
        "a slow adapter", "--data with its shards must be built with the world's own autoencoder"
    )
    group.add_argument("--adapter", type=Path, metavar="FILE.safetensors",
                       help="train a slow adapter into this file; the run's state, log, curve and "
                       "sheet go to --out (default: a folder beside it)")
    group.add_argument("--world", default="starter",
                       help="what it is for: an installed world, or a world's folder")
    group.add_argument("--rank", type=int, default=16, help="of the adapter (default: %(default)s)")
    return made


def read_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, with the defaults that differ between a world and an adapter filled in."""
    args = parser().parse_args(argv)
    adapter = args.adapter is not None
    if adapter and args.adapter.suffix != ".safetensors":
        parser().error("--adapter names a file that ends in .safetensors")
    if adapter and args.roll_outs:
        parser().error("--roll-outs are for training a world, not an adapter")
    if args.out is None:
        args.out = args.adapter.with_suffix("") if adapter else Path("runs/starter")
    for name, of_world, of_adapter in (
        ("minutes", 90.0, 20.0), ("rate", 1e-3, 5e-4), ("adversarial_from", 0.45, 1.0),
    ):
        if getattr(args, name) is None:
            setattr(args, name, of_adapter if adapter else of_world)
    return args


def main(argv: list[str] | None = None) -> None:
    args = read_arguments(argv)
    try:
        train(args)
    except REFUSED as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
