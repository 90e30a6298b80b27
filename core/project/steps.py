"""What a generation job does next, and what becomes of the engine's results.

Everything follows from the document and the job, nothing is remembered between steps: a studio
that was killed asks again and carries on. The window and the command line run the same loop::

    while True:
        match next_step(p, job, store, world_dir):
            case ChunkStep(task=task) as step:  # run it; on TakeReady:
                p = apply_take_ready(p, step, event, store)
            case LearnStep(task=task) as step:  # run it; on Learned:
                p = apply_learned(p, step, event, store)
            case AcceptStep(take_id):
                p = accept_take(p, take_id)
            case AwaitDecision(take_id): ...  # accept, redo (a job of its own) or discard
            case Finished(): break
        store.save(p)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.project import checks, edits, queries
from core.project.errors import EditError
from core.project.ids import new_id
from core.project.jobs import Job, now
from core.project.memory_use import adapter_strength, has_adapter, learns_again, recalled_frames
from core.project.model import (
    ActionPart,
    LearningRecord,
    MemoryUse,
    Parent,
    Project,
    Sampling,
    Take,
)
from core.project.store import ProjectStore
from core.project.tasks import (
    asked_actions,
    bank_refs,
    context_refs,
    file_of,
    first_stale,
    live_parent,
    loaded_episode,
    slow_adapter_file,
)
from core.rollout.events import Learned, TakeReady
from core.rollout.request import ChunkTask, ContextRef, LearnTask

Edit = Callable[[Project], Project]


@dataclass(frozen=True)
class ChunkStep:
    """Make take ``take_id``: of ``chunk``, or of a new chunk at the end (None)."""

    take_id: str
    chunk: str | None
    parent: Parent | None
    seed: int
    actions: tuple[ActionPart, ...]
    scene: str
    sampling: Sampling
    memory: MemoryUse
    snapshot_in: str | None
    start_source: str
    aside: bool = False  # beside the chosen take, which stays chosen
    task: ChunkTask | None = None  # always there from ``next_step``


@dataclass(frozen=True)
class LearnStep:
    """The memory learns an accepted take."""

    take_id: str
    task: LearnTask | None = None  # always there from ``next_step``


@dataclass(frozen=True)
class AcceptStep:
    """The project accepts by itself: accept this draft, then ask again."""

    take_id: str


@dataclass(frozen=True)
class AwaitDecision:
    """This draft waits for the artist."""

    take_id: str


@dataclass(frozen=True)
class Finished:
    """Nothing is left to do."""


Step = ChunkStep | LearnStep | AcceptStep | AwaitDecision | Finished


def next_step(
    p: Project, job: Job, store: ProjectStore, world_dir: Path | str, out_dir: Path | None = None
) -> Step:
    """The next step with its task ready for the engine, whose results go to ``out_dir`` (made
    below the project's staging folder where none is given). Raises ``EditError`` or
    ``ProjectError`` with a sentence where it cannot be done: the job has failed then."""
    step = plan_step(p, job)
    if isinstance(step, ChunkStep):
        context = context_refs(p, store, step.parent, p.context_frames)
        bank, episode = (), None
        if recalled_frames(step.memory):
            bank, episode = bank_refs(p, store, step.parent)
        elif adapter_strength(step.memory):
            episode = loaded_episode(p, store, step.parent)
        uses_memory = step.memory.preset != "off" and step.snapshot_in is not None
        task = ChunkTask(
            world_dir=str(world_dir),
            world_hash=p.world.hash,
            context=context,
            actions=step.actions,
            scene=step.scene,
            seed=step.seed,
            sampling=step.sampling,
            memory=step.memory,
            snapshot=file_of(store, step.snapshot_in) if uses_memory else None,
            rate=str(p.rate),
            out_dir=str(out_dir or store.staging()),
            bank=bank,
            episode=episode,
            slow_adapter=slow_adapter_file(p, store),
        )
        return replace(step, task=task)
    if isinstance(step, LearnStep):
        take = p.takes[step.take_id]
        before = queries.memory_before(p, take.parent)
        earlier, episode = (), None
        if learns_again(take.memory):
            earlier, episode = bank_refs(p, store, take.parent)
        elif has_adapter(take.memory):
            episode = loaded_episode(p, store, take.parent)
        learn = LearnTask(
            world_dir=str(world_dir),
            world_hash=p.world.hash,
            context=context_refs(p, store, take.parent, p.context_frames),
            take=ContextRef(file_of(store, take.latents), 0, take.frames // p.latent_stride),
            actions=take.actions,
            scene=take.scene,
            preset=take.memory.preset,
            snapshot=file_of(store, before) if before is not None else None,
            seed=take.seed,
            out_dir=str(out_dir or store.staging()),
            earlier=tuple(ref for ref in earlier if ref.holds_latents),
            episode=episode,
            slow_adapter=slow_adapter_file(p, store),
        )
        return replace(step, task=learn)
    return step


def plan_step(p: Project, job: Job) -> Step:
    """The next step without its task: pure, for showing what will happen."""
    if job.kind == "generate":
        return _generate(p, job)
    if job.kind in ("redo", "more"):
        return _redo(p, job)
    raise ValueError(f"a job of kind {job.kind!r} has no steps")


def _generate(p: Project, job: Job) -> Step:
    on_track = [
        queries.chosen_take(p, c.source) for _, c in queries.all_clips(p) if c.kind == "chunk"
    ]
    fresh = [t for t in on_track if not queries.is_stale(p, t.id)]
    draft = next((t for t in fresh if t.status == "draft"), None)
    if draft is not None:
        return _decide(p, draft)
    unlearned = [t for t in fresh if to_learn(p, t)]
    if unlearned:  # what was made first is learned first, wherever it was moved
        return LearnStep(min(unlearned, key=lambda t: len(queries.chain(p, t.id))).id)
    stale = first_stale(p, job.until)
    if stale is not None:
        return _chunk_step(p, job, new_id(), stale, live_parent(p, stale))
    if queries.sequence_end(p) < job.until:
        return _chunk_step(p, job, new_id(), None, queries.tip(p))
    return Finished()


def _redo(p: Project, job: Job) -> Step:
    if not job.take:
        raise ValueError("a redo job names the take it makes")
    take = p.takes.get(job.take)
    if take is None:
        if job.chunk not in p.chunks:
            raise EditError("That chunk is no longer in the project.")
        return _chunk_step(p, job, job.take, job.chunk, live_parent(p, job.chunk))
    chunk = p.chunks.get(take.chunk)
    if job.kind == "more" or chunk is None or chunk.chosen != take.id:
        return Finished()  # the artist decided otherwise
    if take.status == "draft":
        return _decide(p, take)
    return LearnStep(take.id) if to_learn(p, take) else Finished()


def _decide(p: Project, take: Take) -> Step:
    return AcceptStep(take.id) if p.auto_accept else AwaitDecision(take.id)


def to_learn(p: Project, take: Take) -> bool:
    """Accepted, not yet learned, and what it would leave behind is what comes after it. Nothing is
    learned while the memory is off: learning that can't succeed must not hold up the walk."""
    return (
        p.memory.preset != "off"
        and take.status == "accepted"
        and take.memory.preset != "off"
        and take.learning is None
        and take.id not in p.memory_bases
        and not queries.is_stale(p, take.id)
    )


def _chunk_step(
    p: Project, job: Job, take_id: str, chunk: str | None, parent: Parent | None
) -> ChunkStep:
    if p.start is None:
        raise EditError("Choose a picture or a video to start from first.")
    seed = p.next_seed
    if job.seed is not None:  # one seed for a whole generate job: each chunk takes the next
        depth = len(queries.chain(p, parent.take)) if parent is not None else 0
        seed = (job.seed + (depth if job.kind == "generate" else 0)) % checks.MAX_SEED
    return ChunkStep(
        take_id=take_id,
        chunk=chunk,
        parent=parent,
        seed=seed,
        actions=asked_actions(p, chunk),
        scene=p.scene,
        sampling=p.sampling,
        memory=p.memory,
        snapshot_in=queries.memory_before(p, parent) if p.memory.preset != "off" else None,
        start_source=p.start.video if parent is None else "",
        aside=job.kind == "more",
    )


# ---- results ------------------------------------------------------------------------------------


def apply_take_ready(p: Project, step: ChunkStep, event: TakeReady, store: ProjectStore) -> Project:
    """Take the engine's files into the project and the take into the document, as a draft."""
    return take_edit(step, event, store)(p)


def apply_learned(p: Project, step: LearnStep, event: Learned, store: ProjectStore) -> Project:
    """Take the new snapshot into the project, as what the take left in the memory."""
    return learned_edit(step, event, store)(p)


def take_edit(step: ChunkStep, event: TakeReady, store: ProjectStore) -> Edit:
    """Moves the files at once; the edit returned only changes a document and can be run again."""
    assets = (
        store.import_file(event.video, "video", move=True),
        store.import_file(event.latents, "latents", move=True),
        store.import_file(event.thumbnail, "thumbnail", move=True),
    )
    if step.task is not None:
        store.drop_staging(step.task.out_dir)
    take = Take(
        id=step.take_id,
        chunk=step.chunk or new_id(),
        parent=step.parent,
        status="draft",
        frames=event.frames,
        seed=step.seed,
        actions=_first_frames(step.actions, event.frames),
        scene=step.scene,
        sampling=replace(step.sampling, way=event.way),
        memory=step.memory,
        world_hash=event.world_hash,
        video=assets[0].id,
        latents=assets[1].id,
        thumbnail=assets[2].id,
        snapshot_in=step.snapshot_in,
        created=now(),
        seconds=_finite(event.seconds),
        start_source=step.start_source,
        recalled=event.recalled,
    )
    return lambda p: edits.add_take(
        edits.add_assets(p, assets), step.chunk, take, choose=not step.aside
    )


def learned_edit(step: LearnStep, event: Learned, store: ProjectStore) -> Edit:
    """Moves the file at once; the edit returned only changes a document and can be run again."""
    assets = (store.import_file(event.snapshot, "snapshot", move=True),) if event.snapshot else ()
    if step.task is not None:
        store.drop_staging(step.task.out_dir)
    record = LearningRecord(
        steps=event.steps,
        loss_before=_finite(event.loss_before),
        loss_after=_finite(event.loss_after),
        change=_finite(event.change),
        seconds=_finite(event.seconds),
        skipped=event.skipped,
    )
    snapshot = assets[0].id if assets else None
    return lambda p: edits.set_learned(edits.add_assets(p, assets), step.take_id, snapshot, record)


def _finite(value: float) -> float:
    """JSON has no NaN: a measure that went to pieces is written as -1."""
    return float(value) if math.isfinite(value) else -1.0


def _first_frames(actions: tuple[ActionPart, ...], frames: int) -> tuple[ActionPart, ...]:
    kept: list[tuple[str, int]] = []
    for part in actions:
        kept.append((part.text, min(part.frames, frames)))
        frames -= kept[-1][1]
    if kept and frames > 0:  # made longer than asked: to whole latent frames
        kept.append((kept[-1][0], frames))
    return queries.joined_parts(kept)
