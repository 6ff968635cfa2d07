#!/usr/bin/env bash
# Tests that no figure is shown of what did not happen: cells whose collector
# never collected, or once or twice, in every table and format.  Usage:
# end-to-end.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
use_scripted "$here/scripted-collector" tracing nursery silent counting \
  detecting manual old hiding

# cells ROUNDS COLLECTOR,... [ARGUMENT...]: runs one invocation ($times) of each, into
# the directory `dir` ($into).
cells() {
  expect 0 run -w "script:rounds=$1" -c "$2" --heap 3x -n "${times:-1}" -o "${into:-dir}" "${@:3}"
}

# None: the verdict stays, and the row says what is missing and what would help.
test_table_of_none() {
  cells 5 tracing,nursery
  row '^tracing +ok, not exercised +\(100k\) +– +– +– +– +– +– '
  row '^nursery +ok +100k '
  printed 'tracing: not exercised: no collection in the measured part'
  printed 'make the run longer (--exercise 5) or the heap smaller'
  printed '( ): not to be compared'
  expect 0 report dir --format markdown
  row '^\| tracing \| ok, not exercised \| +\(100k\) \|'
}

# Collections whose pauses were not reported: steps are shown, and times are
# compared, but no pause, not even one of 0, in any format.
test_unreported_pauses() {
  cells 50 hiding,nursery
  row '^hiding +ok +100k +– +– +– +– +– +200 ns '
  row '^nursery +ok +100k +– +0.10 +200 ns +– +200 ns +200 ns '
  printed 'hiding: of 50 collections most were not reported as pauses'
  expect 0 report dir --format csv
  row ',hiding,3x,1,ok,,acts,100000,,,,,,,200,'
  expect 0 report dir --format json
  sed -n '/"collector": *"hiding"/,/"collector": *"nursery"/p' out >of_hiding
  has of_hiding '"step_max_ns"'
  ! grep -qE '"(pause_|gc_)' of_hiding || fail 'a pause that was not reported'
  expect 0 report dir --format gbench
  sed -n '/hiding/,/}/p' out >of_hiding
  ! grep -qE '"(pause_|gc_)' of_hiding || fail 'a pause that was not reported'
  expect 0 report dir --table mmu --format csv
  row ',hiding,3x,1,ok,1000000,,,1,1'
  expect 0 report dir --table lbo
  row '^hiding .*\(–\)'
  expect 3 compare dir:nursery dir:hiding --fail-on-regression pause_max=5%
  said 'nothing to compare'
}

# One or two: what was seen is shown with the count, and is not compared.
test_table_of_few() {
  cells 10 tracing,nursery
  row '^tracing +ok, 1 collection .* \(200 ns\) '
  printed 'tracing: 1 collection in the measured part: its pauses are what'
  into=two cells 20 tracing
  row '^tracing +ok, 2 collections '
  into=three cells 30 tracing
  row '^tracing +ok +100k '
  unprinted 'not to be compared'
}

# By what each kind of collector is judged.
test_kinds() {
  cells 5 silent,counting,detecting,manual,old
  row '^silent +ok, not exercised '
  for kind in counting detecting manual old; do row "^$kind +ok +100k "; done
  into=stops cells 10 silent
  row '^silent +ok, 1 stop '
  into=idle cells 0 counting
  row '^counting +ok, not exercised '
  printed 'counting: not exercised: nothing died in the measured part'
  expect 0 run -w script:cyclic=1 -c detecting,counting -n 1 --heap 3x -o cyclic
  row '^detecting +ok, not exercised '
}

# One invocation without a collection marks the cell.
test_least_invocation() {
  cells 30 tracing
  sed -E 's/"collections": ?3/"collections": 0/; s/#1"/#2"/;
    s/"invocation": ?1/"invocation": 2/' dir/runs.jsonl >more
  sed -i -E 's/"invocations": ?1/"invocations": 2/' dir/plan.json
  cat more >>dir/runs.jsonl
  expect 0 report dir
  row '^tracing +ok, not exercised '
}

test_csv() {
  cells 5 tracing,nursery
  expect 0 report dir --format csv
  row '^suite,.*,pause_max_ns,.*,exercised,collections$'
  row ',tracing,3x,1,ok,.*,no,0$'
  row ',nursery,3x,1,ok,.*,yes,5$'
  # no share, pauses, step
  row ',tracing,3x,1,ok,,acts,100000,,,,,,,,'
  into=few cells 10 tracing
  expect 0 report few --format csv
  row ',tracing,3x,1,ok,.*,few,1$'
}

test_json() {
  cells 5 tracing
  expect 0 report dir --format json
  row '"exercised": ?"no"'
  row '"collections": ?0'
  for name in gc_share_percent pause_max_ns pause_count step_max_ns; do
    counted 1 "\"$name\"" out # its description
  done
  row '"wall_ns": ?10000000'
  into=few cells 10 tracing
  expect 0 report few --format json
  row '"exercised": ?"few"'
  row '"pause_max_ns": ?200'
}

