#!/usr/bin/env bash
# garbage.sh COLLECTORS NAME MOST: the most garbage that the collector program
# NAME holds, in numbers that follow from the workload alone, and what it tells
# of it at every step (--check).
#
# Rings of 7 objects replace one another, so that 7 objects die after each 7
# allocations.  A collection at every 100th allocation finds 98 or 105 dead: MOST
# is 105 for a collector that finds all of them each time.  One that never finds
# dead rings holds all 40 x 50 x 7 in the end.  MOST is 0 if it is not known.
. "$(dirname "$0")/../expect.sh"
program=$1/$2

exits 0 "$program" --run cycles:size=7,live=50,rounds=40 --heap none --pin none \
  --check --hostile collect-every=100
row '"verdict":\{"status":"(ok|LEAK)","declared":true'
row '"exact":true'
[ "$3" -eq 0 ] || row "\"objects\":\\{\"max\":$3,"

# Others, whose numbers depend on when it collects.
for workload in globals:entries=300,ops=1000,rounds=3 requests:sessions=50,requests=3000 \
  binary-trees:depth=8,stretch=10,array=100 fragmentation:volume=20000,rounds=12; do
  exits 0 "$program" --run $workload --heap none --pin none --check
  row '"verdict":\{"status":"(ok|LEAK)","declared":true'
  row '"garbage":\{.*"objects":\{"max":[0-9]+,.*"curve":\[\[0,'
done
