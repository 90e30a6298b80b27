"""Edits of several clips and actions at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.project import lane
from core.project.checks import MAX_FRAME
from core.project.edits_clips import find_clip, reorder_clip, with_clips
from core.project.errors import EditError
from core.project.model import Project


def move_together(
    p: Project, clip_ids: Iterable[str], action_ids: Iterable[str], by: int
) -> Project:
    """Shift clips within their tracks, and actions, by so many frames; what lies still must leave
    room. The actions above clips of the first track come along, unless others are in the way."""
    clips, actions = set(clip_ids), set(action_ids)
    for id in clips:
        find_clip(p, id)
    if actions - {s.id for s in p.actions}:
        raise EditError("That action is no longer on the timeline.")
    starts = [c.start for t in p.tracks for c in t.clips if c.id in clips]
    starts += [s.start for s in p.actions if s.id in actions]
    if not starts or by == 0:
        return p
    if min(starts) + by < 0:
        raise EditError("Nothing can begin before the timeline does.")
    result = p
    for t, track in enumerate(p.tracks):
        moved = tuple(c for c in track.clips if c.id in clips)
        if moved:
            still = tuple(c for c in track.clips if c.id not in clips)
            result = with_clips(result, t, _ordered((*still, *lane.shifted(moved, by))))
    return _with_actions(result, p, clips, actions, by)


def _ordered(items: tuple[lane.Placed, ...]) -> tuple[lane.Placed, ...]:
    return tuple(sorted(items, key=lambda item: item.start))


def _with_actions(
    result: Project, p: Project, clips: set[str], actions: set[str], by: int
) -> Project:
    still = tuple(s for s in p.actions if s.id not in actions)
    chosen = tuple(s for s in p.actions if s.id in actions)
    rest, carried = still, ()
    for clip in p.tracks[0].clips:
        if clip.id in clips:
            rest, above = lane.take_out(rest, clip.start, clip.end)
            carried += above
    for staying, moving in ((rest, (*chosen, *carried)), (still, chosen)):
        placed = _ordered((*staying, *lane.shifted(_ordered(moving), by)))
        if placed and placed[-1].end > MAX_FRAME:
            raise EditError("That is beyond the end of the timeline.")
        if all(a.end <= b.start for a, b in zip(placed, placed[1:])):
            return replace(result, actions=placed)
    raise EditError("Another action is in the way.")


def reorder_clips(p: Project, clip_ids: Iterable[str], index: int) -> Project:
    """Put clips of one track, side by side, behind the first ``index`` of the others."""
    wanted = set(clip_ids)
    tracks = {find_clip(p, id)[0] for id in wanted}
    if len(tracks) != 1:
        raise EditError("Only clips of one track can be put in another order together.")
    order = [c.id for c in p.tracks[tracks.pop()].clips]
    others = [id for id in order if id not in wanted]
    index = min(max(index, 0), len(others))
    head = set(others[:index])
    passed = 0  # how many of ``head`` lie before
    before: list[str] = []
    behind: list[str] = []
    for id in order:
        if id in wanted:
            (before if passed < index else behind).append(id)
        passed += id in head
    # Those that go right leave last to first, so that none steps over another.
    for place, id in reversed(list(enumerate(before, index))):
        p = reorder_clip(p, id, place)
    for place, id in enumerate(behind, index + len(before)):
        p = reorder_clip(p, id, place)
    return p
