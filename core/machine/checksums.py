"""SHA-256 sums of a shipped folder, in the format of the sha256sum tool.

python -m core.machine.checksums resources/worlds/starter      writes SHA256SUMS there
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

NAME = "SHA256SUMS"


def file_sum(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sums(folder: Path) -> Path:
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (NAME, NAME + ".new")
    )
    lines = [f"{file_sum(folder / name)}  {name}\n" for name in names]
    temporary = folder / (NAME + ".new")
    temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
    os.replace(temporary, folder / NAME)
    return folder / NAME


def wrong_files(folder: Path) -> list[str]:
    """What does not agree with the folder's list: "name is missing", "name has changed"."""
    wrong = []
    for line in (folder / NAME).read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif file_sum(path) != wanted:
            wrong.append(f"{name} has changed")
    return wrong


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(write_sums(Path(argument)))
