#!/usr/bin/env bash
# Tests of sweeps, minimum heaps, canary and observer with real collector
# programs.  Usage: end-to-end.sh REAPMARK FOLDER-OF-FAKE TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
export REAPMARK_PATH=$2

# The fake collector needs exactly 3200 bytes: 100 objects of 32 bytes.
test_minheap() {
  expect 0 minheap -o dir -c fake -w tiny --grain 1 --precision 0 --confirm 2
  has dir/minheap.json '"heap": 3200'
  has dir/minheap.json '"failed_below": 3199'
  has dir/minheap.json '"fails_above": 0'
  printed '1.00x'
  probes=$(lines dir/probes.jsonl)
  cp dir/minheap.json first
  # A search that is begun again runs nothing; one that was cut off goes on.
  expect 0 minheap -o dir -c fake -w tiny --grain 1 --precision 0 --confirm 2
  [ "$(lines dir/probes.jsonl)" = "$probes" ] || fail 'probes were repeated'
  sed -i '6,$d' dir/probes.jsonl
  printf '{"cell": "cut sh' >>dir/probes.jsonl
  expect 0 minheap -o dir -c fake -w tiny --grain 1 --precision 0 --confirm 2
  [ "$(lines dir/probes.jsonl)" = "$probes" ] || fail 'not the same probes'
  same first dir/minheap.json

  expect 0 run --heap-base minheap:dir --heap 1x,2x,none -c fake -w tiny -n 1 \
    -o runs
  has runs/runs.jsonl '"limit":6400'
  printed 'heap 1xmin'
  expect 0 run -o runs --resume
  expect 2 run --heap-base minheap -c fake -w tiny -o none
  said "'reapmark minheap -o none' makes it"
  expect 2 run --heap-base maximum -c fake -w tiny -o none
  said "'maximum' is neither peak"
}

test_minheap_without_an_answer() {
  expect 1 minheap -o dir -c fake:crash=1,fake:lose=1,fake:hang=1 -w tiny \
    --timeout 3
  printed 'CRASH: SIGABRT'
  printed 'WRONG: reclaimed 1 objects'
  printed 'stopped'
  expect 1 minheap -o small -c fake -w tiny --range 0.1-0.9 --grain 1
  printed 'unsatisfied'
  expect 1 minheap -o large -c fake -w tiny --range 2-4 --grain 1
  printed 'at most'
  expect 2 minheap -c fake -w tiny
  said 'minheap needs -o DIR'
  expect 2 minheap -o dir -w tiny --confirm 3/2
  said "--confirm: '3/2' is not K or K/N"
  expect 2 minheap -o dir -w tiny --range 4-2
  said "--range: '4-2'"
  expect 2 minheap -o dir -w tiny --precision 1kg
  said "--precision: '1kg' is not a share"
  expect 2 minheap -o dir -w tinny
  said "unknown workload 'tinny' (did you mean 'tiny'?)"
  expect 2 minheap -o dir -w nope
  said "unknown workload 'nope' ('reapmark list workloads' names all)"
  expect 2 minheap -o dir -w tiny --grain 0
  said "--grain: '0'"
}

# A pair of collector and workload that cannot run is a row with the reason.
test_minheap_not_applicable() {
  mkdir scripted found
  for name in beta gamma; do
    ln -s "$tests/driver/scripted-collector" scripted/$name
  done
  ln -s ../scripted/beta found
  # A production runtime without a heap limit keeps its own policy in a plan.
  cat >found/free <<EOF
#!/bin/sh
"$work/scripted/gamma" "\$@" |
  sed 's/"name": "gamma"/"kind": "reference", "name": "free"/'
EOF
  chmod +x found/free
  REAPMARK_PATH=$REAPMARK_PATH:$work/found
  expect 3 minheap -o dir -c free,beta -w shared
  said 'no pair of these collectors and workloads can run'
  row '^shared +free +2 +n/a .* 0  needs a heap limit$'
  row '^shared +beta +2 +n/a .* 0  needs threads$'
  # Beside pairs that can run, such a pair is no failure.
  expect 0 minheap -o both -c fake,free -w tiny --grain 1
  printed 'was built without this workload'
  expect 0 run --heap-base minheap:both --heap 1x -c fake -w tiny -n 1 -o runs
}

