"""phases.py RECORD KIND [PHASE...]: what pauses of a record consist of.

The phases of this kind of pause add up to its pauses within 1 %; the PHASEs are among
them; and all that have a name are more than the rest, which is called "other".
"""
import json
import sys

path, kind, *wanted = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    record = json.load(file)
pauses = record["pauses"][kind]
phases = record.get("phases", {}).get(kind, {})
assert pauses["count"] > 0, f"there is no pause: {kind}"
assert phases, f"there are no phases of {kind}"
took = sum(p["sum"] for p in phases.values())
rest = phases.get("other", {"sum": 0})["sum"]
assert abs(took - pauses["sum"]) <= 0.01 * pauses["sum"], \
    f"phases take {took} ns, pauses {pauses['sum']} ns"
assert rest < took / 2, f"{rest} of {took} ns have no name"
for name in wanted:
    assert phases.get(name, {"count": 0})["count"] > 0, \
        f"no phase {name}, but {', '.join(phases)}"
for name, p in phases.items():
    assert 0 <= p["max"] <= p["sum"] and p["max"] <= pauses["max"], f"{name}: {p}"
