"""Wan's causal autoencoder, which SkyReels-V2 uses too, and how its decoder goes on.

The decoder takes one latent frame after the other; all it knows of those before lies in the last
frames that each of its convolutions saw. Kept from one chunk to the next, that state makes what
decoding the whole film in one go would make, and nothing is decoded twice. Where it is not there
(another chunk was made again, the studio began anew, there is no room), the frames right before are
decoded once more, and thrown away.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from torch import Tensor

from core.rollout.request import LEAD
from core.worlds.card_memory import free_on
from core.worlds.flat_convolutions import flatten_convolutions
from core.worlds.prompted import Checkpoint
from core.worlds.protocol import Geometry

#: What each convolution of the decoder saw last.
State = list[Tensor | str | None]

_STATES = 2  # after the last chunk, and before it: that one may be made again
_ROOM = 1 << 30  # bytes, where it is not known how many are free
_SHARE = 0.25  # of what is free on a card


class WanAutoencoder:
    """With latents of about unit variance."""

    def __init__(self, vae: AutoencoderKLWan):
        self.vae = vae
        shape = (1, -1, 1, 1, 1)
        like = next(vae.parameters())
        self.mean = torch.tensor(vae.config.latents_mean).view(shape).to(like.device)
        self.std = torch.tensor(vae.config.latents_std).view(shape).to(like.device)
        self._states: OrderedDict[bytes, State] = OrderedDict()
        flatten_convolutions(vae)

    def geometry(self, found: Checkpoint, patch: int) -> Geometry:
        config = self.vae.config
        return found.geometry(
            config.z_dim, config.scale_factor_spatial, config.scale_factor_temporal, patch, True
        )

    def latents(self, x: Tensor) -> Tensor:
        """Pictures [1, 3, P, H, W] → latents [1, C, F, h, w]."""
        z = self.vae.encode(x.to(self.vae.dtype)).latent_dist.mode()
        return (z.float() - self.mean) / self.std

    def pixels(self, z: Tensor) -> Tensor:
        """Latents [1, C, F, h, w] that begin a video → its pictures [1, 3, P, H, W]."""
        return self.vae.decode((z * self.std + self.mean).to(self.vae.dtype)).sample

    def continued(self, z: Tensor, before: Tensor) -> Tensor:
        """The pictures of ``z`` that come after ``before`` (both [1, C, F, h, w])."""
        joined = torch.cat([before, z], 2)
        pictures = z.shape[2] * self.vae.config.scale_factor_temporal
        if self._in_tiles(z):
            return self.pixels(joined)[:, :, -pictures:]
        known = self._states.get(_name(before))
        state: State = [None] * self.vae._cached_conv_counts["decoder"]
        begins = known is None
        if known is not None:
            state, joined = list(known), z
        x = self.vae.post_quant_conv((joined * self.std + self.mean).to(self.vae.dtype))
        made = []
        for i in range(x.shape[2]):  # one at a time, as diffusers does: the least memory
            out = self.vae.decoder(
                x[:, :, i : i + 1], feat_cache=state, feat_idx=[0], first_chunk=begins and i == 0
            )
            if i >= x.shape[2] - z.shape[2]:
                made.append(out)
        self._keep(torch.cat([before, z], 2)[:, :, -LEAD:], state)
        out = torch.cat(made, 2)
        if self.vae.config.patch_size is not None:
            out = unpatchify(out, patch_size=self.vae.config.patch_size)
        return out

    def _in_tiles(self, z: Tensor) -> bool:
        vae, (height, width) = self.vae, z.shape[3:]
        stride = vae.spatial_compression_ratio
        return vae.use_tiling and (
            width > vae.tile_sample_min_width // stride
            or height > vae.tile_sample_min_height // stride
        )

    def _keep(self, last: Tensor, state: State) -> None:
        """For what comes after ``last``. One state can be gigabytes: only where there is room."""
        size = sum(t.nbytes for t in state if isinstance(t, Tensor))
        room = _ROOM if not last.is_cuda else int(_SHARE * free_on(last.device))
        name = _name(last)
        self._states.pop(name, None)
        while self._states and (
            len(self._states) >= _STATES or size * (1 + len(self._states)) > room
        ):
            self._states.popitem(last=False)
        if size <= room:
            self._states[name] = state


def _name(last: Tensor) -> bytes:
    """Of the very latents a state was left after."""
    return hashlib.sha256(last.float().contiguous().cpu().numpy().tobytes()).digest()
