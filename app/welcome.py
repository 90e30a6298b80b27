"""The first page: three large choices, two clicks to the first generated second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.icons import icon
from app.widgets.basics import ElidedLabel, button, label, restyle, scrolled
from app.widgets.pixmaps import Pixmaps
from core.rollout.samples import Sample


class Tile(QFrame):
    """A thumbnail with a name that can be clicked or reached by Tab."""

    clicked = Signal()

    def __init__(self, picture, name: str, facts: str = "", tip: str = ""):
        super().__init__()
        self.setProperty("role", "choice")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)
        self.setToolTip(tip or name)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 6, 10, 6)
        row.setSpacing(10)
        thumb = QLabel()
        thumb.setPixmap(picture)
        row.addWidget(thumb)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(ElidedLabel(name))
        if facts:
            words.addWidget(ElidedLabel(facts, "dim"))
        words.addStretch(1)
        row.addLayout(words, 1)

    def mouseReleaseEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.clicked.emit()

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class DropZone(QFrame):
    """Takes one file by drop or by click."""

    dropped = Signal(object)  # Path
    clicked = Signal()

    def __init__(self):
        super().__init__()
        self.setProperty("role", "choice")
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(
            self.tr("Drop a picture or a video here, or press Return to choose one")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 16, 12, 16)
        column.addStretch(1)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._picture)
        words = label(self.tr("Drop a picture or a video here"), wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(words)
        more = label(
            self.tr("Any common format, any size. You choose what part is used."), "dim", wrap=True
        )
        more.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(more)
        column.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        self._picture.setPixmap(icon("tray-arrow-down", theme.current().dim).pixmap(32, 32))

    def mouseReleaseEvent(self, event) -> None:
        self.clicked.emit()

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            restyle(self, dropping=True)

    def dragLeaveEvent(self, event) -> None:
        restyle(self, dropping=False)

    def dropEvent(self, event: QDropEvent) -> None:
        restyle(self, dropping=False)
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped.emit(Path(url.toLocalFile()))
                event.acceptProposedAction()
                return


class Welcome(QWidget):
    sample_wanted = Signal(object)  # Sample
    file_wanted = Signal(object)  # Path
    browse_wanted = Signal()
    open_wanted = Signal()
    recent_wanted = Signal(object)  # Path

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None):
        super().__init__(parent)
        self._pixmaps = pixmaps
        body = QWidget()
        outer = QHBoxLayout(body)
        outer.addStretch(1)
        column = QVBoxLayout()
        column.setContentsMargins(24, 24, 24, 24)
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
        column.addSpacing(20)
        self._columns = QHBoxLayout()
        self._columns.setSpacing(16)
        self._sample_list = QVBoxLayout()
        self._recent_list = QVBoxLayout()
        self._columns.addLayout(self._sample_column(), 1)
        self._columns.addLayout(self._own_column(), 1)
        self._columns.addLayout(self._open_column(), 1)
        column.addLayout(self._columns)
        column.addStretch(3)
        frame = QWidget()
        frame.setLayout(column)
        frame.setMaximumWidth(1080)
        outer.addWidget(frame, 100)
        outer.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(scrolled(body))

    def _head(self, glyph: str, title: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        mark = QLabel()
        mark.setPixmap(icon(glyph, theme.current().accent).pixmap(QSize(20, 20)))
        row.addWidget(mark)
        row.addWidget(label(title, "title", wrap=True), 1)
        return row

    def _sample_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(self._head("walk", self.tr("Walk through a sample")))
        column.addWidget(label(self.tr("Works at once, without a network."), "dim", wrap=True))
        self._sample_list.setSpacing(6)
        column.addLayout(self._sample_list)
        column.addStretch(1)
        return column

    def _own_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(self._head("image-plus", self.tr("Start from my picture or video")))
        column.addWidget(
            label(
                self.tr("It is copied into the project; your file stays as it is."),
                "dim",
                wrap=True,
            )
        )
        self.drop = DropZone()
        self.drop.setMinimumHeight(168)
        self.drop.clicked.connect(self.browse_wanted)
        self.drop.dropped.connect(self.file_wanted)
        column.addWidget(self.drop)
        browse = button(self.tr("Choose a file…"), "folder-image", self.browse_wanted.emit)
        column.addWidget(browse)
        column.addStretch(1)
        return column

    def _open_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(self._head("folder-open-outline", self.tr("Open a project")))
        self._recent_words = label("", "dim", wrap=True)
        column.addWidget(self._recent_words)
        self._recent_list.setSpacing(6)
        column.addLayout(self._recent_list)
        column.addWidget(
            button(self.tr("Open a project…"), "folder-open-outline", self.open_wanted.emit)
        )
        column.addStretch(1)
        return column

    def show_samples(self, samples: Sequence[Sample]) -> None:
        _clear(self._sample_list)
        for sample in samples[:5]:
            tile = Tile(
                self._pixmaps.get(sample.picture, 84, 56, self.devicePixelRatioF()),
                sample.name,
                sample.scene if sample.scene.lower() != sample.name.lower() else "",
                sample.scene,
            )
            tile.clicked.connect(lambda s=sample: self.sample_wanted.emit(s))
            self._sample_list.addWidget(tile)
        if not samples:
            self._sample_list.addWidget(
                label(
                    self.tr(
                        "The sample scenes are missing. Set the studio up again to repair it, "
                        "or start from your own picture."
                    ),
                    "dim",
                    wrap=True,
                )
            )

    def show_recents(self, recents: Sequence[tuple[Path, str, Path | None]]) -> None:
        """Folder, name, thumbnail of each recent project."""
        _clear(self._recent_list)
        for folder, name, thumb in recents[:4]:
            tile = Tile(
                self._pixmaps.get(thumb, 72, 48, self.devicePixelRatioF()),
                name,
                str(folder.parent),
                str(folder),
            )
            tile.clicked.connect(lambda f=folder: self.recent_wanted.emit(f))
            self._recent_list.addWidget(tile)
        self._recent_words.setText(
            self.tr("Go on where you left off.")
            if recents
            else self.tr("Projects that you made will be listed here.")
        )


def _clear(layout: QVBoxLayout) -> None:
    while layout.count():
        old = layout.takeAt(0).widget()
        if old is not None:
            old.hide()
            old.deleteLater()
