#!/usr/bin/env bash
# Tests of `reapmark stress` with collectors that collect.
# Usage: real.sh REAPMARK FOLDER-OF-TOYS TEST; one function per test.  The
# programs with seeded bugs are in the folder mutants/ beside REAPMARK.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
toys=$2

# All of ours pass, and so does a plain one from elsewhere.
test_collectors() {
  expect 0 stress --quick -o dir
  [ "$(grep -c '(all)' out)" -ge 7 ] || fail 'where are the collectors?'
}

# For each oracle a bug that no other sees; and all that is caught, is caught.
test_seeded_bugs() {
  expect 0 stress --mutants payload_threaded weak_reference_leaked \
    ms_weak_hasty finalized_twice stray_mark_bit ms_limit_ignored \
    written_after_free cascade_recurses restart_lost \
    -C plain,turns,poison,heap-100,stack --ops 500000 --seeds 1 --timeout 20 \
    -o dir
  printed 'Caught: 9 of 9.'
  for oracle in graph count weak finalizer check limit poison crash hang; do
    grep -q "^Only by $oracle: .*+" out || fail "nothing by $oracle alone"
  done
}

# The same seed is the same run, also where a heap is full.
test_same_again() {
  for dir in a b c; do
    expect 0 stress mark-sweep semispace immix -C heap-200,heap-90 --ops 400000 \
      --seeds 1 --format csv -o $dir
    cut -d, -f1-7 out >$dir.csv
    same a.csv $dir.csv
  done
}

# What tears down by recursion is not given what it declares to be too deep, of
# no condition: a million operations have lists for which the stack is too small.
test_shallow() {
  expect 0 stress gobject -C plain,stack --quick -o dir
  printed 'n/a: needs drops of any depth'
}

test_toy() {
  REAPMARK_PATH=$toys expect 0 stress toy --ops 300000 --seeds 2 \
    -C plain,collect-1,collect-7,heap-90,heap-live,stack -o dir
}

# A root that is not marked: caught, and shrunk to no more than twenty
# operations that fail by themselves.
test_toy_broken() {
  REAPMARK_PATH=$toys expect 1 stress toy-broken -C plain --ops 300000 \
    --seeds 1 --shrink -o dir
  printed 'FAILED: '
  n=$(sed -n 's/.*shrunk to \([0-9]*\) operations.*/\1/p' out)
  [ "$n" -gt 0 ] && [ "$n" -le 20 ] || fail "not shrunk: '$n' operations"
  grep -q '    tls-store ' out || fail 'no thread-local root in the list'
  expect 0 trace verify dir/failure-1/minimal.trace
  # The command that the list gives fails, and a sound collector does not.
  command=$(sed -n 's/^# replay: //p' dir/failure-1/minimal.trace)
  $command >record
  ! grep -q '"status":"ok"' record || fail 'the list does not fail'
  "$toys/toy" ${command#* } >record
  grep -q '"status":"ok"' record || fail 'a sound collector fails on the list'
}

run_test "$3"
