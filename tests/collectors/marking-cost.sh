#!/usr/bin/env bash
# marking-cost.sh COLLECTORS VALGRIND TEST: what marking an object costs with one
# marker, in instructions, against mark-sweep of the same build.  COLLECTORS is the
# folder of the collector programs.
. "$(dirname "$0")/../expect.sh"
collectors=$1
valgrind=$2

# total COLLECTOR ROUNDS: $total instructions of a run with so many collections of
# 20000 objects.
total() {
  exits 0 "$valgrind" --tool=callgrind --callgrind-out-file=counts \
    "$collectors/$1" --run "live-heap:objects=20000,measure=collect,rounds=$2" \
    --option markers=1
  total=$(sed -n 's/^totals: *//p' counts)
  [ "$total" -gt 0 ] || fail "no instructions of $1"
}

# cost COLLECTOR: $cost of ten collections.
cost() {
  total "$1" 2
  local few=$total
  total "$1" 12
  cost=$((total - few))
}

# Immix also marks lines, and looks whether an object is to be copied: 1.55 times
# as many instructions.  There were 2.2 times as many when lines were marked by a
# call, and the children of all objects were fetched because a few are copied.
test_immix() {
  cost mark-sweep
  local base=$cost
  cost immix
  [ $((10 * cost)) -le $((18 * base)) ] ||
    fail "immix needs $cost instructions, mark-sweep $base"
}

run_test "$3"
