"""The graphics processors of this machine, found without torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Vendor = Literal["nvidia", "amd", "apple"]

KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
KFD_DEVICE = Path("/dev/kfd")

# nvidia-smi is not always on PATH: WSL and Windows keep it elsewhere.
NVIDIA_SMI_PLACES = (
    "/usr/lib/wsl/lib/nvidia-smi",
    r"C:\Windows\System32\nvidia-smi.exe",
    r"C:\Program Files\NVIDIA Corporation\NVSMI\nvidia-smi.exe",
)


@dataclass(frozen=True)
class Gpu:
    vendor: Vendor
    name: str
    memory_mb: int | None = None
    driver: str | None = None
    capability: tuple[int, int] | None = None  # NVIDIA's compute capability
    arch: str | None = None  # AMD's target, "gfx1100"

    def describe(self) -> str:
        parts = [self.name]
        if self.memory_mb:
            parts.append(f"{self.memory_mb / 1024:.0f} GB")
        if self.capability:
            parts.append("compute {}.{}".format(*self.capability))
        if self.arch and self.arch not in self.name:
            parts.append(self.arch)
        if self.driver:
            parts.append(f"driver {self.driver}")
        return ", ".join(parts)


@dataclass(frozen=True)
class GpuSearch:
    """What was found, and what went wrong while looking (a driver that does not answer, …)."""

    gpus: tuple[Gpu, ...] = ()
    notes: tuple[str, ...] = ()


def find_gpus() -> GpuSearch:
    if sys.platform == "darwin":
        return _apple()
    found = [_nvidia()]
    if sys.platform == "linux":
        found.append(_amd())
    return GpuSearch(
        tuple(gpu for search in found for gpu in search.gpus),
        tuple(note for search in found for note in search.notes),
    )


def _nvidia() -> GpuSearch:
    tool = shutil.which("nvidia-smi")
    tool = tool or next((place for place in NVIDIA_SMI_PLACES if os.path.exists(place)), None)
    if tool is None:
        return GpuSearch()
    said = ""
    # compute_cap is unknown to old versions of the tool: ask again without it.
    for fields in (
        "name,memory.total,driver_version,compute_cap",
        "name,memory.total,driver_version",
    ):
        ok, said = _output([tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"])
        if ok:
            return GpuSearch(parse_nvidia_smi(said))
    reason = said.strip().splitlines()[-1] if said.strip() else "it did not answer"
    return GpuSearch(notes=(f"nvidia-smi is here but failed: {reason}",))


def parse_nvidia_smi(text: str) -> tuple[Gpu, ...]:
    """Lines such as "NVIDIA GeForce RTX 4090, 24564, 580.65.06, 8.9"."""
    gpus = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 3 or not fields[0]:
            continue
        capability = None
        if len(fields) > 3:
            major, _, minor = fields[3].partition(".")
            if major.isdigit() and minor.isdigit():
                capability = (int(major), int(minor))
        memory = int(fields[1]) if fields[1].isdigit() else None
        gpus.append(Gpu("nvidia", fields[0], memory, fields[2], capability))
    return tuple(gpus)


def _amd() -> GpuSearch:
    if not KFD_NODES.is_dir():
        return GpuSearch()
    gpus = []
    for node in sorted(KFD_NODES.iterdir()):
        try:
            properties = (node / "properties").read_text()
            banks = [bank.read_text() for bank in node.glob("mem_banks/*/properties")]
        except OSError:
            continue
        gpu = parse_kfd_node(properties, banks)
        if gpu:
            gpus.append(gpu)
    notes = ()
    if gpus and not os.access(KFD_DEVICE, os.R_OK | os.W_OK):
        notes = (
            f"an AMD GPU is here but {KFD_DEVICE} may not be opened: "
            "add yourself to the groups render and video, then log in again",
        )
    return GpuSearch(tuple(gpus), notes)


def parse_kfd_node(properties: str, banks: list[str]) -> Gpu | None:
    """One node of the kernel's list; processors without compute units give None."""
    values = _numbers(properties)
    version = values.get("gfx_target_version", 0)
    if not version or not values.get("simd_count"):
        return None
    major, minor, step = version // 10000, version // 100 % 100, version % 100
    arch = f"gfx{major}{minor:x}{step:x}"
    memory = sum(_numbers(bank).get("size_in_bytes", 0) for bank in banks)
    return Gpu("amd", f"AMD {arch}", memory // 2**20 or None, arch=arch)


def _numbers(text: str) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    return {p[0]: int(p[1]) for p in pairs if len(p) == 2 and p[1].isdigit()}


def _apple() -> GpuSearch:
    if platform.machine() != "arm64":
        return GpuSearch()
    _, chip = _output(["sysctl", "-n", "machdep.cpu.brand_string"])
    _, memory = _output(["sysctl", "-n", "hw.memsize"])
    memory_mb = int(memory) // 2**20 if memory.strip().isdigit() else None
    return GpuSearch((Gpu("apple", chip.strip() or "Apple silicon", memory_mb),))


def _output(command: list[str]) -> tuple[bool, str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stdout + done.stderr
