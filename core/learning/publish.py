"""Turn a training run into the world that ships: half-precision weights, model card, curve, sheet.

    python -m core.learning.publish --run runs/starter --measures runs/measures.json \\
        --out resources/worlds/starter
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from core.evaluate.card import section
from core.learning.curve import draw_curve, read_log
from core.machine.checksums import write_sums
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import save

#: In 4 what is newly seen greys and blurs as the walk goes on, in 12 the contrast grows past that of
#: the first picture (NOTES 28).
STEPS = 8

CARD = """---
license: apache-2.0
library_name: diffusers
tags: [video, world-model, action-conditioned]
---
# Starter world

A small action-conditioned masked video diffusion model: it continues a first-person walk at
128×128 pixels, 8 frames a second, eight new frames a chunk, from up to four recent frames and up to
four remembered ones. It was trained from nothing by this project's own code, on pictures that this project's own code draws; no
outside data and no outside weights went into it.

| part | what | parameters |
|---|---|---|
| `autoencoder` | linear 8×8 patch transform with residual convolutions, {channels} latent channels | {autoencoder_m:.1f} M |
| `transformer` | factorised space-time transformer, {layers} layers of width {dim}{detail}; flow matching; noise level and address (time, pose) per frame | {transformer_m:.1f} M |
| `depth` | reads from a frame's latents how near things are, so that it can be moved in space | {depth_m:.1f} M |
| `text_encoder` | hashed words and word pairs; reads an action as a motion | {text_m:.1f} M |

## Data
Procedural scenes in five styles (`core/learning/scenes`): {styles}. {walks} scripted walks of
{frames} frames (explore, retrace, turn, loop), one scene each, with exact poses; each motion is put
into words by the templates of `core/learning/language.py`, of which some phrasings are held out.
Scenes with seeds from 10,000,000 to 19,999,999 are never trained on. Licence of the data: Apache-2.0, as this
project.

## Training
```
python -m core.learning.train_autoencoder --out runs/autoencoder --minutes {autoencoder_minutes:.0f}
python -m core.learning.train_text --out runs/text
python -m core.learning.data --autoencoder runs/autoencoder/autoencoder --out runs/data --walks {walks}
{depth_command}
{command}
python -m core.evaluate.first_person --world runs/starter/world --walks {measured} --steps {sampling_steps} --json runs/measures.json
python -m core.learning.publish
```
On two CPU cores: {steps} steps of 16 clips in {minutes:.0f} minutes. The masked loss (flow matching, mean
over the scored frames) went from {loss_first:.3f} to {loss_last:.3f}. The curve is in `curve.png`, the numbers in
`training.jsonl`; `sheet.png` shows held-out chunks (truth above, made below).{history}

## Measured, on {measured} trajectories held out by scene
| | |
|---|---|
| next-chunk PSNR (mean of the 8 frames) | {psnr:.2f} dB |
| repeating the last frame | {psnr_repeat_last:.2f} dB ({over_repeat_db:+.2f} for the model) |
{wrong}| per frame, 1 to 8 | {per_frame} |
| turning left / right goes the right way | {turn_left:.0%} / {turn_right:.0%} |
| pixel spread of chunk {chunks} over chunk 1 (mean; worst) | {spread_last_over_first:.0%}; {spread_worst:.0%} |
| sharpness of chunk {chunks} over chunk 1 (median, Laplacian variance) | {sharpness_last_over_first:.0%} |
| new frames a second, two CPU cores, memory off, {sampling_steps} steps, decoding included | {frames_per_second:.1f} |
{memory}
## Known limits
- Small pictures, and a small model trained for hours on two processor cores: what comes into view is
  soft and simple, and most of all late in a chunk.
- It knows five kinds of places. Other start pictures are continued, but in the manner of those.
- It knows nine motions (walk, step, turn, curve, hold). Other texts are accepted and change little.
- Walls don't stop the walk: it goes where the action says, and imagines what is there.
- What was seen comes back as it was where the bank of remembered frames may join in; with the
  adapter alone it comes back in outline.
