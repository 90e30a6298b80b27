"""Words about a world's licence, needs and download, the same wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.state.model_facts import ModelFacts
from core.models.fit import Fit
from core.models.offers import Licence
from core.models.progress import Progress
from core.models.sizes import duration, size


def tr(text: str) -> str:
    return QCoreApplication.translate("worlds", text)


#: Level of a need → (icon, colour of the theme).
LEVELS = {
    "fine": ("check-circle-outline", "good"),
    "tight": ("alert-outline", "warn"),
    "short": ("close-circle-outline", "bad"),
    "unknown": ("help-circle-outline", "dim"),
}
COMMERCIAL = {
    "yes": ("check-circle-outline", "good"),
    "limited": ("alert-outline", "warn"),
    "no": ("close-circle-outline", "bad"),
}


def commercial(licence: Licence) -> str:
    return {
        "yes": tr("Commercial use allowed"),
        "limited": tr("Commercial use with limits"),
        "no": tr("No commercial use"),
    }[licence.commercial]


def need(one: Fit) -> str:
    """"Graphics 12 GB", short enough to stand beside others."""
    if not one.needs_gb:
        return tr("No graphics card needed") if one.what == "graphics" else ""
    name = {"graphics": tr("Graphics"), "memory": tr("Memory"), "disk": tr("Disk")}[one.what]
    words = f"{name} {one.needs_gb:.0f} GB"
    if one.has_gb is None:
        return words
    has = tr("%1 free") if one.what == "disk" else tr("%1 here")
    has = has.replace("%1", f"{one.has_gb:.0f}") if one.has_gb else tr("none here")
    return f"{words} ({has})"


def shortage(fits: Sequence[Fit], there: bool = False) -> str:
    """What it means that this machine has less than a world needs; the chips say how much.
    ``there``: it is installed."""
    short = {f.what for f in fits if f.level == "short"}
    said = []
    if short - {"disk"}:
        said.append(
            tr("That is more than this machine has: it will hardly run.") if there
            else tr("That is more than this machine has: it can be fetched, but hardly run.")
        )
    elif any(f.level == "tight" for f in fits):
        said.append(tr("It just fits: it will be slower, and other programs should be closed."))
    if "disk" in short:
        said.append(tr("There is too little room in the folder for new worlds."))
    return " ".join(said)


def state(facts: ModelFacts) -> tuple[str, str]:
    """(words, colour role) for the right end of a card's head."""
    item = facts.item
    match facts.activity:
        case "asking":
            return tr("Asking the hub…"), "dim"
        case "queued":
            return tr("Next in line"), "dim"
        case "stopping":
            return tr("Stopping…"), "dim"
        case "removing":
            return tr("Removing…"), "dim"
        case "checking":
            return tr("Checking"), "text"
        case "mending":
            return tr("Fetching what is damaged"), "text"
        case "fetching":
            waits = facts.progress is not None and facts.progress.phase == "waiting"
            return (tr("Waiting"), "warn") if waits else (tr("Fetching"), "text")
    match item.state:
        case "embedded":
            return tr("Comes with the studio"), "good"
        case "installed":
            if facts.verdict is None:
                return tr("Installed"), "good"
            if facts.verdict.fine:
                return tr("Installed, checked"), "good"
            return tr("Damaged"), "bad"
        case "lost":
            if item.world is not None and item.world.owned:
                return tr("Files are missing"), "bad"
            return tr("Its folder is not there"), "bad"
        case "partly":
            return tr("Paused"), "warn"
    return "", "dim"


def room(facts: ModelFacts) -> str:
    """What it takes or would take of a disk, and where."""
    item = facts.item
    if facts.activity in ("fetching", "checking", "mending"):
        return ""  # the line below the bar says it
    if item.begun is not None:
        words = tr("%1 of %2 fetched").replace("%1", size(item.begun.done))
        return words.replace("%2", size(item.begun.total)) + f" · {item.folder}"
    if item.world is not None:
        if not item.world.owned:
            return tr("Used where it is") + f" · {item.folder}"
        return f"{size(item.disk)} · {item.folder}"
    if item.offer is not None and not item.offer.embedded:
        return tr("About %1 GB to fetch").replace("%1", f"{item.offer.about_gb:.0f}")
    return ""


def progress_words(p: Progress) -> str:
    """"3.1 GB of 34.2 GB · 45.0 MB/s · 11 min left", or what else goes on."""
    match p.phase:
        case "asking":
            return tr("Asking the hub what there is…")
        case "finishing":
            return tr("Checking that everything is there…")
        case "waiting":
            return p.note
    words = tr("%1 of %2").replace("%1", size(p.done)).replace("%2", size(p.total))
    if p.phase == "checking":
        return f"{words} · " + tr("checking what is there")
    if p.speed:
        words += f" · {size(p.speed)}/s"
    if p.left is not None:
        words += " · " + tr("%1 left").replace("%1", duration(p.left))
    return words
