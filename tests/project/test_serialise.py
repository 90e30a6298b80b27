from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from core.project import edits, migrations, serialise
from core.project.errors import ProjectError
from core.project.model import (
    AT_START,
    SCHEMA,
    Asset,
    EpisodeRef,
    MergedFrom,
    SlowAdapterRef,
    WorldRef,
)
from tests.project.parts import RECORD, empty, rolled_out, version

FIXTURES = Path(__file__).parent / "fixtures"


def full():
    """A document with something of everything."""
    p = version(rolled_out(3), "c-t2", "t2b")
    p = edits.set_learned(p, "t1", None, replace(RECORD, skipped="Too much at once."))
    p = edits.add_action(p, "gehe geradeaus – 走る 🙂", 1, 9, id="a1")
    p = edits.add_track(edits.add_marker(p, 5, "here", id="m1"), id="v2")
    p = edits.set_memory_base(p, AT_START, "")
    p = edits.set_in_out(p, 2, 20)
    episode = EpisodeRef(
        "e1", "Corridor", "episodes/e1.sfep", "starter", "w", 3, 24, "2026",
        (MergedFrom("Hall", 0.7), MergedFrom("Kitchen", 1.0)),
    )
    p = edits.add_episode(p, episode)
    file = "assets/slow_adapter/g.safetensors"
    p = edits.add_assets(p, [Asset("garden", "slow_adapter", file, 3)])
    merged = WorldRef("starter", "m" * 64, "Starter world with garden")
    p = edits.set_slow_adapter(p, SlowAdapterRef("garden", "garden", p.world), merged)
    return replace(p, rate=Fraction(24000, 1001))


def data_of(p) -> dict:
    return json.loads(serialise.to_json(p))


def test_round_trip():
    p = full()
    text = serialise.to_json(p)
    assert serialise.from_json(text) == p
    assert serialise.to_json(serialise.from_json(text)) == text
    assert json.loads(text)["rate"] == "24000/1001"


def test_nothing_is_a_document_too():
    for p in (empty(), replace(empty(), tracks=())):
        assert serialise.from_json(serialise.to_json(p)) == p


def test_a_way_of_sampling_travels_and_a_file_without_one_is_exact():
    p = full()
    take = replace(p.takes["t2"], sampling=replace(p.sampling, way="cache"))
    p = edits.set_sampling(
        replace(p, takes={**p.takes, "t2": take}), replace(p.sampling, way="compiled")
    )
    data = data_of(p)
    again = serialise.from_json(json.dumps(data))
    assert again == p and again.takes["t2"].sampling.way == "cache"
    del data["sampling"]["way"], data["takes"]["t2"]["sampling"]["way"]
    old = serialise.from_json(json.dumps(data))
    assert old.sampling.way == old.takes["t2"].sampling.way == "exact"
    data["sampling"]["way"] = "magic"
    with pytest.raises(ProjectError, match="sampling/way"):
        serialise.from_json(json.dumps(data))


def test_unknown_keys_are_kept_and_stay_with_their_things():
    data = data_of(full())
    data["colour_space"] = {"name": "bt709"}
    data["takes"]["t1"]["rating"] = 5
    data["takes"]["t1"]["sampling"]["eta"] = 0.5
    clip = data["tracks"][0]["clips"][1]
    clip["label"] = "red"
    p = serialise.from_json(json.dumps(data))
    assert p.extra["colour_space"] == {"name": "bt709"}
    p = edits.move_clip(p, clip["id"], 30, "v2")
    again = data_of(p)
    assert again["colour_space"] == {"name": "bt709"}
    assert again["takes"]["t1"]["rating"] == 5
    assert again["takes"]["t1"]["sampling"]["eta"] == 0.5
    assert again["tracks"][1]["clips"][0]["label"] == "red"
    assert data_of(serialise.from_json(json.dumps(again))) == again


def test_an_unknown_key_never_replaces_a_known_one():
    p = replace(empty(), extra={"name": "other", "format": "other", "schema": 9})
    assert data_of(p)["name"] == "Walk" and data_of(p)["schema"] == SCHEMA


