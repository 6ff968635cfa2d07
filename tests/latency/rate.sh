#!/usr/bin/env bash
# Tests of rates of requests, as a user asks for them: a sweep over given rates,
# and the search for the highest rate.  Usage: rate.sh REAPMARK TEST; one function
# per test.  The loads are small, and the bounds on latency are far away, so that
# the speed of the machine does not matter.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
load=requests:sessions=10,fields=0,body=8,duration=0,requests=200
# Garbage enough for some ten collections in the least heap that is not coarse.
busy=requests:sessions=10,fields=0,body=32768,duration=0,requests=1500

# suspects DIR: whether a probe was disturbed from outside; it counts for nothing then,
# and is made again.
suspects() { grep -q '"suspect"' "$1/probes.jsonl"; }

# undisturbed DIR COMMAND...: the command makes a search with results in DIR; it is
# called again while the machine stops the processes.
undisturbed() {
  for _ in 1 2 3 4 5; do
    rm -rf "$1"
    "${@:2}"
    suspects "$1" || return 0
  done
  skip 'this machine stops processes for longer than a record allows'
}

# Workloads without a rate are left out of a sweep.
test_sweep_plan() {
  expect 0 run -w "$load,list-drop" --rate 1000,2000 --heap none -c mark-sweep \
    -n 1 --dry-run
  counted 2 'rate=' out
  unprinted list-drop
  said '--rate: left out, as it has no parameter rate: list-drop'
  expect 3 run -w list-drop --rate 1000 --heap none -c mark-sweep -n 1 --dry-run
  expect 2 run -w "$load" --rate fast --heap none -c mark-sweep --dry-run
  said "'fast'"
  expect 2 run -w "$load" --rate auto --heap none -c mark-sweep --dry-run
  said "'reapmark rate' finds the highest"
}

test_sweep() {
  expect 0 run -w "$busy" --rate 0,2000,4000 --heap 6M -c mark-sweep -n 1 \
    -o dir
  expect 0 report dir --table latency
  printed 'rate=…'
  for rate in closed 2000 4000; do
    row "^mark-sweep +$rate .* 1500 "
  done
  expect 0 report dir --table memory --format markdown
  printed '| mark-sweep |'
  expect 0 report dir --table memory --format csv
  counted 3 '^"requests:.*",mark-sweep,' out
  expect 2 report dir --table latencies
  said "did you mean 'latency'?"
}

# Without a collection there are no latencies to show, whatever the format.
test_sweep_not_exercised() {
  expect 0 run -w "$load" --rate 1000 --heap none -c mark-sweep -n 1 -o dir
  expect 0 report dir --table latency
  row '^mark-sweep +1000 +not exercised'
  printed 'mark-sweep: not exercised: no collection in the measured part'
  expect 0 report dir --table latency --format json
  unprinted 'p99_ns":'
}

# search CODE BOUND ARGUMENT...: looks for the highest rate from 2000 to 8000 at
# which the p99 of the latency meets the bound.
search() {
  expect "$1" rate -w "$busy" --heap 6M -c mark-sweep --p99 "$2" --from 2000 \
    --to 8000 "${@:3}"
}

# Every rate meets an hour, no rate meets a nanosecond.
test_search() {
  undisturbed loose search 1 3600s -n 2 -o loose
  printed 'at least'
  row ' 8000 +8000 to 8000 '
  printed 'serves the most, at least'
  printed 'the 99th percentile of the latency is within 3600s'
  printed 'after the warm-up'
  [ "$(lines loose/probes.jsonl)" = 4 ] || fail 'not four probes'
  undisturbed tight search 1 1ns -n 1 -o tight
  printed 'unsatisfied'
  undisturbed few expect 1 rate -w requests:sessions=10,duration=0,requests=50 --heap none \
    -c refcount --p99 1ms -n 1 -o few
  printed 'fewer than 100 requests'
}

# A heap that never fills makes no answer, whatever the latency; the row says
# what would help.  Counting, which never collects, needs no collections.
test_search_not_exercised() {
  undisturbed dir expect 1 rate -w "$load" --heap none -c mark-sweep,refcount --p99 3600s \
    --from 1000 --to 4000 -n 1 -o dir
  row 'mark-sweep +none +not exercised +– .*0 collections in the steady state'
  row 'refcount +none +at least +4000 '
  has dir/rate.json '"found": "not exercised"'
}

# A probe is made longer until there are enough collections, and no longer than
# the time limit allows.
test_search_lengthens() {
  local workload=requests:sessions=10,fields=0,body=32768
  undisturbed long expect 1 rate -w $workload --heap 64M -c mark-sweep --p99 3600s --from 1500 \
    --to 2000 --precision 50% -n 1 --timeout 30 -o long
  row 'mark-sweep +64M +at least +2000 +2000 to 2000 +– +([5-9]|1[0-9]) '
  undisturbed short expect 1 rate -w $workload --heap 64M -c mark-sweep --p99 3600s --from 100 \
    --to 200 -n 1 --timeout 8 -o short
  row 'not exercised .*a smaller heap or a longer --timeout'
}

# SPECjbb's five limits.
test_critical() {
  undisturbed dir expect 1 rate -w "$busy" --heap 6M -c mark-sweep --critical --from 2000 \
    --to 4000 --precision 50% -n 1 -o dir
  printed 'critical-jOPS'
  counted 5 '"p99_ns"' dir/rate.json
  expect 2 rate -w "$busy" --critical --p99 1ms -o dir
  said 'rate needs --p99 TIME or --critical'
}

# A search that is begun again runs nothing; one that was cut off goes on; one
# with another bound judges its old probes by the new bound.
test_search_again() {
  undisturbed dir search 1 3600s -n 2 -o dir
  cp dir/probes.jsonl probes
  cp dir/rate.json result
  search 1 3600s -n 2 -o dir
  same probes dir/probes.jsonl
  sed -i '3,$d' dir/probes.jsonl
  printf '{"probe": "cut sh' >>dir/probes.jsonl
  search 1 3600s -n 2 -o dir
  ! suspects dir || skip 'a probe was disturbed'
  [ "$(lines dir/probes.jsonl)" = 4 ] || fail 'not the same probes'
  head -n 2 probes >first_two
  head -n 2 dir/probes.jsonl >kept
  same first_two kept
  search 1 1ns -n 2 -o dir
  printed 'unsatisfied'
  [ "$(lines dir/probes.jsonl)" = 4 ] || fail 'probes were repeated'
}

test_usage() {
  expect 3 rate -w list-drop -c mark-sweep --p99 1ms -o dir
  said 'reapmark: --workloads: left out, as it has no parameter rate: list-drop'
  expect 2 rate --p99 1 -o dir
  said "'1' is not a time"
}

# A pair that cannot run is a row, with the reason.
test_not_applicable() {
  mkdir found
  ln -s "$tests/driver/scripted-collector" found/beta
  REAPMARK_PATH=$work/found expect 3 rate -w "$load" -c beta --p99 1ms -o dir
  printed 'n/a'
  printed 'was built without this workload'
  said 'no pair of these collectors and workloads can run'
}

run_test "$2"
