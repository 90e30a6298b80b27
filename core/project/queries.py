"""Facts that follow from a document. Pure; nothing here changes or reads anything else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from core.project import staleness
from core.project.model import (
    AT_START,
    ActionPart,
    ActionSpan,
    Asset,
    Chunk,
    Clip,
    Parent,
    Project,
    Take,
    Track,
)

# ---- the timeline -------------------------------------------------------------------------------


def video_track(p: Project) -> Track | None:
    """The track where generated chunks land, with the start on it."""
    return p.tracks[0] if p.tracks else None


def track_clips(p: Project) -> tuple[Clip, ...]:
    """The clips of the first track, in time order."""
    return p.tracks[0].clips if p.tracks else ()


def sequence_end(p: Project) -> int:
    """The frame after the last clip of the first track."""
    clips = track_clips(p)
    return clips[-1].end if clips else 0


def all_clips(p: Project) -> Iterator[tuple[Track, Clip]]:
    for track in p.tracks:
        for clip in track.clips:
            yield track, clip


def find_clip(p: Project, clip_id: str) -> tuple[Track, Clip] | None:
    return next(((t, c) for t, c in all_clips(p) if c.id == clip_id), None)


def clips_of(p: Project, chunk_id: str) -> tuple[Clip, ...]:
    """Every clip that shows this chunk, first track first, in time order."""
    return tuple(c for _, c in all_clips(p) if c.kind == "chunk" and c.source == chunk_id)


def source_frames(p: Project, clip: Clip) -> int:
    """How many frames there are to show behind a clip."""
    if clip.kind == "start":
        return p.start.frames if p.start is not None else 0
    return chosen_take(p, clip.source).frames


def clip_at(p: Project, frame: int, track_id: str | None = None) -> Clip | None:
    """The clip seen at ``frame``: of one track, or of the uppermost one that is shown.

    Later tracks lie over earlier ones; muted tracks are not seen, and with a solo only solos are.
    """
    if track_id is not None:
        tracks = [t for t in p.tracks if t.id == track_id]
    else:
        shown = [t for t in p.tracks if not t.muted]
        tracks = [t for t in shown if t.solo] or shown
    for track in reversed(tracks):
        i = bisect_right(track.clips, frame, key=lambda c: c.start) - 1
        if i >= 0 and frame < track.clips[i].end:
            return track.clips[i]
    return None


def source_at(p: Project, frame: int) -> tuple[str, int] | None:
    """(asset id of a video, frame in that file) that the viewer shows at ``frame``."""
    clip = clip_at(p, frame)
    if clip is None:
        return None
    video = source_of(p, clip)
    return (video, clip.in_frame + frame - clip.start) if video is not None else None


def shown_videos(p: Project) -> frozenset[str]:
    """Asset ids of the videos that clips show: the start's, and those of chosen takes."""
    found = (source_of(p, clip) for _, clip in all_clips(p))
    return frozenset(video for video in found if video is not None)


def source_of(p: Project, clip: Clip) -> str | None:
    """The asset id of the video that ``clip`` shows a part of."""
    if clip.kind == "start":
        return p.start.video if p.start is not None else None
    return chosen_take(p, clip.source).video


def chunk_grid(p: Project, until: int) -> list[int]:
    """Chunk boundaries: edges of the clips, then where new chunks will begin, up to ``until``
    (the last boundary is the first one at or after it)."""
    edges = {0}
    for clip in track_clips(p):
        edges.add(clip.start)
        edges.add(clip.end)
    at = sequence_end(p)
    while at < until:
        at += p.chunk_frames
        edges.add(at)
    return sorted(edges)


def chunk_number(p: Project, chunk_id: str) -> int | None:
    """1 for the first chunk on the first track, and so on; None when it is not on it."""
    return _chunk_numbers(p).get(chunk_id)


def _chunk_numbers(p: Project) -> Mapping[str, int]:
    global _numbers
    clips = track_clips(p)
    known, numbers = _numbers
    if known is not clips:
        found: dict[str, int] = {}
        for clip in clips:
            if clip.kind == "chunk" and clip.source not in found:
                found[clip.source] = len(found) + 1
        numbers = found
        _numbers = (clips, numbers)
    return numbers


#: The last track asked about (an immutable value, so identity is enough) and its numbers.
_numbers: tuple[object, Mapping[str, int]] = (None, {})

# ---- chunks and takes ---------------------------------------------------------------------------


def chosen_take(p: Project, chunk_id: str) -> Take:
    return p.takes[p.chunks[chunk_id].chosen]


def takes_of(p: Project, chunk: Chunk) -> tuple[Take, ...]:
    """Every version of a chunk in order of making, the discarded ones too."""
    return tuple(p.takes[t] for t in chunk.takes)


def tip(p: Project) -> Parent | None:
    """What a new chunk continues: the last clip's chosen take, cut where the clip is cut.

    None: the start. A stale last clip is still the tip; ``steps`` remakes it before it appends.
    A cut within a latent frame continues from before it: what was cut off is never continued.
    """
    clips = track_clips(p)
    if not clips or clips[-1].kind == "start":
        return None
    take, frames = chosen_take(p, clips[-1].source), whole_latents(p, clips[-1].out_frame)
    return Parent(take=take.id, frames=frames) if frames else take.parent


