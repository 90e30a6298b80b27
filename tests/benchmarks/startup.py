"""Time from the start of a process to the studio's window, and what must not be loaded by then."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5

_CHILD = """
import json, sys, time
from app.studio import open_window
window, app = open_window(["studio"])
app.processEvents()
shown = time.time()
print(json.dumps({"shown": shown, "visible": window.isVisible(),
    "loaded": [m for m in ("torch", "diffusers", "cv2", "av") if m in sys.modules]}))
sys.stdout.flush()
window.close()
"""


def once(folder: Path) -> tuple[float, list[str]]:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "SLOWFAST_SETTINGS": str(folder / "studio.ini"),
        "SLOWFAST_LOGS": str(folder / "logs"),
        "PYTHONPATH": str(ROOT),
    }
    began = time.time()
    made = subprocess.run(
        [sys.executable, "-c", _CHILD],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    facts = json.loads(made.stdout.strip().splitlines()[-1])
    assert facts["visible"]
    return facts["shown"] - began, facts["loaded"]


def run() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        once(Path(folder))  # compiled files and disk cache
        runs = [once(Path(folder)) for _ in range(RUNS)]
    loaded = sorted({name for _, names in runs for name in names})
    return {
        "name": "startup",
        "value": round(statistics.median(seconds for seconds, _ in runs), 3),
        "goal": "<= 1 s, torch not imported",
        "unit": "s",
        "detail": {
            "torch_imported": "torch" in loaded,
            "loaded": loaded,
            "runs": [round(seconds, 3) for seconds, _ in runs],
        },
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
