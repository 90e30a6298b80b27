"""What a job does next, with its task where the engine has to do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.project.jobs import Job
from core.project.model import Project
from core.project.steps import ChunkStep, LearnStep, Step, next_step, plan_step
from core.project.store import ProjectStore
from core.rollout.planned import with_planned_seed


def planned_step(
    p: Project, job: Job, store: ProjectStore, world_folder: Callable[[str], Path]
) -> Step:
    """The next step, with its task where the engine has to do it."""
    step = plan_step(p, job)
    if isinstance(step, ChunkStep | LearnStep):
        step = next_step(p, with_planned_seed(p, job), store, world_folder(p.world.id))
    return step
