#!/usr/bin/env bash
# Tests of `reapmark stress` with scripted collectors, as a user runs it.
# Usage: end-to-end.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
use_scripted "$here/scripted-collector" alpha beta gamma

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
    '--run fuzz:ops=150000 --threads 1 --seed 7 --option trigger=3 --record-fd 3'
  options='--hostile yield=100 --option trigger=3 --record-fd 3'
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
  printed "--hostile poison=1000 --run replay --input other/failure-1/minimal.trace"
  expect 0 trace verify other/failure-1/minimal.trace
  rm other/failure-1/minimal.trace
  expect 1 stress --repeat other/failure-1 --shrink
  printed 'shrunk to 3 operations'
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
  printed ',killed after 5 s: waiting' # the second time
  printed 'alpha,collect-1000,FAILED: count,'
  printed 'alpha,collect-free,FAILED: tsan,'
  printed ',ThreadSanitizer: data race gc.c:7'
  printed 'alpha,poison,FAILED: limit,'
  printed 'alpha,poison-0,VACUOUS,'
  printed 'alpha,buffers-1,VACUOUS,'
  printed ',no collection happened'
  printed 'alpha,fail-every,ok; 1 out of memory,'
  printed 'alpha,fail-at,FAILED: crash,4,'
  # An episode that was too slow once and not again does not hang.
  acts beta 'n=$(cat "$0.n" 2>/dev/null || echo 0); echo 1 >"$0.n"
  [ "$n" = 1 ] || act=hang'
  expect 0 stress beta -C plain --quick --timeout 1 -o third
  # For a collector without hooks for the condition, the row is n/a.
  acts gamma 'case $hostile in poison*) act=mute ;; esac'
  expect 0 stress gamma -C plain,poison --quick --format csv -o other
  printed 'gamma,poison,n/a: its hooks are missing'
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
  expect 1 stress alpha -C plain,turns,free --seeds 1 --time 0.01 -o dir
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
  # Three oracles catch the first bug.  One oracle catches the second bug, in the
  # second round.
  seed_bugs 'case $mutant/$spec in
  root-skipped/*oracle=graph | root-skipped/*oracle=none) act=crash ;;
  root-skipped/*oracle=weak) ;;
  root-skipped/*oracle=*) act=leak ;;
  root-skipped/*) [ -z "$hostile" ] || act=wrong ;;
  weak-late/*oracle=weak) act=weak ;;
  weak-late/*oracle=*) ;;
  weak-late/*) [ "$seed" = 1 ] || act=weak ;;
  esac'
  expect 0 stress --mutants --ops 80000 --seeds 2 -C plain,collect-1 --format csv -o dir
  printed 'delta,root-skipped,1,yes,graph,collect-1,'
  printed ',count crash,a root is skipped'
  printed 'delta,weak-late,14,yes,weak,plain,'
  printed ',weak,a weak reference'
  expect 0 stress --mutants --ops 80000 --seeds 2 -C plain,collect-1 --resume -o dir
  printed 'Caught: 2 of 2.'
  printed 'Only by weak: delta+weak-late.'
  printed 'Only by graph: none.'
  expect 0 stress --mutants weak-late --ops 80000 --seeds 2 -C plain -o other
  printed 'Caught: 1 of 1.'
}

test_mutant_not_caught() {
  seed_bugs '[ "$mutant" != weak-late ] || act=weak'
  expect 1 stress --mutants --quick -C plain,collect-1 -o dir
  printed 'Caught: 1 of 2.'
  row '^delta +root-skipped +1 +NO '
}

# If the program fails without a bug, then a failure does not count as catching a
# bug.
test_mutants_of_the_sick() {
  seed_bugs 'act=leak'
  expect 1 stress --mutants --quick -C plain,collect-1 -o dir
  said 'delta without any bug fails: plain, seed 1: count: 7 objects too many'
  printed 'Caught: 0 of 2.'
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
  said "unknown format 'xml' (choose from table, markdown, csv, json)"
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
