"""Run as a process of its own: for each line on stdin, one more process that opens a project and
edits, imports and saves it until it is killed (so that everything is imported only once).

Says on stdout "pid N", how far it is (each number is a save that had returned), and "dead".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core.project import edits, jobs
from core.project.store import ProjectStore


def main(folder: Path) -> None:
    store = ProjectStore.open(folder)
    p = store.project
    n = len(p.markers)
    while True:
        n += 1
        out = store.staging() / "result.bin"
        out.write_bytes(f"result {n} ".encode() * 2000)
        asset = store.import_file(out, "latents", move=True)
        p = edits.add_assets(p, [asset])
        p = edits.add_marker(p, n, asset.id)
        store.save(p)
        store.journal.save([jobs.generate_job(n), jobs.redo_job(f"c{n}")])
        print(n, flush=True)


if __name__ == "__main__":
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            main(Path(sys.argv[1]))
        print(f"pid {child}", flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)
