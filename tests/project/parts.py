"""Small real projects for the tests: documents, and files that stand in for the engine's."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from core.project import edits, queries
from core.project.jobs import Job
from core.project.model import (
    Asset,
    LearningRecord,
    MemoryUse,
    Parent,
    Project,
    Sampling,
    Start,
    Take,
    WorldRef,
)
from core.project.steps import (
    AcceptStep,
    AwaitDecision,
    ChunkStep,
    Finished,
    LearnStep,
    apply_learned,
    apply_take_ready,
    next_step,
)
from core.project.store import ProjectStore
from core.rollout.events import Learned, TakeReady

CHUNK = 8


def empty() -> Project:
    world = WorldRef("starter", "w" * 64, "Starter world")
    return edits.new_project("Walk", world, Fraction(8), (128, 128), CHUNK, 16)


def with_start(frames: int = 1, name: str = "start") -> Project:
    return started(empty(), frames, name)


def started(p: Project, frames: int = 1, name: str = "start") -> Project:
    p = edits.add_assets(p, [Asset(name, "video", f"assets/video/{name}.mp4", 3)])
    return edits.set_start(p, Start(name, "picture", name, frames, name))


def make_take(
    p: Project, id: str, parent: Parent | None, **changes: object
) -> tuple[Project, Take]:
    """A take with files of its own, as the engine would have made it."""
    kinds = ("video", "latents", "thumbnail")
    assets = [Asset(f"{id}-{k}", k, f"assets/{k}/{id}.bin", 3) for k in kinds]
    values: dict[str, object] = {
        "id": id,
        "chunk": "",
        "parent": parent,
        "status": "draft",
        "frames": CHUNK,
        "seed": p.next_seed,
        "actions": queries.action_parts(p, queries.sequence_end(p), CHUNK),
        "scene": p.scene,
        "sampling": Sampling(),
        "memory": MemoryUse(),
        "world_hash": p.world.hash,
        "video": assets[0].id,
        "latents": assets[1].id,
        "thumbnail": assets[2].id,
        "start_source": p.start.video if parent is None and p.start is not None else "",
    }
    return edits.add_assets(p, assets), Take(**{**values, **changes})  # type: ignore[arg-type]


def append(p: Project, id: str) -> Project:
    """One more accepted chunk ``c-id`` at the tip, with take ``id``."""
    p, take = make_take(p, id, queries.tip(p), chunk=f"c-{id}")
    return edits.accept_take(edits.add_take(p, None, take), id)


def rolled_out(chunks: int) -> Project:
    """The start and accepted chunks with takes t1, t2, …"""
    p = with_start()
    for i in range(1, chunks + 1):
        p = append(p, f"t{i}")
    return p


def version(p: Project, chunk: str, id: str) -> Project:
    """A new accepted take of a chunk, from what its chosen take continued."""
    p, take = make_take(p, id, queries.chosen_take(p, chunk).parent)
    return edits.accept_take(edits.add_take(p, chunk, take), id)


RECORD = LearningRecord(steps=8, loss_before=0.5, loss_after=0.25, change=0.001, seconds=1.0)


class FileEngine:
    """Writes the files a task asks for: bytes that follow from the task alone, so that the same
    task gives the same files."""

    def __init__(self) -> None:
        self.ran: list[ChunkStep | LearnStep] = []

    def make(self, p: Project, step: ChunkStep, store: ProjectStore) -> Project:
        assert step.task is not None
        self.ran.append(step)
        out = Path(step.task.out_dir)
        said = repr((step.task.context, step.task.actions, step.seed, step.task.snapshot)).encode()
        files = {n: out / n for n in ("video.mp4", "latents.safetensors", "thumbnail.jpg")}
        for name, path in files.items():
            path.write_bytes(name.encode() + said)
        event = TakeReady(*(str(f) for f in files.values()), CHUNK, 0.5, step.task.world_hash)
        return apply_take_ready(p, step, event, store)

    def learn(self, p: Project, step: LearnStep, store: ProjectStore) -> Project:
        assert step.task is not None
        self.ran.append(step)
        path = Path(step.task.out_dir) / "memory.safetensors"
        path.write_bytes(repr((step.task.take, step.task.snapshot)).encode())
        return apply_learned(p, step, Learned(str(path), 8, 0.5, 0.25, 0.001, 1.0), store)


def drive(p: Project, job: Job, store: ProjectStore, engine: FileEngine, limit: int = 100):
    """Run a job until it waits or ends: (project, the step it stopped at)."""
    for _ in range(limit):
        match next_step(p, job, store, "/world"):
            case ChunkStep() as step:
                p = engine.make(p, step, store)
            case LearnStep() as step:
                p = engine.learn(p, step, store)
            case AcceptStep(take_id):
                p = edits.accept_take(p, take_id)
            case (AwaitDecision() | Finished()) as step:
                return p, step
        store.save(p)
    raise AssertionError("the job never ends")


def real_project(folder: Path, start_frames: int = 1) -> tuple[Project, ProjectStore]:
    """A project on disk with a start whose file exists."""
    store = ProjectStore.create(folder, empty())
    source = folder.with_suffix(".source.mp4")
    source.write_bytes(b"start" * start_frames)
    asset = store.import_file(source, "video", source.name)
    p = edits.add_assets(store.project, [asset])
    p = edits.set_start(p, Start(asset.id, "video", asset.id, start_frames, asset.id))
    store.save(p)
    return p, store
