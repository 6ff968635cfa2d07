#!/usr/bin/env bash
# Tests of options that no other test exercises, and that there are no others.
# Usage: options.sh REAPMARK MANUAL TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
manual=$2
cell='binary-trees:depth=10,rounds=1,array=4000,stretch=10'

# Every option of every command stands in a command line of a test script.
test_all_are_exercised() {
  "$manual" options >options
  exits 0 python3 "$here/exercised.py" options "$tests"
  # The check finds one that no test has.
  printf 'report\t--no-such-option\t--\n' >>options
  exits 1 python3 "$here/exercised.py" options "$tests"
  printed 'no test runs: reapmark report --no-such-option'
  counted 1 '^no test runs' out
}

test_list() {
  expect 0 list suites --columns name,cells -f csv
  has_line out name,cells
  row '^quick,[0-9]+$'
  expect 0 list suites --wide
  row '^suite +cells +targets +invocations +description$'
}

test_micro() {
  expect 0 micro -c refcount -p alloc --min-time 0.001 --format csv
  has_line out collector,primitive,ns_median,spread,instructions
  row '^refcount,alloc,[0-9.]+,[0-9.]+,$'
}

test_leaks() {
  expect 0 leaks --collectors refcount -w pair-cycle
  row '^cause +refcount'
}

test_minheap() {
  expect 0 minheap -w "$cell" -c refcount --threads 1 --precision 50% --confirm 1 -o dir
  row '^binary-trees.* refcount +1 +(minimum|at most) '
  expect 2 minheap -w "$cell" -c refcount --threads none -o other
  said threads
}

# Its status is 1 where it finds something serious about this machine.
test_doctor() {
  local code=0
  checks=$((checks + 1))
  "$reapmark" doctor --threads 1000 --format json >out 2>err || code=$?
  [ "$code" -le 1 ] || fail "doctor: exit $code"
  printed '"finding"'
}

run_test "$3"
