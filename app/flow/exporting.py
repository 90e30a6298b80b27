"""Exports as jobs: asked for once, journaled, run beside the engine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from app.state.document import Document
from app.state.export_wish import ExportWish
from app.state.jobs import JobQueue
from app.widgets.notice_bar import Notice
from app.workers.export_worker import ExportWorker
from core.project import jobs
from core.project.jobs import Job
from core.project.model import Project


def wish_of(job: Job) -> ExportWish:
    values: dict[str, Any] = dict(job.settings)
    return ExportWish(**{**values, "path": Path(values["path"])})


class Exporting(QObject):
    notice = Signal(object)
    progressed = Signal()

    def __init__(self, document: Document, queue: JobQueue, parent: QObject | None = None):
        super().__init__(parent)
        self._document, self._queue = document, queue
        self._worker = ExportWorker(self)
        self._worker.progress.connect(self._on_progress)
        self._worker.finished.connect(self._on_finished)
        self._worker.cancelled.connect(self._on_cancelled)
        self._latest: dict[str, Any] = {}
        self._asked: dict[str, Project] = {}  # job id → the document as it was asked for
        queue.export_wanted.connect(lambda _job: self._next())
        queue.changed.connect(self._follow)
        document.closed.connect(self._stop)
        document.closed.connect(self._asked.clear)

    def ask(self, wish: ExportWish, project: Project | None = None) -> None:
        """The film as it is now, or as it was in ``project``, whatever is changed while it waits:
        no file of a project goes while it is open, so those of removed takes are still there."""
        project = project or self._document.project
        settings = asdict(wish)
        settings["path"] = str(wish.path)
        job = jobs.export_job(settings)
        if project is not None:
            self._asked[job.id] = project
        self._queue.add(job)

    @property
    def job(self) -> Job | None:
        """The export that is being written, or held while it is; not one that was cancelled."""
        job = self._queue.job(self._worker.job) if self._worker.job is not None else None
        return job if job is not None and not job.ended else None

    def progress_of(self, id: str) -> Any:
        """ExportProgress of a running export, or None."""
        return self._latest.get(id)

    def _next(self) -> None:
        if self._worker.busy or self._document.project is None:
            return
        job = next(
            (
                j
                for j in self._queue.jobs
                if j.kind == "export" and isinstance(j.state, jobs.Queued)
            ),
            None,
        )
        if job is None:
            return
        try:
            wish = wish_of(job)
        except (TypeError, KeyError):
            self._queue.set_state(
                job.id, jobs.Failed(self.tr("What was to be exported can no longer be read."))
            )
            return
        store = self._document.store
        # A job of an earlier session has no document of its own: it is the one that is open.
        p = self._asked.get(job.id, self._document.project)
        folder = {a.id: store.folder / a.path for a in p.assets.values()}
        self._worker.start(
            job.id, p, lambda id: folder[id] if id in folder and folder[id].exists() else None, wish
        )
        self._queue.set_state(job.id, jobs.Running())

    def _follow(self) -> None:
        """The queue panel paused, resumed or cancelled the export in hand."""
        going = {j.id for j in self._queue.jobs if not j.ended}
        for id in self._asked.keys() - going:
            del self._asked[id]
        if self._worker.job is None:
            return
        job = self._queue.job(self._worker.job)
        if job is None or isinstance(job.state, jobs.Cancelled):
            self._worker.cancel()
        elif isinstance(job.state, jobs.Paused):
            self._worker.pause(True)
        elif isinstance(job.state, jobs.Queued):  # resumed
            self._worker.pause(False)
            self._queue.set_state(job.id, jobs.Running())

    def _on_progress(self, id: str, event: Any) -> None:
        self._latest[id] = event
        self.progressed.emit()

    def _on_finished(self, id: str, sentence: str) -> None:
        self._worker.free()
        self._latest.pop(id, None)
        job, asked = self._queue.job(id), self._asked.get(id)
        if job is not None:
            if sentence:
                self._queue.set_state(id, jobs.Failed(sentence))
                self.notice.emit(
                    Notice(
                        sentence,
                        kept=self.tr("The project is as it was."),
                        fixes=((self.tr("Try again"), lambda: self.ask(wish_of(job), asked)),),
                    )
                )
            else:
                path = wish_of(job).path
                self._queue.set_state(id, jobs.Done())
                self.notice.emit(
                    Notice(
                        self.tr("%1 is written.").replace("%1", path.name),
                        "info",
                        kept=str(path.parent),
                        fixes=(
                            (self.tr("Play it"), lambda: open_path(path)),
                            (self.tr("Show the folder"), lambda: open_path(path.parent)),
                        ),
                    )
                )
        self._next()

    def _on_cancelled(self, id: str) -> None:
        self._worker.free()
        self._latest.pop(id, None)
        self._next()

    def show_file(self, id: str) -> None:
        job = self._queue.job(id)
        if job is not None and job.kind == "export":
            open_path(wish_of(job).path.parent)

    def _stop(self) -> None:
        if self._worker.busy:
            self._worker.cancel()

    def shut_down(self) -> None:
        self._stop()
        self._worker.wait()


def open_path(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
