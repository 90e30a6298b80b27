"""Which remembered frames a chunk is shown: their addresses are read, the useful ones loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from core.memory.bank import placed, useful
from core.memory.snapshot import Frames, load_bank
from core.rollout.context import HERE, build_context
from core.rollout.latents import frames_from, latent_frames, read_addresses
from core.rollout.request import ContextRef, EpisodeBank
from core.worlds.protocol import Address, LatentFrame, World

#: An episode's frames happened before everything else: a walk's own time begins at 0.
_BEFORE = 1_000_000


class Recall:
    """The bank of the task at hand. Files never change once written, so what was read is kept."""

    def __init__(self, world: World):
        self._world = world
        self._addresses = lru_cache(maxsize=4096)(read_addresses)
        self._placed = lru_cache(maxsize=2)(self._read_episode)

    def frames(
        self, bank: Sequence[ContextRef], episode: EpisodeBank | None,
        context: Sequence[LatentFrame], wanted: Sequence[Address], count: int,
    ) -> list[LatentFrame]:
        """Up to ``count`` remembered frames that help on the way to ``wanted``, oldest first.

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
        picked = useful(
            self._world, [a for _, a in known], [f.address for f in context], wanted, count
        )
        return [self._loaded(known[i][0]) for i in picked]

    def _of(self, ref: ContextRef) -> Sequence[Address]:
        if ref.holds_latents:
            return self._addresses(ref.path)[ref.start : ref.stop]
        return [Address(i, HERE) for i in range(ref.start, ref.stop)]

    def _loaded(self, found: ContextRef | LatentFrame) -> LatentFrame:
        return build_context(self._world, [found])[0] if isinstance(found, ContextRef) else found

    def _read_episode(self, episode: EpisodeBank) -> list[LatentFrame]:
        bank = load_bank(episode.path, self._world.hash)
        if bank is None or not len(bank):
            return []
        there = Frames(*frames_from(build_context(self._world, episode.context)))
        found = placed(bank, there)
        if found is None:
            return []
        frames = latent_frames(found, self._world.context_level)
        return [replace(f, address=replace(f.address, time=f.address.time - _BEFORE)) for f in frames]
