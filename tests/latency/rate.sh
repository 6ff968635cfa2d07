#!/bin/sh
# Rates of requests from the command line: a sweep, its tables, and a search.
# Loads are tiny and bounds far away, so that no speed of the machine matters.
set -eu
reapmark=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../expect.sh"
load=requests:sessions=10,fields=0,body=8,duration=0,requests=200

# Workloads without a rate are not swept.
expect 0 run -w "$load,list-drop" --rate 1000,2000 --heap none -c mark-sweep -n 1 --dry-run
counted 2 'rate=' out
unprinted list-drop
said '--rate: left out, as it has no parameter rate: list-drop'
expect 3 run -w list-drop --rate 1000 --heap none -c mark-sweep -n 1 --dry-run
expect 2 run -w "$load" --rate fast --heap none -c mark-sweep --dry-run
said "'fast'"
expect 2 run -w "$load" --rate auto --heap none -c mark-sweep --dry-run
said "'reapmark rate' finds the highest"

expect 0 run -w "$load" --rate 0,1000,2000 --heap none -c mark-sweep -n 1 -o "$work/sweep"
expect 0 report "$work/sweep" --table latency
printed 'rate=…'
for rate in closed 1000 2000; do
  row "^mark-sweep +$rate .* 200 "
done
expect 0 report "$work/sweep" --table memory --format markdown
printed '| mark-sweep |'
expect 0 report "$work/sweep" --table memory --format csv
counted 3 '^"requests:.*",mark-sweep,' out
expect 2 report "$work/sweep" --table latencies
said "did you mean 'latency'?"

# Every rate meets an hour, no rate meets a nanosecond.
expect 1 rate -w "$load" --heap none -c mark-sweep --p99 3600s --from 1000 --to 4000 -n 2 \
  -o "$work/loose"
printed 'at least'
printed ' 4000 '
[ "$(wc -l <"$work/loose/probes.jsonl")" = 4 ] || fail 'not four probes'
# Begun again, it runs nothing; cut off, it goes on; with another bound it judges
# what it has anew.
again() {
  expect 1 rate -w "$load" --heap none -c mark-sweep --p99 "$1" --from 1000 --to 4000 -n 2 \
    -o "$work/loose"
}
cp "$work/loose/probes.jsonl" probes
cp "$work/loose/rate.json" result
again 3600s
same probes "$work/loose/probes.jsonl"
sed -i '3,$d' "$work/loose/probes.jsonl"
printf '{"probe": "cut sh' >>"$work/loose/probes.jsonl"
again 3600s
[ "$(wc -l <"$work/loose/probes.jsonl")" = 4 ] || fail 'not the same probes'
head -n 2 probes | cmp - "$work/loose/probes.jsonl" -n "$(head -n 2 probes | wc -c)" ||
  fail 'probes were lost'
same result "$work/loose/rate.json"
again 1ns
printed 'unsatisfied'
[ "$(wc -l <"$work/loose/probes.jsonl")" = 4 ] || fail 'probes were repeated'
expect 1 rate -w "$load" --heap none -c mark-sweep --p99 1ns --from 1000 --to 4000 -n 1 \
  -o "$work/tight"
printed 'unsatisfied'
expect 1 rate -w requests:sessions=10,duration=0,requests=50 --heap none -c mark-sweep --p99 1ms -n 1 \
  -o "$work/few"
printed 'fewer than 100 requests'
expect 3 rate -w list-drop -c mark-sweep --p99 1ms -o "$work/none"
said 'reapmark: --workloads: left out, as it has no parameter rate: list-drop'
expect 2 rate --p99 1 -o "$work/unit"
said "'1' is not a time"

# A pair that cannot run is a row.
mkdir found
ln -s "$here/../driver/scripted-collector" found/beta
REAPMARK_PATH=$work/found
export REAPMARK_PATH
expect 3 rate -w "$load" -c beta --p99 1ms -o "$work/missing"
printed 'n/a'
printed 'was built without this workload'
said 'no pair of these collectors and workloads can run'
