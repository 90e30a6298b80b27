"""Tiny checkpoints of the open model families, random weights: built with the families' own classes
and saved by their own pipelines, so that what is loaded back lies as a hub's snapshot does.

The real weights cannot be had in a test. What is shown on these holds for the code that runs them,
not for how good a film looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.builders.tiny_world import build_tiny_world, picture

#: Of a denoiser's configuration: what is to be otherwise than in the tiny one.
Sizes = Mapping[str, Any]
NO_SIZES: Sizes = MappingProxyType({})

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
    """Convolutions over time look at their own frame above all, as trained ones do; random ones
    look at all three alike, and what they saw long ago never fades."""
    ahead = [m for m in vae.modules() if getattr(m, "is_causal", True) is False]
    own = {id(module.conv): 1 for module in ahead}
    with torch.no_grad():
        for module in vae.modules():
            if isinstance(module, nn.Conv3d) and module.weight.shape[2] == 3:
                kept = own.get(id(module), 2)  # a causal one sees its own frame last
                others = [i for i in range(3) if i != kept]
                module.weight[:, :, others] *= 0.3


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


def over(changes: Mapping[str, Any], **usual: Any) -> dict[str, Any]:
    return {**usual, **changes}


def build_wan(folder: Path, seed: int = 0, sizes: Sizes = NO_SIZES, **facts: Any) -> Path:
    """As Wan2.2-TI2V: a residual autoencoder of 48 channels there, 8 here, patches of 2."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel

    torch.manual_seed(seed)
    vae = wan_autoencoder({
        "z_dim": 8, "is_residual": True, "in_channels": 12, "out_channels": 12, "patch_size": 2,
        "scale_factor_temporal": 4, "scale_factor_spatial": 16,
    })
    mean, std = measured(vae, (64, 96), 9)
    vae.register_to_config(latents_mean=mean, latents_std=std)
    net = WanTransformer3DModel(**over(
        sizes,
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=8,
        out_channels=8, text_dim=16, freq_dim=32, ffn_dim=48, num_layers=2, rope_max_seq_len=64,
    ))
    WanPipeline(
        tokenizer=t5_tokenizer(), text_encoder=umt5(), vae=vae, transformer=net,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0), expand_timesteps=True,
    ).save_pretrained(folder)
    return describe(folder, **over(
        facts,
        id="tiny-wan", name="Tiny Wan", family="wan", width=96, height=64, rate="8",
        n_past=3, n_new=2, horizon=8, steps=3, guidance=2.0,
    ))


