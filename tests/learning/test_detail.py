"""Convolutions after the blocks: begun as nothing, and blind to where one token ends."""

from __future__ import annotations

import pytest
import torch

from core.learning.trainer import Trainer
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import EXPECTED_FACTS, Condition, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.detail import HANDED_ON, Detail
from core.worlds.starter.expectation import Expectations


def trainer(detail: int) -> Trainer:
    torch.manual_seed(1)
    net = StarterDenoiser(
        latent_channels=4, dim=64, layers=2, heads=2, text_features=32, detail=detail
    )
    for name, p in net.named_parameters():  # past the zeros that a network begins with
        if not name.startswith("detail_out"):
            torch.nn.init.normal_(p, std=0.05)
    parts = StarterAutoencoder(latent_channels=4, width=8), StarterDepth(4, 8)
    return Trainer(net, Expectations(*parts, 75.0), 1e-3, 1e-3)


@pytest.fixture
def asked() -> tuple[torch.Tensor, torch.Tensor, Condition]:
    """A window of 3 + 2 frames of one walk."""
    g = torch.Generator().manual_seed(3)
    condition = Condition(
        torch.randn(1, 5, 32, generator=g), torch.zeros(1, 32), torch.zeros(1, 5, 3),
        torch.arange(-2.0, 3.0)[None], 2,
    )
    return torch.randn(1, 4, 5, 16, 16, generator=g), torch.full((1, 5), 0.5), condition


@torch.no_grad()
def test_a_network_without_grows_into_one_with(asked) -> None:
    before, after = trainer(0), trainer(16)
    after.restore(before.state())
    assert torch.equal(after.net(*asked), before.net(*asked))
    assert torch.equal(after.average(*asked), before.average(*asked))
    torch.nn.init.ones_(after.net.detail_out.way_out.bias)
    torch.testing.assert_close(after.net(*asked), before.net(*asked) + 1)


def test_what_is_new_goes_on_from_its_own_state() -> None:
    one, again = trainer(16), trainer(16)
    torch.nn.init.ones_(one.net.detail_out.way_out.bias)
    again.restore(one.state())
    assert again.net.detail_out.way_out.bias.eq(1).all()


@torch.no_grad()
def test_a_seam_between_tokens_is_no_border() -> None:
    torch.manual_seed(0)
    part = Detail(dim=8, seen=8 + EXPECTED_FACTS, channels=4, patch=2, width=8)
    torch.nn.init.normal_(part.way_out.weight)
    seen, told = torch.randn(1, 8 + EXPECTED_FACTS, 2, 8, 8), torch.randn(1, HANDED_ON, 2, 8, 8)
    before = part(seen, told, torch.randn(1, 2, 8).fill_(1.0))
    assert before.shape == (1, 4, 2, 8, 8)
    seen[:, :, 0, 4, 4] += 1  # the first place of a token
    change = (part(seen, told, torch.ones(1, 2, 8)) - before).abs().sum(1)[0]
    assert change[0, 3, 3] > 0  # the last place of another
    assert not change[1].any()  # and not another frame
