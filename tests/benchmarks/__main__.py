"""Runs every benchmark beside this file and prints a table.

A module is a benchmark where it has ``run()``, which gives a row or a list of rows: a dict with
name, value, unit, goal (such as "<= 1.05", or None), detail, and ok where the goal is not a number.
"""

from __future__ import annotations

import argparse
import importlib
import json
import operator
import platform
import re
import sys
import time
import traceback
from pathlib import Path
from typing import Any

_TESTS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="this one; may be repeated")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured there")
    args = parser.parse_args()
    names = sorted(p.stem for p in Path(__file__).parent.glob("[a-z]*.py"))
    wanted = args.only or names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    rows: list[dict[str, Any]] = []
    for name in wanted:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        if not hasattr(module, "run"):
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += _measure(name, module)
    print(_table(rows))
    if args.json:
        about = {"machine": platform.machine(), "system": platform.platform(),
                 "python": platform.python_version(), "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        text = json.dumps({"about": about, "rows": rows}, indent=1, ensure_ascii=False, default=str)
        Path(args.json).write_text(text + "\n", "utf-8")
    return 0 if all(row["ok"] is not False for row in rows) else 1


def _measure(name: str, module: Any) -> list[dict[str, Any]]:
    began = time.perf_counter()
    try:
        found = module.run()
    except Exception as error:
        traceback.print_exc()
        found = {"name": name, "value": None, "ok": False, "detail": {"error": str(error)}}
    seconds = round(time.perf_counter() - began, 1)
    rows = [dict(row) for row in (found if isinstance(found, list) else [found])]
    for row in rows:
        row.setdefault("ok", meets(row.get("value"), row.get("goal")))
        row["took_s"] = seconds
    return rows


def meets(value: Any, goal: Any) -> bool | None:
    """Whether ``value`` meets a goal such as "<= 1.05"; None where it can't be told."""
    found = re.match(r"\s*(<=|>=|<|>|≤|≥)\s*([0-9.]+)", str(goal or ""))
    if found is None or not isinstance(value, int | float):
        return None
    sign = {"≤": "<=", "≥": ">="}.get(found[1], found[1])
    return _TESTS[sign](value, float(found[2]))


def _table(rows: list[dict[str, Any]]) -> str:
    head = ("name", "value", "unit", "goal", "ok")
    lines = [head] + [
        (
            str(r["name"]), "–" if r.get("value") is None else f"{r['value']:g}",
            str(r.get("unit") or ""), str(r.get("goal") or ""),
            {True: "yes", False: "NO", None: ""}[r["ok"]],
        )
        for r in rows
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = ["  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([text[0], "-" * len(text[0]), *text[1:]])


if __name__ == "__main__":
    sys.exit(main())
