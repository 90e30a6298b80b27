"""The access token: into the keyring and out of it, beside the interface, and where it is now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.workers.background import Background
from core.models.errors import ModelError
from core.models.settings import ModelSettings


class TokenKeeping(QObject):
    """Holds no token itself. ``words`` are (sentence, role); a keyring may ask the person first."""

    changed = Signal()

    def __init__(
        self, settings: ModelSettings, background: Background, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._settings, self._background = settings, background
        self.words: tuple[str, str] = ("", "dim")
        self.there = False  # one that can be forgotten

    def look(self) -> None:
        self._do(lambda: None)

    def save(self, text: str) -> None:
        from core.models.token import save_token

        self._do(lambda: save_token(self._settings.endpoint, text))

    def forget(self) -> None:
        from core.models.token import forget_token

        self._do(lambda: forget_token(self._settings.endpoint))

    def _do(self, work: Callable[[], Any]) -> None:
        from core.models.token import keyring_problem, token_place

        def both() -> tuple[str, str]:
            work()
            return token_place(self._settings.endpoint), keyring_problem()

        def show(found: tuple[str, str]) -> None:
            self.words, self.there = self._sentence(*found), found[0] in ("keyring", "this run")
            self.changed.emit()

        def failed(error: Exception) -> None:
            known = isinstance(error, ModelError)
            self.words = (str(error) if known else self.tr("The token could not be kept."), "bad")
            self.changed.emit()

        self._background.run(both, show, failed)

    def _sentence(self, place: str, problem: str) -> tuple[str, str]:
        match place:
            case "keyring":
                return self.tr("A token is kept in this system's keyring."), "good"
            case "this run":
                words = self.tr("A token is known until the studio is closed.")
                return f"{words} {problem}".strip(), "warn"
            case "environment":
                return self.tr("The token of HF_TOKEN is used."), "good"
        words = self.tr("Only gated worlds need one.") + " "
        if problem:
            more = self.tr("There is no keyring here, so it is forgotten with the studio closed.")
            return words + more, "dim"
        return words + self.tr("It goes into this system's keyring."), "dim"
