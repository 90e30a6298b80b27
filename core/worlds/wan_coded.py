"""What worlds share whose pictures Wan's autoencoder codes, with a transformer of Wan's build."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from core.worlds import parts
from core.worlds.positions import PlacedRope
from core.worlds.prompted import Checkpoint, PromptedWorld
from core.worlds.prompts import Prompts
from core.worlds.wan_autoencoder import WanAutoencoder


class WanCodedWorld(PromptedWorld):
    """See ``core.worlds.protocol.World``. What goes through the transformer is the family's own."""

    def __init__(
        self, found: Checkpoint, vae: WanAutoencoder, net: Any, prompts: Prompts, shift: float
    ):
        patch = tuple(net.config.patch_size)
        parts.same("the patch in time", patch[0], 1)
        parts.same("the transformer's channels", net.config.in_channels, vae.vae.config.z_dim)
        super().__init__(found, vae.geometry(found, patch[1]), net, prompts, shift)
        self._vae = vae
        net.rope = PlacedRope(net.rope)
        self._remember_text(net.condition_embedder.text_embedder, net.rope, net.blocks)
        self._constants.weigh(block.attn2 for block in net.blocks)

    @property
    def _autoencoder(self) -> nn.Module:
        return self._vae.vae

    def _latents(self, x: Tensor) -> Tensor:
        return self._vae.latents(x)

    def _pixels(self, z: Tensor) -> Tensor:
        return self._vae.pixels(z)

    def _continued(self, z: Tensor, before: Tensor) -> Tensor:
        return self._vae.continued(z, before)

    def lora_targets(self) -> str:
        return r"blocks\.\d+\.attn1\.(to_q|to_k|to_v|to_out\.0)"
