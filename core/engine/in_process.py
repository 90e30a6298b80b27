"""The engine in this process: keeps the world and its adapter loaded from one task to the next."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Generator, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine import trouble
from core.engine.control import CancelToken, PauseGate
from core.engine.lowered import Low, Lowered
from core.engine.previews import Previews
from core.engine.under_way import Stopped, UnderWay
from core.machine.exhausted import out_of_memory
from core.rollout.events import (
    TERMINAL,
    Cancelled,
    EngineEvent,
    Failed,
    Learned,
    Progress,
    Remark,
    TakeReady,
)
from core.rollout.request import ChunkTask, EngineTask, LearnTask
from core.worlds.catalogue import WorldError
from core.worlds.tiers import wanted

if TYPE_CHECKING:
    import torch

    from core.memory.adapter import Adapter
    from core.memory.snapshot import Snapshot
    from core.project.model import Sampling
    from core.rollout.context import Encoded
    from core.rollout.recall import Recall
    from core.worlds.protocol import LatentFrame, Pose, World

log = logging.getLogger(__name__)

THUMBNAIL_SIDE = 320
DECODED_AT_A_TIME = 4  # frames

Events = Generator[EngineEvent, None, None]


class InProcessEngine:
    """See ``core.engine.protocol.Engine``. ``device`` "auto" takes a CUDA card where there is one.

    ``threads`` limits torch's own; the bits of a chunk depend on it. ``tier``: one of
    ``core.worlds.tiers``, or "auto": the first that fits. Where memory runs out all the same, the
    task begins again in the next one, and what comes after it stays there, as ``lowered`` remembers.
    """

    def __init__(
        self, device: str = "auto", previews: bool = True, threads: int | None = None,
        tier: str = "", lowered: Lowered | None = None,
    ):
        self.device, self.previews, self._threads = device, previews, threads
        #: The tier in which another process was ended for its memory at the next task.
        self.killed_in: str | None = None
        self._world: World | None = None
        self._adapter: Adapter | None = None
        self._recall: Recall | None = None
        self._encoded: Encoded | None = None
        self._loaded: tuple[str, str] | None = None
        self._licence = ""
        self._wanted, self._tier = tier, ""
        self.lowered = Lowered() if lowered is None else lowered
        self._remarked: set[str] = set()

    # ---- the protocol ---------------------------------------------------------------------------

    def run(self, task: EngineTask, token: CancelToken, pause: PauseGate) -> Iterator[EngineEvent]:
        """See the protocol. What an accepted chunk is made of lies in files, so a task that ran out
        of memory can begin again with what it began with."""
        if self.killed_in is not None:
            self._tier, self.killed_in = self.killed_in, None
            if not (yield from self._lower(task, killed=True)):
                return
        while True:
            exhausted = yield from self._attempt(task, token, pause)
            if exhausted is None:
                return
            if not (yield from self._lower(task, exhausted)):
                return

    def _lower(
        self, task: EngineTask, detail: str = "", killed: bool = False
    ) -> Generator[EngineEvent, None, bool]:
        """Whether there is a thriftier way to begin ``task`` again in."""
        from core.engine.lowering import lower

        self._unload()
        try:
            fitted = lower(task, self._device(), self._tier, killed)
        except WorldError as error:
            fitted = trouble.failed(error)
        if isinstance(fitted, Failed):
            yield replace(fitted, detail=detail or fitted.detail)
            return False
        log.warning("out of memory in tier %s; now %s\n%s", self._tier, fitted.tier, detail)
        asked = wanted(self._wanted)
        self.lowered.put(task, Low(fitted.tier, asked, fitted.on, fitted.thrifty))
        yield fitted
        return True

    def _device(self) -> str:
        import torch

        if self._threads is not None:
            torch.set_num_threads(self._threads)
        if self.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        return self.device

    def _attempt(
        self, task: EngineTask, token: CancelToken, pause: PauseGate
    ) -> Generator[EngineEvent, None, str | None]:
        """Returns what was said when memory ran out, else None after a terminal event."""
        run, ended = UnderWay(task, token, pause), False
        try:
            work = self._chunk(task, run) if isinstance(task, ChunkTask) else self._learn(task, run)
            for event in work:
                ended = isinstance(event, TERMINAL)
                yield event
                if ended:
                    return
                run.check()
        except Stopped:
            run.undo()
            yield Cancelled()
        except GeneratorExit:
            if not ended:  # whoever has the last event has the files too
                run.undo()
            raise
        except Exception as error:
            run.undo()
            if not token.cancelled and out_of_memory(error):
                # Only its words leave: the error itself holds every tensor of the frames it passed.
                return "".join(traceback.format_exception(error))
            if token.cancelled:
                log.debug("stopped by a cancel", exc_info=True)
                event: EngineEvent = Cancelled()
            else:
                event = trouble.failed(error)
            yield event
        return None

    def close(self) -> None:
        self._world = self._adapter = self._recall = self._encoded = self._loaded = None

    def _unload(self) -> None:
        from core.engine.lowering import freed

        self.close()
        freed()

    # ---- one chunk ------------------------------------------------------------------------------

    def _chunk(self, task: ChunkTask, run: UnderWay) -> Events:
        from core.media.encode import write_take
        from core.media.thumbs import thumbnail_jpeg
        from core.memory.snapshot import load_snapshot
        from core.project.memory_use import adapter_strength, recalled_frames, yields
        from core.rollout.chunk import chunk_steps, plan
        from core.rollout.context import lead_of, shown
        from core.rollout.latents import save_latents

        world = yield from self._load(task, run)
        began = time.perf_counter()  # loading happens once: it says nothing of the pace
        past = yield from self._context(task.context, run)
        context, lead = shown(past, world.geometry), lead_of(past, world.geometry)
        recalled: list[LatentFrame] = []
        if count := recalled_frames(task.memory):
            wanted, _ = plan(world, context[-1].address, task.actions)
            opening, recalled = self._recall.frames(
                task.bank, task.episode, context, wanted, count
            )
            before = sorted([*opening, *recalled], key=lambda f: f.address.time)
            context = [*before, *context]
        adapter = None
        if adapter_strength(task.memory) and not (recalled and yields(task.memory.preset)):
            adapter = self._adapter
            if task.snapshot is not None:
                snapshot = load_snapshot(task.snapshot, task.world_hash)
                adapter.load(snapshot.weights)
                adapter.home = self._home(task, snapshot)
                adapter.quiet_below = snapshot.quiet_below
            else:
                adapter.fresh(0)
        sampling = yield from self._allowed(task.sampling)
        steps = chunk_steps(
            world, adapter, context, task.actions, task.scene, task.seed, sampling, task.memory
        )
        z, addresses = yield from self._sampled(steps, task.sampling.steps, run)
        sampling = yield from self._allowed(sampling)  # only now is it known whether it compiles
        frames = yield from self._decoded(z, lead, run)
        yield Progress("saving", 0, 3)
        run.check()
        out = run.out
        save_latents(out / "latents.safetensors", z, addresses, world.hash)
        yield Progress("saving", 1, 3)
        run.check()
        write_take(out / "take.mp4", run.checked(frames), Fraction(task.rate))
        yield Progress("saving", 2, 3)
        run.check()
        middle = thumbnail_jpeg(frames[len(frames) // 2], THUMBNAIL_SIDE)
        (out / "thumbnail.jpg").write_bytes(middle)
        yield Progress("saving", 3, 3)
        run.check()
        yield TakeReady(
            video=str(out / "take.mp4"), latents=str(out / "latents.safetensors"),
            thumbnail=str(out / "thumbnail.jpg"), frames=len(frames),
            seconds=time.perf_counter() - began, world_hash=world.hash,
            recalled=tuple(f.address.time for f in recalled), way=sampling.way,
        )

    def _allowed(self, asked: Sampling) -> Generator[EngineEvent, None, Sampling]:
        """``asked``, or exactly where its way can't be had; that is remarked once."""
        from core.rollout.chunk import why_exact
        from core.worlds.ways import EXACT, NAMES

        if not (why := why_exact(self._world, asked.way)):
            return asked
        if why not in self._remarked:
            self._remarked.add(why)
            yield Remark(f"Chunks are sampled exactly, not {NAMES[asked.way]}: {why}.")
        return replace(asked, way=EXACT)

    def _sampled(self, steps: Any, count: int, run: UnderWay) -> Generator[EngineEvent, None, Any]:
        yield Progress("sampling", 0, count)
        previews = Previews(self._world, self.previews)
        try:
            while True:
                run.check()
                try:
                    step, of, clean = next(steps)
                except StopIteration as end:
                    return end.value
                yield Progress("sampling", step, of)
                if previews.due:
                    run.check()
                    yield previews.of(clean, step, of)
        finally:
            steps.close()

    def _decoded(
        self, z: torch.Tensor, lead: torch.Tensor | None, run: UnderWay
    ) -> Generator[EngineEvent, None, list[Any]]:
        """The chunk's pictures; where each depends on those before it, all at once."""
        frames: list[Any] = []
        total = len(z) * self._world.geometry.t_stride
        yield Progress("decoding", 0, total)
        for part in z.split(DECODED_AT_A_TIME if lead is None else len(z)):
            run.check()
            frames.extend(self._world.decode(part, lead))
            yield Progress("decoding", len(frames), total)
        return frames

    # ---- fast learning --------------------------------------------------------------------------

    def _learn(self, task: LearnTask, run: UnderWay) -> Events:
        from core.machine.heap import returned, returned_at_once
        from core.memory.fast_learning import FastLearner
        from core.memory.snapshot import load_snapshot, save_snapshot
        from core.rollout.context import shown

        returned()
        world = yield from self._load(task, run)
        began = time.perf_counter()
        past = yield from self._context(task.context, run)
        context = shown(past, world.geometry)
        new = yield from self._context((task.take,), run)
        learner = FastLearner(world, self._adapter, task.preset, self._licence)
        if task.snapshot is not None:
            snapshot = load_snapshot(task.snapshot, task.world_hash)
            learner.resume(snapshot)
            self._adapter.home = self._home(task, snapshot)
        else:
            learner.begin(task.seed)
        earlier = []
        for i in learner.drawn(len(task.earlier)):
            earlier.append((yield from self._context((task.earlier[i],), run)))
        work = learner.learn(context, new, earlier)
        try:
            while True:
                run.check()
                try:
                    step, steps = next(work)
                except StopIteration as end:
                    outcome = end.value
                    break
                yield Progress("learning", step, steps)
        finally:
            work.close()
        yield Progress("saving", 0, 1)
        run.check()
        path = run.out / "snapshot.safetensors"
        with returned_at_once():
            save_snapshot(path, learner.snapshot(shown([*past, *new], world.geometry)))
        yield Progress("saving", 1, 1)
        run.check()
        yield Learned(
            snapshot=str(path), steps=outcome.steps, loss_before=outcome.loss_before,
            loss_after=outcome.loss_after, change=outcome.change,
            seconds=time.perf_counter() - began, skipped=outcome.skipped,
        )

    # ---- both -----------------------------------------------------------------------------------

    def _home(self, task: EngineTask, snapshot: Snapshot) -> Pose | None:
        """Where the memory's axes stand in this walk's. One that was loaded from elsewhere (it
        brings its bank) is at home only where its place is recognised."""
        from core.memory.fast_learning import home_of

        if snapshot.bank is None:
            return home_of(snapshot)
        return self._recall.home(task.episode, snapshot.home) if task.episode is not None else None

    def _load(self, task: EngineTask, run: UnderWay) -> Generator[EngineEvent, None, World]:
        """The task's world with its adapter, loaded or kept."""
        run.prepare()
        if self._loaded == (task.world_dir, task.world_hash):
            yield Progress("loading", 1, 1)
            return self._world
        yield Progress("loading", 0, 3)
        run.check()
        self._device()
        if self._world is not None:  # what the next one may take is asked for next
            self._unload()
        yield Progress("loading", 1, 3)
        run.check()
        from core.engine.lowering import choose
        from core.worlds.catalogue import load_world, read_entry
        from core.worlds.slow_adapter import merged_name

        found, fitted = choose(task, self.device, self._wanted, self.lowered)
        self._tier = found.tier.id
        yield fitted  # before it is loaded: that is where memory runs out most often
        run.check()
        merged = task.slow_adapter
        world = load_world(
            Path(task.world_dir), self.device, Path(merged.path) if merged else None, found.tier,
            found.keep_text,
        )
        if merged is not None:  # the file is named by its content
            world.name = merged_name(read_entry(Path(task.world_dir)).name, merged.name)
        if world.hash != task.world_hash:
            raise WorldError(
                f"The project was made with another version of “{world.name}” "
                f"({task.world_hash[:8]}) than the one installed ({world.hash[:8]}). Install the "
                "version it was made with, or set its start again in a new project. Where it was "
                "made with a slow adapter, choose that in the Worlds panel (or with render "
                "--slow-adapter)."
            )
        self._licence = read_entry(Path(task.world_dir)).licence
        yield Progress("loading", 2, 3)
        run.check()
        from core.memory.adapter import Adapter

        # Put in at once, also where the memory is off: it may be switched on for the next chunk,
        # and while it is off the world computes the very same bits.
        self._adapter = Adapter(world)
        from core.rollout.context import Encoded
        from core.rollout.recall import Recall

        self._recall = Recall(world)
        self._encoded = Encoded()
        self._world, self._loaded = world, (task.world_dir, task.world_hash)
        yield Progress("loading", 3, 3)
        return world

    def _context(self, refs: Any, run: UnderWay) -> Generator[EngineEvent, None, list[LatentFrame]]:
        from core.rollout.context import context_steps

        total = sum(ref.stop - ref.start for ref in refs)
        yield Progress("encoding", 0, total)
        found: list[LatentFrame] = []
        steps = context_steps(self._world, refs, self._encoded)
        run.check()
        for part in steps:
            found += part
            yield Progress("encoding", len(found), total)
            run.check()
        return found
