"""The queue with the real engine: what runs, what waits, what stops, and what undo does to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QToolButton

from app.flow import facts
from app.state.export_wish import ExportWish
from core.project import edits, jobs, queries
from core.project.steps import ChunkStep, LearnStep, plan_step
from core.project.store import ProjectStore


def test_draft_accept_learn_next_draft(opened):
    h = opened
    h.trigger("verb_1")  # two seconds: two chunks
    h.trigger("generate")
    first = h.wait_draft()
    assert h.p.takes[first].status == "draft"
    assert len(h.p.takes) == 1, "the next chunk waits for the decision"
    h.trigger("accept")
    second = h.wait_draft()
    assert h.p.takes[first].status == "accepted"
    record = h.p.takes[first].learning
    assert record is not None and record.steps >= 1
    assert h.p.takes[first].snapshot in h.p.assets
    assert h.p.takes[second].snapshot_in == h.p.takes[first].snapshot
    assert h.w.document.stack.undoText() == "Generate chunk 2"
    h.trigger("accept")
    h.wait_idle()
    assert h.states() == ["Done"]
    # Learning belongs to accepting: one undo takes both back.
    assert h.w.document.stack.undoText() == "Accept chunk 2"
    h.w.document.undo()
    assert h.p.takes[second].status == "draft" and h.p.takes[second].snapshot is None


def test_redo_makes_another_take_and_the_job_goes_on(opened):
    h = opened
    h.trigger("verb_1")
    h.trigger("generate")
    first = h.wait_draft()
    h.trigger("redo_draft")
    h.until(lambda: len(h.p.takes) == 2 and not h.w.queue.busy)
    h.settle()
    second = h.w.generation.draft_take()
    assert second != first
    assert h.p.takes[first].status == "discarded", "kept among the takes"
    assert h.p.takes[first].seed != h.p.takes[second].seed
    h.trigger("auto_accept")
    h.wait_idle()
    assert [j.kind for j in h.w.queue.jobs] == ["redo", "generate"]
    assert h.states() == ["Done", "Done"]
    assert queries.sequence_end(h.p) == 1 + 2 * h.p.chunk_frames
    # The old version can be brought back.
    h.w.generation.choose_take(first)
    assert h.p.chunks[h.p.takes[first].chunk].chosen == first
    assert queries.stale_reason(h.p, h.p.takes[queries.tip(h.p).take].id)


def test_discard_ends_the_job_and_undo_brings_the_draft_back(opened):
    h = opened
    h.trigger("generate")
    take = h.wait_draft()
    h.trigger("discard")
    assert h.states() == ["Cancelled"]
    assert queries.sequence_end(h.p) == 1
    h.w.document.undo()
    h.settle()
    assert h.w.generation.draft_take() == take
    h.trigger("accept")
    h.wait_idle()
    assert h.p.takes[take].snapshot


def test_undo_of_a_draft_ends_the_job_that_waited_for_it(opened):
    h = opened
    h.trigger("generate")
    h.wait_draft()
    h.w.document.undo()
    h.settle()
    assert h.states() == ["Cancelled"]


def test_pause_resume_cancel(opened):
    h = opened
    h.trigger("auto_accept")
    h.w.generation.pending = ("walk forward", 8.0)
    h.trigger("generate")
    h.until(lambda: h.w.queue.active is not None)
    h.trigger("pause")
    assert h.states() == ["Paused"]
    before = -1
    while before != len(h.p.takes):  # what was through when it was paused may still be taken in
        before = len(h.p.takes)
        h.bot.wait(600)
    assert before < 8, "the others are not made"
    assert h.states() == ["Paused"]
    h.trigger("pause")
    h.until(lambda: len(h.p.takes) > before)
    h.trigger("cancel")
    h.until(lambda: not h.w.queue.busy)
    assert h.states() == ["Cancelled"]
    made = len(h.p.takes)
    assert 0 < made < 8
    h.bot.wait(300)
    assert len(h.p.takes) == made, "nothing of the cancelled chunk was kept"


def test_pause_and_cancel_mean_the_job_that_the_strip_shows(opened, tmp_path):
    h, w = opened, opened.w
    h.trigger("generate")
    h.wait_draft()
    assert not w.progress.isVisible(), "a draft only waits"
    assert w.work.job_in_hand().kind == "generate"
    target = tmp_path / "film.mp4"
    # Half a minute of work, so that it is still under way however late the window gets to it.
    end = queries.sequence_end(h.p)
    w.exporting.ask(ExportWish(target, 0, end, width=3000, height=3000, rate="120"))
    h.until(w.progress.isVisible)
    assert w.progress._words.text() == "Export film.mp4"
    w.actions_table["pause"].trigger()
    assert h.states() == ["Waiting", "Paused"]
    h.trigger("pause")
    assert h.states() == ["Waiting", "Running"]
    h.trigger("pause")  # held, it can't be through before it is cancelled
    w.progress.findChildren(QToolButton)[-1].click()
    assert h.states() == ["Waiting", "Cancelled"], "the draft still waits"
    h.until(lambda: not w.exporting._worker.busy)
    h.settle()
    assert not target.exists() and not w.progress.isVisible()
    h.trigger("cancel")  # now it is the job that waits
    assert h.states() == ["Cancelled", "Cancelled"]


def test_queue_orders_and_clears(opened):
    h = opened
    q = h.w.queue
    q.pause(_add(q, jobs.generate_job(9)))
    a, b = _add(q, jobs.generate_job(17)), _add(q, jobs.generate_job(25))
    assert q.job(a) is not None and q.job(b) is not None
    q.move(b, -1)
    order = [j.id for j in q.jobs]
    assert order.index(b) < order.index(a)
    q.cancel_all()
    h.until(lambda: not q.busy)
    assert all(j.ended for j in q.jobs)
    q.clear()
    assert q.jobs == ()


def _add(queue, job) -> str:
    queue.add(job)
    return job.id


def test_a_missing_world_is_a_failed_job_with_a_sentence(opened, monkeypatch):
    h = opened
    monkeypatch.setattr(h.w.worlds, "folder", lambda id: h.w.document.folder / "nowhere")
    h.w.queue._world_folder = h.w.worlds.folder
    h.trigger("generate")
    h.until(lambda: bool(h.w.queue.jobs) and h.w.queue.jobs[0].ended)
    h.settle()
    assert h.states() == ["Failed"]
    notice = h.w.notices.current
    assert notice is not None and "Traceback" not in notice.text
    assert notice.kept and [words for words, _ in notice.fixes][0] == "Try again"


def test_the_queue_survives_closing(opened):
    h = opened
    h.trigger("generate")
    h.wait_draft()
    folder = h.w.document.folder
    h.w.projects.close()
    assert h.w.document.project is None
    assert h.w.projects.open(folder)
    h.settle()
    assert h.states() == ["Paused"] and h.w.queue.jobs[0].state.interrupted
    notice = h.w.notices.current
    assert notice is not None and [words for words, _ in notice.fixes] == ["Go on"]
    notice.fixes[0][1]()  # one click
    take = h.wait_draft()
    assert h.p.takes[take].status == "draft"


def test_a_damaged_journal_costs_the_queue_only(opened):
    h = opened
    h.trigger("generate")
    h.wait_draft()
    folder = h.w.document.folder
    h.w.projects.close()
    (folder / "jobs.json").write_text("{", "utf-8")
    assert h.w.projects.open(folder)
    assert h.w.queue.jobs == ()
    assert len(h.p.takes) == 1
    with_store = h.w.document.store
    assert isinstance(with_store, ProjectStore)


def test_what_is_being_remade_is_not_offered_again(opened):
    h = opened
    h.trigger("auto_accept")
    h.trigger("generate")
    h.wait_idle()
    first = queries.track_clips(h.p)[1].source
    h.w.generation.redo_chunk(first)
    h.wait_idle()
    assert "Remake" in h.w.generation.plan().words
    h.trigger("generate")
    h.until(lambda: h.w.queue.active is not None)
    assert "Remake" not in h.w.generation.plan().words
    assert "queue" in h.w.generation.plan().words  # more can still be asked for
    h.wait_idle()
    assert "Remake" not in h.w.generation.plan().words


def test_progress_says_what_goes_on(opened):
    """Loading has no length; the past that learning looks at is not counted as its steps."""
    h, seen = opened, []
    h.trigger("auto_accept")
    h.w.queue.progressed.connect(lambda: seen.append(facts.shown_progress(h.p, h.w.queue)))
    h.trigger("generate")
    h.wait_idle()
    shown = [s for s in seen if s is not None]
    assert any("loading" in s.words and s.done is None for s in shown)
    learning = [s.words for s in shown if "learning" in s.words]
    steps = {w.rsplit(" of ", 1)[1] for w in learning if " of " in w.split("learning")[1]}
    assert len(steps) == 1, learning
    assert all(s.done is not None for s in shown if "drawing" in s.words)


def test_who_works_elsewhere_is_left_there_while_chunks_are_made(opened):
    h, w = opened, opened.w
    n = h.p.chunk_frames
    h.trigger("auto_accept")
    w.generation.pending = ("walk forward", 3.0)
    seen = []
    w.transport.frame_changed.connect(seen.append)
    h.trigger("generate")
    h.wait_idle()
    assert seen == [1, 1 + n, 1 + 2 * n, 1], "who stays sees each, and stands at the first at last"

    # Two more; after the first of them the artist goes back to the beginning.
    w.generation.pending = ("turn left", 2.0)
    h.trigger("generate")
    h.until(lambda: w.transport.frame == 1 + 3 * n)
    w.transport.seek(3)
    seen.clear()
    w.generation.redo_chunk(queries.track_clips(h.p)[2].source)  # another job behind it
    h.wait_idle()
    assert len(h.p.takes) > 5 and seen == [] and w.transport.frame == 3

    # What is asked for next is seen from where the artist is now.
    h.trigger("generate")
    h.wait_idle()
    assert seen and seen[0] > 3


def test_a_draft_is_told_to_who_works_elsewhere_and_played_when_asked_for(opened):
    h, w = opened, opened.w
    n = h.p.chunk_frames
    w.generation.pending = ("walk forward", 2.0)
    h.trigger("generate")
    h.wait_draft()
    w.transport.pause()
    h.trigger("accept")
    h.until(lambda: w.queue.active is not None)
    w.transport.seek(3)
    seen = []
    w.transport.frame_changed.connect(seen.append)
    h.wait_draft()
    h.settle()
    assert seen == [] and not w.transport.playing
    assert w.notices.current.text == "A draft of chunk 2 waits for you."
    w.notices.current.fixes[0][1]()
    assert w.transport.playing and w.transport.frame == 1 + n
    h.trigger("accept")
    h.wait_idle()


def test_a_draft_accepted_while_it_plays_gives_way_to_the_next(opened):
    h, w = opened, opened.w
    n = h.p.chunk_frames
    w.generation.pending = ("walk forward", 2.0)
    h.trigger("generate")
    h.wait_draft()

    def again() -> None:
        if len(h.p.takes) < 2:
            w.transport.review(1, 1 + n)

    w.queue.progressed.connect(again)  # it still plays when the next is there
    h.trigger("accept")
    h.until(lambda: len(h.p.takes) == 2)
    w.queue.progressed.disconnect(again)
    h.until(lambda: w.transport.frame >= 1 + n)
    w.transport.pause()
    h.wait_draft()
    h.trigger("accept")
    h.wait_idle()


def test_a_draft_that_is_redone_while_it_plays_is_seen_again(opened):
    h, w = opened, opened.w
    w.generation.pending = ("walk forward", 1.0)
    h.trigger("generate")
    first = h.wait_draft()
    w.work.play_draft()
    h.until(lambda: w.transport.frame > 2)
    assert w.transport.reviewing
    h.trigger("redo_draft")
    h.until(lambda: w.generation.draft_take() not in (first, None))
    h.until(lambda: w.transport.reviewing)
    assert w.notices.current is None or "waits" not in w.notices.current.text
    w.transport.pause()


def test_the_next_draft_is_seen_wherever_the_one_before_was_accepted(opened):
    h, w = opened, opened.w
    w.generation.pending = ("walk forward", 2.0)
    h.trigger("generate")
    h.wait_draft()
    w.transport.pause()
    w.transport.seek(4)
    seen = []
    w.queue.take_arrived.connect(lambda _take: seen.append(w.transport.frame))
    h.trigger("accept")
    h.wait_draft()
    assert seen == [1 + h.p.chunk_frames]


@pytest.mark.parametrize("undone", [False, True])
def test_what_was_to_go_on_from_a_dropped_draft_ends_with_it(opened, undone):
    h = opened
    h.trigger("generate")
    h.wait_draft()
    h.w.queue.add(jobs.generate_job(queries.sequence_end(h.p) + 8))  # more, asked for meanwhile
    h.settle()
    assert h.states() == ["Waiting", "Queued"]
    if undone:
        h.w.document.undo()
    else:
        h.trigger("discard")
    h.settle()
    assert h.states() == ["Cancelled", "Cancelled"] and h.w.queue.rests and not h.w.queue.busy


def second_draft(h) -> str:
    """One chunk is accepted and the draft of the next waits; the first one's take."""
    h.trigger("generate")
    first = h.wait_draft()
    h.trigger("accept")
    h.until(lambda: h.w.generation.draft_take() not in (None, first))
    return first


