#!/usr/bin/env bash
# Tests of what is said of the results of several machines, with worked numbers:
# the scripted collectors take their times from files.
# Usage: machines.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
use_scripted "$here/scripted-collector" alpha beta

# on MACHINE ROUNDS 'ALPHA TIMES' 'BETA TIMES' [ARGUMENT...]: runs these rounds
# with these times, in ns, into the directory MACHINE.
on() {
  tr ' ' '\n' <<<"$3" >found/alpha.clock
  tr ' ' '\n' <<<"$4" >found/beta.clock
  REAPMARK_MACHINE=$1 expect 0 run -w script:act=clock -c alpha,beta -n 20 \
    --rounds "$2" -o "$1" "${@:5}"
}

# member NAME: prints the value of the first such member in the JSON of stdout.
member() { grep -m 1 -o "\"$1\": [^,]*" out | cut -d ' ' -f 2-; }

# near NAME VALUE: that value is this one, to six digits.
near() {
  local is
  is=$(member "$1")
  awk -v is="$is" -v wanted="$2" 'BEGIN {
    exit !(is != "" && (is - wanted) ^ 2 < (1e-6 * wanted) ^ 2) }' ||
    fail "$1 is '$is', not $2"
}

merge() { # DIR...
  "$reapmark" merge all "$@" >out 2>err || [ $? = 1 ] || fail 'not merged'
}

# Two machines, one ten times as slow.  Over all rounds beta takes (1.1 × 1.2 ×
# 1.15 × 0.9 × 1)^(1/5) times as long.  Pooled, the medians would be 1 and 1.2 ms.
test_ratios_are_within_machines() {
  on one 1-3 '1000000 1000000 1000000' '1100000 1200000 1150000'
  on two 4-5 '10000000 10000000' '9000000 10000000'
  merge one two
  expect 0 compare all:alpha all:beta --metric wall -f json
  near change 0.0643950745
  expect 0 report all --table machines -f json
  near ratio 1 # of alpha, the fastest
  expect 0 report all --table machines -f csv
  row '^script:act=clock,beta,3x,1,ok,all,5,0\.939500'
  row '^script:act=clock,beta,3x,1,ok,one,3,0\.870113'
  row '^script:act=clock,beta,3x,1,ok,two,2,1\.05409'
  # What is absolute is of one machine.
  row '^script:act=clock,alpha,3x,1,ok,one,3,1,.*,1000000,'
  row '^script:act=clock,alpha,3x,1,ok,two,2,1,.*,100000,'
}

# Whether the ratio depends on the machine: of 70 ways to deal eight ratios to
# two machines, two are as extreme.
test_interaction_is_told() {
  on one 1-4 '1000000 1000000 1000000 1000000' '1100000 1110000 1120000 1130000'
  on two 5-8 '1000000 1000000 1000000 1000000' '900000 910000 920000 930000'
  merge one two
  expect 0 compare all:alpha all:beta --metric wall
  printed 'wall_ns: the change depends on the machine (that of all is of these'
  printed 'script:act=clock/heap=3x: -8.51 % on two to +11.5 % on one (p 0.0'
  expect 0 compare all:alpha all:beta --metric wall -f json
  near interaction_h 5.33333333
  expect 0 report all
  printed 'The machines do not agree: 1 of the 1 ratios that were tested depends on the'
  printed 'its ratio depends on the machine: '
}

test_agreement_is_told() {
  on one 1-4 '1000000 1000000 1000000 1000000' '1100000 1110000 1120000 1130000'
  on two 5-8 '4000000 4000000 4000000 4000000' '4420000 4460000 4500000 4390000'
  merge one two
  expect 0 compare all:alpha all:beta --metric wall
  printed 'wall_ns: no change is seen to depend on the machine (1 tested).'
  row 'script:act=clock/heap=3x .* worse$'
  expect 0 report all
  printed 'No ratio is seen to depend on the machine (1 tested).'
  printed 'By 8 runs of each cell on 2 machines.'
  # One round of each machine tells nothing of it.
  merge_of_single_rounds
}

