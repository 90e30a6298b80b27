"""Export: how good, how large, how fast, what part. The work itself is a job in the queue."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.state.export_wish import ExportWish
from app.state.new_project import file_name
from app.state.timecode import short
from app.state.typed_path import typed_path
from app.widgets.basics import airy, button, icon_button, label, level_labels, primary, rule
from core.project import queries
from core.project.model import Project


class ExportDialog(QDialog):
    def __init__(self, p: Project, folder: Path, parent: QWidget | None = None):
        super().__init__(parent)
        from core.media.export_settings import EXPORT_PRESETS, X264_PRESETS

        self._project = p
        self._presets = EXPORT_PRESETS
        self._filling = False
        self.wish: ExportWish | None = None
        self.setWindowTitle(self.tr("Export MP4"))
        self.resize(560, 0)
        end = queries.sequence_end(p)

        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

        place = QHBoxLayout()
        place.setSpacing(4)
        self._folder = folder  # of a name without one
        self.path = QLineEdit(str(folder / f"{file_name(p.name)}.mp4"))
        self.path.setAccessibleName(self.tr("File"))
        self.path.textChanged.connect(lambda *_: self._show())
        place.addWidget(self.path, 1)
        place.addWidget(icon_button("folder-outline", self.tr("Choose where"), self._browse))
        form.addRow(label(self.tr("File"), "dim"), place)

        self.preset = QComboBox()
        self.preset.setAccessibleName(self.tr("Preset"))
        for name in EXPORT_PRESETS:
            self.preset.addItem(name, name)
        self.preset.addItem(self.tr("My own"), "")
        self.preset.setCurrentIndex(self.preset.findData("Standard"))
        self.preset.currentIndexChanged.connect(self._take_preset)
        form.addRow(label(self.tr("Preset"), "dim"), self.preset)
        form.addRow(rule())

        size = QHBoxLayout()
        size.setSpacing(6)
        self.width_box, self.height_box = QSpinBox(), QSpinBox()
        airy(self.width_box, self.height_box)
        for box, name in ((self.width_box, self.tr("Width")), (self.height_box, self.tr("Height"))):
            box.setRange(2, 16384)
            box.setAccessibleName(name)
            box.setFixedWidth(92)
            box.valueChanged.connect(self._changed)
        size.addWidget(self.width_box)
        size.addWidget(label("×", "dim"))
        size.addWidget(self.height_box)
        size.addStretch(1)
        form.addRow(label(self.tr("Size"), "dim"), size)

        self.rate = QComboBox()
        self.rate.setAccessibleName(self.tr("Frames a second"))
        self.rate.addItem(self.tr("%1 a second, as made").replace("%1", f"{float(p.rate):g}"), "")
        for text in ("12", "24", "25", "30", "50", "60"):
            self.rate.addItem(self.tr("%1 a second").replace("%1", text), text)
        self.rate.currentIndexChanged.connect(self._changed)
        form.addRow(label(self.tr("Rate"), "dim"), self.rate)

        quality = QHBoxLayout()
        quality.setSpacing(8)
        self.crf = QSlider(Qt.Orientation.Horizontal)
        self.crf.setRange(0, 40)
        self.crf.setInvertedAppearance(True)
        self.crf.setInvertedControls(True)
        self.crf.setAccessibleName(self.tr("Quality (CRF)"))
        self.crf.setToolTip(self.tr("To the right: better and larger. 18 looks like the original."))
        self.crf.valueChanged.connect(self._changed)
        self._crf_words = label("")
        self._crf_words.setFixedWidth(150)
        quality.addWidget(self.crf, 1)
        quality.addWidget(self._crf_words)
        form.addRow(label(self.tr("Quality"), "dim"), quality)

        self.speed = QComboBox()
        self.speed.setAccessibleName(self.tr("Encoder speed"))
        for text in X264_PRESETS:
            self.speed.addItem(text, text)
        self.speed.currentIndexChanged.connect(self._changed)
        form.addRow(label(self.tr("Encoder speed"), "dim"), self.speed)

        self.scaler = QComboBox()
        self.scaler.setAccessibleName(self.tr("When enlarged"))
        self.scaler.addItem(self.tr("Smooth"), "lanczos")
        self.scaler.addItem(self.tr("Crisp pixels"), "nearest")
        self.scaler.currentIndexChanged.connect(self._changed)
        form.addRow(label(self.tr("When enlarged"), "dim"), self.scaler)

        self.range = QComboBox()
        self.range.setAccessibleName(self.tr("Range"))
        self.range.addItem(self.tr("Everything · %1").replace("%1", short(end, p.rate)), (0, end))
        a, b = p.in_point or 0, p.out_point if p.out_point is not None else end
        if (p.in_point is not None or p.out_point is not None) and a < min(b, end):
            b = min(b, end)
            self.range.addItem(
                self.tr("From in to out · %1").replace("%1", short(b - a, p.rate)), (a, b)
            )
            self.range.setCurrentIndex(1)
        self.range.currentIndexChanged.connect(lambda *_: self._show())
        form.addRow(label(self.tr("Range"), "dim"), self.range)

        self._note = label("", "dim", wrap=True)
        self._note.setMinimumHeight(34)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(self.tr("Cancel"), "", self.reject))
        self.go = primary(self.tr("Export"), "", self._accept)
        self.go.setDefault(True)
        row.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        self._form = form
        column.addLayout(form)
        column.addWidget(self._note)
        column.addLayout(row)
        self._take_preset()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        level_labels(self._form)  # only now the fields have the heights of the style sheet

    def _take_preset(self) -> None:
        from core.media.export_settings import output_size

        name = self.preset.currentData()
        if name:
            chosen = self._presets[name]
            self._filling = True
            width, height = output_size((self._project.width, self._project.height), chosen)
            self.width_box.setValue(width)
            self.height_box.setValue(height)
            self.rate.setCurrentIndex(
                max(0, self.rate.findData(str(chosen.rate) if chosen.rate else ""))
            )
            self.crf.setValue(chosen.crf)
            self.speed.setCurrentIndex(max(0, self.speed.findData(chosen.preset)))
            self.scaler.setCurrentIndex(max(0, self.scaler.findData(chosen.scaler)))
            self._filling = False
        self._show()

    def _changed(self, *_: object) -> None:
        if not self._filling:
            self.preset.setCurrentIndex(self.preset.findData(""))
        self._show()

    def _show(self) -> None:
        crf = self.crf.value()
        words = (
            self.tr("lossless, huge") if crf == 0 else self.tr("near perfect") if crf <= 14
            else self.tr("very good") if crf <= 20 else self.tr("good, small") if crf <= 27
            else self.tr("visibly reduced")
        )  # fmt: skip
        self._crf_words.setText(f"CRF {crf} · {words}")
        target = self._target()
        notes = []
        # By os.path: what cannot be a path at all is not there either.
        ok = target is not None and os.path.isdir(target.parent) and not os.path.isdir(target)
        if not ok:
            notes.append(self.tr("Choose a file in a folder that exists."))
        elif os.path.exists(target):
            notes.append(
                self.tr("%1 exists and will be replaced when the new one is whole.").replace(
                    "%1", target.name
                )
            )
        notes.append(self._unfinished())
        notes.append(
            self.tr("The recipe goes into the file, so it can be opened again as a project.")
        )
        self._note.setText("\n".join(filter(None, notes)))
        self.go.setEnabled(ok and self.range.currentData()[1] > self.range.currentData()[0])

    def _unfinished(self) -> str:
        """What in it is not decided or not up to date; it goes into the film all the same."""
        drafts = stale = 0
        first, end = self.range.currentData()
        for clip in queries.track_clips(self._project):
            if clip.kind == "chunk" and clip.start < end and clip.end > first:
                take = queries.chosen_take(self._project, clip.source)
                drafts += take.status == "draft"
                stale += take.status != "draft" and queries.is_stale(self._project, take.id)
        parts = [self.tr("1 draft") if drafts == 1 else self.tr("%1 drafts")] if drafts else []
        parts = [part.replace("%1", str(drafts)) for part in parts]
        if stale:
            words = self.tr("1 stale chunk") if stale == 1 else self.tr("%1 stale chunks")
            parts.append(words.replace("%1", str(stale)))
        if not parts:
            return ""
        words = self.tr("In the film as they look now: %1.")
        return words.replace("%1", self.tr(" and ").join(parts))

    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export MP4"), self.path.text(), "MP4 (*.mp4)"
        )
        if path:
            self.path.setText(path if path.lower().endswith(".mp4") else path + ".mp4")

    def _target(self) -> Path | None:
        """The file that is written; None where no file is named."""
        text = self.path.text().strip()
        path = typed_path(text)
        if path is None or not path.name or text.endswith((os.sep, "/")):
            return None
        if path.suffix.lower() != ".mp4":
            path = path.with_name(path.name + ".mp4")
        return self._folder / path

    def _accept(self) -> None:
        path = self._target()
        if path is None:
            return
        start, stop = self.range.currentData()
        rate = self.rate.currentData()
        self.wish = ExportWish(
            path, start, stop, self.width_box.value(), self.height_box.value(), rate,
            self.crf.value(), self.speed.currentData(), self.scaler.currentData(),
        )  # fmt: skip
        self.accept()
