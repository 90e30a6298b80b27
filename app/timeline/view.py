"""The timeline widget: what it shows, how it scrolls and zooms, and the intents it emits.

It never changes the document. A drag keeps its state in a gesture and emits one signal on release;
whoever owns the document decides, and hands the new one in by ``set_project``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.state.selection import Selection
from app.timeline import geometry
from app.timeline.colours import TimelineColours
from app.timeline.columns import action_table, clip_table
from app.timeline.consistency_cells import Cells
from app.timeline.consistency_lane import ConsistencyLane
from app.timeline.drops import Drops
from app.timeline.editor import ActionEditor
from app.timeline.geometry import HEADER_WIDTH, RULER, Lane, TimeScale
from app.timeline.header import HeaderColumn
from app.timeline.index import ProjectIndex
from app.timeline.keys import Keys
from app.timeline.overlay import OverlayPainter
from app.timeline.painter import LanePainter
from app.timeline.places import Places
from app.timeline.pointer import Pointer
from app.timeline.ruler import RulerPainter
from app.timeline.scrolling import Scrolling
from app.timeline.text import TextCache
from app.timeline.tiles import ThumbnailSource, Tiles
from app.timeline.words import tr
from core.project.model import Project


@dataclass(frozen=True)
class Making:
    """The chunk that is being made now."""

    start: int
    frames: int
    fraction: float
    label: str


class TimelineView(Places, Scrolling, ConsistencyLane, QAbstractScrollArea):
    seek_requested = Signal(int)
    clip_move_requested = Signal(str, int, int, str)  # id, start, index (-1: at start), track id
    clip_trim_requested = Signal(str, int, int, bool)  # id, in_frame, out_frame, ripple
    clip_split_requested = Signal(str, int)  # id, sequence frame
    delete_requested = Signal(list, list, bool)  # clip ids, action ids, ripple
    together_move_requested = Signal(list, list, int)  # clip ids, action ids, by so many frames
    together_order_requested = Signal(list, int)  # clip ids, behind how many of the others
    action_add_requested = Signal(int, int, str)  # start, end, text
    action_text_edited = Signal(str, str)
    action_move_requested = Signal(str, int)
    action_resize_requested = Signal(str, int, int)
    memory_point_clicked = Signal(str)  # take id, or AT_START
    marker_move_requested = Signal(str, int)
    in_out_requested = Signal(object, object)  # int or None
    track_change_requested = Signal(str, dict)  # id, {"muted": True} and the like
    context_menu_requested = Signal(str, str, QPoint)  # kind, id, global position
    redo_requested = Signal(str)  # chunk id
    files_dropped = Signal(list, int)  # paths, frame
    tool_changed = Signal(str)
    snapping_changed = Signal(bool)
    zoom_changed = Signal(float)  # pixels a frame

    def __init__(
        self,
        selection: Selection | None = None,
        parent: QWidget | None = None,
        colours: TimelineColours | None = None,
    ) -> None:
        super().__init__(parent)
        self.selection = selection or Selection(self)
        self.colours = colours or TimelineColours.dark()
        self.project: Project | None = None
        self.index: ProjectIndex | None = None
        self.scale = TimeScale()
        self.rows: list[Lane] = geometry.lanes(None)
        self.playhead = 0
        self.progress: Making | None = None
        self.snap_line: int | None = None
        self.hovered_memory = ""
        self.editor: ActionEditor | None = None
        self.tool = "select"
        self.snapping = True
        self._missing: frozenset[str] = frozenset()
        self._follow = True
        self._fit_next = True
        self._heights: dict[str, int] = {}

        self.tiles: Tiles | None = None
        self.lanes = LanePainter(self)
        self.ruler = RulerPainter(self)
        self.overlay = OverlayPainter(self)
        self.header = HeaderColumn(self)
        self.pointer = Pointer(self)
        self.drops = Drops(self)
        self.keys = Keys(self)
        self._set_fonts()

        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewportMargins(HEADER_WIDTH, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        viewport = self.viewport()
        viewport.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        viewport.setMouseTracking(True)
        viewport.setAcceptDrops(True)
        self.setAcceptDrops(True)
        self.installEventFilter(self.keys)
        viewport.installEventFilter(self.pointer)
        self.setAccessibleName(tr("Timeline"))
        viewport.setAccessibleName(tr("Timeline lanes"))
        self.keys.describe()
        self.header.refresh()
        self.horizontalScrollBar().setAccessibleName(tr("Scroll through time"))
        self.verticalScrollBar().setAccessibleName(tr("Scroll through tracks"))
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().valueChanged.connect(self._scrolled_vertically)
        self.selection.changed.connect(self._selection_changed)

    # -- what it shows ------------------------------------------------------------------------

    def set_project(self, project: Project | None) -> None:
        first = project is not None and (self.project is None or self.project.id != project.id)
        self.project = project
        self.index = ProjectIndex(project, self._missing) if project is not None else None
        self.cells = Cells(self.index, self.consistency)
        if project is not None:
            if not self.tiles.fits(project.width / max(1, project.height)):
                self._make_tiles()
            self.selection.prune(project)
        self.prune_cells()
        self._heights = {}
        poster = self.index is not None and self.index.poster is not None
        self.scale.pad = geometry.PAD + geometry.POSTER if poster else geometry.PAD
        self.pointer.document_changed()
        self._lay_out()
        if first:
            self.zoom_fit()
            self._fit_next = not self.isVisible()
        self.header.refresh()
        if self.editor is not None:
            self.editor.document_changed()
        self.keys.describe()
        self.viewport().update()

    def set_missing(self, asset_ids: Iterable[str]) -> None:
        """Files of the project that are not on disk."""
        self._missing = frozenset(asset_ids)
        if self.project is not None:
            self.index = ProjectIndex(self.project, self._missing)
            self.cells = Cells(self.index, self.consistency)
        self.viewport().update()

    def set_thumbnail_source(self, source: ThumbnailSource | None) -> None:
        """``source(asset_id)`` gives a picture, or a strip of frames side by side, or None."""
        self.tiles.source = source
        self.thumbnails_changed()

    def set_strip_source(self, source: ThumbnailSource | None) -> None:
        """``source(asset_id of a video)`` gives a strip of its frames, or None: not yet."""
        self.tiles.strips = source
        self.thumbnails_changed()

    def thumbnails_changed(self) -> None:
        self.tiles.clear()
        self.viewport().update()

    def set_colours(self, colours: TimelineColours) -> None:
        self.colours = colours
        self._make_tiles()
        self.header.refresh()
        self.viewport().update()

    def set_progress(self, start: int, frames: int, fraction: float, label: str) -> None:
        """The chunk that is being made: its place, how far it is (0–1), and words for it."""
        new = Making(start, frames, max(0.0, min(1.0, fraction)), label)
        old, self.progress = self.progress, new
        for making in (old, new):
            if making is not None:
                left = self.scale.x(making.start)
                wide = self.scale.x(making.start + making.frames) - left
                self._update_strip(left - 2, wide + 6)

    def clear_progress(self) -> None:
        if self.progress is not None:
            self.progress = None
            self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        whole = abs(self.scale.ppf - self._fit_ppf(event.oldSize().width())) < 1e-6
        if self.project is not None and (self._fit_next or whole):  # what was seen stays seen
            self._fit_next = self._fit_next and not self.isVisible()
            self.zoom_fit()
        else:
            self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(900, RULER + geometry.content_height(self.rows) + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(HEADER_WIDTH + 200, RULER + geometry.ACTIONS + 80)

    # -- tools --------------------------------------------------------------------------------

    def set_tool(self, tool: str) -> None:
        if tool not in ("select", "blade"):
            raise ValueError(f"no such tool: {tool!r} (select or blade)")
        if tool != self.tool:
            self.tool = tool
            self.pointer.blade = None
            self.header.refresh()
            self.pointer.refresh_cursor()
            self.viewport().update()
            self.tool_changed.emit(tool)

    def set_snapping(self, on: bool) -> None:
        if on != self.snapping:
            self.snapping = on
            self.header.refresh()
            self.snapping_changed.emit(on)

    def edit_action(self, action_id: str) -> None:
        """Write the words of an action in place."""
        action = self.index.action_by_id.get(action_id) if self.index else None
        if action is not None:
            self.reveal(action.start)
            self._open_editor(ActionEditor(self, action.start, action.end, action.text, action.id))

    def write_action(self, start: int, end: int) -> None:
        """Open the editor for a block that is not there yet; Enter asks for it to be added."""
        self._open_editor(ActionEditor(self, start, end, "", ""))

    def _open_editor(self, editor: ActionEditor) -> None:
        if self.editor is not None:
            self.editor.commit()
        self.editor = editor
        editor.open()
        self.viewport().update()

    def delete_selected(self, ripple: bool = False) -> None:
        clips, actions = sorted(self.selection.clips), sorted(self.selection.actions)
        if clips or actions:
            self.delete_requested.emit(clips, actions, ripple)

    def select_all(self) -> None:
        if self.index is not None:
            self.selection.set(self.index.clip_by_id, self.index.action_by_id)

    def hides_action(self, action_id: str) -> bool:
        """While it is dragged, its ghost stands for it."""
        gesture = self.pointer.gesture
        begun = gesture is not None and gesture.begun
        return begun and action_id in gesture.hidden_actions

    def paint_action_ghost(self, painter: QPainter, start: int, end: int, text: str) -> None:
        self.overlay.action_ghost(painter, start, end, text)

    def track_height(self, track_id: str, height: int, final: bool) -> None:
        """While the header drags, and once more when it lets go."""
        height = max(geometry.MIN_TRACK, min(geometry.MAX_TRACK, height))
        height += height == geometry.DEFAULT_TRACK  # a chosen height is never taken for none
        self._heights[track_id] = height
        self._lay_out()
        self.viewport().update()
        if final:
            self.track_change_requested.emit(track_id, {"height": height})

    # -- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.scale.ratio != self.devicePixelRatioF():
            self._lay_out()
        painter = QPainter(self.viewport())
        dirty = QRectF(event.rect())
        self.lanes.paint(painter, dirty)
        self.ruler.paint(painter, dirty)
        self.overlay.paint(painter, dirty)
        self.ruler.playhead(painter, dirty)
        painter.end()

    def _update_strip(self, x: float, width: float) -> None:
        strip = QRect(int(x), 0, int(width) + 2, self.viewport().height())
        self.viewport().update(strip.intersected(self.viewport().rect()))

    def _make_tiles(self) -> None:
        p = self.project
        aspect = p.width / max(1, p.height) if p is not None else 1.0
        old = self.tiles
        self.tiles = Tiles(self.colours, self.text, aspect)
        if old is not None:
            self.tiles.source, self.tiles.strips = old.source, old.strips
        self.lanes.actions.clear()
        self.clip_columns = clip_table(self.colours)
        self.action_columns = action_table(self.colours)

    def _set_fonts(self) -> None:
        font = QFont(self.font())
        font.setPixelSize(12)
        self.text = TextCache(font)
        figures = QFont(font)
        figures.setFeature(QFont.Tag("tnum"), 1)
        self.small = TextCache(figures)
        self._make_tiles()

    def changeEvent(self, event) -> None:
        if event.type() == event.Type.FontChange and getattr(self, "tiles", None) is not None:
            self._set_fonts()
            self.viewport().update()
        super().changeEvent(event)

    def _selection_changed(self) -> None:
        if not self.selection.empty:
            self.set_cell("")
        self.keys.describe()
        self.viewport().update()

    # Not event() or viewportEvent(): an exception below a call of super() there ends the process
    # (PySide6 6.11), so the two event filters (Keys, Pointer) hear what has no handler of its own.

    # -- events, passed on --------------------------------------------------------------------

    def keyPressEvent(self, event) -> None:
        if not self.keys.press(event):
            event.ignore()

    def mousePressEvent(self, event) -> None:
        self.pointer.press(event)

    def mouseMoveEvent(self, event) -> None:
        self.pointer.move(event)

    def mouseReleaseEvent(self, event) -> None:
        self.pointer.release(event)

    def mouseDoubleClickEvent(self, event) -> None:
        self.pointer.double_click(event)

    def wheelEvent(self, event) -> None:
        self.pointer.wheel(event)

    def contextMenuEvent(self, event) -> None:
        self.pointer.context_menu(event)

    def dragEnterEvent(self, event) -> None:
        self.drops.move(event)

    def dragMoveEvent(self, event) -> None:
        self.drops.move(event)

    def dragLeaveEvent(self, event) -> None:
        self.drops.leave()

    def dropEvent(self, event) -> None:
        self.drops.drop(event)
