#!/usr/bin/env python3
"""Prints the throughput of every round of every good cell, as CSV, of the report
that stands on standard input (reapmark report DIR -f json).  For the simulation
of what rounds and machines buy (scripts/machines.sh)."""
import csv
import json
import sys

report = json.load(sys.stdin)
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["workload", "collector", "round", "throughput_per_s"])
for cell in report["cells"]:
    name = cell["workload"] if cell["threads"] == 1 else f"{cell['workload']}/{cell['threads']}"
    for sample in cell["samples"]:
        if not cell["failed"] and sample.get("throughput_per_s"):
            out.writerow([name.replace(",", ";"), cell["collector"], sample["invocation"],
                          f"{sample['throughput_per_s']:.6g}"])
