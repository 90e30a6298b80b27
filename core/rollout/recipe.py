"""The recipe of a film: what to do to make it again, small enough to travel inside the MP4.

It holds the start as the world saw it, the actions, the scene, the seed and settings of each chunk
that led to its last one, the world's name and hash, and the name of its slow adapter where there
was one. No paths. It may come from anybody, so every value is checked before a project is made from
it (``remaking``).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from core.project import checks, codec, queries
from core.project.errors import ProjectError
from core.project.ids import new_id
from core.project.jobs import now
from core.project.migrations import with_preset_of_today
from core.project.model import (
    AT_START,
    ActionPart,
    ActionSpan,
    MemoryUse,
    Project,
    Sampling,
    Take,
    WorldRef,
)
from core.rollout.missing_adapter import missing_adapter

FORMAT = "slowfast-recipe"
#: 2 says that a way of sampling other than "exact", a slow adapter or a preset with both memories
#: ("both", "default" before, and "fallback") is part of it, so that an older studio does not make
#: another film without a word. Whatever needs no more is written as 1.
SCHEMA = 2
MAX_VIDEO = 4 << 20  # bytes of the embedded start, after base64
MAX_SIDE = 2048  # pixels
MAX_START = 2000  # frames
MAX_PARTS = 20_000  # actions, chunks
#: Key in ``Project.extra``: seeds of the chunks to come, in order; ``planned_seed`` reads it.
PLANNED = "planned_seeds"

PathOf = Callable[[str], Path | None]


@dataclass(frozen=True)
class RecipeStart:
    kind: Literal["picture", "video"]
    frames: int
    video: str  # base64 of the fitted frames, as an MP4
    name: str = ""


@dataclass(frozen=True)
class RecipeChunk:
    """A chunk as it was made, and how much of it the next one goes on from (``shown``)."""

    seed: int
    frames: int
    shown: int
    actions: tuple[ActionPart, ...]
    scene: str
    sampling: Sampling
    memory: MemoryUse
    learned: bool


@dataclass(frozen=True)
class RecipeAdapter:
    """``base``: the world without it; the recipe's ``world`` is both together."""

    name: str
    base: WorldRef


@dataclass(frozen=True)
class Recipe:
    world: WorldRef
    name: str
    created: str
    rate: Fraction
    width: int
    height: int
    chunk_frames: int
    context_frames: int
    scene: str
    actions: tuple[ActionSpan, ...]
    sampling: Sampling
    memory: MemoryUse
    chunks: tuple[RecipeChunk, ...]
    episodes: bool  # a saved episode was used: it is not part of the recipe
    start: RecipeStart | None = None
    latent_stride: int = 1
    slow_adapter: RecipeAdapter | None = None
    memory_set: bool = False  # the memory was emptied or taken back on the way
    shown_until: int = 0  # where the film ends; actions behind it are planned
    cut: bool = False  # the film does not show its chunks whole and in a row


def recipe_of(p: Project, path_of: PathOf | None = None) -> dict[str, Any]:
    """JSON-able. ``path_of`` gives the file of an asset id; without it, or where the start is
    too large to travel, it is left out and has to be chosen again."""
    made, (episodes, memory_set) = _chunks(p), _bases(p)
    recipe = Recipe(
        world=p.world, name=p.name, created=now(), rate=p.rate, width=p.width, height=p.height,
        chunk_frames=p.chunk_frames, context_frames=p.context_frames, scene=p.scene,
        actions=p.actions[:MAX_PARTS], sampling=p.sampling, memory=p.memory,
        chunks=tuple(made[:MAX_PARTS]), episodes=episodes,
        start=_start_of(p, path_of), latent_stride=p.latent_stride, slow_adapter=_adapter_of(p),
        memory_set=memory_set, shown_until=queries.sequence_end(p), cut=_is_cut(p),
    )
    asked = (recipe.sampling, *(chunk.sampling for chunk in recipe.chunks))
    memories = {recipe.memory.preset, *(chunk.memory.preset for chunk in recipe.chunks)}
    plain = all(s.way == "exact" for s in asked) and memories.isdisjoint(("both", "fallback"))
    schema = 1 if plain and recipe.slow_adapter is None else 2
    return {"format": FORMAT, "schema": schema, **codec.write(recipe, {})}


def _chain(p: Project) -> list[Take]:
    tip = queries.tip(p)
    return queries.chain(p, tip.take) if tip is not None else []


def _chunks(p: Project) -> list[RecipeChunk]:
    """What was made, one after the other, to come to the last chunk: not what is shown of it. A
    chunk that was cut in two was made once, and one that was taken out may have been gone on from."""
    takes, tip = _chain(p), queries.tip(p)
    went_on = [*(t.parent.frames for t in takes[1:]), tip.frames if tip is not None else 0]
    return [
        RecipeChunk(
            t.seed, t.frames, frames, t.actions, t.scene, t.sampling, t.memory,
            t.snapshot is not None,
        )
        for t, frames in zip(takes, went_on)
    ]


