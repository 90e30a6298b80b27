"""A film made here becomes a project again, in which Generate makes it anew."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

from core.project import checks, edits
from core.project.errors import EditError, ProjectError
from core.project.ids import new_id
from core.project.model import ActionSpan, Asset, Start
from core.project.store import ProjectStore
from core.rollout.missing_adapter import MissingAdapter, kept
from core.rollout.recipe import MAX_SIDE, MAX_VIDEO, PLANNED, Recipe, RecipeChunk, line, read

#: What of a film its recipe can't bring back: memory of a saved episode, which it does not hold, or
#: that was emptied or taken back on the way; a chunk that went on from a part of another; settings
#: that changed on the way; how it was cut.
Lost = Literal["episode", "memory", "part", "settings", "cut"]
Setting = TypeVar("Setting")


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
        p, scene=_made_with(recipe, lambda c: line(c.scene, 2000), recipe.scene),
        actions=_lane(recipe), sampling=_made_with(recipe, lambda c: c.sampling, recipe.sampling),
        memory=_made_with(recipe, lambda c: c.memory, recipe.memory),
        next_seed=seeds[0] if seeds else 1,
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


def lost(data: Any) -> tuple[Lost, ...]:
    """What Generate will not make again as it was, of the film whose recipe ``data`` is. Raises
    ProjectError."""
    recipe = read(data)
    chunks = recipe.chunks
    found: dict[Lost, bool] = {
        "episode": recipe.episodes,
        "memory": recipe.memory_set,
        "part": any(chunk.shown != chunk.frames for chunk in chunks[:-1]),
        "settings": any(
            len({setting(chunk) for chunk in chunks}) > 1
            for setting in (lambda c: c.sampling, lambda c: c.memory, lambda c: c.scene)
        ),
        "cut": recipe.cut,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _made_with(
    recipe: Recipe, setting: Callable[[RecipeChunk], Setting], asked: Setting
) -> Setting:
    """As the film was made, where all of it was made alike: what the project asked for afterwards
    may be something else. Where it was not, one setting can't make it again, and the project's own
    is as good as any."""
    made = {setting(chunk) for chunk in recipe.chunks}
    return made.pop() if len(made) == 1 else asked


def _lane(recipe: Recipe) -> tuple[ActionSpan, ...]:
    """The actions as they lay over the film; of one that was cut as its chunks were asked for, since
    they will be made whole and in a row."""
    if not recipe.cut or not recipe.chunks:
        return recipe.actions
    at = recipe.start.frames if recipe.start is not None else min(
        (span.start for span in recipe.actions), default=1
    )
    found: list[ActionSpan] = []
    for part in (part for chunk in recipe.chunks for part in chunk.actions):
        text, end = line(part.text, 500), at + part.frames
        if found and (found[-1].text, found[-1].end) == (text, at):
            found[-1] = replace(found[-1], end=end)
        elif text:
            found.append(ActionSpan(new_id(), text, at, end))
        at = end
    if until := recipe.shown_until:  # what was planned comes behind what is made, as it did
        found += [
            replace(span, start=at + max(0, span.start - until), end=at + span.end - until)
            for span in recipe.actions if span.end > until
        ]
    return tuple(found)


def _restored(store: ProjectStore, recipe: Recipe) -> tuple[tuple[Asset, ...], Start]:
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
        name = line(Path(start.name.replace("\\", "/")).name, 100) or "start"
        kept = store.import_file(video, "video")
        thumbnail = store.import_file(Path(temporary) / "start.jpg", "thumbnail")
        source = kept
        if start.kind == "picture":
            picture = Path(temporary) / "start.png"
            picture.write_bytes(thumbnail_png(last, MAX_SIDE))
            source = store.import_file(picture, "source", name=name)
    made = Start(source.id, start.kind, kept.id, frames, thumbnail.id)
    return tuple({a.id: a for a in (source, kept, thumbnail)}.values()), made


def _forget(folder: Path, was_there: bool) -> None:
    import shutil

    if was_there:
        for path in folder.iterdir():
            shutil.rmtree(path, True) if path.is_dir() else path.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
