"""What the timeline offers where it is clicked with the other button."""

# ruff: noqa: E501 (tables)
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from core.project import edits

if TYPE_CHECKING:
    from app.window import MainWindow


def show_context_menu(w: MainWindow, kind: str, id: str, at: QPoint) -> None:
    """``kind`` of thing ``id`` was clicked at ``at`` on the screen."""
    a = w.actions_table
    p = w.document.project
    if p is None:
        return
    menu = QMenu(w)
    if kind == "clip":
        names = ["redo_from_here", "take_previous", "take_next", "more_takes", "best_take", "", "split", "trim_in", "trim_out", "",
                 "earlier", "later", "", "delete", "ripple_delete", "", "memory_back"]  # fmt: skip
        here = w.editing.at_playhead()
        if here is None or here.id != id:  # they would change another clip than this one
            names = [name for name in names if name not in ("split", "trim_in", "trim_out")]
    elif kind == "action":
        menu.addAction(w.tr("Write…"), lambda: w.timeline.edit_action(id))
        alone = w.selection.actions == {id} and not w.selection.clips
        names = ["split", "", "delete"] if alone else ["delete"]
    elif kind == "memory":
        if id:  # a point of the lane, not the lane itself
            menu.addAction(w.tr("Go back to this memory"), lambda: w.generation.go_back(id))
        names = ["memory_reset", "", "episode_save"]
    elif kind == "marker":
        menu.addAction(
            w.tr("Delete marker"),
            lambda: w.document.do(w.tr("Delete marker"), lambda q: edits.delete_marker(q, id)),
        )
        names = []
    elif kind == "consistency":
        names = ["more_takes", "best_take", "", "consistency_lane"] if id else ["consistency_lane"]
    elif kind == "actions":
        names = [f"verb_{i}" for i in (1, 3, 5, 7, 4)]
    else:
        names = ["marker", "mark_in", "mark_out", "clear_marks", "", "zoom_fit"]
    for name in names:
        menu.addAction(a[name]) if name else menu.addSeparator()
    menu.exec(at)
