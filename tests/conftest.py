"""Shared fixtures. Real parts only: the tiny world is a real world, with few and random weights."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# One thread and fixed kernels, in this process and in those that tests start: bits are compared.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
if sys.platform.startswith("linux") and not (
    os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def tiny_world_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter world of 64×64 with random weights; ``load_world`` loads it in well under 1 s."""
    from tests.builders.tiny_world import build_tiny_world

    return build_tiny_world(tmp_path_factory.mktemp("worlds") / "tiny", seed=7)


@pytest.fixture(scope="session")
def other_world_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another world of the same shape: memories of one must not be used with the other."""
    from tests.builders.tiny_world import build_tiny_world

    return build_tiny_world(tmp_path_factory.mktemp("worlds") / "other", seed=8)


@pytest.fixture(scope="session")
def tiny_world(tiny_world_dir: Path):
    """The tiny world, loaded. Tests leave its weights as they are."""
    from core.worlds.catalogue import load_world

    return load_world(tiny_world_dir)
