"""``main.py render``: from a start and actions to an MP4."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from core.commands.arguments import Trouble, action, actions_file, film_path
from core.commands.terminal import OK, STOPPED, Line, Stop, say, write_down
from core.engine.choice import engine_of
from core.engine.lowered import of_this_machine
from core.media.errors import Cancelled
from core.project import edits, queries
from core.project.memory_use import usual_memory
from core.project.model import MemoryUse, Sampling
from core.project.store import DOCUMENT, ProjectStore, read_document
from core.rollout import render as rolling
from core.rollout.adopting import adopt_slow_adapter
from core.rollout.disk import shortage
from core.rollout.film import export_film
from core.rollout.samples import first_sample
from core.worlds import ways
from core.worlds.catalogue import (
    DEFAULT,
    WorldEntry,
    WorldError,
    find_world,
    read_entry,
    with_slow_adapter,
)


@dataclass(frozen=True)
class _Wanted:
    """What the command asks for. ``actions``: texts with frames."""

    start: Path | None
    name: str
    scene: str | None
    actions: list[tuple[str, int]]


def render(args: argparse.Namespace, stop: Stop) -> int:
    if args.sample:
        if args.start is not None or args.actions_file or args.action:
            raise Trouble("--sample brings its own start and actions; leave the others out.", True)
    elif args.start is None and not args.go_on:
        raise Trouble("Name a picture or a video to start from, or give --sample.", True)
    out = film_path(args.out)
    world = _world(args)
    if args.slow_adapter:
        world = with_slow_adapter(world, Path(args.slow_adapter).absolute())
    if args.sampling:
        _check_way(args.sampling, world, args.device)
    wanted = _wanted(args, world.rate)
    store, temporary = _project(args, world, wanted)
    try:
        if wanted.actions:
            store.save(rolling.lay_actions(store.project, wanted.actions))
        until = rolling.planned_end(store.project)
        if not store.project.actions:
            raise Trouble('Say what happens, for example --action "walk forward:2s".', True)
        if not args.anyway:
            _check_disk(store, world, until)
        engine = engine_of(args.engine, args.tier, of_this_machine(), args.device, previews=False)
        line = Line()
        try:
            rolling.roll_out(
                store, engine, world.folder, until, stop.listen(), args.seed, line.show, line.say
            )
        finally:
            line.end()
            engine.close()
        export_film(
            store.project, store.path, out, stop=until,
            progress=lambda e: line.text(f"writing {out.name}: frame {e.frame} of {e.frames}"),
            cancelled=lambda: stop.token.cancelled,
        )
        line.end()
    except BaseException as error:
        _left(store, temporary, args, out)
        if isinstance(error, rolling.RenderFailed):
            if error.detail:
                write_down(error.detail)
            raise Trouble(str(error)) from error
        if isinstance(error, rolling.RenderStopped | Cancelled):
            say("Stopped.")
            return STOPPED
        raise
    store.close()
    if temporary:
        shutil.rmtree(store.folder, ignore_errors=True)
    else:
        say(f"The project is in {store.folder}.")
    print(out)
    return OK


def _world(args: argparse.Namespace) -> WorldEntry:
    """The world that is named, else that of the project to go on with, else the starter."""
    if args.world:
        return find_world(str(Path(args.world).absolute()))
    folder = Path(args.project).absolute() if args.project else None
    if not args.go_on or folder is None or not (folder / DOCUMENT).is_file():
        return find_world(DEFAULT)
    wanted = read_document(folder).world
    try:
        return find_world(wanted.id)
    except WorldError as error:
        raise Trouble(
            f"The project was made with “{wanted.name}”. {error} Where it lies in a folder, name that "
            "with --world.", True,
        ) from error


def _check_way(way: str, world: WorldEntry, device: str) -> None:
    """Said now; in the middle of a film the engine would go on exactly."""
    if why := ways.why_not(way, world.family, "" if device == "auto" else device):
        names = ", ".join(ways.allowed(world.family))
        raise Trouble(
            f"{world.name} can't be sampled {ways.NAMES[way]}: {why}. It can be: {names}.", True
        )


def _check_disk(store: ProjectStore, world: WorldEntry, until: int) -> None:
    """Said now rather than in the middle of the night."""
    p = store.project
    missing = max(0, until - queries.sequence_end(p))
    short = shortage(p, world, store.folder, -(-missing // p.chunk_frames))
    if short is not None:
        raise Trouble(f"{short.words} To begin all the same, give --anyway.")


def _wanted(args: argparse.Namespace, rate: Fraction) -> _Wanted:
    if args.sample:
        try:
            sample = first_sample()
        except ValueError as error:
            raise Trouble(str(error)) from error
        scene = args.scene or sample.scene
        return _Wanted(sample.picture, sample.name, scene, list(sample.actions))
    actions = [action(text) for text in args.action]
    if args.actions_file:
        actions += actions_file(Path(args.actions_file))
    frames = [(text, max(1, round(Fraction(seconds) * rate))) for text, seconds in actions]
    return _Wanted(Path(args.start) if args.start else None, "", args.scene, frames)


def _project(
    args: argparse.Namespace, world: WorldEntry, wanted: _Wanted
) -> tuple[ProjectStore, bool]:
    """(store, whether it is only for this film)."""
    folder = Path(args.project).absolute() if args.project else None
    if folder is not None and (folder / DOCUMENT).is_file():
        if not args.go_on:
            raise Trouble(
                f"There is a project in {folder} already. Give --continue to go on with it, or "
                "another folder.", True,
            )
        return _opened(folder, args, world, wanted), False
    if wanted.start is None:
        raise Trouble("There is no project to go on with. Name a start.", True)
    made = folder or Path(tempfile.mkdtemp(prefix="slowfast-"))
    try:
        store = rolling.create(
            made, world, wanted.start, name=wanted.name, scene=wanted.scene or "",
            memory=MemoryUse(preset=args.memory or usual_memory(world.fast_learning, world.places)),
            sampling=Sampling(
                args.steps or world.steps, world.guidance, args.sampling or ways.EXACT
            ),
        )
    except BaseException:
        if folder is None:
            shutil.rmtree(made, ignore_errors=True)
        raise
    return store, folder is None


def _opened(
    folder: Path, args: argparse.Namespace, world: WorldEntry, wanted: _Wanted
) -> ProjectStore:
    """The project that is there, with what the command changes about it."""
    store = ProjectStore.open(folder)
    try:
        if store.read_only:
            raise Trouble(store.read_only_reason)
        if store.project.start is None:
            raise Trouble("This project has no start yet. Open it in the window to choose one.")
        if wanted.start is not None and not rolling.same_start(store, wanted.start):
            raise Trouble(
                f"The project in {folder} starts from another picture than {wanted.start}. Leave the "
                "start out to go on with it, or name another folder.", True,
            )
        p = store.project
        made_with = p.slow_adapter.base if p.slow_adapter is not None else p.world
        # A world is what it holds: in a folder of another name it may have another id.
        if world.id != p.world.id and world.hash not in (made_with.hash, p.world.hash):
            raise Trouble(
                f"The project was made with “{p.world.name}” and can't go on with “{world.name}”: what "
                "it has made and remembers is of that world. Nothing was changed.", True,
            )
        if world.slow_adapter is not None:
            p = adopt_slow_adapter(store, read_entry(world.folder), world.slow_adapter)(p)
        if wanted.scene is not None:
            p = edits.set_scene(p, wanted.scene)
        if args.memory:
            p = edits.set_memory(p, replace(p.memory, preset=args.memory))
        if args.steps:
            p = edits.set_sampling(p, replace(p.sampling, steps=args.steps))
        if args.sampling:
            p = edits.set_sampling(p, replace(p.sampling, way=args.sampling))
        store.save(p)
    except BaseException:
        store.close()
        raise
    return store


def _left(store: ProjectStore, temporary: bool, args: argparse.Namespace, out: Path) -> None:
    """After a stop or a failure: keep what was made, and say how to go on."""
    made = len(store.project.takes)
    store.close()
    if temporary and not made:
        shutil.rmtree(store.folder, ignore_errors=True)
        return
    if made:
        again = f'main.py render --continue --project "{store.folder}" --out "{out}"'
        chunks = "1 chunk is" if made == 1 else f"{made} chunks are"
        world = f' --world "{args.world}"' if args.world else ""
        say(f"{chunks} kept in {store.folder}. To go on:\n  {again}{world}")
