"""How well a walk holds together: drift from its opening, cuts, and whether places come back.

``look`` measures one video by itself, so that it is decoded once; ``judge`` compares it with what
came before it. numpy and OpenCV only; nothing here loads a world.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.media.cv import cv2

SIDE = 32  # pixels of the pictures that are compared: a revisit is never the same to the pixel
#: PySceneDetect's adaptive rule: so much more change than around it, and so much change at all.
CUT_RATIO, CUT_CONTENT, _AROUND = 3.0, 15.0, 2
#: A view is another's where their poses differ by less; the walk was away where by more.
SAME_VIEW, AWAY = 0.2, 0.8  # see ``World.apart``
RETURN_AFTER = 12  # frames
_SHIFTS = (-2, -1, 0, 1, 2)  # pixels of SIDE that a returning view may lie beside the first


@dataclass(frozen=True)
class Looks:
    """One row a frame. ``small`` uint8 [F, SIDE, SIDE, 3]; ``contrast`` and ``sharpness`` [F];
    ``colour`` [F, 3]; ``pose`` [F, 3], NaN where it is not known."""

    small: np.ndarray
    contrast: np.ndarray
    sharpness: np.ndarray
    colour: np.ndarray
    pose: np.ndarray

    def __len__(self) -> int:
        return len(self.small)

    def __getitem__(self, part: slice) -> Looks:
        return Looks(
            self.small[part], self.contrast[part], self.sharpness[part], self.colour[part],
            self.pose[part],
        )  # fmt: skip

    @staticmethod
    def joined(parts: Sequence[Looks]) -> Looks:
        rows = ((p.small, p.contrast, p.sharpness, p.colour, p.pose) for p in parts)
        return Looks(*(np.concatenate(column) for column in zip(*rows)))


@dataclass(frozen=True)
class Drift:
    """Against the opening: contrast and sharpness as ratios, colour in levels of 0–255."""

    contrast: float
    sharpness: float
    colour: float

    @property
    def amount(self) -> float:
        """0 = as at the opening, 1 = half or twice the contrast, a quarter of the sharpness, or a
        quarter of the way to another colour."""
        parts = (
            abs(math.log(self.contrast)) / math.log(2),
            abs(math.log(self.sharpness)) / math.log(4),
            self.colour / 64,
        )
        return min(1.0, max(parts))


@dataclass(frozen=True)
class Return:
    """Frame ``frame`` of the part comes back to the view of ``to``, an index into all that was
    judged with it; ``same`` 0–1."""

    frame: int
    to: int
    same: float


@dataclass(frozen=True)
class Verdict:
    """``cuts``: frames of the part that begin something else (0: at its seam)."""

    drift: Drift
    cuts: tuple[int, ...] = ()
    returns: tuple[Return, ...] = ()

    @property
    def kept(self) -> float | None:
        """How much of what it comes back to is the same; None where it comes back to nothing."""
        if not self.returns:
            return None
        return sum(r.same for r in self.returns) / len(self.returns)


# ---- one video -----------------------------------------------------------------------------------


def look(video: str | os.PathLike, latents: str | os.PathLike | None = None) -> Looks:
    """Decode and measure; poses from the take's latents. Raises MediaError, TensorFileError."""
    from core.media.decode import FrameReader

    with FrameReader(video, cache_bytes=8 << 20) as reader:
        frames = [measured(reader.frame(i)) for i in range(len(reader))]
    columns = [np.stack(column) for column in zip(*frames)]
    return Looks(*columns, _poses(latents, len(frames)))


def looks_of(frames: Sequence[np.ndarray], pose: np.ndarray | None = None) -> Looks:
    """The same of pictures (uint8 [h, w, 3]) that are there already."""
    columns = [np.stack(column) for column in zip(*(measured(f) for f in frames))]
    return Looks(*columns, _nowhere(len(frames)) if pose is None else pose)


def measured(frame: np.ndarray) -> tuple[np.ndarray, float, float, np.ndarray]:
    """(small, contrast, sharpness, mean colour) of one picture."""
    frame = np.ascontiguousarray(frame)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    # A fixed size, so that a larger world's pictures are judged alike.
    sharp = cv2.Laplacian(cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA), cv2.CV_32F)
    return small, float(grey.std()), float(sharp.var()), frame.reshape(-1, 3).mean(0)


def _poses(latents: str | os.PathLike | None, frames: int) -> np.ndarray:
    from core.memory.tensors import read_arrays

    if latents is not None:
        pose = read_arrays(latents, ["pose"])[0].get("pose")
        return pose if pose is not None and pose.shape == (frames, 3) else _nowhere(frames)
    pose = _nowhere(frames)
    pose[-1:] = 0.0  # the start: all poses are counted from its last frame
    return pose


def _nowhere(frames: int) -> np.ndarray:
    return np.full((frames, 3), np.nan)


# ---- in its place --------------------------------------------------------------------------------


def judge(past: Looks, part: Looks, after: Looks | None, opening: Looks) -> Verdict:
    """``part`` in its place: behind ``past``, before ``after``, in a walk that begins with
    ``opening``."""
    returns = _returns(past, part)
    return Verdict(drift(part, opening), _cuts(past, part, after), returns)


