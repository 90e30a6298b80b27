"""The bank: which remembered frames join the context, so that a place is made as it was."""

from __future__ import annotations

import numpy as np

#: Beyond this a frame shows hardly anything of what is asked for (see ``World.apart``).
GATE = 2.5


def choose(apart: np.ndarray, have: np.ndarray, count: int, gate: float = GATE) -> list[int]:
    """Up to ``count`` of N remembered frames, the most useful first.

    ``apart`` [N, F]: how different each frame is from what each of F new frames looks at; ``have``
    [F]: the same for the best frame of the context that is there anyway. Greedy: each time the one
    that brings the new frames closest to something seen; none that brings nothing.
    """
    best, found = np.minimum(have, gate), []
    for _ in range(min(count, len(apart))):
        gain = np.maximum(best - apart, 0).sum(1)
        gain[found] = 0
        i = int(np.argmax(gain))
        if gain[i] <= 1e-6:
            break
        found.append(i)
        best = np.minimum(best, apart[i])
    return found
