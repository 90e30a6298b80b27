"""What a chunk and a learning step need at their peak, reckoned from a world's files. No torch.

Bytes on the computing device, for a window of F = n_past + n_new latent frames, that is N tokens,
in a denoiser of L blocks of width d with a feed-forward of width f, whose numbers have b bytes:

- *weights*: numbers × b; int8 and fp8: one byte for those in matrices; offload: one block's.
- *autoencoder* and *text encoder*: numbers × bytes; the text encoder is on a card at "full" only.
- *adapter*: rank × (inputs + outputs of its layers) numbers in float32, seven times: the weights,
  their gradients, Adam's two moments, and the copies a bad step is rolled back to.
- *one block's activations*: N × (16·d + 3·f) × b for what backward needs of it, N × 8·d × 4 for
  norms in float32, and T × 2·d × b for the T tokens of the prompt. A UNet has such a sum for each
  of its levels, of its pictures' size and channels.
- *sampling*: one block's activations and N × 7·d × 4 for noise levels that each token has; twice
  that at "full" for a window small enough to be computed with and without its text at once
  (``Family.together``). What is kept of the prompt for a chunk: 4·L × T × d × b.
- *learning with checkpointing*: a block's, doubled for their gradients, and N × d × b for the input
  of every block. *Without*: every block's.
- *latents*: C·F·h·w in float32, sixteen times (window, noise, guidance, estimates).
- *decode*: the pictures of a chunk and of what is decoded before it, in float32, three times (in
  tiles, which overlap, five times), and the autoencoder's widest layer: pictures at once × H × W ×
  channels × 12 numbers; in tiles: H × W is a tile's. On the processor a decoder of Wan's kind,
  without tiles, keeps the pictures of the chunk alone (``core.worlds.wan_autoencoder``), and what
  its convolutions saw last: half of its widest layer. A card's is reckoned as the others, until it
  has been measured there.

The factors are those of the networks' own arithmetic, rounded up; ``tests.benchmarks.fitting``
holds the sums against measured peaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.rollout.request import LEAD
from core.worlds.catalogue import WorldEntry, WorldError
from core.worlds.families import FAMILIES
from core.worlds.tiers import FULL, Tier
from core.worlds.weights import Size, config_of, size_of

RANK = 32
_TILES = {"wan": 256, "skyreels": 256, "ltx": 512}  # pixels, as diffusers' autoencoders cut them
_FP32_VAE = ("wan", "skyreels", "modelscope")


@dataclass(frozen=True)
class Needs:
    """Bytes. ``sampling``, ``decode`` and ``learning`` are peaks on the computing device; ``host``
    is needed in memory beside them, while loading; ``flops`` of one pass of the denoiser."""

    weights: int
    text: int
    sampling: int
    decode: int
    learning: int
    host: int
    flops: float

    @property
    def chunk(self) -> int:
        """The peak of making a chunk."""
        return max(self.sampling, self.decode)

    @property
    def learn(self) -> int:
        """The peak of making a chunk and learning it."""
        return max(self.chunk, self.learning)


@dataclass(frozen=True)
class Shape:
    """Of a world on disk: what ``needs`` reckons with."""

    entry: WorldEntry
    net: Size
    vae: Size
    text: Size
    config: Mapping[str, Any]
    vae_config: Mapping[str, Any]


def shape_of(entry: WorldEntry) -> Shape:
    """Read the heads and configs; raises WorldError."""
    family = FAMILIES.get(entry.family)
    folder = entry.folder
    net = folder / ("unet" if (folder / "unet").is_dir() else "transformer")
    vae = folder / ("vae" if (folder / "vae").is_dir() else "autoencoder")
    try:
        return Shape(
            entry, size_of(net, family.adapted if family else ""), size_of(vae),
            size_of(folder / "text_encoder"), config_of(net), config_of(vae),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorldError(
            f"What {entry.name} needs can't be told: a file in {folder} is damaged. Install it "
            "again; projects are not touched."
        ) from error


def needs(shape: Shape, tier: Tier, card: bool) -> Needs:
    """On a ``card``, or on the processor, where networks compute in float32 at "full"."""
    own = 2 if card else 4
    b = own if tier.weights == "own" else 2
    net, vae, text = shape.net, shape.vae, shape.text
    weights = net.numbers * b
    if tier.quantised:
        weights = net.in_matrices + (net.numbers - net.in_matrices) * 2
    vae_bytes = vae.numbers * (4 if shape.entry.family in _FP32_VAE else b)
    text_bytes = text.numbers * b
    adapter = RANK * net.adapted * 4 * 7
    block, every, flops = _activations(shape, b)
    on_device = weights if not tier.offload else min(weights, 2 * weights // max(1, _blocks(shape)))
    held = on_device + vae_bytes + adapter + _latents(shape)
    if not tier.text_apart or not card:
        held += text_bytes
    sampling = held + block * (2 if _together(shape, tier) else 1) + _kept(shape, b)
    learning = held + (2 * block + _inputs(shape, b) if tier.checkpointing else every + block)
    decode = held + _decode(shape, tier, b, card)
    host = 0
    if card:
        host = (text_bytes if tier.text_apart else 0) + (
            net.numbers * 2 if tier.quantised or tier.offload else 0
        )
    elif tier.quantised:  # what is made smaller is there in both sizes for a moment
        sampling = max(sampling, net.numbers * 2 + weights + text_bytes + vae_bytes)
    return Needs(weights, text_bytes, sampling, decode, learning, host, flops)


# ---- the terms ----------------------------------------------------------------------------------


def _frames(shape: Shape) -> int:
    return shape.entry.n_past + shape.entry.n_new


def _stride(shape: Shape) -> int:
    """Pixels a latent, across."""
    config = shape.vae_config
    for name in ("scale_factor_spatial", "spatial_compression_ratio"):
        if config.get(name):
            return int(config[name])
    if shape.entry.family == "ltx":
        halvings = sum(bool(s) for s in config.get("spatio_temporal_scaling", (1, 1, 1)))
        return int(config.get("patch_size", 4)) * 2**halvings
    if config.get("block_out_channels"):
        return 2 ** (len(config["block_out_channels"]) - 1)
    return 8


def tile_of(shape: Shape) -> int:
    """Pixels across a tile that pictures are decoded in."""
    if shape.entry.family in _TILES:
        return _TILES[shape.entry.family]
    size = shape.vae_config.get("sample_size") or 32  # an image autoencoder's: as it was trained
    return int(size[0] if isinstance(size, list | tuple) else size)


def _latent_pixels(shape: Shape) -> int:
    stride = _stride(shape)
    return (shape.entry.height // stride) * (shape.entry.width // stride)


def latent_bytes(shape: Shape) -> int:
    """Of one latent frame in float32."""
    config = shape.vae_config
    channels = config.get("z_dim") or config.get("latent_channels") or 16
    return 4 * int(channels) * _latent_pixels(shape)


def _latents(shape: Shape) -> int:
    return 16 * _frames(shape) * latent_bytes(shape)


def _width(shape: Shape) -> tuple[int, int]:
    """(width, feed-forward) of a transformer's blocks."""
    config = shape.config
    width = config.get("dim") or int(config.get("num_attention_heads", 24)) * int(
        config.get("attention_head_dim", 64)
    )
    ratio = float(config.get("mlp_ratio", 4))
    return int(width), int(config.get("ffn_dim") or ratio * int(width))


