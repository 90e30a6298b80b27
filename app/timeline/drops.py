"""What is dragged in from outside: quick verbs and files; and where a new action goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.timeline.snapping import free_start, room

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

ACTION_MIME = "application/x-slowfast-action"  # data: the words of the action, UTF-8


def cell(view: TimelineView, frame: float) -> tuple[int, int] | None:
    """The free part of the chunk around ``frame``: where a new action goes."""
    size, frame = view.project.chunk_frames, max(0, int(frame))
    main = view.index.main
    start = next((c for c in main.clips if c.kind == "start"), None) if main else None
    if start is not None and frame < start.end:
        frame = start.end  # nothing happens in the start itself
    free = room(view.index.taken(), frame)
    if free is None:
        return None
    grid = view.index.grid(frame + size + 1)
    low = max((g for g in grid if g <= frame), default=0)
    high = min((g for g in grid if g > frame), default=low + size)
    low, high = max(low, free[0]), high if free[1] is None else min(high, free[1])
    return (low, high) if high > low else None


def drop_cell(view: TimelineView, frame: float) -> tuple[int, int] | None:
    """Like ``cell``; over another action, the nearest place that is free."""
    found = cell(view, frame)
    if found is None:
        size = view.project.chunk_frames
        at = free_start(view.index.taken(), max(0, int(frame)), size)
        found = (at, at + size)
    return found


class Drops:
    def __init__(self, view: TimelineView) -> None:
        self.view = view
        self.dropping: tuple[int, int, str] | None = None  # the ghost of a verb
        self.file_frame: int | None = None

    def move(self, event) -> None:
        view, mime, at = self.view, event.mimeData(), event.position()
        if mime.hasFormat(ACTION_MIME) and view.project is not None:
            text = bytes(mime.data(ACTION_MIME)).decode("utf-8", "replace").strip()
            cell = drop_cell(view, view.scale.frame(at.x()))
            self.dropping = (*cell, text)
        elif any(url.isLocalFile() for url in mime.urls()):
            self.file_frame = view.scale.nearest(at.x())
        else:
            event.ignore()
            return
        view.viewport().update()
        event.acceptProposedAction()

    def leave(self) -> None:
        self.dropping = self.file_frame = None
        self.view.viewport().update()

    def drop(self, event) -> None:
        view, mime = self.view, event.mimeData()
        self.move(event)
        ghost, frame = self.dropping, self.file_frame
        self.leave()
        if ghost is not None:
            view.action_add_requested.emit(*ghost)
            event.acceptProposedAction()
        elif frame is not None:
            paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
            view.files_dropped.emit(paths, frame)
            event.acceptProposedAction()
