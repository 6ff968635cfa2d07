#!/usr/bin/env bash
# Tests of `run --timeline`, of the table phases, and of the probes.
# Usage: end-to-end.sh REAPMARK FOLDER-OF-COLLECTORS TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
collectors=$2
export REAPMARK_PATH=$(dirname "$1")/tests/collectors # fake
small=list-drop:length=2000,rounds=50

# One run: one file, of this name.
test_one_run() {
  expect 0 run -c mark-sweep -w "$small" --heap 2x -n 1 -o dir \
    --timeline one.json
  has one.json '"name":"GC"'
  has one.json '"name":"mark"'
  [ ! -e one.json.part ] || fail 'a part of the file is left'
  counted 1 '"timeline":\{"events":[0-9]+,"dropped":0' dir/runs.jsonl
}

# Several runs: a file for each, or a refusal that says what to do; the canary
# writes none.
test_several_runs() {
  expect 2 run -c mark-sweep -w "$small" --heap 2x,3x -n 2 -o dir \
    --timeline one.json
  said '--timeline one.json: one file for 4 runs; put {cell} into its name'
  [ ! -e dir/runs.jsonl ] || fail 'something was run'
  expect 0 run -c mark-sweep -w "$small" --heap 2x -n 2 -o several \
    --timeline 't-{cell}.json'
  ls t-*.json >files
  counted 2 '^t-list-drop-length=2000,rounds=50-mark-sweep-heap=2x-.*[12]\.json$' files
  counted 2 . files
}

test_mistakes_run_nothing() {
  expect 2 run -c mark-sweep -w "$small" --heap 2x -n 1 -o dir \
    --timeline nowhere/one.json
  said '--timeline nowhere/one.json: nowhere/: No such file or directory'
  expect 2 run -c mark-sweep -w "$small" --heap 2x -n 1 -o dir2 \
    --timeline '{cell}/one.json'
  said '{cell} may stand in the last part only'
  exits 2 "$collectors/mark-sweep" --run "$small" --timeline nowhere/one.json
  said 'cannot write nowhere/one.json: No such file or directory'
  exits 2 "$collectors/mark-sweep" --run "$small" --timeline one.json \
    --instrument off
  said '--timeline needs --instrument on'
}

# The figures of the table, of results with known ones: two runs of two stops
# each, 300 ns in all.
test_figures() {
  command -v python3 >/dev/null || skip "python3 is not installed"
  python3 "$tests/page/results.py" dir '{"runs": 2, "collectors": {"alpha": 1}}'
  expect 0 report dir --table phases --format csv
  row '^script,alpha,3x,1,ok,stop,stopping,2,20,6.6[67]*,12,8,,12,,,,2,'
  row '^script,alpha,3x,1,ok,stop,mark & <sweep>,2,280,93.3*,190,,,,,,,2,'
  expect 0 report dir --table phases
  row 'alpha +stop +stopping +2 +20'
  expect 0 report dir --format json
  printed '"safepoint_max_ns"'
}

# The table phases, in every format, and on the page.
test_table() {
  expect 0 run -c mark-sweep,refcount-cycles,fake -w cycles:live=2000,rounds=40,tiny --heap 3x \
    -n 1 -o dir
  for format in table markdown csv json latex; do
    expect 0 report dir --table phases --format $format
    printed stopping
    printed mark
  done
  expect 0 report dir --table phases --format csv
  row ',mark-sweep,3x,1,ok,stop,mark,[0-9]'
  expect 0 report dir --table phases
  unprinted fake # which reports none
  expect 0 report dir --format html -o page.html
  has page.html 'What pauses consist of'
}

# A build with probes has their notes, one for each place; one without says so.
test_probes() {
  exits 0 "$collectors/mark-sweep" --describe
  if grep -q '"probes":false' out; then
    skip 'this build has no probes: sys/sdt.h was missing'
  fi
  exits 0 readelf -n "$collectors/mark-sweep"
  for probe in stop_asked stop_begin pause_end phase_begin phase_end slow_end \
    helped mutator_resumed paced; do
    row "Name: $probe$"
  done
  row 'Provider: reapmark$'
}

run_test "$3"
