"""Walks one arm: real or generated frames are accepted chunk by chunk, and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from core.evaluate.arms import Arm
from core.evaluate.trajectories import Footage, Trajectory
from core.learning.data import VERBS
from core.learning.language import PHRASES
from core.memory.adapter import HOME, Adapter
from core.memory.bank import RECALLED, anchors, laid, moved_poses, placements, thinned, useful
from core.memory.fast_learning import FastLearner
from core.memory.snapshot import Frames
from core.project.memory_use import yields
from core.project.model import ActionPart, Sampling
from core.rollout.chunk import latent_texts, make_chunk, plan
from core.rollout.context import lead_of, shown
from core.rollout.latents import frames_from
from core.worlds.poses import from_home
from core.worlds.protocol import Address, LatentFrame, World


def plain_texts(verbs: np.ndarray) -> list[str]:
    """The simplest phrasing of each verb (indices into VERBS)."""
    return [PHRASES[VERBS[v]][0] for v in verbs]


def real_frames(walked: Trajectory, shot: Footage, start: int, stop: int) -> list[LatentFrame]:
    """A camera's latent frames that end with pictures [start, stop), addressed from where the walk
    begins, as in the studio."""
    poses = from_home(walked.poses, walked.poses[0])
    at = range(-(-start // shot.stride) * shot.stride, stop, shot.stride)
    return [
        LatentFrame(shot.latents[i // shot.stride], Address(i, tuple(poses[i].tolist())), shot.level)
        for i in at
    ]


def decoded(world: World, frames: Sequence[LatentFrame], since: int) -> np.ndarray:
    """Pictures of ``frames[since:]`` (not of the very first frame), uint8 [F, H, W, 3]."""
    z = torch.stack([f.z for f in frames[since:]])
    return world.decode(z, lead_of(frames[:since], world.geometry))


class TransitionLearner(FastLearner):
    """The paper's ablation "original Temp-LoRA objective": past clean, text kept, only the new
    frames noised and scored; the adapter learns the step from input to output."""

    def learn_step(
        self, context: Sequence[LatentFrame], new: Sequence[LatentFrame], texts: Sequence[str],
        scene: str,
    ):
        frames = [*context, *new]
        self._past = len(context)
        self._given = self.world.condition(
            [f.address for f in frames], len(context) - 1,
            [""] * len(context) + latent_texts(texts, self.world.geometry.t_stride), scene, context,
        )
        return self.learn(context, new)

    def _loss(self, y, cond, level, eps):
        from core.diffusion.loss import masked_loss

        mask = torch.ones((1, y.shape[2]), device=y.device)
        mask[:, : self._past] = 0
        u = torch.where(mask > 0, level, self.world.context_level)
        return masked_loss(self.world, y, u, mask, self._given, eps.to(y.device))


class Adapters:
    """The one adapter that a world can hold, put in again where another rank is asked for."""

    def __init__(self, world: World):
        self._world, self._held = world, None

    def of_rank(self, rank: int) -> Adapter:
        if self._held is None or self._held.rank != rank:
            self.remove()
            self._held = Adapter(self._world, rank)
        return self._held

    def remove(self) -> None:
        if self._held is not None:
            self._held.remove()
            self._held = None


class Walker:
    """One roll-out with one memory. ``frames`` are all accepted latent frames, oldest first; what
    was walked before number ``since`` is not learned again either."""

    def __init__(
        self, world: World, arm: Arm, adapters: Adapters, start: LatentFrame, scene: str, seed: int,
        sampling: Sampling,
    ):
        self.world, self.arm, self.scene, self.seed = world, arm, scene, seed
        self.sampling = sampling
        self.frames, self.chunks, self.recalled, self.since = [start], 0, [], 1
        self.remembered: list[LatentFrame] = []  # the bank
        self.gate_open: bool | None = None  # another episode's bank: was its place recognised?
        self.learned = self.refused = 0
        self.learner: FastLearner | None = None
        self.adapter: Adapter | None = None
        if arm.preset is not None and arm.learns_as is not None:
            self.adapter = adapters.of_rank(arm.learns_as.rank)
            kind = TransitionLearner if arm.objective == "original" else FastLearner
            self.learner = kind(world, self.adapter, arm.preset, settings=arm.learns_as)
            self.learner.begin(seed)
        self._keep([start])

    @property
    def recent(self) -> list[LatentFrame]:
        """What a chunk is shown of what was walked."""
        g = self.world.geometry
        return shown(self.frames, replace(g, n_past=self.arm.recent or g.n_past))

    def account(self) -> dict[str, float]:
        """What a row says of this walker's memory: whether another's was recognised, how many
        frames joined a chunk, chunks learned and refused, and from which frame on was learned."""
        found: dict[str, float] = {}
        if self.gate_open is not None:
            found["gate_open"] = float(self.gate_open)
        if self.recalled:
            found["recalled"] = float(np.mean(self.recalled))
        if self.learner is not None:
            found |= {
                "learned": float(self.learned), "refused": float(self.refused),
                "learned_since": float(self.since),
            }
        return found

    # ---- what is accepted -----------------------------------------------------------------------

    def accept(self, new: list[LatentFrame], texts: Sequence[str], remember: bool = True) -> None:
        """``new`` frames follow; with ``remember`` they are learned and banked."""
        if remember:
            self._learn(new, texts)
            self._keep(new)
        self.frames += new
        self.chunks += 1

    def _keep(self, new: list[LatentFrame]) -> None:
        if not self.arm.bank or self.arm.whose != "own":
            return
        self.remembered += new
        if self.arm.budget is not None:  # of what looks alike by its pose the earlier stays
            kept = thinned(Frames(*frames_from(self.remembered)), self.arm.budget).time.tolist()
            self.remembered = [f for f in self.remembered if f.address.time in kept]

    def _learn(self, new: list[LatentFrame], texts: Sequence[str]) -> None:
        if self.learner is None:
            return
        context = self.recent
        if isinstance(self.learner, TransitionLearner):
            run = self.learner.learn_step(context, new, texts, self.scene)
        else:
            if self.arm.objective == "whole-history":
                context, new = self._drawn(context, new)
            size = self.world.geometry.n_new
            chunks = [self.frames[i : i + size] for i in range(self.since, len(self.frames), size)]
            earlier = [chunks[i] for i in self.learner.drawn(len(chunks))]
            run = self.learner.learn(context, new, earlier)
        while True:
            try:
                next(run)
            except StopIteration as end:
                self.learned += end.value.skipped is None
                self.refused += end.value.skipped is not None
                return

    def _drawn(
        self, context: list[LatentFrame], new: list[LatentFrame]
    ) -> tuple[list[LatentFrame], list[LatentFrame]]:
        """The paper's ablation "samples of the whole history": a window from anywhere so far."""
        history = [*self.frames[max(0, self.since - len(context)) :], *new]
        size = len(context) + len(new)
        rng = np.random.default_rng([self.seed, self.chunks])
        start = int(rng.integers(len(history) - size + 1))
        part = history[start : start + size]
        return part[: len(context)], part[len(context) :]

    # ---- another episode's memory ---------------------------------------------------------------

    def take_over(self, other: Trajectory, shot: Footage) -> None:
        """Learn and bank the first visit of another episode in place of one's own. As in the studio,
        its bank joins and its page of places is at home where its place is recognised here; forced,
        both lie so that the two walks begin alike."""
        size = self.world.geometry.chunk_frames
        if self.learner is not None:
            own = self.frames, self.since
            self.frames, self.since = real_frames(other, shot, 0, 1), 1
            for start in range(1, other.half + 1, size):
                new = real_frames(other, shot, start, start + size)
                texts = other.texts(start, start + size)
                self._learn(new, texts)
                self.frames += new
            self.frames, self.since = own
            # What is walked from here on is judged by its own opening.
            self.learner.opening = np.zeros(0)
        bank = Frames(*frames_from(real_frames(other, shot, 0, other.half + 1)))
        lies = placements(bank, Frames(*frames_from(self.recent)))
        self.gate_open = bool(lies)
        if self.arm.whose == "other-forced":
            lies = {0: (bank.pose[0], np.array(self.frames[0].address.pose))}
        if self.adapter is not None:
            home = moved_poses(np.array([HOME]), *lies[0])[0].tolist() if lies else None
            self.adapter.home = None if home is None else (home[0], home[1], home[2])
        if self.arm.bank:
            found = laid(bank, lies)
            self.remembered = [] if found is None else self._latent_frames(found)

    def _latent_frames(self, found: Frames) -> list[LatentFrame]:
        device, level = self.frames[-1].z.device, self.world.context_level
        return [
            LatentFrame(torch.from_numpy(z).to(device), Address(int(t), tuple(p)), level)
            for z, t, p in zip(found.z, found.time, found.pose)
        ]

    # ---- what is made ---------------------------------------------------------------------------

    def context(self, texts: Sequence[str]) -> list[LatentFrame]:
        """Remembered frames that show where ``texts`` lead, oldest first, then the recent ones."""
        recent = self.recent
        if not self.arm.bank:
            return recent
        bank = [f.address for f in self.remembered]
        wanted, _ = plan(self.world, recent[-1].address, [ActionPart(text, 1) for text in texts])
        found = useful(self.world, bank, [f.address for f in recent], wanted, RECALLED)
        opening = anchors(bank, [f.address for f in recent], found, RECALLED)
        self.recalled.append(len(found))
        return [self.remembered[i] for i in sorted([*opening, *found])] + recent

    def make(self, texts: Sequence[str], seed: int | None = None) -> list[LatentFrame]:
        """One chunk, not yet accepted. The noise depends on the seed and the chunk alone, so that
        all arms draw from the same."""
        noise = 1000 * self.seed + self.chunks if seed is None else seed
        parts = [ActionPart(text, 1) for text in texts]
        context = self.context(texts)
        silent = yields(self.arm.preset or "") and self.recalled[-1]
        adapter = None if silent else self.adapter
        z, addresses = make_chunk(
            self.world, adapter, context, parts, self.scene, noise, self.sampling
        )
        return [LatentFrame(one, a, self.world.context_level) for one, a in zip(z, addresses)]

    def branch(self) -> Walker:
        """A copy that can walk on in imagination; it shares the adapter and does not teach it."""
        twin = object.__new__(Walker)
        twin.__dict__.update(self.__dict__)
        twin.frames, twin.remembered = list(self.frames), list(self.remembered)
        twin.recalled, twin.learner = [], None
        return twin


