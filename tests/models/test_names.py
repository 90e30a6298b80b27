"""What a server may call its files, and which of them are taken."""

from __future__ import annotations

import pytest

from core.models.errors import Refused
from core.models.names import check_name, check_names, is_kind
from tests.models.worlds import TINY, as_json, tiny_files, tree

EVIL = [
    "/etc/passwd.json", "../up.json", "vae/../../up.json", "vae/./x.json", "vae//x.json",
    "C:/x.json", "C:x.json", "vae\\..\\x.json", "\\\\host\\share.json", "vae/x\0.json",
    "vae/con.json", "NUL", "vae/x.json ", "vae/x.", "vae/a:b.json", "vae/x\n.json", "",
    "vae/" + "x" * 300 + ".json", "vae/u\u0308.json", "~/x?.json",
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_names_that_could_leave_the_folder(name):
    with pytest.raises(Refused, match="outside its folder"):
        check_name(name)


@pytest.mark.parametrize("name", ["model_index.json", "vae/config.json", "a/b/c-1_2.safetensors",
                                  "tokenizer/ü.txt", "vae/..config.json", "LICENSE"])
def test_plain_names(name):
    assert check_name(name) == name


def test_two_names_for_one_file():
    with pytest.raises(Refused, match="one file on some systems"):
        check_names(["vae/Config.json", "vae/config.json"])


@pytest.mark.parametrize(
    ("name", "fine"),
    [("x.safetensors", True), ("x.json", True), ("spiece.model", True), ("LICENSE", True),
     ("LICENSE-APACHE", True), ("x.bin", False), ("x.pt", False), ("x.ckpt", False),
     ("x.py", False), ("x.safetensors.bin", False),
     ("LICENSE.bin", False), ("x.exe", False), ("x.so", False)],
)  # fmt: skip
def test_kinds(name, fine):
    assert is_kind(name) is fine


@pytest.mark.parametrize("name", ["../up.json", "/tmp/x.json", "vae/../../../x.json",
                                  "vae\\..\\x.json"])  # fmt: skip
def test_a_list_with_an_evil_name_is_refused_whole(getter, server, tmp_path, name):
    server.listed = lambda rows: rows.append(
        {"rfilename": name, "size": 2, "blobId": "0" * 40}
    )
    with pytest.raises(Refused, match="outside its folder"):
        getter.get()
    models = tmp_path / "models"
    assert not models.exists() or list(models.iterdir()) == []
    assert not any("/resolve/" in s.path for s in server.seen)


def test_a_part_that_is_only_a_pickle_is_refused(getter, server):
    files = {n: c for n, c in tiny_files().items() if n != "text_encoder/model.safetensors"}
    server.add(TINY.repo, files)
    with pytest.raises(Refused, match="only as a pickle"):
        getter.get()
    assert not any("/resolve/" in s.path for s in server.seen)


def test_no_index_no_part_no_checksum(getter, server):
    whole = tiny_files()
    server.add(TINY.repo, {n: c for n, c in whole.items() if n != "model_index.json"})
    with pytest.raises(Refused, match="model_index.json"):
        getter.get()
    server.add(TINY.repo, {n: c for n, c in whole.items() if not n.startswith("vae/")})
    with pytest.raises(Refused, match="no folder vae"):
        getter.get()
    server.add(TINY.repo, whole)

    def without_checksum(rows):
        rows[-1].update(rfilename="vae/zzz.json", blobId="none", lfs=None)

    server.listed = without_checksum
    with pytest.raises(Refused, match="vae/zzz.json"):
        getter.get()


def test_a_world_that_needs_more_is_said_before_the_rest_is_fetched(getter, server):
    files = tiny_files(image_encoder=["transformers", "CLIPVisionModel"])
    server.add(TINY.repo, files)
    with pytest.raises(Refused, match="also needs image_encoder"):
        getter.get()
    assert not server.asked("vae/diffusion_pytorch_model.safetensors")


def test_shards_that_are_missing_are_found_out_before_it_counts(getter, server, settings):
    files = tiny_files()
    index = "transformer/diffusion_pytorch_model.safetensors.index.json"
    shard = "diffusion_pytorch_model-00003-of-00003.safetensors"
    files[index] = as_json({"weight_map": {"s1": shard}})
    server.add(TINY.repo, files)
    with pytest.raises(Refused, match="00003-of-00003.safetensors is missing"):
        getter.get()
    assert ".installed" not in {p.name for p in settings.folder.rglob("*")}


def test_a_file_below_a_part_keeps_its_place(getter, server):
    server.add(TINY.repo, tiny_files() | {"tokenizer/words/more.txt": b"one\ntwo\n"})
    assert tree(getter.get().folder)["tokenizer/words/more.txt"] == b"one\ntwo\n"
