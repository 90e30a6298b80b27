"""The first-person measures on worlds whose answers are known."""

from __future__ import annotations

import numpy as np

from core.evaluate.first_person import psnr


def test_psnr_is_what_it_is_and_has_no_infinities() -> None:
    a = np.full((2, 8, 8, 3), 100, np.uint8)
    b = a.copy()
    b[1] += 10
    found = psnr(a, b)
    np.testing.assert_allclose(found, [10 * np.log10(255**2), 10 * np.log10(255**2 / 100)], rtol=1e-5)
