"""What this machine has: system, processor, memory, disk, graphics, display."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from core.machine.gpus import Gpu, find_gpus

System = str  # "linux", "macos", "windows" or sys.platform's own word


@dataclass(frozen=True)
class Machine:
    system: System
    arch: str  # "x86_64" or "arm64", one spelling for all systems
    release: str
    processor: str
    cores: int
    ram_mb: int | None
    ram_free_mb: int | None
    gpus: tuple[Gpu, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json_dict(self) -> dict:
        return asdict(self)


def probe_machine() -> Machine:
    total, free = memory_mb()
    search = find_gpus()
    return Machine(
        system=system_name(),
        arch=arch_name(platform.machine()),
        release=_release(),
        processor=_processor(),
        cores=core_count(),
        ram_mb=total,
        ram_free_mb=free,
        gpus=search.gpus,
        notes=search.notes,
    )


def system_name() -> System:
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)


def arch_name(machine: str) -> str:
    lower = machine.lower()
    return {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}.get(lower, lower)


def core_count() -> int:
    """The cores that this process may use, which in a container are fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_mb() -> tuple[int | None, int | None]:
    """Total and available, in MiB; None where the system does not say."""
    if sys.platform == "linux":
        return _linux_memory()
    if sys.platform == "win32":
        return _windows_memory()
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None, None
    return total // 2**20, None


def _linux_memory() -> tuple[int | None, int | None]:
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return None, None
    found = {key: int(kib) // 1024 for key, kib in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    total, free = found.get("MemTotal"), found.get("MemAvailable")
    try:  # a container's own limit
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return total, free
    if limit.isdigit() and total is not None and int(limit) // 2**20 < total:
        total = int(limit) // 2**20
        free = min(free or total, max(0, int(limit) - used) // 2**20)
    return total, free


class _MemoryStatus(ctypes.Structure):
    _fields_ = [
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("total", "free", "p1", "p2", "v1", "v2", "v3")),
    ]


def _windows_memory() -> tuple[int | None, int | None]:
    status = _MemoryStatus()
    status.length = ctypes.sizeof(status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None, None
    return status.total // 2**20, status.free // 2**20


def disk_free_mb(path: Path) -> int:
    """Free space where `path` is, or would be."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free // 2**20


def _release() -> str:
    if sys.platform == "linux":
        try:
            return platform.freedesktop_os_release().get("PRETTY_NAME", platform.release())
        except OSError:
            return platform.release()
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return f"{platform.system()} {platform.release()}"


def _processor() -> str:
    if sys.platform == "linux":
        try:
            text = Path("/proc/cpuinfo").read_text(errors="replace")
        except OSError:
            text = ""
        names = re.findall(r"^model name\s*:\s*(.+)$", text, re.M)
        return names[0].strip() if names else platform.machine()
    if sys.platform == "darwin":
        try:
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            return platform.machine()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Display:
    """Where a window would appear, or why none can."""

    available: bool
    detail: str
    kind: str = ""  # "x11", "wayland", "native" or what QT_QPA_PLATFORM says


def find_display(env: dict[str, str] | None = None) -> Display:
    env = dict(os.environ) if env is None else env
    chosen = env.get("QT_QPA_PLATFORM", "").split(":")[0]
    if chosen and chosen not in ("xcb", "wayland"):
        return Display(True, f"QT_QPA_PLATFORM={chosen}", chosen)
    if sys.platform != "linux":
        return Display(True, "the desktop", "native")
    if env.get("WAYLAND_DISPLAY"):
        return Display(True, f"Wayland, {env['WAYLAND_DISPLAY']}", "wayland")
    name = env.get("DISPLAY", "")
    if not name:
        return Display(False, "neither DISPLAY nor WAYLAND_DISPLAY is set")
    if not _x_server_answers(name):
        return Display(False, f"DISPLAY={name} is set but no X server answers there")
    return Display(True, f"X11, {name}", "x11")


def _x_server_answers(name: str) -> bool:
    match = re.fullmatch(r"(unix|localhost|)/?(?:unix)?:(\d+)(?:\.\d+)?", name)
    if not match:
        return True  # another host: let Qt try
    host, number = match[1], int(match[2])
    if host == "localhost":  # ssh -X
        return _connects(socket.AF_INET, ("127.0.0.1", 6000 + number))
    path = f"/tmp/.X11-unix/X{number}"
    return _connects(socket.AF_UNIX, path) or _connects(socket.AF_UNIX, "\0" + path)


def _connects(family: int, address: tuple[str, int] | str) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(2)
        try:
            link.connect(address)
        except OSError:
            return False
    return True