# Probes of an earlier search count if neither the time limit nor the program has
# changed since.  Minimum heaps of other cells stay.
test_minheap_again() {
  mkdir mine
  cp "$REAPMARK_PATH/fake" mine
  REAPMARK_PATH=$work/mine
  precision=0
  again() { expect 0 minheap -o dir -c fake --grain 1 --precision "$precision" "$@"; }
  probes() { lines dir/probes.jsonl; }
  again -w tiny
  once=$(probes)
  again -w tiny --timeout 7
  [ "$(probes)" = $((2 * once)) ] || fail 'probes of another time limit'
  again -w tiny
  again -w tiny --timeout 7
  [ "$(probes)" = $((2 * once)) ] || fail 'probes were repeated'
  touch -d 2001-01-01 mine/fake
  again -w tiny
  [ "$(probes)" = $((3 * once)) ] || fail 'probes of another build'
  again -w tiny:objects=50
  again -w tiny:objects=70
  counted 3 '"found": "minimum"' dir/minheap.json
  again -w tiny:objects=50
  counted 3 '"found": "minimum"' dir/minheap.json
  has dir/minheap.json '"heap": 3200'
  precision=2%
  again -w tiny
  said 'warning: dir/minheap.json was made with other settings, and is replaced'
  counted 1 '"found": "minimum"' dir/minheap.json
  has dir/minheap.json '"rtol": 0.02'
  # The search tried no size below the smallest multiple of the grain.
  expect 1 minheap -o grain -c fake -w tiny
  printed 'at most'
}

test_sweep() {
  alone
  expect 0 run --dry-run -c fake -w tiny,tiny:objects=7 --heap \
    1.25x,1.5x,2x,3x,4x,6x -n 1
  grep -o 'heap=[^/]*' out >order
  printf 'heap=%sx\n' 1.25 2 6 1.25 2 6 1.5 3 1.5 3 4 4 >expected
  same order expected
  expect 0 run --dry-run -c fake -w tiny --heap range:1-6/8 -n 1
  grep -o 'heap=[^/]*' out >order
  printf 'heap=%sx\n' 1 3.024 6 1.893 4.393 1.417 2.429 3.679 5.167 >expected
  same order expected
  expect 2 run --dry-run -c fake -w tiny --heap range:6-1/8
  said 'is not range:FROM-TO/DIVISIONS'
}

test_canary() {
  expect 0 run quick -c none -w list-drop:length=1000 -n 2 -o dir
  counted 5 '"canary":true' dir/runs.jsonl
  head -n 1 dir/runs.jsonl >first
  tail -n 1 dir/runs.jsonl >last
  has first canary
  has last canary
  printed 'canary, run 5 times'
  printed '7 of 7 runs'
  keys dir >a
  sed -i '3,$d' dir/runs.jsonl
  expect 0 run -o dir --resume
  keys dir >b
  same a b
  expect 0 run quick -c none -w list-drop:length=1000 -n 2 -o dir --resume
}

# A canary that differs between two results directories marks their comparison as
# suspect, because the machine has changed.
test_canary_between() {
  expect 0 run quick -c none -w list-drop:length=1000 -n 2 -o base
  cp -r base new
  cp -r base near
  canary_took 1000000 base
  canary_took 1040000 near
  canary_took 1100000 new
  # A canary that drifts within one directory leads to a warning in every format.
  cp -r base drifting
  canary_took 1100000 drifting 345
  expect 0 report drifting --format json
  printed '"suspect": true'
  printed '"SUSPECT: the canary, run 5 times, drifted by +10.0 %'
  expect 0 report drifting --format csv
  said 'SUSPECT: the canary, run 5 times, drifted by +10.0 %'
  suspect='SUSPECT: the median of the canary changed by +10.0 % from base to new'
  for format in table markdown csv json; do
    expect 0 compare base near --format $format
    ! grep -q SUSPECT out err || fail 'suspect below the bound'
    expect 0 compare base new --format $format
    said "warning: base and new: $suspect"
    case $format in
    table | markdown) printed "$suspect" ;;
    json) printed '"suspect": true' && printed '"canary_change": 0.1' ;;
    esac
  done
}

