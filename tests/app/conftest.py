"""A whole studio for tests: real window, store and engine, a tiny world of random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication

from app import theme
from app.state.settings import Settings
from app.state.worlds import Worlds
from app.widgets.keyguard import KeyGuard
from app.window import MainWindow
from tests.builders.tiny_world import picture

PATIENCE = 60_000  # ms; the machine may be busy


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a test reaches the settings, logs or projects of whoever runs it."""
    monkeypatch.setenv("SLOWFAST_SETTINGS", str(tmp_path / "settings" / "studio.ini"))
    monkeypatch.setenv("SLOWFAST_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("SLOWFAST_LOGS", str(tmp_path / "logs"))


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "room.png"
    Image.fromarray(np.concatenate([picture(96), picture(96, 1)], axis=1)).save(path)
    return path


def make_engine():
    from core.engine.in_process import InProcessEngine

    return InProcessEngine(device="cpu", threads=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings()
    made.set("projects_folder", str(tmp_path / "projects"))
    return made


@pytest.fixture
def studio(qtbot, qapp, settings: Settings, tiny_world_dir: Path):
    """The window without a project."""
    theme.apply(qapp, "dark")
    guard = KeyGuard()
    qapp.installEventFilter(guard)
    window = MainWindow(settings, Worlds([tiny_world_dir]), make_engine)
    window.show()
    yield window
    window.shut_down()
    qapp.removeEventFilter(guard)
    window.close()
    window.deleteLater()


class Hand:
    """What a test does with a studio, and what it waits for."""

    def __init__(self, window: MainWindow, qtbot):
        self.w, self.bot = window, qtbot

    def until(self, condition, what: str = "") -> None:
        self.bot.waitUntil(condition, timeout=PATIENCE)

    def trigger(self, id: str) -> None:
        self.settle()
        action = self.w.actions_table[id]
        assert action.isEnabled(), f"{id} is not possible now"
        action.trigger()

    def right_click(self, at: QPointF, pick: str = "") -> dict[str, bool]:
        """On the timeline's lanes: what the menu offers, by id, and whether it is possible now.
        With ``pick`` this command is taken."""
        offered: dict[str, bool] = {}

        def look() -> None:
            menu = QApplication.activePopupWidget()
            if menu is None:
                return
            offered.update((a.objectName(), a.isEnabled()) for a in menu.actions() if a.text())
            if pick:
                next(a for a in menu.actions() if a.objectName() == pick).trigger()
            menu.close()

        self.settle()
        QTimer.singleShot(0, look)
        lanes = self.w.timeline.viewport()
        where = lanes.mapToGlobal(at.toPoint())
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at.toPoint(), where)
        QApplication.sendEvent(lanes, event)
        self.settle()
        return offered

    def settle(self) -> None:
        """Let everything that was put off for a moment happen."""
        self.bot.wait(5)

    def open_sample(self, path: Path, name: str = "Room") -> None:
        from core.rollout.samples import Sample

        before = self.w.document.folder
        self.w.projects.from_sample(Sample(path, name, "a small room"))
        self.until(lambda: self.w.document.folder != before)
        self.settle()

    @property
    def p(self):
        return self.w.document.project

    def states(self) -> list[str]:
        return [type(j.state).__name__ for j in self.w.queue.jobs]

    def wait_draft(self) -> str:
        self.until(lambda: any(s == "Waiting" for s in self.states()))
        self.settle()
        return self.w.generation.draft_take()

    def wait_idle(self) -> None:
        self.until(lambda: not self.w.queue.busy and all(j.ended for j in self.w.queue.jobs))
        self.settle()


@pytest.fixture
def hand(studio: MainWindow, qtbot) -> Hand:
    return Hand(studio, qtbot)


@pytest.fixture
def opened(hand: Hand, picture_file: Path) -> Hand:
    """With a project that starts from a picture, both memories at work, as older ones have them."""
    hand.open_sample(picture_file)
    hand.w.generation.change_use({"preset": "both"})
    hand.settle()
    return hand
