"""Checks a file that services read which follow figures (docs/ci.md).

Usage: check.py SCHEMA FILE CELL METRIC [VALUE LOW HIGH]

The file must fit the schema, and every value must lie within its interval.  The
metric of the cell must have these numbers, or without VALUE must not be there.
"""
import json
import sys

import jsonschema

schema, file, cell, metric, *wanted = sys.argv[1:]


def read(path):
    with open(path, encoding="utf-8") as opened:
        return json.load(opened, parse_constant=lambda word: sys.exit(f"{path}: {word}"))


figures = read(file)
jsonschema.Draft7Validator.check_schema(read(schema))
jsonschema.validate(figures, read(schema), cls=jsonschema.Draft7Validator)
if isinstance(figures, dict):  # the Bencher Metric Format
    known = {(c, m): [v["value"], v["lower_value"], v["upper_value"]]
             for c, measures in figures.items() for m, v in measures.items()}
else:
    known = {tuple(f["name"].rsplit(" ", 1)):
             [f["value"], *map(float, f["range"].split(" to "))] for f in figures}
    assert len(known) == len(figures), "a name stands there twice"
for key, (value, low, high) in known.items():
    assert low * (1 - 1e-5) <= value <= high * (1 + 1e-5), (key, value, low, high)
found = known.get((cell, metric))
assert found == ([float(w) for w in wanted] or None), (cell, metric, found)