"""
WRONG = """\
| with another trajectory's actions | {psnr_wrong_actions:.2f} dB ({wrong_actions_cost_db:.2f} worse) |
"""


def facts(run: Path, measures: dict[str, Any], before: int = 0) -> dict[str, Any]:
    """Everything the card says, from the run's own record; ``before``: steps of the run that it
    went on from."""
    rows = read_log(run / "log.jsonl")
    losses = [r["loss"] for r in rows if "loss" in r]
    timed = [r for r in rows if "minutes" in r]
    some = max(1, min(8, len(losses) // 2))  # a single line of the log is mostly chance
    return {
        "steps": rows[-1]["step"] - before, "minutes": timed[-1]["minutes"], "loss_first": sum(losses[:some]) / some,
        "loss_last": sum(losses[-some:]) / some, "measured": measures["walks"],
        **{k: v for k, v in measures.items() if k not in ("per_frame", "walks")},
        "per_frame": ", ".join(f"{x:.1f}" for x in measures["per_frame"]),
        # Among few walks there may be none with other actions.
        "wrong": WRONG.format(**measures) if "psnr_wrong_actions" in measures else "",
    }


def memory(results: list[Path]) -> str:
    """The card's part on memory, from ``result.json`` files; nothing where there are none."""
    text = section([json.loads(path.read_text("utf-8")) for path in results])
    return f"\n{text}" if text else ""


def publish(args: argparse.Namespace) -> None:
    from core.learning.data import FRAMES
    from core.learning.scenes.scene import STYLES

    run, out = args.run, args.out
    world = run / "world"
    autoencoder = StarterAutoencoder.from_pretrained(world / "autoencoder")
    net = StarterDenoiser.from_pretrained(world / "transformer")
    text = StarterTextEncoder.from_pretrained(world / "text_encoder")
    depth = StarterDepth.from_pretrained(world / "depth")
    millions = {
        f"{name}_m": sum(p.numel() for p in part.parameters()) / 1e6
        for name, part in (
            ("autoencoder", autoencoder), ("transformer", net), ("text", text), ("depth", depth),
        )
    }
    parts = [part.to(torch.float16) for part in (autoencoder, net, text, depth)]
    for part in parts:  # where they lay while they were trained is of no use to who has the world
        part.register_to_config(_name_or_path="")
    save(out, *parts, steps=args.sampling_steps)
    known = facts(run, json.loads(args.measures.read_text("utf-8")), args.steps_before)
    card = CARD.format(
        **known, **millions, channels=autoencoder.config.latent_channels, layers=net.config.layers,
        dim=net.config.dim, detail=f", convolutions of width {net.config.detail} after them"
        if net.config.detail else "", styles=", ".join(STYLES), frames=FRAMES,
        walks=args.walks, autoencoder_minutes=args.autoencoder_minutes, command=args.command,
        memory=memory(args.remembered), depth_command=args.depth_command, history=f"\n{args.history}" if args.history else "",
    )
    (out / "README.md").write_text(card, "utf-8")
    shutil.copy(run / "sheet.png", out / "sheet.png")
    shutil.copy(run / "log.jsonl", out / "training.jsonl")
    draw_curve(read_log(run / "log.jsonl"), out / "curve.png")
    write_sums(out)  # last: what follows would read as damage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/starter"))
    parser.add_argument("--measures", type=Path, default=Path("runs/measures.json"))
    parser.add_argument("--out", type=Path, default=Path("resources/worlds/starter"))
    parser.add_argument("--walks", type=int, default=448)
    parser.add_argument("--autoencoder-minutes", type=float, default=12)
    parser.add_argument(
        "--command",
        default="torchrun --nproc-per-node 2 -m core.learning.train --minutes 77",
    )
    parser.add_argument(
        "--depth-command",
        default="python -m core.learning.train_depth --more-scenes 1400 --minutes 40 --threads 2",
    )
    parser.add_argument("--sampling-steps", type=int, default=STEPS,
                        help="steps in which a new project's chunks are drawn")
    parser.add_argument("--steps-before", type=int, default=0, metavar="N",
                        help="steps of the run whose state --run began with")
    parser.add_argument("--history", default="", help="a sentence on runs before this one")
    parser.add_argument("--remembered", type=Path, nargs="*", default=[], metavar="RESULT.json",
                        help="what core.evaluate measured of its memory; later: core.evaluate.card")
    publish(parser.parse_args())


if __name__ == "__main__":
    main()
