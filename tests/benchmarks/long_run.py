"""Whether a long walk gets slower or fatter: chunk 60 over chunk 2, with memory on."""

from __future__ import annotations

from statistics import median

from tests.benchmarks._walks import measured

CHUNKS = 60
NEAR = 8  # chunks whose median stands for one: a single one is noise


def run() -> list[dict]:
    walk = measured(CHUNKS, "paper")
    detail = {"world": walk["world"], "chunks": CHUNKS, "skipped": walk["skipped"]}
    early = {k: median(walk[k][1 : 1 + NEAR]) for k in ("seconds", "cpu_s")}
    late = {k: median(walk[k][-NEAR:]) for k in ("seconds", "cpu_s")}
    return [
        {
            "name": "long_run_time", "value": round(late["seconds"] / early["seconds"], 4),
            "unit": "x", "goal": "<= 1.02",
            # Chunks that the guards kept from being learned cost less: then this says nothing.
            **({"ok": None} if walk["skipped"] > CHUNKS // 10 else {}),
            "detail": {
                **detail, "seconds": [early["seconds"], late["seconds"]],
                "cpu_ratio": round(late["cpu_s"] / early["cpu_s"], 4),
            },
        },
        {
            "name": "long_run_memory",
            "value": round(walk["peak_mb"][-1] / walk["peak_mb"][1], 4), "unit": "x",
            "goal": "<= 1.02",
            "detail": {**detail, "peak_mb": [walk["peak_mb"][i] for i in (0, 1, 2, 9, 29, -1)]},
        },
    ]
