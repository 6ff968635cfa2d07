#!/usr/bin/env bash
# Tests of what disturbs runs, with the real collector mark-sweep.  Usage:
# disturbed.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
load=cycles:rounds=401

# ticks PID: prints the CPU time of a process in ticks of 10 ms; nothing if it is
# gone.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat" 2>/dev/null || true; }

# A run that is stopped from outside is suspect, and its figures are not shown.
# It is stopped again and again, whenever it has run for 100 ms, and for longer
# than the bound, so that some stops are in its measured part on a machine of any
# speed and load.
stopped() { # LOAD THREADS
  local pid now then
  start run -w "$1" -c mark-sweep -t "$2" -n 1 --timeout 300 -o dir
  while ! grep -q "\"cell\":\"$1" dir/runs.jsonl 2>/dev/null; do
    kill -0 "$driver" || fail 'the driver ended'
    sleep 0.01
    pid=$(pgrep -P "$driver" -f -- "--run $1 " || true)
    [ -n "$pid" ] || continue
    then=$(ticks "$pid")
    while now=$(ticks "$pid") && [ -n "$now" ]; do
      sleep 0.01
      [ "$now" -ge $((${then:-0} + 10)) ] || continue
      then=$now
      kill -STOP "$pid" 2>/dev/null || true # it may have ended
      sleep 0.3
      kill -CONT "$pid" 2>/dev/null || true
    done
  done
  ended 1
  row '^mark-sweep +suspect +– '
  printed 'mark-sweep: suspect in 1 of 1 invocations: the process neither ran nor'
  said "suspect: $1/mark-sweep/heap=3x/threads=$2/seed=42#1: the process"
}

test_stopped() {
  stopped "$load" 1
  expect 0 report dir --format gbench
  printed 'suspect: the process neither ran nor waited'
  # The collector is not to blame, so that nothing is compared.
  "$reapmark" compare dir:mark-sweep dir:mark-sweep >out 2>err || true
  printed 'base suspect: the process neither ran nor waited for a processor'
}

test_stopped_threads() { stopped threads:ops=300001 2; }

# Nobody stopped this one, however busy the machine is.
test_undisturbed() {
  load=binary-trees:depth=14,stretch=14
  expect 0 run -w "$load,threads:ops=2000" -c mark-sweep -t 2 -n 1 -o dir
  counted 0 '"suspect":' dir/runs.jsonl
  counted 7 '"still":' dir/runs.jsonl # with five of the canary
}

# The canary runs also without a suite: before, between and after.
test_canary() {
  expect 0 run -w "$load" -c mark-sweep -n 1 --dry-run
  counted 5 '^canary/' out
  expect 0 run -w "$load" -c mark-sweep -n 3 --dry-run
  counted 7 '^canary/' out
  expect 0 run -w list-drop:length=1000 -c mark-sweep -n 1 -o dir
  counted 5 '"canary":true' dir/runs.jsonl
  printed '6 of 6 runs'
  row '[Tt]he canary, run 5 times, '
  # Faster is as suspect as slower.
  canary_took 1000000 dir
  expect 0 report dir
  printed 'The canary, run 5 times, changed by +0.0 %'
  for time in 900000 1100000; do
    canary_took $time dir 45
    expect 0 report dir --format json
    printed '"suspect": true'
    printed 'SUSPECT: the canary, run 5 times, drifted by'
  done
  expect 0 run -w list-drop:length=1000 -c mark-sweep -n 2 -o dir --resume
  counted 5 '"canary":true' dir/runs.jsonl # a plan of two rounds has no more
  # A search has no use for one.
  expect 1 minheap -w list-drop:length=1000 -c mark-sweep --grain 4M -o min
  unprinted canary
}

# A command whose output cannot be written has failed: those that need real
# collectors.  (The others: driver-full_output.)
test_full_output() {
  for command in 'describe list-drop:length=100' 'leaks mark-sweep -w pair-cycle' \
    'explain pair-cycle -c mark-sweep' \
    'stress mark-sweep -C plain --seeds 1 --ops 2000 -o found'; do
    code=0
    "$reapmark" $command >/dev/full 2>err || code=$?
    checks=$((checks + 1))
    [ $code = 1 ] || fail "$command: exit $code, not 1"
    said 'standard output could not be written'
  done
}

run_test "$2"
