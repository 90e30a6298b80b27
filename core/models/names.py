"""Names of files that came from a server or a stranger's folder, before they touch the disk."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from core.models.errors import Refused

#: Only these are fetched or used. Weights are safetensors; what can run code is not among them.
KINDS = (".safetensors", ".json", ".txt", ".model", ".md")
#: Pickles and other weights that this studio never reads.
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz")

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


def check_name(name: str) -> str:
    """``name`` when it is a relative path that stays below its folder on every system.

    Raises Refused for absolute paths, "..", drive letters, device names, control characters and
    what Windows cannot write.
    """
    parts = name.split("/")
    fine = (
        0 < len(name) <= 400
        and not _FORBIDDEN.search(name)
        and unicodedata.normalize("NFC", name) == name
        and all(
            part not in ("", ".", "..")
            and len(part.encode()) <= 200
            and part[-1] not in " ."
            and not _DEVICES.fullmatch(part)
            for part in parts
        )
    )
    if not fine:
        raise Refused(
            f"The list of files names {name[:80]!r}, which could be written outside its folder.",
            "Nothing of it is used. Tell whoever published it.",
        )
    return name


def check_names(names: Iterable[str]) -> None:
    """Also refuses two names that are one file where case does not matter."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(check_name(name).casefold(), name)
        if other != name:
            raise Refused(
                f"The list of files names both {other!r} and {name!r}, which are one file on "
                "some systems.",
                "Nothing of it is used. Tell whoever published it.",
            )


def is_kind(name: str) -> bool:
    """Whether a file of this name may be fetched: weights, settings, words, a licence."""
    last = name.rpartition("/")[2]
    return last.endswith(KINDS) or re.fullmatch(r"(LICEN[SC]E|NOTICE)([-_]\w+)?", last) is not None


def is_pickle(name: str) -> bool:
    return name.lower().endswith(PICKLES)
