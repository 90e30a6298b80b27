"""What the memory panel shows, computed from the document alone: no file is read."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.state.memory_facts import ChunkMemory, Learnt, MemoryFacts, Spot
from app.state.timecode import short
from core.project import lived, queries
from core.project.memory_use import has_adapter, has_bank, recalled_frames, yields
from core.project.model import AT_START, Clip, MemoryUse, Project, Take


def tr(text: str, *values: object) -> str:
    made = QCoreApplication.translate("facts", text)
    for i, value in enumerate(values, 1):
        made = made.replace(f"%{i}", str(value))
    return made


# -- the whole memory --------------------------------------------------------------------------


def learned_takes(p: Project) -> list[Take]:
    """Takes that the memory of the next chunk has learned, oldest first."""
    tip = queries.tip(p)
    found: list[Take] = []
    if tip is not None:
        for take in queries.chain(p, tip.take):
            if take.learning is not None:
                found.append(take)
            if take.id in p.memory_bases:  # replaced here: what came before no longer counts
                found = _learned_in(p, p.memory_bases[take.id])
    return found


def _learned_in(p: Project, snapshot: str) -> list[Take]:
    """What a snapshot of this project knows; nothing for a fresh one or an episode's."""
    owner = next((t for t in p.takes.values() if snapshot and t.snapshot == snapshot), None)
    if owner is None:
        return []
    return [t for t in queries.chain(p, owner.id) if t.learning is not None]


def memory_facts(p: Project) -> MemoryFacts:
    place = _places(p)
    learnt: list[Learnt] = []
    spans: list[tuple[int, int]] = []
    for take in learned_takes(p):
        record, clip = take.learning, place.get(take.id)
        when = (
            f"{short(clip.start, p.rate)} – {short(clip.end, p.rate)}"
            if clip
            else tr("an earlier take")
        )
        if clip and not record.skipped:
            spans.append((clip.start, clip.end))
        if not record.steps and not record.skipped:
            continue  # its frames are remembered, and nothing was to be learned
        learnt.append(
            Learnt(
                take.id, queries.chunk_number(p, take.chunk) or 0, when, record.loss_before,
                record.loss_after, record.change, record.skipped, record.steps,
                clip.start if clip else None,
            )
        )  # fmt: skip
    tip = queries.tip(p)
    known = lived.remembered(p, tip)
    done = [one for one in learnt if not one.skipped and one.steps]
    steps = sum(one.steps for one in done)
    loss = None
    if done:
        loss = (
            sum(one.before for one in done) / len(done), sum(one.after for one in done) / len(done)
        )  # fmt: skip
    return MemoryFacts(
        steps, tuple(learnt), _words(p, spans), known.frames,
        _frames_words(p.memory, known) if tip is not None or known.base else "",
        _sum_words(done, steps), loss, bool(known.base),
    )  # fmt: skip


def _places(p: Project) -> dict[str, Clip]:
    """Chosen take → the first clip that shows it."""
    found: dict[str, Clip] = {}
    for clip in queries.track_clips(p):
        if clip.kind == "chunk" and clip.source in p.chunks:
            found.setdefault(p.chunks[clip.source].chosen, clip)
    return found


def _words(p: Project, spans: list[tuple[int, int]]) -> str:
    if p.memory.preset == "off":
        return tr("The memory is off: what is made now will not be remembered.")
    base = p.memory_bases.get(queries.tip(p).take if queries.tip(p) else AT_START)
    if base == "":
        return tr("The memory was reset here. It begins again with the next chunk.")
    if not spans:
        return _episode_words(p, base) if base else ""
    spans.sort()
    merged = [spans[0]]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    words = ", ".join(tr("%1 to %2", short(a, p.rate), short(b, p.rate)) for a, b in merged[-3:])
    return tr("The memory knows this place from %1.", words)


def _episode_words(p: Project, base: str) -> str:
    name = p.assets[base].name if base in p.assets else ""
    return tr("The memory of “%1” is in use.", name) if name else tr(
        "The memory of a saved episode is in use."
    )


def _frames_words(use: MemoryUse, known: lived.Remembered) -> str:
    if not has_bank(use):
        return ""
    n = known.frames
    words = tr("1 frame remembered") if n == 1 else tr("%1 frames remembered", n)
    if known.base:
        words = tr("%1, and those of the episode", words) if n else tr(
            "The frames of the episode are remembered"
        )
    most = recalled_frames(use)
    if not most:
        return tr("%1; none is shown to the next chunk.", words)
    return tr("%1; up to %2 of them are shown to the next chunk.", words, most)


