"""The model families that can be run: where their code is, and what their checkpoints leave unsaid.

A checkpoint in the diffusers layout says what its networks are, not how to walk with them. What a
window of it should be, and how it is best sampled, stands here; a ``world.json`` beside the weights
can say otherwise. A module named here is imported when a world of the family is loaded, not before.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from core.worlds.protocol import WorldLoader


@dataclass(frozen=True)
class Family:
    """``module`` has a ``load(folder, device)``. ``pipelines`` are the class names by which
    diffusers' ``model_index.json`` tells the family. ``facts`` stand in for what a ``world.json``
    would say; sizes in pixels, ``n_past`` and ``n_new`` in latent frames of ``t_stride`` pictures,
    ``horizon`` latent frames that the model was trained to see at once. A checkpoint that was
    distilled to a few steps has ``fast_learning`` False, and ``why_not`` says why: a learning step
    costs as much as its whole chunk, and its denoiser is no longer one that the loss of fast
    learning was made for. ``adapted`` is the regex of the adapter's layers, for what they need
    (``core.worlds.needs``). ``places``: its actions say where the camera goes, so that remembered
    frames have an address. ``together``: a window of at most so many latent pixels is computed
    with and without its text in one batch; a larger one fills a machine by itself. ``caches``:
    whether diffusers can leave out blocks that hardly change; ``compiles``: whether torch can
    compile its blocks, which diffusers says repeat (``core.worlds.ways``). ``shift``: how far the
    schedule is bent towards noise where the checkpoint's scheduler leaves it unsaid, that is at 1,
    and no ``world.json`` says otherwise."""

    module: str
    pipelines: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    adapted: str = r".*\.attn1\.(to_q|to_k|to_v|to_out\.0)"
    places: bool = False
    together: int = 8192
    caches: bool = False
    compiles: bool = False
    shift: float = 1.0

    def loader(self) -> WorldLoader:
        return cast("WorldLoader", importlib.import_module(self.module).load)


FAMILIES: Mapping[str, Family] = {
    "starter": Family(
        "core.worlds.starter.world", adapted=r"blocks\.\d+\.temporal_attn\.(to_q|to_k|to_v|to_out)",
        places=True,
    ),
    # Trained on 121 pictures at 24 a second, 1280×704; half of that each way fits a consumer card.
    # And on one clean latent frame: the start's own stays, and the last one has four pictures of
    # motion. Every further one costs a fourteenth of each call, and was never seen in training.
    "wan": Family(
        "core.worlds.wan", ("WanPipeline", "WanImageToVideoPipeline"),
        {
            "width": 832, "height": 480, "rate": "24", "t_stride": 4, "n_past": 2, "n_new": 12,
            "horizon": 31, "steps": 50, "guidance": 5.0, "licence": "Apache-2.0",
        },
        caches=True, compiles=True,
    ),
    "ltx": Family(
        "core.worlds.ltx", ("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline"),
        {
            "width": 704, "height": 480, "rate": "24", "t_stride": 8, "n_past": 3, "n_new": 8,
            "horizon": 33, "steps": 40, "guidance": 3.0,
            "licence": "of the checkpoint: see its model card",
        },
        caches=True, compiles=True,
    ),
    # Trained on 97 pictures; its own pipeline continues from 17 of them. Its checkpoints are saved
    # without a shift, and whoever uses them is told to set 8 (5 for a picture's continuation).
    "skyreels": Family(
        "core.worlds.skyreels",
        (
            "SkyReelsV2DiffusionForcingPipeline", "SkyReelsV2DiffusionForcingVideoToVideoPipeline",
            "SkyReelsV2DiffusionForcingImageToVideoPipeline",
        ),
        {
            "width": 960, "height": 544, "rate": "24", "t_stride": 4, "n_past": 5, "n_new": 12,
            "horizon": 25, "steps": 50, "guidance": 6.0, "licence": "Skywork Community License",
        },
        compiles=True, shift=8.0,
    ),
    # The paper's base: 16 pictures at once in its own training, at most 32 in the paper's. Two of
    # them say where things are and how they move; with 14 new ones it is the window of training.
    "modelscope": Family(
        "core.worlds.modelscope", ("TextToVideoSDPipeline",),
        {
            "width": 256, "height": 256, "rate": "8", "t_stride": 1, "n_past": 2, "n_new": 14,
            "horizon": 32, "steps": 50, "guidance": 9.0, "licence": "CC-BY-NC-4.0",
        },
        adapted=r"(.*\.)?(temp_attentions\.\d+|transformer_in)\.transformer_blocks\.\d+\."
        r"(attn1|attn2)\.(to_q|to_k|to_v|to_out\.0)",
        together=1 << 20,
    ),
}


def family_of(pipeline: str) -> str | None:
    """The family whose checkpoints name this pipeline class; None: none that can be run."""
    return next((name for name, one in FAMILIES.items() if pipeline in one.pipelines), None)
