"""What a memory begins with, learned through fast learning's steps on a small net."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning import meta_learner as meta
from core.learning.meta import main
from core.learning.meta_learner import INNER, MetaLearner
from core.memory.adapter import Adapter, adds
from core.memory.fast_learning import FastLearner
from core.memory.presets import PRESETS, LearningSettings, settings_of
from core.memory.start import FILE, load_start, save_start
from core.worlds.catalogue import load_world
from core.worlds.starter.world import save
from tests.learning.test_loop import parts  # noqa: F401 - a fixture
from tests.learning.test_training import (  # noqa: F401 - fixtures
    autoencoder,
    data,
    expectations,
    text,
)

SETTINGS = LearningSettings(
    learning_rate=2e-3, place_rate=5e-3, steps=INNER, places=True, replay=0.5, change_cap=1.0,
    learned_start=True, checkpointing=False,
)


@pytest.fixture
def learner(parts) -> MetaLearner:  # noqa: F811
    _, clips, walks = parts
    walks._adapter.remove()
    return MetaLearner(walks._world, clips, SETTINGS, seed=0)


def test_gradients_reach_what_the_steps_began_with(learner: MetaLearner) -> None:
    for _ in range(4):
        learner.learn(0.1)
    for name, parameter in learner.start.items():
        assert parameter.grad is not None and bool(parameter.grad.any()), name
    moved = [abs(float(r.detach()) - float(np.log(5e-3))) for n, r in learner.log_rates.items() if "rays" in n]
    assert max(moved) > 1e-4
    logs = [float(r.detach()) for n, r in learner.log_rates.items() if "rays" in n]
    assert np.mean(logs) == pytest.approx(np.log(5e-3), abs=1e-4)  # only against each other


def test_the_slow_weights_stay_as_they_are(learner: MetaLearner) -> None:
    before = {n: p.clone() for n, p in learner.world.net.named_parameters()}
    learner.learn(0.1)
    assert all(torch.equal(before[n], p) for n, p in learner.world.net.named_parameters())
    assert all(p.grad is None for p in learner.world.net.parameters())


def test_an_inner_step_is_a_step_of_fast_learning(learner: MetaLearner, monkeypatch) -> None:
    """The same window, level and noise: the graph's step gives what Adam in the studio gives."""
    life = learner._new_life()
    learner._generator.manual_seed(3)
    made = learner._stepped(life, learner._begun(life))
    start = learner.found()

    monkeypatch.setitem(PRESETS, "as it is", replace(SETTINGS, steps=1))
    monkeypatch.setattr("core.memory.fast_learning.start_of", lambda world: start)
    fast = FastLearner(learner.world, learner.adapter, "as it is")
    fast.begin(0)
    fast.generator.manual_seed(3)
    for _ in fast.learn(life.frames[:4], life.frames[4:12]):
        pass
    for name, parameter in learner.adapter.parameters.items():
        torch.testing.assert_close(parameter.data, made[name].detach(), atol=2e-5, rtol=1e-3)


def test_a_life_goes_from_chunk_to_chunk_and_ends(learner: MetaLearner, monkeypatch) -> None:
    monkeypatch.setattr(meta, "ALIVE", 1)
    monkeypatch.setattr(meta, "CHUNKS", 2)
    learner.learn(0.1)
    first = learner.lives[0]
    assert first.chunk == 1 and any(bool(g.any()) for g in first.gained.values())
    learner.learn(0.1)
    assert learner.lives[0] is first and first.chunk == 2
    learner.learn(0.1)
    assert learner.lives[0] is not first and learner.lives[0].chunk == 1


def test_windows_that_are_asked_for_look_at_what_was_seen(learner: MetaLearner) -> None:
    yaw = np.radians(6) * np.concatenate([np.arange(30), np.arange(29, -1, -1)])
    poses = np.stack([np.zeros(60), np.zeros(60), yaw], 1)
    found = {int(i) for _ in range(20) for i in learner._returns(poses, 1)}
    later = {i for i in found if i >= 19}
    assert later and min(later) > 30  # only once it has turned around
    assert max(found - later) <= 11  # else what was seen itself


