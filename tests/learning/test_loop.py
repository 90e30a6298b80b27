"""The slow-fast loop on a small net and real rendered walks."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.clips import Clips
from core.learning.loop import FastWalks, added, outer_step
from core.learning.trainer import Trainer
from core.memory.presets import PRESETS, LearningSettings
from core.worlds.starter.world import StarterWorld, geometry_of
from tests.learning.test_training import (  # noqa: F401 - fixtures
    autoencoder,
    data,
    expectations,
    small_net,
    text,
)

PRESET = "for the loop"


@pytest.fixture
def parts(data: Path, text, autoencoder, expectations, monkeypatch):  # noqa: F811
    monkeypatch.setitem(PRESETS, PRESET, LearningSettings(
        learning_rate=1e-2, steps=2, places=True, place_rate=1e-2, replay=0.5,
        rise_allowed=10.0))
    net = small_net()
    with torch.no_grad():  # an untrained net's gates are shut: nothing could be learned
        for parameter in net.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.normal_(std=0.05)
    trainer = Trainer(net, expectations, rate=3e-3, muon_rate=3e-3)
    clips = Clips(data, text, seed=0)
    world = StarterWorld(
        autoencoder, deepcopy(trainer.average), text, expectations.depth, id="s", name="", hash="",
        geometry=geometry_of({"size": 128, "rate": "8", "n_past": 4, "n_new": 8, "channels": 4}),
    )
    return trainer, clips, FastWalks(trainer, clips, world, PRESET)


def test_the_store_holds_what_was_known_before_each_segment(parts) -> None:
    trainer, clips, walks = parts
    before = deepcopy(trainer.average.state_dict())
    found = walks.store(2, np.random.default_rng(0))
    assert all(torch.equal(before[k], v) for k, v in trainer.average.state_dict().items())
    assert {s.now for s in found} == {11} and len({s.walk for s in found}) == 2
    for segment in found:
        assert segment.added and all("temporal_attn" in name for name in segment.added)
        assert max(float(d.abs().max()) for d in segment.added.values()) > 0
        assert segment.page["out.weight"].any()
    # The inner loop learns on the slow weights as they are now.
    with torch.no_grad():
        for parameter in trainer.average.parameters():
            parameter.mul_(1.2)
    other = walks.store(2, np.random.default_rng(0))
    name = next(iter(found[0].added))
    assert not torch.equal(found[0].added[name], other[0].added[name])


def test_fast_weights_are_added_and_taken_back_to_the_bit(parts) -> None:
    trainer, _, walks = parts
    segment = walks.store(1, np.random.default_rng(0))[0]
    name = next(iter(segment.added))
    before = deepcopy(trainer.work.state_dict())
    with added(trainer.work, segment):
        assert not torch.equal(trainer.work.state_dict()[name], before[name])
        assert trainer.work.rays is not None
    assert trainer.work.rays is None
    assert all(torch.equal(before[k], v) for k, v in trainer.work.state_dict().items())


def test_the_slow_weights_learn_to_use_the_fast_ones(parts) -> None:
    trainer, clips, walks = parts
    segment = walks.store(1, np.random.default_rng(0))[0]
    losses = []
    for _ in range(16):
        clips.seed(1)
        losses.append(outer_step(trainer, clips, segment, 2, torch.Generator().manual_seed(5)))
        trainer.update(1.0, False)
    assert losses[-1] < 0.95 * losses[0]
    assert outer_step(trainer, clips, None, 2, torch.Generator().manual_seed(5)) > 0
