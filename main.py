"""SlowFast Studio: the window, or a command without one (render, export, doctor)."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

OK, FAILED, USAGE, STOPPED = 0, 1, 2, 130
COMMANDS = ("render", "export", "doctor")
MAX_SECONDS = 3600.0


class Trouble(Exception):
    """What went wrong, for the person at the terminal; ``usage`` where the command itself is."""

    def __init__(self, message: str, usage: bool = False):
        super().__init__(message)
        self.usage = usage


def main(argv: Sequence[str] | None = None) -> int:
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and (argv[0] in COMMANDS or argv[0] in ("-h", "--help")):
        return _command(_parser().parse_args(argv))
    return _studio(argv)


def _studio(argv: list[str]) -> int:
    try:
        from app.studio import run_studio
    except ImportError as error:
        _say(f"The window can't open: {error}. Run: python3 installers/bootstrap.py repair")
        return FAILED
    return run_studio([sys.argv[0], *argv])


def _command(args: argparse.Namespace) -> int:
    commands = {"render": _render, "export": _export, "doctor": _doctor}
    stop = _Stop()
    try:
        return commands[args.command](args, stop)
    except Trouble as trouble:
        _say(str(trouble))
        return USAGE if trouble.usage else FAILED
    except (KeyboardInterrupt, BrokenPipeError):
        return STOPPED
    except Exception as error:
        known = _known(error)
        if known is None:
            where = _write_down(traceback.format_exc())
            known = f"Something unexpected went wrong ({type(error).__name__}). Details: {where}"
        _say(known)
        return FAILED


# ---- render -------------------------------------------------------------------------------------


def _render(args: argparse.Namespace, stop: _Stop) -> int:
    if args.sample:
        if args.start is not None or args.actions_file or args.action:
            raise Trouble("--sample brings its own start and actions; leave the others out.", True)
    elif args.start is None and not args.go_on:
        raise Trouble("Name a picture or a video to start from, or give --sample.", True)
    out = _out(args.out)
    from core.rollout import render
    from core.worlds.catalogue import find_world, read_entry

    world = read_entry(Path(args.world).absolute()) if args.world else find_world()
    start, scene, actions = _wanted(args, world.rate)
    store, temporary = _project(args, world, start, scene)
    p = store.project
    try:
        if actions:
            store.save(render.lay_actions(p, actions))
        until = render.planned_end(store.project)
        if not store.project.actions:
            raise Trouble('Say what happens, for example --action "walk forward:2s".', True)
        from core.engine.in_process import InProcessEngine
        from core.rollout.film import export_film

        engine = InProcessEngine(device=args.device, previews=False)
        line = _Line()
        try:
            render.roll_out(
                store, engine, world.folder, until, stop.listen(), args.seed, line.show
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
        if isinstance(error, render.RenderFailed):
            if error.detail:
                _write_down(error.detail)
            raise Trouble(str(error)) from error
        if isinstance(error, render.RenderStopped) or _is_cancelled(error):
            _say("Stopped.")
            return STOPPED
        raise
    store.close()
    if temporary:
        _remove(store.folder)
    else:
        _say(f"The project is in {store.folder}.")
    print(out)
    return OK


def _wanted(args: argparse.Namespace, rate: Fraction):
    """(start, scene, actions with frames) as the command says."""
    if args.sample:
        from core.rollout.samples import first_sample

        try:
            sample = first_sample()
        except ValueError as error:
            raise Trouble(str(error)) from error
        return sample.picture, args.scene or sample.scene, list(sample.actions)
    actions = [_action(text) for text in args.action]
    if args.actions_file:
        actions += _actions_file(Path(args.actions_file))
    frames = [(text, max(1, round(Fraction(seconds) * rate))) for text, seconds in actions]
    return Path(args.start) if args.start else None, args.scene, frames


def _project(args: argparse.Namespace, world: Any, start: Path | None, scene: str | None):
    """(store, whether it is only for this film)."""
    from core.project import edits
    from core.project.model import MemoryUse, Sampling
    from core.project.store import DOCUMENT, ProjectStore
    from core.rollout import render

    folder = Path(args.project).absolute() if args.project else None
    if folder is not None and (folder / DOCUMENT).is_file():
        if not args.go_on:
            raise Trouble(
                f"There is a project in {folder} already. Give --continue to go on with it, or "
                "another folder.", True,
            )
        store = ProjectStore.open(folder)
        try:
            if store.read_only:
                raise Trouble(store.read_only_reason)
            if store.project.start is None:
                raise Trouble("This project has no start yet. Open it in the window to choose one.")
            if start is not None and not render.same_start(store, start):
                raise Trouble(
                    f"The project in {folder} starts from another picture than {start}. Leave the "
                    "start out to go on with it, or name another folder.", True,
                )
            p = store.project
            if scene is not None:
                p = edits.set_scene(p, scene)
            if args.memory:
                p = edits.set_memory(p, MemoryUse(preset=args.memory))
            if args.steps:
                p = edits.set_sampling(p, Sampling(steps=args.steps))
            store.save(p)
        except BaseException:
            store.close()
            raise
        return store, False
    if start is None:
        raise Trouble("There is no project to go on with. Name a start.", True)
    made = folder or Path(tempfile.mkdtemp(prefix="slowfast-"))
    try:
        store = render.create(
            made, world, start, scene=scene or "", memory=MemoryUse(preset=args.memory or "paper"),
            sampling=Sampling(steps=args.steps or Sampling().steps),
        )
    except BaseException:
        if folder is None:
            _remove(made)
        raise
    return store, folder is None


def _left(store: Any, temporary: bool, args: argparse.Namespace, out: Path) -> None:
    """After a stop or a failure: keep what was made, and say how to go on."""
    made = len(store.project.takes)
    store.close()
    if temporary and not made:
        _remove(store.folder)
        return
    if made:
        again = f'main.py render --continue --project "{store.folder}" --out "{out}"'
        chunks = "1 chunk is" if made == 1 else f"{made} chunks are"
        world = f' --world "{args.world}"' if args.world else ""
        _say(f"{chunks} kept in {store.folder}. To go on:\n  {again}{world}")


# ---- export and doctor --------------------------------------------------------------------------


def _export(args: argparse.Namespace, stop: _Stop) -> int:
    out = _out(args.out)
    from core.media.export_settings import ExportSettings
    from core.project.store import ProjectStore
    from core.rollout.film import export_film

    width, height = args.size or (None, None)
    try:
        settings = ExportSettings(
            width=width, height=height, rate=args.fps, crf=args.crf, preset=args.preset
        )
    except ValueError as error:
        raise Trouble(f"{error}.", True) from error
    with ProjectStore.open(Path(args.project)) as store:
        for asset in store.missing:
            _say(f"A file of the project is missing: {asset.path}. Its frames would be black.")
        if store.missing:
            raise Trouble("Put the missing files back first, or redo those chunks in the window.")
        line, token = _Line(), stop.listen()
        try:
            export_film(
                store.project, store.path, out, settings,
                progress=lambda e: line.text(f"frame {e.frame} of {e.frames}"),
                cancelled=lambda: token.cancelled,
            )
        except Exception as error:
            line.end()
            if _is_cancelled(error):
                _say("Stopped. Nothing was written.")
                return STOPPED
            raise
        line.end()
    print(out)
    return OK


def _doctor(args: argparse.Namespace, stop: _Stop) -> int:
    from core.machine.doctor import doctor_report

    report = doctor_report()
    if args.json:
        print(json.dumps(report.to_json_dict(), indent=2, ensure_ascii=False))
    else:
        print(report.to_text())
    return report.exit_code


# ---- reading the command ------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="SlowFast Studio. Without a command, or with a project or a file, it opens the "
        "window: main.py [--project DIR] [FILE].",
    )
    commands = parser.add_subparsers(dest="command", required=True)
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
    render.add_argument("--memory", choices=("off", "paper"), help="how it learns (paper)")
    render.add_argument("--steps", type=_steps, metavar="N", help="denoiser steps a chunk (4)")
    render.add_argument("--project", metavar="DIR", help="keep the project there")
    render.add_argument("--continue", dest="go_on", action="store_true",
                        help="go on with the project that is there")
    render.add_argument("--world", metavar="DIR", help="another world than the starter world")
    render.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps")
    render.add_argument("--out", required=True, metavar="FILE.mp4", help="the film")
    export = commands.add_parser("export", help="write a project's sequence as an MP4")
    export.add_argument("project", metavar="PROJECT", help="a project's folder")
    export.add_argument("out", metavar="FILE.mp4")
    export.add_argument("--crf", type=int, default=18, metavar="N", help="0 best to 51 smallest (18)")
    export.add_argument("--preset", default="medium", metavar="P",
                        help="x264's, ultrafast to veryslow (medium)")
    export.add_argument("--size", type=_size, metavar="WxH", help="of the film")
    export.add_argument("--fps", type=_rate, metavar="R", help='of the film, "24" or "24000/1001"')
    doctor = commands.add_parser("doctor", help="what this machine can run, and why not")
    doctor.add_argument("--json", action="store_true", help="for programs")
    return parser


_LENGTH = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?)?\s*$", re.IGNORECASE)


def _action(text: str) -> tuple[str, str]:
    """("walk forward", "2") from "walk forward:2s"."""
    words, colon, length = text.rpartition(":")
    found = _LENGTH.match(length) if colon else None
    if found is None or not words.strip():
        raise Trouble(f'“{text}” is no action. Write it like "walk forward:2s".', True)
    if not 0 < float(found[1]) <= MAX_SECONDS:
        raise Trouble(f"“{text}”: an action lasts above 0 and at most {MAX_SECONDS:.0f} s.", True)
    return " ".join(words.split()), found[1]


def _actions_file(path: Path) -> list[tuple[str, str]]:
    try:
        if path.stat().st_size > 4 << 20:
            raise Trouble(f"{path} is too large for a list of actions.", True)
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise Trouble(f"The actions in {path} can't be read: {why}.", True) from error
    if not text.lstrip().startswith("["):
        lines = (line.strip() for line in text.splitlines())
        return [_action(line) for line in lines if line and not line.startswith("#")]
    try:
        rows = json.loads(text)
        return [
            _action(row if isinstance(row, str) else "{0}:{1}".format(*row)) for row in rows
        ]
    except (ValueError, TypeError, IndexError, RecursionError) as error:
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


def _out(text: str) -> Path:
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


# ---- talking ------------------------------------------------------------------------------------


class _Stop:
    """Ctrl-C cancels in good order; a second one ends at once."""

    def listen(self) -> Any:
        from core.engine.control import CancelToken

        self.token = CancelToken()
        try:
            signal.signal(signal.SIGINT, self._hear)
            signal.signal(signal.SIGTERM, self._hear)
        except ValueError:
            pass  # not on the main thread (a test)
        return self.token

    def _hear(self, *_: object) -> None:
        if self.token.cancelled:
            raise KeyboardInterrupt
        self.token.cancel()


class _Line:
    """One line on stderr that is written over; where that is no terminal, a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._width, self._last = 0, 0.0
        self._chunk: object = None

    def show(self, e: Any) -> None:
        left = "" if e.remaining is None else f", about {_clock(e.remaining)} left"
        text = (
            f"chunk {e.chunk} of {e.chunks}: {e.phase} {e.step}/{e.steps}, "
            f"{_clock(e.elapsed)} gone{left}"
        )
        now = (e.chunk, e.phase)
        self.text(text, urgent=now != self._chunk and e.phase in ("sampling", "learning"))
        self._chunk = now

    def text(self, text: str, urgent: bool = False) -> None:
        now = time.monotonic()
        if now - self._last < (0.1 if self._terminal else 5.0) and not urgent:
            return
        self._last = now
        if self._terminal:
            print(f"\r{text.ljust(self._width)}", end="", file=sys.stderr, flush=True)
            self._width = len(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._width:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 3600 else (
        f"{whole // 60}:{whole % 60:02}"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _known(error: Exception) -> str | None:
    """The sentence of an error that carries one for people."""
    from core.project.errors import EditError, ProjectError
    from core.worlds.catalogue import WorldError

    kinds: list[type[Exception]] = [EditError, ProjectError, WorldError]
    for module, name in (
        ("core.media.errors", "MediaError"), ("core.memory.errors", "MemoryRefused"),
        ("core.memory.tensors", "TensorFileError"),
    ):
        if module in sys.modules:
            kinds.append(getattr(sys.modules[module], name))
    return str(error) if isinstance(error, tuple(kinds)) else None


def _is_cancelled(error: BaseException) -> bool:
    module = sys.modules.get("core.media.errors")
    return module is not None and isinstance(error, module.Cancelled)


def _write_down(detail: str) -> Path:
    """Keep a traceback for whoever looks into it, off the person's face."""
    import platformdirs

    folder = Path(platformdirs.user_log_dir("slowfast-studio", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    path = folder / "command.log"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{detail}\n")
    except OSError:
        pass
    return path


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if code == STOPPED:
        os._exit(code)  # a second thread of a library must not keep a stopped command
    sys.exit(code)
