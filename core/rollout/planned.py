"""The seeds that a film's recipe has in store for chunks to come."""

from __future__ import annotations

from dataclasses import replace

from core.project import queries
from core.project.jobs import Job
from core.project.model import AT_START, Project
from core.project.steps import ChunkStep, plan_step


def with_planned_seed(p: Project, job: Job) -> Job:
    """The job with the seed that makes its next new chunk as the recipe's film had it.

    Not when the artist fixed a seed, loaded a memory at the start, or has that take already (and
    dropped it: then it is to become another one).
    """
    if job.kind != "generate" or job.seed is not None or AT_START in p.memory_bases:
        return job
    from core.rollout.recipe import PLANNED, planned_seed

    if PLANNED not in p.extra:
        return job
    step = plan_step(p, job)
    if not isinstance(step, ChunkStep) or step.chunk is not None:
        return job
    depth = len(queries.chain(p, step.parent.take)) if step.parent is not None else 0
    seed = planned_seed(p, depth)
    if seed is None or any(t.parent == step.parent and t.seed == seed for t in p.takes.values()):
        return job
    return replace(job, seed=seed - depth)  # a generate job counts its seed up by the depth
