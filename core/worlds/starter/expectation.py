"""What a walker expects to see: frames seen before, moved to where the new frames look from.

Every source frame has a depth of its own. For each new frame the sources' points are projected
into it, each source's nearest first, which says what is visible there and how far away; then each
pixel is fetched from the source that knows it and looked from the most similar place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.depth import StarterDepth

_FAR = 0.02  # the least nearness, 1 / cells: the sky is not infinitely far
_NEAR = 0.05  # cells: what is closer to the eye, or behind it, is not seen
_TURN_COST = 0.5  # cells of displacement that one radian of turning counts for


def relative(source: Tensor, pose: Tensor) -> tuple[Tensor, ...]:
    """[B, S, 3], [B, F, 3] → where the eye of ``pose`` is in the source's axes (forward, left), and
    cos, sin of how far it is turned; each [B, S, F, 1, 1]."""
    source, pose = source.float()[:, :, None], pose.float()[:, None]
    delta = pose[..., :2] - source[..., :2]
    cos, sin = source[..., 2].cos(), source[..., 2].sin()
    turn = pose[..., 2] - source[..., 2]
    parts = (
        delta[..., 0] * cos + delta[..., 1] * sin, -delta[..., 0] * sin + delta[..., 1] * cos,
        turn.cos(), turn.sin(),
    )
    return tuple(p[..., None, None] for p in parts)


def rays(size: int, half: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Tangents right and down of each pixel of a square picture, [size, size]."""
    line = ((torch.arange(size, device=device) + 0.5) / size * 2 - 1) * half
    down, right = torch.meshgrid(line, line, indexing="ij")
    return right, down


def splat(near: Tensor, moved: tuple[Tensor, ...], half: float) -> Tensor:
    """Nearness [B, S, g, g] as seen from each new frame: [B, S, F, g, g], 0 where nothing lands."""
    b, s, g, _ = near.shape
    forward, left, cos, sin = moved
    f = forward.shape[2]
    right, down = rays(g, half, near.device)
    depth = (1 / near.clamp_min(_FAR))[:, :, None]
    x, y = depth - forward, -depth * right - left
    ahead = x * cos + y * sin
    aside = y * cos - x * sin
    there = ahead.clamp_min(_NEAR)
    column = (-aside / there / half + 1) / 2 * g - 0.5
    row = (depth * down / there / half + 1) / 2 * g - 0.5
    canvas = near.new_zeros(b, s, f, g * g + 1)
    # A point covers the four cells around it: no cracks where a surface comes nearer.
    for c, r in ((column.floor(), row.floor()), (column.ceil(), row.floor()),
                 (column.floor(), row.ceil()), (column.ceil(), row.ceil())):
        lands = (ahead > _NEAR) & (c >= 0) & (c < g) & (r >= 0) & (r < g)
        index = torch.where(lands, r * g + c, torch.full_like(r, g * g)).long()
        canvas.scatter_reduce_(3, index.flatten(3), (1 / there).flatten(3), "amax")
    return close_gaps(canvas[..., :-1].unflatten(3, (g, g)))


def close_gaps(near: Tensor) -> Tensor:
    """Fill what lies between two nearer neighbours: cracks where a surface was stretched."""
    for _ in range(2):
        wide = F.pad(near, (1, 1, 1, 1))
        across = torch.minimum(wide[..., 1:-1, :-2], wide[..., 1:-1, 2:])
        along = torch.minimum(wide[..., :-2, 1:-1], wide[..., 2:, 1:-1])
        around = torch.maximum(across, along)
        near = torch.where(around > 1.15 * near, around, near)
    return near