test_observer() {
  expect 0 run --observer -c fake -w tiny -n 2 -o dir
  printed 'observer: time with instruments over time without'
  counted 2 '"instrumented":false' dir/runs.jsonl
  expect 0 report dir --table observer --format csv
  row '^tiny,fake,3x,1,.*,2,2$'
  keys dir >a
  sed -i '2,$d' dir/runs.jsonl
  expect 0 run -o dir --resume
  keys dir >b
  same a b
}

# The canary also runs in the rounds that --until-ci adds.
test_until_ci_canary() {
  run() {
    expect 0 run quick -c none -w list-drop:length=1000 -n 2 --until-ci 0.000001% \
      --budget 0.000001 -o dir "$@"
  }
  run
  # Two planned rounds, and a third that uses up the budget.  The canary runs twice
  # in each, once after the planned rounds and once at the end.
  counted 8 '"canary":true' dir/runs.jsonl
  [ "$(lines dir/runs.jsonl)" = 11 ] || fail 'not eleven runs'
  printed 'canary, run 8 times'
  printed '11 of 11 runs, 2 invocations or more per cell'
  keys dir >a
  # Resumed without its last lines, the directory gets the same runs.
  sed -i '4,$d' dir/runs.jsonl
  run --resume
  keys dir >b
  same a b
}

# --until-ci runs a cell as often without instruments as with them.
test_until_ci_observer() {
  alone
  run() {
    expect 0 run --observer -c fake -w tiny -n 1 --until-ci 0.000001% \
      --budget 0.000001 -o dir "$@"
  }
  run
  counted 2 '"instrumented":false' dir/runs.jsonl
  counted 2 '"instrumented":true' dir/runs.jsonl
  printed '4 of 4 runs, 1 invocation or more per cell'
  keys dir >a
  expect 0 report dir --table observer --format csv
  row '^tiny,fake,3x,1,.*,2,1$'
  sed -i '2,$d' dir/runs.jsonl
  run --resume
  keys dir >b
  same a b
}

# The report names a collector that stalls the mutator and reports no pause.
test_under_reporting() {
  alone
  expect 0 run -c fake:stall=2000000 -w tiny:objects=400 -n 1 -o dir
  printed 'WARNING: a step took'
  printed 'the longest pause that it reports is 0 ns'
  warning='the longest pause that it reports is 0 ns'
  expect 0 report dir --format json
  printed '"suspect": false'
  printed "$warning"
  # For a format that has no place for the warning, the warning is on stderr.
  for format in csv gbench; do
    expect 0 report dir --format $format
    said 'warning: tiny:objects=400/fake:stall=2000000/heap=3x/threads=1/seed=42: a step took'
    said "$warning"
  done
  # A single long stall in a few steps is enough.
  expect 0 run -c fake:stall=60000000 -w tiny:objects=70 -n 1 -o few
  printed 'longer than the typical one, but all pauses that it reports take 0 ns'
  expect 0 run -c fake:stall=20000000 -w tiny:objects=70 -n 1 -o short
  unprinted WARNING
}

# Pauses that cannot be are told by the runtime that meets them.
test_impossible_pauses() {
  expect 1 run -c fake:future=1000000,fake:backwards=1 -w tiny -n 1 -o dir
  row 'fake:future=1000000: WRONG .*: the collector reports a pause that ends [0-9]+ ns after the report'
  printed 'fake:backwards=1: WRONG in 1 of 1 invocations: the collector reports a pause that ends 1 ns before it begins'
  expect 0 run -c fake:pause=1000 -w tiny -n 1 -o other
}

