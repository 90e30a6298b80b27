"""Without a window: a start and actions become a project on the disk, takes, and a film."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.engine.control import CancelToken, PauseGate
from core.engine.protocol import Engine
from core.project import edits, queries, steps
from core.project.errors import EditError, ProjectError
from core.project.files import digest
from core.project.jobs import Job, Running, generate_job
from core.project.model import MemoryUse, Project, Sampling, WorldRef
from core.project.store import ProjectStore
from core.rollout.adopting import adopt_slow_adapter
from core.rollout.events import (
    BegunAgain,
    Cancelled,
    EngineEvent,
    Failed,
    Fitted,
    Learned,
    Progress,
    Remark,
    TakeReady,
)
from core.rollout.planned import with_planned_seed
from core.rollout.request import EngineTask
from core.rollout.start import make_start
from core.worlds.catalogue import WorldEntry, read_entry

_MEMORY = MemoryUse()
Actions = Sequence[tuple[str, int]]  # text, frames


class RenderFailed(Exception):
    """The film was not made; the message is for the artist. What was made is in the project."""

    def __init__(self, message: str, detail: str = ""):
        super().__init__(message)
        self.detail = detail


class RenderStopped(Exception):
    """Stopped on request; what was made is in the project."""


@dataclass(frozen=True)
class RenderProgress:
    """``chunk`` of ``chunks`` (1 first) is made; ``step`` of ``steps`` of ``phase`` is done."""

    chunk: int
    chunks: int
    phase: str
    step: int
    steps: int
    elapsed: float
    remaining: float | None  # seconds; None until there is something to judge by


def create(
    folder: Path, world: WorldEntry, start: Path, *, name: str = "", scene: str = "",
    memory: MemoryUse = _MEMORY, sampling: Sampling | None = None,
) -> ProjectStore:
    """A new project with its start; nothing is left in ``folder`` where that fails. ``sampling``
    None: what suits the world. A slow adapter that ``world`` has becomes the project's. Raises
    ProjectError, EditError, MediaError, WorldError."""
    import shutil

    adapter, world = world.slow_adapter, read_entry(world.folder)
    p = edits.new_project(
        name or start.stem[:100] or "Film", WorldRef(world.id, world.hash, world.name), world.rate,
        (world.width, world.height), world.chunk_frames, world.n_past, world.t_stride,
    )
    sampling = sampling or Sampling(world.steps, world.guidance)
    p = edits.set_sampling(edits.set_memory(edits.set_scene(p, scene), memory), sampling)
    there = folder.exists()
    store = ProjectStore.create(folder, p)
    try:
        if adapter is not None:
            p = adopt_slow_adapter(store, world, adapter)(p)
        assets, made = make_start(store, p, start)
        store.save(edits.set_start(edits.add_assets(p, assets), made))
    except BaseException:
        store.close()
        for path in folder.iterdir():
            shutil.rmtree(path, True) if path.is_dir() else path.unlink(missing_ok=True)
        if not there:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return store


def same_start(store: ProjectStore, start: Path) -> bool:
    """Whether the project was started from the very same file."""
    return store.project.start is not None and store.project.start.source == digest(start)


def lay_actions(p: Project, actions: Actions) -> Project:
    """Put ``actions`` one after the other behind what is there, be it planned or made. Actions that
    lie there already are left as they are, so that the same command can be given again."""
    lane = [(s.text, s.end - s.start) for s in p.actions]
    wanted = [(" ".join(text.split()), frames) for text, frames in actions]
    if lane == wanted:
        return p
    at = planned_end(p)
    for text, frames in wanted:
        p = edits.add_action(p, text, at, at + frames)
        at += frames
    return p


def planned_end(p: Project) -> int:
    """Where the film ends: with the last action, or with what is there."""
    return max(p.actions[-1].end if p.actions else 0, queries.sequence_end(p))


def roll_out(
    store: ProjectStore,
    engine: Engine,
    world_dir: Path,
    until: int,
    token: CancelToken,
    seed: int | None = None,
    progress: Callable[[RenderProgress], None] | None = None,
    told: Callable[[str], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Make, accept and learn chunk by chunk until ``until``; the project is saved after every one.
    ``told``: hears in a sentence when it has to go on in another way (memory ran out, or the world
    can't be sampled as was asked).

    Raises RenderFailed or RenderStopped; what was made is kept either way. Where the project says
    which seeds its chunks were made with (a recipe), those are used, unless ``seed`` is given.
    """
    p = store.project
    job = replace(generate_job(until, seed), state=Running())
    meter = _Meter(p, until, progress, told, clock)
    _journal(store, job)
    try:
        while True:
            step = steps.next_step(p, with_planned_seed(p, job), store, world_dir)
            match step:
                case steps.Finished():
                    break
                case steps.AwaitDecision(take_id=take) | steps.AcceptStep(take_id=take):
                    p = edits.accept_take(p, take)
                case steps.ChunkStep():
                    ready = _run(engine, step.task, token, meter, store)
                    p = steps.apply_take_ready(p, step, ready, store)
                    meter.chunk_done()
                case steps.LearnStep():
                    learned = _run(engine, step.task, token, meter, store)
                    p = steps.apply_learned(p, step, learned, store)
            store.save(p)
    except (EditError, ProjectError) as error:
        raise RenderFailed(str(error)) from error
    _journal(store, None)


