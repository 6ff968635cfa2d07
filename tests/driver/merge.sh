#!/usr/bin/env bash
# Tests of rounds that machines share: run --rounds, and merge.  The collectors
# are scripted, but for the canary's, and machines are names.
# Usage: merge.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
whole_driver=$1 # which finds the collectors of its build
use_scripted "$here/scripted-collector" alpha beta gamma
cells=(-w script,script:size=7 -c alpha,beta,gamma)
plan=("${cells[@]}" -n 4)

# on MACHINE ROUNDS DIR [ARGUMENT...]: runs these rounds of the plan.
on() {
  REAPMARK_MACHINE=$1 expect 0 run "${plan[@]}" --rounds "$2" -o "$3" "${@:4}"
}

# keys_of_rounds REGEX: prints the keys of `whole` of these invocations.
keys_of_rounds() { keys whole | grep -E "#($1)\""; }

# changed FROM TO FILE: a text of a file is another one.
changed() {
  has "$3" "$1"
  sed -i "s|$1|$2|" "$3"
}

# refused TEXT ARGUMENT...: merge says this one line, and leaves nothing.
refused() {
  expect 2 merge "${@:2}"
  complained "$1"
  [ ! -e "$2" ] || fail "$2 was made"
}

test_rounds_are_those_of_the_whole_plan() {
  expect 0 run "${plan[@]}" --dry-run
  grep -E '#(2|3)$' out >wanted
  expect 0 run "${plan[@]}" --rounds 2-3 --dry-run
  same wanted <(grep '#' out)
  expect 0 run "${plan[@]}" --rounds 3,2 --dry-run
  same wanted <(grep '#' out)
  # A longer plan begins with the same rounds.
  expect 0 run "${cells[@]}" -n 9 --rounds 2-3 --dry-run
  same wanted <(grep '#' out)
  # Without -n the plan is as long as the rounds want.
  expect 0 run -w script -c alpha --rounds 3-5 -o dir
  has dir/plan.json '"invocations": 5'
  has dir/plan.json '"rounds": "3-5"'
  [ "$(lines dir/runs.jsonl)" = 3 ] || fail 'not three records'
  printed '3 of 3 runs'
  expect 0 run --resume -o dir
  [ "$(lines dir/runs.jsonl)" = 3 ] || fail 'more than these rounds were run'
}

test_rounds_that_are_none() {
  for wrong in 0 3-2 x 1001 1- -3 2,,3 1-99999999999; do
    expect 2 run "${plan[@]}" "--rounds=$wrong" -o dir
    complained "--rounds: '$wrong' is no list of rounds"
  done
  expect 2 run "${plan[@]}" --rounds 3-5 -o dir
  complained '--rounds 3-5: with -n 4 the plan has no round 5'
  expect 2 run "${plan[@]}" --rounds 1 --until-ci 2% -o dir
  complained '--rounds does not go with --until-ci'
  expect 2 run "${plan[@]}" --rounds 1 --exercise 5 -o dir
  complained '--rounds does not go with --exercise'
  [ ! -e dir ] || fail 'a directory was made'
}

# The canary runs at both ends and in the middle of every round, and the floors
# would be measured there.
test_canary_of_each_round() {
  needs_canary=$(dirname "$whole_driver")/collectors/mark-sweep
  [ -x "$needs_canary" ] || fail 'mark-sweep is not built'
  ln -s "$needs_canary" found/mark-sweep
  expect 0 run "${plan[@]}" --rounds 3 --dry-run
  grep -o '^canary.*' out >canaries
  sed -n 1p out | grep '^canary.*#7$' >/dev/null || fail 'no canary at the beginning'
  grep '#' out | tail -n 1 | grep '^canary.*#9$' >/dev/null || fail 'no canary at the end'
  [ "$(lines canaries)" = 3 ] || fail 'not three runs of the canary'
  expect 0 run -w script -c alpha --rounds 3 -o dir
  expect 0 report dir
  printed '4 of 4 runs'
}

