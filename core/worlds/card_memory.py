"""What is free on a CUDA card, for this process."""

from __future__ import annotations

import torch


def free_on(device: torch.device) -> int:
    """Bytes that can be had: what the driver calls free, and what torch holds and does not use."""
    free, _ = torch.cuda.mem_get_info(device)
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + held
