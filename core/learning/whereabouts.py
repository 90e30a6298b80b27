"""Where the camera of a recording is, as far as a world can know it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.learning.language import BOOKS
from core.learning.shards import WalkData
from core.worlds.poses import stepped
from core.worlds.starter.text import StarterTextEncoder

STAY = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Whereabouts:
    """``poses`` [T, 3] of a recording; ``lost`` [T]: the motion that led to a frame is not known.

    ``exact`` where they were recorded. Else they are reckoned from the actions' words, just as the
    studio reckons where a walk leads: so training sees the addresses and expectations that the
    studio will give. A robot's camera stays; footage moves where its words say by how much.
    """

    poses: np.ndarray
    lost: np.ndarray
    exact: bool

    @cached_property
    def stays(self) -> bool:
        """Whether the camera never moves."""
        return not self.lost.any() and bool((self.poses == self.poses[0]).all())


def whereabouts(walk: WalkData, text: StarterTextEncoder) -> Whereabouts:
    """Recorded where the recording has poses, else reckoned from its actions."""
    frames = len(walk.verbs)
    if walk.poses is not None:
        return Whereabouts(walk.poses, np.zeros(frames, bool), True)
    motions = {name: motion_of(name, walk.source, text) for name in set(walk.actions)}
    poses = [STAY]
    for name in walk.actions[1:]:
        poses.append(stepped(poses[-1], motions[name] or STAY))
    lost = np.array([motions[name] is None for name in walk.actions])
    return Whereabouts(np.array(poses, np.float64), lost, False)


def motion_of(
    action: str, domain: str, text: StarterTextEncoder
) -> tuple[float, float, float] | None:
    """The motion of a control of ``domain`` or of a person's own words; None: not known."""
    if action in text.config.verbs:
        return text.motion_of(action)
    return text.motion(BOOKS[domain].phrases.get(action, (action,))[0])
