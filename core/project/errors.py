"""What goes wrong with a document, each as a sentence for the artist."""

from __future__ import annotations


class EditError(Exception):
    """An edit that cannot be made. The project is as it was."""


class ProjectError(Exception):
    """A project that cannot be opened, read or kept. What is on disk is as it was."""


class ProjectLocked(ProjectError):
    """Another studio has the project open. ``seen``: its process lives on this machine, so it
    cannot be taken over; otherwise it is on another machine, where nobody can look."""

    def __init__(self, message: str, pid: int, host: str, seen: bool) -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host
        self.seen = seen
