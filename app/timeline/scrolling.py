"""How the timeline scrolls, zooms and follows the playhead."""

from __future__ import annotations

from app.timeline import geometry
from app.timeline.geometry import HEADER_WIDTH, RULER, TimeScale
from app.timeline.ruler import HEAD


class Scrolling:
    """Part of ``TimelineView``: uses its ``scale``, ``rows``, ``index`` and scroll bars."""

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

    def _fit_ppf(self, width: int | None = None) -> float:
        fitted = TimeScale(pad=self.scale.pad)
        least = self.project.chunk_frames * 4 if self.project else 240
        end = self.index.end if self.index else 0
        fitted.fit(max(least, end), self.viewport().width() if width is None else width)
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
        view = self.viewport()
        self.rows = geometry.lanes(
            self.project, self._heights, view.height() - RULER, self.show_consistency
        )
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