def drift(part: Looks, opening: Looks) -> Drift:
    """The middle frame's value decides: one odd frame is no drift."""

    def ratio(name: str) -> float:
        now, then = (float(np.median(getattr(x, name))) for x in (part, opening))
        return (now + 1.0) / (then + 1.0)  # a flat picture has neither

    moved = np.median(part.colour, 0) - np.median(opening.colour, 0)
    return Drift(ratio("contrast"), ratio("sharpness"), float(np.linalg.norm(moved)))


def content(a: np.ndarray, b: np.ndarray) -> float:
    """How much changes between two small pictures: the mean over hue, saturation and value."""
    one, two = (cv2.cvtColor(x, cv2.COLOR_RGB2HSV).astype(np.int16) for x in (a, b))
    away = np.abs(one - two)
    # Hue is a circle, and that of a grey pixel is chance: it counts as far as there is colour.
    hue = np.minimum(away[..., 0], 180 - away[..., 0])
    hue = hue * (np.minimum(one[..., 1], two[..., 1]) / 255)
    return float(hue.mean() + away[..., 1].mean() + away[..., 2].mean()) / 3


def _cuts(past: Looks, part: Looks, after: Looks | None) -> tuple[int, ...]:
    before = past.small[-(_AROUND + 1) :]
    behind = after.small[:_AROUND] if after is not None else part.small[:0]
    whole = np.concatenate([before, part.small, behind])
    change = np.array([content(a, b) for a, b in zip(whole, whole[1:])])
    found = []
    for i in range(len(part)):
        at = len(before) + i - 1  # the step into frame i
        if at < 0 or change[at] < CUT_CONTENT:
            continue
        near = [*change[max(0, at - _AROUND) : at], *change[at + 1 : at + 1 + _AROUND]]
        if near and change[at] >= CUT_RATIO * max(float(np.mean(near)), 1e-6):
            found.append(i)
    return tuple(found)


def _returns(past: Looks, part: Looks) -> tuple[Return, ...]:
    """The closest frame of each stretch that shows an earlier view again, after being away."""
    pose = np.concatenate([past.pose, part.pose])
    runs: list[list[tuple[float, int, int]]] = []
    for i in range(len(part)):
        at = len(past) + i
        early = at - RETURN_AFTER
        if early < 0 or not np.isfinite(pose[at]).all():
            continue
        away = apart(pose[: at + 1], pose[at])
        gone = np.flatnonzero(away[:at] > AWAY)
        if not len(gone):
            continue
        # Between the first view and this one the walk must have been elsewhere.
        away = away[: min(early + 1, int(gone[-1]))]
        if not len(away) or not away.min() <= SAME_VIEW:
            continue
        close = float(away.min())
        to = int(np.flatnonzero(away <= close + 1e-6)[0])  # the first time it was seen
        if runs and runs[-1][-1][1] == i - 1:
            runs[-1].append((close, i, to))
        else:
            runs.append([(close, i, to)])
    found = []
    for run in runs:
        _, i, to = min(run)
        seen = past.small[to] if to < len(past) else part.small[to - len(past)]
        found.append(Return(i, to, alike(seen, part.small[i])))
    return tuple(found)


def apart(poses: np.ndarray, one: np.ndarray) -> np.ndarray:
    """[N]: how differently poses [N, 3] look; inf where one is not known."""
    away = np.hypot(poses[:, 0] - one[0], poses[:, 1] - one[1])
    away = away + 2 * np.abs(np.sin((poses[:, 2] - one[2]) / 2))
    return np.where(np.isfinite(away), away, np.inf)


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two small pictures in grey, 0–1, the best of small sidesteps."""
    one, two = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).astype(np.float32) for x in (a, b))
    found = []
    for by in _SHIFTS:
        left, right = max(0, by), SIDE + min(0, by)
        found.append(_ssim(one[:, left:right], two[:, left - by : right - by]))
    return float(min(1.0, max(0.0, *found)))


def _ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004, Gaussian windows of σ 1.5, values of 0–255."""

    def blur(x: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(x, (0, 0), 1.5)

    ma, mb = blur(a), blur(b)
    va, vb, both = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * ma * mb + c1) * (2 * both + c2)
    return float((top / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean())


# ---- the best of several -------------------------------------------------------------------------

_STEPS = 20  # what differs by less than a twentieth is as good


def merit(v: Verdict) -> int:
    """0–100, higher is better: places that come back the same, then no cuts, then little drift."""
    calm = _STEPS - round(v.drift.amount * _STEPS)
    whole = (3 - min(len(v.cuts), 3)) * (_STEPS + 1) + calm
    most = 3 * (_STEPS + 1) + _STEPS
    if v.kept is not None:
        whole += round(v.kept * _STEPS) * (most + 1)
        most += _STEPS * (most + 1)
    return round(100 * whole / most)


def order(v: Verdict) -> tuple[int, int, int]:
    """Sorts best first; equals stay in their order."""
    kept = round(v.kept * _STEPS) if v.kept is not None else 0
    return -kept, len(v.cuts), round(v.drift.amount * _STEPS)


def ranked(verdicts: Sequence[Verdict]) -> list[int]:
    """Indices, best first; of equals the one made first."""
    return sorted(range(len(verdicts)), key=lambda i: order(verdicts[i]))
