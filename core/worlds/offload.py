"""Weights that stay in memory and come to the card layer by layer, for sampling and for learning.

Not diffusers' group offload: that swaps what is inside a parameter, and torch's checkpointing keeps
a frozen parameter as it is for the backward pass, which then finds the weights gone (torch 2.13).
Here a layer's forward is given a copy on the card in the parameter's place. Backward holds that
copy as long as it needs it, with checkpointing for one block at a time; nothing is copied back,
since frozen weights do not change.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

#: Layers whose weights are most of a network. What else there is stays on the card.
_LARGE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def offload(net: nn.Module, device: torch.device) -> None:
    """Leave the weights of ``net``'s layers where they are and compute on ``device``. An adapter
    that is put in afterwards is not touched. Its parameters must be frozen."""
    moved = set()
    for module in net.modules():
        if isinstance(module, _LARGE):
            module.register_forward_pre_hook(lambda m, _inputs: _bring(m, device))
            module.register_forward_hook(lambda m, _inputs, _out: _put_back(m), always_call=True)
            moved |= {id(p) for p in module.parameters(recurse=False)}
    for module in net.modules():
        for name, held in _others(module, moved):
            if isinstance(held, nn.Parameter):
                held.data = held.data.to(device)
            else:
                module._buffers[name] = held.to(device)


def _others(module: nn.Module, moved: set[int]) -> Iterator[tuple[str, Tensor]]:
    for held in (module._parameters, module._buffers):
        yield from [(n, t) for n, t in held.items() if t is not None and id(t) not in moved]


def _bring(module: nn.Module, device: torch.device) -> None:
    home = {n: p for n, p in module._parameters.items() if p is not None}
    for name, parameter in home.items():
        module._parameters[name] = nn.Parameter(there(parameter, device), requires_grad=False)
    module._at_home = home


def _put_back(module: nn.Module) -> None:
    module._parameters.update(module.__dict__.pop("_at_home", {}))


def there(parameter: Tensor, device: torch.device) -> Tensor:
    """A copy on ``device``, also where that is where it lies."""
    return parameter.detach().to(device, copy=True)
