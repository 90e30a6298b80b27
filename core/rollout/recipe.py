"""The recipe of a film: what to do to make it again, small enough to travel inside the MP4.

It holds the start as the world saw it, the actions, the scene, each chunk's seed and settings and
the world's name and hash, and the name of its slow adapter where there was one. No paths. It may come from anybody, so every value is checked before a
project is made from it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from core.project import checks, codec, edits, queries
from core.project.errors import EditError, ProjectError
from core.project.ids import new_id
from core.project.jobs import now
from core.project.migrations import with_preset_of_today
from core.project.model import (
    ActionPart,
    ActionSpan,
    Asset,
    MemoryUse,
    Project,
    Sampling,
    Start,
    WorldRef,
)
from core.project.store import ProjectStore
from core.rollout.missing_adapter import MissingAdapter, kept, missing_adapter

FORMAT = "slowfast-recipe"
#: 2 says that a way of sampling other than "exact", a slow adapter or the preset "both" ("default"
#: before) is part of it, so that an older studio does not make another film without a word. Whatever
#: needs no more is written as 1.
SCHEMA = 2
MAX_VIDEO = 4 << 20  # bytes of the embedded start, after base64
MAX_SIDE = 2048  # pixels
MAX_START = 2000  # frames
MAX_PARTS = 20_000  # actions, chunks
#: Key in ``Project.extra``: seeds of the chunks to come, in order; ``planned_seed`` reads it.
PLANNED = "planned_seeds"

PathOf = Callable[[str], Path | None]


@dataclass(frozen=True)
class _Start:
    kind: Literal["picture", "video"]
    frames: int
    video: str  # base64 of the fitted frames, as an MP4
    name: str = ""


@dataclass(frozen=True)
class _Chunk:
    """A chunk as it was made, and how much of it is shown."""

    seed: int
    frames: int
    shown: int
    actions: tuple[ActionPart, ...]
    scene: str
    sampling: Sampling
    memory: MemoryUse
    learned: bool


@dataclass(frozen=True)
class _SlowAdapter:
    """``base``: the world without it; the recipe's ``world`` is both together."""

    name: str
    base: WorldRef


@dataclass(frozen=True)
class _Recipe:
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
    chunks: tuple[_Chunk, ...]
    episodes: bool  # a saved episode was used: it is not part of the recipe
    start: _Start | None = None
    latent_stride: int = 1
    slow_adapter: _SlowAdapter | None = None


def recipe_of(p: Project, path_of: PathOf | None = None) -> dict[str, Any]:
    """JSON-able. ``path_of`` gives the file of an asset id; without it, or where the start is
    too large to travel, it is left out and has to be chosen again."""
    made = []
    for clip in queries.track_clips(p):
        if clip.kind == "chunk":
            take = queries.chosen_take(p, clip.source)
            made.append(_Chunk(
                take.seed, take.frames, clip.frames, take.actions, take.scene, take.sampling,
                take.memory, take.snapshot is not None,
            ))
    recipe = _Recipe(
        world=p.world, name=p.name, created=now(), rate=p.rate, width=p.width, height=p.height,
        chunk_frames=p.chunk_frames, context_frames=p.context_frames, scene=p.scene,
        actions=p.actions[:MAX_PARTS], sampling=p.sampling, memory=p.memory,
        chunks=tuple(made[:MAX_PARTS]), episodes=any(p.memory_bases.values()),
        start=_start_of(p, path_of), latent_stride=p.latent_stride, slow_adapter=_adapter_of(p),
    )
    asked = (recipe.sampling, *(chunk.sampling for chunk in recipe.chunks))
    memories = {recipe.memory.preset, *(chunk.memory.preset for chunk in recipe.chunks)}
    plain = all(s.way == "exact" for s in asked) and "both" not in memories
    schema = 1 if plain and recipe.slow_adapter is None else 2
    return {"format": FORMAT, "schema": schema, **codec.write(recipe, {})}


def project_from_recipe(data: Any, folder: Path | str) -> ProjectStore:
    """A new project in ``folder`` (new or empty), in which Generate makes the film again; where it
    was made with a slow adapter, ``missing_adapter`` says which it still needs. Raises ProjectError
    with a sentence and leaves nothing behind. The caller closes the store."""
    recipe = read(data)
    p = edits.new_project(
        recipe.name, recipe.world, recipe.rate, (recipe.width, recipe.height),
        recipe.chunk_frames, recipe.context_frames, recipe.latent_stride,
    )
    seeds = [chunk.seed for chunk in recipe.chunks]
    p = replace(
        p, scene=recipe.scene, actions=recipe.actions, sampling=_sampling_of(recipe),
        memory=recipe.memory, next_seed=seeds[0] if seeds else 1,
        extra={PLANNED: seeds} if seeds else {},
    )
    if recipe.slow_adapter is not None:
        adapter = recipe.slow_adapter
        p = kept(p, MissingAdapter(adapter.name, adapter.base, recipe.world.hash))
    if problem := checks.find_problem(p):
        raise ProjectError(f"The recipe can't be used: it is wrong at {problem}.")
    folder = Path(folder)
    was_there = folder.exists()
    store = ProjectStore.create(folder, p)
    try:
        if recipe.start is not None:
            assets, start = _restored(store, recipe)
            store.save(edits.set_start(edits.add_assets(p, assets), start))
    except BaseException as error:
        store.close()
        _forget(folder, was_there)
        if isinstance(error, EditError):
            raise ProjectError(f"The recipe can't be used: {error}") from error
        raise
    return store


