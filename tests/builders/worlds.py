"""The world that benchmarks use: the shipped one where it is there, else a small random one."""

from __future__ import annotations

from pathlib import Path

from core.worlds.catalogue import RESOURCES


def benchmark_world(folder: Path) -> tuple[Path, str]:
    """(folder of the world, what to call it in the report)."""
    starter = RESOURCES / "worlds" / "starter"
    if (starter / "world.json").is_file() and any(starter.rglob("*.safetensors")):
        return starter, "starter"
    from tests.builders.tiny_world import build_tiny_world

    # The starter world's own size, random weights: times and memory do not depend on the values.
    build_tiny_world(folder / "world", size=128, dim=256, layers=6, width=64, heads=4)
    return folder / "world", "random weights at the starter world's size"
