"""Documents for the tests: built from the model's own values, without files."""

from __future__ import annotations

from fractions import Fraction

from core.project.model import (
    ActionPart,
    ActionSpan,
    Chunk,
    Clip,
    LearningRecord,
    Marker,
    MemoryUse,
    Parent,
    Project,
    Sampling,
    Start,
    Take,
    Track,
    WorldRef,
)

N = 12  # frames a chunk
RATE = Fraction(12)


def take(
    chunk: str, number: int, parent: Parent | None, status: str = "accepted", **changes
) -> Take:
    values = {
        "id": f"{chunk}t{number}",
        "chunk": chunk,
        "parent": parent,
        "status": status,
        "frames": N,
        "seed": number,
        "actions": (ActionPart("walk forward", N),),
        "scene": "",
        "sampling": Sampling(),
        "memory": MemoryUse(),
        "world_hash": "w",
        "video": f"{chunk}t{number}-video",
        "latents": f"{chunk}t{number}-latents",
        "thumbnail": f"{chunk}t{number}-thumb",
    }
    if status == "accepted":
        values["snapshot"] = f"{chunk}t{number}-snapshot"
        values["learning"] = LearningRecord(8, 0.214, 0.181, 0.01, 1.5)
    return Take(**{**values, **changes})


def project(
    chunks: int = 4,
    draft: bool = True,
    start_frames: int = 1,
    actions: int | None = None,
) -> Project:
    """A start and ``chunks`` chunks (the last one a draft) with an action of one chunk above each,
    and ``actions`` more chunks planned behind them."""
    takes: dict[str, Take] = {}
    slots: dict[str, Chunk] = {}
    clips = [Clip("start", "start", "", 0, 0, start_frames)]
    parent: Parent | None = None
    for i in range(chunks):
        name = f"c{i + 1}"
        status = "draft" if draft and i == chunks - 1 else "accepted"
        made = take(name, 1, parent, status)
        takes[made.id] = made
        slots[name] = Chunk(name, (made.id,), made.id)
        clips.append(Clip(f"clip{i + 1}", "chunk", name, start_frames + i * N, 0, N))
        parent = Parent(made.id, N)
    spans = [
        ActionSpan(f"a{i + 1}", "walk forward", start_frames + i * N, start_frames + (i + 1) * N)
        for i in range(chunks + (actions or 0))
    ]
    return Project(
        id="p",
        name="A quiet corridor",
        world=WorldRef("starter", "w", "Starter world"),
        rate=RATE,
        width=128,
        height=128,
        chunk_frames=N,
        context_frames=24,
        start=Start("s", "picture" if start_frames == 1 else "video", "sv", start_frames, "sthumb"),
        tracks=(Track("v1", "Video 1", tuple(clips)),),
        actions=tuple(spans),
        chunks=slots,
        takes=takes,
        markers=(Marker("m1", start_frames + 2 * N, "the door"),),
    )


def crowd(tracks: int = 5, clips: int = 1000) -> Project:
    """``tracks`` tracks of ``clips`` clips each, with takes of every state."""
    base = project(0)
    takes: dict[str, Take] = {}
    slots: dict[str, Chunk] = {}
    rows = []
    for t in range(tracks):
        row = []
        for i in range(clips):
            name = f"k{t}-{i}"
            status = "draft" if i % 97 == 50 else "accepted"
            made = [take(name, n + 1, None, status) for n in range(2 if i % 7 == 0 else 1)]
            takes.update({m.id: m for m in made})
            slots[name] = Chunk(name, tuple(m.id for m in made), made[-1].id)
            row.append(Clip(f"x{t}-{i}", "chunk", name, i * N, 0, N))
        rows.append(Track(f"v{t + 1}", f"Video {t + 1}", tuple(row), height=60))
    spans = tuple(
        ActionSpan(f"a{i}", "walk forward" if i % 2 else "turn left", i * N, (i + 1) * N)
        for i in range(clips)
    )
    from dataclasses import replace

    return replace(
        base, start=None, tracks=tuple(rows), chunks=slots, takes=takes, actions=spans, markers=()
    )
