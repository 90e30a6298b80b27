"""The panels around the picture: which docks there are, where they stand, how wide they are."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QVBoxLayout, QWidget

LIBRARY = ("media", "episodes", "worlds", "takes")
INSPECTOR = ("actions", "clip", "memory", "queue")
_LEAST = {LIBRARY: 264, INSPECTOR: 300}  # pixels


class Docks:
    """Both columns of tabs and the timeline; by name, and in the window's layout."""

    def __init__(self, window: QMainWindow, panels: Mapping[str, tuple[str, QWidget]]):
        """``panels``: name → title and widget, for every name above and ``timeline``."""
        self._window = window
        self._sized = False
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.by_name = {name: self._dock(name, *part) for name, part in panels.items()}
        for names, area in (
            (LIBRARY, Qt.DockWidgetArea.LeftDockWidgetArea),
            (INSPECTOR, Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            for before, name in zip((None, *names), names):
                window.addDockWidget(area, self.by_name[name])
                if before is not None:
                    window.tabifyDockWidget(self.by_name[before], self.by_name[name])
                self.by_name[name].widget().setMinimumWidth(_LEAST[names])
            self.by_name[names[0]].raise_()
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.by_name["timeline"])

    def show(self, on: bool) -> None:
        for dock in self.by_name.values():
            dock.setVisible(on)
        for bar in self._window.findChildren(QTabBar):
            bar.setAccessibleName(self._window.tr("Panels"))
            # Without a project they are out of sight only: Tab would still go there.
            bar.setFocusPolicy(Qt.FocusPolicy.TabFocus if on else Qt.FocusPolicy.NoFocus)

    def first_tabs(self) -> None:
        for names in (LIBRARY, INSPECTOR):
            self.by_name[names[0]].raise_()

    def raise_(self, name: str) -> None:
        dock = self.by_name[name]
        dock.show()
        dock.raise_()
        dock.widget().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def was_sized(self, sized: bool) -> None:
        """Whether the artist's own widths and heights are in place."""
        self._sized = sized

    def needs_size(self) -> bool:
        needs, self._sized = not self._sized, True
        return needs

    def size(self) -> None:
        """The widths and heights of a first start; Qt takes them only once docks are shown."""
        wide = self._window.width() >= 1800
        at = self.by_name
        self._window.resizeDocks(
            [at["media"], at["actions"]], [360, 400] if wide else [268, 304],
            Qt.Orientation.Horizontal,
        )  # fmt: skip
        self._window.resizeDocks([at["timeline"]], [322 if wide else 258], Qt.Orientation.Vertical)

    def _dock(self, name: str, title: str, widget: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        widget.setAutoFillBackground(True)
        held = QWidget()
        held.setFocusProxy(widget)
        inside = QVBoxLayout(held)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(widget)
        dock.setWidget(held)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )
        empty = QWidget(dock)
        dock.setTitleBarWidget(empty)  # the tab says it already; a floating panel gets its own back

        def floated(floating: bool) -> None:
            dock.setTitleBarWidget(None if floating else empty)

        dock.topLevelChanged.connect(floated)
        # Qt only moves the panels behind the raised tab out of sight: Tab would still go there.
        dock.visibilityChanged.connect(widget.setVisible)
        return dock