def _sum_words(done: list[Learnt], steps: int) -> str:
    if not done:
        return ""
    chunks = tr("1 chunk") if len(done) == 1 else tr("%1 chunks", len(done))
    made = tr("1 step") if steps == 1 else tr("%1 steps", steps)
    return tr("%1 over %2; size of the change %3.", made, chunks, percent(done[-1].change))


def percent(share: float) -> str:
    """A small share, with the digits that matter."""
    value = share * 100
    return f"{value:.2f} %" if value < 10 else f"{value:.0f} %"


# -- one chunk -----------------------------------------------------------------------------------


def chunk_memory(p: Project, clip: Clip | None) -> ChunkMemory | None:
    """What the memory did for the chosen take of a clip."""
    if clip is None or clip.kind != "chunk" or clip.source not in p.chunks:
        return None
    take = queries.chosen_take(p, clip.source)
    number = queries.chunk_number(p, clip.source)
    record = take.learning
    taught = record is not None and not record.skipped and record.steps > 0
    return ChunkMemory(
        tr("Chunk %1", number or "–"), made_with(take),
        tuple(spot(p, take, time) for time in take.recalled),
        _learned_words(p, take),
        (record.loss_before, record.loss_after) if taught else None,
    )  # fmt: skip


def made_with(take: Take) -> str:
    """The memory that a take was made with, in a few words."""
    use = take.memory
    if use.preset == "off":
        return tr("without memory")
    parts: list[str] = []
    if has_adapter(use):
        if use.muted:
            parts.append(tr("adapter muted"))
        elif take.snapshot_in is None:
            parts.append(tr("adapter still empty"))
        elif yields(use.preset) and take.recalled:
            parts.append(tr("adapter silent (frames were found)"))
        else:
            parts.append(tr("adapter at %1 %", round(use.strength * 100)))
    if has_bank(use):
        parts.append(_shown_words(take))
    return ", ".join(parts)


def _shown_words(take: Take) -> str:
    if take.memory.bank_muted:
        return tr("remembered frames muted")
    n = len(take.recalled)
    if n == 0:
        return tr("no remembered frame (none helped)")
    return tr("1 remembered frame") if n == 1 else tr("%1 remembered frames", n)


def _learned_words(p: Project, take: Take) -> str:
    record = take.learning
    if take.memory.preset == "off":
        return tr("Nothing is learned from it: the memory was off.")
    if record is None:
        return tr("Not learned yet.") if take.status == "accepted" else tr(
            "A draft: it is learned once you accept it."
        )
    if record.skipped:
        return tr("Not learned: %1", record.skipped)
    if not record.steps:
        return tr("Its frames are remembered; nothing is learned from it.")
    steps = tr("1 step") if record.steps == 1 else tr("%1 steps", record.steps)
    return tr(
        "Learned in %1: error %2 → %3, size of the change %4.", steps,
        f"{record.loss_before:.3f}", f"{record.loss_after:.3f}", percent(record.change),
    )  # fmt: skip


def spot(p: Project, take: Take, time: int) -> Spot:
    """Where a frame that ``take`` was shown lies on the timeline now, in words."""
    part = lived.frame_at(p, take, time)
    if part is None:
        return Spot(tr("a frame of the loaded episode"))
    if not part.take:
        clips = [c for c in queries.track_clips(p) if c.kind == "start"]
        frame = _shown(clips, part.first)
        kind = p.start.kind if p.start else "picture"
        name = tr("the start picture") if kind == "picture" else tr("the start video")
        return Spot(name if kind == "picture" else f"{tr('frame %1', time)} ({name})", frame)
    seen = p.takes[part.take]
    number = queries.chunk_number(p, seen.chunk)
    chosen = seen.chunk in p.chunks and p.chunks[seen.chunk].chosen == seen.id
    frame = _shown(queries.clips_of(p, seen.chunk), part.first) if chosen else None
    if number is None or frame is None:
        return Spot(tr("a frame of an earlier take"))
    return Spot(tr("frame %1 (chunk %2)", frame, number), frame)


def _shown(clips, source: int) -> int | None:
    """The sequence frame at which frame ``source`` of a clip's source is seen."""
    return next(
        (c.start + source - c.in_frame for c in clips if c.in_frame <= source < c.out_frame), None
    )