def _is_cut(p: Project) -> bool:
    """Whether the film shows anything else than the start and its chunks, whole and in a row. Cut in
    two, with both parts where they were, it is still whole."""
    shown = [
        (c.start + i, queries.source_of(p, c), c.in_frame + i)
        for _, c in queries.all_clips(p) for i in range(c.frames)
    ]
    whole = [(t.video, t.frames) for t in _chain(p)]
    if p.start is not None:
        whole.insert(0, (p.start.video, p.start.frames))
    frames = [(video, i) for video, count in whole for i in range(count)]
    return shown != [(at, *frame) for at, frame in enumerate(frames)]


def _bases(p: Project) -> tuple[bool, bool]:
    """(whether a saved episode was gone on with; whether the memory was emptied or taken back), as
    the chunks that were made were begun."""
    keys = [t.parent.take if t.parent is not None else AT_START for t in _chain(p)]
    found = [(key, p.memory_bases[key]) for key in keys if key in p.memory_bases]
    own = {t.snapshot for t in p.takes.values()}
    return (
        any(base and base not in own for _, base in found),
        any(base in own if base else key != AT_START for key, base in found),
    )


def read(data: Any) -> Recipe:
    """The recipe, checked as far as it can be without its start; raises ProjectError."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise ProjectError("This is not a recipe of SlowFast Studio.")
    if type(data.get("schema")) is not int or data["schema"] > SCHEMA:
        raise ProjectError("The recipe was made by a newer version of the studio. Update it first.")
    try:
        recipe: Recipe = codec.read(Recipe, _as_today(dict(data)), {})
    except codec.Wrong as wrong:
        raise ProjectError(f"The recipe is damaged at {wrong}.") from None
    except RecursionError:
        raise ProjectError("The recipe is damaged: it is nested too deeply.") from None
    if problem := _problem(recipe):
        raise ProjectError(f"The recipe can't be used: {problem}.")
    spans = tuple(replace(s, id=new_id(), text=line(s.text, 500)) for s in recipe.actions)
    adapter = recipe.slow_adapter
    if adapter is not None:
        base = replace(adapter.base, name=line(adapter.base.name, 200))
        adapter = replace(adapter, name=line(adapter.name, 200) or "slow adapter", base=base)
    return replace(
        recipe, actions=tuple(s for s in spans if s.text), scene=line(recipe.scene, 2000),
        name=line(recipe.name, 200) or "From a recipe", slow_adapter=adapter,
    )


def _as_today(data: dict[str, Any]) -> dict[str, Any]:
    """A recipe of any age with the names that presets have today."""
    data = with_preset_of_today(data)
    if isinstance(data.get("chunks"), list):
        data["chunks"] = [with_preset_of_today(chunk) for chunk in data["chunks"]]
    return data


def planned_seed(p: Project, number: int) -> int | None:
    """The seed that chunk ``number`` (0 first) was made with, where the project says so."""
    seeds = p.extra.get(PLANNED)
    if isinstance(seeds, list | tuple) and 0 <= number < len(seeds):
        seed = seeds[number]
        if type(seed) is int and 0 <= seed < checks.MAX_SEED:
            return seed
    return None


def _problem(r: Recipe) -> str | None:
    if not (8 <= r.width <= MAX_SIDE and 8 <= r.height <= MAX_SIDE):
        return f"frames of {r.width}×{r.height} are not what a world makes"
    if not (1 <= r.chunk_frames <= 1000 and 0 <= r.context_frames <= 1000):
        return "its chunks have an impossible length"
    if not (1 <= r.latent_stride <= 64 and r.chunk_frames % r.latent_stride == 0):
        return "its chunks are not whole in latent frames"
    parts = [part for chunk in r.chunks for part in chunk.actions]
    if max(len(r.actions), len(r.chunks), len(parts)) > MAX_PARTS:
        return "it is far longer than any film"
    if any(part.frames < 1 for part in parts):
        return "an action of a chunk has an impossible length"
    if any(checks.sampling_problem(s) for s in (r.sampling, *(c.sampling for c in r.chunks))):
        return "it is sampled in no way that there is"
    if any(checks.memory_problem(m) for m in (r.memory, *(c.memory for c in r.chunks))):
        return "it remembers in no way that there is"
    if any(not 0 <= c.seed < checks.MAX_SEED for c in r.chunks):
        return "a seed is out of range"
    if r.slow_adapter is not None and r.slow_adapter.base.id != r.world.id:
        return "its slow adapter is of another world"
    if r.start is not None and not 1 <= r.start.frames <= MAX_START:
        return "its start has an impossible length"
    return None


def _adapter_of(p: Project) -> RecipeAdapter | None:
    """The project's own; or the one it still lacks, since its world is that with it."""
    if p.slow_adapter is not None:
        return RecipeAdapter(p.slow_adapter.name, p.slow_adapter.base)
    missing = missing_adapter(p)
    return RecipeAdapter(missing.name, missing.base) if missing is not None else None


def _start_of(p: Project, path_of: PathOf | None) -> RecipeStart | None:
    if p.start is None or path_of is None or p.start.frames > MAX_START:
        return None
    path = path_of(p.start.video)
    if path is None or not path.is_file() or path.stat().st_size > MAX_VIDEO * 3 // 4:
        return None
    source = p.assets.get(p.start.source)
    return RecipeStart(
        p.start.kind, p.start.frames, base64.b64encode(path.read_bytes()).decode("ascii"),
        source.name if source is not None else "",
    )


def line(text: str, longest: int) -> str:
    """What can be shown of ``text``, in one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:longest]).split())
