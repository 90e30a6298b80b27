"""Latents on disk."""

from __future__ import annotations

import pytest
import torch

from core.memory.tensors import TensorFileError, write_arrays
from core.rollout.latents import load_latents, read_latents, save_latents
from core.worlds.protocol import Address


def test_they_come_back_bit_for_bit(tmp_path):
    z = torch.randn(8, 12, 8, 8)
    addresses = [Address(i + 4, (i / 3, -i / 7, 0.1) if i else None) for i in range(8)]
    save_latents(tmp_path / "z.safetensors", z, addresses, "hash")
    frames = load_latents(tmp_path / "z.safetensors", 0, 3)
    assert torch.equal(torch.stack([f.z for f in frames]), z[:3])
    assert [f.address for f in frames] == addresses[:3]
    assert len(read_latents(tmp_path / "z.safetensors")) == 8


@pytest.mark.parametrize(("start", "stop"), [(0, 9), (3, 3), (-1, 2), (5, 4)])
def test_frames_that_are_not_there_are_refused(tmp_path, start, stop):
    addresses = [Address(i) for i in range(8)]
    save_latents(tmp_path / "z.safetensors", torch.zeros(8, 1, 2, 2), addresses)
    with pytest.raises(TensorFileError, match="frames 0 to 8"):
        load_latents(tmp_path / "z.safetensors", start, stop)


def test_another_file_is_refused(tmp_path):
    write_arrays(tmp_path / "x.safetensors", {"z": torch.zeros(1, 1, 1, 1).numpy()}, {})
    with pytest.raises(TensorFileError, match="does not hold"):
        read_latents(tmp_path / "x.safetensors")
