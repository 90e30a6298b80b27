"""Flow matching behind the world protocol: straight lines from pictures to noise."""

from __future__ import annotations

from torch import Tensor

from core.diffusion.loss import flow_noise, flow_step, flow_target


class FlowMatching:
    """For worlds whose networks predict the velocity. ``_shift`` above 1 spends more of the steps
    where there is much noise."""

    _shift: float

    def add_noise(self, z0: Tensor, eps: Tensor, u: Tensor) -> Tensor:
        return flow_noise(z0, eps, u)

    def target(self, z0: Tensor, eps: Tensor, u: Tensor) -> Tensor:
        return flow_target(z0, eps)

    def schedule(self, steps: int) -> list[float]:
        if steps < 1:
            raise ValueError(f"schedule: {steps} steps; at least 1 is needed")
        line = [1 - i / steps for i in range(steps + 1)]
        return [self._shift * t / (1 + (self._shift - 1) * t) for t in line]

    def step(self, z: Tensor, out: Tensor, u: float, u_next: float) -> tuple[Tensor, Tensor]:
        return flow_step(z, out, u, u_next)