def first_visit(
    walker: Walker, walked: Trajectory, shot: Footage, real: bool,
    other: tuple[Trajectory, Footage] | None = None,
) -> None:
    """Frames 1 … half: a camera's, or made by the model. Where the memory is not one's own, they are
    walked but not remembered, and another episode's is taken over at the end."""
    _walk(walker, walked, shot, 1, walked.half, real, walker.arm.whose == "own")
    if walker.arm.takes_over:
        assert other is not None
        walker.take_over(*other)


def revisit(walker: Walker, walked: Trajectory, shot: Footage) -> None:
    """The frames after the first visit, made by the model."""
    whole = walker.arm
    if whole.whose != "own":  # from here on its own frames are remembered, beside the other's
        walker.arm = replace(whole, whose="own")
    _walk(walker, walked, shot, walked.half + 1, len(walked.verbs) - 1, False, True)
    walker.arm = whole


def _walk(
    walker: Walker, walked: Trajectory, shot: Footage, first: int, last: int, real: bool,
    remember: bool,
) -> None:
    size = walker.world.geometry.chunk_frames
    adapter, start = walker.adapter, first
    if not remember:  # nothing is remembered yet, so nothing is used
        walker.adapter = None
    while start <= last:
        stop = start + size
        texts = walked.texts(start, stop)
        new = real_frames(walked, shot, start, stop) if real else walker.make(texts)
        walker.accept(new, texts, remember)
        start = stop
    walker.adapter = adapter
    if not remember:
        walker.since = len(walker.frames)
