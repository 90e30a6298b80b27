"""What a chunk and a learning step need, reckoned (``core.worlds.needs``) over measured, by tier.

On the processor, counted tensor by tensor rather than from the process, where libraries weigh more
than a small world does. The world is a Wan of four blocks, wide enough that its own numbers count.
"""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

TIERS = ("full", "bf16", "tiled", "int8")
FACTOR = 2.0  # either way


class Live(TorchDispatchMode):
    """Bytes of the tensors that are made and alive inside the block, and their peak."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen: set[int] = set()

    def count(self, value: object) -> None:
        if not isinstance(value, torch.Tensor):
            return
        held = value.untyped_storage()
        key, size = held._cdata, held.nbytes()
        if key in self._seen:
            return
        self._seen.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(held, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for value in tree_leaves(out):
            self.count(value)
        return out


def run() -> list[dict]:
    from core.worlds.catalogue import read_entry
    from core.worlds.needs import needs, shape_of
    from core.worlds.tiers import missing, tier

    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = _world(Path(name) / "wan")
        shape = shape_of(read_entry(folder))
        for id in TIERS:
            if missing(tier(id)):
                continue
            reckoned = needs(shape, tier(id), card=False)
            sums = (reckoned.sampling, reckoned.decode, reckoned.learning)
            names = ("sampling", "decode", "learning")
            for what, sum_, there in zip(names, sums, _measured(folder, tier(id)), strict=True):
                ratio = sum_ / there
                rows.append({
                    "name": f"fitting_{id}_{what}", "value": round(ratio, 2), "unit": "x",
                    "goal": f"{1 / FACTOR:g} to {FACTOR:g}", "ok": 1 / FACTOR <= ratio <= FACTOR,
                    "detail": {"reckoned_mb": sum_ / 2**20, "measured_mb": there / 2**20},
                })
    return rows


def _world(folder: Path) -> Path:
    from diffusers import WanTransformer3DModel

    from tests.worlds.tiny import build_wan, describe

    build_wan(folder)
    WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=4, attention_head_dim=64, in_channels=8,
        out_channels=8, text_dim=16, freq_dim=64, ffn_dim=1024, num_layers=4, rope_max_seq_len=64,
    ).save_pretrained(folder / "transformer")
    return describe(
        folder, id="wide-wan", name="Wide Wan", family="wan", width=416, height=256, rate="8",
        n_past=3, n_new=2, horizon=8, steps=2, guidance=2.0,
    )


def _measured(folder: Path, tier) -> tuple[int, int, int]:
    """Peaks in bytes of sampling, decoding and learning, the world itself included."""
    from core.memory.adapter import Adapter
    from core.memory.fast_learning import FastLearner
    from core.project.model import ActionPart, Sampling
    from core.rollout.chunk import make_chunk
    from core.rollout.request import LEAD
    from core.worlds.catalogue import load_world
    from core.worlds.protocol import Address, LatentFrame

    world = load_world(folder, "cpu", tier=tier)
    adapter = Adapter(world)
    g = world.geometry
    torch.manual_seed(0)
    z = torch.randn(g.n_past + g.n_new, g.channels, g.latent_height, g.latent_width)
    frames = [LatentFrame(one, Address(i * g.t_stride)) for i, one in enumerate(z)]
    context, new = frames[: g.n_past], frames[g.n_past :]
    peaks = []
    for work in ("sample", "decode", "learn"):
        live = Live()
        parts = world.parts()
        held = [*parts.net.parameters(), *parts.vae.parameters()]
        for value in held:
            for name in getattr(value, "tensor_data_names", None) or ():  # of a quantised weight
                live.count(getattr(value, name))
            live.count(value.detach()) if not hasattr(value, "qdata") else None
        base = sum({
            v.untyped_storage()._cdata: v.untyped_storage().nbytes() for v in held
            if not hasattr(v, "qdata")
        }.values()) + sum(v.qdata.nbytes for v in held if hasattr(v, "qdata"))
        live.now = live.peak = base
        with live:
            if work == "sample":
                actions = (ActionPart("walk forward", g.chunk_frames),)
                make_chunk(world, adapter, context, actions, "a hall", 1, Sampling(1, 2.0))
            elif work == "decode":
                before = torch.stack([context[i % len(context)].z for i in range(LEAD)])
                world.decode(torch.stack([f.z for f in new]), before)
            else:
                learner = FastLearner(world, adapter, "paper")
                learner.begin(0)
                for _ in learner.learn(context, new):
                    pass
        peaks.append(live.peak)
    return tuple(peaks)
