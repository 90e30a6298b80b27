"""Edits of the document as a whole: names, settings, tracks, markers, files, memories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from core.project import checks, lane
from core.project.errors import EditError
from core.project.ids import new_id
from core.project.model import (
    AT_START,
    Asset,
    EpisodeRef,
    Marker,
    MemoryUse,
    Project,
    Sampling,
    Track,
    WorldRef,
)
from core.project.words import one_line

MAX_NAME = 200  # characters
MAX_SCENE = 2000
FIRST_TRACK = "Video 1"


def new_project(
    name: str,
    world: WorldRef,
    rate: Fraction,
    size: tuple[int, int],
    chunk_frames: int,
    context_frames: int,
    latent_stride: int = 1,
) -> Project:
    """An empty document for a world, with its first track."""
    p = Project(
        id=new_id(),
        name=_name(name),
        world=world,
        rate=Fraction(rate),
        width=size[0],
        height=size[1],
        chunk_frames=chunk_frames,
        context_frames=context_frames,
        latent_stride=latent_stride,
        tracks=(Track(new_id(), FIRST_TRACK),),
    )
    if problem := checks.find_problem(p):
        raise EditError(f"A project cannot be made like that ({problem}).")
    return p


def rename(p: Project, name: str) -> Project:
    return replace(p, name=_name(name))


def set_scene(p: Project, text: str) -> Project:
    return replace(p, scene=one_line(text, MAX_SCENE, "The scene"))


def set_sampling(p: Project, sampling: Sampling) -> Project:
    if problem := checks.sampling_problem(sampling):
        raise EditError(f"This cannot be set: {problem}.")
    return replace(p, sampling=sampling)


def set_memory(p: Project, memory: MemoryUse) -> Project:
    if problem := checks.memory_problem(memory):
        raise EditError(f"This cannot be set: {problem}.")
    return replace(p, memory=memory)


def set_auto_accept(p: Project, on: bool) -> Project:
    return replace(p, auto_accept=bool(on))


def set_memory_base(p: Project, key: str, snapshot: str) -> Project:
    """From take ``key`` (or AT_START) on, the memory is ``snapshot`` (asset id; "" = fresh)."""
    if key != AT_START and key not in p.takes:
        raise EditError("That moment is no longer in the project.")
    if snapshot and snapshot not in p.assets:
        raise EditError("The memory's file is not in the project.")
    return replace(p, memory_bases={**p.memory_bases, key: snapshot})


def clear_memory_base(p: Project, key: str) -> Project:
    """Back to what was learned there."""
    return replace(p, memory_bases={k: v for k, v in p.memory_bases.items() if k != key})


# ---- tracks, markers, marks ---------------------------------------------------------------------


def add_track(p: Project, name: str = "", *, id: str = "") -> Project:
    track = Track(id or new_id(), _name(name) if name else f"Video {len(p.tracks) + 1}")
    if any(t.id == track.id for t in p.tracks):
        raise EditError("This track is already there.")
    return replace(p, tracks=p.tracks + (track,))


def set_track(p: Project, track_id: str, **changes: Any) -> Project:
    """Change a track's ``name``, ``muted``, ``solo``, ``locked`` or ``height``."""
    unknown = set(changes) - {"name", "muted", "solo", "locked", "height"}
    if unknown:
        raise TypeError(f"a track has no setting {sorted(unknown)}")
    if "name" in changes:
        changes["name"] = _name(changes["name"])
    if "height" in changes:
        changes["height"] = min(max(int(changes["height"]), 24), 400)
    if not any(t.id == track_id for t in p.tracks):
        raise EditError("That track is no longer there.")
    return replace(
        p, tracks=tuple(replace(t, **changes) if t.id == track_id else t for t in p.tracks)
    )


def add_marker(p: Project, frame: int, name: str = "", *, id: str = "") -> Project:
    marker = Marker(id or new_id(), _frame(frame), one_line(name, MAX_NAME, "The marker's name"))
    if any(m.id == marker.id for m in p.markers):
        raise EditError("This marker is already there.")
    return replace(p, markers=lane.ordered([*p.markers, marker]))


def move_marker(p: Project, marker_id: str, frame: int) -> Project:
    return _with_marker(p, marker_id, frame=_frame(frame))


def rename_marker(p: Project, marker_id: str, name: str) -> Project:
    return _with_marker(p, marker_id, name=one_line(name, MAX_NAME, "The marker's name"))


def delete_marker(p: Project, marker_id: str) -> Project:
    left = tuple(m for m in p.markers if m.id != marker_id)
    if len(left) == len(p.markers):
        raise EditError("That marker is no longer there.")
    return replace(p, markers=left)


def _with_marker(p: Project, marker_id: str, **changes: Any) -> Project:
    if not any(m.id == marker_id for m in p.markers):
        raise EditError("That marker is no longer there.")
    markers = [replace(m, **changes) if m.id == marker_id else m for m in p.markers]
    return replace(p, markers=lane.ordered(markers))


def set_in_out(p: Project, in_point: int | None, out_point: int | None) -> Project:
    """The marked range [in, out); None = not marked."""
    if in_point is not None:
        in_point = _frame(in_point)
    if out_point is not None:
        out_point = _frame(out_point)
    if in_point is not None and out_point is not None and in_point >= out_point:
        raise EditError("The out point must come after the in point.")
    return replace(p, in_point=in_point, out_point=out_point)


# ---- files and memories -------------------------------------------------------------------------


def add_assets(p: Project, assets: Iterable[Asset]) -> Project:
    """Files the project has from now on; one it has already stays as it is."""
    new = {a.id: a for a in assets if a.id not in p.assets}
    for asset in new.values():
        problem = checks.path_problem(asset.path)
        if problem or not asset.id or asset.bytes < 0:
            what = problem or "is wrong"
            raise EditError(f"A file cannot be added: its path “{asset.path}” {what}.")
    return replace(p, assets={**p.assets, **new}) if new else p


def add_episode(p: Project, episode: EpisodeRef) -> Project:
    if problem := checks.path_problem(episode.path):
        raise EditError(f"The episode cannot be kept: its path “{episode.path}” {problem}.")
    if any(e.id == episode.id for e in p.episodes):
        raise EditError("This episode is already in the project.")
    return replace(p, episodes=p.episodes + (replace(episode, name=_name(episode.name)),))


def remove_episode(p: Project, episode_id: str) -> Project:
    left = tuple(e for e in p.episodes if e.id != episode_id)
    if len(left) == len(p.episodes):
        raise EditError("That episode is no longer in the project.")
    return replace(p, episodes=left)


def _name(name: str) -> str:
    clean = one_line(name, MAX_NAME, "The name")
    if not clean:
        raise EditError("Give it a name.")
    return clean


def _frame(frame: int) -> int:
    if not 0 <= frame <= checks.MAX_FRAME:
        raise EditError("That is not on the timeline.")
    return frame
