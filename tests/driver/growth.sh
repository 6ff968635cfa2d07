#!/usr/bin/env bash
# growth.sh REAPMARK VALGRIND STEPS TEST: what the driver does with results
# grows with the number of records at most.  Instructions are counted, which are
# the same on every machine.  STEPS is the program of steps.c.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
valgrind=$2
steps=$3
sizes='50 200 800'

# counted COMMAND...: $instructions of the command.
counted() {
  exits 0 "$valgrind" --tool=callgrind --callgrind-out-file=counts "$@"
  instructions=$(sed -n 's/^totals: *//p' counts)
  [ "$instructions" -gt 0 ] || fail "no instructions of $*"
}

# linear COMMAND...: from 200 to 800 the command does little more than four
# times as much more as from 50 to 200.  Its words may have %, the size.
linear() {
  local counts=()
  for n in $sizes; do
    counted "${@//%/$n}"
    counts+=("$instructions")
  done
  local first=$((counts[1] - counts[0])) then=$((counts[2] - counts[1]))
  [ $((10 * then)) -le $((45 * first)) ] ||
    fail "$*: ${counts[*]} instructions for $sizes"
}

# Results that have more cells, or more invocations: cells.50, and so on.
made() {
  for n in $sizes; do
    "$here/make-results.sh" "cells.$n" $((n / 2)) 2
    "$here/make-results.sh" "invocations.$n" 2 $((n / 2))
  done
}

test_report() {
  made
  linear "$reapmark" report cells.%
  linear "$reapmark" report invocations.% -f json
}

test_compare() {
  made
  linear "$reapmark" compare cells.% cells.%
  linear "$reapmark" compare invocations.%:alpha -f csv
}

test_resume() {
  made
  linear "$steps" resume cells.%
  linear "$steps" resume invocations.%
}

# A table of smallest heaps is not searched for every cell.
test_minimums() {
  sizes='100 400 1600'
  linear "$steps" minimums %
}

run_test "$4"
