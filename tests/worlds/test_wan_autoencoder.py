"""Decoding chunk by chunk with what the decoder saw before, and without."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.rollout.request import LEAD
from core.worlds import wan_autoencoder
from core.worlds.catalogue import load_world

NEW = 3


@pytest.fixture(scope="module", params=["wan", "skyreels"])
def loaded(request, tiny_checkpoint):
    return load_world(tiny_checkpoint(request.param))


@pytest.fixture
def world(loaded):
    loaded._vae._states.clear()
    return loaded


def film(world, frames: int) -> torch.Tensor:
    g = world.geometry
    shape = (frames, g.channels, g.latent_height, g.latent_width)
    return torch.randn(shape, generator=torch.Generator().manual_seed(4))


def chunk(world, z: torch.Tensor, start: int) -> np.ndarray:
    """The pictures of the chunk that begins at latent frame ``start``."""
    return world.decode(z[start : start + NEW], z[max(0, start - LEAD) : start])


def test_chunks_in_a_row_are_the_film_in_one_piece(world):
    """Farther than the frames that are given, where decoding them again would differ."""
    count = 2 + -(-LEAD // NEW)
    z = film(world, 1 + count * NEW)
    whole = world.decode(z)[1:].astype(int)
    made = np.concatenate([chunk(world, z, 1 + i * NEW) for i in range(count)])
    assert np.abs(made - whole).max() <= 1  # float32 in other orders of summation, then rounding
    assert (made == whole).mean() > 0.999


def test_only_new_frames_are_decoded(world, monkeypatch):
    z = film(world, 1 + 3 * NEW)
    decoder, calls = world._vae.vae.decoder.forward, []
    monkeypatch.setattr(
        world._vae.vae.decoder, "forward", lambda *a, **k: calls.append(1) or decoder(*a, **k)
    )
    for i, wanted in enumerate((1 + NEW, NEW, NEW)):
        calls.clear()
        chunk(world, z, 1 + i * NEW)
        assert len(calls) == wanted


def test_a_chunk_made_again_has_the_same_pictures(world):
    z = film(world, 1 + 3 * NEW)
    first, second = (chunk(world, z, 1 + i * NEW) for i in range(2))
    world.decode(z[4:5])  # a preview in between
    assert np.array_equal(second, chunk(world, z, 1 + NEW))
    other = z.clone()
    other[1 + NEW :] += 0.5
    changed = chunk(world, other, 1 + NEW)
    assert not np.array_equal(second, changed)
    assert np.array_equal(chunk(world, z, 1), first)  # from before anything that is kept


def test_another_past_is_not_taken_for_the_one_that_is_kept(world):
    z = film(world, 1 + 2 * NEW)
    chunk(world, z, 1)
    other = z.clone()
    other[NEW] += 0.5  # the last frame before the second chunk
    made = chunk(world, other, 1 + NEW)
    assert np.abs(made.astype(int) - world.decode(other)[1 + NEW * 4 :]).max() <= 1


def test_without_room_nothing_is_kept(world, monkeypatch):
    monkeypatch.setattr(wan_autoencoder, "_ROOM", 1)
    z = film(world, 1 + 2 * NEW)
    chunk(world, z, 1)
    assert not world._vae._states
    made = chunk(world, z, 1 + NEW)
    assert np.abs(made.astype(int) - world.decode(z)[1 + NEW * 4 :]).max() <= 1
    monkeypatch.undo()
    for i in (0, 1, 0, 1):
        chunk(world, z, 1 + i * NEW)
    assert len(world._vae._states) == 2