def choose(seen: Tensor, moved: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Of each source's nearness [B, S, F, g, g] the one to fetch from: its index [B, F, g, g] and
    the nearness there (0 where no source knows).

    The one that looked from nearest decides, also where another shows something nearer: that is
    more often a misread edge than a thing that hides what is behind it. Measured over held-out
    walks it is better by .9 dB in the context and by .8 at revisits, with true depth never worse.
    """
    forward, left, cos, sin = moved
    cost = (forward.square() + left.square()).sqrt() + _TURN_COST * torch.atan2(sin, cos).abs()
    source = torch.where(seen > 0, cost.expand_as(seen), torch.full_like(seen, 1e6)).argmin(1)
    return source, seen.gather(1, source[:, None])[:, 0]


def fetch(
    pictures: Tensor, source: Tensor, near: Tensor, moved: tuple[Tensor, ...], half: float
) -> tuple[Tensor, Tensor]:
    """Pictures [B, S, 3, H, W] as expected in each new frame: [B, F, 3, H, W], and where they are
    known, [B, F, H, W] (0 or 1)."""
    b, s, _, h, w = pictures.shape
    f = source.shape[1]
    # Smooth along surfaces, sharp at their edges.
    smooth = F.interpolate(near, (h, w), mode="bilinear", align_corners=False)
    near = F.interpolate(near, (h, w), mode="nearest")
    near = torch.where((smooth - near).abs() < 0.1 * near, smooth, near)
    source = F.interpolate(source.float(), (h, w), mode="nearest").long()
    right, down = rays(h, half, pictures.device)
    depth = 1 / near.clamp_min(_FAR)
    forward, left, cos, sin = (
        m[..., 0, 0].gather(1, source.flatten(2).transpose(1, 2).reshape(b, -1, f)).reshape(
            b, h * w, f).transpose(1, 2).reshape(b, f, h, w) for m in moved
    )
    x = forward + depth * cos + depth * right * sin
    y = left + depth * sin - depth * right * cos
    column = -y / x.clamp_min(_NEAR) / half
    row = depth * down / x.clamp_min(_NEAR) / half
    known = (near > 0) & (x > _NEAR) & (column.abs() <= 1.01) & (row.abs() <= 1.01)
    # All sources in one tall picture, so that each pixel is sampled once.
    edge = 1 - 1 / h
    row = (source + (row.clamp(-edge, edge) + 1) / 2) / s * 2 - 1
    grid = torch.stack([column.clamp(-1, 1), row], -1).flatten(1, 2)  # [B, F·H, W, 2]
    tall = pictures.transpose(1, 2).flatten(2, 3)
    out = F.grid_sample(tall, grid, padding_mode="border", align_corners=False)
    return out.unflatten(2, (f, h)).transpose(1, 2), known.to(pictures.dtype)


@torch.no_grad()
def expect(
    pictures: Tensor, near: Tensor, source_pose: Tensor, pose: Tensor, field_of_view: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sources [B, S, 3, H, W] with nearness [B, S, g, g] and poses [B, S, 3], as expected from
    ``pose`` [B, F, 3]: pictures [B, F, 3, H, W], known [B, F, H, W], nearness [B, F, g, g] and the
    source each was fetched from [B, F, g, g]. A pose that is not a number is not known: from there
    nothing is shown, and there nothing is expected."""
    half = math.tan(math.radians(field_of_view) / 2)
    sure = known_pose(source_pose)[:, :, None] & known_pose(pose)[:, None]  # b s f
    moved = relative(source_pose.nan_to_num(), pose.nan_to_num())
    seen = splat(near.float(), moved, half) * sure[..., None, None]
    source, found = choose(seen, moved)
    seen, known = fetch(pictures.float(), source, found, moved, half)
    return seen * known[:, :, None], known, found, source


def known_pose(pose: Tensor) -> Tensor:
    """[..., 3] → [...]."""
    return pose.isfinite().all(-1)


class Expectations:
    """What new frames may expect, as latents: the sources are decoded, moved and encoded again."""

    def __init__(
        self, autoencoder: StarterAutoencoder, depth: StarterDepth, field_of_view: float
    ):
        self.autoencoder, self.depth, self.field_of_view = autoencoder, depth, field_of_view

    @torch.no_grad()
    def __call__(self, sources: Tensor, source_pose: Tensor, pose: Tensor) -> Tensor:
        """Sources [B, S, C, h, w], the present last, seen from [B, S, 3]; new poses [B, F, 3] →
        [B, C + EXPECTED_FACTS, F, h, w] (see ``Condition``); zeros where one is not known."""
        f, there = pose.shape[1], pose.cpu()
        if f > 1 and bool((there == there[:, :1]).all()):  # all look from one place
            return self(sources, source_pose, pose[:, :1]).expand(-1, -1, f, -1, -1)
        last = sources.shape[1] - 1
        known_from = known_pose(source_pose.cpu()).any(0).tolist()
        used = [i for i, is_known in enumerate(known_from) if is_known or i == last]
        sources, source_pose = sources[:, used], source_pose[:, used]
        b, s, c, h, w = sources.shape
        dtype = next(self.autoencoder.parameters()).dtype
        z = sources.flatten(0, 1).to(dtype)
        pictures = torch.cat([self.autoencoder.decode(part) for part in z.split(8)])
        pictures = pictures.clamp(-1, 1).unflatten(0, (b, s))
        near = self.depth(z.to(next(self.depth.parameters()).dtype)).float().unflatten(0, (b, s))
        seen, known, found, source = expect(
            pictures, near, source_pose, pose, self.field_of_view
        )
        flat = seen.flatten(0, 1).to(dtype)
        latents = torch.cat([self.autoencoder.encode(part) for part in flat.split(8)]).float()
        shares = F.avg_pool2d(known, known.shape[-1] // w).unsqueeze(1)
        of_present = (source == s - 1) & known_pose(pose)[..., None, None]
        facts = torch.stack([found.clamp_max(2.0), of_present.float()], 2)
        facts = F.avg_pool2d(facts.flatten(0, 1).float(), found.shape[-1] // w)
        facts = facts.unflatten(0, (b, f)).transpose(1, 2)
        latents = latents.unflatten(0, (b, f)).transpose(1, 2) * (shares > 0)
        return torch.cat([latents, shares, facts], 1)
