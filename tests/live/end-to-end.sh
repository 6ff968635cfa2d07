#!/usr/bin/env bash
# Tests of the live view, with scripted collectors on a terminal that the test plays.
# Usage: end-to-end.sh REAPMARK PYTHON TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
python=$2
use_scripted "$tests/driver/scripted-collector" alpha beta
export TERM=xterm
unset NO_COLOR COLUMNS

# shown CODE COLUMNS ARGUMENT...: runs the driver on a terminal; `screen`, `frames` and
# `raw` are what terminal.py makes of it.  Arguments of terminal.py come before `--`.
shown() {
  local code=$1 columns=$2 before=()
  shift 2
  while [ "$1" != -- ]; do
    before+=("$1")
    shift
  done
  exits "$code" "$python" "$here/terminal.py" "$columns" ${before+"${before[@]}"} \
    "$reapmark" "${@:2}"
}

# gone: the view has left nothing behind.
gone() {
  counted 0 '^(now  |last |worst |[0-9]+ of [0-9]+ done)' screen
}

# narrow COLUMNS: no line of a picture is wider.
narrow() {
  [ -s frames ] || fail 'there was no view'
  awk -v most="$1" -F '|' '$0 != "--" && length($2) > most { exit 1 }' frames ||
    fail "a line of the view is wider than $1"
}

# What runs, how far it is, the last verdicts and the worst.
test_view() {
  shown 1 100 -- run -c alpha,beta -w script,script:act=oom -n 2 -o dir
  has_line frames '100|0 of 8 done'
  grep -qE '^100\|7 of 8 done, 0:0[0-9] left$' frames || fail 'no time left'
  grep -qE '^100\|now   (alpha|beta), script, heap 3x$' frames || fail 'no run'
  grep -qE '^100\|last  .*OOM' frames || fail 'no verdicts'
  grep -qE '^100\|worst step of 200 ns: (alpha|beta), script, heap 3x$' frames ||
    fail 'no worst'
  # A failure is said above the view, and the table stands below all of it.
  counted 4 '^OOM: script:act=oom/.*: no room for 64 bytes$' screen
  gone
  counted 0 '^\[' screen # no lines for files
}

# The table is the same as off a terminal, and no row is broken by a message.
test_table_is_whole() {
  shown 1 250 -- run -c alpha,beta -w script,script:act=oom -n 2 -o dir
  "$reapmark" report dir >out 2>err
  sed -n '/^Suite custom/,$p' screen | grep -v '^reapmark: as a page' |
    sed '$d' >below
  grep -v '^ *$' below >shown.txt
  grep -v '^ *$' out >printed.txt
  same printed.txt shown.txt
}

# Rows of a report, with warnings on the same terminal: all stand by themselves.
test_messages_between_rows() {
  expect 0 run -c alpha,beta -w script -n 2 -o dir
  echo half >>dir/runs.jsonl
  shown 0 200 -- report dir --format csv
  expect 0 report dir --format csv
  has_line screen "$(sed -n 2p out)"
  has_line screen "$(sed -n 3p out)"
  has_line screen "$(head -n 1 err)"
}

test_narrow_terminal() {
  shown 1 40 -- run -c alpha,beta -w script,script:act=oom,script:act=declared \
    -n 2 -o dir
  narrow 37
  grep -qE '^40\|now   (alpha|beta), script' frames || fail 'no collector'
  gone
  shown 0 5 -- run -c alpha -w script -n 2 -o other
  narrow 2
  gone
}

# What COLUMNS says holds for the view, as for tables.
test_columns() {
  COLUMNS=40 shown 0 100 -- run -c alpha,beta -w script -n 2 -o dir
  grep -q '^100|' frames || fail 'the terminal has not 100 columns'
  awk -F '|' '$0 != "--" && length($2) > 37 { exit 1 }' frames ||
    fail 'a line of the view is wider than COLUMNS allows'
  awk -F '|' 'length($2) == 37 { found = 1 } END { exit !found }' frames ||
    fail 'no line was cut off at COLUMNS'
  gone
}

