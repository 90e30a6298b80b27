"""The versions this release was made with, from installers/requirements, and those installed."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "installers" / "requirements"
BASE, TESTS = FOLDER / "base.txt", FOLDER / "tests.txt"


def normal_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(path: Path) -> dict[str, str]:
    """name → version of the plain pins in one file, less those marked for another system."""
    pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        name, equals, rest = line.partition("==")
        version, _, marker = rest.partition(";")
        if equals and not marker:
            pins[normal_name(name.strip())] = version.strip()
    return pins


def installed_versions() -> dict[str, str]:
    return {
        normal_name(dist.metadata["Name"] or ""): dist.version
        for dist in importlib.metadata.distributions()
    }