def read(data: Any) -> _Recipe:
    """The recipe, checked as far as it can be without its start; raises ProjectError."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise ProjectError("This is not a recipe of SlowFast Studio.")
    if type(data.get("schema")) is not int or data["schema"] > SCHEMA:
        raise ProjectError("The recipe was made by a newer version of the studio. Update it first.")
    try:
        recipe: _Recipe = codec.read(_Recipe, _as_today(dict(data)), {})
    except codec.Wrong as wrong:
        raise ProjectError(f"The recipe is damaged at {wrong}.") from None
    except RecursionError:
        raise ProjectError("The recipe is damaged: it is nested too deeply.") from None
    if problem := _problem(recipe):
        raise ProjectError(f"The recipe can't be used: {problem}.")
    spans = tuple(replace(s, id=new_id(), text=_line(s.text, 500)) for s in recipe.actions)
    adapter = recipe.slow_adapter
    if adapter is not None:
        base = replace(adapter.base, name=_line(adapter.base.name, 200))
        adapter = replace(adapter, name=_line(adapter.name, 200) or "slow adapter", base=base)
    return replace(
        recipe, actions=tuple(s for s in spans if s.text), scene=_line(recipe.scene, 2000),
        name=_line(recipe.name, 200) or "From a recipe", slow_adapter=adapter,
    )


def _sampling_of(recipe: _Recipe) -> Sampling:
    """As the film was made, where all of it was made alike: what the project asked for afterwards
    may be something else. Where it was not, one sampling can't make it again, and the project's
    own is as good as any."""
    made = {chunk.sampling for chunk in recipe.chunks}
    return made.pop() if len(made) == 1 else recipe.sampling


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


def _problem(r: _Recipe) -> str | None:
    if not (8 <= r.width <= MAX_SIDE and 8 <= r.height <= MAX_SIDE):
        return f"frames of {r.width}×{r.height} are not what a world makes"
    if not (1 <= r.chunk_frames <= 1000 and 0 <= r.context_frames <= 1000):
        return "its chunks have an impossible length"
    if not (1 <= r.latent_stride <= 64 and r.chunk_frames % r.latent_stride == 0):
        return "its chunks are not whole in latent frames"
    if len(r.actions) > MAX_PARTS or len(r.chunks) > MAX_PARTS:
        return "it is far longer than any film"
    if any(checks.sampling_problem(s) for s in (r.sampling, *(c.sampling for c in r.chunks))):
        return "it is sampled in no way that there is"
    if any(not 0 <= c.seed < checks.MAX_SEED for c in r.chunks):
        return "a seed is out of range"
    if r.slow_adapter is not None and r.slow_adapter.base.id != r.world.id:
        return "its slow adapter is of another world"
    if r.start is not None and not 1 <= r.start.frames <= MAX_START:
        return "its start has an impossible length"
    return None


def _adapter_of(p: Project) -> _SlowAdapter | None:
    """The project's own; or the one it still lacks, since its world is that with it."""
    if p.slow_adapter is not None:
        return _SlowAdapter(p.slow_adapter.name, p.slow_adapter.base)
    missing = missing_adapter(p)
    return _SlowAdapter(missing.name, missing.base) if missing is not None else None


def _start_of(p: Project, path_of: PathOf | None) -> _Start | None:
    if p.start is None or path_of is None or p.start.frames > MAX_START:
        return None
    path = path_of(p.start.video)
    if path is None or not path.is_file() or path.stat().st_size > MAX_VIDEO * 3 // 4:
        return None
    source = p.assets.get(p.start.source)
    return _Start(
        p.start.kind, p.start.frames, base64.b64encode(path.read_bytes()).decode("ascii"),
        source.name if source is not None else "",
    )


def _restored(store: ProjectStore, recipe: _Recipe) -> tuple[tuple[Asset, ...], Start]:
    """The embedded start as files of the project; raises ProjectError where it is not one."""
    from core.media.errors import MediaError
    from core.media.reader import FrameReader
    from core.media.thumbs import thumbnail_jpeg, thumbnail_png

    start = recipe.start
    try:
        if len(start.video) > MAX_VIDEO:
            raise ValueError("too large")
        data = base64.b64decode(start.video, validate=True)
    except (ValueError, binascii.Error):
        raise ProjectError("The recipe's start is damaged. Choose a start by hand.") from None
    with TemporaryDirectory(prefix="slowfast-recipe-") as temporary:
        video = Path(temporary) / "start.mp4"
        video.write_bytes(data)
        try:
            with FrameReader(video) as reader:
                frames, last = len(reader), reader.frame(len(reader) - 1)
        except (MediaError, IndexError) as error:
            raise ProjectError("The recipe's start is damaged. Choose a start by hand.") from error
        if frames != start.frames or last.shape != (recipe.height, recipe.width, 3):
            raise ProjectError("The recipe's start does not fit the recipe. Choose it by hand.")
        (Path(temporary) / "start.jpg").write_bytes(thumbnail_jpeg(last))
        name = _line(Path(start.name.replace("\\", "/")).name, 100) or "start"
        kept = store.import_file(video, "video")
        thumbnail = store.import_file(Path(temporary) / "start.jpg", "thumbnail")
        source = kept
        if start.kind == "picture":
            picture = Path(temporary) / "start.png"
            picture.write_bytes(thumbnail_png(last, MAX_SIDE))
            source = store.import_file(picture, "source", name=name)
    made = Start(source.id, start.kind, kept.id, frames, thumbnail.id)
    return tuple({a.id: a for a in (source, kept, thumbnail)}.values()), made


def _line(text: str, longest: int) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:longest]).split())


def _forget(folder: Path, was_there: bool) -> None:
    import shutil

    if was_there:
        for path in folder.iterdir():
            shutil.rmtree(path, True) if path.is_dir() else path.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
