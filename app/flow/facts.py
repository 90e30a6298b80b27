"""What the panels show, computed from the document and the queue. Pure: no widget is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.panels.queue_panel import JobRow
from app.state import outlook
from app.state.in_hand import Active
from app.state.jobs import JobQueue
from app.state.results import chunks_made
from app.state.timecode import short
from app.widgets.progress_strip import Shown, clock
from core.project import jobs, queries
from core.project.jobs import Job
from core.project.model import Project
from core.project.steps import LearnStep


def tr(text: str, *values: object) -> str:
    made = QCoreApplication.translate("facts", text)
    for i, value in enumerate(values, 1):
        made = made.replace(f"%{i}", str(value))
    return made


# -- queue -----------------------------------------------------------------------------------


def job_title(p: Project | None, job: Job) -> str:
    if job.kind == "export":
        return tr(
            "Export %1", str(job.settings.get("path", "")).replace("\\", "/").rsplit("/", 1)[-1]
        )
    if job.kind == "more":
        number = queries.chunk_number(p, job.chunk) if p else None
        return tr("Another take of chunk %1", number or "–")
    if job.kind == "redo":
        number = queries.chunk_number(p, job.chunk) if p else None
        return tr("Redo chunk %1", number or "–")
    return tr("Generate to %1", short(job.until, p.rate) if p else job.until)


def job_rows(p: Project | None, queue: JobQueue, export_progress: Any) -> list[JobRow]:
    """What goes on and waits in its order, then what ended, newest first."""
    ended = sorted((j for j in queue.jobs if j.ended), key=lambda j: j.created, reverse=True)
    going = [j for j in queue.jobs if not j.ended]
    rows = [_job_row(p, queue, job, export_progress(job.id)) for job in (*going, *ended)]
    if len(going) < 2:  # nothing to change places with
        rows = [replace(row, can=row.can - {"up", "down"}) for row in rows]
    return rows


def _job_row(p: Project | None, queue: JobQueue, job: Job, export: Any) -> JobRow:
    title = job_title(p, job)
    waiting = frozenset({"up", "down", "cancel"})
    match job.state:
        case jobs.Queued():
            n = outlook.chunks_left(p, job) if job.kind != "export" else 0
            words = tr("waits its turn") + (f" · {chunks_words(n)}" if n else "")
            return JobRow(job.id, title, words, can=waiting)
        case jobs.Running():
            if job.kind == "export":
                done = export.frame / export.frames if export else 0.0
                words = tr("writing")
                if export and export.remaining_s is not None:
                    words += " · " + tr("about %1 left", clock(export.remaining_s))
                return JobRow(
                    job.id,
                    title,
                    words,
                    "good",
                    "export-variant",
                    done,
                    frozenset({"pause", "cancel"}),
                )
            shown = shown_progress(p, queue)
            words = shown.words if shown else tr("running")
            if shown and shown.left is not None:
                words += " · " + tr("about %1 left", clock(shown.left))
            done = (shown.done if shown else None) or 0.0
            return JobRow(
                job.id, title, words, "good", "creation", done, frozenset({"pause", "cancel"})
            )
        case jobs.Waiting(take=take):
            number = queries.chunk_number(p, p.takes[take].chunk) if p and take in p.takes else None
            return JobRow(
                job.id,
                title,
                tr("draft of chunk %1 waits for you", number or "–"),
                "warn",
                "hand-back-right-outline",
                can=waiting,
            )
        case jobs.Paused(interrupted=interrupted):
            words = tr("interrupted when the studio closed") if interrupted else tr("paused")
            return JobRow(
                job.id, title, words, "warn", "pause-circle-outline", can=waiting | {"resume"}
            )
        case jobs.Done():
            can = frozenset({"clear", "show"}) if job.kind == "export" else frozenset({"clear"})
            return JobRow(job.id, title, tr("done"), "good", "check-circle-outline", can=can)
        case jobs.Failed(message=message):
            return JobRow(
                job.id, title, message, "bad", "alert-circle-outline", can=frozenset({"clear"})
            )
        case jobs.Cancelled():
            return JobRow(
                job.id,
                title,
                tr("cancelled; what was made is kept"),
                "",
                "cancel",
                can=frozenset({"clear"}),
            )
    raise AssertionError(f"no such state: {job.state!r}")


def chunks_words(n: int) -> str:
    return tr("1 chunk") if n == 1 else tr("%1 chunks", n)


_PHASES = {
    "loading": "loading the world", "encoding": "looking at the past", "sampling": "drawing",
    "decoding": "making the picture", "saving": "saving", "learning": "learning",
}  # fmt: skip


def shown_progress(p: Project | None, queue: JobQueue) -> Shown | None:
    """The line at the bottom while the engine works; None when it rests."""
    active = queue.active
    if p is None or active is None or active.dropped:
        return None
    job = queue.job(active.job)
    if job is None:
        return None
    meter = active.meter
    made, total = outlook.chunk_counts(p, queue, job)
    learning = isinstance(active.step, LearnStep)
    if learning:
        made, done = made - 1, 0.8 + 0.2 * meter.done
    else:
        done = 0.8 * meter.done
    if job.kind in ("redo", "more"):
        words = [tr("Chunk %1 again", active_number(p, active))]
    else:
        words = [tr("Chunk %1 of %2", made + 1, max(total, made + 1))]
    words.append(tr(_PHASES[meter.phase]))
    if meter.steps and meter.phase in ("sampling", "learning"):
        words.append(tr("step %1 of %2", max(1, meter.step), meter.steps))
    paused = isinstance(job.state, jobs.Paused)
    if paused:
        words.insert(0, tr("Paused"))
    share = (made + done) / max(1, total, made + 1)
    left = outlook.seconds_left(p, queue, job)
    share = min(1.0, max(0.0, share))
    # How long loading takes, nobody knows.
    loading = meter.phase == "loading" and not learning and made == 0 and not paused
    spent = queue.spent(job.id)
    return Shown(" · ".join(words), None if loading else share, spent, left, paused)


def active_number(p: Project, active: Active) -> int:
    step = active.step
    if isinstance(step, LearnStep):
        take = p.takes.get(step.take_id)
        return (queries.chunk_number(p, take.chunk) if take else None) or 0
    if step.chunk is not None:
        return queries.chunk_number(p, step.chunk) or 0
    return chunks_made(p) + 1
