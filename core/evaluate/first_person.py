"""The first-person bar: what a world does on held-out scenes, as numbers.

    python -m core.evaluate.first_person [--world DIR] [--walks 40] [--json FILE] [--sheet FILE.png]

Measures, on trajectories held out by scene and in as many sampling steps as a new project of the
world takes (--steps: in others): next-chunk PSNR against repeating the last frame;
the same with another trajectory's actions; whether turning left and right go the right way; the
pixel spread over a long roll-out; and how many new frames a second are made with memory off.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.diffusion.sampler import sample
from core.diffusion.window import Window
from core.evaluate.metrics import psnr, sharpness, spread
from core.evaluate.walking import plain_texts
from core.learning.data import HELD_OUT, WalkData, make_walk
from core.learning.language import PHRASES
from core.learning.scenes.scene import STYLES, Scene
from core.learning.scenes.walker import follow
from core.media.cv import cv2
from core.rollout.context import CONTEXT_LEVEL
from core.worlds.catalogue import RESOURCES, load_world, read_entry
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.world import StarterWorld


def continue_walk(
    world: StarterWorld, context: list[LatentFrame], actions: list[str], scene: str, seed: int,
    steps: int = 4,
) -> list[LatentFrame]:
    """One chunk after ``context``, dead reckoned from the actions."""
    context = [replace(f, z=f.z.to(world.device)) for f in context]
    addresses = world.addresses(context[-1].address, actions)
    z = sample(world, Window(context, addresses, actions, scene), steps=steps, guidance=1.0,
               generator=torch.Generator().manual_seed(seed))
    return [LatentFrame(z[:, i], a, CONTEXT_LEVEL) for i, a in enumerate(addresses)]


def pictures(world: StarterWorld, frames: list[LatentFrame]) -> np.ndarray:
    return world.decode(torch.stack([f.z for f in frames]))


def context_of(walk: WalkData, now: int, past: int) -> list[LatentFrame]:
    """The frames up to ``now``, addressed in the scene's own coordinates."""
    return [
        LatentFrame(walk.latents[i], Address(i, tuple(walk.poses[i])), CONTEXT_LEVEL)
        for i in range(now - past + 1, now + 1)
    ]


def next_chunk(world: StarterWorld, walks: list[WalkData], steps: int = 4) -> dict[str, float]:
    """PSNR of the chunk after a real context; a wrong one has the actions of the next walk that
    goes elsewhere. Where none of ``walks`` does, nothing is said of wrong ones."""
    n, past = world.geometry.n_new, world.geometry.n_past
    right, wrong, repeat, cost = [], [], [], []
    for i, walk in enumerate(walks):
        now = 6 + (i * 5) % (len(walk.poses) - n - 7)
        truth = walk.pictures[now + 1 : now + n + 1]
        other = next((
            w for k in range(1, len(walks))
            if (w := walks[(i + k) % len(walks)]).verbs[now + 1 : now + n + 1].tolist()
            != walk.verbs[now + 1 : now + n + 1].tolist()
        ), None)
        for into, source in ((right, walk), (wrong, other)):
            if source is None:
                continue
            texts = plain_texts(source.verbs[now + 1 : now + n + 1])
            made = continue_walk(
                world, context_of(walk, now, past), texts, STYLES[walk.style], i, steps
            )
            into.append(psnr(pictures(world, made), truth))
        if other is not None:
            cost.append(right[-1] - wrong[-1])
        repeat.append(psnr(np.repeat(walk.pictures[now : now + 1], n, 0), truth))
    psnr_right, psnr_repeat = float(np.mean(right)), float(np.mean(repeat))
    found = {
        "psnr": psnr_right, "psnr_repeat_last": psnr_repeat,
        "over_repeat_db": psnr_right - psnr_repeat,
        "per_frame": np.mean(right, 0).round(2).tolist(),
        "per_frame_repeat": np.mean(repeat, 0).round(2).tolist(),
    }
    if wrong:
        found |= {
            "psnr_wrong_actions": float(np.mean(wrong)),
            "wrong_actions_cost_db": float(np.mean(cost)),
        }
    return found