def test_it_is_kept_and_gone_on_with(learner: MetaLearner, parts, tmp_path: Path) -> None:  # noqa: F811
    learner.learn(0.1)
    save_start(tmp_path / FILE, learner.found())
    again = load_start(tmp_path / FILE)
    assert again.rank == SETTINGS.rank and set(again.weights) == set(learner.start)
    assert not any(adds(n) for n in again.weights)
    for name, values in again.weights.items():
        np.testing.assert_array_equal(values, learner.start[name].detach().numpy())
    world = learner.world
    learner.adapter.remove()
    other = MetaLearner(world, parts[1], SETTINGS, seed=9)
    other.restore(learner.state())
    assert other.step == 1
    assert all(torch.equal(other.start[n], p) for n, p in learner.start.items())


def test_what_was_drawn_is_not_drawn_again(learner: MetaLearner) -> None:
    def drawn() -> list[float]:
        draw = learner.clips.rng, learner._rng
        noise = learner.clips.generator, learner._generator
        return [r.random() for r in draw] + [float(torch.rand(1, generator=g)) for g in noise]

    saved = learner.state()
    found = []
    for step in (0, 1, 2, 2):
        learner.restore({**saved, "step": step})
        found.append(drawn())
    for i, j in ((0, 1), (1, 2), (0, 2)):
        assert all(a != b for a, b in zip(found[i], found[j]))
    assert found[2] == found[3]  # and yet the same, however often it goes on from there


def test_the_command_writes_a_start_and_goes_on(
    parts, data: Path, text, autoencoder, expectations, tmp_path: Path, monkeypatch,  # noqa: F811
) -> None:
    trainer, _, walks = parts
    walks._adapter.remove()
    monkeypatch.setitem(PRESETS, "few", SETTINGS)
    world = tmp_path / "world"
    save(world, autoencoder, trainer.average, text, expectations.depth)
    told = ["--world", str(world), "--data", str(data), "--out", str(tmp_path / "out"),
            "--preset", "few", "--log-every", "1"]
    main([*told, "--steps", "1"])
    first = load_start(tmp_path / "out" / FILE)
    main([*told, "--steps", "2"])
    logged = (tmp_path / "out" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in logged] == [1, 2]
    second = load_start(tmp_path / "out" / FILE)
    assert any(not np.array_equal(first.weights[n], a) for n, a in second.weights.items())
    shutil.copy(tmp_path / "out" / FILE, world)
    made = load_world(world)
    learner = FastLearner(made, Adapter(made), "learned")
    assert learner.adapter.is_fresh
    with pytest.raises(SystemExit, match="no memory preset"):
        main([*told[:6], "--preset", "luck"])
    torch.save({"of": "else"}, tmp_path / "out" / "state.pt")
    with pytest.raises(SystemExit, match="another training"):
        main([*told, "--steps", "3"])


def test_what_it_learns_helps(learner: MetaLearner) -> None:
    """A few outer steps on one walk: after the same inner steps the revisit is known better."""
    life = learner._new_life()
    query = learner._query(life)

    def after() -> float:
        life.steps, life.mean, life.square = 0, {}, {}
        learner._generator.manual_seed(5)
        now = learner._begun(life)
        for _ in range(INNER):
            now = learner._stepped(life, now)
        loss = learner._run(now, *query)
        learner.optimizer.zero_grad()
        loss.backward()
        return float(loss.detach())

    losses = []
    for _ in range(6):
        losses.append(after())
        for group, rate in zip(learner.optimizer.param_groups, (3e-4, 0.02)):
            group["lr"] = rate
        learner.optimizer.step()
    assert min(losses[1:]) < losses[0]


def test_the_studio_s_preset_begins_with_it() -> None:
    settings = settings_of("learned")
    assert settings.learned_start and settings.steps < settings_of("adapter").steps
