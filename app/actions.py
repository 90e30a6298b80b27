"""Every command of the studio in one table: its words, its keys, its place in the menus.

Single keys never fire while the artist types: see ``app.widgets.keyguard``.
"""

# ruff: noqa: E501 (a table)
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from app.icons import icon

#: What has to be there for a command to make sense.
ALWAYS, PROJECT, CLIP, DRAFT, JOB = "", "project", "clip", "draft", "job"
ADAPTER = "slow adapter"
LEARNED, BANK = "learned adapter", "bank"  # memories that the project's preset has
PLAN = "plan"  # whoever makes the plan enables it


@dataclass(frozen=True)
class Command:
    id: str
    menu: str  # "" = not in a menu
    text: str
    keys: tuple[str, ...]
    tip: str
    icon: str = ""
    needs: str = PROJECT
    checkable: bool = False
    group: str = ""  # a separator where it changes inside one menu


C = Command
MENUS = ("File", "Edit", "Clip", "Generate", "Memory", "Playback", "View", "Help")

#: The quick verbs, laid out like the number pad that fires them: text, short name, icon, key.
VERBS: tuple[tuple[str, str, str, str], ...] = (
    ("walk forward turning left", "Forward left", "arrow-top-left", "7"),
    ("walk forward", "Forward", "arrow-up", "8"),
    ("walk forward turning right", "Forward right", "arrow-top-right", "9"),
    ("turn left", "Turn left", "rotate-left", "4"),
    ("hold still", "Hold still", "human-male", "5"),
    ("turn right", "Turn right", "rotate-right", "6"),
    ("step left", "Step left", "arrow-left", "1"),
    ("walk back", "Back", "arrow-down", "2"),
    ("step right", "Step right", "arrow-right", "3"),
)

