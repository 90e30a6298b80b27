"""Run as a process of its own, where no file may grow beyond some size: what can be saved, what
says so. Prints a line for each try."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from core.project import edits
from core.project.errors import ProjectError
from core.project.store import ProjectStore

store = ProjectStore.open(sys.argv[1])
big = Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
p = store.project
for n in range(500):
    p = edits.add_marker(p, n, "x" * 100)
for name, work in {
    "save": lambda: store.save(p),
    "import": lambda: store.import_file(big, "source"),
}.items():
    try:
        work()
        print(name, "worked")
    except ProjectError as error:
        print(name, "said", error)
store.close()
