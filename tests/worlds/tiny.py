"""Tiny checkpoints of the open model families, random weights: built with the families' own classes
and saved by their own pipelines, so that what is loaded back lies as a hub's snapshot does.

The real weights cannot be had in a test. What is shown on these holds for the code that runs them,
not for how good a film looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.builders.tiny_world import build_tiny_world, picture

WORDS = "abcdefghijklmnopqrstuvwxyz,;.'-0123456789"


def t5_tokenizer() -> Any:
    from transformers import T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    return T5TokenizerFast(extra_ids=0, vocab=pieces + [(c, -3.0) for c in WORDS])


def umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(UMT5Config(
        vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        relative_attention_num_buckets=8,
    ))


def wan_autoencoder(size: dict[str, Any]) -> Any:
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(
        base_dim=8, num_res_blocks=1, dim_mult=[1, 2, 2, 2],
        temperal_downsample=[False, True, True], latents_mean=[0.0] * size["z_dim"],
        latents_std=[1.0] * size["z_dim"], **size,
    )
    calm(vae)
    return vae


def calm(vae: nn.Module) -> None:
    """Causal convolutions look at their own frame above all, as trained ones do; random ones look
    at all three alike, and what they saw long ago never fades."""
    with torch.no_grad():
        for module in vae.modules():
            if isinstance(module, nn.Conv3d) and module.weight.shape[2] == 3:
                module.weight[:, :, :2] *= 0.1


def measured(vae: Any, size: tuple[int, int], pictures: int) -> tuple[list[float], list[float]]:
    """Mean and spread of each latent channel over moving pictures [H, W]."""
    x = torch.from_numpy(film(size, pictures)).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    with torch.no_grad():
        z = vae.encode(x).latent_dist.mode()
    return z.mean((0, 2, 3, 4)).tolist(), z.std((0, 2, 3, 4)).clamp_min(1e-3).tolist()


def film(size: tuple[int, int], pictures: int, seed: int = 0) -> np.ndarray:
    """A picture that slides by: uint8 [P, H, W, 3]."""
    height, width = size
    wide = picture(2 * max(size), seed)
    return np.stack([wide[:height, i : i + width] for i in range(pictures)])


def describe(folder: Path, **facts: Any) -> Path:
    """A ``world.json`` beside the checkpoint: windows small enough for a test."""
    (folder / "world.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    return folder


def build_wan(folder: Path, seed: int = 0) -> Path:
    """As Wan2.2-TI2V: a residual autoencoder of 48 channels there, 8 here, patches of 2."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel

    torch.manual_seed(seed)
    vae = wan_autoencoder({
        "z_dim": 8, "is_residual": True, "in_channels": 12, "out_channels": 12, "patch_size": 2,
        "scale_factor_temporal": 4, "scale_factor_spatial": 16,
    })
    mean, std = measured(vae, (64, 96), 9)
    vae.register_to_config(latents_mean=mean, latents_std=std)
    net = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=8,
        out_channels=8, text_dim=16, freq_dim=32, ffn_dim=48, num_layers=2, rope_max_seq_len=64,
    )
    WanPipeline(
        tokenizer=t5_tokenizer(), text_encoder=umt5(), vae=vae, transformer=net,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0), expand_timesteps=True,
    ).save_pretrained(folder)
    return describe(
        folder, id="tiny-wan", name="Tiny Wan", family="wan", width=96, height=64, rate="8",
        n_past=3, n_new=2, horizon=8, steps=3, guidance=2.0,
    )


def build_starter(folder: Path, seed: int = 0) -> Path:
    return build_tiny_world(folder, seed=7 + seed)


BUILDERS: dict[str, Callable[[Path, int], Path]] = {"starter": build_starter, "wan": build_wan}