def test_another_job_behind_a_dropped_draft_goes_on(opened):
    h = opened
    first = second_draft(h)
    chunk = h.p.takes[first].chunk
    h.w.queue.add(jobs.redo_job(chunk))
    h.trigger("discard")
    h.until(lambda: len(h.p.chunks[chunk].takes) == 2)


def test_a_memory_that_is_off_or_reset_is_not_waited_for(opened):
    """Accepted, but what is to be learned of it can't be: there are two ways out."""
    h = opened
    h.w.document.do("Both", lambda p: edits.set_memory(p, replace(p.memory, preset="both")))
    h.trigger("generate")
    take = h.wait_draft()
    job = jobs.generate_job(queries.sequence_end(h.p) + 8)
    p = edits.accept_take(h.p, take)  # as it stands when learning has failed
    assert isinstance(plan_step(p, job), LearnStep)
    off = edits.set_memory(p, replace(p.memory, preset="off"))
    assert isinstance(plan_step(off, job), ChunkStep)
    h.w.queue.stop_waiting()
    h.w.document.do("Accept", lambda q: edits.accept_take(q, take))
    h.w.generation.reset_memory()
    assert h.p.memory_bases == {take: ""} and isinstance(plan_step(h.p, job), ChunkStep)


def test_a_dropped_redo_leaves_what_is_queued_behind_it(opened):
    """The take before it is there again, to go on from."""
    h = opened
    first = second_draft(h)
    h.trigger("discard")
    h.w.queue.clear()
    h.w.queue.add(jobs.redo_job(h.p.takes[first].chunk))
    h.until(lambda: h.w.generation.draft_take() is not None)
    h.w.queue.add(jobs.generate_job(queries.sequence_end(h.p) + 8))
    h.settle()
    assert h.states() == ["Waiting", "Queued"]
    h.trigger("discard")
    h.until(lambda: len(h.p.chunks) == 2)  # a new chunk, after the first as it was
    assert h.p.chunks[h.p.takes[first].chunk].chosen == first
