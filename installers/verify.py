"""Run by the environment's own Python: are its packages whole, and do they import?

    python -I verify.py files                  → {"numpy": "file lost: numpy/x.py", …}
    python -I verify.py versions '{"numpy": "2.4.6"}'  → {"numpy": "2.4.5 instead of 2.4.6"}
    python -I verify.py imports torch cv2      → a line "ok NAME" or "bad NAME REASON" each

Standard library only, and no import of this project: it runs isolated.
"""

import importlib
import importlib.metadata
import json
import os
import re
import sys


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def damaged_files():
    """Every file that pip has recorded must be there with its size."""
    found = {}
    for dist in importlib.metadata.distributions():
        folder = str(dist._path)  # distributions have no public path
        name = normal(os.path.basename(folder).split("-")[0])
        record = os.path.join(folder, "RECORD")
        if not os.path.isfile(record) or not os.path.isfile(os.path.join(folder, "METADATA")):
            found[name] = "half installed"
            continue
        reason = _first_damage(record, os.path.dirname(folder))
        if reason:
            found[name] = reason
    return found


def _first_damage(record, site):
    import csv

    with open(record, encoding="utf-8", newline="") as rows:
        for row in csv.reader(rows):
            if len(row) < 3 or row[0].startswith("..") or row[0].endswith(".pyc"):
                continue
            try:
                size = os.stat(os.path.join(site, row[0])).st_size
            except OSError:
                return "file lost: " + row[0]
            if row[2].isdigit() and size != int(row[2]):
                return "file changed: " + row[0]
    return None


def wrong_versions(wanted):
    have = {normal(d.metadata["Name"] or ""): d.version for d in importlib.metadata.distributions()}
    found = {}
    for name, version in wanted.items():
        if name not in have:
            found[name] = "not installed"
        elif have[name] != version:
            found[name] = "%s instead of %s" % (have[name], version)
    return found


def try_imports(names):
    for name in names:
        print("try " + name, flush=True)
        try:
            importlib.import_module(name)
        except BaseException as error:  # a damaged package may raise anything
            line = " ".join(str(error).split()) or type(error).__name__
            print("bad %s %s: %s" % (name, type(error).__name__, line), flush=True)
        else:
            print("ok " + name, flush=True)


if __name__ == "__main__":
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "files":
        print(json.dumps(damaged_files()))
    elif what == "versions":
        print(json.dumps(wrong_versions(json.loads(rest[0]))))
    else:
        try_imports(rest)
