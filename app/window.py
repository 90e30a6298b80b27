"""The main window: which parts there are and where they stand. ``wiring`` connects them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from app import theme
from app.actions import Actions
from app.docks import Docks
from app.flow.choosing import Choosing
from app.flow.disk import DiskRoom
from app.flow.editing import Editing
from app.flow.episodes import Episodes
from app.flow.exporting import Exporting
from app.flow.fetching import Fetching
from app.flow.films import Films
from app.flow.generation import Generation
from app.flow.merging import Merging
from app.flow.projects import Projects
from app.flow.slow_adapters import SlowAdapters
from app.menus import build_menus
from app.panels.actions_panel import ActionsPanel
from app.panels.clip_panel import ClipPanel
from app.panels.episodes_panel import EpisodesPanel
from app.panels.media_panel import MediaPanel
from app.panels.memory_panel import MemoryPanel
from app.panels.queue_panel import QueuePanel
from app.panels.takes_panel import TakesPanel
from app.panels.worlds_panel import WorldsPanel
from app.state.consistency import Consistency
from app.state.document import Document
from app.state.fitting import Fitting
from app.state.jobs import JobQueue
from app.state.selection import Selection
from app.state.settings import Settings
from app.state.transport import Transport
from app.state.worlds import Worlds
from app.timeline.colours import TimelineColours
from app.timeline.view import TimelineView
from app.viewer.strips import StripSource
from app.viewer.view import Viewer
from app.welcome import Welcome
from app.widgets.centre import Centre
from app.widgets.notice_bar import NoticeBar
from app.widgets.pixmaps import Pixmaps
from app.widgets.status_line import StatusLine
from app.workers.background import Background
from app.workers.collector import Collector
from app.workers.engine_worker import EngineThread
from core.rollout.samples import samples


def default_engine(settings: Settings) -> Callable[[], Any]:
    """Made on the engine's thread: this is where torch is imported."""
    kind, tier = settings.get("engine"), settings.get("tier")

    def make() -> Any:
        from core.engine.choice import engine_of
        from core.engine.lowered import of_this_machine

        return engine_of(kind, tier, of_this_machine())

    return make


