"""Every frame that a project's memory remembers, read from its files; what an episode keeps."""

from __future__ import annotations

from core.memory.bank import placed
from core.memory.snapshot import Frames, load_bank
from core.project.model import Parent, Project
from core.project.store import ProjectStore
from core.project.tasks import bank_refs
from core.rollout.latents import read_latents
from core.rollout.request import ContextRef


def remembered(p: Project, store: ProjectStore, parent: Parent | None) -> Frames | None:
    """The bank before a continuation of ``parent``, in the axes of its walk; None: nothing.

    An episode that the memory began with comes along where its place is recognised. Raises
    ProjectError, TensorFileError or MemoryRefused.
    """
    refs, episode = bank_refs(p, store, parent)
    parts = [_read(ref) for ref in refs if ref.holds_latents]
    if episode is not None:
        bank = load_bank(episode.path, p.world.hash)
        there = [_read(ref) for ref in episode.context if ref.holds_latents]
        if bank is not None and not there:  # loaded before the first chunk: look at what came of it
            there = parts[:1]
        found = placed(bank, Frames.joined(there)) if bank is not None and there else None
        if found is not None:
            parts.insert(0, found)
    return Frames.joined(parts) if parts else None


def _read(ref: ContextRef) -> Frames:
    return read_latents(ref.path)[ref.start : ref.stop]
