"""The recordings that training draws from: some of each domain, by shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.learning.shards import FIRST_PERSON, WalkData, read_walks
from core.learning.whereabouts import Whereabouts, whereabouts
from core.worlds.starter.text import StarterTextEncoder

Say = Callable[[str], None]


@dataclass(frozen=True)
class Mixture:
    """All recordings in memory, where each was filmed from, and how often each domain is drawn."""

    walks: list[WalkData]
    where: list[Whereabouts]
    domains: dict[str, np.ndarray]  # name → indices into ``walks``
    shares: np.ndarray  # of the domains, in their order; they add up to 1

    @property
    def rate(self) -> int:
        """Frames a second, the same for all."""
        return self.walks[0].rate

    def draw(self, rng: np.random.Generator) -> int:
        """The index of a recording: a domain by its share, then any recording of it."""
        indices = next(iter(self.domains.values()))
        if len(self.domains) > 1:
            indices = list(self.domains.values())[int(rng.choice(len(self.shares), p=self.shares))]
        return int(indices[int(rng.integers(len(indices)))])

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {len(indices)} recordings, {share:.0%} of the clips"
            for (name, indices), share in zip(self.domains.items(), self.shares)
        )


def read_mixture(
    folder: Path, text: StarterTextEncoder, least: int,
    sources: Sequence[str] = (FIRST_PERSON,), shares: Sequence[float] | None = None,
    say: Say = print,
) -> Mixture:
    """Recordings of ``sources`` with latents and at least ``least`` frames; what is left out is
    said. Raises FileNotFoundError where a source has none, ValueError where they do not fit
    together, ShardError for a damaged shard.

    Without ``shares`` a domain is drawn in proportion to the square root of its recordings. In
    proportion to the recordings themselves, a few videos of one's own would hardly be met beside
    hundreds of walks; all domains alike, those few would be learned by heart.
    """
    found: dict[str, list[WalkData]] = {name: [] for name in sources}
    left_out: dict[tuple[str, str], int] = {}
    for walk in read_walks(folder, sources):
        why = ""
        if walk.latents is None:
            why = "they hold pictures, not latents; build them with --keep latents"
        elif len(walk.verbs) < least:
            why = f"they have fewer than the {least} frames of a window"
        if why:
            left_out[walk.source, why] = left_out.get((walk.source, why), 0) + 1
        else:
            found[walk.source].append(walk)
    for (name, why), count in left_out.items():
        say(f"{count} recordings of {name} are left out: {why}.")
    if not any(Path(folder).glob("*.safetensors")):
        raise FileNotFoundError(f"No shards in {folder}; make them with core.learning.data.")
    for name, walks in found.items():
        if not walks:
            raise FileNotFoundError(
                f"There are no recordings of {name} in {folder} to train on. Make them with "
                f"core.learning.data build --source {name}, or leave {name} out of --sources."
            )
    walks = [walk for domain in found.values() for walk in domain]
    if len({tuple(walk.latents.shape[1:]) for walk in walks}) > 1:
        raise ValueError(
            f"The shards in {folder} were made with different autoencoders: their latents differ "
            "in shape. Build them again with one."
        )
    if len(rates := {walk.rate for walk in walks}) > 1:
        raise ValueError(
            f"The shards in {folder} have {' and '.join(map(str, sorted(rates)))} frames a second. "
            "A world is trained on one rate: build the others again with the same --every."
        )
    edges = np.cumsum([0, *(len(domain) for domain in found.values())])
    domains = {name: np.arange(a, b) for name, a, b in zip(found, edges, edges[1:])}
    return Mixture(
        walks, [whereabouts(walk, text) for walk in walks], domains,
        _shares(np.diff(edges), list(found), shares),
    )


def _shares(
    counts: np.ndarray, names: Sequence[str], given: Sequence[float] | None
) -> np.ndarray:
    if given is None:
        weights = np.sqrt(counts)
    elif len(given) != len(names) or min(given) <= 0 or not np.isfinite(given).all():
        raise ValueError(
            f"--shares takes one number above 0 for each of {', '.join(names)}, not "
            f"{', '.join(f'{s:g}' for s in given)}"
        )
    else:
        weights = np.array(given, np.float64)
    return weights / weights.sum()
