"""What the model does on scenes it never saw, while it trains: numbers, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

from core.evaluate.first_person import continue_walk, next_chunk, pictures, plain_texts
from core.evaluate.metrics import psnr
from core.learning.data import HELD_OUT, make_walk
from core.learning.language import BOOKS
from core.learning.mixture import Say
from core.learning.shards import FIRST_PERSON, WalkData, read_walks
from core.learning.whereabouts import Whereabouts, whereabouts
from core.media.cv import cv2
from core.rollout.context import CONTEXT_LEVEL
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import StarterWorld, geometry_of

_ROWS = 6  # walks on the sheet
_PAST = 4


def world_of(
    autoencoder: StarterAutoencoder, net: StarterDenoiser, text: StarterTextEncoder,
    depth: StarterDepth,
) -> StarterWorld:
    """The parts of a training run as a world, on the device of ``net``; the others are copied."""
    device = next(net.parameters()).device
    autoencoder, text, depth = (deepcopy(p).to(device) for p in (autoencoder, text, depth))
    geometry = geometry_of({
        "size": net.config.latent_size * 8, "channels": net.config.latent_channels, "rate": "8",
        "n_past": 4, "n_new": 8,
    })
    return StarterWorld(
        autoencoder, net, text, depth, id="starter", name="", hash="", geometry=geometry
    )


class HeldOut:
    """A few recordings of held-out scenes: first-person ones are rendered once, those of other
    domains are read from the folder ``held_out`` beside the shards (``data build --held-out``).

    The first of ``sources`` is measured under the plain names (psnr, repeat, wrong, …), the others
    under theirs with the domain before it.
    """

    def __init__(
        self, autoencoder: StarterAutoencoder, text: StarterTextEncoder, depth: StarterDepth,
        out: Path, walks: int = 16, sources: Sequence[str] = (FIRST_PERSON,),
        data: Path | None = None, say: Say = print,
    ):
        self._parts, self.out = (autoencoder, text, depth), out
        self.walks: dict[str, list[tuple[WalkData, Whereabouts]]] = {}
        for name in sources:
            if name == FIRST_PERSON:
                found = [make_walk(autoencoder, HELD_OUT + i, "explore", 48) for i in range(walks)]
            else:
                found = _read(data, name, walks)
            if found:
                self.walks[name] = [(w, whereabouts(w, text)) for w in found]
            elif walks:
                say(
                    f"There are no held-out recordings of {name} to look at: make some with "
                    f"core.learning.data build --source {name} --held-out."
                )
        self._first = sources[0]

    def measure(self, net: StarterDenoiser) -> dict[str, float | list[float]]:
        """Next-chunk PSNR beside its two references; writes ``sheet.png`` (truth above, made
        below)."""
        world = world_of(self._parts[0], net, *self._parts[1:])
        found, rows = {}, []
        for name, walks in self.walks.items():
            if name == FIRST_PERSON:
                measured = next_chunk(world, [w for w, _ in walks])
                told = {
                    "psnr": round(measured["psnr"], 2),
                    "repeat": round(measured["psnr_repeat_last"], 2),
                    "first": round(measured["per_frame"][0], 2),
                    "last": round(measured["per_frame"][-1], 2),
                }
                if "psnr_wrong_actions" in measured:
                    told["wrong"] = round(measured["psnr_wrong_actions"], 2)
            else:
                told = _measured(world, walks)
            before = "" if name == self._first else f"{name} "
            found |= {before + key: value for key, value in told.items()}
            for i, (walk, where) in enumerate(walks[: max(1, _ROWS // len(self.walks))]):
                rows += _rows(world, walk, where, i)
        if rows:
            cv2.imwrite(str(self.out / "sheet.png"), np.concatenate(rows, 0)[..., ::-1])
        return found


def _read(data: Path | None, name: str, count: int) -> list[WalkData]:
    if data is None or not count:
        return []
    found = (w for w in read_walks(data / "held_out", [name]) if w.latents is not None)
    whole = (w for w in found if len(w.verbs) > 2 * _PAST + 8)
    return [w for _, w in zip(range(count), whole)]


def _measured(
    world: StarterWorld, walks: list[tuple[WalkData, Whereabouts]]
) -> dict[str, float]:
    """As ``next_chunk``, for any domain; against what the autoencoder gives back of the truth."""
    found: dict[str, list[float]] = {"psnr": [], "repeat": [], "wrong": []}
    frames = []
    for i, (walk, where) in enumerate(walks):
        now = 2 * _PAST
        truth = _decoded(world, walk, now, now + 9)
        other = walks[(i + 1) % len(walks)][0]
        for key, source in (("psnr", walk), ("wrong", other)):
            made = continue_walk(
                world, _context(walk, where, now), _texts(source, now), walk.place, i
            )
            values = psnr(pictures(world, made), truth[1:])
            found[key].append(float(np.mean(values)))
            if key == "psnr":
                frames.append(values)
        found["repeat"].append(float(np.mean(psnr(np.repeat(truth[:1], 8, 0), truth[1:]))))
    told = {key: round(float(np.mean(values)), 2) for key, values in found.items()}
    if len(walks) < 2:
        del told["wrong"]
    by_frame = np.mean(frames, 0)
    return {**told, "first": round(float(by_frame[0]), 2), "last": round(float(by_frame[-1]), 2)}


def _rows(
    world: StarterWorld, walk: WalkData, where: Whereabouts, seed: int
) -> list[np.ndarray]:
    """The present and every other frame of the next chunk: the truth, and what is made."""
    now = 2 * _PAST
    truth = _decoded(world, walk, now, now + 9) if walk.pictures is None else (
        walk.pictures[now : now + 9]
    )
    texts = plain_texts(walk.verbs[now + 1 : now + 9]) if walk.style >= 0 else _texts(walk, now)
    made = pictures(world, continue_walk(
        world, _context(walk, where, now), texts, walk.place, seed
    ))
    return [np.concatenate([truth[0], *frames[1::2]], 1) for frames in (truth[1:], made)]


def _context(walk: WalkData, where: Whereabouts, now: int) -> list[LatentFrame]:
    return [
        LatentFrame(walk.latents[i].float(), Address(i, tuple(where.poses[i])), CONTEXT_LEVEL)
        for i in range(now - _PAST + 1, now + 1)
    ]


def _texts(walk: WalkData, now: int) -> list[str]:
    """The plainest words for what leads to the eight frames after ``now``."""
    phrases = BOOKS[walk.source].phrases
    return [phrases.get(name, (name,))[0] for name in walk.actions[now + 1 : now + 9]]


def _decoded(world: StarterWorld, walk: WalkData, start: int, stop: int) -> np.ndarray:
    with torch.no_grad():
        return world.decode(walk.latents[start:stop].float())
