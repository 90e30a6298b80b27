"""Words that each place may ask about, and a loss that looks where something moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.learning.trainer import Trainer, weighed
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import Condition, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations


def network(words: int) -> StarterDenoiser:
    torch.manual_seed(1)
    made = StarterDenoiser(
        latent_channels=4, dim=64, layers=2, heads=2, text_features=32, words=words
    )
    for p in made.parameters():  # past the zeros that it begins with
        torch.nn.init.normal_(p, std=0.05)
    return made


def trainer(words: int) -> Trainer:
    torch.manual_seed(0)
    parts = StarterAutoencoder(latent_channels=4, width=8), StarterDepth(4, 8)
    return Trainer(network(words), Expectations(*parts, 75.0), 1e-3, 1e-3)


@pytest.fixture
def asked() -> tuple[torch.Tensor, torch.Tensor, Condition]:
    """A window of 3 + 2 frames of one walk, and an action for the new ones."""
    g = torch.Generator().manual_seed(3)
    action = torch.zeros(1, 5, 32)
    action[:, 3:] = torch.randn(1, 1, 32, generator=g)
    condition = Condition(
        action, torch.zeros(1, 32), torch.zeros(1, 5, 3), torch.arange(-2.0, 3.0)[None], 2
    )
    return torch.randn(1, 4, 5, 16, 16, generator=g), torch.full((1, 5), 0.5), condition


@torch.no_grad()
def test_a_network_that_hears_whole_frames_grows_into_one_that_hears_in_places(asked) -> None:
    before, after = trainer(0), trainer(4)
    after.restore(before.state())
    # What is new has said nothing yet when a real run begins: its way out starts as zeros.
    for block in after.net.blocks:
        block.word_attn.to_out.weight.zero_()
    torch.testing.assert_close(after.net(*asked), before.net(*asked))


def test_other_weights_than_those_for_words_are_still_missed() -> None:
    saved = trainer(0).state()
    del saved["net"]["patch_in.weight"]
    with pytest.raises(RuntimeError, match="patch_in"):
        trainer(4).restore(saved)


@torch.no_grad()
def test_only_frames_with_an_action_hear_it_in_places(asked) -> None:
    z, u, condition = asked
    net = network(4)
    heard: list[torch.Tensor] = []
    net.blocks[0].word_attn.register_forward_hook(lambda *args: heard.append(args[-1]))
    net(z, u, condition)
    (said,) = heard  # [1, F, N, D]
    assert not said[:, :3].any()
    assert float(said[:, 3:].std(2).mean()) > 0  # one place hears what another does not
    silent = replace(condition, action=torch.zeros_like(condition.action))
    net(z, u, silent)
    assert not heard[1].any()


def test_what_moves_counts_more() -> None:
    z = torch.zeros(2, 4, 5, 8, 8)
    z[..., ::2] = 1.0
    z[0, :, 3:, 2, 2] += 3.0
    weights = weighed(z, present=2, moving=10)
    assert weights.shape == (2, 1, 5, 8, 8)
    assert weights[0, 0, 3, 2, 2] == 10
    weights[0, 0, 3:, 2, 2] = 1
    assert (weights == 1).all()
