"""Run as a process of its own: keeps a project open until stdin closes."""

import sys

from core.project.store import ProjectStore

with ProjectStore.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
