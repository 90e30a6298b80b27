"""The only way to change a document: pure functions ``Project -> Project``.

Each checks what it is asked and keeps what ``checks`` describes; what cannot be done raises
``EditError`` with a sentence for the artist, and the project given is as it was. Things that are
made get a random id; where the caller must know it, the functions take one.
"""

from core.project.edits_actions import (
    add_action,
    delete_action,
    move_action,
    resize_action,
    set_action_text,
    split_action,
)
from core.project.edits_clips import (
    delete_clip,
    move_clip,
    reorder_clip,
    ripple_delete_clip,
    split_clip,
    trim_clip,
)
from core.project.edits_document import (
    add_assets,
    add_episode,
    add_marker,
    add_track,
    clear_memory_base,
    delete_marker,
    move_marker,
    new_project,
    remove_episode,
    rename,
    rename_marker,
    set_auto_accept,
    set_in_out,
    set_memory,
    set_memory_base,
    set_sampling,
    set_scene,
    set_track,
)
from core.project.edits_takes import (
    accept_take,
    add_take,
    choose_take,
    discard_take,
    set_learned,
    set_start,
)
from core.project.edits_together import move_together, reorder_clips
from core.project.edits_world import remove_slow_adapter, set_slow_adapter
from core.project.errors import EditError

__all__ = [
    "EditError",
    "accept_take",
    "add_action",
    "add_assets",
    "add_episode",
    "add_marker",
    "add_take",
    "add_track",
    "choose_take",
    "clear_memory_base",
    "delete_action",
    "delete_clip",
    "delete_marker",
    "discard_take",
    "move_action",
    "move_clip",
    "move_marker",
    "move_together",
    "new_project",
    "remove_episode",
    "remove_slow_adapter",
    "rename",
    "rename_marker",
    "reorder_clip",
    "reorder_clips",
    "resize_action",
    "ripple_delete_clip",
    "set_action_text",
    "set_auto_accept",
    "set_in_out",
    "set_learned",
    "set_memory",
    "set_memory_base",
    "set_sampling",
    "set_scene",
    "set_slow_adapter",
    "set_start",
    "set_track",
    "split_action",
    "split_clip",
    "trim_clip",
]
