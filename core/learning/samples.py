"""The sample scenes that ship with the studio: a start picture, a scene prompt and a first walk.

    python -m core.learning.samples --out resources/samples

Their scenes are not among those the starter world was trained on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from core.learning.scenes.scene import STYLES, Scene
from core.media.cv import cv2

#: Scene seed of each style, and the walk the sample comes with: (text, frames).
FIRST = 30_000_000
SAMPLES = (
    ("gallery", "A quiet gallery", 0, 3,
     # Away and back again, twice: what comes back shows the memory at once.
     (("turn left", 16), ("turn right", 16), ("walk forward", 12), ("walk back", 12),
      ("hold still", 8))),
    ("maze", "A garden maze at dusk", 2, 4,
     (("walk forward", 16), ("turn right", 8), ("walk forward", 16), ("look around to the left", 16),
      ("walk forward", 8))),
    ("street", "A night street", 3, 6,
     (("walk forward", 16), ("step left", 8), ("walk forward", 8), ("turn left", 16),
      ("walk forward", 16))),
    ("house", "A sunlit house", 4, 6,
     (("turn left", 8), ("walk forward", 16), ("turn right", 16), ("walk forward", 16),
      ("hold still", 8))),
    ("corridor", "A concrete corridor", 1, 3,
     (("walk forward", 24), ("turn left", 16), ("turn right", 16), ("walk forward", 8))),
)


def make(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for number, (name, title, style, seed, walk) in enumerate(SAMPLES, start=1):
        scene = Scene(FIRST + seed, STYLES[style])
        pose = scene.spawn(np.random.default_rng(seed))
        picture = scene.render(pose[None], 128)[0]
        cv2.imwrite(str(out / f"{number:02d}-{name}.png"), picture[..., ::-1])
        facts = {"name": title, "scene": STYLES[style], "actions": [list(a) for a in walk]}
        (out / f"{number:02d}-{name}.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("resources/samples"))
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()