def _run(
    engine: Engine, task: EngineTask, token: CancelToken, meter: _Meter, store: ProjectStore
) -> TakeReady | Learned:
    """The result of one task; without one, nothing of it is left."""
    try:
        return _result(engine, task, token, meter)
    except BaseException:
        store.drop_staging(task.out_dir)
        raise


def _result(
    engine: Engine, task: EngineTask, token: CancelToken, meter: _Meter
) -> TakeReady | Learned:
    for event in engine.run(task, token, PauseGate()):
        if isinstance(event, TakeReady | Learned):
            return event
        if isinstance(event, Failed):
            raise RenderFailed(event.message, event.detail)
        if isinstance(event, Cancelled):
            raise RenderStopped
        meter.see(event)
    raise RenderFailed("The engine stopped without a result. Try again.")


def _journal(store: ProjectStore, job: Job | None) -> None:
    """So that a studio which opens a killed project can go on."""
    others = [j for j in store.journal.load() if j.kind != "generate"]
    store.journal.save([*others, *([job] if job is not None else [])])


class _Meter:
    """Turns events into progress with a guess of what remains: chunks and learning each take as
    long as they took before, or go on at their own pace."""

    def __init__(
        self, p: Project, until: int, tell: Callable[[RenderProgress], None] | None,
        told: Callable[[str], None] | None, clock: Callable[[], float],
    ):
        left = max(0, until - queries.sequence_end(p))
        self._chunks = max(1, -(-left // p.chunk_frames))
        self._tell, self._told, self._done = tell, told, 0
        self._clock = clock
        self._began = clock()
        self._kind, self._since = "", self._began  # what is under way: "sampling" or "learning"
        self._took: dict[str, list[float]] = {"sampling": [], "learning": []}

    def chunk_done(self) -> None:
        self._done += 1

    def see(self, event: EngineEvent) -> None:
        told = isinstance(event, BegunAgain | Remark)
        if (told or isinstance(event, Fitted) and event.lowered) and self._told is not None:
            self._told(event.words)
        if self._tell is None or not isinstance(event, Progress):
            return
        now = self._clock()
        if event.phase in self._took and event.phase != self._kind:
            if self._kind:
                self._took[self._kind].append(now - self._since)
            self._kind, self._since = event.phase, now
        part = event.step / max(1, event.steps) if event.phase == self._kind else 1.0
        chunk = max(1, min(self._chunks, self._done + (event.phase != "learning")))
        self._tell(RenderProgress(
            chunk, self._chunks, event.phase, event.step, event.steps, now - self._began,
            self._remaining(now - self._since, part),
        ))

    def _remaining(self, gone: float, part: float) -> float | None:
        """Seconds, ``part`` of what is under way being done after ``gone`` seconds."""
        each = {kind: sum(took) / len(took) if took else 0.0 for kind, took in self._took.items()}
        if not self._kind:
            return None
        if part and not each[self._kind]:
            each[self._kind] = gone / part
        if not each["sampling"]:
            return None
        rest, ahead = each[self._kind] * (1 - part), self._chunks - self._done
        if self._kind == "sampling":
            rest, ahead = rest + each["learning"], ahead - 1
        return rest + max(0, ahead) * (each["sampling"] + each["learning"])
