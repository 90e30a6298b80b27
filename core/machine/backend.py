"""Which build of torch suits a machine: one plain rule from what the probe found.

The limits are those of torch 2.13's wheels (its release matrix) and of NVIDIA's compatibility
table: CUDA 13.0 needs driver 580 and Turing or newer; CUDA 12.6 runs from driver 525 and knows
Maxwell to Hopper; ROCm 7.2 is built for the targets below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.machine.gpus import Gpu
from core.machine.probe import Machine

BACKENDS = ("cuda", "cuda-older", "rocm", "mps", "cpu")

CUDA_DRIVER, CUDA_OLDER_DRIVER = 580, 525
CUDA_LOWEST = (7, 5)
CUDA_OLDER_RANGE = ((5, 0), (9, 0))
CUDA_OLDER_RANGE_ARM = ((8, 0), (9, 0))
ROCM_TARGETS = frozenset(
    "gfx900 gfx906 gfx908 gfx90a gfx942 gfx950 gfx1030 gfx1100 gfx1101 gfx1102 gfx1150 gfx1151 "
    "gfx1200 gfx1201".split()
)


@dataclass(frozen=True)
class BackendChoice:
    name: str
    reason: str
    advice: str = ""  # what the person could do for a faster one


class NoBackend(Exception):
    """No build of torch exists for this machine."""


def choose_backend(machine: Machine) -> BackendChoice:
    if machine.system == "macos":
        if machine.arch != "arm64":
            raise NoBackend(
                "This is a Mac with an Intel processor. Current torch is built for Apple silicon "
                "only, so the studio cannot run here."
            )
        return BackendChoice("mps", "a Mac with Apple silicon")
    rejected = []
    for gpu in sorted(machine.gpus, key=_strength, reverse=True):
        choice = _for_nvidia(gpu, machine) if gpu.vendor == "nvidia" else _for_amd(gpu, machine)
        if choice.name != "cpu":
            return choice
        rejected.append(choice)
    if rejected:
        return rejected[0]
    notes = "; ".join(machine.notes)
    return BackendChoice("cpu", f"no GPU that torch can use ({notes})" if notes else "no GPU found")


def _strength(gpu: Gpu) -> tuple:
    return (gpu.vendor == "nvidia", gpu.capability or (0, 0), gpu.memory_mb or 0)


def _for_nvidia(gpu: Gpu, machine: Machine) -> BackendChoice:
    driver, capability = _driver_major(gpu.driver), gpu.capability
    if driver is None:
        return BackendChoice("cpu", f"{gpu.name}: its driver's version is unknown ({gpu.driver})")
    seen = f"{gpu.name}, driver {gpu.driver}"
    if driver >= CUDA_DRIVER and (capability is None or capability >= CUDA_LOWEST):
        return BackendChoice("cuda", seen)
    low, high = CUDA_OLDER_RANGE_ARM if machine.arch == "arm64" else CUDA_OLDER_RANGE
    if capability is not None and capability < low:
        return BackendChoice("cpu", f"{gpu.name} is older than current torch supports")
    update = f"update the NVIDIA driver to {CUDA_DRIVER} or newer, then: bootstrap.py repair"
    if capability is not None and capability > high:
        return BackendChoice("cpu", f"{seen}: this GPU needs a newer driver", update)
    if driver < CUDA_OLDER_DRIVER:
        return BackendChoice("cpu", f"{seen}: the driver is older than torch supports", update)
    advice = update if capability is None or capability >= CUDA_LOWEST else ""
    return BackendChoice("cuda-older", seen, advice)


def _driver_major(driver: str | None) -> int | None:
    match = re.match(r"(\d+)", driver or "")
    return int(match[1]) if match else None


def _for_amd(gpu: Gpu, machine: Machine) -> BackendChoice:
    if machine.system != "linux" or machine.arch != "x86_64":
        return BackendChoice("cpu", f"{gpu.name}: torch's ROCm build is for Linux on x86-64")
    if gpu.arch not in ROCM_TARGETS:
        return BackendChoice("cpu", f"{gpu.name} is not among the targets of torch's ROCm build")
    blocked = [note for note in machine.notes if "/dev/kfd" in note]
    if blocked:
        return BackendChoice("rocm", gpu.name, blocked[0])
    return BackendChoice("rocm", gpu.name)


def backend_of_build(version: str) -> str:
    """From torch's version, "2.13.0+cu126", to the backend whose requirement set gives it."""
    local = version.partition("+")[2]
    if local.startswith("cu") and local[2:].isdigit():
        return "cuda" if int(local[2:]) >= 130 else "cuda-older"
    if local.startswith("rocm"):
        return "rocm"
    return "cpu"