# Tools that track numbers get none that are not to be compared.
test_gbench() {
  cells 5 tracing,nursery
  expect 0 report dir --format gbench
  counted 1 '"run_name": ?"script:rounds=5/nursery' out
  counted 0 '"run_name": ?"script:rounds=5/tracing' out
  row '"reason": ?"not exercised: no collection'
  into=few cells 10 tracing
  expect 0 report few --format gbench
  row '"run_name": ?"script:rounds=10/tracing'
  counted 0 '"pause_max_ns"' out
}

# Every table that ranks or holds against each other.
test_other_tables() {
  cells 5 tracing,nursery
  for table in time-space lbo mmu stability; do
    expect 0 report dir --table $table
    row '^tracing +not exercised'
    expect 0 report dir --table $table --format csv
    counted 0 ',tracing,.*,0\.999' out
  done
  expect 0 report dir --table time-space
  row '^nursery +1$'
  into=few cells 10 tracing
  expect 0 report few --table mmu
  row '^tracing( +–){6} +0.999 / 0.999, 1 collection'
  expect 0 report dir --table memory
  printed 'tracing: not exercised'
}

# The best of a table is one that was exercised.
test_not_ranked() {
  cells 5 tracing,nursery
  sed -i -E '/"collector": ?"tracing"/s/"wall": ?10000000/"wall": 5000000/
    /"collector": ?"tracing"/s/1000000, ?10000000\]/1000000, 5000000]/' \
    dir/runs.jsonl
  for table in time-space lbo; do
    expect 0 report dir --table $table
    row '^nursery +1( |$)'
  done
}

test_compare() {
  times=6 cells 5 tracing,nursery
  expect 0 compare dir:nursery dir:tracing
  printed 'Not compared:'
  printed ': new not exercised; run longer (--exercise 5) or in a smaller heap'
  unprinted 'throughput, work'
  into=few times=6 cells 10 tracing,nursery
  expect 0 compare few:nursery few:tracing
  printed 'throughput, work/s'
  unprinted 'pause max, time'
  printed 'pause max'
  printed ': new 1 collection; run longer'
}

# Targets that rest on what did not happen are not judged.
test_limits() {
  cat >suite.yml <<EOT
name: mine
description: targets
invocations: 6
table: limits
targets:
  - {name: pause, what: longest, metric: pause_max_ns, gate: 1000,
     cell: {workload: "script:rounds=10", collector: tracing, heap: 3x}}
  - {name: time, what: wall, metric: wall_ns, gate: 1.e+9,
     cell: {workload: "script:rounds=5", collector: tracing, heap: 3x}}
  - {name: good, what: longest, metric: pause_max_ns, gate: 1000,
     cell: {workload: "script:rounds=50", collector: tracing, heap: 3x}}
EOT
  expect 0 run ./suite.yml -o dir
  expect 0 report dir --table limits
  row '^pause .* n/a: tracing: 1 collection'
  row '^time .* n/a: tracing: not exercised'
  row '^good .* met'
}

# Each side of a target would be as long as it needs, and their ratio one of
# different work.
test_exercise_of_targets() {
  cat >suite.yml <<EOT
name: mine
description: targets
table: limits
targets:
  - {name: t, what: wall, metric: wall_ns, gate: 2, over: {collector: nursery},
     cell: {workload: "script:rounds=10", collector: tracing, heap: 3x}}
EOT
  expect 2 run ./suite.yml --exercise 5 -o dir
  complained '--exercise does not go with the targets of a suite'
  [ ! -e dir/plan.json ] || fail 'something was run'
}

# All collectors of a cell get the length that the idlest of them needs; it is
# part of the cell's identity and of its record.
test_exercise() {
  cells 5 tracing,nursery,counting --exercise 5
  said 'script:rounds=5 becomes script:rounds='
  row '^tracing +ok +100k '
  n=$(sed -nE 's/.*"cell": ?"script:rounds=([0-9]+)\/tracing.*/\1/p' \
    dir/runs.jsonl)
  [ "$n" -ge 50 ] || fail "only $n rounds"
  for name in tracing nursery counting; do
    counted 1 "\"cell\": ?\"script:rounds=$n/$name/heap=3x" dir/runs.jsonl
  done
  counted 3 "\"rounds\": ?$n[,}]" dir/runs.jsonl
  row_of_plan=$(grep -c '"exercise": 5' dir/plan.json)
  [ "$row_of_plan" = 1 ] || fail 'the plan does not say it'
  expect 0 run --resume -o dir
  [ "$(lines dir/runs.jsonl)" = 3 ] || fail 'runs were repeated'
}

# What cannot become longer stays marked, and that is said.
test_exercise_in_vain() {
  expect 0 run -w rigid -c silent --heap 3x -n 1 --exercise 5 -o dir
  said 'its workload cannot be made longer'
  row '^silent +ok, not exercised '
  expect 2 run -w rigid -c silent --exercise 0 -o other
}

# The smallest heap of a collector that never collects is none.
test_minheap() {
  expect 1 minheap -w script:rounds=5 -c tracing,nursery -o dir --range 1-2
  row '^script:rounds=5 +tracing +1 +not exercised .* make the workload longer'
  row '^script:rounds=5 +nursery +1 +at most '
  has dir/minheap.json '"found": "not exercised"'
}

run_test "$2"
