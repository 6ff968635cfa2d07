#!/usr/bin/env bash
# Tests of `reapmark stress` with scripted collectors, as a user runs it.
# Usage: end-to-end.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
use_scripted "$here/scripted-collector" alpha beta gamma epsilon

# acts NAME COMMANDS: the shell commands say what this collector does from now on.
acts() { printf '%s\n' "$2" >"found/$1.act"; }
episodes() { lines "$1/episodes.jsonl"; }
ran() { lines "found/$1.commands"; }

test_passes() {
  expect 0 stress alpha beta --quick -o dir
  printed 'ok, all 5 places' # of a sweep
  row '^alpha +\(all\) +ok '
  row '^beta +turns +n/a: needs threads'
  expect 0 stress gamma -C plain,stack --quick -o shallow
  row '^gamma +stack +n/a: needs drops of any depth'
  # Each collector performs as many operations as --ops asks for.
  expect 0 stress alpha --ops 1000000 --seeds 2 -C plain,poison --format csv \
    -o other
  printed 'alpha,plain,ok,2,500000,14,0,'
  printed 'alpha,poison,ok,2,500000,14,6,'
  printed 'alpha,(all),ok,4,1000000,28,6,'
}

test_commands() {
  expect 0 stress alpha:trigger=3 -C plain,yield,heap-90,heap-live --ops 375000 --seeds 1 \
    --seed 7 -t 3 -o dir
  has_line found/alpha.commands \
    '--run fuzz:ops=150000 --threads 1 --seed 7 --pin none --option trigger=3 --record-fd 3'
  options='--hostile yield=100 --pin none --option trigger=3 --record-fd 3'
  has_line found/alpha.commands \
    "--run fuzz:ops=75000,schedule=free --threads 3 --seed 7 $options"
  # The scripted footprint is 1000000 bytes, of which 100000 are alive.
  has found/alpha.commands '--heap 900000 '
  has found/alpha.commands '--heap 50000 '
  expect 0 stress beta -C plain,collect-7 -w fuzz:live=9,schedule=free --quick -o other
  has found/beta.commands 'fuzz:live=9,schedule=free,ops='
  has found/beta.commands 'fuzz:live=300,schedule=free,ops='
}

# A failure is described, run again with a trace, and kept in a folder, from which
# --repeat runs it.
test_failure() {
  acts alpha 'case $hostile in poison=1*) act=wrong ;; esac'
  expect 1 stress alpha --quick -o dir
  row '^alpha +poison +FAILED: graph '
  row '^alpha +poison-0 +ok '
  printed 'alpha, poison, seed 1: graph: object 4 was lost'
  printed 'exposed by operation 41'
  printed '    made by operation 3'
  printed 'command: '"$work/found/alpha --run fuzz:ops="
  printed 'failed again at try 1; its operations: dir/failure-1/trace'
  printed 'reapmark stress --repeat dir/failure-1'
  [ -s dir/failure-1/trace ] || fail 'no trace'
  [ -f dir/failure-1/errors ] || fail 'no errors'
  expect 1 stress --repeat dir/failure-1
  printed 'graph: object 4 was lost'
  rm found/alpha.act
  expect 0 stress --repeat dir/failure-1
  printed 'passed this time'
}

