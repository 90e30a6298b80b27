"""Exporting through the studio against the ffmpeg command line, same frames, same settings.

Both get their frames through a pipe, as frames that a program makes must come. What the pipe
itself costs shows in the detail, where ffmpeg reads the same frames from a file.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from core.media.encode import ExportSettings, export_mp4
from core.media.export import encoder_options

WIDTH, HEIGHT, FRAMES, RATE, RUNS = 640, 360, 240, Fraction(24), 5


def run() -> dict:
    """Frames a second of ``export_mp4`` over those of ffmpeg, medians of alternating runs."""
    frames = _frames()
    settings = ExportSettings()
    ways = {"export": _ours, "ffmpeg": _by_pipe, "ffmpeg_file": _by_file}
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="slowfast-benchmark-") as folder:
        raw = Path(folder, "frames.rgb")
        raw.write_bytes(frames.tobytes())
        for number in range(RUNS + 1):
            for name, way in ways.items():  # alternating, so that a busy spell hits all
                worked, began = _cpu_s(), time.perf_counter()
                way(Path(folder, f"{name}{number}.mp4"), frames, raw, settings)
                wall[name].append(time.perf_counter() - began)
                cpu[name].append(_cpu_s() - worked)
    # The first run of each is a warm-up.
    seconds = {name: statistics.median(times[1:]) for name, times in wall.items()}
    return {
        "name": "export",
        "value": round(seconds["ffmpeg"] / seconds["export"], 3),
        "goal": ">= 0.95",
        "unit": "x",
        "detail": {
            "fps": {name: round(FRAMES / t, 1) for name, t in seconds.items()},
            "size": f"{WIDTH}x{HEIGHT}",
            "frames": FRAMES,
            "seconds": {name: [round(t, 3) for t in times[1:]] for name, times in wall.items()},
            # Wall time on a busy machine is noise; what was worked is less so (0 on Windows).
            "cpu_s": {name: round(statistics.median(t[1:]), 3) for name, t in cpu.items()},
        },
    }


def _frames() -> np.ndarray:
    """``[n, h, w, 3]`` uint8: a soft textured picture that drifts, like a walk."""
    rng = np.random.default_rng(7)
    rough = rng.random((HEIGHT // 20 + 2, WIDTH // 20 + 2, 3), dtype=np.float32) * 200
    wide = np.kron(rough, np.ones((20, 20, 1), np.float32))
    wide = wide + rng.normal(0, 4, wide.shape).astype(np.float32)
    picture = np.clip(wide, 0, 255).astype(np.uint8)
    return np.stack([np.roll(picture, 2 * i, axis=1)[:HEIGHT, :WIDTH] for i in range(FRAMES)])


def _ours(path: Path, frames: np.ndarray, raw: Path, settings: ExportSettings) -> None:
    export_mp4(
        path,
        iter(frames),
        size=(WIDTH, HEIGHT),
        rate=RATE,
        total=len(frames),
        settings=settings,
        metadata={"title": "Benchmark"},
        progress=lambda _: None,
        cancelled=lambda: False,
    )


def _by_pipe(path: Path, frames: np.ndarray, raw: Path, settings: ExportSettings) -> None:
    process = subprocess.Popen(_command("-", path, settings), stdin=subprocess.PIPE)
    with open(raw, "rb") as file, process.stdin as pipe:
        shutil.copyfileobj(file, pipe, 1 << 20)
    if process.wait():
        raise RuntimeError("ffmpeg failed")


def _by_file(path: Path, frames: np.ndarray, raw: Path, settings: ExportSettings) -> None:
    subprocess.run(_command(str(raw), path, settings), check=True, stdin=subprocess.DEVNULL)


def _command(source: str, path: Path, settings: ExportSettings) -> list[str]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "fatal"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)]
    command += ["-i", source, "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    return [*command, *encoder_options((WIDTH, HEIGHT), settings), str(path)]


def _cpu_s() -> float:
    """Processor seconds of this process and of those it started and that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    print(run())
