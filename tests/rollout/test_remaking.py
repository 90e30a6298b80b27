"""What a film's recipe holds of a film that was edited, and what it says that it lacks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.project import edits, queries
from core.project.errors import ProjectError
from core.project.model import ActionPart, MemoryUse, Parent, Sampling
from core.rollout.recipe import recipe_of
from core.rollout.remaking import lost, project_from_recipe
from tests.project import parts

SEEDS = [100, 7, 41]


@pytest.fixture
def film():
    """A start of one frame and three chunks of 8, each asked for something else."""
    p = parts.with_start()
    for number, (seed, text) in enumerate(zip(SEEDS, ("forward", "turn left", "hold still"))):
        p = edits.add_action(p, text, 1 + 8 * number, 9 + 8 * number)
        p, take = parts.make_take(
            p, f"t{number}", queries.tip(p), seed=seed, chunk=f"c{number}",
            actions=(ActionPart(text, 8),), status="accepted",
        )
        p = edits.add_take(p, None, take)
    return p


def written(p) -> dict:
    return json.loads(json.dumps(recipe_of(p)))


def remade(p, folder):
    with project_from_recipe(written(p), folder) as store:
        return store.project


def lane(p) -> list[tuple[str, int, int]]:
    return [(s.text, s.start, s.end) for s in p.actions]


def clip_of(p, number: int):
    return [c for c in queries.track_clips(p) if c.kind == "chunk"][number]


def test_a_film_as_it_was_made_lacks_nothing(film, tmp_path):
    data = written(film)
    assert [c["seed"] for c in data["chunks"]] == SEEDS and lost(data) == ()
    assert lane(remade(film, tmp_path / "p")) == lane(film)


def test_a_chunk_that_was_cut_in_two_was_made_once(film, tmp_path):
    p = edits.split_clip(film, clip_of(film, 0).id, 4)
    data = written(p)
    assert [c["seed"] for c in data["chunks"]] == SEEDS
    assert lost(data) == ()  # both parts are where they were
    p = edits.ripple_delete_clip(p, clip_of(p, 1).id)
    assert [c["seed"] for c in written(p)["chunks"]] == SEEDS and lost(written(p)) == ("cut",)
    assert lane(remade(p, tmp_path / "p")) == lane(film)


def test_a_gap_is_a_cut_and_what_was_planned_comes_behind_what_is_made(film, tmp_path):
    p = edits.add_action(film, "walk on", 25, 33)
    assert lane(remade(p, tmp_path / "whole")) == lane(p)
    apart = edits.move_clip(p, clip_of(p, 2).id, 40)
    data = written(apart)
    assert lost(data) == ("cut",) and data["shown_until"] == 48
    again = lane(remade(apart, tmp_path / "apart"))
    assert again[:3] == lane(film)
    short = edits.ripple_delete_clip(p, clip_of(p, 1).id)
    again = lane(remade(short, tmp_path / "short"))
    assert again[:3] == lane(film) and again[-1] == ("walk on", 25, 33)


def test_what_was_taken_out_but_gone_on_from_is_made_again(film):
    p = edits.ripple_delete_clip(film, clip_of(film, 1).id)
    data = written(p)
    assert [c["seed"] for c in data["chunks"]] == SEEDS and "cut" in lost(data)


def test_settings_asked_for_afterwards_are_not_the_films(film, tmp_path):
    p = replace(film, memory=MemoryUse("off"), scene="another", sampling=Sampling(9))
    again = remade(p, tmp_path / "p")
    made = film.takes["t0"]
    assert (again.memory, again.scene, again.sampling) == (made.memory, made.scene, made.sampling)
    mixed = replace(p, takes={**p.takes, "t1": replace(p.takes["t1"], scene="a hall")})
    assert lost(written(mixed)) == ("settings",)
    assert remade(mixed, tmp_path / "q").scene == "another"


def test_a_part_that_was_gone_on_from_and_an_episode_are_said(film):
    part = replace(film.takes["t2"], parent=Parent("t1", 5))
    p = replace(film, takes={**film.takes, "t2": part})
    assert lost(written(p)) == ("part",)
    p = edits.add_assets(film, [parts.Asset("s", "snapshot", "assets/snapshot/s.bin", 3)])
    assert lost(written(replace(p, memory_bases={"t0": "s"}))) == ("episode",)
    assert lost(written(replace(p, memory_bases={"t2": "s"}))) == ()  # nothing was made with it
    assert lost(written(replace(p, memory_bases={"start": ""}))) == ()  # it was empty anyhow
    assert lost(written(replace(p, memory_bases={"t1": ""}))) == ("memory",)
    own = replace(p, takes={**p.takes, "t0": replace(p.takes["t0"], snapshot="s")})
    assert lost(written(replace(own, memory_bases={"t1": "s"}))) == ("memory",)


def test_actions_of_chunks_are_checked_like_any_other_value(film, tmp_path):
    data = written(film)
    data["chunks"][0]["actions"][0]["frames"] = -4
    with pytest.raises(ProjectError, match="impossible length"):
        project_from_recipe(data, tmp_path / "p")
    assert not (tmp_path / "p").exists()
