"""The starter world's denoiser: a factorised space-time transformer that knows where it looks.

Each block mixes in space (a frame with itself and with *anchor* frames), then in time (one place
across all frames), then in channels (``attention``). Two addresses reach it. Through the modulation: how far each
frame is from the present, in time and in pose. Through the rotary positions of the spatial
attention: every token carries the compass direction it looks in, so a wall seen before is found
again by its direction, whatever the heading is now. And each new frame is given what it may expect
to see (``expectation``); gates copy what is right of that straight to the output.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.utils.checkpoint
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional as F

from core.worlds.starter.attention import SpatialAttention, TemporalAttention, WordAttention
from core.worlds.starter.detail import Detail
from core.worlds.starter.rays import Rays

#: Channels of what is expected beside the latents: how much is known, of the present, how near.
EXPECTED_FACTS = 3

#: Numbers that describe a frame's address relative to the present (see ``relative_address``).
ADDRESS_FEATURES = 20


#: Shift, scale and gate, each [B, F, 1, D].
Modulation = Sequence[Tensor]


@dataclass(frozen=True)
class Condition:
    """One window's condition. Nothing is expected where ``expected`` is None."""

    action: Tensor  # [B, F, T] text features; zeros where dropped
    scene: Tensor  # [B, T]
    pose: Tensor  # [B, F, 3] x, y, yaw in world units
    time: Tensor  # [B, F] frames
    present: int  # index of the frame that is "now": the last context frame
    expected: Tensor | None = None  # [B, C + EXPECTED_FACTS, F_new, h, w]
    walked: Tensor | None = None  # [B, F, 3] pose in the walk's own axes; None: not known

    def batch(self, size: int) -> Condition:
        """This condition repeated for a batch of ``size``."""
        return Condition(
            self.action.expand(size, -1, -1), self.scene.expand(size, -1),
            self.pose.expand(size, -1, -1), self.time.expand(size, -1), self.present,
            None if self.expected is None else self.expected.expand(size, -1, -1, -1, -1),
            None if self.walked is None else self.walked.expand(size, -1, -1),
        )

    def anchors(self) -> Tensor:
        """The frames every frame may look at whole, [B, A]: the present, and the one of the other
        context frames that was seen from nearest to where the new frames look from."""
        present = self.present
        here = torch.full((len(self.pose), 1), present, device=self.pose.device)
        if present == 0:
            return here
        middle = self.pose[:, (present + self.pose.shape[1]) // 2, None]
        others = self.pose[:, :present]
        away = (others[..., :2] - middle[..., :2]).norm(dim=-1)
        turned = ((others[..., 2] - middle[..., 2]) / 2).sin().abs()
        return torch.cat([(away + 2 * turned).argmin(1, keepdim=True), here], 1)


def relative_address(pose: Tensor, time: Tensor, present: int) -> Tensor:
    """[B, F, 3], [B, F] → [B, F, 20]: pose in the present frame's own axes, and the time between."""
    delta = pose - pose[:, present : present + 1]
    yaw = pose[:, present : present + 1, 2]
    cos, sin = yaw.cos(), yaw.sin()
    ahead = delta[..., 0] * cos + delta[..., 1] * sin
    left = -delta[..., 0] * sin + delta[..., 1] * cos
    turn = delta[..., 2]
    dt = time - time[:, present : present + 1]
    # Beyond two windows "long ago" is all one: remembered frames share one temporal position.
    near = dt.clamp(-16, 16) / 8
    features = [near, torch.sign(dt) * torch.log1p(dt.abs()) / 4]
    for f in (1.0, 2.0, 4.0):
        features += [torch.sin(f * ahead), torch.cos(f * ahead)]
        features += [torch.sin(f * left), torch.cos(f * left)]
    features += [ahead.clamp(-4, 4) / 2, left.clamp(-4, 4) / 2]
    features += [turn.sin(), turn.cos(), (2 * turn).sin(), (2 * turn).cos()]
    return torch.stack(features, -1)


class Block(nn.Module):
    """Space, what is asked for, time, channels; all but the second modulated by the frame's
    condition (adaptive layer norm)."""

    def __init__(self, dim: int, heads: int, mlp_ratio: int, words: bool = False):
        super().__init__()
        self.spatial_attn = SpatialAttention(dim, heads)
        self.word_attn = WordAttention(dim, heads) if words else None
        self.temporal_attn = TemporalAttention(dim, heads)
        self.mlp_in = nn.Linear(dim, mlp_ratio * dim)
        self.mlp_out = nn.Linear(mlp_ratio * dim, dim)
        self.modulation = nn.Linear(dim, 9 * dim)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        if self.word_attn is not None:  # a network that hears words only as a whole can go on
            nn.init.zeros_(self.word_attn.to_out.weight)

    def forward(
        self, x: Tensor, c: Tensor, rope: tuple[Tensor, Tensor], anchors: Tensor,
        run: Callable[..., Tensor], words: Tensor | None = None,
    ) -> Tensor:
        """x [B, F, N, D], c [B, F, D], words [B, F, W, D]; ``run(part, x, ...)`` calls a part of
        the block."""
        m = self.modulation(c).unsqueeze(2).chunk(9, -1)
        x = run(self.in_space, x, m[:3], rope, anchors)
        if self.word_attn is not None:
            x = run(self.in_words, x, words)
        x = run(self.in_time, x, m[3:6])
        return run(self.in_channels, x, m[6:])

    def in_space(
        self, x: Tensor, m: Modulation, rope: tuple[Tensor, Tensor], anchors: Tensor
    ) -> Tensor:
        return x + m[2] * self.spatial_attn(self.shift(x, m[0], m[1]), rope, anchors)

    def in_words(self, x: Tensor, words: Tensor) -> Tensor:
        return x + self.word_attn(F.layer_norm(x, (x.shape[-1],)), words)

    def in_time(self, x: Tensor, m: Modulation) -> Tensor:
        return x + m[2] * self.temporal_attn(self.shift(x, m[0], m[1]))

    def in_channels(self, x: Tensor, m: Modulation) -> Tensor:
        h = F.gelu(self.mlp_in(self.shift(x, m[0], m[1])), approximate="tanh")
        return x + m[2] * self.mlp_out(h)

    @staticmethod
    def shift(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        return F.layer_norm(x, (x.shape[-1],)) * (1 + scale) + shift


class StarterDenoiser(ModelMixin, ConfigMixin):
    """Predicts the flow (noise minus picture) of every frame in a window. See ``Condition``.

    ``words``: how many keys an action is given to places as, for worlds whose actions are no poses
    (a robot's: which block, and where to). 0: an action reaches frames as a whole. ``detail``: the
    width of the convolutions after the blocks; 0: there are none.
    """

    _supports_gradient_checkpointing = True

    @register_to_config
    def __init__(
        self, latent_channels: int = 12, latent_size: int = 16, patch: int = 2, dim: int = 256,
        layers: int = 6, heads: int = 4, mlp_ratio: int = 3, text_features: int = 128,
        field_of_view: float = 75.0, words: int = 0, detail: int = 0,
    ):
        super().__init__()
        self.gradient_checkpointing = False
        self.rays: Rays | None = None  # a memory's, see `new_page`
        side = latent_size // patch
        token = latent_channels * patch * patch
        self.patch_in = nn.Linear(2 * token + EXPECTED_FACTS * patch * patch, dim)
        self.place = nn.Parameter(torch.randn(side * side, dim) * 0.02)
        self.noise_in = nn.Sequential(nn.Linear(64, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.address_in = nn.Sequential(
            nn.Linear(ADDRESS_FEATURES, dim), nn.SiLU(), nn.Linear(dim, dim)
        )
        self.action_in = nn.Linear(text_features, dim, bias=False)
        self.scene_in = nn.Linear(text_features, dim, bias=False)
        self.words_in = nn.Linear(text_features, words * dim, bias=False) if words else None
        self.blocks = nn.ModuleList(
            Block(dim, heads, mlp_ratio, words > 0) for _ in range(layers)
        )
        self.out_modulation = nn.Linear(dim, 2 * dim)
        self.patch_out = nn.Linear(dim, token)
        self.copy_out = nn.Linear(dim, 2 * patch * patch)
        for layer in (self.out_modulation, self.patch_out, self.copy_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        seen = 2 * latent_channels + EXPECTED_FACTS
        self.detail_out = Detail(dim, seen, latent_channels, patch, detail) if detail else None
        with torch.no_grad():  # at first: what is there is noise, what comes is what was expected
            self.copy_out.bias.fill_(1.0)

    def new_page(self) -> Rays:
        """What a memory of places is written on; a memory puts it in as ``rays``, and takes it out."""
        config = self.config
        return Rays(config.dim, config.latent_size // config.patch, config.field_of_view)

    @staticmethod
    def keeping_little(part: Callable[..., Tensor], *inputs: Any) -> Tensor:
        """Keep only what goes in: parts smaller than a block, since their peaks are what counts."""
        return torch.utils.checkpoint.checkpoint(part, *inputs, use_reentrant=False)

    def rope(self, pose: Tensor) -> tuple[Tensor, Tensor]:
        """Compass direction and height of every token: cos, sin [B, F, 1, N, head/2], float32.

        Made from the configuration at each call rather than kept as buffers: casting the network
        to bfloat16 must not round angles.
        """
        config, device = self.config, pose.device
        side = config.latent_size // config.patch
        pairs = config.dim // config.heads // 2
        half = math.tan(math.radians(config.field_of_view) / 2)
        grid = (torch.arange(side, device=device) + 0.5) / side * 2 - 1
        azimuth = -torch.atan(grid * half).repeat(side)  # left is positive, as yaw is
        rows = (grid * 2.0).repeat_interleave(side)
        around = pairs * 5 // 8
        # Whole multiples of the compass angle, so that a full turn comes back to the same code.
        turns = torch.round(torch.logspace(0, math.log10(24), around, device=device))
        heights = torch.logspace(0, math.log10(12), pairs - around, device=device)
        compass = (pose[..., 2:3].float() + azimuth)[..., None] * turns
        up = (rows[:, None] * heights).expand(*compass.shape[:-1], -1)
        angle = torch.cat([compass, up], -1).unsqueeze(2)
        return angle.cos(), angle.sin()

    def forward(self, z: Tensor, u: Tensor, condition: Condition) -> Tensor:
        """z [B, C, F, h, w], u [B, F] noise levels → the flow, same shape as z."""
        h, w = z.shape[-2:]
        dtype = self.patch_in.weight.dtype
        expected = self.expected(z, condition)
        seen = torch.cat([z, expected], 1).to(dtype)
        x = self.patch_in(self.patches(seen)) + self.place
        if self.rays is not None and self.rays.home is not None and condition.walked is not None:
            x = x + self.rays(condition.walked).to(x.dtype)
        address = relative_address(condition.pose, condition.time, condition.present)
        emb = self.noise_in(noise_features(u).to(dtype)) + self.address_in(address.to(dtype))
        action, words = condition.action.to(dtype), None
        emb = emb + self.action_in(action)
        if self.words_in is not None:
            words = self.words_in(action).unflatten(-1, (self.config.words, -1))
        emb = F.silu(emb + self.scene_in(condition.scene.to(dtype))[:, None])
        cos, sin = self.rope(condition.pose)
        rope = (cos.to(dtype), sin.to(dtype))
        run = self.keeping_little if self.gradient_checkpointing and torch.is_grad_enabled() else call
        anchors = condition.anchors()
        for block in self.blocks:
            x = block(x, emb, rope, anchors, run, words)
        shift, scale = self.out_modulation(emb).unsqueeze(2).chunk(2, -1)
        x = Block.shift(x, shift, scale)
        out, gates = self.pictures(self.patch_out(x), h, w), self.pictures(self.copy_out(x), h, w)
        if self.detail_out is not None:
            told = self.pictures(self.detail_out.hand_on(x), h, w)
            out = out + run(self.detail_out, seen, told, emb)
        out = out + gates[:, :1] * z - gates[:, 1:] * expected[:, : z.shape[1]]
        return out.to(z.dtype)

    @staticmethod
    def expected(z: Tensor, condition: Condition) -> Tensor:
        """[B, C + EXPECTED_FACTS, F, h, w]: zeros where nothing is expected."""
        if condition.expected is None:
            b, c, f, h, w = z.shape
            return z.new_zeros(b, c + EXPECTED_FACTS, f, h, w)
        return F.pad(condition.expected.to(z.dtype), (0, 0, 0, 0, condition.present + 1, 0))

    def patches(self, z: Tensor) -> Tensor:
        """[B, C, F, h, w] → [B, F, N, C·p·p]."""
        p = self.config.patch
        b, c, f, h, w = z.shape
        z = z.reshape(b, c, f, h // p, p, w // p, p).permute(0, 2, 3, 5, 1, 4, 6)
        return z.reshape(b, f, (h // p) * (w // p), c * p * p)

    def pictures(self, x: Tensor, h: int, w: int) -> Tensor:
        """[B, F, N, C·p·p] → [B, C, F, h, w]."""
        p = self.config.patch
        b, f = x.shape[:2]
        x = x.reshape(b, f, h // p, w // p, -1, p, p).permute(0, 4, 1, 2, 5, 3, 6)
        return x.reshape(b, -1, f, h, w)


def call(part: Callable[..., Tensor], *inputs: Any) -> Tensor:
    return part(*inputs)


def noise_features(u: Tensor) -> Tensor:
    """Noise levels [B, F] → sinusoidal features [B, F, 64]."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000), 32, device=u.device)) * 0.5
    angle = u.float()[..., None] * frequencies
    return torch.cat([angle.sin(), angle.cos()], -1)
