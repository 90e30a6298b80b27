"""The menu bar, from the table of commands."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu

from app.actions import MENUS, TABLE, Actions


def tr(text: str) -> str:
    return QCoreApplication.translate("menus", text)


def build_menus(window: QMainWindow, actions: Actions) -> QMenu:
    """Returns the menu of recent projects, which is filled later."""
    recent: QMenu | None = None
    for name in MENUS:
        menu = window.menuBar().addMenu("&" + tr(name))
        menu.setToolTipsVisible(True)
        below: dict[str, QMenu] = {}
        group = None
        for command in (c for c in TABLE if c.menu == name):
            if group is not None and command.group != group:
                menu.addSeparator()
            group = command.group
            target = menu
            if group in ("verb", "panel"):
                if group not in below:
                    below[group] = menu.addMenu(
                        {"verb": tr("Add an action"), "panel": tr("Panels")}[group]
                    )
                target = below[group]
            target.addAction(actions[command.id])
            if command.id == "open":
                recent = menu.addMenu(tr("Open recent"))
        menu.aboutToShow.connect(partial(_open_what_can_be, list(below.values())))
    tools = QActionGroup(window)
    for id in ("tool_select", "tool_blade"):
        tools.addAction(actions[id])
    actions["tool_select"].setChecked(True)
    actions["snap"].setChecked(True)
    # Keys must work while the menu bar is hidden too (full screen).
    window.addActions(list(actions))
    return recent


def _open_what_can_be(menus: list[QMenu]) -> None:
    """A menu below another can be opened where something in it can be done."""
    for menu in menus:
        menu.menuAction().setEnabled(any(a.isEnabled() for a in menu.actions()))
