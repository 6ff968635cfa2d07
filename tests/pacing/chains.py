"""chains.py SIZE LIVE TOTAL WITNESS: the most garbage, in nodes, that CPython holds
when a list is filled with closed chains of SIZE nodes until LIVE are alive, cleared,
and filled again, until TOTAL nodes were made.  WITNESS 1: each chain has one more
object that the detector tracks, as cyclotron's have.  Counts only."""

import gc
import sys

size, live, total, witness = map(int, sys.argv[1:])


class Node:
    __slots__ = ("next", "extra")


def chain():
    first = last = Node()
    for _ in range(size - 1):
        last.next = Node()
        last = last.next
    if witness:
        first.extra = Node()
    last.next = first
    return first


garbage = most = 0


def collected(phase, info):
    global garbage
    if phase == "stop":
        garbage -= info["collected"]


gc.collect()
gc.callbacks.append(collected)
holder = []
for _ in range(total // size):
    holder.append(chain())
    if len(holder) * size >= live:
        garbage += len(holder) * (size + witness)
        holder.clear()
        most = max(most, garbage)
print(most * size // (size + witness))
