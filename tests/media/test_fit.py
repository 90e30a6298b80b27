"""Crop geometry, filters and thumbnails."""

from __future__ import annotations

import numpy as np
import pytest

from core.media.cv import cv2
from core.media.fit import Crop, default_crop, fit_frame
from core.media.thumbs import thumbnail_jpeg, thumbnail_png


@pytest.mark.parametrize(
    "size", [(1920, 1080), (1080, 1920), (128, 128), (1, 1), (1, 5000), (7, 3)]
)
@pytest.mark.parametrize("target", [(128, 128), (160, 90), (90, 160)])
def test_default_crop_is_centred_largest_and_in_shape(size, target):
    crop = default_crop(*size, *target)
    shape = (crop.w * size[0]) / (crop.h * size[1])
    assert shape == pytest.approx(target[0] / target[1])
    assert max(crop.w, crop.h) == 1
    assert crop.x + crop.w / 2 == pytest.approx(0.5)
    assert crop.y + crop.h / 2 == pytest.approx(0.5)


def test_same_shape_keeps_everything():
    assert default_crop(1280, 960, 128, 96) == Crop(0, 0, 1, 1)


@pytest.mark.parametrize(
    "values", [(-0.1, 0, 1, 1), (0, 0, 0, 1), (0.5, 0, 0.6, 1), (0, float("nan"), 1, 1)]
)
def test_a_crop_lies_inside(values):
    with pytest.raises(ValueError, match="inside the picture"):
        Crop(*values)


def test_crop_takes_the_part_that_is_meant():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[25:75, 100:200] = 255
    frame = fit_frame(picture, Crop(0.5, 0.25, 0.5, 0.5), 50, 25)
    assert frame.shape == (25, 50, 3) and frame.min() == 255


def test_whole_picture_at_its_size_is_untouched():
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit_frame(picture, Crop(0, 0, 1, 1), 128, 96), picture)


def test_smaller_is_averaged_not_picked():
    checks = np.indices((256, 256)).sum(axis=0) % 2 * 255
    frame = fit_frame(np.repeat(checks[..., None], 3, 2).astype(np.uint8), Crop(0, 0, 1, 1), 64, 64)
    assert np.abs(frame.astype(int) - 127).max() <= 1


def test_a_slow_drag_moves_smoothly():
    """A crop moved by a third of a pixel moves the picture by a third of a pixel."""
    ramp = np.tile(np.arange(0, 240, 2, dtype=np.uint8)[None, :, None], (120, 1, 3))
    levels = [
        fit_frame(ramp, Crop((10 + k / 3) / 120, 0.1, 0.5, 0.5), 60, 60)[30, 30, 0]
        for k in range(7)
    ]
    steps = np.diff(np.array(levels, int))
    assert steps.min() >= 0 and steps.max() <= 1 and levels[-1] - levels[0] == 4


def test_strip_grows_one_way_and_shrinks_the_other():
    assert fit_frame(np.full((5000, 2, 3), 9, np.uint8), Crop(0, 0, 1, 1), 64, 64).shape == (
        64,
        64,
        3,
    )


def test_wrong_arrays_are_named():
    with pytest.raises(ValueError, match="uint8"):
        fit_frame(np.zeros((4, 4, 3), np.float32), Crop(0, 0, 1, 1), 8, 8)


def test_thumbnails():
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[..., 0] = 200
    for data, size in (
        (thumbnail_jpeg(picture, 80), (45, 80)),
        (thumbnail_png(picture, 80), (45, 80)),
        (thumbnail_png(picture), (90, 160)),
    ):
        back = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)
        assert back.shape[:2] == size
        assert np.abs(back[10, 10].astype(int) - (200, 0, 0)).max() <= 3
