"""Linux system packages: bring what Qt lacks if we may, else print the one command that does."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core.machine.libraries import Missing, install_command, missing_libraries, package_manager
from installers.failure import SetupFailure

# The oldest C library that the wheels of PySide6 6.11 run with.
GLIBC_NEEDED = {"x86_64": (2, 34), "aarch64": (2, 39)}
LONGEST_IN_VENV = 190  # characters of the deepest file below the repository's folder


def check_system(root: Path) -> None:
    """What no installation can mend is told before anything is downloaded."""
    if sys.maxsize < 2**32:
        raise SetupFailure("This is a 32-bit Python. torch and Qt need a 64-bit one.")
    if sys.platform == "linux":
        library, version = platform.libc_ver()
        need = GLIBC_NEEDED.get(platform.machine())
        if library != "glibc":
            raise SetupFailure(
                "This Linux does not use glibc (Alpine, for one). Qt and torch are built for "
                "glibc: use Debian, Ubuntu, Fedora, Arch, openSUSE or a container of those."
            )
        if need and tuple(int(p) for p in version.split(".")[:2]) < need:
            raise SetupFailure(
                f"This Linux has glibc {version}; Qt's build for {platform.machine()} needs "
                f"{need[0]}.{need[1]} or newer (Debian 12, Ubuntu 22.04, Fedora 35 and later)."
            )
    if sys.platform == "win32" and len(str(root)) + LONGEST_IN_VENV > 259 and not _long_paths():
        raise SetupFailure(
            f"The folder {root} is too deep: Windows allows 260 characters a path and torch's "
            "files would pass that. Move the project to a short folder such as C:\\SlowFast, or "
            "turn long paths on (as administrator):\n"
            "  reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem "
            "/v LongPathsEnabled /t REG_DWORD /d 1 /f"
        )


def _long_paths() -> bool:
    import winreg

    key = r"SYSTEM\CurrentControlSet\Control\FileSystem"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as handle:
            return bool(winreg.QueryValueEx(handle, "LongPathsEnabled")[0])
    except OSError:
        return False


def supply(display: str, log: Path, show: Callable[[str], None], may_install: bool) -> str | None:
    """None when all is here; else what to tell the person at the end."""
    missing = missing_libraries(display)
    if not missing:
        return None
    manager, root = package_manager(), _is_root()
    command = install_command(missing, manager, sudo=not root)
    if command and may_install and (root or _sudo_without_password()):
        show(f"installing {', '.join(missing.packages(manager))}")
        ok = _run(command, log)
        if not ok and manager == "apt-get":  # an image without package lists
            show("reading the lists of packages")
            ok = _run([*(["sudo"] if not root else []), "apt-get", "update"], log) and _run(
                command, log
            )
        missing = missing_libraries(display)
        if not missing:
            return None
    return advice(missing, install_command(missing, manager, sudo=not root))


def advice(missing: Missing, command: list[str] | None) -> str:
    lacking = f"Qt needs from the system what is not here: {', '.join(missing.names())}."
    if command is None:
        return f"{lacking}\nInstall them with your system's package manager, then run this again."
    return f"{lacking}\nOne command brings it; then run this again:\n  {shlex.join(command)}"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _sudo_without_password() -> bool:
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


def _run(command: list[str], log: Path) -> bool:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with open(log, "a", encoding="utf-8") as out:
        out.write(f"\n$ {shlex.join(command)}\n")
        out.flush()
        try:
            return (
                subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env
                ).returncode
                == 0
            )
        except OSError as error:
            out.write(f"{error}\n")
            return False
