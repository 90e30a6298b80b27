"""Edits of a project with thousands of clips are never felt.

Each is held against copying all of its clips once (some 6 ms on a desktop), measured beside it: a
busy machine slows both, a quadratic edit only one.
"""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from core.project import checks, edits, queries, serialise
from core.project.model import ActionSpan, Chunk, Clip, Marker, Parent
from tests.project.parts import CHUNK, make_take, rolled_out

CLIPS = 5000


@pytest.fixture(scope="module")
def long_project():
    p = rolled_out(1)
    first = p.takes["t1"]
    takes, chunks, clips, spans = {}, {}, [p.tracks[0].clips[0]], []
    for i in range(CLIPS):
        take, chunk, start = f"t{i}", f"c{i}", 1 + CHUNK * i
        parent = Parent(f"t{i - 1}", CHUNK) if i else None
        takes[take] = replace(first, id=take, chunk=chunk, parent=parent)
        chunks[chunk] = Chunk(chunk, (take,), take)
        clips.append(Clip(f"k{i}", "chunk", chunk, start, 0, CHUNK))
        spans.append(ActionSpan(f"s{i}", "walk", start, start + CHUNK))
    markers = tuple(Marker(f"m{i}", i * 400) for i in range(100))
    track = replace(p.tracks[0], clips=tuple(clips))
    p = replace(p, takes=takes, chunks=chunks, actions=tuple(spans), tracks=(track,))
    p = replace(p, markers=markers)
    assert checks.find_problem(p) is None
    return p


def seconds(work) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def within(p, work, limit: float, tries: int = 40) -> bool:
    """Whether ``work`` takes less than ``limit`` times copying every clip of ``p``. Both are
    measured in turn until they show it: what disturbs one try does not disturb all, and a quadratic
    edit shows it in none."""
    mine, copies = [], []
    for _ in range(tries):
        mine.append(seconds(work))
        copies.append(seconds(lambda: [replace(c, start=c.start) for c in p.tracks[0].clips]))
        if min(mine) < limit * min(copies):
            return True
    return False


EDITS = {
    "split": lambda p: edits.split_clip(p, "k2500", 1 + CHUNK * 2500 + 3),
    "trim": lambda p: edits.trim_clip(p, "k2500", 1, 6),
    "ripple trim": lambda p: edits.trim_clip(p, "k3", 1, 6, ripple=True),
    "move": lambda p: edits.move_clip(p, "k4999", 50_000),
    "reorder": lambda p: edits.reorder_clip(p, "k4", 4000),
    "delete": lambda p: edits.delete_clip(p, "k2500"),
    "ripple delete": lambda p: edits.ripple_delete_clip(p, "k3"),
    "add action": lambda p: edits.add_action(p, "jump", 100, 120, overwrite=True),
    "move action": lambda p: edits.move_action(p, "s4999", 50_000),
    "choose": lambda p: edits.choose_take(p, "t17"),
    "accept": lambda p: edits.accept_take(p, "t4999"),
    "discard": lambda p: edits.discard_take(p, "t2000"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edits(long_project, name):
    assert within(long_project, lambda: EDITS[name](long_project), 4)


def test_adding_a_take(long_project):
    p, take = make_take(long_project, "new", queries.tip(long_project))
    assert within(p, lambda: edits.add_take(p, None, take), 2)


def test_questions_a_repaint_asks(long_project):
    p = replace(long_project, takes=dict(long_project.takes))  # nothing is remembered of this one
    assert within(p, lambda: [queries.stale_reason(p, f"t{i}") for i in range(CLIPS)], 2)
    assert within(p, lambda: queries.source_at(p, 30_000), 0.1)
    assert within(p, lambda: queries.chunk_number(p, "c4000"), 0.1)


def test_writing_and_reading(long_project):
    text = serialise.to_json(long_project)
    assert within(long_project, lambda: serialise.to_json(long_project), 300, 3)
    assert within(long_project, lambda: serialise.from_json(text), 300, 3)
