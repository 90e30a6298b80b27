"""The first page, with its pictures, keys and sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar

from app.welcome import Welcome
from app.widgets.choice import Choice
from app.widgets.pixmaps import Pixmaps
from core.rollout.samples import Sample


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    made = []
    for i, colour in enumerate(("red", "green", "blue")):
        path = tmp_path / f"{colour}.png"
        Image.new("RGB", (128, 128), colour).save(path)
        made.append(Sample(path, f"Room {i}", "a room"))
    return made


@pytest.fixture
def page(qtbot, samples, tmp_path):
    made = Welcome(Pixmaps())
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show_samples(samples)
    made.show_recents([(tmp_path / "walk", "A walk", samples[0].picture)])
    with qtbot.waitExposed(made):
        made.show()
    return made


def cards(page: Welcome) -> list[Choice]:
    return [c for c in page.findChildren(Choice) if not c.isHidden()]


def test_pictures_grow_with_the_window(page):
    small = cards(page)[0].thumb.size()
    page.resize(2560, 1400)
    QApplication.processEvents()
    large = cards(page)[0].thumb.size()
    assert large.width() > 1.3 * small.width() and large.height() > 1.3 * small.height()
    page.resize(960, 560)
    QApplication.processEvents()
    for card in cards(page)[:3]:
        right = card.mapTo(page, QPoint(card.width(), 0)).x()
        assert right <= page.width()


def test_a_thumbnail_fills_its_place(page):
    image = cards(page)[1].thumb.grab().toImage()
    for x, y in ((0.5, 0.5), (0.1, 0.5), (0.9, 0.5), (0.5, 0.1), (0.5, 0.9)):
        colour = image.pixelColor(int(image.width() * x), int(image.height() * y))
        assert colour.name() == "#008000"


def test_a_click_enter_and_space_choose_a_sample(page, samples):
    chosen = []
    page.sample_wanted.connect(chosen.append)
    first, second, third = cards(page)[:3]
    QTest.mouseClick(first, Qt.MouseButton.LeftButton)
    QTest.keyClick(second, Qt.Key.Key_Return)
    QTest.keyClick(third, Qt.Key.Key_Space)
    QTest.mousePress(first, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(first, Qt.MouseButton.LeftButton, pos=QPoint(-40, 5))  # given up
    assert chosen == samples


def test_nothing_out_of_sight_takes_the_keys(studio):
    bars = studio.findChildren(QTabBar)
    assert bars and all(bar.focusPolicy() == Qt.FocusPolicy.NoFocus for bar in bars)


def test_tab_goes_through_the_page_from_top_to_bottom(page):
    page.activateWindow()
    seen = []
    widget = cards(page)[0]
    for _ in range(7):
        seen.append(widget)
        widget = widget.nextInFocusChain()
        while not (widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible()):
            widget = widget.nextInFocusChain()
    names = [w.accessibleName().split(",")[0] for w in seen]
    assert names[:4] == ["Room 0", "Room 1", "Room 2", page.drop.accessibleName().split(",")[0]]
    assert names[5] == "A walk"
