"""What remembering costs: preset "paper" over memory off, in time, passes and peak memory."""

from __future__ import annotations

from statistics import median

from tests.benchmarks._walks import measured

CHUNKS = 10


def run() -> list[dict]:
    off, on = measured(CHUNKS, "off"), measured(CHUNKS, "paper")
    detail = {"world": on["world"], "chunks": CHUNKS, "skipped": on["skipped"]}

    def middle(walk: dict, key: str) -> float:
        return median(walk[key][2:])  # the first chunks load, warm up, and see a shorter past

    def ratio(key: str) -> float:
        return round(middle(on, key) / middle(off, key), 4)

    return [
        {
            "name": "memory_cost_time", "value": ratio("seconds"), "unit": "x", "goal": None,
            "detail": {
                **detail, "seconds": [middle(off, "seconds"), middle(on, "seconds")],
                "cpu_ratio": ratio("cpu_s"),
                "added_passes_a_chunk": middle(on, "passes") - middle(off, "passes"),
                "note": "the paper's 1.068 is at its own long sampling",
            },
        },
        {
            "name": "memory_cost_passes", "value": ratio("passes"), "unit": "x", "goal": None,
            "detail": {**detail, "passes": [middle(off, "passes"), middle(on, "passes")]},
        },
        {
            "name": "memory_cost_peak",
            "value": round(on["peak_mb"][-1] / off["peak_mb"][-1], 4), "unit": "x",
            "goal": "<= 1.04",
            "detail": {**detail, "peak_mb": [off["peak_mb"][-1], on["peak_mb"][-1]]},
        },
    ]
