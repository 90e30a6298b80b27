"""``main.py episodes``: saved memories at a terminal: which there are, what one is, merging."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.arguments import Trouble
from core.commands.terminal import OK, say

if TYPE_CHECKING:  # --help needs no numpy
    from core.memory.episode import EpisodeInfo

_SUFFIX = ".sfep"


def add_episodes(commands: Any) -> None:
    """The options of ``episodes``, added to main.py's parser."""
    episodes = commands.add_parser(
        "episodes", help="saved memories: list, info, merge",
        description="Saved memories (episodes): which a project has, what one was learned from, "
        "and merging several of one world into a new one.",
    )
    actions = episodes.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="the episodes of a project")
    listed.add_argument("project", metavar="PROJECT", help="a project's folder")
    info = actions.add_parser("info", help="what an episode is and was learned from")
    info.add_argument("file", metavar=f"FILE{_SUFFIX}")
    for one in (listed, info):
        one.add_argument("--json", action="store_true", help="for programs")
    merge = actions.add_parser(
        "merge", help="several episodes of one world as a new one",
        description="Merge episodes of one world. The adapters' updates are added up by weight; "
        "the remembered frames of each are kept apart, and shown only where their place is "
        "recognised.",
    )
    merge.add_argument("files", nargs="+", metavar=f"FILE{_SUFFIX}", help="two or more")
    merge.add_argument("--weights", type=_weights, metavar="W,W,…",
                       help="one for each: 1 as strong as alone, .5 half as strong, 0 left out, at "
                       "most 1.5. They need not add up to 1, but beyond it what one "
                       "learned may disturb another's place. Without this: even shares of 1")
    merge.add_argument("--name", default="", metavar="TEXT", help="of the new episode")
    merge.add_argument("--out", required=True, metavar=f"FILE{_SUFFIX}", help="the new episode")


def episodes(args: argparse.Namespace) -> int:
    match args.action:
        case "list":
            return _list(Path(args.project), args.json)
        case "info":
            return _info(Path(args.file), args.json)
        case _:
            return _merge(args)


# -- list and info ---------------------------------------------------------------------------------


def _list(folder: Path, as_json: bool) -> int:
    from core.memory.episode import peek_episode
    from core.memory.errors import MemoryRefused
    from core.project.files import inside
    from core.project.store import read_document

    p = read_document(folder)
    rows = []
    for ref in p.episodes:
        path = inside(folder, ref.path)
        try:
            found, problem = peek_episode(path), ""
        except MemoryRefused as error:
            found, problem = None, str(error)
        rows.append((ref, path, found, problem))
    if as_json:
        print(json.dumps([
            (_row(info) if info else {})
            | {"name": ref.name, "file": str(path), "problem": problem}
            for ref, path, info, problem in rows
        ], indent=2, ensure_ascii=False))
        return OK
    for ref, path, info, problem in rows:
        print(f"{ref.name}: {_facts(info) if info else problem}")
        if info and info.merged:
            print(f"    {_sources(info)}")
        print(f"    {path}")
    if not rows:
        print(f"“{p.name}” has no saved episodes.")
    return OK


def _info(path: Path, as_json: bool) -> int:
    from core.memory.episode import peek_episode

    info = peek_episode(path)
    if as_json:
        print(json.dumps(_row(info), indent=2, ensure_ascii=False))
        return OK
    print(f"{info.name}: {_facts(info)}")
    print(f"World: {info.world.name} ({info.world.id}, version {info.world.hash[:8]})")
    if info.licence:
        print(f"Licence of the world: {info.licence}")
    print(f"Memory: preset “{info.preset}”, rank {info.rank}, {_count(info.steps, 'step')}")
    print(f"Made: {info.created}")
    if info.merged:
        print(f"{_sources(info)}.")
    for i, one in enumerate(info.learned, 1):
        what = ", ".join(f"{a.text or '(no action)'} ({a.frames})" for a in one.actions)
        print(f"    {i}. {what}" + (f"; {one.scene}" if one.scene else ""))
    return OK


def _row(info: EpisodeInfo) -> dict[str, Any]:
    return {
        "name": info.name, "created": info.created, "world": vars(info.world),
        "licence": info.licence, "preset": info.preset, "rank": info.rank, "chunks": info.chunks,
        "steps": info.steps, "frames": info.frames,
        "merged": [vars(source) for source in info.merged],
        "learned": [
            {"actions": [[a.text, a.frames] for a in one.actions], "scene": one.scene,
             "seed": one.seed, "frames": one.frames}
            for one in info.learned
        ],
    }  # fmt: skip


def _facts(info: EpisodeInfo) -> str:
    return f"{_count(info.chunks, 'chunk')} learned, {_count(info.frames, 'frame')} remembered"


def _sources(info: EpisodeInfo) -> str:
    parts = ", ".join(f"“{s.name}” ({100 * s.weight:.3g} %)" for s in info.merged)
    return f"Merged from {parts}"


def _count(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n} {what}s"


# -- merge -----------------------------------------------------------------------------------------


def _weights(text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace(";", ",").split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError("write weights like .7,.3") from None


def _merge(args: argparse.Namespace) -> int:
    from core.memory.merging import merge_files

    out = Path(args.out).expanduser().absolute()
    if out.suffix.lower() != _SUFFIX:
        raise Trouble(f"{out.name} must end in {_SUFFIX}.", True)
    if out.exists():
        raise Trouble(f"{out} is there already. It was left as it is; name another file.", True)
    if not out.parent.is_dir():
        raise Trouble(f"There is no folder {out.parent}. Make it first.")
    merged = merge_files(
        [Path(f) for f in args.files], args.weights or [1 / len(args.files)] * len(args.files), out,
        args.name.strip() or out.stem,
    )
    say(merged.words())
    print(out)
    return OK
