"""Which remembered frames a chunk is shown: their addresses are read, the useful ones loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from core.memory.bank import Lies, anchors, laid, moved_poses, placements, useful
from core.memory.frames import Frames
from core.memory.snapshot import load_bank
from core.rollout.context import HERE, build_context
from core.rollout.latents import frames_from, latent_frames, read_addresses
from core.rollout.request import ContextRef, EpisodeBank
from core.worlds.protocol import Address, LatentFrame, Pose, World, device_of

#: An episode's frames happened before everything else: a walk's own time begins at 0.
_BEFORE = 1_000_000


class Recall:
    """The bank of the task at hand. Files never change once written, so what was read is kept."""

    def __init__(self, world: World):
        self._world = world
        self._addresses = lru_cache(maxsize=4096)(read_addresses)
        self._placed = lru_cache(maxsize=2)(self._read_episode)
        self._placement = lru_cache(maxsize=2)(self._recognise)

    def frames(
        self, bank: Sequence[ContextRef], episode: EpisodeBank | None,
        context: Sequence[LatentFrame], wanted: Sequence[Address], count: int,
    ) -> tuple[list[LatentFrame], list[LatentFrame]]:
        """Up to ``count`` remembered frames, each oldest first: those of the opening that keep the
        scene what it is, and those that help on the way to ``wanted``.

        Raises TensorFileError, MediaError or MemoryRefused where a file is missing or broken.
        """
        shown = {f.address.time for f in context}
        known: list[tuple[ContextRef | LatentFrame, Address]] = []
        if episode is not None:
            known += [(f, f.address) for f in self._placed(episode)]
        for ref in bank:
            for i, address in zip(range(ref.start, ref.stop), self._of(ref)):
                if address.time not in shown:
                    known.append((ContextRef(ref.path, i, i + 1), address))
        there, here = [a for _, a in known], [f.address for f in context]
        picked = useful(self._world, there, here, wanted, count)
        opening = anchors(there, here, picked, count)
        return tuple([self._loaded(known[i][0]) for i in which] for which in (opening, picked))

    def _of(self, ref: ContextRef) -> Sequence[Address]:
        if ref.holds_latents:
            return self._addresses(ref.path)[ref.start : ref.stop]
        return [Address(i, HERE) for i in range(ref.start, ref.stop)]

    def _loaded(self, found: ContextRef | LatentFrame) -> LatentFrame:
        return build_context(self._world, [found])[0] if isinstance(found, ContextRef) else found

    def home(self, episode: EpisodeBank, home: np.ndarray) -> Pose | None:
        """Where the axes of a loaded episode's adapter stand in this walk's, if its own walk had
        them at ``home`` [3]; None where its place is not recognised."""
        lies = self._placement(episode)[1].get(0)  # ``home`` is said in the axes of walk 0
        if lies is None or not np.isfinite(home).all():
            return None
        x, y, yaw = moved_poses(home[None], *lies)[0].tolist()
        return x, y, yaw

    def _recognise(self, episode: EpisodeBank) -> tuple[Frames | None, dict[int, Lies]]:
        """The episode's bank, and how those of its walks lie here whose place is recognised."""
        bank = load_bank(episode.path, self._world.hash)
        if bank is None or not len(bank):
            return None, {}
        there = Frames(*frames_from(build_context(self._world, episode.context)))
        return bank, placements(bank, there)

    def _read_episode(self, episode: EpisodeBank) -> list[LatentFrame]:
        bank, lies = self._placement(episode)
        here = laid(bank, lies) if bank is not None else None
        if here is None:
            return []
        frames, device = latent_frames(here, self._world.context_level), device_of(self._world)
        return [
            replace(f, z=f.z.to(device), address=replace(f.address, time=f.address.time - _BEFORE))
            for f in frames
        ]
