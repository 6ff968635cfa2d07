#!/usr/bin/env bash
# Tests of what `run` puts around the processes of a plan: PUs, a command, and
# files with the times of requests.  With a real collector.
# Usage: around.sh REAPMARK TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
use_scripted "$(dirname "$1")/collectors/refcount" refcount # no canary

cell='binary-trees:depth=4,rounds=1,array=16,stretch=4'

# small ARGUMENT...: runs one small cell, so often ($times), into the directory `dir`.
times=1
small() {
  expect 0 run -w "$cell" -c refcount --heap none -n "$times" -o dir "$@"
}

# program NAME: makes a program of the script that comes on standard input.
program() {
  { echo '#!/bin/sh' && cat; } >"$1"
  chmod +x "$1"
}

# first_pu: prints the first processor that this process may use.
first_pu() { taskset -pc $$ | sed -E 's/.*: ([0-9]+).*/\1/'; }

test_pin() {
  local pu
  pu=$(first_pu)
  small --pin "$pu"
  has dir/plan.json "\"pin\": \"$pu\""
  has dir/runs.jsonl "\"policy\":\"$pu\",\"got\":[\"$pu\""
  # It is part of the plan.
  expect 2 run -w "$cell" -c refcount --heap none -n 1 -o dir --resume --pin none
  complained "its pin is \"$pu\", not \"none\""
  expect 0 run --resume -o dir
  # A comparison with runs that were placed otherwise says so.
  expect 0 run -w "$cell" -c refcount --heap none -n 1 -o other
  expect 0 compare dir other
  said "the threads ran elsewhere: dir: --pin $pu, other: auto [W-pinned]"
}

test_wrong_pin() {
  for list in 0,,1 1-0 x 0x1 -1 0- ,0 '0 1'; do
    expect 2 run -w "$cell" -c refcount --pin "$list" -o dir
    complained "--pin is auto, none or a list of PUs such as 0,2-3, not '$list'"
  done
  expect 2 run -w "$cell" -c refcount --pin 0-99999 -o dir
  complained 'may be used here'
  expect 2 run -w "$cell" -c refcount --pin 0-99999 --dry-run
  [ ! -e dir ] || fail 'the directory was made'
}

# The words of the command, the file name of each run, and the marks.
test_wrap() {
  program around <<'X'
for word in "$@"; do printf '%s\n' "$word"; done >"$1.words"
shift 4
exec "$@"
X
  times=2
  small --wrap "./around {cell} 'two words' \"a \\\" b\" \\\$HOME;"
  local name=binary-trees-depth=4-stretch=4-array=16-rounds=1_refcount_heap=none_threads=1_seed=42_1
  has_line "$name.words" 'two words'
  has_line "$name.words" 'a " b'
  has_line "$name.words" '$HOME;'
  has_line "$name.words" --run
  [ -e "${name%_1}_2.words" ] || fail 'the second run has no file'
  has dir/plan.json '"wrap": "./around {cell}'
  counted 2 '"wrapped":\{"command":"./around binary-trees-.*","record":"within"\}' dir/runs.jsonl
  said "warning: the runs are wrapped in './around {cell}"
  # Its numbers are shown, and nobody is ranked by them.
  row '^refcount +ok, wrapped +\('
  printed 'refcount: wrapped: ran within '
  printed 'Not ranked: refcount (binary-trees'
}

# A command that fails costs nothing: its run counts if the program left a record,
# and is repeated without the command if not.
test_wrap_fails() {
  program late <<'X'
"$@"
exit 7
X
  small --wrap ./late
  counted 1 '"record":"within","failed":"exit status 7' dir/runs.jsonl
  row '^refcount +ok, wrapped +'
  rm -r dir
  program early <<'X'
echo 'no permission to look' >&2
exit 255
X
  small --wrap ./early
  counted 1 '"wrapped":\{"command":"./early","record":"without","failed":"exit status 255: no permission to look' dir/runs.jsonl
  row '^refcount +ok(, not exercised)? +'
  ! grep -q 'ok, wrapped' out || fail 'a run without the command is marked'
}

test_wrong_wrap() {
  local command
  expect 2 run -w "$cell" -c refcount -o dir --wrap 'no-such-program -x'
  complained "--wrap: 'no-such-program' is no program that can be run"
  expect 2 run -w "$cell" -c refcount -o dir --wrap '/tmp'
  complained "'/tmp' is no program"
  expect 2 run -w "$cell" -c refcount -o dir --wrap '  '
  complained '--wrap: no command'
  for command in "sh 'open" 'sh "open' 'sh open\'; do
    expect 2 run -w "$cell" -c refcount -o dir --wrap "$command"
    complained 'a quote or a backslash is left open'
  done
  [ ! -e dir ] || fail 'the directory was made'
}

test_latencies() {
  mkdir times
  expect 0 run -w requests:requests=500,sessions=100,rate=0 -c refcount \
    --heap none -n 2 -o dir --latencies 'times/{cell}.csv'
  [ "$(find times -name '*.csv' | wc -l)" = 2 ] || fail 'not one file a run'
  cat times/*_1.csv >one
  [ "$(head -n 1 one)" = request,arrival_ns,start_ns,end_ns,latency_ns,slowest_of ] ||
    fail 'another header'
  [ "$(lines one)" = 501 ] || fail 'not a line for each request'
  # In a closed loop nothing arrives, and the latency is the time it took.
  awk -F, 'NR > 1 && ($1 != NR - 2 || $2 != "" || $5 != $4 - $3 || $6 != 1) { exit 1 }' one ||
    fail 'a line is wrong'
  counted 2 '"latencies":\{"file":"times/[^"]*.csv","lines":500,"requests":500\}' dir/runs.jsonl
  # The slowest is the one that the record tells.
  local most
  most=$(awk -F, 'NR > 1 && $5 > m { m = $5 } END { print m }' one)
  grep -m 1 '"key":"requests[^"]*#1"' dir/runs.jsonl |
    grep -E "\"simple\":\{[^}]*\"max\":$most[,}]" >/dev/null || fail "the record's longest is not $most"
}

test_wrong_latencies() {
  expect 2 run -w requests -c refcount -o dir --latencies x.csv
  complained "--latencies: 'x.csv' lacks {cell}"
  expect 2 run -w requests -c refcount -o dir --latencies 'no/{cell}.csv'
  complained '--latencies: no: No such file or directory'
  expect 2 run -w requests -c refcount -o dir --latencies '{cell}/x.csv'
  complained 'in the last part'
  expect 2 run -w "$cell" -c refcount -o dir --latencies '{cell}.csv'
  complained 'no workload of the plan serves requests'
  [ ! -e dir ] || fail 'the directory was made'
}

run_test "$2"
