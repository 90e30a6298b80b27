"""The devices of a training run, one or many, through Hugging Face Accelerate."""

from __future__ import annotations

import os

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, set_seed

from core.machine.heap import kept


def join(cpu: bool, threads: int, seed: int) -> Accelerator:
    """This process's place among those of the run, its device, and the seed that all share.

    A graphics card where there is one, unless ``cpu``; else the processor, also with several
    processes. Weights and averages stay float32: the working copy in bfloat16 is the trainer's own.
    Raises ValueError where the processes could not find each other.
    """
    kept()
    # Accelerate joins processes on the processor only where it is told so.
    accelerator = Accelerator(cpu=cpu or not torch.cuda.is_available(), mixed_precision="no")
    wanted = int(os.environ.get("WORLD_SIZE", 1))
    if accelerator.num_processes != wanted:
        raise ValueError(
            f"{wanted} processes were started, but this one is one of {accelerator.num_processes}. "
            "Start them with torchrun, each on a device of its own."
        )
    torch.set_num_threads(threads)
    set_seed(seed)
    return accelerator


def agreed(accelerator: Accelerator, share: float) -> float:
    """The main process's ``share``: all must agree on when to stop, so its clock decides."""
    if accelerator.num_processes == 1:
        return share
    return float(broadcast(torch.tensor([share], device=accelerator.device)))


def leave(accelerator: Accelerator) -> None:
    """Wait for the others, then part."""
    accelerator.wait_for_everyone()
    accelerator.end_training()
