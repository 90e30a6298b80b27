"""What a prompt-driven world is asked, and that it is read once."""

from __future__ import annotations

import pytest
import torch

from core.worlds.prompts import Prompts, prompt_of


@pytest.mark.parametrize(
    "scene, actions, said",
    [
        ("a stone hall", ["walk forward"] * 3 + ["turn left"] * 2,
         "a stone hall; the camera walks forward, then turns left"),
        ("", ["turn left", "", "turn left"], "the camera turns left"),
        ("a hall.", ["walk forward", "a dog runs in", "look up"],
         "a hall; the camera walks forward, then a dog runs in, then the camera looks up"),
        ("a hall", ["", ""], "a hall"),
        ("a  hall\nat night", ["Fly up", "pass the door", "stay"],
         "a hall at night; the camera flies up, then passes the door, then stays"),
        ("", ["go on"], "the camera goes on"),
        (None, None, ""),
        ("", [], ""),
    ],
)
def test_scene_and_actions_in_their_order(scene, actions, said):
    assert prompt_of(scene, actions) == said


def test_what_comes_back_is_said_again():
    asked = ["turn left", "turn right", "turn left"]
    assert prompt_of("", asked) == "the camera turns left, then turns right, then turns left"


@pytest.fixture
def encoder(tiny_checkpoint):
    """Wan's own, and how often it was loaded and what it read."""
    from core.worlds.wan import text_reader

    loads, reads = [], []

    def load():
        loads.append(1)
        real = text_reader(tiny_checkpoint("wan"), torch.device("cpu"), torch.float32)

        def read(prompt):
            reads.append(prompt)
            return real(prompt)

        return read

    return load, loads, reads


def test_a_prompt_is_read_once(encoder):
    load, loads, reads = encoder
    prompts = Prompts(load)
    assert prompts.loaded and len(loads) == 1
    assert prompts("go") is prompts("go")
    assert not torch.equal(prompts("go"), prompts("stop"))
    assert reads == ["go", "stop"]


def test_a_released_encoder_comes_back_for_what_is_new(encoder):
    load, loads, reads = encoder
    prompts = Prompts(load)
    prompts("go")
    prompts.release()
    assert not prompts.loaded
    prompts("go")
    assert not prompts.loaded and len(loads) == 1  # known: nothing has to be loaded
    stop = prompts("stop")
    assert prompts.loaded and len(loads) == 2
    prompts.keep = False
    prompts("turn")
    assert not prompts.loaded and reads == ["go", "stop", "turn"]
    assert torch.equal(stop, Prompts(load)("stop"))