def build_ltx(folder: Path, seed: int = 0, sizes: Sizes = NO_SIZES, **facts: Any) -> Path:
    """As LTX-Video 0.9.5: a decoder that looks ahead, is told of noise and draws a grain."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXConditionPipeline,
        LTXVideoTransformer3DModel,
    )
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(seed)
    vae = AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1),
        decoder_spatio_temporal_scaling=(True, True, True),
        decoder_inject_noise=(True, False, False, False), upsample_residual=(True, True, True),
        upsample_factor=(1, 1, 1), timestep_conditioning=True, patch_size=4, patch_size_t=1,
    )
    for block in vae.modules():
        if getattr(block, "per_channel_scale1", None) is not None:
            nn.init.normal_(block.per_channel_scale1, std=0.1)
    calm(vae)
    mean, std = measured(vae, (64, 96), 17)
    vae.latents_mean.copy_(torch.tensor(mean))
    vae.latents_std.copy_(torch.tensor(std))
    net = LTXVideoTransformer3DModel(**over(
        sizes,
        in_channels=8, out_channels=8, num_attention_heads=2, attention_head_dim=12,
        cross_attention_dim=24, num_layers=2, caption_channels=16,
    ))
    encoder = T5EncoderModel(T5Config(
        vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        relative_attention_num_buckets=8, feed_forward_proj="gated-gelu",
    ))
    LTXConditionPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=encoder,
        tokenizer=t5_tokenizer(), transformer=net,
    ).save_pretrained(folder)
    return describe(folder, **over(
        facts,
        id="tiny-ltx", name="Tiny LTX", family="ltx", width=96, height=64, rate="8",
        n_past=3, n_new=2, horizon=8, steps=3, guidance=2.0,
    ))


def build_skyreels(folder: Path, seed: int = 0, sizes: Sizes = NO_SIZES, **facts: Any) -> Path:
    """As SkyReels-V2-DF: Wan 2.1's autoencoder, a network that is told the rate."""
    from diffusers import (
        SkyReelsV2DiffusionForcingPipeline,
        SkyReelsV2Transformer3DModel,
        UniPCMultistepScheduler,
    )

    torch.manual_seed(seed)
    vae = wan_autoencoder({"z_dim": 4})
    mean, std = measured(vae, (32, 48), 9)
    vae.register_to_config(latents_mean=mean, latents_std=std)
    net = SkyReelsV2Transformer3DModel(**over(
        sizes,
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=4,
        out_channels=4, text_dim=16, freq_dim=32, ffn_dim=48, num_layers=2, rope_max_seq_len=64,
        inject_sample_info=True,
    ))
    # As those that were converted for diffusers: without a shift.
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", num_train_timesteps=1000, use_flow_sigmas=True
    )
    SkyReelsV2DiffusionForcingPipeline(
        tokenizer=t5_tokenizer(), text_encoder=umt5(), transformer=net, vae=vae, scheduler=scheduler
    ).save_pretrained(folder)
    return describe(folder, **over(
        facts,
        id="tiny-skyreels", name="Tiny SkyReels", family="skyreels", width=48, height=32,
        rate="8", n_past=3, n_new=2, horizon=8, steps=3, guidance=2.0,
    ))


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    letters = [c for c in WORDS if c != " "]
    vocab = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{c}</w>" for c in letters)]
    return CLIPTokenizer(vocab={w: i for i, w in enumerate(vocab)}, merges=[], model_max_length=24)


def build_modelscope(folder: Path, seed: int = 0, sizes: Sizes = NO_SIZES, **facts: Any) -> Path:
    """As text-to-video-ms-1.7b: Stable Diffusion's autoencoder and text encoder, a 3D UNet."""
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        TextToVideoSDPipeline,
        UNet3DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(seed)
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=4, norm_num_groups=4,
    )
    with torch.no_grad():
        x = torch.from_numpy(film((32, 32), 4)).permute(0, 3, 1, 2).float() / 127.5 - 1
        vae.register_to_config(scaling_factor=float(1 / vae.encode(x).latent_dist.mode().std()))
    net = UNet3DConditionModel(**over(
        sizes,
        block_out_channels=(8, 16), down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"), layers_per_block=1, norm_num_groups=4,
        cross_attention_dim=16, attention_head_dim=4,
    ))
    encoder = CLIPTextModel(CLIPTextConfig(
        vocab_size=96, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=24, bos_token_id=0, eos_token_id=1,
    ))
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1,
    )
    fill(net)
    TextToVideoSDPipeline(
        vae=vae, text_encoder=encoder, tokenizer=clip_tokenizer(), unet=net, scheduler=scheduler
    ).save_pretrained(folder)
    return describe(folder, **over(
        facts,
        id="tiny-modelscope", name="Tiny ModelScope", family="modelscope", width=32,
        height=32, rate="8", n_past=3, n_new=4, steps=3, guidance=2.0,
    ))


def fill(net: nn.Module) -> None:
    """Random numbers where training starts from zero (the last of each temporal convolution)."""
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.normal_(std=0.5 / parameter[0].numel() ** 0.5)


def build_starter(folder: Path, seed: int = 0) -> Path:
    return build_tiny_world(folder, seed=7 + seed)


BUILDERS: dict[str, Callable[..., Path]] = {
    "starter": build_starter, "wan": build_wan, "ltx": build_ltx, "skyreels": build_skyreels,
    "modelscope": build_modelscope,
}
