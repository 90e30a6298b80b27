"""Where the frames of a window stand in time, for models that place them by rotary positions."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


def positions(times: Sequence[int], stride: int, horizon: int) -> tuple[int, ...]:
    """Latent positions of a window's frames, the earliest at 0. ``times`` in pictures, ``stride``
    pictures a latent frame.

    Frames that follow each other stand next to each other, as in training. One from long ago
    stands as far back as it is, but never farther than the ``horizon`` latent frames that the
    model was trained to see at once: beyond them a distance means nothing to it.
    """
    newest_first = sorted(range(len(times)), key=lambda i: -times[i])
    back = {newest_first[0]: 0}
    for older, (i, j) in enumerate(zip(newest_first, newest_first[1:]), start=2):
        away = back[i] + max(1, round((times[i] - times[j]) / stride))
        left = len(times) - older  # these are older still, and each needs a place
        back[j] = max(back[i] + 1, min(away, horizon - 1 - left))
    farthest = max(back.values())
    return tuple(farthest - back[i] for i in range(len(times)))


class PlacedRope(nn.Module):
    """A rotary embedding of Wan's kind with frames at chosen positions instead of 0, 1, 2, …

    Such an embedding counts a window's frames from its shape; the rows that it gives for a longer
    one hold those that are wanted.
    """

    def __init__(self, rope: nn.Module):
        super().__init__()
        self.rope = rope
        self.at: tuple[int, ...] | None = None

    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        """Latents [B, C, F, h, w] → cos, sin [1, F·tokens, 1, D]."""
        frames = hidden_states.shape[2]
        if self.at is None or self.at == tuple(range(frames)):
            return self.rope(hidden_states)
        if len(self.at) != frames:
            raise ValueError(f"{len(self.at)} positions for {frames} frames")
        longest = max(self.at) + 1
        # Only the shape is read: nothing of this size is made.
        shape = hidden_states[:, :, :1].expand(-1, -1, longest, -1, -1)
        rows = list(self.at)
        cos, sin = (t.unflatten(1, (longest, -1)) for t in self.rope(shape))
        return cos[:, rows].flatten(1, 2), sin[:, rows].flatten(1, 2)
