"""Edits of the roll-out: its start, its chunks and the takes of each."""

from __future__ import annotations

from dataclasses import replace

from core.project.checks import MAX_FRAME, MAX_SEED, take_problem
from core.project.edits_clips import insert_first, resize_first, with_clips
from core.project.edits_document import FIRST_TRACK
from core.project.errors import EditError
from core.project.ids import new_id
from core.project.model import Chunk, Clip, LearningRecord, Project, Start, Take, Track
from core.project.queries import clips_of, sequence_end


def set_start(p: Project, start: Start) -> Project:
    """Continue this picture or video. It lies at the beginning of the first track; chunks made
    from another start stay and are stale."""
    if not 0 < start.frames <= MAX_FRAME:
        raise EditError("The start has no frames.")
    if any(f not in p.assets for f in (start.source, start.video, start.thumbnail)):
        raise EditError("The start's files are not in the project.")
    if not p.tracks:
        p = replace(p, tracks=(Track(new_id(), FIRST_TRACK),))
    old = [i for i, c in enumerate(p.tracks[0].clips) if c.kind == "start"]
    # Pieces of the old start beyond the first are pieces of something that is gone.
    for t, track in enumerate(p.tracks):
        keep = {track.clips[old[0]].id} if t == 0 and old else set()
        clips = tuple(c for c in track.clips if c.kind != "start" or c.id in keep)
        if len(clips) != len(track.clips):
            p = with_clips(p, t, clips)
    p = replace(p, start=start)
    if old:
        clip = p.tracks[0].clips[old[0]]
        return resize_first(p, old[0], replace(clip, in_frame=0, out_frame=start.frames))
    return insert_first(p, Clip(new_id(), "start", "", 0, 0, start.frames))


def add_take(
    p: Project,
    chunk_id: str | None,
    take: Take,
    clip_start: int | None = None,
    choose: bool = True,
) -> Project:
    """A version just made becomes the chosen one: of ``chunk_id``, or of a new chunk (None), which
    is placed at ``clip_start`` or else at the end of the sequence. Without ``choose`` it only
    joins the takes of its chunk.

    A draft of the same chunk that was never accepted is what this one was made instead of, so it
    is discarded (and kept among the takes). A memory that was loaded or emptied after the chunk is
    after this version of it too.
    """
    if take.id in p.takes:
        raise EditError("This version is already in the project.")
    if take.status == "discarded":
        raise EditError("A discarded version cannot be added.")
    if chunk_id is None:
        chunk = Chunk(take.chunk or new_id(), (take.id,), take.id)
        if chunk.id in p.chunks:
            raise EditError("This chunk is already in the project.")
    else:
        old = _chunk(p, chunk_id)
        chunk = Chunk(chunk_id, old.takes + (take.id,), take.id if choose else old.chosen)
    take, bases = replace(take, chunk=chunk.id), p.memory_bases
    if chunk_id is not None and old.chosen in bases:
        bases = {**bases, take.id: bases[old.chosen]}
    if problem := take_problem(p, take):
        raise EditError(f"This version does not fit into the project: {problem}.")
    takes = {**p.takes, take.id: take}
    for other in chunk.takes[:-1] if choose else ():
        if takes[other].status == "draft":
            takes[other] = replace(takes[other], status="discarded")
    p = replace(
        p,
        takes=takes,
        chunks={**p.chunks, chunk.id: chunk},
        memory_bases=bases,
        next_seed=min(max(p.next_seed, take.seed + 1), MAX_SEED),
    )
    if chunk_id is None:
        return _placed(p, chunk.id, take.frames, clip_start)
    return _fitted(p, chunk.id)


def accept_take(p: Project, take_id: str) -> Project:
    take = _take(p, take_id)
    if take.status == "discarded":
        raise EditError("This version was discarded. Bring it back before accepting it.")
    return _with_take(p, replace(take, status="accepted"))