def whole_latents(p: Project, frames: int) -> int:
    """As many of ``frames`` pictures of a take as are whole latent frames."""
    return frames - frames % p.latent_stride


def stale_reason(p: Project, take_id: str) -> str | None:
    """Why a take no longer follows what comes before it, as a sentence; None when it does."""
    stale = staleness.stale_takes(p).get(take_id)
    return staleness.sentence(stale, chunk_number(p, stale.chunk)) if stale is not None else None


def is_stale(p: Project, take_id: str) -> bool:
    return take_id in staleness.stale_takes(p)


def draft_clip(p: Project) -> Clip | None:
    """The clip that waits to be accepted: the first draft that is not stale, else the first."""
    stale_one: Clip | None = None
    for _, clip in all_clips(p):
        if clip.kind == "chunk":
            take = chosen_take(p, clip.source)
            if take.status == "draft":
                if not is_stale(p, take.id):
                    return clip
                stale_one = stale_one or clip
    return stale_one


def chain(p: Project, take_id: str) -> list[Take]:
    """The take and everything it continues, oldest first."""
    found: list[Take] = []
    take: Take | None = p.takes[take_id]
    while take is not None:
        found.append(take)
        take = p.takes[take.parent.take] if take.parent is not None else None
    return found[::-1]


def memory_before(p: Project, parent: Parent | None) -> str | None:
    """The snapshot (asset id) that a continuation of ``parent`` starts from; None = fresh.

    A base set at that moment comes first (an episode loaded, the memory reset), then what the
    take itself learned, then the same of what it continued.
    """
    while True:
        key = parent.take if parent is not None else AT_START
        if key in p.memory_bases:
            return p.memory_bases[key] or None
        if parent is None:
            return None
        take = p.takes[parent.take]
        if take.snapshot is not None:
            return take.snapshot
        parent = take.parent


# ---- actions ------------------------------------------------------------------------------------


def spans_between(p: Project, start: int, stop: int) -> tuple[ActionSpan, ...]:
    """Action spans that touch [start, stop)."""
    first = bisect_right(p.actions, start, key=lambda s: s.end)
    last = first
    while last < len(p.actions) and p.actions[last].start < stop:
        last += 1
    return p.actions[first:last]


def action_parts(p: Project, start: int, frames: int) -> tuple[ActionPart, ...]:
    """The action lane over ``frames`` frames from ``start``, as a chunk is asked for it.

    Gaps are "" (no action given), except after the last action in the range: that one goes on, so
    that an action which ends inside a chunk fills it.
    """
    texts: list[tuple[str, int]] = []  # (text, frames)
    at, stop = start, start + frames
    for span in spans_between(p, start, stop):
        if span.start > at:
            texts.append(("", span.start - at))
        begin, at = max(span.start, at), min(span.end, stop)
        texts.append((span.text, at - begin))
    if at < stop:
        texts.append((texts[-1][0] if texts else "", stop - at))
    return joined_parts(texts)


def joined_parts(texts: list[tuple[str, int]]) -> tuple[ActionPart, ...]:
    """Neighbours with one text become one part."""
    parts: list[ActionPart] = []
    for text, frames in texts:
        if parts and parts[-1].text == text:
            parts[-1] = ActionPart(text, parts[-1].frames + frames)
        elif frames > 0:
            parts.append(ActionPart(text, frames))
    return tuple(parts)


def actions_changed(p: Project, clip: Clip) -> bool:
    """Whether the action lane above a whole clip is not what its take was made with."""
    if clip.kind != "chunk":
        return False
    take = chosen_take(p, clip.source)
    if clip.in_frame != 0 or clip.out_frame != take.frames:
        return False  # a part of a take does not say what the whole should be
    asked = joined_parts([(a.text, a.frames) for a in take.actions])
    return action_parts(p, clip.start, take.frames) != asked


# ---- files --------------------------------------------------------------------------------------


def unused_assets(p: Project) -> tuple[Asset, ...]:
    """Files that nothing kept needs any more: those of discarded takes, of earlier starts.

    What a kept take continues stays, discarded or not: it may be learned or shown again.
    """
    used = {s for s in p.memory_bases.values() if s}
    if p.slow_adapter is not None:
        used.add(p.slow_adapter.asset)
    if p.start is not None:
        used |= {p.start.source, p.start.video, p.start.thumbnail}
    kept: set[str] = set()
    for take in p.takes.values():
        at: Take | None = take if take.status != "discarded" else None
        while at is not None and at.id not in kept:
            kept.add(at.id)
            at = p.takes[at.parent.take] if at.parent is not None else None
    for take_id in kept:
        take = p.takes[take_id]
        used |= {take.video, take.latents, take.thumbnail, take.start_source}
        used |= {s for s in (take.snapshot, take.snapshot_in) if s is not None}
    paths = {e.path for e in p.episodes}
    return tuple(a for a in p.assets.values() if a.id not in used and a.path not in paths)
