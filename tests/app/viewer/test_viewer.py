"""The viewer with real videos, decoded by the real thread."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication

from app.actions import Actions
from app.state.transport import Transport
from app.viewer import FrameSource, StripSource, Viewer
from app.viewer.frames import Frames, to_image
from app.viewer.strips import HEIGHT, picked
from core.media.encode import write_take
from core.project.model import Chunk, Project
from tests.app.timeline.sample import RATE, N, project, take


def grey(number: int) -> int:
    return 20 + number * 10


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> dict[str, Path]:
    """Frame k of every video is one grey of its own; the red channel says which video."""
    folder = tmp_path_factory.mktemp("videos")
    paths = {}
    for red, name in ((60, "sv"), (120, "c1t1-video"), (180, "c2t1-video"), (240, "c2t2-video")):
        frames = [np.full((64, 64, 3), grey(k), np.uint8) for k in range(N)]
        for frame in frames:
            frame[..., 0] = red
        paths[name] = folder / f"{name}.mp4"
        write_take(paths[name], frames[: 1 if name == "sv" else N], RATE)
    return paths


@pytest.fixture
def transport() -> Transport:
    t = Transport()
    t.set_rate(RATE)
    t.set_length(1 + 2 * N)
    return t


@pytest.fixture
def viewer(qtbot, transport, videos):
    v = Viewer(transport, Actions())
    qtbot.addWidget(v)
    v.resize(640, 560)
    v.show()
    v.set_project(project(2, draft=False), videos.get)
    yield v
    v.close_source()


def shows(viewer: Viewer, red: int, number: int) -> bool:
    image = viewer.canvas.image
    if image is None:
        return False
    pixel = QColor(image.pixel(32, 32))
    return abs(pixel.red() - red) <= 6 and abs(pixel.green() - grey(number)) <= 4


def test_every_frame_of_the_sequence_is_the_right_one(viewer, transport, qtbot):
    for frame in (0, 1, 5, 12, 13, 24, 2, 20):
        transport.seek(frame)
        red = 60 if frame == 0 else 120 if frame <= N else 180
        number = 0 if frame == 0 else (frame - 1) % N
        qtbot.waitUntil(partial(shows, viewer, red, number), timeout=60_000)


def test_the_chosen_take_is_shown(viewer, transport, qtbot):
    transport.seek(15)
    qtbot.waitUntil(lambda: shows(viewer, 180, 2), timeout=60_000)
    viewer.set_project(with_two_takes(viewer.project))
    qtbot.waitUntil(lambda: shows(viewer, 240, 2), timeout=60_000)


def with_two_takes(p: Project, status: str = "accepted") -> Project:
    new = take("c2", 2, p.takes["c2t1"].parent, status)
    chunk = Chunk("c2", ("c2t1", new.id), new.id)
    return replace(p, takes={**p.takes, new.id: new}, chunks={**p.chunks, "c2": chunk})


def test_gaps_and_missing_files_are_black_and_beyond_the_end_is_a_hint(viewer, transport, qtbot):
    p = viewer.project
    track = p.tracks[0]
    clips = (track.clips[0], track.clips[1], replace(track.clips[2], start=30))
    viewer.set_project(replace(p, tracks=(replace(track, clips=clips),)))
    transport.seek(20)
    assert viewer.canvas.image is None and viewer.canvas.gap
    middle = viewer.canvas.frame_rect().center().toPoint()
    assert QColor(viewer.canvas.grab().toImage().pixel(middle)).name() == "#000000"
    transport.seek(100)
    assert not viewer.canvas.gap and "Nothing is made here" in viewer.canvas.hint[0]
    viewer.set_project(viewer.project, lambda asset: None)
    transport.seek(5)
    assert viewer.canvas.gap


def test_a_broken_file_is_a_notice(viewer, transport, qtbot, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"not a video at all" * 100)
    with qtbot.waitSignal(viewer.problem, timeout=60_000) as said:
        viewer.set_project(viewer.project, lambda asset: bad)
    assert "bad.mp4" in said.args[0]
    assert viewer.canvas.gap


def test_only_the_newest_wish_is_served(qtbot, videos):
    source = FrameSource()
    served = []
    source.frame_ready.connect(lambda path, frame, image: served.append(frame))
    for i in range(200):
        source.request(videos["c1t1-video"], i % 11)
    source.request(videos["c1t1-video"], 11)
    qtbot.waitUntil(lambda: served[-1:] == [11], timeout=60_000)
    assert source.decodes <= 12 and len(served) < 200
    assert source.request(videos["c1t1-video"], 11) is not None  # held
    source.close()
    assert source.request(videos["c1t1-video"], 3) is None  # closed: no thread, no crash


def test_prefetch_decodes_ahead_and_a_request_comes_first(qtbot, videos):
    source = FrameSource()
    path = videos["c1t1-video"]
    source.prefetch([(path, i) for i in range(6)])
    qtbot.waitUntil(lambda: source.decodes == 6, timeout=60_000)
    assert all(source.request(path, i) is not None for i in range(6))
    source.close()


def test_the_cache_forgets_the_least_recently_seen():
    image = to_image(np.zeros((10, 10, 3), np.uint8))
    assert image.format() == QImage.Format.Format_RGB32
    cache = Frames(limit=image.sizeInBytes() * 3)
    for i in range(3):
        cache.put(("a", i), image)
    cache.get(("a", 0))
    cache.put(("a", 3), image)
    assert cache.get(("a", 1)) is None and cache.get(("a", 0)) is not None
    assert len(cache) == 3 and cache.bytes <= cache.limit


def test_pixels_arrive_unchanged():
    frame = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)  # rows not a multiple of 4 bytes
    image = to_image(frame[:, ::-1])
    assert QColor(image.pixel(6, 4)).getRgb()[:3] == tuple(int(v) for v in frame[4, 0])


def test_the_draft_bar(viewer, qtbot):
    heard = []
    for name in ("accept_requested", "redo_requested", "discard_requested"):
        getattr(viewer, name).connect(lambda name=name: heard.append(name))
    viewer.take_chosen.connect(lambda *ids: heard.append(ids))
    assert not viewer.bar.accept_button.isVisible()
    viewer.set_project(with_two_takes(viewer.project, "draft"))
    bar = viewer.bar
    assert bar.isVisible() and "Chunk 2 is a draft" in bar.words.text()
    assert bar.take.text() == "2/2" and not bar.later.isEnabled()
    bar.accept_button.click()
    bar.redo_button.click()
    bar.discard_button.click()
    bar.earlier.click()
    assert heard == [
        "accept_requested", "redo_requested", "discard_requested", ("c2", "c2t1"),
    ]  # fmt: skip
    assert viewer.bar_chunk == "c2"


def test_takes_can_be_chosen_where_nothing_is_a_draft(viewer, transport):
    viewer.set_project(with_two_takes(viewer.project))
    bar = viewer.bar
    assert not bar.take.isVisible()
    transport.seek(20)
    assert bar.take.isVisible() and not bar.accept_button.isVisible()
    assert bar.redo_button.isVisible() and bar.take.text() == "2/2"
    transport.seek(3)
    assert not bar.take.isVisible()


def test_the_picture_keeps_its_place_whatever_there_is_to_decide(viewer, transport, qtbot):
    """Nothing, a chunk, a draft, the ground behind the end: the bar is there for all of them."""
    places = []
    for p, frame in (
        (viewer.project, 0), (viewer.project, 3),
        (with_two_takes(viewer.project, "draft"), 20), (viewer.project, 400),
    ):  # fmt: skip
        viewer.set_project(p)
        transport.set_length(500)
        transport.seek(frame)
        qtbot.wait(5)
        assert viewer.bar.isVisible() and viewer.bar.words.text()
        places.append(viewer.canvas.geometry())
    assert len(set(map(str, places))) == 1
    viewer.set_project(None)
    assert not viewer.bar.isVisible()


def test_the_bar_says_what_is_seen(viewer, transport):
    transport.seek(0)
    assert "starts" in viewer.bar.words.text() and not viewer.bar.redo_button.isVisible()
    transport.seek(3)
    assert "Chunk 1" in viewer.bar.words.text() and viewer.bar.redo_button.isVisible()


def test_buttons_name_the_key_that_the_artist_chose(transport, qtbot):
    actions = Actions()
    v = Viewer(transport, actions)
    qtbot.addWidget(v)
    assert "Space" in v.controls.play.toolTip()
    actions.set_keys("play", ["F5"])
    assert "F5" in v.controls.play.toolTip() and "Space" not in v.controls.play.toolTip()
    v.close_source()


def test_the_preview_gives_way_to_a_look_elsewhere(viewer, transport, qtbot):
    picture = QImage(64, 64, QImage.Format.Format_RGB32)
    picture.fill(QColor("#ff0000"))
    viewer.set_preview(picture, "Chunk 5 · step 3 of 4")
    canvas = viewer.canvas
    assert not canvas.inset
    middle = QPointF(canvas.width() / 2, canvas.height() / 2).toPoint()
    assert QColor(canvas.grab().toImage().pixel(middle)).name() == "#ff0000"
    transport.seek(5)
    assert canvas.inset
    qtbot.waitUntil(lambda: shows(viewer, 120, 4), timeout=60_000)
    corner = canvas.inset_rect().center().toPoint()
    assert QColor(canvas.grab().toImage().pixel(corner)).name() == "#ff0000"
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=corner)
    assert not canvas.inset
    viewer.clear_preview()
    assert canvas.preview is None
    viewer.set_preview(b"no picture", "x")
    assert canvas.preview is None


def test_zoom_levels_are_true_pixels(viewer):
    canvas = viewer.canvas
    viewer.set_project(replace(viewer.project, width=64, height=64))
    ratio = canvas.devicePixelRatioF()
    viewer.controls.zoom.setCurrentIndex(1)
    assert canvas.frame_rect().width() == 64 / ratio
    viewer.controls.zoom.setCurrentIndex(2)
    assert canvas.frame_rect().width() == 128 / ratio
    viewer.controls.zoom.setCurrentIndex(0)
    rect = canvas.frame_rect()
    assert rect.height() == canvas.height() and rect.width() == rect.height()
    viewer.controls.pixels.click()
    assert not canvas.smooth


def test_time_can_be_typed(viewer, transport, qtbot):
    field = viewer.controls.time
    transport.seek(5)
    assert field.text() == "00:00:00:05"
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "1:03")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert transport.frame == 15 and field.text() == "00:00:01:03"
    field.selectAll()
    qtbot.keyClicks(field, "rubbish")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert transport.frame == 15 and field.text() == "00:00:01:03"
    assert viewer.controls.length.text() == "/ 00:00:02:01"


def test_transport_row(viewer, transport):
    controls = viewer.controls
    controls.end.click()
    assert transport.frame == 2 * N
    controls.back.click()
    assert transport.frame == 2 * N - 1
    controls.start.click()
    controls.forward.click()
    controls.forward.click()
    assert transport.playing and "2×" in controls.speed.text()
    controls.play.click()
    assert not transport.playing and controls.speed.text() == ""
    controls.loop.click()
    assert transport.loop


def test_playing_shows_frames_in_order(viewer, transport, qtbot):
    shown = []
    viewer.source.frame_ready.connect(lambda path, frame, image: shown.append((path, frame)))
    transport.set_rate(RATE * 2)
    transport.toggle()
    qtbot.waitUntil(lambda: not transport.playing, timeout=60_000)
    qtbot.waitUntil(lambda: shows(viewer, 180, N - 1), timeout=60_000)
    assert transport.frame == 2 * N
    order = [("sv.mp4", "c1t1-video.mp4", "c2t1-video.mp4").index(Path(p).name) for p, _ in shown]
    assert order == sorted(order)


def test_files_can_be_dropped_on_the_picture(viewer, qtbot, tmp_path):
    mime, paths = QMimeData(), [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    args = (
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    at = QPointF(100, 100)
    with qtbot.waitSignal(viewer.files_dropped, timeout=60_000) as heard:
        QApplication.sendEvent(viewer.canvas, QDragEnterEvent(at.toPoint(), *args))
        QApplication.sendEvent(viewer.canvas, QDropEvent(at, *args))
    assert heard.args == [paths]


def test_without_a_project_it_says_what_to_do(qtbot, transport):
    v = Viewer(transport, Actions())
    qtbot.addWidget(v)
    assert v.canvas.hint == (
        "Start from a picture or a video",
        "Drop one here, or press Ctrl+N for a sample scene",
    )
    v.grab()
    v.close_source()


def test_strips_are_made_once_from_the_video(qtbot, videos, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    asked = []

    def path_of(asset: str) -> Path | None:
        asked.append(asset)
        return bad if asset == "bad" else videos.get(asset)

    strips = StripSource(path_of)
    assert strips.get("c1t1-video") is None
    with qtbot.waitSignal(strips.changed, timeout=60_000):
        assert strips.get("c1t1-video") is None
        assert strips.get("bad") is None and strips.get("not there") is None
    qtbot.waitUntil(lambda: not strips._asked, timeout=60_000)
    strip = strips.get("c1t1-video")
    assert (strip.width(), strip.height()) == (6 * HEIGHT, HEIGHT)
    image = strip.toImage()
    for cell, frame in enumerate(picked(N)):
        green = QColor(image.pixel(cell * HEIGHT + 48, 48)).green()
        assert abs(green - grey(frame)) <= 4
    assert strips.get("bad") is None
    assert asked.count("c1t1-video") == asked.count("bad") == 1
    strips.close()


def test_a_few_frames_stand_for_a_video():
    assert picked(1) == [0] and picked(2) == [1] and picked(12) == [1, 3, 5, 7, 9, 11]
    assert len(picked(500)) == 24 and picked(500)[-1] < 500


def test_a_narrow_row_of_controls_keeps_what_matters(viewer, qtbot):
    controls = viewer.controls
    for width, shown in ((800, True), (400, False)):
        viewer.resize(width, 500)
        qtbot.wait(1)
        assert controls.zoom.isVisible() == controls.length.isVisible() == shown
        for widget in (controls.time, controls.start, controls.play, controls.end, controls.loop):
            assert widget.isVisible()
        assert controls.time.geometry().right() < controls.start.geometry().left()


@pytest.mark.parametrize("width", [380, 520, 640, 720, 900])
def test_nothing_in_the_bar_overlaps_or_is_cut(viewer, qtbot, width):
    viewer.set_project(with_two_takes(viewer.project, "draft"))
    viewer.resize(width, 500)
    qtbot.wait(5)
    bar = viewer.bar
    shown = [w for w in (bar.words, *bar.in_order, bar.take) if w.isVisible()]
    assert {bar.accept_button, bar.redo_button, bar.discard_button} <= set(shown)
    places = sorted((w.geometry() for w in shown), key=lambda r: r.left())
    assert all(a.right() < b.left() for a, b in zip(places, places[1:]))
    assert places[-1].right() < bar.width()
    assert viewer.width() == width
    for button in (bar.accept_button, bar.redo_button, bar.discard_button):
        assert button.width() >= button.minimumSizeHint().width()
    if bar.automatic in shown:
        assert bar.automatic.width() >= bar.automatic.minimumSizeHint().width()
    if width != 720:  # there it depends on the font
        assert (bar.automatic in shown) == (width > 720)
