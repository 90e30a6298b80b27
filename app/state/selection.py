"""What is selected: clips, actions and the take that is being looked at."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from core.project.model import Project


class Selection(QObject):
    """Ids only, so that it outlives every version of the document."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clips: frozenset[str] = frozenset()
        self._actions: frozenset[str] = frozenset()
        self._take: str | None = None

    @property
    def clips(self) -> frozenset[str]:
        return self._clips

    @property
    def actions(self) -> frozenset[str]:
        return self._actions

    @property
    def take(self) -> str | None:
        return self._take

    @property
    def empty(self) -> bool:
        return not self._clips and not self._actions

    def set(
        self,
        clips: Iterable[str] = (),
        actions: Iterable[str] = (),
        take: str | None = None,
    ) -> None:
        new = (frozenset(clips), frozenset(actions), take)
        if new != (self._clips, self._actions, self._take):
            self._clips, self._actions, self._take = new
            self.changed.emit()

    def toggle_clip(self, clip_id: str) -> None:
        self.set(self._clips ^ {clip_id}, self._actions, self._take)

    def toggle_action(self, action_id: str) -> None:
        self.set(self._clips, self._actions ^ {action_id}, self._take)

    def add(self, clips: Iterable[str] = (), actions: Iterable[str] = ()) -> None:
        self.set(self._clips | set(clips), self._actions | set(actions), self._take)

    def clear(self) -> None:
        self.set()

    def prune(self, project: Project) -> None:
        """Forget what the document no longer has (after an undo, or a delete)."""
        if self.empty and self._take is None:
            return
        clips = {clip.id for track in project.tracks for clip in track.clips}
        actions = {action.id for action in project.actions}
        take = self._take if self._take in project.takes else None
        self.set(self._clips & clips, self._actions & actions, take)