test_merged_is_as_one_run() {
  expect 0 run "${plan[@]}" -o whole
  on one 1,3 a
  on two 2 b
  on two 4 c
  expect 0 merge joined a b c
  said 'one: rounds 1,3'
  said 'two: rounds 2,4'
  said '16 runs of 2 machines in joined'
  keys whole >wanted
  keys joined >found.keys
  same wanted found.keys
  counted 8 '"id":"one"' joined/runs.jsonl
  counted 8 '"id":"two"' joined/runs.jsonl
  has joined/plan.json '"rounds": "1-4"'
  [ ! -e joined/runs.jsonl.new ] || fail 'a file is left behind'
  expect 0 report joined
  printed '16 of 16 runs'
  # Each directory is as it was, and OUT can be merged again.
  REAPMARK_MACHINE=three expect 0 run "${cells[@]}" -n 5 --rounds 5 -o d
  expect 0 merge more joined d
  said '20 runs of 3 machines in more'
  counted 4 '"id":"three"' more/runs.jsonl
}

# A round that was cut is named and left out, and can be run again, there or
# elsewhere.
test_cut_rounds() {
  expect 0 run "${plan[@]}" -o whole
  on one 1-2 a
  on two 3-4 b
  sed -i '$d' a/runs.jsonl
  expect 1 merge joined a b
  said 'a: round 2 was cut after 3 of 4 runs and is left out [W-cut-round]'
  said 'missing: round 2 of 4; run it by --rounds 2 into another directory'
  keys joined >found.keys
  keys_of_rounds '1|3|4' >wanted
  same wanted found.keys
  expect 0 report joined
  said '4 of 16 runs are missing; run their rounds'
  on three 2 again
  expect 0 merge second a b again
  said 'round 2 was cut after 3 of 4 runs and is left out; again has it whole'
  keys second >found.keys
  keys whole >wanted
  same wanted found.keys
  REAPMARK_MACHINE=one expect 0 run --resume -o a
  expect 0 merge third a b
  keys third >found.keys
  same wanted found.keys
  # Nothing is whole.
  head -n 3 b/runs.jsonl >short
  mv short b/runs.jsonl
  expect 3 merge none b
  said 'no round is whole'
  [ ! -e none ] || fail 'a directory was made'
}

# The driver is killed in the middle of a round: what was whole counts.
test_killed_rounds() {
  plan=(-c alpha,beta -w script:act=slow,script:act=slow,size=6 -n 2)
  REAPMARK_MACHINE=one start run "${plan[@]}" --rounds 1-2 -o a
  five() { [ "$(lines a/runs.jsonl)" -ge 5 ]; }
  wait_for five
  kill_driver
  expect 1 merge joined a
  said 'a: round 2 was cut after'
  [ "$(lines joined/runs.jsonl)" = 4 ] || fail 'not the four runs of round 1'
  on two 2 b
  expect 0 merge all a b
  [ "$(keys all | uniq -d | wc -l)" = 0 ] || fail 'a run is there twice'
  [ "$(lines all/runs.jsonl)" = 8 ] || fail 'not eight records'
}

test_no_round_twice() {
  on one 1-2 a
  on two 2-4 b
  refused 'round 2 is in both a and b; leave one of them out' joined a b
  refused 'round 1 is in both a and a' joined a a
  # A record that is there twice counts once.
  head -n 1 a/runs.jsonl >>a/runs.jsonl
  expect 1 merge joined a
  [ "$(lines joined/runs.jsonl)" = 8 ] || fail 'a record was taken twice'
}