# Shrinking keeps the operations that fail.  It first tries a collection at every
# allocation in place of the condition.
test_shrink() {
  acts alpha 'case $hostile/$input in
  poison=1000/ | collect-every=7/) act=wrong ;;
  poison=1000/*) ! grep -q store "$input" || ! grep -q collect "$input" || act=wrong ;;
  collect-every=1/*) ! grep -q new "$input" || act=wrong ;;
  esac'
  expect 1 stress alpha -C poison,collect-1 --quick --shrink -o dir
  sed -n '/shrunk to/,$p' out >a
  for line in '# fails with WRONG graph' 'enter 1 0' 'new 0 0 0'; do
    has_line a "    $line"
  done
  acts alpha 'case $hostile/$input in
  poison=1000/) act=wrong ;;
  poison=1000/*) ! grep -q store "$input" || ! grep -q collect "$input" || act=wrong ;;
  esac'
  expect 1 stress alpha -C poison --quick --shrink -o other
  printed 'shrunk to 3 operations: other/failure-1/minimal.trace'
  printed '    tls-store 0 0'
  printed '    collect'
  printed "--hostile poison=1000 --pin none --run replay --input other/failure-1/minimal.trace"
  expect 0 trace verify other/failure-1/minimal.trace
  rm other/failure-1/minimal.trace
  expect 1 stress --repeat other/failure-1 --shrink
  printed 'shrunk to 3 operations'
}

# What another collector, or another episode, fails with is no failure of this one.
test_others() {
  acts alpha 'case $hostile in poison=1*) act=wrong ;; esac'
  expect 1 stress alpha -C poison --quick -o dir
  acts alpha 'act=wrong name=other'
  expect 1 stress --repeat dir/failure-1
  printed "crash: exit status 0: no valid record: its collector is 'other', not 'alpha'"
  unprinted 'graph'
  acts alpha 'act=wrong seed=77'
  expect 1 stress --repeat dir/failure-1
  printed 'no valid record: its seed is 77, not 1'
  for wrong in "name=other its collector is 'other', not 'alpha'" \
    "spec=fuzz its workload is 'fuzz', not 'replay'"; do
    acts alpha "act=wrong; [ -z \"\$input\" ] || ${wrong%% *}"
    expect 1 stress --repeat dir/failure-1 --shrink
    said "found/alpha cannot replay the trace: no valid record: ${wrong#* }"
  done
}

# A failure ends the episodes of that collector under that condition, and no others.
test_failure_ends_a_pair() {
  acts alpha 'case $seed in 2) act=wrong ;; esac'
  expect 1 stress alpha beta -C plain --seeds 5 --ops 50000 --format csv -o dir
  printed 'alpha,plain,FAILED: graph,2,'
  printed 'beta,plain,ok,5,'
}

test_kinds_of_failure() {
  acts alpha 'case $hostile in
  collect-every=1) act=crash ;;
  collect-every=7) act=hang ;;
  collect-every=1000) act=leak ;;
  collect-every=50) act=race ;;
  poison=1000) act=oom ;;
  poison=0*) act=mute ;;
  buffers=1) act=idle ;;
  fail-every*) act=oom ;;
  fail-at=4) act=crash ;;
  esac'
  expect 1 stress alpha --quick --timeout 1 --format csv -o dir
  printed 'alpha,collect-1,FAILED: crash,1,0,0,0,'
  printed ',SIGABRT: assertion failed'
  printed 'alpha,collect-7,FAILED: hang,'
  printed ',killed after 1 s: waiting'
  printed 'alpha,collect-1000,FAILED: count,'
  printed 'alpha,collect-free,FAILED: tsan,'
  printed ',ThreadSanitizer: data race gc.c:7'
  printed 'alpha,poison,FAILED: limit,'
  printed 'alpha,poison-0,VACUOUS,'
  printed 'alpha,buffers-1,VACUOUS,'
  printed ',no collection happened'
  printed 'alpha,fail-every,ok; 1 out of memory,'
  printed 'alpha,fail-at,FAILED: crash,4,'
}

# A collector is put under those conditions whose hooks it declares, and must let
# them come about.
test_hooks() {
  acts gamma 'echo "$hostile" >>"$0.hostile"'
  expect 0 stress gamma -C plain,poison,buffers-1,fail-at,yield,collect-7 --quick \
    --format csv -o dir
  printed 'gamma,poison,n/a: does not poison what it frees'
  printed 'gamma,buffers-1,n/a: has no list with a bound'
  printed 'gamma,fail-at,n/a: its own allocations have no hook'
  printed 'gamma,yield,n/a: its races have no hook'
  printed 'gamma,collect-7,ok,' # which the random mutator sees to
  ! grep -qE 'poison|buffers|fail|yield' found/gamma.hostile || fail 'it was put under one of them'
  acts alpha 'act=mute'
  expect 1 stress alpha -C poison,buffers-2,collect-7 --quick -o other
  counted 3 '^alpha +(poison|buffers-2|collect-7) +VACUOUS ' out
}

# Time that a program did not get from a busy machine does not make it hang.
# Neither does waiting alone, nor work alone.
test_busy_machine() {
  acts alpha 'for turn in 1 2 3 4 5 6 7 8 9; do
    x=0; while [ $x -lt 10000 ]; do x=$((x + 1)); done
    sleep 0.06
  done'
  expect 0 stress alpha -C plain --quick --timeout 0.4 -o dir
  row '^alpha +plain +ok '
  acts alpha 'while :; do :; done'
  expect 1 stress alpha -C plain --quick --timeout 0.4 -o other
  row '^alpha +plain +FAILED: hang '
}

# As many episodes as --jobs asks for run side by side.
test_side_by_side() {
  acts alpha 'echo >>"$0.here"
  tries=0
  until [ "$(wc -l <"$0.here")" -ge 3 ] || [ $tries = 500 ]; do
    tries=$((tries + 1)); sleep 0.02
  done
  [ $tries -lt 500 ] || act=crash'
  expect 0 stress alpha -C plain,turns,free --quick --jobs 3 -o dir
  acts alpha 'mkdir "$0.alone" || act=crash; sleep 0.05; rmdir "$0.alone"'
  expect 0 stress alpha -C plain,turns,free --quick --jobs 1 -o other
}

# Nor do episodes wait for one processor, to which each program would bind itself.
test_not_bound() {
  expect 0 stress alpha beta -C plain,turns,heap-live --quick -o dir
  for name in alpha beta; do
    [ "$(grep -c -e '--pin none' found/$name.commands)" = "$(ran $name)" ] ||
      fail "$name: not all episodes have --pin none"
  done
}

# What is concluded does not depend on how many run side by side.
test_same_conclusions() {
  acts epsilon 'sleep 0.0$((seed % 7))
  case $hostile/$seed in poison=1000/2 | collect-at=7/1) act=wrong ;; esac
  pairs="\"a>$seed\""'
  for jobs in 1 2 5; do
    expect 1 stress epsilon alpha --ops 400000 --seeds 4 --jobs $jobs \
      --format csv -o $jobs
    sed 's/,[0-9]*,[^,]*$//' out >$jobs.csv
    same 1.csv $jobs.csv
    grep -o '"key":"[^"]*"' $jobs/episodes.jsonl | sort >$jobs.keys
    same 1.keys $jobs.keys
  done
}

# Half of the episodes have two threads.
test_threads() {
  expect 0 stress alpha -C turns,free --seeds 4 --ops 50000 -t 5 -o dir
  counted 4 '--threads 5 ' found/alpha.commands
  counted 4 '--threads 2 ' found/alpha.commands
}

# Each tight setting of a collector is a condition.
test_tight() {
  expect 0 stress alpha epsilon --quick --format csv -o dir
  printed 'alpha,tight,n/a: declares no tight settings'
  for setting in 2 3; do
    for name in tight tight-free tight-poison tight-buffers tight-heap \
      tight-heap-25; do
      printed "epsilon,$name:trigger=$setting,ok"
    done
    has found/epsilon.commands "--hostile poison=1000 --pin none --option trigger=$setting "
  done
  expect 0 stress epsilon:trigger=9 -C tight:trigger=3,tight-free --quick -o some
  row '^epsilon:trigger=9 +tight:trigger=3 +ok '
  row '^epsilon:trigger=9 +tight-free:trigger=2 +ok '
  ! grep -q 'tight:trigger=2' out || fail 'a setting that was not chosen'
  ! grep -q 'trigger=9' found/epsilon.commands || fail 'the setting is not set'
  expect 2 stress epsilon -C tight:trigger=4 --quick -o none
  said "no collector here declares the tight setting 'trigger=4'"
  expect 2 stress epsilon -C plain:trigger=2 --quick -o none
  said "unknown condition 'plain:trigger=2'"
  ln -s "$here/scripted-collector" found/zeta
  expect 2 stress zeta -C plain --quick -o none
  said "its tight setting 'triger=2': zeta has no option 'triger'"
}

# What never ran in a whole campaign fails it.
test_not_reached() {
  acts epsilon 'major=0; [ "$hostile" != poison=1000 ] || minor=0'
  expect 1 stress epsilon --quick -o dir
  printed 'epsilon: 1 of 2 events happened, 1 pairs of them followed each other'
  row '^minor +[0-9]+ +plain$'
  row '^major +0 +NOT REACHED$'
  printed 'NOT REACHED: epsilon: major.'
  ! grep -q FAILED out || fail 'something else failed'
  # Under some of the conditions it may be missing.
  expect 0 stress epsilon -C plain,poison --quick -o some
  printed 'NOT REACHED under these conditions: epsilon: major.'
  expect 0 stress epsilon -C plain,poison --quick --resume -o some --format csv
  printed 'epsilon,event minor,ok,,,,3,,,first under plain'
  printed 'epsilon,event major,NOT REACHED,,,,0,'
  expect 0 stress epsilon -C plain,poison --quick --resume -o some --format json
  printed '"event": "minor"'
  printed '"minor>major"'
}

# While an event is missing, a few more rounds of the tight settings follow, up to the
# one in which the event happens.
test_rounds_for_events() {
  acts epsilon 'major=0; [ "$seed" != 3 ] || major=1'
  expect 0 stress epsilon --quick --jobs 1 -o dir
  row '^major +[0-9]+ +tight:trigger=2$'
  said 'round 3 of 3, epsilon: '
  grep -o '"key":"[^"]*"' dir/episodes.jsonl >keys
  counted 1 '"epsilon/tight:trigger=2/3"' keys
  counted 0 '"epsilon/tight:trigger=2/4"' keys
  counted 0 '"epsilon/plain/[234]"' keys
  # Under some of the conditions it may be missing, so nothing is added.
  expect 0 stress epsilon -C plain,tight --quick --jobs 1 -o some
  counted 3 '"key"' some/episodes.jsonl
  # Where it never happens, the rounds have an end.
  acts epsilon 'major=0'
  expect 1 stress epsilon --quick --jobs 1 -o none
  said 'round 4 of 4, epsilon: '
  printed 'NOT REACHED: epsilon: major.'
}

# Collections of the checks are no proof.
test_coverage_of_collections() {
  acts epsilon '[ "$hostile" != poison=1000 ] || checked=true'
  expect 1 stress epsilon -C plain,poison --quick --format csv -o dir
  printed 'epsilon,plain,ok,1,500000,7,'
  printed 'epsilon,poison,VACUOUS,10,'
  printed ',no collection happened'
}

# What proves nothing with one seed is tried with others.
test_again_until_proof() {
  acts epsilon '[ "$hostile/$seed" != poison=1000/1 ] || checked=true'
  expect 0 stress epsilon -C plain,poison --quick --format csv -o dir
  printed 'epsilon,plain,ok,1,500000,7,'
  printed 'epsilon,poison,ok,2,'
  grep -q '"key":"epsilon/poison/1001/again-1"' dir/episodes.jsonl || fail 'no second episode'
  expect 0 stress epsilon -C plain,poison --quick --format csv --resume -o dir
  printed 'epsilon,poison,ok,2,'
}

# What ran out of memory at once proves nothing, with whatever seed; after some
# operations it does.
test_out_of_memory_at_once() {
  acts epsilon '[ "$hostile" != fail-every=13 ] || { act=oom ops=499; }'
  expect 1 stress epsilon -C plain,fail-every --quick --format csv -o dir
  printed 'epsilon,plain,ok,1,'
  printed 'epsilon,fail-every,VACUOUS,10,'
  printed ',it ran out of memory after 499 operations'
  acts epsilon 'case $hostile/$seed in
  fail-every=13/1) act=oom ops=499 ;; fail-every=13/*) act=oom ops=500 ;; esac'
  expect 0 stress epsilon -C plain,fail-every --quick --format csv -o other
  printed 'epsilon,fail-every,ok; 2 out of memory,2,999,'
}

# Seeds with which new pairs of events were seen go on longer under tight settings,
# in every second round, those that added most first.
test_leads() {
  acts epsilon 'case $seed in
  5) pairs="\"a>b\"" ;; 6) pairs="\"a>b\", \"b>c\", \"c>d\"" ;; *) pairs= ;; esac'
  set -- epsilon -C plain,tight --seed 5 --seeds 4 --ops 600000 --jobs 1
  expect 0 stress "$@" -o dir
  grep -o '"key":"[^"]*"' dir/episodes.jsonl >keys
  for key in plain/6 tight:trigger=2/5/longer tight:trigger=3/6 \
    tight:trigger=2/6/longer; do
    counted 1 "\"epsilon/$key\"" keys
  done
  counted 2 longer keys
  counted 10 'ops=50000 ' found/epsilon.commands
  counted 2 'ops=100000 ' found/epsilon.commands
  expect 0 stress "$@" -o dir --resume
  counted 12 ops= found/epsilon.commands
}

# One failure of a kind is shown, and shrunk.
test_kinds_are_shown_once() {
  acts alpha 'case $hostile/$input in
  collect-every=*/) act=wrong ;;
  */) ;;
  *) ! grep -q store "$input" || act=wrong ;;
  esac'
  expect 1 stress alpha -C plain,collect-1,collect-7,collect-1000,poison-0 --quick \
    --shrink -o dir
  counted 1 'graph: object 4 was lost' out
  printed '2 more like it: collect-7, collect-1000'
  counted 1 'shrunk to' out
  [ ! -e dir/failure-2/minimal.trace ] || [ ! -e dir/failure-1/minimal.trace ] ||
    fail 'two were shrunk'
  expect 1 stress alpha -C plain,collect-1,collect-7,collect-1000,poison-0 --quick \
    --shrink -o dir --resume
  printed 'shrunk to'
  ! grep -q 'tries' err || fail 'shrunk again'
  # The same failure under other conditions is one; other numbers make no other
  # kind, but another condition does.
  acts alpha 'act=wrong'
  expect 1 stress alpha -C plain,turns,poison --quick -o same
  printed '2 more like it: turns, poison'
  acts alpha 'act=wrong; case $hostile in
  poison=1*) at=141 ;; poison=0*) at=151 ;; esac'
  expect 1 stress alpha -C plain,turns,poison,poison-0 --quick -o other
  counted 2 'graph: object 4 was lost' out
  printed '1 more like it: poison-0'
}

