"""More takes of a chunk beside the one that is shown, and the best of them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.flow.disk import DiskRoom
from app.state.consistency import Consistency
from app.state.consistency_words import why, why_shortly
from app.state.document import Document
from app.state.outlook import stale_chunks
from app.state.take_place import Place
from app.widgets.notice_bar import Notice
from core.project import edits, jobs, queries
from core.project.model import Project

MOST = 9


class Choosing(QObject):
    notice = Signal(object)
    going = Signal()  # keys belong to the picture again

    def __init__(
        self, document: Document, room: DiskRoom, consistency: Consistency,
        parent: QObject | None = None,
    ):  # fmt: skip
        super().__init__(parent)
        self._document, self._room, self._consistency = document, room, consistency

    def more(self, chunk_id: str, count: int) -> None:
        """``count`` more takes, each with a new seed; the one that is shown stays."""
        p = self._document.project
        if p is None or chunk_id not in p.chunks or self._document.read_only:
            return
        wanted = [jobs.more_job(chunk_id) for _ in range(max(1, min(MOST, count)))]
        self._room.add_all(wanted, first=True)
        self.going.emit()

    def places(self, chunk_id: str) -> dict[str, Place]:
        """Take id → its place; empty while there is nothing to compare."""
        p = self._document.project
        if p is None or chunk_id not in p.chunks:
            return {}
        known = self._consistency.takes(chunk_id)
        kept = [t.id for t in queries.takes_of(p, p.chunks[chunk_id]) if t.status != "discarded"]
        kept = [t for t in kept if t in known]
        if len(kept) < 2:
            return {}
        from core.consistency import merit, ranked  # OpenCV: the window opens without it

        return {
            t: Place(rank, len(kept), merit(known[t]), why(known[t]), why_shortly(known[t]))
            for rank, t in enumerate((kept[i] for i in ranked([known[t] for t in kept])), 1)
        }

    def best(self, chunk_id: str) -> None:
        """Show the take that holds together best."""
        p = self._document.project
        if p is None or chunk_id not in p.chunks:
            return
        chunk = p.chunks[chunk_id]
        kept = [t for t in queries.takes_of(p, chunk) if t.status != "discarded"]
        places = self.places(chunk_id)
        if len(kept) < 2:
            self._say(self.tr("There is only one take of this chunk. Make more takes first."))
            return
        if len(places) < len(kept) and self._consistency.busy:
            self._say(self.tr("The takes are still being compared. Ask again in a moment."))
            return
        if not places:
            self._say(self.tr("The takes cannot be compared: their videos are missing."))
            return
        take, place = min(places.items(), key=lambda item: item[1].rank)
        number = chunk.takes.index(take) + 1
        reason = place.why[:1].lower() + place.why[1:]
        if take == chunk.chosen:
            words = self.tr("The take that is shown is the best already: %1.")
            self._say(words.replace("%1", reason))
            return
        where = str(queries.chunk_number(p, chunk_id) or "–")
        label = self.tr("Choose the best take of chunk %1").replace("%1", where)
        if self._document.do(label, lambda q: edits.choose_take(q, take)):
            words = self.tr("Take %1 is shown now: %2.").replace("%1", str(number))
            kept = [self._outdated(p), self.tr("Undo takes it back.")]
            self._say(words.replace("%2", reason), " ".join(filter(None, kept)))

    def _outdated(self, before: Project) -> str:
        """What was made after another take, and is stale now."""
        p = self._document.project
        n = len({*stale_chunks(p, queries.sequence_end(p))}
                - {*stale_chunks(before, queries.sequence_end(before))})  # fmt: skip
        if not n:
            return ""
        if n == 1:
            return self.tr("1 chunk after it was made from another take and is stale now.")
        words = self.tr("%1 chunks after it were made from another take and are stale now.")
        return words.replace("%1", str(n))

    def _say(self, words: str, kept: str = "") -> None:
        self.notice.emit(Notice(words, "info", kept=kept))