DAMAGE = {
    "rate": ["24", "24/0", "0/1", 24, None, "a/b", "-1/1", "1e9/1", "9" * 40 + "/1", "٣/1"],
    "width": [0, -1, 1.5, "128", True, None, 10**30],
    "name": [3, None, [], "\ud800"],
    "schema": ["1", 0, -1, None, 1.0, True],
    "format": ["other", None],
    "slow_adapter": [3, {}, {"asset": "garden", "name": "x", "base": None}],
    "slow_adapter/asset": ["nothing", None],
    "slow_adapter/base/id": ["other", 3],
    "episodes/0/merged": ["x", [{}], [{"name": "x", "weight": "1"}]],
    "world": [None, [], "starter", {"id": "x"}],
    "tracks": [{}, None, ["x"], [{"id": "a"}], [[]]],
    "actions": [[{"id": "a", "text": "x", "start": 5, "end": 5}], [{"id": "a"}], "x"],
    "chunks": [[], {"c": {}}, {"c": {"id": "d", "takes": [], "chosen": ""}}],
    "assets/start/path": ["../x", "/etc/passwd", "a/../../b", "", "C:/x", "a\\b", "a\x00b", 3],
    "assets/start/kind": ["pictures", 1, None, []],
    "assets/start/bytes": [-1, "3", 3.5],
    "episodes/0/path": ["../../x", "/x"],
    "start": [{}, [], {"source": "nothing"}],
    "start/frames": [0, -3, 10**12],
    "start/video": ["nothing", None],
    "takes/t1/parent": ["t1", {}, {"take": "t1", "frames": 3}, {"take": "nobody", "frames": 3}],
    "takes/t2/parent": [{"take": "t1", "frames": 0}, {"take": "t1", "frames": 9}],
    "takes/t1/status": ["maybe", "discarded", None],
    "takes/t1/frames": [0, "8"],
    "takes/t1/seed": [-1, 2**63, 0.5],
    "takes/t1/chunk": ["nowhere"],
    "takes/t1/video": ["nothing"],
    "takes/t1/snapshot": ["nothing", 3],
    "takes/t1/actions": [[{"text": "x", "frames": 0}], [["x", 3]]],
    "takes/t1/learning": [{}, {"steps": 1}],
    "takes/t1/memory/strength": [9, -1, "1", "NaN"],
    "takes/t1/id": ["t2", 3],
    "takes/t1/sampling/steps": [0, None],
    "chunks/c-t2/chosen": ["t1", "nobody"],
    "chunks/c-t2/takes": [[], ["t2", "t2"], ["t1"], ["t2"], "t2"],
    "tracks/0/clips/1/start": [-1, 3, 0.5, 10**12],
    "tracks/0/clips/1/out_frame": [0, 9, -1],
    "tracks/0/clips/1/source": ["nowhere", "", None],
    "tracks/0/clips/1/kind": ["video"],
    "tracks/0/height": [0, 10**9],
    "markers/0/frame": [-1, "x"],
    "memory_bases": [{"nobody": ""}, {"start": "nothing"}, {"start": None}, []],
    "in_point": [20, -1, "x"],
    "next_seed": [-1, None],
    "auto_accept": [1, "yes"],
}


@pytest.mark.parametrize(
    "where, value", [(k, v) for k, values in DAMAGE.items() for v in values], ids=repr
)
def test_damage_by_hand_is_named(where, value):
    data = data_of(full())
    at = data
    *path, last = [int(k) if k.isdigit() else k for k in where.split("/")]
    for key in path:
        at = at[key]
    assert last in at if isinstance(at, dict) else True
    at[last] = value
    with pytest.raises(ProjectError) as error:
        serialise.from_json(json.dumps(data))
    assert len(str(error.value)) < 400
    if where not in ("schema", "format"):
        assert "wrong at" in str(error.value)


