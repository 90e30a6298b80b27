"""Which files of a repository are needed: the world's parts, as safetensors, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.models.errors import Refused
from core.models.hub import LARGEST, Listing, RemoteFile
from core.models.names import is_kind, is_pickle
from core.models.offers import Offer
from core.models.sizes import size

INDEX = "model_index.json"
_TEXTS = re.compile(r"(README\.md|LICEN[SC]E([-_.]\w+)?|NOTICE(\.\w+)?)")
# "model.fp16.safetensors", "model.fp16-00001-of-00002.safetensors": another variant of the same.
_VARIANT = re.compile(r"\.(?!safetensors|json|index)(\w+)(-\d{5}-of-\d{5})?\.(safetensors|json)$")
_INDEX_VARIANT = re.compile(r"\.safetensors\.index\.(\w+)\.json$")


def wanted(offer: Offer, listing: Listing) -> tuple[RemoteFile, ...]:
    """The files to fetch: the index, then small ones before large ones.

    Raises Refused for gaps and for what can't be verified.

    The weights' plain variant is taken, not fp16 or others beside it: the families load that.
    """
    names = {file.name for file in listing.files}
    if INDEX not in names:
        raise Refused(
            f"{listing.repo} has no {INDEX}: it is not in the layout of diffusers.",
            f"Look at {offer.page}, or update the studio.",
        )
    chosen = [file for file in listing.files if _is_wanted(offer, file.name)]
    for part in offer.parts:
        _check_part(offer, part, names, {f.name for f in chosen})
    for file in chosen:
        if not (file.sha256 or file.blob) or file.size < 0:
            raise Refused(
                f"The hub does not say what {file.name} should be (its size and checksum), so it "
                "could not be verified.",
                "Try again later, or check the address of the hub (HF_ENDPOINT).",
            )
        if file.size > LARGEST:
            raise Refused(
                f"{file.name} has {size(file.size)}, more than the hub gives in one file.",
                "Fetch the world in another way and use Import folder.",
            )
    return tuple(sorted(chosen, key=lambda f: (f.name != INDEX, f.size, f.name)))


def _is_wanted(offer: Offer, name: str) -> bool:
    folder, _, last = name.rpartition("/")
    if is_pickle(name) or not is_kind(name) or _VARIANT.search(last) or _INDEX_VARIANT.search(last):
        return False
    if not folder:
        return last == INDEX or _TEXTS.fullmatch(last) is not None
    return folder.split("/")[0] in offer.parts


def _check_part(offer: Offer, part: str, names: set[str], chosen: set[str]) -> None:
    mine = {n for n in names if n.startswith(f"{part}/")}
    taken = mine & chosen
    if not taken:
        raise Refused(
            f"{offer.repo} has no folder {part}, which this world needs.",
            f"Look at {offer.page}, or update the studio.",
        )
    if any(map(is_pickle, mine)) and not any(n.endswith(".safetensors") for n in taken):
        raise Refused(
            f"{offer.repo} offers {part} only as a pickle, which can run code when it is opened. "
            "The studio does not take it.",
            f"Ask for safetensors at {offer.page}.",
        )


def total(files: Sequence[RemoteFile]) -> int:
    return sum(file.size for file in files)
