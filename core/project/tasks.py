"""What a chunk is made from, looked up in a document: its parent, its actions, its past frames."""

from __future__ import annotations

from core.project import lived
from core.project.errors import EditError, ProjectError
from core.project.model import ActionPart, Clip, Parent, Project
from core.project.queries import (
    action_parts,
    chosen_take,
    chunk_number,
    is_stale,
    joined_parts,
    sequence_end,
    track_clips,
    whole_latents,
)
from core.project.store import ProjectStore
from core.rollout.request import LEAD, ContextRef, EpisodeBank, SlowAdapterFile


def live_parent(p: Project, chunk_id: str) -> Parent | None:
    """What a new take of ``chunk_id`` continues: the version now chosen of what its chosen take
    continued. Chunks that are gone, or hidden and stale, are skipped towards the start."""
    parent = chosen_take(p, chunk_id).parent
    first = True
    while parent is not None:
        take = p.takes[parent.take]
        if take.chunk not in p.chunks:
            parent, first = take.parent, False
            continue
        now = chosen_take(p, take.chunk)
        if not is_stale(p, now.id):
            whole = parent.frames == take.frames
            frames = now.frames if whole else min(parent.frames, now.frames)
            return Parent(now.id, (first and _seen_cut(p, chunk_id, take.chunk)) or frames)
        if (number := chunk_number(p, take.chunk)) is not None:
            raise EditError(
                f"What this chunk continues, chunk {number}, is itself out of date. Redo chunk "
                f"{number} first, or press Generate to remake all of them in order."
            )
        parent, first = now.parent, False
    return None


def _seen_cut(p: Project, chunk_id: str, before: str) -> int:
    """Where chunk ``before`` is cut on the timeline right before ``chunk_id``, in whole latent
    frames and at least one; 0 = not there."""
    clips = track_clips(p)
    for a, b in zip(clips, clips[1:], strict=False):
        joined = a.end == b.start and b.in_frame == 0
        if joined and (a.kind, a.source, b.kind, b.source) == ("chunk", before, "chunk", chunk_id):
            return max(whole_latents(p, a.out_frame), p.latent_stride)
    return 0


def asked_actions(p: Project, chunk_id: str | None) -> tuple[ActionPart, ...]:
    """What the action lane asks of a chunk, whole; None: of a new one at the end.

    Where only parts of the chunk are on the timeline, the lane says what it can, and the rest is
    as its chosen take was made.
    """
    if chunk_id is None:
        return action_parts(p, sequence_end(p), p.chunk_frames)
    take = chosen_take(p, chunk_id)
    clips = [c for c in track_clips(p) if c.kind == "chunk" and c.source == chunk_id]
    if len(clips) == 1 and (clips[0].in_frame, clips[0].out_frame) == (0, take.frames):
        return action_parts(p, clips[0].start, p.chunk_frames)
    texts = _by_frame(take.actions)
    texts += [texts[-1] if texts else ""] * (p.chunk_frames - len(texts))
    for clip in clips:
        texts[clip.in_frame : clip.out_frame] = _by_frame(action_parts(p, clip.start, clip.frames))
    return joined_parts([(text, 1) for text in texts[: p.chunk_frames]])


def _by_frame(parts: tuple[ActionPart, ...]) -> list[str]:
    return [part.text for part in parts for _ in range(part.frames)]


def first_stale(p: Project, until: int) -> str | None:
    """The chunk to remake first: the first stale one on the first track that begins before
    ``until``, or what it was made from where that is stale and on the timeline too."""
    clips = track_clips(p)
    stale = next((c for c in clips if c.start < until and _stale_clip(p, c)), None)
    if stale is None:
        return None
    chunk, seen = stale.source, {stale.source}
    while (parent := chosen_take(p, chunk).parent) is not None:
        before = p.takes[parent.take].chunk
        if before in seen or chunk_number(p, before) is None or before not in p.chunks:
            break
        if not is_stale(p, p.chunks[before].chosen):
            break
        chunk = before
        seen.add(chunk)
    return chunk


