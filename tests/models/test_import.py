"""Worlds somebody already has: verified, used in place or copied, and their own files untouched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.models.errors import DiskTrouble, ModelError, Refused, Stopped
from core.models.importing import import_folder
from core.models.marker import kept_hashes, read_marker
from core.models.places import find_installed, installed
from core.models.removal import remove, sweep
from tests.models.worlds import as_json, lay, tiny_files, tree

WAN = {"pipeline": "WanPipeline", "expand_timesteps": True}


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    return lay(tmp_path / "theirs", tiny_files(**WAN))


def test_in_place_nothing_is_written_there(theirs, settings):
    before = tree(theirs)
    world = import_folder(theirs, settings)
    assert tree(theirs) == before
    assert world.id == "wan22-ti2v-5b" and not world.owned
    assert world.marker.source == str(theirs)
    assert all((world.folder / name).samefile(theirs / name) for name in world.marker.files)
    told = json.loads((world.folder / "world.json").read_text("utf-8"))
    assert told["family"] == "wan" and told["id"] == world.id
    assert find_installed(world.id).there
    assert kept_hashes(world.folder) is None  # they were not read
    assert all(p.is_symlink() or p.is_dir() or p.parent == world.folder
               for p in world.folder.rglob("*"))


def test_removing_one_in_place_only_forgets_it(theirs, settings):
    before = tree(theirs)
    world = import_folder(theirs, settings)
    assert remove(world.id, settings).freed == 0
    assert tree(theirs) == before and installed(settings) == []
    assert list(settings.folder.iterdir()) == []


def test_a_copy_is_whole_and_verified(theirs, settings, tmp_path):
    told = []
    world = import_folder(theirs, settings, copy=True, root=tmp_path / "disk", progress=told.append)
    assert world.folder == tmp_path / "disk" / "wan22-ti2v-5b" and world.owned
    mine = tree(world.folder)
    assert all(mine[name] == (theirs / name).read_bytes() for name in world.marker.files)
    assert not any(name.endswith((".bin", ".py")) for name in mine)
    assert set(kept_hashes(world.folder)) == set(world.marker.files)
    assert told[-1].done == told[-1].total == world.marker.bytes
    assert find_installed(world.id).folder == world.folder
    assert remove(world.id, settings).freed == world.marker.bytes
    assert list((tmp_path / "disk").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_snapshot_of_a_hub_cache(settings, tmp_path):
    """Its files are links to blobs: used in place they stay so, copied they become files."""
    blobs, repo = tmp_path / "blobs", tmp_path / "models--Wan-AI--x"
    snapshot = repo / "snapshots" / "0123abc"
    for n, (name, content) in enumerate(tiny_files(**WAN).items()):
        lay(blobs, {str(n): content})
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blobs / str(n))
    world = import_folder(repo, settings)
    assert world.marker.source == str(snapshot) and world.there
    copied = import_folder(snapshot, settings, copy=True)
    assert copied.id == "wan22-ti2v-5b-2"
    assert not any(p.is_symlink() for p in copied.folder.rglob("*"))


def test_a_name_of_ones_own(theirs, settings):
    assert import_folder(theirs, settings, id="my-wan").id == "my-wan"
    with pytest.raises(ModelError, match="already"):
        import_folder(theirs, settings, id="my-wan")
    with pytest.raises(ModelError, match="already"):
        import_folder(theirs, settings, id="starter")
    for bad in ("../x", "a b", "x" * 99, "Ü", "."):
        with pytest.raises(ModelError, match="can't be the name"):
            import_folder(theirs, settings, id=bad)


def damage(theirs: Path, how: str) -> None:
    part = theirs / "transformer"
    weights = part / "diffusion_pytorch_model-00002-of-00002.safetensors"
    index = part / "diffusion_pytorch_model.safetensors.index.json"
    match how:
        case "cut":
            weights.write_bytes(weights.read_bytes()[:-100])
        case "head":
            weights.write_bytes(b"\xff" * 8 + weights.read_bytes()[8:])
        case "gone":
            weights.unlink()
        case "empty":
            weights.write_bytes(b"")
        case "other":
            weights.write_bytes((part / weights.name.replace("2-of", "1-of")).read_bytes())
        case "index":
            index.write_text("[" * 100_000)
        case "up":
            index.write_text(json.dumps({"weight_map": {"w": "../../secret.safetensors"}}))
        case "config":
            (part / "config.json").unlink()
        case "part":
            (theirs / "vae").rename(theirs / "VAE-old")
        case "tokens":
            for path in (theirs / "tokenizer").iterdir():
                path.unlink()
        case "pickle":
            (theirs / "text_encoder" / "model.safetensors").unlink()
        case "words":
            (theirs / "model_index.json").write_text("not json")
        case "none":
            (theirs / "model_index.json").unlink()
        case "evil":
            content = json.loads((theirs / "model_index.json").read_text())
            (theirs / "model_index.json").write_bytes(as_json({**content, "../x": ["a", "B"]}))


@pytest.mark.parametrize(
    ("how", "words"),
    [("cut", "00002-of-00002.safetensors is damaged or was cut short"), ("head", "damaged"),
     ("gone", "00002-of-00002.safetensors is missing"), ("empty", "damaged"),
     ("other", "does not hold what"), ("index", "can't be read"), ("up", "can't be read|outside"),
     ("config", "transformer/config.json is missing"), ("part", "folder vae is missing"),
     ("tokens", "tokenizer/tokenizer.json is missing"), ("pickle", "only as a pickle"),
     ("words", "can't be read"), ("none", "no model_index.json"), ("evil", "outside its folder")],
)  # fmt: skip
@pytest.mark.parametrize("copy", [False, True])
def test_a_folder_with_a_fault_is_refused_and_nothing_is_left(
    theirs, settings, tmp_path, how, words, copy
):
    damage(theirs, how)
    before = tree(theirs)
    with pytest.raises(Refused, match=words):
        import_folder(theirs, settings, copy=copy)
    assert tree(theirs) == before and installed(settings) == []
    assert not settings.folder.exists() or list(settings.folder.iterdir()) == []


def test_another_kind_of_model_is_refused(settings, tmp_path):
    for name, files in (
        ("sd", tiny_files("StableDiffusionPipeline")),
        ("wan21", tiny_files("WanPipeline")),  # another Wan, whose frames share one level
    ):
        with pytest.raises(Refused, match="none of the worlds"):
            import_folder(lay(tmp_path / name, files), settings)


def test_stopping_a_copy_leaves_nothing(theirs, settings):
    seen = []

    def cancelled() -> bool:
        seen.append(1)
        return len(seen) > 12

    with pytest.raises(Stopped):
        import_folder(theirs, settings, copy=True, cancelled=cancelled)
    assert list(settings.folder.iterdir()) == [] and installed(settings) == []


def test_a_copy_that_has_no_room(theirs, settings, monkeypatch):
    import shutil

    from core.models import importing

    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskTrouble, match="A copy needs"):
        import_folder(theirs, settings, copy=True)
    assert list(settings.folder.iterdir()) == []


def test_a_folder_that_was_moved_away_is_not_offered(theirs, settings):
    from core.models.places import world_folders

    world = import_folder(theirs, settings)
    assert world_folders() == {world.id: world.folder}
    theirs.rename(theirs.with_name("elsewhere"))
    assert world_folders() == {} and not find_installed(world.id).there
    remove(world.id, settings)
    assert installed(settings) == []


# -- removing --------------------------------------------------------------------------------------


def test_removing_what_was_fetched(getter, settings):
    world = getter.get()
    size = world.marker.bytes
    assert remove(world.id, settings).freed == size
    assert list(settings.folder.iterdir()) == [] and installed(settings) == []
    with pytest.raises(ModelError, match="no world"):
        remove(world.id, settings)
    assert getter.get().marker.bytes == size  # and back again


def test_what_a_person_put_beside_it_stays(getter, settings):
    world = getter.get()
    (world.folder / "notes.txt").write_text("mine")
    lay(world.folder, {"vae/my-own.safetensors": b"mine", "films/a.mp4": b"mine"})
    done = remove(world.id, settings)
    assert done.left == world.folder
    assert tree(world.folder) == {
        "notes.txt": b"mine", "vae/my-own.safetensors": b"mine", "films/a.mp4": b"mine",
    }  # fmt: skip
    assert installed(settings) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_inside_are_not_followed(getter, settings, tmp_path):
    outside = lay(tmp_path / "outside", {"a/film.mp4": b"mine"})
    world = getter.get()
    (world.folder / "films").symlink_to(outside)
    (world.folder / "vae" / "config.json").unlink()
    (world.folder / "vae" / "config.json").symlink_to(outside / "a" / "film.mp4")
    remove(world.id, settings)
    assert tree(outside) == {"a/film.mp4": b"mine"}


def test_a_removal_that_was_interrupted_is_finished(getter, settings):
    world = getter.get()
    gone = world.folder.with_name(f".{world.id}.ab12.removed")
    world.folder.rename(gone)  # killed right after this
    busy = settings.folder / ".other.ab.importing"
    busy.mkdir()
    assert installed(settings) == []
    sweep(settings)
    assert not gone.exists() and busy.exists()
    os.utime(busy, (1, 1))
    sweep(settings)
    assert not busy.exists()


def test_a_marker_that_lies_about_files_is_not_followed(getter, settings, tmp_path):
    (tmp_path / "mine.json").write_text("mine")
    world = getter.get()
    marker = world.folder / ".installed"
    content = json.loads(marker.read_text())
    content["files"]["../../mine.json"] = {"size": 4, "sha256": "", "mtime_ns": 0}
    marker.write_text(json.dumps(content))
    assert read_marker(world.folder) is None and installed(settings) == []
    assert (tmp_path / "mine.json").exists()


def test_the_catalogue_finds_what_was_installed(settings, tiny_world_dir):
    """A world in the studio's own format, as a download would leave it."""
    from core.models.marker import Marker, write_marker
    from core.worlds import catalogue

    files = tree(tiny_world_dir)
    files["world.json"] = as_json({**json.loads(files["world.json"]), "id": "my-place"})
    home = lay(settings.folder / "my-place", files)
    assert "my-place" not in catalogue.installed()
    write_marker(
        home, Marker("my-place", "starter", "My place", "", "", {}, "", "", files={})
    )
    assert "my-place" in catalogue.installed() and "starter" in catalogue.installed()
    assert catalogue.find_world("my-place").folder == home
    with pytest.raises(catalogue.WorldError, match="not installed"):
        catalogue.find_world("elsewhere")