# A failed row shows the operation that failed, also of a program that crashed.
test_operation_of_failure() {
  acts alpha 'ops=0
  case $hostile in poison=1000) act=wrong ;;
  collect-every=7) echo "alpha: SIGSEGV in operation 1234 of thread 0" >&2; act=crash ;; esac'
  expect 1 stress alpha -C poison,collect-7 --quick --format csv -o dir
  printed 'alpha,poison,FAILED: graph,1,41,'
  printed 'alpha,collect-7,FAILED: crash,1,1234,'
}

# A failure under a condition with races is run again until it fails once more.
test_race() {
  acts alpha 'n=$(cat "$0.n" 2>/dev/null || echo 0)
  echo $((n + 1)) >"$0.n"
  case $n in 0|3|4|5|6|7|8|9) act=wrong ;; esac'
  expect 1 stress alpha -C free --quick -o dir
  printed 'failed again at try 3'
  echo 0 >found/alpha.n
  acts alpha 'n=$(cat "$0.n"); echo 1 >"$0.n"; [ "$n" = 1 ] || act=wrong'
  expect 1 stress alpha -C free --quick --invocations 4 -o other
  printed 'did not fail again in 4 tries'
  [ ! -f other/failure-1/trace ] || fail 'the trace is of another run'
}

test_resume_after_kill() {
  acts alpha 'act=slow; [ "$hostile" != poison=1000 ] || act=wrong'
  set -- alpha beta --quick --format csv
  expect 1 stress "$@" -o whole
  sed 's/,[0-9]*,[^,]*$//' out >rows
  start stress "$@" -o dir
  five() { [ "$(episodes dir)" -ge 5 ]; }
  wait_for five
  kill_driver
  [ "$(episodes dir)" -lt "$(episodes whole)" ] || fail 'killed too late'
  printf '{"key": "half' >>dir/episodes.jsonl
  expect 2 stress "$@" -o dir
  said 'has episodes already; go on with --resume'
  expect 2 stress "$@" -o dir --resume --seeds 3
  said "'seeds' differs"
  expect 1 stress "$@" -o dir --resume
  said 'cut short'
  sed 's/,[0-9]*,[^,]*$//' out >rows.resumed
  same rows rows.resumed
  [ "$(episodes dir)" = "$(episodes whole)" ] || fail 'not the same episodes'
  before=$(ran alpha)
  expect 1 stress "$@" -o dir --resume
  [ "$(ran alpha)" = "$before" ] || fail 'episodes were repeated'
}