def _blocks(shape: Shape) -> int:
    config = shape.config
    if shape.entry.family == "modelscope":
        return 2 * len(config.get("block_out_channels", (1, 1)))
    return int(config.get("num_layers") or config.get("layers") or 1)


def _tokens(shape: Shape) -> int:
    patch = shape.config.get("patch_size") or shape.config.get("patch") or 1
    across = int(patch[-1]) if isinstance(patch, list | tuple) else int(patch)
    return _frames(shape) * _latent_pixels(shape) // across**2


def _prompt(shape: Shape) -> int:
    return {"wan": 512, "skyreels": 512, "ltx": 256, "modelscope": 77}.get(shape.entry.family, 16)


def _together(shape: Shape, tier: Tier) -> bool:
    """Whether a guided step is one call of the denoiser."""
    family = FAMILIES.get(shape.entry.family)
    small = family is not None and _frames(shape) * _latent_pixels(shape) <= family.together
    return small and tier is FULL and shape.entry.family != "starter"


def _kept(shape: Shape, b: int) -> int:
    """Keys and values of a prompt and of none, in every block, for as long as a chunk is made. The
    prompts that the network was trained to see with zeros behind are kept without them, so this is
    the most it can be."""
    if shape.entry.family == "starter":
        return 0
    unet = shape.entry.family == "modelscope"
    width = max(shape.config.get("block_out_channels", (1280,))) if unet else _width(shape)[0]
    return 4 * _blocks(shape) * _prompt(shape) * int(width) * b


