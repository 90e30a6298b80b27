"""The hub of these tests speaks the hub's own words: the stock client downloads from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.models.worlds import TINY, tree

STOCK = """
import sys
from huggingface_hub import HfApi, snapshot_download
endpoint, repo, folder = sys.argv[1:]
rows = list(HfApi(endpoint, token=False).list_repo_tree(repo, recursive=True))
assert any(r.lfs for r in rows) and any(not r.lfs for r in rows)
print(snapshot_download(repo, local_dir=folder, endpoint=endpoint, token=False, max_workers=2))
"""


def test_the_stock_client_gets_every_file(server, tmp_path: Path) -> None:
    folder = tmp_path / "stock"
    done = subprocess.run(
        [sys.executable, "-c", STOCK, server.endpoint, TINY.repo, str(folder)],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = {n: c for n, c in tree(folder).items() if not n.startswith(".cache/")}
    assert got == server.repos[TINY.repo].files