# A terminal that becomes narrower: later pictures fit, and what stood above the view
# still stands there.
test_resize() {
  shown 0 100 --resize '3 of 8' 30 -- run -c alpha,beta -w script:act=slow -n 4 \
    -o dir
  grep -q '^100|' frames && grep -q '^30|' frames || fail 'it was not resized'
  awk -F '|' '$0 != "--" && length($2) > $1 - 3 { exit 1 }' frames ||
    fail 'a line of the view is too wide'
  tr -d '\n' <screen | grep -F 'suite custom: 8 runs, 8 to go, in dir' >seen ||
    fail 'what was said before is gone'
}

test_no_colour() {
  NO_COLOR=1 shown 1 100 -- run -c alpha -w script:act=oom -n 2 -o dir
  has frames 'last  OOM'
  counted 0 $'\033\\[[0-9]*m' raw
  shown 1 100 -- run -c alpha -w script:act=oom -n 2 -o other
  grep -q $'\033\\[31mOOM' raw || fail 'no colour'
}

# Without a terminal that can rewrite lines there is none.
test_dumb_terminal() {
  TERM=dumb shown 0 100 -- run -c alpha,beta -w script -n 2 -o dir
  counted 0 $'\033' raw
  has screen '[4/4] script heap=3x threads=1 #2: 2 runs in'
}

# Off a terminal stderr is as it was: no sequence, a line for a block.
test_off_terminal() {
  expect 0 run -c alpha,beta -w script -n 2 -o dir
  counted 0 $'[\033\r]' err
  counted 2 '^\[' err
  expect 1 minheap -c alpha,beta -w script:act=oom -o smallest
  counted 0 $'[\033\r]' err
  said 'script:act=oom/alpha, heap 1x, 1 thread'
}

# The view needs stderr alone: the table goes to a file, without a sequence.
test_table_to_file() {
  shown 0 100 --out table -- run -c alpha,beta -w script -n 2 -o dir
  has frames '1 of 4 done'
  counted 0 $'\033' table
  has table 'script, heap 3x, 1 thread'
  gone
}

# Ctrl-C leaves a clean terminal, with its lines wrapped again.
test_interrupt() {
  shown 130 60 --key 'now ' c -- run -c alpha -w script:act=hang -n 1 -o dir
  has screen 'reapmark: interrupted; 0 of 1 runs are kept'
  gone
  [ "$(grep -o $'\033\\[?7l' raw | wc -l)" = "$(grep -o $'\033\\[?7h' raw | wc -l)" ] ||
    fail 'lines no longer wrap'
  counted 0 $'\033\\[\\?25l' raw # the cursor is never hidden
}

# Searches show the sizes that they try; their lines for files are not there.
test_search() {
  shown 1 100 -- minheap -c alpha,beta -w script:act=oom,script -o dir
  grep -qE '^100\|now   at 16x: (alpha|beta), script' frames || fail 'no size'
  has frames 'last  OOM'
  grep -qE '^100\|[0-9] of 4 done' frames || fail 'not how far'
  counted 0 'script/alpha, heap 1x' screen
  gone
}

# So does a campaign.
test_campaign() {
  rm found/*
  for name in alpha beta; do
    ln -s "$tests/stress/scripted-collector" "found/$name"
  done
  shown 0 100 -- stress alpha beta --quick -C plain -j 1 -o dir
  grep -qE '^100\|now   1 at a time: (alpha|beta), plain, seed 1$' frames ||
    fail 'no episode'
  has frames ' of 2 done'
  counted 0 '^reapmark: round' screen
  gone
  expect 0 stress alpha beta --quick -C plain -j 1 -o other
  said 'round 1 of 1, alpha: 1 episodes'
}

run_test "$3"
