import math

import pytest

from core.project import edits
from core.project.edits import EditError
from core.project.model import Asset, EpisodeRef, MemoryUse, Sampling
from tests.project.parts import empty, rolled_out

EPISODE = EpisodeRef("e1", "The corridor", "episodes/corridor.sfep", "starter", "w", 3, 24, "")


def test_names_and_scene():
    p = edits.rename(empty(), "  Night\nwalk ")
    assert p.name == "Night walk"
    assert edits.set_scene(p, "a quiet corridor").scene == "a quiet corridor"
    for bad in ("", "  ", "x" * 201):
        with pytest.raises(EditError):
            edits.rename(p, bad)


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: edits.set_sampling(p, Sampling(steps=0)),
        lambda p: edits.set_sampling(p, Sampling(way="magic")),
        lambda p: edits.set_sampling(p, Sampling(guidance=math.nan)),
        lambda p: edits.set_memory(p, MemoryUse(strength=1.6)),
        lambda p: edits.set_memory(p, MemoryUse(strength=math.inf)),
        lambda p: edits.set_memory(p, MemoryUse(preset="other")),
        lambda p: edits.set_in_out(p, 5, 5),
        lambda p: edits.set_in_out(p, -1, None),
        lambda p: edits.add_marker(p, -1),
        lambda p: edits.move_marker(p, "nobody", 3),
        lambda p: edits.delete_marker(p, "nobody"),
        lambda p: edits.set_track(p, "nobody", muted=True),
        lambda p: edits.set_track(p, p.tracks[0].id, name=" "),
        lambda p: edits.remove_episode(p, "nobody"),
        lambda p: edits.add_assets(p, [Asset("a", "video", "../a.mp4", 1)]),
        lambda p: edits.add_assets(p, [Asset("a", "video", "/a.mp4", 1)]),
        lambda p: edits.add_assets(p, [Asset("a", "video", "C:\\a.mp4", 1)]),
        lambda p: edits.add_assets(p, [Asset("a", "video", "", 1)]),
        lambda p: edits.add_episode(p, EpisodeRef("e", "n", "x/../../y", "w", "h", 1, 1, "")),
        lambda p: edits.accept_take(p, "nobody"),
        lambda p: edits.choose_take(p, "nobody"),
    ],
)
def test_what_cannot_be_is_refused(edit):
    with pytest.raises(EditError) as error:
        edit(rolled_out(1))
    assert str(error.value).endswith(".")


def test_settings():
    p = edits.set_sampling(empty(), Sampling(8, 2.0))
    p = edits.set_memory(p, MemoryUse("off", 1.5, True))
    p = edits.set_auto_accept(p, True)
    assert (p.sampling.steps, p.memory.strength, p.auto_accept) == (8, 1.5, True)


def test_markers_are_sorted():
    p = edits.add_marker(empty(), 20, "b", id="b")
    p = edits.add_marker(p, 10, "a", id="a")
    assert [m.id for m in p.markers] == ["a", "b"]
    p = edits.rename_marker(edits.move_marker(p, "a", 30), "a", "end")
    assert [(m.frame, m.name) for m in p.markers] == [(20, "b"), (30, "end")]
    assert len(edits.delete_marker(p, "a").markers) == 1


def test_marks():
    p = edits.set_in_out(empty(), 3, 9)
    assert (p.in_point, p.out_point) == (3, 9)
    assert edits.set_in_out(p, None, None).in_point is None


def test_tracks():
    p = edits.add_track(empty())
    assert [t.name for t in p.tracks] == ["Video 1", "Video 2"]
    p = edits.set_track(p, p.tracks[1].id, name="Over", muted=True, height=5)
    assert (p.tracks[1].name, p.tracks[1].muted, p.tracks[1].height) == ("Over", True, 24)
    with pytest.raises(TypeError):
        edits.set_track(p, p.tracks[1].id, clips=())


def test_episodes_and_files():
    p = edits.add_episode(empty(), EPISODE)
    with pytest.raises(EditError, match="already"):
        edits.add_episode(p, EPISODE)
    assert edits.remove_episode(p, "e1").episodes == ()
    asset = Asset("a", "video", "assets/video/a.mp4", 1, "walk.mp4")
    p = edits.add_assets(p, [asset])
    assert edits.add_assets(p, [Asset("a", "source", "elsewhere", 1)]).assets["a"] == asset
