"""What the artist chose, kept between sessions in one INI file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

APP = "slowfast-studio"
MOST_RECENTS = 8


def log_folder() -> Path:
    folder = Path(
        os.environ.get("SLOWFAST_LOGS") or platformdirs.user_log_dir(APP, appauthor=False)
    )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def projects_folder() -> Path:
    """Where new projects go unless the artist says otherwise."""
    return Path(platformdirs.user_documents_dir()) / "SlowFast Projects"


class Settings(QObject):
    """Typed access to the INI file. ``changed`` carries the name of what changed."""

    changed = Signal(str)

    DEFAULTS: dict[str, Any] = {
        "theme": "dark",
        "projects_folder": "",
        "engine": "auto",  # or "inprocess", "child"
        "tier": "auto",  # or one of core.worlds.tiers
        "seed_fixed": False,
        "seed": 1,
        "seconds": 2.0,
        "export_preset": "good",
        "consistency_lane": True,
        "more_takes": 3,
    }

    def __init__(self, path: Path | None = None, parent: QObject | None = None):
        super().__init__(parent)
        if path is None:
            override = os.environ.get("SLOWFAST_SETTINGS")
            folder = Path(platformdirs.user_config_dir(APP, appauthor=False))
            path = Path(override) if override else folder / "studio.ini"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    def get(self, name: str) -> Any:
        default = self.DEFAULTS[name]
        value = self._store.value(name, default)
        try:
            if isinstance(default, bool):
                return str(value).lower() in ("true", "1")
            return type(default)(value)
        except (TypeError, ValueError):
            return default

    def set(self, name: str, value: Any, anew: bool = False) -> None:
        """``anew``: a choice that counts as one also where it is what was chosen before."""
        if self.get(name) != value:
            self._store.setValue(name, value)
        elif not anew:
            return
        self.changed.emit(name)

    @property
    def folder(self) -> Path:
        chosen = self.get("projects_folder")
        return Path(chosen) if chosen else projects_folder()

    # -- recent projects, newest first -------------------------------------------------------

    def recents(self) -> list[Path]:
        raw = self._store.value("recents", "[]")
        try:
            found = [Path(p) for p in json.loads(raw)]
        except (TypeError, ValueError):
            return []
        return [p for p in found if (p / "project.json").exists()]

    def add_recent(self, folder: Path) -> None:
        folder = Path(folder).absolute()
        rest = [p for p in self.recents() if p != folder]
        names = [str(p) for p in [folder, *rest][:MOST_RECENTS]]
        self._store.setValue("recents", json.dumps(names))
        self.changed.emit("recents")

    # -- keys and window ----------------------------------------------------------------------

    def keys(self) -> dict[str, list[str]]:
        try:
            return {k: list(v) for k, v in json.loads(self._store.value("keys", "{}")).items()}
        except (TypeError, ValueError, AttributeError):
            return {}

    def set_keys(self, keys: dict[str, list[str]]) -> None:
        self._store.setValue("keys", json.dumps(keys))

    def layout(self) -> tuple[QByteArray | None, QByteArray | None]:
        return self._store.value("window/geometry"), self._store.value("window/state")

    def set_layout(self, geometry: QByteArray, state: QByteArray | None) -> None:
        self._store.setValue("window/geometry", geometry)
        if state is not None:
            self._store.setValue("window/state", state)

    def sync(self) -> None:
        self._store.sync()