def _inputs(shape: Shape, b: int) -> int:
    """What checkpointing keeps."""
    if shape.entry.family == "modelscope":
        return _activations(shape, b)[1]  # a UNet3D keeps everything
    return _blocks(shape) * _tokens(shape) * _width(shape)[0] * b


def _activations(shape: Shape, b: int) -> tuple[int, int, float]:
    """(one block's, all blocks', floating point operations of one pass)."""
    if shape.entry.family == "modelscope":
        return _unet(shape, b)
    n, (d, f), layers = _tokens(shape), _width(shape), _blocks(shape)
    block = n * ((16 * d + 3 * f) * b + 8 * d * 4) + _prompt(shape) * 2 * d * b
    levels = n * 7 * d * 4
    flops = 2.0 * shape.net.numbers * n + 4.0 * n * n * d * layers
    return block + levels, layers * block + levels, flops


def _unet(shape: Shape, b: int) -> tuple[int, int, float]:
    channels = [int(c) for c in shape.config.get("block_out_channels", (320, 640, 1280, 1280))]
    depth = int(shape.config.get("layers_per_block", 2))
    frames, pixels = _frames(shape), _latent_pixels(shape)
    levels = [frames * max(1, pixels // 4**i) * c for i, c in enumerate(channels)]
    # Two residual blocks, four convolutions over time and two transformers in each layer; on the
    # way down and, one layer more and with what was kept, on the way up.
    one = 60 * b
    every = sum(n * one * (2 * depth + 2) for n in levels)
    numbers = shape.net.numbers
    flops = 2.0 * numbers * frames * pixels / 6  # most weights are where pictures are small
    return max(levels) * one, every, flops


def _decode(shape: Shape, tier: Tier, b: int, card: bool) -> int:
    entry, config = shape.entry, shape.vae_config
    b = 4 if entry.family in _FP32_VAE else b
    goes_on = entry.family in ("wan", "skyreels") and not card and not tier.tiled
    lead = LEAD if entry.t_stride > 1 and not goes_on else 0
    pictures = (entry.n_new + lead) * entry.t_stride
    whole = (5 if tier.tiled else 3) * 4 * 3 * pictures * entry.width * entry.height
    height, width = entry.height, entry.width
    if tier.tiled:
        tile = tile_of(shape)
        height, width = min(height, tile), min(width, tile)
    patch = int(config.get("patch_size") or 1)
    channels = config.get("decoder_block_out_channels") or config.get("block_out_channels")
    if entry.family in ("wan", "skyreels"):
        first = config.get("decoder_base_dim") or config.get("base_dim") or 96
        at_once = entry.t_stride
    elif entry.family == "ltx":
        first, at_once = (channels or (128,))[0], pictures
    else:
        first, at_once = (channels or (64,))[0], min(8, pictures)
    widest = math.ceil(at_once * height * width / patch**2) * int(first) * 12 * b
    return whole + widest + (widest // 2 if goes_on else 0)
