"""Fine-tuning a world on a person's own footage: a slow adapter learns, the world stays."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from core.learning.devices import join
from core.learning.language import BOOKS
from core.learning.trainer import Trainer
from core.worlds.catalogue import WorldError, find_world, load_world, read_entry
from core.worlds.slow_adapter import SlowAdapter, save_slow_adapter
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.world import StarterWorld

if TYPE_CHECKING:
    from core.learning.train import Parts

NAME = "slow"


def put_in(net: StarterDenoiser, rank: int) -> None:
    """A LoRA that adds nothing yet on every linear layer of the blocks; it alone takes gradients.
    Its start is drawn from torch's own generator."""
    from peft import LoraConfig, inject_adapter_in_model

    layers = [
        name for name, module in net.named_modules()
        if name.startswith("blocks.") and isinstance(module, nn.Linear)
    ]
    config = LoraConfig(
        r=rank, lora_alpha=rank, target_modules=layers, lora_dropout=0.0, bias="none"
    )
    inject_adapter_in_model(config, net, adapter_name=NAME)


def weights_of(net: nn.Module) -> dict[str, np.ndarray]:
    """What ``put_in`` put in, as a slow adapter's file names it."""
    return {
        f"{name}.{half}.weight": getattr(layer, half)[NAME].weight.detach().float().cpu().numpy()
        for name, layer in net.named_modules() if hasattr(layer, "lora_A")
        for half in ("lora_A", "lora_B")
    }


def prepare_adapter(args: argparse.Namespace) -> Parts:
    """As ``train.prepare``: the parts of ``args.world``, with an adapter on its denoiser. Raises
    WorldError, and ValueError where the file is there already and no run goes on."""
    from core.learning.train import assembled

    if args.rank < 1:
        raise ValueError(f"--rank is at least 1, not {args.rank}")
    if args.adapter.exists() and not (args.out / "state.pt").exists():
        raise ValueError(
            f"{args.adapter} is there already, and {args.out} holds no run to go on with. It was "
            "left as it is; name another file."
        )
    accelerator = join(args.cpu, args.threads, args.seed)
    world = _world(args.world)
    heard = set(world.text.config.verbs)
    if deaf := [name for name in args.sources if not heard.issuperset(BOOKS[name].phrases)]:
        accelerator.print(
            f"{world.name} was not taught the words of {', '.join(deaf)}. The adapter learns what "
            "they do, but the studio hears them as the nearest motions that this world knows.",
            flush=True,
        )
    put_in(world.net, args.rank)
    parts = assembled(
        args, accelerator, (world.autoencoder, world.net, world.text, world.depth), None,
        partial(keep_adapter, args, world),
    )
    parts.trainer.of = f"a slow adapter of rank {args.rank} on {world.hash}"
    return parts


def keep_adapter(args: argparse.Namespace, world: StarterWorld, trainer: Trainer) -> None:
    """Write the averaged adapter to ``args.adapter``. Raises TensorFileError."""
    args.adapter.parent.mkdir(parents=True, exist_ok=True)
    save_slow_adapter(args.adapter, SlowAdapter(
        world.id, world.name, world.hash, args.rank, float(args.rank), weights_of(trainer.average),
        {"sources": list(args.sources), "steps": trainer.step},
    ))


def _world(name: str) -> StarterWorld:
    folder = Path(name)
    entry = read_entry(folder) if (folder / "world.json").is_file() else find_world(name)
    world = load_world(entry.folder)
    if not isinstance(world, StarterWorld):
        raise WorldError(f"{entry.name} is of a family that can't be fine-tuned here yet.")
    return world

