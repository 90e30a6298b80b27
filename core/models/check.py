"""Is a folder in the layout of diffusers whole? Reads heads and indexes, never a pickle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.models.errors import Refused, Stopped
from core.models.marker import read_json
from core.models.names import check_name, is_kind, is_pickle
from core.models.offers import OFFERS, Offer

INDEX = "model_index.json"
_AGAIN = "Fetch or copy it again."


@dataclass(frozen=True)
class Found:
    """A whole folder. ``files``: the needed ones, by name relative to it, with their sizes."""

    folder: Path
    pipeline: str
    index: Mapping[str, Any]
    files: Mapping[str, int]

    @property
    def bytes(self) -> int:
        return sum(self.files.values())


def check_folder(folder: Path, cancelled: Callable[[], bool] = lambda: False) -> Found:
    """Raises Refused, naming the first file that is missing or damaged and what to do."""
    index = read_index(folder)
    files: dict[str, int] = {}
    _add(folder, INDEX, files)
    for part, kind in parts_of(index).items():
        if cancelled():
            raise Stopped
        _check_part(folder, part, kind, files)
    for path in sorted(folder.iterdir()):  # the licence beside the weights
        if path.is_file() and is_kind(path.name) and not path.name.endswith((".json", ".model")):
            if path.suffix in (".md", ".txt", ""):
                _add(folder, path.name, files)
    return Found(folder, str(index.get("_class_name", "")), index, files)


def offer_for(found: Found) -> Offer | None:
    """Which offered world a folder holds, by its pipeline; None for another kind."""
    return next(
        (
            o for o in OFFERS
            if found.pipeline in o.pipelines
            and all(found.index.get(k) == v for k, v in o.index.items())
        ),
        None,
    )  # fmt: skip


def parts_of(index: Mapping[str, Any]) -> dict[str, str]:
    """Sub-folders that the index asks for, with the class of each."""
    return {
        check_name(part): str(kind[1])
        for part, kind in index.items()
        if not part.startswith("_")
        and isinstance(kind, list)
        and len(kind) == 2
        and kind[1] is not None
    }


def read_index(folder: Path) -> dict[str, Any]:
    """``model_index.json``; raises Refused."""
    try:
        found = read_json(folder / INDEX, 1 << 20)
    except FileNotFoundError:
        raise Refused(
            f"There is no {INDEX} in {folder}, so it is not a world in the layout of diffusers.",
            "Choose the folder that holds it: in a cache of the hub that is the one below "
            "“snapshots”.",
        ) from None
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("_class_name"), str):
        raise Refused(f"{INDEX} in {folder} can't be read.", _AGAIN)
    return found


def _check_part(folder: Path, part: str, kind: str, files: dict[str, int]) -> None:
    home = folder / part
    if not home.is_dir():
        raise Refused(f"The folder {part} is missing in {folder}.", _AGAIN)
    here = sorted(p.name for p in home.iterdir() if p.is_file())
    for name in here:
        if is_kind(name) and not name.endswith(".safetensors"):
            _add(folder, f"{part}/{name}", files)
    lower = kind.lower()
    if "scheduler" in lower:
        _need(part, here, ("scheduler_config.json",))
    elif "tokenizer" in lower:
        _need(part, here, ("tokenizer.json", "spiece.model", "vocab.json", "vocab.txt"))
    elif lower.endswith(("processor", "extractor")):
        _need(part, here, ("preprocessor_config.json", "processor_config.json"))
    else:
        _need(part, here, ("config.json",))
        _check_weights(folder, part, here, files)


def _need(part: str, here: list[str], one_of: tuple[str, ...]) -> None:
    if not any(name in here for name in one_of):
        raise Refused(f"{part}/{one_of[0]} is missing.", _AGAIN)


def _check_weights(folder: Path, part: str, here: list[str], files: dict[str, int]) -> None:
    indexes = [n for n in here if n.endswith(".safetensors.index.json")]
    single = [n for n in here if n.endswith(".safetensors") and "-of-" not in n]
    if indexes:
        for name in indexes:
            _check_shards(folder, part, name, files)
    elif single:
        for name in single:
            _tensors(folder, f"{part}/{name}", files)
    elif any(map(is_pickle, here)):
        raise Refused(
            f"{part} holds its weights only as a pickle, which can run code when it is opened. "
            "The studio does not take it.",
            "Use a folder with safetensors.",
        )
    else:
        raise Refused(f"The weights of {part} are missing.", _AGAIN)


def _check_shards(folder: Path, part: str, index: str, files: dict[str, int]) -> None:
    """Every shard the index names is there and holds the tensors it is said to hold."""
    try:
        where = read_json(folder / part / index)["weight_map"]
        wanted: dict[str, set[str]] = {}
        for tensor, shard in where.items():
            wanted.setdefault(check_name(shard), set()).add(tensor)
        if not wanted or any("/" in shard for shard in wanted):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Refused(f"{part}/{index} can't be read.", _AGAIN) from None
    for shard, tensors in sorted(wanted.items()):
        if not tensors <= _tensors(folder, f"{part}/{shard}", files):
            raise Refused(f"{part}/{shard} does not hold what {index} says.", _AGAIN)


def _tensors(folder: Path, name: str, files: dict[str, int]) -> set[str]:
    """Names of the tensors, from the head; a file cut short is found out by it."""
    from safetensors import SafetensorError, safe_open

    _add(folder, name, files)
    try:
        with safe_open(str(folder / name), framework="numpy") as file:
            return set(file.keys())
    except (SafetensorError, OSError, ValueError):
        raise Refused(f"{name} is damaged or was cut short.", _AGAIN) from None


def _add(folder: Path, name: str, files: dict[str, int]) -> None:
    check_name(name)
    try:
        files[name] = (folder / name).stat().st_size
    except OSError:
        raise Refused(f"{name} is missing in {folder}.", _AGAIN) from None
