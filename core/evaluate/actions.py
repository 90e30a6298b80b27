"""The suite ``actions``: does a world obey phrasings it has never read, memory or not?"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluate import metrics
from core.evaluate.arms import Arm
from core.evaluate.bench import Bench, liveliness
from core.evaluate.trajectories import Trajectory, assembled, is_free, scene_of
from core.evaluate.walking import decoded, first_visit
from core.learning.data import HELD_OUT, VERBS
from core.learning.language import HELD_OUT as UNREAD
from core.learning.language import PHRASES
from core.learning.scenes.walker import follow, walk

_CHUNKS = 4  # of real footage before the action


class Actions:
    """After some chunks of real footage (remembered by the arm), each verb is asked for once in a
    held-out phrasing and once in a trained one, from the same state and noise.

    ``obeyed``: share of chunks that agree more with the true future of the verb asked for than with
    that of any other verb. ``adherence``: share of frames whose flow reads as that verb. A memory
    claims nothing here; it must not obey worse than none.
    """

    name, primary = "actions", "obeyed"
    claims, walks_on, domain = False, False, "first-person"
    columns = ("obeyed", "obeyed_trained", "adherence", "adherence_trained", "psnr_truth", "heard",
               "spread", "flow")

    def __init__(self) -> None:
        self.visits = ("real",)

    def facts(self) -> dict[str, Any]:
        return {"chunks_before": _CHUNKS}

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        name = HELD_OUT + 100_000 * (bench.seed + 1) + 30_000 + number
        size = bench.world.geometry.chunk_frames
        scene, rng = scene_of(name), np.random.default_rng([81, bench.seed, number])
        way = walk(scene, _CHUNKS * size, rng, "explore")
        return assembled(
            number, name, "explore", way.poses[0], list(way.verbs), len(way.verbs), size, bench.window
        )

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray | None]:
        """(row, no video). Verbs that would lead through a wall are left out."""
        world, shot, size = bench.world, bench.shot(walked), bench.world.geometry.chunk_frames
        scene, here = scene_of(walked.scene), walked.poses[walked.half]
        ways = {v: follow(here, [v] * size)[1:] for v in VERBS}
        ways = {v: way for v, way in ways.items() if is_free(scene, way, 0.15)}
        futures = {v: scene.render(way, world.geometry.width) for v, way in ways.items()}
        walker = None
        if arm is not None:
            walker = bench.walker(arm, walked)
            first_visit(walker, walked, shot, True)
        rng = np.random.default_rng([82, bench.seed, walked.number])
        asked = {v: (_one(UNREAD[v], rng), _one(PHRASES[v], rng)) for v in futures}
        found: dict[str, list[float]] = {}
        now = shot.pictures[walked.half : walked.half + 1]
        for verb, texts in asked.items():
            for text, which in zip(texts, ("", "_trained")):
                made = futures[verb]
                if walker is not None:
                    noise = 100_000 * (bench.seed + 1) + walked.number
                    new = walker.make([text] * size, noise)
                    made = decoded(world, walker.frames + new, len(walker.frames))
                one = _one_chunk(bench, now, made, verb, futures)
                one["heard"] = float(_heard(world, text, verb))
                for name, value in one.items():
                    found.setdefault(f"{name}{which}", []).append(value)
                if not which:
                    found.setdefault(f"obeyed:{verb}", []).append(one["obeyed"])
        row: dict[str, Any] = {n: float(np.mean(v)) for n, v in found.items()}
        return row, None


def _one(phrases: tuple[str, ...], rng: np.random.Generator) -> str:
    return phrases[int(rng.integers(len(phrases)))]


def _heard(world: Any, text: str, verb: str) -> bool:
    """Whether the world's text encoder reads ``verb`` in ``text`` (worlds without one: no)."""
    read = getattr(getattr(world, "text", None), "read_verb", None)
    return bool(read and read(text)[0] == verb)


def _one_chunk(
    bench: Bench, now: np.ndarray, made: np.ndarray, verb: str, futures: dict[str, np.ndarray]
) -> dict[str, float]:
    agrees = {v: float(metrics.psnr(made, true).mean()) for v, true in futures.items()}
    video = np.concatenate([now, made])
    live = liveliness(bench, video, np.full(len(video), VERBS.index(verb)))
    return {
        "obeyed": float(max(agrees, key=lambda v: agrees[v]) == verb), "psnr_truth": agrees[verb],
        **{name: live[name] for name in ("adherence", "spread", "flow")},
    }
