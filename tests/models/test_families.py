"""What was fetched or imported loads as a world, family by family, from tiny checkpoints."""

from __future__ import annotations

import pytest

from core.models.importing import import_folder
from core.models.licences import accept
from core.models.offers import OFFERS, offer
from tests.models.worlds import tree

families = pytest.importorskip("core.worlds.families")

FETCHED = [o.id for o in OFFERS if not o.embedded]
BUILD = {"wan": "build_wan", "ltx": "build_ltx", "skyreels": "build_skyreels",
         "modelscope": "build_modelscope"}  # fmt: skip


@pytest.mark.parametrize("id", FETCHED)
def test_the_family_of_an_offer_can_be_run(id):
    one = offer(id)
    known = families.FAMILIES[one.family]
    assert set(one.pipelines) <= set(known.pipelines)


@pytest.fixture(params=FETCHED)
def checkpoint(request, tmp_path):
    from tests.worlds import tiny

    one = offer(request.param)
    return one, getattr(tiny, BUILD[one.family])(tmp_path / "theirs")


def test_in_place_copied_and_fetched_are_one_world(checkpoint, getter, settings, server, tmp_path):
    from core.models.removal import remove
    from core.worlds.catalogue import find_world, installed, load_world

    one, theirs = checkpoint
    hashes = set()
    for way in ("in place", "copy", "fetch"):
        if way == "fetch":
            server.add(one.repo, tree(theirs), licence=one.licence.card)
            accept(settings, one)
            getter.make(one).run()
        else:
            import_folder(theirs, settings, copy=way == "copy", root=tmp_path / way)
        assert one.id in installed()
        entry = find_world(one.id)
        assert entry.family == one.family and entry.licence == one.licence.name
        if way != "fetch":
            assert (entry.width, entry.height) == (96, 64) or one.id != "wan22-ti2v-5b"
            hashes.add(entry.hash)
            assert load_world(entry.folder).id == one.id
        remove(one.id, settings)
        assert one.id not in installed()
    assert len(hashes) == 1
