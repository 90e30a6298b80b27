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
from app.timeline.editor import ActionEditor
from app.timeline.geometry import HEADER_WIDTH, RULER, Lane, TimeScale
from app.timeline.header import HeaderColumn
from app.timeline.index import ProjectIndex, tr
from app.timeline.keys import Keys
from app.timeline.overlay import OverlayPainter
from app.timeline.painter import LanePainter
from app.timeline.pointer import Pointer
from app.timeline.ruler import HEAD, RulerPainter
from app.timeline.snapping import Snapper
from app.timeline.text import TextCache
from app.timeline.tiles import ThumbnailSource, Tiles
from core.project.model import Clip, Marker, Project

ACTION_MIME = "application/x-slowfast-action"


@dataclass(frozen=True)
class Making:
    """The chunk that is being made now."""

    start: int
    frames: int
    fraction: float
    label: str


class TimelineView(QAbstractScrollArea):
    seek_requested = Signal(int)
    clip_move_requested = Signal(str, int, int, str)  # id, start, index (-1: at start), track id
    clip_trim_requested = Signal(str, int, int, bool)  # id, in_frame, out_frame, ripple
    clip_split_requested = Signal(str, int)  # id, sequence frame
    clip_delete_requested = Signal(list, bool)  # ids, ripple
    action_add_requested = Signal(int, int, str)  # start, end, text
    action_text_edited = Signal(str, str)
    action_move_requested = Signal(str, int)
    action_resize_requested = Signal(str, int, int)
    action_delete_requested = Signal(list)
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

        self.lanes = LanePainter(self)
        self.ruler = RulerPainter(self)
        self.overlay = OverlayPainter(self)
        self.header = HeaderColumn(self)
        self.pointer = Pointer(self)
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
        if project is not None:
            if not self.tiles.fits(project.width / max(1, project.height)):
                self._make_tiles()
            self.selection.prune(project)
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
        self.viewport().update()

    def set_thumbnail_source(self, source: ThumbnailSource | None) -> None:
        """``source(asset_id)`` gives a picture, or a strip of frames side by side, or None."""
        self.tiles.source = source
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

    def set_playhead(self, frame: int) -> None:
        """Repaints two strips; turns the page when the playhead leaves the view."""
        if frame == self.playhead:
            return
        was = self.scale.x(self.playhead)
        self.playhead = frame
        x, width = self.scale.x(frame), self.viewport().width()
        inside = 0 <= x < width
        if inside:
            self._follow = True
        elif self._follow and self.pointer.gesture is None:
            self.scroll_to(self.scale.left + x - (48 if x >= width else width - 48))
            return
        for at in (was, x):
            self._update_strip(at - HEAD, 2 * HEAD + 2)

    # -- scale and scroll ---------------------------------------------------------------------

    def zoom_in(self) -> None:
        self.zoom_at(1.35, self._zoom_centre())

    def zoom_out(self) -> None:
        self.zoom_at(1 / 1.35, self._zoom_centre())

    def zoom_at(self, factor: float, x: float) -> None:
        """Zoom, keeping the frame under ``x`` (in the lanes) under it."""
        smallest = self._fit_ppf() / 2
        factor = max(factor, smallest / self.scale.ppf) if factor < 1 else factor
        self.scale.zoom(factor, x)
        self._lay_out()
        self.scroll_to(self.scale.left)
        self.zoom_changed.emit(self.scale.ppf)

    def zoom_fit(self) -> None:
        """See everything, from the first frame to the last planned chunk."""
        self.scale.ppf = self._fit_ppf()
        self._lay_out()
        self.scroll_to(0)
        self.zoom_changed.emit(self.scale.ppf)

    def set_zoom(self, ppf: float) -> None:
        """Pixels a frame, around the playhead."""
        self.zoom_at(ppf / self.scale.ppf, self._zoom_centre())

    def reveal(self, frame: int) -> None:
        """Scroll as little as it takes to see ``frame``."""
        x, width = self.scale.x(frame), self.viewport().width()
        if x < 24:
            self.scroll_to(self.scale.left + x - 24)
        elif x > width - 24:
            self.scroll_to(self.scale.left + x - width + 24)

    def scroll_to(self, left: float) -> None:
        self.scale.scroll_to(left, self.horizontalScrollBar().maximum())
        bar = self.horizontalScrollBar()
        blocked = bar.blockSignals(True)
        bar.setValue(round(self.scale.left))
        blocked or bar.blockSignals(False)
        self._moved()

    def _fit_ppf(self) -> float:
        fitted = TimeScale(pad=self.scale.pad)
        least = self.project.chunk_frames * 4 if self.project else 240
        fitted.fit(max(least, self.index.end if self.index else 0), self.viewport().width())
        return fitted.ppf

    def _zoom_centre(self) -> float:
        """The pointer when it is over the lanes, else the playhead, else the middle."""
        viewport = self.viewport()
        at = viewport.mapFromGlobal(self.cursor().pos())
        if viewport.rect().contains(at) and self.underMouse():
            return at.x()
        x = self.scale.x(self.playhead)
        return x if 0 <= x <= viewport.width() else viewport.width() / 2

    def _scrolled(self, value: int) -> None:
        self.scale.scroll_to(value, self.horizontalScrollBar().maximum())
        self._follow = 0 <= self.scale.x(self.playhead) < self.viewport().width()
        self._moved()

    def _scrolled_vertically(self) -> None:
        self.header.refresh_places()
        self._moved()

    def _moved(self) -> None:
        if self.editor is not None:
            self.editor.place()
        self.viewport().update()

    def _lay_out(self) -> None:
        self.scale.ratio = self.devicePixelRatioF()
        self.rows = geometry.lanes(self.project, self._heights)
        view = self.viewport()
        end = (self.index.end if self.index else 0) * self.scale.ppf
        spare = view.width() * 0.5 if self.scale.ppf > self._fit_ppf() * 1.01 else 0
        bar = self.horizontalScrollBar()
        bar.setPageStep(view.width())
        bar.setSingleStep(max(8, view.width() // 12))
        bar.setRange(0, max(0, round(end + spare + self.scale.pad - view.width())))
        tall = self.verticalScrollBar()
        tall.setPageStep(max(1, view.height() - RULER))
        tall.setSingleStep(24)
        tall.setRange(0, max(0, geometry.content_height(self.rows) + RULER - view.height()))
        self.header.setGeometry(0, 0, HEADER_WIDTH, view.height())
        self.header.refresh_places()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fit_next and self.project is not None:
            self._fit_next = not self.isVisible()
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
        if self.selection.clips:
            self.clip_delete_requested.emit(sorted(self.selection.clips), ripple)
        if self.selection.actions:
            self.action_delete_requested.emit(sorted(self.selection.actions))

    def select_all(self) -> None:
        if self.index is not None:
            self.selection.set(self.index.clip_by_id, self.index.action_by_id)

    def hides_action(self, action_id: str) -> bool:
        """While it is dragged, its ghost stands for it."""
        gesture = self.pointer.gesture
        begun = gesture is not None and gesture.begun
        return begun and getattr(gesture, "hidden_action", "") == action_id

    def paint_action_ghost(self, painter: QPainter, start: int, end: int, text: str) -> None:
        self.overlay.action_ghost(painter, start, end, text)

    # -- geometry for painters and gestures ---------------------------------------------------

    def lane_rect(self, lane: Lane) -> QRectF:
        top = RULER + lane.top - self.verticalScrollBar().value()
        return QRectF(0, top, self.viewport().width(), lane.height)

    def lane_at(self, y: float) -> Lane | None:
        for lane in self.rows:
            rect = self.lane_rect(lane)
            if rect.top() <= y < rect.bottom():
                return lane
        return None

    def lane_of(self, kind: str) -> Lane:
        return next(lane for lane in self.rows if lane.kind == kind)

    def lane_of_track(self, track_id: str) -> Lane:
        return next(lane for lane in self.rows if lane.kind == "track" and lane.id == track_id)

    def clip_rect(self, clip_id: str) -> QRectF:
        clip, track = self.index.clip_by_id[clip_id]
        return self.block_rect(clip, self.lane_rect(self.lane_of_track(track)))

    def block_rect(self, clip: Clip, lane: QRectF) -> QRectF:
        """A clip in its lane; the start picture reaches back before frame 0."""
        left, pixel = self.scale.x(clip.start), 1 / self.scale.ratio
        wide = max(pixel, self.scale.x(clip.end) - left - pixel)
        if clip is self.index.poster:
            left, wide = left - geometry.POSTER, wide + geometry.POSTER
        return QRectF(left, lane.top(), wide, lane.height())

    def action_rect(self, start: int, end: int, lane: QRectF | None = None) -> QRectF:
        rect = lane if lane is not None else self.lane_rect(self.lane_of("actions"))
        left = self.scale.x(start)
        wide = max(2.0, self.scale.x(end) - left - 1)
        return QRectF(left, rect.top() + 4, wide, rect.height() - 8)

    def marker_x(self, marker: Marker) -> float:
        return self.scale.x(self.pointer.marker_frame(marker))

    def grid_between(self, left: float, right: float) -> list[int]:
        """Chunk boundaries between two x, also those of what is planned."""
        return self.index.grid_between(self.scale.frame(left), self.scale.frame(right))

    def inside(self, box: QRectF) -> tuple[set[str], set[str]]:
        """Ids of the clips and actions that ``box`` touches."""
        clips: set[str] = set()
        actions: set[str] = set()
        if self.index is None:
            return clips, actions
        first, last = self.scale.frame(box.left()), self.scale.frame(box.right())
        for lane in self.rows:
            rect = self.lane_rect(lane)
            if rect.bottom() < box.top() or rect.top() > box.bottom():
                continue
            if lane.kind == "track" and lane.id in self.index.tracks:
                track = self.index.tracks[lane.id]
                a, b = track.between(first, last)
                clips |= {clip.id for clip in track.clips[a:b]}
            elif lane.kind == "actions":
                actions |= {action.id for action in self.index.actions_between(first, last)}
        return clips, actions

    def snapper(self, without: Iterable[int] = (), home: bool = True) -> Snapper:
        """Everything a drag sticks to, but the edges it moves itself; ``home`` keeps chunk
        boundaries even where it comes from."""
        if not self.snapping or self.index is None:
            return Snapper()
        p = self.project
        points = {0, self.playhead}
        for track in self.index.tracks.values():
            points.update(track.starts)
            points.update(track.ends)
        points.update(self.index.action_starts)
        points.update(self.index.action_ends)
        points.update(marker.frame for marker in p.markers)
        points.update(f for f in (p.in_point, p.out_point) if f is not None)
        seen = int(self.scale.frame(self.viewport().width() * 2)) + p.chunk_frames
        grid = self.index.grid(seen)
        grid = grid if home else set(grid) - set(without)
        return Snapper.of(points, without).joined(grid)

    def track_height(self, track_id: str, height: int, final: bool) -> None:
        """While the header drags, and once more when it lets go."""
        height = max(geometry.MIN_TRACK, min(geometry.MAX_TRACK, height))
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
        source = self.tiles.source if hasattr(self, "tiles") else None
        p = self.project
        aspect = p.width / max(1, p.height) if p is not None else 1.0
        self.tiles = Tiles(self.colours, self.text, aspect)
        self.tiles.source = source
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
        if event.type() == event.Type.FontChange and hasattr(self, "tiles"):
            self._set_fonts()
            self.viewport().update()
        super().changeEvent(event)

    def _selection_changed(self) -> None:
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
        self.pointer.drag_move(event)

    def dragMoveEvent(self, event) -> None:
        self.pointer.drag_move(event)

    def dragLeaveEvent(self, event) -> None:
        self.pointer.drag_leave()

    def dropEvent(self, event) -> None:
        self.pointer.drop(event)