def test_every_missing_key_is_named_or_has_a_default():
    data = data_of(full())
    for key in list(data):
        less = {k: v for k, v in data.items() if k != key}
        try:
            serialise.from_json(json.dumps(less))
        except ProjectError as error:
            assert str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        '"x"',
        "{}",
        "not json at all",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"format": "slowfast-project", "schema": ' + "9" * 5000 + "}",
        '{"format": "slowfast-project", "schema": 1, "rate": NaN}',
        '{"format": "slowfast-project", "schema": 1}',
        "\x00" * 300,
    ],
    ids=lambda t: t[:20],
)
def test_what_is_not_a_project(text):
    with pytest.raises(ProjectError):
        serialise.from_json(text)


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_never_gives_a_traceback(seed):
    """Values replaced, removed and swapped all over: read soundly or refused in words."""
    rng = random.Random(seed)
    whole = data_of(full())
    junk = [None, True, -1, 0, 3.5, 10**40, "", "x", "../x", [], {}, [[]], {"id": 3}, ["t1"]]
    for _ in range(30):
        data = copy.deepcopy(whole)
        for _ in range(rng.randrange(1, 4)):
            at = data
            while True:
                keys = list(at) if isinstance(at, dict) else list(range(len(at)))
                if not keys:
                    break
                key = rng.choice(keys)
                if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.8:
                    at = at[key]
                    continue
                if rng.random() < 0.3 and isinstance(at, dict):
                    del at[key]
                else:
                    at[key] = copy.deepcopy(rng.choice(junk))
                break
        try:
            p = serialise.from_json(json.dumps(data))
        except ProjectError as error:
            assert str(error)
        else:
            assert serialise.from_json(serialise.to_json(p)) == p


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_in_the_file_never_give_a_traceback(seed):
    rng = random.Random(seed)
    whole = serialise.to_json(full())
    for _ in range(30):
        text = list(whole)
        for _ in range(rng.randrange(1, 6)):
            text[rng.randrange(len(text))] = chr(rng.choice([0, 34, 44, 48, 92, 123, 125, 0xFFFF]))
        try:
            serialise.from_json("".join(text))
        except ProjectError as error:
            assert str(error)


def test_a_newer_schema_is_read_as_far_as_it_is_understood():
    data = data_of(full())
    data["schema"] = SCHEMA + 1
    data["new_thing"] = [1, 2]
    p = serialise.from_json(json.dumps(data))
    assert serialise.is_newer(p) and p.extra["new_thing"] == [1, 2]
    data["rate"] = {"num": 8}
    with pytest.raises(ProjectError, match="newer version"):
        serialise.from_json(json.dumps(data))


@pytest.mark.parametrize("fixture", sorted(FIXTURES.glob("schema*.json")), ids=lambda f: f.name)
def test_every_schema_ever_written_still_opens(fixture):
    p = serialise.from_json(fixture.read_text(encoding="utf-8"))
    assert p.name == "The corridor" and not serialise.is_newer(p)
    assert p.takes["t1"].learning is not None and p.tracks[0].clips[1].source == "c-t1"
    assert serialise.from_json(serialise.to_json(p)) == p


@pytest.mark.parametrize("schema", (1, 2))
def test_the_preset_called_default_is_both(schema):
    text = (FIXTURES / f"schema{schema}.json").read_text(encoding="utf-8")
    if schema == 1:
        text = text.replace('"preset": "paper"', '"preset": "default"')
    assert '"preset": "default"' in text
    p = serialise.from_json(text)
    assert p.memory.preset == "both"
    assert {t.memory.preset for t in p.takes.values()} == {"both"}
    assert '"default"' not in serialise.to_json(p)
    with pytest.raises(ProjectError, match="memory"):  # of today's schema it is no name
        serialise.from_json(serialise.to_json(p).replace('"both"', '"default"'))


def test_migrations_run_in_order_and_leave_what_they_were_given():
    steps = {
        1: lambda d: {**d, "b": d["a"] + 1},
        2: lambda d: {**d, "c": d["b"] + 1},
    }
    data = {"schema": 1, "a": 1}
    assert migrations.migrate(data, steps, 3) == {"schema": 3, "a": 1, "b": 2, "c": 3}
    assert data == {"schema": 1, "a": 1}
    assert migrations.migrate({"schema": 7}, steps, 3) == {"schema": 7}
    with pytest.raises(ProjectError, match="no way"):
        migrations.migrate({"schema": 3}, steps, 5)
