#!/usr/bin/env bash
# skips.sh PROGRAM: the workload `threads` keeps the making of its shared table
# out of the measured time, and nothing else: less than a quarter of the time.
. "$(dirname "$0")/../expect.sh"
exits 0 "$1" --run threads:ops=20000 --threads 2
field() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" out; }
wall=$(field wall) skipped=$(field skipped)
[ "$skipped" -gt 0 ] && [ $((4 * skipped)) -lt "$wall" ] ||
  fail "skipped $skipped of $wall ns"
