"""A list of things with thumbnails, as a list or a grid, with an empty state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.pixmaps import Pixmaps

_THUMB = QSize(72, 48)
_SECOND = Qt.ItemDataRole.UserRole + 1
_ID = Qt.ItemDataRole.UserRole
_BADGE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    facts: str = ""
    thumb: Path | str | None = None
    tip: str = ""
    badge: str = ""  # a short word at the right: "shown", "draft"


class _Delegate(QStyledItemDelegate):
    """Thumbnail, a title and a dim second line; both elided."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(120, _THUMB.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        t = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = option.rect.adjusted(2, 1, -2, -1)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.selection if selected else t.hover))
            painter.drawRoundedRect(rect, 4, 4)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(t.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(0, 0, -1, -1), 4, 4)
        icon: QIcon = index.data(Qt.ItemDataRole.DecorationRole)
        left = rect.left() + 5
        if icon is not None and not icon.isNull():
            picture = icon.pixmap(_THUMB, option.widget.devicePixelRatioF())
            painter.drawPixmap(left, rect.top() + (rect.height() - _THUMB.height()) // 2, picture)
            left += _THUMB.width() + 9
        words = QRect(left, rect.top() + 7, rect.right() - left - 6, rect.height() - 14)
        metrics = option.fontMetrics
        line = metrics.height() + 1
        top = words.center().y() - line + 1
        painter.setFont(option.font)
        painter.setPen(QColor(t.text))
        title = metrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words.left(), top + metrics.ascent(), title)
        badge, below = index.data(_BADGE) or "", words.width()
        if badge:
            width = metrics.horizontalAdvance(badge)
            painter.setPen(QColor(t.text))
            painter.drawText(words.right() - width, top + line + metrics.ascent(), badge)
            below -= width + 8
        painter.setPen(QColor(t.dim))
        facts = metrics.elidedText(index.data(_SECOND) or "", Qt.TextElideMode.ElideRight, below)
        painter.drawText(words.left(), top + line + metrics.ascent(), facts)
        painter.restore()


class _List(QListWidget):
    """Enter activates the row, and once: Qt has it depend on the system."""

    def keyPressEvent(self, event) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() and self.currentItem() is not None:
            if len(self.selectedItems()) < 2:
                self.itemActivated.emit(self.currentItem())


class ThumbList(QWidget):
    """Intents carry the row's id. Enter and a double click are ``activated``. ``commands`` names
    what the context menu and other keys offer for one row, ``together`` what the menu offers for
    several; without it only one can be selected."""

    activated = Signal(str)
    picked = Signal(str)
    commanded = Signal(str, str)  # command, id
    commanded_together = Signal(str, list)  # command, ids
    selection_changed = Signal()

    def __init__(
        self,
        empty: QWidget,
        pixmaps: Pixmaps,
        commands: Sequence[tuple[str, str, str]] = (),  # id, words, key
        name: str = "",
        parent: QWidget | None = None,
        together: Sequence[tuple[str, str]] = (),  # id, words
    ):
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._commands, self._together = tuple(commands), tuple(together)
        self._seen: tuple[Row, ...] | None = None
        self.list = _List()
        self.list.setAccessibleName(name)
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setIconSize(_THUMB)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if self._together:
            self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.itemSelectionChanged.connect(self.selection_changed)
        self.list.itemActivated.connect(lambda item: self.activated.emit(item.data(_ID)))
        self.list.currentItemChanged.connect(
            lambda item, _old: item is not None and self.picked.emit(item.data(_ID))
        )
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self._stack = QStackedWidget()
        self._stack.setObjectName("page")
        self._stack.addWidget(empty)
        self._stack.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)

    @property
    def current(self) -> str | None:
        item = self.list.currentItem()
        return item.data(_ID) if item is not None else None

    @property
    def selected(self) -> list[str]:
        """Ids of the rows that are selected, from top to bottom."""
        items = (self.list.item(i) for i in range(self.list.count()))
        return [item.data(_ID) for item in items if item.isSelected()]

    def ids(self) -> list[str]:
        return [self.list.item(i).data(_ID) for i in range(self.list.count())]

    def select(self, id: str) -> None:
        for i in range(self.list.count()):
            if self.list.item(i).data(_ID) == id:
                alone = QItemSelectionModel.SelectionFlag.ClearAndSelect
                self.list.setCurrentRow(i, alone)

    def show_rows(self, rows: Sequence[Row]) -> None:
        rows = tuple(rows)
        if rows == self._seen:
            return
        self._seen = rows
        kept, selected = self.current, set(self.selected)
        self.list.blockSignals(True)
        self.list.clear()
        ratio = self.devicePixelRatioF()
        for row in rows:
            item = QListWidgetItem(row.title)
            item.setData(_ID, row.id)
            item.setData(_SECOND, row.facts)
            item.setData(_BADGE, row.badge)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                ", ".join(p for p in (row.title, row.badge, row.facts) if p),
            )
            item.setToolTip(row.tip or (f"{row.title}\n{row.facts}" if row.facts else row.title))
            picture = self._pixmaps.get(row.thumb, _THUMB.width(), _THUMB.height(), ratio)
            item.setIcon(QIcon(picture))
            self.list.addItem(item)
            if row.id == kept:
                self.list.setCurrentItem(item, QItemSelectionModel.SelectionFlag.NoUpdate)
            item.setSelected(row.id in selected)
        self.list.blockSignals(False)
        self._stack.setCurrentIndex(1 if rows else 0)
        self.selection_changed.emit()

    def _menu(self, at) -> None:
        item = self.list.itemAt(at)
        if item is None or not self._commands:
            return
        menu = QMenu(self)
        selected = self.selected
        if len(selected) > 1:
            for id, words in self._together:
                menu.addAction(words, lambda c=id: self.commanded_together.emit(c, selected))
        else:
            for id, words, _key in self._commands:
                menu.addAction(words, lambda c=id: self.commanded.emit(c, item.data(_ID)))
        menu.exec(self.list.viewport().mapToGlobal(at))

    def keyPressEvent(self, event) -> None:
        if self.current is not None and len(self.selected) < 2:
            for id, _words, key in self._commands:
                if key and event.keyCombination().key() == Qt.Key[f"Key_{key}"]:
                    self.commanded.emit(id, self.current)
                    return
        super().keyPressEvent(event)