def discard_take(p: Project, take_id: str) -> Project:
    """Put a version aside; its files stay until the project is cleaned up. The chunk shows the
    version before it; a chunk without versions leaves the timeline."""
    take = _take(p, take_id)
    if take.status == "discarded":
        return p
    p = _with_take(p, replace(take, status="discarded"))
    chunk = _chunk(p, take.chunk)
    if chunk.chosen != take_id:
        return p
    i = chunk.takes.index(take_id)
    order = chunk.takes[:i][::-1] + chunk.takes[i + 1 :]
    chosen = next((t for t in order if p.takes[t].status != "discarded"), None)
    if chosen is not None:
        return _chosen(p, chunk, chosen)
    for t, track in enumerate(p.tracks):
        clips = tuple(c for c in track.clips if c.kind != "chunk" or c.source != chunk.id)
        if len(clips) != len(track.clips):
            p = with_clips(p, t, clips)
    return replace(p, chunks={k: c for k, c in p.chunks.items() if k != chunk.id})


def choose_take(p: Project, take_id: str) -> Project:
    """Show this version of its chunk. A discarded one comes back as a draft; a chunk that is no
    longer on the timeline comes back at its end."""
    take = _take(p, take_id)
    if take.status == "discarded":
        p = _with_take(p, replace(take, status="draft"))
    chunk = p.chunks.get(take.chunk)
    if chunk is None:
        versions = tuple(t.id for t in p.takes.values() if t.chunk == take.chunk)
        chunk = Chunk(take.chunk, versions, take_id)
    p = _chosen(p, chunk, take_id)
    return p if clips_of(p, chunk.id) else _placed(p, chunk.id, take.frames, None)


def set_learned(p: Project, take_id: str, snapshot: str | None, record: LearningRecord) -> Project:
    """The memory has learned an accepted take; ``snapshot`` (asset id) is its state after it
    (None: learning was skipped and the memory stayed as it was)."""
    take = _take(p, take_id)
    if take.status != "accepted":
        raise EditError("Only an accepted version is learned.")
    if snapshot is not None and snapshot not in p.assets:
        raise EditError("The memory's file is not in the project.")
    take = replace(take, snapshot=snapshot, learning=record)
    if problem := take_problem(p, take):
        raise EditError(f"What was learned cannot be kept: {problem}.")
    return _with_take(p, take)


def _chosen(p: Project, chunk: Chunk, take_id: str) -> Project:
    p = replace(p, chunks={**p.chunks, chunk.id: replace(chunk, chosen=take_id)})
    return _fitted(p, chunk.id)


def _fitted(p: Project, chunk_id: str) -> Project:
    """Clips of a chunk show no more frames than its chosen take has."""
    frames = p.takes[p.chunks[chunk_id].chosen].frames
    for t, track in enumerate(p.tracks):
        if any(c.source == chunk_id and c.out_frame > frames for c in track.clips):
            clips = (
                replace(c, out_frame=min(c.out_frame, frames)) if c.source == chunk_id else c
                for c in track.clips
            )
            p = with_clips(p, t, tuple(c for c in clips if c.in_frame < c.out_frame))
    return p


def _placed(p: Project, chunk_id: str, frames: int, start: int | None) -> Project:
    """A clip of the whole chunk on the first track."""
    if not p.tracks:
        p = replace(p, tracks=(Track(new_id(), FIRST_TRACK),))
    start = sequence_end(p) if start is None else start
    clip = Clip(new_id(), "chunk", chunk_id, start, 0, frames)
    clips = p.tracks[0].clips
    if start >= sequence_end(p):
        return with_clips(p, 0, clips + (clip,))
    return with_clips(p, 0, tuple(sorted((*clips, clip), key=lambda c: c.start)))


def _with_take(p: Project, take: Take) -> Project:
    return replace(p, takes={**p.takes, take.id: take})


def _take(p: Project, take_id: str) -> Take:
    if take_id not in p.takes:
        raise EditError("That version is no longer in the project.")
    return p.takes[take_id]


def _chunk(p: Project, chunk_id: str) -> Chunk:
    if chunk_id not in p.chunks:
        raise EditError("That chunk is no longer in the project.")
    return p.chunks[chunk_id]
