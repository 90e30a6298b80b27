"""Where frames stand in time, and that Wan's own embedding gives the same for frames in a row."""

from __future__ import annotations

import pytest
import torch

from core.worlds.positions import PlacedRope, positions


@pytest.mark.parametrize(
    "times, stride, horizon, found",
    [
        ([0, 4, 8, 12], 4, 31, (0, 1, 2, 3)),
        ([0], 4, 31, (0,)),
        ([7, 8, 9], 1, 31, (0, 1, 2)),
        ([3, 11, 19], 8, 31, (0, 1, 2)),  # the first codes one picture, the others eight
        ([0, 40, 44, 48], 4, 31, (0, 10, 11, 12)),  # the start, ten latent frames before
        ([0, 4000, 4004, 4008], 4, 31, (0, 28, 29, 30)),  # no farther than it was trained to see
        ([-900_000, 0, 4000, 4004], 4, 8, (0, 1, 6, 7)),  # and each at a place of its own
        ([0, 100, 104, 108], 4, 3, (0, 1, 2, 3)),  # a window longer than that: in a row
        ([5, 5, 6], 1, 9, (1, 0, 2)),
    ],
)
def test_frames_stand_at_their_time(times, stride, horizon, found):
    assert positions(times, stride, horizon) == found


def test_the_embedding_places_frames(tmp_path):
    from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed

    rope = WanRotaryPosEmbed(12, (1, 2, 2), 64)
    placed, z = PlacedRope(rope), torch.zeros(1, 8, 3, 4, 6)
    stock = rope(z)
    placed.at = (0, 1, 2)
    assert all(torch.equal(a, b) for a, b in zip(stock, placed(z)))
    placed.at = (0, 5, 6)
    long = [t.unflatten(1, (7, -1)) for t in rope(torch.zeros(1, 8, 7, 4, 6))]
    for a, b in zip(long, placed(z)):
        assert torch.equal(a[:, [0, 5, 6]].flatten(1, 2), b) and b.shape == stock[0].shape
    placed.at = (0, 1)
    with pytest.raises(ValueError, match="2 positions for 3 frames"):
        placed(z)


def test_a_frame_from_long_ago_is_seen_from_afar(tiny_checkpoint):
    """The same frames in a window, once in a row and once with the first one long before."""
    from core.worlds.catalogue import load_world
    from core.worlds.protocol import Address

    for family in ("wan", "skyreels", "ltx"):
        world = load_world(tiny_checkpoint(family))
        g = world.geometry
        z = torch.randn(1, g.channels, 4, g.latent_height, g.latent_width)
        u = torch.tensor([[0.0, 0.0, 0.7, 0.7]])
        row = [Address(i * g.t_stride) for i in range(4)]
        far = [row[0], *(Address(a.time + 3 * g.t_stride) for a in row[1:])]
        with torch.no_grad():
            near, away, again = (
                world.forward(z, u, world.condition(walk, 1, None, None))
                for walk in (row, far, row)
            )
        assert torch.equal(near, again) and not torch.allclose(near, away, atol=1e-4), family
