"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.media.errors import MediaError, cannot_read, cannot_write


def existing_file(path: str | os.PathLike) -> Path:
    """``path`` as a Path, once it is known to be a readable file with something in it.

    Raises MediaError for a missing file, a folder, an empty or a forbidden file.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise cannot_read(path, "it is a folder", "Choose a file inside it.")
        with open(path, "rb") as file:
            if not file.read(1):
                raise cannot_read(path, "the file is empty", "Copy or download it again.")
    except FileNotFoundError as error:
        raise MediaError(
            f"{path.name} is not there any more ({path}). Put it back or choose another file."
        ) from error
    except PermissionError as error:
        raise cannot_read(
            path, "you may not read it", "Change its permissions or copy it elsewhere."
        ) from error
    except (OSError, ValueError) as error:
        raise cannot_read(path, f"the system refused it ({error})") from error
    return path


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block succeeds.

    The file and its folder are synced, so a crash leaves the old file or the new one. When
    the block raises, the temporary file is removed and ``path`` is as it was. OSError inside
    the block becomes MediaError. The temporary file exists (empty) when the block begins.
    """
    path = Path(path)
    # Not by the film's own name: one that is as long as names may be has no room for more.
    part = path.with_name(f".{uuid.uuid4().hex[:12]}.part{path.suffix}")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
        open(part, "xb").close()
        yield part
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        remove(part)


def write_refusal(path: Path) -> OSError | None:
    """Why the file system takes no more of ``path``, asked by writing to it; None when it does.

    An encoder in another process says only that it stopped; the disk itself says why.
    """
    try:
        with open(path, "ab") as file:
            file.write(bytes(1 << 20))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def remove(path: Path) -> None:
    """Remove a file that may be gone; waits a moment for another process to let go of it."""
    for _ in range(20):
        try:
            path.unlink(missing_ok=True)
            return
        except PermissionError:  # Windows, while a stopped encoder still ends
            time.sleep(0.05)
        except OSError:
            return


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable where folders can be synced (not on Windows)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
