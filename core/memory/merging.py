"""Several saved episodes of one world become a new one, each with a weight.

What each part of a memory allows differs:

- The *adapter*: an update B·A of a layer's weights is linear, so the weighted sum of updates is the
  update that does what all of them do. Its rank is brought back to that of the adapter by truncated
  SVD (the closest update of that rank, Eckart and Young 1936). How much was kept is said.
- The *page* for places ("rays") is a network of its own, and the sum of two networks is neither. It
  is also written in the axes of one walk. So one page is kept: that of the heaviest episode whose
  page is written and whose axes are known.
- The *bank*: the frames of all. Their poses stand in the axes of different walks, so each walk has
  a number and is recognised for itself when the episode is loaded (``bank.placements``). Two banks
  that share a frame, bit for bit and at one pose, are of one walk and are joined.
- Adam's moments belong to a path that nobody walked: they begin anew.

Numpy alone, no torch. The same episodes and weights give the same bytes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.memory.episode import (
    MAX_LEARNED,
    MAX_MERGED,
    MAX_WEIGHT,
    Episode,
    Learned,
    load_episode,
    save_episode,
)
from core.memory.errors import MemoryRefused
from core.memory.frames import Frames
from core.memory.low_rank import summed
from core.memory.merged_bank import merged_bank
from core.memory.snapshot import Snapshot
from core.project.model import MergedFrom

_A, _B = ".lora_A.weight", ".lora_B.weight"
_PAGE = "rays."
#: What a page adds is linear in these: "out.weight" and "out.bias".
_WRITTEN = "rays.out."


@dataclass(frozen=True)
class Merged:
    """A new episode that has no file yet, and what became of its parts."""

    snapshot: Snapshot
    bank: Frames
    thumbnail: bytes
    learned: tuple[Learned, ...]
    sources: tuple[MergedFrom, ...]
    created: str  # of the newest source
    kept: float  # share of the norm of the summed update that its rank holds, 0 to 1
    page: str  # the episode whose page for places was kept; "" = none
    pages_left_out: tuple[str, ...]  # the other episodes that had one
    frames_left_out: int  # for lack of room

    @property
    def whole(self) -> bool:
        """Whether all that was learned and remembered is in it."""
        return self.kept >= 0.995 and not self.pages_left_out and not self.frames_left_out

    def words(self) -> str:
        """What became of it, in sentences."""
        parts = ", ".join(f"“{s.name}” ({100 * s.weight:.3g} %)" for s in self.sources)
        found = [f"Merged from {parts}."]
        if self.kept < 0.995:
            found.append(f"{100 * self.kept:.0f} % of what their adapters learned fits into one.")
        if self.pages_left_out:
            left = ", ".join(f"“{name}”" for name in self.pages_left_out)
            reason = (
                f"can't be added up: it is kept of “{self.page}” and left out of {left}."
                if self.page else f"was left out of {left}, because it is not known where that was."
            )
            found.append(f"What an adapter knows by its place {reason}")
        if self.frames_left_out:
            frames = "1 remembered frame was" if self.frames_left_out == 1 else (
                f"{self.frames_left_out} remembered frames were"
            )
            found.append(f"{frames} left out for lack of room.")
        return " ".join(found)


#: Told the share that is done, 0 to 1; what it raises ends the work, and nothing is written.
Tell = Callable[[float], None]


def merge(
    episodes: Sequence[Episode], weights: Sequence[float], tell: Tell = lambda share: None
) -> Merged:
    """``weights`` from 0 (left out) over 1 (as strong as alone) to MAX_WEIGHT, which need not add
    up to 1: beyond that, what one learned may disturb another's place. Raises MemoryRefused with a
    sentence."""
    _check(episodes, weights)
    # Heaviest first, in the order given where they weigh the same.
    order = sorted(range(len(episodes)), key=lambda i: -weights[i])
    used = [(episodes[i], float(weights[i])) for i in order if weights[i] > 0]
    first = used[0][0]
    owner = _page_owner([e.snapshot for e, _ in used])
    page = used[owner][0].snapshot
    values, kept = _adapters(used, tell)
    values |= _page(page, used[owner][1])
    values = {name: values[name] for name in first.snapshot.weights}
    bank, left_out = merged_bank([(e.bank, w) for e, w in used], owner)
    paged = [i for i, (e, _) in enumerate(used) if _has_page(e.snapshot)]
    has_page = owner in paged and _known(page)
    return Merged(
        snapshot=replace(
            first.snapshot, weights=values, exp_avg=_zeros(values), exp_avg_sq=_zeros(values),
            adam_step=0, home=page.home, rank=max(e.snapshot.rank for e, _ in used), bank=None,
            chunks=sum(e.snapshot.chunks for e, _ in used),
            steps=sum(e.snapshot.steps for e, _ in used),
            # Where one of them learned nothing it would disturb the others.
            quiet_below=max(e.snapshot.quiet_below for e, _ in used),
        ),
        bank=bank,
        thumbnail=next((e.info.thumbnail for e, _ in used if e.info.thumbnail), b""),
        learned=tuple(row for e, _ in used for row in e.info.learned)[-MAX_LEARNED:],
        sources=tuple(MergedFrom(e.info.name, float(w)) for e, w in zip(episodes, weights)),
        created=max(e.info.created for e in episodes),
        kept=kept,
        page=used[owner][0].info.name if has_page else "",
        pages_left_out=tuple(
            used[i][0].info.name for i in paged if not (has_page and i == owner)
        ),
        frames_left_out=left_out,
    )


def merge_files(
    paths: Sequence[str | os.PathLike], weights: Sequence[float], target: str | os.PathLike,
    name: str, created: str = "", names: Sequence[str] = (), tell: Tell = lambda share: None,
) -> Merged:
    """Write the episodes in ``paths``, merged, to ``target``. ``created`` "" = when the newest of
    them was; ``names``: what they are called now, where not as their files say. Raises
    MemoryRefused, TensorFileError; then nothing was written."""
    found = []
    for i, path in enumerate(paths):
        tell(0.2 * i / len(paths))
        try:
            one = load_episode(path)
            found.append(replace(one, info=replace(one.info, name=names[i])) if names else one)
        except MemoryRefused as error:
            words = str(error)
            named = words if Path(path).name in words else f"{Path(path).name}: {words}"
            raise MemoryRefused(f"{named} Nothing was merged.") from error
    merged = merge(found, weights, lambda share: tell(0.2 + 0.6 * share))
    tell(0.8)
    save_episode(
        target, merged.snapshot, name=name, bank=merged.bank, thumbnail=merged.thumbnail,
        learned=merged.learned, created=created or merged.created, merged=merged.sources,
    )
    return merged


# ---- what can be merged --------------------------------------------------------------------------


def _check(episodes: Sequence[Episode], weights: Sequence[float]) -> None:
    if len(episodes) < 2:
        raise MemoryRefused("Merging takes two episodes or more. Choose another one beside this.")
    if len(episodes) > MAX_MERGED:
        raise MemoryRefused(f"At most {MAX_MERGED} episodes can be merged at once. Choose fewer.")
    if len(weights) != len(episodes):
        raise MemoryRefused(
            f"Each episode needs a weight: there are {len(episodes)} episodes and {len(weights)} "
            "weights."
        )
    for episode, weight in zip(episodes, weights):
        if not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
            raise MemoryRefused(
                f"The weight of “{episode.info.name}” must be between 0 and "
                f"{100 * MAX_WEIGHT:.0f} %, not {100 * weight:g} %."
            )
    if not any(weights):
        raise MemoryRefused(
            "All weights are 0, so nothing would be left. Give one episode more than that."
        )
    first = episodes[0]
    for other in episodes[1:]:
        a, b = first.info.world, other.info.world
        if a.hash != b.hash:
            raise MemoryRefused(
                f"“{first.info.name}” was made with the world “{a.name}” (version {a.hash[:8]}), "
                f"“{other.info.name}” with “{b.name}” (version {b.hash[:8]}). Only episodes of the "
                "very same world can be merged."
            )
    shape = _layers(first)
    for episode in episodes:
        if _layers(episode) != shape or episode.bank.z.shape[1:] != first.bank.z.shape[1:]:
            raise MemoryRefused(
                f"“{episode.info.name}” can't be merged: its adapter or its frames have another "
                f"shape than those of “{first.info.name}”, though the world is the same. It is "
                "damaged, or was made by another version of the studio."
            )


def _layers(episode: Episode) -> dict[str, tuple[int, ...]]:
    """The shape of every part, of the low-rank ones without the rank; raises MemoryRefused."""
    weights, rank, found = episode.snapshot.weights, episode.snapshot.rank, {}
    for name, array in weights.items():
        if name.endswith(_A):
            other = weights.get(name.removesuffix(_A) + _B)
            whole = other is not None and array.ndim == other.ndim == 2
            if not whole or array.shape[0] != rank or other.shape[1] != rank:
                raise _damaged(episode)
            found[name.removesuffix(_A)] = (len(other), array.shape[1])
        elif name.startswith(_PAGE):
            found[name] = array.shape
        elif not name.endswith(_B):
            raise _damaged(episode)
    if 2 * sum(n.endswith(_A) for n in weights) != sum(n.endswith((_A, _B)) for n in weights):
        raise _damaged(episode)
    return found


def _damaged(episode: Episode) -> MemoryRefused:
    return MemoryRefused(
        f"“{episode.info.name}” is damaged: its adapter is not whole. Use a copy of it. Nothing "
        "was merged."
    )


# ---- the adapter ---------------------------------------------------------------------------------


def _adapters(
    used: Sequence[tuple[Episode, float]], tell: Tell
) -> tuple[dict[str, np.ndarray], float]:
    """The low-rank weights of the weighted sum, and the share of its norm that they hold."""
    values: dict[str, np.ndarray] = {}
    whole = held = 0.0
    layers = [n.removesuffix(_A) for n in used[0][0].snapshot.weights if n.endswith(_A)]
    rank = max(e.snapshot.rank for e, _ in used)
    for i, layer in enumerate(layers):
        tell(i / len(layers))
        parts = [
            (e.snapshot.weights[layer + _A], weight * e.snapshot.weights[layer + _B])
            for e, weight in used
        ]
        if len(parts) == 1:
            (a, b), share = parts[0], (1.0, 1.0)
        else:
            a, b, *share = summed(parts, rank)
        values[layer + _A], values[layer + _B] = a.astype(np.float32), b.astype(np.float32)
        whole, held = whole + share[0], held + share[1]
    return values, math.sqrt(held / whole) if whole else 1.0


def _zeros(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.zeros_like(array) for name, array in values.items()}


# ---- the page for places -------------------------------------------------------------------------


def _page_owner(used: Sequence[Snapshot]) -> int:
    """Whose page is kept, and with it the walk that the adapter's axes are told in."""
    known = [i for i, s in enumerate(used) if _known(s)]
    return next((i for i in known if _has_page(used[i])), known[0] if known else 0)


def _known(snapshot: Snapshot) -> bool:
    """Whether it is known where its adapter's axes stood."""
    return bool(np.isfinite(snapshot.home).all())


def _has_page(snapshot: Snapshot) -> bool:
    return any(a.any() for n, a in snapshot.weights.items() if n.startswith(_WRITTEN))


def _page(snapshot: Snapshot, weight: float) -> dict[str, np.ndarray]:
    """Its page, written ``weight`` times as strongly."""
    return {
        name: array * np.float32(weight) if name.startswith(_WRITTEN) else array
        for name, array in snapshot.weights.items() if name.startswith(_PAGE)
    }
