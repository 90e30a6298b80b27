from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.timeline.geometry import HEADER_WIDTH, PAD, TimeScale, lanes, ruler_step
from app.timeline.snapping import Snapper, free_start, room
from core.project.model import Track
from tests.app.timeline.sample import project


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("ppf", [0.05, 0.7, 3.3, 8.0, 61.7])
def test_edges_lie_on_device_pixels_and_widths_do_not_depend_on_scrolling(ratio, ppf):
    scale = TimeScale(ppf, 0.0, ratio)
    widths = {}
    for left in (0.0, 13.37, 991.6):
        scale.scroll_to(left, 1e9)
        for frame in range(0, 600, 12):
            x = scale.x(frame)
            assert abs(x * ratio - round(x * ratio)) < 1e-6
            wide = round((scale.x(frame + 12) - x) * ratio)
            assert widths.setdefault(frame, wide) == wide


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_zoom_keeps_the_frame_under_the_pointer(ratio):
    scale = TimeScale(4.0, 640.0, ratio)
    for x in (100.0, 333.0, 901.5):
        for factor in (1.1, 1.7, 0.8, 3.0, 0.5):
            before = scale.frame(x)
            scale.zoom(factor, x)
            assert abs(scale.frame(x) - before) * scale.ppf <= 0.5 / ratio + 1e-6


def test_frames_and_pixels_are_each_other_s_inverse():
    scale = TimeScale(8.0, 40.0)
    assert scale.x(0) == PAD - 40
    assert scale.frame_at(scale.x(17)) == 17
    assert scale.frame_at(scale.x(17) - 0.1) == 16
    assert scale.nearest(scale.x(17) - 3) == 17
    assert scale.frame_at(-500) == 0
    np.testing.assert_allclose(scale.xs(np.arange(5)), [scale.x(f) for f in range(5)])


def test_ruler_labels_never_touch():
    for fps in (8, 12, 24, 25, 30):
        for ppf in np.geomspace(0.001, 80, 60):
            label, tick = ruler_step(ppf, fps)
            assert label * ppf >= 84 or label == 36000 * fps
            assert label % tick == 0


def test_lanes_follow_the_tracks():
    rows = lanes(project())
    assert [row.kind for row in rows] == ["actions", "track", "memory"]
    assert all(a.bottom < b.top for a, b in zip(rows, rows[1:]))
    assert lanes(project(), {"v1": 150})[1].height == 150
    assert HEADER_WIDTH % 8 == 0


def test_tracks_without_a_chosen_height_share_the_room():
    short, tall = lanes(project(), room=100), lanes(project(), room=300)
    assert short[1].height == 72
    assert tall[1].height > 72 and tall[-1].bottom <= 300 < tall[-1].bottom + 8
    assert lanes(project(), room=5000)[1].height == 240
    p = project()
    chosen = replace(p, tracks=(replace(p.tracks[0], height=90), Track("v2", "Video 2")))
    upper, lower = lanes(chosen, room=400)[1:3]
    assert (upper.id, lower.id, lower.height) == ("v2", "v1", 90) and upper.height > 150
    assert lanes(chosen, {"v2": 80}, room=400)[1].height == 80


def test_snapping_takes_the_nearest_point_within_reach():
    snapper = Snapper.of([0, 12, 24, 36], without=[24])
    assert snapper.snap(12.9, 8.0) == (12, 12)
    assert snapper.snap(14.0, 8.0) == (14, None)
    assert snapper.snap(24.2, 8.0) == (24, None)
    assert snapper.snap_range(1.0, 12, 8.0) == (0, 0)
    assert snapper.snap_range(24.6, 12, 8.0) == (24, 36)
    assert Snapper().snap(7.4, 8.0) == (7, None)


def test_blocks_find_room():
    taken = [(0, 10), (14, 20), (40, 50)]
    assert free_start(taken, 12, 4) == 10
    assert free_start(taken, 12, 8) == 20
    assert free_start(taken, 33, 8) == 32
    assert free_start(taken, 47, 8) == 50
    assert free_start([], 5, 8) == 5
    assert room(taken, 12) == (10, 14)
    assert room(taken, 15) is None
    assert room(taken, 90) == (50, None)