merge_of_single_rounds() {
  rm -rf all one two
  on one 1 1000000 1100000
  on two 2 1000000 1100000
  merge one two
  expect 0 report all
  printed 'Whether ratios depend on the machine could not be tested'
}

# A cell of which one machine alone has records.
test_seen_by_one_machine() {
  on one 1-2 '1000000 1000000' '1100000 1110000'
  on two 3-4 '1000000 1000000' '900000 910000'
  merge one two
  sed -i '/"collector":"beta".*"id":"two"/d' all/runs.jsonl
  expect 0 report all
  printed 'beta: script:act=clock, heap 3x, 1 thread: seen by one machine alone, one:'
  expect 0 compare all:alpha all:beta --metric wall
  printed 'Seen by one machine alone:'
  expect 0 report all --table answer
}

# A failure is told with its machine.
test_failure_on_a_machine() {
  on one 1-2 '1000000 1000000' '1100000 1110000'
  on two 3-4 '1000000 1000000' '900000 910000'
  merge one two
  sed -i '/"collector":"beta".*"id":"two"/s/"status":"ok"/"status":"WRONG"/' \
    all/runs.jsonl
  expect 0 report all
  printed 'failed in 2 of 2 rounds on two'
}

# Tables whose figures are absolute are of one machine.
test_tables_of_one_machine() {
  on one 1-2 '1000000 1000000' '1100000 1110000'
  on two 3-4 '2000000 2000000' '2100000 2110000'
  merge one two
  expect 0 report all --machine two --format csv
  row '^custom,script:act=clock,alpha,3x,1,ok,.*500000,'
  expect 0 report all --machine two
  printed '4 of 4 runs'
  printed 'Of the machine two (3-4) alone: '
  expect 0 report all --table time-space
  printed 'Of the machine one (1-2) alone: '
  printed 'Of the machine two (3-4) alone: '
  for format in csv json; do
    expect 2 report all --table time-space -f $format
    said 'all is of 2 machines, and absolute figures are of one: choose it by --machine'
    said 'one, two'
  done
  expect 2 report all -f gbench
  said 'all is of 2 machines'
  expect 2 report all -f html -o page.html
  said 'all is of 2 machines'
  expect 2 report all --figure overhead -o f.svg
  said 'all is of 2 machines'
  [ ! -e page.html ] && [ ! -e f.svg ] || fail 'a file was made'
  expect 0 report all --machine one -f html -o page.html
  expect 2 report all --machine tow
  complained "all has no machine 'tow' (did you mean 'two'?)"
  expect 0 report one --machine one
  expect 2 report one --machine two
  complained "one has no machine 'two'"
}

# Two merged directories are compared on the machines that both have.
test_two_directories() {
  on one 1-4 '1000000 1010000 1020000 1030000' '1000000 1000000 1000000 1000000'
  on two 5-8 '2000000 2010000 2020000 2030000' '2000000 2000000 2000000 2000000'
  merge one two
  mv all base
  mkdir before
  mv one two before
  on one 1-4 '1100000 1110000 1120000 1130000' '1000000 1000000 1000000 1000000'
  on two 5-8 '2200000 2210000 2220000 2230000' '2000000 2000000 2000000 2000000'
  merge one two
  # (1.115 / 1.015 × 2.215 / 2.015)^½
  expect 0 compare base all --metric wall -f json
  near change 0.0988888141
  expect 0 compare base all --metric wall
  printed 'the rank sum test, stratified by machine'
  on three 1-4 '1 1 1 1' '1 1 1 1'
  on four 5-8 '1 1 1 1' '1 1 1 1'
  rm -r all
  merge three four
  "$reapmark" compare base all --metric wall >out 2>err || true
  said 'base and all have no machine in common (one (1-4), two (5-8); three (1-4), four (5-8))'
  printed 'Not compared:'
}

run_test "$2"
