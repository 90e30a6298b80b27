"""What stopped a task, as a sentence for the artist and a detail for the log."""

from __future__ import annotations

import traceback

from core.machine.exhausted import out_of_memory
from core.media.errors import MediaError
from core.memory.errors import MemoryRefused
from core.memory.tensors import TensorFileError
from core.project import atomic
from core.project.errors import EditError, ProjectError
from core.rollout.events import Failed
from core.worlds.catalogue import WorldError

_SAID = (MediaError, MemoryRefused, TensorFileError, WorldError, ProjectError, EditError)


def failed(error: BaseException) -> Failed:
    """The terminal event for ``error``."""
    detail = "".join(traceback.format_exception(error))
    return Failed(sentence(error), detail)


def sentence(error: BaseException) -> str:
    if isinstance(error, _SAID):
        return str(error)
    if out_of_memory(error):
        return (
            "There is not enough memory for this chunk. Close other programs or choose fewer "
            "sampling steps, then press Generate again; nothing that was made is lost."
        )
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"The chunk could not be kept{where}. {atomic.why(error)}"
    return (
        "The chunk could not be made because of an unexpected fault; nothing that was made before "
        "is lost. Try again, and report it with the log if it happens again."
    )
