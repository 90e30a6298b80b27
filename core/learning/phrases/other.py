"""What people write that is no action of a walker: it must not be read as one."""

from __future__ import annotations

from itertools import product

_WRITTEN = (
    "a cat on a chair", "make it rain", "the door opens", "sing a song", "change the colour",
    "someone waves", "a dog runs past", "lights flicker", "draw a tree", "explosion", "smile",
    "zoom in", "jump", "fly up", "snow falls", "open the window", "the sun sets", "dance",
    "look up", "look down", "tilt up", "tilt down", "zoom out", "sit down", "lie down", "crouch",
    "climb the stairs", "pick it up", "close the door", "turn on the light", "turn off the lamp",
    "make it night", "make it brighter", "in the style of an old film", "cinematic", "slow motion",
    "black and white", "more people", "add a tree", "remove the chair", "wind in the trees",
)
_THINGS = (
    "a red car", "a cat", "the dog", "a bird", "two children", "a woman", "an old man", "the crowd",
    "a train", "a boat", "the tree", "flowers", "the river", "clouds", "the moon", "a lamp", "a candle",
    "smoke", "a painting", "a horse", "the robot", "water", "a door", "the curtain", "music",
)
_HAPPENINGS = (
    "", "appears", "passes by", "falls", "is burning", "sleeps", "sings", "grows", "flies away",
    "in the rain", "in the fog", "on a table", "shines", "gets bigger", "turns blue", "laughs",
    "comes closer", "dances", "disappears",
)

OTHER: tuple[str, ...] = (
    *_WRITTEN, *(f"{thing} {what}".strip() for thing, what in product(_THINGS, _HAPPENINGS)),
)
