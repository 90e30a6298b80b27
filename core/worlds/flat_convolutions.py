"""Convolutions over time as flat ones, for the processor.

There torch has fast kernels for two dimensions and a slow one for three. A kernel of k frames and
one pixel is a flat kernel over [frames, pixels]; one of k frames and more pixels is a flat kernel
over the channels of k frames together. Sums are in another order, nothing else. On a card the
libraries have their own ways, so there nothing is changed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def flatten_convolutions(net: nn.Module) -> None:
    """Where ``net`` lies on the processor: its convolutions over time become flat, in place."""
    for module in net.modules():
        if isinstance(module, nn.Conv3d) and _can(module):
            _become_flat(module)


def _can(conv: nn.Conv3d) -> bool:
    return (
        conv.weight.device.type == "cpu" and conv.kernel_size[0] > 1
        and not isinstance(conv.padding, str) and conv.padding_mode == "zeros"
        and conv.stride == conv.dilation == (1, 1, 1) and conv.groups == 1
    )


class _Flat:
    """Instead of ``nn.Conv3d._conv_forward``, which its sub-classes call in the end too."""

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if x.ndim != 5 or x.device.type != "cpu":
            return super()._conv_forward(x, weight, bias)  # type: ignore[misc]
        (k, down, across), padding = self.kernel_size, self.padding  # type: ignore[attr-defined]
        if down == across == 1:
            flat = F.conv2d(x.flatten(3), weight.flatten(3), bias, padding=(padding[0], 0))
            return flat.unflatten(3, x.shape[3:])
        if padding[0]:
            x = F.pad(x, (0, 0, 0, 0, padding[0], padding[0]))
        frames = x.shape[2] - k + 1
        by_frame = x.transpose(1, 2)  # b f c h w
        near = torch.cat([by_frame[:, i : i + frames] for i in range(k)], 2).flatten(0, 1)
        kernel = weight.transpose(1, 2).flatten(1, 2)  # o (k c) h w
        out = F.conv2d(near, kernel, bias, padding=tuple(padding[1:]))
        return out.unflatten(0, (len(x), frames)).transpose(1, 2)


def _become_flat(conv: nn.Conv3d) -> None:
    own = type(conv)
    conv.__class__ = type(own.__name__, (_Flat, own), {"__module__": own.__module__})
