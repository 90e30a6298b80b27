"""Tiny checkpoints of each family, built once for all tests here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> Callable[[str], Path]:
    """Folder of the family's checkpoint; tests leave it as it is."""
    import torch

    from tests.worlds import tiny

    @cache
    def build(family: str) -> Path:
        with torch.random.fork_rng(devices=[]):
            return tiny.BUILDERS[family](tmp_path_factory.mktemp("checkpoints") / family)

    return build
