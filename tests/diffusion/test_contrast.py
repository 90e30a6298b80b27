"""Contrast over a long roll-out."""

from __future__ import annotations

import torch

from core.diffusion.contrast import KEPT, MOST, keep_contrast


def test_flat_frames_get_their_contexts_spread_and_keep_their_mean() -> None:
    torch.manual_seed(0)
    past = torch.randn(3, 4, 16, 16) * 2
    flat = torch.randn(3, 8, 16, 16) * 1.5 + 5
    kept = keep_contrast(flat, past)
    wanted = past.std((2, 3)).mean(1, keepdim=True) * KEPT
    torch.testing.assert_close(kept.std((2, 3)), wanted.expand(-1, 8))
    torch.testing.assert_close(kept.mean((2, 3)), flat.mean((2, 3)))


def test_lively_frames_stay_as_they_are_and_nothing_is_blown_up() -> None:
    torch.manual_seed(0)
    past = torch.randn(3, 4, 16, 16)
    lively = torch.randn(3, 8, 16, 16) * 3
    torch.testing.assert_close(keep_contrast(lively, past), lively)
    nearly_blank = torch.randn(3, 8, 16, 16) * 1e-3
    spread = keep_contrast(nearly_blank, past).std((2, 3)) / nearly_blank.std((2, 3))
    torch.testing.assert_close(spread, torch.full_like(spread, MOST))
