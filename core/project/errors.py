"""What goes wrong with a document, each as a sentence for the artist."""

from __future__ import annotations


class EditError(Exception):
    """An edit that cannot be made. The project is as it was."""


class ProjectError(Exception):
    """A project that cannot be opened, read or kept. What is on disk is as it was."""


class ProjectLocked(ProjectError):
    """Another studio has the project open."""

    def __init__(self, message: str, pid: int, host: str) -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host