def turning(world: StarterWorld, walks: list[WalkData], steps: int = 4) -> dict[str, float]:
    """Share of turns whose last frame agrees more with the true turn than with the opposite one."""
    n = world.geometry.n_new
    shares = {}
    for verb, opposite in (("turn_left", "turn_right"), ("turn_right", "turn_left")):
        right = []
        for i, walk in enumerate(walks):
            now = 8
            scene = Scene(HELD_OUT + i)
            ends = [follow(walk.poses[now], [v] * n)[-1] for v in (verb, opposite)]
            truth = scene.render(np.stack(ends))
            made = continue_walk(world, context_of(walk, now, world.geometry.n_past),
                                 [PHRASES[verb][0]] * n, STYLES[walk.style], i, steps)
            last = pictures(world, made[-1:])
            right.append(psnr(last, truth[:1])[0] > psnr(last, truth[1:])[0])
        shares[verb] = float(np.mean(right))
    return shares


def long_run(
    world: StarterWorld, walks: list[WalkData], chunks: int = 20, steps: int = 4
) -> tuple[dict[str, float], np.ndarray]:
    """Pixel spread and sharpness of the last chunk over the first, from one picture; and a sheet."""
    n, past = world.geometry.n_new, world.geometry.n_past
    plan = ["forward", "forward", "turn_left", "forward", "forward_right", "turn_right", "forward",
            "turn_left", "forward", "hold"]
    spreads, sharp, rows = [], [], []
    for i, walk in enumerate(walks):
        context = [LatentFrame(walk.latents[8], Address(0, (0.0, 0.0, 0.0)), CONTEXT_LEVEL)]
        kept, shown = [], [walk.pictures[8]]
        for k in range(chunks):
            texts = [PHRASES[plan[k % len(plan)]][0]] * n
            made = continue_walk(world, context, texts, STYLES[walk.style], 1000 * i + k, steps)
            context = (context + made)[-past:]
            frames = pictures(world, made)
            shown.append(frames[-1])
            if k in (0, chunks - 1):
                kept.append(frames)
        spreads.append([spread(f) for f in kept])
        sharp.append([sharpness(f) for f in kept])
        rows.append(np.concatenate(shown[:: max(1, chunks // 10)], 1))
    spreads, sharp = np.array(spreads), np.array(sharp)
    return {
        "chunks": chunks,
        "spread_last_over_first": float((spreads[:, 1] / spreads[:, 0]).mean()),
        "spread_worst": float((spreads[:, 1] / spreads[:, 0]).min()),
        "sharpness_last_over_first": float(np.median(sharp[:, 1] / sharp[:, 0])),
    }, np.concatenate(rows, 0)


def speed(world: StarterWorld, walk: WalkData, chunks: int = 6, steps: int = 4) -> float:
    """New frames a second, memory off, decoding included (median chunk)."""
    n, past = world.geometry.n_new, world.geometry.n_past
    times = []
    context = context_of(walk, 8, past)
    for k in range(chunks):
        began = time.perf_counter()
        made = continue_walk(world, context, ["walk forward"] * n, STYLES[walk.style], k, steps)
        pictures(world, made)
        times.append(time.perf_counter() - began)
        context = (context + made)[-past:]
    return n / float(np.median(times[1:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=RESOURCES / "worlds" / "starter")
    parser.add_argument("--walks", type=int, default=40)
    parser.add_argument("--long-walks", type=int, default=10)
    parser.add_argument("--steps", type=int, help="sampling steps of a chunk")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    world, steps = load_world(args.world), args.steps or read_entry(args.world).steps
    walks = [make_walk(world.autoencoder, HELD_OUT + i, "explore", 48) for i in range(args.walks)]
    result: dict = {"world": world.hash, "walks": args.walks, "sampling_steps": steps}
    result |= next_chunk(world, walks, steps)
    result |= turning(world, walks, steps)
    run, sheet = long_run(world, walks[: args.long_walks], steps=steps)
    result |= run
    result["frames_per_second"] = speed(world, walks[0], steps=steps)
    if args.sheet:
        cv2.imwrite(str(args.sheet), sheet[..., ::-1])
    text = json.dumps(result, indent=2)
    if args.json:
        args.json.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
