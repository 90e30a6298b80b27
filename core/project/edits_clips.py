"""Edits of clips. The action lane, the markers and the in and out points belong to the first
track: what a ripple or a reorder does there they follow; other tracks move alone."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from core.project import lane
from core.project.checks import MAX_FRAME
from core.project.errors import EditError
from core.project.ids import new_id
from core.project.model import Clip, Project, Track
from core.project.queries import source_frames

Clips = tuple[Clip, ...]


def split_clip(p: Project, clip_id: str, frame: int, *, id: str = "") -> Project:
    """Two clips that meet at sequence frame ``frame``; the later one gets the new id."""
    t, i, clip = find_clip(p, clip_id)
    if not clip.start < frame < clip.end:
        raise EditError("A clip can only be split between its first and its last frame.")
    at = clip.in_frame + frame - clip.start
    halves = (
        replace(clip, out_frame=at),
        replace(clip, id=id or new_id(), start=frame, in_frame=at),
    )
    clips = p.tracks[t].clips
    return with_clips(p, t, clips[:i] + halves + clips[i + 1 :])


def trim_clip(
    p: Project, clip_id: str, in_frame: int, out_frame: int, ripple: bool = False
) -> Project:
    """Show the source frames [in_frame, out_frame). What stays visible stays where it is in time;
    with ``ripple`` the clip keeps its start and everything after it closes up or makes room."""
    t, i, clip = find_clip(p, clip_id)
    limit = source_frames(p, clip)
    if out_frame <= in_frame:
        raise EditError("A clip must keep at least one frame.")
    if in_frame < 0 or out_frame > limit:
        raise EditError(f"There is nothing beyond the ends of this clip: it has {limit} frames.")
    head, tail = in_frame - clip.in_frame, out_frame - clip.out_frame
    trimmed = replace(clip, in_frame=in_frame, out_frame=out_frame)
    clips = p.tracks[t].clips
    if not ripple:
        trimmed = replace(trimmed, start=clip.start + head)
        return with_clips(p, t, clips[:i] + (trimmed,) + clips[i + 1 :])
    p = with_clips(p, t, clips[:i] + (trimmed,) + lane.shifted(clips[i + 1 :], tail - head))
    if t != 0:
        return p
    p = _close(p, clip.start, clip.start + head) if head > 0 else p
    p = _room(p, clip.start, -head) if head < 0 else p
    end = clip.end - head
    p = _close(p, end + tail, end) if tail < 0 else p
    return _room(p, end, tail) if tail > 0 else p


def move_clip(p: Project, clip_id: str, start: int, track_id: str | None = None) -> Project:
    """Put a clip somewhere else, where there is room. Within the first track the actions above it
    come along, unless other actions lie where it goes."""
    t, i, clip = find_clip(p, clip_id)
    to = t if track_id is None else _track(p, track_id)
    if start < 0:
        raise EditError("A clip cannot begin before the timeline does.")
    moved = replace(clip, start=start)
    clips = p.tracks[t].clips
    left = with_clips(p, t, clips[:i] + clips[i + 1 :])
    result = with_clips(left, to, _inserted(left.tracks[to].clips, moved))
    if t == 0 and to == 0:
        rest, carried = lane.take_out(p.actions, clip.start, clip.end)
        actions = lane.put(rest, lane.shifted(carried, start - clip.start))
        free = not lane.take_out(rest, moved.start, moved.end)[1]
        if actions is not None and free:
            return replace(result, actions=actions)
    return result


def reorder_clip(p: Project, clip_id: str, index: int) -> Project:
    """Make it the ``index``-th clip of its track: the gap it leaves closes, room is made where it
    goes, and the actions and markers above it go with it."""
    t, i, clip = find_clip(p, clip_id)
    others = _closed(p.tracks[t].clips, i)
    index = min(max(index, 0), len(others))
    if index == i:
        return p
    if index < len(others):
        at = others[index].start
    else:
        at = others[-1].end if others else 0
    frames = clip.frames
    clips = others[:index] + (replace(clip, start=at),) + lane.shifted(others[index:], frames)
    result = with_clips(p, t, clips)
    if t != 0:
        return result
    rest, carried = lane.take_out(p.actions, clip.start, clip.end)
    rest = lane.room(lane.close(rest, clip.start, clip.end), at, frames, stretch=False)
    actions = lane.put(rest, lane.shifted(carried, at - clip.start))
    assert actions is not None  # the room was just made
    markers = [
        replace(m, frame=m.frame + at - clip.start)
        if clip.start <= m.frame < clip.end
        else replace(
            m,
            frame=lane.roomed_frame(lane.closed_frame(m.frame, clip.start, clip.end), at, frames),
        )
        for m in p.markers
    ]
    return replace(result, actions=actions, markers=lane.ordered(markers))


def delete_clip(p: Project, clip_id: str) -> Project:
    """Take a clip off the timeline; its place stays empty, its chunk stays in the project."""
    t, i, _ = find_clip(p, clip_id)
    clips = p.tracks[t].clips
    return with_clips(p, t, clips[:i] + clips[i + 1 :])


def ripple_delete_clip(p: Project, clip_id: str) -> Project:
    """Take a clip off the timeline and close the gap, in the action lane as well."""
    t, i, clip = find_clip(p, clip_id)
    p = with_clips(p, t, _closed(p.tracks[t].clips, i))
    return _close(p, clip.start, clip.end) if t == 0 else p


# ---- helpers, for edits of takes too ------------------------------------------------------------


def with_clips(p: Project, t: int, clips: Clips) -> Project:
    """``p`` with the clips of track number ``t``, which must fit."""
    end = 0
    for clip in clips:
        if clip.start < end:
            raise EditError(
                "A clip cannot begin before the timeline does."
                if clip.start < 0
                else "There is no room: another clip is already there."
            )
        end = clip.start + clip.out_frame - clip.in_frame  # clip.end, without two calls a clip
    if end > MAX_FRAME:
        raise EditError("That is beyond the end of the timeline.")
    track = replace(p.tracks[t], clips=clips)
    return replace(p, tracks=p.tracks[:t] + (track,) + p.tracks[t + 1 :])


def resize_first(p: Project, i: int, clip: Clip) -> Project:
    """Clip number ``i`` of the first track becomes ``clip`` at the same start, and all after it
    (clips, actions, markers) closes up or makes room."""
    clips = p.tracks[0].clips
    old = clips[i]
    by = clip.frames - old.frames
    p = with_clips(p, 0, clips[:i] + (clip,) + lane.shifted(clips[i + 1 :], by))
    p = _close(p, clip.end, old.end) if by < 0 else p
    return _room(p, old.end, by) if by > 0 else p


def insert_first(p: Project, clip: Clip) -> Project:
    """Put ``clip`` on the first track at frame 0, moving everything later as far as needed."""
    clips = p.tracks[0].clips
    by = max(0, clip.frames - clips[0].start) if clips else 0
    p = with_clips(p, 0, (clip,) + lane.shifted(clips, by))
    return _room(p, 0, by) if by else p


def find_clip(p: Project, clip_id: str) -> tuple[int, int, Clip]:
    """(number of the track, place on it, the clip), on a track that may be changed."""
    for t, track in enumerate(p.tracks):
        for i, clip in enumerate(track.clips):
            if clip.id == clip_id:
                _unlocked(track)
                return t, i, clip
    raise EditError("That clip is no longer on the timeline.")


def _track(p: Project, track_id: str) -> int:
    for t, track in enumerate(p.tracks):
        if track.id == track_id:
            _unlocked(track)
            return t
    raise EditError("That track is no longer there.")


def _unlocked(track: Track) -> None:
    if track.locked:
        raise EditError(f"“{track.name}” is locked. Unlock the track to change it.")


def _inserted(clips: Clips, clip: Clip) -> Clips:
    i = bisect_left(clips, clip.start, key=lambda c: c.start)
    return clips[:i] + (clip,) + clips[i:]


def _closed(clips: Clips, i: int) -> Clips:
    return clips[:i] + lane.shifted(clips[i + 1 :], -clips[i].frames)


def _close(p: Project, a: int, b: int) -> Project:
    """Remove the frames [a, b) from everything that belongs to the first track but its clips."""
    return _marks(p, lane.close(p.actions, a, b), lambda f: lane.closed_frame(f, a, b))


def _room(p: Project, at: int, frames: int) -> Project:
    """Insert frames at ``at`` in everything that belongs to the first track but its clips."""
    actions = lane.room(p.actions, at, frames, stretch=True)
    return _marks(p, actions, lambda f: lane.roomed_frame(f, at, frames))


def _marks(p: Project, actions: lane.Spans, moved: lane.FrameMap) -> Project:
    into = moved(p.in_point) if p.in_point is not None else None
    out = moved(p.out_point) if p.out_point is not None else None
    if into is not None and out is not None and into >= out:
        into = out = None
    markers = lane.ordered([replace(m, frame=moved(m.frame)) for m in p.markers])
    return replace(p, actions=actions, markers=markers, in_point=into, out_point=out)
