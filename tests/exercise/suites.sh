#!/usr/bin/env bash
# Tests with real collectors: no suite runs a cell that says nothing of its
# collector, and workloads are told apart by what they measure.  Usage:
# suites.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1

# all_exercised SUITE COLLECTORS ARGUMENT...: runs one invocation of the cells, none of
# which is marked.  The one exception is what CPython 3.14 was called back for: after a
# full collection that found much alive, refcount-incremental looks at nothing for as
# long as `ephemerons` runs, however long that is.
all_exercised() {
  needs_unsanitized "$reapmark" 'suites at their full size'
  expect 0 run "$1" -c "$2" -n 1 -o "dir$checks" "${@:3}"
  expect 0 report "dir$((checks - 1))" --format csv
  sed -i -E '/,"?ephemerons[^,]*,([^,]*",)?refcount-incremental,/d' out
  counted 0 ',(no|few),[0-9]*$' out
  row ',yes,[0-9]+$'
}

test_quick() { all_exercised quick models; }

# In the largest heaps of the suite, in which there are the fewest collections.  Each
# collector runs a third of the workloads: all of them take nine minutes.
test_standard() {
  list_models
  some() { third "$1" models | paste -sd,; }
  all_exercised standard "$(some 0)" --heap 3x -w binary-trees,cycles,globals,threads,tls
  all_exercised standard "$(some 1)" --heap 3x -w weakrefs,ephemerons,finalizers,list-drop
  all_exercised standard "$(some 2)" --heap 3x -w large-objects,requests,graph-mutation
  all_exercised standard "$(some 0)" --heap 8x -w fragmentation
}

# A workload that keeps collections out of what it measures is shown without
# pauses, and is not marked.
test_apart() {
  expect 0 run -w live-heap:objects=10000,measure=allocate,rounds=1 \
    -c mark-sweep --heap 64M -n 1 -o dir
  row '^mark-sweep +ok +[0-9.]+[kMG] .* – '
  unprinted 'not exercised'
  expect 0 report dir --format csv
  row ',apart,$'
  expect 0 report dir --table time-space
  row '^mark-sweep +1$'
  # Counts are measured, by threads that let nothing die.
  for mode in private shared; do
    expect 0 run -w counting:mode=$mode,ops=10000 -c models --heap none -t 2 \
      -n 1 -o counting-$mode
    unprinted 'not exercised'
  done
  # Its memory is its own, and not behind the heap's back.
  for kind in read gather chase rmw fault copy; do
    expect 0 run -w floor:kind=$kind,objects=1500000,rounds=1 -c mark-sweep \
      --heap none -n 1 -o floor-$kind
    unprinted 'not exercised'
    unprinted 'suspect'
  done
}

# The question "which collector, in so many bytes?": by default the heap never
# fills, and the answer says so; made longer, it is answered.
test_heap_in_bytes() {
  local small=globals:entries=1000,ops=1000
  expect 0 run -w $small -c mark-sweep --heap 16M -n 1 -o idle
  row '^mark-sweep +ok, not exercised '
  expect 0 run -w $small -c mark-sweep --heap 16M -n 1 --exercise 5 -o busy
  said "$small becomes $small,rounds="
  row '^mark-sweep +ok +[0-9.]+[kMG] .* [0-9.]+ (µs|ms) '
  expect 0 report busy --format csv
  row ',yes,[0-9]+$'
}

# status SPEC ARGUMENT...: prints the status of a run by mark-sweep.
status() {
  "$(dirname "$reapmark")/collectors/mark-sweep" --run "$@" >record
  sed -E 's/.*"status": ?"([^"]*)".*/\1/' record
}

# A run in which allocations failed has not done its work, whatever the workload.
test_failed_allocations() {
  local name checked=0
  "$reapmark" list workloads --format csv >all
  awk 'BEGIN { print "reapmark-heap 1"
    for (i = 1; i < 5000; i++) print "o 0 64", i + 1
    print "o 0 64\nr 1\nt T\nend 5000 4999 1 1" }' >list.graph
  for name in $(tail -n +2 all | cut -d, -f1 | tr -d '"'); do
    # what is small, works outside of the heap, or fills it on purpose
    case $name in replay | trace | fuzz | growth* | leak-* | floor | scarcity) continue ;; esac
    [ "$name" != heap ] || name=heap:file=list.graph
    [ "$(status "$name" --heap 100K --threads 2)" = OOM ] ||
      fail "$name: not OOM in 100 KB"
    checked=$((checked + 1))
  done
  checks=$((checks + checked))
  [ $checked -ge 15 ] || fail "only $checked workloads"
}

# What works on random operations, or those of a trace, goes on after a failure:
# only who asks for failures gets them without a bad verdict.
test_failures_asked_for() {
  [ "$(status fuzz:ops=20000 --heap 300K)" = OOM ] || fail 'fuzz'
  grep -qE '"reason": ?"[0-9]+ of [0-9]+ allocations failed' record ||
    fail 'no reason'
  [ "$(status fuzz:ops=20000,scarce=1 --heap 300K)" = ok ] || fail 'scarce'
  checks=$((checks + 2))
}

run_test "$2"
