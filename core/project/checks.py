"""What holds for every document. Edits keep it; whatever is read from a disk is held against it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import get_args

from core.project.model import (
    AT_START,
    MemoryPreset,
    MemoryUse,
    Project,
    Sampling,
    SamplingWay,
    Take,
)

#: Frames and sizes beyond these are damage, not work (10^9 frames are over a year at 24 a second).
MAX_FRAME = 10**9
MAX_SIDE = 1 << 16
MAX_SEED = 2**63 - 1
MAX_STRENGTH = 1.5


def path_problem(path: str) -> str | None:
    """Why ``path`` may not be named in a project: it must stay inside the project's folder."""
    parts = PurePosixPath(path).parts
    if not parts or path != path.strip():
        return "is empty"
    if "\\" in path or ":" in path or any(ord(c) < 32 for c in path):
        return "has characters that a project's path may not have"
    if path.startswith("/") or ".." in parts:
        return "leads out of the project's folder"
    return None


def sampling_problem(s: Sampling) -> str | None:
    if not 1 <= s.steps <= 1000:
        return f"sampling steps must be between 1 and 1000, not {s.steps}"
    if not (math.isfinite(s.guidance) and 0.0 <= s.guidance <= 100.0):
        return f"guidance must be between 0 and 100, not {s.guidance}"
    if s.way not in get_args(SamplingWay):
        return f"there is no way of sampling called “{s.way}”"
    return None


def memory_problem(m: MemoryUse) -> str | None:
    if m.preset not in get_args(MemoryPreset):
        return f"there is no memory preset “{m.preset}”"
    if not (math.isfinite(m.strength) and 0.0 <= m.strength <= MAX_STRENGTH):
        return f"memory strength must be between 0 and {MAX_STRENGTH:.0%}, not {m.strength:.0%}"
    if not (math.isfinite(m.bank_strength) and 0.0 <= m.bank_strength <= 1.0):
        return f"the bank's strength must be between 0 and 100%, not {m.bank_strength:.0%}"
    return None


def find_problem(p: Project) -> str | None:
    """The first thing wrong with a document, as the end of a sentence; None for a sound one."""
    return next(
        (f"{where}: {what}" for where, what in _problems(p)),
        None,
    )


def _problems(p: Project) -> Iterable[tuple[str, str]]:
    yield from _settings(p)
    yield from _files(p)
    yield from _takes(p)
    yield from _chunks(p)
    yield from _cycles(p)
    yield from _tracks(p)
    yield from _lane(p)


def _settings(p: Project) -> Iterable[tuple[str, str]]:
    if not 0 < p.rate <= 1000:
        yield "rate", f"must be between 0 and 1000 frames a second, not {p.rate}"
    for name in ("width", "height", "chunk_frames", "latent_stride"):
        if not 0 < getattr(p, name) <= MAX_SIDE:
            yield name, f"must be between 1 and {MAX_SIDE}, not {getattr(p, name)}"
    if not 0 <= p.context_frames <= MAX_SIDE:
        yield "context_frames", f"must be between 0 and {MAX_SIDE}, not {p.context_frames}"
    if not 0 <= p.next_seed <= MAX_SEED:
        yield "next_seed", "is out of range"
    if problem := sampling_problem(p.sampling):
        yield "sampling", problem
    if problem := memory_problem(p.memory):
        yield "memory", problem
    for name in ("in_point", "out_point"):
        frame = getattr(p, name)
        if frame is not None and not 0 <= frame <= MAX_FRAME:
            yield name, "is not on the timeline"
    if p.in_point is not None and p.out_point is not None and p.in_point >= p.out_point:
        yield "out_point", "is not after the in point"


def _files(p: Project) -> Iterable[tuple[str, str]]:
    for key, asset in p.assets.items():
        if key != asset.id or not key:
            yield f"assets/{key}", "its id is another one"
        if problem := path_problem(asset.path):
            yield f"assets/{key}/path", problem
        if asset.bytes < 0:
            yield f"assets/{key}/bytes", "is negative"
    for episode in p.episodes:
        if problem := path_problem(episode.path):
            yield f"episodes/{episode.id}/path", problem
    if p.start is not None:
        if not 0 < p.start.frames <= MAX_FRAME:
            yield "start/frames", "must be at least 1"
        for name in ("source", "video", "thumbnail"):
            if getattr(p.start, name) not in p.assets:
                yield f"start/{name}", "names a file the project does not have"
    if p.slow_adapter is not None:
        if p.slow_adapter.asset not in p.assets:
            yield "slow_adapter/asset", "names a file the project does not have"
        if p.slow_adapter.base.id != p.world.id:
            yield "slow_adapter/base", "is another world than the project's"
    for key, snapshot in p.memory_bases.items():
        if key != AT_START and key not in p.takes:
            yield f"memory_bases/{key}", "is not the id of a take"
        if snapshot and snapshot not in p.assets:
            yield f"memory_bases/{key}", "names a file the project does not have"


