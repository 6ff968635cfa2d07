#!/usr/bin/env python3
"""Writes the heap of a Python program as a graph (docs/heap-format.md).

    heap_of_python.py GRAPH PROGRAM [ARGUMENT...]   at the end of the program
    heap_of_python.py GRAPH -m MODULE [ARGUMENT...]

or within a program: import heap_of_python; heap_of_python.dump("GRAPH").

Objects are those that the collector tracks and all that these lead to
(gc.get_referents, which calls tp_traverse); a weak reference has a weak edge to
its target.  CPython has no list of roots: as in its own collector, an object
is a root if it has more references than the objects that were found explain.

Only sizes, references and names of types are written.  The file is a graph
already; `reapmark heap import` checks it, and hashes the names if it is told to.
"""
import gc
import os
import runpy
import sys
import weakref


def _references(objects, index):
    """References to an object that stands in a list, with those of this call."""
    found = objects[index]
    return sys.getrefcount(found)


def _name(kind):
    try:
        module, name = kind.__module__, kind.__qualname__
        name = name if module == "builtins" else f"{module}.{name}"
    except Exception:  # a metaclass may do anything
        name = "(unknown)"
    return "".join(c if c.isprintable() else "?" for c in name)[:150]


def _bytes(found):
    try:
        return sys.getsizeof(found)
    except Exception:  # __sizeof__ is the program's
        return object.__sizeof__(found)


def _collect():
    """All objects, and the numbers of objects by their address."""
    objects = gc.get_objects()
    numbers = {id(found): n for n, found in enumerate(objects, 1)}
    for found in objects:  # which grows
        for target in gc.get_referents(found):
            if id(target) not in numbers:
                objects.append(target)
                numbers[id(target)] = len(objects)
    return objects, numbers


def _slots(found, numbers):
    """Numbers of what an object refers to; negative for a weak edge."""
    slots = [numbers.get(id(target), 0) for target in gc.get_referents(found)]
    if issubclass(type(found), weakref.ref):
        slots.append(-numbers.get(id(weakref.ref.__call__(found)), 0))
    return slots


def _write(out, objects, numbers):
    types, counts, slots_count, roots = {}, [0] * (len(objects) + 1), 0, []
    expected = _references([object()], 0)
    out.write("reapmark-heap 1\n# CPython %d.%d.%d\n" % sys.version_info[:3])
    for index, found in enumerate(objects):
        slots = _slots(found, numbers)
        for slot in slots:
            counts[max(slot, 0)] += 1
        kind = types.setdefault(_name(type(found)), len(types))
        words = [str(n) if n >= 0 else f"~{-n}" for n in slots]
        out.write(" ".join(["o", str(kind), str(_bytes(found)), *words]) + "\n")
        slots_count += len(slots)
    found = slots = None
    for index in range(len(objects)):
        if _references(objects, index) - expected > counts[index + 1]:
            roots.append(index + 1)
            out.write(f"r {index + 1}\n")
    for name in types:
        out.write(f"t {name}\n")
    out.write(f"end {len(objects)} {slots_count} {len(roots)} {len(types)}\n")


def dump(path):
    """Writes the heap of this program to the file `path`."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        objects, numbers = _collect()
        with open(path + ".part", "w", encoding="utf-8",
                  errors="backslashreplace") as out:
            _write(out, objects, numbers)
        os.replace(path + ".part", path)
    finally:
        if enabled:
            gc.enable()


def main():
    if len(sys.argv) < 3 or sys.argv[2:] == ["-m"]:
        sys.exit("usage: heap_of_python.py GRAPH PROGRAM [ARGUMENT...]\n"
                 "       heap_of_python.py GRAPH -m MODULE [ARGUMENT...]")
    path = os.path.abspath(sys.argv[1])
    module = sys.argv[2] == "-m"
    sys.argv = sys.argv[3 if module else 2:]
    status = None
    try:
        if module:
            sys.path.insert(0, "")
            kept = runpy.run_module(sys.argv[0], run_name="__main__",
                                    alter_sys=True)
        else:
            sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
            kept = runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as leaving:
        status, kept = leaving.code, None
    dump(path)
    del kept  # the globals of the program, alive until the heap was written
    sys.exit(status)


if __name__ == "__main__":
    main()