# fmt: off
TABLE: tuple[Command, ...] = (
    C("new", "File", "New project…", ("Ctrl+N",), "Start from a sample, a picture or a video", "plus", ALWAYS),
    C("open", "File", "Open project…", ("Ctrl+O",), "Open a project folder", "folder-open-outline", ALWAYS),
    C("save", "File", "Save now", ("Ctrl+S",), "Everything is saved by itself; this does it at once", "content-save-outline"),
    C("rename", "File", "Rename project…", ("F2",), "Give the project another name", "rename-outline"),
    C("import", "File", "Import media…", ("Ctrl+I",), "Bring a picture or a video into the project", "import", group="in"),
    C("export", "File", "Export MP4…", ("Ctrl+E",), "Write the sequence as a video file", "export-variant", group="in"),
    C("worlds", "File", "Worlds…", ("Ctrl+Shift+W",), "Get, import and remove worlds", "earth-plus", ALWAYS, group="world"),
    C("slow_adapter", "File", "Choose slow adapter…", ("Ctrl+Alt+W",), "Walk through the world as it was fine-tuned on footage of your own", "layers-plus", group="world"),
    C("slow_adapter_remove", "File", "Remove slow adapter", ("Ctrl+Alt+Shift+W",), "Walk through the world as it is by itself", "layers-off-outline", ADAPTER, group="world"),
    C("close", "File", "Close project", ("Ctrl+W",), "Back to the welcome page", "close", group="end"),
    C("preferences", "File", "Preferences…", ("Ctrl+,",), "Theme, folders, engine", "cog-outline", ALWAYS, group="end"),
    C("quit", "File", "Quit", ("Ctrl+Q",), "Leave the studio; the project is saved", "power", ALWAYS, group="end"),

    C("undo", "Edit", "Undo", ("Ctrl+Z",), "Take back the last change", "undo"),
    C("redo", "Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Make the change again", "redo"),
    C("tool_select", "Edit", "Select tool", ("V",), "Select, move and trim", "cursor-default-outline", checkable=True, group="tool"),
    C("tool_blade", "Edit", "Blade tool", ("B",), "Cut clips where you click", "content-cut", checkable=True, group="tool"),
    C("snap", "Edit", "Snap", ("S",), "Actions and clips snap to chunk boundaries and edges", "magnet", checkable=True, group="tool"),
    C("mark_in", "Edit", "Mark in", ("I",), "The range begins at the playhead", "code-brackets", group="mark"),
    C("mark_out", "Edit", "Mark out", ("O",), "The range ends at the playhead", "code-brackets", group="mark"),
    C("clear_marks", "Edit", "Clear in and out", ("Alt+X",), "The range is the whole sequence", "close-box-outline", group="mark"),
    C("marker", "Edit", "Add marker", ("M",), "Put a marker at the playhead", "map-marker-outline", group="mark"),
    C("track_hide", "Edit", "Hide or show track", ("Ctrl+H",), "The track of the selected clip, in the picture and the export", "eye-off-outline", group="track"),
    C("track_lock", "Edit", "Lock or unlock track", ("Ctrl+Shift+H",), "The track of the selected clip, against changes", "lock", group="track"),

    C("split", "Clip", "Split at playhead", ("Ctrl+B",), "Cut the clip under the playhead in two", "content-cut"),
    C("trim_in", "Clip", "Trim start to playhead", ("Q",), "Drop what lies before the playhead in this clip", "page-first"),
    C("trim_out", "Clip", "Trim end to playhead", ("W",), "Drop what lies behind the playhead in this clip", "page-last"),
    C("delete", "Clip", "Delete", ("Delete",), "Remove what is selected and leave the gap", "delete-outline", group="del"),
    C("ripple_delete", "Clip", "Ripple delete", ("Shift+Delete",), "Remove what is selected and close the gap", "delete-sweep-outline", group="del"),
    C("earlier", "Clip", "Move earlier", ("Ctrl+Shift+Left",), "Swap the selected clip with the one before", "arrow-left-bold-box-outline", CLIP, group="order"),
    C("later", "Clip", "Move later", ("Ctrl+Shift+Right",), "Swap the selected clip with the one behind", "arrow-right-bold-box-outline", CLIP, group="order"),
    C("take_previous", "Clip", "Earlier take", ("Alt+Up",), "Show the take made before this one", "layers-outline", CLIP, group="take"),
    C("take_next", "Clip", "Later take", ("Alt+Down",), "Show the take made after this one", "layers-outline", CLIP, group="take"),
    C("redo_from_here", "Clip", "Redo this chunk", ("Ctrl+R",), "Make this chunk again with the memory as it was here", "refresh", CLIP, group="take"),

    C("more_takes", "Clip", "Make 3 more takes of this chunk", ("Shift+R",), "Make more takes of this chunk beside the one that is shown, to choose from", "layers-plus", CLIP, group="best"),
    C("best_take", "Clip", "Choose the best take", ("Shift+B",), "Show the take that holds together best: places that come back the same, no cuts, little drift", "trophy-outline", CLIP, group="best"),

    C("generate", "Generate", "Generate", ("Ctrl+Return", "Ctrl+Enter"), "Make the planned chunks", "creation", PLAN),
    C("accept", "Generate", "Accept draft", ("Return", "Enter"), "Keep the draft; the memory learns it", "check", DRAFT, group="draft"),
    C("redo_draft", "Generate", "Redo with a new seed", ("R",), "Make another take of the draft", "dice-5-outline", DRAFT, group="draft"),
    C("discard", "Generate", "Discard draft", ("Backspace",), "Drop the draft; the take before comes back", "trash-can-outline", DRAFT, group="draft"),
    C("auto_accept", "Generate", "Accept automatically", ("Shift+A",), "Finished chunks are kept without asking", "check-all", checkable=True, group="draft"),
    C("pause", "Generate", "Pause or resume", ("P",), "Hold the engine between two steps", "pause", JOB, group="job"),
    C("cancel", "Generate", "Cancel", ("Ctrl+.",), "Stop this job; finished chunks stay", "stop", JOB, group="job"),
    *(
        C(f"verb_{i}", "Generate", text.capitalize(), (key,), f"Add “{text}” to the action lane", glyph, group="verb")
        for i, (text, _short, glyph, key) in enumerate(VERBS)
    ),

    C("memory_mute", "Memory", "Mute adapter", ("Ctrl+M",), "Generate as if nothing had been learned", "volume-off", LEARNED, checkable=True),
    C("memory_weaker", "Memory", "Weaker adapter", ("[",), "Use what was learned 10 % less", "volume-minus", LEARNED),
    C("memory_stronger", "Memory", "Stronger adapter", ("]",), "Use what was learned 10 % more, up to 150 %", "volume-plus", LEARNED),
    C("bank_mute", "Memory", "Mute remembered frames", ("Shift+M",), "Generate as if no earlier frame were remembered", "image-off-outline", BANK, checkable=True, group="bank"),
    C("bank_weaker", "Memory", "Fewer remembered frames", ("Alt+[",), "Show the next chunk one frame less", "image-minus", BANK, group="bank"),
    C("bank_stronger", "Memory", "More remembered frames", ("Alt+]",), "Show the next chunk one frame more", "image-plus", BANK, group="bank"),
    C("memory_reset", "Memory", "Reset memory", ("Ctrl+Shift+M",), "Continue from here with an empty memory", "restart", group="moment"),
    C("memory_back", "Memory", "Go back to this chunk", ("Ctrl+Shift+B",), "Continue with the memory as it was after the selected chunk", "history", CLIP, group="moment"),
    C("episode_save", "Memory", "Save as episode…", ("Ctrl+Shift+S",), "Keep the memory under a name beside the project", "bookmark-plus-outline", group="ep"),
    C("episode_merge", "Memory", "Merge episodes…", ("Ctrl+Shift+E",), "Make one episode of those that are selected in the Episodes panel", "call-merge", group="ep"),
    C("episode_import", "Memory", "Load episode from file…", ("Ctrl+Shift+O",), "Bring a saved memory into this project", "file-import-outline", group="ep"),

    C("play", "Playback", "Play or pause", ("Space",), "Play from the playhead", "play"),
    C("shuttle_back", "Playback", "Play backwards", ("J",), "Press again to go faster", "rewind"),
    C("shuttle_stop", "Playback", "Stop", ("K",), "Stop at this frame", "stop"),
    C("shuttle_forward", "Playback", "Play forwards", ("L",), "Press again to go faster", "fast-forward"),
    C("loop", "Playback", "Loop", ("Ctrl+L",), "Play the range again and again", "repeat", checkable=True),
    C("frame_back", "Playback", "One frame back", ("Left",), "Step to the frame before", "step-backward", group="step"),
    C("frame_forward", "Playback", "One frame forward", ("Right",), "Step to the next frame", "step-forward", group="step"),
    C("second_back", "Playback", "One second back", ("Shift+Left",), "Step a second back", "step-backward-2", group="step"),
    C("second_forward", "Playback", "One second forward", ("Shift+Right",), "Step a second forward", "step-forward-2", group="step"),
    C("edit_previous", "Playback", "Previous edit", ("Up",), "Go to the edge of a clip or action before", "skip-previous", group="step"),
    C("edit_next", "Playback", "Next edit", ("Down",), "Go to the next edge of a clip or action", "skip-next", group="step"),
    C("go_start", "Playback", "Go to start", ("Home",), "The first frame", "page-first", group="step"),
    C("go_end", "Playback", "Go to end", ("End",), "The last frame", "page-last", group="step"),

    C("zoom_in", "View", "Zoom in", ("=", "+"), "More detail on the timeline", "magnify-plus-outline", group="zoom"),
    C("zoom_out", "View", "Zoom out", ("-",), "More time on the timeline", "magnify-minus-outline", group="zoom"),
    C("zoom_fit", "View", "Fit timeline", ("Ctrl+0",), "See the whole sequence", "fit-to-page-outline", group="zoom"),
    C("fullscreen", "View", "Full-screen viewer", ("F", "F11"), "Only the picture; Esc comes back", "fullscreen", checkable=True, group="zoom"),
    C("picture_size", "View", "Next picture size", ("Z",), "The picture fitted, at 100 % or at 200 %", "magnify", group="zoom"),
    C("pixels", "View", "Show pixels", ("Ctrl+Shift+P",), "Show the pixels of the picture as squares", "grid", checkable=True, group="zoom"),
    C("consistency_lane", "View", "Consistency lane", ("Ctrl+Shift+K",), "Show drift, cuts and places that come back, chunk by chunk", "chart-timeline-variant", checkable=True, group="zoom"),
    C("panel_actions", "View", "Actions", ("Ctrl+1",), "Show the Actions panel", "script-text-outline", ALWAYS, group="panel"),
    C("panel_clip", "View", "Clip", ("Ctrl+2",), "Show the Clip panel", "movie-open-outline", ALWAYS, group="panel"),
    C("panel_memory", "View", "Memory", ("Ctrl+3",), "Show the Memory panel", "brain", ALWAYS, group="panel"),
    C("panel_queue", "View", "Queue", ("Ctrl+4",), "Show the Queue panel", "format-list-checks", ALWAYS, group="panel"),
    C("panel_media", "View", "Media", ("Ctrl+5",), "Show the Media panel", "image-multiple-outline", ALWAYS, group="panel"),
    C("panel_episodes", "View", "Episodes", ("Ctrl+6",), "Show the Episodes panel", "bookmark-outline", ALWAYS, group="panel"),
    C("panel_worlds", "View", "Worlds", ("Ctrl+7",), "Show the Worlds panel", "earth", ALWAYS, group="panel"),
    C("panel_takes", "View", "Takes", ("Ctrl+8",), "Show the Takes panel", "layers-outline", ALWAYS, group="panel"),
    C("theme", "View", "Light theme", ("Ctrl+Shift+L",), "Switch between the dark and the light look", "theme-light-dark", ALWAYS, checkable=True, group="look"),
    C("layout_reset", "View", "Reset layout", ("Ctrl+Shift+0",), "Put every panel back where it was", "view-dashboard-outline", ALWAYS, group="look"),

    C("shortcuts", "Help", "Keyboard shortcuts…", ("F1", "Ctrl+/"), "Find and change keys", "keyboard-outline", ALWAYS),
    C("logs", "Help", "Open log folder", ("Ctrl+Shift+G",), "What the studio wrote down when something failed", "text-box-search-outline", ALWAYS),
    C("about", "Help", "About SlowFast Studio", ("Shift+F1",), "Version and licences", "information-outline", ALWAYS),
)
# fmt: on


