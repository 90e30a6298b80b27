"""Edits of the world that a project walks through: the slow adapter on top of it."""

from __future__ import annotations

from dataclasses import replace

from core.project.edits_document import MAX_NAME
from core.project.errors import EditError
from core.project.model import AT_START, Project, SlowAdapterRef, WorldRef
from core.project.words import one_line


def set_slow_adapter(p: Project, adapter: SlowAdapterRef, merged: WorldRef) -> Project:
    """Walk through ``merged`` from now on: ``adapter.base`` with the adapter. What was made with
    another world stays and is stale."""
    if adapter.asset not in p.assets:
        raise EditError("The slow adapter's file is not in the project.")
    if p.world.id != adapter.base.id or merged.id != adapter.base.id:
        raise EditError(
            f"The slow adapter is one of “{adapter.base.name}”, and this project walks through "
            f"“{p.world.name}”."
        )
    name = one_line(adapter.name, MAX_NAME, "The slow adapter's name") or "slow adapter"
    return _in_world(replace(p, slow_adapter=replace(adapter, name=name)), merged)


def remove_slow_adapter(p: Project) -> Project:
    """Walk through the world as it is without its slow adapter."""
    if p.slow_adapter is None:
        raise EditError("This project has no slow adapter.")
    return _in_world(replace(p, slow_adapter=None), p.slow_adapter.base)


def _in_world(p: Project, world: WorldRef) -> Project:
    if world.hash != p.world.hash and p.memory_bases.get(AT_START):
        # An episode loaded there fits the former world only, and no new take could begin with it.
        p = replace(p, memory_bases={k: v for k, v in p.memory_bases.items() if k != AT_START})
    return replace(p, world=world)
