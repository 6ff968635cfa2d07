"""Makes a results directory of known figures, without running anything.

Usage: results.py DIR JSON.  JSON is an object, all of whose members may be left
out:

  suite        the suite's name
  collectors   by name, the factor of its times
  workloads    list of names
  heaps        list of sizes
  runs         invocations of each cell
  noise        how far times vary, as a share
  failed       by "COLLECTOR/HEAP", the verdict
  leaks        collectors that leak as declared
  idle         collectors that never collected
  curve        samples of memory of an invocation
  rate         of requests a second; 0: a closed loop
  garbage      whether the workload states what is alive
"""
import json
import math
import os
import sys

directory = sys.argv[1]
spec = {"suite": "made", "collectors": {"alpha": 1, "beta": 1.5},
        "workloads": ["script"], "heaps": ["3x"], "runs": 6, "noise": 0.001,
        "failed": {}, "leaks": [], "idle": [], "curve": 3, "garbage": False, "rate": 0}
spec.update(json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}"))


def histogram(*buckets):
    """Of pairs of a value below 256, which is a bucket of its own, and a
    count."""
    count = sum(n for _, n in buckets)
    values = [v for v, n in buckets for _ in range(n)]
    def rank(p, least):
        at = max(1, math.floor(p / 100 * count + 0.5)) - 1
        return values[at] if count >= least else None
    return {"count": count, "sum": sum(values), "min": values[0],
            "max": values[-1], "p50": rank(50, 2), "p99": rank(99, 100),
            "buckets": [list(b) for b in buckets]}


def record(cell, n, order):
    factor = spec["collectors"][cell["collector"]]
    # A fixed pattern, the same for nobody.
    wave = math.sin(12.9898 * (n + 17 * len(cell["cell"]) + order)) * spec["noise"]
    wall = int(1e8 * factor * (1 + wave))
    slow = max(6, min(255, int(100 * factor)))
    status = spec["failed"].get(f"{cell['collector']}/{cell['heap']}", "ok")
    leaks = cell["collector"] in spec["leaks"]
    pauses = histogram((100, 1), (200, 1))
    requests = histogram((5, 1979), (slow, 21))
    steps = histogram((5, 1990), (slow, 10))
    use = {"objects": 100, "cells": 3200, "pages": 4096, "free": 800,
           "free_largest": 400}
    # Pauses were joined across gaps of 15 us, so at 10 us nothing is known.
    windows = [10000, 20000, 100000, 1000000, 2000000, wall]
    curve = {"mmu": [0.5, 0.97, 0.997, 0.9997, 0.99985, 1 - 300 / wall],
             "bmu": [0.5, 0.96, 0.997, 0.9997, 0.99985, 1 - 300 / wall]}
    peak = int(2 * 2**20 * factor)
    samples = [[i * wall // spec["curve"], min(peak, 2**20 + i * 2**12), 2**21]
               for i in range(spec["curve"])]
    made = {
        "schema": 1, "collector": cell["collector"], "workload": "script",
        "params": {}, "threads": 1, "seed": 42,
        "heap": {"asked": cell["heap"], "limit": 0, "must_hold": 2**20,
                 "live": 2**20, "allocated": wall},
        "options": {},
        "verdict": {"status": "LEAK" if leaks else status,
                    "declared": leaks or status == "ok",
                    "leaked": 500 if leaks else 0,
                    "reason": "" if status == "ok" else f"made to be {status}"},
        "binding": {"policy": "none", "got": []},
        "memory": {"baseline": 2**20, "peak": 2**20 + peak, "peak_reset": True,
                   "footprint": peak, "footprint_peak": peak},
        "key": f"{cell['cell']}#{n}", "cell": cell["cell"],
        "suite": spec["suite"], "invocation": n, "order": order,
        "started": "2026-01-02T03:04:05Z", "elapsed": 2 * wall}
    if status == "OOM":
        return made
    made["memory"].update({
        "minor_faults": 0, "major_faults": 0, "curve": samples,
        "end": use, "settled": dict(use, live_objects=100, live_bytes=2400)})
    made.update({
        "ops": {"count": 1000, "unit": "acts"},
        "time": {"wall": wall, "cpu": wall, "user": wall, "system": 0,
                 "instrument": 0, "stop": 300, "own": 0},
        "exercise": {"by": "collections",
                     "collections": 0 if cell["collector"] in spec["idle"] else 3},
        "pauses": {"stop": pauses, "all": pauses},
        "phases": {"stop": {"stopping": {"count": 2, "sum": 20, "max": 12},
                            "mark & <sweep>": {"count": 2, "sum": 280,
                                               "max": 190}}},
        "safepoint": {"world": histogram((8, 1), (12, 1)),
                      "mutators": {"count": 0}},
        "steps": {"act": steps, "all": steps, "delayed": 0, "corrected": True},
        "mmu": {"windows": windows, "worst": curve,
                "threads": [curve], "joined": 15000},
        "latency": {"rate": spec["rate"], "span": wall, "simple": requests,
                    "arrivals": "uniform" if spec["rate"] else "closed loop",
                    **({"intended": requests} if spec["rate"] else {})},
        "counters": {},
        "noise": {"voluntary": 0, "involuntary": 0, "run_delay": 0}})
    if spec["garbage"]:
        most = int(100 * factor)
        dead = [[at, 50, 2**20, most // 2, most] for at, _, _ in samples]
        made["garbage"] = {
            "objects": {"max": most, "median": most // 2, "integral": most,
                        "end": most // 2},
            "collections": 3, "exact": True,
            "bytes": {"max": 2**20, "median": 2**19, "integral": 2**20,
                      "end": 2**19},
            "live": {"objects": 50, "bytes": 2**20}, "curve": dead, "cost": 0}
    return made


cells = [{"cell": f"{w}/{c}/heap={h}/threads=1/seed=42", "workload": w,
          "collector": c, "heap": h, "threads": 1}
         for w in spec["workloads"] for h in spec["heaps"]
         for c in spec["collectors"]]
os.makedirs(directory)
with open(f"{directory}/plan.json", "w", encoding="utf-8") as out:
    json.dump({"schema": 1, "suite": spec["suite"], "invocations": spec["runs"],
               "timeout": 60.0, "seed": 42, "cells": cells}, out)
with open(f"{directory}/runs.jsonl", "w", encoding="utf-8") as out:
    order = 0
    for n in range(1, spec["runs"] + 1):
        for cell in cells:
            order += 1
            print(json.dumps(record(cell, n, order)), file=out)