# A directory that goes away during a campaign is noticed at the next episode.
test_directory_removed() {
  acts alpha 'act=slow'
  start stress alpha -C plain --seeds 50 -o dir
  two() { [ "$(episodes dir)" -ge 2 ]; }
  wait_for two
  mv dir away
  ended 1
  said 'dir/episodes.jsonl: No such file or directory'
  [ "$(episodes away)" -lt 50 ] || fail 'it went on'
}

test_time() {
  acts alpha 'act=slow'
  expect 0 stress alpha -C plain,turns --seeds 100 --time 0.3 -o dir
  said 'the time is used up'
  [ "$(episodes dir)" -lt 50 ] || fail 'it went on'
}

test_time_too_short() {
  acts alpha 'act=slow'
  expect 1 stress alpha -C plain,turns,free --seeds 1 --time 0.01 --jobs 1 -o dir
  said '2 of 3 rows were not run'
  printed 'not run'
}

test_interrupt() {
  acts alpha 'act=hang'
  start stress alpha -C plain --quick -o dir
  one() { [ "$(ran alpha)" -ge 1 ]; }
  wait_for one
  kill -TERM "$driver"
  ended 130
  said 'interrupted; --resume -o dir goes on'
  # Also while the collectors describe themselves.
  printf '#!/bin/sh\necho $$ >"$0.pid"\nexec sleep 1000\n' >found/hanging
  chmod +x found/hanging
  start stress alpha -C plain --quick -o other
  wait_for test -s found/hanging.pid
  kill -TERM "$driver"
  ended 130
  complained interrupted
  [ ! -e other ] || fail 'a campaign was begun'
}

