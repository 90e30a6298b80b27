"""What is being made, as the window shows it: progress, previews, new takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.flow import facts
from app.icons import icon
from app.state.tier_words import rows
from app.widgets.notice_bar import Notice
from app.widgets.progress_strip import Shown
from core.project import jobs, queries
from core.project.jobs import Job
from core.project.model import Project
from core.project.steps import LearnStep

if TYPE_CHECKING:
    from app.window import MainWindow


class Work(QObject):
    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._w = window
        self._preview_on = False
        self._making: tuple[int, int] | None = None
        self._rests = True  # nothing is made until the artist wants it
        self._began: int | None = None  # frame at the playhead when they did
        self._left: int | None = None  # frame that the studio put it on since

    def job_in_hand(self) -> Job | None:
        """The job that the strip shows and that Pause and Cancel mean: what the engine works on,
        else the film that is written, else what waits."""
        q = self._w.queue
        works = q.job(q.active.job) if q.active is not None and not q.active.dropped else None
        job = works or self._w.exporting.job or q.current
        if job is not None:
            return job
        return next(
            (
                j
                for j in q.jobs
                if not j.ended and not (isinstance(j.state, jobs.Paused) and j.state.interrupted)
            ),
            None,
        )

    def queue(self) -> None:
        self._note_beginning()
        self.progress()
        self._w.refresh.enable()
        self.plan()

    def plan(self) -> None:
        plan = self._w.generation.plan()
        self._w.actions_panel.show_plan(plan.words, plan.enabled, plan.hint)
        action = self._w.actions_table["generate"]
        action.setEnabled(plan.enabled)

    def fitting(self) -> None:
        f = self._w.fitting
        more = "\n\n".join(part for part in (f.words, f.details) if part)
        self._w.actions_panel.show_fit(f.short or f.words, more, rows(f.options, f.chosen))

    def progress(self) -> None:
        w, p = self._w, self._w.document.project
        w.queue_panel.show_rows(facts.job_rows(p, w.queue, w.exporting.progress_of))
        shown = self._shown()
        w.progress.show_progress(shown)
        w.status_line.words.setVisible(shown is None)
        w.status_line.fit()
        active = w.queue.active
        if p is None or active is None or active.dropped:
            w.timeline.clear_progress()
            self._making = None
            if self._preview_on:
                self._preview_on = False
                w.viewer.clear_preview()
            return
        if isinstance(active.step, LearnStep):
            place = (
                self._place(p, p.takes[active.step.take_id].chunk)
                if active.step.take_id in p.takes
                else None
            )
            words = w.tr("learning")
        elif active.step.chunk is not None:
            place, words = self._place(p, active.step.chunk), w.tr("making")
        else:
            place, words = (queries.sequence_end(p), p.chunk_frames), w.tr("making")
        if place is not None:
            w.timeline.set_progress(*place, active.meter.done, words)
        if place != self._making:  # the words on the planned chunks move along
            self._making = place
            w.timeline.viewport().update()
        if self._preview_on and shown is not None:
            w.viewer.set_preview_label(shown.words)

    def _place(self, p: Project, chunk: str) -> tuple[int, int] | None:
        clip = next(iter(queries.clips_of(p, chunk)), None)
        return (clip.start, clip.frames) if clip else None

    def _shown(self) -> Shown | None:
        """The job in hand on the strip; None while it only waits."""
        w, job = self._w, self.job_in_hand()
        if job is None or job is not w.exporting.job:
            return facts.shown_progress(w.document.project, w.queue)
        title, paused = facts.job_title(w.document.project, job), isinstance(job.state, jobs.Paused)
        event = w.exporting.progress_of(job.id)
        if event is None:  # nothing is written yet
            return Shown(title, None, 0.0, None, paused)
        done = event.frame / max(1, event.frames)
        return Shown(title, done, event.elapsed_s, event.remaining_s, paused)

    def preview(self, jpeg: bytes) -> None:
        w = self._w
        shown = facts.shown_progress(w.document.project, w.queue)
        self._preview_on = True
        w.viewer.set_preview(jpeg, shown.words if shown else "")

    def take_arrived(self, take_id: str) -> None:
        """Show what was just made, unless the artist is looking at something else."""
        w, p = self._w, self._w.document.project
        self._preview_on = False
        w.viewer.clear_preview()
        take = p.takes[take_id]
        clip = next(iter(queries.clips_of(p, take.chunk)), None)
        aside = take.chunk in p.chunks and p.chunks[take.chunk].chosen != take_id
        if clip is None or aside or not self._follows():
            return
        w.refresh.now()
        self._seek(clip.start)
        w.timeline.reveal(clip.end)

    def draft_waits(self, take_id: str) -> None:
        """A draft is judged in motion: play it once, then stand at its start. Who works elsewhere
        is told, and goes there when it suits."""
        w, p = self._w, self._w.document.project
        w.refresh.now()
        if self._follows():
            self.play_draft()
        elif (clip := queries.draft_clip(p)) is not None:
            words = w.tr("A draft of chunk %1 waits for you.").replace(
                "%1", str(queries.chunk_number(p, clip.source) or "–")
            )
            w.notices.show_notice(Notice(words, "info", fixes=((w.tr("Play it"), self.play_draft),)))

    def play_draft(self) -> None:
        """Play the draft that waits once; it is stood at its start after that."""
        w, p = self._w, self._w.document.project
        clip = queries.draft_clip(p) if p is not None else None
        if clip is not None:
            self._left, self._began = clip.start, None  # where the review comes back to
            w.transport.review(clip.start, clip.end)

    def job_through(self, job: Job) -> None:
        """Stand where the new part begins, so that Space plays what was just made."""
        w, p = self._w, self._w.document.project
        made = set(list(p.takes)[w.queue.takes_before(job.id) :]) if p is not None else set()
        starts = (
            [
                c.start
                for c in queries.track_clips(p)
                if c.kind == "chunk" and p.chunks[c.source].chosen in made
            ]
            if made
            else []
        )
        if len(starts) > 1 and self._follows():
            w.refresh.now()
            self._seek(min(starts))

    # -- where the artist is -----------------------------------------------------------------------

    def _note_beginning(self) -> None:
        """What follows by itself begins nothing anew: who has gone elsewhere stays there."""
        q = self._w.queue
        if self._w.document.project is None:
            self._began = self._left = None
        elif self._rests and not q.rests:
            self._began = self._w.transport.frame
        self._rests = q.rests

    def _follows(self) -> bool:
        """Whether the playhead is still where the studio put it, or where the work began: the
        artist watches what is made, and does nothing elsewhere."""
        t = self._w.transport
        return t.reviewing or not t.playing and t.frame in (self._began, self._left)

    def _seek(self, frame: int) -> None:
        self._left, self._began = frame, None
        if self._w.transport.reviewing:
            self._w.transport.pause()  # what it shows is no longer what is judged
        self._w.transport.seek(frame)

    def playing(self, on: bool) -> None:
        action = self._w.actions_table["play"]
        action.setIcon(icon("pause" if on else "play"))
