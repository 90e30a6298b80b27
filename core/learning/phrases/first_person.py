"""The first-person world's words: motions of a walker, and kinds of places.

Common ways to say a motion are written out, others are put together from parts ("keep walking" +
"and" + "bear left"), so that an encoder learns what the parts mean.
"""

from __future__ import annotations

from itertools import product

from core.learning.phrases.book import Book

#: What the walker does (a key of ``scenes.walker.MOTIONS``) → common ways to say it.
_WRITTEN: dict[str, tuple[str, ...]] = {
    "hold": (
        "hold still", "stand still", "stay", "wait", "stop", "do not move", "stay where you are",
        "hold", "stand and look", "pause", "keep still", "rest here", "remain in place",
    ),
    "forward": (
        "walk forward", "go forward", "move forward", "walk ahead", "go straight",
        "walk straight on", "walk through the door", "go through the door", "run", "go ahead", "step forward", "keep walking", "walk on", "advance", "move ahead", "forward",
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
        "turn around", "look around", "look behind you", "spin around", "look back",
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
        "move forward turning left", "walk left around the corner", "go left", "walk left",
    ),
    "forward_right": (
        "walk forward turning right", "walk forward and turn right", "curve right", "bear right",
        "walk in a curve to the right", "go around the corner to the right", "veer right",
        "walk forward while turning right", "go forward and look right",
        "follow the bend to the right", "move forward turning right", "walk right around the corner", "go right",
        "walk right",
    ),
}

#: Never said in training; written down before it was seen which of them are read right.
HELD_OUT: dict[str, tuple[str, ...]] = {
    "hold": (
        "stand where you are", "stay still", "don't move", "stay put", "hold your position",
        "stand there and wait",
    ),
    "forward": (
        "move straight ahead", "keep going forward", "step ahead", "walk straight",
        "continue straight ahead", "go on", "keep moving forward",
    ),
    "back": (
        "move backwards", "walk back slowly", "take a step back", "move back slowly",
        "walk in reverse", "back off",
    ),
    "strafe_left": (
        "move sideways to the left", "slide to the left", "shift to the left",
        "take a step to the left", "strafe to the left", "move sideways left",
    ),
    "strafe_right": (
        "move sideways to the right", "slide to the right", "shift to the right",
        "take a step to the right", "strafe to the right", "move sideways right",
    ),
    "turn_left": (
        "turn around left", "pan to the left", "look over to the left", "swing to the left",
        "rotate your view left", "turn your head to the left", "spin to the left",
    ),
    "turn_right": (
        "turn around right", "pan to the right", "look over to the right", "swing to the right",
        "rotate your view right", "turn your head to the right", "spin to the right",
    ),
    "forward_left": (
        "go forward turning left", "walk on and turn to the left", "keep walking and turn left",
        "walk ahead while looking left", "move ahead in a curve to the left",
        "step forward and turn to the left",
    ),
    "forward_right": (
        "go forward turning right", "walk on and turn to the right", "keep walking and turn right",
        "walk ahead while looking right", "move ahead in a curve to the right",
        "step forward and turn to the right",
    ),
}

_ONWARD = (
    "walk", "walk forward", "walk on", "walk ahead", "walk straight on", "go forward", "go ahead",
    "go straight", "move forward", "move ahead", "step forward", "keep walking", "keep going",
    "continue forward", "head forward",
)


def _put_together() -> dict[str, list[str]]:
    """What the walker does → phrases of parts."""
    def said(*parts: tuple[str, ...]) -> list[str]:
        return [" ".join(p for p in phrase if p) for phrase in product(*parts)]

    found = {
        "hold": said(
            ("stand", "stay", "hold", "keep", "remain", "wait", "rest", "pause"),
            ("still", "here", "there", "where you are", "in place", "in position"),
        ) + said(
            ("don't", "do not", "never"), ("walk", "walk on", "go", "go on", "step", "turn", "go away")
        ) + said(("stop",), ("moving", "walking", "turning", "here", "there")),
        "forward": said(
            ("walk", "go", "move", "step", "head", "continue", "keep walking", "keep moving", "carry on"),
            ("forward", "forwards", "ahead", "straight on", "straight ahead", "on straight"),
        ) + said(("take",), ("a step", "two steps", "some steps"), ("forward", "ahead")),
        "back": said(
            ("walk", "go", "move", "step", "keep walking", "keep going"),
            ("back", "backward", "backwards", "back a bit", "away backwards"),
        ) + said(("go", "move", "step"), ("in reverse",))
        + said(("take",), ("two steps", "some steps", "one step"), ("back", "backwards")),
    }
    for side in ("left", "right"):
        towards = (side, f"to the {side}", f"towards the {side}", f"over to the {side}")
        found[f"strafe_{side}"] = said(
            ("step", "move", "slide", "shift", "go", "walk", "strafe"), ("sideways",), towards[:3]
        ) + said(("step", "sidestep", "slide", "shift", "strafe"), towards[:3]) + said(
            ("take", "make"), ("a step", "two steps", "some steps"), ("", "sideways"), towards[:3]
        )
        found[f"turn_{side}"] = said(
            ("turn", "look", "rotate", "spin", "swing", "face", "turn around", "look around",
             "turn your head", "turn your eyes", "turn the view", "swing your view", "rotate the view"),
            towards,
        )
        bent = (
            f"turn {side}", f"turn to the {side}", f"look {side}", f"look to the {side}", f"bear {side}",
            f"curve {side}", f"curve to the {side}", f"veer {side}", f"rotate {side}",
            f"veer to the {side}", f"go around the corner to the {side}", f"swing {side}",
        )
        bending = (
            f"turning {side}", f"turning to the {side}", f"looking {side}", f"looking to the {side}",
            f"curving {side}", f"bearing {side}", f"veering to the {side}", f"rotating {side}",
        )
        along = (
            f"in a curve to the {side}", f"in a bend to the {side}", f"in an arc to the {side}",
            f"around the bend to the {side}", f"around the {side} corner",
        )
        found[f"forward_{side}"] = said(_ONWARD, ("and", "and then", "then"), bent) + said(
            _ONWARD, ("", "while"), bending
        ) + said(_ONWARD, along)
    return found


def _phrases() -> dict[str, tuple[str, ...]]:
    unread = {phrase for phrases in HELD_OUT.values() for phrase in phrases}
    more = _put_together()
    return {
        verb: tuple(dict.fromkeys(
            phrase for phrase in (*written, *more[verb]) if phrase not in unread
        ))
        for verb, written in _WRITTEN.items()
    }


#: What the walker does → all ways to say it in training, the plainest one first.
PHRASES: dict[str, tuple[str, ...]] = _phrases()

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

BOOK = Book(PHRASES, HELD_OUT, PLACES)
