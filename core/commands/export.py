"""``main.py export``: a project's sequence as an MP4."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.arguments import Trouble, film_path
from core.commands.terminal import OK, STOPPED, Line, Stop, say
from core.media.errors import Cancelled
from core.media.export_settings import ExportSettings
from core.project.queries import shown_videos
from core.project.store import ProjectStore
from core.rollout.film import export_film


def export(args: argparse.Namespace, stop: Stop) -> int:
    out = film_path(args.out)
    width, height = args.size or (None, None)
    try:
        settings = ExportSettings(
            width=width, height=height, rate=args.fps, crf=args.crf, preset=args.preset
        )
    except ValueError as error:
        raise Trouble(f"{error}.", True) from error
    with ProjectStore.open(Path(args.project)) as store:
        shown = shown_videos(store.project)
        missing = [asset for asset in store.missing if asset.id in shown]
        for asset in missing:
            say(f"A file of the project is missing: {asset.path}. Its frames would be black.")
        if missing:
            raise Trouble("Put the missing files back first, or redo those chunks in the window.")
        line, token = Line(), stop.listen()
        try:
            export_film(
                store.project, store.path, out, settings,
                progress=lambda e: line.text(f"frame {e.frame} of {e.frames}"),
                cancelled=lambda: token.cancelled,
            )
        except Cancelled:
            say("Stopped. Nothing was written.")
            return STOPPED
        finally:
            line.end()
    print(out)
    return OK