def _stale_clip(p: Project, clip: Clip) -> bool:
    return clip.kind == "chunk" and is_stale(p, p.chunks[clip.source].chosen)


def context_refs(
    p: Project, store: ProjectStore, parent: Parent | None, n: int
) -> tuple[ContextRef, ...]:
    """The last ``n`` latent frames before a continuation of ``parent``, oldest first: of the takes
    it follows, each up to where it is continued, and at last the start's own pictures.

    In a world of several pictures a latent frame the start is always there, in front: it has the
    one frame that codes a single picture. ``core.rollout.context`` says what of it all is shown.
    """
    refs: list[ContextRef] = []
    left = n if p.latent_stride == 1 else max(n, LEAD)
    while parent is not None and left > 0:
        take, stop = p.takes[parent.take], parent.frames // p.latent_stride
        first = max(0, stop - left)
        refs.append(ContextRef(file_of(store, take.latents), first, stop))
        left -= stop - first
        parent = take.parent
    if p.latent_stride > 1 or (parent is None and left > 0):
        refs.append(_start_ref(p, store, left if p.latent_stride == 1 else n))
    return tuple(reversed(refs))


def _start_ref(p: Project, store: ProjectStore, n: int) -> ContextRef:
    """The pictures of the start's last ``n`` latent frames, or as many as there are: 1 and then
    whole latent frames. Always the same ones for a project, since a causal autoencoder codes a
    picture after those before it."""
    if p.start is None:
        raise EditError("Choose a picture or a video to start from first.")
    frames = p.start.frames
    count = min(n - 1, (frames - 1) // p.latent_stride) * p.latent_stride + 1
    return ContextRef(file_of(store, p.start.video), frames - count, frames)


def bank_refs(
    p: Project, store: ProjectStore, parent: Parent | None
) -> tuple[tuple[ContextRef, ...], EpisodeBank | None]:
    """The frames remembered before a continuation of ``parent``, oldest first, and the bank of the
    episode that the memory began with. A reset, and a chunk made without memory, leave gaps."""
    found = lived.remembered(p, parent)
    refs = []
    for part in found.parts:
        asset = p.takes[part.take].latents if part.take else p.start.video
        stride = p.latent_stride if part.take else 1
        refs.append(ContextRef(file_of(store, asset), part.first // stride, part.last // stride))
    return tuple(refs), _episode(p, store, found)


def loaded_episode(p: Project, store: ProjectStore, parent: Parent | None) -> EpisodeBank | None:
    """The episode that the memory before a continuation of ``parent`` began with. None of the
    frames made since needs to be there."""
    return _episode(p, store, lived.remembered(p, parent))


def _episode(p: Project, store: ProjectStore, found: lived.Remembered) -> EpisodeBank | None:
    if not found.base:
        return None
    there = context_refs(p, store, found.since, p.context_frames)
    return EpisodeBank(file_of(store, found.base), there)


def slow_adapter_file(p: Project, store: ProjectStore) -> SlowAdapterFile | None:
    """What is merged into the project's world."""
    if p.slow_adapter is None:
        return None
    path = store.path(p.slow_adapter.asset)
    if not path.is_file():
        raise ProjectError(
            f"The project's slow adapter “{p.slow_adapter.name}” is missing: "
            f"{path.relative_to(store.folder)}. Bring the file back, or choose it again in the "
            "Worlds panel."
        )
    return SlowAdapterFile(str(path), p.slow_adapter.name)


def file_of(store: ProjectStore, asset_id: str) -> str:
    """Absolute path of a file that must be there."""
    path = store.path(asset_id)
    if not path.is_file():
        raise ProjectError(
            f"A file of the project is missing: {path.relative_to(store.folder)}. Bring it back, "
            "or redo the chunk that it belongs to."
        )
    return str(path)
