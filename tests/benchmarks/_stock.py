"""A chunk as a stock diffusers pipeline makes it: called anew for each one, its past in pictures.

Each is given as much of the past as it takes: one picture (Wan's), several (LTX's, SkyReels'), none
(ModelScope's). With ``text`` a prompt is read by the pipeline's own encoder, as it always does;
else it is the features in ``embeds``.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.worlds.protocol import Geometry

PIPELINES = {
    "wan": "WanImageToVideoPipeline", "ltx": "LTXConditionPipeline",
    "skyreels": "SkyReelsV2DiffusionForcingVideoToVideoPipeline",
    "modelscope": "TextToVideoSDPipeline",
}

Chunk = Callable[[list[np.ndarray]], np.ndarray]


def pipeline_of(family: str) -> Any:
    """The pipeline's class."""
    import diffusers

    return getattr(diffusers, PIPELINES[family])


def load(family: str, folder: Path) -> Any:
    found = pipeline_of(family).from_pretrained(
        folder, local_files_only=True, use_safetensors=True
    )
    found.set_progress_bar_config(disable=True)
    return found


def past_frames(family: str, g: Geometry) -> int:
    """Latent frames of the past that the pipeline is shown."""
    return {"wan": 1, "modelscope": 0}.get(family, g.n_past)


def chunk_of(
    family: str, pipeline: Any, g: Geometry, steps: int, guidance: float, text: dict[str, Any]
) -> Chunk:
    """Pictures so far (uint8 [H, W, 3], at least as many as it is shown) → the chunk's new ones,
    uint8 [P, H, W, 3]. ``text`` as the pipeline's arguments name it."""
    from PIL import Image

    past = past_frames(family, g)
    shown = 1 + (past - 1) * g.t_stride if past else 0
    usual = {
        "height": g.height, "width": g.width, "num_inference_steps": steps,
        "guidance_scale": guidance, "output_type": "np", "return_dict": False,
        "num_frames": 1 + (past + g.n_new - 1) * g.t_stride if past else g.chunk_frames, **text,
    }
    if family == "ltx":
        usual |= {"frame_rate": float(g.rate), "image_cond_noise_scale": 0.0}
    if family == "skyreels":
        usual |= {
            "overlap_history": shown, "base_num_frames": usual["num_frames"],
            "addnoise_condition": 20, "fps": int(g.rate),
        }

    def make(before: list[np.ndarray]) -> np.ndarray:
        tail = [Image.fromarray(p) for p in before[-shown:]] if shown else []
        given: dict[str, Any] = {}
        if family == "wan":
            given["image"] = tail[-1]
        elif family == "ltx":
            from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

            given["conditions"] = [LTXVideoCondition(video=tail)]
        elif family == "skyreels":
            given["video"] = tail
        with _prompts_as_they_are():
            frames = np.asarray(pipeline(**usual, **given)[0][0])[-g.chunk_frames :]
        return (frames * 255).round().astype(np.uint8)

    return make


@contextlib.contextmanager
def _prompts_as_they_are() -> Iterator[None]:
    """Some pipelines mend broken Unicode with a library that is not needed for anything else."""
    modules = [
        m for name, m in sys.modules.items()
        if name.startswith("diffusers.pipelines.") and hasattr(m, "prompt_clean")
    ]
    kept = [m.prompt_clean for m in modules]
    for module in modules:
        module.prompt_clean = str
    try:
        yield
    finally:
        for module, clean in zip(modules, kept):
            module.prompt_clean = clean


def bare_call(family: str, net: Any, g: Geometry, z: Any, u: Any, text: Any) -> Any:
    """One call of the pipeline's denoiser as the pipeline makes it (batch 1): latents
    [1, C, F, h, w], levels [1, F], text [L, D]."""
    from core.worlds.prompted import padded
    from core.worlds.wan import TOKENS

    f, tokens = z.shape[2], g.latent_height * g.latent_width
    if family == "wan":
        patch = net.config.patch_size
        each = tokens // (patch[1] * patch[2])
        return net(
            hidden_states=z, timestep=(u * 1000).repeat_interleave(each, 1),
            encoder_hidden_states=padded(text, TOKENS), return_dict=False,
        )[0]
    if family == "skyreels":
        rate = [int(g.rate != 16)] if net.config.inject_sample_info else None
        return net(
            hidden_states=z, timestep=u * 1000, encoder_hidden_states=padded(text, TOKENS),
            enable_diffusion_forcing=True, fps=rate, return_dict=False,
        )[0]
    if family == "modelscope":
        return net(z, 499, encoder_hidden_states=text[None], return_dict=False)[0]
    import torch

    grid = torch.meshgrid(
        *(torch.arange(n, device=z.device) for n in (f, g.latent_height, g.latent_width)),
        indexing="ij",
    )
    coords = torch.stack(grid).flatten(1).float()[None]
    mask = torch.ones(1, len(text), device=z.device, dtype=text.dtype)
    return net(
        hidden_states=z.permute(0, 2, 3, 4, 1).flatten(1, 3), encoder_hidden_states=text[None],
        timestep=(u * 1000).repeat_interleave(tokens, 1), encoder_attention_mask=mask,
        video_coords=coords, return_dict=False,
    )[0]
