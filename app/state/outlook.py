"""How much a job still has to make, and how long that may take, from measured times."""

from __future__ import annotations

from app.state.jobs import JobQueue
from app.state.meter import measured
from core.project import queries
from core.project.jobs import Job
from core.project.model import Project
from core.project.steps import LearnStep


def stale_chunks(p: Project, until: int) -> list[str]:
    """Chunks on the first track before ``until`` that would be made again, in time order."""
    found: list[str] = []
    for clip in queries.track_clips(p):
        if clip.kind == "chunk" and clip.start < until and clip.source not in found:
            if queries.is_stale(p, queries.chosen_take(p, clip.source).id):
                found.append(clip.source)
    return found


def chunks_left(p: Project | None, job: Job) -> int:
    """Chunks that a job still has to make, counting the one in hand."""
    if p is None or job.ended:
        return 0
    if job.kind in ("redo", "more"):
        return 0 if job.take in p.takes else 1
    missing = max(0, job.until - queries.sequence_end(p))
    return len(stale_chunks(p, job.until)) + -(-missing // p.chunk_frames)


def chunk_counts(p: Project | None, queue: JobQueue, job: Job) -> tuple[int, int]:
    """(made since it began, all of them)."""
    made = max(0, len(p.takes) - queue.takes_before(job.id)) if p is not None else 0
    return made, made + chunks_left(p, job)


def seconds_left(p: Project | None, queue: JobQueue, job: Job) -> float | None:
    """None until there is a measure."""
    if p is None:
        return None
    chunk, learn = measured(p)
    per = (chunk or 0) + ((learn or 0) if p.memory.preset != "off" else 0)
    more = chunks_left(p, job)
    active = queue.active
    if active is None or active.job != job.id:
        return per * more if chunk else None
    learning = isinstance(active.step, LearnStep)
    now = active.meter.left(learn if learning else chunk)
    if now is None:
        return None
    if learning:
        return now + (per * more if chunk else 0)
    rest = max(0, more - 1)
    if chunk is None:
        return now + rest * (active.meter.worked + now)
    return now + (learn or 0) + rest * per
