"""The first page: three large choices, two clicks to the first generated second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.icons import icon
from app.widgets.basics import button, label, restyle, scrolled
from app.widgets.choice import Choice, Pressable, clear
from app.widgets.pixmaps import Pixmaps
from core.rollout.samples import Sample

MOST_SAMPLES, MOST_RECENTS = 5, 4
_NARROW, _SHARE = 1080, 0.64  # of the page: pixels, and of a wide window's width
_GAP = 16


class DropZone(Pressable):
    """Takes files by drop, one by click."""

    dropped = Signal(list)  # Paths

    def __init__(self):
        super().__init__("")
        self.setAccessibleName(
            self.tr("Drop a picture or a video here, or press Return to choose one")
        )
        self.setProperty("zone", True)
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 16, 12, 16)
        column.addStretch(1)
        self._picture = QLabel()
        column.addWidget(self._picture)
        words = label(self.tr("Drop a picture or a video here"), wrap=True)
        column.addWidget(words)
        more = label(
            self.tr("Any common format, any size. You choose what part is used."), "dim", wrap=True
        )
        column.addWidget(more)
        column.addStretch(1)
        for part in (self._picture, words, more):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.refresh()

    def refresh(self) -> None:
        self._picture.setPixmap(icon("tray-arrow-down", theme.current().dim).pixmap(32, 32))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            restyle(self, dropping=True)

    def dragLeaveEvent(self, event) -> None:
        restyle(self, dropping=False)

    def dropEvent(self, event: QDropEvent) -> None:
        restyle(self, dropping=False)
        files = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.dropped.emit(files)


class Welcome(QWidget):
    sample_wanted = Signal(object)  # Sample
    files_wanted = Signal(list)  # Paths
    browse_wanted = Signal()
    open_wanted = Signal()
    recent_wanted = Signal(object)  # Path

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None):
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._marks: list[tuple[QLabel, str]] = []
        self._samples: list[Choice] = []
        self._recents: list[Choice] = []
        self._sample_row, self._recent_list = QHBoxLayout(), QVBoxLayout()
        self._sample_row.setSpacing(_GAP)
        self._recent_list.setSpacing(6)
        self._page = QWidget()
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 24, 0, 24)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(label(self.tr("Walk through a picture"), "display"))
        column.addWidget(
            label(
                self.tr(
                    "Start from a scene, say what happens, and watch it go on. What it has "
                    "seen, it remembers."
                ),
                "dim",
                wrap=True,
            )
        )
        column.addSpacing(16)
        self._head(
            column, "walk", self.tr("Walk through a sample"),
            self.tr("Works at once, without a network."),
        )  # fmt: skip
        column.addLayout(self._sample_row)
        column.addSpacing(16)
        lower = QHBoxLayout()
        lower.setSpacing(2 * _GAP)
        lower.addLayout(self._own_column(), 1)
        lower.addLayout(self._open_column(), 1)
        column.addLayout(lower)
        column.addStretch(3)
        body = QWidget()
        outer = QHBoxLayout(body)
        outer.setContentsMargins(24, 0, 24, 0)
        outer.addStretch(1)
        outer.addWidget(self._page)
        outer.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(scrolled(body))
        self._refresh_marks()

    def _head(self, column: QVBoxLayout, glyph: str, title: str, words: str) -> QLabel:
        row = QHBoxLayout()
        row.setSpacing(8)
        mark = QLabel()
        self._marks.append((mark, glyph))
        row.addWidget(mark)
        row.addWidget(label(title, "title", wrap=True), 1)
        column.addLayout(row)
        below = label(words, "dim", wrap=True)
        column.addWidget(below)
        return below

    def _own_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        self._head(
            column, "image-plus", self.tr("Start from my picture or video"),
            self.tr("It is copied into the project; your file stays as it is."),
        )  # fmt: skip
        self.drop = DropZone()
        self.drop.clicked.connect(self.browse_wanted)
        self.drop.dropped.connect(self.files_wanted)
        column.addWidget(self.drop, 1)
        self._browse = button(self.tr("Choose a file…"), "folder-image", self.browse_wanted.emit)
        column.addWidget(self._browse)
        return column

    def _open_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        self._recent_words = self._head(
            column, "folder-open-outline", self.tr("Open a project"), ""
        )
        column.addLayout(self._recent_list)
        column.addStretch(1)
        self._open = button(
            self.tr("Open a project…"), "folder-open-outline", self.open_wanted.emit
        )
        column.addWidget(self._open)
        return column

    def show_samples(self, samples: Sequence[Sample]) -> None:
        clear(self._sample_row)
        self._samples = []
        for sample in samples[:MOST_SAMPLES]:
            card = Choice(
                self._pixmaps, sample.picture, (120, 80), sample.name, tip=sample.scene, below=True
            )
            card.clicked.connect(lambda s=sample: self.sample_wanted.emit(s))
            self._sample_row.addWidget(card, 1)
            self._samples.append(card)
        if not samples:
            self._sample_row.addWidget(
                label(
                    self.tr(
                        "The sample scenes are missing. Set the studio up again to repair it, "
                        "or start from your own picture."
                    ),
                    "dim",
                    wrap=True,
                )
            )
        self._fit()

    def show_recents(self, recents: Sequence[tuple[Path, str, Path | None]]) -> None:
        """Folder, name, thumbnail of each recent project."""
        clear(self._recent_list)
        self._recents = []
        for folder, name, thumb in recents[:MOST_RECENTS]:
            row = Choice(self._pixmaps, thumb, (72, 48), name, str(folder.parent), tip=str(folder))
            row.clicked.connect(lambda f=folder: self.recent_wanted.emit(f))
            self._recent_list.addWidget(row)
            self._recents.append(row)
        self._recent_words.setText(
            self.tr("Go on where you left off.")
            if recents
            else self.tr("Projects that you made will be listed here.")
        )
        self._fit()

    def _fit(self) -> None:
        """The page grows with the window, and the pictures with the page."""
        page = min(self.width() - 48, max(_NARROW, round(self.width() * _SHARE)))
        self._page.setFixedWidth(max(480, page))
        cards = max(1, len(self._samples))
        picture = (page - (MOST_SAMPLES - 1) * _GAP) / MOST_SAMPLES - 14
        for card in self._samples:
            card.thumb.setFixedHeight(max(56, round(picture / 1.5)))
        self._sample_row.setStretch(cards, MOST_SAMPLES - cards)
        self.drop.setMinimumHeight(max(168, round(picture / 1.5)))
        in_order = [*self._samples, self.drop, self._browse, *self._recents, self._open]
        for before, after in zip(in_order, in_order[1:]):
            QWidget.setTabOrder(before, after)

    def _refresh_marks(self) -> None:
        for mark, glyph in self._marks:
            mark.setPixmap(icon(glyph, theme.current().accent).pixmap(QSize(20, 20)))
        self.drop.refresh()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange and hasattr(self, "drop"):
            self._refresh_marks()
