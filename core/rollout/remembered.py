"""Every frame that a project's memory remembers, read from its files; what an episode keeps."""

from __future__ import annotations

from core.memory.bank import laid, placements
from core.memory.frames import Frames
from core.memory.snapshot import load_bank
from core.project.model import Parent, Project
from core.project.store import ProjectStore
from core.project.tasks import bank_refs
from core.rollout.latents import read_latents
from core.rollout.request import ContextRef


def remembered(p: Project, store: ProjectStore, parent: Parent | None) -> Frames | None:
    """The bank before a continuation of ``parent``, in the axes of its walk; None: nothing.

    An episode that the memory began with comes along: those of its places that are recognised in
    the axes of this walk, the others as walks of their own. Raises ProjectError, TensorFileError or
    MemoryRefused.
    """
    refs, episode = bank_refs(p, store, parent)
    parts = [_read(ref) for ref in refs if ref.holds_latents]
    bank = load_bank(episode.path, p.world.hash) if episode is not None else None
    if bank is None or not len(bank):
        return Frames.joined(parts) if parts else None
    there = [_read(ref) for ref in episode.context if ref.holds_latents]
    # Loaded before the first chunk: look at what came of it.
    there = there or parts[:1]
    lies = placements(bank, Frames.joined(there)) if there else {}
    here = laid(bank, lies)
    unknown = [part for number, part in bank.walks().items() if number not in lies]
    others = [part.of_walk(i) for i, part in enumerate(unknown, 1)]
    return Frames.joined([*([here] if here is not None else []), *parts, *others])


def _read(ref: ContextRef) -> Frames:
    return read_latents(ref.path)[ref.start : ref.stop]
