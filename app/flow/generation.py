"""What Generate does, and the decisions about drafts, takes and the memory's moments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from app.flow.disk import DiskRoom
from app.state.document import Document
from app.state.jobs import JobQueue
from app.state.meter import measured
from app.state.outlook import stale_chunks
from app.widgets.notice_bar import Notice
from app.widgets.progress_strip import clock
from core.project import edits, jobs, queries
from core.project.memory_use import has_adapter
from core.project.model import AT_START, MemoryUse, Project
from core.project.steps import to_learn


@dataclass(frozen=True)
class Plan:
    """What the one primary button will do."""

    words: str
    enabled: bool
    hint: str = ""
    until: int = 0
    adds_action: bool = False  # the pending action goes on the lane first
    accepts: bool = False  # a draft is accepted first


def _joined(parts: list[str]) -> str:
    words = " · ".join(part for part in parts if part)
    return words[:1].upper() + words[1:]


class Generation(QObject):
    notice = Signal(object)
    planned = Signal(int)  # the action lane now ends here
    going = Signal()  # a job was asked for: keys belong to the picture again

    def __init__(
        self, document: Document, queue: JobQueue, room: DiskRoom, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._document, self._queue, self._room = document, queue, room
        self.pending: tuple[str, float] = ("walk forward", 2.0)  # text and seconds in the panel
        self.fixed_seed: int | None = None

    # -- the button --------------------------------------------------------------------------------

    def plan(self) -> Plan:
        p = self._document.project
        if p is None or self._document.read_only:
            return Plan(self.tr("Generate"), False, self.tr("Open for reading only") if p else "")
        if p.start is None:
            return Plan(
                self.tr("Generate"),
                False,
                self.tr("Choose a picture or a video to start from first"),
            )
        until, adds = self._until(p)
        end = queries.sequence_end(p)
        covered = max(
            (j.until for j in self._queue.jobs if j.kind == "generate" and not j.ended), default=0
        )
        current = self._queue.current
        going = current is not None and not isinstance(current.state, jobs.Waiting)
        if going and covered >= until:
            return Plan(self.tr("Generating…"), False, self.tr("Write more actions to make more"))
        draft = queries.draft_clip(p)
        if draft is not None:
            return Plan(
                self.tr("Accept and go on"),
                True,
                self.tr("The draft is kept and learned")
                if has_adapter(p.memory)
                else self.tr("The draft is kept"),
                until if not adds else end,
                False,
                True,
            )
        stale = stale_chunks(p, end)
        remaking = going and covered >= end  # what is stale is on its way
        if stale and not remaking:
            n = len(stale)
            words = (
                self.tr("Remake 1 stale chunk")
                if n == 1
                else self.tr("Remake %1 stale chunks").replace("%1", str(n))
            )
            hint = [self._about(p, n), self.tr("their old takes are kept")]
            return Plan(words, True, _joined(hint), end)
        n = max(1, math.ceil((until - max(end, covered)) / p.chunk_frames))
        seconds = n * p.chunk_frames / p.rate
        chunks = self.tr("1 chunk") if n == 1 else self.tr("%1 chunks").replace("%1", str(n))
        words = (
            self.tr("Generate %1 s · %2").replace("%1", f"{float(seconds):g}").replace("%2", chunks)
        )
        if covered > end or (stale and remaking):
            words = self.tr("Add %1 s to the queue").replace("%1", f"{float(seconds):g}")
        return Plan(
            words,
            True,
            _joined([f"“{self.pending[0]}”" * (adds and bool(self.pending[0])), self._about(p, n)]),
            until,
            adds,
        )

    def _until(self, p: Project) -> tuple[int, bool]:
        """Where the lane ends; with nothing planned, where the pending action would."""
        end = queries.sequence_end(p)
        planned = max((a.end for a in p.actions), default=0)
        if planned > end:
            return planned, False
        return end + self._frames(p), True

    def _frames(self, p: Project) -> int:
        return max(1, round(self.pending[1] * float(p.rate)))

    def _about(self, p: Project, n: int) -> str:
        chunk, learn = measured(p)
        if chunk is None:
            return ""
        seconds = n * (chunk + ((learn or 0) if p.memory.preset != "off" else 0))
        return self.tr("about %1").replace("%1", clock(max(1, seconds)))

    def generate(self) -> None:
        plan, p = self.plan(), self._document.project
        if not plan.enabled or p is None:
            return
        if plan.accepts:
            self.accept()
            p = self._document.project
            more = max((a.end for a in p.actions), default=0)
            if more > queries.sequence_end(p) and not any(
                j.kind == "generate" and not j.ended and j.until >= more for j in self._queue.jobs
            ):
                self._room.add(jobs.generate_job(more, self.fixed_seed))
            self.going.emit()
            return
        if plan.adds_action and self.pending[0]:
            start = queries.sequence_end(p)
            if not self.add_action(self.pending[0], self.pending[1], at=start):
                return
        self._room.add(jobs.generate_job(plan.until, self.fixed_seed))
        self.going.emit()

    def add_action(self, text: str, seconds: float, at: int | None = None) -> bool:
        """Behind everything made and planned; the same verb again makes the last block longer."""
        p = self._document.project
        if p is None:
            return False
        frames = max(1, round(seconds * float(p.rate)))
        last = p.actions[-1] if p.actions else None
        start = max(queries.sequence_end(p), last.end if last else 0) if at is None else at
        label = self.tr("Add “%1”").replace("%1", text)
        if (
            last is not None
            and last.end == start
            and last.text == text
            and last.start >= queries.sequence_end(p)
        ):
            done = self._document.do(
                self.tr("Lengthen “%1”").replace("%1", text),
                lambda q: edits.resize_action(q, last.id, last.start, last.end + frames),
            )
        else:
            done = self._document.do(
                label, lambda q: edits.add_action(q, text, start, start + frames)
            )
        if done:
            self.planned.emit(start + frames)
        return done

    # -- drafts ------------------------------------------------------------------------------------

    def draft_take(self) -> str | None:
        p = self._document.project
        clip = queries.draft_clip(p) if p else None
        return p.chunks[clip.source].chosen if clip else None

    def accept(self) -> None:
        p, take = self._document.project, self.draft_take()
        if take is None:
            return
        number = queries.chunk_number(p, p.takes[take].chunk)
        if self._document.do(
            self.tr("Accept chunk %1").replace("%1", str(number)),
            lambda q: edits.accept_take(q, take),
            merge_id=f"take:{take}",
        ):
            self._go_on()

    def _go_on(self) -> None:
        """Whoever waited goes on; with nobody there, a short job learns what was accepted."""
        runnable = [j for j in self._queue.jobs if j.kind != "export" and not j.ended]
        if any(not isinstance(j.state, jobs.Paused) for j in runnable):
            self._queue.decided()
        elif any(j.state.interrupted for j in runnable):
            self._queue.resume_interrupted()
        else:
            self._room.add(jobs.generate_job(queries.sequence_end(self._document.project)))

    def redo_draft(self) -> None:
        p, take = self._document.project, self.draft_take()
        if take is not None:
            self._room.add(jobs.redo_job(p.takes[take].chunk), first=True)
            self.going.emit()

    def discard(self) -> None:
        p, take = self._document.project, self.draft_take()
        if take is None:
            return
        number = queries.chunk_number(p, p.takes[take].chunk)
        self._queue.stop_waiting()
        self._document.do(
            self.tr("Discard draft of chunk %1").replace("%1", str(number)),
            lambda q: edits.discard_take(q, take),
        )
        self._queue.decided()

    def set_auto_accept(self, on: bool) -> None:
        p = self._document.project
        if p is None or p.auto_accept == on:
            return
        words = self.tr("Accept automatically") if on else self.tr("Ask about every draft")
        self._document.do(words, lambda q: edits.set_auto_accept(q, on))
        if on:
            self._queue.decided()

    # -- takes -------------------------------------------------------------------------------------

    def redo_chunk(self, chunk_id: str) -> None:
        p = self._document.project
        if p is None or chunk_id not in p.chunks:
            return
        if any(
            j.kind == "redo" and j.chunk == chunk_id and isinstance(j.state, jobs.Queued)
            for j in self._queue.jobs
        ):
            return
        self._room.add(jobs.redo_job(chunk_id, self.fixed_seed), first=True)
        self.going.emit()

    def choose_take(self, take_id: str) -> None:
        p = self._document.project
        if p is None or take_id not in p.takes:
            return
        number = queries.chunk_number(p, p.takes[take_id].chunk)
        words = self.tr("Show another take of chunk %1").replace("%1", str(number))
        if number is None:
            words = self.tr("Bring back a take")
        self._document.do(words, lambda q: edits.choose_take(q, take_id))

    def step_take(self, chunk_id: str, by: int) -> None:
        p = self._document.project
        chunk = p.chunks.get(chunk_id) if p else None
        if chunk is None:
            return
        at = chunk.takes.index(chunk.chosen) + by
        if 0 <= at < len(chunk.takes):
            self.choose_take(chunk.takes[at])

    # -- memory ------------------------------------------------------------------------------------

    def _now(self, p: Project) -> str:
        """The moment that the next chunk continues, as a key of ``memory_bases``."""
        tip = queries.tip(p)
        return tip.take if tip is not None else AT_START

    def set_use(self, use: MemoryUse) -> None:
        p = self._document.project
        if p is None or use == p.memory:
            return
        old, merge = p.memory, None
        if use.preset != old.preset:
            words = self.tr("Memory off") if use.preset == "off" else self.tr("Change the memory")
        elif use.muted != old.muted:
            words = self.tr("Mute the adapter") if use.muted else self.tr("Unmute the adapter")
        elif use.bank_muted != old.bank_muted:
            mute, hear = self.tr("Mute remembered frames"), self.tr("Unmute remembered frames")
            words = mute if use.bank_muted else hear
        elif use.bank_strength != old.bank_strength:
            words, merge = self.tr("Number of remembered frames"), "bank-strength"
        else:
            words, merge = self.tr("Adapter strength"), "memory-strength"
        self._document.do(words, lambda q: edits.set_memory(q, use), merge_id=merge)

    def change_use(self, changed: Mapping[str, object]) -> None:
        """Only these fields: what a panel still shows of the others may be a moment old."""
        p = self._document.project
        if p is not None:
            self.set_use(replace(p.memory, **changed))

    def reset_memory(self) -> None:
        p = self._document.project
        if p is None:
            return
        tip = queries.tip(p)
        to_come = tip is not None and any(to_learn(p, t) for t in queries.chain(p, tip.take))
        if queries.memory_before(p, tip) is None and not to_come:
            self.notice.emit(Notice(self.tr("The memory is empty already."), "info"))
            return
        key = self._now(p)
        if self._document.do(
            self.tr("Reset the memory"), lambda q: edits.set_memory_base(q, key, "")
        ):
            self.notice.emit(
                Notice(
                    self.tr("From here on the memory is empty."),
                    "info",
                    kept=self.tr("Undo brings it back."),
                )
            )

    def go_back(self, take_id: str) -> None:
        """Continue with the memory as it was right after ``take_id`` (or as at the start)."""
        p = self._document.project
        if p is None:
            return
        if take_id == AT_START:
            snapshot, where = p.memory_bases.get(AT_START, ""), self.tr("the start")
        else:
            take = p.takes.get(take_id)
            snapshot = take.snapshot if take else None
            number = queries.chunk_number(p, take.chunk) if take else None
            where = self.tr("chunk %1").replace("%1", str(number or "–"))
            if snapshot is None:
                self.notice.emit(
                    Notice(self.tr("Nothing was learned from %1.").replace("%1", where), "info")
                )
                return
        key = self._now(p)
        if queries.memory_before(p, queries.tip(p)) == (snapshot or None):
            self.notice.emit(
                Notice(
                    self.tr("The memory is already as it was after %1.").replace("%1", where),
                    "info",
                )
            )
            return
        if self._document.do(
            self.tr("Memory back to %1").replace("%1", where),
            lambda q: edits.set_memory_base(q, key, snapshot),
        ):
            self.notice.emit(
                Notice(
                    self.tr("The next chunk continues with the memory as it was after %1.").replace(
                        "%1", where
                    ),
                    "info",
                    kept=self.tr("Undo takes it back."),
                )
            )
