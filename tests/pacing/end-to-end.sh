#!/usr/bin/env bash
# Tests of the workload and the suite pacing, of their tables and of `explain DIR
# CELL`.  Usage: end-to-end.sh REAPMARK FOLDER-OF-FAKE TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
export REAPMARK_PATH=$2

test_run() {
  expect 0 run -c mark-sweep:policy=percent,mark-sweep:policy=limit,refcount \
    -w pacing:live=1000,objects=200000 --heap none -n 2 -o dir
  for format in table markdown csv json; do
    expect 0 report dir --table pacing --format $format
    printed mark-sweep:policy=percent
    expect 0 report dir --table pacing-space --format $format
    printed 'mark-sweep, percent'
  done
  expect 0 explain dir policy=limit
  row "There is no goal: policy 'limit' without a heap limit"
  expect 0 explain dir refcount
  row 'Dead cycles are never found: by its declaration the collector keeps the [0-9]+ objects'
  expect 0 explain dir
  row '^pacing:.*/mark-sweep:policy=limit/'
  expect 2 explain dir marc-sweep
  said "explain: no cell of dir has 'marc-sweep' in its name"
  expect 2 explain dir mark-sweep -c refcount
  said 'explain: --collectors goes with a cause of leaks'
  expect 2 explain nowhere mark-sweep
}

# Without anything to explain, explain says so.
test_nothing_to_explain() {
  expect 0 run -c fake -w tiny --heap none -n 1 -o dir
  expect 0 explain dir
  printed 'No cell of dir grows or holds much: there is nothing to explain.'
}

# A mistake in the parameters of one workload ends all before anything is run.
test_mistakes_run_nothing() {
  wrong() { # PARAMETERS MESSAGE
    expect 2 run -c mark-sweep -w "list-drop:length=10,pacing:$1" -o dir
    said "workload pacing: $2"
    [ ! -e dir ] || fail 'something was run'
  }
  wrong phase=spike,length=2000000 'phase=spike is longer than the run'
  wrong phase=plateau,live=100000,length=5000 'phase=plateau is too short'
  wrong low=7 'phase=steady has no low'
  wrong phase=shrink,low=20000 'low=20000 is more than live=10000'
  wrong phase=idle 'phase=idle needs idle=MS'
  expect 2 run -c mark-sweep -w pacing:phase=stead -o dir
  said "'stead'"
  # A grid that does not fit into memory.
  expect 2 run -c mark-sweep -o dir \
    -w pacing:live=1000,pacing:live=1073741824,size=1,payload=1024,external=1000000
  said 'workload pacing has '
  said ' MiB alive with these parameters, and there are '
  [ ! -e dir ] || fail 'something was run'
  # The program itself says the same.
  exits 2 "$(dirname "$reapmark")/collectors/mark-sweep" --run pacing:low=7
  said 'workload pacing: phase=steady has no low'
}

test_suite_is_planned() {
  expect 0 run pacing --dry-run -n 1
  for phase in growth plateau spike sawtooth shrink idle; do
    printed "phase=$phase"
  done
  for collector in refcount-cycles refcount-generations refcount-incremental; do
    printed "/$collector/"
  done
  for policy in percent sqrt balance count; do
    printed "policy=$policy"
  done
}

run_test "$3"
