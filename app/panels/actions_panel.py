"""The words: the scene that always holds, the next action, and the one Generate button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import VERBS, Actions, native
from app.state.tier_words import TierRow, sentence
from app.widgets.amounts import Amounts
from app.widgets.basics import ElidedLabel, bind, icon_button, label, primary, rule, scrolled
from core.project.model import Project
from core.project.words import tidy

_SCENE_PAUSE_MS = 500


def may_follow(field: str, before: str, now: str) -> bool:
    """Whether a field that was given ``before`` takes ``now``: never over what somebody writes."""
    return tidy(before) != tidy(now) and tidy(field) == tidy(before)


class SceneField(QPlainTextEdit):
    """A few lines; Tab leaves it, and so does Ctrl+Return, which is Generate's."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFixedHeight(48)  # two lines

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.left.emit()
            self.clearFocus()
            return
        super().keyPressEvent(event)


class ActionsPanel(QWidget):
    scene_changed = Signal(str)
    action_added = Signal(str, float)  # text, seconds: at the end of the lane
    action_text_changed = Signal(str, str)  # action id, text
    tier_wanted = Signal(str)  # "auto" or a tier: how the world is to fit into memory

    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self._actions = actions
        self.editing: str | None = None  # the selected action whose text the field shows
        self._shown = ""  # the text of that action in the project
        self._project_id, self._scene = "", ""  # the scene of that project
        self._filling = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 8, 12, 3)  # all of it fits into a window of 1280×800
        column.setSpacing(4)
        self._build_scene(column)
        column.addSpacing(3)
        self._build_action(column)
        column.addSpacing(3)
        self._build_verbs(column)
        column.addSpacing(3)
        self.amounts = Amounts()
        column.addWidget(self.amounts)
        column.addStretch(1)
        outer.addWidget(scrolled(body), 1)
        outer.addWidget(rule())
        outer.addWidget(self._build_foot())

    # -- parts ---------------------------------------------------------------------------------

    def _build_scene(self, column: QVBoxLayout) -> None:
        column.addWidget(label(self.tr("Scene"), "section"))
        self.scene = SceneField()
        self.scene.setPlaceholderText(
            self.tr("What is true in every chunk: “a quiet corridor with blue doors”")
        )
        self.scene.setAccessibleName(self.tr("Scene, holds in every chunk"))
        self._scene_timer = QTimer(self)
        self._scene_timer.setSingleShot(True)
        self._scene_timer.setInterval(_SCENE_PAUSE_MS)
        self._scene_timer.timeout.connect(self._send_scene)
        self.scene.textChanged.connect(lambda: self._filling or self._scene_timer.start())
        self.scene.left.connect(self._send_scene)
        column.addWidget(self.scene)

    def _build_action(self, column: QVBoxLayout) -> None:
        self._action_head = label(self.tr("Next action"), "section")
        column.addWidget(self._action_head)
        row = QHBoxLayout()
        row.setSpacing(6)
        self.text = QLineEdit()
        self.text.setText("walk forward")
        self.text.setPlaceholderText(self.tr("walk forward, turn left, look up …"))
        self.text.setAccessibleName(self.tr("Action"))
        self.text.returnPressed.connect(self._commit_text)
        self.text.editingFinished.connect(self._finish_text)
        row.addWidget(self.text, 1)
        self.add = icon_button(
            "plus", self.tr("Add to the action lane (Return)"), self._commit_text
        )
        self.add.setProperty("flat", False)
        self.add.setFixedHeight(28)
        row.addWidget(self.add)
        column.addLayout(row)

    def _build_verbs(self, column: QVBoxLayout) -> None:
        grid = QGridLayout()
        grid.setSpacing(4)
        self.verbs: list[QToolButton] = []
        for i, (_text, short, _glyph, _key) in enumerate(VERBS):
            action = self._actions[f"verb_{i}"]
            made = QToolButton()
            made.setDefaultAction(action)
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            made.setIconSize(QSize(20, 20))
            made.setText(self.tr(short))
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.setAccessibleName(action.text())
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            made.setMinimumWidth(64)
            made.setFixedHeight(46)
            made.setProperty("verb", True)
            action.changed.connect(lambda b=made, s=short: b.setText(self.tr(s)))
            grid.addWidget(made, i // 3, i % 3)
            grid.setColumnStretch(i % 3, 1)
            self.verbs.append(made)
        column.addLayout(grid)

    def _build_foot(self) -> QWidget:
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(4)
        self.generate = bind(primary(self.tr("Generate"), "creation"), self._actions["generate"])
        self.generate.setMinimumHeight(36)
        column.addWidget(self.generate)
        self._hint = label("", "dim", wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._hint)
        column.addWidget(self._build_fit())
        self._room_for_words()
        return foot

    def _build_fit(self) -> QWidget:
        """How the world will run, and a way to have it otherwise."""
        self._fit_row = QWidget()
        row = QHBoxLayout(self._fit_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.fit = ElidedLabel(role="dim")
        self.tiers = QMenu(self)
        self.tiers.setToolTipsVisible(True)
        self.change = QToolButton()
        self.change.setText(self.tr("Change…"))
        self.change.setProperty("flat", True)
        self.change.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.change.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.change.setMenu(self.tiers)
        self.change.setAccessibleName(self.tr("How the world is made to fit into memory"))
        self.change.setToolTip(self.tr("Choose how the world is made to fit into memory"))
        row.addWidget(self.fit, 1)
        row.addWidget(self.change)
        self._fit_row.hide()
        return self._fit_row

    # -- what it shows -------------------------------------------------------------------------

    def show_project(self, p: Project | None) -> None:
        self.setEnabled(p is not None)
        id, scene = (p.id, p.scene) if p else ("", "")
        other = id != self._project_id
        if other or may_follow(self.scene.toPlainText(), self._scene, scene):
            self._filling = True
            self.scene.setPlainText(scene)
            self._filling = False
        if other:
            self._scene_timer.stop()  # what was written belongs to the project before
        self._project_id, self._scene = id, scene

    def show_selected_action(self, id: str | None, text: str) -> None:
        """One selected action: the field edits it. None: the field writes the next one."""
        if id == self.editing:
            if id is not None:
                if may_follow(self.text.text(), self._shown, text):
                    self.text.setText(text)
                self._shown = text
            return
        leaving = self.editing is not None and id is None
        self._finish_text()
        self.editing = id
        if id is not None:
            self._shown = text
            self.text.setText(text)
        self._action_head.setText(self.tr("Selected action") if id else self.tr("Next action"))
        self.add.setVisible(id is None)
        if leaving:
            self.text.setText(text or "walk forward")

    def show_plan(self, words: str, enabled: bool, hint: str = "") -> None:
        """What Generate will do, on the button itself."""
        self.generate.setText(words)
        self.generate.setAccessibleName(words)
        self.generate.setEnabled(enabled)
        keys = native(self._actions["generate"].shortcuts()[:1]) if enabled else ""
        whole = " · ".join(w for w in (hint, keys) if w)
        # Where they would take a line of their own they are left to the button's tooltip.
        self._hint.setText(whole if self._in_one_line(whole) else hint)
        self._room_for_words()

    def _in_one_line(self, words: str) -> bool:
        return self._hint.fontMetrics().horizontalAdvance(words) <= self._hint.width()

    def _room_for_words(self) -> None:
        """Always two lines, so that the button does not jump; three where both have much to say."""
        one = self.fit.isVisibleTo(self) and self._in_one_line(self._hint.text())
        metrics = self._hint.fontMetrics()
        self._hint.setFixedHeight((1 if one else 2) * metrics.lineSpacing() + 2)

    def show_fit(self, words: str, details: str = "", tiers: Sequence[TierRow] = ()) -> None:
        """How the world runs on this machine: one line, the whole of it (``details``) in the
        tooltip; ``tiers`` to choose from."""
        self.fit.setText(words)
        self.fit.set_more(details)
        self._fit_row.setVisible(bool(words))
        self.change.setVisible(len(tiers) > 1)
        self.tiers.clear()
        for i, one in enumerate(tiers):
            made = self.tiers.addAction(one.words)
            made.setCheckable(True)
            made.setChecked(one.chosen)
            made.setEnabled(one.possible)
            made.setToolTip(one.why or sentence(one.id))
            made.triggered.connect(lambda _=False, id=one.id: self.tier_wanted.emit(id))
            if i == 0:
                self.tiers.addSeparator()
        self._room_for_words()

    def pending(self) -> tuple[str, float]:
        return self.text.text().strip(), self.amounts.seconds.value()

    def flush(self) -> None:
        """Hand over what is typed but not yet sent (before Generate, before closing)."""
        if self._scene_timer.isActive():
            self._send_scene()
        self.amounts.flush()
        self._finish_text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc in the text of a selected action gives up what was typed."""
        if event.key() == Qt.Key.Key_Escape and self.editing is not None:
            self.text.setText(self._shown)
        super().keyPressEvent(event)

    # -- intents -------------------------------------------------------------------------------

    def _send_scene(self) -> None:
        self._scene_timer.stop()
        self.scene_changed.emit(self.scene.toPlainText().strip())

    def _commit_text(self) -> None:
        text = self.text.text().strip()
        if not text:
            return
        if self.editing is not None:
            self.action_text_changed.emit(self.editing, text)
        else:
            self.action_added.emit(text, self.amounts.seconds.value())
            self.text.selectAll()

    def _finish_text(self) -> None:
        """Leaving the field keeps what was written; where nothing is left, what was there."""
        text = self.text.text().strip()
        if self.editing is None or tidy(text) == tidy(self._shown):
            return  # what was not touched may be older than the project
        if text:
            self.action_text_changed.emit(self.editing, text)
        else:
            self.text.setText(self._shown)
