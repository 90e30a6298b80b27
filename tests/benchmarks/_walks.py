"""A roll-out in a process of its own, measured from inside: for peak memory.

    python -m tests.benchmarks._walks FOLDER CHUNKS MEMORY
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def measured(chunks: int, memory: str) -> dict[str, Any]:
    """Per chunk: seconds, cpu_s, passes; and peak_mb after each. Also the world and what was
    skipped."""
    with tempfile.TemporaryDirectory(prefix="slowfast-benchmark-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks._walks", folder, str(chunks), memory],
            check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        return json.loads(done.stdout.splitlines()[-1])


def _walk(folder: Path, chunks: int, memory: str) -> dict[str, Any]:
    from core.engine.control import CancelToken
    from core.engine.in_process import InProcessEngine
    from core.project.model import MemoryUse
    from core.rollout import render
    from core.worlds.catalogue import read_entry
    from tests.builders.worlds import benchmark_world

    where, which = _in_a_process_of_its_own(benchmark_world, folder)
    entry = read_entry(where)
    start = _start(folder, entry.width)
    engine = InProcessEngine(device="cpu", previews=False)
    store = render.create(
        folder / "walk", entry, start, scene="a quiet gallery", memory=MemoryUse(memory)
    )
    n = entry.n_new
    verbs = ("walk forward", "turn left", "walk forward", "turn right")
    store.save(render.lay_actions(store.project, [(verbs[i % 4], n) for i in range(chunks)]))
    meter = _Meter(engine)
    render.roll_out(store, engine, where, 1 + chunks * n, CancelToken(), progress=meter.see)
    meter.mark()
    skipped = sum(bool(t.learning and t.learning.skipped) for t in store.project.takes.values())
    store.close()
    return {"world": which, "skipped": skipped, **meter.rows()}


class _Meter:
    """Marks where each chunk begins, and counts what the denoiser does."""

    def __init__(self, engine: Any):
        self._engine, self._passes, self._hooked = engine, 0, False
        self._marks: list[tuple[float, float, float, int]] = []

    def see(self, event: Any) -> None:
        if not self._hooked and self._engine._world is not None:
            self._engine._world.net.register_forward_hook(self._count)
            self._hooked = True
        if event.phase == "encoding" and event.step == 0 and event.chunk > len(self._marks):
            self.mark()

    def mark(self) -> None:
        self._marks.append((time.perf_counter(), time.process_time(), _peak_mb(), self._passes))

    def _count(self, net: Any, *_: Any) -> None:
        import torch

        # A backward pass is worth two; keeping few activations costs one more on the way back.
        self._passes += 1
        if torch.is_grad_enabled():
            self._passes += 2 + bool(net.gradient_checkpointing)

    def rows(self) -> dict[str, list[float]]:
        pairs = list(zip(self._marks, self._marks[1:]))
        return {
            "seconds": [round(b[0] - a[0], 4) for a, b in pairs],
            "cpu_s": [round(b[1] - a[1], 4) for a, b in pairs],
            "peak_mb": [round(b[2], 2) for _, b in pairs],
            "passes": [b[3] - a[3] for a, b in pairs],
        }


def _peak_mb() -> float:
    """The most memory this process has had. Linux says it of this program alone; elsewhere the
    system counts from before the program was started in it."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _start(folder: Path, side: int) -> Path:
    """A picture of a real place where there is one: a random one may not be learned at all."""
    from core.media.thumbs import thumbnail_png
    from core.rollout.samples import first_sample
    from tests.builders.tiny_world import picture

    try:
        return first_sample().picture
    except ValueError:
        path = folder / "start.png"
        path.write_bytes(thumbnail_png(picture(side, 3), side))
        return path


def _in_a_process_of_its_own(work: Any, folder: Path) -> Any:
    """Building a world takes memory that the measured process must not have taken."""
    code = (
        "import sys, json; from pathlib import Path;"
        "from tests.builders.worlds import benchmark_world;"
        "where, which = benchmark_world(Path(sys.argv[1])); print(json.dumps([str(where), which]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=True, stdout=subprocess.PIPE, text=True,
        cwd=ROOT,
    )
    where, which = json.loads(done.stdout.splitlines()[-1])
    return Path(where), which


if __name__ == "__main__":
    print(json.dumps(_walk(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
