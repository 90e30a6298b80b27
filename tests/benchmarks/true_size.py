"""The open model families at their true size on a CUDA card: speed, memory, share of the peak.

    python -m tests.benchmarks.true_size --out DIR [--family wan …] [--limit 600] [--steps 10]
        [--way exact|cache|compiled]

Denoiser and autoencoder have their published configuration and random weights, made on the card in
bfloat16 (the autoencoders of Wan's kind and ModelScope's in float32, as they are run); speed and
memory do not depend on the values. There is no text encoder: features are random, of the right
width. Each family runs in a process of its own within ``--limit`` seconds and leaves
DIR/FAMILY.json; one that is there is not measured again. ``--tiny`` does all of it in small, on any
machine.

FLOPs are torch's own count of matrix products, convolutions and attention in one denoiser call, two
to a multiply-add. They are set against the card's published dense bfloat16 peak where that is known
here, and always against what one large matrix product reaches on this very card.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from core.worlds.ways import EXACT, WAYS

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ("wan", "ltx", "skyreels", "modelscope")
RUNS, GUIDED = 5, 2.0

#: Dense bfloat16 FLOPs a second, of the makers' data sheets.
PEAKS = {
    "H100 PCIe": 756e12, "H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12,
    "RTX 4090": 165e12,
}

_WAN_VAE_22 = {
    "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "dim_mult": [1, 2, 4, 4],
    "num_res_blocks": 2, "temperal_downsample": [False, True, True], "is_residual": True,
    "in_channels": 12, "out_channels": 12, "patch_size": 2, "scale_factor_temporal": 4,
    "scale_factor_spatial": 16, "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48,
}
#: Denoiser, autoencoder, width of a token of text, tokens. What is not said is the class's own
#: default, which is the published one.
TRUE: dict[str, tuple[dict[str, Any], dict[str, Any], int, int]] = {
    "wan": (
        {
            "num_layers": 30, "num_attention_heads": 24, "attention_head_dim": 128,
            "ffn_dim": 14336, "patch_size": (1, 2, 2), "in_channels": 48, "out_channels": 48,
            "text_dim": 4096,
        },
        _WAN_VAE_22, 4096, 60,
    ),
    "ltx": (
        {
            "num_layers": 28, "num_attention_heads": 32, "attention_head_dim": 64,
            "in_channels": 128, "out_channels": 128, "cross_attention_dim": 2048,
            "caption_channels": 4096,
        },
        {}, 4096, 60,
    ),
    "skyreels": (
        {
            "num_layers": 30, "num_attention_heads": 12, "attention_head_dim": 128,
            "ffn_dim": 8960, "patch_size": (1, 2, 2), "in_channels": 16, "out_channels": 16,
            "text_dim": 4096, "inject_sample_info": True,
        },
        {}, 4096, 60,
    ),
    "modelscope": (
        {},
        {
            "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2,
            "down_block_types": ("DownEncoderBlock2D",) * 4,
            "up_block_types": ("UpDecoderBlock2D",) * 4, "sample_size": 512,
        },
        1024, 77,
    ),
}
_SMALL_WAN = {
    "num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 12, "ffn_dim": 48,
    "text_dim": 16, "freq_dim": 32, "patch_size": (1, 2, 2),
}
_SMALL_VAE = {
    "base_dim": 8, "num_res_blocks": 1, "dim_mult": [1, 2, 2, 2],
    "temperal_downsample": [False, True, True],
}
TINY: dict[str, tuple[dict[str, Any], dict[str, Any], int, int]] = {
    "wan": (
        {**_SMALL_WAN, "in_channels": 48, "out_channels": 48},
        {**_WAN_VAE_22, **_SMALL_VAE, "decoder_base_dim": 8}, 16, 6,
    ),
    "ltx": (
        {
            "num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 8,
            "out_channels": 8, "cross_attention_dim": 24, "caption_channels": 16,
        },
        {
            "latent_channels": 8, "block_out_channels": (8, 8, 8, 8),
            "decoder_block_out_channels": (8, 8, 8, 8), "layers_per_block": (1,) * 5,
            "decoder_layers_per_block": (1,) * 5,
        },
        16, 6,
    ),
    "skyreels": (
        {**_SMALL_WAN, "in_channels": 16, "out_channels": 16, "inject_sample_info": True},
        _SMALL_VAE, 16, 6,
    ),
    "modelscope": (
        {
            "block_out_channels": (8, 16), "norm_num_groups": 4, "layers_per_block": 1,
            "down_block_types": ("CrossAttnDownBlock3D", "DownBlock3D"),
            "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D"), "cross_attention_dim": 16,
            "attention_head_dim": 4,
        },
        {
            "block_out_channels": (8, 8, 8, 8), "norm_num_groups": 4,
            "down_block_types": ("DownEncoderBlock2D",) * 4,
            "up_block_types": ("UpDecoderBlock2D",) * 4,
        },
        16, 6,
    ),
}
_TINY_WINDOW = {"width": 64, "height": 64, "n_past": 2, "n_new": 2}


# ---- a world of random numbers -------------------------------------------------------------------


@contextmanager
def _made_on(device: Any, dtype: Any) -> Iterator[None]:
    """Modules built inside are on ``device`` in ``dtype`` from the first: a large one fits into
    neither the processor's memory nor the card's twice."""
    import torch

    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(usual)


def build(family: str, folder: Path, device: Any, tiny: bool) -> Any:
    """The family's world with random weights; ``folder`` gets its description alone."""
    import diffusers
    import torch

    from core.worlds import ltx, modelscope, parts, skyreels, wan
    from core.worlds.prompted import checkpoint
    from core.worlds.prompts import Prompts

    denoiser, autoencoder, width, tokens = (TINY if tiny else TRUE)[family]
    facts = {"id": family, "name": family, "family": family, **(_TINY_WINDOW if tiny else {})}
    (folder / "world.json").write_text(json.dumps(facts), "utf-8")
    found, dtype = checkpoint(folder), parts.dtype_for(device)

    def made(kind: str, dtype: Any, sizes: dict[str, Any]) -> Any:
        with _made_on(device, dtype):
            return getattr(diffusers, kind)(**sizes).to(device, dtype).eval().requires_grad_(False)

    def read(prompt: str) -> Any:
        drawn = torch.randn(tokens, width, generator=torch.Generator().manual_seed(len(prompt)))
        return drawn.to(device, dtype)

    prompts = Prompts(lambda: read)
    if family == "wan":
        vae = wan.WanAutoencoder(made("AutoencoderKLWan", torch.float32, autoencoder))
        net = made("WanTransformer3DModel", dtype, denoiser)
        return wan.WanWorld(found, vae, net, prompts, 5.0)
    if family == "skyreels":
        vae = wan.WanAutoencoder(made("AutoencoderKLWan", torch.float32, autoencoder))
        net = made("SkyReelsV2Transformer3DModel", dtype, denoiser)
        return skyreels.SkyReelsWorld(found, vae, net, prompts, 8.0)
    if family == "ltx":
        vae = made("AutoencoderKLLTXVideo", dtype, autoencoder)
        net = made("LTXVideoTransformer3DModel", dtype, denoiser)
        return ltx.LTXWorld(found, vae, net, prompts, {}, True)
    vae = made("AutoencoderKL", torch.float32, autoencoder)
    net = made("UNet3DConditionModel", dtype, denoiser)
    noise = diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
    )
    return modelscope.ModelScopeWorld(found, vae, net, prompts, noise)


