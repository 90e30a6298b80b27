"""Exporting through the studio against the ffmpeg command line, same frames, same settings."""

from __future__ import annotations

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

WIDTH, HEIGHT, FRAMES, RATE, RUNS = 640, 360, 150, Fraction(24), 5


def run() -> dict:
    """Frames a second of ``export_mp4`` over those of ffmpeg reading a raw file."""
    frames = _frames()
    settings = ExportSettings()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="slowfast-benchmark-") as folder:
        raw = Path(folder, "frames.rgb")
        raw.write_bytes(frames.tobytes())
        _ours(Path(folder, "warm.mp4"), frames[:8], settings)
        _theirs(Path(folder, "warm.mp4"), raw, settings)
        for number in range(RUNS):  # alternating, so that a busy spell hits both
            ours.append(_ours(Path(folder, f"ours{number}.mp4"), frames, settings))
            theirs.append(_theirs(Path(folder, f"theirs{number}.mp4"), raw, settings))
    ours_fps = FRAMES / statistics.median(ours)
    theirs_fps = FRAMES / statistics.median(theirs)
    return {
        "name": "export",
        "value": round(ours_fps / theirs_fps, 3),
        "goal": ">= 0.95",
        "unit": "x",
        "detail": {
            "export_fps": round(ours_fps, 1),
            "ffmpeg_fps": round(theirs_fps, 1),
            "size": f"{WIDTH}x{HEIGHT}",
            "frames": FRAMES,
            "export_s": [round(t, 3) for t in ours],
            "ffmpeg_s": [round(t, 3) for t in theirs],
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


def _ours(path: Path, frames: np.ndarray, settings: ExportSettings) -> float:
    began = time.perf_counter()
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
    return time.perf_counter() - began


def _theirs(path: Path, raw: Path, settings: ExportSettings) -> float:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "fatal"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)]
    command += ["-i", str(raw), "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    command += [*encoder_options((WIDTH, HEIGHT), settings), str(path)]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(run())