# Memory that is in no footprint makes a run suspect if it is much.
test_memory_behind_the_back() {
  needs_unsanitized "$reapmark" 'a bound on resident memory'
  expect 0 run -c fake:hidden=20000000 -w tiny -n 1 -o dir
  expect 1 run -c fake:hidden=100000000 -w tiny -n 1 -o other
  row '^fake:hidden=100000000 +suspect '
  row 'suspect in 1 of 1 invocations: the process grew by 1[0-9]{8} bytes, and the heap held 3200 at most'
}

# `describe` says so when it ignores --threads, because the workload has one thread.
test_describe_threads() {
  expect 0 describe list-drop:length=4,rounds=1 -t 2
  printed '1 thread'
  said 'warning: list-drop has one thread, and --threads is left out'
  expect 0 describe threads:ops=10,live=10 -t 2
  printed '2 threads'
  silent
  expect 2 describe lst-drop
  said "unknown workload 'lst-drop' (did you mean 'list-drop'?)"
  expect 2 describe nope
  said "unknown workload 'nope' ('reapmark list workloads' names all)"
}

test_tables() {
  expect 0 run -c fake -w tiny:objects=100 --heap 1x,2x -n 2 -o dir
  for table in time-space lbo mmu growth; do
    for format in table markdown json; do
      expect 0 report dir --table $table --format $format
      printed fake
    done
    expect 0 report dir --table $table --format csv
    for heap in 1x 2x; do # a row for each heap size, of two invocations
      row "^tiny:objects=100,fake,$heap,1,.*,2(,|\$)"
    done
  done
  expect 3 report dir --table limits
  said "no run has what the table 'limits' shows"
  expect 2 report dir --table time
  said "unknown table 'time'"
  expect 2 report dir --table lbo --format gbench
  said "unknown format 'gbench'"
}

# The suites with tables of their own, on small workloads.
test_suites() {
  expect 0 run growth -c none,mark-sweep -n 1 -o growth \
    -w live-heap:objects=1000,rounds=2,floor:objects=1000
  printed 'growth: ns of wall time an op'
  printed 'floor:kind=gather, 1 thread'
  printed 'live-heap:measure=collect-random, 1 thread'
  printed 'live-heap:measure=allocate, 4 threads'
  expect 0 run limits -c mark-sweep,none -n 1 -o limits \
    -w live-heap:objects=1000,rounds=2,floor:objects=1000,binary-trees:depth=8,stretch=8,by-hand:depth=8
  printed '14 harness'
  printed '14 instruments'
  row '^5 random .* ns +[0-9.]+ ns +[0-9.]+x .*not decided: 1 invocations'
  unprinted bdwgc
  # Nothing is held against a number of its own, which another machine would miss.
  [ "$(grep -o '"over":' limits/plan.json | wc -l)" = \
    "$(grep -o '"gate":' limits/plan.json | wc -l)" ] || fail 'an absolute gate'
  # In their heaps the collectors of the newer targets collect often enough to be
  # compared.
  needs_unsanitized "$reapmark" 'workloads at their full size'
  expect 0 run limits -n 1 -o newer -w requests,binary-trees \
    -c generational,generational-copying,mark-sweep,mark-sweep-concurrent
  for target in '17 requests' '17 trees' '18 requests' '18 requests pause'; do
    row "^$target .* [0-9.]+x +[0-9.]+x to .*(not decided: 1 invocations|not comparable)"
  done
}

test_plot() {
  command -v gnuplot >/dev/null || skip 'gnuplot is not installed'
  {
    printf '%s: %s\n' name small description small table growth threads '[1, 2]' \
      heaps '[none]' cells ''
    for measure in allocate reuse; do
      printf -- '- workload: live-heap:measure=%s,rounds=2,objects=%s\n' \
        $measure 1000 $measure 2000
    done
  } >small.yml
  expect 0 run ./small.yml -c none,mark-sweep -n 1 -o dir
  expect 0 report dir --figure growth -o growth.svg
  for text in '<svg' 'reuse, 1 thread' 'allocate, 2 threads' mark-sweep; do
    has growth.svg "$text"
  done
}

run_test "$3"
