"""Weights that stay in memory and come to the card layer by layer, for sampling and for learning.

Not diffusers' group offload: that swaps what is inside a parameter, and torch's checkpointing keeps
a frozen parameter as it is for the backward pass, which then finds the weights gone (torch 2.13).
Here a layer's forward is given a copy on the card in the parameter's place. Backward holds that
copy as long as it needs it, with checkpointing for one block at a time; nothing is copied back,
since frozen weights do not change.

On a card the next layer's weights come over while a layer computes, on a stream of their own, as
``use_stream=True`` does there. Which layer is next is what came after this one the last time; the
backward pass, which computes blocks again from the last to the first, has an order of its own. A
wrong guess costs one copy for nothing; a chunk's first calls have some, where they make of the
prompt what the others only use. A layer that has its answer already (``core.worlds.constants``) is
given nothing.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.machine.probe import memory_mb
from core.worlds.constants import answers

#: Layers whose weights are most of a network. What else there is stays on the card.
_LARGE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
#: Layers that may be queued on the card and not computed yet: what they were given lies there.
_QUEUED = 2
#: Page-locked memory comes over faster, and is taken in powers of two; that much must be free.
_ROOM_TO_PIN = 2.5


def offload(net: nn.Module, device: torch.device, ahead: bool | None = None) -> Mover:
    """Leave the weights of ``net``'s layers where they are and compute on ``device``. An adapter
    that is put in afterwards is not touched. Its parameters must be frozen. ``ahead``: bring the
    next layer's weights before they are asked for (None: on a card)."""
    mover = Mover(device, device.type == "cuda" if ahead is None else ahead)
    layers = [module for module in net.modules() if isinstance(module, _LARGE)]
    moved = {id(p) for layer in layers for p in layer.parameters(recurse=False)}
    for layer in layers:
        layer.register_forward_pre_hook(lambda m, inputs: mover.before(m, inputs))
        layer.register_forward_hook(lambda m, _inputs, _out: _put_back(m), always_call=True)
        if mover.ahead:  # after the layer's work is queued, so that the card has something to do
            layer.register_forward_hook(lambda m, _inputs, _out: mover.bring_next(m))
    for module in net.modules():
        for name, held in _others(module, moved):
            if isinstance(held, nn.Parameter):
                held.data = held.data.to(device)
            else:
                module._buffers[name] = held.to(device)
    if mover.ahead and device.type == "cuda":
        _pin(layers)
    return mover


@dataclass
class _Coming:
    """Copies on their way: they are there when ``event`` is reached (None: they are)."""

    layer: nn.Module
    copies: dict[str, Tensor]
    event: Any


class Mover:
    """Gives layers their weights. ``guessed``: how often they were there before they were asked
    for; ``fetched``: how often not."""

    def __init__(self, device: torch.device, ahead: bool):
        self.device, self.ahead = device, ahead
        self.guessed = self.fetched = 0
        self._stream = torch.cuda.Stream(device) if ahead and device.type == "cuda" else None
        # Weak: a layer's hooks hold this, and a world must go when nobody uses it.
        self._after: dict[tuple[bool, int], weakref.ref[nn.Module]] = {}
        self._last: dict[bool, int] = {}
        self._coming: _Coming | None = None
        self._queued: deque[Any] = deque()

    def before(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        """``layer`` is asked: give it its weights, if it will compute."""
        if not (inputs and answers(layer, inputs[0])):
            self.bring(layer)

    def bring(self, layer: nn.Module) -> None:
        """Put copies of its weights in their place."""
        if self.ahead:
            self._learn_order(layer)
        coming, self._coming = self._coming, None
        if coming is not None and coming.layer is layer:
            self.guessed += 1
            copies = self._arrived(coming)
        else:
            self.fetched += 1
            copies = _copies(layer, self.device)
        home = {n: p for n, p in layer._parameters.items() if p is not None}
        for name, copy in copies.items():
            layer._parameters[name] = nn.Parameter(copy, requires_grad=False)
        layer._at_home = home

    def bring_next(self, layer: nn.Module) -> None:
        """``layer`` has its work: begin with the weights of the one that will be asked for."""
        back = _in_backward()
        if self._last.get(back) != id(layer):
            return  # it had its answer, and was not brought
        found = self._after.get((back, id(layer)))
        wanted = found() if found is not None else None
        if wanted is None or not self.ahead:
            return
        try:
            self._coming = self._begin(wanted)
        except torch.OutOfMemoryError:
            self.ahead = False  # one layer at a time still fits

    def _learn_order(self, layer: nn.Module) -> None:
        back = _in_backward()
        before = self._last.get(back)
        if before is not None:
            self._after[back, before] = weakref.ref(layer)
        self._last[back] = id(layer)

    def _begin(self, layer: nn.Module) -> _Coming:
        if self._stream is None:
            return _Coming(layer, _copies(layer, self.device), None)
        # Without this the processor would queue the whole network, and all of it lie on the card.
        done = torch.cuda.Event()
        done.record(torch.cuda.current_stream(self.device))
        self._queued.append(done)
        while len(self._queued) > _QUEUED:
            self._queued.popleft().synchronize()
        with torch.cuda.stream(self._stream):
            copies = _copies(layer, self.device)
            event = torch.cuda.Event()
            event.record(self._stream)
        return _Coming(layer, copies, event)

    def _arrived(self, coming: _Coming) -> dict[str, Tensor]:
        if coming.event is not None:
            here = torch.cuda.current_stream(self.device)
            here.wait_event(coming.event)
            for copy in coming.copies.values():
                copy.record_stream(here)  # its memory is not given away before this has used it
        return coming.copies


def _in_backward() -> bool:
    """Whether a layer is computed again for its gradients, as torch's checkpointing tells it."""
    return torch._C._current_graph_task_id() != -1


def _others(module: nn.Module, moved: set[int]) -> Iterator[tuple[str, Tensor]]:
    for held in (module._parameters, module._buffers):
        yield from [(n, t) for n, t in held.items() if t is not None and id(t) not in moved]


def _copies(layer: nn.Module, device: torch.device) -> dict[str, Tensor]:
    held = layer.__dict__.get("_at_home") or layer._parameters
    return {n: there(p, device) for n, p in held.items() if p is not None}


def _put_back(layer: nn.Module) -> None:
    layer._parameters.update(layer.__dict__.pop("_at_home", {}))


def there(parameter: Tensor, device: torch.device) -> Tensor:
    """A copy on ``device``, also where that is where it lies."""
    return parameter.detach().to(device, copy=True, non_blocking=True)


def _pin(layers: list[nn.Module]) -> None:
    """Lock the weights' pages where there is room for it; they come over without either."""
    held = [p for layer in layers for p in layer.parameters(recurse=False)]
    total = sum(p.nbytes for p in held)
    _, free = memory_mb()
    if free is None or free * 2**20 < _ROOM_TO_PIN * total:
        return
    try:
        for parameter in held:
            parameter.data = parameter.data.pin_memory()
    except RuntimeError:
        pass  # the system locks no more than this
