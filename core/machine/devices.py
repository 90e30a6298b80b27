"""What the installed torch can compute on. The one place here that imports torch, when asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    name: str  # "cuda:0"
    title: str
    memory_gb: float | None
    problem: str = ""  # why it cannot be used after all


@dataclass(frozen=True)
class TorchBuild:
    version: str
    threads: int
    devices: tuple[Device, ...]  # those beside the processor


@dataclass(frozen=True)
class NoTorch:
    reason: str


def installed_torch() -> TorchBuild | NoTorch:
    try:
        import torch
    except Exception as error:  # a damaged build raises anything: OSError, RuntimeError, …
        return NoTorch(f"{type(error).__name__}: {error}")
    devices = []
    if torch.cuda.is_available():  # ROCm answers here too
        for index in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(index)
            name = f"cuda:{index}"
            devices.append(Device(name, facts.name, facts.total_memory / 2**30, _try(name)))
    mps = getattr(torch.backends, "mps", None)
    if mps is not None and mps.is_available():
        memory = torch.mps.recommended_max_memory() / 2**30
        devices.append(Device("mps", "Apple GPU", memory, _try("mps")))
    return TorchBuild(torch.__version__, torch.get_num_threads(), tuple(devices))


def _try(device: str) -> str:
    """A build may list a GPU for which it has no code: only computing shows."""
    import torch

    try:
        value = torch.ones(8, 8, device=device)
        return "" if float((value @ value).sum()) == 512.0 else "it computes wrong results"
    except RuntimeError as error:
        return str(error).splitlines()[0]
