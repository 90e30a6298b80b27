"""What this is, and whose work it stands on."""

from __future__ import annotations

from importlib import metadata

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.widgets.basics import button, label

#: Distribution, what it does here, licence.
PARTS = (
    ("PySide6_Essentials", "window", "LGPL-3.0"),
    ("torch", "tensors", "BSD-3-Clause"),
    ("diffusers", "model building blocks", "Apache-2.0"),
    ("peft", "adapters", "Apache-2.0"),
    ("safetensors", "weights on disk", "Apache-2.0"),
    ("torchao", "weights in fewer bits", "BSD-3-Clause"),
    ("numpy", "arrays", "BSD-3-Clause"),
    ("opencv-python", "image operations", "Apache-2.0"),
    ("av", "decoding video", "BSD-3-Clause"),
    ("imageio-ffmpeg", "encoding video (ffmpeg, GPL build)", "BSD-2-Clause"),
    ("pillow", "pictures", "MIT-CMU"),
    ("QtAwesome", "icons (Material Design Icons, Apache-2.0)", "MIT"),
    ("platformdirs", "folders", "MIT"),
    ("huggingface_hub", "fetching worlds", "Apache-2.0"),
    ("keyring", "keeping a token", "MIT"),
)


def version() -> str:
    try:
        return metadata.version("slowfast-studio")
    except metadata.PackageNotFoundError:
        return ""


class AboutDialog(QDialog):
    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(self.tr("About SlowFast Studio"))
        self.resize(520, 440)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(8)
        column.addWidget(label("SlowFast Studio", "display"))
        head = version()
        column.addWidget(
            label(
                (self.tr("Version %1 · ").replace("%1", head) if head else "")
                + self.tr("Apache License 2.0"),
                "dim",
            )
        )
        column.addWidget(
            label(
                self.tr(
                    "Long video made chunk by chunk by a model with a memory, after "
                    "“SlowFast-VGen: Slow-Fast Learning for Action-Driven Long Video "
                    "Generation” (arXiv 2410.23277). Nothing leaves this machine: no account, "
                    "no analytics."
                ),
                wrap=True,
            )
        )
        column.addSpacing(6)
        column.addWidget(label(self.tr("It stands on"), "section"))
        text = QPlainTextEdit()
        text.setReadOnly(True)
        text.setAccessibleName(self.tr("Licences"))
        text.setTabChangesFocus(True)
        lines = []
        for name, use, licence in PARTS:
            try:
                number = metadata.version(name)
            except metadata.PackageNotFoundError:
                number = self.tr("not installed")
            lines.append(f"{name} {number} — {use} — {licence}")
        text.setPlainText("\n".join(lines))
        column.addWidget(text, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        close = button(self.tr("Close"), "", self.accept)
        close.setDefault(True)
        row.addWidget(close)
        column.addLayout(row)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
