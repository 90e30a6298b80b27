"""The open model families against diffusers' own pipelines, called chunk by chunk, on small shapes.

    python -m tests.benchmarks.open_models [FAMILY …] [--json FILE]

Both make the same number of pictures in the same number of steps with the same guidance, and write
them as a film; runs alternate, and a ratio is the median over neighbours. What the weights and
sizes are stands in every row's ``detail``: all are random, and small, so the time that a text
encoder and an autoencoder of the true size take is not in here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUNS, STEPS, GUIDANCE, CALLS = 3, 8, 2.0, 5
SCENE, PROMPT = "a stone hall", "a stone hall; the camera walks forward"
NOTE = (
    "random weights and small shapes on the processor: denoisers of 3 layers of 384 channels "
    "(ModelScope: 2 levels of 64 and 128), text encoders of 1 layer and 16 channels, "
    "autoencoders of 8; one thread, times are the processor's own"
)

_TRANSFORMER = {"num_attention_heads": 6, "attention_head_dim": 64, "num_layers": 3}
_WINDOW = {"n_new": 8, "horizon": 24}
#: Of the denoiser, and of the window; past frames as the family has them at its true size. Wide
#: denoisers over small pictures: as at the true size, most of a chunk is the denoiser's.
SIZES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "wan": ({**_TRANSFORMER, "ffn_dim": 1536}, {"width": 128, "height": 96, **_WINDOW}),
    "ltx": ({**_TRANSFORMER, "cross_attention_dim": 384}, {"width": 128, "height": 96, **_WINDOW}),
    "skyreels": ({**_TRANSFORMER, "ffn_dim": 1536}, {"width": 64, "height": 48, **_WINDOW}),
    "modelscope": (
        {"block_out_channels": (64, 128), "norm_num_groups": 16, "attention_head_dim": 16},
        {"width": 64, "height": 64, **_WINDOW},
    ),
}


def run() -> list[dict]:
    return [row for family in SIZES for row in rows_of(family, measured(family))]


def measured(family: str) -> dict[str, Any]:
    """In a process of its own, so that its peak of memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.open_models", "--inside", family],
        check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(family: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    def row(name: str, value: Any, unit: str, goal: str | None = None) -> dict[str, Any]:
        return {
            "name": f"{family}_{name}", "value": value, "unit": unit, "goal": goal,
            "detail": {**found, "note": NOTE},
        }

    rows = [
        # Over 1: ours is faster.
        row("chunk_faster", found["chunk_faster"], "x", ">= 1.5"),
        row("chunk_faster_equal_past", found["chunk_faster_equal_past"], "x"),
        row("chunk_overhead", found["chunk_over_calls"], "x its calls"),
        row("stock_overhead", found["stock_over_calls"], "x its calls"),
        row("denoiser_call", found["call_over_stock"], "x stock's", "<= 1.05"),
        row("denoiser_call_in_a_chunk", found["sampling_call_over_stock"], "x stock's"),
        row("learning_step", found["step_in_calls"], "calls"),
        row("learning_step_checkpointed", found["step_in_calls_checkpointed"], "calls"),
        row("learning_peak", found["step_peak_mb"], "MB"),
        row("learning_peak_checkpointed", found["step_peak_mb_checkpointed"], "MB"),
    ]
    return rows


# ---- inside a process of its own -----------------------------------------------------------------


def _inside(family: str) -> dict[str, Any]:
    import torch

    from core.engine.in_process import InProcessEngine
    from core.worlds.families import FAMILIES
    from tests.benchmarks import _stock
    from tests.worlds import tiny

    torch.set_num_threads(1)  # so that the processor's time is the work's
    sizes, window = SIZES[family]
    with tempfile.TemporaryDirectory(prefix="slowfast-benchmark-") as temporary:
        folder = Path(temporary)
        past = FAMILIES[family].facts["n_past"]
        checkpoint = tiny.BUILDERS[family](folder / family, sizes=sizes, n_past=past, **window)
        engine = InProcessEngine(device="cpu", previews=False)
        ours = _Ours(engine, checkpoint, folder)
        ours.chunk()  # loads, and makes a past for the next
        ours.chunk()
        world = engine._world
        g = world.geometry
        pipeline = _stock.load(family, checkpoint)
        make = _stock.chunk_of(
            family, pipeline, g, STEPS, GUIDANCE, {"prompt": PROMPT, "negative_prompt": ""}
        )
        film = list(tiny.film((g.height, g.width), 1 + g.n_past * g.t_stride))

        def stock() -> None:
            from core.media.encode import write_take

            new = make(film)
            film.extend(new)
            write_take(folder / "stock.mp4", new, g.rate)

        times = _alternate({"ours": ours.chunk, "stock": stock, "first": ours.first}, RUNS)
        calls = _calls(family, world, pipeline)
        learning = _learning(engine, world)
    theirs = _stock.past_frames(family, g)
    made = 2 * STEPS  # calls in a chunk: with the text and without
    return {
        "family": family, "pipeline": type(pipeline).__name__,
        "parameters_m": round(sum(p.numel() for p in pipeline.components[
            "unet" if family == "modelscope" else "transformer"].parameters()) / 1e6, 2),
        "pictures": [g.width, g.height], "pictures_a_chunk": g.chunk_frames, "steps": STEPS,
        "past_frames": past, "new_frames": g.n_new, "stock_past_frames": theirs,
        "chunk_s": _middle(times["ours"]), "stock_chunk_s": _middle(times["stock"]),
        "chunk_s_of_one_frame_past": _middle(times["first"]),
        "chunk_faster": _ratio(times["stock"], times["ours"]),
        # A stock pipeline that is shown one picture is compared with a chunk after the start alone
        # too; so is one that is shown none, which is less than ours can be.
        "chunk_faster_equal_past": _ratio(
            times["stock"], times["first" if theirs <= 1 else "ours"]
        ),
        "call_s": _middle(calls["ours"]), "stock_call_s": _middle(calls["stock"]),
        "call_over_stock": _ratio(calls["ours"], calls["stock"]),
        "sampling_call_over_stock": _ratio(calls["later"], calls["stock"]),
        "chunk_over_calls": round(_middle(times["ours"]) / (made * _middle(calls["ours"])), 3),
        "stock_over_calls": round(
            _middle(times["stock"]) / (made * _middle(calls["stock_window"])), 3
        ),
        "step_in_calls": round(learning["plain_s"] / learning["call_s"], 2),
        "step_in_calls_checkpointed": round(learning["checkpointed_s"] / learning["call_s"], 2),
        "step_peak_mb": learning["plain_mb"],
        "step_peak_mb_checkpointed": learning["checkpointed_mb"],
        "sampling_peak_mb": learning["call_mb"],
        "checkpointing_works": bool(world.net._supports_gradient_checkpointing),
        "threads": torch.get_num_threads(), "runs": RUNS,
    }


class _Ours:
    """Chunks through the studio's engine, each the continuation of the last."""

    def __init__(self, engine: Any, checkpoint: Path, folder: Path):
        from core.media.encode import write_take
        from core.rollout.request import ContextRef
        from core.worlds.catalogue import content_hash, read_entry
        from tests.worlds import tiny

        self.entry, self.engine, self.folder = read_entry(checkpoint), engine, folder
        self.hash, self.count = content_hash(checkpoint), 0
        start = folder / "start.mp4"
        write_take(start, tiny.film((self.entry.height, self.entry.width), 1), self.entry.rate)
        self.start = ContextRef(str(start), 0, 1)
        self.takes: list[ContextRef] = []

    def chunk(self) -> None:
        self.takes.append(self._make((self.start, *self.takes[-3:])))

    def first(self) -> None:
        """The same with the start alone before it."""
        self._make((self.start,))

    def _make(self, context: tuple[Any, ...]) -> Any:
        from core.engine.control import CancelToken, PauseGate
        from core.project.model import ActionPart, MemoryUse, Sampling
        from core.rollout.events import TakeReady
        from core.rollout.request import ChunkTask, ContextRef

        self.count += 1
        e = self.entry
        task = ChunkTask(
            world_dir=str(e.folder), world_hash=self.hash, context=context,
            actions=(ActionPart("walk forward", e.chunk_frames),), scene=SCENE, seed=self.count,
            sampling=Sampling(STEPS, GUIDANCE), memory=MemoryUse(), snapshot=None,
            rate=str(e.rate), out_dir=str(self.folder / f"take{self.count}"),
        )
        for event in self.engine.run(task, CancelToken(), PauseGate()):
            last = event
        if not isinstance(last, TakeReady):
            raise RuntimeError(f"no chunk: {last}")
        return ContextRef(last.latents, 0, e.n_new)


def _alternate(works: dict[str, Callable[[], Any]], runs: int) -> dict[str, list[float]]:
    """Seconds of each, in turns; the first turn warms up."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            times[name].append(time.process_time() - began)
    return {name: found[1:] for name, found in times.items()}


def _window(world: Any, frames: int) -> tuple[Any, Any, Any]:
    """Noise, levels and the condition of a window of ``frames``, one of them clean."""
    import torch

    from core.worlds.protocol import Address

    g = world.geometry
    z = torch.randn(1, g.channels, frames, g.latent_height, g.latent_width)
    u = torch.full((1, frames), 0.5)
    u[:, 0] = 0
    at = [Address(i * g.t_stride) for i in range(frames)]
    return z, u, world.condition(at, 0, ["", *["walk forward"] * (frames - 1)], SCENE)


def _calls(family: str, world: Any, pipeline: Any) -> dict[str, list[float]]:
    """The world's call (the first of a chunk, and one after it), the pipeline's on the same window,
    and on the pipeline's own window."""
    from dataclasses import replace

    import torch

    from tests.benchmarks import _stock

    g = world.geometry
    net = pipeline.unet if family == "modelscope" else pipeline.transformer
    z, u, cond = _window(world, g.n_past + g.n_new)
    own = z[:, :, : _stock.past_frames(family, g) + g.n_new]
    with torch.no_grad():
        return _alternate({
            "ours": lambda: world.forward(z, u, replace(cond, held={})),
            "later": lambda: world.forward(z, u, cond),
            "stock": lambda: _stock.bare_call(family, net, g, z, u, cond.text),
            "stock_window": lambda: _stock.bare_call(
                family, net, g, own, u[:, : own.shape[2]], cond.text
            ),
        }, CALLS)


def _learning(engine: Any, world: Any) -> dict[str, Any]:
    """Seconds of one gradient step and the peak of memory while learning a chunk, and those of a
    denoiser call of the same window."""
    from dataclasses import replace

    import torch

    from core.memory.fast_learning import FastLearner
    from core.worlds.protocol import Address, LatentFrame

    g = world.geometry
    found: dict[str, Any] = {}
    z, u, cond = _window(world, g.n_past + g.n_new)
    with torch.no_grad():
        found["call_mb"] = _grown(lambda: world.forward(z, u, cond))
        found["call_s"] = _middle(_alternate({"x": lambda: world.forward(z, u, cond)}, CALLS)["x"])
    frames = [
        LatentFrame(z[0, :, i] * 0.7, Address(i * g.t_stride)) for i in range(z.shape[2])
    ]
    for name, on in (("checkpointed", True), ("plain", False)):
        learner = FastLearner(world, engine._adapter, "paper")
        learner.settings = replace(learner.settings, steps=RUNS, checkpointing=on)
        seconds: list[float] = []

        def learn() -> None:
            marks = [
                time.process_time()
                for _ in learner.learn(frames[: g.n_past], frames[g.n_past :])  # noqa: B023
            ]
            # The last mark comes after the held-out loss.
            seconds.extend(b - a for a, b in zip(marks, marks[1:-1]))  # noqa: B023

        found[f"{name}_mb"] = _grown(learn)
        found[f"{name}_s"] = _middle(seconds)
    return found


def _grown(work: Callable[[], Any]) -> float | None:
    """How far this process's memory grows at most during ``work``, MB; None: the system can't
    tell."""
    work()  # what stays from then on
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak begins anew
    except OSError:
        return None
    before = _status("VmRSS")
    work()
    return round(_status("VmHWM") - before, 1)


def _status(name: str) -> float:
    text = Path("/proc/self/status").read_text("ascii")
    return int(next(x for x in text.splitlines() if x.startswith(name)).split()[1]) / 2**10


def _middle(values: list[float]) -> float:
    return round(median(values), 5)


def _ratio(over: list[float], under: list[float]) -> float:
    return round(median(a / b for a, b in zip(over, under)), 3)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.open_models")
    parser.add_argument("families", nargs="*", help=", ".join(SIZES))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--inside", metavar="FAMILY", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        print(json.dumps(_inside(args.inside)))
        return 0
    if unknown := set(args.families) - set(SIZES):
        parser.error(f"no family {', '.join(sorted(unknown))}; there are {', '.join(SIZES)}")
    found = [measured(family) for family in args.families or SIZES]
    print(NOTE + ".")
    for one in found:
        print("  ".join(
            f"{row['name']} {row['value']} {row['unit']}" for row in rows_of(one["family"], one)
        ))
    if args.json:
        Path(args.json).write_text(json.dumps({"note": NOTE, "rows": found}, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(main())
