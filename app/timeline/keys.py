"""The keyboard on the timeline, and what a screen reader hears.

A window that owns a key as a shortcut gets it first; the rest works with the focus here alone.
Only what belongs to the timeline for a moment (Esc while dragging, Enter and F2 on a selected
action) is taken from the window.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent

from app.timeline.describe import describe_action, describe_clip
from app.timeline.words import tr
from core.project import queries

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

Key = Qt.Key
Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_PLAIN = ~Qt.KeyboardModifier.KeypadModifier


class Keys(QObject):
    def __init__(self, view: TimelineView) -> None:
        super().__init__(view)
        self.view = view

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim a key before shortcuts see it."""
        if event.type() != QEvent.Type.ShortcutOverride:
            return False
        view, key = self.view, event.key()
        claimed = False
        if key == Key.Key_Escape:
            claimed = view.pointer.gesture is not None
        elif key == Key.Key_F2 and not event.modifiers() & _PLAIN:
            claimed = len(view.selection.actions) == 1
        elif key in (Key.Key_Return, Key.Key_Enter) and not event.modifiers() & _PLAIN:
            claimed = self._enter_edits() or view.cell in view.cells.by_id
        elif key in (Key.Key_Left, Key.Key_Right, Key.Key_Up, Key.Key_Down):
            claimed = event.modifiers() & _PLAIN == Ctrl
        if claimed:
            event.accept()
        return claimed

    def _enter_edits(self) -> bool:
        """Enter writes in the selected action, unless a draft waits: then it accepts."""
        view = self.view
        return (
            len(view.selection.actions) == 1
            and view.project is not None
            and queries.draft_clip(view.project) is None
        )

    def press(self, event: QKeyEvent) -> bool:
        view, key = self.view, event.key()
        held = event.modifiers() & _PLAIN
        if key == Key.Key_Escape:
            if not view.pointer.cancel():
                view.set_cell("")
                view.selection.clear()
            return True
        if view.project is None:
            return False
        if held == Ctrl and key in (Key.Key_Left, Key.Key_Right):
            return self._walk(-1 if key == Key.Key_Left else 1)
        if held == Ctrl and key in (Key.Key_Up, Key.Key_Down):
            return self._change_lane(-1 if key == Key.Key_Up else 1)
        if (held == Ctrl and key == Key.Key_0) or (held == Shift and key == Key.Key_Z):
            view.zoom_fit()
            return True
        if held == Ctrl and key == Key.Key_A:
            view.select_all()
            return True
        if key == Key.Key_Delete and held in (Qt.KeyboardModifier.NoModifier, Shift):
            view.delete_selected(ripple=held == Shift)
            return True
        if key in (Key.Key_Equal, Key.Key_Plus):
            view.zoom_in()
            return True
        if held:
            return False
        return self._plain(key)

    def _plain(self, key: int) -> bool:
        view = self.view
        chosen = sorted(view.selection.actions)
        if key in (Key.Key_Return, Key.Key_Enter) and (held := view.cells.by_id.get(view.cell)):
            # Once more goes on to the next cut or return of the same chunk.
            ahead = [f for f in held.notable if f > view.playhead] or list(held.notable)
            view.seek_requested.emit(ahead[0] if ahead else held.clip.start)
            return True
        if key == Key.Key_F2 or (key in (Key.Key_Return, Key.Key_Enter) and self._enter_edits()):
            if len(chosen) == 1:
                view.edit_action(chosen[0])
                return True
            return False
        if key == Key.Key_Minus:
            view.zoom_out()
        elif key == Key.Key_V:
            view.set_tool("select")
        elif key == Key.Key_B:
            view.set_tool("blade")
        elif key == Key.Key_S:
            view.set_snapping(not view.snapping)
        elif key in (Key.Key_Left, Key.Key_Right):
            step = -1 if key == Key.Key_Left else 1
            view.seek_requested.emit(max(0, view.playhead + step))
        elif key in (Key.Key_Up, Key.Key_Down):
            self._edit(-1 if key == Key.Key_Up else 1)
        elif key == Key.Key_Home:
            view.seek_requested.emit(0)
        elif key == Key.Key_End:
            view.seek_requested.emit(max(0, view.index.sequence_end - 1))
        elif key == Key.Key_R:
            return self._redo()
        else:
            return False
        return True

    def _redo(self) -> bool:
        view = self.view
        chunks = {
            view.index.clip_by_id[c][0].source
            for c in view.selection.clips
            if view.index.clip_by_id[c][0].kind == "chunk"
        }
        if len(chunks) != 1:
            return False
        view.redo_requested.emit(chunks.pop())
        return True

    def _edit(self, step: int) -> None:
        """To the next edge of a clip."""
        track = self.view.index.main
        edges = sorted({*track.starts, *track.ends}) if track else []
        at = self.view.playhead
        if step > 0:
            i = bisect_right(edges, at)
        else:
            i = bisect_left(edges, at) - 1
        if 0 <= i < len(edges):
            self.view.seek_requested.emit(edges[i])

    # -- walking from block to block ----------------------------------------------------------

    def _lanes(self) -> list[tuple[str, list]]:
        """(kind, blocks) of every row that can be walked, top to bottom."""
        view = self.view
        rows: list[tuple[str, list]] = []
        for lane in view.rows:
            if lane.kind == "actions":
                rows.append(("action", list(view.project.actions)))
            elif lane.kind == "track" and lane.id in view.index.tracks:
                rows.append(("clip", list(view.index.tracks[lane.id].clips)))
            elif lane.kind == "consistency":
                rows.append(("cell", [cell.clip for cell in view.cells.cells]))
        return rows

    def _place(self) -> tuple[int, int] | None:
        """(row, block) of what is selected last in time."""
        chosen = self.view.selection.clips | self.view.selection.actions
        found = None
        for r, (kind, blocks) in enumerate(self._lanes()):
            wanted = {self.view.cell} if kind == "cell" else chosen
            for b, block in enumerate(blocks):
                if block.id in wanted:
                    found = (r, b)
        return found

    def _walk(self, step: int) -> bool:
        rows, place = self._lanes(), self._place()
        if place is None:
            filled = [r for r, (kind, blocks) in enumerate(rows) if blocks]
            if not filled:
                return True
            row = next((r for r in reversed(filled) if rows[r][0] == "clip"), filled[0])
            return self._choose(rows[row], self._nearest(rows[row][1], self.view.playhead))
        row, block = place
        return self._choose(rows[row], max(0, min(block + step, len(rows[row][1]) - 1)))

    def _change_lane(self, step: int) -> bool:
        rows, place = self._lanes(), self._place()
        if place is None:
            return self._walk(0)
        row, block = place
        frame = rows[row][1][block].start
        row += step
        while 0 <= row < len(rows):
            if rows[row][1]:
                return self._choose(rows[row], self._nearest(rows[row][1], frame))
            row += step
        return True

    @staticmethod
    def _nearest(blocks: list, frame: int) -> int:
        return max(0, bisect_right([b.start for b in blocks], frame) - 1)

    def _choose(self, row: tuple[str, list], i: int) -> bool:
        kind, blocks = row
        block = blocks[i]
        if kind == "cell":
            self.view.selection.clear()
            self.view.set_cell(block.id)
        elif kind == "clip":
            self.view.selection.set(clips=[block.id])
        else:
            self.view.selection.set(actions=[block.id])
        self.view.reveal(block.start)
        return True

    # -- for screen readers -------------------------------------------------------------------

    def describe(self) -> None:
        view = self.view
        if view.index is None or view.index.empty:
            text = tr("Empty. Drop a picture or a video here, or press Ctrl+N.")
        elif (cell := view.cells.by_id.get(view.cell)) is not None:
            text = view.cells.sentence(cell) + "\n" + tr("Enter goes there.")
        elif len(view.selection.clips) == 1 and not view.selection.actions:
            clip = view.index.clip_by_id.get(next(iter(view.selection.clips)))
            text = describe_clip(view.index, clip[0]) if clip else ""
        elif len(view.selection.actions) == 1 and not view.selection.clips:
            action = view.index.action_by_id.get(next(iter(view.selection.actions)))
            text = describe_action(view.index, action) if action else ""
        else:
            count = sum(len(t.clips) for t in view.index.tracks.values())
            chosen = len(view.selection.clips) + len(view.selection.actions)
            text = tr(
                "{0} clips, {1} actions, {2} selected. Ctrl+arrows walk through them."
            ).format(count, len(view.project.actions), chosen)
        if text != view.accessibleDescription():
            view.setAccessibleDescription(text)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(
                    QAccessibleEvent(view, QAccessible.Event.DescriptionChanged)
                )