def _takes(p: Project) -> Iterable[tuple[str, str]]:
    for key, take in p.takes.items():
        where = f"takes/{key}"
        if key != take.id or not key:
            yield where, "its id is another one"
        if problem := take_problem(p, take):
            yield where, problem
        chunk = p.chunks.get(take.chunk)
        if chunk is None and take.status != "discarded":
            yield where, "its chunk does not exist"


def take_problem(p: Project, take: Take) -> str | None:
    """What is wrong with one take as it would stand in ``p``."""
    if not 0 < take.frames <= MAX_FRAME:
        return "a take has at least one frame"
    if not 0 <= take.seed <= MAX_SEED:
        return "its seed is out of range"
    if any(not 0 < part.frames <= take.frames for part in take.actions):
        return "each of its actions must last at least one frame and no longer than the take"
    if take.parent is not None:
        parent = p.takes.get(take.parent.take)
        if parent is None:
            return "what it continues does not exist"
        if not 0 < take.parent.frames <= parent.frames:
            return "it continues a frame that does not exist"
    files = (take.video, take.latents, take.thumbnail, take.snapshot, take.snapshot_in)
    if any(f is not None and f not in p.assets for f in files):
        return "it names a file the project does not have"
    numbers = [take.seconds]
    if take.learning is not None:
        learned = take.learning
        numbers += [learned.loss_before, learned.loss_after, learned.change, learned.seconds]
    if not all(math.isfinite(number) for number in numbers):
        return "one of its measures is not a number"
    return sampling_problem(take.sampling) or memory_problem(take.memory)


def _chunks(p: Project) -> Iterable[tuple[str, str]]:
    listed = {t for chunk in p.chunks.values() for t in chunk.takes}
    for key, chunk in p.chunks.items():
        where = f"chunks/{key}"
        if key != chunk.id or not key:
            yield where, "its id is another one"
        if len(set(chunk.takes)) != len(chunk.takes):
            yield where, "lists a take twice"
        for take_id in chunk.takes:
            if take_id not in p.takes or p.takes[take_id].chunk != key:
                yield where, f"take {take_id} is not one of its takes"
        if chunk.chosen not in chunk.takes:
            yield where, "the chosen take is not one of its takes"
        elif chunk.chosen in p.takes and p.takes[chunk.chosen].status == "discarded":
            yield where, "the chosen take is discarded"
    for take in p.takes.values():
        if take.chunk in p.chunks and take.id not in listed:
            yield f"takes/{take.id}", "its chunk does not list it"


def _cycles(p: Project) -> Iterable[tuple[str, str]]:
    sound: set[str] = set()
    for take_id in p.takes:
        path: dict[str, None] = {}
        at: str | None = take_id
        while at is not None and at not in sound:
            if at in path:
                yield f"takes/{at}", "it continues itself"
                return
            path[at] = None
            take = p.takes.get(at)
            at = take.parent.take if take is not None and take.parent is not None else None
        sound.update(path)


def _tracks(p: Project) -> Iterable[tuple[str, str]]:
    ids: set[str] = set()
    for track in p.tracks:
        if track.id in ids or not track.id:
            yield f"tracks/{track.id}", "the id is there twice"
        ids.add(track.id)
        if not 1 <= track.height <= 10_000:
            yield f"tracks/{track.id}/height", "is out of range"
        end = 0
        for clip in track.clips:
            where = f"clips/{clip.id}"
            if clip.id in ids or not clip.id:
                yield where, "the id is there twice"
            ids.add(clip.id)
            if clip.start < end:
                yield where, "overlaps the clip before it, or is out of order"
            end = clip.end
            if not 0 <= clip.in_frame < clip.out_frame or clip.end > MAX_FRAME:
                yield where, "must show at least one frame, and none before its source begins"
            if clip.kind == "start":
                frames = p.start.frames if p.start is not None else 0
            else:
                chunk = p.chunks.get(clip.source)
                take = p.takes.get(chunk.chosen) if chunk is not None else None
                if take is None:
                    yield where, "its chunk does not exist"
                    continue
                frames = take.frames
            if clip.out_frame > frames:
                yield where, f"shows frames up to {clip.out_frame} of {frames}"


def _lane(p: Project) -> Iterable[tuple[str, str]]:
    ids: set[str] = set()
    end = 0
    for span in p.actions:
        where = f"actions/{span.id}"
        if span.id in ids or not span.id:
            yield where, "the id is there twice"
        ids.add(span.id)
        if not 0 <= span.start < span.end <= MAX_FRAME:
            yield where, "must last at least one frame and begin on the timeline"
        if span.start < end:
            yield where, "overlaps the action before it, or is out of order"
        end = span.end
    ids = set()
    for marker in p.markers:
        if marker.id in ids or not marker.id:
            yield f"markers/{marker.id}", "the id is there twice"
        ids.add(marker.id)
        if not 0 <= marker.frame <= MAX_FRAME:
            yield f"markers/{marker.id}", "is not on the timeline"
