"""Control signals turned into language: many ways to say each motion and each place.

Some phrasings are held out of training, so that obedience can be measured on words not seen. The
tables here are the first-person world's; ``BOOKS`` has one book for each domain.
"""

from __future__ import annotations

import numpy as np

from core.learning.phrases import driving, footage, robot
from core.learning.phrases.book import ENDINGS, MANNERS, Book

#: What the walker does (a key of ``scenes.walker.MOTIONS``) → ways to say it.
PHRASES: dict[str, tuple[str, ...]] = {
    "hold": (
        "hold still", "stand still", "stay", "wait", "stop", "do not move", "stay where you are",
        "hold", "stand and look", "pause", "keep still", "rest here", "remain in place",
    ),
    "forward": (
        "walk forward", "go forward", "move forward", "walk ahead", "go straight", "walk straight on",
        "go ahead", "step forward", "keep walking", "walk on", "advance", "move ahead", "forward",
        "walk straight ahead", "go straight ahead", "continue forward", "walk towards it",
        "go straight forward", "head forward", "walk",
    ),
    "back": (
        "walk back", "go back", "walk backward", "move backward", "step back", "back up",
        "walk backwards", "go backwards", "move back", "back away", "retreat", "backward",
        "step backwards", "reverse", "walk away backwards",
    ),
    "strafe_left": (
        "step left", "sidestep left", "move left", "strafe left", "step to the left",
        "slide left", "go sideways to the left", "walk sideways left", "shift left", "move to the left",
    ),
    "strafe_right": (
        "step right", "sidestep right", "move right", "strafe right", "step to the right",
        "slide right", "go sideways to the right", "walk sideways right", "shift right",
        "move to the right",
    ),
    "turn_left": (
        "turn left", "look left", "rotate left", "turn to the left", "look to the left", "pan left",
        "turn your head left", "spin left", "face left", "look around to the left",
        "turn around to the left", "rotate to the left", "swing left", "turn counterclockwise",
    ),
    "turn_right": (
        "turn right", "look right", "rotate right", "turn to the right", "look to the right",
        "pan right", "turn your head right", "spin right", "face right",
        "look around to the right", "turn around to the right", "rotate to the right",
        "swing right", "turn clockwise",
    ),
    "forward_left": (
        "walk forward turning left", "walk forward and turn left", "curve left", "bear left",
        "walk in a curve to the left", "go around the corner to the left", "veer left",
        "walk forward while turning left", "go forward and look left", "follow the bend to the left",
        "move forward turning left", "walk left around the corner",
    ),
    "forward_right": (
        "walk forward turning right", "walk forward and turn right", "curve right", "bear right",
        "walk in a curve to the right", "go around the corner to the right", "veer right",
        "walk forward while turning right", "go forward and look right",
        "follow the bend to the right", "move forward turning right", "walk right around the corner",
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    "hold": ("stand where you are", "stay still"),
    "forward": ("move straight ahead", "keep going forward", "step ahead"),
    "back": ("move backwards", "walk back slowly"),
    "strafe_left": ("move sideways to the left", "slide to the left"),
    "strafe_right": ("move sideways to the right", "slide to the right"),
    "turn_left": ("turn around left", "pan to the left", "look over to the left"),
    "turn_right": ("turn around right", "pan to the right", "look over to the right"),
    "forward_left": ("go forward turning left", "walk on and turn to the left"),
    "forward_right": ("go forward turning right", "walk on and turn to the right"),
}

#: Scene styles (``scenes.STYLES``) → ways to say them.
PLACES: dict[str, tuple[str, ...]] = {
    "a quiet gallery": (
        "a quiet gallery", "an art gallery", "a museum with pictures", "gallery rooms",
        "a white gallery with paintings", "a museum hall", "an exhibition", "paintings on the walls",
    ),
    "a concrete corridor": (
        "a concrete corridor", "a long corridor", "a bare concrete hallway", "a hallway",
        "an office corridor", "a concrete passage", "a brutalist building", "a long hall with doors",
    ),
    "a garden maze at dusk": (
        "a garden maze at dusk", "a hedge maze", "a garden in the evening", "hedges at sunset",
        "a garden labyrinth", "a park with hedges at dusk", "a maze of hedges", "an evening garden",
    ),
    "a night street": (
        "a night street", "a street at night", "a town by night", "a dark city street with lit windows",
        "a city at night", "street lamps at night", "a quiet street under the moon", "an alley at night",
    ),
    "a sunlit house": (
        "a sunlit house", "a bright home", "a house full of sun", "a living room in the sun",
        "sunny rooms", "a warm house", "a bright apartment with windows", "a house in the morning light",
    ),
}


#: Domain (the name of a source, ``core.learning.sources``) → its phrase book.
BOOKS: dict[str, Book] = {
    "first-person": Book(PHRASES, HELD_OUT, PLACES, MANNERS, ENDINGS),
    "driving": driving.BOOK,
    "robot": robot.BOOK,
    "footage": footage.BOOK,
}


def say(
    verb: str, rng: np.random.Generator, held_out: bool = False, domain: str = "first-person"
) -> str:
    """One way to ask for ``verb``, a control of ``domain``.

    What is no control of it was written by a person (an action of own footage) and is said as
    it is. Raises KeyError for such a text in the first-person world, which has controls alone.
    """
    book = BOOKS[domain]
    if domain != "first-person" and verb not in book.phrases:
        return verb
    phrases = (book.held_out if held_out else book.phrases)[verb]
    phrase = phrases[int(rng.integers(len(phrases)))]
    if held_out:
        return phrase
    text = book.manners[int(rng.integers(len(book.manners)))] + phrase
    return text + book.endings[int(rng.integers(len(book.endings)))]


def name_place(style: str, rng: np.random.Generator, domain: str = "first-person") -> str:
    """One way to name a scene of ``style``. A name that a person gave is said as it is."""
    places = BOOKS[domain].places
    if domain != "first-person" and style not in places:
        return style
    names = places[style]
    return names[int(rng.integers(len(names)))]
