#!/bin/sh
# Rates of requests from the command line: a sweep, its tables, and a search.
# Loads are tiny and bounds far away, so that no speed of the machine matters.
set -eu
reapmark=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
load=requests:sessions=10,fields=0,body=8,duration=0,requests=200

fail() {
  echo "FAILED: $*" >&2
  cat "$work/out" "$work/err" >&2
  exit 1
}
expect() {
  wanted=$1
  shift
  code=0
  "$reapmark" "$@" >"$work/out" 2>"$work/err" || code=$?
  [ "$code" = "$wanted" ] || fail "reapmark $*: exit $code, not $wanted"
}
has() { grep -qF -e "$1" "$work/out" || fail "stdout lacks: $1"; }
said() { grep -qF -e "$1" "$work/err" || fail "stderr lacks: $1"; }

# Workloads without a rate are not swept.
expect 0 run -w "$load,list-drop" --rate 1000,2000 --heap none -c mark-sweep -n 1 --dry-run
[ "$(grep -c 'rate=' "$work/out")" = 2 ] || fail 'not two rates'
! grep -q list-drop "$work/out" || fail 'list-drop has no rate'
expect 3 run -w list-drop --rate 1000 --heap none -c mark-sweep -n 1 --dry-run
expect 2 run -w "$load" --rate fast --heap none -c mark-sweep --dry-run
said "'fast'"

expect 0 run -w "$load" --rate 0,1000,2000 --heap none -c mark-sweep -n 1 -o "$work/sweep"
expect 0 report "$work/sweep" --table latency
has 'rate=…'
for rate in closed 1000 2000; do
  grep -Eq "^mark-sweep +$rate .* 200 " "$work/out" || fail "no rate $rate"
done
expect 0 report "$work/sweep" --table memory --format markdown
has '| mark-sweep |'
expect 2 report "$work/sweep" --table memory --format csv
expect 2 report "$work/sweep" --table latencies
said "did you mean 'latency'?"

# Every rate meets an hour, no rate meets a nanosecond.
expect 1 rate -w "$load" --heap none -c mark-sweep --p99 3600s --from 1000 --to 4000 -n 2 \
  -o "$work/loose"
has 'at least'
has ' 4000 '
[ "$(wc -l <"$work/loose/probes.jsonl")" = 4 ] || fail 'not four probes'
expect 2 rate -w "$load" --heap none -c mark-sweep --p99 1ms -o "$work/loose"
expect 1 rate -w "$load" --heap none -c mark-sweep --p99 1ns --from 1000 --to 4000 -n 1 \
  -o "$work/tight"
has 'unsatisfied'
expect 1 rate -w requests:sessions=10,duration=0,requests=50 --heap none -c mark-sweep --p99 1ms -n 1 \
  -o "$work/few"
has 'fewer than 100 requests'
expect 2 rate --p99 1 -o "$work/unit"
said "'1' is not a time"
