"""The queue: what is made, what waits, what is done. Drives one engine, one task at a time.

What a job does next follows from the document alone (``core.project.steps``), so a queue that was
cut off by a crash goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.document import Document
from app.state.meter import StepMeter, measured
from app.workers.background import Background
from app.workers.engine_worker import EngineWorker
from app.workers.saver import Saver
from core.project import edits, jobs, queries
from core.project.errors import EditError, ProjectError
from core.project.jobs import Job, JobState
from core.project.model import Project
from core.project.steps import (
    AcceptStep,
    AwaitDecision,
    ChunkStep,
    Finished,
    LearnStep,
    learned_edit,
    next_step,
    plan_step,
    take_edit,
)
from core.rollout.events import Cancelled, Failed, Learned, Preview, Progress, TakeReady

log = logging.getLogger(__name__)

_TICK_MS = 500


@dataclass
class Active:
    """The task that the engine has in hand."""

    job: str
    step: ChunkStep | LearnStep
    token: Any
    pause: Any
    meter: StepMeter
    dropped: bool = False  # cancelled, or the project was closed: its result is not wanted


class JobQueue(QObject):
    changed = Signal()  # the list, or the state of a job
    progressed = Signal()  # words and bars
    preview = Signal(bytes)
    take_arrived = Signal(str)  # take id
    learned = Signal(str)  # take id
    waiting = Signal(str)  # take id: a draft waits for the artist
    failed = Signal(object, str)  # Job, one sentence
    problem = Signal(str)
    export_wanted = Signal(object)  # Job: the exporter runs it in its own thread

    def __init__(
        self,
        document: Document,
        worker: EngineWorker,
        world_folder: Callable[[str], Path],
        background: Background,
        controls: Callable[[], tuple[Any, Any]] | None = None,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document, self._worker, self._background = document, worker, background
        self._world_folder = world_folder
        self._controls = controls or _controls
        self._jobs: tuple[Job, ...] = ()
        self._active: Active | None = None
        self._taking_in = False  # files of the last result are on their way into the project
        self._epoch = 0  # counts projects, so that late answers find the right one
        self._saver: Saver | None = None
        self._began: dict[str, int] = {}  # job id → chunks there were when it began
        worker.event.connect(self._on_event)
        worker.finished.connect(self._on_finished)
        document.opened.connect(self._on_opened)
        document.closed.connect(self._on_closed)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.progressed)

    # -- what it is ---------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self._jobs

    @property
    def active(self) -> Active | None:
        return self._active

    @property
    def busy(self) -> bool:
        """The engine works, or a result is being taken in."""
        return self._active is not None or self._taking_in

    def job(self, id: str) -> Job | None:
        return next((j for j in self._jobs if j.id == id), None)

    @property
    def current(self) -> Job | None:
        """The generation job in hand, or the one whose draft waits."""
        if self._active is not None and not self._active.dropped:
            return self.job(self._active.job)
        return next(
            (j for j in self._jobs if j.kind != "export" and isinstance(j.state, jobs.Waiting)),
            None,
        )

    # -- commands -----------------------------------------------------------------------------

    def add(self, job: Job, first: bool = False) -> None:
        self._jobs = (job, *self._jobs) if first else (*self._jobs, job)
        self._note()
        if job.kind == "export":
            self.export_wanted.emit(job)
        self.advance()

    def pause(self, id: str) -> None:
        job = self.job(id)
        if job is None or job.ended:
            return
        if self._active is not None and self._active.job == id:
            self._active.pause.pause()
            self._active.meter.pause()
        self._set(id, jobs.Paused())
        self.advance()

    def resume(self, id: str) -> None:
        job = self.job(id)
        if job is None or not isinstance(job.state, jobs.Paused):
            return
        if self._active is not None and self._active.job == id and not self._active.dropped:
            self._active.pause.resume()
            self._active.meter.resume()
            self._set(id, jobs.Running())
            return
        self._set(id, jobs.Queued())
        if job.kind == "export":
            self.export_wanted.emit(self.job(id))
        self.advance()

    def toggle_pause(self, id: str) -> None:
        job = self.job(id)
        if job is not None:
            self.resume(id) if isinstance(job.state, jobs.Paused) else self.pause(id)

    def cancel(self, id: str) -> None:
        job = self.job(id)
        if job is None or job.ended:
            return
        if self._active is not None and self._active.job == id:
            self._active.dropped = True
            self._active.token.cancel()
            self._active.pause.resume()  # a held engine must wake to see that it is cancelled
        self._set(id, jobs.Cancelled())
        self.progressed.emit()
        self.advance()

    def cancel_all(self) -> None:
        for job in self._jobs:
            self.cancel(job.id)

    def move(self, id: str, by: int) -> None:
        """Sooner (-1) or later (+1) among what has not ended."""
        order = list(self._jobs)
        at = next((i for i, j in enumerate(order) if j.id == id), None)
        if at is None:
            return
        to = at + by
        while 0 <= to < len(order) and order[to].ended:
            to += by
        if 0 <= to < len(order):
            order.insert(to, order.pop(at))
            self._jobs = tuple(order)
            self._note()

    def clear(self, id: str | None = None) -> None:
        """Forget ended jobs: one, or all of them."""
        self._jobs = tuple(j for j in self._jobs if not (j.ended and id in (None, j.id)))
        self._note()

    def set_state(self, id: str, state: JobState) -> None:
        """For the exporter, which runs its own jobs."""
        self._set(id, state)

    def resume_interrupted(self) -> None:
        for job in self._jobs:
            if isinstance(job.state, jobs.Paused) and job.state.interrupted:
                self.resume(job.id)

    # -- the loop -----------------------------------------------------------------------------

    def advance(self) -> None:
        """Go on with the first job that can: called after every event and every decision."""
        while not self.busy and self._document.project is not None and not self._document.read_only:
            job = next(
                (
                    j
                    for j in self._jobs
                    if j.kind != "export"
                    and isinstance(j.state, jobs.Queued | jobs.Running | jobs.Waiting)
                ),
                None,
            )
            if job is None or not self._step(job):
                break
        self._tick_if_busy()

    def _step(self, job: Job) -> bool:
        """One step of ``job``. True when the next one can follow at once."""
        p, store = self._document.project, self._document.store
        if p is None or store is None:
            return False
        try:
            if isinstance(plan_step(p, job), ChunkStep | LearnStep):
                step = next_step(p, job, store, self._world_folder(p.world.id))
            else:
                step = plan_step(p, job)
        except (EditError, ProjectError, OSError) as error:
            return self._fail(job, str(error))
        except Exception as error:
            log.exception("planning job %s", job.id)
            return self._fail(job, str(error) or type(error).__name__)
        match step:
            case ChunkStep() | LearnStep():
                self._start(job, step)
                return False
            case AcceptStep(take_id=take):
                number = _number(p, take)
                if not self._document.do(
                    self.tr("Accept chunk %1").replace("%1", number),
                    lambda q: edits.accept_take(q, take),
                    merge_id=f"take:{take}",
                ):
                    return self._fail(job, self.tr("The draft could not be accepted."))
                return True
            case AwaitDecision(take_id=take):
                if not isinstance(job.state, jobs.Waiting) or job.state.take != take:
                    self._set(job.id, jobs.Waiting(take))
                    self.waiting.emit(take)
                return False
            case Finished():
                self._set(job.id, jobs.Done())
                return True
        raise AssertionError(f"no such step: {step!r}")

    def _start(self, job: Job, step: ChunkStep | LearnStep) -> None:
        token, pause = self._controls()
        self._active = Active(job.id, step, token, pause, StepMeter(isinstance(step, LearnStep)))
        self._began.setdefault(job.id, len(self._document.project.takes))
        self._set(job.id, jobs.Running())
        self._worker.submit(self._key(), step.task, token, pause)
        self.progressed.emit()

    def _key(self) -> str:
        return (
            f"{self._epoch}:{self._active.job}:{self._active.step.take_id}" if self._active else ""
        )

    def _fail(self, job: Job, sentence: str) -> bool:
        self._set(job.id, jobs.Failed(sentence))
        self.failed.emit(job, sentence)
        return True

    # -- events of the engine -----------------------------------------------------------------

    def _on_event(self, key: str, event: object) -> None:
        if self._active is None or key != self._key() or self._active.dropped:
            return
        if isinstance(event, Progress):
            self._active.meter.take(event)
            self.progressed.emit()
        elif isinstance(event, Preview):
            self.preview.emit(event.jpeg)

    def _on_finished(self, key: str, event: object) -> None:
        if self._active is None or key != self._key():
            return
        active, self._active = self._active, None
        job = self.job(active.job)
        store = self._document.store
        if active.dropped or job is None or store is None:
            _drop(store, active.step)
            self.changed.emit()
            self.progressed.emit()
            self.advance()
            return
        match event:
            case TakeReady():
                self._take_in(job, lambda: take_edit(active.step, event, store), active.step)
            case Learned():
                self._take_in(job, lambda: learned_edit(active.step, event, store), active.step)
            case Cancelled():
                _drop(store, active.step)
                self._set(job.id, jobs.Cancelled())
            case Failed(message=message):
                _drop(store, active.step)
                self._fail(job, message)
        self.progressed.emit()
        self.advance()

    def _take_in(self, job: Job, work: Callable[[], Any], step: ChunkStep | LearnStep) -> None:
        """Hash and move the files beside the interface thread, then change the document."""
        self._taking_in = True
        epoch = self._epoch

        def done(edit: Callable[[Project], Project]) -> None:
            self._taking_in = False
            if epoch != self._epoch or self._document.project is None:
                return
            if self.job(job.id) is not None and isinstance(self.job(job.id).state, jobs.Cancelled):
                self.advance()
                return
            self._apply(job, edit, step)
            self.advance()

        def failed(error: Exception) -> None:
            self._taking_in = False
            if epoch != self._epoch:
                return
            sentence = str(error) or type(error).__name__
            self._fail(job, sentence)
            self.advance()

        self._background.run(work, done, failed)

    def _apply(
        self, job: Job, edit: Callable[[Project], Project], step: ChunkStep | LearnStep
    ) -> None:
        p = self._document.project
        if isinstance(step, LearnStep):
            take = p.takes.get(step.take_id)
            if take is None or take.status != "accepted":
                return  # taken back meanwhile; the memory stays as it was
            label = self.tr("Accept chunk %1").replace("%1", _number(p, step.take_id))
            if self._document.do(label, edit, merge_id=f"take:{step.take_id}"):
                self.learned.emit(step.take_id)
            return
        number = (
            str(queries.chunk_number(p, step.chunk) or _chunks(p) + 1)
            if step.chunk
            else str(_chunks(p) + 1)
        )
        word = self.tr("Redo chunk %1") if step.chunk else self.tr("Generate chunk %1")
        if self._document.do(word.replace("%1", number), edit):
            self.take_arrived.emit(step.take_id)
        else:
            self._fail(job, self.tr("The new take did not fit into the project any more."))

    # -- decisions ----------------------------------------------------------------------------

    def decided(self) -> None:
        """The artist accepted or brought back: whoever waited goes on."""
        self.advance()

    def stop_waiting(self) -> None:
        """The draft was dropped: jobs that waited for it end, what they made stays."""
        for job in self._jobs:
            if isinstance(job.state, jobs.Waiting):
                self._set(job.id, jobs.Cancelled())

    def check_waiting(self) -> None:
        """After undo: a job must not wait for a draft that was never made."""
        p = self._document.project
        for job in self._jobs:
            if (
                isinstance(job.state, jobs.Waiting)
                and p is not None
                and job.state.take not in p.takes
            ):
                self._set(job.id, jobs.Cancelled())

    # -- project, journal ---------------------------------------------------------------------

    def _on_opened(self, _project: Project) -> None:
        store = self._document.store
        self._epoch += 1
        self._taking_in = False
        self._saver = None
        try:
            self._jobs = store.journal.load()
        except (ProjectError, OSError) as error:
            self._jobs = ()
            self.problem.emit(str(error))
        if store.journal.problem:
            self.problem.emit(store.journal.problem)
        # What waited for a decision is found again by asking; what was queued waits for a click.
        self._jobs = tuple(
            replace(j, state=jobs.Paused(interrupted=True))
            if isinstance(j.state, jobs.Queued | jobs.Waiting)
            else j
            for j in self._jobs
        )
        if not self._document.read_only:
            self._saver = Saver(store.journal.save, self)
            self._saver.failed.connect(self.problem)
        self.changed.emit()
        self.progressed.emit()

    def let_go(self) -> None:
        """Before the project closes: stop the engine, write the queue down as it is."""
        if self._active is not None:
            self._active.dropped = True
            self._active.token.cancel()
            self._active.pause.resume()
            self._active = None
        if self._saver is not None:
            self._saver.close()
            self._saver = None

    def _on_closed(self) -> None:
        self._epoch += 1
        self._active = None
        self._taking_in = False
        self._jobs = ()
        self.changed.emit()
        self.progressed.emit()

    def _set(self, id: str, state: JobState) -> None:
        self._jobs = tuple(replace(j, state=state) if j.id == id else j for j in self._jobs)
        self._note()

    def _note(self) -> None:
        if self._saver is not None:
            self._saver.save(self._jobs)
        self._tick_if_busy()
        self.changed.emit()

    def flush(self) -> None:
        if self._saver is not None:
            self._saver.flush()

    def _tick_if_busy(self) -> None:
        if self.busy and not self._tick.isActive():
            self._tick.start()
        elif not self.busy and self._tick.isActive():
            self._tick.stop()
            self.progressed.emit()

    # -- how far ------------------------------------------------------------------------------

    def chunks_left(self, job: Job) -> int:
        """Chunks that a job still has to make, counting the one in hand."""
        p = self._document.project
        if p is None or job.ended:
            return 0
        if job.kind == "redo":
            return 0 if job.take in p.takes else 1
        return len(stale_chunks(p, job.until)) + -(
            -max(0, job.until - queries.sequence_end(p)) // p.chunk_frames
        )

    def chunk_counts(self, job: Job) -> tuple[int, int]:
        """(made since it began, all of them)."""
        p = self._document.project
        made = max(0, len(p.takes) - self._began.get(job.id, len(p.takes))) if p else 0
        return made, made + self.chunks_left(job)

    def left(self, job: Job) -> float | None:
        """Seconds left, from measured times; None until there is a measure."""
        p = self._document.project
        if p is None:
            return None
        chunk, learn = measured(p)
        per = (chunk or 0) + ((learn or 0) if p.memory.preset != "off" else 0)
        more = self.chunks_left(job)
        if self._active is not None and self._active.job == job.id:
            meter, learning = self._active.meter, isinstance(self._active.step, LearnStep)
            now = meter.left(learn if learning else chunk)
            if now is None:
                return None
            if learning:
                return now + (per * more if chunk else 0)
            rest = max(0, more - 1)
            if chunk is None:
                return now + rest * (meter.elapsed + now)
            return now + (learn or 0) + rest * per
        return per * more if chunk else None


def stale_chunks(p: Project, until: int) -> list[str]:
    """Chunks on the first track before ``until`` that would be made again, in time order."""
    found: list[str] = []
    for clip in queries.track_clips(p):
        if clip.kind == "chunk" and clip.start < until and clip.source not in found:
            if queries.is_stale(p, queries.chosen_take(p, clip.source).id):
                found.append(clip.source)
    return found


def _chunks(p: Project) -> int:
    return len({c.source for c in queries.track_clips(p) if c.kind == "chunk"})


def _number(p: Project, take_id: str) -> str:
    take = p.takes.get(take_id)
    number = queries.chunk_number(p, take.chunk) if take else None
    return str(number or "–")


def _drop(store: Any, step: ChunkStep | LearnStep) -> None:
    try:
        if store is not None and step.task is not None:
            store.drop_staging(step.task.out_dir)
    except Exception:
        log.info("a staging folder was left", exc_info=True)


def _controls() -> tuple[Any, Any]:
    from core.engine.control import CancelToken, PauseGate

    return CancelToken(), PauseGate()
