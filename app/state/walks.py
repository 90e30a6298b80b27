"""Walks as pieces of videos in their order, and how they are judged. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.project import queries
from core.project.model import Clip, Project, Take

if TYPE_CHECKING:
    from core.consistency import Looks, Verdict


@dataclass(frozen=True)
class Piece:
    """Frames [first, last) of a video in a walk; ``at``: the sequence frame of the first."""

    video: str
    latents: str  # "" = no poses
    first: int
    last: int
    at: int
    clip: str = ""


@dataclass(frozen=True)
class Seen:
    """The verdict on one clip; ``frames[i]`` is the sequence frame of index i of the walk."""

    verdict: Verdict
    start: int
    to: tuple[int, ...]  # sequence frames that the returns come back to


def depends_on(p: Project) -> tuple:
    """What a verdict depends on; two equal ones share their verdicts."""
    return p.tracks[0].clips if p.tracks else (), p.chunks, p.start


def walk_of(p: Project) -> tuple[Piece, ...]:
    """The first track as it is seen: the clips in their order, gaps left out."""
    return tuple(
        piece for c in queries.track_clips(p) if (piece := _piece(p, c)) is not None
    )


def _piece(p: Project, clip: Clip) -> Piece | None:
    if clip.kind == "start":
        if p.start is None:
            return None
        return Piece(p.start.video, "", clip.in_frame, clip.out_frame, clip.start, clip.id)
    take = queries.chosen_take(p, clip.source)
    return Piece(take.video, take.latents, clip.in_frame, clip.out_frame, clip.start, clip.id)


def choices_of(p: Project, chunk_id: str) -> list[tuple[Take, tuple[Piece, ...]]]:
    """Every take of a chunk with the walk it continues, itself last."""
    chunk = p.chunks.get(chunk_id)
    if chunk is None or len(chunk.takes) < 2:
        return []
    found = []
    for take in queries.takes_of(p, chunk):
        lived = queries.chain(p, take.id)
        pieces, at = [], 0
        if p.start is not None:
            pieces.append(Piece(p.start.video, "", 0, p.start.frames, 0))
            at = p.start.frames
        for one, after in zip(lived, [*lived[1:], None]):
            last = after.parent.frames if after is not None and after.parent else one.frames
            pieces.append(Piece(one.video, one.latents, 0, last, at))
            at += last
        found.append((take, tuple(pieces)))
    return found


def keys_of(walk: tuple[Piece, ...]) -> list[tuple]:
    """One for each piece: everything its verdict follows from."""
    keys, before = [], 0
    for i, piece in enumerate(walk):
        after = walk[i + 1] if i + 1 < len(walk) else None
        behind = (after.video, after.first, min(after.last, after.first + 2)) if after else None
        keys.append((before, piece, behind))
        before = hash((before, piece))
    return keys


def judged(
    walk: tuple[Piece, ...], wanted: Sequence[int], looks: Mapping[str, Looks | None], opening: int
) -> list[Seen | None]:
    """Verdicts on the pieces ``wanted`` (ascending); None where a video cannot be measured."""
    import numpy as np

    from core.consistency import Looks, judge

    parts = [
        found[piece.first : piece.last] if (found := looks.get(piece.video)) is not None else None
        for piece in walk
    ]
    there = [i for i, part in enumerate(parts) if part is not None and len(part)]
    if not there:
        return [None] * len(wanted)
    upto = wanted[-1] + 1
    whole = Looks.joined([parts[i] for i in there if i < upto] or [parts[there[0]]])
    frames = np.concatenate(
        [walk[i].at + np.arange(len(parts[i])) for i in there if i < upto] or [np.zeros(0, int)]
    )
    ends = dict(zip(there, np.cumsum([len(parts[i]) for i in there])))
    first = whole[: opening + len(parts[there[0]])] if walk[there[0]].latents == "" else (
        whole[:opening]
    )
    # A long start video is no better an opening than its last picture and the first chunk.
    first = first[max(0, len(first) - opening - 1) :]
    found: list[Seen | None] = []
    for i in wanted:
        part = parts[i]
        if part is None or not len(part) or walk[i].latents == "":
            found.append(None)
            continue
        after = parts[i + 1] if i + 1 < len(walk) else None
        past = whole[: int(ends[i]) - len(part)]
        verdict = judge(past, part, after, first)
        to = tuple(int(frames[r.to]) for r in verdict.returns)
        found.append(Seen(verdict, walk[i].at, to))
    return found
