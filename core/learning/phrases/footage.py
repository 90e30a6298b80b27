"""How to ask for what the camera of a person's own footage does."""

from core.learning.phrases.book import Book

PHRASES: dict[str, tuple[str, ...]] = {
    "hold_camera": (
        "hold the camera still", "a still shot", "keep the camera where it is", "a locked shot",
        "the camera rests", "do not move the camera", "a static shot", "keep the frame",
    ),
    "pan_left": (
        "pan the camera left", "the camera pans left", "turn the camera to the left",
        "swing the camera left", "camera left", "rotate the camera to the left",
        "a pan to the left",
    ),
    "pan_right": (
        "pan the camera right", "the camera pans right", "turn the camera to the right",
        "swing the camera right", "camera right", "rotate the camera to the right",
        "a pan to the right",
    ),
    "tilt_up": (
        "tilt up", "tilt the camera up", "look up", "the camera tilts up",
        "point the camera higher", "raise the view", "look upwards",
    ),
    "tilt_down": (
        "tilt down", "tilt the camera down", "look down", "the camera tilts down",
        "point the camera lower", "lower the view", "look downwards",
    ),
    "zoom_in": (
        "zoom in", "zoom closer", "the camera zooms in", "enlarge the middle", "go in tighter",
        "a zoom into the picture",
    ),
    "zoom_out": (
        "zoom out", "zoom back", "the camera zooms out", "show more around", "go out wider",
        "a zoom out of the picture",
    ),
    "camera_forward": (
        "walk forward with the camera", "the camera moves forward", "carry the camera ahead",
        "dolly in", "move the camera forward", "travel forward", "push in with the camera",
    ),
    "camera_back": (
        "walk backwards with the camera", "the camera moves back", "carry the camera back",
        "dolly out", "move the camera back", "travel backwards", "pull back with the camera",
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    "hold_camera": ("leave the camera still", "the camera stays where it is"),
    "pan_left": ("let the camera pan left", "sweep the camera to the left"),
    "pan_right": ("let the camera pan right", "sweep the camera to the right"),
    "tilt_up": ("let the camera look up", "turn the camera up"),
    "tilt_down": ("let the camera look down", "turn the camera down"),
    "zoom_in": ("zoom further in", "let the camera zoom in"),
    "zoom_out": ("zoom further out", "let the camera zoom out"),
    "camera_forward": ("go ahead with the camera", "the camera travels forward"),
    "camera_back": ("go back with the camera", "the camera travels back"),
}

PLACES: dict[str, tuple[str, ...]] = {
    "own footage": ("own footage", "a video", "filmed by hand", "a filmed place", "camera footage"),
}

BOOK = Book(PHRASES, HELD_OUT, PLACES)
