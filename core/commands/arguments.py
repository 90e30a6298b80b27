"""Reading the command line: every option, and what is wrong with it in a sentence."""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import get_args

from core.engine.choice import KINDS
from core.project.memory_use import preset_named
from core.project.model import MemoryPreset
from core.worlds.tiers import AUTO, IDS, VARIABLE
from core.worlds.ways import WAYS

COMMANDS = ("render", "export", "worlds", "episodes", "doctor")
MAX_SECONDS = 3600.0


class Trouble(Exception):
    """What went wrong, for the person at the terminal; ``usage`` where the command itself is."""

    def __init__(self, message: str, usage: bool = False):
        super().__init__(message)
        self.usage = usage


MEMORIES = get_args(MemoryPreset)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="main.py",
        description="SlowFast Studio. Without a command, or with a project or a file, it opens the "
        "window: main.py [--project DIR] [FILE].",
    )
    commands = whole.add_subparsers(dest="command", required=True)
    render = commands.add_parser(
        "render", help="from a start and actions to an MP4, without a window",
        description="Make a film from a picture or a video and actions. It remembers: after each "
        "chunk the memory learns it. Ctrl-C stops and keeps what was made.",
    )
    render.add_argument("start", nargs="?", metavar="START", help="a picture or a video")
    render.add_argument("--sample", action="store_true", help="use the sample start and actions")
    render.add_argument("--action", action="append", default=[], metavar="TEXT:SECONDS",
                        help='what happens, in order, for example "walk forward:2s"')
    render.add_argument("--actions", dest="actions_file", metavar="FILE",
                        help='a file with one "text:2s" a line, or a JSON list of [text, seconds]')
    render.add_argument("--scene", metavar="TEXT", help="what the place is")
    render.add_argument("--seed", type=_seed, metavar="N", help="of the first chunk")
    render.add_argument("--memory", choices=MEMORIES, type=preset_named,
                        help="what is remembered. both: an adapter learns each chunk, and frames "
                        "of the walk are shown again where it leads back. bank: those frames only, "
                        "nothing is learned. fallback: those frames, and the adapter where there are "
                        "none. adapter: it only. paper: the adapter exactly as in "
                        "SlowFast-VGen. off: nothing")
    render.add_argument("--steps", type=_steps, metavar="N",
                        help="denoiser steps a chunk (what suits the world; the starter world: 8)")
    render.add_argument("--sampling", choices=WAYS,
                        help="exact: everything is computed. cache: blocks that hardly change from "
                        "step to step are left out; quicker, and the picture is another one. "
                        "compiled: torch compiles the blocks, for graphics cards; the first chunk "
                        "waits up to some minutes. What the world does not allow is refused")
    render.add_argument("--project", metavar="DIR", help="keep the project there")
    render.add_argument("--continue", dest="go_on", action="store_true",
                        help="go on with the project that is there")
    render.add_argument("--world", metavar="DIR",
                        help="another world than the starter world, in the diffusers layout")
    render.add_argument("--slow-adapter", metavar="FILE",
                        help="what was learned from your own footage on top of that world "
                        "(core.learning.train --adapter); the project keeps a copy, so --continue "
                        "needs it only to choose another one")
    render.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps")
    render.add_argument("--engine", choices=KINDS, default=AUTO,
                        help="child: the engine has a process of its own, so that a crash of the "
                        "card's driver costs one chunk. inprocess: it has not. auto: it has on a "
                        "card")
    render.add_argument("--tier", choices=(AUTO, *IDS), default=AUTO,
                        help="how the world is made to fit into memory; auto: the first way that "
                        f"does ({VARIABLE} says so too)")
    render.add_argument("--anyway", action="store_true",
                        help="begin although what is made may not fit on the disk")
    render.add_argument("--out", required=True, metavar="FILE.mp4", help="the film")
    export = commands.add_parser("export", help="write a project's sequence as an MP4")
    export.add_argument("project", metavar="PROJECT", help="a project's folder")
    export.add_argument("out", metavar="FILE.mp4")
    export.add_argument("--crf", type=int, default=18, metavar="N",
                        help="quality, 0 best to 51 smallest (18)")
    export.add_argument("--preset", default="medium", metavar="P",
                        help="x264's, ultrafast to veryslow (medium)")
    export.add_argument("--size", type=_size, metavar="WxH", help="of the film")
    export.add_argument("--fps", "--rate", dest="fps", type=_rate, metavar="R", help='of the film, "24" or "24000/1001"')
    from core.commands.episodes import add_episodes
    from core.commands.worlds import add_worlds

    add_worlds(commands)
    add_episodes(commands)
    doctor = commands.add_parser("doctor", help="what this machine can run, and why not")
    doctor.add_argument("--json", action="store_true", help="for programs")
    return whole


_LENGTH = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?)?\s*$", re.IGNORECASE)


def action(text: str) -> tuple[str, str]:
    """("walk forward", "2") from "walk forward:2s"."""
    words, colon, length = text.rpartition(":")
    found = _LENGTH.match(length) if colon else None
    if found is None or not words.strip():
        raise Trouble(f'“{text}” is no action. Write it like "walk forward:2s".', True)
    if not 0 < float(found[1]) <= MAX_SECONDS:
        most = f"{MAX_SECONDS:.0f} s"
        raise Trouble(f"“{text}”: an action lasts longer than 0 and at most {most}.", True)
    return " ".join(words.split()), found[1]


def actions_file(path: Path) -> list[tuple[str, str]]:
    try:
        if path.stat().st_size > 4 << 20:
            raise Trouble(f"{path} is too large for a list of actions.", True)
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise Trouble(f"The actions in {path} can't be read: {why}.", True) from error
    if not text.lstrip().startswith("["):
        lines = (line.strip() for line in text.splitlines())
        return [action(line) for line in lines if line and not line.startswith("#")]
    try:
        rows = json.loads(text)
        return [
            action(row if isinstance(row, str) else f"{row[0]}:{row[1]}") for row in rows
        ]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Trouble(f"{path} is not a JSON list of [text, seconds] ({error}).", True) from error


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**62:
        raise argparse.ArgumentTypeError("a seed is 0 or more")
    return seed


def _steps(text: str) -> int:
    steps = int(text)
    if not 1 <= steps <= 1000:
        raise argparse.ArgumentTypeError("1 to 1000 steps")
    return steps


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text)
    if found is None:
        raise argparse.ArgumentTypeError("write a size like 1080x1080")
    return int(found[1]), int(found[2])


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError("write a rate like 24 or 24000/1001") from None
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError("above 0 and at most 1000 frames a second")
    return rate


def film_path(text: str) -> Path:
    """The film's path, refused now rather than after an hour of work."""
    out = Path(text).expanduser().absolute()
    if out.suffix.lower() != ".mp4":
        raise Trouble(f"{out.name} must end in .mp4.", True)
    if out.is_dir():
        raise Trouble(f"{out} is a folder. Name a file.", True)
    if not out.parent.is_dir():
        raise Trouble(f"There is no folder {out.parent}. Make it first.")
    try:
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        why = error.strerror or error
        raise Trouble(f"Nothing can be written to {out.parent}: {why}. Choose another.") from error
    return out
