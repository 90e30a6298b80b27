"""Every command with its keys: search, press new keys, put them back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.actions import MENUS, TABLE, Actions, command_of, native, normal, tr
from app.widgets.basics import button, label


class ShortcutsDialog(QDialog):
    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.resize(800, 620)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a command or a key"))
        self.search.setAccessibleName(self.tr("Find a command or a key"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(self.tr("Commands and their keys"))
        self.tree.setProperty("framed", True)
        self.tree.setHeaderLabels([self.tr("Command"), self.tr("Keys"), self.tr("What it does")])
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(10)
        self.tree.setUniformRowHeights(True)
        self._items: dict[str, QTreeWidgetItem] = {}
        for menu in MENUS:
            head = QTreeWidgetItem([self.tr(menu)])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = head.font(0)
            font.setBold(True)
            head.setFont(0, font)
            self.tree.addTopLevelItem(head)
            for command in TABLE:
                if command.menu == menu:
                    item = QTreeWidgetItem([tr(command.text).rstrip("…"), "", tr(command.tip)])
                    item.setToolTip(2, tr(command.tip))
                    item.setData(0, Qt.ItemDataRole.UserRole, command.id)
                    head.addChild(item)
                    self._items[command.id] = item
        self.tree.expandAll()
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.tree.currentItemChanged.connect(lambda *_: self._pick())
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName(self.tr("New key"))
        self.edit.setMinimumWidth(130)
        self.edit.keySequenceChanged.connect(lambda *_: self._weigh())
        self.set_button = button(self.tr("Use this key"), "", self._set)
        self.reset_button = button(self.tr("Put back"), "", self._reset)
        self.reset_all = button(self.tr("Put all back"), "", self._reset_all)
        self._words = label(self.tr("Choose a command to change its key."), "dim", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.edit)
        row.addWidget(self.set_button)
        row.addWidget(self.reset_button)
        row.addStretch(1)
        row.addWidget(self.reset_all)
        row.addWidget(button(self.tr("Close"), "", self.accept))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addWidget(self._words)
        column.addLayout(row)
        self._show()
        self._pick()
        self.search.setFocus()

    @property
    def current(self) -> str | None:
        item = self.tree.currentItem()
        return item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None

    def pick(self, id: str) -> None:
        self.tree.setCurrentItem(self._items[id])

    def _show(self) -> None:
        for id, item in self._items.items():
            item.setText(1, native(self._actions[id].shortcuts()))

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower()
        for item in self._items.values():
            words = " ".join(item.text(i) for i in range(3)).lower()
            item.setHidden(wanted not in words)
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            head.setHidden(all(head.child(j).isHidden() for j in range(head.childCount())))

    def _pick(self) -> None:
        self.edit.clear()
        self._weigh()

    def _weigh(self) -> None:
        id = self.current
        for part in (self.edit, self.reset_button):
            part.setEnabled(id is not None)
        keys = self.edit.keySequence()
        self.set_button.setEnabled(id is not None and not keys.isEmpty())
        if id is None:
            self._words.setText(self.tr("Choose a command to change its key."))
            return
        taken = self._actions.clashes(id, [keys.toString()]) if not keys.isEmpty() else []
        name = tr(command_of(id).text).rstrip("…")
        if taken:
            other = tr(command_of(taken[0]).text).rstrip("…")
            self._words.setText(
                self.tr("This key belongs to “%1” and will be taken from it.").replace("%1", other)
            )
        else:
            self._words.setText(self.tr("Press the new key for “%1”.").replace("%1", name))

    def _set(self) -> None:
        id, keys = self.current, self.edit.keySequence()
        if id is None or keys.isEmpty():
            return
        text = keys.toString()
        for other in self._actions.clashes(id, [text]):
            self._actions.set_keys(
                other, [k for k in self._actions.keys(other) if k != QKeySequence(text).toString()]
            )
        self._actions.set_keys(id, [text])
        self._show()
        self._pick()

    def _reset(self) -> None:
        if self.current is not None:
            self._put_back(self.current)
            self._show()
            self._pick()

    def _put_back(self, id: str) -> None:
        keys = normal(command_of(id).keys)
        for other in self._actions.clashes(id, keys):
            self._actions.set_keys(other, [k for k in self._actions.keys(other) if k not in keys])
        self._actions.set_keys(id, keys)

    def _reset_all(self) -> None:
        for command in TABLE:
            self._actions.set_keys(command.id, list(command.keys))
        self._show()
        self._pick()