def tr(text: str) -> str:
    return QCoreApplication.translate("commands", text)


def native(keys: tuple[str, ...] | list[QKeySequence]) -> str:
    """Keys as the machine writes them, joined by "or"."""
    words = [QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in keys]
    # Qt tells the two Enter keys of a keyboard apart; people do not.
    words = [w[: -len("Return")] + "Enter" if w.endswith("Return") else w for w in words]
    return tr(" or ").join(dict.fromkeys(w for w in words if w))


class Actions(QObject):
    """The QActions of the table, and the keys the artist chose for them."""

    def __init__(self, parent: QObject | None = None, keys: dict[str, list[str]] | None = None):
        super().__init__(parent)
        self._actions: dict[str, QAction] = {}
        self._extra_tip: dict[str, str] = {}
        for command in TABLE:
            action = QAction(tr(command.text), self)
            action.setObjectName(command.id)
            action.setCheckable(command.checkable)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            # Held keys repeat only where stepping makes sense.
            action.setAutoRepeat(command.group == "step" or command.id.startswith("zoom"))
            action.setMenuRole(QAction.MenuRole.NoRole)
            self._actions[command.id] = action
            self.set_keys(command.id, (keys or {}).get(command.id, list(command.keys)))
        for id, role in (
            ("quit", QAction.MenuRole.QuitRole),
            ("preferences", QAction.MenuRole.PreferencesRole),
            ("about", QAction.MenuRole.AboutRole),
        ):
            self._actions[id].setMenuRole(role)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def keys(self, id: str) -> list[str]:
        return [k.toString() for k in self._actions[id].shortcuts()]

    def set_keys(self, id: str, keys: list[str]) -> None:
        action = self._actions[id]
        action.setShortcuts([QKeySequence(k) for k in keys if k])
        self._describe(id)

    def set_text(self, id: str, text: str, tip: str = "") -> None:
        """Say what the command will do right now ("Undo move clip")."""
        self._actions[id].setText(text)
        self._extra_tip[id] = tip
        self._describe(id)

    def _describe(self, id: str) -> None:
        command, action = command_of(id), self._actions[id]
        shown = native(action.shortcuts())
        tip = self._extra_tip.get(id) or tr(command.tip)
        action.setToolTip(f"{tip} ({shown})" if shown else tip)
        action.setStatusTip("")

    def chosen_keys(self) -> dict[str, list[str]]:
        """Only what differs from the table, for the settings."""
        return {c.id: self.keys(c.id) for c in TABLE if self.keys(c.id) != normal(c.keys)}

    def clashes(self, id: str, keys: list[str]) -> list[str]:
        """Ids of other commands that already have one of these keys."""
        wanted = set(normal(keys))
        return [c.id for c in TABLE if c.id != id and wanted & set(self.keys(c.id))]

    def refresh_icons(self) -> None:
        for command in TABLE:
            if command.icon:
                self._actions[command.id].setIcon(icon(command.icon))

    def enable(self, facts: set[str]) -> None:
        """Enable what makes sense given what is there (PROJECT, CLIP, …, BANK)."""
        for command in TABLE:
            if command.needs != PLAN:
                there = command.needs == ALWAYS or command.needs in facts
                self._actions[command.id].setEnabled(there)


def normal(keys: tuple[str, ...] | list[str]) -> list[str]:
    return [QKeySequence(k).toString() for k in keys if k]


_BY_ID = {c.id: c for c in TABLE}


def command_of(id: str) -> Command:
    return _BY_ID[id]