class MainWindow(QMainWindow):
    def __init__(
        self,
        settings: Settings,
        worlds: Worlds | None = None,
        make_engine: Callable[[], Any] | None = None,
        controls: Callable[[], tuple[Any, Any]] | None = None,
    ):
        super().__init__()
        self.settings = settings
        self.worlds = worlds or Worlds()
        self.actions_table = Actions(self, settings.keys())
        self.pixmaps = Pixmaps()
        self._closed = self._leaves_unsaved = False
        self.collector = Collector(self)

        # State, work and flows
        self.background = Background(self)
        self.document = Document(self)
        self.selection = Selection(self)
        self.transport = Transport(self)
        self.engine = EngineThread(make_engine or default_engine(settings), self)
        self.queue = JobQueue(
            self.document, self.engine.worker, self.worlds.folder, self.background, controls, self
        )
        self.projects = Projects(
            self.document, self.queue, settings, self.worlds, self.background, self
        )
        self.films = Films(
            self.document, self.projects, settings, self.worlds, self.background, self
        )
        self.room = DiskRoom(self.document, self.queue, self.worlds, self)
        self.generation = Generation(self.document, self.queue, self.room, self)
        self.editing = Editing(self.document, self.selection, self.transport, self)
        self.episodes = Episodes(self.document, self.background, self)
        self.merging = Merging(self.document, self.background, self.episodes, self)
        self.slow_adapters = SlowAdapters(self.document, self.worlds, self.background, self)
        self.exporting = Exporting(self.document, self.queue, self)
        self.fitting = Fitting(self.document, self.worlds, settings, self.background, self)
        self.consistency = Consistency(self.document.path, self)
        self.fetching = Fetching(parent=self)
        self.choosing = Choosing(self.document, self.room, self.consistency, self)

        self._build_centre()
        self._build_panels()
        self._docks = self._build_docks()
        self.docks = self._docks.by_name
        self.recent_menu = build_menus(self, self.actions_table)
        self._build_status()

        self.setWindowTitle("SlowFast Studio")
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.setMinimumSize(960, 600)
        self._first_layout = self.saveState()

        from app.wiring import wire

        wire(self)

    # -- parts -----------------------------------------------------------------------------------

    def _build_centre(self) -> None:
        self.notices = NoticeBar()
        self.welcome = Welcome(self.pixmaps)
        self.viewer = Viewer(self.transport, self.actions_table)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(self.viewer)
        self.setCentralWidget(Centre(self.notices, self.stack))

    def _build_panels(self) -> None:
        actions, path = self.actions_table, self.document.path
        self.actions_panel = ActionsPanel(actions)
        self.clip_panel = ClipPanel(actions, self.pixmaps, path)
        self.memory_panel = MemoryPanel(actions)
        self.queue_panel = QueuePanel()
        self.media_panel = MediaPanel(actions, self.pixmaps, path)
        self.episodes_panel = EpisodesPanel(actions, self.pixmaps, self.episodes.thumbnail)
        self.worlds_panel = WorldsPanel(actions, self.pixmaps)
        self.takes_panel = TakesPanel(self.pixmaps, path)
        self.timeline = TimelineView(
            self.selection, colours=TimelineColours.from_theme(theme.current())
        )
        self.strips = StripSource(path, self)

    def _build_docks(self) -> Docks:
        titles = {
            "media": self.tr("Media"), "episodes": self.tr("Episodes"), "worlds": self.tr("Worlds"),
            "takes": self.tr("Takes"), "actions": self.tr("Actions"), "clip": self.tr("Clip"),
            "memory": self.tr("Memory"), "queue": self.tr("Queue"),
        }  # fmt: skip
        panels = {name: (title, getattr(self, f"{name}_panel")) for name, title in titles.items()}
        return Docks(self, {**panels, "timeline": (self.tr("Timeline"), self.timeline)})

    def _build_status(self) -> None:
        self.status_line = StatusLine(self.actions_table)
        self.setStatusBar(self.status_line)
        self.progress = self.status_line.progress

    # -- look and layout ---------------------------------------------------------------------------

    def show_page(self) -> None:
        """The welcome page or the studio, whichever fits."""
        there = self.document.project is not None
        self.stack.setCurrentWidget(self.viewer if there else self.welcome)
        self._docks.show(there and not self.viewer_only)
        if there:
            self._docks.first_tabs()
            if self._docks.needs_size():
                self._docks.size()
                self.later(self._docks.size)
        else:
            self.welcome.show_samples(samples())
            self.welcome.show_recents(self.projects.recents())

    viewer_only = False

    def show_panel(self, name: str) -> None:
        if self.document.project is None:
            return
        self._docks.raise_(name)

    def set_viewer_only(self, on: bool) -> None:
        """Only the picture, over the whole screen."""
        if on == self.viewer_only or (on and self.document.project is None):
            return
        self.viewer_only = on
        if on:
            self._before_full = (self.saveState(), self.isMaximized())
        there = self.document.project is not None
        self._docks.show(there and not on)
        self.menuBar().setVisible(not on)
        self.statusBar().setVisible(not on)
        if on:
            self.showFullScreen()
        else:
            state, maximised = self._before_full
            self.showMaximized() if maximised else self.showNormal()
            self.restoreState(state)
            if not there:  # the layout is that of a project: on the first page all is hidden
                self._docks.show(False)
        self.actions_table["fullscreen"].setChecked(on)
        if there:
            self.viewer.setFocus()  # the keys are commands, whatever had them

    def restore_layout(self) -> None:
        geometry, state = self.settings.layout()
        if geometry is not None:
            self.restoreGeometry(geometry)
        if state is not None and self.restoreState(state):
            self._docks.was_sized(True)
            self.show_page()  # the layout was saved with a project: on the first page all is hidden

    def reset_layout(self) -> None:
        self.restoreState(self._first_layout)
        self._docks.was_sized(False)
        self.show_page()

    def apply_theme(self) -> None:
        from PySide6.QtWidgets import QApplication

        from app.widgets.basics import refresh_glyphs

        chosen = theme.apply(QApplication.instance(), self.settings.get("theme"))
        self.timeline.set_colours(TimelineColours.from_theme(chosen))
        self.actions_table.refresh_icons()
        refresh_glyphs(self)
        self.actions_table["theme"].setChecked(chosen.name == "light")

    # -- coming and going --------------------------------------------------------------------------

    def keyPressEvent(self, event) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.viewer_only:
            self.set_viewer_only(False)
        elif self.document.project is not None and not self.viewer.hasFocus():
            self.viewer.setFocus()  # out of a field or a list: the keys are commands again
        elif self.notices.current is not None:
            self.notices.dismiss()
        else:
            self.selection.clear()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.take_files(paths)

    #: Set by ``wiring``: what becomes of files given from outside.
    take_files: Callable[[Sequence[Path]], None]

    def closeEvent(self, event: QCloseEvent) -> None:
        leaves = self._closed or self._leaves_unsaved
        if not leaves and not self.projects.kept(self.leave_unsaved):
            event.ignore()
            return
        self.shut_down()
        super().closeEvent(event)

    def leave_unsaved(self) -> None:
        """Close, also where the disk does not have everything."""
        self._leaves_unsaved = True
        self.close()

    def shut_down(self) -> bool:
        """Save, stop every thread. False when the engine hangs."""
        if self._closed:
            return True
        self._closed = True
        if self.viewer_only:
            self.set_viewer_only(False)
        self.actions_panel.flush()
        there = self.document.project is not None  # on the welcome page every panel is hidden
        self.settings.set_layout(self.saveGeometry(), self.saveState() if there else None)
        self.settings.set_keys(self.actions_table.chosen_keys())
        self.transport.pause()
        self.exporting.shut_down()
        self.fetching.shut_down()
        self.projects.close(unsaved=True)
        stopped = self.engine.shut_down()
        idle = self.background.wait(5000)
        self.viewer.close_source()
        self.strips.close()
        self.consistency.close()
        self.settings.sync()
        if stopped and idle:  # else the collector of Python could still run on their threads
            self.collector.stop()
        return stopped

    def later(self, work: Callable[[], None], milliseconds: int = 0) -> None:
        QTimer.singleShot(milliseconds, self, work)
