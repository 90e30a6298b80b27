"""The TEMP-LoRA of a loaded world: one adapter, put in once; weights are copied into it.

At strength 0 (or with nothing learned yet) it is switched off, so the world computes exactly what
it would compute without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from core.memory.errors import MemoryRefused
from core.memory.start import MemoryStart
from core.worlds.protocol import Pose, World, device_of

NAME = "memory"
#: Where a walk begins: the axes of a memory that began with it.
HOME: Pose = (0.0, 0.0, 0.0)


class Adapter:
    """LoRA in float32 on the layers that ``world.lora_targets()`` names; B·A times ``strength``.

    The network's own weights are never written. ``fresh`` and ``load`` set what it holds. Where the
    world has a page for places (``net.new_page()``: layers that know where a token looks from), it
    is put in beside the LoRA and belongs to the memory, whole. ``home`` says where the memory's axes
    stand in the walk's own; None where that is not known: the page is then not used.
    """

    def __init__(self, world: World, rank: int = 32):
        from peft import LoraConfig, inject_adapter_in_model

        self.world, self.rank = world, rank
        self._net = world.net
        config = LoraConfig(
            r=rank, lora_alpha=rank, target_modules=world.lora_targets(), lora_dropout=0.0,
            bias="none",
        )
        with torch.random.fork_rng(devices=[]):  # peft draws its own start; ours is seeded
            inject_adapter_in_model(config, world.net, adapter_name=NAME)
        self._layers = {
            name: module for name, module in world.net.named_modules() if hasattr(module, "lora_A")
        }
        self.parameters: dict[str, nn.Parameter] = {}
        for name, layer in self._layers.items():
            for half, held in (("lora_A", layer.lora_A), ("lora_B", layer.lora_B)):
                # Where the world computes, which is not always where its weights lie; and Adam's
                # small steps are lost in half precision.
                held[NAME].to(device_of(world), torch.float32)
                self.parameters[f"{name}.{half}.weight"] = held[NAME].weight
        self.home: Pose | None = HOME
        self.quiet_below = 0.0  # the noise level under which it is left out, see ``heard_at``
        self._rays = None
        if hasattr(world.net, "new_page"):
            with torch.random.fork_rng(devices=[]):
                self._rays = world.net.new_page().to(device_of(world))
            world.net.rays = self._rays
            self.parameters |= {f"rays.{n}": p for n, p in self._rays.named_parameters()}
        self._base = float(self._base_square_norm() ** 0.5)
        self.is_fresh = True
        self.fresh(0)
        self._set(0.0)

    # ---- what it holds --------------------------------------------------------------------------

    @torch.no_grad()
    def fresh(self, seed: int | torch.Generator, start: MemoryStart | None = None) -> None:
        """A ~ Kaiming from ``seed``, or as ``start`` says; B = 0, a blank page: adds nothing yet.
        It is at home where the walk begins and heard at every noise. Raises MemoryRefused where
        ``start`` is for other layers."""
        generator = seed if isinstance(seed, torch.Generator) else seeded(seed)
        for name, parameter in self.parameters.items():
            if self.is_place(name):
                continue
            if name.endswith("lora_A.weight"):
                bound = (1.0 / parameter.shape[1]) ** 0.5  # kaiming_uniform_(a=√5), as peft does
                drawn = torch.rand(parameter.shape, generator=generator) * 2 - 1
                parameter.copy_(drawn * bound)
            else:
                parameter.zero_()
        if self._rays is not None:
            self._rays.blank(generator)
        for name, values in (start.weights if start is not None else {}).items():
            parameter = self.parameters.get(name)
            if parameter is None or values.shape != tuple(parameter.shape) or adds(name):
                raise MemoryRefused(
                    "What a memory of this world begins with does not fit its layers. Install the "
                    "world again; what was remembered so far is untouched."
                )
            parameter.copy_(torch.from_numpy(values))
        self.home, self.quiet_below = HOME, 0.0
        self.is_fresh = True

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Copy ``weights`` in; raises MemoryRefused where they are not for this world and rank."""
        for name, parameter in self.parameters.items():
            if name not in weights or weights[name].shape != tuple(parameter.shape):
                raise MemoryRefused(
                    "This memory does not fit the world's layers. It was made for another world or "
                    "by another version of the studio; start with a fresh memory."
                )
        self.restore([torch.from_numpy(weights[name]) for name in self.parameters])

    @torch.no_grad()
    def restore(self, values: list[Tensor]) -> None:
        """Values in the order of ``parameters``, copied in at once."""
        held = list(self.parameters.values())
        torch._foreach_copy_(held, [v.to(held[0].device) for v in values])
        self.is_fresh = not any(bool(p.any()) for n, p in self.parameters.items() if adds(n))

    def copies(self) -> list[Tensor]:
        """Copies of the values in the order of ``parameters``."""
        return [p.detach().clone() for p in self.parameters.values()]

    def weights(self) -> dict[str, np.ndarray]:
        """What it holds, for a file."""
        return {n: p.detach().cpu().numpy().copy() for n, p in self.parameters.items()}

    @torch.no_grad()
    def change(self) -> float:
        """‖B·A‖ / ‖W‖ over all adapted layers (Frobenius), at strength 1."""
        total = 0.0
        for name in self._layers:
            a = _wide(self.parameters[f"{name}.lora_A.weight"])
            b = _wide(self.parameters[f"{name}.lora_B.weight"])
            total += float(((b.T @ b) * (a @ a.T)).sum())
        return max(total, 0.0) ** 0.5 / self._base

    @torch.no_grad()
    def cap(self, share: float) -> None:
        """Shrink it evenly where ``change`` is above ``share``."""
        change = self.change()
        if change > share:
            for name, parameter in self.parameters.items():
                if name.endswith("lora_B.weight"):
                    parameter.mul_(share / change)

    # ---- when it works --------------------------------------------------------------------------

    @contextmanager
    def at(self, strength: float) -> Iterator[None]:
        """Add it at ``strength`` inside the block. Outside of a block it is off."""
        self._set(0.0 if self.is_fresh else strength)
        try:
            yield
        finally:
            self._set(0.0)

    @contextmanager
    def heard_at(self, level: float) -> Iterator[None]:
        """Inside ``at``: a sampling step at this noise level, without it below ``quiet_below``."""
        if level >= self.quiet_below:
            yield
            return
        strength = self._strength
        self._set(0.0)
        try:
            yield
        finally:
            self._set(strength)

    def learned_parameters(self, places: bool, only_b: bool = False) -> dict[str, nn.Parameter]:
        """What is learned, by name: all of it, or without ``places`` only what has no address; with
        ``only_b`` no A."""
        places = places and self.home is not None
        return {
            n: p for n, p in self.parameters.items()
            if (places or not self.is_place(n)) and not (only_b and n.endswith("lora_A.weight"))
        }

    @staticmethod
    def is_place(name: str) -> bool:
        """Whether this parameter belongs to the layers that know where a token looks from."""
        return name.startswith("rays.")

    @contextmanager
    def learning(self, places: bool = False, only_b: bool = False) -> Iterator[list[nn.Parameter]]:
        """On at strength 1 and the only thing that takes gradients; gives what is learned."""
        self._set(1.0)
        held = list(self.learned_parameters(places, only_b).values())
        for parameter in held:
            parameter.requires_grad_(True)
        try:
            yield held
        finally:
            for parameter in held:
                parameter.requires_grad_(False)
                parameter.grad = None
            self._set(0.0)

    def remove(self) -> None:
        """Take it out; the network is as it was before."""
        for name, layer in self._layers.items():
            parent, _, child = name.rpartition(".")
            setattr(self._net.get_submodule(parent), child, layer.get_base_layer())
        if self._rays is not None:
            self._net.rays = self._rays = None
        self._layers, self.parameters = {}, {}
        if hasattr(self._net, "peft_config"):  # peft's note of what it put in
            del self._net.peft_config

    def _set(self, strength: float) -> None:
        self._strength = strength
        for layer in self._layers.values():
            layer.enable_adapters(strength != 0.0)
            layer.set_scale(NAME, strength or 1.0)
        if self._rays is not None:
            self._rays.home, self._rays.strength = self.home if strength else None, strength
        for parameter in self.parameters.values():
            parameter.requires_grad_(False)

    def _base_square_norm(self) -> float:
        weights = (layer.get_base_layer().weight for layer in self._layers.values())
        total = sum(float(_wide(_plain(w)).square().sum()) for w in weights)
        if not total:
            raise MemoryRefused("This world names no layers that a memory can be put on.")
        return total


def adds(name: str) -> bool:
    """Whether an adapter adds nothing as long as the parameters of this kind are zero."""
    return name.endswith("lora_B.weight") or name.startswith("rays.out.")


def _wide(numbers: Tensor) -> Tensor:
    """In float64, which Apple's GPUs do not have."""
    return (numbers.cpu() if numbers.device.type == "mps" else numbers).double()


def _plain(weight: Tensor) -> Tensor:
    """A weight as numbers, also where it is kept in fewer bits."""
    held = weight.detach()
    return held.dequantize() if hasattr(held, "qdata") else held


def seeded(seed: int) -> torch.Generator:
    """A generator on the processor: the same numbers on every device."""
    return torch.Generator().manual_seed(seed)