# seed_bugs COMMANDS: makes a program with seeded bugs that acts by the commands
# (see `acts`).
seed_bugs() {
  mkdir -p mutants
  ln -sf "$here/scripted-collector" mutants/delta
  printf '%s\n' "$1" >mutants/delta.act
}

test_mutants() {
  # Three oracles catch the first bug.  One oracle catches the second bug.
  seed_bugs 'case $mutant/$spec in
  root-skipped/*oracle=graph | root-skipped/*oracle=none) act=crash ;;
  root-skipped/*oracle=weak) ;;
  root-skipped/*oracle=*) act=leak ;;
  root-skipped/*) [ -z "$hostile" ] || act=wrong ;;
  weak-late/*oracle=weak) act=weak ;;
  weak-late/*oracle=*) ;;
  weak-late/*) act=weak ;;
  esac'
  set -- stress --mutants delta --ops 80000 --seeds 2 -C plain,collect-1 --alone
  expect 0 "$@" --format csv -o dir
  printed 'delta,root-skipped,1,1,yes,graph,collect-1,15000,'
  printed 'delta,root-skipped,1,2,yes,graph,collect-1,5000,'
  printed ',count crash,a root is skipped'
  printed 'delta,weak-late,14,1,yes,weak,collect-1,5000,' # as the list of bugs says
  printed ',weak,a weak reference'
  before=$(lines mutants/delta.commands)
  expect 0 "$@" --resume -o dir
  [ "$(lines mutants/delta.commands)" = "$before" ] || fail 'episodes were repeated'
  printed 'Caught: 2 of 2, with each of 2 seeds.'
  printed 'Only by weak: delta+weak-late.'
  printed 'Only by graph: none.'
  expect 0 stress --mutants weak-late --ops 80000 --seeds 1 -C plain -o other
  printed 'Caught: 1 of 1, with one seed.'
  ! grep -q oracle= other/episodes.jsonl || fail 'the oracles were asked'
}

# A bug counts as caught if each seed catches it.  Longer episodes follow shorter
# ones.  Where the list of bugs is wrong about the condition, others follow; and the
# one that caught a bug comes first with the next seed.
test_mutant_not_caught() {
  seed_bugs 'case $mutant/$seed/$ops in
  weak-late/*) [ -n "$hostile" ] || act=weak ;;
  root-skipped/[13]/*) ;;
  root-skipped/2/5000 | root-skipped/2/10000) ;;
  root-skipped/2/*) act=wrong ;;
  esac'
  expect 1 stress --mutants delta --ops 240000 -C plain,collect-1 -o dir
  printed 'Caught: 1 of 2, with each of 3 seeds.'
  row '^delta +root-skipped +1 +1 +NO '
  row '^delta +root-skipped +1 +2 +yes +graph +plain +55000 '
  row '^delta +root-skipped +1 +3 +NO '
  row '^delta +weak-late +14 +1 +yes +weak +plain +15000 '
  row '^delta +weak-late +14 +3 +yes +weak +plain +76190 '
}

# Bugs of the harness are in the programs of every family.
test_mutants_of_the_harness() {
  seed_bugs '[ "$mutant" != blind ] || act=wrong'
  expect 0 stress --mutants harness --quick -C plain -o dir
  row '^delta +blind +30 +1 +yes +graph +plain '
  printed 'Caught: 1 of 1,'
}

# If the program fails without a bug, then a failure does not count as catching a
# bug; and what proves nothing does not count as failing.
test_mutants_of_the_sick() {
  seed_bugs 'act=leak'
  expect 1 stress --mutants delta --quick -C plain,collect-1 -o dir
  said 'delta without any bug fails: plain, seed 1: count: 7 objects too many'
  counted 1 'plain, seed 1' err
  printed 'Caught: 0 of 2,'
  seed_bugs 'case $mutant in "") act=idle ;; *) act=wrong ;; esac'
  expect 0 stress --mutants delta --quick -C plain,collect-1 -o other
  printed 'Caught: 2 of 2,'
  seed_bugs 'case $mutant/$hostile in /?*) ;; /) act=wrong ;; *) act=wrong ;; esac'
  expect 0 stress --mutants delta --quick -C plain,collect-1 -o third
  counted 6 ' yes +graph +collect-1 ' out
}

test_mutants_resume_after_kill() {
  seed_bugs 'sleep 0.05; case $mutant/$spec in
  */*oracle=weak | */*oracle=count) ;;
  *) [ -z "$mutant$hostile" ] || act=wrong ;; esac'
  set -- stress --mutants delta --ops 80000 --seeds 2 -C plain,collect-1 --alone
  expect 0 "$@" --format csv -o whole
  cut -d, -f1-8,10- out >rows
  for wanted in 1 7 12; do
    start "$@" -o dir$wanted
    some() { [ "$(episodes dir$wanted)" -ge $wanted ]; }
    wait_for some
    kill_driver
    expect 0 "$@" --resume --format csv -o dir$wanted
    cut -d, -f1-8,10- out >rows.resumed
    same rows rows.resumed
    [ "$(episodes dir$wanted)" = "$(episodes whole)" ] || fail 'not the same episodes'
  done
}

test_no_mutants() {
  expect 3 stress --mutants
  said 'there are no seeded bugs'
  seed_bugs 'act=weak'
  expect 3 stress --mutants weak-latte -o dir
  said "there is no seeded bug 'weak-latte' (did you mean 'weak-late'?)"
}

# A collector or workload that cannot take part is refused before anything runs.
test_cannot_take_part() {
  for name in told diagnostic; do
    ln -s "$here/scripted-collector" "found/$name"
  done
  expect 2 stress alpha told -C plain -o dir
  said 'told cannot take part: it frees what it is told is dead'
  expect 2 stress alpha diagnostic -C plain -o dir
  said 'diagnostic cannot take part: it says: diagnostic: --trace FILE is'
  for what in '' --mutants; do
    expect 2 stress $what -w binary-trees -C plain -o dir
    said "the random mutator is fuzz[:KEY=VALUE,...], and 'binary-trees' is not"
  done
  [ ! -e dir ] && [ "$(ran alpha)" = 0 ] || fail 'something was run'
  # Without names on the command line, such collectors are left out.
  expect 0 stress -C plain --quick -o dir
  unprinted told
}

test_formats() {
  acts alpha '[ "$hostile" != poison=1000 ] || act=wrong'
  expect 1 stress alpha -C plain,poison --quick --format markdown -o a
  printed '| alpha | poison | FAILED: graph |'
  printed '```'
  expect 1 stress alpha -C plain,poison --quick --format json -o b
  printed '"operation": 41'
}

test_usage() {
  expect 2 stress alhpa
  said "unknown collector 'alhpa' (did you mean 'alpha'?)"
  expect 2 stress nosuch
  said "unknown collector 'nosuch' ('reapmark list collectors' names all)"
  expect 2 stress alpha:foo=1
  said "alpha has no option 'foo' (choose from trigger)"
  expect 2 stress alpha -w fuzz:schedule=foo
  said "'foo' is none of its choices (choose from turns, free)"
  expect 2 stress alpha -C posion
  said "unknown condition 'posion' (did you mean 'poison'?)"
  expect 2 stress alpha -w fuzz:lve=4
  said "fuzz has no parameter 'lve' (did you mean 'live'?)"
  expect 2 stress alpha --format markdwn
  said "did you mean 'markdown'?"
  expect 2 stress alpha --format xml
  said "unknown format 'xml' (choose from table, markdown, latex, csv, csv-excel, json)"
  expect 2 stress alpha --resume
  said '--resume needs -o DIR'
  expect 2 stress alpha --output ''
  said '--output: the value is empty: DIR is wanted'
  expect 2 stress --repeat nowhere
  said 'nowhere/failure.json'
  expect 0 stress --list
  printed 'collect-at'
  row '^peak '
  expect 2 stress alpha -C peak
  said "condition 'peak' is run by itself, before heap-..."
  expect 2 stress alpha -C plain,free,plain
  said "condition 'plain' is given twice"
  expect 2 stress --list extra
  said "unexpected argument 'extra': --list takes no collectors"
  expect 2 stress --repeat dir/failure-1 extra
  said "unexpected argument 'extra': --repeat takes no collectors"
  REAPMARK_PATH= expect 3 stress
}

run_test "$2"
