"""New project: pick a start, see what part of it is used, name it, say what the scene is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QIcon, QImage
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.adapter_choice import AdapterChoice
from app.state.new_project import NewProject, free_folder
from app.state.typed_path import typed_path
from app.widgets.basics import button, icon_button, label, level_labels, primary, restyle
from app.widgets.crop_view import CropView
from app.widgets.pixmaps import Pixmaps
from app.workers.background import Background
from app.workers.peek import Peek, file_filter, peek
from core.rollout.samples import Sample
from core.worlds.catalogue import DEFAULT, WorldEntry

_TILE = QSize(156, 104)


class NewProjectDialog(QDialog):
    """``exec`` it, then read ``result_value``."""

    def __init__(
        self,
        samples: Sequence[Sample],
        parent_folder: Path,
        aspect: float,
        pixmaps: Pixmaps,
        parent: QWidget | None = None,
        worlds: Sequence[WorldEntry] = (),
    ):
        """``worlds``: those to choose from; with one or none there is nothing to choose."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("New project"))
        self.setAcceptDrops(True)
        self.resize(900, 600)
        self.result_value: NewProject | None = None
        self._samples, self._worlds = list(samples), list(worlds)
        self._parent_folder = parent_folder
        self._peeked: Peek | None = None
        self._wanted: Path | None = None  # the newest file asked for; older answers are dropped
        self._named_by_hand = False
        self._scene_by_hand = False
        self._background = Background(self)

        columns = QHBoxLayout()
        columns.setSpacing(16)
        columns.addLayout(self._build_sources(pixmaps), 0)
        columns.addLayout(self._build_right(aspect), 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(12)
        outer.addLayout(columns, 1)
        outer.addLayout(self._build_foot())
        self._enable()
        if self._samples:
            self.list.setCurrentRow(0)

    # -- parts -----------------------------------------------------------------------------------

    def _build_sources(self, pixmaps: Pixmaps) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label(self.tr("Start from"), "section"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Sample scenes"))
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setProperty("framed", True)
        self.list.setIconSize(_TILE)
        self.list.setGridSize(QSize(_TILE.width() + 16, _TILE.height() + 36))
        self.list.setWordWrap(False)
        self.list.setFixedWidth(2 * (_TILE.width() + 16) + 20)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for sample in self._samples:
            picture = pixmaps.get(
                sample.picture, _TILE.width(), _TILE.height(), self.devicePixelRatioF()
            )
            shown = QIcon(picture)
            shown.addPixmap(picture, QIcon.Mode.Selected)  # a picture is not tinted
            item = QListWidgetItem(shown, sample.name)
            item.setToolTip(sample.scene or sample.name)
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.list.addItem(item)
        # Not the current row: a list that gets the focus makes its first row current by itself.
        self.list.itemSelectionChanged.connect(self._pick_sample)
        column.addWidget(self.list, 1)
        column.addWidget(button(self.tr("My picture or video…"), "folder-image", self._browse))
        hint = label(self.tr("Or drop a file anywhere in this window."), "dim", wrap=True)
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(hint)
        return column

    def _build_right(self, aspect: float) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label(self.tr("What is used"), "section"))
        self.crop = CropView(aspect)
        column.addWidget(self.crop, 1)
        self._facts = label("", "dim", wrap=True)
        column.addWidget(self._facts)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name"))
        self.name.setMaxLength(120)
        self.name.textEdited.connect(self._name_edited)
        self.name.textChanged.connect(lambda *_: self._enable())
        form.addRow(label(self.tr("Name"), "dim"), self.name)
        place = QHBoxLayout()
        place.setSpacing(4)
        self.folder = QLineEdit(str(self._parent_folder))
        self.folder.setAccessibleName(self.tr("Folder"))
        self.folder.textChanged.connect(lambda *_: self._enable())
        place.addWidget(self.folder, 1)
        place.addWidget(
            icon_button("folder-outline", self.tr("Choose another folder"), self._choose_folder)
        )
        form.addRow(label(self.tr("Folder"), "dim"), place)
        self.world = QComboBox()
        self.world.setAccessibleName(self.tr("World"))
        for entry in self._worlds:
            facts = f"{entry.width} × {entry.height} · {float(entry.rate):g} fps"
            self.world.addItem(f"{entry.name}  ·  {facts}", entry.id)
            self.world.setItemData(self.world.count() - 1, entry.licence, Qt.ItemDataRole.ToolTipRole)
            if entry.id == DEFAULT:
                self.world.setCurrentIndex(self.world.count() - 1)
        self.world.currentIndexChanged.connect(self._world_chosen)
        if len(self._worlds) > 1:
            form.addRow(label(self.tr("World"), "dim"), self.world)
        self.adapter = AdapterChoice(self._background)
        self.adapter.said.connect(self._say)
        if self._worlds:
            self.adapter.set_world(self._worlds[self.world.currentIndex()])
        form.addRow(label(self.tr("Slow adapter"), "dim"), self.adapter)
        # Who has one world and no adapter at hand need not read of any; the Worlds panel has it too.
        form.setRowVisible(self.adapter, len(self._worlds) > 1)
        self.scene = QPlainTextEdit()
        self.scene.setAccessibleName(self.tr("Scene"))
        self.scene.setTabChangesFocus(True)
        self.scene.setFixedHeight(52)
        self.scene.setPlaceholderText(
            self.tr("What is true all the time: “a quiet corridor with blue doors”")
        )
        self.scene.textChanged.connect(self._scene_edited)
        form.addRow(label(self.tr("Scene"), "dim"), self.scene)
        self._form = form
        column.addLayout(form)
        return column

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setProperty("role", "bad")
        row.addWidget(self.message, 1)
        cancel = button(self.tr("Cancel"), "", self.reject)
        self.create = primary(self.tr("Create project"), "", self._accept)
        self.create.setDefault(True)
        row.addWidget(cancel)
        row.addWidget(self.create)
        return row

    # -- choosing --------------------------------------------------------------------------------

    def _pick_sample(self) -> None:
        chosen = self.list.selectedIndexes()
        if chosen:
            sample = self._samples[chosen[0].row()]
            if not self._scene_by_hand:
                self.scene.blockSignals(True)
                self.scene.setPlainText(sample.scene)
                self.scene.blockSignals(False)
            self._look(sample.picture, sample.name)

    def choose_file(self, path: Path) -> None:
        """The artist's own picture or video."""
        self.list.clearSelection()
        if not self._scene_by_hand:
            self.scene.blockSignals(True)
            self.scene.setPlainText("")
            self.scene.blockSignals(False)
        self._look(Path(path), Path(path).stem.replace("_", " "))

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Choose a picture or a video"),
            "",
            file_filter(self.tr("Pictures and videos"), self.tr("All files")),
        )
        if path:
            self.choose_file(Path(path))

    def _look(self, path: Path, name: str) -> None:
        self._wanted, self._peeked = path, None
        self._say("")
        self._facts.setText("")
        self.crop.set_message(self.tr("Reading…"))
        if not self._named_by_hand:
            self.name.setText(name.strip()[:120])
        self._background.run(
            lambda: peek(path),
            lambda found, p=path: self._seen(p, found),
            lambda error, p=path: self._refused(p, error),
        )
        self._enable()

    def _seen(self, path: Path, found: Peek) -> None:
        if path != self._wanted:
            return
        self._peeked = found
        height, width = found.picture.shape[:2]
        image = QImage(
            found.picture.data, width, height, 3 * width, QImage.Format.Format_RGB888
        ).copy()
        self.crop.set_image(image)
        self._tell(found)
        self._enable()

    def _tell(self, found: Peek) -> None:
        facts = f"{found.width} × {found.height}"
        if found.kind == "video":
            facts += self.tr(" · %1 s of video; the end of it is continued").replace(
                "%1", f"{found.seconds:.1f}"
            )
        if not self.crop.whole:
            facts += self.tr(" · drag the frame to choose what is used")
        self._facts.setText(facts)

    def _refused(self, path: Path, error: Exception) -> None:
        if path != self._wanted:
            return
        from core.media.errors import MediaError

        known = isinstance(error, MediaError)
        sentence = (
            str(error)
            if known
            else self.tr("%1 cannot be read. Choose another file.").replace("%1", path.name)
        )
        self.crop.set_message(self.tr("Nothing to show."))
        self._say(sentence)
        self._enable()

    # -- world, name, folder, scene --------------------------------------------------------------

    def _world_chosen(self, index: int) -> None:
        entry = self._worlds[index]
        self.crop.set_aspect(entry.width / entry.height)
        if self._peeked is not None:
            self._tell(self._peeked)
        self.adapter.set_world(entry)

    def _name_edited(self) -> None:
        self._named_by_hand = bool(self.name.text().strip())

    def _scene_edited(self) -> None:
        self._scene_by_hand = bool(self.scene.toPlainText().strip())

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Where to keep the project"), self.folder.text()
        )
        if chosen:
            self.folder.setText(chosen)

    def _say(self, words: str, role: str = "bad") -> None:
        self.message.setText(words)
        restyle(self.message, role=role)

    def _enable(self) -> None:
        ready = (
            self._peeked is not None
            and bool(self.name.text().strip())
            and bool(self.folder.text().strip())
        )
        self.create.setEnabled(ready)
        self.create.setToolTip("" if ready else self.tr("Choose a start and a name first"))

    def _accept(self) -> None:
        if self._peeked is None or self._wanted is None:
            return
        if self.adapter.reading:
            self._say(self.tr("The slow adapter is still being read. Wait a moment."))
            return
        parent = typed_path(self.folder.text()) or self._parent_folder
        if parent.exists() and not parent.is_dir():
            self._say(
                self.tr("%1 is a file, not a folder. Choose another folder.").replace(
                    "%1", str(parent)
                )
            )
            return
        name = self.name.text().strip()
        sample = next((s for s in self._samples if s.picture == self._wanted), None)
        self.result_value = NewProject(
            source=self._wanted,
            kind=self._peeked.kind,
            crop=self.crop.crop,
            name=name,
            folder=free_folder(parent, name),
            scene=self.scene.toPlainText().strip(),
            actions=sample.actions if sample else (),
            media=sample.name if sample else "",
            world=self.world.currentData() or "",
            slow_adapter=self.adapter.path,
        )
        self.accept()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        level_labels(self._form)  # only now the fields have the heights of the style sheet

    def done(self, result: int) -> None:
        self._background.wait(10_000)
        super().done(result)

    # -- drops -----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def take_files(self, paths: Sequence[Path]) -> None:
        """Files that were dropped: a slow adapter, and what to start from."""
        adapters = [path for path in paths if path.suffix.lower() == ".safetensors"]
        media = [path for path in paths if path not in adapters]
        for path in adapters[:1]:  # a project has one
            self._form.setRowVisible(self.adapter, True)
            self.adapter.use(path)
        if media:
            self.choose_file(media[0])
        if len(media) > 1:
            words = self.tr("A project starts from one picture or video: %1. Drop the others on "
                            "the window once it is open.")  # fmt: skip
            self._say(words.replace("%1", media[0].name), role="")

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            self.take_files(paths)
            event.acceptProposedAction()
