"""The viewer widget: shows the frame of the playhead and says what the artist decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions import Actions, native
from app.state.transport import Transport
from app.viewer.bars import DraftBar
from app.viewer.canvas import Canvas, tr
from app.viewer.controls import Controls
from app.viewer.frames import FrameSource
from core.project import queries
from core.project.model import Chunk, Project, Take

PathOf = Callable[[str], "Path | None"]
AHEAD = 8  # frames decoded in advance while playing


class Viewer(QWidget):
    accept_requested = Signal()
    redo_requested = Signal()
    discard_requested = Signal()
    take_chosen = Signal(str, str)  # chunk id, take id
    files_dropped = Signal(list)
    problem = Signal(str)  # a sentence: this file cannot be shown

    def __init__(
        self,
        transport: Transport,
        actions: Actions,
        source: FrameSource | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.transport, self._actions = transport, actions
        self.source = source or FrameSource(self)
        self.project: Project | None = None
        self._path_of: PathOf = lambda asset: None
        self._shown: tuple[str, int] | None = None  # what the canvas was last asked to show
        self._bar_chunk: str | None = None
        self._bar_takes: tuple[Take, ...] = ()
        self.setAccessibleName(tr("Viewer"))
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

        self.canvas = Canvas()
        self.bar = DraftBar(actions)
        self.controls = Controls(transport, actions)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.bar)
        column.addWidget(self.controls)

        tabbed = (self, *self.bar.in_order, *self.controls.in_order)
        for before, after in zip(tabbed, tabbed[1:]):
            QWidget.setTabOrder(before, after)
        self.bar.accept.connect(self.accept_requested)
        self.bar.redo.connect(self.redo_requested)
        self.bar.discard.connect(self.discard_requested)
        self.bar.step_take.connect(self._step_take)
        self.canvas.files_dropped.connect(self.files_dropped)
        self.canvas.clicked.connect(self.setFocus)
        self.canvas.inset_clicked.connect(lambda: self.canvas.set_inset(False))
        self.controls.zoom_chosen.connect(self.canvas.set_zoom)
        self.controls.smooth_chosen.connect(self.canvas.set_smooth)
        transport.frame_changed.connect(self._moved)
        self.source.frame_ready.connect(self._arrived)
        self.source.failed.connect(self._failed)
        self._hint(None)

    # -- what it shows ------------------------------------------------------------------------

    def set_project(self, project: Project | None, path_of: PathOf | None = None) -> None:
        """``path_of(asset_id)`` says where a file lies (None when it is missing)."""
        self.project = project
        if path_of is not None:
            self._path_of = path_of
        if project is not None:
            self.canvas.size_of_frame = QSizeF(project.width, project.height)
        self._refresh_bar()
        self.refresh_frame()

    def refresh_frame(self) -> None:
        """Show what is at the playhead now."""
        p, frame = self.project, self.transport.frame
        found = queries.source_at(p, frame) if p is not None else None
        self._hint(found)
        if found is None:
            self._shown = None
            inside = p is not None and frame < queries.sequence_end(p)
            self.canvas.show_image(None, gap=inside)
            return
        path = self._path_of(found[0])
        if path is None:
            self._shown = None
            self.canvas.show_image(None, gap=True)
            return
        self._shown = (str(path), found[1])
        self.source.request(path, found[1])
        if self.transport.playing:
            self._prefetch()

    def set_preview(self, image: QImage | bytes | None, label: str = "") -> None:
        """The chunk as it looks while it is made (a picture, or the bytes of one).

        It fills the canvas until the artist looks elsewhere; then it waits in a corner.
        """
        if isinstance(image, (bytes, bytearray)):
            image = QImage.fromData(image)
        if image is None or image.isNull():
            self.clear_preview()
            return
        if self.canvas.preview is None:
            self.canvas.set_inset(self.transport.playing)
        self.canvas.show_preview(image, label)

    def set_preview_label(self, label: str) -> None:
        self.canvas.show_preview(self.canvas.preview, label)

    def clear_preview(self) -> None:
        self.canvas.show_preview(None, "")
        self.canvas.set_inset(False)

    @property
    def bar_chunk(self) -> str | None:
        """The chunk that the bar under the picture is about."""
        return self._bar_chunk

    def close_source(self) -> None:
        """Stop decoding, before the window goes."""
        self.source.close()

    def sizeHint(self) -> QSize:
        return QSize(720, 560)

    # -- inside -------------------------------------------------------------------------------

    def _moved(self, frame: int) -> None:
        if self.canvas.preview is not None:
            self.canvas.set_inset(True)
        self._refresh_bar()
        self.refresh_frame()

    def _arrived(self, path: str, frame: int, image: QImage) -> None:
        if (path, frame) == self._shown:
            self.canvas.show_image(image)

    def _failed(self, path: str, frame: int, sentence: str) -> None:
        if (path, frame) == self._shown:
            self.canvas.show_image(None, gap=True)
            self.problem.emit(sentence)

    def _prefetch(self) -> None:
        step = 1 if self.transport.speed > 0 else -1
        keys = []
        for i in range(1, AHEAD + 1):
            found = queries.source_at(self.project, self.transport.frame + step * i)
            path = self._path_of(found[0]) if found is not None else None
            if path is not None:
                keys.append((path, found[1]))
        self.source.prefetch(keys)

    def _hint(self, found: tuple[str, int] | None) -> None:
        """What to do next, where there is no picture."""
        p = self.project
        if found is not None:
            hint = None
        elif p is None or not queries.track_clips(p):
            hint = (
                tr("Start from a picture or a video"),
                tr("Drop one here, or press {0} for a sample scene").format(self._key("new")),
            )
        else:
            hint = (
                tr("Nothing is made here yet"),
                tr("Write an action on the timeline, then press {0} to generate").format(
                    self._key("generate")
                ),
            )
        self.canvas.set_hint(hint)

    def _key(self, id: str) -> str:
        return native(self._actions[id].shortcuts()[:1])

    def _refresh_bar(self) -> None:
        """A waiting draft comes first; else what is under the playhead."""
        p = self.project
        clip = queries.draft_clip(p) if p is not None else None
        draft = clip is not None
        if clip is None and p is not None:
            clip = queries.clip_at(p, self.transport.frame)
        chunk = p.chunks[clip.source] if clip is not None and clip.kind == "chunk" else None
        takes = queries.takes_of(p, chunk) if chunk is not None else ()
        self._bar_takes = tuple(t for t in takes if t.status != "discarded")
        self._bar_chunk = chunk.id if chunk is not None else None
        if p is None:
            self.bar.hide()
        elif chunk is None:
            start = clip is not None and clip.kind == "start"
            self.bar.show_words(tr("Where it starts") if start else tr("Nothing is made here yet"))
        else:
            words = self._words(chunk, draft)
            self.bar.show_chunk(words, draft, self._place() + 1, len(self._bar_takes))

    def _words(self, chunk: Chunk, draft: bool) -> str:
        title = self._title(chunk)
        if draft:
            return tr("{0} is a draft").format(title)
        reason = queries.stale_reason(self.project, chunk.chosen)
        if reason is not None:
            return tr("{0} is stale. {1}").format(title, reason)
        if len(self._bar_takes) > 1:
            return tr("{0} has {1} takes").format(title, len(self._bar_takes))
        said = ", ".join(a.text for a in self.project.takes[chunk.chosen].actions if a.text)
        return f"{title} · {said}" if said else title

    def _title(self, chunk: Chunk) -> str:
        number = queries.chunk_number(self.project, chunk.id)
        return tr("Chunk") if number is None else tr("Chunk {0}").format(number)

    def _place(self) -> int:
        chosen = self.project.chunks[self._bar_chunk].chosen
        return next((i for i, t in enumerate(self._bar_takes) if t.id == chosen), 0)

    def _step_take(self, step: int) -> None:
        if self._bar_chunk is None:
            return
        place = self._place() + step
        if 0 <= place < len(self._bar_takes):
            self.take_chosen.emit(self._bar_chunk, self._bar_takes[place].id)
