"""Video with language actions: made by sources, encoded once, kept in shards.

    python -m core.learning.data build --source first-person,driving --out runs/data --walks 1200
    python -m core.learning.data build --source footage --footage FOLDER --actions actions.csv
    python -m core.learning.data actions FOLDER --out actions.csv
    python -m core.learning.data sheet --source driving --out sheet.png

``build`` can be stopped and started again: shards that are whole are kept, others are made anew.
Held-out scenes go into a folder of their own, so that training never reads them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from core.learning.scenes.scene import STYLES
from core.learning.shards import VERBS, ShardError, WalkData, damage, read_walks, write_shard
from core.learning.sources import HELD_OUT, SOURCES, Source, SourceUnavailable, make_source
from core.learning.sources.first_person import FirstPerson, record_walk
from core.learning.sources.source import FPS, Recording, thinned
from core.media.errors import MediaError
from core.worlds.starter.autoencoder import StarterAutoencoder

__all__ = [
    "FRAMES", "HELD_OUT", "VERBS", "WALKS", "WalkData", "build", "encode", "make_walk",
    "read_walks",
]

WALKS, FRAMES = 8, 112


@torch.no_grad()
def encode(net: StarterAutoencoder, pictures: np.ndarray) -> torch.Tensor:
    """uint8 [N, H, W, 3] → latents [N, C, h, w] float32 on the processor, wherever ``net`` is."""
    device = next(net.parameters()).device
    x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
    return torch.cat([net.encode(part) for part in x.split(16)]).contiguous().cpu()


def make_walk(net: StarterAutoencoder, seed: int, kind: str, frames: int = FRAMES) -> WalkData:
    """Walk through the scene of ``seed``, rendered and encoded."""
    made = record_walk(seed, kind, frames)
    verbs = np.array([VERBS.index(v) for v in made.actions], np.uint8)
    return WalkData(
        encode(net, made.pictures), made.poses, verbs, STYLES.index(made.place), made.pictures,
        place=made.place, scene=made.scene, kind=kind,
    )


def build(
    net: StarterAutoencoder | None,
    out: Path,
    shards: range,
    walks: int = WALKS,
    frames: int = FRAMES,
    source: Source | None = None,
    held_out: bool = False,
    every: int = 1,
) -> None:
    """Make those of ``shards`` of ``source`` that are not there yet, of ``walks`` walks each. With
    ``every`` each walk is ``every`` recordings of ``frames`` frames that are so far apart.

    Without a ``net`` pictures are kept instead of latents. A damaged shard is named and made
    anew. Raises MediaError where something cannot be read or written.
    """
    source = FirstPerson() if source is None else source
    out.mkdir(parents=True, exist_ok=True)
    there = source.count(frames * every, held_out)
    for shard in shards:
        path = out / f"{source.name}-{shard:05d}.safetensors"
        # First-person shards were once named by their number alone.
        before = out / f"{shard:05d}.safetensors"
        if source.name == "first-person" and before.exists() and not path.exists():
            path = before
        if path.exists():
            wrong = damage(path)
            if not wrong:
                continue
            print(f"{path.name} is damaged ({wrong}) and is made anew", flush=True)
        last = (shard + 1) * walks if there is None else min(there, (shard + 1) * walks)
        filmed = (source.record(n, frames * every, held_out) for n in range(shard * walks, last))
        made = [part for recording in filmed for part in _kept(recording, every, source.name)]
        if not made:
            break
        latents = None if net is None else [encode(net, m.pictures) for m in made]
        write_shard(path, source.name, made, latents, held_out, FPS // every)
        print(f"{path.name} {len(list(out.glob('*.safetensors')))} shards", flush=True)


def _kept(recording: Recording, every: int, source: str) -> list[Recording]:
    """Every ``every``-th frame, once from each of the first ones on: filming is what takes long."""
    if every > 1 and recording.poses is not None:
        raise ValueError(
            f"In {source} the camera moves, one step a frame as its words say: --every is for "
            "cameras that stay (robot). Leave it out here."
        )
    return [thinned(recording, every, first) for first in range(every)]


def _build(args: argparse.Namespace) -> None:
    worker, workers = args.worker
    sources, net = _sources(args), None
    if args.keep == "latents":
        if not args.autoencoder.is_dir():
            raise ShardError(
                f"There is no autoencoder in {args.autoencoder}. Train one with "
                "core.learning.train_autoencoder, name another with --autoencoder, or keep "
                "pictures instead (--keep pictures)."
            )
        net = StarterAutoencoder.from_pretrained(args.autoencoder).eval()
    out = args.out / "held_out" if args.held_out else args.out
    for source in sources:
        there = source.count(args.frames * args.every, args.held_out)
        walks = args.walks if there is None else min(there, args.walks)
        shards = range(worker, -(-walks // args.per_shard), workers)
        build(net, out, shards, args.per_shard, args.frames, source, args.held_out,
              args.every)


def _actions(args: argparse.Namespace) -> None:
    from core.learning.footage.sheets import write_estimates

    write_estimates(args.folder, args.out, args.sheets)


def _sheet(args: argparse.Namespace) -> None:
    from core.learning.contact_sheet import write_sheet

    write_sheet(args.out, _sources(args), args.walks, args.frames, args.columns, args.held_out)
    print(args.out)


def _sources(args: argparse.Namespace) -> list[Source]:
    kinds = tuple(k for k in args.kinds.split(",") if k)
    return [
        make_source(name, kinds=kinds, footage=args.footage, actions=args.actions)
        for name in args.source.split(",")
    ]


def _worker(text: str) -> tuple[int, int]:
    try:
        worker, workers = (int(x) for x in text.split("/"))
    except ValueError:
        worker, workers = 0, 0
    if not 0 <= worker < workers:
        raise argparse.ArgumentTypeError(f"say i/n with i from 0 to n − 1, not {text!r}")
    return worker, workers


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:13} {what}" for name, what in SOURCES.items())
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m core.learning.data", description=__doc__, formatter_class=plain,
        epilog=f"sources:\n{listed}",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--source", default="first-person", metavar="NAME[,NAME…]",
                        help="one or more of the sources below (default: first-person)")
    common.add_argument("--frames", type=_positive, default=FRAMES,
                        help="frames a walk, 8 a second without --every (default: %(default)s)")
    common.add_argument("--kinds", default="", metavar="KIND[,KIND…]",
                        help="kinds of walks or drives, taken in turn; those for memory come back: "
                        "there_and_back,turns,two_rooms,loop (first-person), "
                        "there_and_back,around (driving)")
    common.add_argument("--footage", type=Path, metavar="FOLDER", help="the folder of your videos")
    common.add_argument("--actions", type=Path, metavar="CSV",
                        help="what is done in your videos: columns file, start, end (seconds), "
                        "action; without it, actions are estimated from optical flow")
    common.add_argument("--held-out", action="store_true",
                        help="the scenes that are never trained on, instead of the others")

    one = commands.add_parser(
        "build", parents=[common], formatter_class=plain, help="make shards; resumable",
        description="Make shards of recordings. Stop it at any time; the same command goes on.",
        epilog=f"sources:\n{listed}\n\nHeld-out shards go into OUT/held_out.",
    )
    one.add_argument("--out", type=Path, default=Path("runs/data"), help="where the shards go")
    one.add_argument("--walks", type=_positive, default=1200,
                     help="walks of each source (default: %(default)s); footage: at most so many")
    one.add_argument("--every", type=int, default=1, choices=(1, 2, 4, 8), metavar="N",
                     help="N recordings of each walk, of every N-th frame (1, 2, 4 or 8): what a "
                     "robot's arm does is then seen whole in a chunk. A world has one rate")
    one.add_argument("--per-shard", type=_positive, default=WALKS, help=argparse.SUPPRESS)
    one.add_argument("--worker", type=_worker, default=(0, 1), metavar="I/N",
                     help="which of how many workers this is, each on its own core (default: 0/1)")
    one.add_argument("--keep", choices=("latents", "pictures"), default="latents",
                     help="what is stored: latents of the autoencoder, or the pictures themselves")
    one.add_argument("--autoencoder", type=Path, default=Path("runs/autoencoder/autoencoder"),
                     metavar="DIR", help="the autoencoder (default: %(default)s)")
    one.set_defaults(run=_build)

    two = commands.add_parser(
        "actions", help="estimate what the camera does in your videos, for correction",
        description="Writes a CSV with one row a stretch of one action, and a picture of each "
        "video with thumbnails, the estimate and its confidence. Correct the CSV (any words will "
        "do as an action), then build with --source footage --footage FOLDER --actions CSV.",
    )
    two.add_argument("folder", type=Path, help="the folder of your videos")
    two.add_argument("--out", type=Path, default=Path("actions.csv"))
    two.add_argument("--sheets", type=Path, metavar="DIR",
                     help="where the pictures go (default: a folder beside the CSV)")
    two.set_defaults(run=_actions)

    three = commands.add_parser(
        "sheet", parents=[common], formatter_class=plain, help="a picture of a few walks",
        description="Draw a few recordings as rows of pictures, with their actions.",
        epilog=f"sources:\n{listed}",
    )
    three.add_argument("--out", type=Path, default=Path("sheet.png"))
    three.add_argument("--walks", type=_positive, default=6, help="rows a source")
    three.add_argument("--columns", type=_positive, default=10, help="pictures a row")
    three.set_defaults(run=_sheet)
    return parser


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0].startswith("--") and argv[0] != "--help":
        argv = ["build", *argv]  # as it was called when there was nothing but building
    args = _parser().parse_args(argv)
    torch.set_num_threads(1)
    try:
        args.run(args)
    except (MediaError, ShardError, SourceUnavailable, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
