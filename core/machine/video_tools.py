"""Whether films can be written and Qt starts: tried, not guessed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

QT_TRIAL = "from PySide6.QtWidgets import QApplication; QApplication([])"


@dataclass(frozen=True)
class Encoders:
    imageio: bool
    pyav: bool
    version: str = ""
    problem: str = ""


def encoders() -> Encoders:
    imageio, version, first = _imageio()
    pyav, second = _pyav()
    return Encoders(imageio, pyav, version, "; ".join(p for p in (first, second) if p))


def _imageio() -> tuple[bool, str, str]:
    try:
        import imageio_ffmpeg

        tool = imageio_ffmpeg.get_ffmpeg_exe()
        command = [tool, "-hide_banner", "-encoders"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, errors="replace")
        if "libx264" not in said.stdout:
            return False, "", f"{tool} has no libx264"
        return True, imageio_ffmpeg.get_ffmpeg_version(), ""
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        return False, "", f"imageio-ffmpeg: {error}"


def _pyav() -> tuple[bool, str]:
    try:
        import av

        av.codec.Codec("libx264", "w")
    except Exception as error:  # ImportError, or PyAV's own errors
        return False, f"PyAV: {error}"
    return True, ""


def qt_problem() -> str:
    """Empty where Qt starts. In a process of its own: a missing library aborts it."""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", QT_TRIAL]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=env, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"It ended with code {done.returncode}."
