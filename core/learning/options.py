"""What the commands that train a world can be told."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from core.learning.language import BOOKS
from core.learning.shards import FIRST_PERSON


def sources_of(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(n for n in text.split(",") if n))
    unknown = [n for n in names if n not in BOOKS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"there is no source {', '.join(unknown) or 'without a name'}; use {', '.join(BOOKS)}"
        )
    return names


def shares_of(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(x) for x in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas between, not {text!r}") from None


def world_name(text: str) -> str:
    name = " ".join(text.split())
    if not world_id(name) or len(name) > 60:
        raise argparse.ArgumentTypeError("a name has letters or figures, and 60 characters at most")
    return name


def named_after(sources: Sequence[str]) -> str:
    """What a world that was trained on ``sources`` is called; walks alone make the starter world."""
    if tuple(sources) == (FIRST_PERSON,):
        return "Starter world"
    *first, last = sources
    words = f"{', '.join(first)} and {last}" if first else last
    return f"{words[:1].upper()}{words[1:]} world"


def world_id(name: str) -> str:
    """The id of the world called ``name``: "Driving and robot world" is "driving-and-robot"; that
    of "Starter world" is "starter", as it ships."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "-".join(words[:-1] if len(words) > 1 and words[-1] == "world" else words)


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """What every command that trains the denoiser asks for."""
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--sources", type=sources_of, default=(FIRST_PERSON,),
                        metavar="NAME[,NAME…]",
                        help=f"domains to train on, of {', '.join(BOOKS)} (default: first-person)")
    parser.add_argument("--shares", type=shares_of, metavar="NUMBER[,NUMBER…]",
                        help="how often each of --sources is drawn, in their order (default: the "
                        "square root of its recordings)")
    parser.add_argument("--autoencoder", type=Path, default=Path("runs/autoencoder/autoencoder"))
    parser.add_argument("--text", type=Path, default=Path("runs/text/text_encoder"),
                        help="trained on the words of all --sources (train_text --domains)")
    parser.add_argument("--depth", type=Path, default=Path("runs/depth/depth"))
    parser.add_argument("--out", type=Path, default=Path("runs/starter"))
    parser.add_argument("--name", type=world_name, metavar="TEXT",
                        help="of the world (default: after its --sources)")
    parser.add_argument("--batch", type=int, default=8, help="clips a process a step")
    parser.add_argument("--dim", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--words", type=int, default=0, metavar="KEYS",
                        help="let each place ask what an action means there, by so many keys: for "
                        "domains where words alone say what moves (robot); 0: whole frames hear it")
    parser.add_argument("--detail", type=int, default=0, metavar="CHANNELS",
                        help="width of convolutions after the blocks, which draw what crosses from "
                        "one token's place into the next; 0: none (default: %(default)s)")
    parser.add_argument("--moving", type=float, default=1.0, metavar="TIMES",
                        help="how much more the loss counts what is no longer as it is at present "
                        "(robot: 10; default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--muon-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", action="store_true",
                        help="compute on the processor, also where there is a graphics card")
    parser.add_argument("--steps", type=int, metavar="N",
                        help="stop after so many steps, whatever --minutes says")
    parser.add_argument("--log-every", type=int, default=25, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument("--look-walks", type=int, default=16, metavar="N",
                        help="held-out recordings of each domain that are looked at")


def train_parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m core.learning.train", description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_network_options(made)
    made.set_defaults(out=None, rate=None)
    made.add_argument("--minutes", type=float, help="default: 90, for an adapter 20")
    made.add_argument("--look-minutes", type=float, default=8)
    made.add_argument("--from", dest="start", type=Path,
                      help="another run's state.pt to begin with")
    made.add_argument("--roll-outs", type=int, default=0,
                      help="roll-outs kept going by each process, judged once the critic is in")
    made.add_argument("--adversarial-from", type=float,
                      help="share of the time after which a critic joins in (1: never; default: "
                      "0.45, for an adapter never)")
    group = made.add_argument_group(
        "a slow adapter", "--data with its shards must be built with the world's own autoencoder"
    )
    group.add_argument("--adapter", type=Path, metavar="FILE.safetensors",
                       help="train a slow adapter into this file; the run's state, log, curve and "
                       "sheet go to --out (default: a folder beside it)")
    group.add_argument("--world", default="starter",
                       help="what it is for: an installed world, or a world's folder")
    group.add_argument("--rank", type=int, default=16, help="of the adapter (default: %(default)s)")
    return made


def read_arguments(argv: list[str] | None = None, description: str = "") -> argparse.Namespace:
    """The command line of ``core.learning.train``, with the defaults that differ between a world
    and an adapter filled in."""
    parser = train_parser(description)
    args = parser.parse_args(argv)
    adapter = args.adapter is not None
    if adapter and args.adapter.suffix != ".safetensors":
        parser.error("--adapter names a file that ends in .safetensors")
    if adapter and args.roll_outs:
        parser.error("--roll-outs are for training a world, not an adapter")
    if args.out is None:
        args.out = args.adapter.with_suffix("") if adapter else Path("runs/starter")
    for name, of_world, of_adapter in (
        ("minutes", 90.0, 20.0), ("rate", 1e-3, 2e-3), ("adversarial_from", 0.45, 1.0),
    ):
        if getattr(args, name) is None:
            setattr(args, name, of_adapter if adapter else of_world)
    return args