# ---- measuring -----------------------------------------------------------------------------------


class _Clock:
    """Seconds and peak memory of work on a device."""

    def __init__(self, device: Any, runs: int):
        self.cuda, self.runs = device.type == "cuda", runs

    def __call__(self, work: Callable[[], Any], most: int = RUNS) -> tuple[float, float | None]:
        """(median seconds, peak GiB; None without a card). The first run warms up."""
        import torch

        seconds = []
        for i in range(min(most, self.runs) + 1):
            if self.cuda:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            began = time.perf_counter()
            work()
            if self.cuda:
                torch.cuda.synchronize()
            if i:
                seconds.append(time.perf_counter() - began)
        peak = round(torch.cuda.max_memory_allocated() / 2**30, 3) if self.cuda else None
        return median(seconds), peak


def measure(family: str, tiny: bool, steps: int, way: str = "exact") -> dict[str, Any]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from core.memory.adapter import Adapter
    from core.project.model import ActionPart, Sampling
    from core.rollout.chunk import make_chunk
    from core.rollout.request import LEAD
    from core.worlds.protocol import Address, LatentFrame

    device = torch.device("cuda" if torch.cuda.is_available() and not tiny else "cpu")
    clock = _Clock(device, 1 if tiny else RUNS)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory(prefix="slowfast-benchmark-") as folder:
        world = build(family, Path(folder), device, tiny)
    g, adapter = world.geometry, Adapter(world)
    shape = (g.n_past + g.n_new, g.channels, g.latent_height, g.latent_width)
    film = [
        LatentFrame(z, Address(i * g.t_stride))
        for i, z in enumerate(torch.randn(shape, device=device))
    ]
    past = film[: g.n_past]
    lead = torch.stack([f.z for f in past]) if g.causal_first else None
    z = torch.stack([f.z for f in film], 1)[None]
    u = torch.full((1, len(film)), 0.5, device=device)
    u[:, : g.n_past] = world.context_level
    cond = world.condition(
        [f.address for f in film], g.n_past - 1, ["go"] * len(film), "a hall"
    )
    actions = (ActionPart("walk forward", g.chunk_frames),)
    made: list[Any] = []

    def sampled() -> None:
        found, _ = make_chunk(
            world, adapter, past, actions, "a hall", 1, Sampling(steps, GUIDED, way)
        )
        made[:] = [found]

    with torch.no_grad():
        call_s, call_peak = clock(lambda: world.forward(z, u, cond))
        with FlopCounterMode(display=False) as counted:
            world.forward(z, u, cond)
    runs = 1 if steps > 4 else 2
    began = time.perf_counter()
    sampled()  # with what has to be compiled
    first_s = time.perf_counter() - began
    sample_s, sample_peak = clock(sampled, runs)
    decode_s, decode_peak = clock(lambda: world.decode(made[0], lead), runs)
    # In a row, where a decoder may go on from what it saw last: a chunk that follows itself.
    again = made[0].repeat(-(-LEAD // len(made[0])), 1, 1, 1)[-LEAD:] if g.causal_first else None
    row_s, row_peak = clock(lambda: world.decode(made[0], again), runs)
    flops = counted.get_total_flops()
    rate = flops / call_s
    best = _matmul_rate(clock, device)
    peak = _published(device)
    found: dict[str, Any] = {
        "family": family, "tiny": tiny, "weights": "random",
        "device": torch.cuda.get_device_name() if clock.cuda else "cpu",
        "dtype": str(next(world.net.parameters()).dtype).removeprefix("torch."),
        "parameters_b": round(_base_parameters(world) / 1e9, 4),
        "pictures": [g.width, g.height], "window_frames": len(film), "new_frames": g.n_new,
        "call_s": call_s, "call_peak_gib": call_peak, "call_tflop": flops / 1e12,
        "share_of_published_peak": rate / peak if peak else None,
        "share_of_own_matmul": rate / best, "own_matmul_tflops": best / 1e12,
        "chunk_steps": steps, "chunk_calls": 2 * steps, "chunk_sample_s": sample_s,
        "way": way, "why_not": world.why_not(way), "chunk_sample_first_s": first_s,
        "chunk_decode_alone_s": decode_s, "chunk_decode_s": row_s, "chunk_s": sample_s + row_s,
        "sampling_over_calls": sample_s / (2 * steps * call_s),
        "chunk_peak_gib": max(sample_peak, decode_peak, row_peak) if clock.cuda else None,
    }
    return {**found, **_learning(world, adapter, film, clock, call_s)}


def _learning(world: Any, adapter: Any, film: list[Any], clock: _Clock, call_s: float) -> dict:
    """A gradient step with and without checkpointing. One that does not fit is said, not fatal."""
    from dataclasses import replace

    import torch

    from core.memory.fast_learning import FastLearner

    found: dict[str, Any] = {
        "checkpointing_works": bool(world.net._supports_gradient_checkpointing)
    }
    n_past = world.geometry.n_past
    for name, on in (("checkpointed", True), ("plain", False)):
        learner = FastLearner(world, adapter, "paper")
        steps = clock.runs + 2
        learner.settings = replace(learner.settings, steps=steps, checkpointing=on)
        marks: list[float] = []

        def learn() -> None:
            for _ in learner.learn(film[:n_past], film[n_past:]):  # noqa: B023
                if clock.cuda:
                    torch.cuda.synchronize()
                marks.append(time.perf_counter())  # noqa: B023

        try:
            _, peak = clock(learn, 1)
        except torch.cuda.OutOfMemoryError:
            found[f"step_{name}"] = "did not fit"
            torch.cuda.empty_cache()
            continue
        last = marks[-(steps + 1) : -1]  # before each step of the second run; then held-out losses
        seconds = median(b - a for a, b in zip(last[1:], last[2:]))
        found |= {
            f"step_{name}_s": seconds, f"step_{name}_calls": seconds / call_s,
            f"step_{name}_peak_gib": peak,
        }
    return found


def _base_parameters(world: Any) -> int:
    return sum(p.numel() for n, p in world.net.named_parameters() if "lora_" not in n)


def _matmul_rate(clock: _Clock, device: Any) -> float:
    """FLOPs a second of one large product in what the networks compute in."""
    import torch

    from core.worlds.parts import dtype_for

    n = 8192 if clock.cuda else 256
    a, b = (torch.randn(n, n, device=device, dtype=dtype_for(device)) for _ in range(2))
    seconds, _ = clock(lambda: a @ b, 10)
    return 2 * n**3 / seconds


def _published(device: Any) -> float | None:
    import torch

    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name()
    return next((peak for key, peak in PEAKS.items() if key in name), None)


# ---- the command ---------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.true_size", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, help="folder of the results", required=True)
    parser.add_argument("--family", action="append", choices=FAMILIES, help="may be repeated")
    parser.add_argument("--limit", type=float, default=600, help="seconds a family may take")
    parser.add_argument("--steps", type=int, default=10, help="sampling steps of a chunk")
    parser.add_argument("--way", choices=WAYS, default=EXACT, help="how a chunk is sampled")
    parser.add_argument("--tiny", action="store_true", help="tiny networks, on the processor")
    parser.add_argument("--inside", choices=FAMILIES, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.inside:
        print(json.dumps(measure(args.inside, args.tiny, args.steps, args.way)))
        return 0
    if not args.tiny and not _has_card():
        parser.error("there is no CUDA card; --tiny does all of it in small")
    args.out.mkdir(parents=True, exist_ok=True)
    results = [_one(family, args) for family in args.family or FAMILIES]
    print(json.dumps(results, indent=1))
    return 0 if all("error" not in one for one in results) else 1


def _has_card() -> bool:
    import torch

    return torch.cuda.is_available()


def _one(family: str, args: argparse.Namespace) -> dict[str, Any]:
    """The family's result, measured now or before; an error is told in it and not kept."""
    kept = args.out / f"{family}.json"
    if kept.is_file():
        found = json.loads(kept.read_text("utf-8"))
        was = (found["tiny"], found["chunk_steps"], found.get("way", EXACT))
        if was == (args.tiny, args.steps, args.way):
            return found
    command = [
        sys.executable, "-m", "tests.benchmarks.true_size", "--out", str(args.out.absolute()),
        "--inside", family, "--steps", str(args.steps), "--way", args.way,
        *(["--tiny"] if args.tiny else []),
    ]
    print(f"{family} …", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, timeout=args.limit,
        )
    except subprocess.TimeoutExpired:
        return {"family": family, "error": f"not done within {args.limit:g} s"}
    if done.returncode:
        return {"family": family, "error": done.stderr.strip().splitlines()[-1:]}
    found = json.loads(done.stdout.splitlines()[-1])
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    part.replace(kept)
    return found


if __name__ == "__main__":
    sys.exit(main())