test_one_machine_a_round() {
  on one 1 a
  REAPMARK_MACHINE=two expect 2 run --resume -o a
  complained 'a was begun on the machine one, and this is two'
  sed -i '1s/"id":"one"/"id":"two"/' a/runs.jsonl
  expect 3 merge joined a
  said 'a: round 1 is of several machines and is left out [W-cut-round]'
  on one 1 c
  expect 1 merge joined c
  REAPMARK_MACHINE=one expect 2 run --resume -o joined
  complained "joined was put together by 'reapmark merge'"
}

test_other_plans() {
  on one 1 a
  on one 2 b --timeout 7
  refused 'b has another plan than a: its timeout is 7.0, not 60.0' joined a b
  REAPMARK_MACHINE=one expect 0 run -w script -c alpha,beta -n 4 --rounds 2 -o c
  refused 'c has another plan than a: it has 2 cells, not 6' joined a c
  expect 0 run "${plan[@]}" -o whole
  refused 'whole was not run by rounds that stand alone' joined a whole
  refused 'plan.json: No such file or directory' joined a nowhere
  expect 2 merge joined
  complained 'DIR'
}

test_other_builds() {
  on one 1 a
  on two 2 b
  cp b/machine.json kept
  sed -i 's/"compiler": ".*"/"compiler": "GNU 1.0"/' b/machine.json
  refused 'b is of another build than a: its compiler is "GNU 1.0", not "' joined a b
  refused 'b is of another build than a: its compiler' joined a b --strata
  cp kept b/machine.json
  # A program of another size, and one that says that it is another one.
  bytes=$(stat -Lc %s found/beta)
  sed -i "s/\"bytes\": $bytes/\"bytes\": 77/" b/machine.json
  refused "b is of another build than a: its collector alpha has 77 bytes, not $bytes" \
    joined a b
  for id in 1 2; do
    printf '{"compiler": "GNU 1.0", "flags": "", "type": "", "sanitizer": "",
      "optimised": true, "checks": false, "id": "%s"}\n' $id >found/beta.build
    on one $id "build-$id"
  done
  refused \
    'build-2 has another build of the collector beta than build-1: its id is "2", not "1"' \
    joined build-1 build-2
}

test_other_machines() {
  on one 1 a
  on two 2 b
  sed -i 's/"microcode": ".*"/"microcode": "0x1"/' a/machine.json
  other() { # FIELD VALUE WHAT
    cp a/machine.json b/machine.json
    sed -i "s/\"id\": \"one\"/\"id\": \"two\"/; s/\"$1\": .*[^,]/\"$1\": $2/" b/machine.json
    refused "b is of another machine than a: its $3" joined a b
    expect 1 merge "joined-$1" a b --strata
    keys "joined-$1" >found.keys
    [ "$(lines found.keys)" = 8 ] || fail 'not the records of both'
  }
  other model '"Another"' 'cpu model is Another, not '
  other microcode '"0x2"' 'cpu microcode is 0x2, not 0x1; with --strata'
  other release '"9.9.9"' 'kernel is 9.9.9, not '
  # The same machine after an update is another one.
  sed -i 's/"id": "two"/"id": "one"/' b/machine.json
  sed -i 's/"id":"two"/"id":"one"/' b/runs.jsonl
  refused 'b is of another machine than a: its kernel' joined a b
  expect 1 merge joined a b --strata
  said 'one (2): round 2'
  counted 4 '"id":"one \(2\)"' joined/runs.jsonl
  # It stays that in another merge.
  on one 3 c
  cp a/machine.json c/machine.json
  expect 1 merge more joined c --strata
  said 'one: rounds 1,3'
  said 'one (2): round 2'
}

test_out_is_new() {
  on one 1-4 a
  expect 0 merge joined a
  cp -r joined before
  expect 2 merge joined a
  complained 'joined has results already; take another directory'
  diff -r joined before || fail 'joined was changed'
  # A merge that was stopped left no records under their name.
  mv joined/runs.jsonl joined/runs.jsonl.new
  expect 0 merge joined a
  diff -r joined before || fail 'not the same'
}

run_test "$2"
