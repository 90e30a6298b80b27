"""The system libraries and fonts that Qt and OpenCV load on Linux, and the packages with them."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Library:
    soname: str
    packages: tuple[str, str, str, str]  # for apt, dnf, pacman, zypper


MANAGERS = ("apt-get", "dnf", "pacman", "zypper")

# Needed to import Qt's widgets and OpenCV at all, also without a display.
CORE_LIBRARIES = (
    Library("libGL.so.1", ("libgl1", "libglvnd-glx", "libglvnd", "libglvnd")),
    Library("libEGL.so.1", ("libegl1", "libglvnd-egl", "libglvnd", "libglvnd")),
    Library("libfontconfig.so.1", ("libfontconfig1", "fontconfig", "fontconfig", "fontconfig")),
    Library("libglib-2.0.so.0", ("libglib2.0-0", "glib2", "glib2", "libglib-2_0-0")),
    Library("libdbus-1.so.3", ("libdbus-1-3", "dbus-libs", "dbus", "libdbus-1-3")),
    Library("libxkbcommon.so.0", ("libxkbcommon0", "libxkbcommon", "libxkbcommon", "libxkbcommon0")),
)

# Needed by Qt's xcb plugin: a window on X11.
X11_LIBRARIES = (
    Library("libxcb-cursor.so.0", ("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor", "libxcb-cursor0")),
    Library("libxcb-icccm.so.4", ("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm", "libxcb-icccm4")),
    Library("libxcb-keysyms.so.1", ("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms", "libxcb-keysyms1")),
    Library("libxcb-shape.so.0", ("libxcb-shape0", "libxcb", "libxcb", "libxcb-shape0")),
    Library("libxcb-xkb.so.1", ("libxcb-xkb1", "libxcb", "libxcb", "libxcb-xkb1")),
    Library("libxkbcommon-x11.so.0", ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11", "libxkbcommon-x11-0")),
)

WAYLAND_LIBRARIES = (
    Library("libwayland-client.so.0", ("libwayland-client0", "libwayland-client", "wayland", "libwayland-client0")),
    Library("libwayland-cursor.so.0", ("libwayland-cursor0", "libwayland-cursor", "wayland", "libwayland-cursor0")),
    Library("libwayland-egl.so.1", ("libwayland-egl1", "libwayland-egl", "wayland", "libwayland-egl1")),
)

FONT_PACKAGES = ("fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu", "dejavu-fonts")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
FONT_SUFFIXES = (".ttf", ".otf", ".ttc", ".pfb")

INSTALL_COMMANDS = {
    "apt-get": ("apt-get", "install", "-y", "--no-install-recommends"),
    "dnf": ("dnf", "install", "-y"),
    "pacman": ("pacman", "-S", "--noconfirm", "--needed"),
    "zypper": ("zypper", "--non-interactive", "install"),
}


@dataclass(frozen=True)
class Missing:
    libraries: tuple[Library, ...] = ()
    fonts: bool = False

    def __bool__(self) -> bool:
        return bool(self.libraries) or self.fonts

    def names(self) -> list[str]:
        return [lib.soname for lib in self.libraries] + (["a font"] if self.fonts else [])

    def packages(self, manager: str) -> list[str]:
        index = MANAGERS.index(manager)
        wanted = [lib.packages[index] for lib in self.libraries]
        if self.fonts:
            wanted.append(FONT_PACKAGES[index])
        return list(dict.fromkeys(wanted))


def missing_libraries(display: str = "") -> Missing:
    """What is not here; `display` is "x11", "wayland" or "" for no window."""
    if sys.platform != "linux":
        return Missing()
    wanted = CORE_LIBRARIES
    if display in ("x11", "wayland"):
        wanted += X11_LIBRARIES  # under Wayland Qt falls back to XWayland
    if display == "wayland":
        wanted += WAYLAND_LIBRARIES
    return Missing(absent(wanted, can_load), not any_font(FONT_FOLDERS))


def absent(wanted: Iterable[Library], loads: Callable[[str], bool]) -> tuple[Library, ...]:
    return tuple(library for library in wanted if not loads(library.soname))


def can_load(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def any_font(folders: Iterable[str]) -> bool:
    """Without a single font every letter in the window is a box."""
    for folder in folders:
        for _, _, files in os.walk(Path(folder).expanduser()):
            if any(name.lower().endswith(FONT_SUFFIXES) for name in files):
                return True
    return False


def package_manager() -> str | None:
    return next((name for name in MANAGERS if shutil.which(name)), None)


def install_command(missing: Missing, manager: str | None, sudo: bool) -> list[str] | None:
    """The one command that brings what is missing; None where the system is unknown to us."""
    if manager is None:
        return None
    prefix = ["sudo"] if sudo else []
    return [*prefix, *INSTALL_COMMANDS[manager], *missing.packages(manager)]
