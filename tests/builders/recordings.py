"""Small recordings of every domain for tests of training, written as real shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.learning.data import build
from core.learning.language import BOOKS
from core.learning.shards import VERBS
from core.learning.sources import Recording
from core.learning.whereabouts import motion_of
from core.worlds.poses import stepped
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.text import StarterTextEncoder
from tests.builders.tiny_world import picture

#: What is done in each domain, one after the other, eight frames each.
DONE = {
    "first-person": ("forward", "turn_left", "hold"),
    "driving": ("drive_on", "bend_left", "parked"),
    "robot": ("rest", "pick_red", "put_back_red"),
    "footage": ("hold_camera", "walk forward", "pan_left", "juggle melons"),
}
PLACES = {"footage": "our kitchen"}
POSED = ("first-person", "driving")


class Sketches:
    """A source of drawn pictures that slide; ``frames`` long whatever is asked for."""

    def __init__(self, name: str, count: int = 3, frames: int = 26, size: int = 128):
        self.name, self._count, self._frames, self._size = name, count, frames, size

    def count(self, frames: int, held_out: bool = False) -> int:
        return self._count

    def record(self, number, frames, held_out=False, size=128) -> Recording:
        n, done = self._frames, DONE[self.name]
        view = picture(self._size, 100 * number + held_out)
        pictures = np.stack([np.roll(view, 3 * i, 1) for i in range(n)])
        actions = tuple(done[i // 8 % len(done)] for i in range(n))
        place = PLACES.get(self.name) or next(iter(BOOKS[self.name].places))
        poses = None
        if self.name in POSED:
            poses = [(0.5 * number, 1.0, 0.3)]
            for name in actions[1:]:
                poses.append(stepped(poses[-1], motion_of(name, self.name, encoder())))
            poses = np.array(poses)
        return Recording(pictures, poses, actions, place, f"{self.name} {number} {held_out}")


def write(
    folder: Path, net: StarterAutoencoder | None, name: str, count: int = 3, frames: int = 26,
    size: int = 128, held_out: bool = False,
) -> None:
    """A shard of ``count`` recordings of the domain ``name``."""
    source = Sketches(name, count, frames, size)
    build(net, folder, range(1), count, frames, source, held_out)


def encoder(features: int = 32) -> StarterTextEncoder:
    """A text encoder of all domains. It was not trained, but knows the controls and their motions,
    and hears a control where its name is said in plain words."""
    import torch

    from core.learning.train_text import mark_met, motions_of, places_of

    domains = tuple(BOOKS)
    verbs = [verb for name in domains for verb in BOOKS[name].phrases]
    assert tuple(verbs[: len(VERBS)]) == VERBS
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        net = StarterTextEncoder(
            features=features, styles=[place for _, place in places_of(domains)], verbs=verbs,
            motions=motions_of(verbs, domains),
        )
    mark_met(net, domains)
    with torch.no_grad():
        books = [BOOKS[name].phrases for name in domains]
        named = net([book[verb][0] for book in books for verb in book])
        net.verb.weight[: len(verbs)] = named
        net.verb.weight[len(verbs) :] = 0
        net.verb.bias.zero_()
    return net.eval().requires_grad_(False)
