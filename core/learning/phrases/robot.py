"""How to ask a robot arm for its skills, block by block, and what its tables are called."""

from __future__ import annotations

from itertools import combinations

from core.learning.phrases.book import Book

COLOURS = ("red", "blue", "green", "yellow", "purple")

_BLOCK = ("the {c} block", "the {c} cube", "the {c} one", "the {c} box")

# Each takes the block's name. Shorter lists than for a walker: blocks multiply them.
_SKILLS: dict[str, tuple[str, ...]] = {
    "pick": (
        "pick up {b}", "grasp {b}", "lift {b}", "take {b}", "grab {b}", "pick {b} up",
        "lift {b} off the table", "raise {b}",
    ),
    "push_left": (
        "push {b} left", "push {b} to the left", "slide {b} to the left", "shove {b} left",
        "nudge {b} to the left", "move {b} left", "sweep {b} to the left",
    ),
    "push_right": (
        "push {b} right", "push {b} to the right", "slide {b} to the right", "shove {b} right",
        "nudge {b} to the right", "move {b} right", "sweep {b} to the right",
    ),
    "put_back": (
        "put {b} back", "return {b} to its place", "put {b} back where it was", "set {b} back down",
        "bring {b} back", "place {b} where it came from", "put down {b} at its place",
    ),
    "carry": (
        "put {b} somewhere else", "carry {b} away", "move {b} elsewhere",
        "set {b} down somewhere else", "bring {b} to another place", "place {b} elsewhere",
        "find another place for {b}",
    ),
}
_SWAP = (
    "swap {a} and {b}", "exchange {a} and {b}", "swap {a} with {b}", "switch {a} and {b}",
    "trade the places of {a} and {b}", "let {a} and {b} change places",
)
_HELD_OUT = {
    "pick": ("lift up {b}", "take hold of {b}"),
    "push_left": ("shift {b} to the left", "push {b} leftwards"),
    "push_right": ("shift {b} to the right", "push {b} rightwards"),
    "put_back": ("return {b} to where it was", "lay {b} back"),
    "carry": ("carry {b} to another place", "put {b} elsewhere"),
}
_SWAP_HELD_OUT = ("switch the places of {a} and {b}", "swap the places of {a} and {b}")
_REST = (
    "rest the arm", "wait with the arm up", "keep the arm still", "the arm waits",
    "do nothing with the arm", "hold the arm still", "leave the blocks alone", "park the arm",
)


def control(skill: str, *colours: str) -> str:
    """The name of a skill on the blocks it is done to: "pick_red", "swap_blue_red"."""
    return "_".join((skill, *sorted(colours)))


def _names(colour: str, held_out: bool) -> tuple[str, ...]:
    return tuple(n.format(c=colour) for n in (_BLOCK[:2] if held_out else _BLOCK))


def _tell(skills: dict[str, tuple[str, ...]], swap: tuple[str, ...], held_out: bool) -> dict:
    told: dict[str, tuple[str, ...]] = {}
    for skill, templates in skills.items():
        for colour in COLOURS:
            told[control(skill, colour)] = tuple(
                t.format(b=b) for t in templates for b in _names(colour, held_out)
            )
    for pair in combinations(COLOURS, 2):
        orders = (pair, pair[::-1])
        told[control("swap", *pair)] = tuple(
            t.format(a=f"the {x} block", b=f"the {y} block") for t in swap for x, y in orders
        )
    return told


PHRASES: dict[str, tuple[str, ...]] = {"rest": _REST, **_tell(_SKILLS, _SWAP, False)}
HELD_OUT: dict[str, tuple[str, ...]] = {
    "rest": ("let the arm rest", "stay away from the blocks"),
    **_tell(_HELD_OUT, _SWAP_HELD_OUT, True),
}

#: Tables (``robot.table.TABLES``) → ways to say them.
PLACES: dict[str, tuple[str, ...]] = {
    "a wooden table": (
        "a wooden table", "a robot arm at a wooden table", "blocks on a wooden table",
        "a warm wooden workbench",
    ),
    "a white laboratory bench": (
        "a white laboratory bench", "a robot arm in a bright laboratory", "blocks on a white bench",
        "a clean white table with a robot",
    ),
    "a dark workbench": (
        "a dark workbench", "a robot arm at a dark bench", "blocks on a slate table",
        "a workshop with a dark table",
    ),
}

BOOK = Book(
    PHRASES, HELD_OUT, PLACES,
    manners=("", "", "", "", "", "now ", "then ", "please ", "carefully "),
    endings=("", "", "", "", "", " now", " please", " carefully", " again"),
)
